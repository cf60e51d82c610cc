/* edin.c - EDI notifications (X.435 9) <-> message disposition notifications (RFC 8098): contract in edim.h.
 *
 *   PN  responsibility was accepted       Disposition: ...; processed
 *   NN  it was refused                    Disposition: ...; processed/error, the reason in Error
 *   FN  it was forwarded to another       Disposition: ...; dispatched
 *
 * That is for mail programs; X400-EDI-Notification in the same part holds every element, and is what is read
 * back. */
#include "mapping/edim.h"
#include "mapping/job_io.h"

#include <string.h>

#include <EDIInformationObject.h>
#include <EDIMExtensions.h>
#include <EDINSecurityElements.h>
#include <ORName.h>
#include <named_numbers.h>

#define ROWS(rows) rows, G_N_ELEMENTS(rows)

static const struct edi_element common[] = {
    {"subject-user", EDI_NAME_IN, offsetof(EDINCommonFields_t, subject_edim.user), NULL},
    {"subject", EDI_STRING_IN, offsetof(EDINCommonFields_t, subject_edim.user_relative_identifier), NULL},
    {"originator", EDI_NAME_IN, offsetof(EDINCommonFields_t, edin_originator), NULL},
    {"first-recipient", EDI_NAME, offsetof(EDINCommonFields_t, first_recipient), NULL},
    {"time", EDI_STRING_IN, offsetof(EDINCommonFields_t, notification_time), NULL},
    {"security", EDI_ENCODED, offsetof(EDINCommonFields_t, notification_security_elements),
     &asn_DEF_EDINSecurityElements},
    {"initiator", EDI_NUMBER_IN, offsetof(EDINCommonFields_t, edin_initiator), NULL},
    {"common-extensions", EDI_ENCODED, offsetof(EDINCommonFields_t, notifications_extensions),
     &asn_DEF_EDIMExtensions},
};
static const struct edi_table common_table = {ROWS(common), sizeof(EDINCommonFields_t)};

static const struct edi_element positive[] = {
    {"information", EDI_STRING, offsetof(PositiveNotification_t, pn_supplementary_information), NULL},
    {"extensions", EDI_ENCODED, offsetof(PositiveNotification_t, pn_extensions), &asn_DEF_EDIMExtensions},
};
static const struct edi_element negative[] = {
    {"information", EDI_STRING, offsetof(NegativeNotification_t, nn_supplementary_information), NULL},
    {"extensions", EDI_ENCODED, offsetof(NegativeNotification_t, nn_extensions), &asn_DEF_EDIMExtensions},
};
static const struct edi_element forwarded[] = {
    {"forwarded-to", EDI_NAME_IN, offsetof(ForwardedNotification_t, forwarded_to), NULL},
    {"information", EDI_STRING, offsetof(ForwardedNotification_t, fn_supplementary_information), NULL},
    {"extensions", EDI_ENCODED, offsetof(ForwardedNotification_t, fn_extensions), &asn_DEF_EDIMExtensions},
};

/* The three reasons' codes have one form; whose: the alternative. */
static const struct edi_element code[] = {
    {"code", EDI_NUMBER_IN, offsetof(NNUAMSReasonCode_t, basic_code), NULL},
    {"diagnostic", EDI_NUMBER, offsetof(NNUAMSReasonCode_t, diagnostic), NULL},
};
static const struct edi_table code_table = {ROWS(code), sizeof(NNUAMSReasonCode_t)};
static const char *const reporters[] = {"ua-ms", "user", "pdau"};
static const char *const code_types[2][3] = {{"NNUAMSBasicCode", "NNUserBasicCode", "NNPDAUBasicCode"},
                                             {"FNUAMSBasicCode", "FNUserBasicCode", "FNPDAUBasicCode"}};

