/* mime_writer.h - mail as we write it: RFC 5322 fields, RFC 2045 bodies, RFC 2047 words, RFC 2231 parameters.
 *
 * The same calls give the same octets: folding follows one rule, boundaries come from the seed, contents are
 * encoded by one table. Octets go to a descriptor through a buffer, or into memory (for parts that are
 * compared or sent as a whole). Errors stick: calls go on doing nothing, and mime_writer_end() tells the
 * first. Text is UTF-8 throughout; nothing above 127 leaves in a field. */
#ifndef GW400_MAPPING_MIME_WRITER_H
#define GW400_MAPPING_MIME_WRITER_H

#include "asn1/octets.h"

struct mime_writer;
/* fd >= 0: written from its beginning by pwrite; -1: into memory. seed: what boundaries are derived from (the
 * queue identifier). */
struct mime_writer *mime_writer_new(int fd, const char *seed);
void mime_writer_free(struct mime_writer *writer);
typedef struct mime_writer mime_writer_t; /* for g_autoptr() alone */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(mime_writer_t, mime_writer_free)
/* Flushes. *size_r (may be NULL): octets written. */
bool mime_writer_end(struct mime_writer *writer, guint64 *size_r, GError **error);
/* Whether an octet above 127 was written (only contents that stand as they are have any). */
bool mime_writer_8bit(const struct mime_writer *writer);
/* What was written into memory; new reference. */
GBytes *mime_writer_bytes(struct mime_writer *writer);

/* --- fields --- */
/* A field whose body is ASCII already, folded at its spaces. */
void mime_writer_field(struct mime_writer *writer, const char *name, const char *body);
/* An unstructured field (Subject, Comments): encoded words where the text is not ASCII, would be taken for
 * one, or has a word too long for a line. */
void mime_writer_text(struct mime_writer *writer, const char *name, const char *utf8);
/* A field as it once stood ("Name: body" unfolded), kept but for octets no field may hold; encoded words when a
 * word of it is longer than a line may be.  Refused (false) when it is none. */
bool mime_writer_raw_field(struct mime_writer *writer, const char *line);
/* Whether it can stand as it is. */
bool mime_writer_folds(const char *line);
/* Lists: begin, then items, then end. An empty list writes "Name:" (a blind Bcc). */
void mime_writer_list(struct mime_writer *writer, const char *name);
/* comment: "(one) (other)" as RFC 822 quotes them, in UTF-8; NULL: none. */
void mime_writer_mailbox(struct mime_writer *writer, const char *phrase, const char *mailbox,
                         const char *comment);
void mime_writer_group(struct mime_writer *writer, const char *phrase, const char *comment); /* "Name:;" */
void mime_writer_item(struct mime_writer *writer,
                      const char *ascii); /* a message identifier and the like: no comma before it */
void mime_writer_list_end(struct mime_writer *writer);
/* Content-Type and Content-Disposition: a value, then parameters, then end. A value that is not ASCII or does
 * not fit a line goes as RFC 2231 says; filename and name also as encoded words in quotes, which is what
 * older mailers read. */
void mime_writer_value(struct mime_writer *writer, const char *name, const char *value);
void mime_writer_param(struct mime_writer *writer, const char *name, const char *utf8);
void mime_writer_value_end(struct mime_writer *writer);
/* The blank line between header and body. */
void mime_writer_end_header(struct mime_writer *writer);

/* --- bodies --- */
enum mime_transfer { MIME_SEND_7BIT, MIME_SEND_QUOTED, MIME_SEND_BASE64 };
/* For text: 7bit when all lines are ASCII, at most 998 octets long and end in CRLF; quoted-printable when
 * most of it is ASCII; else base64. Reads the content once. */
enum mime_transfer mime_writer_transfer(const struct octets *content, GError **error);
/* Writes the field Content-Transfer-Encoding; nothing for 7bit. */
void mime_writer_transfer_field(struct mime_writer *writer, enum mime_transfer transfer);
/* The content, encoded, without a line end after it but what the encoding needs. */
void mime_writer_content(struct mime_writer *writer, const struct octets *content,
                         enum mime_transfer transfer);
/* Octets as they are. */
void mime_writer_octets(struct mime_writer *writer, const void *octets, gsize length);

/* A new boundary; caller frees. number counts the multiparts of a mail. */
char *mime_writer_boundary(struct mime_writer *writer);
void mime_writer_delimiter(struct mime_writer *writer, const char *boundary, bool last);

#endif
