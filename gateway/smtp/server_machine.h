/* server_machine.h - the inside of the server machine, shared by server.c, command.c, mail.c and
 * server_data.c. */
#ifndef GW400_SMTP_SERVER_MACHINE_H
#define GW400_SMTP_SERVER_MACHINE_H

#include "smtp/server.h"

/* Where the dialogue stands; a bit each, for the table of commands. */
enum smtp_server_state {
  SMTP_STATE_CONNECTED = 1, /* before EHLO or HELO */
  SMTP_STATE_READY = 2,     /* greeted, no transaction */
  SMTP_STATE_MAIL = 4,      /* MAIL accepted */
  SMTP_STATE_RCPT = 8,      /* at least one recipient accepted */
  SMTP_STATE_CHUNKS = 16,   /* between the chunks of a message */
  SMTP_STATE_FAILED = 32,   /* a chunk was refused: to be ended by LAST or RSET (RFC 3030 2) */
  SMTP_STATE_ANY = 63
};
/* What the next octets are. */
enum smtp_server_reading { SMTP_READ_COMMAND, SMTP_READ_TEXT, SMTP_READ_CHUNK, SMTP_READ_NOTHING };

/* Where the octets of a message stand between two blocks. */
enum smtp_text_place {
  SMTP_TEXT_LINE_START,
  SMTP_TEXT_IN_LINE,
  SMTP_TEXT_CR,
  SMTP_TEXT_DOT,
  SMTP_TEXT_DOT_CR
};
struct smtp_text {
  enum smtp_text_place place;
  guint64 size;           /* octets of the message so far */
  guint64 line;           /* octets of its current line */
  bool too_big, too_long; /* swallowed: the rest of the data is read and thrown away */
};

struct smtp_server {
  struct smtp_server_options options;
  char *client_address, *tls_name, *helo;
  bool tls, esmtp;
  enum smtp_server_state state;
  enum smtp_server_reading reading;
  bool skipping_line;       /* a command line that is too long */
  bool lost, ended, ending; /* ending: smtp_server_shutdown() was called */
  guint errors, messages;

  enum smtp_server_event_type open; /* the event that waits for its reply; SMTP_SERVER_SEND: none */
  struct smtp_envelope *envelope;
  struct smtp_text text;
  bool data_open; /* DATA_BEGIN accepted, neither END nor ABORT given */
  bool recipients_refused;
  bool by_chunks; /* the message comes by BDAT */
  guint64 chunk_left, chunk_size;
  bool chunk_last;
  struct {
    guint code; /* 0: none */
    char enhanced[12];
    char *words;
  } refusal; /* said when the chunk that it is for has been swallowed */

  GByteArray *held; /* octets not yet read, from held_used on */
  gsize held_used;
  GQueue *events; /* of struct smtp_server_event */
  GString *out;   /* replies, gathered until the events before them are taken */
  bool timer_due;
};

/* server.c */
void smtp_server_say(struct smtp_server *server, guint code, const char *enhanced, const char *text);
/* A reply to a command that the client should not have given so; too many end the session. */
void smtp_server_blame(struct smtp_server *server, guint code, const char *enhanced, const char *text);
struct smtp_server_event *smtp_server_emit(struct smtp_server *server, enum smtp_server_event_type type);
/* Emits an event that waits for its reply. */
struct smtp_server_event *smtp_server_ask(struct smtp_server *server, enum smtp_server_event_type type);
void smtp_server_end(struct smtp_server *server);
void smtp_server_abort_data(struct smtp_server *server);
/* Forgets the transaction (RSET, EHLO, end of a message). */
void smtp_server_clear(struct smtp_server *server, enum smtp_server_state state);

/* command.c: one line without its line end. */
void smtp_server_command(struct smtp_server *server, char *line);
/* mail.c */
void smtp_server_mail(struct smtp_server *server, char *argument);
void smtp_server_rcpt(struct smtp_server *server, char *argument);
void smtp_server_vrfy(struct smtp_server *server, char *argument);

/* server_data.c: DATA and BDAT. Both return how many octets they took. */
gsize smtp_server_text(struct smtp_server *server, const guint8 *data, gsize length);
gsize smtp_server_chunk(struct smtp_server *server, const guint8 *data, gsize length);
void smtp_server_data(struct smtp_server *server, char *argument);
void smtp_server_bdat(struct smtp_server *server, char *argument);
void smtp_server_data_begun(struct smtp_server *server, guint code, const char *enhanced, const char *text);

#endif
