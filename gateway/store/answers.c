#include "store/answers.h"

#include <errno.h>
#include <gio/gio.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "store/store.h"

struct answers {
  GMutex mutex;
  GQueue waiting;
  int fd;
};

struct answers *answers_new(GError **error)
{
  int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (fd < 0) {
    g_set_error(error, STORE_ERROR, STORE_ERROR_OPEN, "eventfd: %s", g_strerror(errno));
    return NULL;
  }
  struct answers *answers = g_new0(struct answers, 1);
  g_mutex_init(&answers->mutex);
  g_queue_init(&answers->waiting);
  answers->fd = fd;
  return answers;
}

void answers_free(struct answers *answers)
{
  if (!answers)
    return;
  close(answers->fd);
  g_mutex_clear(&answers->mutex);
  g_free(answers);
}

int answers_fd(const struct answers *answers)
{
  return answers->fd;
}

void answers_post(struct answers *answers, struct answer *answer)
{
  g_mutex_lock(&answers->mutex);
  bool first = g_queue_is_empty(&answers->waiting);
  g_queue_push_tail(&answers->waiting, answer);
  g_mutex_unlock(&answers->mutex);
  /* An eventfd write of 1 fails only when 2^64 posts wait: there is nothing to handle. */
  guint64 one = 1;
  if (first && write(answers->fd, &one, sizeof one) < 0)
    return;
}

bool answers_dispatch(struct answers *answers)
{
  GQueue taken = G_QUEUE_INIT;
  guint64 count;
  g_mutex_lock(&answers->mutex);
  if (read(answers->fd, &count, sizeof count) < 0)
    count = 0; /* nothing was signalled; the queue tells */
  taken = answers->waiting;
  g_queue_init(&answers->waiting);
  g_mutex_unlock(&answers->mutex);
  bool any = !g_queue_is_empty(&taken);
  for (struct answer *answer; (answer = g_queue_pop_head(&taken));)
    answer->deliver(answer);
  return any;
}
