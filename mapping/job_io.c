/* job_io.c - contract: job_io.h. */
#include "mapping/downgrade.h"
#include "mapping/envelope.h"
#include "mapping/redirection.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <External.h>
#include <InformationObject.h>
#include <MTS-APDU.h>

enum { IN_MEMORY = 65536 };

struct octets *job_source(const struct mapping_job *job, GError **error)
{
  if (job->size > IN_MEMORY)
    return octets_new_file(job->in_fd, 0, job->size, error);
  g_autofree guint8 *memory = g_malloc(job->size + 1);
  gsize length = 0;
  while (length < job->size) {
    ssize_t count = pread(job->in_fd, memory + length, job->size - length, (off_t)length);
    if (count < 0 && errno == EINTR)
      continue;
    if (count <= 0) {
      g_set_error(error, MAPPING_ERROR, MAPPING_ERROR_IO, "the message cannot be read: %s",
                  count < 0 ? g_strerror(errno) : "it is shorter than was said");
      return NULL;
    }
    length += (gsize)count;
  }
  g_autoptr(GBytes) bytes = g_bytes_new_take(g_steal_pointer(&memory), length);
  return octets_new_bytes(bytes);
}

static bool digest_block(const guint8 *block, gsize length, void *user, GError **error)
{
  (void)error;
  g_checksum_update(user, block, (gssize)length);
  return true;
}

static GBytes *digest_of(const struct octets *octets, GError **error)
{
  g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
  guint8 digest[32];
  gsize length = sizeof digest;
  if (!octets_each(octets, digest_block, sum, error))
    return NULL;
  g_checksum_get_digest(sum, digest, &length);
  return g_bytes_new(digest, length);
}

void job_output(const struct mapping_job *job, struct octets *octets, struct mapping_result *result)
{
  g_autoptr(GError) error = NULL;
  bool large = octets_length(octets) >= MAPPING_DIGEST_MIN;
  if (lseek(job->out_fd, 0, SEEK_SET) != 0 || !octets_write_fd(octets, job->out_fd, &error) ||
      (large && !(result->digest = digest_of(octets, &error)))) {
    result->status = MAPPING_PARK;
    g_free(result->words);
    result->words =
        g_strdup_printf("the output cannot be written: %s", error ? error->message : g_strerror(errno));
    return;
  }
  result->size = octets_length(octets);
}

static struct asn1_limits limits_of(const struct mapping_context *context)
{
  return (struct asn1_limits){.elements = context->settings->elements_max};
}

/* RFC 1328 3: what a peer of 1984 had to write otherwise. */
static struct asn1_value *upgraded(struct mapping_context *context, const char *name, struct asn1_value *value)
{
  const struct mapping_peer *peer = mapping_settings_peer(context->settings, name);
  if (value && peer && peer->p1_1984)
    upgrade_value(context, value);
  return value;
}

static struct asn1_value *decode_apdu(struct mapping_context *context, const struct mapping_job *job,
                                      GError **error)
{
  struct asn1_limits limits = limits_of(context);
  g_autoptr(octets_t) received = job_source(job, error);
  g_autoptr(octets_t) source = !received        ? NULL
                               : job->truncated ? envelope_of_cut(received, error)
                                                : octets_ref(received);
  guint64 length;
  guint32 tag;
  if (!source || !asn1_peek(source, &length, &tag, error))
    return NULL;
  if (tag != 0x28)
    return asn1_decode(&asn_DEF_MTS_APDU, source, &limits, error);
  g_autoptr(asn1_value_t) wrapper = asn1_decode(&asn_DEF_External, source, &limits, error);
  if (!wrapper)
    return NULL;
  const struct External *external = asn1_value_get(wrapper);
  if (external->encoding.present != External__encoding_PR_single_ASN1_type) {
    g_set_error(error, MAPPING_ERROR, MAPPING_ERROR_SYNTAX,
                "the EXTERNAL holds no single ASN.1 type (X.419 12, X.227 9)");
    return NULL;
  }
  g_autoptr(octets_t) apdu =
      asn1_octets(wrapper, (const struct OCTET_STRING *)&external->encoding.choice.single_ASN1_type);
  return asn1_decode(&asn_DEF_MTS_APDU, apdu, &limits, error);
}

struct asn1_value *job_apdu(struct mapping_context *context, const struct mapping_job *job, GError **error)
{
  struct asn1_value *apdu = upgraded(context, job->peer, decode_apdu(context, job, error));
  if (apdu)
    redirection_apply(job, apdu);
  return apdu;
}

