/* offline.h - what `gw400 map` and `gw400 convert` work with: a configuration's mapping settings and compiled
 * tables, or the built-in sample (a gateway "sea" and its peer "land", conf/mapping), without a daemon. */
#ifndef GW400_CLI_OFFLINE_H
#define GW400_CLI_OFFLINE_H

#include <glib.h>
#include <stdbool.h>

struct cli_offline {
  GVariant *settings; /* a{sv} of mapping/settings.h */
  int tables_fd;      /* memfd */
};
/* file NULL: the sample. False: what is wrong stands on stderr. */
bool cli_offline_load(const char *file, struct cli_offline *offline_r);
void cli_offline_clear(struct cli_offline *offline);

/* A memfd with these octets, at offset 0; -1 and error. */
int cli_offline_memfd(const void *data, gsize length, GError **error);

#endif
