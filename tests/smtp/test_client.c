/* test_client.c - the client machine: against servers that are scripts, and against our own server machine.
 *
 * A script is the list of what the server says, in turn: to the connection, to each command, to each text.
 * "LOST" loses the connection instead. What the client sent and what it told its relay are compared; each
 * dialogue runs with the server's octets whole and one by one, and is lost after each reply. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "smtp/client.h"
#include "smtp/reply.h"
#include "smtp/server.h"

/* --- a scripted server ---------------------------------------------------------------------------------- */

struct dialogue {
  struct smtp_client *client;
  const char *const *script; /* what is still to be said */
  const char *text;          /* of the message */
  gsize piece;               /* the text is given in pieces of that size */
  const struct smtp_envelope *envelope;
  guint64 size;
  bool has_8bit;
  guint messages;    /* still to be given when the client is ready; then QUIT */
  bool octets;       /* the server's octets come one by one */
  guint say_at_most; /* replies before the connection is lost */

  GString *wire; /* all that the client sent */
  gsize seen;    /* of wire, understood by the server */
  enum { COMMANDS, IN_TEXT, IN_CHUNK } place;
  gsize chunk;
  GString *events; /* "ready;r0=250 2.1.5;done dsn;close;" */
  gsize given;
  bool closed, lost, secured, tls_fails;
  bool dead;   /* the server is gone */
  bool inject; /* the server adds clear text to its reply to STARTTLS */
};

static void note_outcome(struct dialogue *d, const char *what, const struct smtp_client_event *event)
{
  g_string_append_printf(d->events, "%s=%u", what, event->code);
  if (event->enhanced[0] != '\0')
    g_string_append_printf(d->events, " %s", event->enhanced);
  g_string_append_c(d->events, ';');
  ck_assert_ptr_nonnull(event->text);
  ck_assert(g_utf8_validate(event->text, -1, NULL));
}

static void give_data(struct dialogue *d)
{
  gsize left = strlen(d->text) - d->given;
  if (left == 0) {
    d->given = 0;
    smtp_client_data_end(d->client);
    return;
  }
  gsize size = MIN(left, d->piece);
  g_autoptr(GBytes) bytes = g_bytes_new(d->text + d->given, size);
  d->given += size;
  smtp_client_data(d->client, bytes);
}

static void be_ready(struct dialogue *d)
{
  g_string_append(d->events, "ready;");
  d->given = 0;
  if (d->messages > 0) {
    d->messages--;
    smtp_client_message(d->client, d->envelope, d->size, d->has_8bit);
  } else
    smtp_client_quit(d->client);
}

static void take_event(struct dialogue *d, const struct smtp_client_event *event)
{
  g_autofree char *name = g_strdup_printf("r%u", event->index);
  switch (event->type) {
  case SMTP_CLIENT_SEND:
    g_string_append_len(d->wire, g_bytes_get_data(event->data, NULL), (gssize)g_bytes_get_size(event->data));
    break;
  case SMTP_CLIENT_CLOSE:
    d->closed = true;
    g_string_append(d->events, "close;");
    break;
  case SMTP_CLIENT_TIMER:
    ck_assert_uint_gt(event->ms, 0);
    break;
  case SMTP_CLIENT_START_TLS:
    d->secured = !d->tls_fails;
    g_string_append(d->events, "tls;");
    smtp_client_tls_done(d->client, !d->tls_fails, "certificate refused");
    break;
  case SMTP_CLIENT_READY:
    be_ready(d);
    break;
  case SMTP_CLIENT_WANT_DATA:
    ck_assert_uint_gt(event->want, 0);
    give_data(d);
    break;
  case SMTP_CLIENT_RECIPIENT:
    note_outcome(d, name, event);
    break;
  case SMTP_CLIENT_DONE:
    g_string_append(d->events, event->dsn ? "done dsn;" : "done;");
    break;
  case SMTP_CLIENT_FAILED:
    note_outcome(d, "failed", event);
    break;
  }
}

static void pump(struct dialogue *d)
{
  struct smtp_client_event event;
  while (smtp_client_next(d->client, &event)) {
    ck_assert_msg(!d->closed, "an event after close");
    take_event(d, &event);
    smtp_client_event_clear(&event);
  }
}

static void say(struct dialogue *d, const char *text)
{
  gsize length = strlen(text), step = d->octets ? 1 : length;
  for (gsize at = 0; at < length; at += step) {
    g_autofree guint8 *copy = g_memdup2(text + at, step);
    smtp_client_input(d->client, copy, step);
    if (d->octets)
      pump(d);
  }
  pump(d);
}

static void lose(struct dialogue *d)
{
  d->dead = true;
  smtp_client_lost(d->client, "connection reset");
  pump(d);
}

/* The next line of the script. */
static const char *next_line(struct dialogue *d)
{
  if (d->script[0] == NULL || d->say_at_most == 0 || strcmp(d->script[0], "LOST") == 0)
    return NULL;
  d->say_at_most--;
  return *d->script++;
}

/* Reads one unit of what the client sent, if it is whole; false if not. */
static bool server_reads(struct dialogue *d)
{
  const char *from = d->wire->str + d->seen;
  gsize length = d->wire->len - d->seen;
  const char *end = NULL;
  switch (d->place) {
  case COMMANDS:
    end = strstr(from, "\r\n");
    if (end == NULL)
      return false;
    d->seen += (gsize)(end - from) + 2;
    if (g_str_has_prefix(from, "BDAT ")) {
      d->chunk = strtoul(from + 5, NULL, 10);
      d->place = IN_CHUNK;
      return server_reads(d);
    }
    return true;
  case IN_TEXT:
    end = length >= 3 && strncmp(from, ".\r\n", 3) == 0 ? from - 2 : strstr(from, "\r\n.\r\n");
    if (end == NULL)
      return false;
    d->seen += (gsize)(end - from) + 5;
    d->place = COMMANDS;
    return true;
  case IN_CHUNK:
    if (length < d->chunk)
      return false;
    d->seen += d->chunk;
    d->place = COMMANDS;
    return true;
  }
  return false;
}

static void converse(struct dialogue *d)
{
  const char *line = next_line(d);
  pump(d);
  while (line != NULL && !d->closed) {
    if (strncmp(line, "354", 3) == 0)
      d->place = IN_TEXT;
    say(d, line);
    if (d->closed || !server_reads(d))
      break;
    line = next_line(d);
  }
  if (!d->closed && (line == NULL || d->script[0] != NULL))
    lose(d);
}

static struct smtp_client_options standard = {.hostname = (char *)"gw.example", .tls = SMTP_TLS_MAY};

