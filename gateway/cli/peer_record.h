/* peer_record.h - `gw400 peer record PEER`: the wire record that the daemon keeps, as words or as a capture.
 */
#ifndef GW400_CLI_PEER_RECORD_H
#define GW400_CLI_PEER_RECORD_H

/* which: "error", "last", "open"; pcap: the file to write, or NULL for words. Exit code as commands.h. */
int peer_record(const char *configuration, const char *peer, const char *which, const char *pcap);

#endif
