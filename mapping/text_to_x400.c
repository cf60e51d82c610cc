/* text_to_x400.c - MIME text becomes a string of X.400, in the first form of the peer's list that holds it:
 * RFC 2157 6.1, 6.2, 6.7. */
#include "mapping/mapping.h"
#include "mapping/text_pass.h"

#include <stdlib.h>
#include <string.h>

enum { ASCII = 6, LATIN1 = 100, UTF_8 = 196 }; /* ISO registrations */

void text_made_clear(struct text_made *made)
{
  g_clear_pointer(&made->octets, octets_unref);
  g_clear_pointer(&made->lost, g_free);
  g_clear_pointer(&made->guess, g_free);
}

/* --- texts whose octets stay --- */

/* A set whose text in seven bits need not be ASCII. */
static bool has_own_seven_bits(const char *charset)
{
  static const char *const beginnings[] = {"iso-2022", "utf-7",  "utf-16", "utf-32", "ucs-",
                                           "teletex",  "x-iso-", "hz-",    "iso646-"};
  for (gsize i = 0; charset && i < G_N_ELEMENTS(beginnings); i++)
    if (!g_ascii_strncasecmp(charset, beginnings[i], strlen(beginnings[i])))
      return true;
  return false;
}

/* 6.2's name for sets by their numbers. */
static bool by_numbers(const char *charset, struct text_made *made)
{
  static const char beginning[] = "x-iso";
  if (!charset || g_ascii_strncasecmp(charset, beginning, strlen(beginning)) != 0)
    return false;
  const char *at = charset + strlen(beginning);
  while (*at == '-' && g_ascii_isdigit(at[1]) && made->count < G_N_ELEMENTS(made->registrations)) {
    char *end;
    unsigned long number = strtoul(at + 1, &end, 10);
    if (number == 0 || number > 32767)
      return false;
    made->registrations[made->count++] = (long)number;
    at = end;
  }
  return !*at && made->count;
}

static bool lists(const struct mapping_text_forms *forms, enum mapping_text_body form)
{
  for (guint i = 0; i < forms->count; i++)
    if (forms->list[i] == form)
      return true;
  return false;
}

/* What a gateway made of a string that it did not convert is that string again. */
static bool stays(const char *charset, struct octets *content, const struct mapping_text_forms *forms,
                  struct text_made *made)
{
  bool general = lists(forms, MAPPING_TEXT_GENERAL) || lists(forms, MAPPING_TEXT_UTF8);
  if (charset && !g_ascii_strcasecmp(charset, "teletex"))
    made->form = MAPPING_TEXT_TELETEX;
  else if (general && by_numbers(charset, made))
    made->form = MAPPING_TEXT_GENERAL;
  else
    return false;
  made->octets = octets_ref(content);
  return true;
}

/* --- the forms --- */

/* How a form is written. */
struct way {
  enum mapping_text_body form; /* IA5, TELETEX or GENERAL */
  enum charset string;
  long registration;
  bool exact; /* it holds the text; of teletex only the writing tells */
};

static struct way way_of(enum mapping_text_body form, const struct text_pass *look, long named)
{
  const struct charset_choice *choice = &look->choice;
  struct way way = {.form = MAPPING_TEXT_GENERAL, .string = CHARSET_GENERAL, .exact = look->unfit == 0};
  if (charset_choice_holds(choice, ASCII) && form != MAPPING_TEXT_FILE && form != MAPPING_TEXT_HARPOON) {
    way.form = MAPPING_TEXT_IA5;
    way.string = CHARSET_IA5;
    return way;
  }
  switch (form) {
  case MAPPING_TEXT_GENERAL:
    way.registration = named && named != UTF_8 && charset_choice_holds(choice, named) ? named : charset_choice_result(choice);
    break;
  case MAPPING_TEXT_UTF8:
    way.registration = UTF_8;
    break;
  case MAPPING_TEXT_LATIN1:
    way.registration = LATIN1;
    way.exact &= charset_choice_holds(choice, LATIN1);
    break;
  case MAPPING_TEXT_IA5:
    way.form = MAPPING_TEXT_IA5;
    way.string = CHARSET_IA5;
    way.exact = false;
    break;
  case MAPPING_TEXT_TELETEX:
  case MAPPING_TEXT_TELETEX_SETS:
    way.form = MAPPING_TEXT_TELETEX;
    way.string = CHARSET_TELETEX;
    way.registration = form == MAPPING_TEXT_TELETEX_SETS ? CHARSET_ALL_SETS : 0;
    break;
  case MAPPING_TEXT_FILE:
  case MAPPING_TEXT_HARPOON:
    way.form = form;
    break;
  }
  return way;
}

