/* test_server.c - the server machine in dialogues: what a client sends, what it is told, what the relay is
 * asked.
 *
 * Each dialogue of the tables runs whole, cut in two at every octet, octet by octet, and with answers that
 * come late; what the client and the relay see must always be the same. Then the connection is lost after
 * every octet. The relay of these tests decides by the local part: see answer(). */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "smtp/server.h"

/* --- a relay -------------------------------------------------------------------------------------------- */

struct relay {
  struct smtp_server *server;
  bool late; /* answers only when nothing else is to be done */
  enum smtp_server_event_type open;
  char *argument;
  GString *wire;   /* all that was sent to the client */
  GString *events; /* "mail:a@b;rcpt:c@d;begin;data:...;end;" */
  bool data_last;  /* the last event was data: one stretch is one event here */
  guint begun, ended, aborted;
  bool closed;
};

static bool starts(const char *address, const char *word)
{
  return address != NULL && g_str_has_prefix(address, word);
}

static void answer(struct relay *relay, enum smtp_server_event_type type)
{
  const struct smtp_envelope *envelope = smtp_server_envelope(relay->server);
  guint count = envelope->recipients->len;
  const struct smtp_recipient *newest = count > 0 ? envelope->recipients->pdata[count - 1] : NULL;
  switch (type) {
  case SMTP_SERVER_MAIL:
    if (starts(envelope->sender, "bad"))
      smtp_server_reply(relay->server, 550, "5.7.1", "not from you");
    else
      smtp_server_reply(relay->server, 250, "2.1.0", "ok");
    break;
  case SMTP_SERVER_RCPT:
    if (starts(newest->address, "no"))
      smtp_server_reply(relay->server, 550, "5.1.1", "nobody of that name");
    else if (starts(newest->address, "later"))
      smtp_server_reply(relay->server, 451, "4.3.0", "not now");
    else if (starts(newest->address, "end"))
      smtp_server_reply(relay->server, 421, "4.3.2", "no more");
    else
      smtp_server_reply(relay->server, 250, "2.1.5", "ok");
    break;
  case SMTP_SERVER_DATA_BEGIN:
    if (starts(envelope->sender, "full"))
      smtp_server_reply(relay->server, 452, "4.3.1", "disk full");
    else {
      relay->begun++;
      smtp_server_reply(relay->server, 354, NULL, "go on");
    }
    break;
  case SMTP_SERVER_DATA_END:
    if (starts(envelope->sender, "lose"))
      smtp_server_reply(relay->server, 451, "4.3.0", "not stored");
    else
      smtp_server_reply(relay->server, 250, "2.0.0", "stored");
    break;
  case SMTP_SERVER_VRFY:
    smtp_server_reply(relay->server, 252, "2.0.0", relay->argument);
    break;
  default:
    smtp_server_tls_done(relay->server, "client.example");
  }
}

static void note_mail(struct relay *relay, const struct smtp_envelope *envelope)
{
  g_string_append_printf(relay->events, "mail:%s", envelope->sender);
  if (envelope->size > 0)
    g_string_append_printf(relay->events, ",size=%" G_GUINT64_FORMAT, envelope->size);
  if (envelope->body_8bit)
    g_string_append(relay->events, ",8bit");
  if (envelope->smtputf8)
    g_string_append(relay->events, ",utf8");
  if (envelope->ret != SMTP_RET_DEFAULT)
    g_string_append(relay->events, envelope->ret == SMTP_RET_FULL ? ",full" : ",hdrs");
  if (envelope->envid != NULL)
    g_string_append_printf(relay->events, ",envid=%s", envelope->envid);
  g_string_append_c(relay->events, ';');
}

static void note_rcpt(struct relay *relay, const struct smtp_envelope *envelope)
{
  const struct smtp_recipient *newest = envelope->recipients->pdata[envelope->recipients->len - 1];
  g_string_append_printf(relay->events, "rcpt:%s", newest->address);
  if (newest->notify != 0)
    g_string_append_printf(relay->events, ",notify=%u", newest->notify);
  if (newest->orcpt != NULL)
    g_string_append_printf(relay->events, ",orcpt=%s", newest->orcpt);
  g_string_append_c(relay->events, ';');
}

static void note_data(struct relay *relay, GBytes *data)
{
  gsize size;
  const char *octets = g_bytes_get_data(data, &size);
  ck_assert(size > 0);
  if (relay->data_last)
    g_string_truncate(relay->events, relay->events->len - 1);
  else
    g_string_append(relay->events, "data:");
  g_string_append_len(relay->events, octets, (gssize)size);
  g_string_append_c(relay->events, ';');
}

static void note(struct relay *relay, const struct smtp_server_event *event)
{
  switch (event->type) {
  case SMTP_SERVER_SEND:
    g_string_append_len(relay->wire, g_bytes_get_data(event->data, NULL),
                        (gssize)g_bytes_get_size(event->data));
    return;
  case SMTP_SERVER_TIMER:
    return;
  case SMTP_SERVER_CLOSE:
    relay->closed = true;
    g_string_append(relay->events, "close;");
    break;
  case SMTP_SERVER_START_TLS:
    g_string_append(relay->events, "tls;");
    break;
  case SMTP_SERVER_MAIL:
    note_mail(relay, event->envelope);
    break;
  case SMTP_SERVER_RCPT:
    note_rcpt(relay, event->envelope);
    break;
  case SMTP_SERVER_VRFY:
    g_string_append_printf(relay->events, "vrfy:%s;", event->argument);
    break;
  case SMTP_SERVER_DATA_BEGIN:
    g_string_append(relay->events, "begin;");
    break;
  case SMTP_SERVER_DATA:
    note_data(relay, event->data);
    break;
  case SMTP_SERVER_DATA_END:
    relay->ended++;
    g_string_append(relay->events, "end;");
    break;
  case SMTP_SERVER_DATA_ABORT:
    relay->aborted++;
    g_string_append(relay->events, "abort;");
    break;
  }
  relay->data_last = event->type == SMTP_SERVER_DATA;
}

static bool is_question(enum smtp_server_event_type type)
{
  return type == SMTP_SERVER_MAIL || type == SMTP_SERVER_RCPT || type == SMTP_SERVER_VRFY ||
         type == SMTP_SERVER_DATA_BEGIN || type == SMTP_SERVER_DATA_END || type == SMTP_SERVER_START_TLS;
}

/* Takes all events; answers at once, or (late) only when `answers` says so. */
static void pump(struct relay *relay, bool answers)
{
  struct smtp_server_event event;
  for (;;) {
    while (smtp_server_next(relay->server, &event)) {
      ck_assert_msg(!relay->closed, "an event after close");
      note(relay, &event);
      if (is_question(event.type)) {
        ck_assert_int_eq(relay->open, SMTP_SERVER_SEND);
        ck_assert(smtp_server_waiting(relay->server) == (event.type != SMTP_SERVER_START_TLS));
        g_free(relay->argument);
        relay->argument = g_strdup(event.argument);
        if (relay->late)
          relay->open = event.type;
        else
          answer(relay, event.type);
      }
      smtp_server_event_clear(&event);
    }
    if (relay->open == SMTP_SERVER_SEND || !answers)
      return;
    enum smtp_server_event_type open = relay->open;
    relay->open = SMTP_SERVER_SEND;
    answer(relay, open);
  }
}

