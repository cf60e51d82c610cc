/* test_session_spdu.c - SPDUs on the wire: those of real peers, all of our own, and what is none. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "lib/notation.h"
#include "lib/pcap.h"
#include "lib/vectors.h"
#include "osi/session_spdu.h"
#include "osi/tpkt.h"
#include "osi/x224_tpdu.h"

static GBytes *bytes(const char *hex)
{
  return g_byte_array_free_to_bytes(vector_hex(hex));
}

static GBytes *text(const char *octets)
{
  return g_bytes_new(octets, strlen(octets));
}

/* Decodes a TSDU of one SPDU, or of one behind another. */
static struct session_spdu decode(GBytes *tsdu, bool follows)
{
  struct session_spdu spdu;
  gsize offset = 0;
  g_autoptr(GError) error = NULL;
  ck_assert_msg(session_spdu_decode(tsdu, &offset, follows, &spdu, &error), "%s",
                error != NULL ? error->message : "");
  ck_assert_uint_eq(offset, g_bytes_get_size(tsdu));
  return spdu;
}

static char *encode(const struct session_spdu *spdu)
{
  g_autoptr(GByteArray) out = g_byte_array_new();
  session_spdu_encode(spdu, out);
  return notation_hex(out->data, out->len);
}

static char *hex_of(GBytes *octets)
{
  gsize length;
  const void *data = g_bytes_get_data(octets, &length);
  return notation_hex(data, length);
}

/* --- real peers --- */

START_TEST(ping_connect)
{
  g_autoptr(GBytes) tsdu = vector_ping("CN");
  struct session_spdu spdu = decode(tsdu, false);
  ck_assert_int_eq(spdu.type, SPDU_CN);
  g_autofree char *user = hex_of(spdu.user_reference), *common = hex_of(spdu.common_reference);
  ck_assert_str_eq(user, "0408506572636976616c");
  ck_assert_str_eq(common, "170d3035313030313134343835325a");
  ck_assert_uint_eq(spdu.protocol_options, 0);
  ck_assert_uint_eq(spdu.version, VERSION_2);
  ck_assert_uint_eq(spdu.token_setting, 0);
  ck_assert_uint_eq(spdu.requirements, 0x0249);
  ck_assert(!(spdu.present & (HAS_CALLING | HAS_CALLED | HAS_TSDU_MAXIMUM)));
  ck_assert_uint_eq(g_bytes_get_size(spdu.user_data), 148);
  g_autofree char *again = encode(&spdu), *was = hex_of(tsdu);
  ck_assert_str_eq(again, was);
  session_spdu_clear(&spdu);
}
END_TEST

START_TEST(ping_accept_and_finish)
{
  g_autoptr(GBytes) accept = vector_ping("AC"), finish = vector_ping("FN");
  struct session_spdu spdu = decode(accept, false);
  ck_assert_int_eq(spdu.type, SPDU_AC);
  ck_assert(spdu.called.present && spdu.called.length == 0);
  g_autofree char *again = encode(&spdu), *was = hex_of(accept);
  ck_assert_str_eq(again, was);
  session_spdu_clear(&spdu);

  spdu = decode(finish, false);
  ck_assert_int_eq(spdu.type, SPDU_FN);
  ck_assert_uint_eq(spdu.transport_disconnect, DISCONNECT_RELEASED);
  g_autofree char *again_finish = encode(&spdu), *was_finish = hex_of(finish);
  ck_assert_str_eq(again_finish, was_finish);
  session_spdu_clear(&spdu);
}
END_TEST

static const char *const captures[] = {"real-mta/p1-1988-normal.pcap", "real-mta/p1-1988-x410.pcap",
                                       "real-mta/p1-1984-x410.pcap"};

/* The names of a TSDU's SPDUs; each of them must encode as it was. */
static void check_tsdu(GBytes *tsdu, GString *names)
{
  gsize length = g_bytes_get_size(tsdu), offset = 0;
  const guint8 *octets = g_bytes_get_data(tsdu, NULL);
  while (offset < length) {
    gsize start = offset;
    struct session_spdu spdu;
    g_autoptr(GError) error = NULL;
    ck_assert_msg(session_spdu_decode(tsdu, &offset, start > 0, &spdu, &error), "%s",
                  error ? error->message : "");
    g_string_append_printf(names, "%s%s", start > 0 ? "+" : " ", session_spdu_name(spdu.type));
    g_autofree char *again = encode(&spdu), *was = notation_hex(octets + start, offset - start);
    ck_assert_str_eq(again, was);
    session_spdu_clear(&spdu);
  }
}

