/* reporting.c - MAPPING_REPORT: the originator gets word in the format that it wrote in. */
#include "mapping/reporting.h"

void mapping_report(struct mapping_context *context, const struct mapping_job *job,
                    struct mapping_result *result)
{
  if (job->format == MAPPING_MAIL)
    report_on_mail(context, job, result);
  else
    report_on_apdu(context, job, result);
}
