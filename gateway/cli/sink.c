/* sink.c - `gw400 sink`: takes messages over P1, as smtp-sink does over SMTP.
 *
 * Listens, lets anybody bind (or one MTA name alone), confirms every transfer, and can decode each message
 * and check the octets of its body parts.  The clock runs from the first transfer to the last. */
#include "cli/commands.h"
#include "cli/message_check.h"
#include "cli/p1_line.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* How long the peers may take to release when all has come. */
enum { FAREWELL_MS = 20 };

struct sink {
  struct p1_options options;
  bool one_mode;               /* that of the options; else whichever comes */
  const char *peer;            /* NULL: anybody */
  struct message_check *check; /* NULL: transfers are not looked into */
  const char *dump;
  guint wanted, count, faults;
  bool ending; /* what is aborted now is aborted by us, on purpose */
  guint64 octets;
  gint64 first, last; /* monotonic microseconds */
};

struct session {
  struct sink *sink;
  GByteArray *coming;
};

static void dump(struct sink *sink, GBytes *transfer)
{
  g_autoptr(GBytes) apdu = message_unwrap(transfer);
  g_autofree char *name = g_strdup_printf("%u.ber", sink->count);
  g_autofree char *path = g_build_filename(sink->dump, name, NULL);
  g_autoptr(GError) error = NULL;
  gsize size;
  const char *data = g_bytes_get_data(apdu, &size);
  if (!g_file_set_contents(path, data, (gssize)size, &error)) {
    fprintf(stderr, "gw400 sink: %s\n", error->message);
    sink->faults++;
  }
}

static void take(struct session *session)
{
  struct sink *sink = session->sink;
  g_autoptr(GError) error = NULL;
  sink->count++;
  sink->octets += session->coming->len;
  g_autoptr(GBytes) transfer = g_byte_array_free_to_bytes(session->coming);
  session->coming = g_byte_array_new();
  if (sink->check != NULL && !message_check_one(sink->check, transfer, &error)) {
    fprintf(stderr, "gw400 sink: message %u: %s\n", sink->count, error->message);
    sink->faults++;
  }
  if (sink->dump != NULL) {
    dump(sink, transfer);
  }
  sink->last = g_get_monotonic_time();
}

static void on_event(struct p1_line *line, const struct p1_event *event, void *user)
{
  struct session *session = user;
  struct sink *sink = session->sink;
  struct p1_association *association = p1_line_association(line);
  gsize length;
  const guint8 *data;
  switch (event->type) {
  case P1_BIND:
    if ((sink->peer != NULL && g_strcmp0(sink->peer, event->peer.mta_name) != 0) ||
        (sink->one_mode && !p1_mode_fits(event->mode, sink->options.mode))) {
      p1_association_bind_refuse(association, P1_BIND_AUTHENTICATION_ERROR);
    } else {
      p1_association_bind_accept(association, sink->one_mode ? sink->options.mode : event->mode, &sink->options.local, sink->options.password_form);
    }
    break;
  case P1_RECEIVE_BEGIN:
    sink->first = sink->first != 0 ? sink->first : g_get_monotonic_time();
    g_byte_array_set_size(session->coming, 0);
    break;
  case P1_RECEIVE_CHECKPOINT:
    p1_association_checkpoint(association, event->transfer, event->resumption.serial);
    break;
  case P1_RECEIVE_RESUME:
    p1_association_resume_refuse(association, P1_RESUME_DELETED);
    break;
  case P1_RECOVER:
    p1_association_recover_refuse(association, false);
    break;
  case P1_RECEIVE_DATA:
    data = g_bytes_get_data(event->data, &length);
    g_byte_array_append(session->coming, data, (guint)length);
    break;
  case P1_RECEIVE_END:
    take(session);
    p1_association_confirm(association);
    break;
  case P1_ABORTED:
    if (sink->ending) {
      break;
    }
    fprintf(stderr, "gw400 sink: aborted at %s, %s: %s\n", p1_step_name(event->step),
            event->by_peer ? "by the peer" : "by us", event->words != NULL ? event->words : "no words");
    break;
  default:
    break;
  }
}

/* --- the loop
 * -------------------------------------------------------------------------------------------------------------
 */

static struct session *session_new(struct sink *sink)
{
  struct session *session = g_new0(struct session, 1);
  session->sink = sink;
  session->coming = g_byte_array_new();
  return session;
}

static void session_free(gpointer data)
{
  struct session *session = data;
  g_byte_array_unref(session->coming);
  g_free(session);
}

static void accept_line(struct sink *sink, GPtrArray *lines, GPtrArray *sessions, int socket)
{
  struct session *session = session_new(sink);
  g_ptr_array_add(sessions, session);
  g_ptr_array_add(lines, p1_line_new(socket, &sink->options, on_event, session));
}

static void drop_finished(GPtrArray *lines, GPtrArray *sessions)
{
  for (guint i = lines->len; i-- > 0;) {
    if (p1_line_over(lines->pdata[i])) {
      g_ptr_array_remove_index_fast(lines, i);
      g_ptr_array_remove_index_fast(sessions, i);
    }
  }
}