static char *check_stream(const GByteArray *stream)
{
  GString *names = g_string_new(NULL);
  struct tpkt_reader reader;
  tpkt_reader_init(&reader);
  const guint8 *in = stream->data, *packet;
  gsize left = stream->len, length;
  while (tpkt_read(&reader, &in, &left, &packet, &length) == TPKT_PACKET) {
    struct x224_tpdu tpdu;
    ck_assert(x224_decode(packet, length, &tpdu, NULL));
    if (tpdu.type != X224_DT)
      continue;
    ck_assert(tpdu.end);
    g_autoptr(GBytes) tsdu = g_bytes_new(tpdu.data, tpdu.length);
    check_tsdu(tsdu, names);
  }
  tpkt_reader_clear(&reader);
  return g_string_free(names, FALSE);
}

START_TEST(captures_encode_as_they_were)
{
  g_autofree char *path = vector_path(captures[_i]);
  struct pcap_streams streams = pcap_read(path);
  g_autofree char *client = check_stream(streams.client), *server = check_stream(streams.server);
  ck_assert_str_eq(client, " CN GT+AS GT+DT GT+MIP GT+DT GT+MIP GT+DT GT+AE FN");
  ck_assert_str_eq(server, " AC PT+MIA PT+MIA PT+AEA DN");
  pcap_clear(&streams);
}
END_TEST

/* --- every SPDU of ours --- */

static const struct {
  struct session_spdu spdu;
  bool follows;
  const char *user_data, *octets;
} ours[] = {
    {{.type = SPDU_OA, .present = HAS_VERSION | HAS_TSDU_MAXIMUM, .version = 2, .tsdu_maximum = 0x00ff0100},
     false,
     NULL,
     "1009150400ff0100160102"},
    {{.type = SPDU_CDO, .present = HAS_ENCLOSURE, .enclosure = ENCLOSURE_END},
     false,
     "ab",
     "0f071901022e026162"},
    {{.type = SPDU_RF,
      .present = HAS_TRANSPORT_DISCONNECT | HAS_VERSION | HAS_REASON,
      .transport_disconnect = 1,
      .version = 2,
      .reason = 2},
     false,
     "no",
     "0c0b11010116010232"
     "03026e6f"},
    {{.type = SPDU_DN}, false, "x", "0a03c10178"},
    {{.type = SPDU_NF}, false, NULL, "0800"},
    {{.type = SPDU_AB, .present = HAS_TRANSPORT_DISCONNECT, .transport_disconnect = 5},
     false,
     NULL,
     "1903110105"},
    {{.type = SPDU_AA}, false, NULL, "1a00"},
    {{.type = SPDU_GT, .present = HAS_TOKEN_ITEM, .token_item = 0x15}, false, NULL, "0103100115"},
    {{.type = SPDU_PT, .present = HAS_TOKEN_ITEM, .token_item = 0x10}, false, "p", "0206100110c10170"},
    {{.type = SPDU_GTC}, false, NULL, "1500"},
    {{.type = SPDU_GTA}, false, NULL, "1600"},
    {{.type = SPDU_DT}, true, "data", "010064617461"},
    {{.type = SPDU_DT, .present = HAS_ENCLOSURE, .enclosure = ENCLOSURE_BEGIN}, true, "da", "01031901016461"},
    {{.type = SPDU_TD}, false, "data", "210064617461"},
    {{.type = SPDU_MIP, .present = HAS_SERIAL, .serial = 123456}, true, NULL, "31082a06313233343536"},
    {{.type = SPDU_MIA, .present = HAS_SERIAL, .serial = 9}, true, "m", "32062a01392e016d"},
    {{.type = SPDU_AE, .present = HAS_SERIAL, .serial = 3}, true, NULL, "29032a0133"},
    {{.type = SPDU_AEA, .present = HAS_SERIAL, .serial = 3}, true, NULL, "2a032a0133"},
    {{.type = SPDU_AI, .present = HAS_REASON, .reason = 5}, true, NULL, "1903320105"},
    {{.type = SPDU_AIA}, true, NULL, "1a00"},
    {{.type = SPDU_AD, .present = HAS_REASON, .reason = 6}, true, NULL, "3903320106"},
    {{.type = SPDU_ADA}, true, NULL, "3a00"},
    {{.type = SPDU_ED, .present = HAS_REASON, .reason = 128}, true, "e", "3006320180c10165"},
};