static struct dialogue *dialogue_new(const char *const *script, const struct smtp_envelope *envelope)
{
  struct dialogue *d = g_new0(struct dialogue, 1);
  d->client = smtp_client_new(&standard);
  d->script = script;
  d->envelope = envelope;
  d->text = "Subject: x\r\n\r\nhi\r\n.dot\r\n";
  d->piece = 1000;
  d->messages = 1;
  d->wire = g_string_new(NULL);
  d->events = g_string_new(NULL);
  d->say_at_most = G_MAXUINT;
  return d;
}

static void dialogue_free(struct dialogue *d)
{
  smtp_client_free(d->client);
  g_string_free(d->wire, TRUE);
  g_string_free(d->events, TRUE);
  g_free(d);
}

static struct smtp_envelope *envelope_for(const char *recipients)
{
  struct smtp_envelope *envelope = smtp_envelope_new();
  g_free(envelope->sender);
  envelope->sender = g_strdup("a@b");
  g_auto(GStrv) addresses = g_strsplit(recipients, ",", -1);
  for (gsize i = 0; addresses[i] != NULL; i++)
    smtp_envelope_add(envelope, addresses[i]);
  return envelope;
}

/* --- dialogues ------------------------------------------------------------------------------------------ */

#define GREETING "220 mx.example ESMTP\r\n"
#define PLAIN "250 mx.example\r\n"
#define FULL                                                                                                 \
  "250-mx.example greets you\r\n250-PIPELINING\r\n250-SIZE "                                                 \
  "1000\r\n250-8BITMIME\r\n250-ENHANCEDSTATUSCODES\r\n"                                                      \
  "250-SMTPUTF8\r\n250 DSN\r\n"
#define CHUNKS "250-mx.example\r\n250-PIPELINING\r\n250 CHUNKING\r\n"
#define OK "250 2.0.0 ok\r\n"
#define GO "354 go on\r\n"
#define BYE "221 2.0.0 bye\r\n"

