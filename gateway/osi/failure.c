/* failure.c - see failure.h. */
#include "osi/failure.h"

void osi_failure_set(struct osi_failure *failure, enum osi_layer layer, bool by_peer, bool permanent,
                     const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  char *words = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  osi_failure_clear(failure);
  *failure = (struct osi_failure){.layer = layer, .by_peer = by_peer, .permanent = permanent, .words = words};
}

void osi_failure_move(struct osi_failure *to, struct osi_failure *from)
{
  osi_failure_clear(to);
  *to = *from;
  *from = (struct osi_failure){0};
}

void osi_failure_clear(struct osi_failure *failure)
{
  g_free(failure->words);
  *failure = (struct osi_failure){0};
}

char *osi_word_of(const struct osi_word *table, gsize count, guint value)
{
  for (gsize i = 0; i < count; i++) {
    if (table[i].value == value) {
      return g_strdup_printf("%s (%u)", table[i].text, value);
    }
  }
  return g_strdup_printf("reason %u", value);
}
