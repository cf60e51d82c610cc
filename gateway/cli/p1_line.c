/* p1_line.c - see p1_line.h. */
#include "cli/p1_line.h"

#include <errno.h>
#include <gio/gio.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
  READ_BLOCK = 256 << 10,
  UNWRITTEN_MAX = 1 << 20, /* beyond it the association is not asked for more */
  TIMERS = 3
};

struct p1_line {
  int socket;
  struct p1_association *association;
  p1_line_handler handler;
  void *user;
  GByteArray *unwritten;
  gint64 due[TIMERS]; /* monotonic microseconds; 0: stopped */
  bool close_wanted, over, inside;
};

static void start(struct p1_line *line, const struct p1_options *options)
{
  int one = 1;
  (void)setsockopt(line->socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  line->association = p1_association_new(options);
  p1_association_connected(line->association);
}

struct p1_line *p1_line_new(int socket, const struct p1_options *options, p1_line_handler handler, void *user)
{
  struct p1_line *line = g_new0(struct p1_line, 1);
  line->socket = socket;
  line->handler = handler;
  line->user = user;
  line->unwritten = g_byte_array_new();
  start(line, options);
  p1_line_pump(line);
  return line;
}

void p1_line_free(struct p1_line *line)
{
  if (line->socket >= 0) {
    close(line->socket);
  }
  p1_association_free(line->association);
  g_byte_array_unref(line->unwritten);
  g_free(line);
}

struct p1_association *p1_line_association(const struct p1_line *line)
{
  return line->association;
}

bool p1_line_over(const struct p1_line *line)
{
  return line->over;
}

bool p1_line_flushed(const struct p1_line *line)
{
  return line->unwritten->len == 0;
}

/* Writes what the socket takes; false when it is broken. */
static bool write_out(struct p1_line *line)
{
  while (line->unwritten->len > 0) {
    ssize_t done =
        send(line->socket, line->unwritten->data, line->unwritten->len, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (done < 0) {
      return errno == EAGAIN || errno == EINTR;
    }
    g_byte_array_remove_range(line->unwritten, 0, (guint)done);
  }
  return true;
}

static void send_octets(struct p1_line *line, GBytes *octets)
{
  gsize length;
  const guint8 *data = g_bytes_get_data(octets, &length);
  if (line->unwritten->len == 0) {
    ssize_t done = send(line->socket, data, length, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (done > 0) {
      data += done;
      length -= (gsize)done;
    }
  }
  g_byte_array_append(line->unwritten, data, (guint)length);
}

static void end(struct p1_line *line)
{
  if (!line->over) {
    line->over = true;
    close(line->socket);
    line->socket = -1;
  }
}

void p1_line_pump(struct p1_line *line)
{
  struct p1_event event;
  if (line->inside) {
    return;
  }
  line->inside = true;
  while (!line->over && line->unwritten->len < UNWRITTEN_MAX &&
         p1_association_next(line->association, &event)) {
    switch (event.type) {
    case P1_SEND:
      send_octets(line, event.data);
      break;
    case P1_CLOSE:
      line->close_wanted = true;
      break;
    case P1_TIMER:
      if (event.timer < TIMERS) {
        line->due[event.timer] = event.ms != 0 ? g_get_monotonic_time() + (gint64)event.ms * 1000 : 0;
      }
      break;
    default:
      line->handler(line, &event, line->user);
      break;
    }
    p1_event_clear(&event);
  }
  line->inside = false;
  if (line->close_wanted && line->unwritten->len == 0) {
    end(line);
  }
}

static void lose(struct p1_line *line, const char *why)
{
  p1_association_lost(line->association, why);
  g_byte_array_set_size(line->unwritten, 0);
  p1_line_pump(line);
  end(line);
}

static void serve_read(struct p1_line *line)
{
  g_autofree guint8 *block = g_malloc(READ_BLOCK);
  ssize_t got = recv(line->socket, block, READ_BLOCK, MSG_DONTWAIT);
  if (got > 0) {
    p1_association_input(line->association, block, (gsize)got);
    p1_line_pump(line);
  } else if (got == 0) {
    lose(line, "the peer closed the TCP connection");
  } else if (errno != EAGAIN && errno != EINTR) {
    lose(line, g_strerror(errno));
  }
}

static void serve_timers(struct p1_line *line, gint64 now)
{
  for (guint i = 0; i < TIMERS && !line->over; i++) {
    if (line->due[i] != 0 && line->due[i] <= now) {
      line->due[i] = 0;
      p1_association_timeout(line->association, i);
      p1_line_pump(line);
    }
  }
}

static int until_timer(const GPtrArray *lines, int milliseconds)
{
  gint64 now = g_get_monotonic_time();
  for (guint i = 0; i < lines->len; i++) {
    const struct p1_line *line = lines->pdata[i];
    for (guint j = 0; j < TIMERS && !line->over; j++) {
      if (line->due[j] != 0) {
        gint64 left = MAX(0, (line->due[j] - now + 999) / 1000);
        milliseconds = milliseconds < 0 || left < milliseconds ? (int)MIN(left, G_MAXINT) : milliseconds;
      }
    }
  }
  return milliseconds;
}

static void serve(struct p1_line *line, short events)
{
  if (events & POLLOUT) {
    if (!write_out(line)) {
      lose(line, g_strerror(errno));
      return;
    }
    p1_line_pump(line);
  }
  if (!line->over && events & (POLLIN | POLLHUP | POLLERR)) {
    serve_read(line);
  }
}

int p1_lines_serve(const GPtrArray *lines, int listener, int milliseconds)
{
  g_autofree struct pollfd *polled = g_new0(struct pollfd, lines->len + 1);
  for (guint i = 0; i < lines->len; i++) {
    const struct p1_line *line = lines->pdata[i];
    short events = (short)(POLLIN | (line->unwritten->len > 0 ? POLLOUT : 0));
    polled[i] = (struct pollfd){.fd = line->socket, .events = events};
  }
  polled[lines->len] = (struct pollfd){.fd = listener, .events = POLLIN};
  guint count = lines->len;
  int ready = poll(polled, count + 1, until_timer(lines, milliseconds));
  gint64 now = g_get_monotonic_time();
  for (guint i = 0; i < count; i++) {
    struct p1_line *line = lines->pdata[i];
    if (ready > 0 && polled[i].revents != 0 && !line->over) {
      serve(line, polled[i].revents);
    }
    serve_timers(line, now);
  }
  return ready > 0 && polled[count].revents & POLLIN ? accept4(listener, NULL, NULL, SOCK_CLOEXEC) : -1;
}

/* --- sockets
 * -------------------------------------------------------------------------------------------------------------
 */

static struct addrinfo *resolve(const char *address, bool passive, GError **error)
{
  g_autoptr(GSocketConnectable) place = g_network_address_parse(address, 102, error);
  if (place == NULL) {
    return NULL;
  }
  GNetworkAddress *network = G_NETWORK_ADDRESS(place);
  g_autofree char *port = g_strdup_printf("%u", g_network_address_get_port(network));
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = passive ? AI_PASSIVE : 0}, *found = NULL;
  int code = getaddrinfo(g_network_address_get_hostname(network), port, &hints, &found);
  if (code != 0) {
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_HOST_NOT_FOUND, "%s: %s", address, gai_strerror(code));
    return NULL;
  }
  return found;
}

static int open_socket(const char *address, bool passive, GError **error)
{
  struct addrinfo *found = resolve(address, passive, error);
  int result = -1, one = 1;
  for (struct addrinfo *at = found; at != NULL && result < 0; at = at->ai_next) {
    int fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
      continue;
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    bool done = passive ? bind(fd, at->ai_addr, at->ai_addrlen) == 0 && listen(fd, SOMAXCONN) == 0
                        : connect(fd, at->ai_addr, at->ai_addrlen) == 0;
    if (done) {
      result = fd;
    } else {
      int why = errno;
      close(fd);
      errno = why;
    }
  }
  if (found != NULL) {
    if (result < 0) {
      g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s: %s", address, g_strerror(errno));
    }
    freeaddrinfo(found);
  }
  return result;
}

int p1_line_connect(const char *address, GError **error)
{
  return open_socket(address, false, error);
}

int p1_line_listen(const char *address, GError **error)
{
  return open_socket(address, true, error);
}

/* --- settings
 * --------------------------------------------------------------------------------------------------------------
 */

GBytes *p1_password_from(const char *path, GError **error)
{
  g_autofree char *text = NULL;
  if (!g_file_get_contents(path, &text, NULL, error)) {
    return NULL;
  }
  gsize length = strcspn(text, "\r\n");
  GBytes *password = g_bytes_new(text, length);
  explicit_bzero(text, strlen(text));
  return password;
}

void p1_line_entries(struct p1_line_settings *settings, GOptionEntry entries[P1_LINE_ENTRIES])
{
  const GOptionEntry all[P1_LINE_ENTRIES] = {
      {"mta", 0, 0, G_OPTION_ARG_STRING, &settings->mta, "own MTA name (none: an unauthenticated bind)",
       "NAME"},
      {"password-file", 0, 0, G_OPTION_ARG_FILENAME, &settings->password_file,
       "own password: the file's first line", "FILE"},
      {"octets", 0, 0, G_OPTION_ARG_NONE, &settings->octets, "send the password as OCTET STRING", NULL},
      {"mode", 0, 0, G_OPTION_ARG_STRING, &settings->mode,
       "1988-normal (source's default), 1988-x410 or 1984; sink: none, whichever comes", "MODE"},
      {"tsel", 0, 0, G_OPTION_ARG_STRING, &settings->tsel,
       "transport selector called, or own: text or x'...'", "TSEL"},
      {"checkpoint", 0, 0, G_OPTION_ARG_INT, &settings->checkpoint, "checkpoint size in KiB (64); 0: none",
       "N"},
      {"window", 0, 0, G_OPTION_ARG_INT, &settings->window, "unconfirmed checkpoints at most (8)", "N"},
      {"tpdu", 0, 0, G_OPTION_ARG_INT, &settings->tpdu, "TPDU size 2^N octets, 7 to 13 (13); 0: 65531", "N"},
      {"session", 0, 0, G_OPTION_ARG_INT, &settings->version, "session version at most (2)", "1|2"}};
  memcpy(entries, all, sizeof all);
}

bool p1_line_options(const struct p1_line_settings *settings, bool initiator, struct p1_options *options_r,
                     GError **error)
{
  struct osi_selector tsel = {0};
  enum p1_mode mode = P1_MODE_1988_NORMAL;
  if (!osi_selector_parse(settings->tsel, &tsel, error)) {
    return false;
  }
  if (settings->mode != NULL && !p1_mode_parse(settings->mode, &mode)) {
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                "mode \"%s\": it is 1988-normal, 1988-x410 or 1984", settings->mode);
    return false;
  }
  if (settings->checkpoint < 0 || settings->window < 1 || settings->tpdu < 0 || settings->version < 1 ||
      settings->version > 2) {
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "a number is out of its range");
    return false;
  }
  g_autoptr(GBytes) password = NULL;
  if (settings->password_file != NULL &&
      (password = p1_password_from(settings->password_file, error)) == NULL) {
    return false;
  }
  *options_r =
      (struct p1_options){.initiator = initiator,
                          .mode = mode,
                          .local = {.authentication = settings->mta != NULL ? P1_SIMPLE : P1_UNAUTHENTICATED,
                                    .mta_name = settings->mta,
                                    .password = g_steal_pointer(&password)},
                          .password_form = settings->octets ? P1_PASSWORD_OCTETS : P1_PASSWORD_IA5,
                          .tpdu_size = (guint8)settings->tpdu,
                          .checkpoint_size = (guint)settings->checkpoint,
                          .window = (guint)settings->window,
                          .session_version = (guint)settings->version,
                          .connect_ms = 30000,
                          .answer_ms = 300000,
                          .release_ms = 10000};
  *(initiator ? &options_r->remote_tsel : &options_r->local_tsel) = tsel;
  return true;
}

void p1_line_settings_clear(struct p1_line_settings *settings)
{
  g_free(settings->mta);
  g_free(settings->password_file);
  g_free(settings->tsel);
  g_free(settings->mode);
}
