/* outputs.c - see outputs.h. */
#include "osi/outputs.h"

#include <string.h>

void outputs_clear(struct outputs *outputs)
{
  gpointer output;
  while ((output = g_queue_pop_head(&outputs->queue)) != NULL) {
    outputs->clear(output);
    g_free(output);
  }
}

void *outputs_put(struct outputs *outputs)
{
  void *output = g_malloc0(outputs->size);
  g_queue_push_tail(&outputs->queue, output);
  return output;
}

void *outputs_first(const struct outputs *outputs)
{
  return outputs->queue.head != NULL ? outputs->queue.head->data : NULL;
}

void *outputs_last(const struct outputs *outputs)
{
  return outputs->queue.tail != NULL ? outputs->queue.tail->data : NULL;
}

bool outputs_next(struct outputs *outputs, void *output_r)
{
  g_autofree void *output = g_queue_pop_head(&outputs->queue);
  if (output == NULL) {
    return false;
  }
  memcpy(output_r, output, outputs->size);
  return true;
}
