/* rtse_transfer.c - RTSE's actions of transferring, on both sides, and of the turn (X.228 7.3 - 7.5). */
#include "osi/rtse_machine.h"

enum { CHECKPOINT_UNIT = 1024 };

/* --- transfer: the sender --- */

void rtse_ask_for_segment(struct rtse *rtse)
{
  bool checkpoints = rtse->terms.checkpoint_size > 0;
  if (rtse->out.want > 0 || rtse->out.left == 0 ||
      (checkpoints && rtse->out.unconfirmed >= rtse->terms.window)) {
    return;
  }
  rtse->out.want = (gsize)MIN((guint64)rtse->out.segment, rtse->out.left);
  rtse_indicate(rtse, RT_WANT)->want = rtse->out.want;
}

GBytes *rtse_next_activity(struct rtse *rtse)
{
  /* A BER INTEGER counted up, as peers do; it means something only with the session's identifier. */
  struct rtse_apdu integer = {.type = RTSE_RTTP, .priority = ++rtse->activity};
  g_clear_pointer(&rtse->out.activity, g_bytes_unref);
  rtse->out.activity = rtse_apdu_write(&integer, NULL);
  gsize most = rtse->options.segment_max;
  gsize checkpoint = (gsize)rtse->terms.checkpoint_size * CHECKPOINT_UNIT;
  rtse->out.segment = checkpoint > 0 ? MIN(most, checkpoint) : most;
  return g_bytes_ref(rtse->out.activity);
}

void rtse_do_start(struct rtse *rtse, const struct rtse_input *input)
{
  rtse_to_presentation(rtse, S_ACTIVITY_START, S_REQUEST)->session.activity = rtse_next_activity(rtse);
  rtse->serial = rtse->secured = rtse->out.from_serial = 0;
  rtse->out.from_offset = 0;
  rtse->out.size = rtse->out.left = input->size;
  rtse->out.want = 0;
  rtse->out.unconfirmed = 0;
  rtse->out.resumed = rtse->out.ended = false;
  rtse_ask_for_segment(rtse);
}

static void send_rttr(struct rtse *rtse, GBytes *data)
{
  rtse_to_presentation(rtse, S_DATA, S_REQUEST)->values = presentation_values_one(
      rtse->options.syntax, rtse->terms.x410 ? g_bytes_ref(data) : rtse_rttr_write(data));
  rtse->out.left -= rtse->out.want;
  rtse->out.want = 0;
}

void rtse_do_send_segment(struct rtse *rtse, const struct rtse_input *input)
{
  send_rttr(rtse, input->data);
  if (rtse->terms.checkpoint_size > 0) {
    rtse_to_presentation(rtse, S_SYNC_MINOR, S_REQUEST)->session.serial = ++rtse->serial;
    rtse->out.unconfirmed++;
  }
  rtse_ask_for_segment(rtse);
}

void rtse_do_send_last(struct rtse *rtse, const struct rtse_input *input)
{
  send_rttr(rtse, input->data);
  rtse_to_presentation(rtse, S_ACTIVITY_END, S_REQUEST)->session.serial = rtse->serial + 1;
  rtse->out.ended = true;
}

void rtse_do_checkpoint_confirmed(struct rtse *rtse, const struct rtse_input *input)
{
  /* One confirmation stands for all earlier points too (X.215). */
  guint confirmed = input->presentation->session.serial;
  if (confirmed > rtse->secured && confirmed <= rtse->serial) {
    rtse->secured = confirmed;
    rtse->out.unconfirmed = rtse->serial - confirmed;
    struct rtse_indication *up = rtse_indicate(rtse, RT_CHECKPOINT);
    up->serial = confirmed;
    up->offset = rtse_progress(rtse).offset;
  }
  rtse_ask_for_segment(rtse);
}

struct rtse_progress rtse_progress(const struct rtse *rtse)
{
  guint confirmed = rtse->secured - rtse->out.from_serial;
  return (struct rtse_progress){.activity = rtse->out.activity,
                                .serial = rtse->secured,
                                .offset = rtse->out.from_offset + (guint64)confirmed * rtse->out.segment,
                                .ended = rtse->out.ended};
}

void rtse_do_transferred(struct rtse *rtse, const struct rtse_input *input)
{
  (void)input;
  (void)rtse_indicate(rtse, RT_TRANSFERRED);
}

/* --- transfer: the receiver --- */

void rtse_do_begin(struct rtse *rtse, const struct rtse_input *input)
{
  rtse->serial = rtse->secured = 0;
  rtse_indicate(rtse, RT_BEGIN)->activity = g_steal_pointer(&input->presentation->session.activity);
}

void rtse_do_segment(struct rtse *rtse, const struct rtse_input *input)
{
  for (guint i = 0; i < input->slices->len; i++) {
    rtse_indicate(rtse, RT_SEGMENT)->data = g_bytes_ref(g_ptr_array_index(input->slices, i));
  }
}

void rtse_do_indicate_checkpoint(struct rtse *rtse, const struct rtse_input *input)
{
  rtse->serial = input->presentation->session.serial;
  rtse_indicate(rtse, RT_CHECKPOINT_IND)->serial = rtse->serial;
}

void rtse_do_confirm_checkpoint(struct rtse *rtse, const struct rtse_input *input)
{
  rtse->secured = input->serial;
  rtse_to_presentation(rtse, S_SYNC_MINOR, S_RESPONSE)->session.serial = input->serial;
}

void rtse_do_whole(struct rtse *rtse, const struct rtse_input *input)
{
  rtse->end_serial = input->presentation->session.serial;
  (void)rtse_indicate(rtse, RT_TRANSFER_IND);
}

void rtse_do_secured(struct rtse *rtse, const struct rtse_input *input)
{
  (void)input;
  rtse_to_presentation(rtse, S_ACTIVITY_END, S_RESPONSE)->session.serial = rtse->end_serial;
}

/* --- the turn --- */

void rtse_do_turn_please(struct rtse *rtse, const struct rtse_input *input)
{
  struct rtse_apdu rttp = {.type = RTSE_RTTP, .priority = input->priority};
  struct presentation_primitive *down = rtse_to_presentation(rtse, S_TOKEN_PLEASE, S_REQUEST);
  down->session.tokens = SESSION_TOKEN_DATA;
  down->values = presentation_values_one(rtse->options.syntax, rtse_apdu_write(&rttp, NULL));
}

void rtse_do_indicate_please(struct rtse *rtse, const struct rtse_input *input)
{
  rtse_indicate(rtse, RT_TURN_PLEASE_IND)->priority = input->apdu != NULL ? input->apdu->priority : 0;
}

void rtse_do_turn_give(struct rtse *rtse, const struct rtse_input *input)
{
  (void)input;
  (void)rtse_to_presentation(rtse, S_CONTROL_GIVE, S_REQUEST);
}

void rtse_do_turn_taken(struct rtse *rtse, const struct rtse_input *input)
{
  (void)rtse; /* that the turn is here is told on entering the state */
  (void)input;
}
