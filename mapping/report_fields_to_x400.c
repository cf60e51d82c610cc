/* report_fields_to_x400.c - contract: report_fields.h; RFC 2156 5.1.8.3, and 5.1.8.5 for what MIXER's own
 * fields give back. */
#include "mapping/envelope.h"
#include "mapping/mail_address.h"
#include "mapping/mailbox.h"
#include "mapping/report.h"
#include "mapping/report_codes.h"
#include "mapping/report_fields.h"
#include "mapping/trace.h"

#include <stdlib.h>
#include <string.h>

#include <ContentCorrelator.h>
#include <LastTraceInformation.h>
#include <ORName.h>
#include <OriginatorAndDLExpansion.h>
#include <OriginatorAndDLExpansionHistory.h>
#include <PerRecipientIndicators.h>
#include <PerRecipientReportTransferFields.h>
#include <RFC822FieldList.h>
#include <Redirection.h>
#include <RedirectionHistory.h>
#include <Report.h>
#include <ReportTransferContent.h>

enum {
  SUPPLEMENT_MAX = 256, /* ub-supplementary-info-length */
  CONTENT_ID_MAX = 16,  /* ub-content-id-length */
  CORRELATOR_MAX = 500,
  NUMBER_MAX = 32767,
  STEPS_MAX = 512 /* redirections, expansions */
};
static const char SUBJECT_PREFIX[] = "X400-MTS-Identifier:";

/* What a row reads and where it writes. */
struct report_making {
  struct to_x400 *to;
  struct asn1_value *value;
  Report_t *report;
  const struct delivery_status *status;
  const struct status_recipient *source;
  PerRecipientReportTransferFields_t *fields;
};

/* --- addresses --- */

struct or_address *report_typed_address(struct to_x400 *to, const char *typed)
{
  g_autofree char *type = NULL;
  g_autofree char *address = delivery_status_address(typed, &type);
  if (!address)
    return NULL;
  return strcmp(type, "x400") == 0 ? or_address_parse(address, NULL)
                                   : address_to_or(to->context, address, ADDRESS_HEADING, NULL, NULL);
}

/* A mailbox in a field of the gateway's own, comments aside. */
static struct or_address *plain_address(struct to_x400 *to, const char *body)
{
  g_autoptr(GPtrArray) list = mail_addresses_parse(to->context->charsets, body, 1, NULL);
  const struct mail_address *first = list->len ? list->pdata[0] : NULL;
  if (first && first->mailbox)
    return address_to_or(to->context, first->mailbox, ADDRESS_HEADING, NULL, NULL);
  return *body == '/' ? or_address_parse(body, NULL) : NULL; /* of one that has no mailbox */
}

const struct mapping_recipient *report_known_recipient(const struct mapping_subject *subject,
                                                       const struct status_recipient *recipient)
{
  for (guint i = 0; subject->known && i < subject->recipients->len; i++) {
    const struct mapping_recipient *known = subject->recipients->pdata[i];
    if (delivery_status_names(recipient->original, known->mapped) ||
        delivery_status_names(recipient->final, known->mapped))
      return known;
  }
  /* forwarded on the way, by a system that does not say from where: there is only one it can be */
  return subject->known && subject->recipients->len == 1 ? subject->recipients->pdata[0] : NULL;
}

bool report_is_final(const struct status_recipient *recipient)
{
  return strcmp(recipient->action, "failed") == 0 || strcmp(recipient->action, "delivered") == 0;
}

/* --- extension lists --- */

void report_add_list(struct to_x400 *to, struct asn1_value *value, struct Extensions **extensions,
                     enum oid oid, GPtrArray *fields)
{
  if (fields->len == 0)
    return;
  if (!to->peer->private_extensions) {
    mapping_loss(to->losses,
                 "dsn fields: left out of the report (RFC 2156 5.1.8.2): the peer takes no private "
                 "extensions; the returned content has them");
    return;
  }
  g_autoptr(asn1_value_t) list = x400_field_list_new(fields);
  x400_private_extension_add(value, extensions, oid, &asn_DEF_RFC822FieldList, asn1_value_get(list));
}

