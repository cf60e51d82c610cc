/* job.c - jobs and results as octets (contract: job.h).
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

/* Packing appends to a frame; unpacking reads on in one and keeps the first thing wrong: after that every
 * field is empty. */
struct hand {
  GByteArray *frame; /* NULL: unpacking */
  const guint8 *at, *end;
  const char *wrong; /* name of the field that is malformed */
  GArray *fds;
};

static void malformed(struct hand *hand, const char *name)
{
  if (!hand->wrong)
    hand->wrong = name;
  hand->at = hand->end;
}

/* Base 128, least first, the high bit on all octets but the last. */
static void number(struct hand *hand, const char *name, guint64 *value, guint64 limit)
{
  if (hand->frame) {
    guint8 octets[10];
    guint length = 0;
    guint64 rest = *value;
    do {
      octets[length] = (guint8)(rest & 0x7f);
      rest >>= 7;
      octets[length++] |= rest ? 0x80 : 0;
    } while (rest);
    g_byte_array_append(hand->frame, octets, length);
    return;
  }
  guint64 got = 0;
  guint shift = 0;
  bool more = true;
  for (; more && hand->at < hand->end && shift < 64; shift += 7) {
    guint64 octet = *hand->at++;
    if (shift == 63 && octet > 1)
      break;
    got |= (octet & 0x7f) << shift;
    more = octet & 0x80;
  }
  *value = more || got > limit ? 0 : got;
  if (more || got > limit)
    malformed(hand, name);
}

static void count(struct hand *hand, const char *name, guint *value)
{
  guint64 wide = *value;
  number(hand, name, &wide, G_MAXUINT);
  *value = (guint)wide;
}

static void boolean(struct hand *hand, const char *name, bool *value)
{
  guint64 wide = *value;
  number(hand, name, &wide, 1);
  *value = wide != 0;
}

/* Enumerations as numbers up to their last. */
#define ENUMERATION(hand, name, field, last)                                                                 \
  do {                                                                                                       \
    guint64 wide = (guint64)(field);                                                                         \
    number(hand, name, &wide, (guint64)(last));                                                              \
    (field) = wide;                                                                                          \
  } while (0)

static void time_us(struct hand *hand, const char *name, gint64 *value)
{
  guint64 wide = (guint64)*value;
  number(hand, name, &wide, G_MAXUINT64);
  *value = (gint64)wide;
}

/* Numbers from -1 (none) on, and places of descriptors: one more travels. */
static void optional_number(struct hand *hand, const char *name, gint *value)
{
  guint64 wide = (guint64)((gint64)*value + 1);
  number(hand, name, &wide, (guint64)G_MAXINT + 1);
  *value = (gint)((gint64)wide - 1);
}

/* Octets after their length plus one; 0: none. False: none. The slice is of the frame. */
static bool slice(struct hand *hand, const char *name, const guint8 **octets, gsize *length)
{
  guint64 wide = hand->frame && *octets ? *length + 1 : 0;
  number(hand, name, &wide, G_MAXUINT32);
  if (wide == 0)
    return false;
  *length = wide - 1;
  if (hand->frame) {
    g_byte_array_append(hand->frame, *octets, (guint)*length);
    return true;
  }
  if (*length > (gsize)(hand->end - hand->at)) {
    malformed(hand, name);
    return false;
  }
  *octets = hand->at;
  hand->at += *length;
  return true;
}

static void text(struct hand *hand, const char *name, char **value)
{
  const guint8 *octets = (const guint8 *)*value;
  gsize length = *value ? strlen(*value) : 0;
  bool given = slice(hand, name, &octets, &length);
  if (hand->frame)
    return;
  g_free(*value);
  *value = NULL;
  if (given && memchr(octets, 0, length))
    malformed(hand, name);
  else if (given)
    *value = g_strndup((const char *)octets, length);
}

static void octets(struct hand *hand, const char *name, GBytes **value)
{
  gsize length = 0;
  const guint8 *data = *value ? g_bytes_get_data(*value, &length) : NULL;
  if (*value && !data)
    data = (const guint8 *)""; /* GLib gives NULL for no octets */
  if (slice(hand, name, &data, &length) && !hand->frame)
    *value = g_bytes_new(data, length);
}

