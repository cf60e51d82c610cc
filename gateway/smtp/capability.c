/* capability.c - reads the keyword lines of an EHLO reply; what is unknown is passed over. */
#include "smtp/capability.h"

struct smtp_capabilities smtp_capabilities_read(const char *text)
{
  struct smtp_capabilities found = {0};
  const struct {
    const char *keyword;
    bool *flag;
  } table[] = {
      {"PIPELINING", &found.pipelining},
      {"SIZE", &found.size},
      {"8BITMIME", &found.eightbit},
      {"CHUNKING", &found.chunking},
      {"ENHANCEDSTATUSCODES", &found.enhanced},
      {"STARTTLS", &found.starttls},
      {"DSN", &found.dsn},
      {"SMTPUTF8", &found.smtputf8},
  };
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  for (gsize i = 1; lines[0] != NULL && lines[i] != NULL; i++) {
    g_auto(GStrv) words = g_strsplit(g_strstrip(lines[i]), " ", 3);
    for (gsize k = 0; words[0] != NULL && k < G_N_ELEMENTS(table); k++)
      if (g_ascii_strcasecmp(words[0], table[k].keyword) == 0)
        *table[k].flag = true;
    if (words[0] != NULL && words[1] != NULL && g_ascii_strcasecmp(words[0], "SIZE") == 0)
      found.size_max = g_ascii_strtoull(words[1], NULL, 10);
  }
  return found;
}
