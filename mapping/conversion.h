/* conversion.h - what the blocks of one conversion share: where it comes from, where it goes, what was lost.
 *
 * One struct per direction, filled by write_apdu.c and write_mail.c (and by report.c for a returned message)
 * and handed through heading, body and envelope.  Nothing in it is owned but what the comments say. */
#ifndef GW400_MAPPING_CONVERSION_H
#define GW400_MAPPING_CONVERSION_H

#include "mapping/eit.h"
#include "mapping/mime_in.h"
#include "mapping/mime_writer.h"
#include "mapping/x400.h"

struct Body;
struct Heading;
struct IPM;
struct ORDescriptors;

/* Mail to X.400. */
struct to_x400 {
  struct mapping_context *context;
  const struct mapping_peer *peer; /* whose habits decide about body parts and content type */
  const struct mime_mail *mail;
  struct mime_spill *spill;
  struct asn1_value *value; /* the content's root */
  struct eit_set *types;    /* of all body parts, also of nested messages */
  GPtrArray *losses;
  const char *sender;   /* MAIL FROM; empty: none */
  struct mail_time now; /* acceptance time: where a time is needed and none is given */
  char id[16];          /* queue identifier: source of identifiers that must be made */
  guint made;           /* identifiers made so far */
  guint part;           /* body parts made so far, nested ones too */
  GPtrArray *wanted;    /* body_wanted.c's; NULL: none yet */
  guint interchanges;   /* body parts that are EDI interchanges */
  enum oid content_type; /* of a content that is no interpersonal message; OID_UNKNOWN: it is one */
  bool edi;             /* the content is P35 (X.435) */
  bool old;             /* the peer takes X.400(84) alone: no extensions, no extended body parts */
  bool new_features;    /* something of 1988 is used: content type 22 */
};

/* X.400 to mail. */
struct from_x400 {
  struct mapping_context *context;
  const char *peer;               /* that the message came from; may be NULL */
  const struct asn1_value *value; /* the content's root */
  struct mime_writer *writer;
  struct mime_spill *spill;
  GPtrArray *losses;
  const char *sender; /* mailbox for a message without originator; NULL: none is needed (a nested one) */
  guint depth, parts; /* so far; limits are the settings' */
};

/* --- headings: heading_to_x400.c, heading_from_x400.c (RFC 2156 5.1.3, 5.3.4) --- */

/* Fills heading from the fields of a part.  fields (of char*, owned by it) collects "Name: body" of those
 * without a counterpart, which heading_fields_put() then makes the extension rfc-822-field.  nested: a
 * forwarded message, whose envelope fields have no other place than that. */
void heading_to_x400(struct to_x400 *to, const struct mime_part *header, bool nested, struct Heading *heading,
                     GPtrArray *fields);
void heading_fields_put(struct to_x400 *to, GPtrArray *fields, struct Heading *heading);
/* The gateway's own this-IPM: the n-th that it makes for this message. */
void heading_make_identifier(struct to_x400 *to, struct Heading *heading);

/* The fields of the extension rfc-822-field, of either object identifier, and never NULL.  Owned strings. */
GPtrArray *heading_fields_get(const struct from_x400 *from, const struct Heading *heading);
/* Writes the heading's fields; fields as above, of which those that body_from_x400() deals with are left to
 * it. */
void heading_from_x400(struct from_x400 *from, const struct Heading *heading, GPtrArray *fields);
/* Writes a field of addresses (none for an empty list), of from->value. */
void heading_descriptors(struct from_x400 *from, const char *name, const struct ORDescriptors *descriptors);
/* The value of a field in such a list; NULL when it is not there. */
const char *heading_field(GPtrArray *fields, const char *name);

/* A field that keeps what X.400's bounds would cut: X-MIXER-Full-Subject beside subject (decision 0051).
 * Never taken from a mail. */
#define HEADING_FULL "X-MIXER-Full-"
/* A field that keeps type and file name of a bilaterally-defined body part (decision 0052). Never taken from
 * a mail. */
#define HEADING_BODY_PART "X-MIXER-Body-Part"
/* A field of a file transfer body part: what Content-Disposition said other than attachment, or "none" (decision 0133).  Never taken
 * from a mail. */
#define PART_DISPOSITION "X-MIXER-Disposition"

/* --- bodies: body_to_x400.c, body_from_x400.c and their blocks, body.h (RFC 2157) --- */

/* One MIME part as it is about to be written. Owns what it holds. */
struct mime_draft {
  char *type;                      /* Content-Type whole: "application/pdf; name=x"; NULL: none is written */
  char *filename;                  /* for Content-Disposition; NULL: none */
  char *disposition; /* NULL: attachment; "none": no Content-Disposition is written */
  char *id, *description;          /* Content-ID with brackets; Content-Description in UTF-8 */
  char *created, *modified, *read; /* for Content-Disposition: RFC 5322 dates */
  gint64 size;                     /* for Content-Disposition; -1: not known */
  GPtrArray *fields;               /* further ones: "Name: body" */
  struct octets *content;
  bool exact; /* the octets stand as they are: they are MIME already */
  bool lines; /* a string's text, whose last line may be ended; octets of a file may not change */
  bool alone; /* nothing follows it in its message */
};
struct mime_draft *mime_draft_new(void);
void mime_draft_free(struct mime_draft *draft);
typedef struct mime_draft mime_draft_t; /* for g_autoptr() alone */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(mime_draft_t, mime_draft_free)

struct BodyPart;
/* The Content-Type of a part as one ASCII line; caller frees. */
char *mime_type_line(const struct mime_part *part);

/* A body part that is no message as a draft; number: of its place in the body, from 1, the header's own part not
 * counted; fields: the heading's. */
struct mime_draft *body_draft(struct from_x400 *from, const struct BodyPart *part, guint number, GPtrArray *fields,
                              GError **error);
/* Its fields, a blank line and its content. */
bool body_draft_write(struct from_x400 *from, const struct mime_draft *draft, GError **error);

/* Makes body (and the heading's multipart-message) of a part that is a whole message's content; adds to
 * fields as above. */
bool body_to_x400(struct to_x400 *to, const struct mime_part *part, struct IPM *ipm, GPtrArray *fields,
                  GError **error);
/* Writes heading, blank line and body; fields of the envelope are written before. */
bool ipm_from_x400(struct from_x400 *from, const struct IPM *ipm, GError **error);

#endif
