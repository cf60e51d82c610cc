/* test_transport.c - TPKT and the class 0 transport machine. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "lib/notation.h"
#include "lib/pcap.h"
#include "lib/vectors.h"
#include "osi/tpkt.h"
#include "osi/transport.h"
#include "osi/x224_tpdu.h"

/* --- two machines and the wires between them --- */

struct side {
  struct transport *transport;
  GByteArray *sent; /* all octets written */
  gsize delivered;  /* of sent, to the other side */
  GPtrArray *tsdus; /* GBytes received */
  struct transport_output connect, closed;
  bool connect_seen, connected, closed_seen;
  guint timer;
};

struct pair {
  struct side sides[2]; /* initiator, responder */
  bool accept;          /* the responder's user accepts as soon as it is asked */
  guint refuse_reason;
};

static void side_drain(struct pair *pair, struct side *side)
{
  struct transport_output output;
  while (transport_next(side->transport, &output)) {
    ck_assert_msg(!side->closed_seen, "an output after CLOSED");
    switch (output.type) {
    case TRANSPORT_SEND: {
      gsize length;
      const guint8 *octets = g_bytes_get_data(output.data, &length);
      g_byte_array_append(side->sent, octets, (guint)length);
      break;
    }
    case TRANSPORT_CONNECT:
      side->connect = output;
      side->connect_seen = true;
      if (pair->accept)
        transport_accept(side->transport);
      else
        transport_refuse(side->transport, pair->refuse_reason);
      break;
    case TRANSPORT_CONNECTED:
      side->connected = true;
      break;
    case TRANSPORT_TSDU:
      g_ptr_array_add(side->tsdus, g_bytes_ref(output.data));
      break;
    case TRANSPORT_CLOSED:
      side->closed = output;
      side->closed_seen = true;
      continue; /* keeps its words */
    case TRANSPORT_TIMER:
      side->timer = output.ms;
      break;
    }
    transport_output_clear(&output);
  }
}

/* Delivers at most chop octets at a time until nothing is under way. */
static void pump(struct pair *pair, gsize chop)
{
  bool moved = true;
  while (moved) {
    moved = false;
    for (int i = 0; i < 2; i++) {
      struct side *from = &pair->sides[i], *to = &pair->sides[1 - i];
      side_drain(pair, from);
      gsize part = MIN(chop, from->sent->len - from->delivered);
      if (part == 0)
        continue;
      g_autofree guint8 *piece = g_memdup2(from->sent->data + from->delivered, part);
      from->delivered += part;
      transport_input(to->transport, piece, part);
      side_drain(pair, to);
      moved = true;
    }
  }
}

static void side_init(struct side *side, const struct transport_options *options)
{
  *side = (struct side){.transport = transport_new(options),
                        .sent = g_byte_array_new(),
                        .tsdus = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref)};
}

static void pair_init(struct pair *pair, const struct transport_options *initiator,
                      const struct transport_options *responder)
{
  *pair = (struct pair){.accept = true};
  side_init(&pair->sides[0], initiator);
  side_init(&pair->sides[1], responder);
}

static void pair_clear(struct pair *pair)
{
  for (int i = 0; i < 2; i++) {
    transport_free(pair->sides[i].transport);
    g_byte_array_unref(pair->sides[i].sent);
    g_ptr_array_unref(pair->sides[i].tsdus);
    transport_output_clear(&pair->sides[i].closed);
  }
}

static struct osi_selector selector(const char *text)
{
  struct osi_selector parsed;
  ck_assert(osi_selector_parse(text, &parsed, NULL));
  return parsed;
}

static GBytes *counted(gsize length)
{
  guint8 *octets = g_malloc(length);
  for (gsize i = 0; i < length; i++)
    octets[i] = (guint8)(i * 31 + (i >> 8));
  return g_bytes_new_take(octets, length);
}

static void input(struct transport *transport, const char *hex)
{
  g_autoptr(GByteArray) octets = vector_hex(hex);
  transport_input(transport, octets->data, octets->len);
}

