/* decode.c - `gw400 decode FILE`: any PDU or content as text, XML or JSON (DESIGN section 6).
 *
 * The file holds one value in BER: an MTS-APDU, bare or in its EXTERNAL, a P2 or P22 content, a PDU of RTSE,
 * ACSE or presentation, a bind, an O/R name.  What it is is found out; --type says it.  Contents, extensions
 * and the parameters of body parts are followed into their types.  "-" reads standard input. */
#include "asn1/recognise.h"
#include "cli/commands.h"

#include <asn_application.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { STANDARD_INPUT_MAX = 64 * 1024 * 1024, CUT_DEFAULT = 512 };

static struct octets *read_standard_input(GError **error)
{
  g_autoptr(GByteArray) all = g_byte_array_new();
  guint8 block[65536];
  size_t got;
  while ((got = fread(block, 1, sizeof block, stdin)) > 0) {
    if (all->len + got > STANDARD_INPUT_MAX) {
      g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOMEM,
                  "more than %d octets on standard input: name the file", STANDARD_INPUT_MAX);
      return NULL;
    }
    g_byte_array_append(all, block, (guint)got);
  }
  return octets_new(all->data, all->len);
}

static struct octets *read_file(const char *path, GError **error)
{
  if (strcmp(path, "-") == 0)
    return read_standard_input(error);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  struct stat status;
  if (fd < 0 || fstat(fd, &status) < 0) {
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "%s", g_strerror(errno));
    if (fd >= 0)
      close(fd);
    return NULL;
  }
  struct octets *octets = octets_new_file(fd, 0, (guint64)status.st_size, error);
  close(fd);
  return octets;
}

static void print(const struct asn1_value *value, enum asn1_format format, gsize cut)
{
  g_autoptr(GString) out = g_string_new(NULL);
  const char *name = asn1_value_type(value)->name;
  if (format == ASN1_XML)
    g_string_append(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
  if (format == ASN1_JSON)
    g_string_append_printf(out, "{\n  \"type\": \"%s\",\n  \"value\": ", name);
  asn1_print_inner(value, format, format == ASN1_JSON ? 1 : 0, cut, recognise_inner, NULL, out);
  if (format == ASN1_JSON)
    g_string_append(out, "\n}\n");
  fwrite(out->str, 1, out->len, stdout);
}

static void print_names(void)
{
  for (const char *const *name = recognise_names(); *name; name++)
    puts(*name);
}

int cli_decode(int argc, char **argv)
{
  gboolean xml = FALSE, json = FALSE, names = FALSE;
  g_autofree char *type = NULL;
  int cut = CUT_DEFAULT;
  GOptionEntry options[] = {
      {"xml", 0, 0, G_OPTION_ARG_NONE, &xml, "XML", NULL},
      {"json", 0, 0, G_OPTION_ARG_NONE, &json, "JSON for programs", NULL},
      {"type", 't', 0, G_OPTION_ARG_STRING, &type, "decode as this type instead of finding it out", "TYPE"},
      {"types", 0, 0, G_OPTION_ARG_NONE, &names, "name the types", NULL},
      {"cut", 0, 0, G_OPTION_ARG_INT, &cut, "show so many octets of a string at most (512)", "OCTETS"},
      {NULL, 0, 0, 0, NULL, NULL, NULL}};
  g_autoptr(GOptionContext) context = g_option_context_new("FILE");
  g_autoptr(GError) error = NULL;
  g_option_context_add_main_entries(context, options, NULL);
  if (!g_option_context_parse(context, &argc, &argv, &error)) {
    fprintf(stderr, "gw400 decode: %s\n", error->message);
    return CLI_USAGE;
  }
  if (names && argc == 1) {
    print_names();
    return CLI_DONE;
  }
  if (argc != 2 || (xml && json) || cut < 0) {
    fputs("usage: gw400 decode [--xml|--json] [--type TYPE] [--cut OCTETS] FILE\n", stderr);
    return CLI_USAGE;
  }
  g_autoptr(octets_t) octets = read_file(argv[1], &error);
  g_autoptr(asn1_value_t) value = octets ? recognise_decode(octets, type, &error) : NULL;
  if (!value) {
    fprintf(stderr, "gw400 decode: %s: %s\n", argv[1], error->message);
    return CLI_NO;
  }
  print(value, xml ? ASN1_XML : json ? ASN1_JSON : ASN1_TEXT, (gsize)cut);
  return CLI_DONE;
}
