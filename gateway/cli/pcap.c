#include "cli/pcap.h"

#include <arpa/inet.h>
#include <string.h>

enum {
  LINKTYPE_RAW = 101, /* packets begin with their IP header */
  IP_HEADER = 20,
  TCP_HEADER = 20,
  SEGMENT_MAX = 32768,
  PORT_SERVER = 102,
  PORT_CLIENT = 40102,
  FLAG_SYN = 0x02,
  FLAG_PUSH_ACK = 0x18,
  FLAG_ACK = 0x10
};

struct pcap_file {
  FILE *file;
  guint32 addresses[2]; /* network order: server, client; indexed by from_client */
  guint32 next[2];      /* sequence number after what was seen of the direction */
  guint16 packets;
  bool broken;
};

static void put(struct pcap_file *pcap, const void *octets, gsize length)
{
  pcap->broken = pcap->broken || fwrite(octets, 1, length, pcap->file) != length;
}

static void put_16(guint8 *at, guint value)
{
  at[0] = (guint8)(value >> 8);
  at[1] = (guint8)value;
}

static void put_32(guint8 *at, guint32 value)
{
  put_16(at, value >> 16);
  put_16(at + 2, value & 0xffff);
}

static guint32 sum(guint32 start, const guint8 *octets, gsize length)
{
  for (gsize i = 0; i < length; i++)
    start += i % 2 ? octets[i] : (guint32)octets[i] << 8;
  return start;
}

static guint checksum(guint32 total)
{
  while (total >> 16)
    total = (total & 0xffff) + (total >> 16);
  return ~total & 0xffff;
}

static void packet(struct pcap_file *pcap, bool from_client, gint64 us, guint8 flags, guint32 sequence,
                   const guint8 *octets, gsize length)
{
  guint8 header[IP_HEADER + TCP_HEADER] = {0x45};
  gsize whole = sizeof header + length;
  guint8 *tcp = header + IP_HEADER;
  put_16(header + 2, (guint)whole);
  put_16(header + 4, pcap->packets++);
  header[8] = 64;
  header[9] = 6;
  memcpy(header + 12, &pcap->addresses[from_client], 4);
  memcpy(header + 16, &pcap->addresses[!from_client], 4);
  put_16(header + 10, checksum(sum(0, header, IP_HEADER)));
  put_16(tcp, from_client ? PORT_CLIENT : PORT_SERVER);
  put_16(tcp + 2, from_client ? PORT_SERVER : PORT_CLIENT);
  put_32(tcp + 4, sequence);
  put_32(tcp + 8, flags == FLAG_SYN ? 0 : pcap->next[!from_client]);
  tcp[12] = TCP_HEADER << 2;
  tcp[13] = flags;
  put_16(tcp + 14, 65535);
  guint32 total = sum(6 + TCP_HEADER + (guint32)length, header + 12, 8);
  put_16(tcp + 16, checksum(sum(sum(total, tcp, TCP_HEADER), octets, length)));
  guint32 record[] = {(guint32)(us / G_USEC_PER_SEC), (guint32)(us % G_USEC_PER_SEC), (guint32)whole,
                      (guint32)whole};
  put(pcap, record, sizeof record);
  put(pcap, header, sizeof header);
  put(pcap, octets, length);
}

static guint32 address_of(const char *text, const char *otherwise)
{
  struct in_addr address;
  if (!text || inet_pton(AF_INET, text, &address) != 1)
    inet_pton(AF_INET, otherwise, &address);
  return address.s_addr;
}

struct pcap_file *pcap_file_new(FILE *file, const char *client, const char *server, gint64 us)
{
  struct pcap_file *pcap = g_new0(struct pcap_file, 1);
  pcap->file = file;
  pcap->addresses[true] = address_of(client, "192.0.2.1");
  pcap->addresses[false] = address_of(server, "198.51.100.1");
  const struct {
    guint32 magic;
    guint16 major, minor;
    guint32 zone, figures, snap, link;
  } start = {0xa1b2c3d4, 2, 4, 0, 0, 262144, LINKTYPE_RAW};
  put(pcap, &start, sizeof start);
  packet(pcap, true, us, FLAG_SYN, 0, (const guint8 *)"", 0);
  pcap->next[true] = 1;
  packet(pcap, false, us, FLAG_SYN | FLAG_ACK, 0, (const guint8 *)"", 0);
  pcap->next[false] = 1;
  packet(pcap, true, us, FLAG_ACK, 1, (const guint8 *)"", 0);
  return pcap;
}

void pcap_file_data(struct pcap_file *pcap, bool from_client, gint64 us, guint64 offset, const guint8 *octets,
                    gsize length)
{
  for (gsize at = 0; at < length; at += SEGMENT_MAX) {
    gsize size = MIN(length - at, SEGMENT_MAX);
    guint32 sequence = (guint32)(offset + at) + 1;
    packet(pcap, from_client, us, FLAG_PUSH_ACK, sequence, octets + at, size);
    pcap->next[from_client] = sequence + (guint32)size;
  }
}

bool pcap_file_free(struct pcap_file *pcap)
{
  bool whole = !pcap->broken && fflush(pcap->file) == 0;
  g_free(pcap);
  return whole;
}
