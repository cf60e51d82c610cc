/* converters.h - the pool of converter processes: queueing, fairness between sources, deadlines, replacement.
 *
 * A job's answer comes by callback: a result, or the words of what befell its process (crash, deadline).  The
 * poison rule (one retry, then parked) is the callers', who know the message.  Jobs wait per source, served
 * round robin, urgent first. */
#ifndef GW400_RELAY_CONVERTERS_H
#define GW400_RELAY_CONVERTERS_H

#include "config/config.h"
#include "mapping/job.h"
#include "net/net.h"

struct converters;
struct converters *converters_new(struct net_loop *loop, const char *program);
void converters_free(struct converters *converters);

/* Takes a configuration generation into use: compiles its tables in a converter of its own, checks SETUP,
 * then replaces the workers as they fall idle. done(words): NULL, or why the generation is refused and the
 * old one stays. */
typedef void (*converters_configured)(void *user, const char *words);
void converters_configure(struct converters *converters, struct config *config, guint generation,
                          converters_configured done, void *user);
guint converters_generation(const struct converters *converters);

/* result is the callee's, or NULL with the failure's words; both NULL: the relay stops, let go of what
 * waited. */
typedef void (*converter_done)(void *user, struct mapping_result *result, const char *failure);
/* Takes the job. source groups jobs for fairness. The callback comes from the loop, never from inside submit.
 */
void converters_submit(struct converters *converters, struct mapping_job *job, const char *source,
                       guint priority, converter_done done, void *user);
guint converters_waiting(const struct converters *converters);
/* For `status`: "pid 12: read 0.2 s" per process; caller frees with its elements. */
GPtrArray *converters_describe(const struct converters *converters);

#endif
