#include "mapping/mcgam.h"

#include "mapping/mapping.h"

#include <string.h>

struct mcgam {
  GMappedFile *file;  /* NULL: data is the caller's, or there is none */
  const guint8 *data; /* NULL: empty */
  gsize length;
  struct mcgam_header header;
};

static const char *const NAMES[MCGAM_SOURCES] = {
    [MCGAM_DOMAIN_TO_OR] = "domain-to-or",
    [MCGAM_OR_TO_DOMAIN] = "or-to-domain",
    [MCGAM_DOMAIN_TO_OR_GATEWAY] = "domain-to-or-gateway",
    [MCGAM_OR_TO_DOMAIN_GATEWAY] = "or-to-domain-gateway",
    [MCGAM_MAILBOX_TO_OR] = "mailbox-to-or",
    [MCGAM_OR_TO_MAILBOX] = "or-to-mailbox",
    [MCGAM_USERS] = "users",
};

enum mcgam_table mcgam_table_from_name(const char *name)
{
  for (enum mcgam_table table = 0; table < MCGAM_SOURCES; table++)
    if (strcmp(NAMES[table], name) == 0)
      return table;
  return MCGAM_SOURCES;
}

const char *mcgam_table_name(enum mcgam_table table)
{
  return NAMES[table];
}

guint64 mcgam_hash(const void *data, gsize length)
{
  guint64 hash = 0xcbf29ce484222325u;
  for (const guint8 *p = data; length--; p++)
    hash = (hash ^ *p) * 0x100000001b3u;
  return hash;
}

static bool fail(GError **error, const char *words)
{
  g_set_error(error, MAPPING_ERROR, MAPPING_ERROR_IO, "mapping tables: %s; compile them again", words);
  return false;
}

/* That all slots lie in the file, and no table is so full that a search in it would not end. */
static bool check_tables(const struct mcgam_header *header, gsize length, GError **error)
{
  for (enum mcgam_table table = 0; table < MCGAM_TABLES; table++) {
    guint64 at = header->slots_at[table], slots = header->slots[table];
    if (slots == 0 && header->rows[table] == 0)
      continue;
    if (slots & (slots - 1) || header->rows[table] >= slots || at < sizeof *header || at % sizeof(guint32) ||
        at > length || slots > (length - at) / sizeof(struct mcgam_slot))
      return fail(error, "a table lies outside the file");
  }
  return true;
}

static bool check_header(const struct mcgam_header *header, gsize length, GError **error)
{
  if (memcmp(header->magic, MCGAM_MAGIC, sizeof header->magic) != 0)
    return fail(error, "not a compiled table file");
  if (header->byte_order != MCGAM_BYTE_ORDER)
    return fail(error, "compiled on a machine with another byte order");
  if (header->version != MCGAM_VERSION)
    return fail(error, "compiled by another version of gw400");
  if (header->header_checksum != mcgam_hash(header, offsetof(struct mcgam_header, header_checksum)))
    return fail(error, "the header is damaged");
  if (header->size != length)
    return fail(error, "the file has not its length");
  return check_tables(header, length, error);
}

struct mcgam *mcgam_new_empty(void)
{
  return g_new0(struct mcgam, 1);
}

struct mcgam *mcgam_open_mem(const void *data, gsize length, GError **error)
{
  struct mcgam_header header;
  if (length < sizeof header) {
    fail(error, "not a compiled table file");
    return NULL;
  }
  memcpy(&header, data, sizeof header);
  if (!check_header(&header, length, error))
    return NULL;
  struct mcgam *mcgam = mcgam_new_empty();
  mcgam->data = data;
  mcgam->length = length;
  mcgam->header = header;
  return mcgam;
}

struct mcgam *mcgam_open(int fd, GError **error)
{
  GMappedFile *file = g_mapped_file_new_from_fd(fd, FALSE, error);
  if (!file)
    return NULL;
  struct mcgam *mcgam =
      mcgam_open_mem(g_mapped_file_get_contents(file), g_mapped_file_get_length(file), error);
  if (mcgam)
    mcgam->file = file;
  else
    g_mapped_file_unref(file);
  return mcgam;
}

void mcgam_free(struct mcgam *mcgam)
{
  if (!mcgam)
    return;
  if (mcgam->file)
    g_mapped_file_unref(mcgam->file);
  g_free(mcgam);
}

