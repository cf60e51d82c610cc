/* pcap.h - octets of one TCP connection as a capture file, as if they had been seen on the wire: for tshark
 * and Wireshark. */
#ifndef GW400_CLI_PCAP_H
#define GW400_CLI_PCAP_H

#include <glib.h>
#include <stdbool.h>
#include <stdio.h>

struct pcap_file;
/* client, server: IPv4 addresses as text, or anything else: one of the documentation's networks stands in.
 * The server's port is 102. The file stays the caller's. */
struct pcap_file *pcap_file_new(FILE *file, const char *client, const char *server, gint64 us);
/* offset: in the octets of this direction; one that jumps is seen as lost segments. */
void pcap_file_data(struct pcap_file *pcap, bool from_client, gint64 us, guint64 offset, const guint8 *octets,
                    gsize length);
/* False: something could not be written. */
bool pcap_file_free(struct pcap_file *pcap);

#endif
