/* client_machine.h - the inside of the client machine, shared by client.c (session) and client_message.c
 * (transaction). */
#ifndef GW400_SMTP_CLIENT_MACHINE_H
#define GW400_SMTP_CLIENT_MACHINE_H

#include "smtp/capability.h"
#include "smtp/client.h"
#include "smtp/reply.h"

/* What a reply is for. */
enum smtp_step {
  SMTP_STEP_GREETING,
  SMTP_STEP_EHLO,
  SMTP_STEP_HELO,
  SMTP_STEP_STARTTLS,
  SMTP_STEP_RSET,
  SMTP_STEP_MAIL,
  SMTP_STEP_RCPT,
  SMTP_STEP_DATA,
  SMTP_STEP_TEXT, /* the dot after the text */
  SMTP_STEP_CHUNK,
  SMTP_STEP_LAST,    /* the last chunk */
  SMTP_STEP_NOTHING, /* the dot of a text that has no recipient: its reply says nothing */
  SMTP_STEP_QUIT
};
struct smtp_client_command {
  enum smtp_step step;
  guint index; /* RCPT: of the recipient */
  char *line;
};

enum smtp_recipient_state { SMTP_RECIPIENT_ASKED, SMTP_RECIPIENT_ACCEPTED, SMTP_RECIPIENT_SETTLED };

struct smtp_client {
  struct smtp_client_options options;
  struct smtp_capabilities capabilities;
  bool tls, tls_open; /* tls_open: the handshake runs */
  bool ready, quitting, lost, ended;
  struct smtp_reply_reader reader;
  GQueue *to_send, *awaited; /* of struct smtp_client_command: not sent yet; sent, their replies to come */

  struct smtp_envelope *envelope; /* of the open message, or NULL */
  guint8 *recipients;             /* enum smtp_recipient_state */
  guint unsettled, unanswered;    /* recipients without outcome; RCPTs without reply */
  guint accepted;                 /* recipients that take the message */
  bool astray;                    /* a recipient was accepted after the sender was refused */
  bool transaction;               /* open at the server: the next message begins with RSET */
  bool giving;                    /* the relay is asked for data */
  bool line_start, after_cr;      /* where the text stands, for the dots */
  GBytes *chunk;                  /* held back: the last one goes out as LAST */
  guint chunks;                   /* without a reply */

  GQueue *events;
  GString *out;
  bool timer_due;
};

/* client.c */
struct smtp_client_event *smtp_client_emit(struct smtp_client *client, enum smtp_client_event_type type);
void smtp_client_queue(struct smtp_client *client, enum smtp_step step, guint index, char *line);
/* Sends what may be sent: all at once with PIPELINING, else one command after the other. */
void smtp_client_pump(struct smtp_client *client);
void smtp_client_send(struct smtp_client *client, GBytes *data);
void smtp_client_fail(struct smtp_client *client, guint code, const char *enhanced, const char *text);
void smtp_client_become_ready(struct smtp_client *client);

/* client_message.c */
void smtp_client_message_reply(struct smtp_client *client, const struct smtp_client_command *command,
                               const struct smtp_reply *reply);
/* A reply that comes while the text is being sent. */
void smtp_client_early_reply(struct smtp_client *client, const struct smtp_reply *reply);
/* Gives every recipient that has none the outcome of reply. */
void smtp_client_settle_all(struct smtp_client *client, const struct smtp_reply *reply);
/* The session ends: unknown outcomes are told. */
void smtp_client_message_lost(struct smtp_client *client, const char *why);
void smtp_client_message_clear(struct smtp_client *client);

#endif