bool mcgam_verify(const struct mcgam *mcgam, GError **error)
{
  if (!mcgam->data)
    return true;
  g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
  g_checksum_update(checksum, mcgam->data + sizeof mcgam->header,
                    (gssize)(mcgam->length - sizeof mcgam->header));
  guint8 digest[32];
  gsize length = sizeof digest;
  g_checksum_get_digest(checksum, digest, &length);
  return memcmp(digest, mcgam->header.content_digest, sizeof digest) == 0 ||
         fail(error, "the rows are damaged");
}

guint mcgam_rows(const struct mcgam *mcgam, enum mcgam_table table)
{
  return mcgam->header.rows[table];
}

/* A text of this length and a NUL in what is left of the file. */
static const char *text_at(const struct mcgam *mcgam, guint64 at, gsize length)
{
  if (at > mcgam->length || mcgam->length - at <= length)
    return NULL;
  const char *text = (const char *)mcgam->data + at;
  return text[length] == 0 && memchr(text, 0, length) == NULL ? text : NULL;
}

bool mcgam_entry(const struct mcgam *mcgam, guint32 offset, struct mcgam_entry *entry_r)
{
  guint64 at = (guint64)offset * MCGAM_UNIT;
  struct mcgam_row row;
  if (at > mcgam->length || mcgam->length - at < sizeof row)
    return false;
  memcpy(&row, mcgam->data + at, sizeof row);
  at += sizeof row;
  *entry_r = (struct mcgam_entry){text_at(mcgam, at, row.key_length),
                                  text_at(mcgam, at + row.key_length + 1, row.value_length)};
  return entry_r->key && entry_r->value;
}

bool mcgam_probe(const struct mcgam *mcgam, enum mcgam_table table, guint32 hash,
                 bool (*is)(const struct mcgam_entry *entry, const void *wanted), const void *wanted,
                 struct mcgam_entry *entry_r)
{
  guint32 slots = mcgam->header.slots[table], place = hash & (slots - 1);
  if (!mcgam->data || slots == 0)
    return false;
  const guint8 *first = mcgam->data + mcgam->header.slots_at[table];
  for (guint32 tried = 0; tried < slots; tried++, place = (place + 1) & (slots - 1)) {
    struct mcgam_slot slot;
    memcpy(&slot, first + (gsize)place * sizeof slot, sizeof slot);
    if (slot.offset == 0)
      return false;
    if (slot.hash == hash && mcgam_entry(mcgam, slot.offset, entry_r) && is(entry_r, wanted))
      return true;
  }
  return false;
}

static bool has_key(const struct mcgam_entry *entry, const void *wanted)
{
  return strcmp(entry->key, wanted) == 0;
}

const char *mcgam_find(const struct mcgam *mcgam, enum mcgam_table table, const char *key)
{
  struct mcgam_entry entry;
  guint32 hash = (guint32)mcgam_hash(key, strlen(key));
  return mcgam_probe(mcgam, table, hash, has_key, key, &entry) ? entry.value : NULL;
}

char *mcgam_inverse_key(enum mcgam_table table, const struct mcgam_entry *entry)
{
  struct dmn dmn;
  if (table != MCGAM_DOMAIN_TO_OR || !dmn_parse(entry->value, true, &dmn, NULL))
    return g_strdup(entry->value);
  char *key = dmn_key(dmn.address, dmn.depth);
  dmn_clear(&dmn);
  return key;
}

bool mcgam_match_domain(const struct mcgam *mcgam, enum mcgam_table table, const char *domain,
                        struct dmn *dmn_r, gsize *rest_r)
{
  g_autofree char *lower = g_ascii_strdown(domain, -1);
  bool hierarchy = table == MCGAM_DOMAIN_TO_OR;
  for (const char *suffix = lower, *dot; suffix; suffix = dot ? dot + 1 : NULL) {
    dot = strchr(suffix, '.');
    const char *value = mcgam_find(mcgam, table, suffix);
    if (!value || !dmn_parse(value, hierarchy, dmn_r, NULL))
      continue;
    *rest_r = (gsize)(suffix - lower);
    return true;
  }
  return false;
}

const char *mcgam_match_or(const struct mcgam *mcgam, enum mcgam_table table,
                           const struct or_address *address, guint *depth_r)
{
  if (mcgam->header.rows[table] == 0)
    return NULL;
  /* Rows may end in omitted levels ("O$@.PRMD$GMD..."), so the search starts below the address's own last
   * level. */
  for (guint depth = HIERARCHY_LEVELS; depth > 0; depth--) {
    g_autofree char *key = dmn_key(address, depth);
    const char *domain = mcgam_find(mcgam, table, key);
    if (!domain)
      continue;
    *depth_r = depth;
    return domain;
  }
  return NULL;
}
