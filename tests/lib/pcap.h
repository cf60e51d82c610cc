/* pcap.h - reads the one TCP connection of a capture file (classic pcap, Ethernet, IPv4) as two streams of octets. */
#ifndef GW400_TESTS_PCAP_H
#define GW400_TESTS_PCAP_H

#include <glib.h>

struct pcap_streams {
  GByteArray *client; /* from the side that sent SYN first */
  GByteArray *server;
  GArray *turns;      /* struct pcap_turn: who said what in which order, a turn per segment with data */
};
struct pcap_turn {
  gboolean from_client;
  gsize offset, length; /* in that side's stream */
};

/* Aborts the test program when the file is not what it should be: it is a test vector of ours. */
struct pcap_streams pcap_read(const char *path);
void pcap_clear(struct pcap_streams *streams);

#endif