/* Writes it; UNFIT when that must be exact and is not. */
static enum text_status write_as(GHashTable *charsets, const char *charset, struct octets *content,
                                 const struct way *way, bool exact, struct mime_spill *spill,
                                 struct text_made *made, GError **error)
{
  struct text_pass pass;
  text_pass_init(&pass);
  pass.in = mime_charset_stream_new(charsets, charset);
  pass.encoder = charset_encoder_new(way->string, way->registration);
  struct octets *octets = text_pass_write(&pass, content, spill, error);
  struct charset_loss loss = charset_encoder_loss(pass.encoder);
  guint replaced = mime_charset_stream_replaced(pass.in);
  enum text_status status = !octets                                   ? TEXT_ERROR
                            : exact && (loss.substituted || replaced) ? TEXT_UNFIT
                                                                      : TEXT_OK;
  if (status == TEXT_OK) {
    made->form = way->form;
    made->octets = octets_ref(octets);
    made->guess = g_strdup(mime_charset_stream_guess(pass.in));
    if (way->form == MAPPING_TEXT_GENERAL)
      made->count = charset_parameters(way->registration, made->registrations);
    g_autofree char *words = charset_encoder_words(pass.encoder);
    if (loss.substituted)
      made->lost =
          g_strdup_printf("%" G_GUINT64_FORMAT " characters, the first in line %" G_GUINT64_FORMAT ": %s",
                          loss.substituted, loss.first_line, words);
    else if (replaced)
      made->lost = g_strdup_printf("%u octets that are not of its set became U+FFFD", replaced);
  }
  g_clear_pointer(&octets, octets_unref);
  text_pass_clear(&pass);
  return status;
}

static enum text_status first_that_holds(GHashTable *charsets, const char *charset, struct octets *content,
                                         const struct mapping_text_forms *forms, const struct text_pass *look,
                                         struct mime_spill *spill, struct text_made *made, GError **error)
{
  long named = charset ? charset_registration(charset) : 0;
  for (guint i = 0; i < forms->count; i++) {
    struct way way = way_of(forms->list[i], look, named);
    bool last = i + 1 == forms->count && !forms->exact;
    made->form = way.form;
    if (way.form == MAPPING_TEXT_FILE || way.form == MAPPING_TEXT_HARPOON)
      return TEXT_UNFIT;
    if (!way.exact && !last)
      continue;
    enum text_status status = write_as(charsets, charset, content, &way, !last, spill, made, error);
    if (status != TEXT_UNFIT)
      return status;
  }
  made->form = MAPPING_TEXT_HARPOON;
  return TEXT_UNFIT;
}

/* What is left when no string can be made. */
static enum mapping_text_body without_string(const struct mapping_text_forms *forms)
{
  for (guint i = 0; i < forms->count; i++)
    if (forms->list[i] == MAPPING_TEXT_FILE || forms->list[i] == MAPPING_TEXT_HARPOON)
      return forms->list[i];
  return MAPPING_TEXT_HARPOON;
}

enum text_status text_to_x400(GHashTable *charsets, const char *charset, struct octets *content,
                              const struct mapping_text_forms *forms, struct mime_spill *spill,
                              struct text_made *made_r, GError **error)
{
  if (stays(charset, content, forms, made_r))
    return TEXT_OK;
  made_r->count = 0;
  made_r->form = without_string(forms);
  if (!mime_charset_known(charsets, charset))
    return TEXT_UNFIT;
  GError *local = NULL;
  if (!has_own_seven_bits(charset) && text_is_plain(content, &local)) {
    made_r->form = MAPPING_TEXT_IA5;
    made_r->octets = octets_ref(content);
    return TEXT_OK;
  }
  if (local) {
    g_propagate_error(error, local);
    return TEXT_ERROR;
  }
  struct text_pass look;
  text_pass_init(&look);
  look.in = mime_charset_stream_new(charsets, charset);
  enum text_status status = TEXT_ERROR;
  if (text_pass_look(&look, content, error))
    status = first_that_holds(charsets, charset, content, forms, &look, spill, made_r, error);
  text_pass_clear(&look);
  return status;
}
