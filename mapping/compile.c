/* The job COMPILE: the sources of the mapping tables into one file. */
#include "mapping/mapping.h"
#include "mapping/mcgam_check.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SOURCE_MAX (256u << 20) /* octets of one source */

static bool read_all(int fd, const char *file, GByteArray *text, GError **error)
{
  struct stat status;
  if (fstat(fd, &status) < 0 || status.st_size < 0 || (guint64)status.st_size > SOURCE_MAX) {
    g_set_error(error, MAPPING_ERROR, MAPPING_ERROR_LIMIT, "%s: not a file of at most %u octets", file,
                SOURCE_MAX);
    return false;
  }
  g_byte_array_set_size(text, (guint)status.st_size);
  for (gsize done = 0; done < text->len;) {
    gssize got = pread(fd, text->data + done, text->len - done, (off_t)done);
    if (got <= 0) {
      g_set_error(error, MAPPING_ERROR, MAPPING_ERROR_IO, "%s: %s", file,
                  got < 0 ? g_strerror(errno) : "cut short");
      return false;
    }
    done += (gsize)got;
  }
  return true;
}

static bool write_all(int fd, const GByteArray *octets, GError **error)
{
  for (gsize done = 0; done < octets->len;) {
    gssize put = pwrite(fd, octets->data + done, octets->len - done, (off_t)done);
    if (put <= 0) {
      g_set_error(error, MAPPING_ERROR, MAPPING_ERROR_IO, "compiled tables: %s", g_strerror(errno));
      return false;
    }
    done += (gsize)put;
  }
  return true;
}

static void text_free(gpointer text)
{
  g_byte_array_unref(text);
}

/* Fills sources and texts (which the sources point into) from the job. */
static bool read_sources(const struct mapping_job *job, GArray *sources, GPtrArray *texts, GError **error)
{
  g_autoptr(GVariant) tables =
      job->settings ? g_variant_lookup_value(job->settings, "tables", G_VARIANT_TYPE("aa{sv}")) : NULL;
  gsize count = tables ? g_variant_n_children(tables) : 0;
  if (count != job->table_fds->len) {
    g_set_error(error, MAPPING_ERROR, MAPPING_ERROR_SETTINGS,
                "settings: \"tables\" names %" G_GSIZE_FORMAT " files, %u came", count, job->table_fds->len);
    return false;
  }
  for (gsize i = 0; i < count; i++) {
    g_autoptr(GVariant) one = g_variant_get_child_value(tables, i);
    const char *kind = "", *file = "";
    g_variant_lookup(one, "kind", "&s", &kind);
    g_variant_lookup(one, "file", "&s", &file);
    struct mcgam_source source = {.table = mcgam_table_from_name(kind), .file = file};
    if (source.table == MCGAM_SOURCES) {
      g_set_error(error, MAPPING_ERROR, MAPPING_ERROR_SETTINGS,
                  "settings: \"%s\" is no kind of mapping table", kind);
      return false;
    }
    GByteArray *text = g_byte_array_new();
    g_ptr_array_add(texts, text);
    if (!read_all(g_array_index(job->table_fds, int, i), file, text, error))
      return false;
    source.text = (const char *)text->data;
    source.length = text->len;
    g_array_append_val(sources, source);
  }
  return true;
}

void mapping_compile(const struct mapping_job *job, struct mapping_result *result)
{
  g_autoptr(GArray) sources = g_array_new(FALSE, FALSE, sizeof(struct mcgam_source));
  g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(text_free);
  g_autoptr(GError) error = NULL;
  if (!read_sources(job, sources, texts, &error)) {
    mapping_result_fail(result, MAPPING_REFUSED, error);
    return;
  }
  const struct mcgam_source *all = (const struct mcgam_source *)(void *)sources->data;
  g_autoptr(GArray) origins = NULL;
  GByteArray *compiled = mcgam_compile_with_origins(all, sources->len, result->lines, &origins);
  if (!compiled) {
    result->status = MAPPING_REFUSED;
    result->words = g_strdup("the mapping tables have errors");
    return;
  }
  mcgam_check(job->settings, compiled, all, origins, MCGAM_CHECK_AT_LOAD, result->lines);
  result->size = compiled->len;
  if (!write_all(job->out_fd, compiled, &error))
    mapping_result_fail(result, MAPPING_REFUSED, error);
  g_byte_array_unref(compiled);
}