/* What differs among the kinds. */
static const struct kind {
  EDIN_PR present;
  const char *value, *disposition, *subject, *words;
  struct edi_table table;
  size_t common;
} kinds[] = {
    {EDIN_PR_positive_notification,
     "positive",
     "processed",
     "EDI notification: accepted",
     "was accepted: its recipient has taken responsibility for it",
     {ROWS(positive), 0},
     offsetof(PositiveNotification_t, pn_common_fields)},
    {EDIN_PR_negative_notification,
     "negative",
     "processed/error",
     "EDI notification: refused",
     "was refused: its recipient has not taken responsibility for it",
     {ROWS(negative), 0},
     offsetof(NegativeNotification_t, nn_common_fields)},
    {EDIN_PR_forwarded_notification,
     "forwarded",
     "dispatched",
     "EDI notification: forwarded",
     "was forwarded: another is to take responsibility for it",
     {ROWS(forwarded), 0},
     offsetof(ForwardedNotification_t, fn_common_fields)},
};

/* --- from X.400 --- */

/* The reason's alternative and codes; false: the kind has none. */
static bool reason_of(const EDIN_t *edin, int *reporter_r, const NNUAMSReasonCode_t **code_r, int *type_r)
{
  if (edin->present == EDIN_PR_negative_notification) {
    const NNReasonCode_t *reason = &edin->choice.negative_notification.nn_reason_code;
    *reporter_r = (int)reason->present - (int)NNReasonCode_PR_nn_ua_ms_reason_code;
    *code_r = &reason->choice.nn_ua_ms_reason_code;
    *type_r = 0;
    return *reporter_r >= 0;
  }
  if (edin->present != EDIN_PR_forwarded_notification)
    return false;
  const FNReasonCode_t *reason = &edin->choice.forwarded_notification.fn_reason_code;
  *reporter_r = (int)reason->present - (int)FNReasonCode_PR_fn_ua_ms_reason_code;
  *code_r = (const void *)&reason->choice.fn_ua_ms_reason_code;
  *type_r = 1;
  return *reporter_r >= 0;
}

static char *reason_text(const EDIN_t *edin)
{
  int reporter, type;
  const NNUAMSReasonCode_t *reason;
  if (!reason_of(edin, &reporter, &reason, &type))
    return NULL;
  const char *name = named_number(code_types[type][reporter], reason->basic_code);
  const char *diagnostic =
      reason->diagnostic && !reporter
          ? named_number(type ? "FNUAMSDiagnostic" : "NNUAMSDiagnostic", *reason->diagnostic)
          : NULL;
  return g_strdup_printf("%s (%ld)%s%s", name ? name : "reason", reason->basic_code, diagnostic ? ", " : "",
                         diagnostic ? diagnostic : "");
}

static char *mailbox_of(struct from_x400 *from, const struct ORName *name)
{
  g_autoptr(or_address_t) address = or_address_from_asn1(from->value, name, NULL);
  return address ? address_from_or(from->context, address, ADDRESS_HEADING, NULL, NULL) : NULL;
}

/* For people. */
static void write_words(struct from_x400 *from, const struct kind *kind, const EDIN_t *edin,
                        const EDINCommonFields_t *fields, const char *subject)
{
  g_autofree char *who = mailbox_of(from, &fields->edin_originator), *reason = reason_text(edin);
  g_autoptr(GString) text = g_string_new(NULL);
  struct mail_time time;
  g_string_append_printf(text, "Your EDI message %s\r\nto %s\r\n%s", subject, who ? who : "an X.400 user",
                         kind->words);
  if (reason)
    g_string_append_printf(text, ",\r\nfor this reason: %s", reason);
  if (edin->present == EDIN_PR_forwarded_notification) {
    g_autofree char *to = mailbox_of(from, &edin->choice.forwarded_notification.forwarded_to);
    g_string_append_printf(text, ",\r\nto %s", to ? to : "another X.400 user");
  }
  g_string_append(text, ".\r\n");
  if (x400_time_get(&fields->notification_time, &time)) {
    g_string_append(text, "Time: ");
    mail_time_format(&time, text);
    g_string_append(text, "\r\n");
  }
  mime_writer_octets(from->writer, text->str, text->len);
}

