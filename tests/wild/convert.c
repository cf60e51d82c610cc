/* convert.c - mail -> X.400 -> mail for each file named on a line of standard input, and what came of it.
 *
 * One process for many messages; each goes through the jobs that the daemon runs, and what comes back is held
 * against what went in, part by part. Lines out, fields parted by tabs: message FILE | diagnosed WORDS | type
 * T | charset C | script S | part KIND VERDICT | loss WORDS | wrong WORDS | end A part's kind is text or
 * octets, its verdict same, told (a text that differs, with a loss that says so) or wrong. With an argument
 * the mail that came back is left there under the message's name; a second is the peer's text-body. */
#include "lib/road.h"
#include "mapping/mime_charset.h"
#include "mapping/mime_params.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RECIPIENT "\"/S=lee/PRMD=land/ADMD=x/C=de/\"@sea.example"
enum { LINE_MAX_OCTETS = 4096 };

struct round {
  struct mapping_context *context;
  GPtrArray *losses; /* of both ways */
};

static void say(const char *what, const char *words)
{
  g_autofree char *valid = g_utf8_make_valid(words ? words : "", -1);
  g_strdelimit(valid, "\t\r\n", ' ');
  printf("%s\t%s\n", what, valid);
}

/* NULL: it was said why. */
static GBytes *convert(struct round *round, enum mapping_format format, GBytes *input)
{
  gsize length;
  const void *octets = g_bytes_get_data(input, &length);
  g_autoptr(mapping_job_t) job = road_job(MAPPING_WRITE, format, octets, length);
  job->hop = g_strdup(format == MAPPING_MAIL ? "p1:land" : "smtp:example.org");
  if (format == MAPPING_MAIL) {
    job->sender = g_strdup("ann@example.org");
    job->client = g_strdup("client.example [192.0.2.1]");
    road_recipient(job, RECIPIENT, NULL, job->hop);
  } else {
    job->peer = g_strdup("land");
    road_recipient(job, "bob@example.org", "bob@example.org", job->hop);
  }
  GBytes *output = NULL;
  g_autoptr(mapping_result_t) result = road_run(round->context, job, &output);
  for (guint i = 0; i < result->losses->len; i++) {
    g_ptr_array_add(round->losses, g_strdup(result->losses->pdata[i]));
    say("loss", result->losses->pdata[i]);
  }
  if (result->status == MAPPING_OK)
    return output;
  if (result->words && *result->words)
    say("diagnosed", result->words);
  else
    say("wrong", "it failed without a word");
  g_clear_pointer(&output, g_bytes_unref);
  return NULL;
}

/* --- what is held against what --- */

static void collect(const struct mime_part *part, GPtrArray *leaves)
{
  if (!part->children || !part->children->len) {
    g_ptr_array_add(leaves, (gpointer)(guintptr)part);
    return;
  }
  for (guint i = 0; i < part->children->len; i++)
    collect(part->children->pdata[i], leaves);
}

static bool is_text(const struct mime_mail *mail, const struct mime_part *part)
{
  g_autofree char *name = mime_part_filename(mail, part);
  g_autoptr(mime_params_t) disposition = mime_part_disposition(mail, part);
  return !strcmp(part->type->value, "text/plain") && !name &&
         !(disposition && !strcmp(disposition->value, "attachment"));
}

/* UTF-8 with plain line ends and none at the end; NULL: its set is not known. */
static GString *text_of(struct round *round, const struct mime_part *part, GBytes *content)
{
  GString *text = g_string_new(NULL);
  gsize length;
  const char *octets = g_bytes_get_data(content, &length);
  if (!mime_charset_to_utf8(round->context->charsets, mime_params_get(part->type, "charset"), octets, length,
                            text, NULL)) {
    g_string_free(text, TRUE);
    return NULL;
  }
  g_string_replace(text, "\r\n", "\n", 0);
  g_string_replace(text, "\r", "\n", 0);
  while (text->len && text->str[text->len - 1] == '\n')
    g_string_truncate(text, text->len - 1);
  return text;
}

static void say_scripts(const GString *text)
{
  static const struct {
    GUnicodeScript script;
    const char *name;
  } scripts[] = {{G_UNICODE_SCRIPT_LATIN, "Latin"},       {G_UNICODE_SCRIPT_CYRILLIC, "Cyrillic"},
                 {G_UNICODE_SCRIPT_GREEK, "Greek"},       {G_UNICODE_SCRIPT_HAN, "Han"},
                 {G_UNICODE_SCRIPT_HIRAGANA, "Hiragana"}, {G_UNICODE_SCRIPT_HANGUL, "Hangul"},
                 {G_UNICODE_SCRIPT_HEBREW, "Hebrew"},     {G_UNICODE_SCRIPT_ARABIC, "Arabic"},
                 {G_UNICODE_SCRIPT_THAI, "Thai"}};
  bool found[G_N_ELEMENTS(scripts)] = {false};
  for (const char *at = text->str; *at; at = g_utf8_next_char(at)) {
    gunichar character = g_utf8_get_char(at);
    GUnicodeScript script = g_unichar_get_script(character);
    for (gsize i = 0; i < G_N_ELEMENTS(scripts); i++)
      found[i] |= scripts[i].script == script && (i || character > 0x7F);
  }
  for (gsize i = 0; i < G_N_ELEMENTS(scripts); i++)
    if (found[i])
      say("script", scripts[i].name);
}