/* --- TPKT --- */

START_TEST(tpkt_pieces_of_every_size)
{
  g_autoptr(GByteArray) stream = g_byte_array_new();
  for (guint length = 3; length < 40; length++) {
    guint8 header[TPKT_HEADER];
    tpkt_write_header(header, length);
    g_byte_array_append(stream, header, sizeof(header));
    for (guint i = 0; i < length; i++)
      g_byte_array_append(stream, &(guint8){(guint8)length}, 1);
  }
  for (gsize piece = 1; piece <= stream->len; piece++) {
    struct tpkt_reader reader;
    tpkt_reader_init(&reader);
    guint expected = 3;
    for (gsize at = 0; at < stream->len; at += piece) {
      g_autofree guint8 *copy = g_memdup2(stream->data + at, MIN(piece, stream->len - at));
      const guint8 *in = copy, *contents;
      gsize left = MIN(piece, stream->len - at), length;
      enum tpkt_result result;
      while ((result = tpkt_read(&reader, &in, &left, &contents, &length)) == TPKT_PACKET) {
        ck_assert_uint_eq(length, expected);
        ck_assert_uint_eq(contents[0], expected);
        ck_assert_uint_eq(contents[length - 1], expected);
        expected++;
      }
      ck_assert_int_eq(result, TPKT_MORE);
    }
    ck_assert_uint_eq(expected, 40);
    tpkt_reader_clear(&reader);
  }
}
END_TEST

START_TEST(tpkt_refuses_what_is_none)
{
  static const char *const streams[] = {"02000007 02f080", "03000006 02f0", "03000000", "04", "474554202f20"};
  for (gsize i = 0; i < G_N_ELEMENTS(streams); i++) {
    struct transport *transport = transport_new(&(struct transport_options){0});
    input(transport, streams[i]);
    struct transport_output output;
    ck_assert_msg(transport_next(transport, &output), "%s", streams[i]);
    ck_assert_int_eq(output.type, TRANSPORT_CLOSED);
    ck_assert_ptr_nonnull(strstr(output.detail, "RFC 1006"));
    transport_output_clear(&output);
    transport_free(transport);
  }
}
END_TEST

/* --- selectors --- */

START_TEST(selectors_are_tri_state)
{
  struct osi_selector absent = {0}, empty, text, hex;
  ck_assert(osi_selector_parse(NULL, &absent, NULL) && !absent.present);
  ck_assert(osi_selector_parse("", &empty, NULL) && empty.present && empty.length == 0);
  ck_assert(osi_selector_parse("591", &text, NULL) && text.length == 3);
  ck_assert(osi_selector_parse("x'353931'", &hex, NULL));
  ck_assert(osi_selector_equal(&text, &hex));
  ck_assert(!osi_selector_equal(&absent, &empty));
  ck_assert(!osi_selector_equal(&text, &empty));
  static const char *const wrong[] = {"x'123'", "x'zz'", "umlaut\xfc"};
  for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++) {
    g_autoptr(GError) error = NULL;
    ck_assert(!osi_selector_parse(wrong[i], &text, &error));
    ck_assert_ptr_nonnull(error);
  }
  g_autofree char *long_text = g_strnfill(OSI_SELECTOR_MAX + 1, 'a');
  ck_assert(!osi_selector_parse(long_text, &text, NULL));
  static const char *const forms[][2] = {{"", "\"\""}, {"X400-88", "\"X400-88\""}, {"x'00ff'", "x'00ff'"}};
  for (gsize i = 0; i < G_N_ELEMENTS(forms); i++) {
    struct osi_selector parsed = selector(forms[i][0]);
    g_autofree char *printed = osi_selector_format(&parsed);
    ck_assert_str_eq(printed, forms[i][1]);
  }
  g_autofree char *printed = osi_selector_format(&absent);
  ck_assert_str_eq(printed, "(absent)");
}
END_TEST

