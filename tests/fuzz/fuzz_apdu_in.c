/* fuzz_apdu_in.c - any octets as an MTS-APDU that a peer transferred: message, report, probe.
 *
 * The first octet chooses the peer, small limits, and whether the octets are what was kept of a larger APDU.
 * The APDU is read; then it is written as a mail for the recipients that leave X.400 here, passed on to
 * another peer for those that do not, and reported on; a failed one that has an alternate is written for
 * that. */
#include "conversion.h"

#include "asn1/codec.h"

#include <MPDU.h>
#include <MTS-APDU.h>
#include <stdio.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { RECIPIENTS = 4, TRUNCATED = 0x80 };

static struct mapping_job *job_for(enum mapping_kind kind, GBytes *apdu, uint8_t flags)
{
  struct mapping_job *job = conversion_job(kind, MAPPING_APDU, apdu);
  job->peer = g_strdup(conversion_hop(flags & 0x0f) + strlen("p1:"));
  job->truncated = flags & TRUNCATED;
  return job;
}

/* Recipients of the result with a hop of that kind; the job takes the first one's hop. */
static bool add_recipients(struct mapping_job *job, const struct mapping_result *found, const char *kind)
{
  for (guint i = 0; i < found->recipients->len && job->recipients->len < RECIPIENTS; i++) {
    const struct mapping_recipient *recipient = found->recipients->pdata[i];
    if (recipient->failed || recipient->hop == NULL || !g_str_has_prefix(recipient->hop, kind))
      continue;
    if (job->hop == NULL)
      job->hop = g_strdup(recipient->hop);
    struct mapping_recipient *copy =
        conversion_recipient(job, recipient->address, recipient->mapped, recipient->hop);
    copy->ordinal = recipient->ordinal;
    copy->notify = recipient->notify;
  }
  job->recipients_total = found->recipients->len;
  return job->recipients->len > 0;
}

static void check_mail(GBytes *mail)
{
  gsize length;
  const char *text = g_bytes_get_data(mail, &length);
  for (gsize i = 0; i < length; i++)
    if (text[i] == '\n')
      conversion_must(i > 0 && text[i - 1] == '\r');
}

static void write_mail(struct mapping_context *context, GBytes *apdu, const struct mapping_result *found,
                       uint8_t flags)
{
  g_autoptr(mapping_job_t) job = job_for(MAPPING_WRITE, apdu, flags);
  g_autoptr(GBytes) mail = NULL, again = NULL;
  if (!add_recipients(job, found, "smtp:"))
    return;
  g_autoptr(mapping_result_t) result = conversion_run(context, job, &mail);
  g_autoptr(mapping_result_t) repeated = conversion_run(context, job, &again);
  conversion_must(result->status == repeated->status && (mail == NULL) == (again == NULL));
  if (mail == NULL)
    return;
  conversion_must(g_bytes_equal(mail, again));
  check_mail(mail);
}

/* Whatever came, what leaves for 1984 is of 1984. */
static void check_1984(const void *octets, gsize length)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(asn1_value_t) value = asn1_decode_mem(&asn_DEF_MPDU, octets, length, NULL, &error);
  if (value == NULL)
    fprintf(stderr, "not of 1984: %s\n", error->message);
  conversion_must(value != NULL);
}

static void pass_on(struct mapping_context *context, GBytes *apdu, const struct mapping_result *found,
                    uint8_t flags)
{
  g_autoptr(mapping_job_t) job = job_for(MAPPING_WRITE, apdu, flags);
  g_autoptr(GBytes) out = NULL;
  if (!add_recipients(job, found, "p1:"))
    return;
  g_autoptr(mapping_result_t) result = conversion_run(context, job, &out);
  conversion_must((result->status == MAPPING_OK) == (out != NULL));
  if (out == NULL)
    return;
  gsize length;
  const void *start = g_bytes_get_data(out, &length);
  g_autoptr(asn1_value_t) value = asn1_decode_mem(&asn_DEF_MTS_APDU, start, length, NULL, NULL);
  conversion_must(value != NULL);
  if (strcmp(job->hop, "p1:old") == 0)
    check_1984(start, length);
}

/* A failed recipient whose originator asked for an alternate: written for that. */
static void redirect(struct mapping_context *context, GBytes *apdu, const struct mapping_recipient *to,
                     uint8_t flags)
{
  g_autoptr(mapping_job_t) job = job_for(MAPPING_WRITE, apdu, flags);
  conversion_must(to->hop != NULL && to->mapped != NULL && to->redirected_us == job->now_us);
  job->hop = g_strdup(to->hop);
  struct mapping_recipient *copy = conversion_recipient(job, to->address, to->mapped, to->hop);
  copy->ordinal = to->ordinal;
  copy->redirected_us = to->redirected_us;
  job->recipients_total = 1;
  g_autoptr(GBytes) out = NULL;
  g_autoptr(mapping_result_t) result = conversion_run(context, job, &out);
  conversion_must((result->status == MAPPING_OK) == (out != NULL));
}

static void report(struct mapping_context *context, GBytes *apdu, const struct mapping_result *found,
                   uint8_t flags)
{
  g_autoptr(mapping_job_t) job = job_for(MAPPING_REPORT, apdu, flags);
  if (found->no_report)
    return;
  for (guint i = 0; i < found->recipients->len && i < RECIPIENTS; i++) {
    const struct mapping_recipient *recipient = found->recipients->pdata[i];
    struct mapping_recipient *outcome =
        conversion_recipient(job, recipient->address, recipient->mapped, recipient->hop);
    outcome->ordinal = recipient->ordinal;
    outcome->notify = recipient->notify;
    outcome->failed = i % 2 == 0;
    outcome->action = outcome->failed ? MAPPING_FAILED : MAPPING_DELIVERED;
    outcome->code = g_strdup(outcome->failed ? "5.1.1" : "2.0.0");
    outcome->words = g_strdup("no such user");
    outcome->reason = outcome->diagnostic = -1;
    outcome->time_us = job->now_us;
  }
  if (job->recipients->len == 0)
    return;
  g_autoptr(GBytes) out = NULL;
  g_autoptr(mapping_result_t) result = conversion_run(context, job, &out);
  for (guint i = 0; i < result->redirected->len; i++)
    redirect(context, apdu, result->redirected->pdata[i], flags);
  if (out == NULL)
    return;
  gsize length;
  const void *start = g_bytes_get_data(out, &length);
  g_autoptr(asn1_value_t) value = asn1_decode_mem(&asn_DEF_MTS_APDU, start, length, NULL, NULL);
  conversion_must(result->format != MAPPING_APDU || value != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  if (size < 1)
    return 0;
  uint8_t flags = data[0];
  struct mapping_context *context = conversion_context(flags & CONVERSION_SMALL_LIMITS);
  g_autoptr(GBytes) apdu = g_bytes_new(data + 1, size - 1);
  g_autoptr(mapping_job_t) read = job_for(MAPPING_READ, apdu, flags);
  g_autoptr(mapping_result_t) found = conversion_run(context, read, NULL);
  if (found->status != MAPPING_OK)
    return 0;
  conversion_must(found->duplicate_key != NULL);
  write_mail(context, apdu, found, flags);
  pass_on(context, apdu, found, flags);
  report(context, apdu, found, flags);
  return 0;
}
