/* job.c - jobs and results to and from GVariant (contract: job.h).
 *
 * One list of fields per struct serves both directions: pack and unpack are the same walk with another hand.
 */
#include "convert/job.h"

#include <string.h>
#include <unistd.h>

GQuark convert_error_quark(void)
{
  return g_quark_from_static_string("gw400-convert-error");
}

/* --- the two hands
 * -------------------------------------------------------------------------------------------- */

/* Packing fills a builder; unpacking takes known keys out of a dictionary and notes the first thing wrong. */
struct hand {
  GVariantBuilder *builder; /* NULL: unpacking */
  GVariant *dictionary;
  gsize taken;
  const char *wrong; /* key that is malformed */
  GArray *fds;
};

static void put(struct hand *hand, const char *key, GVariant *value)
{
  g_variant_builder_add(hand->builder, "{sv}", key, value);
}

/* The value of a key, or NULL when it is absent or of another type. */
static GVariant *take(struct hand *hand, const char *key, const char *type)
{
  GVariant *value = g_variant_lookup_value(hand->dictionary, key, NULL);
  if (!value)
    return NULL;
  hand->taken++;
  if (g_variant_is_of_type(value, G_VARIANT_TYPE(type)))
    return value;
  g_variant_unref(value);
  hand->wrong = key;
  return NULL;
}

static void number(struct hand *hand, const char *key, guint64 *value, guint64 limit)
{
  if (hand->builder) {
    if (*value)
      put(hand, key, g_variant_new_uint64(*value));
    return;
  }
  g_autoptr(GVariant) got = take(hand, key, "t");
  *value = got ? g_variant_get_uint64(got) : 0;
  if (*value > limit) {
    hand->wrong = key;
    *value = 0;
  }
}

static void count(struct hand *hand, const char *key, guint *value)
{
  guint64 wide = *value;
  number(hand, key, &wide, G_MAXUINT);
  *value = (guint)wide;
}

static void boolean(struct hand *hand, const char *key, bool *value)
{
  guint64 wide = *value;
  number(hand, key, &wide, 1);
  *value = wide != 0;
}

/* Enumerations as numbers up to their last. */
#define ENUMERATION(hand, key, field, last)                                                                  \
  do {                                                                                                       \
    guint64 wide = (guint64)(field);                                                                         \
    number(hand, key, &wide, (guint64)(last));                                                               \
    (field) = wide;                                                                                          \
  } while (0)

static void time_us(struct hand *hand, const char *key, gint64 *value)
{
  if (hand->builder) {
    if (*value)
      put(hand, key, g_variant_new_int64(*value));
    return;
  }
  g_autoptr(GVariant) got = take(hand, key, "x");
  *value = got ? g_variant_get_int64(got) : 0;
}

/* Numbers whose absence is -1. */
static void optional_number(struct hand *hand, const char *key, gint *value)
{
  if (hand->builder) {
    if (*value != -1)
      put(hand, key, g_variant_new_int32(*value));
    return;
  }
  g_autoptr(GVariant) got = take(hand, key, "i");
  *value = got ? g_variant_get_int32(got) : -1;
}

static char *text_of(struct hand *hand, const char *key, GVariant *value)
{
  gsize length = 0;
  const char *octets = g_variant_get_fixed_array(value, &length, 1);
  if (length == 0 || memchr(octets, 0, length) != octets + length - 1) {
    hand->wrong = key;
    return NULL;
  }
  return g_strdup(octets);
}

static void text(struct hand *hand, const char *key, char **value)
{
  if (hand->builder) {
    if (*value)
      put(hand, key, g_variant_new_bytestring(*value));
    return;
  }
  g_autoptr(GVariant) got = take(hand, key, "ay");
  g_free(*value);
  *value = got ? text_of(hand, key, got) : NULL;
}

