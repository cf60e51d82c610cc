/* test_p1_record.c - the wire record: what stays of a dialogue, what makes room, and that a password never is
 * in it. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "lib/pcap.h"
#include "relay/p1_record.h"

static struct config_peer sea = {.name = (char *)"sea", .record_size = 16384},
                          land = {.name = (char *)"land", .record_size = 16384},
                          mute = {.name = (char *)"mute", .record_size = 0};
static struct config config;
static struct relay relay;
static struct p1_records *records;

static void setup(void)
{
  config.peers = g_ptr_array_new();
  g_ptr_array_add(config.peers, &sea);
  g_ptr_array_add(config.peers, &land);
  g_ptr_array_add(config.peers, &mute);
  config.record_memory = 1 << 20;
  relay.config = &config;
  records = p1_records_new(&relay);
}

static void teardown(void)
{
  p1_records_free(records);
  g_ptr_array_unref(config.peers);
}

/* A TPKT of so many octets: DT, the end of its TSDU; of 9 octets: CN, AC. */
static void say(struct p1_record *record, bool sent, gsize length)
{
  g_autofree guint8 *packet = g_malloc0(length);
  if (length == 9)
    packet[7] = sent ? 13 : 14;
  const guint8 header[] = {3, 0, (guint8)(length >> 8), (guint8)length, 2, 0xf0, 0x80};
  memcpy(packet, header, sizeof header);
  p1_record_octets(record, sent, packet, length);
}

static struct p1_record *dialogue(guint packets, gsize length)
{
  struct p1_record *record = p1_record_new(records);
  say(record, true, 9);
  say(record, false, 9);
  for (guint i = 0; i < packets; i++)
    say(record, i % 2, length);
  return record;
}

static gsize octets_of(const struct p1_record *record)
{
  struct p1_record_piece piece;
  gsize total = 0;
  for (guint64 after = 0; p1_record_next(record, after, &piece); after = piece.number)
    total += piece.length;
  return total;
}

START_TEST(a_short_dialogue_is_kept_whole)
{
  p1_record_end(dialogue(10, 100), "sea", "192.0.2.1", NULL);
  const struct p1_record *kept = p1_records_kept(records, "sea", false);
  ck_assert_ptr_nonnull(kept);
  ck_assert_uint_eq(octets_of(kept), 1018);
  ck_assert_str_eq(p1_record_address(kept), "192.0.2.1");
  ck_assert_ptr_null(p1_record_error(kept));
  ck_assert_ptr_null(p1_records_kept(records, "sea", true));
  ck_assert_ptr_null(p1_records_kept(records, "land", false));
}
END_TEST

/* Beginning and end stay, in order, and each piece knows where it lies. */
START_TEST(a_long_dialogue_is_a_ring)
{
  p1_record_end(dialogue(400, 1000), "sea", "192.0.2.1", NULL);
  const struct p1_record *kept = p1_records_kept(records, "sea", false);
  ck_assert_uint_le(octets_of(kept), 16384);
  ck_assert_uint_ge(octets_of(kept), 12000);
  struct p1_record_piece piece;
  guint64 next[2] = {0}, gaps = 0, last = 0;
  for (guint64 after = 0; p1_record_next(kept, after, &piece); after = piece.number) {
    ck_assert_uint_gt(piece.number, last);
    last = piece.number;
    gaps += piece.offset != next[piece.sent];
    ck_assert_uint_ge(piece.offset, next[piece.sent]);
    next[piece.sent] = piece.offset + piece.length;
    if (piece.start < piece.length)
      ck_assert_mem_eq(piece.octets + piece.start, "\3\0", MIN(2, piece.length - piece.start));
  }
  ck_assert_uint_eq(gaps, 2);
  ck_assert_uint_eq(next[true], 9 + 200 * 1000);
  ck_assert_uint_eq(next[false], 9 + 200 * 1000);
}
END_TEST

