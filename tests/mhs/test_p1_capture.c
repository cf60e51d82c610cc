/* test_p1_capture.c - what tshark says to what our machines say to each other.
 *
 * Each case writes a capture and has tests/tools/p1-pcap-check.sh look at it: no warning, nothing malformed,
 * and as many activities and P22 contents as messages were sent.  The check itself must go red on a capture
 * that is broken. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/message_maker.h"
#include "lib/p1_pair.h"
#include "lib/vectors.h"

enum { PORT = 10102 };

static char *capture_path(void)
{
  return g_strdup_printf("%s/gw400-p1-%d.pcap", g_get_tmp_dir(), (int)getpid());
}

static char *tool_path(void)
{
  g_autofree char *vector = vector_path("x400-ping-2005.txt");
  g_autofree char *vectors = g_path_get_dirname(vector);
  return g_build_filename(vectors, "..", "tools", "p1-pcap-check.sh", NULL);
}

/* Runs the check; its exit code, and what it printed. */
static int check_capture(const char *path, char **said_r)
{
  g_autofree char *tool = tool_path();
  g_autofree char *port = g_strdup_printf("%d", PORT);
  char *arguments[] = {tool, (char *)path, port, NULL};
  int status = 0;
  g_autoptr(GError) error = NULL;
  ck_assert_msg(
      g_spawn_sync(NULL, arguments, NULL, G_SPAWN_DEFAULT, NULL, NULL, said_r, NULL, &status, &error), "%s",
      error ? error->message : "");
  return status;
}

static GBytes *message(gsize length, guint number)
{
  g_autoptr(GError) error = NULL;
  struct message_maker *maker = message_maker_of_length(length, 22, "/S=source/PRMD=land/ADMD=demo/C=XX/",
                                                        "/S=sink/PRMD=sea/ADMD=demo/C=XX/", &error);
  ck_assert_msg(maker != NULL, "%s", error ? error->message : "");
  g_autoptr(GBytes) slice = message_maker_slice(maker, number, 0, message_maker_size(maker));
  gsize size;
  const void *data = g_bytes_get_data(slice, &size);
  GBytes *copy = g_bytes_new(data, size);
  message_maker_free(maker);
  return copy;
}

static const struct capture {
  const char *name;
  guint checkpoint, window, version;
  guint8 tpdu;
  enum p1_dialogue dialogue;
  gsize sizes[5]; /* 0 ends */
  guint back;     /* so many of 1,000 octets the other way, by the turn */
} captures[] = {
    {"small ones", 64, 8, 2, 0x0b, P1_MONOLOGUE, {1000, 2000, 20000}, 0},
    {"1 KB to 5 MB", 32, 3, 2, 0x0d, P1_MONOLOGUE, {1000, 100000, 5000000}, 0},
    {"a checkpoint each KiB, window 1", 1, 1, 2, 0x07, P1_MONOLOGUE, {5000, 30000}, 0},
    {"no checkpoints", 0, 3, 2, 0, P1_MONOLOGUE, {1000, 200000}, 0},
    {"session version 1", 4, 3, 1, 0x0b, P1_MONOLOGUE, {1000, 30000}, 0},
    {"both ways by the turn", 4, 3, 2, 0x0b, P1_TWO_WAY_ALTERNATE, {1000, 30000}, 3},
};

START_TEST(is_clean)
{
  const struct capture *c = &captures[_i];
  g_autofree char *path = capture_path(), *said = NULL;
  struct p1_options initiator = p1_options_default(true), responder = p1_options_default(false);
  g_autoptr(GBytes) password = g_bytes_new_static("secret", 6);
  initiator.local.password = password;
  initiator.dialogue = c->dialogue;
  initiator.checkpoint_size = responder.checkpoint_size = c->checkpoint;
  initiator.window = responder.window = c->window;
  initiator.session_version = c->version;
  initiator.tpdu_size = responder.tpdu_size = c->tpdu;
  struct p1_pair *pair = p1_pair_new(&initiator, &responder);
  pair->capture = pcap_writer_new(path, PORT);
  guint count = 0;
  for (gsize i = 0; c->sizes[i] != 0; i++, count++) {
    g_autoptr(GBytes) apdu = message(c->sizes[i], count);
    p1_end_send(&pair->initiator, apdu);
  }
  for (guint i = 0; i < c->back; i++, count++) {
    g_autoptr(GBytes) apdu = message(1000, count);
    p1_end_send(&pair->responder, apdu);
  }
  pair->responder.want_turn = c->back > 0;
  pair->initiator.release_when_done = c->back == 0;
  p1_pair_connect(pair);
  if (c->back > 0) {
    pair->initiator.release_when_done = true;
    p1_association_release(pair->initiator.association);
    p1_pair_run(pair);
  }
  ck_assert_msg(pair->initiator.end.type == P1_RELEASED, "%s | %s", pair->initiator.trace->str,
                pair->responder.trace->str);
  ck_assert_uint_eq(pair->initiator.sent + pair->responder.sent, count);
  pcap_writer_free(pair->capture);
  p1_pair_free(pair);

  g_autofree char *expected = g_strdup_printf("started=%u ended=%u; contents=%u", count, count, count);
  int code = check_capture(path, &said);
  ck_assert_msg(code == 0 && strstr(said, expected) != NULL, "%s: expected %s; %s", c->name, expected, said);
  (void)unlink(path);
}
END_TEST

/* A test that cannot fail is a defect: octets of the data phase are changed. */
START_TEST(the_check_goes_red)
{
  g_autofree char *path = capture_path(), *said = NULL, *octets = NULL;
  struct p1_options initiator = p1_options_default(true), responder = p1_options_default(false);
  struct p1_pair *pair = p1_pair_new(&initiator, &responder);
  pair->capture = pcap_writer_new(path, PORT);
  g_autoptr(GBytes) apdu = message(1000, 1);
  p1_end_send(&pair->initiator, apdu);
  pair->initiator.release_when_done = true;
  p1_pair_connect(pair);
  pcap_writer_free(pair->capture);
  p1_pair_free(pair);
  gsize length;
  ck_assert(g_file_get_contents(path, &octets, &length, NULL));
  static const guint8 external[] = {0x02, 0x01, 0x05, 0xa0};
  guint8 *at = memmem(octets, length, external, sizeof external);
  ck_assert_ptr_nonnull(at);
  at[5] ^= 0x70;
  ck_assert(g_file_set_contents(path, octets, (gssize)length, NULL));
  ck_assert_int_ne(check_capture(path, &said), 0);
  (void)unlink(path);
}
END_TEST

static Suite *suite(void)
{
  Suite *suite = suite_create("mhs/p1_capture");
  TCase *tshark = tcase_create("tshark");
  tcase_set_timeout(tshark, 120);
  tcase_add_loop_test(tshark, is_clean, 0, G_N_ELEMENTS(captures));
  tcase_add_test(tshark, the_check_goes_red);
  suite_add_tcase(suite, tshark);
  return suite;
}

int main(void)
{
  SRunner *runner = srunner_create(suite());
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
