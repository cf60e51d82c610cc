/* fuzz_mail_in.c - any octets as a mail on its way to X.400.
 *
 * The first octet chooses the peer, small limits, whether the sender is empty (a delivery status notification
 * is looked for then), and whether it is reported on instead.  The mail is read, written as an APDU, and that
 * APDU must be one: it decodes, is read, and becomes a mail again. The same mail once more must give the same
 * octets. */
#include "conversion.h"

#include "asn1/codec.h"

#include <MPDU.h>
#include <MTS-APDU.h>
#include <UAPDU.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { REPORT = 0x20, NO_SENDER = 0x80 };

static struct mapping_job *write_job(GBytes *mail, uint8_t flags)
{
  struct mapping_job *job = conversion_job(MAPPING_WRITE, MAPPING_MAIL, mail);
  job->sender = g_strdup(flags & NO_SENDER ? "" : "joerg@sea.test");
  job->envid = g_strdup("envelope-1");
  job->hop = g_strdup(conversion_hop(flags & 0x0f));
  struct mapping_recipient *recipient =
      conversion_recipient(job, "ann@land.test", "/S=ann/PRMD=land/ADMD=demo/C=xx/", job->hop);
  recipient->orcpt = g_strdup("rfc822;ann@land.test");
  conversion_recipient(job, "bob@land.test", "/S=bob/PRMD=land/ADMD=demo/C=xx/", job->hop);
  return job;
}

static GBytes *write_apdu(struct mapping_context *context, GBytes *mail, uint8_t flags)
{
  g_autoptr(mapping_job_t) job = write_job(mail, flags);
  GBytes *apdu = NULL;
  g_autoptr(mapping_result_t) result = conversion_run(context, job, &apdu);
  conversion_must((result->status == MAPPING_OK) == (apdu != NULL));
  return apdu;
}

static void check_apdu(GBytes *apdu)
{
  gsize length;
  const void *start = g_bytes_get_data(apdu, &length);
  g_autoptr(asn1_value_t) value = asn1_decode_mem(&asn_DEF_MTS_APDU, start, length, NULL, NULL);
  conversion_must(value != NULL);
}

/* Envelope and content for a peer of 1984 are of 1984, whatever the mail was. */
static void check_1984(GBytes *apdu)
{
  gsize length;
  const void *start = g_bytes_get_data(apdu, &length);
  g_autoptr(asn1_value_t) value = asn1_decode_mem(&asn_DEF_MPDU, start, length, NULL, NULL);
  conversion_must(value != NULL);
  const MPDU_t *mpdu = asn1_value_get(value);
  if (mpdu->present != MPDU_PR_user)
    return;
  g_autoptr(octets_t) octets = asn1_octets(value, &mpdu->choice.user.content);
  g_autoptr(asn1_value_t) content = asn1_decode(&asn_DEF_UAPDU, octets, NULL, NULL);
  conversion_must(content != NULL);
}

/* Back to mail in the gateway behind the other end. */
static void write_back(GBytes *apdu)
{
  struct mapping_context *context = conversion_context(false);
  g_autoptr(mapping_job_t) read = conversion_job(MAPPING_READ, MAPPING_APDU, apdu);
  read->peer = g_strdup("land");
  g_autoptr(mapping_result_t) found = conversion_run(context, read, NULL);
  conversion_must(found->status == MAPPING_OK);
  g_autoptr(mapping_job_t) write = conversion_job(MAPPING_WRITE, MAPPING_APDU, apdu);
  write->peer = g_strdup("land");
  write->hop = g_strdup("smtp:[mail.test]:25");
  conversion_recipient(write, "/S=ann/PRMD=land/ADMD=demo/C=xx/", "ann@land.test", write->hop);
  g_autoptr(GBytes) mail = NULL;
  g_autoptr(mapping_result_t) result = conversion_run(context, write, &mail);
  conversion_must(result->status == MAPPING_OK && mail != NULL);
}

/* The report that the mail's sender gets. */
static void report(struct mapping_context *context, GBytes *mail, uint8_t flags)
{
  g_autoptr(mapping_job_t) job = write_job(mail, flags);
  job->kind = MAPPING_REPORT;
  job->ret = flags & 1 ? MAPPING_RET_FULL : MAPPING_RET_HDRS;
  for (guint i = 0; i < job->recipients->len; i++) {
    struct mapping_recipient *outcome = job->recipients->pdata[i];
    outcome->failed = i == 0;
    outcome->action = outcome->failed ? MAPPING_FAILED : MAPPING_DELIVERED;
    outcome->code = g_strdup(outcome->failed ? "5.1.1" : "2.0.0");
    outcome->words = g_strdup("no such user");
    outcome->reason = outcome->diagnostic = -1;
    outcome->time_us = job->now_us;
  }
  g_autoptr(GBytes) out = NULL;
  g_autoptr(mapping_result_t) result = conversion_run(context, job, &out);
  /* nobody is told of a mail without a sender */
  conversion_must(result->status != MAPPING_OK || out != NULL || flags & NO_SENDER);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  if (size < 1)
    return 0;
  uint8_t flags = data[0];
  struct mapping_context *context = conversion_context(flags & CONVERSION_SMALL_LIMITS);
  g_autoptr(GBytes) mail = g_bytes_new(data + 1, size - 1);

  if (flags & REPORT) {
    report(context, mail, flags);
    return 0;
  }
  g_autoptr(mapping_job_t) read = write_job(mail, flags);
  read->kind = MAPPING_READ;
  g_autoptr(mapping_result_t) found = conversion_run(context, read, NULL);
  conversion_must(found->status == MAPPING_PARK || found->recipients->len == read->recipients->len);

  g_autoptr(GBytes) apdu = write_apdu(context, mail, flags);
  if (apdu == NULL)
    return 0;
  g_autoptr(GBytes) again = write_apdu(context, mail, flags);
  conversion_must(again != NULL && g_bytes_equal(apdu, again));
  check_apdu(apdu);
  if (strcmp(conversion_hop(flags & 0x0f), "p1:old") == 0)
    check_1984(apdu);
  if (found->content == MAPPING_CONTENT_MESSAGE)
    write_back(apdu);
  return 0;
}
