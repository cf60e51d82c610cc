#include "mapping/redirection.h"

#include <stdlib.h>
#include <string.h>

#include <ExtensionField.h>
#include <MTS-APDU.h>
#include <PerRecipientMessageTransferFields.h>
#include <Redirection.h>
#include <RedirectionHistory.h>

enum { REDIRECTIONS_MAX = 512 }; /* ub-redirections */

typedef struct PerRecipientMessageTransferFields recipient_fields;

static recipient_fields *fields_of(const struct asn1_value *apdu, guint ordinal)
{
  const MTS_APDU_t *choice = asn1_value_get(apdu);
  if (choice->present != MTS_APDU_PR_message)
    return NULL;
  const MessageTransferEnvelope_t *envelope = &choice->choice.message.envelope;
  return ordinal < (guint)envelope->per_recipient_fields.list.count
             ? envelope->per_recipient_fields.list.array[ordinal]
             : NULL;
}

static struct asn1_value *history_of(const struct asn1_value *apdu, const recipient_fields *fields)
{
  return x400_extension_value(apdu, x400_extension(fields->extensions, StandardExtension_redirection_history),
                              &asn_DEF_RedirectionHistory);
}

/* --- may it be redirected? --- */

static bool had_it(const struct asn1_value *history, const struct or_address *alternate)
{
  const RedirectionHistory_t *list = asn1_value_get(history);
  if (list->list.count >= REDIRECTIONS_MAX)
    return true;
  for (int i = 0; i < list->list.count; i++) {
    g_autoptr(or_address_t) intended =
        or_address_from_asn1(history, &list->list.array[i]->intended_recipient_name.intended_recipient, NULL);
    if (intended && or_address_equal(intended, alternate))
      return true;
  }
  return false;
}

/* The alternate that was asked for; NULL: none, or one that the message has been meant for. */
static struct asn1_value *alternate_of(const struct asn1_value *apdu, const recipient_fields *fields)
{
  g_autoptr(asn1_value_t) name = x400_extension_value(
      apdu, x400_extension(fields->extensions, StandardExtension_originator_requested_alternate_recipient),
      &asn_DEF_ORName);
  g_autoptr(or_address_t) alternate = name ? or_address_from_asn1(name, asn1_value_get(name), NULL) : NULL;
  g_autoptr(or_address_t) recipient = or_address_from_asn1(apdu, &fields->recipient_name, NULL);
  g_autoptr(asn1_value_t) history = history_of(apdu, fields);
  if (!alternate || (recipient && or_address_equal(recipient, alternate)) ||
      (history && had_it(history, alternate)))
    return NULL;
  return g_steal_pointer(&name);
}

/* A loop and an expired time end the message for the alternate too, and a cut message goes nowhere. */
static bool may_go_on(const struct mapping_job *job, const struct mapping_recipient *outcome)
{
  bool failed = outcome->failed || outcome->action == MAPPING_FAILED;
  return failed && !outcome->redirected_us && !job->truncated && g_strcmp0(outcome->code, "5.4.6") != 0 &&
         g_strcmp0(outcome->code, "5.4.7") != 0;
}

static const struct mapping_recipient *with_ordinal(const GPtrArray *recipients, guint ordinal)
{
  for (guint i = 0; i < recipients->len; i++) {
    const struct mapping_recipient *recipient = recipients->pdata[i];
    if (recipient->ordinal == ordinal)
      return recipient;
  }
  return NULL;
}

/* Reads the message as it would be with these recipients redirected. */
static struct mapping_result *read_redirected(struct mapping_context *context, const struct mapping_job *job,
                                              GPtrArray *candidates)
{
  struct mapping_job trial = *job;
  trial.kind = MAPPING_READ;
  trial.recipients = candidates;
  struct mapping_result *result = mapping_result_new();
  mapping_read_apdu(context, &trial, result);
  return result;
}

