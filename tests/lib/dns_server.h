/* dns_server.h - a small DNS server for tests: a UDP socket on 127.0.0.1 and a thread that answers from a
 * table. */
#ifndef GW400_TESTS_DNS_SERVER_H
#define GW400_TESTS_DNS_SERVER_H

#include <glib.h>

/* A row: "MX" data is "10 host", "PX" data is "50 map822 mapx400", "A" and "AAAA" an address; for all types: "SILENT" never answers, "SERVFAIL"
 * fails, "EXISTS" makes a name that has no records. A name without a row does not exist (NXDOMAIN). The table
 * ends with {NULL}. */
struct dns_record {
  const char *name, *type, *data;
};
struct dns_server;
struct dns_server *dns_server_new(const struct dns_record *records);
void dns_server_free(struct dns_server *server);
guint16 dns_server_port(const struct dns_server *server);
/* Questions answered or not, so far. */
guint dns_server_asked(struct dns_server *server);

#endif