static const struct smtp_server_options standard = {.hostname = (char *)"gw.example",
                                                    .size_max = 1000,
                                                    .text_line_max = 200,
                                                    .recipients_max = 3,
                                                    .starttls = true};

static struct relay *relay_new(const struct smtp_server_options *options, bool late)
{
  struct relay *relay = g_new0(struct relay, 1);
  relay->late = late;
  relay->wire = g_string_new(NULL);
  relay->events = g_string_new(NULL);
  relay->server = smtp_server_new(options != NULL ? options : &standard, "192.0.2.7", false);
  smtp_server_start(relay->server, false);
  pump(relay, true);
  return relay;
}

static void relay_free(struct relay *relay)
{
  smtp_server_free(relay->server);
  g_string_free(relay->wire, TRUE);
  g_string_free(relay->events, TRUE);
  g_free(relay->argument);
  g_free(relay);
}

/* The replies in short: code and enhanced code of each, separated by '|'. */
static char *replies(const struct relay *relay)
{
  GString *out = g_string_new(NULL);
  g_auto(GStrv) lines = g_strsplit(relay->wire->str, "\r\n", -1);
  for (gsize i = 0; lines[i] != NULL && *lines[i] != '\0'; i++) {
    ck_assert_uint_le(strlen(lines[i]), 510);
    if (lines[i][3] == '-')
      continue;
    g_auto(GStrv) words = g_strsplit(lines[i], " ", 3);
    g_string_append_printf(out, "%s%s", out->len > 0 ? "|" : "", words[0]);
    if (words[1] != NULL && g_ascii_isdigit(words[1][0]) && words[1][1] == '.') {
      ck_assert_int_eq(words[1][0], words[0][0]);
      g_string_append_printf(out, " %s", words[1]);
    }
  }
  return g_string_free(out, FALSE);
}

static void input(struct relay *relay, const char *octets, gsize length)
{
  /* a copy of its own, so that the sanitizer sees every read beyond */
  g_autofree guint8 *copy = g_memdup2(octets, length);
  smtp_server_input(relay->server, copy, length);
}

/* --- dialogues ------------------------------------------------------------------------------------------ */

struct dialogue {
  const char *name, *input;
  gsize length;
  const char *replies, *events;
};
#define IN(text) text, sizeof(text) - 1
#define EHLO "EHLO c.example\r\n"
#define MAIL "MAIL FROM:<a@b.example>\r\n"
#define RCPT "RCPT TO:<c@d.example>\r\n"

static const struct dialogue session[] = {
    {"nothing", IN(""), "220", ""},
    {"EHLO and QUIT", IN(EHLO "QUIT\r\n"), "220|250|221 2.0.0", "close;"},
    {"HELO", IN("HELO c\r\nQUIT\r\n"), "220|250|221 2.0.0", "close;"},
    {"lower case", IN("ehlo c\r\nmail from:<a@b>\r\nrcpt to:<c@d>\r\n"), "220|250|250 2.1.0|250 2.1.5",
     "mail:a@b;rcpt:c@d;"},
    {"EHLO without a name", IN("EHLO\r\n"), "220|501 5.5.4", ""},
    {"EHLO with a blank only", IN("EHLO \r\n"), "220|501 5.5.4", ""},
    {"EHLO with two names", IN("EHLO a b\r\n"), "220|501 5.5.4", ""},
    {"EHLO address literal", IN("EHLO [IPv6:2001:db8::1]\r\n"), "220|250", ""},
    {"EHLO with markup", IN("EHLO <script>\r\n"), "220|501 5.5.4", ""},
    {"trailing blanks", IN("EHLO c  \r\nNOOP \r\n"), "220|250|250 2.0.0", ""},
    {"MAIL first", IN(MAIL), "220|503 5.5.1", ""},
    {"RCPT first", IN(EHLO RCPT), "220|250|503 5.5.1", ""},
    {"DATA first", IN(EHLO "DATA\r\n"), "220|250|503 5.5.1", ""},
    {"DATA without RCPT", IN(EHLO MAIL "DATA\r\n"), "220|250|250 2.1.0|503 5.5.1", "mail:a@b.example;"},
    {"two MAIL", IN(EHLO MAIL MAIL), "220|250|250 2.1.0|503 5.5.1", "mail:a@b.example;"},
    {"RSET between", IN(EHLO MAIL "RSET\r\n" MAIL), "220|250|250 2.1.0|250 2.0.0|250 2.1.0",
     "mail:a@b.example;mail:a@b.example;"},
    {"RSET before EHLO changes nothing", IN("RSET\r\n" MAIL), "220|250 2.0.0|503 5.5.1", ""},
    {"EHLO again forgets", IN(EHLO MAIL EHLO RCPT), "220|250|250 2.1.0|250|503 5.5.1", "mail:a@b.example;"},
    {"QUIT is the end", IN("QUIT\r\n" EHLO), "220|221 2.0.0", "close;"},
    {"NOOP with words", IN("NOOP what ever\r\n"), "220|250 2.0.0", ""},
    {"RSET with words", IN("RSET now\r\n"), "220|501 5.5.4", ""},
    {"DATA with words", IN(EHLO MAIL RCPT "DATA now\r\n"), "220|250|250 2.1.0|250 2.1.5|501 5.5.4",
     "mail:a@b.example;rcpt:c@d.example;"},
    {"HELP, EXPN", IN("HELP\r\nEXPN list\r\n"), "220|502 5.5.1|502 5.5.1", ""},
    {"unknown", IN("TURN\r\nAUTH PLAIN x\r\n"), "220|500 5.5.1|500 5.5.1", ""},
    {"an empty line", IN("\r\n"), "220|500 5.5.1", ""},
    {"VRFY", IN("VRFY someone@d.example\r\n"), "220|252 2.0.0", "vrfy:someone@d.example;"},
    {"VRFY of nothing", IN("VRFY\r\n"), "220|501 5.5.4", ""},
    {"VRFY in UTF-8", IN("VRFY j\xc3\xb6rg\r\nVRFY j\xc3\xb6rg SMTPUTF8\r\n"), "220|553 5.6.7|252 2.0.0",
     "vrfy:j\xc3\xb6rg;"},
    {"a stray BDAT is swallowed", IN("BDAT 6\r\nQUIT\r\nNOOP\r\n"), "220|503 5.5.1|250 2.0.0", ""},
    {"BDAT of no size", IN(EHLO "BDAT\r\nQUIT\r\n"), "220|250|501 5.5.4", "close;"},
    {"BDAT of a wrong size", IN(EHLO "BDAT 0x10\r\nQUIT\r\n"), "220|250|501 5.5.4", "close;"},
    {"BDAT of a huge size", IN(EHLO "BDAT 99999999999999999999\r\nQUIT\r\n"), "220|250|501 5.5.4", "close;"},
    {"the relay ends the session", IN(EHLO MAIL "RCPT TO:<end@d>\r\nNOOP\r\n"), "220|250|250 2.1.0|421 4.3.2",
     "mail:a@b.example;rcpt:end@d;close;"},
};

