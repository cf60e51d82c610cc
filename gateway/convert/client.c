/* client.c - a converter process from outside (contract: client.h). */
#include "convert/client.h"
#include "convert/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORKER_SOCKET 3 /* its number in the new process */

extern char **environ;

struct convert_worker {
  pid_t pid; /* 0: reaped */
  int socket;
  struct wire_inbox inbox;
};

/* --- start and end --- */

/* In the new process: its end of the pair as descriptor 3, nothing else but the standard ones, no signal
 * ignored. */
static int spawn(const char *program, const char *role, int socket, pid_t *pid_r)
{
  char *const arguments[] = {(char *)program, (char *)role, NULL};
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, socket, WORKER_SOCKET);
  posix_spawn_file_actions_addclosefrom_np(&actions, WORKER_SOCKET + 1);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  int failed = posix_spawn(pid_r, program, &actions, &attributes, arguments, environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return failed;
}

static void limit(pid_t pid, int resource, guint64 octets)
{
  if (octets && octets < (guint64)G_MAXINT64)
    prlimit(pid, (__rlimit_resource_t)resource, &(struct rlimit){octets, octets}, NULL);
}

int convert_process_spawn(const char *program, const char *role, pid_t *pid_r, GError **error)
{
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) {
    g_set_error(error, CONVERT_ERROR, CONVERT_ERROR_START, "socketpair: %s", g_strerror(errno));
    return -1;
  }
  int failed = spawn(program, role, ends[1], pid_r);
  close(ends[1]);
  if (failed) {
    g_set_error(error, CONVERT_ERROR, CONVERT_ERROR_START, "%s: %s", program, g_strerror(failed));
    close(ends[0]);
    return -1;
  }
  fcntl(ends[0], F_SETFL, O_NONBLOCK);
  return ends[0];
}

struct convert_worker *convert_worker_spawn(const struct convert_worker_options *options, GError **error)
{
  pid_t pid = 0;
  int socket = convert_process_spawn(options->program, "converter", &pid, error);
  if (socket < 0)
    return NULL;
#ifndef GW400_SANITIZED /* the sanitizers' shadow memory counts as data */
  limit(pid, RLIMIT_DATA, options->memory);
#endif
  limit(pid, RLIMIT_FSIZE, options->file_size);
  struct convert_worker *worker = g_new0(struct convert_worker, 1);
  worker->pid = pid;
  worker->socket = socket;
  wire_inbox_init(&worker->inbox, 0);
  return worker;
}

/* Ends the process, if it has not ended itself, and tells how it did. */
static int reap(struct convert_worker *worker)
{
  int status = 0;
  kill(worker->pid, SIGKILL);
  while (waitpid(worker->pid, &status, 0) < 0 && errno == EINTR)
    ;
  worker->pid = 0;
  return status;
}

void convert_worker_free(struct convert_worker *worker)
{
  if (!worker)
    return;
  if (worker->pid)
    reap(worker);
  close(worker->socket);
  wire_inbox_clear(&worker->inbox);
  g_free(worker);
}

int convert_worker_fd(const struct convert_worker *worker)
{
  return worker->socket;
}

pid_t convert_worker_pid(const struct convert_worker *worker)
{
  return worker->pid;
}

/* --- jobs --- */

static int lost(struct convert_worker *worker, GError **error)
{
  if (!worker->pid) {
    g_set_error_literal(error, CONVERT_ERROR, CONVERT_ERROR_LOST, "the converter is gone");
    return -1;
  }
  int status = reap(worker);
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
    g_set_error_literal(error, CONVERT_ERROR, CONVERT_ERROR_LOST,
                        "the converter was killed for a system call that its sandbox forbids (SIGSYS)");
  else if (WIFSIGNALED(status))
    g_set_error(error, CONVERT_ERROR, CONVERT_ERROR_LOST, "the converter was killed by signal %d (%s)",
                WTERMSIG(status), g_strsignal(WTERMSIG(status)));
  else
    g_set_error(error, CONVERT_ERROR, CONVERT_ERROR_LOST, "the converter ended with exit code %d",
                WEXITSTATUS(status));
  return -1;
}

bool convert_worker_send(struct convert_worker *worker, const struct mapping_job *job, GError **error)
{
  g_autoptr(GArray) fds = g_array_new(FALSE, FALSE, sizeof(int));
  g_autoptr(GBytes) frame = convert_job_pack(job, fds);
  if (worker->pid && wire_send(worker->socket, frame, fds, error))
    return true;
  struct pollfd end = {.fd = worker->socket};
  if (!worker->pid || (poll(&end, 1, 0) == 1 && end.revents & POLLHUP)) { /* rather tell how it ended */
    g_clear_error(error);
    lost(worker, error);
  }
  return false;
}

int convert_worker_receive(struct convert_worker *worker, struct mapping_result **result_r, GError **error)
{
  g_autoptr(GBytes) frame = NULL;
  switch (wire_receive(worker->socket, &worker->inbox, &frame, error)) {
  case WIRE_FRAME:
    *result_r = convert_result_unpack(frame, error);
    if (*result_r)
      return 1;
    g_prefix_error(error, "the converter's answer is ");
    return -1;
  case WIRE_WAIT:
    return 0;
  case WIRE_CLOSED:
    return lost(worker, error);
  case WIRE_BAD:
    g_prefix_error(error, "the converter's answer is ");
    break;
  }
  return -1;
}

struct mapping_result *convert_worker_call(struct convert_worker *worker, const struct mapping_job *job,
                                           guint ms, GError **error)
{
  if (!convert_worker_send(worker, job, error))
    return NULL;
  gint64 deadline = g_get_monotonic_time() + (gint64)ms * 1000;
  for (;;) {
    struct mapping_result *result = NULL;
    int got = convert_worker_receive(worker, &result, error);
    if (got)
      return got > 0 ? result : NULL;
    gint64 left = (deadline - g_get_monotonic_time() + 999) / 1000;
    struct pollfd wait = {.fd = worker->socket, .events = POLLIN};
    if (left <= 0 || (poll(&wait, 1, (int)MIN(left, G_MAXINT)) < 0 && errno != EINTR)) {
      g_set_error(error, CONVERT_ERROR, CONVERT_ERROR_TIMEOUT, "the converter did not answer within %u ms",
                  ms);
      return NULL;
    }
  }
}
