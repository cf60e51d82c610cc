#include "mapping/mcgam_compile.h"

#include "mapping/or_address.h"
#include "mapping/rules.h"
#include "mapping/table_report.h"
#include "mapping/users.h"

#include <string.h>

enum { LINE_MAX_OCTETS = 2048 };
#define FILE_MAX (1u << 30) /* octets of rows: a GByteArray ends at four times as much */

struct compiler {
  const struct mcgam_source *sources;
  GByteArray *out;               /* header, rows, slots */
  GArray *origins;               /* of mcgam_origin */
  guint32 entries[MCGAM_TABLES]; /* slots that the rows will take at most */
  struct mcgam_header header;
  struct table_report report;
};

#define TELL(compiler, origin, is_error, ...)                                                                \
  table_report_add(&(compiler)->report, (compiler)->sources[(origin)->source].file, (origin)->line,          \
                   is_error, __VA_ARGS__)

static bool from_domain(enum mcgam_table table)
{
  return table == MCGAM_DOMAIN_TO_OR || table == MCGAM_DOMAIN_TO_OR_GATEWAY;
}

static bool is_gateway(enum mcgam_table table)
{
  return table == MCGAM_DOMAIN_TO_OR_GATEWAY || table == MCGAM_OR_TO_DOMAIN_GATEWAY;
}

static bool is_of_users(enum mcgam_table table)
{
  return table >= MCGAM_MAILBOX_TO_OR;
}

/* --- lines ------------------------------------------------------------------------------------------- */

/* The next "#" that no backslash quotes. */
static char *next_hash(char *p)
{
  for (; *p && *p != '#'; p++)
    p += p[0] == '\\' && p[1];
  return *p ? p : NULL;
}

/* "\#" is a "#". */
static void unquote_hashes(char *text)
{
  char *to = text;
  for (; *text; text++) {
    if (text[0] == '\\' && text[1] == '#')
      text++;
    else if (text[0] == '\\' && text[1])
      *to++ = *text++;
    *to++ = *text;
  }
  *to = 0;
}

/* Cuts "KEY#VALUE#" in place. */
static bool cut(char *line, char **left_r, char **right_r)
{
  char *first = next_hash(line), *last = first ? next_hash(first + 1) : NULL;
  if (!last || strspn(last + 1, " \t\r") != strlen(last + 1))
    return false;
  *first = *last = 0;
  *left_r = line + strspn(line, " \t");
  *right_r = first + 1;
  return **left_r && **right_r;
}

static void append_row(struct compiler *compiler, struct mcgam_origin *origin, const char *key,
                       const char *value)
{
  static const guint8 padding[MCGAM_UNIT] = {0};
  GByteArray *out = compiler->out;
  struct mcgam_row head = {(guint16)strlen(key), (guint16)strlen(value)};
  origin->offset = out->len / MCGAM_UNIT;
  g_byte_array_append(out, (const guint8 *)&head, sizeof head);
  g_byte_array_append(out, (const guint8 *)key, head.key_length + 1u);
  g_byte_array_append(out, (const guint8 *)value, head.value_length + 1u);
  g_byte_array_append(out, padding, (MCGAM_UNIT - out->len % MCGAM_UNIT) % MCGAM_UNIT);
  g_array_append_val(compiler->origins, *origin);
}

/* A row of appendix F's four tables; both texts as in the line. */
static void add_rule(struct compiler *compiler, struct mcgam_origin *origin, enum mcgam_table table,
                     const char *left, const char *right)
{
  bool forward = from_domain(table);
  g_autofree char *domain = g_ascii_strdown(forward ? left : right, -1);
  const char *or_text = forward ? right : left;
  g_strstrip(domain);
  if (!mailbox_domain_is_plain(domain)) {
    TELL(compiler, origin, true, "\"%s\" is no domain of letters, digits and hyphens (RFC 2156 4.2)", domain);
    return;
  }
  g_autoptr(GError) error = NULL;
  struct dmn dmn;
  if (!dmn_parse(or_text, table != MCGAM_DOMAIN_TO_OR_GATEWAY, &dmn, &error)) {
    TELL(compiler, origin, true, "%s", error->message);
    return;
  }
  if (dmn.skipped && table != MCGAM_DOMAIN_TO_OR_GATEWAY)
    TELL(compiler, origin, false,
         "a level is not named; \"@\" is understood for it (RFC 2156 appendix F 3 b)");
  g_autofree char *or_key = dmn_key(dmn.address, dmn.depth);
  dmn_clear(&dmn);
  const char *key = forward ? domain : or_key;
  origin->hashes[0] = (guint32)mcgam_hash(key, strlen(key));
  append_row(compiler, origin, key, forward ? or_text : domain);
  compiler->entries[table]++;
}