static const struct {
  const char *name, *recipients;
  const char *script[16];
  const char *sent; /* NULL: not compared */
  const char *events;
} rows[] = {
    {"no extension",
     "c@d,e@f",
     {GREETING, PLAIN, OK, OK, OK, GO, OK, BYE},
     "EHLO gw.example\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nRCPT TO:<e@f>\r\nDATA\r\n"
     "Subject: x\r\n\r\nhi\r\n..dot\r\n.\r\nQUIT\r\n",
     "ready;r0=250 2.0.0;r1=250 2.0.0;done;ready;close;"},
    {"all extensions",
     "c@d",
     {GREETING, FULL, OK, OK, GO, OK, BYE},
     "EHLO gw.example\r\nMAIL FROM:<a@b> SIZE=25\r\nRCPT TO:<c@d>\r\nDATA\r\n"
     "Subject: x\r\n\r\nhi\r\n..dot\r\n.\r\nQUIT\r\n",
     "ready;r0=250 2.0.0;done dsn;ready;close;"},
    {"chunks",
     "c@d",
     {GREETING, CHUNKS, OK, OK, OK, BYE},
     "EHLO gw.example\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nBDAT 24 LAST\r\n"
     "Subject: x\r\n\r\nhi\r\n.dot\r\nQUIT\r\n",
     "ready;r0=250 2.0.0;done;ready;close;"},
    {"HELO only",
     "c@d",
     {GREETING, "502 5.5.1 what\r\n", PLAIN, OK, OK, GO, OK, BYE},
     "EHLO gw.example\r\nHELO gw.example\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n"
     "Subject: x\r\n\r\nhi\r\n..dot\r\n.\r\nQUIT\r\n",
     "ready;r0=250 2.0.0;done;ready;close;"},
    {"server is busy", "c@d", {"421 4.3.2 busy\r\n"}, "", "failed=421 4.3.2;close;"},
    {"server does not want us", "c@d", {"554-no\r\n554 mail\r\n"}, "", "failed=554;close;"},
    {"EHLO refused for now",
     "c@d",
     {GREETING, "451 4.3.0 later\r\n"},
     "EHLO gw.example\r\n",
     "failed=451 4.3.0;close;"},
    {"EHLO and HELO refused",
     "c@d",
     {GREETING, "550 no\r\n", "550 5.7.1 no\r\n"},
     "EHLO gw.example\r\nHELO gw.example\r\n",
     "failed=550 5.7.1;close;"},
    {"sender refused, one by one",
     "c@d,e@f",
     {GREETING, PLAIN, "550 5.7.1 not you\r\n", BYE},
     "EHLO gw.example\r\nMAIL FROM:<a@b>\r\nQUIT\r\n",
     "ready;r0=550 5.7.1;r1=550 5.7.1;done;ready;close;"},
    {"sender refused, pipelined",
     "c@d,e@f",
     {GREETING, FULL, "550 5.7.1 not you\r\n", "503 5.5.1 x\r\n", "503 5.5.1 x\r\n", "503 5.5.1 x\r\n", BYE},
     NULL,
     "ready;r0=550 5.7.1;r1=550 5.7.1;done dsn;ready;close;"},
    {"sender refused, pipelined, but the server goes on",
     "c@d",
     {GREETING, FULL, "451 4.3.0 not now\r\n", OK, GO},
     "EHLO gw.example\r\nMAIL FROM:<a@b> SIZE=25\r\nRCPT TO:<c@d>\r\nDATA\r\n",
     "ready;r0=451 4.3.0;done dsn;failed=0 4.5.0;close;"},
    {"all recipients refused, one by one",
     "c@d,e@f",
     {GREETING, PLAIN, OK, "550 5.1.1 no\r\n", "451 4.2.1 not now\r\n", BYE},
     "EHLO gw.example\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nRCPT TO:<e@f>\r\nQUIT\r\n",
     "ready;r0=550 5.1.1;r1=451 4.2.1;done;ready;close;"},
    {"all recipients refused, pipelined",
     "c@d",
     {GREETING, FULL, OK, "550 5.1.1 no\r\n", "554 5.5.1 no recipient\r\n", BYE},
     NULL,
     "ready;r0=550 5.1.1;done dsn;ready;close;"},
    {"all recipients refused, but the server takes DATA",
     "c@d",
     {GREETING, FULL, OK, "550 5.1.1 no\r\n", GO, "554 5.5.1 no recipient\r\n", BYE},
     "EHLO gw.example\r\nMAIL FROM:<a@b> SIZE=25\r\nRCPT TO:<c@d>\r\nDATA\r\n.\r\nQUIT\r\n",
     "ready;r0=550 5.1.1;done dsn;ready;close;"},
    {"all recipients refused, chunks",
     "c@d",
     {GREETING, CHUNKS, OK, "550 5.1.1 no\r\n", BYE},
     "EHLO gw.example\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nQUIT\r\n",
     "ready;r0=550 5.1.1;done;ready;close;"},
    {"one recipient refused",
     "c@d,e@f,g@h",
     {GREETING, FULL, OK, OK, "550 5.1.1 no\r\n", OK, GO, OK, BYE},
     NULL,
     "ready;r1=550 5.1.1;r0=250 2.0.0;r2=250 2.0.0;done dsn;ready;close;"},
    {"too many recipients",
     "c@d,e@f",
     {GREETING, FULL, OK, OK, "452 4.5.3 enough\r\n", GO, OK, BYE},
     NULL,
     "ready;r1=452 4.5.3;r0=250 2.0.0;done dsn;ready;close;"},
    {"DATA refused",
     "c@d,e@f",
     {GREETING, FULL, OK, OK, OK, "451 4.3.0 no\r\n", BYE},
     NULL,
     "ready;r0=451 4.3.0;r1=451 4.3.0;done dsn;ready;close;"},
    {"text refused",
     "c@d,e@f",
     {GREETING, FULL, OK, OK, "550 5.1.1 no\r\n", GO, "554 5.6.0 bad\r\n", BYE},
     NULL,
     "ready;r1=550 5.1.1;r0=554 5.6.0;done dsn;ready;close;"},
    {"chunk refused",
     "c@d",
     {GREETING, CHUNKS, OK, OK, "552 5.3.4 large\r\n", BYE},
     NULL,
     "ready;r0=552 5.3.4;done;ready;close;"},
    {"reply to the text lost",
     "c@d,e@f",
     {GREETING, FULL, OK, OK, "550 5.1.1 no\r\n", GO, "LOST"},
     NULL,
     "ready;r1=550 5.1.1;r0=0 4.4.2;done dsn;failed=0 4.4.2;"},
    {"reply to the last chunk lost",
     "c@d",
     {GREETING, CHUNKS, OK, OK, "LOST"},
     NULL,
     "ready;r0=0 4.4.2;done;failed=0 4.4.2;"},
    {"lost before the text",
     "c@d,e@f",
     {GREETING, PLAIN, OK, "550 5.1.1 no\r\n", OK, "LOST"},
     NULL,
     "ready;r0=550 5.1.1;failed=0 4.4.2;"},
    {"lost after QUIT",
     "c@d",
     {GREETING, FULL, OK, OK, GO, OK, "LOST"},
     NULL,
     "ready;r0=250 2.0.0;done dsn;ready;"},
    {"421 to MAIL",
     "c@d,e@f",
     {GREETING, PLAIN, "421 4.3.2 going down\r\n"},
     NULL,
     "ready;r0=421 4.3.2;r1=421 4.3.2;done;failed=421 4.3.2;close;"},
    {"421 to the second RCPT",
     "c@d,e@f",
     {GREETING, PLAIN, OK, OK, "421 4.3.2 going down\r\n"},
     NULL,
     "ready;r0=421 4.3.2;r1=421 4.3.2;done;failed=421 4.3.2;close;"},
    {"421 to the text",
     "c@d",
     {GREETING, PLAIN, OK, OK, GO, "421 4.3.2 going down\r\n"},
     NULL,
     "ready;r0=421 4.3.2;done;failed=421 4.3.2;close;"},
    {"no reply code", "c@d", {"hello\r\n"}, "", "failed=0 4.5.0;close;"},
    {"two codes in one reply", "c@d", {"220-a\r\n221 b\r\n"}, "", "failed=0 4.5.0;close;"},
    {"reply of class 1", "c@d", {"120 a\r\n"}, "", "failed=0 4.5.0;close;"},
    {"a 354 to MAIL", "c@d", {GREETING, PLAIN, "354 go\r\n"}, NULL, "ready;failed=0 4.5.0;close;"},
    {"a 250 to DATA", "c@d", {GREETING, PLAIN, OK, OK, "250 ok\r\n"}, NULL, "ready;failed=0 4.5.0;close;"},
    {"replies with LF alone and without text",
     "c@d",
     {"220\n", "250\n", "250\n", "250\r\n", "354\n", "250\n", "221\n"},
     NULL,
     "ready;r0=250;done;ready;close;"},
    {"greeting of several lines",
     "c@d",
     {"220-mx\r\n220-says\r\n220 hello\r\n", PLAIN, OK, OK, GO, OK, BYE},
     NULL,
     "ready;r0=250 2.0.0;done;ready;close;"},
    {"enhanced code of the wrong class is text",
     "c@d",
     {GREETING, PLAIN, OK, "550 2.1.1 x\r\n", BYE},
     NULL,
     "ready;r0=550;done;ready;close;"},
    {"postmaster",
     "postmaster",
     {GREETING, PLAIN, OK, OK, GO, OK, BYE},
     NULL,
     "ready;r0=250 2.0.0;done;ready;close;"},
    {"addresses that are none",
     "c@d\r\nDATA,c,<c@d>,x y@z",
     {GREETING, PLAIN, BYE},
     "EHLO gw.example\r\nQUIT\r\n",
     "ready;r0=553 5.1.3;r1=553 5.1.3;r2=553 5.1.3;r3=553 5.1.3;done;ready;close;"},
    {"an address that is none beside a good one",
     "c,e@f",
     {GREETING, PLAIN, OK, OK, GO, OK, BYE},
     NULL,
     "ready;r0=553 5.1.3;r1=250 2.0.0;done;ready;close;"},
    {"UTF-8 address, no SMTPUTF8",
     "\xc3\xb6@d,e@f",
     {GREETING, CHUNKS, BYE},
     "EHLO gw.example\r\nQUIT\r\n",
     "ready;r0=553 5.6.7;r1=553 5.6.7;done;ready;close;"},
    {"UTF-8 address",
     "\xc3\xb6@d",
     {GREETING, FULL, OK, OK, GO, OK, BYE},
     "EHLO gw.example\r\nMAIL FROM:<a@b> SIZE=25 BODY=8BITMIME SMTPUTF8\r\nRCPT TO:<\xc3\xb6@d>\r\nDATA\r\n"
     "Subject: x\r\n\r\nhi\r\n..dot\r\n.\r\nQUIT\r\n",
     "ready;r0=250 2.0.0;done dsn;ready;close;"},
};

static struct dialogue *dialogue_of_row(int row, const struct smtp_envelope *envelope)
{
  struct dialogue *d = dialogue_new(rows[row].script, envelope);
  d->size = 25;
  return d;
}

