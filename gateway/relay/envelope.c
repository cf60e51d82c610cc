#include "relay/envelope.h"

#include "relay/body.h"

#define SUBJECT_RECIPIENTS_MAX 10000u /* told of in a note; a report on one further has less to say */

static GBytes *finish(GVariantDict *dict)
{
  g_autoptr(GVariant) value = g_variant_ref_sink(g_variant_dict_end(dict));
  return g_variant_get_data_as_bytes(value);
}

static void open_dict(GVariantDict *dict, GBytes *bytes)
{
  g_autoptr(GBytes) empty = g_bytes_new_static("", 0);
  g_autoptr(GVariant) value =
      g_variant_ref_sink(g_variant_new_from_bytes(G_VARIANT_TYPE_VARDICT, bytes ? bytes : empty, FALSE));
  g_variant_dict_init(dict, value);
}

static void put_text(GVariantDict *dict, const char *key, const char *text)
{
  if (text)
    g_variant_dict_insert_value(dict, key, g_variant_new_bytestring(text));
}

static char *get_text(GVariantDict *dict, const char *key)
{
  g_autoptr(GVariant) value = g_variant_dict_lookup_value(dict, key, G_VARIANT_TYPE_BYTESTRING);
  return value ? g_variant_dup_bytestring(value, NULL) : NULL;
}

static guint get_number(GVariantDict *dict, const char *key)
{
  guint value = 0;
  g_variant_dict_lookup(dict, key, "u", &value);
  return value;
}

GBytes *envelope_pack_smtp(const struct smtp_envelope *envelope)
{
  GVariantDict dict;
  g_variant_dict_init(&dict, NULL);
  g_variant_dict_insert(&dict, "format", "u", (guint)MAPPING_MAIL);
  put_text(&dict, "sender", envelope->sender);
  put_text(&dict, "envid", envelope->envid);
  g_variant_dict_insert(&dict, "ret", "u", (guint)envelope->ret);
  g_autofree char *client = g_strdup_printf("%s [%s]", envelope->helo ? envelope->helo : "unknown",
                                            envelope->client_address ? envelope->client_address : "unknown");
  put_text(&dict, "client", client);
  GVariantBuilder recipients;
  g_variant_builder_init(&recipients, G_VARIANT_TYPE("a(ayayu)"));
  for (guint i = 0; i < envelope->recipients->len; i++) {
    const struct smtp_recipient *recipient = envelope->recipients->pdata[i];
    g_variant_builder_add(&recipients, "(@ay@ayu)", g_variant_new_bytestring(recipient->address),
                          g_variant_new_bytestring(recipient->orcpt ? recipient->orcpt : ""),
                          recipient->notify);
  }
  g_variant_dict_insert_value(&dict, "recipients", g_variant_builder_end(&recipients));
  return finish(&dict);
}

GBytes *envelope_pack_p1(const char *peer, bool truncated)
{
  GVariantDict dict;
  g_variant_dict_init(&dict, NULL);
  g_variant_dict_insert(&dict, "format", "u", (guint)MAPPING_APDU);
  put_text(&dict, "peer", peer);
  if (truncated)
    g_variant_dict_insert(&dict, "truncated", "u", 1u);
  return finish(&dict);
}

GBytes *envelope_pack_report(enum mapping_format format)
{
  GVariantDict dict;
  g_variant_dict_init(&dict, NULL);
  g_variant_dict_insert(&dict, "format", "u", (guint)format);
  put_text(&dict, "sender", "");
  return finish(&dict);
}

static void add_smtp_recipients(GVariantDict *dict, struct mapping_job *job)
{
  g_autoptr(GVariant) list = g_variant_dict_lookup_value(dict, "recipients", G_VARIANT_TYPE("a(ayayu)"));
  for (gsize i = 0; list && i < g_variant_n_children(list); i++) {
    g_autoptr(GVariant) address = NULL;
    g_autoptr(GVariant) orcpt = NULL;
    struct mapping_recipient *recipient = mapping_recipient_new((guint)i);
    g_variant_get_child(list, i, "(@ay@ayu)", &address, &orcpt, &recipient->notify);
    recipient->address = g_variant_dup_bytestring(address, NULL);
    if (*g_variant_get_bytestring(orcpt))
      recipient->orcpt = g_variant_dup_bytestring(orcpt, NULL);
    g_ptr_array_add(job->recipients, recipient);
  }
}

/* --- the subject of a report --- */

#define SUBJECT_RECIPIENTS G_VARIANT_TYPE("a(uayayayuuu)")

static GVariant *text_value(const char *text)
{
  return g_variant_new_bytestring(text ? text : "");
}

static GVariant *subject_recipients(const struct store_message *subject)
{
  GVariantBuilder list;
  g_variant_builder_init(&list, SUBJECT_RECIPIENTS);
  for (guint i = 0; i < MIN(subject->recipients->len, SUBJECT_RECIPIENTS_MAX); i++) {
    struct mapping_recipient *recipient = envelope_recipient(subject->recipients->pdata[i]);
    g_variant_builder_add(&list, "(u@ay@ay@ayuuu)", recipient->ordinal, text_value(recipient->address),
                          text_value(recipient->mapped), text_value(recipient->orcpt), recipient->notify,
                          recipient->receipts, recipient->number);
    mapping_recipient_free(recipient);
  }
  return g_variant_builder_end(&list);
}

