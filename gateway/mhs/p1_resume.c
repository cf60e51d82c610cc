/* p1_resume.c - the recovery of transfers and associations: X.218 8.1.3, docs/decisions/0065 - 0067. */
#include "mhs/p1_machine.h"

void p1_resume_init(struct p1_association *association, const struct p1_options *options)
{
  association->checkpoints = g_array_new(FALSE, FALSE, sizeof(struct p1_checkpoint));
  association->options.recover = NULL; /* copied here, where it lives */
  if (options->recover != NULL) {
    p1_session_identifier_copy(&association->recover, options->recover);
  }
}

void p1_resume_clear(struct p1_association *association)
{
  g_array_unref(association->checkpoints);
  p1_resumption_clear(&association->coming);
  p1_session_identifier_clear(&association->identifier);
  p1_session_identifier_clear(&association->recover);
}

/* --- identifiers: those of the relay are session's references without the called user's --- */

static struct session_reference lend_reference(const struct p1_session_identifier *identifier)
{
  return (struct session_reference){.calling_user = identifier->calling,
                                    .common = identifier->common,
                                    .additional = identifier->additional};
}

static struct p1_session_identifier lend_identifier(const struct session_reference *reference)
{
  return (struct p1_session_identifier){
      .calling = reference->calling_user, .common = reference->common, .additional = reference->additional};
}

void p1_take_identifier(struct p1_association *association, const struct session_reference *reference)
{
  struct p1_session_identifier lent = lend_identifier(reference);
  p1_session_identifier_clear(&association->identifier);
  p1_session_identifier_copy(&association->identifier, &lent);
}

/* --- recovering an association --- */

bool p1_open_recover(struct p1_association *association, enum rtse_dialogue dialogue,
                     struct presentation_primitive *connect, GError **error)
{
  struct session_reference old = lend_reference(&association->recover);
  return rtse_open_recover(association->rtse, dialogue, &old, association->options.recover_turn_there,
                           connect, error);
}

void p1_on_recover(struct p1_association *association, const struct rtse_indication *indication)
{
  struct p1_session_identifier old = lend_identifier(&indication->reference);
  struct p1_event *event = p1_put(association, P1_RECOVER);
  p1_session_identifier_copy(&event->resumption.session, &old);
  p1_tell_origin(association, indication, event);
  association->phase = P1_PHASE_BINDING;
}

void p1_association_recover_accept(struct p1_association *association)
{
  enum p1_phase before = association->phase;
  g_autoptr(GError) error = NULL;
  if (association->phase != P1_PHASE_BINDING) {
    return;
  }
  (void)p1_tell_bound(association, &association->terms);
  if (!rtse_open_accept(association->rtse, NULL, &error)) {
    p1_fault(association, error);
  }
  p1_run(association, before);
}

void p1_association_recover_refuse(struct p1_association *association, bool busy)
{
  enum p1_phase before = association->phase;
  if (association->phase != P1_PHASE_BINDING) {
    return;
  }
  (void)rtse_open_refuse(association->rtse, busy ? RTSE_REFUSE_BUSY : RTSE_REFUSE_CANNOT_RECOVER, NULL, NULL);
  association->over = true; /* whoever refuses needs not be told so */
  association->phase = P1_PHASE_CLOSING;
  p1_run(association, before);
}

/* --- transfer out --- */

static void fill_progress(const struct p1_association *association, struct p1_resumption *resumption)
{
  struct rtse_progress progress = rtse_progress(association->rtse);
  resumption->activity = progress.activity != NULL ? g_bytes_ref(progress.activity) : NULL;
  p1_session_identifier_copy(&resumption->session, &association->identifier);
  resumption->serial = progress.serial;
  resumption->offset = progress.offset - MIN(progress.offset, association->header);
  resumption->ended = progress.ended;
}

void p1_on_checkpoint(struct p1_association *association, const struct rtse_indication *indication)
{
  (void)indication; /* it is what the machine's progress says */
  fill_progress(association, &p1_put(association, P1_CHECKPOINT)->resumption);
}

void p1_tell_not_sent(struct p1_association *association, enum p1_step step, bool by_peer, bool permanent,
                      enum p1_outcome outcome, const char *words)
{
  p1_tell_failure(association, P1_NOT_SENT, step, by_peer, permanent, words);
  struct p1_event *event = outputs_last(&association->events);
  event->outcome = outcome;
  fill_progress(association, &event->resumption);
}

bool p1_association_resume(struct p1_association *association, guint64 size,
                           const struct p1_resumption *resumption, GError **error)
{
  enum p1_phase before = association->phase;
  g_autoptr(GByteArray) header = p1_transfer_header(association, size);
  gsize gone = resumption->serial > 0 ? header->len : 0; /* the header lies before the first checkpoint */
  struct rtse_progress from = {.activity = resumption->activity,
                               .serial = resumption->serial,
                               .offset = gone + resumption->offset,
                               .ended = resumption->ended};
  struct session_reference old = lend_reference(&resumption->session);
  bool same = p1_session_identifier_equal(&resumption->session, &association->identifier);
  bool hold = association->options.resume_wait_ms > 0;
  if (!rtse_resume(association->rtse, header->len + size, &from, same ? NULL : &old, hold, error)) {
    return false;
  }
  association->sending = true;
  association->header = header->len;
  p1_forget_segment(association);
  if (gone == 0) {
    association->segment = g_steal_pointer(&header);
  }
  p1_run(association, before);
  return true;
}

