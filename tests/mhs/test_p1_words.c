/* test_p1_words.c - p1_words.h and p1_mask.h on dialogues of real peers and on broken ones. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "lib/pcap.h"
#include "mhs/p1_mask.h"
#include "mhs/p1_words.h"

static void note(void *user, enum p1_step step, const char *name, const char *text)
{
  g_string_append_printf(user, "%s %s: %s\n", p1_step_name(step), name, text);
}

static char *words_of(const GByteArray *octets, gsize piece)
{
  GString *text = g_string_new(NULL);
  struct p1_words *words = p1_words_new(note, text);
  for (gsize at = 0; at < octets->len; at += piece)
    p1_words_input(words, octets->data + at, MIN(piece, octets->len - at));
  p1_words_free(words);
  return g_string_free(text, FALSE);
}

static GByteArray *masked(const GByteArray *octets, gsize piece)
{
  GByteArray *out = g_byte_array_new();
  struct p1_mask *mask = p1_mask_new();
  for (gsize at = 0; at < octets->len; at += piece)
    p1_mask_input(mask, octets->data + at, MIN(piece, octets->len - at), out);
  p1_mask_end(mask, out);
  p1_mask_free(mask);
  return out;
}

static bool contains(const GByteArray *octets, const char *text)
{
  return memmem(octets->data, octets->len, text, strlen(text)) != NULL;
}

static const struct {
  const char *capture;
  const char *client[8], *server[8]; /* in this order */
} dialogues[] = {
    {"p1-1988-normal",
     {"transport CR: class 0, called TSEL \"", "session CN: version 1 or 2",
      "half-duplex minor synchronize activity exceptions", "presentation CP: normal mode",
      "context 3 2.6.0.2.12", "acse AARQ: application context 2.6.0.1.6 (mts-transfer)",
      "rtse RTORQ: checkpoint size 63K",
      "bind bind argument: MTA name \"alpha-mta\", a password (OCTET STRING)"},
     {"transport CC", "session AC: version 2", "presentation CPA: normal mode", "acse AARE:", "accepted",
      "rtse RTOAC: checkpoint size 1K, window 3",
      "bind bind result: MTA name \"beta-mta\", a password (OCTET STRING)", NULL}},
    {"p1-1988-x410",
     {"transport CR", "session CN", "presentation CP: X.410-1984 mode", "rtse RTORQ: checkpoint size 63K",
      "application protocol 3072", "bind bind argument: MTA name \"alpha-mta\", a password (OCTET STRING)",
      NULL},
     {"session AC", "presentation CPA: X.410-1984 mode", "rtse RTOAC: checkpoint size 1K, window 3",
      "bind bind result: MTA name \"beta-mta\", a password (OCTET STRING)", NULL}},
    {"p1-1984-x410",
     {"rtse RTORQ: checkpoint size 63K", "application protocol 1", "a password (IA5String)", "transfer AS",
      NULL},
     {"bind bind result: MTA name \"beta-mta\", a password (IA5String)", "transfer AEA", NULL}},
};

static void in_order(const char *text, const char *const *wanted)
{
  const char *at = text;
  for (guint i = 0; i < 8 && wanted[i]; i++) {
    const char *found = strstr(at, wanted[i]);
    ck_assert_msg(found != NULL, "\"%s\" is not said, or not in its place:\n%s", wanted[i], text);
    at = found;
  }
}

START_TEST(real_dialogues_are_told)
{
  static const gsize pieces[] = {G_MAXINT, 1, 7};
  g_autofree char *path = g_strdup_printf("tests/vectors/real-mta/%s.pcap", dialogues[_i].capture);
  struct pcap_streams streams = pcap_read(path);
  for (guint i = 0; i < G_N_ELEMENTS(pieces); i++) {
    g_autofree char *client = words_of(streams.client, pieces[i]),
                    *server = words_of(streams.server, pieces[i]);
    in_order(client, dialogues[_i].client);
    in_order(server, dialogues[_i].server);
    ck_assert_ptr_null(strstr(client, "alphapw"));
    ck_assert_ptr_null(strstr(server, "betapw"));
    ck_assert_ptr_null(strstr(client, "?:"));
    ck_assert_ptr_null(strstr(server, "?:"));
  }
  pcap_clear(&streams);
}
END_TEST