/* --- connection --- */

START_TEST(connects_and_tells_selectors)
{
  struct pair pair;
  struct transport_options initiator = {.initiator = true, .called = selector("591"), .tpdu_size = 0x0b};
  pair_init(&pair, &initiator, &(struct transport_options){0});
  transport_connect(pair.sides[0].transport);
  pump(&pair, 5);
  ck_assert(pair.sides[0].connected && pair.sides[1].connected);
  ck_assert(!pair.sides[1].connect.calling.present);
  ck_assert(osi_selector_equal(&pair.sides[1].connect.called, &initiator.called));
  ck_assert_uint_eq(transport_tpdu_max(pair.sides[0].transport), 2045);
  ck_assert_uint_eq(transport_tpdu_max(pair.sides[1].transport), 2045);
  /* as the ISODE family writes them (its references apart) */
  g_autofree char *request = notation_hex(pair.sides[0].sent->data, pair.sides[0].sent->len);
  ck_assert_str_eq(request, "030000130ee00000000100c203353931c0010b");
  g_autofree char *confirm = notation_hex(pair.sides[1].sent->data, pair.sides[1].sent->len);
  ck_assert_str_eq(confirm, "0300000e09d00001000200c0010b");
  pair_clear(&pair);
}
END_TEST

/* What is proposed, what the responder takes at most, and the user data of a DT that come of it on both
 * sides. */
static const struct {
  guint8 proposed, limit;
  guint initiator, responder;
} sizes[] = {
    {0x0b, 0, 2045, 2045}, {0, 0, 65528, 65528},     {0x07, 0x0b, 125, 125},
    {0x0d, 0, 8189, 8189}, {0x0d, 0x0b, 2045, 2045}, {0, 0x0b, 65528, 65528},
};

START_TEST(negotiates_tpdu_size)
{
  struct pair pair;
  pair_init(&pair, &(struct transport_options){.initiator = true, .tpdu_size = sizes[_i].proposed},
            &(struct transport_options){.tpdu_size = sizes[_i].limit});
  transport_connect(pair.sides[0].transport);
  pump(&pair, G_MAXSIZE);
  ck_assert_uint_eq(transport_tpdu_max(pair.sides[0].transport), sizes[_i].initiator);
  ck_assert_uint_eq(transport_tpdu_max(pair.sides[1].transport), sizes[_i].responder);
  pair_clear(&pair);
}
END_TEST

/* A CR from outside and the CC or DR it gets. */
static const struct {
  const char *request, *answer;
  guint room;
} requests[] = {
    /* x400-ping: no size at all */
    {"0300001d18e000000de000c107583430302d3838c207583430302d3838", "0300000b06d00de0000200", 65528},
    /* preferred maximum TPDU size, 4 units; the plain size beside it is ignored */
    {"03000011 0ce00000123400 c0010b f00104", "0300000e09d01234000200f00104", 509},
    /* class 4 with class 0 as alternative; a parameter that nobody knows */
    {"03000014 0fe00000123440 c70100 990100 c0010a", "0300000e09d01234000200c0010a", 1021},
    /* class 4 and nothing else: refused, negotiation failed */
    {"0300000e 09e00000123440 c0010a", "0300000b06801234000282", 0},
};

START_TEST(answers_requests)
{
  struct transport *transport = transport_new(&(struct transport_options){0});
  input(transport, requests[_i].request);
  transport_accept(transport);
  struct transport_output output;
  bool sent = false;
  while (transport_next(transport, &output)) {
    if (output.type == TRANSPORT_SEND) {
      gsize length;
      const guint8 *octets = g_bytes_get_data(output.data, &length);
      g_autofree char *hex = notation_hex(octets, length);
      ck_assert_str_eq(hex, requests[_i].answer);
      sent = true;
    }
    transport_output_clear(&output);
  }
  ck_assert(sent);
  if (requests[_i].room != 0)
    ck_assert_uint_eq(transport_tpdu_max(transport), requests[_i].room);
  transport_free(transport);
}
END_TEST

