/* replay.c - gives a fuzz target the files of its corpus, without libFuzzer: replay FILE-OR-FOLDER...
 * Names each file before it is tried, so that the last name printed is the one that failed. */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool replay_file(const char *path)
{
  g_autofree char *contents = NULL;
  gsize length = 0;
  g_autoptr(GError) error = NULL;
  if (!g_file_get_contents(path, &contents, &length, &error)) {
    fprintf(stderr, "%s\n", error->message);
    return false;
  }
  printf("%s\n", path);
  fflush(stdout);
  /* a copy without GLib's closing zero, so that a read past the end shows */
  g_autofree uint8_t *exact = g_memdup2(contents, length);
  LLVMFuzzerTestOneInput(exact, length);
  return true;
}

static bool replay(const char *path)
{
  if (!g_file_test(path, G_FILE_TEST_IS_DIR))
    return replay_file(path);
  g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);
  if (folder == NULL)
    return false;
  bool good = true;
  const char *name;
  while ((name = g_dir_read_name(folder)) != NULL) {
    g_autofree char *inner = g_build_filename(path, name, NULL);
    good &= replay(inner);
  }
  return good;
}

int main(int argc, char **argv)
{
  bool good = argc > 1;
  for (int i = 1; i < argc; i++)
    good &= replay(argv[i]);
  return good ? 0 : 1;
}
