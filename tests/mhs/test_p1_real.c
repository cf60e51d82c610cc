/* test_p1_real.c - real peers: the bind of x400-ping-2005.txt from both sides, and the dialogues captured in
 * each mode, replayed at our responder and at our initiator. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "lib/p1_pair.h"
#include "lib/pcap.h"
#include "lib/vectors.h"
#include "osi/presentation_ppdu.h"
#include "osi/rtse_apdu.h"

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

/* The dialogues of vectors/real-mta, and what passed in them as RT-TRANSFER's value. */
static const struct dialogue {
  const char *capture, *message;
  enum p1_mode mode;
  gint protocol;     /* as it came */
  gint own_protocol; /* what our initiator sends to say the same */
  gsize wrapping;    /* octets of the EXTERNAL that our machine adds */
  enum p1_password_form form;
} dialogues[] = {
    {"p1-1988-normal.pcap", "p1-1988-normal-external.ber", P1_MODE_1988_NORMAL, -1, 0, 11,
     P1_PASSWORD_OCTETS},
    {"p1-1988-x410.pcap", "p1-1988-x410.ber", P1_MODE_1988_X410, 3072, 3072, 0, P1_PASSWORD_OCTETS},
    {"p1-1984-x410.pcap", "p1-1984.ber", P1_MODE_1984, 1, 0, 0, P1_PASSWORD_IA5}};

