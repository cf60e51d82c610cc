/* charset_choice.c: which sets serve a text, and what MIME calls them. */
#include "asn1/charset.h"
#include "asn1/charset_sets.h"

#include <string.h>

enum { ASCII = 6, JIS_X_0208 = 87, UTF_8 = 196 };

/* RFC 2157 6.2, in the order of preference; further parts of ISO 8859 that came later. */
static const struct {
  long registration;
  const char *mime;
} general_sets[] = {
    {6, "US-ASCII"},      {100, "ISO-8859-1"},  {101, "ISO-8859-2"},  {109, "ISO-8859-3"},
    {110, "ISO-8859-4"},  {144, "ISO-8859-5"},  {127, "ISO-8859-6"},  {126, "ISO-8859-7"},
    {138, "ISO-8859-8"},  {148, "ISO-8859-9"},  {157, "ISO-8859-10"}, {166, "TIS-620"},
    {179, "ISO-8859-13"}, {199, "ISO-8859-14"}, {203, "ISO-8859-15"}, {226, "ISO-8859-16"},
    {87, "ISO-2022-JP"},  {58, "GB2312"},       {149, "EUC-KR"},      {196, "UTF-8"},
};

const char *charset_mime_name(long registration)
{
  for (gsize i = 0; i < G_N_ELEMENTS(general_sets); i++)
    if (general_sets[i].registration == registration)
      return general_sets[i].mime;
  return NULL;
}

long charset_registration(const char *mime_name)
{
  for (gsize i = 0; i < G_N_ELEMENTS(general_sets); i++)
    if (!g_ascii_strcasecmp(general_sets[i].mime, mime_name))
      return general_sets[i].registration;
  static const struct {
    const char *mime;
    long registration;
  } others[] = {{"ISO-8859-11", 166}, {"EUC-CN", 58}, {"ISO-8859-8-I", 138}};
  for (gsize i = 0; i < G_N_ELEMENTS(others); i++)
    if (!g_ascii_strcasecmp(others[i].mime, mime_name))
      return others[i].registration;
  return 0;
}

bool charset_known(long registration)
{
  static const long others[] = {1,   7,   36,  40,  48,  49,  56,  73,  74,  77,  104, 105, 106, 107, 124, 130, 132, 133, 134,
                                135, 136, 140, 162, 163, 174, 175, 176, 177, 190, 191, 192, 193, 194, 195, 196};
  for (gsize i = 0; i < G_N_ELEMENTS(others); i++)
    if (others[i] == registration)
      return true;
  return graphic_set_registered(registration) != NULL;
}

gsize charset_parameters(long registration, long parameters_r[4])
{
  gsize count = 0;
  if (registration == UTF_8) {
    parameters_r[count++] = UTF_8;
    return count;
  }
  parameters_r[count++] = ASCII;
  if (registration == JIS_X_0208) {
    parameters_r[count++] = 14;
    parameters_r[count++] = 42;
  }
  if (registration != ASCII)
    parameters_r[count++] = registration;
  return count;
}

void charset_choice_init(struct charset_choice *choice)
{
  *choice = (struct charset_choice){.possible = (G_GUINT64_CONSTANT(1) << G_N_ELEMENTS(general_sets)) - 1};
}

static void narrow(struct charset_choice *choice, gunichar character)
{
  if (character < 0x80)
    return;
  for (gsize i = 0; i + 1 < G_N_ELEMENTS(general_sets); i++) /* the last holds everything */
    if (choice->possible & G_GUINT64_CONSTANT(1) << i) {
      const struct graphic_set *set = graphic_set_registered(general_sets[i].registration);
      if (set->registration == ASCII || !graphic_set_position(set, character))
        choice->possible &= ~(G_GUINT64_CONSTANT(1) << i);
    }
}

void charset_choice_feed(struct charset_choice *choice, const char *utf8, gsize length)
{
  for (gsize i = 0; i < length; i++) {
    if (choice->tail_length == 0 && !(utf8[i] & 0x80))
      continue;
    choice->tail[choice->tail_length++] = (guint8)utf8[i];
    gunichar character = g_utf8_get_char_validated((const char *)choice->tail, choice->tail_length);
    if (character == (gunichar)-2 && choice->tail_length < sizeof choice->tail)
      continue;
    choice->tail_length = 0;
    if (character != (gunichar)-1 && character != (gunichar)-2) /* what is no UTF-8 will be "?" in any set */
      narrow(choice, character);
  }
}

long charset_choice_result(const struct charset_choice *choice)
{
  gsize i = 0;
  while (!(choice->possible & G_GUINT64_CONSTANT(1) << i))
    i++;
  return general_sets[i].registration;
}

bool charset_choice_holds(const struct charset_choice *choice, long registration)
{
  for (gsize i = 0; i < G_N_ELEMENTS(general_sets); i++)
    if (general_sets[i].registration == registration)
      return choice->possible & G_GUINT64_CONSTANT(1) << i;
  return false;
}

long charset_choose(const char *utf8)
{
  struct charset_choice choice;
  charset_choice_init(&choice);
  charset_choice_feed(&choice, utf8, strlen(utf8));
  return charset_choice_result(&choice);
}