/* --- rows: fields that give an element back --- */

typedef void make_function(struct report_making *making, const char *body);

static void make_content_identifier(struct report_making *making, const char *body)
{
  making->report->content.content_identifier = x400_printable_new(body, CONTENT_ID_MAX);
}

static void put_correlator(struct report_making *making, const char *prefix, const char *body)
{
  ContentCorrelator_t correlator = {.present = ContentCorrelator_PR_ia5text};
  g_autofree char *ascii = x400_ascii(body);
  g_autofree char *text = g_strdup_printf("%s%.*s", prefix, CORRELATOR_MAX, ascii);
  struct OCTET_STRING *string = asn1_new_string(text);
  correlator.choice.ia5text = *string;
  x400_extension_add(making->value, &making->report->content.extensions, StandardExtension_content_correlator,
                     0, &asn_DEF_ContentCorrelator, &correlator);
  ASN_STRUCT_FREE_CONTENTS_ONLY(asn_DEF_IA5String, string);
  free(string);
}

static void make_correlator(struct report_making *making, const char *body)
{
  put_correlator(making, "", body);
}

/* Then Original-Envelope-Id was the sender's own ENVID: it came in the correlator (appendix A 3.1). */
static void make_envid(struct report_making *making, const char *body)
{
  (void)body;
  if (making->status->envelope_id &&
      !x400_extension(making->report->content.extensions, StandardExtension_content_correlator))
    put_correlator(making, "SMTP/NOTARY ENVID: ", making->status->envelope_id);
}

static void make_original_types(struct report_making *making, const char *body)
{
  g_autoptr(eit_set_t) types = eit_parse(body);
  if (!making->report->content.original_encoded_information_types)
    making->report->content.original_encoded_information_types = eit_to_asn1(types);
}

/* The newest stands first. */
static void make_subject_trace(struct report_making *making, const char *body)
{
  (void)body;
  g_autoptr(GPtrArray) trace = trace_list_new();
  for (guint i = making->status->fields->len; i-- > 0;) {
    static const char name[] = "X400-Subject-Intermediate-Trace-Information:";
    const char *field = making->status->fields->pdata[i];
    struct trace_element *element =
        g_ascii_strncasecmp(field, name, strlen(name)) == 0 ? trace_parse(field + strlen(name)) : NULL;
    if (element)
      g_ptr_array_add(trace, element);
  }
  if (!trace->len || making->report->content.subject_intermediate_trace_information)
    return;
  struct TraceInformation *information = asn1_new_field(TraceInformation_t);
  struct Extensions *none = NULL;
  trace_to_asn1(trace, making->value, information, &none);
  if (none) /* internal trace has no place there */
    ASN_STRUCT_FREE(asn_DEF_Extensions, none);
  making->report->content.subject_intermediate_trace_information = information;
}

/* "mailbox; date;" */
static bool parse_step(struct to_x400 *to, const char *body, struct or_address **address_r,
                       struct mail_time *time_r)
{
  g_autofree char *text = g_strchomp(g_strdup(body));
  gsize length = strlen(text);
  if (length && text[length - 1] == ';')
    text[length - 1] = '\0';
  char *semicolon = strrchr(text, ';');
  if (!semicolon || !mail_time_parse(semicolon + 1, time_r))
    return false;
  *semicolon = '\0';
  *address_r = plain_address(to, text);
  return *address_r != NULL;
}