/* --- data --- */

static const gsize lengths[] = {0, 1, 124, 125, 126, 250, 251, 5000, 100000};

START_TEST(carries_tsdus_of_any_length)
{
  static const gsize chops[] = {1, 2, 3, 7, 128, 4096, G_MAXSIZE};
  for (gsize c = 0; c < G_N_ELEMENTS(chops); c++) {
    struct pair pair;
    pair_init(&pair, &(struct transport_options){.initiator = true, .tpdu_size = 0x07},
              &(struct transport_options){0});
    transport_connect(pair.sides[0].transport);
    pump(&pair, chops[c]);
    g_autoptr(GBytes) tsdu = counted(lengths[_i]);
    transport_send(pair.sides[0].transport, tsdu);
    transport_send(pair.sides[1].transport, tsdu);
    transport_send(pair.sides[0].transport, tsdu);
    pump(&pair, chops[c]);
    ck_assert_uint_eq(pair.sides[1].tsdus->len, 2);
    ck_assert_uint_eq(pair.sides[0].tsdus->len, 1);
    ck_assert(g_bytes_equal(pair.sides[1].tsdus->pdata[1], tsdu));
    ck_assert(g_bytes_equal(pair.sides[0].tsdus->pdata[0], tsdu));
    pair_clear(&pair);
  }
}
END_TEST

/* A TSDU of no octets is still a TSDU: one DT with EOT, whether or not its buffer is anywhere. */
START_TEST(a_tsdu_of_nothing_is_one_dt)
{
  static const guint8 expected[] = {3, 0, 0, 7, 2, 0xf0, 0x80};
  g_autoptr(GBytes) nowhere = g_bytes_new(NULL, 0), nothing = g_bytes_new_static("", 0);
  GBytes *const tsdus[] = {nowhere, nothing};
  for (gsize i = 0; i < G_N_ELEMENTS(tsdus); i++) {
    g_autoptr(GBytes) sent = x224_encode_data(tsdus[i], 128);
    ck_assert_uint_eq(g_bytes_get_size(sent), sizeof(expected));
    ck_assert_mem_eq(g_bytes_get_data(sent, NULL), expected, sizeof(expected));
  }
}
END_TEST

START_TEST(a_tsdu_is_one_output)
{
  struct transport *transport =
      transport_new(&(struct transport_options){.initiator = true, .tpdu_size = 0x0b});
  transport_connect(transport);
  input(transport, "0300000e09d00001000200c0010b");
  struct transport_output output;
  while (transport_next(transport, &output))
    transport_output_clear(&output);
  g_autoptr(GBytes) tsdu = counted(16384);
  transport_send(transport, tsdu);
  ck_assert(transport_next(transport, &output));
  ck_assert_int_eq(output.type, TRANSPORT_SEND);
  ck_assert_uint_eq(g_bytes_get_size(output.data), 16384 + 9 * 7);
  transport_output_clear(&output);
  ck_assert(!transport_next(transport, &output));
  transport_free(transport);
}
END_TEST

START_TEST(limits_the_tsdu)
{
  struct pair pair;
  pair_init(&pair, &(struct transport_options){.initiator = true, .tpdu_size = 0x07},
            &(struct transport_options){.tsdu_max = 1000});
  transport_connect(pair.sides[0].transport);
  pump(&pair, G_MAXSIZE);
  g_autoptr(GBytes) fits = counted(1000), too_long = counted(1001);
  transport_send(pair.sides[0].transport, fits);
  transport_send(pair.sides[0].transport, too_long);
  pump(&pair, 50);
  ck_assert_uint_eq(pair.sides[1].tsdus->len, 1);
  ck_assert(pair.sides[1].closed_seen && !pair.sides[1].closed.by_peer);
  ck_assert_ptr_nonnull(strstr(pair.sides[1].closed.detail, "1000"));
  ck_assert(pair.sides[0].closed_seen && pair.sides[0].closed.by_peer);
  pair_clear(&pair);
}
END_TEST