START_TEST(dialogues)
{
  for (int octets = 0; octets < 2; octets++) {
    g_autoptr(smtp_envelope_t) envelope = envelope_for(rows[_i].recipients);
    struct dialogue *d = dialogue_of_row(_i, envelope);
    d->octets = octets;
    converse(d);
    ck_assert_msg(strcmp(d->events->str, rows[_i].events) == 0, "%s: events\n %s\nexpected\n %s",
                  rows[_i].name, d->events->str, rows[_i].events);
    if (rows[_i].sent != NULL)
      ck_assert_msg(strcmp(d->wire->str, rows[_i].sent) == 0, "%s: sent\n%s\nexpected\n%s", rows[_i].name,
                    d->wire->str, rows[_i].sent);
    dialogue_free(d);
  }
}
END_TEST

/* Lost after each reply: every recipient has at most one outcome, none is told that all went well, and only
 * what was sent whole is unknown. */
START_TEST(lost_after_each_reply)
{
  g_autoptr(smtp_envelope_t) envelope = envelope_for(rows[_i].recipients);
  for (guint replies = 0; replies < 16 && rows[_i].script[replies] != NULL; replies++) {
    struct dialogue *d = dialogue_of_row(_i, envelope);
    d->say_at_most = replies;
    converse(d);
    for (guint r = 0; r < envelope->recipients->len; r++) {
      g_autofree char *name = g_strdup_printf("r%u=", r);
      const char *first = strstr(d->events->str, name);
      ck_assert(first == NULL || strstr(first + 1, name) == NULL);
    }
    if (strstr(d->events->str, "=0 4.4.2;done") != NULL)
      ck_assert(strstr(d->wire->str, "\r\n.\r\n") != NULL || strstr(d->wire->str, " LAST\r\n") != NULL);
    if (!d->closed && d->dead) {
      bool ended = strstr(d->events->str, "failed=") != NULL || g_str_has_suffix(d->events->str, "ready;");
      ck_assert_msg(ended, "%s, %u replies: %s", rows[_i].name, replies, d->events->str);
    }
    dialogue_free(d);
  }
}
END_TEST

/* --- the message ---------------------------------------------------------------------------------------- */

START_TEST(envelope_parameters)
{
  g_autoptr(smtp_envelope_t) envelope = envelope_for("c@d,e@f,g@h");
  envelope->ret = SMTP_RET_HDRS;
  envelope->envid = g_strdup("a b+c");
  struct smtp_recipient *first = envelope->recipients->pdata[0], *second = envelope->recipients->pdata[1];
  first->notify = SMTP_NOTIFY_NEVER;
  first->orcpt = g_strdup("rfc822;x+y@z");
  second->notify = SMTP_NOTIFY_SUCCESS | SMTP_NOTIFY_FAILURE | SMTP_NOTIFY_DELAY;
  second->orcpt = g_strdup("utf-8;\xc3\xa4@z");
  static const char *const with[] = {GREETING, FULL, OK, OK, OK, OK, GO, OK, BYE, NULL};
  struct dialogue *d = dialogue_new(with, envelope);
  d->has_8bit = true;
  d->size = 77;
  converse(d);
  ck_assert_ptr_nonnull(strstr(d->wire->str,
                               "MAIL FROM:<a@b> SIZE=77 BODY=8BITMIME RET=HDRS ENVID=a+20b+2Bc\r\n"
                               "RCPT TO:<c@d> NOTIFY=NEVER ORCPT=rfc822;x+2By@z\r\n"
                               "RCPT TO:<e@f> NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=utf-8;\\x{E4}@z\r\n"
                               "RCPT TO:<g@h>\r\nDATA\r\n"));
  dialogue_free(d);
  static const char *const without[] = {GREETING, PLAIN, OK, OK, OK, OK, GO, OK, BYE, NULL};
  d = dialogue_new(without, envelope);
  converse(d);
  ck_assert_ptr_nonnull(
      strstr(d->wire->str, "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nRCPT TO:<e@f>\r\nRCPT TO:<g@h>\r\nDATA\r\n"));
  ck_assert_ptr_nonnull(strstr(d->events->str, ";done;"));
  dialogue_free(d);
}
END_TEST

START_TEST(values_that_are_too_long_are_left_out)
{
  g_autoptr(smtp_envelope_t) envelope = envelope_for("c@d");
  g_autofree char *filler = g_strnfill(499, 'x');
  envelope->envid = g_strndup(filler, 101);
  ((struct smtp_recipient *)envelope->recipients->pdata[0])->orcpt = g_strconcat("x;", filler, NULL);
  static const char *const script[] = {GREETING, FULL, OK, OK, GO, OK, BYE, NULL};
  struct dialogue *d = dialogue_new(script, envelope);
  converse(d);
  ck_assert_ptr_nonnull(strstr(d->wire->str, "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n"));
  dialogue_free(d);
}
END_TEST

static const struct {
  const char *extensions;
  guint64 size;
  bool has_8bit, smtputf8;
  const char *events;
} lacks[] = {
    {"250 mx\r\n", 100, true, false, "ready;r0=554 5.6.3;done;ready;close;"},
    {"250-mx\r\n250 8BITMIME\r\n", 100, false, true, "ready;r0=553 5.6.7;done;ready;close;"},
    {"250-mx\r\n250 SIZE 99\r\n", 100, false, false, "ready;r0=552 5.3.4;done;ready;close;"},
};

START_TEST(what_the_server_lacks)
{
  g_autoptr(smtp_envelope_t) envelope = envelope_for("c@d");
  envelope->smtputf8 = lacks[_i].smtputf8;
  const char *const script[] = {GREETING, lacks[_i].extensions, BYE, NULL};
  struct dialogue *d = dialogue_new(script, envelope);
  d->size = lacks[_i].size;
  d->has_8bit = lacks[_i].has_8bit;
  converse(d);
  ck_assert_str_eq(d->events->str, lacks[_i].events);
  ck_assert_ptr_null(strstr(d->wire->str, "MAIL"));
  dialogue_free(d);
}
END_TEST

static const struct {
  const char *text, *wire;
} stuffing[] = {
    {"", ".\r\n"},
    {".", "..\r\n.\r\n"},
    {".\r\n", "..\r\n.\r\n"},
    {"..\r\n", "...\r\n.\r\n"},
    {"a.b\r\n", "a.b\r\n.\r\n"},
    {"a\r\n.b", "a\r\n..b\r\n.\r\n"},
    {"a\r\n.\r\n.\r\nb\r\n", "a\r\n..\r\n..\r\nb\r\n.\r\n"},
    {"a\r", "a\r\n.\r\n"},
    {"a\n.b\r\n", "a\n..b\r\n.\r\n"}, /* should not come; must not end the text at a lax server */
};

