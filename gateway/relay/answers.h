/* answers.h - what was looked up stands with the message: a conversion that is repeated, after a restart too,
 * has the same answers (DESIGN section 1); and how long a message waits for one that is indeterminate (RFC
 * 2156 4.2.1). */
#ifndef GW400_RELAY_ANSWERS_H
#define GW400_RELAY_ANSWERS_H

#include "mapping/job.h"
#include "relay/context.h"

/* The message's answers into a job on it. */
void answers_give(const struct relay *relay, const struct store_message *message, struct mapping_job *job);

enum answers_outcome {
  ANSWERS_AGAIN,  /* run the job again */
  ANSWERS_WAIT,   /* it has to wait for an indeterminate look-up: words */
  ANSWERS_STOPPED /* the relay stops: let go */
};
typedef void (*answers_done)(void *user, enum answers_outcome outcome, const char *words);
/* Looks up what a job of this kind on the message lacks, and records the answers with it.  *rounds_r counts
 * the rounds of one job and begins with 0; beyond the configured number everything is indeterminate.  READ
 * never has to wait: the recipients that hang on an indeterminate look-up are told by the job. */
void answers_seek(struct relay *relay, struct store_message *message, const GPtrArray *lacking,
                  enum mapping_kind kind, guint *rounds_r, answers_done done, void *user);

#endif
