/* fuzz_smtp_address.c - any text as a mailbox, a path, an xtext, an ORCPT value and an EHLO reply. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "smtp/capability.h"
#include "smtp/path.h"

static void must(bool condition)
{
  if (!condition)
    abort();
}

static void try_mailbox(const char *text)
{
  bool ascii = smtp_address_check(text, false, NULL), utf8 = smtp_address_check(text, true, NULL);
  must(!ascii || (utf8 && g_str_is_ascii(text)));
  smtp_address_domain(text);
  if (!utf8)
    return;
  must(smtp_address_domain(text) != NULL && strpbrk(text, "\r\n") == NULL);
  /* The canonical form is a mailbox too, and its own canonical form. */
  g_autofree char *once = smtp_address_canonical(text);
  g_autofree char *twice = smtp_address_canonical(once);
  must(strcmp(once, twice) == 0 && smtp_address_check(once, true, NULL));
  /* A mailbox in brackets is a path. */
  g_autofree char *path = g_strdup_printf("<%s>", text);
  const char *cursor = path;
  g_autofree char *address = NULL;
  must(smtp_path_read(&cursor, &address, NULL) && *cursor == '\0' && strcmp(address, once) == 0);
}

static void try_path(const char *text)
{
  const char *cursor = text;
  g_autofree char *address = NULL;
  g_autoptr(GError) error = NULL;
  if (smtp_path_read(&cursor, &address, &error))
    must(*address == '\0' || strcmp(address, "postmaster") == 0 || smtp_address_check(address, true, NULL));
  else
    must(error != NULL && address == NULL);
}

static void try_xtext(const char *text)
{
  g_autofree char *encoded = smtp_xtext_encode(text);
  g_autofree char *back = smtp_xtext_decode(encoded);
  must(back != NULL && strcmp(back, text) == 0);
  g_free(smtp_xtext_decode(text));
}

static void try_orcpt(const char *text)
{
  for (int utf8 = 0; utf8 < 2; utf8++) {
    g_autofree char *plain = smtp_orcpt_decode(text, utf8);
    if (plain == NULL)
      continue;
    must(g_utf8_validate(plain, -1, NULL) && strpbrk(plain, "\r\n") == NULL);
    for (int raw = 0; raw < 2; raw++) {
      g_autofree char *encoded = smtp_orcpt_encode(plain, raw);
      must(raw || g_str_is_ascii(encoded));
      g_autofree char *again = smtp_orcpt_decode(encoded, raw);
      must(again != NULL && strcmp(again, plain) == 0);
    }
  }
  g_free(smtp_orcpt_encode(text, false));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  g_autofree char *text = g_strndup((const char *)data, size);
  try_mailbox(text);
  try_path(text);
  try_xtext(text);
  try_orcpt(text);
  smtp_capabilities_read(text);
  return 0;
}
