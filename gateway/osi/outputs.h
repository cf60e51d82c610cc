/* outputs.h - the queue of what a pure machine has to say: every machine of the stack holds one and is
 * drained of it by its x_next(), in order.  Each output is a zeroed struct of one size, filled in by whoever
 * put it. */
#ifndef GW400_OSI_OUTPUTS_H
#define GW400_OSI_OUTPUTS_H

#include <glib.h>
#include <stdbool.h>

struct outputs {
  GQueue queue;
  gsize size;           /* of one output */
  GDestroyNotify clear; /* frees what an output holds, not the output */
};
#define OUTPUTS_INIT(type, clear_function)                                                                   \
  ((struct outputs){.queue = G_QUEUE_INIT, .size = sizeof(type), .clear = (GDestroyNotify)(clear_function)})
/* Drops what was not drained. */
void outputs_clear(struct outputs *outputs);

/* A fresh output at the end; it stays the queue's. */
void *outputs_put(struct outputs *outputs);
/* The first or last one, to look at; NULL when there is none. */
void *outputs_first(const struct outputs *outputs);
void *outputs_last(const struct outputs *outputs);
/* Moves the first into *output_r, which the caller clears; false when there is none. */
bool outputs_next(struct outputs *outputs, void *output_r);

#endif
