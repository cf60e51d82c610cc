/* tables.c - build/bench/tables USERS RULES-TO-OR RULES-FROM-OR FILE: compiles the tables into FILE, opens it
 * and looks every hundredth user up, each way, through the whole of RFC 2156 4.3.4 and 4.3.5.  Prints
 * NAME=VALUE: processor time, since the machine may have other work, but for the opening, which is measured
 * by the clock. */
#include "mapping/mcgam_check.h"
#include "mapping/mcgam_compile.h"
#include "mapping/rules.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static double seconds(clockid_t clock)
{
  struct timespec now;
  clock_gettime(clock, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void must(bool good, const GError *error)
{
  if (good)
    return;
  fprintf(stderr, "tables: %s\n", error ? error->message : "failed");
  exit(1);
}

static GVariant *settings(void)
{
  return g_variant_ref_sink(g_variant_parse(
      G_VARIANT_TYPE_VARDICT,
      "{'domain': <'gw.test'>, 'or-address': <'/PRMD=test/ADMD=gate/C=xx/'>, 'country': <'xx'>}", NULL, NULL,
      NULL));
}

static void compile(char **files, const char *out, GVariant *dictionary)
{
  const enum mcgam_table tables[] = {MCGAM_USERS, MCGAM_DOMAIN_TO_OR, MCGAM_OR_TO_DOMAIN};
  struct mcgam_source sources[G_N_ELEMENTS(tables)];
  g_autoptr(GError) error = NULL;
  for (guint i = 0; i < G_N_ELEMENTS(tables); i++) {
    char *text = NULL;
    sources[i] = (struct mcgam_source){.table = tables[i], .file = files[i]};
    must(g_file_get_contents(files[i], &text, &sources[i].length, &error), error);
    sources[i].text = text;
  }
  g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
  double start = seconds(CLOCK_PROCESS_CPUTIME_ID);
  g_autoptr(GArray) origins = NULL;
  g_autoptr(GByteArray) octets = mcgam_compile_with_origins(sources, G_N_ELEMENTS(sources), lines, &origins);
  must(octets != NULL, NULL);
  double compiled = seconds(CLOCK_PROCESS_CPUTIME_ID);
  mcgam_check(dictionary, octets, sources, origins, MCGAM_CHECK_AT_LOAD, lines);
  printf("compile_s=%.3f\ncheck_s=%.3f\nlines=%u\n", compiled - start,
         seconds(CLOCK_PROCESS_CPUTIME_ID) - compiled, lines->len);
  must(g_file_set_contents(out, (const char *)octets->data, (gssize)octets->len, &error), error);
  printf("file_octets=%u\n", octets->len);
  for (guint i = 0; i < G_N_ELEMENTS(sources); i++)
    g_free((char *)sources[i].text);
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  printf("memory_mb=%ld\n", usage.ru_maxrss / 1024);
}

/* Every hundredth row's two halves. */
static GPtrArray *keys(const char *file, bool left)
{
  GPtrArray *list = g_ptr_array_new_with_free_func(g_free);
  char line[2048];
  FILE *in = fopen(file, "r");
  must(in != NULL, NULL);
  for (guint i = 0; fgets(line, sizeof line, in); i++) {
    char *middle = strchr(line, '#'), *end = middle ? strrchr(middle + 1, '#') : NULL;
    if (i % 100 || !end)
      continue;
    *middle = *end = 0;
    g_ptr_array_add(list, g_strdup(left ? line : middle + 1));
  }
  fclose(in);
  return list;
}

int main(int argc, char **argv)
{
  must(argc == 5, NULL);
  g_autoptr(GVariant) dictionary = settings();
  compile(argv + 1, argv[4], dictionary);
  double start = seconds(CLOCK_MONOTONIC);
  int fd = open(argv[4], O_RDONLY | O_CLOEXEC);
  g_autoptr(GError) error = NULL;
  struct mapping_context *context = mapping_context_new(dictionary, fd, &error);
  must(context != NULL, error);
  printf("open_ms=%.3f\n", (seconds(CLOCK_MONOTONIC) - start) * 1e3);
  g_autoptr(GPtrArray) mailboxes = keys(argv[1], true), texts = keys(argv[1], false);
  GPtrArray *addresses = g_ptr_array_new_with_free_func((GDestroyNotify)or_address_free);
  for (guint i = 0; i < texts->len; i++)
    g_ptr_array_add(addresses, or_address_parse(texts->pdata[i], NULL));
  enum to_or_rule to_rule;
  enum from_or_rule from_rule;
  start = seconds(CLOCK_PROCESS_CPUTIME_ID);
  for (guint i = 0; i < mailboxes->len; i++) {
    g_autoptr(or_address_t) address =
        rules_to_or(context, mailboxes->pdata[i], ADDRESS_HEADING, NULL, &to_rule, NULL);
    must(address && to_rule == TO_OR_USER && or_address_equal(address, addresses->pdata[i]), NULL);
  }
  printf("to_or_us=%.3f\n", (seconds(CLOCK_PROCESS_CPUTIME_ID) - start) * 1e6 / mailboxes->len);
  start = seconds(CLOCK_PROCESS_CPUTIME_ID);
  for (guint i = 0; i < addresses->len; i++) {
    g_autofree char *mailbox =
        rules_from_or(context, addresses->pdata[i], ADDRESS_HEADING, NULL, &from_rule, NULL);
    must(from_rule == FROM_OR_USER && strcmp(mailbox, mailboxes->pdata[i]) == 0, NULL);
  }
  printf("from_or_us=%.3f\n", (seconds(CLOCK_PROCESS_CPUTIME_ID) - start) * 1e6 / addresses->len);
  g_ptr_array_unref(addresses);
  mapping_context_free(context);
  close(fd);
  return 0;
}