static void pack_subject(GVariantDict *dict, const struct store_message *subject)
{
  static const char *const keys[][2] = {
      {"sender", "subject-sender"}, {"message-id", "subject-message-id"}, {"mts-id", "subject-mts-id"}};
  GVariantDict note, envelope;
  open_dict(&note, subject->note);
  open_dict(&envelope, subject->envelope);
  for (guint i = 0; i < G_N_ELEMENTS(keys); i++) {
    g_autofree char *value = get_text(&note, keys[i][0]);
    put_text(dict, keys[i][1], value);
  }
  g_autofree char *envid = get_text(&envelope, "envid");
  put_text(dict, "subject-envid", envid);
  g_variant_dict_insert_value(dict, "subject-recipients", subject_recipients(subject));
  g_variant_dict_clear(&note);
  g_variant_dict_clear(&envelope);
}

static char *text_of(GVariant *value)
{
  g_autoptr(GVariant) owned = value;
  const char *text = g_variant_get_bytestring(owned);
  return *text ? g_strdup(text) : NULL;
}

static void unpack_subject(GBytes *bytes, struct mapping_subject *subject)
{
  GVariantDict dict;
  open_dict(&dict, bytes);
  g_autoptr(GVariant) list = g_variant_dict_lookup_value(&dict, "subject-recipients", SUBJECT_RECIPIENTS);
  subject->known = list != NULL;
  subject->sender = get_text(&dict, "subject-sender");
  subject->message_id = get_text(&dict, "subject-message-id");
  subject->mts_id = get_text(&dict, "subject-mts-id");
  subject->envid = get_text(&dict, "subject-envid");
  for (gsize i = 0; list && i < g_variant_n_children(list); i++) {
    GVariant *address, *mapped, *orcpt;
    struct mapping_recipient *recipient = mapping_recipient_new(0);
    g_variant_get_child(list, i, "(u@ay@ay@ayuuu)", &recipient->ordinal, &address, &mapped, &orcpt,
                        &recipient->notify, &recipient->receipts, &recipient->number);
    recipient->address = text_of(address);
    recipient->mapped = text_of(mapped);
    recipient->orcpt = text_of(orcpt);
    g_ptr_array_add(subject->recipients, recipient);
  }
  g_variant_dict_clear(&dict);
}

struct mapping_job *envelope_job(struct store *store, const struct store_message *message,
                                 enum mapping_kind kind, GError **error)
{
  int fd = body_open(store, message, error);
  if (fd < 0)
    return NULL;
  struct mapping_job *job = mapping_job_new(kind);
  job->in_fd = fd;
  job->size = message->size;
  job->id = message->id;
  job->received_us = message->received_us;
  if (!job->recipients)
    job->recipients = g_ptr_array_new_with_free_func((GDestroyNotify)mapping_recipient_free);
  GVariantDict dict;
  open_dict(&dict, message->envelope);
  job->format = (enum mapping_format)get_number(&dict, "format");
  job->sender = get_text(&dict, "sender");
  job->envid = get_text(&dict, "envid");
  job->client = get_text(&dict, "client");
  job->peer = get_text(&dict, "peer");
  job->ret = (enum mapping_ret)get_number(&dict, "ret");
  job->truncated = get_number(&dict, "truncated") != 0;
  if (kind == MAPPING_READ)
    add_smtp_recipients(&dict, job);
  else
    for (guint i = 0; i < message->recipients->len; i++)
      g_ptr_array_add(job->recipients, envelope_recipient(message->recipients->pdata[i]));
  if (kind == MAPPING_WRITE)
    unpack_subject(message->note, &job->subject);
  g_variant_dict_clear(&dict);
  return job;
}

/* The first identifier of a kind: a message may be known by several. */
static const char *identifier_of(const struct mapping_result *result, const char *kind)
{
  for (guint i = 0; result->identifiers && i < result->identifiers->len; i++) {
    const struct mapping_identifier *identifier = result->identifiers->pdata[i];
    if (g_strcmp0(identifier->kind, kind) == 0)
      return identifier->value;
  }
  return NULL;
}

GBytes *envelope_note_pack(const struct mapping_result *result, const struct store_message *subject)
{
  GVariantDict dict;
  g_variant_dict_init(&dict, NULL);
  g_variant_dict_insert(&dict, "content", "u", (guint)result->content);
  g_variant_dict_insert(&dict, "no-report", "b", (gboolean)result->no_report);
  g_variant_dict_insert(&dict, "total", "u", result->recipients ? result->recipients->len : 0);
  if (result->latest_us)
    g_variant_dict_insert(&dict, "latest", "x", result->latest_us);
  put_text(&dict, "sender", result->sender);
  put_text(&dict, "message-id", identifier_of(result, "message-id"));
  put_text(&dict, "mts-id", identifier_of(result, "mts-id"));
  if (subject)
    pack_subject(&dict, subject);
  return finish(&dict);
}

