#include "relay/p1_turn.h"

#include "store/store.h"

#define RUN_MAX 16u /* transfers before a peer that wants to send the like has its turn */

void p1_turn_init(struct p1_turn *turn)
{
  *turn = (struct p1_turn){.asked = P1_TURN_NOTHING, .wanted = P1_TURN_NOTHING};
}

gint p1_turn_priority(gint store_priority)
{
  return store_priority < 0 ? P1_TURN_NOTHING : 1 + STORE_URGENT - MIN(store_priority, STORE_URGENT);
}

enum p1_turn_step p1_turn_decide(const struct p1_turn *turn, gint waiting)
{
  if (!turn->two_way)
    return P1_TURN_STAY;
  bool nothing = waiting == P1_TURN_NOTHING;
  if (!turn->here) {
    bool more_urgent = turn->asked == P1_TURN_NOTHING || waiting < turn->asked;
    return !nothing && more_urgent ? P1_TURN_ASK : P1_TURN_STAY;
  }
  if (turn->wanted == P1_TURN_NOTHING)
    return nothing && !turn->initiator ? P1_TURN_GIVE : P1_TURN_STAY;
  bool shared = turn->wanted == waiting && turn->run >= RUN_MAX;
  return nothing || turn->wanted < waiting || shared ? P1_TURN_GIVE : P1_TURN_STAY;
}

void p1_turn_came(struct p1_turn *turn)
{
  turn->here = true;
  turn->asked = P1_TURN_NOTHING;
}

void p1_turn_given(struct p1_turn *turn)
{
  turn->here = false;
  turn->asked = turn->wanted = P1_TURN_NOTHING;
  turn->run = 0;
}
