/* check.h - what the table of types cannot say: references between elements, password files, defaults from
 * elsewhere. */
#ifndef GW400_CONFIG_CHECK_H
#define GW400_CONFIG_CHECK_H

#include "config/config.h"

void check_config(struct config *config, GPtrArray *messages);
/* The sheet of peer number index: its parts fit each other, and it differs from those before it. */
void check_peer(struct config *config, guint index, GPtrArray *messages);
void check_tls(const struct config *config, const struct config_tls *tls, GPtrArray *messages);
/* A file that an attribute (what: "tls key") names is there, and a secret one is not everybody's to read. */
void check_file(const struct config *config, guint line, const char *what, const char *file, bool secret,
                GPtrArray *messages);
/* A global domain identifier's parts have the characters of X.411 8.5.1; what stands before each name. */
void check_domain(const struct config *config, guint line, const char *element, const char *prefix,
                  const char *country, const char *admd, const char *prmd, GPtrArray *messages);
void check_complain(GPtrArray *messages, const struct config *config, guint line, const char *format, ...)
    G_GNUC_PRINTF(4, 5);

/* <addressing>: names the sources that have none. */
void check_sources(struct config *config, GPtrArray *messages);

#endif
