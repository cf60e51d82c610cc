/* source.c - `gw400 source`: a load generator for P1, as smtp-source is for SMTP.
 *
 * Opens associations, sends messages over them, each with an MTS identifier of its own, and releases.  A
 * transfer that the peer refuses for now is sent again.  One thread: the peer is to be measured, not this. */
#include "cli/commands.h"
#include "cli/message_maker.h"
#include "cli/p1_line.h"

#include <stdio.h>
#include <string.h>

enum { RETRIES_MAX = 100 };

struct source {
  struct message_maker *maker;
  guint messages, given, sent, failed, retries;
  bool quiet;
};

struct session {
  struct source *source;
  guint number; /* of the message under way */
  gsize offset;
  bool bound;
};

static void send_next(struct session *session, struct p1_association *association)
{
  struct source *source = session->source;
  if (source->given >= source->messages) {
    p1_association_release(association);
    return;
  }
  session->number = source->given++;
  session->offset = 0;
  (void)p1_association_transfer(association, message_maker_size(source->maker), NULL);
}

static void tell(const struct session *session, const struct p1_event *event)
{
  fprintf(stderr, "gw400 source: %s at %s, %s: %s\n", p1_event_name(event->type), p1_step_name(event->step),
          event->by_peer ? "by the peer" : "by us", event->words != NULL ? event->words : "no words");
  (void)session;
}

static void on_event(struct p1_line *line, const struct p1_event *event, void *user)
{
  struct session *session = user;
  struct source *source = session->source;
  struct p1_association *association = p1_line_association(line);
  switch (event->type) {
  case P1_BOUND:
    session->bound = true;
    break;
  case P1_READY:
    send_next(session, association);
    break;
  case P1_WANT_DATA: {
    g_autoptr(GBytes) data =
        message_maker_slice(source->maker, session->number, session->offset, event->want);
    session->offset += event->want;
    p1_association_data(association, data);
    break;
  }
  case P1_SENT:
    source->sent++;
    break;
  case P1_NOT_SENT:
    /* Another association, or this one later, takes the place of what was not sent. */
    if (!event->permanent && source->retries < RETRIES_MAX) {
      source->retries++;
      source->messages++;
    } else {
      source->failed++;
    }
    tell(session, event);
    break;
  case P1_REFUSED:
  case P1_ABORTED:
    tell(session, event);
    break;
  default:
    break;
  }
}

static bool open_sessions(struct source *source, GPtrArray *lines, struct session *sessions, int count,
                          const char *address, const struct p1_options *options)
{
  for (int i = 0; i < count; i++) {
    g_autoptr(GError) error = NULL;
    int socket = p1_line_connect(address, &error);
    if (socket < 0) {
      fprintf(stderr, "gw400 source: %s\n", error->message);
      return false;
    }
    sessions[i].source = source;
    struct p1_options own = *options;
    g_autofree char *reference = g_strdup_printf("gw400-source-%08x", g_random_int());
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    g_autofree char *time = g_date_time_format(now, "%y%m%d%H%M%SZ");
    own.reference = reference;
    own.reference_time = time;
    g_ptr_array_add(lines, p1_line_new(socket, &own, on_event, &sessions[i]));
  }
  return true;
}

static bool serve_until_over(const GPtrArray *lines)
{
  for (;;) {
    bool any = false;
    for (guint i = 0; i < lines->len; i++) {
      any = any || !p1_line_over(lines->pdata[i]);
    }
    if (!any) {
      return true;
    }
    (void)p1_lines_serve(lines, -1, -1);
  }
}

static int run(struct source *source, int count, const char *address, const struct p1_options *options)
{
  g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func((GDestroyNotify)p1_line_free);
  g_autofree struct session *sessions = g_new0(struct session, count);
  guint wanted = source->messages;
  gint64 began = g_get_monotonic_time();
  if (!open_sessions(source, lines, sessions, count, address, options)) {
    return CLI_NO;
  }
  (void)serve_until_over(lines);
  double seconds = (double)(g_get_monotonic_time() - began) / G_USEC_PER_SEC;
  double octets = (double)source->sent * (double)message_maker_size(source->maker);
  printf("%u of %u messages sent in %.3f s: %.1f/s, %.1f MB/s\n", source->sent, wanted, seconds,
         source->sent / seconds, octets / seconds / 1e6);
  return source->sent == wanted ? CLI_DONE : CLI_NO;
}

int cli_source(int argc, char **argv)
{
  struct p1_line_settings settings = P1_LINE_SETTINGS_DEFAULT;
  int sessions = 1, messages = 1, length = 1024;
  g_autofree char *file = NULL, *originator = NULL, *recipient = NULL;
  GOptionEntry common[P1_LINE_ENTRIES];
  GOptionEntry own[] = {
      {"sessions", 's', 0, G_OPTION_ARG_INT, &sessions, "associations at the same time (1)", "N"},
      {"messages", 'm', 0, G_OPTION_ARG_INT, &messages, "messages in all (1)", "N"},
      {"length", 'l', 0, G_OPTION_ARG_INT, &length, "octets of text in each message (1024)", "N"},
      {"file", 'f', 0, G_OPTION_ARG_FILENAME, &file,
       "an MTS-APDU in BER to send instead, its MTS identifier changed", "FILE"},
      {"from", 0, 0, G_OPTION_ARG_STRING, &originator,
       "originator with -l (/S=source/PRMD=land/ADMD=demo/C=XX/)", "O/R"},
      {"to", 0, 0, G_OPTION_ARG_STRING, &recipient, "recipient with -l (/S=sink/PRMD=sea/ADMD=demo/C=XX/)",
       "O/R"}};
  GOptionEntry entries[G_N_ELEMENTS(own) + P1_LINE_ENTRIES + 1] = {0};
  g_autoptr(GOptionContext) context = g_option_context_new("HOST:PORT");
  g_autoptr(GError) error = NULL;
  struct p1_options options;
  struct source source = {0};
  int code = CLI_USAGE;

  p1_line_entries(&settings, common);
  memcpy(entries, own, sizeof own);
  memcpy(entries + G_N_ELEMENTS(own), common, sizeof common);
  g_option_context_add_main_entries(context, entries, NULL);
  if (!g_option_context_parse(context, &argc, &argv, &error)) {
    fprintf(stderr, "gw400 source: %s\n", error->message);
  } else if (argc != 2 || sessions < 1 || messages < 1 || length < 0) {
    fputs("usage: gw400 source [-s N] [-m N] [-l N | -f FILE] [OPTION...] HOST:PORT\n", stderr);
  } else if (!p1_line_options(&settings, true, &options, &error)) {
    fprintf(stderr, "gw400 source: %s\n", error->message);
  } else {
    source.messages = (guint)messages;
    source.maker =
        file != NULL
            ? message_maker_from_file(file, &error)
            : message_maker_of_length((gsize)length, options.mode == P1_MODE_1984 ? 2 : 22,
                                      originator ? originator : "/S=source/PRMD=land/ADMD=demo/C=XX/",
                                      recipient ? recipient : "/S=sink/PRMD=sea/ADMD=demo/C=XX/", &error);
    if (source.maker == NULL) {
      fprintf(stderr, "gw400 source: %s\n", error->message);
      code = CLI_NO;
    } else {
      code = run(&source, sessions, argv[1], &options);
      message_maker_free(source.maker);
    }
    g_clear_pointer(&options.local.password, g_bytes_unref);
  }
  p1_line_settings_clear(&settings);
  return code;
}