static bool told(const struct round *round)
{
  return road_lost(round->losses, "became \"") || road_lost(round->losses, "became U+FFFD") ||
         road_lost(round->losses, "read as ") || road_lost(round->losses, "left out");
}

static void compare(struct round *round, const struct mime_mail *before, const struct mime_part *was,
                    const struct mime_mail *after, const struct mime_part *is)
{
  g_autoptr(GBytes) old = road_content(before, was), new = road_content(after, is);
  const char *kind = is_text(before, was) ? "text" : "octets", *verdict = "same";
  bool same = g_bytes_equal(old, new);
  if (!strcmp(kind, "text")) {
    GString *before_text = text_of(round, was, old), *after_text = text_of(round, is, new);
    if (before_text)
      say_scripts(before_text);
    bool equal = same || (before_text && after_text && g_string_equal(before_text, after_text));
    verdict = equal ? "same" : told(round) ? "told" : "wrong";
    if (before_text)
      g_string_free(before_text, TRUE);
    if (after_text)
      g_string_free(after_text, TRUE);
  } else if (!same) {
    verdict = "wrong";
  }
  printf("part\t%s\t%s\n", kind, verdict);
  if (!strcmp(verdict, "wrong")) {
    g_autofree char *words =
        g_strdup_printf("%s of %u octets became %s of %u", was->type->value, (guint)g_bytes_get_size(old),
                        is->type->value, (guint)g_bytes_get_size(new));
    say("wrong", words);
  }
}

static struct mime_mail *parse(struct round *round, GBytes *mail)
{
  const struct mime_limits limits = {1000, 100000, 100000};
  g_autoptr(octets_t) source = octets_new_bytes(mail);
  return mime_mail_parse(source, round->context->charsets, &limits, NULL);
}

static void judge(struct round *round, GBytes *mail, GBytes *back)
{
  g_autoptr(mime_mail_t) before = parse(round, mail), after = parse(round, back);
  if (!before || !after) {
    say("wrong", "what came back cannot be parsed");
    return;
  }
  g_autoptr(GPtrArray) was = g_ptr_array_new(), is = g_ptr_array_new();
  collect(before->root, was);
  collect(after->root, is);
  for (guint i = 0; i < was->len; i++) {
    const struct mime_part *part = was->pdata[i];
    const char *charset = mime_params_get(part->type, "charset");
    say("type", part->type->value);
    if (charset)
      say("charset", charset);
  }
  if (was->len != is->len) {
    g_autofree char *words = g_strdup_printf("%u parts became %u", was->len, is->len);
    say("wrong", words);
    return;
  }
  for (guint i = 0; i < was->len; i++)
    compare(round, before, was->pdata[i], after, is->pdata[i]);
}

static void one(struct mapping_context *context, const char *path, const char *folder)
{
  g_autoptr(GPtrArray) losses = g_ptr_array_new_with_free_func(g_free);
  struct round round = {context, losses};
  say("message", path);
  g_autoptr(GBytes) mail = road_file(path);
  g_autoptr(GBytes) apdu = convert(&round, MAPPING_MAIL, mail);
  g_autoptr(GBytes) back = apdu ? convert(&round, MAPPING_APDU, apdu) : NULL;
  if (back)
    judge(&round, mail, back);
  if (back && folder) {
    g_autofree char *name = g_path_get_basename(path), *place = g_build_filename(folder, name, NULL);
    g_file_set_contents(place, g_bytes_get_data(back, NULL), (gssize)g_bytes_get_size(back), NULL);
  }
  printf("end\n");
}

static struct {
  const char *folder, *habit;
} options;

/* Within Check, for what tests share reports by its means. */
START_TEST(all)
{
  struct mapping_context *context = road_context("sea.example", options.habit, NULL, NULL);
  char line[LINE_MAX_OCTETS];
  while (fgets(line, sizeof line, stdin)) {
    line[strcspn(line, "\n")] = 0;
    one(context, line, options.folder);
  }
  mapping_context_free(context);
}
END_TEST

int main(int argc, char **argv)
{
  options.folder = argc > 1 && *argv[1] ? argv[1] : NULL;
  options.habit = argc > 2 ? argv[2] : NULL;
  Suite *suite = suite_create("wild");
  TCase *tests = tcase_create("wild");
  tcase_add_test(tests, all);
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_set_fork_status(runner, CK_NOFORK);
  srunner_run_all(runner, CK_SILENT);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
