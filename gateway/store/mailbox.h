/* mailbox.h - answers of the store's threads on their way to the caller's thread.
 * Any thread posts; the descriptor is readable while something waits; the caller's thread delivers. */
#ifndef GW400_STORE_MAILBOX_H
#define GW400_STORE_MAILBOX_H

#include <glib.h>
#include <stdbool.h>

struct answer {
  void (*deliver)(struct answer *answer); /* calls the user back and frees the answer */
};

struct mailbox;
struct mailbox *mailbox_new(GError **error);
void mailbox_free(struct mailbox *mailbox); /* empty by then */
int mailbox_fd(const struct mailbox *mailbox);
void mailbox_post(struct mailbox *mailbox, struct answer *answer);
/* Delivers what waits now (not what the deliveries add); false when nothing waited. */
bool mailbox_dispatch(struct mailbox *mailbox);

#endif