struct mime_mail *job_mail(struct mapping_context *context, const struct mapping_job *job, GError **error)
{
  const struct mapping_settings *settings = context->settings;
  struct mime_limits limits = {settings->depth_max, settings->parts_max, settings->headers_max};
  g_autoptr(octets_t) source = job_source(job, error);
  return source ? mime_mail_parse(source, context->charsets, &limits, error) : NULL;
}

struct asn1_value *job_content(struct mapping_context *context, const char *peer, struct octets *content,
                               GError **error)
{
  struct asn1_limits limits = limits_of(context);
  return upgraded(context, peer, asn1_decode(&asn_DEF_InformationObject, content, &limits, error));
}

const struct mapping_peer *job_hop_peer(struct mapping_context *context, const char *hop)
{
  return hop && g_str_has_prefix(hop, "p1:") ? mapping_settings_peer(context->settings, hop + 3) : NULL;
}

const struct mapping_gdi *job_domain(struct mapping_context *context, const struct mapping_peer *peer)
{
  return peer && peer->gdi.country ? &peer->gdi : &context->settings->gdi;
}

const char *job_mta_name(struct mapping_context *context, const struct mapping_peer *peer)
{
  if (peer && peer->local_mta && *peer->local_mta)
    return peer->local_mta;
  return context->settings->mta_name ? context->settings->mta_name : context->settings->hostname;
}

struct mail_time job_time(gint64 us)
{
  return (struct mail_time){us, 0};
}

bool job_deferral(struct mapping_context *context, const struct mapping_job *job,
                  const struct mail_time *asked)
{
  const struct mapping_peer *from = job->peer ? mapping_settings_peer(context->settings, job->peer) : NULL;
  return asked->us > job->received_us && (!job->peer || (from && from->deferred_honour));
}

struct mapping_recipient *job_recipient_copy(const struct mapping_recipient *recipient)
{
  struct mapping_recipient *copy = mapping_recipient_new(recipient->ordinal);
  copy->address = g_strdup(recipient->address);
  copy->mapped = g_strdup(recipient->mapped);
  copy->hop = g_strdup(recipient->hop);
  copy->orcpt = g_strdup(recipient->orcpt);
  copy->notify = recipient->notify;
  copy->receipts = recipient->receipts;
  copy->number = recipient->number;
  copy->apart = recipient->apart;
  copy->redirected_us = recipient->redirected_us;
  return copy;
}

void job_recipient_fail(struct mapping_recipient *recipient, const char *code, gint reason, gint diagnostic,
                        const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  g_free(recipient->words);
  g_autofree char *words = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  recipient->words = g_utf8_make_valid(words, -1);
  g_free(recipient->code);
  recipient->code = g_strdup(code);
  g_clear_pointer(&recipient->hop, g_free);
  recipient->failed = true;
  recipient->action = MAPPING_FAILED;
  recipient->reason = reason;
  recipient->diagnostic = diagnostic;
}

void job_recipient_error(struct mapping_recipient *recipient, const char *default_code, const GError *error)
{
  gsize length = strspn(error->message, "0123456789.");
  bool coded = length >= 5 && error->message[1] == '.' && error->message[length] == ' ';
  g_autofree char *code = coded ? g_strndup(error->message, length) : g_strdup(default_code);
  job_recipient_fail(recipient, code, -1, -1, "%s", error->message + (coded ? length + 1 : 0));
  if (strcmp(code, "4.4.3") == 0) { /* not refused: asked again by the retry schedule (4.2.1) */
    recipient->failed = false;
    recipient->hop = g_strdup(MAPPING_HOP_LOOKUP);
  }
}

void job_identifier_add(struct mapping_result *result, const char *kind, const char *value)
{
  if (!value || !*value)
    return;
  struct mapping_identifier *identifier = g_new(struct mapping_identifier, 1);
  *identifier = (struct mapping_identifier){g_strdup(kind), g_utf8_make_valid(value, -1)};
  g_ptr_array_add(result->identifiers, identifier);
}

char *job_or_text(const struct asn1_value *value, const struct ORName *name)
{
  g_autoptr(or_address_t) address = or_address_from_asn1(value, name, NULL);
  return address ? or_address_format(address) : NULL;
}

char *job_or_mailbox(struct mapping_context *context, const struct asn1_value *value,
                     const struct ORName *name, enum address_use use)
{
  g_autoptr(or_address_t) address = or_address_from_asn1(value, name, NULL);
  return address ? address_from_or(context, address, use, NULL, NULL) : NULL;
}
