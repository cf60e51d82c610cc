#include "mapping/mcgam_compile.h"

#include "mapping/mailbox.h"
#include "mapping/mapping.h"

#include <string.h>

enum { LINE_MAX_OCTETS = 2048 };

struct row {
  char *key, *value;                 /* as compiled */
  char *inverse_key, *inverse_value; /* the row that would invert it; NULL in the gateway tables */
  const char *file;
  guint line;
};

struct compiler {
  GHashTable *rows[MCGAM_TABLES]; /* key -> row */
  GPtrArray *order[MCGAM_TABLES]; /* the same rows, owned, in the order of the sources */
  GPtrArray *lines;
  bool failed;
};

static void row_free(gpointer data)
{
  struct row *row = data;
  g_free(row->key);
  g_free(row->value);
  g_free(row->inverse_key);
  g_free(row->inverse_value);
  g_free(row);
}

static void G_GNUC_PRINTF(5, 6)
    tell(struct compiler *compiler, const char *file, guint line, bool is_error, const char *format, ...)
{
  va_list list;
  va_start(list, format);
  g_autofree char *words = g_strdup_vprintf(format, list);
  va_end(list);
  compiler->failed = compiler->failed || is_error;
  g_ptr_array_add(compiler->lines,
                  g_strdup_printf("%s:%u: %s: %s", file, line, is_error ? "error" : "warning", words));
}

static bool from_domain(enum mcgam_table table)
{
  return table == MCGAM_DOMAIN_TO_OR || table == MCGAM_DOMAIN_TO_OR_GATEWAY;
}

static bool is_gateway(enum mcgam_table table)
{
  return table == MCGAM_DOMAIN_TO_OR_GATEWAY || table == MCGAM_OR_TO_DOMAIN_GATEWAY;
}

/* Cuts "KEY#VALUE#" in place. */
static bool cut(char *line, char **left_r, char **right_r)
{
  char *first = strchr(line, '#'), *last = first ? strchr(first + 1, '#') : NULL;
  if (!last || strspn(last + 1, " \t\r") != strlen(last + 1))
    return false;
  *first = *last = 0;
  *left_r = line + strspn(line, " \t");
  *right_r = first + 1;
  return **left_r && **right_r;
}

/* The row of a domain and an O/R address; both texts as in the line. NULL when it was told what is wrong. */
static struct row *make_row(struct compiler *compiler, const struct mcgam_source *source, guint line,
                            const char *left, const char *right)
{
  bool forward = from_domain(source->table);
  g_autofree char *domain = g_ascii_strdown(forward ? left : right, -1);
  const char *or_text = forward ? right : left;
  g_strstrip(domain);
  if (!mailbox_domain_is_plain(domain)) {
    tell(compiler, source->file, line, true,
         "\"%s\" is no domain of letters, digits and hyphens (RFC 2156 4.2)", domain);
    return NULL;
  }
  g_autoptr(GError) error = NULL;
  struct dmn dmn;
  if (!dmn_parse(or_text, source->table != MCGAM_DOMAIN_TO_OR_GATEWAY, &dmn, &error)) {
    tell(compiler, source->file, line, true, "%s", error->message);
    return NULL;
  }
  if (dmn.skipped && source->table != MCGAM_DOMAIN_TO_OR_GATEWAY)
    tell(compiler, source->file, line, false,
         "a level is not named; \"@\" is understood for it (RFC 2156 appendix F 3 b)");
  g_autofree char *key = dmn_key(dmn.address, dmn.depth);
  dmn_clear(&dmn);
  struct row *row = g_new0(struct row, 1);
  row->file = source->file;
  row->line = line;
  row->key = g_strdup(forward ? domain : key);
  row->value = g_strdup(forward ? or_text : domain);
  if (!is_gateway(source->table)) {
    row->inverse_key = g_strdup(forward ? key : domain);
    row->inverse_value = g_strdup(forward ? domain : key);
  }
  return row;
}

