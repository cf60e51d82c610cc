#include "relay/directory.h"

#include "convert/client.h"
#include "convert/wire.h"
#include "ldap/ldap_helper.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAUSE_S = 10, TTL_FAILED = 10 };

struct question {
  char *name, *root;
  directory_done done;
  void *user;
};

struct directory {
  struct relay *relay;
  struct config *config; /* keeps source */
  const struct config_source *source;
  pid_t pid; /* 0: no helper */
  int socket;
  struct wire_inbox inbox;
  struct net_watch *watch;
  struct net_timer *deadline, *soon;
  GQueue waiting; /* of question; the first is asked when `asked` */
  bool asked;
  gint64 paused_until_us; /* monotonic */
  char *words;            /* why it pauses */
};

static void pump(struct directory *directory);

static void question_free(struct question *question)
{
  g_free(question->name);
  g_free(question->root);
  g_free(question);
}

/* --- the helper -------------------------------------------------------------------------------------- */

static void end_helper(struct directory *directory)
{
  if (!directory->pid)
    return;
  g_clear_pointer(&directory->watch, net_watch_free);
  net_timer_stop(directory->deadline);
  kill(directory->pid, SIGKILL);
  while (waitpid(directory->pid, NULL, 0) < 0 && errno == EINTR)
    ;
  close(directory->socket);
  wire_inbox_clear(&directory->inbox);
  directory->pid = 0;
  directory->asked = false;
}

static void answer(struct directory *directory, enum mapping_lookup_state state, char *words,
                   GPtrArray *records)
{
  const struct config_source *source = directory->source;
  struct question *question = g_queue_pop_head(&directory->waiting);
  struct directory_answer told = {.state = state,
                                  .words = words,
                                  .records = records,
                                  .ttl_s = state == MAPPING_LOOKUP_FOUND       ? source->ttl_s
                                           : state == MAPPING_LOOKUP_NOT_FOUND ? source->negative_ttl_s
                                                                               : TTL_FAILED};
  directory->asked = false;
  question->done(question->user, &told);
  question_free(question);
}

/* Nobody waits for a server that is not there. */
static void refuse_all(struct directory *directory)
{
  for (guint left = directory->waiting.length; left > 0; left--)
    answer(directory, MAPPING_LOOKUP_INDETERMINATE, directory->words, NULL);
}

static void pause_source(struct directory *directory, const char *words)
{
  g_free(directory->words);
  directory->words = g_strdup(words);
  directory->paused_until_us = g_get_monotonic_time() + (gint64)PAUSE_S * G_USEC_PER_SEC;
  end_helper(directory);
  refuse_all(directory);
}

static void on_deadline(void *user)
{
  struct directory *directory = user;
  g_autofree char *words =
      g_strdup_printf("%s: no answer within %u s", directory->source->url, directory->source->timeout_s);
  pause_source(directory, words);
}

static void on_readable(void *user, bool readable, bool writable)
{
  (void)readable;
  (void)writable;
  struct directory *directory = user;
  g_autoptr(GBytes) frame = NULL;
  g_autoptr(GError) error = NULL;
  enum wire_status status = wire_receive(directory->socket, &directory->inbox, &frame, &error);
  if (status == WIRE_WAIT)
    return;
  g_autoptr(GPtrArray) records = g_ptr_array_new_with_free_func(g_free);
  g_autofree char *words = NULL;
  enum ldap_state state;
  if (status != WIRE_FRAME || !directory->asked || !ldap_answer_unpack(frame, &state, &words, records)) {
    g_autofree char *lost = g_strdup_printf("%s: the process that asks it ended", directory->source->url);
    pause_source(directory, lost);
    return;
  }
  net_timer_stop(directory->deadline);
  static const enum mapping_lookup_state states[] = {MAPPING_LOOKUP_FOUND, MAPPING_LOOKUP_NOT_FOUND,
                                                     MAPPING_LOOKUP_INDETERMINATE};
  answer(directory, states[state], words, records);
  if (state == LDAP_STATE_INDETERMINATE && directory->waiting.length > 0)
    pause_source(directory, words);
  else
    pump(directory);
}

static char *read_password(const struct config_source *source, GError **error)
{
  char *text = NULL;
  if (!source->password_file)
    return g_strdup("");
  if (!g_file_get_contents(source->password_file, &text, NULL, error))
    return NULL;
  text[strcspn(text, "\r\n")] = 0;
  return text;
}

