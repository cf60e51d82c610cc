/* rtse_open.c - RTSE's actions of opening, closing and aborting an association (X.228 7.1, 7.2, 7.9, 7.10).
 */
#include "osi/rtse_machine.h"
#include "osi/secret.h"

/* --- opening --- */

/* X.228 7.1.4, 7.1.5: never more than proposed; a proposal of 0 leaves the choice to the responder (decision
 * 0025). */
static guint agree_checkpoint(guint proposed, guint own)
{
  return own == 0 ? 0 : proposed == 0 ? own : MIN(proposed, own);
}

void rtse_do_open(struct rtse *rtse, const struct rtse_input *input)
{
  rtse->terms = (struct rtse_terms){.checkpoint_size = rtse->options.checkpoint_max,
                                    .window = rtse->options.window_max,
                                    .dialogue = input->dialogue,
                                    .initiator_turn = !input->turn_there,
                                    .x410 = rtse->options.x410,
                                    .protocol = rtse->options.protocol};
  rtse->recovering = input->old != NULL;
  struct rtse_apdu rtorq = {.type = RTSE_RTORQ,
                            .checkpoint_size = rtse->terms.checkpoint_size,
                            .window = rtse->terms.window,
                            .dialogue = rtse->terms.dialogue,
                            .protocol = rtse->terms.protocol,
                            .recover = rtse->recovering,
                            .user_data = input->user_data};
  if (input->old != NULL) {
    rtorq.recovered = *input->old; /* only lent */
  }
  struct acse_primitive *down = rtse_to_acse(rtse, A_ASSOCIATE, S_REQUEST);
  down->information = rtse_write(rtse, &rtorq);
  down->connect = *input->connect;
  *input->connect = (struct presentation_primitive){0};
  down->connect.x410 = rtse->terms.x410;
  down->connect.session.units = RTSE_UNITS;
  down->connect.session.tokens = input->turn_there ? 0 : SESSION_TOKENS_ALL;
  down->connect.session.tokens_acceptor = input->turn_there ? SESSION_TOKENS_ALL : 0;
}

void rtse_do_indicate_open(struct rtse *rtse, const struct rtse_input *input)
{
  const struct session_primitive *session = &input->acse->connect.session;
  const struct rtse_apdu *rtorq = input->apdu;
  rtse->terms = (struct rtse_terms){
      .checkpoint_size = agree_checkpoint(rtorq->checkpoint_size, rtse->options.checkpoint_max),
      .window = CLAMP(rtorq->window, 1, rtse->options.window_max),
      .dialogue = rtorq->dialogue,
      .initiator_turn = (session->tokens & SESSION_TOKENS_ALL) == SESSION_TOKENS_ALL,
      .version = session->version,
      .x410 = input->acse->connect.x410,
      .protocol = rtorq->protocol};
  session_reference_copy(&rtse->reference, &session->reference);
  rtse->recovering = rtorq->recover;
  session_reference_copy(&rtse->recovered, &rtorq->recovered);
  struct rtse_indication *up = rtse_indicate(rtse, RT_OPEN_IND);
  up->terms = rtse->terms;
  up->recover = rtorq->recover;
  session_reference_copy(&up->reference, &rtorq->recovered);
  up->user_data = g_steal_pointer(&input->apdu->user_data);
  up->connect = input->acse->connect;
  input->acse->connect = (struct presentation_primitive){0};
}

struct rtse_terms rtse_limit(struct rtse *rtse, guint checkpoint_max, guint window_max)
{
  if (rtse->state == RTSE_STATE_OPENED) {
    rtse->terms.checkpoint_size = agree_checkpoint(rtse->terms.checkpoint_size, checkpoint_max);
    rtse->terms.window = MIN(rtse->terms.window, MAX(window_max, 1));
  }
  return rtse->terms;
}

GBytes *rtse_write(const struct rtse *rtse, struct rtse_apdu *apdu)
{
  apdu->x410 = rtse->terms.x410;
  return osi_secret_bytes(rtse_apdu_write(apdu, NULL)); /* with the bind */
}

/* A-ASSOCIATE.rsp with the session's parameters as they were proposed. */
static struct acse_primitive *answer(struct rtse *rtse, enum acse_result result, struct rtse_apdu *apdu)
{
  struct acse_primitive *down = rtse_to_acse(rtse, A_ASSOCIATE, S_RESPONSE);
  struct session_primitive *session = &down->connect.session;
  down->result = result;
  down->diagnostic = result == ACSE_ACCEPTED ? ACSE_NULL : ACSE_NO_REASON;
  down->information = rtse_write(rtse, apdu);
  session->units = RTSE_UNITS;
  session->tokens = rtse->terms.initiator_turn ? SESSION_TOKENS_ALL : 0;
  session->tokens_acceptor = rtse->terms.initiator_turn ? 0 : SESSION_TOKENS_ALL;
  session->version = rtse->terms.version;
  session->reference = rtse->reference;
  rtse->reference = (struct session_reference){0};
  return down;
}

static void refuse_by_provider(struct rtse *rtse, enum rtse_refuse reason, const char *why)
{
  struct rtse_apdu rtorj = {.type = RTSE_RTORJ, .refuse_given = rtse->terms.x410, .refuse_reason = reason};
  (void)answer(rtse, ACSE_REJECTED_PERMANENT, &rtorj);
  struct rtse_indication *up = rtse_indicate(rtse, RT_ABORT_IND);
  up->abort_reason = -1;
  osi_failure_set(&up->failure, OSI_LAYER_RTSE, false, true, "refused at RTSE: %s", why);
}

