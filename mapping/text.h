/* text.h - text body parts between MIME's character sets and X.400's strings: RFC 2157 6.1, 6.2, 6.7.
 *
 * Text of any length: what needs no change stays where it is, the rest is read twice (what does it need;
 * write it) and goes through the spill.  Lines end in CRLF on both sides.  No text fails over a character: a
 * form that holds all of it is preferred, and what the last one does not hold is substituted and told. */
#ifndef GW400_MAPPING_TEXT_H
#define GW400_MAPPING_TEXT_H

#include "asn1/charset.h"
#include "mapping/mime_in.h"
#include "mapping/settings.h"

enum text_status {
  TEXT_OK,
  TEXT_UNFIT, /* no string holds it: it goes as made->form says, which is FILE or HARPOON */
  TEXT_ERROR
};

/* A text as X.400 has it.  Clear with text_made_clear(). */
struct text_made {
  enum mapping_text_body form; /* IA5, TELETEX, or GENERAL */
  struct octets *octets;
  long registrations[16]; /* GENERAL: for GeneralTextParameters */
  gsize count;
  char *lost;  /* what was substituted, in words for mapping_loss(); NULL: nothing */
  char *guess; /* the set that octets were taken for, against what the mail says; NULL: none */
};
void text_made_clear(struct text_made *made);

/* Content in a MIME set in the first of the forms that holds it without loss, else in the last of them (with
 * forms->exact: UNFIT).  A text that its sender marks as teletex or x-iso-n-n (RFC 2157 6.2, 6.7) stays that
 * where the forms have it.  made_r is empty before, and to be cleared after. */
enum text_status text_to_x400(GHashTable *charsets, const char *charset, struct octets *content,
                              const struct mapping_text_forms *forms, struct mime_spill *spill,
                              struct text_made *made_r, GError **error);

/* An X.400 string as MIME text; registrations as charset.h has them. *charset_r: name of the set that was
 * chosen, the caller's to free. loss_r: what could not be shown. */
struct octets *text_from_x400(enum charset charset, const long *registrations, gsize count,
                              struct octets *string, struct mime_spill *spill, char **charset_r,
                              struct charset_loss *loss_r, GError **error);

/* Tells it; element: "body part 2". */
void text_tell(GPtrArray *losses, const char *element, const struct charset_loss *loss);

/* A text's pages (of struct octets), which form feeds part; the last may be empty and is then left out.  NULL
 * and error when it cannot be read, or has more pages than a message may. */
GPtrArray *text_pages(struct octets *text, GError **error);

#endif