static const struct dialogue envelopes[] = {
    {"null sender", IN(EHLO "MAIL FROM:<>\r\n" RCPT), "220|250|250 2.1.0|250 2.1.5",
     "mail:;rcpt:c@d.example;"},
    {"blank after the colon", IN(EHLO "MAIL FROM: <a@b>\r\n"), "220|250|250 2.1.0", "mail:a@b;"},
    {"no brackets", IN(EHLO "MAIL FROM:a@b\r\n"), "220|250|501 5.1.7", ""},
    {"no FROM", IN(EHLO "MAIL <a@b>\r\n"), "220|250|501 5.5.4", ""},
    {"no closing bracket", IN(EHLO "MAIL FROM:<a@b\r\n"), "220|250|501 5.1.7", ""},
    {"no domain", IN(EHLO "MAIL FROM:<a>\r\n"), "220|250|501 5.1.7", ""},
    {"sender postmaster without a domain", IN(EHLO "MAIL FROM:<postmaster>\r\n"), "220|250|501 5.1.7", ""},
    {"text after the path", IN(EHLO "MAIL FROM:<a@b>SIZE=1\r\n"), "220|250|501 5.5.4", ""},
    {"recipient postmaster", IN(EHLO MAIL "RCPT TO:<PostMaster>\r\n"), "220|250|250 2.1.0|250 2.1.5",
     "mail:a@b.example;rcpt:postmaster;"},
    {"no recipient address", IN(EHLO MAIL "RCPT TO:<>\r\n"), "220|250|250 2.1.0|501 5.1.3",
     "mail:a@b.example;"},
    {"source route", IN(EHLO MAIL "RCPT TO:<@x.example,@y:c@d>\r\n"), "220|250|250 2.1.0|250 2.1.5",
     "mail:a@b.example;rcpt:c@d;"},
    {"quoted local part", IN(EHLO MAIL "RCPT TO:<\"c\"@d>\r\nRCPT TO:<\"a \\b>@\\\"\"@d>\r\n"),
     "220|250|250 2.1.0|250 2.1.5|250 2.1.5", "mail:a@b.example;rcpt:c@d;rcpt:\"a b>@\\\"\"@d;"},
    {"X.400 address", IN(EHLO MAIL "RCPT TO:</G=Jo/S=Doe/O=org/C=GB/@gw>\r\n"), "220|250|250 2.1.0|250 2.1.5",
     "mail:a@b.example;rcpt:/G=Jo/S=Doe/O=org/C=GB/@gw;"},
    {"all of MAIL", IN(EHLO "MAIL FROM:<a@b> SIZE=900 BODY=8BITMIME RET=HDRS ENVID=QQ+2B3 SMTPUTF8\r\n"),
     "220|250|250 2.1.0", "mail:a@b,size=900,8bit,utf8,hdrs,envid=QQ+3;"},
    {"all of RCPT", IN(EHLO MAIL "RCPT TO:<c@d> NOTIFY=success,FAILURE,DELAY ORCPT=rfc822;x+2By@z\r\n"),
     "220|250|250 2.1.0|250 2.1.5", "mail:a@b.example;rcpt:c@d,notify=14,orcpt=rfc822;x+y@z;"},
    {"NOTIFY=NEVER", IN(EHLO MAIL "RCPT TO:<c@d> NOTIFY=NEVER\r\n"), "220|250|250 2.1.0|250 2.1.5",
     "mail:a@b.example;rcpt:c@d,notify=1;"},
    {"NOTIFY=NEVER with another", IN(EHLO MAIL "RCPT TO:<c@d> NOTIFY=NEVER,DELAY\r\n"),
     "220|250|250 2.1.0|501 5.5.4", "mail:a@b.example;"},
    {"NOTIFY twice the same", IN(EHLO MAIL "RCPT TO:<c@d> NOTIFY=DELAY,DELAY\r\n"),
     "220|250|250 2.1.0|501 5.5.4", "mail:a@b.example;"},
    {"NOTIFY of another word", IN(EHLO MAIL "RCPT TO:<c@d> NOTIFY=ALWAYS\r\n"), "220|250|250 2.1.0|501 5.5.4",
     "mail:a@b.example;"},
    {"ORCPT without a type", IN(EHLO MAIL "RCPT TO:<c@d> ORCPT=x@y\r\n"), "220|250|250 2.1.0|501 5.5.4",
     "mail:a@b.example;"},
    {"ORCPT with a line end inside", IN(EHLO MAIL "RCPT TO:<c@d> ORCPT=rfc822;x+0D+0AX@y\r\n"),
     "220|250|250 2.1.0|501 5.5.4", "mail:a@b.example;"},
    {"ENVID with bad xtext", IN(EHLO "MAIL FROM:<a@b> ENVID=a+2b\r\n"), "220|250|501 5.5.4", ""},
    {"ENVID with a NUL inside", IN(EHLO "MAIL FROM:<a@b> ENVID=a+00b\r\n"), "220|250|501 5.5.4", ""},
    {"SIZE too large", IN(EHLO "MAIL FROM:<a@b> SIZE=1001\r\n"), "220|250|552 5.3.4", ""},
    {"SIZE beyond numbers", IN(EHLO "MAIL FROM:<a@b> SIZE=99999999999999999999\r\n"), "220|250|552 5.3.4",
     ""},
    {"SIZE with too many digits", IN(EHLO "MAIL FROM:<a@b> SIZE=000000000000000000001\r\n"),
     "220|250|501 5.5.4", ""},
    {"SIZE of no number", IN(EHLO "MAIL FROM:<a@b> SIZE=-1\r\n"), "220|250|501 5.5.4", ""},
    {"SIZE without a value", IN(EHLO "MAIL FROM:<a@b> SIZE\r\nMAIL FROM:<a@b> SIZE=\r\n"),
     "220|250|501 5.5.4|501 5.5.4", ""},
    {"BINARYMIME is not offered", IN(EHLO "MAIL FROM:<a@b> BODY=BINARYMIME\r\n"), "220|250|501 5.5.4", ""},
    {"SMTPUTF8 with a value", IN(EHLO "MAIL FROM:<a@b> SMTPUTF8=yes\r\n"), "220|250|501 5.5.4", ""},
    {"a parameter twice", IN(EHLO "MAIL FROM:<a@b> BODY=7BIT BODY=7BIT\r\n"), "220|250|501 5.5.4", ""},
    {"unknown parameters", IN(EHLO "MAIL FROM:<a@b> AUTH=<>\r\n" MAIL "RCPT TO:<c@d> X=1\r\n"),
     "220|250|555 5.5.4|250 2.1.0|555 5.5.4", "mail:a@b.example;"},
    {"parameters after HELO", IN("HELO c\r\nMAIL FROM:<a@b> SIZE=1\r\n"), "220|250|555 5.5.4", ""},
    {"UTF-8 without SMTPUTF8", IN(EHLO "MAIL FROM:<\xc3\xb6@b>\r\n" MAIL "RCPT TO:<c@\xc3\xb6.d>\r\n"),
     "220|250|553 5.6.7|250 2.1.0|553 5.6.7", "mail:a@b.example;"},
    {"UTF-8 with SMTPUTF8",
     IN(EHLO "MAIL FROM:<\xc3\xb6@b> SMTPUTF8\r\nRCPT TO:<c@\xc3\xb6.d> ORCPT=utf-8;\xc3\xa4@d\r\n"),
     "220|250|250 2.1.0|250 2.1.5", "mail:\xc3\xb6@b,utf8;rcpt:c@\xc3\xb6.d,orcpt=utf-8;\xc3\xa4@d;"},
    {"ORCPT of type utf-8 in 7 bits", IN(EHLO MAIL "RCPT TO:<c@d> ORCPT=utf-8;\\x{E4}@d\r\n"),
     "220|250|250 2.1.0|250 2.1.5", "mail:a@b.example;rcpt:c@d,orcpt=utf-8;\xc3\xa4@d;"},
    {"no UTF-8 at all", IN(EHLO "MAIL FROM:<\xff@b> SMTPUTF8\r\n"), "220|250|501 5.1.7", ""},
    {"refused sender", IN(EHLO "MAIL FROM:<bad@b>\r\n" RCPT), "220|250|550 5.7.1|503 5.5.1", "mail:bad@b;"},
    {"too many recipients",
     IN(EHLO MAIL "RCPT TO:<no@d>\r\nRCPT TO:<1@d>\r\nRCPT TO:<2@d>\r\nRCPT TO:<3@d>\r\nRCPT TO:<4@d>\r\n"),
     "220|250|250 2.1.0|550 5.1.1|250 2.1.5|250 2.1.5|250 2.1.5|452 4.5.3",
     "mail:a@b.example;rcpt:no@d;rcpt:1@d;rcpt:2@d;rcpt:3@d;"},
};