/* A descriptor is its place among the frame's descriptors; unpacking takes it from there. */
static void descriptor(struct hand *hand, const char *name, int *fd)
{
  gint place = hand->frame && *fd >= 0 ? (gint)hand->fds->len : -1;
  optional_number(hand, name, &place);
  if (place < 0)
    return;
  if (hand->frame) {
    g_array_append_val(hand->fds, *fd);
  } else if ((guint)place >= hand->fds->len || g_array_index(hand->fds, int, place) < 0) {
    malformed(hand, name);
  } else {
    *fd = g_array_index(hand->fds, int, place);
    g_array_index(hand->fds, int, place) = -1;
  }
}

/* --- lists: how many, then each
 * ------------------------------------------------------------------------------------------ */

/* Each element takes an octet at least: a frame cannot announce more than it holds. */
static guint length_of(struct hand *hand, const char *name, guint length)
{
  guint64 wide = length;
  number(hand, name, &wide, hand->frame ? G_MAXUINT : (guint64)(hand->end - hand->at));
  return (guint)wide;
}

static void descriptors(struct hand *hand, const char *name, GArray *fds)
{
  guint length = length_of(hand, name, fds->len);
  for (guint i = 0; i < length && !hand->wrong; i++) {
    int fd = hand->frame ? g_array_index(fds, int, i) : -1;
    descriptor(hand, name, &fd);
    if (!hand->frame && fd >= 0)
      g_array_append_val(fds, fd);
  }
}

static void texts(struct hand *hand, const char *name, GPtrArray *values)
{
  guint length = length_of(hand, name, values->len);
  for (guint i = 0; i < length && !hand->wrong; i++) {
    char *value = hand->frame ? values->pdata[i] : NULL;
    text(hand, name, &value);
    if (!hand->frame && value)
      g_ptr_array_add(values, value);
    else if (!value)
      malformed(hand, name);
  }
}

typedef void (*fields)(struct hand *hand, void *record);
typedef void *(*new_record)(void);

static void records(struct hand *hand, const char *name, GPtrArray *list, fields walk, new_record make)
{
  guint length = length_of(hand, name, list->len);
  for (guint i = 0; i < length && !hand->wrong; i++) {
    if (!hand->frame)
      g_ptr_array_add(list, make());
    walk(hand, list->pdata[i]);
  }
}

static void recipient_fields(struct hand *hand, void *record)
{
  struct mapping_recipient *recipient = record;
  count(hand, "ordinal", &recipient->ordinal);
  text(hand, "address", &recipient->address);
  text(hand, "mapped", &recipient->mapped);
  text(hand, "hop", &recipient->hop);
  text(hand, "fallbacks", &recipient->fallbacks);
  text(hand, "orcpt", &recipient->orcpt);
  count(hand, "notify", &recipient->notify);
  count(hand, "receipts", &recipient->receipts);
  count(hand, "number", &recipient->number);
  count(hand, "apart", &recipient->apart);
  boolean(hand, "failed", &recipient->failed);
  ENUMERATION(hand, "action", recipient->action, MAPPING_EXPANDED);
  text(hand, "code", &recipient->code);
  text(hand, "words", &recipient->words);
  optional_number(hand, "reason", &recipient->reason);
  optional_number(hand, "diagnostic", &recipient->diagnostic);
  text(hand, "remote", &recipient->remote);
  time_us(hand, "time", &recipient->time_us);
  time_us(hand, "redirected", &recipient->redirected_us);
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
  if (!identifier->kind || !identifier->value)
    malformed(hand, "identifiers");
}

static void *identifier_new(void)
{
  return g_new0(struct mapping_identifier, 1);
}

static void lookup_fields(struct hand *hand, void *record)
{
  struct mapping_lookup *lookup = record;
  text(hand, "look-up source", &lookup->source);
  text(hand, "look-up name", &lookup->name);
  text(hand, "look-up root", &lookup->root);
  boolean(hand, "look-up header", &lookup->header);
  ENUMERATION(hand, "look-up state", lookup->state, MAPPING_LOOKUP_INDETERMINATE);
  text(hand, "look-up words", &lookup->words);
  texts(hand, "look-up records", lookup->records);
  if (!lookup->source || !lookup->name || !lookup->root)
    malformed(hand, "look-ups");
}

static void *lookup_new(void)
{
  return mapping_lookup_new(NULL, NULL, NULL);
}

/* --- job and result
 * ---------------------------------------------------------------------------------------------- */

static void subject_fields(struct hand *hand, struct mapping_subject *subject)
{
  boolean(hand, "subject", &subject->known);
  text(hand, "subject-sender", &subject->sender);
  text(hand, "subject-message-id", &subject->message_id);
  text(hand, "subject-mts-id", &subject->mts_id);
  text(hand, "subject-envid", &subject->envid);
  records(hand, "subject-recipients", subject->recipients, recipient_fields, recipient_new);
}

