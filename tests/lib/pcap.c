/* pcap.c - a capture of one TCP connection as two streams.  Segments are taken in order of their sequence
 * numbers; what was sent twice counts once; a gap ends the program. */
#include "lib/pcap.h"

#include <stdbool.h>

enum {
  FILE_HEADER = 24,
  PACKET_HEADER = 16,
  ETHERNET_HEADER = 14,
  ETHERNET = 1,
  PROTOCOL_TCP = 6,
  FLAG_SYN = 0x02
};

static guint32 little(const guint8 *at)
{
  return (guint32)at[0] | (guint32)at[1] << 8 | (guint32)at[2] << 16 | (guint32)at[3] << 24;
}

static guint32 big(const guint8 *at, gsize count)
{
  guint32 number = 0;
  for (gsize i = 0; i < count; i++)
    number = number << 8 | at[i];
  return number;
}

struct reader {
  struct pcap_streams streams;
  guint client_port;
  guint32 next[2]; /* sequence number expected from client, server */
};

static void take_segment(struct reader *reader, const guint8 *tcp, gsize length)
{
  guint port = big(tcp, 2);
  guint32 sequence = big(tcp + 4, 4);
  gsize header = (gsize)(tcp[12] >> 4) * 4;
  bool syn = tcp[13] & FLAG_SYN;
  g_assert_cmpuint(header, <=, length);
  if (reader->client_port == 0)
    reader->client_port = port;
  bool client = port == reader->client_port;
  guint32 *next = &reader->next[client ? 0 : 1];
  if (syn) {
    *next = sequence + 1;
    return;
  }
  const guint8 *data = tcp + header;
  gsize size = length - header;
  guint32 seen = *next - sequence;
  if (size == 0)
    return;
  g_assert_cmpuint(seen, <, G_MAXINT32); /* no gap */
  if (seen >= size)
    return;
  GByteArray *stream = client ? reader->streams.client : reader->streams.server;
  struct pcap_turn turn = {.from_client = client, .offset = stream->len, .length = size - seen};
  g_array_append_val(reader->streams.turns, turn);
  g_byte_array_append(stream, data + seen, (guint)(size - seen));
  *next += (guint32)(size - seen);
}

struct pcap_streams pcap_read(const char *path)
{
  g_autofree char *contents = NULL;
  gsize length;
  g_autoptr(GError) error = NULL;
  if (!g_file_get_contents(path, &contents, &length, &error))
    g_error("%s", error->message);
  const guint8 *file = (const guint8 *)contents;
  g_assert_cmpuint(length, >=, FILE_HEADER);
  g_assert_cmphex(little(file), ==, 0xa1b2c3d4);
  g_assert_cmpuint(little(file + 20), ==, ETHERNET);

  struct reader reader = {.streams = {.client = g_byte_array_new(),
                                      .server = g_byte_array_new(),
                                      .turns = g_array_new(FALSE, FALSE, sizeof(struct pcap_turn))}};
  for (gsize at = FILE_HEADER; at + PACKET_HEADER <= length;) {
    gsize captured = little(file + at + 8);
    at += PACKET_HEADER;
    g_assert_cmpuint(captured, <=, length - at);
    const guint8 *ip = file + at + ETHERNET_HEADER;
    if (captured > ETHERNET_HEADER + 40 - 1 && ip[0] >> 4 == 4 && ip[9] == PROTOCOL_TCP) {
      gsize ip_header = (gsize)(ip[0] & 15) * 4;
      take_segment(&reader, ip + ip_header, big(ip + 2, 2) - ip_header);
    }
    at += captured;
  }
  return reader.streams;
}

void pcap_clear(struct pcap_streams *streams)
{
  g_byte_array_unref(streams->client);
  g_byte_array_unref(streams->server);
  g_array_unref(streams->turns);
}
