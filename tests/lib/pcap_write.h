/* pcap_write.h - writes what two ends said to each other as a capture of one TCP connection, for tshark. */
#ifndef GW400_TESTS_PCAP_WRITE_H
#define GW400_TESTS_PCAP_WRITE_H

#include <glib.h>

struct pcap_writer;
/* The server listens at port.  Aborts the test program when the file cannot be written. */
struct pcap_writer *pcap_writer_new(const char *path, guint16 port);
void pcap_writer_say(struct pcap_writer *writer, gboolean from_client, const guint8 *data, gsize length);
void pcap_writer_free(struct pcap_writer *writer);

#endif