static void write_machine_part(struct from_x400 *from, const struct kind *kind, const EDIN_t *edin,
                               const void *structure, const char *subject)
{
  const EDINCommonFields_t *fields = (const void *)((const char *)structure + kind->common);
  g_autofree char *who = job_or_text(from->value, &fields->edin_originator), *reason = reason_text(edin);
  g_autofree char *final = g_strdup_printf("x400; %s", who ? who : "unknown");
  mime_writer_field(from->writer, "Final-Recipient", final);
  mime_writer_field(from->writer, "Original-Message-ID", subject);
  bool automatic = fields->edin_initiator != EDINInitiator_external_ua;
  g_autofree char *disposition = g_strdup_printf(
      "%s; %s", automatic ? "automatic-action/MDN-sent-automatically" : "manual-action/MDN-sent-manually",
      kind->disposition);
  mime_writer_field(from->writer, "Disposition", disposition);
  if (reason && edin->present == EDIN_PR_negative_notification)
    mime_writer_field(from->writer, "Error", reason);
  mime_writer_value(from->writer, EDI_NOTIFICATION, kind->value);
  edi_fields_write(from->writer, from->value, &common_table, fields);
  edi_fields_write(from->writer, from->value, &kind->table, structure);
  int reporter, type;
  const NNUAMSReasonCode_t *codes;
  if (reason_of(edin, &reporter, &codes, &type)) {
    mime_writer_param(from->writer, "reporter", reporters[reporter]);
    edi_fields_write(from->writer, from->value, &code_table, codes);
  }
  mime_writer_value_end(from->writer);
}

bool edin_from_x400(struct from_x400 *from, const struct EDIInformationObject *object, const char *recipient,
                    GError **error)
{
  const EDIN_t *edin = &object->choice.edin;
  const struct kind *kind = NULL;
  for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++)
    if (kinds[i].present == edin->present)
      kind = &kinds[i];
  if (!kind) {
    g_set_error(error, MAPPING_ERROR, MAPPING_ERROR_SYNTAX, "X.435 9: a notification without kind");
    return false;
  }
  const void *structure = &edin->choice;
  const EDINCommonFields_t *fields = (const void *)((const char *)structure + kind->common);
  struct mime_writer *writer = from->writer;
  g_autofree char *subject = edim_message_id(from, &fields->subject_edim),
                  *originator = mailbox_of(from, &fields->edin_originator),
                  *boundary = mime_writer_boundary(writer);
  mime_writer_list(writer, "From");
  mime_writer_mailbox(writer, NULL, originator ? originator : from->sender, NULL);
  mime_writer_list_end(writer);
  mime_writer_list(writer, "To");
  mime_writer_mailbox(writer, NULL, recipient, NULL);
  mime_writer_list_end(writer);
  mime_writer_field(writer, "Subject", kind->subject);
  mime_writer_field(writer, "In-Reply-To", subject);
  mime_writer_field(writer, "MIME-Version", "1.0");
  mime_writer_value(writer, "Content-Type", "multipart/report");
  mime_writer_param(writer, "report-type", "disposition-notification");
  mime_writer_param(writer, "boundary", boundary);
  mime_writer_value_end(writer);
  mime_writer_end_header(writer);
  mime_writer_delimiter(writer, boundary, false);
  mime_writer_end_header(writer);
  write_words(from, kind, edin, fields, subject);
  mime_writer_delimiter(writer, boundary, false);
  mime_writer_field(writer, "Content-Type", "message/disposition-notification");
  mime_writer_end_header(writer);
  write_machine_part(from, kind, edin, structure, subject);
  mime_writer_delimiter(writer, boundary, true);
  return true;
}