/* The O/R address of a user, in whichever notation. */
static struct or_address *read_address(const char *text, GError **error)
{
  struct dmn dmn;
  text += strspn(text, " \t");
  if (*text == '/' || text[strcspn(text, "$=")] != '$')
    return or_address_parse(text, error);
  return dmn_parse(text, false, &dmn, error) ? dmn.address : NULL;
}

static struct mailbox *read_mailbox(const char *text, GError **error)
{
  struct mailbox *mailbox = mailbox_parse(text, error);
  if (!mailbox || !mailbox->route)
    return mailbox;
  mailbox_free(mailbox);
  g_set_error(error, MAPPING_ERROR, MAPPING_ERROR_SYNTAX, "mailbox: a source route names no user");
  return NULL;
}

/* A row of a single user. */
static void add_user(struct compiler *compiler, struct mcgam_origin *origin, enum mcgam_table table,
                     char *left, char *right)
{
  g_autoptr(GError) error = NULL;
  char *text = table == MCGAM_OR_TO_MAILBOX ? right : left;
  unquote_hashes(text);
  g_autoptr(mailbox_t) mailbox = read_mailbox(text, &error);
  g_autoptr(or_address_t) address = mailbox ? read_address(text == left ? right : left, &error) : NULL;
  if (!address || !or_address_check(address, &error)) {
    const char *code =
        g_str_has_prefix(error->message, "5.") ? strchr(error->message, ' ') + 1 : error->message;
    TELL(compiler, origin, true, "%s", code);
    return;
  }
  if (table != MCGAM_MAILBOX_TO_OR && or_address_dda(address, RULES_DDA)) {
    TELL(compiler, origin, true,
         "an address with an RFC-822 attribute is that attribute's mailbox "
         "(RFC 2156 4.3.5 Mapping A); such a row can stand in mailbox-to-or alone");
    return;
  }
  origin->hashes[0] = users_mailbox_hash(mailbox);
  users_address_hashes(address, origin->hashes + 1);
  g_autofree char *key = mailbox_format(NULL, mailbox->local, mailbox->domain),
                  *value = or_address_format(address);
  append_row(compiler, origin, key, value);
  compiler->entries[MCGAM_MAILBOX_TO_OR] += table != MCGAM_OR_TO_MAILBOX;
  compiler->entries[MCGAM_OR_TO_MAILBOX] +=
      table == MCGAM_MAILBOX_TO_OR ? 0 : 1 + (origin->hashes[1] != origin->hashes[2]);
}

static const char *form_of(enum mcgam_table table)
{
  return table == MCGAM_OR_TO_MAILBOX ? "O/R address#mailbox#"
         : is_of_users(table)         ? "mailbox#O/R address#"
         : from_domain(table)         ? "domain#O/R address#"
                                      : "O/R address#domain#";
}

static void read_line(struct compiler *compiler, struct mcgam_origin *origin, const char *start, gsize length)
{
  enum mcgam_table table = compiler->sources[origin->source].table;
  if (length > LINE_MAX_OCTETS) {
    TELL(compiler, origin, true, "longer than %d octets", LINE_MAX_OCTETS);
    return;
  }
  char line[LINE_MAX_OCTETS + 1];
  memcpy(line, start, length);
  line[length] = 0;
  gsize space = strspn(line, " \t\r");
  if (!line[space] || line[space] == '#')
    return;
  char *left, *right;
  if (memchr(start, 0, length) || !cut(line, &left, &right))
    TELL(compiler, origin, true, "%s expected (RFC 2156 appendix F 5, 6)", form_of(table));
  else if (compiler->out->len > FILE_MAX)
    TELL(compiler, origin, true, "the tables are larger than %u octets", FILE_MAX);
  else if (is_of_users(table))
    add_user(compiler, origin, table, left, right);
  else
    add_rule(compiler, origin, table, left, right);
}

static void read_source(struct compiler *compiler, guint number)
{
  const struct mcgam_source *source = &compiler->sources[number];
  const char *p = source->text, *end = p + source->length;
  struct mcgam_origin origin = {.source = number, .line = 1};
  for (; p < end; origin.line++) {
    const char *newline = memchr(p, '\n', (gsize)(end - p)), *stop = newline ? newline : end;
    read_line(compiler, &origin, p, (gsize)(stop - p));
    p = stop + 1;
  }
}

