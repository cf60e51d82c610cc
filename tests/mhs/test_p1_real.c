/* test_p1_real.c - real peers: the bind of x400-ping-2005.txt from both sides, and the dialogue of
 * p1-1988-normal.pcap replayed at our responder and at our initiator. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "lib/p1_pair.h"
#include "lib/pcap.h"
#include "lib/vectors.h"

static void say(struct p1_end *end, const guint8 *data, gsize length)
{
  p1_association_input(end->association, data, length);
  p1_end_drain(end);
}

/* One SPDU in a DT TPDU in a TPKT. */
static void say_spdu(struct p1_end *end, GBytes *spdu)
{
  gsize length;
  const guint8 *data = g_bytes_get_data(spdu, &length);
  g_autoptr(GByteArray) packet = g_byte_array_new();
  const guint8 header[] = {3, 0, (guint8)((length + 7) >> 8), (guint8)(length + 7), 2, 0xf0, 0x80};
  g_byte_array_append(packet, header, sizeof header);
  g_byte_array_append(packet, data, (guint)length);
  say(end, packet->data, packet->len);
}

static void say_tpdu(struct p1_end *end, GBytes *tpdu)
{
  gsize length;
  const guint8 *data = g_bytes_get_data(tpdu, &length);
  g_autoptr(GByteArray) packet = g_byte_array_new();
  const guint8 header[] = {3, 0, 0, (guint8)(length + 4)};
  g_byte_array_append(packet, header, sizeof header);
  g_byte_array_append(packet, data, (guint)length);
  say(end, packet->data, packet->len);
}

/* SPDU identifiers, in order, of what a side wrote; a GT or PT before another SPDU in one TSDU is left out.
 */
static char *spdus_of(const guint8 *data, gsize length)
{
  GString *names = g_string_new(NULL);
  for (gsize at = 0; at + 7 <= length; at += (gsize)data[at + 2] << 8 | data[at + 3]) {
    gsize size = (gsize)data[at + 2] << 8 | data[at + 3];
    const guint8 *spdu = data + at + 7;
    if (data[at + 5] != 0xf0) {
      g_string_append_printf(names, "%02x ", data[at + 5] & 0xf0);
    } else if (size > 9 && (spdu[0] == 1 || spdu[0] == 2) && spdu[1] == 0) {
      g_string_append_printf(names, "%u ", spdu[2]);
    } else {
      g_string_append_printf(names, "%u ", spdu[0]);
    }
  }
  return g_string_free(names, FALSE);
}

static void assert_password(const struct p1_event *event, const char *password)
{
  gsize length;
  const void *data = g_bytes_get_data(event->peer.password, &length);
  ck_assert_uint_eq(length, strlen(password));
  ck_assert_mem_eq(data, password, length);
}

START_TEST(the_ping_of_2005_is_answered)
{
  struct p1_options options = p1_options_default(false);
  struct p1_end end;
  p1_end_init(&end, &options);
  g_autoptr(GBytes) cr = vector_ping("CR"), cn = vector_ping("CN"), fn = vector_ping("FN");
  say_tpdu(&end, cr);
  say_spdu(&end, cn);
  ck_assert_msg(end.bind_seen, "%s", end.end.words);
  ck_assert_str_eq(end.bind.peer.mta_name, "percival.smhs.co.uk");
  assert_password(&end.bind, "excalibur");
  ck_assert(end.bound_seen);
  say_spdu(&end, fn);
  ck_assert_int_eq(end.end.type, P1_RELEASED);
  g_autofree char *spdus = spdus_of(end.written->data, end.written->len);
  ck_assert_str_eq(spdus, "d0 14 10 "); /* CC, AC, DN */
  p1_end_clear(&end);
}
END_TEST

START_TEST(the_answer_of_2005_binds_our_initiator)
{
  struct p1_options options = p1_options_default(true);
  struct p1_end end;
  p1_end_init(&end, &options);
  g_autoptr(GBytes) cc = vector_ping("CC"), ac = vector_ping("AC");
  gsize length;
  g_autofree guint8 *own = g_memdup2(g_bytes_get_data(cc, &length), g_bytes_get_size(cc));
  length = g_bytes_get_size(cc);
  p1_association_connected(end.association);
  p1_end_drain(&end);
  memcpy(own + 2, end.written->data + 8, 2); /* the reference of our CR, not of theirs */
  g_autoptr(GBytes) answer = g_bytes_new(own, length);
  say_tpdu(&end, answer);
  say_spdu(&end, ac);
  ck_assert_msg(end.bound_seen, "%s", end.end.words);
  ck_assert_str_eq(end.bound.peer.mta_name, "guinevere.smhs.co.uk");
  assert_password(&end.bound, "merlin");
  ck_assert(end.ready);
  p1_end_clear(&end);
}
END_TEST

