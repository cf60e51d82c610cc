/* report_fields_from_x400.c - contract: report_fields.h; RFC 2156 5.3.8.1 and 5.3.8.3. */
#include "mapping/envelope.h"
#include "mapping/report.h"
#include "mapping/report_codes.h"
#include "mapping/report_fields.h"
#include "mapping/trace.h"

#include <ContentCorrelator.h>
#include <ExtensionField.h>
#include <LastTraceInformation.h>
#include <ORName.h>
#include <OriginatorAndDLExpansion.h>
#include <OriginatorAndDLExpansionHistory.h>
#include <PerRecipientReportTransferFields.h>
#include <Redirection.h>
#include <RedirectionHistory.h>
#include <Report.h>
#include <ReportTransferContent.h>
#include <string.h>

enum { TEXT_MAX = 1024 };
static const char ENVID_PREFIX[] = "SMTP/NOTARY ENVID: "; /* appendix A 3.1 */

static void add_field(GPtrArray *fields, const char *name, const char *format, ...) G_GNUC_PRINTF(3, 4);
static void add_field(GPtrArray *fields, const char *name, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  g_autofree char *body = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  g_ptr_array_add(fields, g_strdup_printf("%s: %s", name, body));
}

/* --- values --- */

/* A mailbox for people and programs: of the address space as it is, when it has none. */
static char *mailbox_of(struct report_telling *telling, const struct asn1_value *value, const ORName_t *name)
{
  char *mailbox = job_or_mailbox(telling->from->context, value, name, ADDRESS_HEADING);
  return mailbox ? mailbox : job_or_text(value, name);
}

/* "x400; /S=../ (CN=Lee)": a directory name follows as a comment. */
static char *typed_or(const struct asn1_value *value, const ORName_t *name)
{
  g_autoptr(or_address_t) address = or_address_from_asn1(value, name, NULL);
  g_autofree char *text = address ? or_address_format(address) : g_strdup("");
  return address && address->directory_name ? g_strdup_printf("x400; %s (%s)", text, address->directory_name)
                                            : g_strdup_printf("x400; %s", text);
}

static char *format_time(const struct mail_time *time)
{
  GString *text = g_string_new(NULL);
  mail_time_format(time, text);
  return g_string_free(text, FALSE);
}

static char *time_text(const struct OCTET_STRING *field)
{
  struct mail_time time;
  return x400_time_get(field, &time) ? format_time(&time) : NULL;
}

static char *types_text(const struct EncodedInformationTypes *types)
{
  g_autoptr(eit_set_t) set = types ? eit_from_asn1(types) : eit_new();
  return eit_format(set);
}

static bool is_one_of(const struct ExtensionField *extension, const long *numbers)
{
  if (extension->type.present != ExtensionType_PR_standard_extension)
    return false;
  while (*numbers && *numbers != extension->type.choice.standard_extension)
    numbers++;
  return *numbers != 0;
}

/* 5.3.8.1: what has no field of its own is listed, whatever its criticality (decision 0120). */
static void add_discarded(struct report_telling *telling, const struct Extensions *extensions,
                          const long *served, GString *names)
{
  for (int i = 0; extensions && i < extensions->list.count; i++) {
    const struct ExtensionField *extension = extensions->list.array[i];
    if (is_one_of(extension, served))
      continue;
    g_autofree char *name = x400_extension_name(extension);
    g_string_append_printf(names, "%s%s", names->len ? ", " : "", name);
    mapping_loss(telling->from->losses,
                 "report extension %s: discarded (RFC 2156 5.3.8.1): mail has no such service", name);
  }
}

static void put_discarded(const GString *names, GPtrArray *fields)
{
  if (names->len)
    add_field(fields, "X400-Discarded-DR-Extensions", "%s", names->str);
}

/* --- rows of the message --- */

typedef void tell_function(struct report_telling *telling, const char *name);

static const ReportTransferContent_t *content_of(const struct report_telling *telling)
{
  return &telling->report->content;
}