static void texts(struct hand *hand, const char *key, GPtrArray *values)
{
  if (hand->builder) {
    if (values->len == 0)
      return;
    GVariantBuilder list;
    g_variant_builder_init(&list, G_VARIANT_TYPE_BYTESTRING_ARRAY);
    for (guint i = 0; i < values->len; i++)
      g_variant_builder_add_value(&list, g_variant_new_bytestring(values->pdata[i]));
    put(hand, key, g_variant_builder_end(&list));
    return;
  }
  g_autoptr(GVariant) got = take(hand, key, "aay");
  for (gsize i = 0; got && i < g_variant_n_children(got); i++) {
    g_autoptr(GVariant) child = g_variant_get_child_value(got, i);
    char *value = text_of(hand, key, child);
    if (value)
      g_ptr_array_add(values, value);
  }
}

static void octets(struct hand *hand, const char *key, GBytes **value)
{
  if (hand->builder) {
    if (*value)
      put(hand, key,
          g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, g_bytes_get_data(*value, NULL),
                                    g_bytes_get_size(*value), 1));
    return;
  }
  g_autoptr(GVariant) got = take(hand, key, "ay");
  if (!got)
    return;
  gsize length = 0;
  const void *data = g_variant_get_fixed_array(got, &length, 1);
  *value = g_bytes_new(data, length);
}

/* A descriptor is its place among the frame's descriptors; unpacking takes it from there. */
static void descriptor_at(struct hand *hand, const char *key, guint32 place, int *fd)
{
  if (place >= hand->fds->len || g_array_index(hand->fds, int, place) < 0) {
    hand->wrong = key;
    return;
  }
  *fd = g_array_index(hand->fds, int, place);
  g_array_index(hand->fds, int, place) = -1;
}

static void descriptor(struct hand *hand, const char *key, int *fd)
{
  if (hand->builder) {
    if (*fd < 0)
      return;
    put(hand, key, g_variant_new_uint32(hand->fds->len));
    g_array_append_val(hand->fds, *fd);
    return;
  }
  g_autoptr(GVariant) got = take(hand, key, "u");
  if (got)
    descriptor_at(hand, key, g_variant_get_uint32(got), fd);
}

static void descriptors(struct hand *hand, const char *key, GArray *fds)
{
  if (hand->builder) {
    if (fds->len == 0)
      return;
    GVariantBuilder list;
    g_variant_builder_init(&list, G_VARIANT_TYPE("au"));
    for (guint i = 0; i < fds->len; i++)
      g_variant_builder_add(&list, "u", hand->fds->len + i);
    put(hand, key, g_variant_builder_end(&list));
    g_array_append_vals(hand->fds, fds->data, fds->len);
    return;
  }
  g_autoptr(GVariant) got = take(hand, key, "au");
  for (gsize i = 0; got && i < g_variant_n_children(got); i++) {
    guint32 place = 0;
    int fd = -1;
    g_variant_get_child(got, i, "u", &place);
    descriptor_at(hand, key, place, &fd);
    if (fd >= 0)
      g_array_append_val(fds, fd);
  }
}

/* --- lists of structs
 * ------------------------------------------------------------------------------------------ */

typedef void (*fields)(struct hand *hand, void *record);
typedef void *(*new_record)(void);

static void records(struct hand *hand, const char *key, GPtrArray *list, fields walk, new_record make)
{
  if (hand->builder) {
    if (list->len == 0)
      return;
    GVariantBuilder all;
    g_variant_builder_init(&all, G_VARIANT_TYPE("aa{sv}"));
    for (guint i = 0; i < list->len; i++) {
      GVariantBuilder one;
      g_variant_builder_init(&one, G_VARIANT_TYPE_VARDICT);
      struct hand inner = {.builder = &one, .fds = hand->fds};
      walk(&inner, list->pdata[i]);
      g_variant_builder_add_value(&all, g_variant_builder_end(&one));
    }
    put(hand, key, g_variant_builder_end(&all));
    return;
  }
  g_autoptr(GVariant) got = take(hand, key, "aa{sv}");
  for (gsize i = 0; got && i < g_variant_n_children(got); i++) {
    g_autoptr(GVariant) child = g_variant_get_child_value(got, i);
    struct hand inner = {.dictionary = child, .fds = hand->fds};
    void *record = make();
    walk(&inner, record);
    g_ptr_array_add(list, record);
    if (inner.wrong || inner.taken != g_variant_n_children(child))
      hand->wrong = inner.wrong ? inner.wrong : key;
  }
}