/* --- ends --- */

START_TEST(refusal_says_why)
{
  struct pair pair;
  pair_init(&pair, &(struct transport_options){.initiator = true, .called = selector("wrong")},
            &(struct transport_options){0});
  pair.accept = false;
  pair.refuse_reason = X224_ADDRESS_UNKNOWN;
  transport_connect(pair.sides[0].transport);
  pump(&pair, G_MAXSIZE);
  ck_assert(pair.sides[0].closed_seen && pair.sides[0].closed.by_peer);
  ck_assert_uint_eq(pair.sides[0].closed.reason, X224_ADDRESS_UNKNOWN);
  ck_assert_ptr_nonnull(strstr(pair.sides[0].closed.detail, "\"wrong\""));
  ck_assert(pair.sides[1].closed_seen && !pair.sides[1].closed.by_peer);
  pair_clear(&pair);
}
END_TEST

START_TEST(disconnect_sends_dr)
{
  struct pair pair;
  pair_init(&pair, &(struct transport_options){.initiator = true}, &(struct transport_options){0});
  transport_connect(pair.sides[0].transport);
  pump(&pair, G_MAXSIZE);
  gsize before = pair.sides[0].sent->len;
  transport_disconnect(pair.sides[0].transport, X224_NORMAL_DISCONNECT);
  pump(&pair, G_MAXSIZE);
  g_autofree char *hex = notation_hex(pair.sides[0].sent->data + before, pair.sides[0].sent->len - before);
  ck_assert_str_eq(hex, "0300000b06800002000180");
  ck_assert(pair.sides[1].closed.by_peer);
  ck_assert_uint_eq(pair.sides[1].closed.reason, X224_NORMAL_DISCONNECT);
  pair_clear(&pair);
}
END_TEST

START_TEST(tcp_close_is_an_end_in_every_state)
{
  for (int stage = 0; stage < 4; stage++) {
    struct transport *transport = transport_new(&(struct transport_options){.initiator = stage == 1});
    if (stage == 1)
      transport_connect(transport);
    if (stage >= 2)
      input(transport, "0300000e09e00000123400c0010a");
    if (stage == 3)
      transport_accept(transport);
    transport_lost(transport, "connection reset by peer");
    transport_lost(transport, "again");
    struct transport_output output;
    guint closed = 0;
    while (transport_next(transport, &output)) {
      if (output.type == TRANSPORT_CLOSED) {
        closed++;
        ck_assert_ptr_nonnull(strstr(output.detail, "reset"));
      }
      transport_output_clear(&output);
    }
    ck_assert_uint_eq(closed, 1);
    transport_free(transport);
  }
}
END_TEST

START_TEST(times_out)
{
  struct pair pair;
  pair_init(&pair, &(struct transport_options){.initiator = true, .timer_ms = 500},
            &(struct transport_options){.timer_ms = 700});
  side_drain(&pair, &pair.sides[1]);
  ck_assert_uint_eq(pair.sides[1].timer, 700);
  transport_connect(pair.sides[0].transport);
  side_drain(&pair, &pair.sides[0]);
  ck_assert_uint_eq(pair.sides[0].timer, 500);
  pump(&pair, G_MAXSIZE);
  ck_assert_uint_eq(pair.sides[0].timer, 0);
  ck_assert_uint_eq(pair.sides[1].timer, 0);
  pair_clear(&pair);

  struct transport *transport = transport_new(&(struct transport_options){.timer_ms = 700});
  transport_timeout(transport);
  struct transport_output output;
  const char *words = NULL;
  while (transport_next(transport, &output)) {
    if (output.type == TRANSPORT_CLOSED)
      words = strstr(output.detail, "no CR within 700 ms") ? "found" : NULL;
    transport_output_clear(&output);
  }
  ck_assert_ptr_nonnull(words);
  transport_free(transport);
}
END_TEST

