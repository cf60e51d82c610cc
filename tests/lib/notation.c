#include "lib/notation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void wrong(const char *at)
{
  fprintf(stderr, "notation cannot be read at: %s\n", at);
  abort();
}

static void append_length(GByteArray *out, gsize length)
{
  guint8 octets[5];
  guint count = 0;
  if (length < 128) {
    octets[count++] = (guint8)length;
  } else {
    guint size = length < 0x100 ? 1 : length < 0x10000 ? 2 : 3;
    octets[count++] = (guint8)(0x80 | size);
    while (size-- > 0)
      octets[count++] = (guint8)(length >> (8 * size));
  }
  g_byte_array_append(out, octets, count);
}

static void skip_space(const char **at)
{
  while (g_ascii_isspace(**at))
    (*at)++;
}

static void read_hex(const char **at, GByteArray *out)
{
  for (skip_space(at); g_ascii_isxdigit(**at); skip_space(at)) {
    if (!g_ascii_isxdigit((*at)[1]))
      wrong(*at);
    guint8 octet = (guint8)(g_ascii_xdigit_value((*at)[0]) << 4 | g_ascii_xdigit_value((*at)[1]));
    g_byte_array_append(out, &octet, 1);
    *at += 2;
  }
}

static void read_items(const char **at, GByteArray *out)
{
  for (skip_space(at); **at && **at != '}'; skip_space(at)) {
    bool indefinite = **at == '~';
    *at += indefinite;
    read_hex(at, out);
    g_autoptr(GByteArray) contents = g_byte_array_new();
    char open = *(*at)++;
    if (open == '{') {
      read_items(at, contents);
      if (**at != '}')
        wrong(*at);
    } else if (open == '<') {
      read_hex(at, contents);
      if (**at != '>')
        wrong(*at);
    } else if (open == '\'') {
      gsize length = strcspn(*at, "'");
      g_byte_array_append(contents, (const guint8 *)*at, (guint)length);
      *at += length;
      if (**at != '\'')
        wrong(*at);
    } else {
      wrong(*at - 1);
    }
    (*at)++;
    if (indefinite)
      g_byte_array_append(out, (const guint8 *)"\x80", 1);
    else
      append_length(out, contents->len);
    g_byte_array_append(out, contents->data, contents->len);
    if (indefinite)
      g_byte_array_append(out, (const guint8 *)"\0\0", 2);
  }
}

GByteArray *notation_octets(const char *notation)
{
  GByteArray *out = g_byte_array_new();
  const char *at = notation;
  read_items(&at, out);
  if (*at)
    wrong(at);
  return out;
}

char *notation_hex(const void *data, gsize length)
{
  GString *hex = g_string_sized_new(2 * length + 1);
  for (gsize i = 0; i < length; i++)
    g_string_append_printf(hex, "%02x", ((const guint8 *)data)[i]);
  return g_string_free(hex, FALSE);
}
