/* vectors.c - finding and reading test vectors; what cannot be read ends the program. */
#include "lib/vectors.h"

#include <string.h>

char *vector_path(const char *name)
{
  g_autofree char *program = g_file_read_link("/proc/self/exe", NULL);
  g_autofree char *folder = program != NULL ? g_path_get_dirname(program) : NULL;
  /* build/test/bin/<folder>/<program> */
  char *path = g_build_filename("tests", "vectors", name, NULL);
  if (!g_file_test(path, G_FILE_TEST_EXISTS) && folder != NULL) {
    g_free(path);
    path = g_build_filename(folder, "..", "..", "..", "..", "tests", "vectors", name, NULL);
  }
  return path;
}

GByteArray *vector_hex(const char *digits)
{
  GByteArray *octets = g_byte_array_new();
  for (const char *at = digits; *at != '\0'; at++) {
    if (g_ascii_isspace(*at))
      continue;
    g_assert_true(g_ascii_isxdigit(at[0]) && g_ascii_isxdigit(at[1]));
    guint8 octet = (guint8)(g_ascii_xdigit_value(at[0]) << 4 | g_ascii_xdigit_value(at[1]));
    g_byte_array_append(octets, &octet, 1);
    at++;
  }
  return octets;
}

GBytes *vector_ping(const char *block)
{
  g_autofree char *path = vector_path("x400-ping-2005.txt");
  g_autofree char *text = NULL;
  g_autoptr(GError) error = NULL;
  if (!g_file_get_contents(path, &text, NULL, &error))
    g_error("%s", error->message);
  g_autofree char *heading = g_strdup_printf("## %s:", block);
  const char *begin = strstr(text, heading);
  g_assert_nonnull(begin);
  begin = strchr(begin, '\n');
  const char *end = strchr(begin, '#');
  g_autofree char *digits = g_strndup(begin, end != NULL ? (gsize)(end - begin) : strlen(begin));
  return g_byte_array_free_to_bytes(vector_hex(digits));
}
