#include "cli/master.h"

#include "config/config.h"
#include "net/net.h"
#include "relay/relay.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#define BACKOFF_FIRST_MS 200
#define BACKOFF_MAX_MS 30000
#define BACKOFF_READY_MAX_MS 800 /* for a relay that had come up: mail waits for it */
#define STEADY_MS 60000 /* a relay that lived this long starts the backoff anew */

struct master {
  const char *configuration;
  struct config *config;
  GArray *smtp, *p1; /* of int: bound sockets */
  pid_t relay;
  int life, ready; /* our ends */
  gint64 started_us;
  guint backoff_ms;
  bool stopping;
};

static void say(const char *format, ...) G_GNUC_PRINTF(1, 2);
static void say(const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  fputs("<5>master ", stderr);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  va_end(arguments);
}

static bool bind_all(const GPtrArray *listeners, GArray *sockets)
{
  for (guint i = 0; i < listeners->len; i++) {
    const struct config_listener *listener = listeners->pdata[i];
    g_autoptr(GError) error = NULL;
    int fd = net_listen(listener->address, (guint16)listener->port, &error);
    if (fd < 0) {
      say("%s", error->message);
      return false;
    }
    g_array_append_val(sockets, fd);
  }
  return true;
}

static void inherit(int fd)
{
  fcntl(fd, F_SETFD, fcntl(fd, F_GETFD) & ~FD_CLOEXEC);
}

static char *fd_list(const GArray *sockets)
{
  GString *text = g_string_new(NULL);
  for (guint i = 0; i < sockets->len; i++) {
    inherit(g_array_index(sockets, int, i));
    g_string_append_printf(text, "%s%d", i ? "," : "", g_array_index(sockets, int, i));
  }
  return g_string_free(text, FALSE);
}

/* In the child: the configured user's rights, nothing of root's. */
static bool become(const char *name)
{
  if (!name || geteuid() != 0)
    return true;
  const struct passwd *user = getpwnam(name);
  if (!user) {
    say("user %s (configuration: user) does not exist", name);
    return false;
  }
  return initgroups(name, user->pw_gid) == 0 && setgid(user->pw_gid) == 0 && setuid(user->pw_uid) == 0;
}

static void start_relay(struct master *master)
{
  int life[2], ready[2];
  if (pipe2(life, O_CLOEXEC) < 0 || pipe2(ready, O_CLOEXEC) < 0) {
    say("pipe: %s", g_strerror(errno));
    exit(1);
  }
  master->started_us = g_get_monotonic_time();
  pid_t parent = getpid();
  master->relay = fork();
  if (master->relay == 0) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (!become(master->config->user))
      _exit(1);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
      _exit(0);
    inherit(life[0]);
    inherit(ready[1]);
    g_autofree char *smtp = fd_list(master->smtp);
    g_autofree char *p1 = fd_list(master->p1);
    g_autofree char *life_text = g_strdup_printf("%d", life[0]);
    g_autofree char *ready_text = g_strdup_printf("%d", ready[1]);
    execl("/proc/self/exe", "gw400d", "relay", master->configuration, smtp, p1, life_text, ready_text,
          (char *)NULL);
    say("executing the relay: %s", g_strerror(errno));
    _exit(1);
  }
  close(life[0]);
  close(ready[1]);
  master->life = life[1];
  master->ready = ready[0];
  if (master->relay < 0)
    say("fork: %s", g_strerror(errno));
}

static void end_relay(struct master *master)
{
  close(master->life);
  if (master->ready >= 0)
    close(master->ready);
  master->life = master->ready = -1;
  master->relay = 0;
}

static void on_ready(struct master *master)
{
  char octet;
  if (read(master->ready, &octet, 1) == 1)
    sd_notify(0, "READY=1\nSTATUS=accepting mail");
  close(master->ready);
  master->ready = -1;
}

/* True: the relay is gone for good, with this exit code. */
static bool relay_ended(struct master *master, int *code_r)
{
  int status = 0;
  pid_t pid = waitpid(master->relay, &status, WNOHANG);
  if (pid != master->relay)
    return false;
  gint64 lived_ms = (g_get_monotonic_time() - master->started_us) / 1000;
  bool never_ready = master->ready >= 0;
  end_relay(master);
  int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  *code_r = master->stopping && WIFEXITED(status) ? code : master->stopping ? 0 : code;
  if (master->stopping)
    return true;
  if (never_ready && code == 1 && lived_ms < BACKOFF_MAX_MS && master->backoff_ms == 0)
    return true; /* the configuration cannot be run: a restart would say the same again */
  guint most = never_ready ? BACKOFF_MAX_MS : BACKOFF_READY_MAX_MS;
  master->backoff_ms =
      lived_ms > STEADY_MS || master->backoff_ms == 0 ? BACKOFF_FIRST_MS : MIN(master->backoff_ms * 2, most);
  say("the relay ended (%s %d) after %" G_GINT64_FORMAT " ms; it is started again in %u ms",
      WIFEXITED(status) ? "exit" : "signal", WIFEXITED(status) ? code : WTERMSIG(status), lived_ms,
      master->backoff_ms);
  return false;
}