/* --- slots ------------------------------------------------------------------------------------------- */

static struct mcgam_entry entry_of(const struct compiler *compiler, const struct mcgam_origin *origin)
{
  const char *row = (const char *)compiler->out->data + (gsize)origin->offset * MCGAM_UNIT;
  struct mcgam_row head;
  memcpy(&head, row, sizeof head);
  return (struct mcgam_entry){row + sizeof head, row + sizeof head + head.key_length + 1};
}

static bool same_mailboxes(const char *a, const char *b, bool any_case)
{
  g_autoptr(mailbox_t) x = mailbox_parse(a, NULL), y = mailbox_parse(b, NULL);
  return x && y && users_same_mailbox(x, y, any_case);
}

static bool same_addresses(const char *a, const char *b)
{
  g_autoptr(or_address_t) x = or_address_parse(a, NULL), y = or_address_parse(b, NULL);
  return x && y && or_address_equal(x, y);
}

static bool same_keys(enum mcgam_table table, const struct mcgam_entry *a, const struct mcgam_entry *b)
{
  if (table == MCGAM_MAILBOX_TO_OR)
    return same_mailboxes(a->key, b->key, false);
  return table == MCGAM_OR_TO_MAILBOX ? same_addresses(a->value, b->value) : strcmp(a->key, b->key) == 0;
}

static bool same_values(enum mcgam_table table, const struct mcgam_entry *a, const struct mcgam_entry *b)
{
  if (table == MCGAM_MAILBOX_TO_OR)
    return same_addresses(a->value, b->value);
  if (table == MCGAM_OR_TO_MAILBOX)
    return same_mailboxes(a->key, b->key, false);
  g_autofree char *x = mcgam_inverse_key(table, a), *y = mcgam_inverse_key(table, b);
  return strcmp(x, y) == 0;
}

/* Whether the row may have a slot beside another with its hash. */
static bool stands_beside(struct compiler *compiler, enum mcgam_table table,
                          const struct mcgam_origin *origin, guint32 offset)
{
  const struct mcgam_origin *other = mcgam_origin_at(compiler->origins, offset);
  struct mcgam_entry row = entry_of(compiler, origin), first = entry_of(compiler, other);
  const char *file = compiler->sources[other->source].file;
  if (origin == other)
    return true;
  if (!same_keys(table, &row, &first)) {
    if (table == MCGAM_MAILBOX_TO_OR && same_mailboxes(row.key, first.key, true))
      TELL(compiler, origin, false, "\"%s\" differs from %s:%u in the case of its letters alone", row.key,
           file, other->line);
    return true;
  }
  if (same_values(table, &row, &first))
    TELL(compiler, origin, false, "the same row as %s:%u", file, other->line);
  else
    TELL(compiler, origin, true, "contradicts %s:%u, which maps the same key to \"%s\"", file, other->line,
         table == MCGAM_OR_TO_MAILBOX ? first.key : first.value);
  return false;
}

static void put_slot(struct compiler *compiler, enum mcgam_table table, const struct mcgam_origin *origin,
                     guint32 hash)
{
  struct mcgam_header *header = &compiler->header;
  guint8 *first = compiler->out->data + header->slots_at[table];
  struct mcgam_slot slot = {hash, origin->offset}, other;
  for (guint32 place = hash & (header->slots[table] - 1);; place = (place + 1) & (header->slots[table] - 1)) {
    memcpy(&other, first + (gsize)place * sizeof other, sizeof other);
    if (other.offset == 0) {
      memcpy(first + (gsize)place * sizeof slot, &slot, sizeof slot);
      header->rows[table]++;
      return;
    }
    if (other.hash == hash && !stands_beside(compiler, table, origin, other.offset))
      return;
  }
}

static void put_row(struct compiler *compiler, const struct mcgam_origin *origin)
{
  enum mcgam_table table = compiler->sources[origin->source].table;
  if (!is_of_users(table)) {
    put_slot(compiler, table, origin, origin->hashes[0]);
    return;
  }
  if (table != MCGAM_OR_TO_MAILBOX)
    put_slot(compiler, MCGAM_MAILBOX_TO_OR, origin, origin->hashes[0]);
  if (table == MCGAM_MAILBOX_TO_OR)
    return;
  put_slot(compiler, MCGAM_OR_TO_MAILBOX, origin, origin->hashes[1]);
  if (origin->hashes[2] != origin->hashes[1])
    put_slot(compiler, MCGAM_OR_TO_MAILBOX, origin, origin->hashes[2]);
}

