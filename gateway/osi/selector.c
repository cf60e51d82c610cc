/* selector.c - selectors as text and back. */
#include "osi/selector.h"

#include <string.h>

#include "osi/error.h"

G_DEFINE_QUARK(gw400_osi_error, osi_error)

/* The digits between the quotes of x'...'. */
static bool parse_hexadecimal(const char *digits, gsize count, struct osi_selector *selector, GError **error)
{
  if (count % 2 != 0 || count / 2 > OSI_SELECTOR_MAX) {
    g_set_error(error, OSI_ERROR, OSI_ERROR_SYNTAX,
                "selector x'%.*s': expected an even number of hexadecimal digits, at most %d",
                (int)MIN(count, 140), digits, 2 * OSI_SELECTOR_MAX);
    return false;
  }
  for (gsize i = 0; i < count; i += 2) {
    int high = g_ascii_xdigit_value(digits[i]), low = g_ascii_xdigit_value(digits[i + 1]);
    if (high < 0 || low < 0) {
      g_set_error(error, OSI_ERROR, OSI_ERROR_SYNTAX, "selector x'%.*s': '%.2s' is not a hexadecimal octet",
                  (int)count, digits, digits + i);
      return false;
    }
    selector->octets[i / 2] = (guint8)(high << 4 | low);
  }
  selector->length = (guint8)(count / 2);
  return true;
}

bool osi_selector_parse(const char *text, struct osi_selector *selector_r, GError **error)
{
  struct osi_selector selector = {.present = text != NULL};
  gsize length = text != NULL ? strlen(text) : 0;
  if (length >= 3 && text[0] == 'x' && text[1] == '\'' && text[length - 1] == '\'') {
    if (!parse_hexadecimal(text + 2, length - 3, &selector, error))
      return false;
  } else {
    if (length > OSI_SELECTOR_MAX) {
      g_set_error(error, OSI_ERROR, OSI_ERROR_SYNTAX,
                  "selector \"%.20s...\": %zu octets, at most %d are allowed", text, length,
                  OSI_SELECTOR_MAX);
      return false;
    }
    for (gsize i = 0; i < length; i++) {
      if (text[i] < 0x20 || text[i] > 0x7e) {
        g_set_error(error, OSI_ERROR, OSI_ERROR_SYNTAX,
                    "selector: octet %zu is not printable ASCII; write it as x'...' in hexadecimal", i + 1);
        return false;
      }
      selector.octets[i] = (guint8)text[i];
    }
    selector.length = (guint8)length;
  }
  *selector_r = selector;
  return true;
}

char *osi_selector_format(const struct osi_selector *selector)
{
  if (!selector->present)
    return g_strdup("(absent)");
  bool printable = true;
  for (gsize i = 0; i < selector->length; i++)
    printable &= selector->octets[i] >= 0x20 && selector->octets[i] <= 0x7e && selector->octets[i] != '"';
  /* octets that read like x'..' would be parsed back as hexadecimal */
  if (selector->length >= 3 && selector->octets[0] == 'x' && selector->octets[1] == '\'')
    printable = false;
  GString *text = g_string_new(printable ? "\"" : "x'");
  for (gsize i = 0; i < selector->length; i++) {
    if (printable)
      g_string_append_c(text, (char)selector->octets[i]);
    else
      g_string_append_printf(text, "%02x", selector->octets[i]);
  }
  g_string_append_c(text, printable ? '"' : '\'');
  return g_string_free(text, FALSE);
}

bool osi_selector_equal(const struct osi_selector *a, const struct osi_selector *b)
{
  if (!a->present || !b->present)
    return a->present == b->present;
  return a->length == b->length && memcmp(a->octets, b->octets, a->length) == 0;
}
