#include "cli/mail_envelope.h"

#include "mapping/job.h"
#include "smtp/server.h"

#include <string.h>
#include <unistd.h>

enum { ENVELOPE_MAX = 1 << 20, RECIPIENTS_MAX = 1000 };
static const char FIRST[] = "MAIL FROM:", LAST[] = "DATA";

/* Gives the command to a server machine, which says what is wrong with it. */
static bool command(struct smtp_server *server, const char *line, GError **error)
{
  g_autofree char *whole = g_strdup_printf("%s\r\n", line);
  struct smtp_server_event event;
  bool good = true;
  smtp_server_input(server, (const guint8 *)whole, strlen(whole));
  while (smtp_server_next(server, &event)) {
    const char *reply = event.type == SMTP_SERVER_SEND ? g_bytes_get_data(event.data, NULL) : NULL;
    if (event.type == SMTP_SERVER_MAIL || event.type == SMTP_SERVER_RCPT)
      smtp_server_reply(server, 250, NULL, "OK");
    else if (reply && (*reply == '4' || *reply == '5') && good) {
      g_autofree char *words = g_strndup(reply, strcspn(reply, "\r\n"));
      g_set_error(error, SMTP_ERROR, SMTP_ERROR_SYNTAX, "%s: %s", line, words);
      good = false;
    }
    smtp_server_event_clear(&event);
  }
  return good;
}

static struct smtp_envelope *read_lines(char *text, gsize *length_r, GError **error)
{
  const struct smtp_server_options options = {.hostname = (char *)"localhost",
                                              .recipients_max = RECIPIENTS_MAX};
  g_autoptr(smtp_server_t) server = smtp_server_new(&options, "127.0.0.1", false);
  smtp_server_start(server, false);
  if (!command(server, "EHLO localhost", error))
    return NULL;
  char *line = text, *end;
  for (; (end = strchr(line, '\n')); line = end + 1) {
    *end = 0;
    g_strchomp(line);
    if (!g_ascii_strcasecmp(line, LAST)) {
      *length_r = (gsize)(end + 1 - text);
      return smtp_envelope_copy(smtp_server_envelope(server));
    }
    if (!command(server, line, error))
      return NULL;
  }
  g_set_error(error, SMTP_ERROR, SMTP_ERROR_SYNTAX, "the envelope does not end with a line DATA");
  return NULL;
}

struct smtp_envelope *mail_envelope_read(int fd, guint64 size, guint64 *mail_r, GError **error)
{
  g_autofree char *text = g_malloc(ENVELOPE_MAX + 1);
  gssize got = pread(fd, text, MIN(size, ENVELOPE_MAX), 0);
  text[MAX(got, 0)] = 0;
  if (g_ascii_strncasecmp(text, FIRST, strlen(FIRST)))
    return NULL;
  gsize length = 0;
  struct smtp_envelope *envelope = read_lines(text, &length, error);
  *mail_r = length;
  return envelope;
}

/* NOTIFY's words, or NULL for the default. */
static char *notify_words(guint notify)
{
  static const struct {
    guint flag;
    const char *word;
  } words[] = {{MAPPING_NOTIFY_NEVER, "NEVER"},
               {MAPPING_NOTIFY_SUCCESS, "SUCCESS"},
               {MAPPING_NOTIFY_FAILURE, "FAILURE"},
               {MAPPING_NOTIFY_DELAY, "DELAY"}};
  g_autoptr(GString) list = g_string_new(NULL);
  for (gsize i = 0; i < G_N_ELEMENTS(words); i++)
    if (notify & words[i].flag)
      g_string_append_printf(list, "%s%s", list->len ? "," : "", words[i].word);
  return list->len ? g_strdup(list->str) : NULL;
}

char *mail_envelope_text(const struct mapping_result *result)
{
  GString *text = g_string_new(NULL);
  g_string_append_printf(text, "%s<%s>", FIRST, result->sender ? result->sender : "");
  if (result->ret != MAPPING_RET_DEFAULT)
    g_string_append_printf(text, " RET=%s", result->ret == MAPPING_RET_HDRS ? "HDRS" : "FULL");
  if (result->envid) {
    g_autofree char *envid = smtp_xtext_encode(result->envid);
    g_string_append_printf(text, " ENVID=%s", envid);
  }
  for (guint i = 0; i < result->recipients->len; i++) {
    const struct mapping_recipient *recipient = result->recipients->pdata[i];
    g_autofree char *notify = notify_words(recipient->notify);
    g_autofree char *orcpt = recipient->orcpt ? smtp_orcpt_encode(recipient->orcpt, false) : NULL;
    g_string_append_printf(text, "\r\nRCPT TO:<%s>", recipient->mapped ? recipient->mapped : "");
    if (notify)
      g_string_append_printf(text, " NOTIFY=%s", notify);
    if (orcpt)
      g_string_append_printf(text, " ORCPT=%s", orcpt);
  }
  g_string_append_printf(text, "\r\n%s\r\n", LAST);
  return g_string_free(text, FALSE);
}
