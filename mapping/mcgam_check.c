#include "mapping/mcgam_check.h"

#include "mapping/rules.h"
#include "mapping/table_report.h"
#include "mapping/users.h"

#include <string.h>

struct checker {
  struct mapping_context *context;
  const struct mcgam_source *sources;
  guint rows_max, tried, left_out;
  struct table_report report;
};

/* One row and where it stands. */
struct tried_row {
  enum mcgam_table table;
  const struct mcgam_origin *origin;
  struct mcgam_entry entry;
};

#define TELL(checker, row, ...)                                                                              \
  table_report_add(&(checker)->report, (checker)->sources[(row)->origin->source].file, (row)->origin->line,  \
                   false, __VA_ARGS__)

/* Whether one more may go through the mapping. */
static bool may_try(struct checker *checker)
{
  bool may = checker->tried < checker->rows_max;
  checker->tried += may;
  checker->left_out += !may;
  return may;
}

static bool same_mailbox(const struct checker *checker, const char *a, const char *b)
{
  g_autoptr(mailbox_t) x = mailbox_parse(a, NULL), y = mailbox_parse(b, NULL);
  return x && y && users_same_mailbox(x, y, !checker->context->settings->exact_local_parts);
}

/* --- rules ------------------------------------------------------------------------------------------- */

/* lee@DOMAIN to X.400 and back. A domain of one label is never taken apart: one below it is the example. */
static void try_domain(struct checker *checker, const struct tried_row *row)
{
  const char *domain = row->entry.key;
  g_autofree char *mailbox = g_strdup_printf(strchr(domain, '.') ? "lee@%s" : "lee@sub.%s", domain);
  enum to_or_rule rule = TO_OR_DDA_OWN;
  enum from_or_rule back_rule;
  g_autoptr(GError) error = NULL;
  g_autoptr(or_address_t) address =
      rules_to_or_by_rules(checker->context, mailbox, ADDRESS_HEADING, NULL, &rule, &error);
  g_autofree char *text = address ? or_address_format(address) : NULL;
  if (rule != TO_OR_MCGAM) {
    TELL(checker, row, "of no use: %s becomes %s (RFC 2156 4.3.4)", mailbox, text ? text : error->message);
    return;
  }
  g_autofree char *back = rules_from_or(checker->context, address, ADDRESS_HEADING, NULL, &back_rule, &error);
  if (!back || (back_rule != FROM_OR_USER && !same_mailbox(checker, mailbox, back)))
    TELL(checker, row, "%s becomes %s, which is written %s: a reply goes another way (RFC 2156 4.2)", mailbox,
         text, back ? back : error->message);
}

/* /S=lee/.../ to mail. */
static void try_prefix(struct checker *checker, const struct tried_row *row)
{
  g_autoptr(or_address_t) address = dmn_example(row->entry.key);
  g_autofree char *text = or_address_format(address);
  g_autoptr(GError) error = NULL;
  enum from_or_rule rule;
  g_autofree char *mailbox = rules_from_or(checker->context, address, ADDRESS_HEADING, NULL, &rule, &error);
  if (rule == FROM_OR_OWN || !mailbox)
    TELL(checker, row, "of no use: %s is written %s (RFC 2156 4.3.5)", text,
         mailbox ? mailbox : error->message);
}

static void try_rule(struct checker *checker, const struct tried_row *row)
{
  bool forward = row->table == MCGAM_DOMAIN_TO_OR;
  const struct mcgam *tables = checker->context->tables;
  g_autofree char *key = mcgam_inverse_key(row->table, &row->entry);
  struct mcgam_entry inverse = {key,
                                mcgam_find(tables, forward ? MCGAM_OR_TO_DOMAIN : MCGAM_DOMAIN_TO_OR, key)};
  g_autofree char *there =
      inverse.value ? mcgam_inverse_key(forward ? MCGAM_OR_TO_DOMAIN : MCGAM_DOMAIN_TO_OR, &inverse) : NULL;
  if (!there || strcmp(there, row->entry.key) != 0)
    return; /* the compiler told */
  if (forward)
    try_domain(checker, row);
  else
    try_prefix(checker, row);
}

/* A preferred gateway must have room for the attribute that names the mailbox. */
static void try_gateway(struct checker *checker, const struct tried_row *row)
{
  g_autofree char *mailbox = g_strdup_printf("lee@%s", row->entry.key);
  g_autoptr(GError) error = NULL;
  g_autoptr(or_address_t) address = address_to_or(checker->context, mailbox, ADDRESS_HEADING, NULL, &error);
  if (!address || !or_address_check(address, &error))
    TELL(checker, row, "%s has no address at this gateway: %s", mailbox, error->message);
}

/* --- single users ------------------------------------------------------------------------------------ */