void p1_association_interrupt(struct p1_association *association)
{
  enum p1_phase before = association->phase;
  if (rtse_interrupt(association->rtse, NULL)) {
    p1_forget_segment(association);
  }
  p1_run(association, before);
}

void p1_keep_resume_timer(struct p1_association *association)
{
  bool holding = rtse_is_holding(association->rtse) && !association->over;
  if (holding != association->holding) {
    struct p1_event *event = p1_put(association, P1_TIMER);
    event->timer = P1_TIMER_RESUME;
    event->ms = holding ? association->options.resume_wait_ms : 0;
  }
  association->holding = holding;
}

/* --- transfer in --- */

static void begin(struct p1_association *association, GBytes *activity)
{
  association->receiving = true;
  association->oversize = false;
  association->received = 0;
  association->transfer++;
  g_array_set_size(association->checkpoints, 0);
  p1_resumption_clear(&association->coming);
  association->coming = (struct p1_resumption){.activity = g_bytes_ref(activity)};
  p1_session_identifier_copy(&association->coming.session, &association->identifier);
}

void p1_on_begin(struct p1_association *association, struct rtse_indication *indication)
{
  begin(association, indication->activity);
  struct p1_event *event = p1_put(association, P1_RECEIVE_BEGIN);
  event->transfer = association->transfer;
  p1_resumption_copy(&event->resumption, &association->coming);
  event->data = g_steal_pointer(&indication->activity);
}

void p1_on_resume(struct p1_association *association, struct rtse_indication *indication)
{
  struct p1_session_identifier given = lend_identifier(&indication->reference);
  begin(association, indication->activity);
  association->receiving = false; /* until it is accepted what the relay holds is not touched */
  association->coming.serial = indication->serial;
  struct p1_event *event = p1_put(association, P1_RECEIVE_RESUME);
  event->transfer = association->transfer;
  event->resumption.activity = g_steal_pointer(&indication->old_activity);
  event->resumption.serial = indication->serial;
  p1_session_identifier_copy(&event->resumption.session,
                             indication->reference_given ? &given : &association->identifier);
  event->data = g_steal_pointer(&indication->activity);
}

void p1_association_receive_from(struct p1_association *association, guint64 offset)
{
  enum p1_phase before = association->phase;
  gsize max = association->options.receive_max;
  if (!association->over && rtse_resume_accept(association->rtse, NULL)) {
    association->receiving = true;
    association->received = association->coming.offset = offset;
    association->oversize = max != 0 && offset > max;
  }
  p1_run(association, before);
}

void p1_association_resume_refuse(struct p1_association *association, enum p1_resume_refusal why)
{
  enum p1_phase before = association->phase;
  if (association->over || !rtse_is_deciding(association->rtse)) {
    return;
  }
  switch (why) {
  case P1_RESUME_COMPLETED:
    p1_abort_here(association, P1_STEP_TRANSFER, RTSE_TRANSFER_COMPLETED,
                  "the peer resumed a transfer that is complete here; it was told so");
    break;
  case P1_RESUME_UNRECOGNIZED:
    p1_abort_here(association, P1_STEP_TRANSFER, RTSE_UNRECOGNIZED_ACTIVITY,
                  "the peer resumed a transfer of which nothing is known here");
    break;
  case P1_RESUME_DELETED:
    (void)rtse_report(association->rtse, RTSE_REPORT_UNRECOVERABLE, NULL);
    break;
  case P1_RESUME_SEQUENCE:
    (void)rtse_report(association->rtse, RTSE_REPORT_SEQUENCE, NULL);
    break;
  }
  p1_run(association, before);
}

void p1_on_checkpoint_in(struct p1_association *association, const struct rtse_indication *indication)
{
  struct p1_checkpoint checkpoint = {indication->serial, association->received};
  g_array_append_val(association->checkpoints, checkpoint);
  struct p1_event *event = p1_put(association, P1_RECEIVE_CHECKPOINT);
  event->transfer = association->transfer;
  event->resumption.serial = checkpoint.serial;
  event->resumption.offset = checkpoint.offset;
}

void p1_association_checkpoint(struct p1_association *association, guint transfer, guint serial)
{
  enum p1_phase before = association->phase;
  GArray *open = association->checkpoints;
  guint count = 0;
  if (association->over || transfer != association->transfer || !association->receiving ||
      !rtse_checkpoint(association->rtse, serial, NULL)) {
    return;
  }
  while (count < open->len && g_array_index(open, struct p1_checkpoint, count).serial <= serial) {
    association->coming.serial = serial;
    association->coming.offset = g_array_index(open, struct p1_checkpoint, count).offset;
    count++;
  }
  g_array_remove_range(open, 0, count);
  p1_run(association, before);
}

void p1_association_receive_interrupt(struct p1_association *association)
{
  enum p1_phase before = association->phase;
  if (association->receiving) {
    (void)rtse_report(association->rtse, RTSE_REPORT_JEOPARDIZED, NULL);
  }
  p1_run(association, before);
}

void p1_tell_interrupted(struct p1_association *association, enum p1_step step, bool by_peer,
                         const char *words)
{
  bool kept = association->coming.serial > 0;
  association->receiving = false;
  p1_tell_failure(association, kept ? P1_RECEIVE_INTERRUPTED : P1_RECEIVE_ABANDONED, step, by_peer, false,
                  words);
  struct p1_event *event = outputs_last(&association->events);
  event->transfer = association->transfer;
  p1_resumption_copy(&event->resumption, &association->coming);
}