START_TEST(the_last_error_outlives_good_dialogues)
{
  p1_record_end(dialogue(1, 100), "sea", "first", "a protocol error");
  p1_record_end(dialogue(2, 100), "sea", "second", NULL);
  p1_record_end(dialogue(3, 100), "sea", "third", NULL);
  ck_assert_str_eq(p1_record_address(p1_records_kept(records, "sea", true)), "first");
  ck_assert_str_eq(p1_record_address(p1_records_kept(records, "sea", false)), "third");
  p1_record_end(dialogue(4, 100), "sea", "fourth", "another");
  ck_assert_str_eq(p1_record_address(p1_records_kept(records, "sea", true)), "fourth");
  ck_assert_str_eq(p1_record_address(p1_records_kept(records, "sea", false)), "fourth");
}
END_TEST

/* Good ones make room before those in error, and what is open is cut last. */
START_TEST(all_records_share_their_memory)
{
  config.record_memory = 40000;
  p1_record_end(dialogue(10, 1000), "land", "error", "broken");
  p1_record_end(dialogue(10, 1000), "land", "good", NULL);
  p1_record_end(dialogue(10, 1000), "sea", "good", NULL);
  struct p1_record *open = dialogue(12, 1000);
  ck_assert_str_eq(p1_record_address(p1_records_kept(records, "land", false)), "error");
  ck_assert_ptr_nonnull(p1_records_kept(records, "sea", false));
  for (guint i = 0; i < 100; i++)
    say(open, i % 2, 1000);
  ck_assert_uint_ge(octets_of(open), 12000);
  p1_record_end(open, "sea", "last", NULL);
  config.record_memory = 0; /* reloaded */
  p1_record_end(dialogue(40, 1000), "sea", "none", NULL);
  ck_assert_ptr_null(p1_records_kept(records, "land", true));
}
END_TEST

START_TEST(who_is_not_recorded)
{
  p1_record_end(dialogue(5, 100), "mute", "192.0.2.1", "broken");
  ck_assert_ptr_null(p1_records_kept(records, "mute", false));
  p1_record_end(dialogue(5, 100), NULL, "192.0.2.9", "a name that nobody knows");
  ck_assert_str_eq(p1_record_address(p1_records_kept(records, "-", true)), "192.0.2.9");
  p1_record_end(p1_record_new(records), "sea", "192.0.2.1", "closed port");
  ck_assert_ptr_null(p1_records_kept(records, "sea", false)); /* nothing was said */
  sea.record_size = land.record_size = 0;
  ck_assert_ptr_null(p1_record_new(records));
  p1_record_octets(NULL, true, (const guint8 *)"x", 1);
  p1_record_end(NULL, "sea", "192.0.2.1", NULL);
}
END_TEST

/* A real bind, by pieces, cut off in its middle or not: no piece has the password. */
START_TEST(no_piece_has_a_password)
{
  struct pcap_streams streams = pcap_read("tests/vectors/real-mta/p1-1988-normal.pcap");
  struct p1_record *record = p1_record_new(records);
  gsize cut = _i ? MIN((gsize)_i * 40, streams.client->len) : streams.client->len;
  for (gsize at = 0; at < cut; at += 11)
    p1_record_octets(record, true, streams.client->data + at, MIN(11, cut - at));
  p1_record_end(record, "sea", "192.0.2.1", "cut");
  const struct p1_record *kept = p1_records_kept(records, "sea", true);
  g_autoptr(GByteArray) all = g_byte_array_new();
  struct p1_record_piece piece;
  for (guint64 after = 0; p1_record_next(kept, after, &piece); after = piece.number)
    g_byte_array_append(all, piece.octets, (guint)piece.length);
  ck_assert_uint_eq(all->len, cut);
  ck_assert_ptr_null(memmem(all->data, all->len, "phap", 4));
  pcap_clear(&streams);
}
END_TEST

int main(void)
{
  Suite *suite = suite_create("p1_record");
  TCase *tcase = tcase_create("p1_record");
  tcase_add_checked_fixture(tcase, setup, teardown);
  tcase_add_test(tcase, a_short_dialogue_is_kept_whole);
  tcase_add_test(tcase, a_long_dialogue_is_a_ring);
  tcase_add_test(tcase, the_last_error_outlives_good_dialogues);
  tcase_add_test(tcase, all_records_share_their_memory);
  tcase_add_test(tcase, who_is_not_recorded);
  tcase_add_loop_test(tcase, no_piece_has_a_password, 0, 8);
  suite_add_tcase(suite, tcase);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