/* The password goes, nothing else does, however the stream was cut. */
START_TEST(real_passwords_are_masked)
{
  static const gsize pieces[] = {G_MAXINT, 1, 3, 64};
  g_autofree char *path = g_strdup_printf("tests/vectors/real-mta/%s.pcap", dialogues[_i].capture);
  struct pcap_streams streams = pcap_read(path);
  ck_assert(contains(streams.client, "alphapw"));
  ck_assert(contains(streams.server, "betapw"));
  for (guint i = 0; i < G_N_ELEMENTS(pieces); i++) {
    GByteArray *both[] = {streams.client, streams.server};
    static const guint lengths[] = {7, 6};
    for (guint k = 0; k < 2; k++) {
      g_autoptr(GByteArray) out = masked(both[k], pieces[i]);
      ck_assert_uint_eq(out->len, both[k]->len);
      ck_assert(!contains(out, "alphapw") && !contains(out, "betapw"));
      guint changed = 0;
      for (guint j = 0; j < out->len; j++)
        changed += out->data[j] != both[k]->data[j];
      ck_assert_uint_eq(changed, lengths[k]);
      g_autofree char *before = words_of(both[k], 4096), *after = words_of(out, 4096);
      ck_assert_str_eq(before, after);
    }
  }
  pcap_clear(&streams);
}
END_TEST

/* A connection that ends anywhere in the bind shows no octet of the password. */
START_TEST(cut_passwords_are_masked)
{
  g_autofree char *path = g_strdup_printf("tests/vectors/real-mta/%s.pcap", dialogues[_i].capture);
  struct pcap_streams streams = pcap_read(path);
  for (gsize cut = 1; cut < MIN(streams.client->len, 400); cut++) {
    g_autoptr(GByteArray) head = g_byte_array_new();
    g_byte_array_append(head, streams.client->data, (guint)cut);
    g_autoptr(GByteArray) out = masked(head, 5);
    ck_assert_uint_eq(out->len, cut);
    ck_assert_msg(!contains(out, "phapw") && !contains(out, "alphap"), "cut at %zu", cut);
  }
  pcap_clear(&streams);
}
END_TEST

/* --- forms of the bind that captures do not have
 * ------------------------------------------------------------------------------------------------------ */

static GByteArray *octets_of(const char *hex)
{
  GByteArray *octets = g_byte_array_new();
  for (const char *at = hex; *at;) {
    if (*at == ' ') {
      at++;
      continue;
    }
    guint8 octet = (guint8)(g_ascii_xdigit_value(at[0]) << 4 | g_ascii_xdigit_value(at[1]));
    g_byte_array_append(octets, &octet, 1);
    at += 2;
  }
  return octets;
}

static GByteArray *packet_of(const char *hex)
{
  g_autoptr(GByteArray) spdu = octets_of(hex);
  const guint8 header[] = {3, 0, (guint8)((spdu->len + 7) >> 8), (guint8)(spdu->len + 7), 2, 0xf0, 0x80};
  GByteArray *packet = g_byte_array_new();
  g_byte_array_append(packet, header, sizeof header);
  g_byte_array_append(packet, spdu->data, spdu->len);
  return packet;
}