#define BEGIN EHLO MAIL RCPT "DATA\r\n"
#define BEGUN "220|250|250 2.1.0|250 2.1.5|354"
#define ASKED "mail:a@b.example;rcpt:c@d.example;begin;"
static const struct dialogue texts[] = {
    {"a message", IN(BEGIN "Subject: x\r\n\r\nhi\r\n.\r\n"), BEGUN "|250 2.0.0",
     ASKED "data:Subject: x\r\n\r\nhi\r\n;end;"},
    {"an empty message", IN(BEGIN ".\r\n"), BEGUN "|250 2.0.0", ASKED "end;"},
    {"dots", IN(BEGIN "..\r\n..a\r\n.b\r\nc.\r\n...\r\n.\r\n"), BEGUN "|250 2.0.0",
     ASKED "data:.\r\n.a\r\nb\r\nc.\r\n..\r\n;end;"},
    {"control characters are text", IN(BEGIN "\x01\t\x7f\xff\r\n.\r\n"), BEGUN "|250 2.0.0",
     ASKED "data:\x01\t\x7f\xff\r\n;end;"},
    {"two messages in one stream", IN(BEGIN "1\r\n.\r\n" MAIL RCPT "DATA\r\n2\r\n.\r\nQUIT\r\n"),
     BEGUN "|250 2.0.0|250 2.1.0|250 2.1.5|354|250 2.0.0|221 2.0.0",
     ASKED "data:1\r\n;end;" ASKED "data:2\r\n;end;close;"},
    {"not stored", IN(EHLO "MAIL FROM:<lose@b>\r\n" RCPT "DATA\r\n1\r\n.\r\n" RCPT),
     "220|250|250 2.1.0|250 2.1.5|354|451 4.3.0|503 5.5.1",
     "mail:lose@b;rcpt:c@d.example;begin;data:1\r\n;end;"},
    {"refused before the text", IN(EHLO "MAIL FROM:<full@b>\r\n" RCPT "DATA\r\nRSET\r\n"),
     "220|250|250 2.1.0|250 2.1.5|452 4.3.1|250 2.0.0", "mail:full@b;rcpt:c@d.example;begin;"},
    {"all recipients refused", IN(EHLO MAIL "RCPT TO:<no@d>\r\nRCPT TO:<later@d>\r\nDATA\r\n"),
     "220|250|250 2.1.0|550 5.1.1|451 4.3.0|554 5.5.1", "mail:a@b.example;rcpt:no@d;rcpt:later@d;"},
    {"some recipients refused", IN(EHLO MAIL "RCPT TO:<no@d>\r\n" RCPT "DATA\r\n1\r\n.\r\n"),
     "220|250|250 2.1.0|550 5.1.1|250 2.1.5|354|250 2.0.0",
     "mail:a@b.example;rcpt:no@d;rcpt:c@d.example;begin;data:1\r\n;end;"},
    {"a line of 200 octets",
     IN(BEGIN "12345678901234567890123456789012345678901234567890"
              "12345678901234567890123456789012345678901234567890"
              "12345678901234567890123456789012345678901234567890"
              "12345678901234567890123456789012345678901234567890\r\n.\r\n"),
     BEGUN "|250 2.0.0",
     ASKED "data:12345678901234567890123456789012345678901234567890"
           "12345678901234567890123456789012345678901234567890"
           "12345678901234567890123456789012345678901234567890"
           "12345678901234567890123456789012345678901234567890\r\n;end;"},
};