static void tell_reporting_mta(struct report_telling *telling, const char *name)
{
  (void)name;
  g_autoptr(GPtrArray) trace = trace_from_asn1(telling->apdu, &telling->report->envelope.trace_information,
                                               telling->report->envelope.extensions);
  if (!trace->len)
    return;
  const struct trace_element *first = trace->pdata[0];
  g_autofree char *domain = x400_domain_format(&first->gdi);
  telling->status->reporting_mta = first->mta ? g_strdup_printf("x400; mta \"%s\" in %s", first->mta, domain)
                                              : g_strdup_printf("x400; %s", domain);
  telling->status->mta = g_strdup(first->mta);
}

static void tell_gateway(struct report_telling *telling, const char *name)
{
  (void)name;
  telling->status->gateway = g_strdup_printf("dns; %s", telling->from->context->settings->hostname);
}

static void tell_arrival(struct report_telling *telling, const char *name)
{
  (void)name;
  struct delivery_status *status = telling->status;
  const ReportTransferContent_t *content = content_of(telling);
  if (content->per_recipient_fields.list.count)
    status->has_arrival = x400_time_get(
        &content->per_recipient_fields.list.array[0]->last_trace_information.arrival_time, &status->arrival);
}

static void tell_conversion(struct report_telling *telling, const char *name)
{
  const struct mail_time now = job_time(telling->job->received_us);
  g_autofree char *text = format_time(&now);
  add_field(telling->status->fields, name, "%s", text);
}

/* The sender's own ENVID, of the correlator or out of the queue's memory (X.400 of 1984 brings no correlator
 * back); else the MTS identifier. */
static void tell_envelope_id(struct report_telling *telling, const char *name)
{
  (void)name;
  const char *kept = telling->job->subject.known ? telling->job->subject.envid : NULL;
  if (telling->correlator && g_str_has_prefix(telling->correlator, ENVID_PREFIX))
    telling->status->envelope_id = g_strdup(kept ? kept : telling->correlator + strlen(ENVID_PREFIX));
  else if (kept && *kept)
    telling->status->envelope_id = g_strdup(kept);
  else
    telling->status->envelope_id = x400_identifier_text(&content_of(telling)->subject_identifier);
}

/* Of the EBNF alone and so spelt there (checklist section 9, 2): where Original-Envelope-Id is the sender's.
 */
static void tell_subject_identifier(struct report_telling *telling, const char *name)
{
  g_autofree char *text = x400_identifier_text(&content_of(telling)->subject_identifier);
  if (g_strcmp0(text, telling->status->envelope_id) != 0)
    add_field(telling->status->fields, name, "%s", text);
}

static void tell_content_identifier(struct report_telling *telling, const char *name)
{
  const ContentIdentifier_t *identifier = content_of(telling)->content_identifier;
  g_autofree char *text = identifier ? x400_text(telling->apdu, CHARSET_IA5, identifier, TEXT_MAX) : NULL;
  if (text)
    add_field(telling->status->fields, name, "%s", text);
}

static void tell_correlator(struct report_telling *telling, const char *name)
{
  if (telling->correlator && !g_str_has_prefix(telling->correlator, ENVID_PREFIX))
    add_field(telling->status->fields, name, "%s", telling->correlator);
}

static void tell_original_types(struct report_telling *telling, const char *name)
{
  g_autofree char *text = types_text(content_of(telling)->original_encoded_information_types);
  if (*text)
    add_field(telling->status->fields, name, "%s", text);
}

static void tell_content_type(struct report_telling *telling, const char *name)
{
  if (!content_of(telling)->content_type)
    return;
  g_autofree char *type = envelope_content_type(content_of(telling)->content_type);
  add_field(telling->status->fields, name, "%s", type);
}

