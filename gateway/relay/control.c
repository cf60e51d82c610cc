#include "relay/control.h"

#include "relay/control_request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define LINE_MAX_OCTETS 65536u
#define CONNECTIONS_MAX 64u

struct control {
  struct relay *relay;
  int fd;
  char *path;
  struct net_watch *watch;
  GPtrArray *connections;
};

struct connection {
  struct control *control;
  int fd;
  struct net_watch *watch;
  GString *in, *out;
  struct control_request *open; /* the question that is being answered; NULL: none */
  bool taking, broken;          /* inside take_lines(); which then frees it when it broke meanwhile */
};

static void take_lines(struct connection *connection);

static void connection_free(struct connection *connection)
{
  if (connection->open)
    connection->open->connection = NULL; /* its answer finds nobody */
  net_watch_free(connection->watch);
  close(connection->fd);
  g_string_free(connection->in, TRUE);
  g_string_free(connection->out, TRUE);
  g_ptr_array_remove_fast(connection->control->connections, connection);
  g_free(connection);
}

static bool flush(struct connection *connection)
{
  while (connection->out->len > 0) {
    ssize_t sent =
        send(connection->fd, connection->out->str, connection->out->len, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && (errno == EAGAIN || errno == EINTR))
      break;
    if (sent <= 0)
      return false;
    g_string_erase(connection->out, 0, sent);
  }
  return true;
}

static void end_request(struct control_request *request, json_t *answer)
{
  struct connection *connection = request->connection;
  if (connection) {
    char *text = json_dumps(answer, JSON_COMPACT);
    g_string_append(connection->out, text);
    g_string_append_c(connection->out, '\n');
    free(text);
    connection->open = NULL;
  }
  json_decref(answer);
  json_decref(request->question);
  g_free(request);
  if (!connection)
    return;
  connection->broken = !flush(connection);
  if (!connection->taking)
    take_lines(connection);
}

void control_answer(struct control_request *request, json_t *answer)
{
  json_object_set_new(answer, "ok", json_true());
  end_request(request, answer);
}

void control_refuse(struct control_request *request, int code, const char *error)
{
  g_autofree char *valid = g_utf8_make_valid(error, -1);
  end_request(request, json_pack("{s:b,s:i,s:s}", "ok", 0, "code", code, "error", valid));
}

/* One question at a time: who does not read its answer is not asked for the next. */
static bool is_busy(const struct connection *connection)
{
  return connection->open || connection->out->len > 0;
}

static bool take_line(struct connection *connection)
{
  char *end = is_busy(connection) ? NULL : memchr(connection->in->str, '\n', connection->in->len);
  if (!end)
    return false;
  gsize length = (gsize)(end - connection->in->str);
  json_error_t error;
  json_t *question = json_loadb(connection->in->str, length, 0, &error);
  g_string_erase(connection->in, 0, (gssize)length + 1);
  struct control_request *request = g_new0(struct control_request, 1);
  *request = (struct control_request){.relay = connection->control->relay,
                                      .connection = connection,
                                      .question = question ? question : json_object()};
  connection->open = request;
  if (!json_is_object(request->question))
    control_refuse(request, 2, question ? "the question is not a JSON object" : error.text);
  else if (json_integer_value(json_object_get(request->question, "v")) != 1)
    control_refuse(request, 2, "this gateway speaks version 1 of the control protocol (\"v\":1)");
  else
    control_run(request);
  return true;
}

/* A loop, for questions that are answered at once could else nest as deep as there are lines. */
static void take_lines(struct connection *connection)
{
  connection->taking = true;
  while (!connection->broken && take_line(connection)) {
  }
  connection->taking = false;
  if (connection->broken)
    connection_free(connection);
  else
    net_watch_events(connection->watch, !is_busy(connection), connection->out->len > 0);
}

/* False: the asker has gone, or asks more than fits. */
static bool receive(struct connection *connection)
{
  char block[4096];
  ssize_t got = recv(connection->fd, block, sizeof block, MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR))
    return true;
  if (got <= 0 || connection->in->len + (gsize)got > LINE_MAX_OCTETS)
    return false;
  g_string_append_len(connection->in, block, got);
  return true;
}

static void connection_ready(void *user, bool readable, bool writable)
{
  struct connection *connection = user;
  connection->broken = (writable && !flush(connection)) || (readable && !receive(connection));
  take_lines(connection);
}

static void on_accept(void *user, bool readable, bool writable)
{
  (void)readable;
  (void)writable;
  struct control *control = user;
  int fd = accept4(control->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (fd < 0)
    return;
  struct ucred asker;
  socklen_t length = sizeof asker;
  bool known = getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &asker, &length) == 0 &&
               (asker.uid == 0 || asker.uid == getuid());
  if (!known || control->connections->len >= CONNECTIONS_MAX) {
    relay_log(LOG_WARN, "control", "a connection was refused: %s",
              known ? "too many are open" : "uid not allowed");
    close(fd);
    return;
  }
  struct connection *connection = g_new0(struct connection, 1);
  connection->control = control;
  connection->fd = fd;
  connection->in = g_string_new(NULL);
  connection->out = g_string_new(NULL);
  connection->watch = net_watch_new(control->relay->loop, fd, connection_ready, connection);
  net_watch_events(connection->watch, true, false);
  g_ptr_array_add(control->connections, connection);
}

static int listen_at(const char *path, GError **error)
{
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof address.sun_path) {
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NAMETOOLONG, "control socket %s: longer than %zu octets",
                path, sizeof address.sun_path - 1);
    return -1;
  }
  g_strlcpy(address.sun_path, path, sizeof address.sun_path);
  unlink(path); /* the spool's lock is held: what lies there is a dead one's */
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  mode_t mask = umask(0177);
  bool bound = fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(fd, 16) == 0;
  umask(mask);
  if (bound)
    return fd;
  g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno), "control socket %s: %s", path,
              g_strerror(errno));
  if (fd >= 0)
    close(fd);
  return -1;
}

struct control *control_new(struct relay *relay, GError **error)
{
  int fd = listen_at(relay->config->control_socket, error);
  if (fd < 0)
    return NULL;
  struct control *control = g_new0(struct control, 1);
  control->relay = relay;
  control->fd = fd;
  control->path = g_strdup(relay->config->control_socket);
  control->connections = g_ptr_array_new();
  control->watch = net_watch_new(relay->loop, fd, on_accept, control);
  net_watch_events(control->watch, true, false);
  return control;
}

void control_free(struct control *control)
{
  while (control->connections->len > 0)
    connection_free(control->connections->pdata[0]);
  g_ptr_array_unref(control->connections);
  net_watch_free(control->watch);
  close(control->fd);
  unlink(control->path);
  g_free(control->path);
  g_free(control);
}
