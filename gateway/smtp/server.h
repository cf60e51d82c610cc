/* server.h - the ESMTP server machine, one per connection (RFC 5321 and the extensions in server_options).
 *
 * A pure machine: octets from the client and the relay's answers go in, octets to send and requests to the
 * relay come out. The command table (command.c) says for each verb in which state it is allowed, its grammar
 * and its handler. The machine decides syntax, sequence and limits itself; policy, addresses and storing are
 * asked of the relay by an event that must be answered once with smtp_server_reply*(); until then further
 * commands wait (pipelining keeps their order). Bare CR and bare LF are refused everywhere (5.6.0 class
 * reply, connection closed in data): no smuggling. DATA and BDAT octets are handed out without dot stuffing,
 * CRLF line ends, in blocks; nothing is accumulated here. */
#ifndef GW400_SMTP_SERVER_H
#define GW400_SMTP_SERVER_H

#include <glib.h>
#include <stdbool.h>

#include "smtp/envelope.h"

/* A number that is 0 takes the default in brackets. */
struct smtp_server_options {
  char *hostname;       /* in greeting and EHLO reply */
  guint64 size_max;     /* SIZE advertised and enforced, octets [100 MiB] */
  guint line_max;       /* command line with its CRLF [2560: RFC 5321's 512 and the extensions' additions] */
  guint text_line_max;  /* a line of text without its CRLF [65536; RFC 5321 has 998]; beyond: 554 5.6.0 */
  guint recipients_max; /* per message [1000]; beyond: 452 4.5.3 */
  guint messages_max;   /* per connection [1000]; then 421 */
  guint errors_max;     /* bad commands per connection [20]; then 421 */
  guint idle_ms, data_ms; /* silence allowed: RFC 5321 4.5.3.2: for commands [5 min], in data [10 min] */
  bool starttls;          /* offer STARTTLS */
  bool tls_required;      /* MAIL before TLS gets 530 5.7.0 */
};

enum smtp_server_event_type {
  SMTP_SERVER_SEND,  /* data: write to the client */
  SMTP_SERVER_CLOSE, /* close after what was sent is written; last event (none after smtp_server_lost()) */
  SMTP_SERVER_TIMER, /* (re)start the one timer with ms; that it runs out while an event waits for its reply
                        does no harm */
  SMTP_SERVER_START_TLS,  /* run the TLS handshake now, then smtp_server_tls_done() */
  SMTP_SERVER_MAIL,       /* envelope->sender...: answer */
  SMTP_SERVER_RCPT,       /* the newest recipient in envelope->recipients: answer (accepted ones stay) */
  SMTP_SERVER_VRFY,       /* argument: answer */
  SMTP_SERVER_DATA_BEGIN, /* the message text begins: answer (354 is sent by an accepting answer; for BDAT
                             nothing is) */
  SMTP_SERVER_DATA,       /* data: message octets */
  SMTP_SERVER_DATA_END,   /* whole: commit, then answer; on 250 the envelope is finished */
  SMTP_SERVER_DATA_ABORT  /* RSET, connection lost, syntax or size error in data: forget it; not to be
                           * answered.  Given exactly when DATA_BEGIN was accepted and no DATA_END came (also
                           * if  it is accepted after a loss) */
};
struct smtp_server_event {
  enum smtp_server_event_type type;
  GBytes *data;
  const struct smtp_envelope *envelope; /* owned by the machine, valid until the next call into it */
  char *argument;
  guint ms;
};
void smtp_server_event_clear(struct smtp_server_event *event);

struct smtp_server;
struct smtp_server *smtp_server_new(const struct smtp_server_options *options, const char *client_address,
                                    bool tls);
void smtp_server_free(struct smtp_server *server);
typedef struct smtp_server smtp_server_t; /* for g_autoptr() alone */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(smtp_server_t, smtp_server_free)

/* Sends the greeting (220), or with busy a 421 4.3.2 and the end. */
void smtp_server_start(struct smtp_server *server, bool busy);
void smtp_server_input(struct smtp_server *server, const guint8 *data, gsize length);
/* The connection is gone; an open event may still be answered, which then has no effect. */
void smtp_server_lost(struct smtp_server *server);
/* The timer ran out. */
void smtp_server_timeout(struct smtp_server *server);
/* After SMTP_SERVER_START_TLS; peer_certificate_name is NULL without a verified client certificate. Forgets
 * all before it; what the client sent in clear after STARTTLS is never read (RFC 3207 4.2). A failed
 * handshake is smtp_server_lost(). */
void smtp_server_tls_done(struct smtp_server *server, const char *peer_certificate_name);
/* Answers the open event: 250, "2.1.5", text.  4xx/5xx refuse. Text is made ASCII and one line or several
 * ('\n'). enhanced NULL: the class's own ("2.0.0"). 421 refuses and ends the session. */
void smtp_server_reply(struct smtp_server *server, guint code, const char *enhanced, const char *text);
/* Ends the session as soon as the open command is answered: 421 4.3.2 (shutdown). */
void smtp_server_shutdown(struct smtp_server *server);
bool smtp_server_next(struct smtp_server *server, struct smtp_server_event *event_r);
/* True while an event waits for its reply: the caller then pauses reading from the client (what is given is
 * held). Not during a TLS handshake, which needs what is read. */
bool smtp_server_waiting(const struct smtp_server *server);
const struct smtp_envelope *smtp_server_envelope(const struct smtp_server *server);

#endif