/* The configuration is a dictionary as config_conversion() made it, in this machine's own octet order. */
static void settings(struct hand *hand, GVariant **value)
{
  g_autoptr(GBytes) packed = hand->frame && *value ? g_variant_get_data_as_bytes(*value) : NULL;
  octets(hand, "settings", &packed);
  if (hand->frame || !packed)
    return;
  g_autoptr(GVariant) got =
      g_variant_ref_sink(g_variant_new_from_bytes(G_VARIANT_TYPE_VARDICT, packed, FALSE));
  if (g_variant_is_normal_form(got))
    *value = g_steal_pointer(&got);
  else
    malformed(hand, "settings");
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
  subject_fields(hand, &job->subject);
  ENUMERATION(hand, "ret", job->ret, MAPPING_RET_HDRS);
  records(hand, "recipients", job->recipients, recipient_fields, recipient_new);
  count(hand, "recipients-total", &job->recipients_total);
  text(hand, "hop", &job->hop);
  text(hand, "text", &job->text);
  boolean(hand, "to-x400", &job->to_x400);
  boolean(hand, "explain", &job->explain);
  records(hand, "answers", job->answers, lookup_fields, lookup_new);
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
  records(hand, "redirected", result->redirected, recipient_fields, recipient_new);
  records(hand, "identifiers", result->identifiers, identifier_fields, identifier_new);
  octets(hand, "duplicate-key", &result->duplicate_key);
  octets(hand, "digest", &result->digest);
  boolean(hand, "no-report", &result->no_report);
  ENUMERATION(hand, "format", result->format, MAPPING_APDU);
  number(hand, "size", &result->size, G_MAXINT64);
  boolean(hand, "8bit", &result->has_8bit);
  boolean(hand, "smtputf8", &result->smtputf8);
  time_us(hand, "deferred-until", &result->deferred_until_us);
  time_us(hand, "latest", &result->latest_us);
  texts(hand, "losses", result->losses);
  records(hand, "look-ups", result->lookups, lookup_fields, lookup_new);
  texts(hand, "lines", result->lines);
}

/* --- frames
 * ---------------------------------------------------------------------------------------------------------
 */

static bool check_hand(const struct hand *hand, GError **error)
{
  if (hand->wrong)
    g_set_error(error, CONVERT_ERROR, CONVERT_ERROR_MALFORMED, "a frame whose %s is malformed", hand->wrong);
  else if (hand->at < hand->end)
    g_set_error(error, CONVERT_ERROR, CONVERT_ERROR_MALFORMED, "a frame with %zu octets too many",
                (gsize)(hand->end - hand->at));
  else
    return true;
  return false;
}

GBytes *convert_job_pack(const struct mapping_job *job, GArray *fds_r)
{
  struct hand hand = {.frame = g_byte_array_new(), .fds = fds_r};
  job_fields(&hand, (struct mapping_job *)job); /* a packing hand only reads */
  return g_byte_array_free_to_bytes(hand.frame);
}

/* A hand at the beginning of a frame; GLib has no address for no octets. */
static struct hand unpacking(GBytes *frame, GArray *fds)
{
  gsize length = 0;
  const guint8 *data = g_bytes_get_data(frame, &length);
  const guint8 *at = data ? data : (const guint8 *)"";
  return (struct hand){.at = at, .end = at + length, .fds = fds};
}

struct mapping_job *convert_job_unpack(GBytes *frame, GArray *fds, GError **error)
{
  struct hand hand = unpacking(frame, fds);
  struct mapping_job *job = mapping_job_new(MAPPING_SETUP);
  job_fields(&hand, job);
  if (!check_hand(&hand, error))
    g_clear_pointer(&job, mapping_job_free);
  for (guint i = 0; i < fds->len; i++) /* what the job did not take */
    if (g_array_index(fds, int, i) >= 0)
      close(g_array_index(fds, int, i));
  g_array_set_size(fds, 0);
  return job;
}

GBytes *convert_result_pack(const struct mapping_result *result)
{
  struct hand hand = {.frame = g_byte_array_new()};
  result_fields(&hand, (struct mapping_result *)result);
  return g_byte_array_free_to_bytes(hand.frame);
}

struct mapping_result *convert_result_unpack(GBytes *frame, GError **error)
{
  struct hand hand = unpacking(frame, NULL);
  struct mapping_result *result = mapping_result_new();
  result_fields(&hand, result);
  if (!check_hand(&hand, error))
    g_clear_pointer(&result, mapping_result_free);
  return result;
}