static void on_signal(struct master *master, guint number)
{
  if (number == SIGHUP && master->relay > 0) {
    sd_notify(0, "RELOADING=1");
    kill(master->relay, SIGHUP);
    sd_notify(0, "READY=1");
  } else if (number == SIGTERM || number == SIGINT) {
    sd_notify(0, "STOPPING=1");
    master->stopping = true;
    if (master->relay > 0)
      kill(master->relay, SIGTERM);
  }
}

static int serve(struct master *master, int signals)
{
  int code = 0;
  start_relay(master);
  for (;;) {
    struct pollfd watched[] = {{.fd = signals, .events = POLLIN}, {.fd = master->ready, .events = POLLIN}};
    int timeout = master->relay > 0 ? -1 : (int)master->backoff_ms;
    int count = poll(watched, 2, timeout);
    if (master->stopping && master->relay <= 0)
      return code;
    if (count == 0) {
      start_relay(master);
      continue;
    }
    if (watched[1].revents && master->ready >= 0)
      on_ready(master);
    struct signalfd_siginfo information;
    if (!(watched[0].revents & POLLIN) ||
        read(signals, &information, sizeof information) != sizeof information)
      continue;
    on_signal(master, information.ssi_signo);
    if (master->relay > 0 && relay_ended(master, &code))
      return code;
    if (master->stopping && master->relay <= 0)
      return code;
  }
}

int master_main(const char *configuration)
{
  g_autoptr(GPtrArray) messages = g_ptr_array_new_with_free_func(g_free);
  struct config *config = config_load(configuration, messages);
  if (!config) {
    for (guint i = 0; i < messages->len; i++)
      fprintf(stderr, "%s\n", (char *)messages->pdata[i]);
    return 1;
  }
  struct master master = {.configuration = configuration,
                          .config = config,
                          .smtp = g_array_new(FALSE, FALSE, sizeof(int)),
                          .p1 = g_array_new(FALSE, FALSE, sizeof(int)),
                          .life = -1,
                          .ready = -1};
  sigset_t handled;
  sigemptyset(&handled);
  sigaddset(&handled, SIGTERM);
  sigaddset(&handled, SIGINT);
  sigaddset(&handled, SIGHUP);
  sigaddset(&handled, SIGCHLD);
  sigprocmask(SIG_BLOCK, &handled, NULL);
  int signals = signalfd(-1, &handled, SFD_CLOEXEC);
  int code = 1;
  if (signals >= 0 && bind_all(config->smtp.listeners, master.smtp) &&
      bind_all(config->p1_listeners, master.p1))
    code = serve(&master, signals);
  g_array_unref(master.smtp);
  g_array_unref(master.p1);
  config_unref(config);
  return code;
}

static GArray *parse_fds(const char *text)
{
  GArray *fds = g_array_new(FALSE, FALSE, sizeof(int));
  g_auto(GStrv) parts = g_strsplit(text, ",", -1);
  for (guint i = 0; parts[i] && *parts[i]; i++) {
    int fd = atoi(parts[i]);
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    g_array_append_val(fds, fd);
  }
  return fds;
}

int master_relay_role(int argc, char **argv)
{
  if (argc != 7) {
    fputs("gw400d relay is started by gw400d alone\n", stderr);
    return 2;
  }
  g_autoptr(GArray) smtp = parse_fds(argv[3]);
  g_autoptr(GArray) p1 = parse_fds(argv[4]);
  int life = atoi(argv[5]), ready = atoi(argv[6]);
  fcntl(life, F_SETFD, FD_CLOEXEC);
  fcntl(ready, F_SETFD, FD_CLOEXEC);
  struct relay_start start = {.configuration = argv[2],
                              .program = "/proc/self/exe",
                              .smtp_sockets = (const int *)(void *)smtp->data,
                              .smtp_count = smtp->len,
                              .p1_sockets = (const int *)(void *)p1->data,
                              .p1_count = p1->len,
                              .life = life,
                              .ready = ready};
  return relay_main(&start);
}