static guint32 slots_for(guint32 rows)
{
  guint32 slots = 2;
  while (slots < rows * (guint64)2)
    slots *= 2;
  return slots;
}

static void put_rows(struct compiler *compiler)
{
  gsize at = compiler->out->len;
  for (enum mcgam_table table = 0; table < MCGAM_TABLES; table++) {
    compiler->header.slots[table] = slots_for(compiler->entries[table]);
    compiler->header.slots_at[table] = at;
    at += compiler->header.slots[table] * sizeof(struct mcgam_slot);
  }
  gsize slots_at = compiler->out->len;
  g_byte_array_set_size(compiler->out, (guint)at);
  memset(compiler->out->data + slots_at, 0, at - slots_at);
  for (guint i = 0; i < compiler->origins->len; i++)
    put_row(compiler, &g_array_index(compiler->origins, struct mcgam_origin, i));
}

static void write_header(struct compiler *compiler)
{
  struct mcgam_header *header = &compiler->header;
  memcpy(header->magic, MCGAM_MAGIC, sizeof header->magic);
  header->version = MCGAM_VERSION;
  header->byte_order = MCGAM_BYTE_ORDER;
  header->size = compiler->out->len;
  g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
  g_checksum_update(checksum, compiler->out->data + sizeof *header,
                    (gssize)(compiler->out->len - sizeof *header));
  gsize digest_length = sizeof header->content_digest;
  g_checksum_get_digest(checksum, header->content_digest, &digest_length);
  header->header_checksum = mcgam_hash(header, offsetof(struct mcgam_header, header_checksum));
  memcpy(compiler->out->data, header, sizeof *header);
}

/* --- the tables beside each other -------------------------------------------------------------------- */

static gint by_offset(gconstpointer a, gconstpointer b)
{
  const struct mcgam_origin *x = a, *y = b;
  return x->offset < y->offset ? -1 : x->offset > y->offset;
}

const struct mcgam_origin *mcgam_origin_at(const GArray *origins, guint32 offset)
{
  struct mcgam_origin wanted = {.offset = offset};
  guint place;
  return g_array_binary_search((GArray *)origins, &wanted, by_offset, &place)
             ? &g_array_index(origins, struct mcgam_origin, place)
             : NULL;
}

/* Where the value that mcgam_find() gave came from. */
static const struct mcgam_origin *origin_of(const struct compiler *compiler, const char *key,
                                            const char *value)
{
  gsize at = (gsize)(value - (const char *)compiler->out->data) - strlen(key) - 1 - sizeof(struct mcgam_row);
  return mcgam_origin_at(compiler->origins, (guint32)(at / MCGAM_UNIT));
}

/* Appendix F 7 and 8: a key of a gateway table is in no mapping table of that direction.  Above it there may
 * be one, and that is asked first. */
static void check_gateway(struct compiler *compiler, const struct mcgam *tables,
                          const struct mcgam_origin *origin, enum mcgam_table table)
{
  struct mcgam_entry row = entry_of(compiler, origin);
  bool forward = from_domain(table);
  const char *value = mcgam_find(tables, forward ? MCGAM_DOMAIN_TO_OR : MCGAM_OR_TO_DOMAIN, row.key);
  const struct mcgam_origin *other = value ? origin_of(compiler, row.key, value) : NULL;
  if (other) {
    TELL(compiler, origin, true,
         "%s:%u maps the same key; it cannot have a preferred gateway too (RFC 2156 appendix F %d)",
         compiler->sources[other->source].file, other->line, forward ? 7 : 8);
    return;
  }
  struct dmn dmn;
  gsize rest;
  guint depth;
  if (forward && mcgam_match_domain(tables, MCGAM_DOMAIN_TO_OR, row.key, &dmn, &rest)) {
    TELL(
        compiler, origin, false,
        "never asked: \"%s\" lies below \"%s\" of domain-to-or, so lee@%s is mapped by that (RFC 2156 4.3.4)",
        row.key, row.key + rest, row.key);
    dmn_clear(&dmn);
  }
  g_autoptr(or_address_t) example = forward ? NULL : dmn_example(row.key);
  const char *domain = example ? mcgam_match_or(tables, MCGAM_OR_TO_DOMAIN, example, &depth) : NULL;
  g_autofree char *text = domain ? or_address_format(example) : NULL;
  if (domain)
    TELL(compiler, origin, false, "asked only where \"%s\" of or-to-domain does not do: %s is mapped by that",
         domain, text);
}