static void recipient_fields(struct hand *hand, void *record)
{
  struct mapping_recipient *recipient = record;
  count(hand, "ordinal", &recipient->ordinal);
  text(hand, "address", &recipient->address);
  text(hand, "mapped", &recipient->mapped);
  text(hand, "hop", &recipient->hop);
  text(hand, "orcpt", &recipient->orcpt);
  count(hand, "notify", &recipient->notify);
  boolean(hand, "failed", &recipient->failed);
  ENUMERATION(hand, "action", recipient->action, MAPPING_EXPANDED);
  text(hand, "code", &recipient->code);
  text(hand, "words", &recipient->words);
  optional_number(hand, "reason", &recipient->reason);
  optional_number(hand, "diagnostic", &recipient->diagnostic);
  text(hand, "remote", &recipient->remote);
  time_us(hand, "time", &recipient->time_us);
}

static void *recipient_new(void)
{
  return mapping_recipient_new(0);
}

static void identifier_fields(struct hand *hand, void *record)
{
  struct mapping_identifier *identifier = record;
  text(hand, "kind", &identifier->kind);
  text(hand, "value", &identifier->value);
  if (!hand->builder && (!identifier->kind || !identifier->value))
    hand->wrong = "identifiers";
}

static void *identifier_new(void)
{
  return g_new0(struct mapping_identifier, 1);
}

/* --- job and result
 * ---------------------------------------------------------------------------------------------- */

static void settings(struct hand *hand, GVariant **value)
{
  if (!hand->builder)
    *value = take(hand, "settings", "a{sv}");
  else if (*value)
    put(hand, "settings", *value);
}

static void job_fields(struct hand *hand, struct mapping_job *job)
{
  ENUMERATION(hand, "kind", job->kind, MAPPING_COMPILE);
  ENUMERATION(hand, "format", job->format, MAPPING_APDU);
  number(hand, "id", &job->id, G_MAXUINT64);
  time_us(hand, "received", &job->received_us);
  time_us(hand, "now", &job->now_us);
  text(hand, "peer", &job->peer);
  text(hand, "sender", &job->sender);
  text(hand, "envid", &job->envid);
  text(hand, "client", &job->client);
  ENUMERATION(hand, "ret", job->ret, MAPPING_RET_HDRS);
  records(hand, "recipients", job->recipients, recipient_fields, recipient_new);
  count(hand, "recipients-total", &job->recipients_total);
  text(hand, "hop", &job->hop);
  text(hand, "text", &job->text);
  boolean(hand, "to-x400", &job->to_x400);
  boolean(hand, "explain", &job->explain);
  number(hand, "size", &job->size, G_MAXINT64);
  boolean(hand, "truncated", &job->truncated);
  settings(hand, &job->settings);
  descriptor(hand, "in", &job->in_fd);
  descriptor(hand, "out", &job->out_fd);
  descriptor(hand, "tables", &job->tables_fd);
  descriptors(hand, "table-sources", job->table_fds);
}

static void result_fields(struct hand *hand, struct mapping_result *result)
{
  ENUMERATION(hand, "status", result->status, MAPPING_PARK);
  text(hand, "words", &result->words);
  text(hand, "code", &result->code);
  ENUMERATION(hand, "content", result->content, MAPPING_CONTENT_NOTIFICATION);
  ENUMERATION(hand, "priority", result->priority, 2);
  text(hand, "mapped", &result->mapped);
  text(hand, "hop", &result->hop);
  text(hand, "sender", &result->sender);
  text(hand, "envid", &result->envid);
  ENUMERATION(hand, "ret", result->ret, MAPPING_RET_HDRS);
  records(hand, "recipients", result->recipients, recipient_fields, recipient_new);
  records(hand, "identifiers", result->identifiers, identifier_fields, identifier_new);
  octets(hand, "duplicate-key", &result->duplicate_key);
  boolean(hand, "no-report", &result->no_report);
  ENUMERATION(hand, "format", result->format, MAPPING_APDU);
  number(hand, "size", &result->size, G_MAXINT64);
  boolean(hand, "8bit", &result->has_8bit);
  boolean(hand, "smtputf8", &result->smtputf8);
  time_us(hand, "deferred-until", &result->deferred_until_us);
  time_us(hand, "latest", &result->latest_us);
  texts(hand, "losses", result->losses);
  texts(hand, "lines", result->lines);
}

