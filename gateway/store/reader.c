#include "store/reader.h"

struct reader {
  struct answers *answers;
  GThread *thread;
  GMutex mutex;
  GCond work, rest;
  GQueue urgent, patient; /* of struct request */
  bool busy, stop;
};

static void *run(void *user)
{
  struct reader *reader = user;
  g_mutex_lock(&reader->mutex);
  for (;;) {
    while (!reader->stop && g_queue_is_empty(&reader->urgent) && g_queue_is_empty(&reader->patient))
      g_cond_wait(&reader->work, &reader->mutex);
    struct request *request = g_queue_pop_head(&reader->urgent);
    if (!request)
      request = g_queue_pop_head(&reader->patient);
    if (!request)
      break;
    reader->busy = true;
    g_mutex_unlock(&reader->mutex);

    bool again = request->step(request);
    if (!again)
      answers_post(reader->answers, &request->answer);

    g_mutex_lock(&reader->mutex);
    if (again)
      g_queue_push_tail(&reader->patient, request);
    reader->busy = false;
    g_cond_broadcast(&reader->rest);
  }
  g_mutex_unlock(&reader->mutex);
  return NULL;
}

struct reader *reader_new(struct answers *answers)
{
  struct reader *reader = g_new0(struct reader, 1);
  reader->answers = answers;
  g_mutex_init(&reader->mutex);
  g_cond_init(&reader->work);
  g_cond_init(&reader->rest);
  g_queue_init(&reader->urgent);
  g_queue_init(&reader->patient);
  reader->thread = g_thread_new("store-reader", run, reader);
  return reader;
}

void reader_free(struct reader *reader)
{
  if (!reader)
    return;
  g_mutex_lock(&reader->mutex);
  reader->stop = true;
  g_cond_signal(&reader->work);
  g_mutex_unlock(&reader->mutex);
  g_thread_join(reader->thread);
  g_cond_clear(&reader->work);
  g_cond_clear(&reader->rest);
  g_mutex_clear(&reader->mutex);
  g_free(reader);
}

void reader_push(struct reader *reader, struct request *request)
{
  g_mutex_lock(&reader->mutex);
  g_queue_push_tail(request->urgent ? &reader->urgent : &reader->patient, request);
  g_cond_signal(&reader->work);
  g_mutex_unlock(&reader->mutex);
}

void reader_drain(struct reader *reader)
{
  g_mutex_lock(&reader->mutex);
  while (reader->busy || !g_queue_is_empty(&reader->urgent) || !g_queue_is_empty(&reader->patient))
    g_cond_wait(&reader->rest, &reader->mutex);
  g_mutex_unlock(&reader->mutex);
}
