#include "store/mailbox.h"

#include <errno.h>
#include <gio/gio.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "store/store.h"

struct mailbox {
  GMutex mutex;
  GQueue answers;
  int fd;
};

struct mailbox *mailbox_new(GError **error)
{
  int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (fd < 0) {
    g_set_error(error, STORE_ERROR, STORE_ERROR_OPEN, "eventfd: %s", g_strerror(errno));
    return NULL;
  }
  struct mailbox *mailbox = g_new0(struct mailbox, 1);
  g_mutex_init(&mailbox->mutex);
  g_queue_init(&mailbox->answers);
  mailbox->fd = fd;
  return mailbox;
}

void mailbox_free(struct mailbox *mailbox)
{
  if (!mailbox)
    return;
  close(mailbox->fd);
  g_mutex_clear(&mailbox->mutex);
  g_free(mailbox);
}

int mailbox_fd(const struct mailbox *mailbox)
{
  return mailbox->fd;
}

void mailbox_post(struct mailbox *mailbox, struct answer *answer)
{
  g_mutex_lock(&mailbox->mutex);
  bool first = g_queue_is_empty(&mailbox->answers);
  g_queue_push_tail(&mailbox->answers, answer);
  g_mutex_unlock(&mailbox->mutex);
  /* An eventfd write of 1 fails only when 2^64 posts wait: there is nothing to handle. */
  guint64 one = 1;
  if (first && write(mailbox->fd, &one, sizeof one) < 0)
    return;
}

bool mailbox_dispatch(struct mailbox *mailbox)
{
  GQueue taken = G_QUEUE_INIT;
  guint64 count;
  g_mutex_lock(&mailbox->mutex);
  if (read(mailbox->fd, &count, sizeof count) < 0)
    count = 0; /* nothing was signalled; the queue tells */
  taken = mailbox->answers;
  g_queue_init(&mailbox->answers);
  g_mutex_unlock(&mailbox->mutex);
  bool any = !g_queue_is_empty(&taken);
  for (struct answer *answer; (answer = g_queue_pop_head(&taken));)
    answer->deliver(answer);
  return any;
}
