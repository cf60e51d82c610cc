#include "relay/log.h"

#include <stdio.h>

void relay_log(enum log_level level, const char *event, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  g_autofree char *text = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  for (char *c = text; *c; c++)
    if ((guchar)*c < 0x20 || *c == 0x7f)
      *c = ' ';
  fprintf(stderr, "<%d>%s %s\n", level, event, text);
}