/* From one row to the one that inverts it, and on: where addresses of a domain would come to, turn by turn.
 */
static void check_circle(struct compiler *compiler, const struct mcgam *tables,
                         const struct mcgam_origin *origin, const char *domain)
{
  enum { TURNS = 16 };
  g_autoptr(GString) way = g_string_new(domain);
  const char *at = domain;
  for (guint turn = 0; turn < TURNS; turn++) {
    struct mcgam_entry row = {at, mcgam_find(tables, MCGAM_DOMAIN_TO_OR, at)};
    g_autofree char *key = row.value ? mcgam_inverse_key(MCGAM_DOMAIN_TO_OR, &row) : NULL;
    const char *next = key ? mcgam_find(tables, MCGAM_OR_TO_DOMAIN, key) : NULL;
    if (!next || strcmp(next, at) == 0)
      return;
    g_string_append_printf(way, " -> %s -> %s", row.value, next);
    at = next;
    if (strcmp(at, domain) != 0)
      continue;
    TELL(compiler, origin, false, "a circle, in which lee@%s would wander: %s", domain, way->str);
    return;
  }
}

static void check_inverse(struct compiler *compiler, const struct mcgam *tables,
                          const struct mcgam_origin *origin, enum mcgam_table table)
{
  bool forward = table == MCGAM_DOMAIN_TO_OR;
  enum mcgam_table back = forward ? MCGAM_OR_TO_DOMAIN : MCGAM_DOMAIN_TO_OR;
  struct mcgam_entry row = entry_of(compiler, origin);
  g_autofree char *inverse_key = mcgam_inverse_key(table, &row);
  const char *value = mcgam_find(tables, back, inverse_key);
  const struct mcgam_origin *other = value ? origin_of(compiler, inverse_key, value) : NULL;
  struct mcgam_entry inverse = {inverse_key, value};
  g_autofree char *there = other ? mcgam_inverse_key(back, &inverse) : NULL;
  if (there && strcmp(there, row.key) == 0)
    return;
  g_autoptr(or_address_t) example = dmn_example(forward ? inverse_key : row.key);
  g_autofree char *text = or_address_format(example);
  const char *domain = forward ? row.key : inverse_key,
             *how = forward ? "becomes" : "is not made of it again:";
  if (!other)
    TELL(compiler, origin, false, "no row of %s inverts it (RFC 2156 4.2): lee@%s %s %s",
         mcgam_table_name(back), domain, how, text);
  else
    TELL(compiler, origin, false, "%s:%u maps back to \"%s\" (RFC 2156 4.2): lee@%s %s %s",
         compiler->sources[other->source].file, other->line, inverse.value, domain, how, text);
  if (other && forward)
    check_circle(compiler, tables, origin, row.key);
}

static void compare_tables(struct compiler *compiler)
{
  struct mcgam *tables = mcgam_open_mem(compiler->out->data, compiler->out->len, NULL);
  for (guint i = 0; i < compiler->origins->len; i++) {
    const struct mcgam_origin *origin = &g_array_index(compiler->origins, struct mcgam_origin, i);
    enum mcgam_table table = compiler->sources[origin->source].table;
    if (is_gateway(table))
      check_gateway(compiler, tables, origin, table);
    else if (!is_of_users(table))
      check_inverse(compiler, tables, origin, table);
  }
  mcgam_free(tables);
}

GByteArray *mcgam_compile_with_origins(const struct mcgam_source *sources, guint count, GPtrArray *lines,
                                       GArray **origins_r)
{
  struct compiler compiler = {.sources = sources,
                              .out = g_byte_array_new(),
                              .origins = g_array_new(FALSE, FALSE, sizeof(struct mcgam_origin))};
  table_report_init(&compiler.report, lines);
  g_byte_array_append(compiler.out, (const guint8 *)&compiler.header, sizeof compiler.header);
  for (guint i = 0; i < count; i++)
    read_source(&compiler, i);
  put_rows(&compiler);
  write_header(&compiler);
  compare_tables(&compiler);
  if (!table_report_finish(&compiler.report))
    g_clear_pointer(&compiler.out, g_byte_array_unref);
  if (origins_r)
    *origins_r = compiler.origins;
  else
    g_array_unref(compiler.origins);
  return compiler.out;
}

GByteArray *mcgam_compile(const struct mcgam_source *sources, guint count, GPtrArray *lines)
{
  return mcgam_compile_with_origins(sources, count, lines, NULL);
}
