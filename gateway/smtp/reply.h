/* reply.h - SMTP replies (RFC 5321 4.2) with their enhanced codes (RFC 2034, RFC 3463): written and read. */
#ifndef GW400_SMTP_REPLY_H
#define GW400_SMTP_REPLY_H

#include <glib.h>
#include <stdbool.h>

/* Longest reply line with its CRLF (RFC 5321 4.5.3.1.5). */
#define SMTP_REPLY_LINE_MAX 512

/* Appends a whole reply. enhanced is NULL for replies without one (greeting, EHLO, 3xx); its class is made
 * that of code. text is one line or several ('\n'), made printable ASCII; a line that would be too long is
 * continued on the next. */
void smtp_reply_append(GString *out, guint code, const char *enhanced, const char *text);

struct smtp_reply {
  guint code;
  char enhanced[12]; /* "5.1.1" or "" */
  char *text;        /* lines without codes, separated by '\n'; valid UTF-8 without control characters */
};

/* Collects one reply from octets that come as they like. */
struct smtp_reply_reader {
  guint line_max, lines_max;
  GString *line, *text;
  guint code, lines;
  char enhanced[12];
};
enum smtp_reply_status { SMTP_REPLY_MORE, SMTP_REPLY_WHOLE, SMTP_REPLY_BAD };

void smtp_reply_reader_init(struct smtp_reply_reader *reader, guint line_max, guint lines_max);
void smtp_reply_reader_clear(struct smtp_reply_reader *reader);
/* Takes octets up to the end of one reply and advances *data. WHOLE fills *reply_r (text to be freed);
 * BAD names what is wrong in *words_r (static). Lines may end in LF alone: nothing is smuggled in a reply. */
enum smtp_reply_status smtp_reply_read(struct smtp_reply_reader *reader, const guint8 **data, gsize *length,
                                       struct smtp_reply *reply_r, const char **words_r);

#endif
