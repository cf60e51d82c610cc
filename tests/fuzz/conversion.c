#include "conversion.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "mapping/mcgam_compile.h"

#define RECEIVED_US 1795454400000000 /* 2026-11-23 */

static const char SETTINGS[] =
    "{'domain': <'gw.test'>, 'hostname': <'gw.test'>, 'administrator': <'postmaster@gw.test'>,"
    " 'or-address': <'/S=gateway/PRMD=sea/ADMD=demo/C=xx/'>,"
    " 'country': <'xx'>, 'admd': <'demo'>, 'prmd': <'sea'>, 'mta-name': <'sea'>, %s"
    " 'peers': <[{'name': <'land'>, 'local-mta': <'sea'>, 'remote-mta': <'land'>, 'facsimile': <'tiff'>},"
    "            {'name': <'iron'>, 'local-mta': <'sea'>, 'remote-mta': <'iron'>, 'text-body': <'ia5'>,"
    "             'attachment-body': <'bilateral'>},"
    "            {'name': <'old'>, 'local-mta': <'sea'>, 'remote-mta': <'old'>, 'text-body': <'teletex'>,"
    "             'mode': <'1984'>}]>,"
    " 'routes': <[{'or': <'/PRMD=land/ADMD=demo/C=xx/'>, 'peer': <'land'>},"
    "             {'or': <'/PRMD=iron/ADMD=demo/C=xx/'>, 'peer': <'iron'>},"
    "             {'or': <'/C=xx/'>, 'peer': <'old'>},"
    "             {'domain': <'.'>, 'smarthost': <'mail.test'>}]>}";
static const char LIMITS[] = "'depth-max': <uint32 4>, 'parts-max': <uint32 6>, 'headers-max': <uint32 30>,"
                             " 'elements-max': <uint32 400>, 'hops-max': <uint32 4>,";

void conversion_must(bool good)
{
  if (!good)
    abort();
}

static int memory(const void *octets, gsize length)
{
  int fd = memfd_create("conversion", MFD_CLOEXEC);
  conversion_must(fd >= 0 && write(fd, octets, length) == (ssize_t)length);
  return fd;
}

static int tables(void)
{
  static const char domain_to_or[] =
      "land.test#PRMD$land.ADMD$demo.C$xx#\nsea.test#PRMD$sea.ADMD$demo.C$xx#\n",
                    or_to_domain[] =
                        "PRMD$land.ADMD$demo.C$xx#land.test#\nPRMD$sea.ADMD$demo.C$xx#sea.test#\n";
  const struct mcgam_source sources[] = {
      {MCGAM_DOMAIN_TO_OR, "domain-to-or", domain_to_or, strlen(domain_to_or)},
      {MCGAM_OR_TO_DOMAIN, "or-to-domain", or_to_domain, strlen(or_to_domain)}};
  g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GByteArray) compiled = mcgam_compile(sources, G_N_ELEMENTS(sources), lines);
  conversion_must(compiled != NULL);
  return memory(compiled->data, compiled->len);
}

struct mapping_context *conversion_context(bool small_limits)
{
  static struct mapping_context *contexts[2];
  struct mapping_context **context = &contexts[small_limits];
  if (*context == NULL) {
    g_autofree char *text = g_strdup_printf(SETTINGS, small_limits ? LIMITS : "");
    g_autoptr(GVariant) settings = g_variant_parse(G_VARIANT_TYPE_VARDICT, text, NULL, NULL, NULL);
    conversion_must(settings != NULL);
    int fd = tables();
    *context = mapping_context_new(settings, fd, NULL);
    close(fd);
    conversion_must(*context != NULL);
  }
  return *context;
}

const char *conversion_hop(guint number)
{
  static const char *const hops[CONVERSION_PEERS] = {"p1:land", "p1:iron", "p1:old"};
  return hops[number % CONVERSION_PEERS];
}

struct mapping_job *conversion_job(enum mapping_kind kind, enum mapping_format format, GBytes *octets)
{
  gsize length;
  const void *start = g_bytes_get_data(octets, &length);
  struct mapping_job *job = mapping_job_new(kind);
  job->format = format;
  job->id = 4711;
  job->received_us = RECEIVED_US;
  job->now_us = RECEIVED_US + 60 * G_USEC_PER_SEC;
  job->in_fd = memory(start, length);
  job->out_fd = memory("", 0);
  job->size = length;
  return job;
}

struct mapping_recipient *conversion_recipient(struct mapping_job *job, const char *address,
                                               const char *mapped, const char *hop)
{
  struct mapping_recipient *recipient = mapping_recipient_new(job->recipients->len);
  recipient->address = g_strdup(address);
  recipient->mapped = g_strdup(mapped);
  recipient->hop = g_strdup(hop);
  g_ptr_array_add(job->recipients, recipient);
  job->recipients_total = job->recipients->len;
  return recipient;
}

/* What crosses the sandbox's wall and stands in audit records is text. */
static void check_text(const char *text)
{
  conversion_must(text == NULL || g_utf8_validate(text, -1, NULL));
}

static void check_recipient(const struct mapping_recipient *recipient)
{
  check_text(recipient->address);
  check_text(recipient->mapped);
  check_text(recipient->words);
  conversion_must(recipient->failed || recipient->hop != NULL || recipient->mapped == NULL);
  conversion_must(recipient->mapped == NULL || strpbrk(recipient->mapped, "\r\n") == NULL);
}

static void check_result(const struct mapping_result *result)
{
  conversion_must(result->status != MAPPING_PARK || result->words != NULL);
  check_text(result->words);
  check_text(result->sender);
  conversion_must(result->sender == NULL || strpbrk(result->sender, "\r\n") == NULL);
  for (guint i = 0; i < result->recipients->len; i++)
    check_recipient(result->recipients->pdata[i]);
  for (guint i = 0; i < result->identifiers->len; i++)
    check_text(((const struct mapping_identifier *)result->identifiers->pdata[i])->value);
  for (guint i = 0; i < result->losses->len; i++)
    check_text(result->losses->pdata[i]);
}

static GBytes *written(const struct mapping_job *job, gsize size)
{
  guint8 *octets = g_malloc(size + 1);
  conversion_must(pread(job->out_fd, octets, size + 1, 0) == (ssize_t)size);
  return g_bytes_new_take(octets, size);
}

struct mapping_result *conversion_run(struct mapping_context *context, const struct mapping_job *job,
                                      GBytes **output_r)
{
  struct mapping_result *result = mapping_run(context, job);
  check_result(result);
  if (output_r != NULL)
    *output_r = result->status == MAPPING_OK && result->size > 0 ? written(job, result->size) : NULL;
  return result;
}
