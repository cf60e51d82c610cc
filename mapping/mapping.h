/* mapping.h - the door of the mapping: one context per configuration generation, one function per kind of job.
 *
 * Pure functions of job and context: no clock, no socket, no random number, no file but the descriptors in the job.
 * Behind it, by block of RFC 2156: address (chapter 4), heading, body (RFC 2157), envelope, trace, report (chapter 5). */
#ifndef GW400_MAPPING_MAPPING_H
#define GW400_MAPPING_MAPPING_H

#include "mapping/job.h"
#include "mapping/settings.h"

#define MAPPING_ERROR (mapping_error_quark())
GQuark mapping_error_quark(void);
enum mapping_error { MAPPING_ERROR_ADDRESS, MAPPING_ERROR_NO_ROUTE, MAPPING_ERROR_SYNTAX, MAPPING_ERROR_LIMIT, MAPPING_ERROR_SETTINGS, MAPPING_ERROR_IO };

struct mapping_context {
  struct mapping_settings *settings;
  struct mcgam *tables;      /* compiled tables (mcgam.h); an empty one when tables_fd was -1 */
  struct or_routes *routes;  /* route.h */
  struct or_address *own;    /* settings->or_address, read */
  struct job_lookups *lookups; /* of the job that runs, sources.h; NULL: the compiled tables alone answer */
  GHashTable *charsets;      /* iconv handles opened before the sandbox closes (mime_charset.h) */
};
/* Error MAPPING_ERROR_SETTINGS says which key is wrong; tables_fd stays the caller's. */
struct mapping_context *mapping_context_new(GVariant *settings, int tables_fd, GError **error);
void mapping_context_free(struct mapping_context *context);

/* Runs MAP, READ, WRITE, REPORT or COMPILE. Never NULL: what cannot be done is said in the result's status and words. */
struct mapping_result *mapping_run(struct mapping_context *context, const struct mapping_job *job);

/* Sets status, and code and words from an error of address.h ("5.1.2 no ...": code and the rest). */
void mapping_result_fail(struct mapping_result *result, enum mapping_status status, const GError *error);

/* The single kinds, each in its file. */
void mapping_map(struct mapping_context *context, const struct mapping_job *job, struct mapping_result *result);
void mapping_read_mail(struct mapping_context *context, const struct mapping_job *job, struct mapping_result *result);
void mapping_read_apdu(struct mapping_context *context, const struct mapping_job *job, struct mapping_result *result);
void mapping_write_apdu(struct mapping_context *context, const struct mapping_job *job, struct mapping_result *result); /* mail -> P1 */
void mapping_write_mail(struct mapping_context *context, const struct mapping_job *job, struct mapping_result *result); /* P1 -> mail */
void mapping_write_transit(struct mapping_context *context, const struct mapping_job *job, struct mapping_result *result); /* same format in and out */
void mapping_report(struct mapping_context *context, const struct mapping_job *job, struct mapping_result *result);
void mapping_compile(const struct mapping_job *job, struct mapping_result *result);

#endif