/* The newest stands first; the oldest is the originator. */
static void make_dl_history(struct report_making *making, const char *body)
{
  (void)body;
  static const char name[] = "X400-Originator-and-DL-Expansion-History:";
  if (x400_extension(making->report->envelope.extensions,
                     StandardExtension_originator_and_DL_expansion_history))
    return;
  g_autoptr(asn1_value_t) made = asn1_value_new(&asn_DEF_OriginatorAndDLExpansionHistory);
  OriginatorAndDLExpansionHistory_t *history = asn1_value_get(made);
  for (guint i = making->status->fields->len; i-- > 0 && history->list.count < STEPS_MAX;) {
    const char *field = making->status->fields->pdata[i];
    g_autoptr(or_address_t) address = NULL;
    struct mail_time time;
    if (g_ascii_strncasecmp(field, name, strlen(name)) != 0 ||
        !parse_step(making->to, field + strlen(name), &address, &time))
      continue;
    OriginatorAndDLExpansion_t *step = asn1_new_field(OriginatorAndDLExpansion_t);
    or_address_to_asn1(address, made, &step->originator_or_dl_name);
    x400_time_put(&time, &step->origination_or_expansion_time);
    asn_sequence_add(&history->list, step);
  }
  if (history->list.count)
    x400_extension_add(making->value, &making->report->envelope.extensions,
                       StandardExtension_originator_and_DL_expansion_history, 0,
                       &asn_DEF_OriginatorAndDLExpansionHistory, history);
}

static void put_name(struct report_making *making, const char *body, long number,
                     struct Extensions **extensions)
{
  g_autoptr(or_address_t) address = plain_address(making->to, body);
  if (!address || x400_extension(*extensions, number))
    return;
  g_autoptr(asn1_value_t) value = asn1_value_new(&asn_DEF_ORName);
  or_address_to_asn1(address, value, asn1_value_get(value));
  x400_extension_add(making->value, extensions, number, 0, &asn_DEF_ORName, asn1_value_get(value));
}

static void make_reporting_dl(struct report_making *making, const char *body)
{
  put_name(making, body, StandardExtension_reporting_DL_name, &making->report->envelope.extensions);
}

static const struct row {
  const char *field;
  make_function *make;
} message_rows[] = {
    {"X400-Content-Identifier", make_content_identifier},                /* R6: 5.1.8.5 */
    {"X400-Content-Correlator", make_correlator},                        /* R6: 5.1.8.5 */
    {"X400-Subject-Submision-Identifier", make_envid},                   /* R6: 5.1.8.5 */
    {"X400-Original-Encoded-Information-Types", make_original_types},    /* R6: 5.1.8.5 */
    {"X400-Encoded-Info", make_original_types},                          /* R6: checklist section 9, 1 */
    {"X400-Subject-Intermediate-Trace-Information", make_subject_trace}, /* R6: 5.1.8.5 */
    {"X400-Originator-and-DL-Expansion-History", make_dl_history},       /* R6: 5.1.8.5 */
    {"X400-Reporting-DL-Name", make_reporting_dl},                       /* R6: 5.1.8.5 */
};

static void make_delivery_time(struct report_making *making, const char *body)
{
  ReportType_t *type = &making->fields->last_trace_information.report_type;
  struct mail_time time;
  if (type->present == ReportType_PR_delivery && mail_time_parse(body, &time)) {
    ASN_STRUCT_FREE_CONTENTS_ONLY(asn_DEF_Time, &type->choice.delivery.message_delivery_time);
    memset(&type->choice.delivery.message_delivery_time, 0,
           sizeof type->choice.delivery.message_delivery_time);
    x400_time_put(&time, &type->choice.delivery.message_delivery_time);
  }
}

/* EBNF.labelled-integer: only the number counts. */
static void make_user(struct report_making *making, const char *body)
{
  ReportType_t *type = &making->fields->last_trace_information.report_type;
  const char *open = strchr(body, '(');
  if (type->present == ReportType_PR_delivery && open && g_ascii_isdigit(open[1]) &&
      !type->choice.delivery.type_of_MTS_user)
    type->choice.delivery.type_of_MTS_user = x400_long(CLAMP(atol(open + 1), 0, 256));
}