/* Chunks. */
static const struct dialogue chunks[] = {
    {"one chunk", IN(EHLO MAIL RCPT "BDAT 4 LAST\r\n1\r\n2NOOP\r\n"),
     "220|250|250 2.1.0|250 2.1.5|250 2.0.0|250 2.0.0", ASKED "data:1\r\n2;end;"},
    {"three chunks", IN(EHLO MAIL RCPT "BDAT 2\r\n1\rBDAT 2\r\n\n2BDAT 0 LAST\r\n"),
     "220|250|250 2.1.0|250 2.1.5|250 2.0.0|250 2.0.0|250 2.0.0", ASKED "data:1\r\n2;end;"},
    {"an empty message", IN(EHLO MAIL RCPT "BDAT 0 LAST\r\nNOOP\r\n"),
     "220|250|250 2.1.0|250 2.1.5|250 2.0.0|250 2.0.0", ASKED "end;"},
    {"dots are text",
     IN(EHLO MAIL RCPT "BDAT 9 LAST\r\n.\r\n..\r\n.\r"
                       "BDAT"),
     "220|250|250 2.1.0|250 2.1.5|554 5.6.0", ASKED "data:.\r\n..\r\n.\r;abort;close;"},
    {"dots stay", IN(EHLO MAIL RCPT "BDAT 10 LAST\r\n.\r\n..\r\n.\r\n"),
     "220|250|250 2.1.0|250 2.1.5|250 2.0.0", ASKED "data:.\r\n..\r\n.\r\n;end;"},
    {"RSET between", IN(EHLO MAIL RCPT "BDAT 1\r\n1RSET\r\n" MAIL),
     "220|250|250 2.1.0|250 2.1.5|250 2.0.0|250 2.0.0|250 2.1.0", ASKED "data:1;abort;mail:a@b.example;"},
    {"EHLO between", IN(EHLO MAIL RCPT "BDAT 1\r\n1" EHLO), "220|250|250 2.1.0|250 2.1.5|250 2.0.0|250",
     ASKED "data:1;abort;"},
    {"QUIT between", IN(EHLO MAIL RCPT "BDAT 1\r\n1QUIT\r\n"),
     "220|250|250 2.1.0|250 2.1.5|250 2.0.0|221 2.0.0", ASKED "data:1;abort;close;"},
    {"NOOP between", IN(EHLO MAIL RCPT "BDAT 1\r\n1NOOP\r\nBDAT 1 LAST\r\n2"),
     "220|250|250 2.1.0|250 2.1.5|250 2.0.0|250 2.0.0|250 2.0.0", ASKED "data:12;end;"},
    {"DATA after BDAT", IN(EHLO MAIL RCPT "BDAT 1\r\n1DATA\r\nBDAT 0 LAST\r\n"),
     "220|250|250 2.1.0|250 2.1.5|250 2.0.0|503 5.5.1|250 2.0.0", ASKED "data:1;end;"},
    {"RCPT after BDAT", IN(EHLO MAIL RCPT "BDAT 1\r\n1" RCPT "BDAT 0 LAST\r\n"),
     "220|250|250 2.1.0|250 2.1.5|250 2.0.0|503 5.5.1|250 2.0.0", ASKED "data:1;end;"},
    {"BDAT after LAST", IN(EHLO MAIL RCPT "BDAT 1 LAST\r\n1BDAT 5\r\nQUIT!NOOP\r\n"),
     "220|250|250 2.1.0|250 2.1.5|250 2.0.0|503 5.5.1|250 2.0.0", ASKED "data:1;end;"},
    {"without a recipient", IN(EHLO MAIL "RCPT TO:<no@d>\r\nBDAT 5\r\nQUIT!BDAT 1 LAST\r\nxRSET\r\n"),
     "220|250|250 2.1.0|550 5.1.1|554 5.5.1|554 5.5.1|250 2.0.0", "mail:a@b.example;rcpt:no@d;"},
    {"refused at its begin", IN(EHLO "MAIL FROM:<full@b>\r\n" RCPT "BDAT 5\r\nQUIT!BDAT 1 LAST\r\nx" MAIL),
     "220|250|250 2.1.0|250 2.1.5|452 4.3.1|503 5.5.1|250 2.1.0",
     "mail:full@b;rcpt:c@d.example;begin;mail:a@b.example;"},
    {"refused, then RSET", IN(EHLO "MAIL FROM:<full@b>\r\n" RCPT "BDAT 5\r\nQUIT!" MAIL "RSET\r\n" MAIL),
     "220|250|250 2.1.0|250 2.1.5|452 4.3.1|503 5.5.1|250 2.0.0|250 2.1.0",
     "mail:full@b;rcpt:c@d.example;begin;mail:a@b.example;"},
    {"not stored", IN(EHLO "MAIL FROM:<lose@b>\r\n" RCPT "BDAT 1 LAST\r\n1" MAIL),
     "220|250|250 2.1.0|250 2.1.5|451 4.3.0|250 2.1.0",
     "mail:lose@b;rcpt:c@d.example;begin;data:1;end;mail:a@b.example;"},
};

/* Attempts to let two hosts see different ends of a message or of a command. */
static const struct dialogue smuggling[] = {
    {"LF.LF", IN(BEGIN "1\n.\nMAIL FROM:<evil@b>\r\n"), BEGUN "|554 5.6.0", ASKED "abort;close;"},
    {"LF.CRLF", IN(BEGIN "1\n.\r\nMAIL FROM:<evil@b>\r\n"), BEGUN "|554 5.6.0", ASKED "abort;close;"},
    {"CRLF.LF", IN(BEGIN "1\r\n.\nMAIL FROM:<evil@b>\r\n"), BEGUN "|554 5.6.0", ASKED "abort;close;"},
    {"CRLF.CR", IN(BEGIN "1\r\n.\rMAIL FROM:<evil@b>\r\n"), BEGUN "|554 5.6.0", ASKED "abort;close;"},
    {"CR.CR", IN(BEGIN "1\r.\rMAIL FROM:<evil@b>\r\n"), BEGUN "|554 5.6.0", ASKED "abort;close;"},
    {"CR.CRLF", IN(BEGIN "1\r.\r\nMAIL FROM:<evil@b>\r\n"), BEGUN "|554 5.6.0", ASKED "abort;close;"},
    {"CRCRLF", IN(BEGIN "1\r\r\n.\r\n"), BEGUN "|554 5.6.0", ASKED "abort;close;"},
    {"CRLF.CRCRLF", IN(BEGIN "1\r\n.\r\r\nNOOP\r\n"), BEGUN "|554 5.6.0", ASKED "abort;close;"},
    {"bare LF in a chunk", IN(EHLO MAIL RCPT "BDAT 3\r\n1\n2NOOP\r\n"),
     "220|250|250 2.1.0|250 2.1.5|554 5.6.0", ASKED "abort;close;"},
    {"bare CR over a chunk's border", IN(EHLO MAIL RCPT "BDAT 2\r\n1\rBDAT 1\r\n2NOOP\r\n"),
     "220|250|250 2.1.0|250 2.1.5|250 2.0.0|554 5.6.0", ASKED "abort;close;"},
    {"bare LF in a command", IN("EHLO c\nNOOP\r\n"), "220|500 5.5.2|250 2.0.0", ""},
    {"bare CR in a command", IN("EHLO c\rNOOP\r\n"), "220|500 5.5.2", ""},
    {"NUL in a command", IN("EHLO c\0x\r\nNOOP\0\r\n"), "220|500 5.5.2|500 5.5.2", ""},
    {"tab and escape in a command", IN("EHLO\tc\r\nEHLO c\x1b[1m\r\n"), "220|500 5.5.2|500 5.5.2", ""},
    {"8-bit octets in commands", IN("EHLO \xc3\xb6\r\nNOOP \xff\r\n\xd0\xd0\xd0\xd0\r\n"),
     "220|500 5.5.2|500 5.5.2|500 5.5.1", ""},
};

/* Oversized: the text is swallowed to its end, so how much of it was handed on before is not compared. */
#define TEXT100                                                                                              \
  "1234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567\r\n."