/* The newest first; the oldest is the submission, by which the text part names the message. */
static void tell_subject_trace(struct report_telling *telling, const char *name)
{
  const TraceInformation_t *information = content_of(telling)->subject_intermediate_trace_information;
  if (!information)
    return;
  g_autoptr(GPtrArray) trace = trace_from_asn1(telling->apdu, information, NULL);
  for (guint i = trace->len; i-- > 0;) {
    g_autofree char *text = trace_format(trace->pdata[i]);
    add_field(telling->status->fields, name, "%s", text);
  }
  const struct trace_element *oldest = trace->len ? trace->pdata[0] : NULL;
  telling->status->has_submitted = oldest && oldest->arrival.us;
  if (telling->status->has_submitted)
    telling->status->submitted = oldest->arrival;
}

/* The newest first, as trace is; the oldest is the originator. */
static void tell_dl_history(struct report_telling *telling, const char *name)
{
  g_autoptr(asn1_value_t) value =
      x400_extension_value(telling->apdu,
                           x400_extension(telling->report->envelope.extensions,
                                          StandardExtension_originator_and_DL_expansion_history),
                           &asn_DEF_OriginatorAndDLExpansionHistory);
  const OriginatorAndDLExpansionHistory_t *history = value ? asn1_value_get(value) : NULL;
  for (int i = history ? history->list.count : 0; i-- > 0;) {
    const OriginatorAndDLExpansion_t *step = history->list.array[i];
    g_autofree char *mailbox = mailbox_of(telling, value, &step->originator_or_dl_name);
    g_autofree char *time = time_text(&step->origination_or_expansion_time);
    add_field(telling->status->fields, name, "%s; %s;", mailbox ? mailbox : "unknown", time ? time : "");
  }
}

static void tell_reporting_dl(struct report_telling *telling, const char *name)
{
  g_autoptr(asn1_value_t) list = x400_extension_value(
      telling->apdu,
      x400_extension(telling->report->envelope.extensions, StandardExtension_reporting_DL_name),
      &asn_DEF_ORName);
  g_autofree char *mailbox = list ? mailbox_of(telling, list, asn1_value_get(list)) : NULL;
  if (mailbox)
    add_field(telling->status->fields, name, "%s", mailbox);
}

/* Of the report's envelope and of its content. */
static void tell_discarded(struct report_telling *telling, const char *name)
{
  (void)name;
  static const long served[] = {StandardExtension_originator_and_DL_expansion_history,
                                StandardExtension_reporting_DL_name, StandardExtension_content_correlator,
                                StandardExtension_internal_trace_information, 0};
  g_autoptr(GString) names = g_string_new(NULL);
  add_discarded(telling, telling->report->envelope.extensions, served, names);
  add_discarded(telling, content_of(telling)->extensions, served, names);
  put_discarded(names, telling->status->fields);
  if (content_of(telling)->additional_information)
    mapping_loss(telling->from->losses,
                 "report additional-information: discarded (RFC 2156 5.3.8.1): it is private to X.400");
}

static const struct row {
  const char *field;
  tell_function *tell;
} message_rows[] = {
    {"Reporting-MTA", tell_reporting_mta},                               /* R2 */
    {"DSN-Gateway", tell_gateway},                                       /* R2 */
    {"Arrival-Date", tell_arrival},                                      /* R2 */
    {"Original-Envelope-Id", tell_envelope_id},                          /* R2 */
    {"X400-Conversion-Date", tell_conversion},                           /* R2 */
    {"X400-Subject-Submision-Identifier", tell_subject_identifier},      /* R2 */
    {"X400-Content-Identifier", tell_content_identifier},                /* R2 */
    {"X400-Content-Correlator", tell_correlator},                        /* R2 */
    {"X400-Original-Encoded-Information-Types", tell_original_types},    /* R2 */
    {"X400-Content-Type", tell_content_type},                            /* R2 */
    {"X400-Subject-Intermediate-Trace-Information", tell_subject_trace}, /* R2 */
    {"X400-Originator-and-DL-Expansion-History", tell_dl_history},       /* R2 */
    {"X400-Reporting-DL-Name", tell_reporting_dl},                       /* R2 */
    {"X400-Discarded-DR-Extensions", tell_discarded},                    /* R2 */
};

