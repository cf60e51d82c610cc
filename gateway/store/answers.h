/* answers.h - answers of the store's threads on their way to the caller's thread.
 * Any thread posts; the descriptor is readable while something waits; the caller's thread delivers. */
#ifndef GW400_STORE_ANSWERS_H
#define GW400_STORE_ANSWERS_H

#include <glib.h>
#include <stdbool.h>

struct answer {
  void (*deliver)(struct answer *answer); /* calls the user back and frees the answer */
};

struct answers;
struct answers *answers_new(GError **error);
void answers_free(struct answers *answers); /* empty by then */
int answers_fd(const struct answers *answers);
void answers_post(struct answers *answers, struct answer *answer);
/* Delivers what waits now (not what the deliveries add); false when nothing waited. */
bool answers_dispatch(struct answers *answers);

#endif
