#include "cli/offline.h"

#include "config/config.h"
#include "mapping/mcgam_compile.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* The sample: settings as mapping/settings.h names them, tables as in conf/mapping. */
static const char SETTINGS[] =
    "{'domain': <'gw.sea.example'>, 'hostname': <'gw.sea.example'>, 'administrator': "
    "<'postmaster@sea.example'>,"
    " 'or-address': <'/S=gateway/PRMD=sea/ADMD=demo/C=xx/'>,"
    " 'country': <'xx'>, 'admd': <'demo'>, 'prmd': <'sea'>, 'mta-name': <'sea'>,"
    " 'peers': <[{'name': <'land'>, 'local-mta': <'sea'>, 'remote-mta': <'land'>, 'text-body': "
    "<'general-text'>,"
    "             'attachment-body': <'file-transfer'>, 'content-type': <'auto'>}]>,"
    " 'routes': <[{'or': <'/PRMD=land/ADMD=demo/C=xx/'>, 'peer': <'land'>},"
    "             {'or': <'/ADMD=faraway/C=xx/'>, 'peer': <'land'>},"
    "             {'domain': <'sea.example'>, 'smarthost': <'localhost'>}]>}";
static const struct {
  enum mcgam_table table;
  const char *text;
} TABLES[] = {
    {MCGAM_DOMAIN_TO_OR, "sea.example#PRMD$sea.ADMD$demo.C$xx#\n"
                         "land.example#PRMD$land.ADMD$demo.C$xx#\n"},
    {MCGAM_OR_TO_DOMAIN, "PRMD$sea.ADMD$demo.C$xx#sea.example#\n"
                         "PRMD$land.ADMD$demo.C$xx#land.example#\n"},
    {MCGAM_DOMAIN_TO_OR_GATEWAY, "island.example#PRMD$land.ADMD$demo.C$xx#\n"},
    {MCGAM_OR_TO_DOMAIN_GATEWAY, "ADMD$faraway.C$xx#gw.land.example#\n"},
};

int cli_offline_memfd(const void *data, gsize length, GError **error)
{
  int fd = memfd_create("gw400", MFD_CLOEXEC);
  gsize done = 0;
  while (fd >= 0 && done < length) {
    gssize put = write(fd, (const char *)data + done, length - done);
    if (put <= 0)
      break;
    done += (gsize)put;
  }
  if (fd >= 0 && done == length && lseek(fd, 0, SEEK_SET) == 0)
    return fd;
  g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno), "memfd: %s", g_strerror(errno));
  if (fd >= 0)
    close(fd);
  return -1;
}

static void tell(const GPtrArray *lines)
{
  for (guint i = 0; i < lines->len; i++)
    fprintf(stderr, "%s\n", (char *)lines->pdata[i]);
}

static bool compile(const struct mcgam_source *sources, guint count, struct cli_offline *offline)
{
  g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GError) error = NULL;
  GByteArray *compiled = mcgam_compile(sources, count, lines);
  if (!compiled) {
    tell(lines);
    return false;
  }
  offline->tables_fd = cli_offline_memfd(compiled->data, compiled->len, &error);
  g_byte_array_unref(compiled);
  if (error)
    fprintf(stderr, "gw400: %s\n", error->message);
  return offline->tables_fd >= 0;
}

static bool load_sample(struct cli_offline *offline)
{
  struct mcgam_source sources[G_N_ELEMENTS(TABLES)];
  for (gsize i = 0; i < G_N_ELEMENTS(TABLES); i++)
    sources[i] = (struct mcgam_source){TABLES[i].table, "sample", TABLES[i].text, strlen(TABLES[i].text)};
  offline->settings = g_variant_ref_sink(g_variant_parse(G_VARIANT_TYPE_VARDICT, SETTINGS, NULL, NULL, NULL));
  return compile(sources, G_N_ELEMENTS(TABLES), offline);
}

static bool read_table(const struct config_table *table, GPtrArray *texts, GArray *sources)
{
  g_autoptr(GError) error = NULL;
  struct mcgam_source source = {.table = mcgam_table_from_name(table->kind), .file = table->file};
  char *text = NULL;
  if (!g_file_get_contents(table->file, &text, &source.length, &error)) {
    fprintf(stderr, "gw400: %s\n", error->message);
    return false;
  }
  g_ptr_array_add(texts, text);
  source.text = text;
  g_array_append_val(sources, source);
  return true;
}

static bool load_tables(const struct config *config, struct cli_offline *offline)
{
  g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GArray) sources = g_array_new(FALSE, FALSE, sizeof(struct mcgam_source));
  for (guint i = 0; i < config->tables->len; i++)
    if (!read_table(config->tables->pdata[i], texts, sources))
      return false;
  return compile((const struct mcgam_source *)(void *)sources->data, sources->len, offline);
}

bool cli_offline_load(const char *file, struct cli_offline *offline_r)
{
  *offline_r = (struct cli_offline){NULL, -1};
  if (!file)
    return load_sample(offline_r);
  g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
  struct config *config = config_load(file, lines);
  if (!config) {
    tell(lines);
    return false;
  }
  offline_r->settings = g_variant_ref_sink(config_conversion(config, 1));
  bool loaded = load_tables(config, offline_r);
  config_unref(config);
  if (!loaded)
    cli_offline_clear(offline_r);
  return loaded;
}

void cli_offline_clear(struct cli_offline *offline)
{
  g_clear_pointer(&offline->settings, g_variant_unref);
  if (offline->tables_fd >= 0)
    close(offline->tables_fd);
  offline->tables_fd = -1;
}