/* --- to X.400 --- */

static const struct mime_part *notification_part(const struct mime_mail *mail)
{
  const struct mime_part *root = mail->root;
  if (root->kind != MIME_MULTIPART || strcmp(root->type->value, "multipart/report") != 0)
    return NULL;
  for (guint i = 0; i < root->children->len; i++) {
    const struct mime_part *part = root->children->pdata[i];
    if (!strcmp(part->type->value, "message/disposition-notification"))
      return part;
  }
  return NULL;
}

/* Fields of RFC 8098's part are its content. */
struct mime_params *edin_of_mail(const struct to_x400 *to)
{
  enum { PART_MAX = 262144 };
  const struct mime_part *part = notification_part(to->mail);
  g_autoptr(octets_t) octets = part ? mime_part_content(to->mail, part, to->spill, NULL) : NULL;
  if (!octets || octets_length(octets) > PART_MAX)
    return NULL;
  g_autoptr(octets_t) end = octets_new("\r\n\r\n", 4);
  g_autoptr(octets_t) whole = octets_concat((struct octets *[]){octets, end}, 2);
  struct mime_limits limits = to->mail->limits;
  g_autoptr(mime_mail_t) fields = mime_mail_parse(whole, to->context->charsets, &limits, NULL);
  const char *body = fields ? mime_part_field(fields->root, EDI_NOTIFICATION) : NULL;
  return body ? mime_params_parse(to->context->charsets, body) : NULL;
}

static int reporter_of(const struct mime_params *params)
{
  const char *name = mime_params_get(params, "reporter");
  for (int i = 0; name && i < 3; i++)
    if (!strcmp(reporters[i], name))
      return i;
  return 0;
}

static void read_reason(struct to_x400 *to, const struct mime_params *params, EDIN_t *edin)
{
  int reporter = reporter_of(params);
  if (edin->present == EDIN_PR_negative_notification) {
    NNReasonCode_t *reason = &edin->choice.negative_notification.nn_reason_code;
    reason->present = (NNReasonCode_PR)((int)NNReasonCode_PR_nn_ua_ms_reason_code + reporter);
    (void)edi_fields_read(params, to->value, &code_table, &reason->choice, to->losses);
  } else if (edin->present == EDIN_PR_forwarded_notification) {
    FNReasonCode_t *reason = &edin->choice.forwarded_notification.fn_reason_code;
    reason->present = (FNReasonCode_PR)((int)FNReasonCode_PR_fn_ua_ms_reason_code + reporter);
    (void)edi_fields_read(params, to->value, &code_table, &reason->choice, to->losses);
  }
}

bool edin_to_x400(struct to_x400 *to, const struct mime_params *params, GError **error)
{
  const struct kind *kind = NULL;
  for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++)
    if (!strcmp(kinds[i].value, params->value))
      kind = &kinds[i];
  if (!kind || !mime_params_get(params, "originator") || !mime_params_get(params, "subject-user")) {
    g_set_error(error, MAPPING_ERROR, MAPPING_ERROR_SYNTAX,
                "5.6.0 " EDI_NOTIFICATION " names no kind, originator or subject (X.435 9)");
    return false;
  }
  to->value = asn1_value_new(&asn_DEF_EDIInformationObject);
  EDIInformationObject_t *object = asn1_value_get(to->value);
  object->present = EDIInformationObject_PR_edin;
  EDIN_t *edin = &object->choice.edin;
  edin->present = kind->present;
  void *structure = &edin->choice;
  EDINCommonFields_t *fields = (void *)((char *)structure + kind->common);
  (void)edi_fields_read(params, to->value, &common_table, fields, to->losses);
  (void)edi_fields_read(params, to->value, &kind->table, structure, to->losses);
  read_reason(to, params, edin);
  if (!fields->notification_time.buf)
    x400_time_put(&to->now, &fields->notification_time);
  return true;
}