static bool send_setup(struct directory *directory, GError **error)
{
  const struct config_source *source = directory->source;
  g_autofree char *password = read_password(source, error);
  if (!password)
    return false;
  struct ldap_setup setup = {.url = source->url,
                             .bind_dn = source->bind_dn,
                             .password = password,
                             .ca = source->ca,
                             .start_tls = source->tls == CONFIG_LDAP_TLS_START,
                             .timeout_s = source->timeout_s};
  g_autoptr(GArray) no_fds = g_array_new(FALSE, FALSE, sizeof(int));
  g_autoptr(GBytes) frame = ldap_setup_pack(&setup);
  bool sent = wire_send(directory->socket, frame, no_fds, error);
  explicit_bzero(password, strlen(password));
  return sent;
}

static bool start_helper(struct directory *directory, GError **error)
{
  directory->socket = convert_process_spawn(directory->relay->start->program, "ldap", &directory->pid, error);
  if (directory->socket < 0) {
    directory->pid = 0;
    return false;
  }
  wire_inbox_init(&directory->inbox, 0);
  directory->watch = net_watch_new(directory->relay->loop, directory->socket, on_readable, directory);
  net_watch_events(directory->watch, true, false);
  return send_setup(directory, error);
}

/* --- questions --------------------------------------------------------------------------------------- */

static bool ask_first(struct directory *directory, GError **error)
{
  const struct question *question = g_queue_peek_head(&directory->waiting);
  if (!directory->pid && !start_helper(directory, error))
    return false;
  g_autoptr(GArray) no_fds = g_array_new(FALSE, FALSE, sizeof(int));
  g_autoptr(GBytes) frame = ldap_question_pack(question->name, question->root);
  if (!wire_send(directory->socket, frame, no_fds, error))
    return false;
  directory->asked = true;
  net_timer_start(directory->deadline, 1000ull * directory->source->timeout_s, 0);
  return true;
}

static void pump(struct directory *directory)
{
  g_autoptr(GError) error = NULL;
  if (directory->asked || directory->waiting.length == 0)
    return;
  if (g_get_monotonic_time() < directory->paused_until_us)
    refuse_all(directory);
  else if (!ask_first(directory, &error))
    pause_source(directory, error->message);
}

static void on_soon(void *user)
{
  pump(user);
}

void directory_ask(struct directory *directory, const char *name, const char *root, directory_done done,
                   void *user)
{
  struct question *question = g_new0(struct question, 1);
  *question = (struct question){g_strdup(name), g_strdup(root), done, user};
  g_queue_push_tail(&directory->waiting, question);
  net_timer_start(directory->soon, 0, 0); /* never answered from inside */
}

struct directory *directory_new(struct relay *relay, const struct config_source *source)
{
  struct directory *directory = g_new0(struct directory, 1);
  directory->relay = relay;
  directory->config = config_ref(relay->config);
  directory->source = source;
  directory->socket = -1;
  directory->deadline = net_timer_new(relay->loop, on_deadline, directory);
  directory->soon = net_timer_new(relay->loop, on_soon, directory);
  g_queue_init(&directory->waiting);
  return directory;
}

void directory_free(void *data)
{
  struct directory *directory = data;
  struct question *question;
  end_helper(directory);
  while ((question = g_queue_pop_head(&directory->waiting)) != NULL)
    question_free(question);
  net_timer_free(directory->deadline);
  net_timer_free(directory->soon);
  config_unref(directory->config);
  g_free(directory->words);
  g_free(directory);
}

bool directory_serves(const struct directory *directory, const struct config_source *source)
{
  const struct config_source *own = directory->source;
  return own == source || (directory->waiting.length > 0 /* these are answered first */) ||
         (g_strcmp0(own->url, source->url) == 0 && g_strcmp0(own->bind_dn, source->bind_dn) == 0 &&
          g_strcmp0(own->password_file, source->password_file) == 0 && g_strcmp0(own->ca, source->ca) == 0 &&
          own->tls == source->tls && own->timeout_s == source->timeout_s && own->ttl_s == source->ttl_s &&
          own->negative_ttl_s == source->negative_ttl_s);
}