START_TEST(dots_are_stuffed_however_the_text_is_cut)
{
  static const char *const script[] = {GREETING, PLAIN, OK, OK, GO, OK, BYE, NULL};
  g_autoptr(smtp_envelope_t) envelope = envelope_for("c@d");
  for (gsize piece = 1; piece <= strlen(stuffing[_i].text) + 1; piece++) {
    struct dialogue *d = dialogue_new(script, envelope);
    d->text = stuffing[_i].text;
    d->piece = piece;
    converse(d);
    const char *text = strstr(d->wire->str, "DATA\r\n") + strlen("DATA\r\n");
    g_autofree char *expected = g_strconcat(stuffing[_i].wire, "QUIT\r\n", NULL);
    ck_assert_str_eq(text, expected);
    dialogue_free(d);
  }
}
END_TEST

START_TEST(text_without_dots_is_not_copied)
{
  static const char *const script[] = {GREETING, FULL, OK, OK, GO, NULL};
  g_autoptr(smtp_envelope_t) envelope = envelope_for("c@d");
  struct smtp_client *client = smtp_client_new(&standard);
  struct smtp_client_event event;
  for (gsize i = 0; script[i] != NULL; i++) {
    smtp_client_input(client, (const guint8 *)script[i], strlen(script[i]));
    while (smtp_client_next(client, &event)) {
      if (event.type == SMTP_CLIENT_READY)
        smtp_client_message(client, envelope, 0, false);
      smtp_client_event_clear(&event);
    }
  }
  g_autoptr(GBytes) text = g_bytes_new_static("a\r\nb. c\r\n", 9);
  smtp_client_data(client, text);
  ck_assert(smtp_client_next(client, &event));
  ck_assert_int_eq(event.type, SMTP_CLIENT_SEND);
  ck_assert_ptr_eq(event.data, text);
  smtp_client_event_clear(&event);
  smtp_client_free(client);
}
END_TEST

START_TEST(several_messages_and_reset)
{
  g_autoptr(smtp_envelope_t) envelope = envelope_for("c@d");
  static const char *const script[] = {
      GREETING, FULL, OK,  "550 5.1.1 no\r\n", "554 5.5.1 none\r\n", OK, OK, OK, GO, OK, OK, OK, GO,
      OK,       BYE,  NULL};
  struct dialogue *d = dialogue_new(script, envelope);
  d->messages = 3;
  converse(d);
  ck_assert_str_eq(
      d->events->str,
      "ready;r0=550 5.1.1;done dsn;ready;r0=250 2.0.0;done dsn;ready;r0=250 2.0.0;done dsn;ready;close;");
  const char *first_reset = strstr(d->wire->str, "RSET\r\n");
  ck_assert_ptr_nonnull(first_reset); /* after the refused one, in the group of the next */
  ck_assert(g_str_has_prefix(first_reset, "RSET\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n"));
  ck_assert_ptr_null(strstr(first_reset + 1, "RSET\r\n"));
  dialogue_free(d);
}
END_TEST

/* Recipients are asked about and nothing is sent: no DATA, no BDAT, and the transaction is taken back. */
START_TEST(probe_asks_and_sends_nothing)
{
  static const struct {
    const char *script[10];
    const char *sent, *events;
  } probes[] = {
      {{GREETING, PLAIN, OK, OK, "550 5.1.1 no\r\n", OK, BYE},
       "EHLO gw.example\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nRCPT TO:<e@f>\r\nRSET\r\nQUIT\r\n",
       "ready;r0=250 2.0.0;r1=550 5.1.1;done;ready;close;"},
      {{GREETING, CHUNKS, OK, "451 4.7.1 grey\r\n", OK, OK, BYE},
       "EHLO gw.example\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nRCPT TO:<e@f>\r\nRSET\r\nQUIT\r\n",
       "ready;r0=451 4.7.1;r1=250 2.0.0;done;ready;close;"},
      {{GREETING, PLAIN, OK, "550 5.1.1 no\r\n", "550 5.1.1 no\r\n", OK, BYE},
       "EHLO gw.example\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nRCPT TO:<e@f>\r\nRSET\r\nQUIT\r\n",
       "ready;r0=550 5.1.1;r1=550 5.1.1;done;ready;close;"},
      {{GREETING, PLAIN, "550 5.7.1 not you\r\n", BYE},
       "EHLO gw.example\r\nMAIL FROM:<a@b>\r\nQUIT\r\n",
       "ready;r0=550 5.7.1;r1=550 5.7.1;done;ready;close;"},
      {{GREETING, PLAIN, OK, OK, "LOST"}, NULL, "ready;r0=250 2.0.0;failed=0 4.4.2;"},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(probes); i++)
    for (int octets = 0; octets < 2; octets++) {
      g_autoptr(smtp_envelope_t) envelope = envelope_for("c@d,e@f");
      envelope->probe = true;
      struct dialogue *d = dialogue_new(probes[i].script, envelope);
      d->octets = octets;
      converse(d);
      ck_assert_msg(!strcmp(d->events->str, probes[i].events), "%u: %s", (guint)i, d->events->str);
      ck_assert_msg(!probes[i].sent || !strcmp(d->wire->str, probes[i].sent), "%u: %s", (guint)i,
                    d->wire->str);
      dialogue_free(d);
    }
}
END_TEST

START_TEST(reply_in_the_middle_of_the_text)
{
  g_autoptr(smtp_envelope_t) envelope = envelope_for("c@d,e@f");
  struct smtp_client *client = smtp_client_new(&standard);
  static const char *const script[] = {GREETING, FULL, OK, OK, OK, GO, NULL};
  struct dialogue d = {.client = client, .envelope = envelope, .text = "", .events = g_string_new(NULL)};
  struct smtp_client_event event;
  for (gsize i = 0; script[i] != NULL; i++) {
    smtp_client_input(client, (const guint8 *)script[i], strlen(script[i]));
    while (smtp_client_next(client, &event)) {
      if (event.type == SMTP_CLIENT_READY)
        smtp_client_message(client, envelope, 0, false);
      smtp_client_event_clear(&event);
    }
  }
  d.wire = g_string_new(NULL);
  g_autoptr(GBytes) text = g_bytes_new_static("a\r\n", 3);
  smtp_client_data(client, text);
  while (smtp_client_next(client, &event))
    smtp_client_event_clear(&event);
  const char *early = _i == 0 ? "554 5.6.0 bare LF\r\n" : "250 2.0.0 already\r\n";
  smtp_client_input(client, (const guint8 *)early, strlen(early));
  pump(&d);
  ck_assert_str_eq(d.events->str, _i == 0 ? "r0=554 5.6.0;r1=554 5.6.0;done dsn;failed=554 5.6.0;close;"
                                          : "failed=0 4.5.0;close;"); /* praise in advance is none */
  smtp_client_data(client, text);                                     /* comes too late: nothing */
  smtp_client_data_end(client);
  pump(&d);
  g_string_free(d.events, TRUE);
  g_string_free(d.wire, TRUE);
  smtp_client_free(client);
}
END_TEST