/* --- frames
 * ---------------------------------------------------------------------------------------------------------
 */

static GVariant *little_endian(GVariant *value)
{
#if G_BYTE_ORDER == G_BIG_ENDIAN
  GVariant *swapped = g_variant_byteswap(value);
  g_variant_unref(value);
  return swapped;
#else
  return value;
#endif
}

static GBytes *finish_frame(GVariantBuilder *builder)
{
  g_autoptr(GVariant) dictionary = little_endian(g_variant_ref_sink(g_variant_builder_end(builder)));
  return g_variant_get_data_as_bytes(dictionary);
}

static GVariant *open_frame(GBytes *frame, GError **error)
{
  GVariant *dictionary = g_variant_ref_sink(g_variant_new_from_bytes(G_VARIANT_TYPE_VARDICT, frame, FALSE));
  if (g_variant_is_normal_form(dictionary))
    return little_endian(dictionary);
  g_set_error_literal(error, CONVERT_ERROR, CONVERT_ERROR_MALFORMED,
                      "a frame that is no GVariant in normal form");
  g_variant_unref(dictionary);
  return NULL;
}

static bool check_hand(const struct hand *hand, GError **error)
{
  if (hand->wrong)
    g_set_error(error, CONVERT_ERROR, CONVERT_ERROR_MALFORMED, "a frame whose %s is malformed", hand->wrong);
  else if (hand->taken != g_variant_n_children(hand->dictionary))
    g_set_error_literal(error, CONVERT_ERROR, CONVERT_ERROR_MALFORMED,
                        "a frame with an unknown or repeated key");
  else
    return true;
  return false;
}

GBytes *convert_job_pack(const struct mapping_job *job, GArray *fds_r)
{
  GVariantBuilder builder;
  g_variant_builder_init(&builder, G_VARIANT_TYPE_VARDICT);
  struct hand hand = {.builder = &builder, .fds = fds_r};
  job_fields(&hand, (struct mapping_job *)job); /* a packing hand only reads */
  return finish_frame(&builder);
}

struct mapping_job *convert_job_unpack(GBytes *frame, GArray *fds, GError **error)
{
  struct mapping_job *job = NULL;
  g_autoptr(GVariant) dictionary = open_frame(frame, error);
  if (dictionary) {
    struct hand hand = {.dictionary = dictionary, .fds = fds};
    job = mapping_job_new(MAPPING_SETUP);
    job_fields(&hand, job);
    if (!check_hand(&hand, error))
      g_clear_pointer(&job, mapping_job_free);
  }
  for (guint i = 0; i < fds->len; i++) /* what the job did not take */
    if (g_array_index(fds, int, i) >= 0)
      close(g_array_index(fds, int, i));
  g_array_set_size(fds, 0);
  return job;
}

GBytes *convert_result_pack(const struct mapping_result *result)
{
  GVariantBuilder builder;
  g_variant_builder_init(&builder, G_VARIANT_TYPE_VARDICT);
  struct hand hand = {.builder = &builder};
  result_fields(&hand, (struct mapping_result *)result);
  return finish_frame(&builder);
}

struct mapping_result *convert_result_unpack(GBytes *frame, GError **error)
{
  g_autoptr(GVariant) dictionary = open_frame(frame, error);
  if (!dictionary)
    return NULL;
  struct hand hand = {.dictionary = dictionary};
  struct mapping_result *result = mapping_result_new();
  result_fields(&hand, result);
  if (!check_hand(&hand, error))
    g_clear_pointer(&result, mapping_result_free);
  return result;
}