void rtse_do_refuse_invalid(struct rtse *rtse, const struct rtse_input *input)
{
  rtse->terms.x410 = input->acse->connect.x410;
  refuse_by_provider(rtse, RTSE_REFUSE_VALIDATION_FAILURE, input->why);
}

void rtse_do_accept(struct rtse *rtse, const struct rtse_input *input)
{
  struct rtse_apdu rtoac = {.type = RTSE_RTOAC,
                            .checkpoint_size = rtse->terms.checkpoint_size,
                            .window = rtse->terms.window,
                            .recover = rtse->recovering,
                            .recovered = rtse->recovered,
                            .user_data = input->user_data};
  (void)answer(rtse, ACSE_ACCEPTED, &rtoac);
}

void rtse_do_refuse(struct rtse *rtse, const struct rtse_input *input)
{
  struct rtse_apdu rtorj = {.type = RTSE_RTORJ,
                            .refuse_given = rtse->terms.x410,
                            .refuse_reason = input->refuse,
                            .user_data = input->user_data};
  (void)answer(rtse, input->refuse == RTSE_REFUSE_BUSY ? ACSE_REJECTED_TRANSIENT : ACSE_REJECTED_PERMANENT,
               &rtorj);
}

void rtse_do_confirm_open(struct rtse *rtse, const struct rtse_input *input)
{
  const struct rtse_apdu *rtoac = input->apdu;
  /* A responder that answers more than was proposed is held to the proposal. */
  rtse->terms.checkpoint_size = rtse->terms.checkpoint_size == 0
                                    ? rtoac->checkpoint_size
                                    : MIN(rtoac->checkpoint_size, rtse->terms.checkpoint_size);
  rtse->terms.window = CLAMP(rtoac->window, 1, rtse->terms.window);
  rtse->terms.version = input->acse->connect.session.version;
  struct rtse_indication *up = rtse_indicate(rtse, RT_OPEN_ACCEPTED);
  up->terms = rtse->terms;
  up->user_data = g_steal_pointer(&input->apdu->user_data);
  up->connect = input->acse->connect;
  input->acse->connect = (struct presentation_primitive){0};
}

void rtse_do_confirm_refused(struct rtse *rtse, const struct rtse_input *input)
{
  struct rtse_indication *up = rtse_indicate(rtse, RT_OPEN_REFUSED);
  up->terms = rtse->terms;
  const struct rtse_apdu *rtorj = input->apdu;
  osi_failure_move(&up->failure, &input->acse->failure);
  if (rtorj == NULL || rtorj->type != RTSE_RTORJ) {
    return;
  }
  up->user_data = g_steal_pointer(&input->apdu->user_data);
  up->refuse_given = rtorj->refuse_given;
  up->refuse_reason = rtorj->refuse_reason;
  if (rtse->terms.x410) {
    /* ACSE and presentation only passed it on. */
    g_autofree char *words =
        rtorj->refuse_given ? rtse_refuse_words(rtorj->refuse_reason) : g_strdup("no reason given");
    osi_failure_set(&up->failure, OSI_LAYER_RTSE, true, rtorj->refuse_reason != RTSE_REFUSE_BUSY,
                    "the peer refused the association (RTORJ): %s", words);
  }
}

/* --- closing --- */

void rtse_do_close(struct rtse *rtse, const struct rtse_input *input)
{
  (void)input;
  (void)rtse_to_acse(rtse, A_RELEASE, S_REQUEST);
}

void rtse_do_indicate_close(struct rtse *rtse, const struct rtse_input *input)
{
  (void)input;
  (void)rtse_indicate(rtse, RT_CLOSE_IND);
}

void rtse_do_close_accept(struct rtse *rtse, const struct rtse_input *input)
{
  (void)input;
  (void)rtse_to_acse(rtse, A_RELEASE, S_RESPONSE);
}

void rtse_do_confirm_close(struct rtse *rtse, const struct rtse_input *input)
{
  (void)input;
  (void)rtse_indicate(rtse, RT_CLOSE_CNF);
}

/* --- aborting --- */

void rtse_send_abort(struct rtse *rtse, enum rtse_abort reason)
{
  struct rtse_apdu rtab = {.type = RTSE_RTAB, .abort_reason = reason};
  rtse_to_acse(rtse, A_ABORT, S_REQUEST)->information = rtse_write(rtse, &rtab);
}

void rtse_do_abort(struct rtse *rtse, const struct rtse_input *input)
{
  rtse_send_abort(rtse, input->abort);
}

void rtse_do_indicate_abort(struct rtse *rtse, const struct rtse_input *input)
{
  struct osi_failure failure = {0};
  gint reason = -1;
  if (input->apdu != NULL && input->apdu->type == RTSE_RTAB) {
    reason = (gint)input->apdu->abort_reason;
    g_autofree char *words = rtse_abort_words(input->apdu->abort_reason);
    osi_failure_set(&failure, OSI_LAYER_RTSE, true, input->apdu->abort_reason == RTSE_PERMANENT_PROBLEM,
                    "the peer aborted the association (RTAB): %s", words);
  } else {
    osi_failure_move(&failure, &input->acse->failure);
  }
  rtse_lose_transfer(rtse, rtse->state, &failure, reason);
  struct rtse_indication *up = rtse_indicate(rtse, RT_ABORT_IND);
  up->abort_reason = reason;
  osi_failure_move(&up->failure, &failure);
}