START_TEST(ours_as_octets_and_back)
{
  struct session_spdu spdu = ours[_i].spdu;
  g_autoptr(GBytes) data = ours[_i].user_data != NULL ? text(ours[_i].user_data) : NULL;
  spdu.user_data = data;
  spdu.present |= data != NULL ? HAS_USER_DATA : 0;
  g_autofree char *octets = encode(&spdu);
  ck_assert_str_eq(octets, ours[_i].octets);
  g_autoptr(GBytes) tsdu = bytes(octets);
  struct session_spdu again = decode(tsdu, ours[_i].follows);
  ck_assert_int_eq(again.type, spdu.type);
  g_autofree char *once_more = encode(&again);
  ck_assert_str_eq(once_more, octets);
  session_spdu_clear(&again);
}
END_TEST

START_TEST(activity_start_and_resume)
{
  struct session_spdu start = {.type = SPDU_AS, .present = HAS_ACTIVITY, .activity = bytes("020101")};
  g_autofree char *octets = encode(&start);
  ck_assert_str_eq(octets, "2d052903020101");
  session_spdu_clear(&start);

  struct session_spdu resume = {.type = SPDU_AR,
                                .present = HAS_ACTIVITY | HAS_LINK_ACTIVITY | HAS_LINK_SERIAL |
                                           HAS_LINK_CALLING | HAS_LINK_COMMON | HAS_LINK_CALLED |
                                           HAS_LINK_ADDITIONAL,
                                .activity = bytes("020102"),
                                .link_activity = bytes("020101"),
                                .link_serial = 17,
                                .link_called = text("B"),
                                .link_calling = text("A"),
                                .link_common = text("c"),
                                .link_additional = text("d")};
  g_autofree char *resumed = encode(&resume);
  ck_assert_str_eq(resumed, "1d1c2115"
                            "090142"
                            "0a0141"
                            "0b0163"
                            "0c0164"
                            "2903020101"
                            "2a023137"
                            "2903020102");
  g_autoptr(GBytes) tsdu = bytes(resumed);
  struct session_spdu again = decode(tsdu, true);
  ck_assert_uint_eq(again.link_serial, 17);
  ck_assert(g_bytes_equal(again.activity, resume.activity) &&
            g_bytes_equal(again.link_activity, resume.link_activity));
  ck_assert(g_bytes_equal(again.link_called, resume.link_called) &&
            g_bytes_equal(again.link_common, resume.link_common));
  session_spdu_clear(&again);
  session_spdu_clear(&resume);
}
END_TEST

START_TEST(long_lengths)
{
  static const gsize sizes[] = {0, 250, 251, 252, 253, 254, 255, 256, 512, 513, 10240, 65000};
  for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++) {
    for (int type = 0; type < 2; type++) {
      struct session_spdu spdu = {.type = type == 0 ? SPDU_CN : SPDU_FN, .present = HAS_USER_DATA};
      spdu.user_data = g_bytes_new_take(g_malloc0(sizes[i]), sizes[i]);
      g_autoptr(GByteArray) out = g_byte_array_new();
      session_spdu_encode(&spdu, out);
      gsize li = out->data[1] == 255 ? 4 : 2; /* where the parameters begin */
      /* 8.3.1: more than 512 octets in CN are extended user data; the short length is taken where it does */
      ck_assert_uint_eq(out->data[li], type == 0 && sizes[i] > 512 ? 194 : 193);
      ck_assert_int_eq(out->data[li + 1] == 255, sizes[i] >= 255);
      g_autoptr(GBytes) tsdu = g_bytes_new(out->data, out->len);
      struct session_spdu again = decode(tsdu, false);
      ck_assert(g_bytes_equal(again.user_data, spdu.user_data));
      session_spdu_clear(&again);
      session_spdu_clear(&spdu);
    }
  }
}
END_TEST

