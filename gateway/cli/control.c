#include "cli/control.h"

#include "config/config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define ANSWER_MAX (64u << 20)

/* The configuration tells only where the socket is; its other mistakes are `gw400 check`'s business. */
static char *socket_path(const char *configuration)
{
  g_autoptr(GPtrArray) messages = g_ptr_array_new_with_free_func(g_free);
  struct config *config = config_load(configuration, messages);
  if (!config) {
    for (guint i = 0; i < messages->len; i++)
      fprintf(stderr, "%s\n", (char *)messages->pdata[i]);
    return NULL;
  }
  char *path = g_strdup(config->control_socket);
  config_unref(config);
  return path;
}

static int open_socket(const char *path)
{
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  g_strlcpy(address.sun_path, path, sizeof address.sun_path);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
    return fd;
  fprintf(stderr, "gw400: the daemon cannot be asked at %s: %s\n", path, g_strerror(errno));
  if (fd >= 0)
    close(fd);
  return -1;
}

static bool send_line(int fd, const json_t *question)
{
  g_autofree char *compact = NULL;
  char *text = json_dumps(question, JSON_COMPACT);
  compact = g_strconcat(text, "\n", NULL);
  free(text);
  gsize length = strlen(compact), sent = 0;
  while (sent < length) {
    ssize_t count = send(fd, compact + sent, length - sent, MSG_NOSIGNAL);
    if (count <= 0)
      return false;
    sent += (gsize)count;
  }
  return true;
}

static json_t *read_line(int fd)
{
  g_autoptr(GString) line = g_string_new(NULL);
  char block[65536];
  while (line->len < ANSWER_MAX) {
    ssize_t count = recv(fd, block, sizeof block, 0);
    if (count <= 0)
      return NULL;
    g_string_append_len(line, block, count);
    if (block[count - 1] == '\n')
      return json_loadb(line->str, line->len, 0, NULL);
  }
  return NULL;
}

static int judge(json_t *answer, json_t **answer_r)
{
  if (!answer) {
    fputs("gw400: the daemon gave no answer\n", stderr);
    return CLI_TEMPORARY;
  }
  if (json_is_true(json_object_get(answer, "ok"))) {
    *answer_r = answer;
    return CLI_DONE;
  }
  const char *words = json_string_value(json_object_get(answer, "error"));
  int code = (int)json_integer_value(json_object_get(answer, "code"));
  fprintf(stderr, "gw400: %s\n", words ? words : "refused");
  json_decref(answer);
  return code ? code : CLI_NO;
}

static int ask(int fd, json_t *question, json_t **answer_r)
{
  json_object_set_new(question, "v", json_integer(1));
  return judge(send_line(fd, question) ? read_line(fd) : NULL, answer_r);
}

int control_ask(const char *configuration, json_t *question, json_t **answer_r)
{
  g_autofree char *path = socket_path(configuration);
  int fd = path ? open_socket(path) : -1;
  int code = !path ? CLI_NO : fd < 0 ? CLI_TEMPORARY : ask(fd, question, answer_r);
  if (fd >= 0)
    close(fd);
  json_decref(question);
  return code;
}

int control_ask_all(const char *configuration, json_t *question, guint64 most, control_item each, void *user)
{
  g_autofree char *path = socket_path(configuration);
  int fd = path ? open_socket(path) : -1;
  int code = !path ? CLI_NO : fd < 0 ? CLI_TEMPORARY : CLI_DONE;
  guint64 seen = 0;
  bool more = code == CLI_DONE;
  while (more) {
    json_t *answer = NULL;
    code = ask(fd, question, &answer);
    if (code != CLI_DONE)
      break;
    json_t *items = json_object_get(answer, "items");
    for (gsize i = 0; i < json_array_size(items) && (most == 0 || seen < most); i++, seen++)
      each(user, json_array_get(items, i));
    json_t *next = json_object_get(answer, "next");
    more = next && (most == 0 || seen < most);
    if (more)
      json_object_set(question, "after", next);
    json_decref(answer);
  }
  if (fd >= 0)
    close(fd);
  json_decref(question);
  return code;
}
