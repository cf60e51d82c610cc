/* road.h - jobs of the mapping as the relay gives them, for tests: octets in, octets out, descriptors kept
 * out of sight. */
#ifndef GW400_TESTS_ROAD_H
#define GW400_TESTS_ROAD_H

#include "mapping/mapping.h"
#include "mapping/mime_in.h"

/* A gateway: domain "sea.example" or another; peer "land" with the given habits ("general-text",
 * "file-transfer", "auto"; NULL: these). Routes: O/R addresses of C=de ADMD=x PRMD=land to the peer, the rest
 * to mail. */
struct mapping_context *road_context(const char *domain, const char *text_body, const char *attachment_body,
                                     const char *content_type);
/* Fixed times and identifiers. Recipients are added with road_recipient(). */
struct mapping_job *road_job(enum mapping_kind kind, enum mapping_format format, const void *octets,
                             gsize length);
struct mapping_recipient *road_recipient(struct mapping_job *job, const char *address, const char *mapped,
                                         const char *hop);
/* Runs it; the output's octets in *output_r (may be NULL), caller frees. */
struct mapping_result *road_run(struct mapping_context *context, struct mapping_job *job, GBytes **output_r);

/* A mail to X.400 and an APDU to mail in one step each, for one recipient; caller frees. losses_r may be
 * NULL. */
GBytes *road_to_x400(struct mapping_context *context, const char *sender, const char *recipient, GBytes *mail,
                     GPtrArray **losses_r);
GBytes *road_to_mail(struct mapping_context *context, const char *recipient, GBytes *apdu,
                     GPtrArray **losses_r);
/* Whether a list of losses has one that contains text. */
bool road_lost(GPtrArray *losses, const char *text);

/* Reads a mail, decodes a part's content, asks for the decoded text of all fields of a name; NULL: there is
 * none. Caller frees. */
struct mime_mail *road_parse(struct mapping_context *context, GBytes *mail);
GBytes *road_content(const struct mime_mail *mail, const struct mime_part *part);
char *road_field(struct mapping_context *context, const struct mime_part *part, const char *name);
/* Fails the test when a field's decoded text is not wanted (NULL: when it is there). */
void road_check_field(struct mapping_context *context, const struct mime_part *part, const char *name,
                      const char *wanted);
GBytes *road_file(const char *path);

#endif