static char *correlator_text(const struct report_telling *telling)
{
  const struct ExtensionField *field =
      x400_extension(content_of(telling)->extensions, StandardExtension_content_correlator);
  g_autoptr(asn1_value_t) value =
      field ? x400_extension_value(telling->apdu, field, &asn_DEF_ContentCorrelator) : NULL;
  const ContentCorrelator_t *correlator = value ? asn1_value_get(value) : NULL;
  if (!correlator || correlator->present != ContentCorrelator_PR_ia5text)
    return NULL;
  return x400_text(value, CHARSET_IA5, &correlator->choice.ia5text, TEXT_MAX);
}

void report_fields_message(struct report_telling *telling)
{
  telling->correlator = correlator_text(telling);
  for (gsize i = 0; i < G_N_ELEMENTS(message_rows); i++)
    message_rows[i].tell(telling, message_rows[i].field);
}

/* --- rows of a recipient --- */

static bool same_address(const char *text, const struct or_address *address)
{
  g_autoptr(or_address_t) other = text && address ? or_address_parse(text, NULL) : NULL;
  return other && or_address_equal(other, address);
}

/* Who the sender meant, who got it (or did not); checklist section 9, 4 for the two forms of 5.3.8.1.  What
 * the sender wrote himself, ORCPT or his own form of the address, stands before what X.400 makes of it (RFC
 * 3461 5.2.1). */
static void tell_recipients(struct report_telling *telling, const char *name)
{
  (void)name;
  struct status_recipient *recipient = telling->recipient;
  const PerRecipientReportTransferFields_t *fields = telling->fields;
  const struct mapping_recipient *known = telling->known;
  g_autoptr(or_address_t) actual = or_address_from_asn1(telling->apdu, &fields->actual_recipient_name, NULL);
  g_autofree char *actual_typed = typed_or(telling->apdu, &fields->actual_recipient_name);
  g_autofree char *actual_mailbox =
      job_or_mailbox(telling->from->context, telling->apdu, &fields->actual_recipient_name, ADDRESS_HEADING);
  g_autofree char *actual_text = actual ? or_address_format(actual) : NULL;
  if (known && known->orcpt && *known->orcpt)
    recipient->original = g_strdup(known->orcpt);
  if (known ? same_address(known->mapped, actual) : !fields->originally_intended_recipient_name) {
    if (!recipient->original && known)
      recipient->original = g_strdup_printf("rfc822; %s", known->address);
    else if (!recipient->original && actual_mailbox)
      recipient->original = g_strdup_printf("rfc822; %s", actual_mailbox);
    recipient->final = g_steal_pointer(&actual_typed);
    recipient->shown = g_strdup(known ? known->address : actual_mailbox ? actual_mailbox : actual_text);
    return;
  }
  const ORName_t *name_meant = fields->originally_intended_recipient_name;
  g_autofree char *meant = name_meant ? typed_or(telling->apdu, name_meant) : NULL;
  g_autofree char *meant_mailbox =
      known        ? g_strdup(known->address)
      : name_meant ? job_or_mailbox(telling->from->context, telling->apdu, name_meant, ADDRESS_HEADING)
                   : NULL;
  if (!recipient->original)
    recipient->original = known ? g_strdup_printf("x400; %s", known->mapped) : g_steal_pointer(&meant);
  recipient->final = g_strdup_printf("rfc822; %s", meant_mailbox ? meant_mailbox : "");
  recipient->shown = g_strdup(meant_mailbox ? meant_mailbox : recipient->original + strlen("x400; "));
  add_field(recipient->fields, "X400-Redirect-Recipient", "%s", actual_typed);
  if (actual_mailbox)
    add_field(recipient->fields, "X400-Mapped-Redirect-Recipient", "rfc822; %s", actual_mailbox);
}

static char *supplement_of(const struct report_telling *telling)
{
  return telling->fields->supplementary_information
             ? x400_text(telling->apdu, CHARSET_IA5, telling->fields->supplementary_information, TEXT_MAX)
             : NULL;
}

