/* text_pass.h - a text read from its octets and written as others; private to text_*.c. */
#ifndef GW400_MAPPING_TEXT_PASS_H
#define GW400_MAPPING_TEXT_PASS_H

#include "mapping/mime_charset.h"
#include "mapping/text.h"

struct text_pass {
  struct mime_charset_stream *in;  /* from a MIME set */
  struct charset_decoder *strings; /* or this: from a string of X.400 */
  GString *utf8, *lines;
  char before;
  guint64
      unfit; /* characters that no string holds as text: what could not be read, and what would switch sets */
  struct charset_choice choice;
  struct charset_encoder *encoder; /* NULL: UTF-8 as it is */
  GByteArray *encoded;
  struct mime_spill_sink *sink;
};

void text_pass_init(struct text_pass *pass);
void text_pass_clear(struct text_pass *pass);
/* What the text needs: choice and unfit. */
bool text_pass_look(struct text_pass *pass, const struct octets *octets, GError **error);
/* Writes it by the encoder; NULL and error. */
struct octets *text_pass_write(struct text_pass *pass, const struct octets *octets, struct mime_spill *spill,
                               GError **error);
/* Seven bits, no escape sequences, every line end is CRLF: the same in every set concerned. */
bool text_is_plain(const struct octets *octets, GError **error);

#endif