/* An alias is replied to by another name of the same user: there, back and there again is where it was. */
static void try_alias(struct checker *checker, const struct tried_row *row)
{
  g_autoptr(GError) error = NULL;
  const struct mcgam_entry *entry = &row->entry;
  g_autoptr(or_address_t) address = or_address_parse(entry->value, NULL);
  g_autoptr(or_address_t) first =
      row->table == MCGAM_MAILBOX_TO_OR
          ? or_address_copy(address)
          : address_to_or(checker->context, entry->key, ADDRESS_HEADING, NULL, &error);
  g_autofree char *mailbox =
      first ? address_from_or(checker->context, first, ADDRESS_HEADING, NULL, &error) : NULL;
  g_autoptr(or_address_t) again =
      mailbox ? address_to_or(checker->context, mailbox, ADDRESS_HEADING, NULL, &error) : NULL;
  if (again && or_address_equal(first, again) &&
      (row->table == MCGAM_MAILBOX_TO_OR || same_mailbox(checker, mailbox, entry->key)))
    return;
  g_autofree char *first_text = first ? or_address_format(first) : NULL,
                  *again_text = again ? or_address_format(again) : NULL;
  TELL(checker, row, "a reply does not come back: %s -> %s -> %s -> %s%s%s", entry->key,
       first_text ? first_text : "nothing", mailbox ? mailbox : "nothing",
       again_text ? again_text : "nothing", error ? ": " : "", error ? error->message : "");
}

/* What the rules make of the mailbox is another address; whoever has that is written otherwise from now on.
 */
static void try_contradiction(struct checker *checker, const struct tried_row *row)
{
  const char *at = strrchr(row->entry.key, '@');
  struct dmn dmn;
  gsize rest;
  if (!mailbox_domain_is_plain(at + 1) ||
      !mcgam_match_domain(checker->context->tables, MCGAM_DOMAIN_TO_OR, at + 1, &dmn, &rest))
    return;
  dmn_clear(&dmn);
  if (!may_try(checker))
    return;
  enum to_or_rule rule;
  g_autoptr(or_address_t) by_rules =
      rules_to_or_by_rules(checker->context, row->entry.key, ADDRESS_HEADING, NULL, &rule, NULL);
  g_autoptr(or_address_t) address = or_address_parse(row->entry.value, NULL);
  if (!by_rules || rule != TO_OR_MCGAM || or_address_equal(by_rules, address))
    return;
  g_autofree char *text = or_address_format(by_rules),
                  *mailbox = address_from_or(checker->context, by_rules, ADDRESS_HEADING, NULL, NULL);
  TELL(checker, row, "contradicts the rules, by which %s is %s; that address is now written %s",
       row->entry.key, text, mailbox ? mailbox : "not at all");
}

static void try_user(struct checker *checker, const struct tried_row *row)
{
  if (row->table != MCGAM_USERS && may_try(checker))
    try_alias(checker, row);
  if (row->table != MCGAM_OR_TO_MAILBOX)
    try_contradiction(checker, row);
}

static void try_row(struct checker *checker, const struct tried_row *row)
{
  if (row->table >= MCGAM_MAILBOX_TO_OR)
    try_user(checker, row);
  else if (!may_try(checker))
    return;
  else if (row->table == MCGAM_DOMAIN_TO_OR || row->table == MCGAM_OR_TO_DOMAIN)
    try_rule(checker, row);
  else if (row->table == MCGAM_DOMAIN_TO_OR_GATEWAY)
    try_gateway(checker, row);
}

void mcgam_check(GVariant *settings, const GByteArray *octets, const struct mcgam_source *sources,
                 const GArray *origins, guint rows_max, GPtrArray *lines)
{
  struct checker checker = {
      .context = mapping_context_new(settings, -1, NULL), .sources = sources, .rows_max = rows_max};
  struct mcgam *tables = mcgam_open_mem(octets->data, octets->len, NULL);
  if (!checker.context || !tables) {
    mapping_context_free(checker.context);
    mcgam_free(tables);
    return;
  }
  mcgam_free(checker.context->tables);
  checker.context->tables = tables;
  table_report_init(&checker.report, lines);
  for (guint i = 0; i < origins->len; i++) {
    struct tried_row row = {.origin = &g_array_index(origins, struct mcgam_origin, i)};
    row.table = sources[row.origin->source].table;
    if (mcgam_entry(tables, row.origin->offset, &row.entry))
      try_row(&checker, &row);
  }
  table_report_finish(&checker.report);
  if (checker.left_out)
    g_ptr_array_add(
        lines,
        g_strdup_printf("%s:1: warning: examples of %u more rows were not tried; `gw400 check` tries all",
                        sources[0].file, checker.left_out));
  mapping_context_free(checker.context);
}
