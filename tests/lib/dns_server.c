/* dns_server.c - see dns_server.h. The wire format is that of RFC 1035 4.1, without name compression. */
#include "lib/dns_server.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TYPE_A = 1, TYPE_MX = 15, TYPE_PX = 26, TYPE_AAAA = 28 };

struct dns_server {
  int fd;
  guint16 port;
  const struct dns_record *records;
  GThread *thread;
  gint asked;
};

static void put16(GByteArray *out, guint value)
{
  g_byte_array_append(out, (const guint8[]){(guint8)(value >> 8), (guint8)value}, 2);
}

static void put_name(GByteArray *out, const char *name)
{
  g_auto(GStrv) labels = g_strsplit(name, ".", -1);
  for (gsize i = 0; labels[i] != NULL && *labels[i] != '\0'; i++) {
    guint8 length = (guint8)strlen(labels[i]);
    g_byte_array_append(out, &length, 1);
    g_byte_array_append(out, (const guint8 *)labels[i], length);
  }
  g_byte_array_append(out, (const guint8 *)"", 1);
}

/* The question's name in text; returns the offset after it, or 0. */
static gsize take_name(const guint8 *packet, gsize length, GString *name)
{
  gsize at = 12;
  while (at < length && packet[at] != 0) {
    if (name->len > 0)
      g_string_append_c(name, '.');
    if (at + packet[at] >= length)
      return 0;
    g_string_append_len(name, (const char *)packet + at + 1, packet[at]);
    at += packet[at] + 1u;
  }
  return at + 5 <= length ? at + 1 : 0;
}

static bool put_data(GByteArray *out, const struct dns_record *record, int type)
{
  GByteArray *data = g_byte_array_new();
  guint8 address[16];
  bool fits = true;
  if (type == TYPE_MX && strcmp(record->type, "MX") == 0) {
    put16(data, (guint)atoi(record->data));
    put_name(data, strchr(record->data, ' ') + 1);
  } else if (type == TYPE_PX && strcmp(record->type, "PX") == 0) {
    g_auto(GStrv) words = g_strsplit(record->data, " ", 3);
    put16(data, (guint)atoi(words[0]));
    put_name(data, words[1]);
    put_name(data, words[2]);
  } else if (type == TYPE_A && strcmp(record->type, "A") == 0 &&
             inet_pton(AF_INET, record->data, address) == 1)
    g_byte_array_append(data, address, 4);
  else if (type == TYPE_AAAA && strcmp(record->type, "AAAA") == 0 &&
           inet_pton(AF_INET6, record->data, address) == 1)
    g_byte_array_append(data, address, 16);
  else
    fits = false;
  if (fits) {
    put16(out, 0xc00c); /* the question's name */
    put16(out, (guint)type);
    put16(out, 1);
    put16(out, 0);
    put16(out, 60); /* time to live */
    put16(out, data->len);
    g_byte_array_append(out, data->data, data->len);
  }
  g_byte_array_unref(data);
  return fits;
}

/* NULL: no answer at all. */
static GByteArray *reply_to(const struct dns_server *server, const guint8 *packet, gsize length)
{
  g_autoptr(GString) name = g_string_new(NULL);
  gsize after = length > 12 ? take_name(packet, length, name) : 0;
  if (after == 0)
    return NULL;
  int type = packet[after] << 8 | packet[after + 1];
  GByteArray *out = g_byte_array_new();
  g_byte_array_append(out, packet, (guint)after + 4);
  guint answers = 0, rcode = 3;
  for (const struct dns_record *record = server->records; record->name != NULL; record++) {
    if (g_ascii_strcasecmp(record->name, name->str) != 0)
      continue;
    if (strcmp(record->type, "SILENT") == 0) {
      g_byte_array_unref(out);
      return NULL;
    }
    rcode = strcmp(record->type, "SERVFAIL") == 0 ? 2 : 0;
    answers += put_data(out, record, type);
  }
  const guint8 header[] = {0x84, (guint8)(0x80 | rcode), 0, 1, 0, (guint8)answers, 0, 0, 0, 0};
  memcpy(out->data + 2, header, sizeof header);
  return out;
}

static gpointer serve(gpointer user)
{
  struct dns_server *server = user;
  for (;;) {
    guint8 packet[512];
    struct sockaddr_in from;
    socklen_t size = sizeof from;
    ssize_t length = recvfrom(server->fd, packet, sizeof packet, 0, (struct sockaddr *)&from, &size);
    if (length <= 1) /* dns_server_free() */
      return NULL;
    g_atomic_int_inc(&server->asked);
    g_autoptr(GByteArray) out = reply_to(server, packet, (gsize)length);
    if (out != NULL)
      sendto(server->fd, out->data, out->len, 0, (struct sockaddr *)&from, size);
  }
}

struct dns_server *dns_server_new(const struct dns_record *records)
{
  struct dns_server *server = g_new0(struct dns_server, 1);
  server->records = records;
  server->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  if (bind(server->fd, (struct sockaddr *)&address, size) != 0)
    g_error("the test's DNS server cannot bind");
  getsockname(server->fd, (struct sockaddr *)&address, &size);
  server->port = ntohs(address.sin_port);
  server->thread = g_thread_new("dns", serve, server);
  return server;
}

void dns_server_free(struct dns_server *server)
{
  struct sockaddr_in address = {
      .sin_family = AF_INET, .sin_port = htons(server->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  sendto(server->fd, "", 1, 0, (struct sockaddr *)&address, sizeof address);
  g_thread_join(server->thread);
  close(server->fd);
  g_free(server);
}

guint16 dns_server_port(const struct dns_server *server)
{
  return server->port;
}

guint dns_server_asked(struct dns_server *server)
{
  return (guint)g_atomic_int_get(&server->asked);
}
