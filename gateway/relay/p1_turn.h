/* p1_turn.h - the turn of a two-way-alternate association (X.218 8.1.4, 8.1.5): kept, asked for or given by
 * the priority of what waits on either side.
 *
 * RTTP's priorities (docs/decisions/0072): 0 is the release of the association, then 1 urgent, 2 normal,
 * 3 non-urgent; a lower number goes first.  A plain value and one function: no socket, no queue. */
#ifndef GW400_RELAY_P1_TURN_H
#define GW400_RELAY_P1_TURN_H

#include <glib.h>
#include <stdbool.h>

#define P1_TURN_NOTHING (-1) /* in place of a priority: nothing waits, nobody asked */

struct p1_turn {
  bool two_way, initiator;
  bool here;   /* we have it, and no transfer of ours is open */
  gint asked;  /* priority with which we have asked for it since we gave it */
  gint wanted; /* priority with which the peer has asked for it since it came */
  guint run;   /* transfers since it came */
};
enum p1_turn_step { P1_TURN_STAY, P1_TURN_ASK, P1_TURN_GIVE };

void p1_turn_init(struct p1_turn *turn);
/* enum store_priority, or -1 for nothing, as RTTP says it. */
gint p1_turn_priority(gint store_priority);
/* What is to be done while something of this priority waits here, or is about to. With nothing left a
 * responder gives the turn back unasked: it is the initiator who releases. */
enum p1_turn_step p1_turn_decide(const struct p1_turn *turn, gint waiting);
void p1_turn_came(struct p1_turn *turn);
void p1_turn_given(struct p1_turn *turn);

#endif
