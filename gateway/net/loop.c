/* loop.c - the libuv loop with its timers, watched descriptors, signals and thread pool.
 *
 * libuv frees a handle only after a turn of the loop; so each _free() closes the handle and its close
 * callback frees the memory. No callback of ours comes after _free(), since a closing handle gives none. */
#include <string.h>

#include "net/loop_private.h"

G_DEFINE_QUARK(net - error, net_error)

static void keep_alive(uv_async_t *async)
{
  (void)async;
}

static void serve_again(uv_idle_t *idle)
{
  (void)idle;
}

/* Serves each stream that is due once; what becomes due meanwhile has its turn after the sockets. */
static void serve_due(struct net_loop *loop)
{
  for (guint count = g_queue_get_length(&loop->due); count > 0 && loop->due.head != NULL; count--) {
    GList *link = g_queue_pop_head_link(&loop->due);
    struct net_stream *stream = link->data;
    link->data = NULL; /* tells the stream that it is not due any more */
    net_stream_serve(stream);
  }
}

static void before_waiting(uv_prepare_t *prepare)
{
  struct net_loop *loop = prepare->data;
  serve_due(loop);
  if (loop->due.head != NULL)
    uv_idle_start(&loop->again, serve_again);
  else
    uv_idle_stop(&loop->again);
}

struct net_loop *net_loop_new(void)
{
  struct net_loop *loop = g_new0(struct net_loop, 1);
  uv_loop_init(&loop->uv);
  uv_async_init(&loop->uv, &loop->keep, keep_alive);
  uv_prepare_init(&loop->uv, &loop->flush);
  uv_idle_init(&loop->uv, &loop->again);
  loop->flush.data = loop;
  uv_prepare_start(&loop->flush, before_waiting);
  g_queue_init(&loop->due);
  loop->read_buffer = g_malloc(NET_READ_SIZE);
  loop->plain_buffer = g_malloc(NET_READ_SIZE);
  return loop;
}

static void close_left(uv_handle_t *handle, void *user)
{
  (void)user;
  if (!uv_is_closing(handle))
    uv_close(handle, NULL);
}

void net_loop_free(struct net_loop *loop)
{
  if (loop == NULL)
    return;
  uv_close((uv_handle_t *)&loop->keep, NULL);
  uv_close((uv_handle_t *)&loop->flush, NULL);
  uv_close((uv_handle_t *)&loop->again, NULL);
  uv_run(&loop->uv, UV_RUN_NOWAIT); /* the close callbacks */
  uv_run(&loop->uv, UV_RUN_NOWAIT);
  uv_walk(&loop->uv, close_left, NULL); /* what its owner forgot leaks, but must not be waited for */
  uv_run(&loop->uv, UV_RUN_DEFAULT);    /* work that still runs */
  if (uv_loop_close(&loop->uv) != 0)
    g_warning("the loop is freed before what was made on it");
  g_free(loop->read_buffer);
  g_free(loop->plain_buffer);
  g_free(loop);
}

void net_run(struct net_loop *loop)
{
  uv_run(&loop->uv, UV_RUN_DEFAULT);
  serve_due(loop); /* what was written in the last turn */
}

void net_stop(struct net_loop *loop)
{
  uv_stop(&loop->uv);
}

gint64 net_now_us(struct net_loop *loop)
{
  (void)loop; /* uv_now() has milliseconds only */
  return (gint64)(uv_hrtime() / 1000);
}

/* --- timers --------------------------------------------------------------------------------------------- */

struct net_timer {
  uv_timer_t uv;
  net_callback callback;
  void *user;
};

static void free_handle(uv_handle_t *handle)
{
  g_free(handle->data);
}

struct net_timer *net_timer_new(struct net_loop *loop, net_callback callback, void *user)
{
  struct net_timer *timer = g_new0(struct net_timer, 1);
  uv_timer_init(&loop->uv, &timer->uv);
  timer->uv.data = timer;
  timer->callback = callback;
  timer->user = user;
  return timer;
}

static void timer_due(uv_timer_t *uv)
{
  struct net_timer *timer = uv->data;
  timer->callback(timer->user);
}

void net_timer_start(struct net_timer *timer, guint64 ms, guint64 repeat_ms)
{
  uv_timer_start(&timer->uv, timer_due, ms, repeat_ms);
}

void net_timer_stop(struct net_timer *timer)
{
  uv_timer_stop(&timer->uv);
}

void net_timer_free(struct net_timer *timer)
{
  if (timer != NULL)
    uv_close((uv_handle_t *)&timer->uv, free_handle);
}

/* --- watched descriptors -------------------------------------------------------------------------------- */

struct net_watch {
  uv_poll_t uv;
  net_watch_callback callback;
  void *user;
};

struct net_watch *net_watch_new(struct net_loop *loop, int fd, net_watch_callback callback, void *user)
{
  struct net_watch *watch = g_new0(struct net_watch, 1);
  if (uv_poll_init(&loop->uv, &watch->uv, fd) !=
      0) { /* a plain file, or a descriptor that is watched already */
    g_free(watch);
    return NULL;
  }
  watch->uv.data = watch;
  watch->callback = callback;
  watch->user = user;
  return watch;
}

/* An error on the descriptor is told as readiness: the read or write that follows says what it is. */
static void watch_ready(uv_poll_t *uv, int status, int events)
{
  struct net_watch *watch = uv->data;
  watch->callback(watch->user, status < 0 || (events & (UV_READABLE | UV_DISCONNECT)) != 0,
                  status < 0 || (events & UV_WRITABLE) != 0);
}

void net_watch_events(struct net_watch *watch, bool readable, bool writable)
{
  int events = (readable ? UV_READABLE | UV_DISCONNECT : 0) | (writable ? UV_WRITABLE : 0);
  if (events != 0)
    uv_poll_start(&watch->uv, events, watch_ready);
  else
    uv_poll_stop(&watch->uv);
}

void net_watch_free(struct net_watch *watch)
{
  if (watch != NULL)
    uv_close((uv_handle_t *)&watch->uv, free_handle);
}

/* --- signals -------------------------------------------------------------------------------------------- */

struct net_signal {
  uv_signal_t uv;
  net_callback callback;
  void *user;
};

static void signal_caught(uv_signal_t *uv, int number)
{
  (void)number;
  struct net_signal *watched = uv->data;
  watched->callback(watched->user);
}

struct net_signal *net_signal_new(struct net_loop *loop, int signal_number, net_callback callback, void *user)
{
  struct net_signal *watched = g_new0(struct net_signal, 1);
  uv_signal_init(&loop->uv, &watched->uv);
  watched->uv.data = watched;
  watched->callback = callback;
  watched->user = user;
  uv_signal_start(&watched->uv, signal_caught, signal_number);
  return watched;
}

void net_signal_free(struct net_signal *watched)
{
  if (watched != NULL)
    uv_close((uv_handle_t *)&watched->uv, free_handle);
}

/* --- thread pool ---------------------------------------------------------------------------------------- */

struct work {
  uv_work_t uv;
  net_callback work, done;
  void *user;
};

static void run_work(uv_work_t *uv)
{
  struct work *work = uv->data;
  work->work(work->user);
}

static void work_done(uv_work_t *uv, int status)
{
  (void)status; /* never cancelled */
  g_autofree struct work *work = uv->data;
  work->done(work->user);
}

void net_work(struct net_loop *loop, net_callback work, net_callback done, void *user)
{
  struct work *job = g_new0(struct work, 1);
  job->uv.data = job;
  job->work = work;
  job->done = done;
  job->user = user;
  uv_queue_work(&loop->uv, &job->uv, run_work, work_done);
}
