#include "mapping/sources.h"

static bool needs_context(enum mapping_kind kind)
{
  return kind != MAPPING_SETUP && kind != MAPPING_COMPILE;
}

static bool is_apdu_hop(const char *hop)
{
  return hop && g_str_has_prefix(hop, "p1:");
}

/* From the format that came to the one that the hop speaks. */
static void write_job(struct mapping_context *context, const struct mapping_job *job, struct mapping_result *result)
{
  bool to_apdu = is_apdu_hop(job->hop);
  if (to_apdu == (job->format == MAPPING_APDU))
    mapping_write_transit(context, job, result);
  else if (to_apdu)
    mapping_write_apdu(context, job, result);
  else
    mapping_write_mail(context, job, result);
}

static void read_job(struct mapping_context *context, const struct mapping_job *job, struct mapping_result *result)
{
  if (job->format == MAPPING_APDU)
    mapping_read_apdu(context, job, result);
  else
    mapping_read_mail(context, job, result);
}

struct mapping_result *mapping_run(struct mapping_context *context, const struct mapping_job *job)
{
  struct mapping_result *result = mapping_result_new();
  if (needs_context(job->kind) && !context) {
    result->status = MAPPING_PARK;
    result->words = g_strdup("a job before the settings");
    return result;
  }
  if (context)
    sources_begin(context, job);
  switch (job->kind) {
  case MAPPING_SETUP: /* made into a context by its receiver */
    break;
  case MAPPING_MAP:
    mapping_map(context, job, result);
    break;
  case MAPPING_READ:
    read_job(context, job, result);
    break;
  case MAPPING_WRITE:
    write_job(context, job, result);
    break;
  case MAPPING_REPORT:
    mapping_report(context, job, result);
    break;
  case MAPPING_COMPILE:
    mapping_compile(job, result);
    break;
  }
  if (context)
    sources_end(context, result);
  return result;
}