static void make_converted(struct report_making *making, const char *body)
{
  g_autofree char *text = g_strdup(body);
  text[strcspn(text, ";")] = '\0';
  g_autoptr(eit_set_t) types = eit_parse(text);
  LastTraceInformation_t *last = &making->fields->last_trace_information;
  if (!last->converted_encoded_information_types && (types->built_in || types->oids->len))
    last->converted_encoded_information_types = eit_to_asn1(types);
}

/* "[types] date": the types are those of the row above. */
static void make_last_trace(struct report_making *making, const char *body)
{
  static const char *const days[] = {"Mon,", "Tue,", "Wed,", "Thu,", "Fri,", "Sat,", "Sun,"};
  const char *date = body;
  for (guint i = 0; i < G_N_ELEMENTS(days); i++) {
    const char *found = strstr(body, days[i]);
    date = found ? found : date;
  }
  g_autofree char *text = g_strdup(date);
  text[strcspn(text, ";")] = '\0';
  struct mail_time time;
  LastTraceInformation_t *last = &making->fields->last_trace_information;
  if (!mail_time_parse(text, &time))
    return;
  ASN_STRUCT_FREE_CONTENTS_ONLY(asn_DEF_Time, &last->arrival_time);
  memset(&last->arrival_time, 0, sizeof last->arrival_time);
  x400_time_put(&time, &last->arrival_time);
}

/* <"> text <"> ";" */
static void make_supplement(struct report_making *making, const char *body)
{
  g_autofree char *text = g_strchomp(g_strdup(body));
  gsize length = strlen(text);
  if (length && text[length - 1] == ';')
    text[--length] = '\0';
  bool quoted = length >= 2 && text[0] == '"' && text[length - 1] == '"';
  if (quoted)
    text[length - 1] = '\0';
  if (!making->fields->supplementary_information && *text)
    making->fields->supplementary_information = x400_printable_new(text + (quoted ? 1 : 0), SUPPLEMENT_MAX);
}

static void make_number(struct report_making *making, const char *body)
{
  making->fields->originally_specified_recipient_number = CLAMP(atol(body), 1, NUMBER_MAX);
}

/* "intended recipient MAILBOX redirected to REASON on DATE", the earliest first, in X.411 too. */
static bool parse_redirection(struct report_making *making, const char *body, struct asn1_value *value,
                              Redirection_t *redirection)
{
  static const char begin[] = "intended recipient ", middle[] = " redirected to ", end[] = " on ";
  const char *reason = strstr(body, middle);
  const char *date = reason ? strstr(reason + strlen(middle), end) : NULL;
  struct mail_time time;
  if (!date || g_ascii_strncasecmp(body, begin, strlen(begin)) != 0 ||
      !mail_time_parse(date + strlen(end), &time))
    return false;
  g_autofree char *mailbox = g_strndup(body + strlen(begin), (gsize)(reason - body) - strlen(begin));
  g_autofree char *words = g_strndup(reason + strlen(middle), (gsize)(date - reason) - strlen(middle));
  g_autoptr(or_address_t) address = plain_address(making->to, mailbox);
  if (!address)
    return false;
  long number = 0;
  while (number < 5 && strcmp(envelope_redirection_reason(number), words) != 0)
    number++;
  or_address_to_asn1(address, value, &redirection->intended_recipient_name.intended_recipient);
  x400_time_put(&time, &redirection->intended_recipient_name.redirection_time);
  redirection->redirection_reason = number % 5;
  return true;
}