/* 73 65 63 72 65 74 is "secret". */
static const char *const forms[] = {
    /* indefinite lengths, constructed IA5String in pieces that are no words: only the octets are looked for
     */
    "0d1a c118 a3 80 a1 80 80 01 61 a1 80 16 06 736563726574 0000 0000 0000",
    "0d1a c118 a3 16 a1 14 80 01 61 a1 0f 36 80 04 06 736563726574 0000 0000 00",
    /* the password of 1984 as [1] IMPLICIT */
    "0d11 c10f a3 0d a1 0b 80 01 61 81 06 736563726574",
    /* octet-aligned in a PDV-list, arbitrary in an EXTERNAL */
    "0d13 c111 30 0f 02 01 01 81 0a a1 08 16 06 736563726574",
    "0d14 c112 28 10 02 01 01 82 0b 00 a1 08 16 06 736563726574",
    /* a length that reaches too far, a user data length that does, no BER at all */
    "0d0f c10d a3 0b a1 40 16 30 736563726574 00",
    "0d0c c120 a1 08 16 06 736563726574",
    "0dff 0009 c1 07 16 736563726574 00",
    /* data behind the connecting SPDU */
    "0d00 16 06 736563726574",
    /* user data that goes on in another TSDU */
    "0d13 3c0101 c10e a3 0c a1 0a 80 01 61 16 05 7365637265 74",
};

START_TEST(odd_passwords_are_masked)
{
  g_autoptr(GByteArray) packet = packet_of(forms[_i]);
  g_autoptr(GByteArray) out = masked(packet, 4096);
  ck_assert_uint_eq(out->len, packet->len);
  ck_assert(contains(packet, "secre"));
  ck_assert(!contains(out, "secre"));
}
END_TEST

START_TEST(overflow_is_masked_too)
{
  g_autoptr(GByteArray) first = packet_of("0d05 3c0101 c100"),
                        second = packet_of("0f0a 3c0103 c105 73656372 65");
  g_byte_array_append(first, second->data, second->len);
  g_autoptr(GByteArray) out = masked(first, 9);
  ck_assert_uint_eq(out->len, first->len);
  ck_assert(!contains(out, "secre"));
}
END_TEST

/* TSDUs before the one that connects do not open the way for it. */
START_TEST(a_late_bind_is_masked)
{
  g_autoptr(GByteArray) empty = packet_of(""), other = packet_of("0100"), bind = packet_of(forms[2]);
  g_byte_array_append(empty, other->data, other->len);
  g_byte_array_append(empty, bind->data, bind->len);
  g_autoptr(GByteArray) out = masked(empty, 4096), pieces = masked(empty, 1);
  ck_assert_uint_eq(out->len, empty->len);
  ck_assert(!contains(out, "secre"));
  ck_assert_mem_eq(out->data, pieces->data, out->len);
}
END_TEST

/* What is no P1 shows what it is, and no more. */
START_TEST(other_protocols_are_told)
{
  g_autoptr(GByteArray) http = g_byte_array_new();
  static const char answer[] = "HTTP/1.1 400 Bad Request\r\nX-Password: secret\r\n\r\n";
  g_byte_array_append(http, (const guint8 *)answer, sizeof answer - 1);
  g_autofree char *text = words_of(http, 4096);
  ck_assert_ptr_nonnull(strstr(text, "transport ?: octets that are not RFC 1006: \"HTTP/1.1 400 Bad"));
  g_autoptr(GByteArray) out = masked(http, 4096);
  ck_assert(contains(out, "HTTP/1.1 400 Bad") && !contains(out, "secret"));
}
END_TEST

int main(void)
{
  Suite *suite = suite_create("p1_words");
  TCase *tcase = tcase_create("p1_words");
  tcase_add_loop_test(tcase, real_dialogues_are_told, 0, G_N_ELEMENTS(dialogues));
  tcase_add_loop_test(tcase, real_passwords_are_masked, 0, G_N_ELEMENTS(dialogues));
  tcase_add_loop_test(tcase, cut_passwords_are_masked, 0, G_N_ELEMENTS(dialogues));
  tcase_add_loop_test(tcase, odd_passwords_are_masked, 0, G_N_ELEMENTS(forms));
  tcase_add_test(tcase, overflow_is_masked_too);
  tcase_add_test(tcase, a_late_bind_is_masked);
  tcase_add_test(tcase, other_protocols_are_told);
  suite_add_tcase(suite, tcase);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