static void tell_failure(struct report_telling *telling, const ReportType_t *type)
{
  struct status_recipient *recipient = telling->recipient;
  const NonDeliveryReport_t *failure = &type->choice.non_delivery;
  gint reason = (gint)failure->non_delivery_reason_code;
  gint diagnostic = failure->non_delivery_diagnostic_code ? (gint)*failure->non_delivery_diagnostic_code
                                                          : REPORT_NO_DIAGNOSTIC;
  recipient->action = g_strdup("failed");
  recipient->status = g_strdup(report_status(reason, diagnostic));
  recipient->diagnostic =
      diagnostic == REPORT_NO_DIAGNOSTIC
          ? g_strdup_printf("x400; Reason %d (%s)", reason, report_reason_words(reason))
          : g_strdup_printf("x400; Reason %d (%s); Diagnostic %d (%s)", reason, report_reason_words(reason),
                            diagnostic, report_diagnostic_words(diagnostic));
  g_autofree char *words = report_outcome_words(type), *supplement = supplement_of(telling);
  recipient->words = supplement ? g_strdup_printf("%s; %s", words, supplement) : g_steal_pointer(&words);
}

static void tell_outcome(struct report_telling *telling, const char *name)
{
  (void)name;
  struct status_recipient *recipient = telling->recipient;
  const ReportType_t *type = &telling->fields->last_trace_information.report_type;
  if (type->present != ReportType_PR_delivery) {
    tell_failure(telling, type);
    return;
  }
  recipient->action = g_strdup("delivered");
  recipient->status = g_strdup("2.0.0");
  recipient->has_time = x400_time_get(&type->choice.delivery.message_delivery_time, &recipient->time);
}

static const DeliveryReport_t *delivery_of(const struct report_telling *telling)
{
  const ReportType_t *type = &telling->fields->last_trace_information.report_type;
  return type->present == ReportType_PR_delivery ? &type->choice.delivery : NULL;
}

static void tell_delivery_time(struct report_telling *telling, const char *name)
{
  const DeliveryReport_t *delivery = delivery_of(telling);
  g_autofree char *time = delivery ? time_text(&delivery->message_delivery_time) : NULL;
  if (time)
    add_field(telling->recipient->fields, name, "%s", time);
}

static void tell_user(struct report_telling *telling, const char *name)
{
  static const char *const users[] = {"public", "private", "ms", "dl", "pdau", "physical-recipient", "other"};
  const DeliveryReport_t *delivery = delivery_of(telling);
  if (!delivery)
    return;
  long user = delivery->type_of_MTS_user ? *delivery->type_of_MTS_user : 0;
  add_field(telling->recipient->fields, name, "%s(%ld)",
            user >= 0 && user < (long)G_N_ELEMENTS(users) ? users[user] : "unknown", user);
}

static void tell_converted(struct report_telling *telling, const char *name)
{
  g_autofree char *text =
      types_text(telling->fields->last_trace_information.converted_encoded_information_types);
  if (*text)
    add_field(telling->recipient->fields, name, "%s;", text);
}

static void tell_last_trace(struct report_telling *telling, const char *name)
{
  const LastTraceInformation_t *last = &telling->fields->last_trace_information;
  g_autofree char *arrival = time_text(&last->arrival_time);
  g_autofree char *types = types_text(last->converted_encoded_information_types);
  if (arrival)
    add_field(telling->recipient->fields, name, "%s%s%s", types, *types ? " " : "", arrival);
}

static void tell_supplement(struct report_telling *telling, const char *name)
{
  g_autofree char *supplement = supplement_of(telling);
  if (supplement)
    add_field(telling->recipient->fields, name, "\"%s\";", supplement);
}

static void tell_number(struct report_telling *telling, const char *name)
{
  add_field(telling->recipient->fields, name, "%ld", telling->fields->originally_specified_recipient_number);
}