GPtrArray *redirection_choose(struct mapping_context *context, const struct mapping_job *job,
                              const struct asn1_value *apdu, struct mapping_result *result)
{
  GPtrArray *left = g_ptr_array_new();
  g_autoptr(GPtrArray) candidates = g_ptr_array_new_with_free_func((GDestroyNotify)mapping_recipient_free);
  for (guint i = 0; i < job->recipients->len; i++) {
    const struct mapping_recipient *outcome = job->recipients->pdata[i];
    const recipient_fields *fields = may_go_on(job, outcome) ? fields_of(apdu, outcome->ordinal) : NULL;
    g_autoptr(asn1_value_t) alternate = fields ? alternate_of(apdu, fields) : NULL;
    if (!alternate)
      continue;
    struct mapping_recipient *candidate = mapping_recipient_new(outcome->ordinal);
    candidate->redirected_us = job->now_us;
    g_ptr_array_add(candidates, candidate);
  }
  g_autoptr(mapping_result_t) read = candidates->len ? read_redirected(context, job, candidates) : NULL;
  for (guint i = 0; i < job->recipients->len; i++) {
    struct mapping_recipient *outcome = job->recipients->pdata[i];
    const struct mapping_recipient *served = read && with_ordinal(candidates, outcome->ordinal)
                                                 ? with_ordinal(read->recipients, outcome->ordinal)
                                                 : NULL;
    if (!served || served->failed || !served->hop) {
      g_ptr_array_add(left, outcome);
      continue;
    }
    struct mapping_recipient *redirected = job_recipient_copy(served);
    redirected->redirected_us = job->now_us;
    redirected->fallbacks = g_strdup(served->fallbacks);
    g_ptr_array_add(result->redirected, redirected);
  }
  return left;
}

/* --- the envelope as it goes on --- */

static void drop_extension(recipient_fields *fields, long number)
{
  struct ExtensionField *field = x400_extension(fields->extensions, number);
  for (int i = 0; field && i < fields->extensions->list.count; i++) {
    if (fields->extensions->list.array[i] != field)
      continue;
    asn_set_del(&fields->extensions->list, i, 0);
    ASN_STRUCT_FREE(asn_DEF_ExtensionField, field);
    field = NULL;
  }
}

/* Fills a member that is empty with a copy; false: it cannot be copied. */
static bool copy_name(const struct asn1_value *from, const ORName_t *name, ORName_t *member)
{
  ORName_t *copy = x400_copy(from, &asn_DEF_ORName, name);
  if (!copy)
    return false;
  *member = *copy;
  free(copy); /* the outermost block alone: what it points to is the member's now */
  return true;
}

static void redirect(const struct mapping_recipient *recipient, struct asn1_value *apdu,
                     recipient_fields *fields, const struct asn1_value *alternate)
{
  g_autoptr(asn1_value_t) history = history_of(apdu, fields);
  if (!history)
    history = asn1_value_new(&asn_DEF_RedirectionHistory);
  RedirectionHistory_t *list = asn1_value_get(history);
  Redirection_t *step = asn1_new_field(Redirection_t);
  const struct mail_time time = job_time(recipient->redirected_us);
  asn_sequence_add(&list->list, step);
  ORName_t name;
  if (!copy_name(apdu, &fields->recipient_name, &step->intended_recipient_name.intended_recipient) ||
      !copy_name(alternate, asn1_value_get(alternate), &name))
    return;
  x400_time_put(&time, &step->intended_recipient_name.redirection_time);
  step->redirection_reason = RedirectionReason_originator_requested_alternate_recipient;
  ASN_STRUCT_FREE_CONTENTS_ONLY(asn_DEF_ORName, &fields->recipient_name);
  fields->recipient_name = name;
  drop_extension(fields, StandardExtension_redirection_history);
  drop_extension(fields, StandardExtension_originator_requested_alternate_recipient);
  x400_extension_add(apdu, &fields->extensions, StandardExtension_redirection_history, 0,
                     &asn_DEF_RedirectionHistory, list);
}

void redirection_apply(const struct mapping_job *job, struct asn1_value *apdu)
{
  for (guint i = 0; i < job->recipients->len; i++) {
    const struct mapping_recipient *recipient = job->recipients->pdata[i];
    recipient_fields *fields = recipient->redirected_us ? fields_of(apdu, recipient->ordinal) : NULL;
    g_autoptr(asn1_value_t) alternate = fields ? alternate_of(apdu, fields) : NULL;
    if (alternate)
      redirect(recipient, apdu, fields, alternate);
  }
}
