/* role.c - the role `converter` of gw400d: the worker with the mapping's handlers (contract: client.h). */
#include "convert/client.h"
#include "convert/worker.h"
#include "mapping/mapping.h"

static void *setup(GVariant *settings, int tables_fd, GError **error)
{
  return mapping_context_new(settings, tables_fd, error);
}

static struct mapping_result *run(void *context, const struct mapping_job *job)
{
  return mapping_run(context, job);
}

static void done(void *context)
{
  mapping_context_free(context);
}

int convert_worker_main(int socket_fd)
{
  static const struct convert_handlers handlers = {setup, run, done};
  return convert_serve(socket_fd, &handlers);
}