/* What a responder may be sent: what is said of it, and whether an ER answers. */
static const struct {
  const char *octets, *words;
} bad[] = {
    {"03000007 02f080", "before CR"},                                  /* DT first */
    {"0300000b 06d00001000200", "before CR"},                          /* CC to a responder */
    {"03000008 0ae00000", "length indicator"},                         /* length indicator too long */
    {"0300000d 08e00000123400c005", "beyond"},                         /* parameter too long */
    {"0300000e 09e00000123400c00106", "07 to 0D"},                     /* size 64 */
    {"0300000e 09e00000123400c0010e", "07 to 0D"},                     /* size 16384 */
    {"0300000e 09e00000123400f00100", "is 0"},                         /* preferred size 0 */
    {"0300000a 05e000001234", "at least 6"},                           /* short CR */
    {"03000007 022080", "code 20"},                                    /* AK-like code */
    {"0300000b 06e00000123400 0300000b 06e00000123400", "our answer"}, /* CR twice */
};

START_TEST(protocol_errors_end_with_words)
{
  struct transport *transport = transport_new(&(struct transport_options){0});
  input(transport, bad[_i].octets);
  struct transport_output output;
  bool closed = false, error_sent = false;
  while (transport_next(transport, &output)) {
    if (output.type == TRANSPORT_SEND)
      error_sent = ((const guint8 *)g_bytes_get_data(output.data, NULL))[5] == X224_ER;
    if (output.type == TRANSPORT_CLOSED) {
      closed = true;
      ck_assert_uint_eq(output.reason, X224_PROTOCOL_ERROR);
      ck_assert_msg(strstr(output.detail, bad[_i].words) != NULL, "%s", output.detail);
    }
    transport_output_clear(&output);
  }
  ck_assert(closed && error_sent);
  transport_free(transport);
}
END_TEST

START_TEST(initiator_meets_refusals)
{
  static const char *const answers[][2] = {
      {"0300000b 06800001000203", "transport address unknown"},
      {"0300000b 06d00001000240", "class 4"},
      {"03000009 0470000102 00", "ER"},
      {"03000007 02f080", "before CC"},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(answers); i++) {
    struct transport *transport = transport_new(&(struct transport_options){.initiator = true});
    transport_connect(transport);
    input(transport, answers[i][0]);
    struct transport_output output;
    bool closed = false;
    while (transport_next(transport, &output)) {
      closed |= output.type == TRANSPORT_CLOSED;
      if (output.type == TRANSPORT_CLOSED)
        ck_assert_msg(strstr(output.detail, answers[i][1]) != NULL, "%s", output.detail);
      transport_output_clear(&output);
    }
    ck_assert(closed);
    transport_free(transport);
  }
}
END_TEST

START_TEST(requests_out_of_place_do_nothing)
{
  struct transport *transport = transport_new(&(struct transport_options){0});
  g_autoptr(GBytes) tsdu = counted(10);
  transport_send(transport, tsdu);
  transport_accept(transport);
  transport_connect(transport);
  struct transport_output output;
  ck_assert(!transport_next(transport, &output));
  transport_free(transport);
}
END_TEST

/* --- real peers --- */

static const char *const captures[] = {"real-mta/p1-1988-normal.pcap", "real-mta/p1-1988-x410.pcap",
                                       "real-mta/p1-1984-x410.pcap"};