/* --- the session ---------------------------------------------------------------------------------------- */

#define WITH_TLS "250-mx.example\r\n250 STARTTLS\r\n"
static const struct {
  const char *name;
  enum smtp_tls_use use;
  bool fails;
  const char *script[8];
  const char *events;
} tls_rows[] = {
    {"offered and used",
     SMTP_TLS_MAY,
     false,
     {GREETING, WITH_TLS, "220 go\r\n", PLAIN, BYE},
     "tls;ready;close;"},
    {"offered, not wanted", SMTP_TLS_NEVER, false, {GREETING, WITH_TLS, BYE}, "ready;close;"},
    {"not offered", SMTP_TLS_MAY, false, {GREETING, PLAIN, BYE}, "ready;close;"},
    {"not offered, required", SMTP_TLS_REQUIRE, false, {GREETING, PLAIN}, "failed=0 4.7.5;close;"},
    {"no EHLO, required",
     SMTP_TLS_REQUIRE,
     false,
     {GREETING, "502 5.5.1 what\r\n"},
     "failed=502 5.5.1;close;"},
    {"refused", SMTP_TLS_MAY, false, {GREETING, WITH_TLS, "454 4.7.0 not now\r\n", BYE}, "ready;close;"},
    {"refused, required",
     SMTP_TLS_REQUIRE,
     false,
     {GREETING, WITH_TLS, "454 4.7.0 not now\r\n"},
     "failed=454 4.7.5;close;"},
    {"handshake fails", SMTP_TLS_MAY, true, {GREETING, WITH_TLS, "220 go\r\n"}, "tls;failed=0 4.7.5;close;"},
    {"offered again inside",
     SMTP_TLS_REQUIRE,
     false,
     {GREETING, WITH_TLS, "220 go\r\n", WITH_TLS, BYE},
     "tls;ready;close;"},
};

START_TEST(tls)
{
  g_autoptr(smtp_envelope_t) envelope = envelope_for("c@d");
  struct smtp_client_options options = standard;
  options.tls = tls_rows[_i].use;
  struct dialogue *d = dialogue_new(tls_rows[_i].script, envelope);
  smtp_client_free(d->client);
  d->client = smtp_client_new(&options);
  d->messages = 0;
  d->tls_fails = tls_rows[_i].fails;
  converse(d);
  ck_assert_msg(strcmp(d->events->str, tls_rows[_i].events) == 0, "%s: %s", tls_rows[_i].name,
                d->events->str);
  dialogue_free(d);
}
END_TEST

/* RFC 3207 5: what stands behind the reply to STARTTLS in clear must not be taken for the server's word
 * inside TLS. */
START_TEST(injected_after_starttls)
{
  static const char *const script[] = {GREETING, WITH_TLS, "220 go\r\n250-evil\r\n250 AUTH\r\n", NULL};
  g_autoptr(smtp_envelope_t) envelope = envelope_for("c@d");
  struct dialogue *d = dialogue_new(script, envelope);
  d->messages = 0;
  struct smtp_client_event event;
  for (gsize i = 0; script[i] != NULL; i++) {
    smtp_client_input(d->client, (const guint8 *)script[i], strlen(script[i]));
    while (smtp_client_next(d->client, &event)) {
      ck_assert_int_ne(event.type, SMTP_CLIENT_READY);
      if (event.type == SMTP_CLIENT_FAILED)
        note_outcome(d, "failed", &event);
      smtp_client_event_clear(&event);
    }
  }
  ck_assert_str_eq(d->events->str, "failed=0 4.7.5;");
  dialogue_free(d);
}
END_TEST

START_TEST(timeouts)
{
  struct smtp_client_options options = standard;
  options.greeting_ms = 11;
  options.command_ms = 22;
  options.data_ms = 33;
  options.end_ms = 44;
  static const char *const script[] = {GREETING, PLAIN, OK, OK, GO, NULL};
  static const guint expected[] = {22, 22, 22, 33, 44};
  g_autoptr(smtp_envelope_t) envelope = envelope_for("c@d");
  for (guint stop = 0; stop <= 5; stop++) {
    struct dialogue *d = dialogue_new(script, envelope);
    smtp_client_free(d->client);
    d->client = smtp_client_new(&options);
    struct smtp_client_event event;
    ck_assert(smtp_client_next(d->client, &event));
    ck_assert_uint_eq(event.ms, 11);
    guint ms = 11;
    for (guint i = 0; i < stop; i++) {
      smtp_client_input(d->client, (const guint8 *)script[i], strlen(script[i]));
      while (smtp_client_next(d->client, &event)) {
        if (event.type == SMTP_CLIENT_TIMER)
          ms = event.ms;
        take_event(d, &event);
        smtp_client_event_clear(&event);
      }
      ck_assert_uint_eq(ms, expected[i]);
    }
    g_string_truncate(d->events, 0);
    smtp_client_timeout(d->client);
    pump(d);
    ck_assert_str_eq(d->events->str,
                     stop == 5 ? "r0=0 4.4.2;done;failed=0 4.4.2;close;" : "failed=0 4.4.2;close;");
    dialogue_free(d);
  }
}
END_TEST

START_TEST(closed_while_idle)
{
  struct dialogue *d = dialogue_new(NULL, NULL);
  struct smtp_client_event event;
  smtp_client_input(d->client, (const guint8 *)GREETING, strlen(GREETING));
  smtp_client_input(d->client, (const guint8 *)PLAIN, strlen(PLAIN));
  while (smtp_client_next(d->client, &event))
    smtp_client_event_clear(&event);
  smtp_client_timeout(d->client); /* between messages: nothing */
  pump(d);
  ck_assert_str_eq(d->events->str, "");
  static const char *const expected[] = {"failed=421 4.4.2;close;", "failed=0 4.5.0;close;",
                                         "failed=0 4.4.2;"};
  if (_i < 2)
    say(d, _i == 0 ? "421 4.4.2 idle too long\r\n" : "250 ok\r\n");
  else
    smtp_client_lost(d->client, "closed by the other side");
  pump(d);
  ck_assert_str_eq(d->events->str, expected[_i]);
  dialogue_free(d);
}
END_TEST