static void make_redirections(struct report_making *making, const char *body)
{
  (void)body;
  static const char name[] = "X400-Redirection-History:";
  if (x400_extension(making->fields->extensions, StandardExtension_redirection_history))
    return;
  g_autoptr(asn1_value_t) value = asn1_value_new(&asn_DEF_RedirectionHistory);
  RedirectionHistory_t *history = asn1_value_get(value);
  for (guint i = 0; i < making->source->fields->len && history->list.count < STEPS_MAX; i++) {
    const char *field = making->source->fields->pdata[i];
    if (g_ascii_strncasecmp(field, name, strlen(name)) != 0)
      continue;
    Redirection_t *redirection = asn1_new_field(Redirection_t);
    if (parse_redirection(making, g_strchug((char *)field + strlen(name)), value, redirection))
      asn_sequence_add(&history->list, redirection);
    else
      ASN_STRUCT_FREE(asn_DEF_Redirection, redirection);
  }
  if (history->list.count)
    x400_extension_add(making->value, &making->fields->extensions, StandardExtension_redirection_history, 0,
                       &asn_DEF_RedirectionHistory, history);
}

static void make_forwarding(struct report_making *making, const char *body)
{
  put_name(making, body, StandardExtension_physical_forwarding_address, &making->fields->extensions);
}

static const struct row recipient_rows[] = {
    {"X400-Delivery-Time", make_delivery_time},                  /* R6: 5.1.8.5 */
    {"X400-Type-of-MTS-User", make_user},                        /* R6: 5.1.8.5 */
    {"X400-Converted-EITs", make_converted},                     /* R6: 5.1.8.5 */
    {"X400-Last-Trace", make_last_trace},                        /* R6: 5.1.8.5 */
    {"X400-Supplementary-Info", make_supplement},                /* R6: 5.1.8.5 */
    {"X400-Originally-Specified-Recipient-Number", make_number}, /* R6: 5.1.8.5 */
    {"X400-Redirection-History", make_redirections},             /* R6: 5.1.8.5 */
    {"X400-Physical-Forwarding-Address", make_forwarding},       /* R6: 5.1.8.5 */
};

static void run_rows(struct report_making *making, const struct row *rows, gsize count, GPtrArray *fields)
{
  for (gsize i = 0; i < count; i++) {
    const char *body = delivery_status_field(fields, rows[i].field);
    if (body)
      rows[i].make(making, body);
  }
}

/* --- a recipient --- */

/* "Reason n (..); Diagnostic n (..)" behind "x400;": the exact codes, which the status alone would not give
 * back. */
static void codes_of(const struct status_recipient *recipient, gint *reason, gint *diagnostic)
{
  enum { CODES_MAX = 32767 }; /* ub-reason-codes, ub-diagnostic-codes */
  const char *code = recipient->diagnostic;
  report_reason(recipient->status, reason, diagnostic);
  const char *number =
      code && g_ascii_strncasecmp(code, "x400;", 5) == 0 ? strstr(code + 5, "Reason ") : NULL;
  if (!number || !g_ascii_isdigit(number[strlen("Reason ")]))
    return;
  *reason = CLAMP(atoi(number + strlen("Reason ")), 0, CODES_MAX);
  number = strstr(number, "; Diagnostic ");
  *diagnostic = number && g_ascii_isdigit(number[strlen("; Diagnostic ")])
                    ? CLAMP(atoi(number + strlen("; Diagnostic ")), 0, CODES_MAX)
                    : REPORT_NO_DIAGNOSTIC;
}

/* Who is reported on, as the subject's originator wrote the address where the queue still knows it; and, when
 * the mail went elsewhere, who was meant. */