START_TEST(takes_real_streams_in_any_pieces)
{
  g_autofree char *path = vector_path(captures[_i]);
  struct pcap_streams streams = pcap_read(path);
  for (gsize piece = 1; piece < 200; piece += piece < 16 ? 1 : 17) {
    struct transport *transport = transport_new(&(struct transport_options){.tpdu_size = 0x0b});
    guint tsdus = 0, closed = 0;
    gsize part = 0;
    for (gsize at = 0; at < streams.client->len; at += part) {
      /* CN does not leave before CC has come */
      const gsize request = 19;
      part = MIN(piece, (at < request ? request : streams.client->len) - at);
      transport_input(transport, streams.client->data + at, part);
      struct transport_output output;
      while (transport_next(transport, &output)) {
        if (output.type == TRANSPORT_CONNECT)
          transport_accept(transport);
        tsdus += output.type == TRANSPORT_TSDU;
        closed +=
            output.type == TRANSPORT_CLOSED && output.by_peer && output.reason == X224_NORMAL_DISCONNECT;
        transport_output_clear(&output);
      }
    }
    ck_assert_uint_eq(tsdus, 9);
    ck_assert_uint_eq(closed, 1);
    transport_free(transport);
  }
  pcap_clear(&streams);
}
END_TEST

START_TEST(real_tpdus_encode_as_they_were)
{
  g_autofree char *path = vector_path(captures[_i]);
  struct pcap_streams streams = pcap_read(path);
  GByteArray *const both[] = {streams.client, streams.server};
  for (int i = 0; i < 2; i++) {
    struct tpkt_reader reader;
    tpkt_reader_init(&reader);
    const guint8 *in = both[i]->data, *packet;
    gsize left = both[i]->len, length;
    while (tpkt_read(&reader, &in, &left, &packet, &length) == TPKT_PACKET) {
      struct x224_tpdu tpdu;
      ck_assert(x224_decode(packet, length, &tpdu, NULL));
      g_autoptr(GByteArray) again = g_byte_array_new();
      if (tpdu.type == X224_DT)
        continue;
      x224_encode(&tpdu, again);
      ck_assert_uint_eq(again->len, length + TPKT_HEADER);
      ck_assert_mem_eq(again->data + TPKT_HEADER, packet, length);
    }
    ck_assert_uint_eq(left, 0);
    tpkt_reader_clear(&reader);
  }
  pcap_clear(&streams);
}
END_TEST

int main(void)
{
  Suite *suite = suite_create("transport");
  TCase *tpkt = tcase_create("tpkt");
  tcase_add_test(tpkt, tpkt_pieces_of_every_size);
  tcase_add_test(tpkt, tpkt_refuses_what_is_none);
  suite_add_tcase(suite, tpkt);
  TCase *selectors = tcase_create("selectors");
  tcase_add_test(selectors, selectors_are_tri_state);
  suite_add_tcase(suite, selectors);
  TCase *connection = tcase_create("connection");
  tcase_add_test(connection, connects_and_tells_selectors);
  tcase_add_loop_test(connection, negotiates_tpdu_size, 0, G_N_ELEMENTS(sizes));
  tcase_add_loop_test(connection, answers_requests, 0, G_N_ELEMENTS(requests));
  suite_add_tcase(suite, connection);
  TCase *data = tcase_create("data");
  tcase_add_loop_test(data, carries_tsdus_of_any_length, 0, G_N_ELEMENTS(lengths));
  tcase_add_test(data, a_tsdu_of_nothing_is_one_dt);
  tcase_add_test(data, a_tsdu_is_one_output);
  tcase_add_test(data, limits_the_tsdu);
  suite_add_tcase(suite, data);
  TCase *ends = tcase_create("ends");
  tcase_add_test(ends, refusal_says_why);
  tcase_add_test(ends, disconnect_sends_dr);
  tcase_add_test(ends, tcp_close_is_an_end_in_every_state);
  tcase_add_test(ends, times_out);
  tcase_add_loop_test(ends, protocol_errors_end_with_words, 0, G_N_ELEMENTS(bad));
  tcase_add_test(ends, initiator_meets_refusals);
  tcase_add_test(ends, requests_out_of_place_do_nothing);
  suite_add_tcase(suite, ends);
  TCase *real = tcase_create("real peers");
  tcase_add_loop_test(real, takes_real_streams_in_any_pieces, 0, G_N_ELEMENTS(captures));
  tcase_add_loop_test(real, real_tpdus_encode_as_they_were, 0, G_N_ELEMENTS(captures));
  suite_add_tcase(suite, real);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
