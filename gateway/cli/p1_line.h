/* p1_line.h - P1 associations over plain sockets and poll(), for the tools that are a gateway's peers
 * (source, sink).
 *
 * A line is one TCP connection with its association.  The lines of a tool are served by one thread:
 * p1_lines_serve() waits once for sockets and timers and hands on what the associations tell.  Nothing here
 * is for the daemon. */
#ifndef GW400_CLI_P1_LINE_H
#define GW400_CLI_P1_LINE_H

#include "mhs/p1.h"

struct p1_line;
/* Every event but P1_SEND, P1_TIMER and P1_CLOSE; the event is cleared afterwards. */
typedef void (*p1_line_handler)(struct p1_line *line, const struct p1_event *event, void *user);

/* Takes the connected socket. */
struct p1_line *p1_line_new(int socket, const struct p1_options *options, p1_line_handler handler,
                            void *user);
void p1_line_free(struct p1_line *line);
struct p1_association *p1_line_association(const struct p1_line *line);
/* The connection is gone, and everything has been told. */
bool p1_line_over(const struct p1_line *line);
/* Whether all that was sent has been written. */
bool p1_line_flushed(const struct p1_line *line);
/* To be called after calls of the association from outside the handler. */
void p1_line_pump(struct p1_line *line);

/* Waits at most so many milliseconds (-1: without end) for any of the lines (an array of p1_line), and for a
 * connection at listener (-1: none), which is accepted and returned; -1 when none came. */
int p1_lines_serve(const GPtrArray *lines, int listener, int milliseconds);

/* Sockets for "host:port" or "[address]:port"; -1 and error. */
int p1_line_connect(const char *address, GError **error);
int p1_line_listen(const char *address, GError **error);

/* The first line of a file, without its end, as a password; NULL and error. */
GBytes *p1_password_from(const char *path, GError **error);
/* Options common to the tools: what the command line said, with defaults for what it did not. */
struct p1_line_settings {
  char *mta, *password_file, *tsel, *mode;
  int checkpoint, window, tpdu, version;
  gboolean octets;
};
#define P1_LINE_SETTINGS_DEFAULT                                                                             \
  {                                                                                                          \
    .checkpoint = 64, .window = 8, .tpdu = 0x0d, .version = 2                                                \
  }
/* Entries of GOptionContext that fill settings; the array is the caller's, with room for P1_LINE_ENTRIES. */
enum { P1_LINE_ENTRIES = 9 };
void p1_line_entries(struct p1_line_settings *settings, GOptionEntry entries[P1_LINE_ENTRIES]);
/* False and error when a file cannot be read or a selector is none.  credentials_r holds the name and
 * password. */
bool p1_line_options(const struct p1_line_settings *settings, bool initiator, struct p1_options *options_r,
                     GError **error);
void p1_line_settings_clear(struct p1_line_settings *settings);

#endif