START_TEST(room_is_what_fits)
{
  static const enum session_spdu_type types[] = {SPDU_FN, SPDU_AS, SPDU_MIP, SPDU_DT,
                                                 SPDU_TD, SPDU_RF, SPDU_CDO};
  static const gsize limits[] = {64, 300, 2048, 0};
  for (gsize t = 0; t < G_N_ELEMENTS(types); t++) {
    for (gsize l = 0; l < G_N_ELEMENTS(limits); l++) {
      struct session_spdu spdu = {
          .type = types[t], .present = HAS_ENCLOSURE | HAS_SERIAL | HAS_REASON, .serial = 12};
      gsize room = session_spdu_room(&spdu, limits[l]);
      if (room == G_MAXSIZE)
        continue;
      spdu.present |= HAS_USER_DATA;
      spdu.user_data = g_bytes_new_take(g_malloc0(room), room);
      g_autoptr(GByteArray) out = g_byte_array_new();
      session_spdu_encode(&spdu, out);
      ck_assert_uint_le(out->len, limits[l] != 0 ? limits[l] : 65539);
      g_autoptr(GBytes) tsdu = g_bytes_new(out->data, out->len);
      struct session_spdu again = decode(tsdu, types[t] == SPDU_DT || types[t] == SPDU_MIP);
      ck_assert_uint_eq(g_bytes_get_size(again.user_data), room);
      session_spdu_clear(&again);
      session_spdu_clear(&spdu);
    }
  }
}
END_TEST

/* --- what real or later peers may write --- */

static const struct {
  const char *octets, *canonical;
  bool follows;
} tolerated[] = {
    /* parameters outside of their group, in another order, unknown ones between */
    {"0d1414020249 1a0100 9902abcd 160102 130100 0a0141", "0d140103 0a0141 0509 130100160102 1a0100 14020249",
     false},
    /* a long form of a short length, for the SPDU and a parameter */
    {"09ff0007 11ff000101 6000", "0903110101", false},
    /* a parameter without value */
    {"0905 110101 1900", "0903110101", false},
    /* an unknown parameter in a group, and an unknown group */
    {"0d0a 0103 0a0141 4001 ff 6000", "0d050103 0a0141", false},
    /* AE with a sync type item that says nothing; reserved bits */
    {"2906 0f0100 2a0133", "2906 0f0100 2a0133", true},
    /* serial number with leading zeros */
    {"3108 2a06 303030303031", "3103 2a0131", true},
};

START_TEST(tolerates)
{
  g_autoptr(GBytes) tsdu = bytes(tolerated[_i].octets);
  struct session_spdu spdu = decode(tsdu, tolerated[_i].follows);
  g_autofree char *octets = encode(&spdu);
  g_autoptr(GBytes) canonical = bytes(tolerated[_i].canonical);
  g_autofree char *expected = hex_of(canonical);
  ck_assert_str_eq(octets, expected);
  session_spdu_clear(&spdu);
}
END_TEST

START_TEST(place_decides_ambiguous_identifiers)
{
  static const struct {
    const char *octets;
    enum session_spdu_type first, after;
  } cases[] = {{"0100", SPDU_GT, SPDU_DT}, {"1900", SPDU_AB, SPDU_AI}, {"1a00", SPDU_AA, SPDU_AIA}};
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GBytes) tsdu = bytes(cases[i].octets);
    struct session_spdu first = decode(tsdu, false), after = decode(tsdu, true);
    ck_assert_int_eq(first.type, cases[i].first);
    ck_assert_int_eq(after.type, cases[i].after);
    session_spdu_clear(&first);
    session_spdu_clear(&after);
  }
  g_autoptr(GBytes) major = bytes("2906 0f0101 2a0133");
  struct session_spdu spdu = decode(major, true);
  ck_assert_int_eq(spdu.type, SPDU_MAP);
  session_spdu_clear(&spdu);
}
END_TEST