static bool put_recipients(struct report_making *making, const struct mapping_recipient *known)
{
  const struct status_recipient *source = making->source;
  struct to_x400 *to = making->to;
  const char *redirect = delivery_status_field(source->fields, "X400-Redirect-Recipient");
  g_autoptr(or_address_t) final = report_typed_address(to, redirect ? redirect : source->final);
  g_autoptr(or_address_t) meant = report_typed_address(to, source->original);
  g_autoptr(or_address_t) wrote = known ? or_address_parse(known->address, NULL) : NULL;
  if (redirect && !meant)
    meant = report_typed_address(to, source->final);
  if (wrote && (!final || delivery_status_names(source->final, known->mapped))) {
    g_clear_pointer(&final, or_address_free);
    final = or_address_copy(wrote);
  } else if (wrote) {
    g_clear_pointer(&meant, or_address_free);
    meant = or_address_copy(wrote);
  }
  const struct or_address *actual = final ? final : meant;
  if (!actual)
    return false;
  or_address_to_asn1(actual, making->value, &making->fields->actual_recipient_name);
  if (meant && !or_address_equal(meant, actual)) {
    making->fields->originally_intended_recipient_name = asn1_new_field(ORName_t);
    or_address_to_asn1(meant, making->value, making->fields->originally_intended_recipient_name);
  }
  return true;
}

/* What went into no element; the per recipient extension list has all fields but those (5.1.8.3). Status
 * belongs here although the text puts it into the per report list (checklist section 9, 17). */
static GPtrArray *rest_of(const struct status_recipient *recipient)
{
  const struct {
    const char *name, *body;
  } own[] = {{"Status", recipient->status},
             {"Remote-MTA", recipient->remote},
             {"Diagnostic-Code", recipient->diagnostic}};
  GPtrArray *fields = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < G_N_ELEMENTS(own); i++)
    if (own[i].body)
      g_ptr_array_add(fields, g_strdup_printf("%s: %s", own[i].name, own[i].body));
  for (guint i = 0; i < recipient->fields->len; i++)
    g_ptr_array_add(fields, g_strdup(recipient->fields->pdata[i]));
  return fields;
}

static void put_outcome(struct report_making *making, const struct mail_time *arrival)
{
  const struct status_recipient *source = making->source;
  ReportType_t *type = &making->fields->last_trace_information.report_type;
  if (strcmp(source->action, "failed") != 0) {
    type->present = ReportType_PR_delivery;
    x400_time_put(arrival, &type->choice.delivery.message_delivery_time);
    return;
  }
  gint reason, diagnostic;
  codes_of(source, &reason, &diagnostic);
  type->present = ReportType_PR_non_delivery;
  type->choice.non_delivery.non_delivery_reason_code = reason;
  if (diagnostic >= 0)
    type->choice.non_delivery.non_delivery_diagnostic_code = x400_long(diagnostic);
  bool x400 = source->diagnostic && g_ascii_strncasecmp(source->diagnostic, "x400;", 5) == 0;
  if (delivery_status_field(source->fields, "X400-Supplementary-Info") || x400)
    return;
  g_autofree char *words = source->diagnostic
                               ? g_strdup(source->diagnostic)
                               : g_strdup_printf("%s %s", source->status ? source->status : "5.0.0",
                                                 report_status_words(source->status));
  making->fields->supplementary_information = x400_printable_new(words, SUPPLEMENT_MAX);
}

bool report_add_recipient(struct to_x400 *to, const struct mapping_subject *subject, struct asn1_value *value,
                          struct Report *report, const struct delivery_status *status,
                          const struct status_recipient *recipient)
{
  if (!report_is_final(recipient))
    return false;
  bool failed = strcmp(recipient->action, "failed") == 0;
  const struct mapping_recipient *known = report_known_recipient(subject, recipient);
  PerRecipientReportTransferFields_t *fields = asn1_new_field(PerRecipientReportTransferFields_t);
  struct report_making making = {to, value, report, status, recipient, fields};
  if (!put_recipients(&making, known)) {
    ASN_STRUCT_FREE(asn_DEF_PerRecipientReportTransferFields, fields);
    return false;
  }
  fields->originally_specified_recipient_number =
      known && known->number ? (long)known->number : report->content.per_recipient_fields.list.count + 1;
  /* A DSN comes to who asked for it: the originator's bits say so (X.411 12.2.1.3; those of the MTA do not
   * count). */
  x400_bits_put(&fields->per_recipient_indicators,
                failed ? 1u << PerRecipientIndicators_originating_MTA_non_delivery_report |
                             1u << PerRecipientIndicators_originator_non_delivery_report
                       : 1u << PerRecipientIndicators_originating_MTA_report |
                             1u << PerRecipientIndicators_originator_report,
                8);
  const struct mail_time *arrival = status->has_arrival ? &status->arrival : &to->now;
  x400_time_put(arrival, &fields->last_trace_information.arrival_time);
  put_outcome(&making, arrival);
  run_rows(&making, recipient_rows, G_N_ELEMENTS(recipient_rows), recipient->fields);
  g_autoptr(GPtrArray) rest = rest_of(recipient);
  report_add_list(to, value, &fields->extensions, OID_DSN_FIELD_LIST, rest);
  asn_sequence_add(&report->content.per_recipient_fields.list, fields);
  return true;
}

