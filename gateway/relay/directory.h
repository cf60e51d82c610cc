/* directory.h - an LDAP source (RFC 2164): its helper process, the queue before it, its deadline.
 *
 * One question is under way at a time.  A helper that does not answer in time is killed, and until a pause is
 * over every question to this source is indeterminate at once: nothing else waits for a server that hangs. */
#ifndef GW400_RELAY_DIRECTORY_H
#define GW400_RELAY_DIRECTORY_H

#include "mapping/job.h"
#include "relay/context.h"

struct directory;
struct directory *directory_new(struct relay *relay, const struct config_source *source);
/* Ends the helper; who waits hears nothing more. */
void directory_free(void *directory);
/* Whether it was made for these settings. */
bool directory_serves(const struct directory *directory, const struct config_source *source);

struct directory_answer {
  enum mapping_lookup_state state;
  char *words;        /* INDETERMINATE: why */
  GPtrArray *records; /* as mapping/job.h has them for ldap */
  guint ttl_s;
};
typedef void (*directory_done)(void *user, const struct directory_answer *answer);
/* The entry NAME,ROOT or the nearest one above it, below root, that has an attribute of RFC 2164. The answer
 * is the callee's only during the call. */
void directory_ask(struct directory *directory, const char *name, const char *root, directory_done done,
                   void *user);

#endif
