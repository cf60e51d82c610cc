/* mime_in.h - a received mail as a tree of parts over its octets: RFC 5322, RFC 2045, RFC 2046.
 *
 * One pass over the octets finds the header fields and the extent of every part; contents stay where they
 * are.  A part's content is decoded when it is asked for: into memory when it is short, else into a spill
 * file, so that an attachment of any size costs the same memory.  Limits hold while the octets are read, not
 * after.
 *
 * What is broken is read as mail programs read it: bare line feeds end lines, a missing last boundary is the
 * end of the mail, a multipart without boundary is text, a part's header may lack its blank line (decision
 * 0003). */
#ifndef GW400_MAPPING_MIME_IN_H
#define GW400_MAPPING_MIME_IN_H

#include "asn1/octets.h"
#include "mapping/mime_params.h"

struct mime_limits {
  guint depth;   /* parts within parts */
  guint parts;   /* of the whole mail */
  guint headers; /* fields of the whole mail */
};

enum mime_encoding { MIME_IDENTITY, MIME_QUOTED_PRINTABLE, MIME_BASE64, MIME_UNKNOWN_ENCODING };
enum mime_kind { MIME_LEAF, MIME_MULTIPART, MIME_MESSAGE };

struct mime_field {
  char *name; /* as written, without the colon and space before it */
  char *body; /* unfolded, without space at either end; raw octets */
};

struct mime_part {
  enum mime_kind kind;
  GPtrArray *fields;        /* of mime_field, in order */
  struct mime_params *type; /* Content-Type, or the default that holds in this place */
  bool typed;               /* it came with a Content-Type field */
  enum mime_encoding encoding;
  guint64 header, body, end; /* offsets in the mail: of the first field, the content, behind the content */
  GPtrArray *children;       /* of mime_part: a multipart's parts, a message's one */
};

struct mime_mail {
  struct octets *source;
  struct mime_part *root; /* header and body of the mail itself */
  GHashTable *charsets;
  struct mime_limits limits;
};

/* Takes a reference to source. Errors: MAPPING_ERROR_LIMIT (which), MAPPING_ERROR_IO. */
struct mime_mail *mime_mail_parse(struct octets *source, GHashTable *charsets,
                                  const struct mime_limits *limits, GError **error);
void mime_mail_free(struct mime_mail *mail);
typedef struct mime_mail mime_mail_t; /* for g_autoptr() alone */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(mime_mail_t, mime_mail_free)

/* The first field of the name, compared without case; NULL when there is none. */
const char *mime_part_field(const struct mime_part *part, const char *name);
/* All fields of the name joined by ", " (RFC 2156 5.1.3 merges repeated fields); NULL when there is none;
 * caller frees. */
char *mime_part_fields(const struct mime_part *part, const char *name);
/* The file name of Content-Disposition, else of Content-Type's name (RFC 2157 6.4); last component as it
 * stands; NULL: none. Caller frees. */
char *mime_part_filename(const struct mime_mail *mail, const struct mime_part *part);
/* Content-Disposition, parsed; NULL when there is none. Caller frees. */
struct mime_params *mime_part_disposition(const struct mime_mail *mail, const struct mime_part *part);

/* Where contents go that are too long for memory: one anonymous file per conversion, cut into ropes. */
struct mime_spill;
struct mime_spill *mime_spill_new(void);
void mime_spill_free(struct mime_spill *spill);
typedef struct mime_spill mime_spill_t; /* for g_autoptr() alone */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(mime_spill_t, mime_spill_free)
/* Collects octets of a length not known in advance: in memory up to 64 KiB, then in the file. */
struct mime_spill_sink;
struct mime_spill_sink *mime_spill_begin(struct mime_spill *spill, guint64 at_most);
bool mime_spill_add(struct mime_spill_sink *sink, const void *octets, gsize length, GError **error);
struct octets *mime_spill_end(struct mime_spill_sink *sink,
                              GError **error); /* frees the sink; NULL and error */
void mime_spill_abandon(struct mime_spill_sink *sink);

/* A leaf's content with its transfer encoding undone; of an unknown encoding as it stands. */
struct octets *mime_part_content(const struct mime_mail *mail, const struct mime_part *part,
                                 struct mime_spill *spill, GError **error);
/* The same, and how many octets of the encoding stand for nothing. */
struct octets *mime_part_content_told(const struct mime_mail *mail, const struct mime_part *part,
                                      struct mime_spill *spill, guint64 *faults_r, GError **error);
/* The content as it stands in the mail, encoded; never NULL. With header: from the part's first field on. */
struct octets *mime_part_raw(const struct mime_mail *mail, const struct mime_part *part, bool header);

#endif