/* --- replies -------------------------------------------------------------------------------------------- */

static const struct {
  const char *octets;
  enum smtp_reply_status status;
  guint code;
  const char *enhanced, *text;
} replies[] = {
    {"250 ok\r\n", SMTP_REPLY_WHOLE, 250, "", "ok"},
    {"250-a\r\n250-b\r\n250 c\r\n", SMTP_REPLY_WHOLE, 250, "", "a\nb\nc"},
    {"550-5.1.1 a\r\n550 5.1.1 b\r\n", SMTP_REPLY_WHOLE, 550, "5.1.1", "a\nb"},
    {"550 5.1.10 a\r\n", SMTP_REPLY_WHOLE, 550, "5.1.10", "a"},
    {"550 5.1.1\r\n", SMTP_REPLY_WHOLE, 550, "5.1.1", ""},
    {"550 5.123.456 a\r\n", SMTP_REPLY_WHOLE, 550, "5.123.456", "a"},
    {"550 5.1234.1 a\r\n", SMTP_REPLY_WHOLE, 550, "", "5.1234.1 a"},
    {"550 5.1. a\r\n", SMTP_REPLY_WHOLE, 550, "", "5.1. a"},
    {"550 5.1.1a\r\n", SMTP_REPLY_WHOLE, 550, "", "5.1.1a"},
    {"550 4.1.1 a\r\n", SMTP_REPLY_WHOLE, 550, "", "4.1.1 a"},
    {"550 a\tb\x01\r\n", SMTP_REPLY_WHOLE, 550, "", "a b "},
    {"550 \xff\r\n", SMTP_REPLY_WHOLE, 550, "", "\xef\xbf\xbd"},
    {"550\r\n", SMTP_REPLY_WHOLE, 550, "", ""},
    {"55\r\n", SMTP_REPLY_BAD, 0, "", ""},
    {"650 a\r\n", SMTP_REPLY_BAD, 0, "", ""},
    {"25a a\r\n", SMTP_REPLY_BAD, 0, "", ""},
    {"250_a\r\n", SMTP_REPLY_BAD, 0, "", ""},
    {"250-a\r\n251 b\r\n", SMTP_REPLY_BAD, 0, "", ""},
    {"\r\n", SMTP_REPLY_BAD, 0, "", ""},
    {"250-1\r\n250-2\r\n250-3\r\n250-4\r\n250-5\r\n", SMTP_REPLY_BAD, 0, "", ""},
    {"250 0123456789012345678901234567890123456789\r\n", SMTP_REPLY_BAD, 0, "", ""},
    {"250-half", SMTP_REPLY_MORE, 0, "", ""},
};

START_TEST(reply)
{
  struct smtp_reply_reader reader;
  smtp_reply_reader_init(&reader, 40, 4);
  const guint8 *octets = (const guint8 *)replies[_i].octets;
  gsize length = strlen(replies[_i].octets);
  struct smtp_reply got = {0};
  const char *words = NULL;
  enum smtp_reply_status status = SMTP_REPLY_MORE;
  while (status == SMTP_REPLY_MORE && length > 0) {
    gsize one = 1;
    status = smtp_reply_read(&reader, &octets, &one, &got, &words);
    length--;
  }
  ck_assert_int_eq(status, replies[_i].status);
  if (status == SMTP_REPLY_WHOLE) {
    ck_assert_uint_eq(got.code, replies[_i].code);
    ck_assert_str_eq(got.enhanced, replies[_i].enhanced);
    ck_assert_str_eq(got.text, replies[_i].text);
  } else if (status == SMTP_REPLY_BAD)
    ck_assert_ptr_nonnull(words);
  g_free(got.text);
  smtp_reply_reader_clear(&reader);
}
END_TEST

/* --- against our own server ----------------------------------------------------------------------------- */

struct both {
  struct smtp_client *client;
  struct smtp_server *server;
  const struct smtp_envelope *envelope;
  GBytes *text;
  gsize given, piece, cut; /* cut: octets of each transfer handed over at once */
  GString *to_client, *to_server, *received, *outcomes;
  guint ended, aborted, ready, stop_after;
  bool client_closed, server_closed, sent_utf8;
};

static void serve(struct both *b, const struct smtp_server_event *event)
{
  const struct smtp_envelope *envelope = smtp_server_envelope(b->server);
  const struct smtp_recipient *newest =
      envelope->recipients->len > 0 ? envelope->recipients->pdata[envelope->recipients->len - 1] : NULL;
  switch (event->type) {
  case SMTP_SERVER_SEND:
    g_string_append_len(b->to_client, g_bytes_get_data(event->data, NULL),
                        (gssize)g_bytes_get_size(event->data));
    break;
  case SMTP_SERVER_CLOSE:
    b->server_closed = true;
    break;
  case SMTP_SERVER_RCPT:
    if (g_str_has_prefix(newest->address, "no"))
      smtp_server_reply(b->server, 550, "5.1.1", "nobody");
    else if (g_str_has_prefix(newest->address, "later"))
      smtp_server_reply(b->server, 450, "4.2.1", "mailbox busy");
    else
      smtp_server_reply(b->server, 250, "2.1.5", "ok");
    break;
  case SMTP_SERVER_MAIL:
    b->sent_utf8 = event->envelope->smtputf8;
    smtp_server_reply(b->server, 250, "2.1.0", "ok");
    break;
  case SMTP_SERVER_DATA_BEGIN:
    g_string_truncate(b->received, 0);
    smtp_server_reply(b->server, 354, NULL, "");
    break;
  case SMTP_SERVER_DATA:
    g_string_append_len(b->received, g_bytes_get_data(event->data, NULL),
                        (gssize)g_bytes_get_size(event->data));
    break;
  case SMTP_SERVER_DATA_END:
    b->ended++;
    smtp_server_reply(b->server, 250, "2.6.0", "queued");
    break;
  case SMTP_SERVER_DATA_ABORT:
    b->aborted++;
    break;
  default:
    break;
  }
}

