#include "mapping/users.h"

#include "mapping/or_compare.h"
#include "mapping/or_keys.h"

#include <string.h>

/* --- mailboxes --------------------------------------------------------------------------------------- */

bool users_same_mailbox(const struct mailbox *a, const struct mailbox *b, bool any_case)
{
  return g_ascii_strcasecmp(a->domain, b->domain) == 0 && g_strcmp0(a->route, b->route) == 0 &&
         (any_case ? g_ascii_strcasecmp(a->local, b->local) : strcmp(a->local, b->local)) == 0;
}

/* Over the letters in lower case, so that one table serves both ways of comparing. */
guint32 users_mailbox_hash(const struct mailbox *mailbox)
{
  g_autofree char *text = g_strconcat(mailbox->local, "@", mailbox->domain, NULL);
  gsize length = strlen(text);
  for (gsize i = 0; i < length; i++)
    text[i] = g_ascii_tolower(text[i]);
  return (guint32)mcgam_hash(text, length);
}

struct wanted_mailbox {
  const struct mailbox *mailbox;
  bool any_case;
};

static bool is_mailbox(const struct mcgam_entry *entry, const void *data)
{
  const struct wanted_mailbox *wanted = data;
  g_autoptr(mailbox_t) mailbox = mailbox_parse(entry->key, NULL);
  return mailbox && users_same_mailbox(mailbox, wanted->mailbox, wanted->any_case);
}

const char *users_of_mailbox(const struct mcgam *tables, const struct mailbox *mailbox, bool any_case)
{
  if (mcgam_rows(tables, MCGAM_MAILBOX_TO_OR) == 0 || mailbox->route)
    return NULL;
  struct mcgam_entry entry;
  guint32 hash = users_mailbox_hash(mailbox);
  struct wanted_mailbox wanted = {mailbox, false};
  if (mcgam_probe(tables, MCGAM_MAILBOX_TO_OR, hash, is_mailbox, &wanted, &entry))
    return entry.value;
  wanted.any_case = any_case;
  return any_case && mcgam_probe(tables, MCGAM_MAILBOX_TO_OR, hash, is_mailbox, &wanted, &entry) ? entry.value
                                                                                                 : NULL;
}

/* --- O/R addresses ----------------------------------------------------------------------------------- */

/* A value as X.402 18.4 compares it: spaces mean nothing in numbers, case and runs of them nothing elsewhere.
 */
static void append_folded(GString *key, const char *value, bool number)
{
  if (number) {
    for (; *value; value++)
      if (*value != ' ')
        g_string_append_c(key, *value);
    return;
  }
  g_autofree char *folded = or_fold(value);
  g_string_append(key, folded);
}

static const char *one_of(const char *printable, const char *wide, bool wide_first)
{
  return !printable || (wide_first && wide) ? wide : printable;
}

static guint32 address_hash(const struct or_address *address, bool wide_first)
{
  g_autoptr(GString) key = g_string_sized_new(128);
  for (guint i = 0; i < address->attributes->len; i++) {
    const struct or_attribute *attribute = address->attributes->pdata[i];
    const char *value = one_of(attribute->printable, or_attribute_wide(attribute), wide_first);
    if (attribute->key == OR_ADMD && or_admd_any(value))
      continue;
    const char head[] = {0x1f, (char)('0' + attribute->key), (char)('0' + attribute->index)};
    g_string_append_len(key, head, sizeof head);
    const char *type = one_of(attribute->type, attribute->type_teletex, wide_first);
    if (attribute->key == OR_DDA) {
      append_folded(key, type ? type : "", false);
      g_string_append_c(key, 0x1f);
    }
    append_folded(key, value ? value : "", or_keys[attribute->key].encoding == OR_ENCODING_N);
  }
  return (guint32)mcgam_hash(key->str, key->len);
}

static bool has_twins(const struct or_address *address)
{
  for (guint i = 0; i < address->attributes->len; i++) {
    const struct or_attribute *attribute = address->attributes->pdata[i];
    if ((attribute->printable && or_attribute_wide(attribute)) ||
        (attribute->type && attribute->type_teletex))
      return true;
  }
  return false;
}

void users_address_hashes(const struct or_address *address, guint32 hashes_r[2])
{
  hashes_r[0] = address_hash(address, false);
  hashes_r[1] = has_twins(address) ? address_hash(address, true) : hashes_r[0];
}

static bool is_address(const struct mcgam_entry *entry, const void *wanted)
{
  g_autoptr(or_address_t) address = or_address_parse(entry->value, NULL);
  return address && or_address_equal(address, wanted);
}

const char *users_of_address(const struct mcgam *tables, const struct or_address *address)
{
  if (mcgam_rows(tables, MCGAM_OR_TO_MAILBOX) == 0)
    return NULL;
  struct mcgam_entry entry;
  guint32 hashes[2];
  users_address_hashes(address, hashes);
  bool found = mcgam_probe(tables, MCGAM_OR_TO_MAILBOX, hashes[0], is_address, address, &entry) ||
               (hashes[1] != hashes[0] &&
                mcgam_probe(tables, MCGAM_OR_TO_MAILBOX, hashes[1], is_address, address, &entry));
  return found ? entry.key : NULL;
}
