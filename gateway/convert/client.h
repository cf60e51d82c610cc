/* client.h - one converter process as its user sees it: start, give a job, take the result, kill.
 *
 * Loop-agnostic: convert_worker_fd() is readable when convert_worker_receive() may have something.  One job
 * at a time. The user keeps the deadline and kills; a worker that died or answered nonsense is freed and
 * replaced by a new one. No function waits for the process, which may be stopped, but convert_worker_call().
 *
 * The process dies with the thread that started it (PR_SET_PDEATHSIG): start it from one that stays. */
#ifndef GW400_CONVERT_CLIENT_H
#define GW400_CONVERT_CLIENT_H

#include "convert/job.h"

#include <sys/types.h>

struct convert_worker;
struct convert_worker_options {
  const char
      *program; /* gw400d's own path ("/proc/self/exe"), run as `program converter`, socket as descriptor 3 */
  guint64 memory;    /* RLIMIT_DATA, octets; 0: no limit */
  guint64 file_size; /* RLIMIT_FSIZE: largest output; 0: no limit */
};
/* Starts `program role` with one end of a socketpair as its descriptor 3, nothing else but the standard ones.
 * Returns the other end, not blocking; -1 and error. The caller ends and reaps it. */
int convert_process_spawn(const char *program, const char *role, pid_t *pid_r, GError **error);
struct convert_worker *convert_worker_spawn(const struct convert_worker_options *options, GError **error);
/* SIGKILL, reap, close. */
void convert_worker_free(struct convert_worker *worker);
int convert_worker_fd(const struct convert_worker *worker);
pid_t convert_worker_pid(const struct convert_worker *worker); /* 0 once it is lost */
/* Sends a job (SETUP first). False and error when the process is gone. Does not take the job. */
bool convert_worker_send(struct convert_worker *worker, const struct mapping_job *job, GError **error);
/* 1: *result_r is the answer; 0: nothing yet; -1: the worker is lost (error tells signal or nonsense). */
int convert_worker_receive(struct convert_worker *worker, struct mapping_result **result_r, GError **error);
/* Synchronous for the offline commands: NULL and error after ms milliseconds or when the worker is lost. */
struct mapping_result *convert_worker_call(struct convert_worker *worker, const struct mapping_job *job,
                                           guint ms, GError **error);

/* The process's own main (gw400d converter): serves the socket until it closes. Returns the exit code. */
int convert_worker_main(int socket_fd);

#endif
