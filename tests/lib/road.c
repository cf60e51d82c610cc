#include "lib/road.h"
#include "mapping/mime_word.h"

#include <check.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { OUTPUT_MAX = 1 << 30 };

static void add_text(GVariantBuilder *builder, const char *key, const char *value)
{
  if (value)
    g_variant_builder_add(builder, "{sv}", key, g_variant_new_string(value));
}

static GVariant *peer(const char *text_body, const char *attachment_body, const char *content_type)
{
  GVariantBuilder builder;
  g_variant_builder_init(&builder, G_VARIANT_TYPE_VARDICT);
  add_text(&builder, "name", "land");
  add_text(&builder, "country", "de");
  add_text(&builder, "admd", "x");
  add_text(&builder, "prmd", "sea");
  add_text(&builder, "local-mta", "sea-mta");
  add_text(&builder, "remote-mta", "land-mta");
  add_text(&builder, "text-body", text_body);
  add_text(&builder, "attachment-body", attachment_body);
  add_text(&builder, "content-type", content_type);
  return g_variant_builder_end(&builder);
}

static GVariant *route(const char *or_address)
{
  GVariantBuilder builder;
  g_variant_builder_init(&builder, G_VARIANT_TYPE_VARDICT);
  add_text(&builder, "or", or_address);
  add_text(&builder, "peer", "land");
  return g_variant_builder_end(&builder);
}

struct mapping_context *road_context(const char *domain, const char *text_body, const char *attachment_body,
                                     const char *content_type)
{
  GVariantBuilder builder, list;
  g_variant_builder_init(&builder, G_VARIANT_TYPE_VARDICT);
  g_autofree char *administrator = g_strdup_printf("postmaster@%s", domain);
  add_text(&builder, "domain", domain);
  add_text(&builder, "hostname", domain);
  add_text(&builder, "administrator", administrator);
  add_text(&builder, "or-address", "/S=gateway/PRMD=sea/ADMD=x/C=de/");
  add_text(&builder, "country", "de");
  add_text(&builder, "admd", "x");
  add_text(&builder, "prmd", "sea");
  add_text(&builder, "mta-name", "sea-mta");
  g_variant_builder_init(&list, G_VARIANT_TYPE("aa{sv}"));
  g_variant_builder_add_value(&list, peer(text_body, attachment_body, content_type));
  g_variant_builder_add(&builder, "{sv}", "peers", g_variant_builder_end(&list));
  g_variant_builder_init(&list, G_VARIANT_TYPE("aa{sv}"));
  g_variant_builder_add_value(&list, route("/PRMD=land/ADMD=x/C=de/"));
  g_variant_builder_add(&builder, "{sv}", "routes", g_variant_builder_end(&list));
  g_autoptr(GVariant) settings = g_variant_ref_sink(g_variant_builder_end(&builder));
  g_autoptr(GError) error = NULL;
  struct mapping_context *context = mapping_context_new(settings, -1, &error);
  ck_assert_msg(context != NULL, "%s", error ? error->message : "");
  return context;
}

struct mapping_job *road_job(enum mapping_kind kind, enum mapping_format format, const void *octets,
                             gsize length)
{
  struct mapping_job *job = mapping_job_new(kind);
  job->format = format;
  job->id = 0x1234567890;
  job->received_us = G_GINT64_CONSTANT(1700000000) * G_USEC_PER_SEC;
  job->now_us = job->received_us + 60 * G_USEC_PER_SEC;
  job->size = length;
  job->in_fd = memfd_create("in", MFD_CLOEXEC);
  job->out_fd = memfd_create("out", MFD_CLOEXEC);
  ck_assert_int_eq(write(job->in_fd, octets, length), (ssize_t)length);
  if (!job->recipients)
    job->recipients = g_ptr_array_new_with_free_func((GDestroyNotify)mapping_recipient_free);
  return job;
}

struct mapping_recipient *road_recipient(struct mapping_job *job, const char *address, const char *mapped,
                                         const char *hop)
{
  struct mapping_recipient *recipient = mapping_recipient_new(job->recipients->len);
  recipient->address = g_strdup(address);
  recipient->mapped = g_strdup(mapped);
  recipient->hop = g_strdup(hop);
  g_ptr_array_add(job->recipients, recipient);
  job->recipients_total = job->recipients->len;
  return recipient;
}

