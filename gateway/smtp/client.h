/* client.h - the ESMTP client machine, one per connection; several messages in turn.
 *
 * Pure: octets from the server and messages from the relay go in; octets to send, requests for message data
 * and outcomes come out. Uses PIPELINING, SIZE, 8BITMIME, CHUNKING (not required), DSN, STARTTLS, SMTPUTF8
 * when the server offers them. An outcome is given per recipient; a message whose DATA reply is lost is
 * "unknown" (to be tried again). A message needing what the server lacks (SMTPUTF8, 8-bit text to a 7-bit
 * server) is refused here with 5.6.7 / 5.6.3 words. Without DSN at the server NOTIFY is not passed on:
 * SMTP_CLIENT_DONE then tells dsn=false, so that the relay reports itself. An envelope marked as probe is
 * asked about and not sent: each recipient's outcome is the reply to its RCPT. */
#ifndef GW400_SMTP_CLIENT_H
#define GW400_SMTP_CLIENT_H

#include "smtp/envelope.h"

enum smtp_tls_use { SMTP_TLS_NEVER, SMTP_TLS_MAY, SMTP_TLS_REQUIRE };
/* A number that is 0 takes the default in brackets; the times are RFC 5321 4.5.3.2's. */
struct smtp_client_options {
  char *hostname; /* EHLO argument */
  enum smtp_tls_use tls;
  guint line_max;        /* longest reply line taken, octets [2048] */
  guint reply_lines_max; /* [100] */
  guint greeting_ms;     /* [5 min] */
  guint command_ms;      /* [5 min] */
  guint data_ms;         /* for the 354, for a block of text [3 min] */
  guint end_ms;          /* for the reply to the whole message [10 min] */
};
enum smtp_client_event_type {
  SMTP_CLIENT_SEND,      /* data */
  SMTP_CLIENT_CLOSE,     /* close the connection; last event (not given after smtp_client_lost()) */
  SMTP_CLIENT_TIMER,     /* (re)start the one timer with ms; that it runs out between messages does no harm */
  SMTP_CLIENT_START_TLS, /* handshake, then smtp_client_tls_done() */
  SMTP_CLIENT_READY,     /* the next message may be given */
  SMTP_CLIENT_WANT_DATA, /* give message octets (CRLF lines, not dot-stuffed), at most `want`, when the stream
                          * is not full; end with smtp_client_data_end() */
  SMTP_CLIENT_RECIPIENT, /* outcome of recipient `index`, once each: code, enhanced, text; 2xx only after the
                          * final reply. Code 0: unknown, the connection was lost after the whole text was
                          * sent: to be tried again */
  SMTP_CLIENT_DONE, /* all recipients of the message have their outcome; may come before data_end() when it is
                       refused */
  SMTP_CLIENT_FAILED /* the session cannot be used further (greeting, EHLO, TLS, 421, lost): code 0 = no
                      * reply; text. Enhanced "4.7.5": TLS did not come about. Recipients without an outcome:
                      * not sent */
};
struct smtp_client_event {
  enum smtp_client_event_type type;
  GBytes *data;
  guint index, code, ms;
  char enhanced[12]; /* "5.1.1" or "" */
  char *text;        /* the server's words, or ours */
  gsize want;
  bool dsn; /* DONE: NOTIFY/ORCPT were passed on */
};
void smtp_client_event_clear(struct smtp_client_event *event);

struct smtp_client;
struct smtp_client *smtp_client_new(const struct smtp_client_options *options);
void smtp_client_free(struct smtp_client *client);
typedef struct smtp_client smtp_client_t; /* for g_autoptr() alone */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(smtp_client_t, smtp_client_free)

void smtp_client_input(struct smtp_client *client, const guint8 *data, gsize length);
/* The connection is gone, or was never made: why in words. */
void smtp_client_lost(struct smtp_client *client, const char *why);
/* The timer ran out. */
void smtp_client_timeout(struct smtp_client *client);
void smtp_client_tls_done(struct smtp_client *client, bool ok, const char *why);
/* After READY: copies the envelope; size in octets is used for SIZE=; has_8bit tells 8-bit text. */
void smtp_client_message(struct smtp_client *client, const struct smtp_envelope *envelope, guint64 size,
                         bool has_8bit);
/* After WANT_DATA; takes a reference of its own. Nothing happens when the message was refused meanwhile.
 * To give a message up in its middle, close the connection: without data_end() no server takes it. */
void smtp_client_data(struct smtp_client *client, GBytes *data);
void smtp_client_data_end(struct smtp_client *client);
/* QUIT after the open message; at once when there is none. */
void smtp_client_quit(struct smtp_client *client);
bool smtp_client_next(struct smtp_client *client, struct smtp_client_event *event_r);

#endif
