/* xtext.c - the encodings of DSN parameter values: xtext (RFC 3461 4) and the utf-8 address type (RFC 6533
 * 3). */
#include <string.h>

#include "smtp/envelope.h"

static bool is_xchar(guchar octet)
{
  return octet > 0x20 && octet < 0x7f && octet != '+' && octet != '=';
}

char *smtp_xtext_encode(const char *text)
{
  GString *out = g_string_new(NULL);
  for (const char *p = text; *p != '\0'; p++)
    if (is_xchar((guchar)*p))
      g_string_append_c(out, *p);
    else
      g_string_append_printf(out, "+%02X", (guchar)*p);
  return g_string_free(out, FALSE);
}

static int upper_hex(char c)
{
  if (g_ascii_isdigit(c))
    return c - '0';
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1; /* "+3d" is no hexchar of RFC 3461 4 */
}

/* Decodes one "+XX" or one plain octet at *p into *octet. */
static bool xtext_octet(const char **p, guchar *octet)
{
  if (**p != '+') {
    *octet = (guchar) * (*p)++;
    return is_xchar(*octet);
  }
  int high = upper_hex((*p)[1]);
  int low = high < 0 ? -1 : upper_hex((*p)[2]);
  if (low < 0)
    return false;
  *octet = (guchar)(high << 4 | low);
  *p += 3;
  return *octet != 0;
}

char *smtp_xtext_decode(const char *text)
{
  g_autoptr(GString) out = g_string_new(NULL);
  while (*text != '\0') {
    guchar octet = 0;
    if (!xtext_octet(&text, &octet))
      return NULL;
    g_string_append_c(out, (char)octet);
  }
  return g_string_free(g_steal_pointer(&out), FALSE);
}

/* QUCHAR of RFC 6533 3: what an utf-8 address may hold as it is. */
static bool is_quchar(gunichar c)
{
  return c > 0x20 && c != 0x7f && c != '\\' && c != '+' && c != '=';
}

static void utf8_encode(GString *out, const char *address, bool raw)
{
  for (const char *p = address; *p != '\0'; p = g_utf8_next_char(p)) {
    gunichar c = g_utf8_get_char(p);
    if (is_quchar(c) && (c < 0x80 || raw))
      g_string_append_unichar(out, c);
    else
      g_string_append_printf(out, "\\x{%02X}", c);
  }
}

/* EmbeddedUnicodeChar "\x{HEXPOINT}" at *p; leaves *p after it. */
static bool embedded_character(const char **p, gunichar *c)
{
  if (!g_str_has_prefix(*p, "\\x{"))
    return false;
  const char *digit = *p + 3;
  *c = 0;
  for (; g_ascii_isxdigit(*digit) && digit < *p + 9; digit++)
    *c = *c << 4 | (gunichar)g_ascii_xdigit_value(*digit);
  if (*digit != '}' || digit < *p + 5 || !g_unichar_validate(*c))
    return false;
  *p = digit + 1;
  return true;
}

static bool utf8_decode(GString *out, const char *value, bool raw)
{
  for (const char *p = value; *p != '\0';) {
    gunichar c = g_utf8_get_char(p);
    if (c == '\\') {
      if (!embedded_character(&p, &c))
        return false;
    } else if (is_quchar(c) && (c < 0x80 || raw))
      p = g_utf8_next_char(p);
    else
      return false;
    if (g_unichar_iscntrl(c))
      return false;
    g_string_append_unichar(out, c);
  }
  return true;
}

/* The address type with its semicolon; NULL unless it is an atom (RFC 3461 4.2). */
static const char *after_type(const char *orcpt)
{
  const char *p = orcpt;
  while (g_ascii_isalnum(*p) || *p == '-')
    p++;
  return p > orcpt && *p == ';' ? p + 1 : NULL;
}

static bool is_utf8_type(const char *orcpt)
{
  return g_ascii_strncasecmp(orcpt, "utf-8;", 6) == 0;
}

char *smtp_orcpt_encode(const char *orcpt, bool raw_utf8)
{
  const char *address = after_type(orcpt);
  if (address == NULL)
    address = orcpt;
  GString *out = g_string_new_len(orcpt, address - orcpt);
  if (is_utf8_type(orcpt) && g_utf8_validate(address, -1, NULL)) {
    utf8_encode(out, address, raw_utf8);
  } else {
    g_autofree char *xtext = smtp_xtext_encode(address);
    g_string_append(out, xtext);
  }
  return g_string_free(out, FALSE);
}

char *smtp_orcpt_decode(const char *value, bool utf8)
{
  const char *address = after_type(value);
  if (address == NULL || *address == '\0' || !g_utf8_validate(value, -1, NULL))
    return NULL;
  g_autoptr(GString) out = g_string_new_len(value, address - value);
  if (is_utf8_type(value)) {
    if (!utf8_decode(out, address, utf8))
      return NULL;
  } else {
    g_autofree char *plain = smtp_xtext_decode(address);
    if (plain == NULL)
      return NULL;
    for (const char *p = plain; *p != '\0'; p++)
      if (!g_ascii_isprint(*p))
        return NULL; /* would end up in a field of a report */
    g_string_append(out, plain);
  }
  return g_string_free(g_steal_pointer(&out), FALSE);
}