struct mapping_result *road_run(struct mapping_context *context, struct mapping_job *job, GBytes **output_r)
{
  struct mapping_result *result = mapping_run(context, job);
  if (output_r) {
    ck_assert_uint_le(result->size, OUTPUT_MAX);
    char *octets = g_malloc(result->size + 1);
    ck_assert_int_eq(pread(job->out_fd, octets, result->size, 0), (ssize_t)result->size);
    *output_r = g_bytes_new_take(octets, result->size);
  }
  return result;
}

static GBytes *finish(struct mapping_result *result, GBytes *output, GPtrArray **losses_r)
{
  ck_assert_msg(result->status == MAPPING_OK, "%s", result->words ? result->words : "");
  if (losses_r)
    *losses_r = g_ptr_array_ref(result->losses);
  mapping_result_free(result);
  return output;
}

GBytes *road_to_x400(struct mapping_context *context, const char *sender, const char *recipient, GBytes *mail,
                     GPtrArray **losses_r)
{
  gsize length;
  const void *octets = g_bytes_get_data(mail, &length);
  g_autoptr(mapping_job_t) job = road_job(MAPPING_WRITE, MAPPING_MAIL, octets, length);
  job->sender = g_strdup(sender);
  job->client = g_strdup("client.example [192.0.2.1]");
  job->hop = g_strdup("p1:land");
  road_recipient(job, recipient, NULL, "p1:land");
  GBytes *output;
  struct mapping_result *result = road_run(context, job, &output);
  return finish(result, output, losses_r);
}

GBytes *road_to_mail(struct mapping_context *context, const char *recipient, GBytes *apdu,
                     GPtrArray **losses_r)
{
  gsize length;
  const void *octets = g_bytes_get_data(apdu, &length);
  g_autoptr(mapping_job_t) job = road_job(MAPPING_WRITE, MAPPING_APDU, octets, length);
  job->peer = g_strdup("land");
  job->hop = g_strdup("smtp:example.org");
  road_recipient(job, recipient, recipient, "smtp:example.org");
  GBytes *output;
  struct mapping_result *result = road_run(context, job, &output);
  return finish(result, output, losses_r);
}

bool road_lost(GPtrArray *losses, const char *text)
{
  for (guint i = 0; i < losses->len; i++)
    if (strstr(losses->pdata[i], text))
      return true;
  return false;
}

GBytes *road_file(const char *path)
{
  char *contents;
  gsize length;
  g_autoptr(GError) error = NULL;
  ck_assert_msg(g_file_get_contents(path, &contents, &length, &error), "%s", error ? error->message : "");
  return g_bytes_new_take(contents, length);
}

struct mime_mail *road_parse(struct mapping_context *context, GBytes *mail)
{
  struct mime_limits limits = {20, 1000, 10000};
  g_autoptr(octets_t) source = octets_new_bytes(mail);
  g_autoptr(GError) error = NULL;
  struct mime_mail *parsed = mime_mail_parse(source, context->charsets, &limits, &error);
  ck_assert_msg(parsed != NULL, "%s", error ? error->message : "");
  return parsed;
}

GBytes *road_content(const struct mime_mail *mail, const struct mime_part *part)
{
  g_autoptr(mime_spill_t) spill = mime_spill_new();
  g_autoptr(octets_t) octets = mime_part_content(mail, part, spill, NULL);
  ck_assert_ptr_nonnull(octets);
  return octets_to_bytes(octets, OUTPUT_MAX, NULL);
}

char *road_field(struct mapping_context *context, const struct mime_part *part, const char *name)
{
  g_autofree char *body = mime_part_fields(part, name);
  return body ? mime_word_decode(context->charsets, body) : NULL;
}

void road_check_field(struct mapping_context *context, const struct mime_part *part, const char *name,
                      const char *wanted)
{
  g_autofree char *text = road_field(context, part, name);
  ck_assert_msg(!g_strcmp0(text, wanted), "%s: %s, not %s", name, text ? text : "(none)",
                wanted ? wanted : "(none)");
}
