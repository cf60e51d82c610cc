/* reader.h - tags and lengths out of a rope, one TLV after the other.
 *
 * The reader knows BER's framing (X.690 8.1) and the limits, but no types.  It looks at the rope through a
 * window (a source that is one block of memory is its own window) and passes over long contents without
 * reading them.  All functions that return bool or READER_FAILED have then set the reader's error, which
 * names the offset and the path of steps that the walk above has noted.
 *
 * Private to asn1/. */
#ifndef GW400_ASN1_READER_H
#define GW400_ASN1_READER_H

#include "asn1/codec.h"

#include <asn_application.h>

/* One TLV whose header has been read. */
struct tlv {
  guint64 start, contents;
  guint64 end; /* of the contents; when indefinite, the end of the nearest definite TLV around */
  ber_tlv_tag_t tag;
  bool constructed, indefinite;
};

/* Where the walk is, for messages: a list through the C stack. */
struct step {
  const struct step *up;
  const char *name; /* of a member, or NULL */
  int index;        /* of a list's element */
};

struct reader {
  struct octets *source;
  guint64 length, at;
  const guint8 *window; /* source's octets [window_start, window_end) */
  guint64 window_start, window_end;
  guint8 *buffer; /* under a window that moves */

  struct asn1_limits limits;
  guint depth, elements, segments;
  bool outermost_ends; /* the outermost TLV is definite: what reaches out is malformed, not cut off */

  const char *type_name;
  const struct step *steps;
  GError *error;
};

/* The defaults of codec.h for the zeroes in limits, which may be NULL. */
struct asn1_limits reader_limits(const struct asn1_limits *limits);
/* Neither source nor type_name is copied. */
void reader_init(struct reader *reader, struct octets *source, const struct asn1_limits *limits,
                 const char *type_name);
void reader_clear(struct reader *reader);
/* Opens the source and reads its first header. */
bool reader_first(struct reader *reader, struct tlv *tlv);

/* Sets the error unless there is one; always false. */
G_GNUC_PRINTF(4, 5)
bool reader_fail(struct reader *reader, enum asn1_error code, guint64 offset, const char *format, ...);
/* "tag [3] where [UNIVERSAL 4] is expected" */
bool reader_fail_tag(struct reader *reader, const struct tlv *tlv, ber_tlv_tag_t expected);

/* Whether there is more inside parent; at its end the end-of-contents octets are taken. */
enum reader_more { READER_MORE, READER_END, READER_FAILED };
enum reader_more reader_look(struct reader *reader, const struct tlv *parent);
/* Reads the header of the next TLV inside parent, which is counted as an element. */
enum reader_more reader_next(struct reader *reader, const struct tlv *parent, struct tlv *child);
/* Reads the header of a TLV that must begin here and lie before end, and counts it as a segment. */
bool reader_segment(struct reader *reader, guint64 end, struct tlv *tlv);
/* Parent must have ended; what: "the value" */
bool reader_finish(struct reader *reader, const struct tlv *parent, const char *what);
/* Entering and leaving a constructed TLV. */
bool reader_down(struct reader *reader, const struct tlv *tlv);
void reader_up(struct reader *reader);
/* Passes over a TLV whose header has been read, checking the lengths and depth of all that is inside. */
bool reader_skip(struct reader *reader, const struct tlv *tlv);
/* Source's octets [offset, offset + length) into out. */
bool reader_copy(struct reader *reader, guint64 offset, guint8 *out, gsize length);

#endif
