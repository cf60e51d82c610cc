/* pcap_write.c - see pcap_write.h: classic pcap of raw IPv4 packets. */
#include "lib/pcap_write.h"

#include <stdio.h>

enum {
  LINKTYPE_RAW = 101,
  CLIENT_PORT = 40000,
  SEGMENT_MAX = 32768,
  HEADERS = 40,
  FLAG_SYN = 0x02,
  FLAG_PUSH_ACK = 0x18,
  FLAG_SYN_ACK = 0x12
};

struct pcap_writer {
  FILE *file;
  guint16 port;
  guint32 next[2]; /* sequence numbers: server, client */
  guint32 packets;
};

static void put_big(guint8 *at, guint32 value, gsize octets)
{
  for (gsize i = 0; i < octets; i++)
    at[i] = (guint8)(value >> (8 * (octets - 1 - i)));
}

static void packet(struct pcap_writer *writer, gboolean from_client, guint8 flags, const guint8 *data,
                   gsize length)
{
  guint8 headers[HEADERS] = {0x45};
  guint32 record[] = {writer->packets / 1000, writer->packets % 1000 * 1000, (guint32)(HEADERS + length),
                      (guint32)(HEADERS + length)};
  put_big(headers + 2, (guint32)(HEADERS + length), 2);
  headers[8] = 64;
  headers[9] = 6;
  put_big(headers + 12, from_client ? 0x7f000001 : 0x7f000002, 4);
  put_big(headers + 16, from_client ? 0x7f000002 : 0x7f000001, 4);
  put_big(headers + 20, from_client ? CLIENT_PORT : writer->port, 2);
  put_big(headers + 22, from_client ? writer->port : CLIENT_PORT, 2);
  put_big(headers + 24, writer->next[from_client ? 1 : 0], 4);
  put_big(headers + 28, flags == FLAG_SYN ? 0 : writer->next[from_client ? 0 : 1], 4);
  headers[32] = 0x50;
  headers[33] = flags;
  put_big(headers + 34, 65535, 2);
  writer->packets++;
  writer->next[from_client ? 1 : 0] += (guint32)length + (flags & FLAG_SYN ? 1 : 0);
  g_assert_cmpuint(fwrite(record, sizeof record, 1, writer->file), ==, 1);
  g_assert_cmpuint(fwrite(headers, sizeof headers, 1, writer->file), ==, 1);
  g_assert_cmpuint(fwrite(data, 1, length, writer->file), ==, length);
}

struct pcap_writer *pcap_writer_new(const char *path, guint16 port)
{
  struct pcap_writer *writer = g_new0(struct pcap_writer, 1);
  const guint32 header[] = {0xa1b2c3d4, 2 | 4 << 16, 0, 0, 65535, LINKTYPE_RAW};
  writer->file = fopen(path, "wb");
  writer->port = port;
  writer->next[0] = 5000;
  writer->next[1] = 1000;
  g_assert_nonnull(writer->file);
  g_assert_cmpuint(fwrite(header, sizeof header, 1, writer->file), ==, 1);
  packet(writer, TRUE, FLAG_SYN, (const guint8 *)"", 0);
  packet(writer, FALSE, FLAG_SYN_ACK, (const guint8 *)"", 0);
  return writer;
}

void pcap_writer_say(struct pcap_writer *writer, gboolean from_client, const guint8 *data, gsize length)
{
  for (gsize at = 0; at < length; at += SEGMENT_MAX)
    packet(writer, from_client, FLAG_PUSH_ACK, data + at, MIN(SEGMENT_MAX, length - at));
}

void pcap_writer_free(struct pcap_writer *writer)
{
  g_assert_cmpint(fclose(writer->file), ==, 0);
  g_free(writer);
}
