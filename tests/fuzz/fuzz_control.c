/* fuzz_control.c - anything on the control socket: lines, JSON, version, questions that are answered at once
 * or later, askers that go away.
 *
 * The octets are what the asker writes; 0xff ends one write (the answers are read, late questions answered),
 * 0xfe after it makes the asker leave before that.  The operations are replaced here, so that no store is
 * needed: an "op" that begins with "l" is answered late, with "r" refused. */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "relay/control.h"
#include "relay/control_request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct asker {
  struct relay relay;
  struct config config;
  int fd;
  const uint8_t *data;
  size_t size;
  guint quiet;      /* turns without anything said */
  GString *answers; /* what came and is not yet read */
};

/* Questions that wait; one asker has at most one, but one that left may leave its own behind. */
static GQueue *waiting(void)
{
  static GQueue queue = G_QUEUE_INIT;
  return &queue;
}

static void must(bool good)
{
  if (!good)
    abort();
}

void control_run(struct control_request *request)
{
  must(json_is_object(request->question));
  const char *op = json_string_value(json_object_get(request->question, "op"));
  if (op == NULL || op[0] == 'r')
    control_refuse(request, 2, op != NULL ? op : "\"op\" is missing");
  else if (op[0] == 'l')
    g_queue_push_tail(waiting(), request);
  else
    control_answer(request, json_pack("{s:s}", "op", op));
}

static bool answer_late(void)
{
  struct control_request *request = g_queue_pop_head(waiting());
  if (request != NULL)
    control_answer(request, json_object());
  return request != NULL;
}

/* What comes back is one JSON object per line; a line may come in two pieces. */
static bool read_answers(struct asker *asker)
{
  char block[65536];
  ssize_t got = recv(asker->fd, block, sizeof block, MSG_DONTWAIT);
  if (got <= 0)
    return false;
  g_string_append_len(asker->answers, block, got);
  const char *line = asker->answers->str, *last = line + asker->answers->len;
  for (const char *end; (end = memchr(line, '\n', (size_t)(last - line))); line = end + 1) {
    json_t *answer = json_loadb(line, (size_t)(end - line), 0, NULL);
    must(json_is_boolean(json_object_get(answer, "ok")));
    json_decref(answer);
  }
  g_string_erase(asker->answers, 0, line - asker->answers->str);
  return true;
}

/* One write of the asker's, or the end. */
static bool say(struct asker *asker)
{
  if (asker->size == 0 || asker->fd < 0)
    return false;
  const uint8_t *end = memchr(asker->data, 0xff, asker->size);
  size_t part = end != NULL ? (size_t)(end - asker->data) : asker->size;
  for (size_t at = 0; at < part;) {
    ssize_t sent = send(asker->fd, asker->data + at, part - at, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent <= 0)
      break;
    at += (size_t)sent;
  }
  part += end != NULL;
  asker->data += part;
  asker->size -= part;
  if (asker->size > 0 && asker->data[0] == 0xfe) {
    close(asker->fd);
    asker->fd = -1;
  }
  return true;
}

/* Once in every turn of the loop: an eventfd that is never read stays readable. */
static void turn(void *user, bool readable, bool writable)
{
  (void)readable;
  (void)writable;
  struct asker *asker = user;
  bool busy = asker->fd >= 0 && read_answers(asker);
  busy |= answer_late();
  if (!busy)
    busy = asker->quiet > 2 && say(asker);
  asker->quiet = busy ? 0 : asker->quiet + 1;
  if (asker->quiet > 4)
    net_stop(asker->relay.loop);
}

static int connect_to(const char *path)
{
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  g_strlcpy(address.sun_path, path, sizeof address.sun_path);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  must(fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0);
  return fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  g_autofree char *path = g_strdup_printf("/tmp/gw400-fuzz-control-%d", (int)getpid());
  struct asker asker = {.config = {.control_socket = path}, .data = data, .size = size};
  asker.relay.loop = net_loop_new();
  asker.answers = g_string_new(NULL);
  asker.relay.config = &asker.config;
  struct control *control = control_new(&asker.relay, NULL);
  must(control != NULL);
  asker.fd = connect_to(path);
  int always = eventfd(1, EFD_CLOEXEC);
  struct net_watch *turns = net_watch_new(asker.relay.loop, always, turn, &asker);
  net_watch_events(turns, true, false);
  net_run(asker.relay.loop);
  if (asker.fd >= 0)
    close(asker.fd);
  control_free(control);
  while (answer_late()) {
  }
  net_watch_free(turns);
  close(always);
  net_loop_free(asker.relay.loop);
  g_string_free(asker.answers, TRUE);
  return 0;
}