static struct pcap_streams capture_of(const struct dialogue *dialogue)
{
  g_autofree char *name = g_strdup_printf("real-mta/%s", dialogue->capture);
  g_autofree char *path = vector_path(name);
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

static GBytes *transferred(const struct dialogue *dialogue)
{
  g_autofree char *name = g_strdup_printf("real-mta/%s", dialogue->message);
  g_autofree char *path = vector_path(name);
  char *contents;
  gsize length;
  ck_assert(g_file_get_contents(path, &contents, &length, NULL));
  return g_bytes_new_take(contents, length);
}

/* The real initiator's octets, whole segments of TCP and one octet at a time. */
START_TEST(a_real_initiator_is_accepted_and_its_message_whole)
{
  const struct dialogue *d = &dialogues[_i];
  struct pcap_streams streams = capture_of(d);
  g_autoptr(GBytes) message = transferred(d);
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
    ck_assert_int_eq(end.bind.mode, d->mode);
    ck_assert_int_eq(end.bind.application_protocol, d->protocol);
    ck_assert_int_eq(end.bound.mode, d->mode);
    ck_assert_uint_eq(end.bound.session_version, 2);
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

/* --- our initiator beside the real one --- */

/* One packet (TPKT) of a stream, at *at, which moves on; empty at the end. */
static GBytes *next_packet(const GByteArray *stream, gsize *at)
{
  gsize left = stream->len - *at;
  const guint8 *packet = stream->data + *at;
  gsize size = left >= 4 ? (gsize)packet[2] << 8 | packet[3] : 0;
  *at += size;
  return g_bytes_new(packet, size);
}

/* What CN's user data say in X.410 mode: RTORQ. */
static void read_rtorq(GBytes *packet, struct rtse_apdu *rtorq)
{
  static const struct presentation_limits limits = {8, 8};
  gsize length;
  const guint8 *data = g_bytes_get_data(packet, &length);
  struct presentation_ppdu cp = {0};
  g_autoptr(GError) error = NULL;
  ck_assert_uint_eq(data[7], 13);
  for (gsize at = 9; at + 2 <= length; at += 2 + data[at + 1]) {
    if (data[at] == 193) {
      g_autoptr(GBytes) user_data = g_bytes_new(data + at + 2, data[at + 1]);
      ck_assert_msg(presentation_read_cp(user_data, &limits, &cp, &error), "%s", error ? error->message : "");
      ck_assert(cp.x410);
      GBytes *set = g_array_index(cp.values, struct presentation_value, 0).octets;
      ck_assert_msg(rtse_apdu_read_x410(set, RTSE_RTORQ, rtorq, &error), "%s", error ? error->message : "");
    }
  }
  ck_assert_ptr_nonnull(rtorq->user_data);
  presentation_ppdu_clear(&cp);
}

static void assert_same_rtorq(GBytes *ours, GBytes *theirs)
{
  struct rtse_apdu a = {0}, b = {0};
  read_rtorq(ours, &a);
  read_rtorq(theirs, &b);
  ck_assert_uint_eq(a.checkpoint_size, b.checkpoint_size);
  ck_assert_uint_eq(a.window, b.window);
  ck_assert_int_eq(a.dialogue, b.dialogue);
  ck_assert_int_eq(a.protocol, b.protocol);
  ck_assert(g_bytes_equal(a.user_data, b.user_data)); /* the bind, octet by octet */
  rtse_apdu_clear(&a);
  rtse_apdu_clear(&b);
}

/* X.410 modes: step by step the same octets, but for what is each side's own: the references of the transport
 * connection (CR, DR), the session's references, version and order of parameters (CN). */
static void assert_same_octets(const GByteArray *ours, const GByteArray *theirs)
{
  gsize a = 0, b = 0;
  for (guint i = 0; b < theirs->len; i++) {
    g_autoptr(GBytes) mine = next_packet(ours, &a), real = next_packet(theirs, &b);
    gsize size;
    const guint8 *data = g_bytes_get_data(real, &size);
    if (i == 1) {
      assert_same_rtorq(mine, real);
    } else if (data[5] == 0xf0) {
      ck_assert_msg(g_bytes_equal(mine, real), "packet %u, SPDU %u", i, data[7]);
    }
  }
  ck_assert_uint_eq(a, ours->len);
}

static void answer_as_the_real_one(struct p1_end *end, const struct pcap_streams *streams,
                                   bool version_1_alone)
{
  static const guint8 version_2[] = {0x16, 1};
  ck_assert_uint_ge(end->written->len, 10);
  for (guint i = 0; i < streams->turns->len; i++) {
    const struct pcap_turn *turn = &g_array_index(streams->turns, struct pcap_turn, i);
    if (!turn->from_client) {
      g_autofree guint8 *data = g_memdup2(streams->server->data + turn->offset, turn->length);
      if (turn->length > 8 && data[5] == 0xd0) {
        memcpy(data + 6, end->written->data + 8, 2); /* CC: the reference of our CR */
      }
      guint8 *version = memmem(data, turn->length, version_2, sizeof version_2);
      if (version_1_alone && turn->length > 8 && data[7] == 14 && version != NULL) {
        version[2] = 1; /* AC: we offer no other */
      }
      say(end, data, turn->length);
    }
  }
}

static struct p1_options options_of_alpha(const struct dialogue *d)
{
  struct p1_options options = p1_options_default(true);
  options.mode = d->mode;
  options.application_protocol = d->own_protocol;
  options.checkpoint_size = 63;
  options.window = 3;
  options.password_form = d->form;
  options.local.mta_name = (char *)"alpha-mta";
  return options;
}

/* The real responder's octets, each as soon as our initiator has said what it answers. */
START_TEST(our_initiator_takes_the_real_ones_steps)
{
  const struct dialogue *d = &dialogues[_i];
  struct pcap_streams streams = capture_of(d);
  g_autoptr(GBytes) message = transferred(d), password = g_bytes_new_static("alphapw", 7);
  struct p1_options options = options_of_alpha(d);
  options.local.password = password;
  struct p1_end end;
  p1_end_init(&end, &options);
  /* in normal mode an APDU as long as theirs, so that the segments are the same: their EXTERNAL is of
   * indefinite length */
  g_autoptr(GBytes) random = p1_random_apdu(g_bytes_get_size(message) - d->wrapping, 1);
  p1_end_send(&end, d->wrapping > 0 ? random : message);
  end.release_when_done = true;
  p1_association_connected(end.association);
  p1_end_drain(&end);
  answer_as_the_real_one(&end, &streams, d->mode == P1_MODE_1984);
  ck_assert_msg(end.sent == 1, "%s: %s", end.trace->str, end.end.words);
  ck_assert_str_eq(end.bound.peer.mta_name, "beta-mta");
  assert_password(&end.bound, "betapw");
  ck_assert_uint_eq(end.bound.checkpoint_size, 1);
  ck_assert_int_eq(end.bound.mode, d->mode);
  ck_assert_int_eq(end.end.type, P1_RELEASED);
  g_autofree char *ours = spdus_of(end.written->data, end.written->len);
  g_autofree char *theirs = spdus_of(streams.client->data, streams.client->len);
  ck_assert_str_eq(ours, theirs);
  if (d->mode != P1_MODE_1988_NORMAL) {
    assert_same_octets(end.written, streams.client);
  }
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
  tcase_add_loop_test(peers, a_real_initiator_is_accepted_and_its_message_whole, 0, G_N_ELEMENTS(dialogues));
  tcase_add_loop_test(peers, our_initiator_takes_the_real_ones_steps, 0, G_N_ELEMENTS(dialogues));
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
