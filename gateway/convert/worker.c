/* worker.c - the converter's main loop (contract: worker.h). */
#include "convert/worker.h"
#include "convert/job.h"
#include "convert/sandbox.h"
#include "convert/wire.h"

#include <malloc.h>
#include <stdio.h>
#include <unistd.h>

struct worker {
  int socket;
  const struct convert_handlers *handlers;
  struct wire_inbox inbox;
  void *context;
};

static bool answer(struct worker *worker, struct mapping_result *result)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) frame = convert_result_pack(result);
  mapping_result_free(result);
  return wire_send_waiting(worker->socket, frame, &error);
}

/* 0: a job; else the exit code. */
static int next_job(struct worker *worker, struct mapping_job **job_r)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) frame = NULL;
  switch (wire_receive(worker->socket, &worker->inbox, &frame, &error)) {
  case WIRE_FRAME:
    *job_r = convert_job_unpack(frame, worker->inbox.fds, &error);
    if (*job_r)
      return 0;
    break;
  case WIRE_CLOSED:
    return -1;
  case WIRE_WAIT:
  case WIRE_BAD:
    break;
  }
  fprintf(stderr, "gw400d converter: %s\n", error ? error->message : "the socket does not block");
  return CONVERT_EXIT_MALFORMED;
}

static bool set_up(struct worker *worker, const struct mapping_job *job)
{
  g_autoptr(GError) error = NULL;
  struct mapping_result *result = mapping_result_new();
  worker->context = worker->handlers->setup(job->settings, job->tables_fd, &error);
  if (worker->context)
    result->words = sandbox_enter();
  else {
    result->status = MAPPING_REFUSED;
    result->words = g_strdup(error->message);
  }
  return answer(worker, result) && worker->context;
}

static bool run(struct worker *worker, struct mapping_job *job)
{
  enum { LARGE = 1 << 20 };
  bool good = answer(worker, worker->handlers->run(worker->context, job));
  if (job->size > LARGE)
    malloc_trim(0); /* an idle converter shall not keep the memory of its largest job */
  return good;
}

static int serve(struct worker *worker)
{
  for (;;) {
    g_autoptr(mapping_job_t) job = NULL;
    int end = next_job(worker, &job);
    if (end)
      return end < 0 ? 0 : end;
    bool is_setup = job->kind == MAPPING_SETUP;
    if (is_setup != !worker->context || (is_setup && !job->settings)) {
      fprintf(stderr, "gw400d converter: a job before SETUP, or SETUP twice\n");
      return CONVERT_EXIT_MALFORMED;
    }
    if (!(is_setup ? set_up(worker, job) : run(worker, job)))
      return 1;
  }
}

int convert_serve(int socket, const struct convert_handlers *handlers)
{
  sandbox_prepare();
  struct worker worker = {.socket = socket, .handlers = handlers};
  wire_inbox_init(&worker.inbox, CONVERT_FDS_MAX + 1);
  int code = serve(&worker);
  wire_inbox_clear(&worker.inbox);
  if (worker.context)
    handlers->done(worker.context);
#ifdef GW400_SANITIZED
  _exit(code); /* the leak check at exit starts a process, which the sandbox does not allow */
#endif
  return code;
}