static const struct dialogue limits[] = {
    {"a message of 1000 octets",
     IN(EHLO MAIL RCPT
        "BDAT 1000\r\n" TEXT100 TEXT100 TEXT100 TEXT100 TEXT100 TEXT100 TEXT100 TEXT100 TEXT100 TEXT100
        "BDAT 0 LAST\r\n"),
     "220|250|250 2.1.0|250 2.1.5|250 2.0.0|250 2.0.0", NULL},
    {"a message of 1001 octets",
     IN(EHLO MAIL RCPT
        "BDAT 1000\r\n" TEXT100 TEXT100 TEXT100 TEXT100 TEXT100 TEXT100 TEXT100 TEXT100 TEXT100 TEXT100
        "BDAT 1\r\nxBDAT 1 LAST\r\nyNOOP\r\n"),
     "220|250|250 2.1.0|250 2.1.5|250 2.0.0|552 5.3.4|503 5.5.1|250 2.0.0", NULL},
    {"too large by DATA",
     IN(BEGIN TEXT100 TEXT100 TEXT100 TEXT100 TEXT100 TEXT100 TEXT100 TEXT100 TEXT100 TEXT100 TEXT100
        "x\r\n.\r\nNOOP\r\n"),
     BEGUN "|552 5.3.4|250 2.0.0", NULL},
    {"a line of 201 octets",
     IN(BEGIN "12345678901234567890123456789012345678901234567890"
              "12345678901234567890123456789012345678901234567890"
              "12345678901234567890123456789012345678901234567890"
              "123456789012345678901234567890123456789012345678901\r\n.\r\nNOOP\r\n"),
     BEGUN "|554 5.6.0|250 2.0.0", NULL},
    {"too large and a bare LF",
     IN(BEGIN TEXT100 TEXT100 TEXT100 TEXT100 TEXT100 TEXT100 TEXT100 TEXT100 TEXT100 TEXT100 TEXT100
        "\n.\r\n"),
     BEGUN "|554 5.6.0", NULL},
};

static char *without_data(const char *events)
{
  g_autoptr(GRegex) regex = g_regex_new("data:[^;]*;", G_REGEX_RAW, 0, NULL);
  return g_regex_replace_literal(regex, events, -1, 0, "", 0, NULL);
}

static void check_result(const struct dialogue *d, const struct relay *relay, const char *how, gsize at)
{
  g_autofree char *got = replies(relay);
  ck_assert_msg(strcmp(got, d->replies) == 0, "%s, %s %zu: replies\n %s\nexpected\n %s", d->name, how, at,
                got, d->replies);
  if (d->events == NULL)
    return;
  /* Of a message that is given up, what was handed on before depends on how the octets came. */
  bool aborted = relay->aborted > 0;
  g_autofree char *events = aborted ? without_data(relay->events->str) : g_strdup(relay->events->str);
  g_autofree char *expected = aborted ? without_data(d->events) : g_strdup(d->events);
  ck_assert_msg(strcmp(events, expected) == 0, "%s, %s %zu: events\n %s\nexpected\n %s", d->name, how, at,
                events, expected);
}

/* The long ones are cut at every seventh octet. */
static gsize stride(const struct dialogue *d)
{
  return d->length < 500 ? 1 : 7;
}

static void run_cut(const struct dialogue *d, bool late)
{
  for (gsize cut = 0; cut <= d->length; cut += stride(d)) {
    struct relay *relay = relay_new(NULL, late);
    input(relay, d->input, cut);
    pump(relay, true);
    input(relay, d->input + cut, d->length - cut);
    pump(relay, true);
    check_result(d, relay, late ? "late, cut at" : "cut at", cut);
    relay_free(relay);
  }
}

static void run_octets(const struct dialogue *d, bool late)
{
  struct relay *relay = relay_new(NULL, late);
  for (gsize i = 0; i < d->length; i++) {
    input(relay, d->input + i, 1);
    pump(relay, i % 7 == 0); /* late answers: with up to six more octets held */
  }
  pump(relay, true);
  check_result(d, relay, late ? "late, octet by octet" : "octet by octet", d->length);
  relay_free(relay);
}

/* The connection goes after every octet: an accepted message either ends or is aborted, and nothing is sent
 * after. */
static void run_lost(const struct dialogue *d, bool late)
{
  for (gsize cut = 0; cut <= d->length; cut += stride(d)) {
    struct relay *relay = relay_new(NULL, late);
    input(relay, d->input, cut);
    pump(relay, !late);
    gsize sent = relay->wire->len;
    bool closed = relay->closed;
    smtp_server_lost(relay->server);
    pump(relay, true);
    ck_assert_uint_eq(relay->wire->len, sent);
    ck_assert(closed || !relay->closed);
    ck_assert_msg(relay->begun == relay->ended + relay->aborted,
                  "%s, lost after %zu: %u begun, %u ended, %u aborted", d->name, cut, relay->begun,
                  relay->ended, relay->aborted);
    relay_free(relay);
  }
}

static void run(const struct dialogue *d)
{
  for (int late = 0; late < 2; late++) {
    run_cut(d, late);
    run_octets(d, late);
    run_lost(d, late);
  }
}

START_TEST(dialogue_session)
{
  run(&session[_i]);
}
END_TEST

START_TEST(dialogue_envelope)
{
  run(&envelopes[_i]);
}
END_TEST

START_TEST(dialogue_text)
{
  run(&texts[_i]);
}
END_TEST

START_TEST(dialogue_chunks)
{
  run(&chunks[_i]);
}
END_TEST

START_TEST(dialogue_smuggling)
{
  run(&smuggling[_i]);
}
END_TEST

START_TEST(dialogue_limits)
{
  run(&limits[_i]);
}
END_TEST

/* --- what tables do not say ----------------------------------------------------------------------------- */

static void say(struct relay *relay, const char *text)
{
  input(relay, text, strlen(text));
  pump(relay, true);
}

static void expect(struct relay *relay, const char *expected)
{
  g_autofree char *got = replies(relay);
  ck_assert_str_eq(got, expected);
  g_string_truncate(relay->wire, 0);
}

START_TEST(greeting_and_extensions)
{
  struct relay *relay = relay_new(NULL, false);
  ck_assert_str_eq(relay->wire->str, "220 gw.example ESMTP gw400\r\n");
  g_string_truncate(relay->wire, 0);
  say(relay, EHLO);
  ck_assert_str_eq(relay->wire->str, "250-gw.example greets you\r\n250-PIPELINING\r\n250-SIZE 1000\r\n"
                                     "250-8BITMIME\r\n250-CHUNKING\r\n250-ENHANCEDSTATUSCODES\r\n250-DSN\r\n"
                                     "250-SMTPUTF8\r\n250-VRFY\r\n250 STARTTLS\r\n");
  relay_free(relay);
}
END_TEST

START_TEST(busy)
{
  g_autoptr(smtp_server_t) server = smtp_server_new(&standard, "192.0.2.7", false);
  struct relay relay = {.server = server, .wire = g_string_new(NULL), .events = g_string_new(NULL)};
  smtp_server_start(server, true);
  say(&relay, EHLO);
  expect(&relay, "421 4.3.2");
  ck_assert_str_eq(relay.events->str, "close;");
  g_string_free(relay.wire, TRUE);
  g_string_free(relay.events, TRUE);
}
END_TEST

START_TEST(pipelined_group_is_one_write)
{
  struct relay *relay = relay_new(NULL, false);
  const char group[] = EHLO MAIL RCPT RCPT "DATA\r\n";
  input(relay, group, strlen(group));
  struct smtp_server_event event;
  guint sends = 0;
  while (smtp_server_next(relay->server, &event)) {
    sends += event.type == SMTP_SERVER_SEND;
    if (is_question(event.type))
      answer(relay, event.type);
    smtp_server_event_clear(&event);
  }
  ck_assert_uint_eq(sends, 1);
  relay_free(relay);
}
END_TEST