/* --- what is none --- */

static const struct {
  const char *octets, *words;
  bool follows;
} invalid[] = {
    {"", "beyond", false},
    {"0d", "beyond", false},
    {"0d05", "beyond", false},
    {"0dff00", "beyond", false},
    {"0dff0100", "beyond", false},
    {"0d02 0a01", "reaches beyond the SPDU", false},
    {"0d04 0103 0a01", "beyond", false},
    {"0d05 0103 0a0241", "reaches beyond its group", false},
    {"0d02 0aff", "beyond", false},
    {"ff00", "255 is not known", false},
    {"3100", "MIP lacks", true},
    {"2900", "AE lacks", true},
    {"2d00", "AS lacks", true},
    {"1d05 2903020101", "AR lacks", true},
    {"3000", "ED lacks", true},
    {"0f00", "CDO lacks", false},
    {"1000", "OA lacks", false},
    {"3103 2a0178", "parameter 42", true},
    {"3109 2a07 31323334353637", "parameter 42", true},
    {"0d03 140102", "parameter 20", false},
    {"0d04 15020102", "parameter 21", false},
    {"0904 11020101", "parameter 17", false},
};

START_TEST(refuses)
{
  g_autoptr(GBytes) tsdu = bytes(invalid[_i].octets);
  struct session_spdu spdu;
  gsize offset = 0;
  g_autoptr(GError) error = NULL;
  ck_assert(!session_spdu_decode(tsdu, &offset, invalid[_i].follows, &spdu, &error));
  ck_assert_msg(strstr(error->message, invalid[_i].words) != NULL, "%s", error->message);
  ck_assert_msg(strstr(error->message, "X.225") != NULL, "%s", error->message);
  ck_assert_uint_eq(spdu.present, 0);
}
END_TEST

/* Every real SPDU cut at every octet, and with every octet changed: decoded or refused, nothing else. */
START_TEST(mutilated)
{
  static const char *const blocks[] = {"CN", "AC", "FN"};
  for (gsize b = 0; b < G_N_ELEMENTS(blocks); b++) {
    g_autoptr(GBytes) whole = vector_ping(blocks[b]);
    gsize length;
    const guint8 *octets = g_bytes_get_data(whole, &length);
    for (gsize at = 0; at < length; at++) {
      g_autoptr(GBytes) cut = g_bytes_new(octets, at);
      struct session_spdu spdu;
      gsize offset = 0;
      ck_assert(!session_spdu_decode(cut, &offset, false, &spdu, NULL));
      for (guint value = 0; value < 256; value += 5) {
        guint8 *copy = g_memdup2(octets, length);
        copy[at] = (guint8)value;
        g_autoptr(GBytes) changed = g_bytes_new_take(copy, length);
        offset = 0;
        if (session_spdu_decode(changed, &offset, false, &spdu, NULL))
          session_spdu_clear(&spdu);
      }
    }
  }
}
END_TEST

int main(void)
{
  Suite *suite = suite_create("session SPDUs");
  TCase *real = tcase_create("real peers");
  tcase_add_test(real, ping_connect);
  tcase_add_test(real, ping_accept_and_finish);
  tcase_add_loop_test(real, captures_encode_as_they_were, 0, G_N_ELEMENTS(captures));
  suite_add_tcase(suite, real);
  TCase *own = tcase_create("ours");
  tcase_add_loop_test(own, ours_as_octets_and_back, 0, G_N_ELEMENTS(ours));
  tcase_add_test(own, activity_start_and_resume);
  tcase_add_test(own, long_lengths);
  tcase_add_test(own, room_is_what_fits);
  suite_add_tcase(suite, own);
  TCase *tolerance = tcase_create("tolerance");
  tcase_add_loop_test(tolerance, tolerates, 0, G_N_ELEMENTS(tolerated));
  tcase_add_test(tolerance, place_decides_ambiguous_identifiers);
  suite_add_tcase(suite, tolerance);
  TCase *wrong = tcase_create("wrong");
  tcase_add_loop_test(wrong, refuses, 0, G_N_ELEMENTS(invalid));
  tcase_add_test(wrong, mutilated);
  suite_add_tcase(suite, wrong);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