/* What a row's value means, in a form that can be compared. */
static const char *meaning(const struct row *row, enum mcgam_table table)
{
  return table == MCGAM_DOMAIN_TO_OR ? row->inverse_key : row->value;
}

static void add_row(struct compiler *compiler, enum mcgam_table table, struct row *row)
{
  struct row *other = g_hash_table_lookup(compiler->rows[table], row->key);
  if (!other) {
    g_hash_table_insert(compiler->rows[table], row->key, row);
    g_ptr_array_add(compiler->order[table], row);
    return;
  }
  if (strcmp(meaning(row, table), meaning(other, table)) == 0)
    tell(compiler, row->file, row->line, false, "the same row as %s:%u", other->file, other->line);
  else
    tell(compiler, row->file, row->line, true, "contradicts %s:%u, which maps the same key to \"%s\"",
         other->file, other->line, other->value);
  row_free(row);
}

static void read_line(struct compiler *compiler, const struct mcgam_source *source, guint number,
                      const char *start, gsize length)
{
  if (length > LINE_MAX_OCTETS) {
    tell(compiler, source->file, number, true, "longer than %d octets", LINE_MAX_OCTETS);
    return;
  }
  g_autofree char *line = g_strndup(start, length);
  gsize space = strspn(line, " \t\r");
  if (!line[space] || line[space] == '#')
    return;
  char *left, *right;
  if (memchr(start, 0, length) || !cut(line, &left, &right)) {
    tell(compiler, source->file, number, true, "%s expected (RFC 2156 appendix F 5, 6)",
         from_domain(source->table) ? "domain#O/R address#" : "O/R address#domain#");
    return;
  }
  struct row *row = make_row(compiler, source, number, left, right);
  if (row)
    add_row(compiler, source->table, row);
}

static void read_source(struct compiler *compiler, const struct mcgam_source *source)
{
  const char *p = source->text, *end = p + source->length;
  for (guint number = 1; p < end; number++) {
    const char *newline = memchr(p, '\n', (gsize)(end - p)), *stop = newline ? newline : end;
    read_line(compiler, source, number, p, (gsize)(stop - p));
    p = stop + 1;
  }
}

/* Appendix F 7 and 8: a key of a gateway table is in no mapping table of that direction. */
static void check_overlap(struct compiler *compiler, enum mcgam_table gateway, enum mcgam_table mapping)
{
  for (guint i = 0; i < compiler->order[gateway]->len; i++) {
    const struct row *row = compiler->order[gateway]->pdata[i],
                     *other = g_hash_table_lookup(compiler->rows[mapping], row->key);
    if (other)
      tell(compiler, row->file, row->line, true,
           "%s:%u maps the same key; it cannot have a preferred gateway too (RFC 2156 appendix F %d)",
           other->file, other->line, gateway == MCGAM_DOMAIN_TO_OR_GATEWAY ? 7 : 8);
  }
}

static void check_inverse(struct compiler *compiler, enum mcgam_table table, enum mcgam_table back)
{
  for (guint i = 0; i < compiler->order[table]->len; i++) {
    const struct row *row = compiler->order[table]->pdata[i],
                     *other = g_hash_table_lookup(compiler->rows[back], row->inverse_key);
    if (!other)
      tell(compiler, row->file, row->line, false, "no row of %s inverts it (RFC 2156 4.2)",
           mcgam_table_name(back));
    else if (strcmp(meaning(other, back), row->inverse_value) != 0)
      tell(compiler, row->file, row->line, false, "%s:%u maps back to \"%s\" (RFC 2156 4.2)", other->file,
           other->line, other->value);
  }
}

/* --- writing ----------------------------------------------------------------------------------------- */

static guint32 slots_for(guint rows)
{
  guint32 slots = 2;
  while (slots < rows * (guint64)2)
    slots *= 2;
  return slots;
}