static void ask(struct both *b, const struct smtp_client_event *event)
{
  switch (event->type) {
  case SMTP_CLIENT_SEND:
    g_string_append_len(b->to_server, g_bytes_get_data(event->data, NULL),
                        (gssize)g_bytes_get_size(event->data));
    break;
  case SMTP_CLIENT_CLOSE:
    b->client_closed = true;
    break;
  case SMTP_CLIENT_READY:
    b->given = 0;
    if (b->ready++ < 2)
      smtp_client_message(b->client, b->envelope, g_bytes_get_size(b->text), true);
    else
      smtp_client_quit(b->client);
    break;
  case SMTP_CLIENT_WANT_DATA: {
    gsize size = MIN(MIN(event->want, b->piece), g_bytes_get_size(b->text) - b->given);
    g_autoptr(GBytes) piece = g_bytes_new_from_bytes(b->text, b->given, size);
    b->given += size;
    if (size == 0)
      smtp_client_data_end(b->client);
    else
      smtp_client_data(b->client, piece);
    break;
  }
  case SMTP_CLIENT_RECIPIENT:
    g_string_append_printf(b->outcomes, "%u=%u %s;", event->index, event->code, event->enhanced);
    break;
  case SMTP_CLIENT_FAILED:
    g_string_append(b->outcomes, "failed;");
    break;
  default:
    break;
  }
}

static bool turn(struct both *b)
{
  struct smtp_server_event server_event;
  struct smtp_client_event client_event;
  while (smtp_server_next(b->server, &server_event)) {
    serve(b, &server_event);
    smtp_server_event_clear(&server_event);
  }
  while (smtp_client_next(b->client, &client_event)) {
    ask(b, &client_event);
    smtp_client_event_clear(&client_event);
  }
  bool moved = b->to_client->len > 0 || b->to_server->len > 0;
  gsize there = MIN(b->to_client->len, b->cut), here = MIN(b->to_server->len, b->cut);
  smtp_client_input(b->client, (const guint8 *)b->to_client->str, there);
  g_string_erase(b->to_client, 0, (gssize)there);
  smtp_server_input(b->server, (const guint8 *)b->to_server->str, here);
  g_string_erase(b->to_server, 0, (gssize)here);
  return moved;
}

static struct both *both_new(const char *recipients, const char *text, gsize piece, gsize cut)
{
  struct both *b = g_new0(struct both, 1);
  static const struct smtp_server_options options = {.hostname = (char *)"mx.example"};
  b->client = smtp_client_new(&standard);
  b->server = smtp_server_new(&options, "192.0.2.1", false);
  smtp_server_start(b->server, false);
  b->envelope = envelope_for(recipients);
  b->text = g_bytes_new(text, strlen(text));
  b->piece = piece;
  b->cut = cut;
  b->to_client = g_string_new(NULL);
  b->to_server = g_string_new(NULL);
  b->received = g_string_new(NULL);
  b->outcomes = g_string_new(NULL);
  return b;
}

static void both_free(struct both *b)
{
  smtp_client_free(b->client);
  smtp_server_free(b->server);
  smtp_envelope_free((struct smtp_envelope *)b->envelope);
  g_bytes_unref(b->text);
  g_string_free(b->to_client, TRUE);
  g_string_free(b->to_server, TRUE);
  g_string_free(b->received, TRUE);
  g_string_free(b->outcomes, TRUE);
  g_free(b);
}

static const char *const texts[] = {"", "a\r\n", ".\r\n..\r\n.a\r\n\r\n.\r\n",
                                    "Subject: \xc3\xb6\r\n\r\nno last line end"};

START_TEST(client_and_server)
{
  static const gsize sizes[] = {1, 2, 3, 7, 100, 65536};
  for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++)
    for (gsize k = 0; k < G_N_ELEMENTS(sizes); k++) {
      struct both *b = both_new("x@y,no@y,z\xc3\xb6@y,later@y", texts[_i], sizes[i], sizes[k]);
      while (turn(b))
        ;
      ck_assert_str_eq(b->outcomes->str, "1=550 5.1.1;3=450 4.2.1;0=250 2.6.0;2=250 2.6.0;"
                                         "1=550 5.1.1;3=450 4.2.1;0=250 2.6.0;2=250 2.6.0;");
      ck_assert_uint_eq(b->ended, 2);
      ck_assert_uint_eq(b->aborted, 0);
      ck_assert_str_eq(b->received->str, texts[_i]);
      ck_assert(b->sent_utf8 && b->client_closed && b->server_closed);
      both_free(b);
    }
}
END_TEST

/* The connection goes after every turn: what the server has taken is known to the client as taken, or as
 * unknown. */
START_TEST(client_and_server_lose_each_other)
{
  bool unknown = false;
  for (guint turns = 0; turns < 300; turns++) {
    struct both *b = both_new("x@y,no@y", texts[2], 5, 7);
    b->ready = 1; /* one message */
    bool moved = true;
    for (guint i = 0; i < turns && moved; i++)
      moved = turn(b);
    smtp_client_lost(b->client, "lost");
    smtp_server_lost(b->server);
    b->cut = 0;
    turn(b);
    bool taken = strstr(b->outcomes->str, "0=250") != NULL,
         open = strstr(b->outcomes->str, "0=0 4.4.2") != NULL;
    ck_assert(b->ended == 0 || taken || open);
    ck_assert(!taken || b->ended == 1);
    unknown = unknown || open;
    both_free(b);
  }
  ck_assert(unknown);
}
END_TEST

int main(void)
{
  Suite *suite = suite_create("smtp client");
  TCase *all = tcase_create("all");
  tcase_set_timeout(all, 60);
  tcase_add_loop_test(all, dialogues, 0, G_N_ELEMENTS(rows));
  tcase_add_loop_test(all, lost_after_each_reply, 0, G_N_ELEMENTS(rows));
  tcase_add_test(all, envelope_parameters);
  tcase_add_test(all, values_that_are_too_long_are_left_out);
  tcase_add_loop_test(all, what_the_server_lacks, 0, G_N_ELEMENTS(lacks));
  tcase_add_loop_test(all, dots_are_stuffed_however_the_text_is_cut, 0, G_N_ELEMENTS(stuffing));
  tcase_add_test(all, text_without_dots_is_not_copied);
  tcase_add_test(all, several_messages_and_reset);
  tcase_add_test(all, probe_asks_and_sends_nothing);
  tcase_add_loop_test(all, reply_in_the_middle_of_the_text, 0, 2);
  tcase_add_loop_test(all, tls, 0, G_N_ELEMENTS(tls_rows));
  tcase_add_test(all, injected_after_starttls);
  tcase_add_test(all, timeouts);
  tcase_add_loop_test(all, closed_while_idle, 0, 3);
  tcase_add_loop_test(all, reply, 0, G_N_ELEMENTS(replies));
  tcase_add_loop_test(all, client_and_server, 0, G_N_ELEMENTS(texts));
  tcase_add_test(all, client_and_server_lose_each_other);
  suite_add_tcase(suite, all);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
