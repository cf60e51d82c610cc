/* body.h - what the blocks of RFC 2157's two tables share.
 *
 * body_to_x400.c and body_from_x400.c each have a table of rows, of which the first that serves is taken; the
 * rows' functions are the blocks below.  A block that finds that a part is not for it says so, and the next
 * row is asked; the last row takes anything. */
#ifndef GW400_MAPPING_BODY_H
#define GW400_MAPPING_BODY_H

#include "mapping/conversion.h"

struct BodyPart;
struct External;

/* --- to X.400: rows of body_to_x400.c --- */

/* A part of a mail that becomes a body part. */
struct making {
  struct to_x400 *to;
  const struct mime_part *part;
  bool alone;   /* it is all that the message has: what its header says may stand in the heading */
  guint number; /* its place in the body, from 1 */
  struct BodyPart *body_part; /* empty; in the body already */
  GPtrArray *fields;          /* the heading's, of char*, which a block may add to */
  struct octets *content;     /* decoded: making_content() */
  bool mime_text;             /* a text that is to stand in IA5 as MIME: body_make_text() found so */
};
enum body_status {
  BODY_MADE,
  BODY_OTHER, /* not for this row; body_part is still empty */
  BODY_FAILED /* error is set */
};
typedef enum body_status body_make(struct making *making, GError **error);

/* A leaf's content, decoded when it is first asked for; the making's own.  NULL and error. */
struct octets *making_content(struct making *making, GError **error);
/* One part into the body, and the parts of a multipart one by one, by the table. */
bool body_add_part(struct to_x400 *to, const struct mime_part *part, bool alone, struct Body *body,
                   GPtrArray *fields, GError **error);
bool body_add_children(struct to_x400 *to, const struct mime_part *part, struct Body *body, GPtrArray *fields,
                       GError **error);
/* Behind "multipart/". */
const char *body_subtype(const struct mime_part *part);
/* A text of IA5, whose octets are 7-bit already, as a body part. */
void body_put_ia5(struct to_x400 *to, struct octets *octets, struct BodyPart *body_part);
/* An EXTERNAL of a direct reference (OID_UNKNOWN: the caller puts it) and a value (RFC 2157 5.5). */
bool body_put_external(struct asn1_value *root, struct External *external, enum oid oid,
                       const struct asn1_value *content, GError **error);

/* body_to_text.c: a text to be read (6.1, 6.2, 6.7). */
bool body_is_text(const struct making *making);
body_make body_make_text;
/* body_to_basic.c: HARPOON text (3.1.3, RFC 1496), a body part that was wrapped (3.2), bilaterally-defined
 * (3.1.4, 6.3), facsimile (RFC 2159; of a TIFF that is one). */
body_make body_make_harpoon, body_make_unwrapped, body_make_bilateral, body_make_fax, body_make_tiff;
/* body_to_external.c: the octets under the identifier that media.h has for their type; or under this one; or
 * with all that their header says (3.1.2). */
body_make body_make_registered, body_make_mime;
enum body_status body_make_octets(struct making *making, const char *oid, GError **error);
/* MIME-Version and Content-Transfer-Encoding, which are never carried. */
bool body_field_is_encoding(const char *name);
/* Type, name and Content-ID of a part that X.400 has no place for, as a field of the heading (decision 0052). */
void body_put_mark(struct making *making);
/* edi_body.c: an interchange (RFC 1767), in the form that the peer's entry names. */
body_make body_make_edi;
/* file_to_x400.c (3.1.1, 6.4): of the application that the type names; or of this one (dotted; NULL: that).
 */
body_make body_make_file;
enum body_status body_make_file_of(struct making *making, const char *application, GError **error);
/* body_wanted.c: what the sender wants (4.1). */
enum body_wish { BODY_WISH_NONE, BODY_WISH_BP14, BODY_WISH_BP15, BODY_WISH_FTBP, BODY_WISH_IA5 };
body_make body_make_wanted;
/* The wish for a part and its object identifier (dotted; NULL: encapsulation; caller frees). */
enum body_wish body_wanted(const struct making *making, char **oid_r);
/* Around the parts of a multipart or message whose header may have wishes for them. */
guint body_wanted_enter(struct to_x400 *to, const struct mime_part *part);
void body_wanted_leave(struct to_x400 *to, guint before);
/* body_to_message.c (6.5, 6.6). */
body_make body_make_message, body_make_multipart;
/* The heading extension multipart-message (6.6). */
void body_put_multipart(struct to_x400 *to, const char *subtype, bool is_a_message, struct Heading *heading);
/* 84: the fields that have no extension to stand in, as the first body part (RFC 2156 appendix B). */
void body_add_old_header(struct to_x400 *to, struct Body *body, GPtrArray *fields);

/* --- from X.400: rows of body_from_x400.c --- */

/* A body part that becomes a part of a mail. */
struct reading {
  struct from_x400 *from;
  const struct BodyPart *part;
  guint number; /* its place in the body, from 1, the header's own part (RFC 2156 appendix B) not counted */
  bool alone;
  GPtrArray *fields; /* the heading's */
};
/* NULL without error: not for this row. */
typedef struct mime_draft *body_read(const struct reading *reading, GError **error);

/* The value of an EXTERNAL of a field of root's structure; NULL: it is not of the type. */
struct asn1_value *body_external(const struct from_x400 *from, const struct asn1_value *root,
                                 const struct External *external, const struct asn_TYPE_descriptor_s *type);
/* An OCTET STRING in either encoding (5.5 has both in use); NULL: it is none. */
struct octets *body_external_octets(const struct from_x400 *from, const struct asn1_value *root,
                                    const struct External *external);

/* body_basic_form.c: the encoding of the basic body part that an externally-defined one is the extended form
 * of; NULL: of none. */
struct octets *body_basic_form(const struct asn1_value *root, const struct BodyPart *body_part);

/* body_from_text.c (6.1, 6.2, 6.7; X.420 (1984) 5). */
body_read body_read_harpoon, body_read_ia5, body_read_teletex, body_read_general, body_read_sfd;
/* body_from_basic.c: facsimile, bilaterally-defined (6.3), MIME in body part 15 (3.1.2), an OCTET STRING
 * under an identifier of its own (RFC 2158, RFC 2160), anything (3.2). */
body_read body_read_fax, body_read_tiff, body_read_bilateral, body_read_mime, body_read_octets, body_read_wrapped;
/* Type, name and Content-ID that body_put_mark() wrote for this place; false: there are none, draft is as it was. */
bool body_read_mark(const struct reading *reading, struct mime_draft *draft);
/* edi_body.c: what begins as an interchange, or stands under an identifier of X.435. */
body_read body_read_edi, body_read_edi_file;
/* file_from_x400.c (2.3, 3.3, 6.4). */
body_read body_read_file;

/* One part, with its header, by the table. */
bool body_write_part(struct from_x400 *from, const struct BodyPart *part, guint number, bool alone,
                     GPtrArray *fields, GError **error);
/* body_from_message.c: a forwarded message or a multipart (6.5, 6.6).  False: it failed, or was not for it:
 * error tells. */
bool body_is_multipart(const struct reading *reading);
bool body_write_message(const struct reading *reading, GError **error);
bool body_write_multipart(const struct reading *reading, GError **error);

#endif
