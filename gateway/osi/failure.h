/* failure.h - why an association could not be made or is gone, in words that an administrator can act on.
 *
 * Each layer that refuses or aborts fills one; a layer above that knows more (an AARE inside a CPR, a bind
 * error inside an AARE) replaces it.  The words never hold what a peer must keep secret: only names, numbers
 * and clauses. */
#ifndef GW400_OSI_FAILURE_H
#define GW400_OSI_FAILURE_H

#include <glib.h>
#include <stdbool.h>

enum osi_layer {
  OSI_LAYER_NONE,
  OSI_LAYER_TRANSPORT,
  OSI_LAYER_SESSION,
  OSI_LAYER_PRESENTATION,
  OSI_LAYER_ACSE,
  OSI_LAYER_RTSE
};

struct osi_failure {
  enum osi_layer layer; /* OSI_LAYER_NONE: nothing failed */
  bool by_peer;         /* the peer said so; else we did */
  bool permanent;       /* trying again will not help until somebody changes something */
  char *words;
};

/* Replaces what failure held; format as printf. */
void osi_failure_set(struct osi_failure *failure, enum osi_layer layer, bool by_peer, bool permanent,
                     const char *format, ...) G_GNUC_PRINTF(5, 6);
/* Takes the contents of from, which is then empty. */
void osi_failure_move(struct osi_failure *to, struct osi_failure *from);
void osi_failure_clear(struct osi_failure *failure);

/* One text of a table by its number; the number itself when the table has no such row.  Caller frees. */
struct osi_word {
  guint value;
  const char *text;
};
char *osi_word_of(const struct osi_word *table, gsize count, guint value);

#endif
