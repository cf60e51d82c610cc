/* worker.h - the converter process from inside: SETUP, then walls, then one job after the other.
 *
 * The first frame must be a SETUP job; its settings and tables make the context (character sets are opened
 * there), then the process locks itself in (sandbox.h) and answers; what the sandbox lacks stands in the
 * answer's words.  Every other frame is a job for run().  The process ends when the socket closes, and with
 * exit code 2 at a frame that it does not understand: the relay is then not what it should be.
 *
 * What a job does is the handlers' affair: the mapping's in gw400d, others in tests. */
#ifndef GW400_CONVERT_WORKER_H
#define GW400_CONVERT_WORKER_H

#include "mapping/job.h"

struct convert_handlers {
  void *(*setup)(GVariant *settings, int tables_fd, GError **error);
  struct mapping_result *(*run)(void *context, const struct mapping_job *job);
  void (*done)(void *context);
};

enum { CONVERT_EXIT_MALFORMED = 2 };

/* Serves the socket until it closes. Returns the exit code. */
int convert_serve(int socket, const struct convert_handlers *handlers);

#endif