START_TEST(refused_recipients_leave_the_envelope)
{
  struct relay *relay = relay_new(NULL, false);
  say(relay, EHLO MAIL "RCPT TO:<no@d>\r\nRCPT TO:<1@d>\r\nRCPT TO:<later@d>\r\nRCPT TO:<2@d> NOTIFY=x\r\n");
  const struct smtp_envelope *envelope = smtp_server_envelope(relay->server);
  ck_assert_uint_eq(envelope->recipients->len, 1);
  ck_assert_str_eq(((struct smtp_recipient *)envelope->recipients->pdata[0])->address, "1@d");
  ck_assert_str_eq(envelope->helo, "c.example");
  ck_assert_str_eq(envelope->client_address, "192.0.2.7");
  ck_assert(envelope->esmtp && !envelope->tls && envelope->tls_name == NULL);
  relay_free(relay);
}
END_TEST

/* proves: RFC 3207 4.2 */
START_TEST(starttls_forgets_and_reads_nothing_sent_before)
{
  struct relay *relay = relay_new(NULL, _i != 0);
  say(relay, EHLO MAIL);
  g_string_truncate(relay->wire, 0);
  say(relay, "STARTTLS\r\nEHLO evil\r\nMAIL FROM:<evil@b>\r\n");
  expect(relay, "220 2.0.0");
  say(relay, MAIL);
  expect(relay, "503 5.5.1"); /* neither the EHLO before nor the injected one counts */
  say(relay, EHLO);
  ck_assert_ptr_null(strstr(relay->wire->str, "STARTTLS"));
  g_string_truncate(relay->wire, 0);
  say(relay, "STARTTLS\r\n");
  expect(relay, "503 5.5.1");
  say(relay, MAIL);
  expect(relay, "250 2.1.0");
  ck_assert_str_eq(smtp_server_envelope(relay->server)->tls_name, "client.example");
  ck_assert(smtp_server_envelope(relay->server)->tls);
  relay_free(relay);
}
END_TEST

START_TEST(what_comes_between_starttls_and_the_handshake_is_dropped)
{
  struct relay *relay = relay_new(NULL, true);
  input(relay, EHLO "STARTTLS\r\nNO", strlen(EHLO "STARTTLS\r\nNO"));
  pump(relay, false);
  g_string_truncate(relay->wire, 0);
  input(relay, "OP\r\nEHLO evil\r\nVRFY x\r\n", 22);
  pump(relay, true);
  ck_assert_str_eq(relay->wire->str, "");
  say(relay, "NOOP\r\n");
  expect(relay, "250 2.0.0");
  relay_free(relay);
}
END_TEST

START_TEST(timeout_in_the_handshake)
{
  struct relay *relay = relay_new(NULL, true);
  input(relay, IN(EHLO "STARTTLS\r\n"));
  pump(relay, false);
  g_string_truncate(relay->wire, 0);
  smtp_server_timeout(relay->server);
  pump(relay, false);
  ck_assert_str_eq(relay->wire->str, "");
  ck_assert(relay->closed);
  relay_free(relay);
}
END_TEST

START_TEST(starttls_not_offered)
{
  struct smtp_server_options options = standard;
  options.starttls = false;
  struct relay *relay = relay_new(&options, false);
  say(relay, "STARTTLS\r\n" EHLO "STARTTLS\r\n");
  ck_assert_ptr_null(strstr(relay->wire->str, "250 STARTTLS"));
  expect(relay, "220|503 5.5.1|250|502 5.5.1");
  relay_free(relay);
}
END_TEST

START_TEST(tls_required)
{
  struct smtp_server_options options = standard;
  options.tls_required = true;
  struct relay *relay = relay_new(&options, false);
  say(relay, EHLO MAIL RCPT "VRFY x\r\nRSET\r\nDATA\r\nBDAT 4\r\nabcdNOOP\r\nSTARTTLS\r\n");
  expect(relay, "220|250|530 5.7.0|530 5.7.0|530 5.7.0|530 5.7.0|530 5.7.0|503 5.5.1|250 2.0.0|220 2.0.0");
  say(relay, EHLO MAIL);
  expect(relay, "250|250 2.1.0");
  relay_free(relay);
}
END_TEST

START_TEST(too_many_errors)
{
  struct smtp_server_options options = standard;
  options.errors_max = 3;
  struct relay *relay = relay_new(&options, false);
  say(relay, "A\r\nB\r\nC\r\nD\r\n");
  expect(relay, "220|500 5.5.1|500 5.5.1|500 5.5.1|421 4.7.0");
  ck_assert(relay->closed);
  relay_free(relay);
}
END_TEST

START_TEST(too_many_messages)
{
  struct smtp_server_options options = standard;
  options.messages_max = 2;
  struct relay *relay = relay_new(&options, false);
  say(relay, EHLO MAIL "RSET\r\n" MAIL "RSET\r\n" MAIL RCPT);
  expect(relay, "220|250|250 2.1.0|250 2.0.0|250 2.1.0|250 2.0.0|421 4.7.0");
  ck_assert(relay->closed);
  relay_free(relay);
}
END_TEST

START_TEST(command_line_limit)
{
  struct smtp_server_options options = standard;
  options.line_max = 100;
  for (gsize length = 95; length < 105; length++)
    for (gsize step = 1; step < 300; step *= 4) {
      struct relay *relay = relay_new(&options, false);
      g_autofree char *padding = g_strnfill(length - strlen("NOOP \r\n"), 'x');
      g_autofree char *text = g_strdup_printf("NOOP %s\r\nNOOP\r\n", padding);
      for (gsize i = 0; i < strlen(text); i += step)
        input(relay, text + i, MIN(step, strlen(text) - i));
      pump(relay, true);
      expect(relay, length <= 100 ? "220|250 2.0.0|250 2.0.0" : "220|500 5.5.2|250 2.0.0");
      relay_free(relay);
    }
}
END_TEST

START_TEST(parameter_limits)
{
  g_autofree char *long_text = g_strnfill(600, 'x');
  const struct {
    const char *format;
    gsize length;
    const char *expected;
  } rows[] = {
      {"MAIL FROM:<a@b> ENVID=%.*s\r\n", 100, "250 2.1.0"},
      {"MAIL FROM:<a@b> ENVID=%.*s\r\n", 101, "501 5.5.4"},
      {MAIL "RCPT TO:<c@d> ORCPT=rfc822;%.*s\r\n", 493, "250 2.1.0|250 2.1.5"},
      {MAIL "RCPT TO:<c@d> ORCPT=rfc822;%.*s\r\n", 494, "250 2.1.0|501 5.5.4"},
      {MAIL "RCPT TO:<%.*s@d>\r\n", 600, "250 2.1.0|250 2.1.5"},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    struct relay *relay = relay_new(NULL, false);
    say(relay, EHLO);
    g_string_truncate(relay->wire, 0);
    char *text = NULL;
    ck_assert_int_gt(asprintf(&text, rows[i].format, (int)rows[i].length, long_text), 0);
    say(relay, text);
    free(text);
    expect(relay, rows[i].expected);
    relay_free(relay);
  }
}
END_TEST

