#include "config/cidr.h"

#include "config/config.h"

#include <arpa/inet.h>
#include <string.h>

/* Every address as 16 octets, IPv4 as ::ffff:a.b.c.d; bits of the prefix counted accordingly. */
static bool parse(const char *text, gsize length, guint8 octets[16], guint *base_bits)
{
  g_autofree char *copy = g_strndup(text, length);
  if (inet_pton(AF_INET6, copy, octets) == 1) {
    *base_bits = 0;
    return true;
  }
  memset(octets, 0, 10);
  octets[10] = octets[11] = 0xff;
  *base_bits = 96;
  return inet_pton(AF_INET, copy, octets + 12) == 1;
}

static bool parse_network(const char *text, guint8 octets[16], guint *bits_r)
{
  const char *slash = strchr(text, '/');
  guint base;
  if (!parse(text, slash ? (gsize)(slash - text) : strlen(text), octets, &base))
    return false;
  *bits_r = 128;
  if (!slash)
    return true;
  char *end = NULL;
  guint64 bits = g_ascii_strtoull(slash + 1, &end, 10);
  if (!g_ascii_isdigit(slash[1]) || *end || bits > 128 - base)
    return false;
  *bits_r = (guint)bits + base;
  return true;
}

char *cidr_check(const char *text)
{
  guint8 octets[16];
  guint bits;
  return parse_network(text, octets, &bits)
             ? NULL
             : g_strdup("expected a network as 192.0.2.0/24 or 2001:db8::/32, or an address");
}

bool cidr_contains(const char *cidr, const char *address)
{
  guint8 network[16], host[16];
  guint bits, base;
  if (!parse_network(cidr, network, &bits) || !parse(address, strlen(address), host, &base))
    return false;
  if (memcmp(network, host, bits / 8) != 0)
    return false;
  guint8 mask = bits % 8 ? (guint8)(0xff << (8 - bits % 8)) : 0;
  return mask == 0 || (network[bits / 8] & mask) == (host[bits / 8] & mask);
}

bool config_network_contains(const GPtrArray *cidrs, const char *address)
{
  for (guint i = 0; i < cidrs->len; i++)
    if (cidr_contains(cidrs->pdata[i], address))
      return true;
  return false;
}