static struct pcap_streams capture(void)
{
  g_autofree char *path = vector_path("real-mta/p1-1988-normal.pcap");
  return pcap_read(path);
}

/* What the client said, turn by turn, in pieces of chunk octets; 0: in one. */
static void say_turns(struct p1_end *end, const struct pcap_streams *streams, gsize chunk)
{
  for (guint i = 0; i < streams->turns->len && !end->closed; i++) {
    const struct pcap_turn *turn = &g_array_index(streams->turns, struct pcap_turn, i);
    gsize step = chunk != 0 ? chunk : turn->length;
    for (gsize at = 0; turn->from_client && at < turn->length && !end->closed; at += step) {
      say(end, streams->client->data + turn->offset + at, MIN(step, turn->length - at));
    }
  }
}

static GBytes *transferred(void)
{
  g_autofree char *path = vector_path("real-mta/p1-1988-normal-external.ber");
  char *contents;
  gsize length;
  ck_assert(g_file_get_contents(path, &contents, &length, NULL));
  return g_bytes_new_take(contents, length);
}

/* The real initiator's octets, whole segments of TCP and one octet at a time. */
START_TEST(a_real_initiator_is_accepted_and_its_message_whole)
{
  struct pcap_streams streams = capture();
  g_autoptr(GBytes) message = transferred();
  g_autofree char *theirs = spdus_of(streams.server->data, streams.server->len);
  for (gsize chunk = 0; chunk < 3; chunk++) {
    struct p1_options options = p1_options_default(false);
    options.checkpoint_size = 1;
    struct p1_end end;
    p1_end_init(&end, &options);
    end.wants_name = "alpha-mta";
    end.wants_password = "alphapw";
    say_turns(&end, &streams, chunk);
    ck_assert_msg(end.bound_seen, "%s: %s", end.trace->str, end.end.words);
    ck_assert_uint_eq(end.bound.checkpoint_size, 1);
    ck_assert_uint_eq(end.received->len, 1);
    ck_assert(g_bytes_equal(end.received->pdata[0], message));
    ck_assert_int_eq(end.end.type, P1_RELEASED);
    ck_assert(end.closed);
    g_autofree char *ours = spdus_of(end.written->data, end.written->len);
    ck_assert_str_eq(ours, theirs);
    p1_end_clear(&end);
  }
  pcap_clear(&streams);
}
END_TEST

/* The real responder's octets, each as soon as our initiator has said what it answers. */
START_TEST(our_initiator_takes_the_real_ones_steps)
{
  struct pcap_streams streams = capture();
  g_autoptr(GBytes) message = transferred();
  struct p1_options options = p1_options_default(true);
  options.checkpoint_size = 63;
  options.window = 3;
  options.local.mta_name = (char *)"alpha-mta";
  struct p1_end end;
  p1_end_init(&end, &options);
  /* an APDU as long as theirs, so that the segments are the same */
  g_autoptr(GBytes) apdu = p1_random_apdu(g_bytes_get_size(message) - 11, 1);
  p1_end_send(&end, apdu);
  end.release_when_done = true;
  p1_association_connected(end.association);
  p1_end_drain(&end);
  ck_assert_uint_ge(end.written->len, 10);
  for (guint i = 0; i < streams.turns->len; i++) {
    const struct pcap_turn *turn = &g_array_index(streams.turns, struct pcap_turn, i);
    if (!turn->from_client) {
      g_autofree guint8 *data = g_memdup2(streams.server->data + turn->offset, turn->length);
      if (turn->length > 8 && data[5] == 0xd0) {
        memcpy(data + 6, end.written->data + 8, 2); /* CC: the reference of our CR */
      }
      say(&end, data, turn->length);
    }
  }
  ck_assert_msg(end.sent == 1, "%s: %s", end.trace->str, end.end.words);
  ck_assert_str_eq(end.bound.peer.mta_name, "beta-mta");
  assert_password(&end.bound, "betapw");
  ck_assert_uint_eq(end.bound.checkpoint_size, 1);
  ck_assert_int_eq(end.end.type, P1_RELEASED);
  g_autofree char *ours = spdus_of(end.written->data, end.written->len);
  g_autofree char *theirs = spdus_of(streams.client->data, streams.client->len);
  ck_assert_str_eq(ours, theirs);
  p1_end_clear(&end);
  pcap_clear(&streams);
}
END_TEST

static Suite *suite(void)
{
  Suite *suite = suite_create("mhs/p1_real");
  TCase *peers = tcase_create("peers");
  tcase_add_test(peers, the_ping_of_2005_is_answered);
  tcase_add_test(peers, the_answer_of_2005_binds_our_initiator);
  tcase_add_test(peers, a_real_initiator_is_accepted_and_its_message_whole);
  tcase_add_test(peers, our_initiator_takes_the_real_ones_steps);
  suite_add_tcase(suite, peers);
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