/* Each redirection, the earliest first: EBNF.redirection-history-item. */
static void tell_redirections(struct report_telling *telling, const char *name)
{
  g_autoptr(asn1_value_t) value = x400_extension_value(
      telling->apdu, x400_extension(telling->fields->extensions, StandardExtension_redirection_history),
      &asn_DEF_RedirectionHistory);
  const RedirectionHistory_t *history = value ? asn1_value_get(value) : NULL;
  for (int i = 0; history && i < history->list.count; i++) {
    const Redirection_t *redirection = history->list.array[i];
    const IntendedRecipientName_t *intended = &redirection->intended_recipient_name;
    g_autofree char *mailbox = mailbox_of(telling, value, &intended->intended_recipient);
    g_autofree char *time = time_text(&intended->redirection_time);
    add_field(telling->recipient->fields, name, "intended recipient %s redirected to %s on %s",
              mailbox ? mailbox : "unknown", envelope_redirection_reason(redirection->redirection_reason),
              time ? time : "an unknown date");
  }
}

static void tell_forwarding(struct report_telling *telling, const char *name)
{
  g_autoptr(asn1_value_t) value = x400_extension_value(
      telling->apdu,
      x400_extension(telling->fields->extensions, StandardExtension_physical_forwarding_address),
      &asn_DEF_ORName);
  if (!value)
    return;
  g_autofree char *mailbox = mailbox_of(telling, value, asn1_value_get(value));
  g_autoptr(or_address_t) address = or_address_from_asn1(value, asn1_value_get(value), NULL);
  if (mailbox && address && address->directory_name)
    add_field(telling->recipient->fields, name, "%s (%s)", mailbox, address->directory_name);
  else if (mailbox)
    add_field(telling->recipient->fields, name, "%s", mailbox);
}

static void tell_discarded_each(struct report_telling *telling, const char *name)
{
  (void)name;
  static const long served[] = {StandardExtension_redirection_history,
                                StandardExtension_physical_forwarding_address, 0};
  g_autoptr(GString) names = g_string_new(NULL);
  add_discarded(telling, telling->fields->extensions, served, names);
  put_discarded(names, telling->recipient->fields);
}

static const struct row recipient_rows[] = {
    {"Original-Recipient, Final-Recipient, X400-Redirect-Recipient", tell_recipients}, /* R3 */
    {"Action, Status, Diagnostic-Code", tell_outcome},                                 /* R3 */
    {"X400-Delivery-Time", tell_delivery_time},                                        /* R3 */
    {"X400-Type-of-MTS-User", tell_user},                                              /* R3 */
    {"X400-Converted-EITs", tell_converted},                                           /* R3 */
    {"X400-Last-Trace", tell_last_trace},                                              /* R3 */
    {"X400-Supplementary-Info", tell_supplement},                                      /* R3 */
    {"X400-Originally-Specified-Recipient-Number", tell_number},                       /* R3 */
    {"X400-Redirection-History", tell_redirections},                                   /* R3 */
    {"X400-Physical-Forwarding-Address", tell_forwarding},                             /* R3 */
    {"X400-Discarded-DR-Extensions", tell_discarded_each},                             /* R3 */
};

/* A mail's recipients got their numbers in the order of its envelope (envelope_to_x400.c). */
static const struct mapping_recipient *known_recipient(const struct mapping_subject *subject, long number)
{
  for (guint i = 0; subject->known && i < subject->recipients->len; i++) {
    const struct mapping_recipient *recipient = subject->recipients->pdata[i];
    if ((long)recipient->ordinal + 1 == number && recipient->address && recipient->mapped)
      return recipient;
  }
  return NULL;
}

void report_fields_recipient(struct report_telling *telling,
                             const struct PerRecipientReportTransferFields *fields)
{
  telling->fields = fields;
  telling->recipient = delivery_status_add(telling->status);
  telling->known = known_recipient(&telling->job->subject, fields->originally_specified_recipient_number);
  for (gsize i = 0; i < G_N_ELEMENTS(recipient_rows); i++)
    recipient_rows[i].tell(telling, recipient_rows[i].field);
}
