#include "cli/peer_record.h"

#include "cli/commands.h"
#include "cli/control.h"
#include "cli/pcap.h"
#include "mhs/p1_words.h"

#include <errno.h>
#include <glib.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct piece {
  gint64 us;
  guint64 offset;
  bool sent;
  const guint8 *octets;
  gsize length;
};

/* Where the pieces go: to words, or to a file. */
struct dump {
  FILE *file; /* NULL: words */
  struct pcap_file *pcap;
  char *address;
  bool begun, we_called;
  struct p1_words *words[2];
  guint64 next[2]; /* octets of the direction that were put somewhere */
  gint64 us;
};

/* --- words
 * ------------------------------------------------------------------------------------------------------ */

static void print_line(const struct dump *dump, bool sent, const char *step, const char *name,
                       const char *text)
{
  g_autoptr(GDateTime) at = g_date_time_new_from_unix_utc(dump->us / G_USEC_PER_SEC);
  g_autofree char *clock = at ? g_date_time_format(at, "%F %T") : g_strdup("-");
  printf("%s.%06d %s %-13s %s%s%s\n", clock, (int)(dump->us % G_USEC_PER_SEC), sent ? "sent" : "came", step,
         name, *text ? ": " : "", text);
}

static void said_here(void *user, enum p1_step step, const char *name, const char *text)
{
  print_line(user, true, p1_step_name(step), name, text);
}

static void said_there(void *user, enum p1_step step, const char *name, const char *text)
{
  print_line(user, false, p1_step_name(step), name, text);
}

static void put_words(struct dump *dump, const struct piece *piece, bool gap, guint64 missing)
{
  dump->us = piece->us;
  if (gap) {
    g_autofree char *text = g_strdup_printf("%" G_GUINT64_FORMAT " octets are no longer kept", missing);
    print_line(dump, piece->sent, "-", "...", text);
    p1_words_gap(dump->words[piece->sent]);
  }
  p1_words_input(dump->words[piece->sent], piece->octets, piece->length);
}

/* --- a capture
 * ------------------------------------------------------------------------------------------------------ */

/* Who called said the first word. */
static void begin(struct dump *dump, const struct piece *piece)
{
  dump->begun = true;
  dump->we_called = piece->sent;
  g_auto(GStrv) parts = g_strsplit(dump->address ? dump->address : "", ":", 2);
  const char *peer = parts[0] ? parts[0] : "";
  if (dump->file)
    dump->pcap = dump->we_called ? pcap_file_new(dump->file, NULL, peer, piece->us)
                                 : pcap_file_new(dump->file, peer, NULL, piece->us);
}

/* After a gap a direction goes on with its next whole packet, which may be in a later piece. */
static void put_piece(struct dump *dump, struct piece piece, gsize start)
{
  bool gap = piece.offset != dump->next[piece.sent];
  if (gap) {
    piece.octets += start;
    piece.length -= start;
    piece.offset += start;
  }
  if (piece.length == 0)
    return;
  guint64 missing = piece.offset - dump->next[piece.sent];
  dump->next[piece.sent] = piece.offset + piece.length;
  if (!dump->begun)
    begin(dump, &piece);
  if (dump->pcap)
    pcap_file_data(dump->pcap, piece.sent == dump->we_called, piece.us, piece.offset, piece.octets,
                   piece.length);
  else
    put_words(dump, &piece, gap, missing);
}

static void take_item(void *user, json_t *item)
{
  struct dump *dump = user;
  const char *text = json_string_value(json_object_get(item, "octets"));
  if (!text) { /* what the dialogue is, before its pieces */
    const char *error = json_string_value(json_object_get(item, "error"));
    dump->address = g_strdup(json_string_value(json_object_get(item, "address")));
    if (!dump->file)
      printf("with %s%s%s\n", dump->address, error ? ", ended by: " : "", error ? error : "");
    return;
  }
  gsize length, start = (gsize)json_integer_value(json_object_get(item, "start"));
  g_autofree guint8 *octets = g_base64_decode(text, &length);
  put_piece(dump,
            (struct piece){.us = json_integer_value(json_object_get(item, "us")),
                           .offset = (guint64)json_integer_value(json_object_get(item, "offset")),
                           .sent = json_is_true(json_object_get(item, "sent")),
                           .octets = octets,
                           .length = length},
            MIN(start, length));
}

int peer_record(const char *configuration, const char *peer, const char *which, const char *pcap)
{
  struct dump dump = {0};
  if (pcap && !(dump.file = fopen(pcap, "wbe"))) {
    fprintf(stderr, "gw400 peer record: %s: %s\n", pcap, g_strerror(errno));
    return CLI_NO;
  }
  dump.words[true] = p1_words_new(said_here, &dump);
  dump.words[false] = p1_words_new(said_there, &dump);
  int code = control_ask_all(configuration,
                             json_pack("{s:s,s:s,s:s}", "op", "peer.record", "peer", peer, "which", which), 0,
                             take_item, &dump);
  p1_words_free(dump.words[true]);
  p1_words_free(dump.words[false]);
  bool whole = !dump.pcap || pcap_file_free(dump.pcap);
  if (dump.file && fclose(dump.file) != 0)
    whole = false;
  if (!whole)
    fprintf(stderr, "gw400 peer record: %s: %s\n", pcap, g_strerror(errno));
  g_free(dump.address);
  return whole ? code : CLI_NO;
}