/* --- the message --- */

char *report_subject_text(const struct delivery_status *status)
{
  const char *other = delivery_status_field(status->fields, "X400-Subject-Submision-Identifier");
  if (!other)
    other = delivery_status_field(status->fields, "X400-Subject-Submission-Identifier");
  const char *id = other ? other : status->envelope_id;
  if (!id)
    return NULL;
  g_autofree char *text =
      g_ascii_strncasecmp(id, "X400-MTS-Identifier:+20", 23) == 0 ? delivery_status_xtext(id) : g_strdup(id);
  char *start = text;
  if (g_ascii_strncasecmp(start, SUBJECT_PREFIX, strlen(SUBJECT_PREFIX)) == 0)
    start += strlen(SUBJECT_PREFIX);
  g_strstrip(start);
  return *start == '[' ? g_strdup(start) : NULL;
}

static void put_subject(struct to_x400 *to, const struct mapping_subject *subject,
                        MTSIdentifier_t *identifier, const struct delivery_status *status,
                        struct mapping_result *result)
{
  struct mts_identifier known = {{0}, NULL};
  g_autofree char *told = report_subject_text(status);
  const char *text = told ? told : subject->known ? subject->mts_id : NULL;
  if (text && mts_identifier_parse(text, &known)) {
    x400_identifier_put(&known.gdi, known.local, identifier);
    job_identifier_add(result, "subject-mts-id", text);
  } else {
    /* the field is mandatory: nobody knows the subject by this one (RFC 2156 5.1.8.3) */
    g_autofree char *local = g_strdup_printf("unknown.%s", to->id);
    x400_identifier_put(job_domain(to->context, to->peer), local, identifier);
  }
  mts_identifier_clear(&known);
}

static GPtrArray *message_fields(const struct delivery_status *status)
{
  GPtrArray *fields = g_ptr_array_new_with_free_func(g_free);
  const struct {
    const char *name, *body;
  } own[] = {{"Original-Envelope-Id", status->envelope_id},
             {"Reporting-MTA", status->reporting_mta},
             {"DSN-Gateway", status->gateway}};
  for (guint i = 0; i < G_N_ELEMENTS(own); i++)
    if (own[i].body)
      g_ptr_array_add(fields, g_strdup_printf("%s: %s", own[i].name, own[i].body));
  for (guint i = 0; i < status->fields->len; i++)
    g_ptr_array_add(fields, g_strdup(status->fields->pdata[i]));
  return fields;
}

void report_add_message(struct to_x400 *to, const struct mapping_subject *subject, struct asn1_value *value,
                        struct Report *report, const struct delivery_status *status,
                        struct mapping_result *result)
{
  struct report_making making = {.to = to, .value = value, .report = report, .status = status};
  put_subject(to, subject, &report->content.subject_identifier, status, result);
  run_rows(&making, message_rows, G_N_ELEMENTS(message_rows), status->fields);
  g_autoptr(GPtrArray) fields = message_fields(status);
  report_add_list(to, value, &report->content.extensions, OID_DSN_FIELD_LIST, fields);
}