static guint next_timer(struct relay *relay)
{
  struct smtp_server_event event;
  guint ms = 0;
  while (smtp_server_next(relay->server, &event)) {
    if (event.type == SMTP_SERVER_TIMER)
      ms = event.ms;
    else if (is_question(event.type))
      answer(relay, event.type);
    smtp_server_event_clear(&event);
  }
  return ms;
}

START_TEST(timer)
{
  struct smtp_server_options options = standard;
  options.idle_ms = 111;
  options.data_ms = 222;
  struct relay *relay = relay_new(&options, false);
  ck_assert_uint_eq(next_timer(relay), 0); /* it was given with the greeting */
  input(relay, IN(EHLO));
  ck_assert_uint_eq(next_timer(relay), 111);
  input(relay, IN(MAIL RCPT "DATA\r\nx"));
  ck_assert_uint_eq(next_timer(relay), 222);
  g_string_truncate(relay->wire, 0);
  smtp_server_timeout(relay->server);
  pump(relay, true);
  expect(relay, "421 4.4.2");
  ck_assert_uint_eq(relay->aborted, 1);
  ck_assert(relay->closed);
  relay_free(relay);
}
END_TEST

START_TEST(no_timeout_while_the_relay_thinks)
{
  struct relay *relay = relay_new(NULL, true);
  input(relay, IN(EHLO MAIL));
  pump(relay, false);
  smtp_server_timeout(relay->server);
  pump(relay, true);
  expect(relay, "220|250|250 2.1.0");
  ck_assert(!relay->closed);
  relay_free(relay);
}
END_TEST

START_TEST(shutdown_waits_for_the_open_command)
{
  struct relay *relay = relay_new(NULL, true);
  input(relay, IN(EHLO MAIL RCPT "DATA\r\n1\r\n"));
  pump(relay, true);
  smtp_server_shutdown(relay->server);
  pump(relay, true);
  ck_assert(!relay->closed); /* a message under way may end */
  input(relay, IN(".\r\n" MAIL));
  pump(relay, true);
  ck_assert(relay->closed);
  ck_assert_uint_eq(relay->ended, 1);
  expect(relay, "220|250|250 2.1.0|250 2.1.5|354|250 2.0.0|421 4.3.2");
  relay_free(relay);
}
END_TEST

START_TEST(shutdown_of_an_idle_session)
{
  struct relay *relay = relay_new(NULL, false);
  say(relay, EHLO);
  smtp_server_shutdown(relay->server);
  pump(relay, true);
  expect(relay, "220|250|421 4.3.2");
  ck_assert(relay->closed);
  relay_free(relay);
}
END_TEST

START_TEST(replies_are_made_presentable)
{
  struct relay *relay = relay_new(NULL, true);
  input(relay, IN(EHLO MAIL));
  pump(relay, false);
  g_string_truncate(relay->wire, 0);
  g_autofree char *words = g_strnfill(700, 'w');
  g_autofree char *text = g_strdup_printf("f\xc3\xbcr\r\n%s", words);
  smtp_server_reply(relay->server, 550, "2.7.1", text);
  relay->open = SMTP_SERVER_SEND;
  pump(relay, true);
  g_auto(GStrv) lines = g_strsplit(relay->wire->str, "\r\n", -1);
  ck_assert_uint_eq(g_strv_length(lines), 4);
  ck_assert_str_eq(lines[0], "550-5.7.1 f??r?");
  ck_assert(g_str_has_prefix(lines[1], "550-5.7.1 www"));
  ck_assert_uint_eq(strlen(lines[1]), 510);
  ck_assert(g_str_has_prefix(lines[2], "550 5.7.1 www"));
  ck_assert_str_eq(lines[3], "");
  relay_free(relay);
}
END_TEST

/* Large text comes through in the blocks it came in, whole and unaltered. */
START_TEST(large_text)
{
  struct smtp_server_options options = standard;
  options.size_max = 0;
  struct relay *relay = relay_new(&options, false);
  g_autoptr(GString) text = g_string_new(NULL), wire = g_string_new(NULL);
  for (guint i = 0; text->len < 3 << 20; i++) {
    g_autofree char *line =
        g_strdup_printf("%s%u abcdefghijklmnopqrstuvwxyz.\r\n", i % 50 == 0 ? "." : "", i);
    g_string_append(text, line);
    g_string_append_printf(wire, "%s%s", line[0] == '.' ? "." : "", line);
  }
  g_string_append(wire, ".\r\n");
  say(relay, BEGIN);
  g_string_truncate(relay->events, 0);
  for (gsize at = 0; at < wire->len; at += 65536) {
    input(relay, wire->str + at, MIN(65536, wire->len - at));
    pump(relay, true);
  }
  ck_assert(g_str_has_suffix(relay->events->str, ";end;"));
  ck_assert_uint_eq(relay->events->len, text->len + strlen("data:;end;"));
  ck_assert(memcmp(relay->events->str + 5, text->str, text->len) == 0);
  relay_free(relay);
}
END_TEST

int main(void)
{
  Suite *suite = suite_create("smtp server");
  TCase *dialogues = tcase_create("dialogues");
  tcase_set_timeout(dialogues, 60);
  tcase_add_loop_test(dialogues, dialogue_session, 0, G_N_ELEMENTS(session));
  tcase_add_loop_test(dialogues, dialogue_envelope, 0, G_N_ELEMENTS(envelopes));
  tcase_add_loop_test(dialogues, dialogue_text, 0, G_N_ELEMENTS(texts));
  tcase_add_loop_test(dialogues, dialogue_chunks, 0, G_N_ELEMENTS(chunks));
  tcase_add_loop_test(dialogues, dialogue_smuggling, 0, G_N_ELEMENTS(smuggling));
  tcase_add_loop_test(dialogues, dialogue_limits, 0, G_N_ELEMENTS(limits));
  suite_add_tcase(suite, dialogues);
  TCase *rest = tcase_create("rest");
  tcase_set_timeout(rest, 60);
  tcase_add_test(rest, greeting_and_extensions);
  tcase_add_test(rest, busy);
  tcase_add_test(rest, pipelined_group_is_one_write);
  tcase_add_test(rest, refused_recipients_leave_the_envelope);
  tcase_add_loop_test(rest, starttls_forgets_and_reads_nothing_sent_before, 0, 2);
  tcase_add_test(rest, what_comes_between_starttls_and_the_handshake_is_dropped);
  tcase_add_test(rest, timeout_in_the_handshake);
  tcase_add_test(rest, starttls_not_offered);
  tcase_add_test(rest, tls_required);
  tcase_add_test(rest, too_many_errors);
  tcase_add_test(rest, too_many_messages);
  tcase_add_test(rest, command_line_limit);
  tcase_add_test(rest, parameter_limits);
  tcase_add_test(rest, timer);
  tcase_add_test(rest, no_timeout_while_the_relay_thinks);
  tcase_add_test(rest, shutdown_waits_for_the_open_command);
  tcase_add_test(rest, shutdown_of_an_idle_session);
  tcase_add_test(rest, replies_are_made_presentable);
  tcase_add_test(rest, large_text);
  suite_add_tcase(suite, rest);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
