/* text_from_x400.c - a string of X.400 becomes MIME text: RFC 2157 6.1, 6.2, 6.7. */
#include "mapping/text_pass.h"
#include "mapping/x400.h"

#include <stdlib.h>
#include <string.h>

enum { ASCII = 6, LATIN1 = 100, UTF_8 = 196 }; /* ISO registrations */

/* 6.2: the set that the sender declares, where it holds the text and MIME has a name for it; else the
 * narrowest of those that every mail program reads. */
static long choose(const struct charset_choice *choice, const long *registrations, gsize count)
{
  long narrowest = charset_choice_result(choice);
  for (gsize i = 0; i < count && narrowest != ASCII; i++)
    if (registrations[i] != ASCII && charset_choice_holds(choice, registrations[i]))
      return registrations[i];
  return narrowest == ASCII || narrowest == LATIN1 ? narrowest : UTF_8;
}

static int compare(const void *a, const void *b)
{
  long left = *(const long *)a, right = *(const long *)b;
  return left < right ? -1 : left > right;
}

/* 6.2: "x-iso-6-202" for sets that no conversion is known for; NULL: all are known. */
static char *unknown_sets(const long *registrations, gsize count)
{
  bool known = true;
  for (gsize i = 0; i < count; i++)
    known &= charset_known(registrations[i]);
  if (known)
    return NULL;
  g_autofree long *sorted = g_memdup2(registrations, count * sizeof *registrations);
  qsort(sorted, count, sizeof *sorted, compare);
  GString *name = g_string_new("x-iso");
  for (gsize i = 0; i < count; i++)
    g_string_append_printf(name, "-%ld", sorted[i]);
  return g_string_free(name, FALSE);
}

struct octets *text_from_x400(enum charset charset, const long *registrations, gsize count,
                              struct octets *string, struct mime_spill *spill, char **charset_r,
                              struct charset_loss *loss_r, GError **error)
{
  GError *local = NULL;
  *loss_r = (struct charset_loss){0};
  /* A string without escape sequences is plain ASCII only when nothing else is declared for its left half. */
  bool plain = charset == CHARSET_IA5 || (charset == CHARSET_GENERAL && count == 0);
  for (gsize i = 0; i < count && charset == CHARSET_GENERAL; i++)
    plain |= registrations[i] == ASCII;
  if (plain && text_is_plain(string, &local)) {
    *charset_r = g_strdup("us-ascii");
    return octets_ref(string);
  }
  if (local) {
    g_propagate_error(error, local);
    return NULL;
  }
  struct text_pass pass;
  text_pass_init(&pass);
  pass.strings = charset_decoder_new(charset, registrations, count);
  bool good = text_pass_look(&pass, string, error);
  long registration = choose(&pass.choice, registrations, count);
  *loss_r = charset_decoder_loss(pass.strings);
  text_pass_clear(&pass);
  if (!good)
    return NULL;
  if (loss_r->substituted && (*charset_r = unknown_sets(registrations, count))) {
    *loss_r = (struct charset_loss){0};
    return octets_ref(string);
  }
  text_pass_init(&pass);
  pass.strings = charset_decoder_new(charset, registrations, count);
  if (registration != ASCII && registration != UTF_8)
    pass.encoder = charset_encoder_new_mime(registration);
  *charset_r = g_ascii_strdown(charset_mime_name(registration), -1);
  struct octets *text = text_pass_write(&pass, string, spill, error);
  text_pass_clear(&pass);
  return text;
}

void text_tell(GPtrArray *losses, const char *element, const struct charset_loss *loss)
{
  const struct {
    guint64 count;
    const char *what, *why;
  } kinds[] = {
      {loss->substituted, "characters became U+FFFD", "(RFC 2157 6.2): the string's sets have none there"},
      {loss->tolerated, "octets of eight bits were read as Windows-1252",
       "(RFC 2157 6.1): the string's set has seven"},
      {loss->dropped, "control sequences are left out", "(RFC 2157 6.7): text/plain has no place for them"}};
  for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++)
    if (kinds[i].count)
      mapping_loss(losses, "%s: %" G_GUINT64_FORMAT " %s, the first loss in line %" G_GUINT64_FORMAT " %s",
                   element, kinds[i].count, kinds[i].what, loss->first_line, kinds[i].why);
}