static void append_row(GByteArray *out, const struct row *row)
{
  static const guint8 padding[MCGAM_UNIT] = {0};
  struct mcgam_row head = {(guint16)strlen(row->key), (guint16)strlen(row->value)};
  g_byte_array_append(out, (const guint8 *)&head, sizeof head);
  g_byte_array_append(out, (const guint8 *)row->key, head.key_length + 1u);
  g_byte_array_append(out, (const guint8 *)row->value, head.value_length + 1u);
  g_byte_array_append(out, padding, (MCGAM_UNIT - out->len % MCGAM_UNIT) % MCGAM_UNIT);
}

static void put_slot(guint8 *first, guint32 slots, const char *key, guint32 offset)
{
  struct mcgam_slot slot = {(guint32)mcgam_hash(key, strlen(key)), offset}, other;
  for (guint32 place = slot.hash & (slots - 1);; place = (place + 1) & (slots - 1)) {
    memcpy(&other, first + (gsize)place * sizeof other, sizeof other);
    if (other.offset == 0) {
      memcpy(first + (gsize)place * sizeof slot, &slot, sizeof slot);
      return;
    }
  }
}

static GByteArray *write_tables(const struct compiler *compiler)
{
  struct mcgam_header header = {.version = MCGAM_VERSION, .byte_order = MCGAM_BYTE_ORDER};
  memcpy(header.magic, MCGAM_MAGIC, sizeof header.magic);
  gsize at = sizeof header;
  for (enum mcgam_table table = 0; table < MCGAM_TABLES; table++) {
    header.rows[table] = compiler->order[table]->len;
    header.slots[table] = slots_for(header.rows[table]);
    header.slots_at[table] = at;
    at += header.slots[table] * sizeof(struct mcgam_slot);
  }
  GByteArray *out = g_byte_array_new();
  g_byte_array_set_size(out, (guint)at);
  memset(out->data, 0, at);
  for (enum mcgam_table table = 0; table < MCGAM_TABLES; table++)
    for (guint i = 0; i < compiler->order[table]->len; i++) {
      const struct row *row = compiler->order[table]->pdata[i];
      guint32 offset = out->len / MCGAM_UNIT;
      append_row(out, row);
      put_slot(out->data + header.slots_at[table], header.slots[table], row->key, offset);
    }
  header.size = out->len;
  g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
  g_checksum_update(checksum, out->data + sizeof header, (gssize)(out->len - sizeof header));
  gsize digest_length = sizeof header.content_digest;
  g_checksum_get_digest(checksum, header.content_digest, &digest_length);
  header.header_checksum = mcgam_hash(&header, offsetof(struct mcgam_header, header_checksum));
  memcpy(out->data, &header, sizeof header);
  return out;
}

GByteArray *mcgam_compile(const struct mcgam_source *sources, guint count, GPtrArray *lines)
{
  struct compiler compiler = {.lines = lines};
  for (enum mcgam_table table = 0; table < MCGAM_TABLES; table++) {
    compiler.rows[table] = g_hash_table_new(g_str_hash, g_str_equal);
    compiler.order[table] = g_ptr_array_new_with_free_func(row_free);
  }
  for (guint i = 0; i < count; i++)
    read_source(&compiler, &sources[i]);
  check_overlap(&compiler, MCGAM_DOMAIN_TO_OR_GATEWAY, MCGAM_DOMAIN_TO_OR);
  check_overlap(&compiler, MCGAM_OR_TO_DOMAIN_GATEWAY, MCGAM_OR_TO_DOMAIN);
  check_inverse(&compiler, MCGAM_DOMAIN_TO_OR, MCGAM_OR_TO_DOMAIN);
  check_inverse(&compiler, MCGAM_OR_TO_DOMAIN, MCGAM_DOMAIN_TO_OR);
  GByteArray *out = compiler.failed ? NULL : write_tables(&compiler);
  for (enum mcgam_table table = 0; table < MCGAM_TABLES; table++) {
    g_hash_table_unref(compiler.rows[table]);
    g_ptr_array_unref(compiler.order[table]);
  }
  return out;
}