void envelope_note_unpack(GBytes *bytes, struct envelope_note *note)
{
  GVariantDict dict;
  open_dict(&dict, bytes);
  gboolean no_report = FALSE;
  g_variant_dict_lookup(&dict, "no-report", "b", &no_report);
  *note = (struct envelope_note){.content = (enum mapping_content)get_number(&dict, "content"),
                                 .no_report = no_report,
                                 .recipients_total = get_number(&dict, "total"),
                                 .sender = get_text(&dict, "sender")};
  g_variant_dict_lookup(&dict, "latest", "x", &note->latest_us);
  g_variant_dict_clear(&dict);
}

void envelope_note_clear(struct envelope_note *note)
{
  g_clear_pointer(&note->sender, g_free);
}

GBytes *envelope_outcome_pack(const struct mapping_recipient *recipient)
{
  GVariantDict dict;
  g_variant_dict_init(&dict, NULL);
  put_text(&dict, "orcpt", recipient->orcpt);
  put_text(&dict, "fallbacks", recipient->fallbacks);
  put_text(&dict, "remote", recipient->remote);
  g_variant_dict_insert(&dict, "notify", "u", recipient->notify);
  if (recipient->receipts)
    g_variant_dict_insert(&dict, "receipts", "u", recipient->receipts);
  if (recipient->number)
    g_variant_dict_insert(&dict, "number", "u", recipient->number);
  if (recipient->apart)
    g_variant_dict_insert(&dict, "apart", "u", recipient->apart);
  g_variant_dict_insert(&dict, "action", "u", (guint)recipient->action);
  g_variant_dict_insert(&dict, "failed", "b", (gboolean)recipient->failed);
  g_variant_dict_insert(&dict, "reason", "i", recipient->reason);
  g_variant_dict_insert(&dict, "diagnostic", "i", recipient->diagnostic);
  g_variant_dict_insert(&dict, "time", "x", recipient->time_us);
  if (recipient->redirected_us)
    g_variant_dict_insert(&dict, "redirected", "x", recipient->redirected_us);
  return finish(&dict);
}

struct mapping_recipient *envelope_recipient(const struct store_recipient *stored)
{
  struct mapping_recipient *recipient = mapping_recipient_new(stored->ordinal);
  recipient->address = g_strdup(stored->address);
  recipient->mapped = g_strdup(stored->mapped);
  recipient->hop = g_strdup(stored->hop);
  recipient->code = g_strdup(stored->code);
  recipient->words = g_strdup(stored->reason);
  GVariantDict dict;
  open_dict(&dict, stored->detail);
  recipient->orcpt = get_text(&dict, "orcpt");
  recipient->fallbacks = get_text(&dict, "fallbacks");
  recipient->remote = get_text(&dict, "remote");
  recipient->notify = get_number(&dict, "notify");
  recipient->receipts = get_number(&dict, "receipts");
  recipient->number = get_number(&dict, "number");
  recipient->apart = get_number(&dict, "apart");
  recipient->action = (enum mapping_action)get_number(&dict, "action");
  gboolean failed = FALSE;
  g_variant_dict_lookup(&dict, "failed", "b", &failed);
  recipient->failed = failed;
  recipient->reason = recipient->diagnostic = -1;
  g_variant_dict_lookup(&dict, "reason", "i", &recipient->reason);
  g_variant_dict_lookup(&dict, "diagnostic", "i", &recipient->diagnostic);
  g_variant_dict_lookup(&dict, "time", "x", &recipient->time_us);
  g_variant_dict_lookup(&dict, "redirected", "x", &recipient->redirected_us);
  g_variant_dict_clear(&dict);
  return recipient;
}

guint envelope_apart(const struct store_recipient *recipient)
{
  GVariantDict dict;
  open_dict(&dict, recipient->detail);
  guint apart = get_number(&dict, "apart");
  g_variant_dict_clear(&dict);
  return apart;
}

struct store_message *envelope_part(const struct store_message *message)
{
  struct store_message *part = store_message_new();
  part->id = message->id;
  part->parent = message->parent;
  part->state = message->state;
  part->held = message->held;
  part->received_us = message->received_us;
  part->expires_us = message->expires_us;
  part->origin = g_strdup(message->origin);
  part->priority = message->priority;
  part->generation = message->generation;
  part->attempts = message->attempts;
  part->envelope = message->envelope ? g_bytes_ref(message->envelope) : NULL;
  part->note = message->note ? g_bytes_ref(message->note) : NULL;
  part->size = message->size;
  part->body = message->body ? g_bytes_ref(message->body) : NULL;
  part->spool = g_strdup(message->spool);
  g_ptr_array_unref(part->answers);
  part->answers = g_ptr_array_ref(message->answers);
  return part;
}