static bool all_flushed(const GPtrArray *lines)
{
  for (guint i = 0; i < lines->len; i++) {
    if (!p1_line_over(lines->pdata[i]) && !p1_line_flushed(lines->pdata[i])) {
      return false;
    }
  }
  return true;
}

/* Only who opened an association releases it: peers get a moment for that, then they are told that this one
 * ends. */
static void take_leave(struct sink *sink, GPtrArray *lines, GPtrArray *sessions)
{
  gint64 until = g_get_monotonic_time() + FAREWELL_MS * 1000;
  while (lines->len > 0 && g_get_monotonic_time() < until) {
    (void)p1_lines_serve(lines, -1, FAREWELL_MS);
    drop_finished(lines, sessions);
  }
  sink->ending = true;
  for (guint i = 0; i < lines->len; i++) {
    p1_association_abort(p1_line_association(lines->pdata[i]), "the sink has what it waited for");
    p1_line_pump(lines->pdata[i]);
  }
}

static void serve(struct sink *sink, int listener)
{
  g_autoptr(GPtrArray) sessions = g_ptr_array_new_with_free_func(session_free);
  g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func((GDestroyNotify)p1_line_free);
  while (sink->wanted == 0 || sink->count < sink->wanted || !all_flushed(lines)) {
    int socket = p1_lines_serve(lines, listener, -1);
    if (socket >= 0) {
      accept_line(sink, lines, sessions, socket);
    }
    drop_finished(lines, sessions);
  }
  take_leave(sink, lines, sessions);
}

static int run(struct sink *sink, const char *address)
{
  g_autoptr(GError) error = NULL;
  int listener = p1_line_listen(address, &error);
  if (listener < 0) {
    fprintf(stderr, "gw400 sink: %s\n", error->message);
    return CLI_NO;
  }
  serve(sink, listener);
  close(listener);
  double seconds = (double)(sink->last - sink->first) / G_USEC_PER_SEC;
  printf("%u messages in %.3f s: %.1f/s, %.1f MB/s; %u faults\n", sink->count, seconds,
         seconds > 0 ? sink->count / seconds : 0, seconds > 0 ? (double)sink->octets / seconds / 1e6 : 0,
         sink->faults);
  return sink->faults == 0 ? CLI_DONE : CLI_NO;
}

int cli_sink(int argc, char **argv)
{
  struct p1_line_settings settings = P1_LINE_SETTINGS_DEFAULT;
  g_autofree char *address = NULL, *peer = NULL, *expected = NULL, *folder = NULL;
  gboolean decode = FALSE, same = FALSE;
  int count = 0;
  GOptionEntry common[P1_LINE_ENTRIES];
  GOptionEntry own[] = {
      {"listen", 0, 0, G_OPTION_ARG_STRING, &address, "where to listen", "HOST:PORT"},
      {"count", 'c', 0, G_OPTION_ARG_INT, &count, "end after so many messages", "N"},
      {"peer", 0, 0, G_OPTION_ARG_STRING, &peer, "take the bind of this MTA name alone", "NAME"},
      {"decode", 0, 0, G_OPTION_ARG_NONE, &decode, "decode each message down to its body parts", NULL},
      {"expect-body", 0, 0, G_OPTION_ARG_FILENAME, &expected,
       "a body part of each must have this file's SHA-256", "FILE"},
      {"same", 0, 0, G_OPTION_ARG_NONE, &same, "all must have the body parts of the first", NULL},
      {"dump", 0, 0, G_OPTION_ARG_FILENAME, &folder, "write each MTS-APDU to DIR/N.ber", "DIR"}};
  GOptionEntry entries[G_N_ELEMENTS(own) + P1_LINE_ENTRIES + 1] = {0};
  g_autoptr(GOptionContext) context = g_option_context_new("[HOST:PORT]");
  g_autoptr(GError) error = NULL;
  struct sink sink = {0};
  int code = CLI_USAGE;

  p1_line_entries(&settings, common);
  memcpy(entries, own, sizeof own);
  memcpy(entries + G_N_ELEMENTS(own), common, sizeof common);
  g_option_context_add_main_entries(context, entries, NULL);
  if (!g_option_context_parse(context, &argc, &argv, &error)) {
    fprintf(stderr, "gw400 sink: %s\n", error->message);
  } else if (argc > 2 || (argc == 2) == (address != NULL) || count < 0) {
    fputs("usage: gw400 sink [-c N] [--decode] [OPTION...] HOST:PORT\n", stderr);
  } else if (!p1_line_options(&settings, false, &sink.options, &error)) {
    fprintf(stderr, "gw400 sink: %s\n", error->message);
  } else {
    sink.peer = peer;
    sink.one_mode = settings.mode != NULL;
    sink.dump = folder;
    sink.wanted = (guint)count;
    sink.options.dialogue = P1_TWO_WAY_ALTERNATE;
    sink.check = decode || same || expected != NULL ? message_check_new(expected, same, &error) : NULL;
    if (error != NULL) {
      fprintf(stderr, "gw400 sink: %s\n", error->message);
      code = CLI_NO;
    } else {
      code = run(&sink, argc == 2 ? argv[1] : address);
    }
    g_clear_pointer(&sink.check, message_check_free);
    g_clear_pointer(&sink.options.local.password, g_bytes_unref);
  }
  p1_line_settings_clear(&settings);
  return code;
}
