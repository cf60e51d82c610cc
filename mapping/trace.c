/* trace.c - contract: trace.h. */
#include "mapping/trace.h"

#include <string.h>

#include <DomainSuppliedInformation.h>
#include <EncodedInformationTypes.h>
#include <ExtensionField.h>
#include <InternalTraceInformation.h>
#include <InternalTraceInformationElement.h>
#include <MTASuppliedInformation.h>
#include <TraceInformation.h>
#include <TraceInformationElement.h>

enum {
  MTA_NAME_MAX = 32,
  CONVERSIONS_MAX = 5,
  VISITS_MAX = 5,
  ELEMENTS_MAX = 2 * 512 /* of each kind that are read; ub-transfers is 512, and more is a loop */
};

struct trace_element *trace_element_new(const struct mapping_gdi *gdi, const char *mta,
                                        const struct mail_time *arrival)
{
  struct trace_element *element = g_new0(struct trace_element, 1);
  element->gdi = (struct mapping_gdi){g_strdup(gdi->country), g_strdup(gdi->admd), g_strdup(gdi->prmd)};
  element->mta = g_strdup(mta);
  element->arrival = *arrival;
  return element;
}

void trace_element_free(struct trace_element *element)
{
  if (!element)
    return;
  x400_domain_clear(&element->gdi);
  x400_domain_clear(&element->attempted);
  g_free(element->mta);
  g_free(element->attempted_mta);
  eit_free(element->converted);
  g_free(element);
}

static void element_free(void *data)
{
  trace_element_free(data); /* NULL is one that moved to another list */
}

GPtrArray *trace_list_new(void)
{
  return g_ptr_array_new_with_free_func(element_free);
}

/* --- X.411 --- */

static struct trace_element *external_element(const struct TraceInformationElement *from)
{
  const struct DomainSuppliedInformation *supplied = &from->domain_supplied_information;
  struct trace_element *element = g_new0(struct trace_element, 1);
  x400_domain_get(&from->global_domain_identifier, &element->gdi);
  x400_time_get(&supplied->arrival_time, &element->arrival);
  element->has_deferred = x400_time_get(supplied->deferred_time, &element->deferred);
  element->rerouted = supplied->routing_action == RoutingAction_rerouted;
  guint32 actions = x400_bits_get(supplied->other_actions);
  element->redirected = actions & 1;
  element->expanded = actions & 2;
  if (supplied->converted_encoded_information_types)
    element->converted = eit_from_asn1(supplied->converted_encoded_information_types);
  if (supplied->attempted_domain) {
    element->has_attempted = true;
    x400_domain_get(supplied->attempted_domain, &element->attempted);
  }
  return element;
}

static struct trace_element *internal_element(const struct asn1_value *value,
                                              const struct InternalTraceInformationElement *from)
{
  const struct MTASuppliedInformation *supplied = &from->mta_supplied_information;
  struct trace_element *element = g_new0(struct trace_element, 1);
  x400_domain_get(&from->global_domain_identifier, &element->gdi);
  element->mta = x400_text(value, CHARSET_IA5, &from->mta_name, 256);
  x400_time_get(&supplied->arrival_time, &element->arrival);
  element->has_deferred = x400_time_get(supplied->deferred_time, &element->deferred);
  element->rerouted = supplied->routing_action == RoutingAction_rerouted;
  guint32 actions = x400_bits_get(supplied->other_actions);
  element->redirected = actions & 1;
  element->expanded = actions & 2;
  if (supplied->converted_encoded_information_types)
    element->converted = eit_from_asn1(supplied->converted_encoded_information_types);
  if (supplied->attempted && supplied->attempted->present == MTASuppliedInformation__attempted_PR_domain) {
    element->has_attempted = true;
    x400_domain_get(&supplied->attempted->choice.domain, &element->attempted);
  } else if (supplied->attempted) {
    element->has_attempted = true;
    element->attempted_mta = x400_text(value, CHARSET_IA5, &supplied->attempted->choice.mta, 256);
  }
  return element;
}

static bool same_domain(const struct trace_element *element, const struct TraceInformationElement *other)
{
  struct mapping_gdi gdi;
  x400_domain_get(&other->global_domain_identifier, &gdi);
  bool same = x400_domain_equal(&element->gdi, &gdi);
  x400_domain_clear(&gdi);
  return same;
}

/* Whether the domain comes again later and begins there with this element: internal trace that a domain
 * between the two visits has none of would else run together. */
static bool begins_later(const struct TraceInformation *external, int from,
                         const struct trace_element *element)
{
  for (int i = from; i < MIN(external->list.count, ELEMENTS_MAX); i++) {
    struct mail_time arrival;
    const struct TraceInformationElement *other = external->list.array[i];
    if (x400_time_get(&other->domain_supplied_information.arrival_time, &arrival) &&
        arrival.us == element->arrival.us && same_domain(element, other))
      return true;
  }
  return false;
}

/* Does one of a domain's internal elements say what its external element says? */
static bool told_within(const GPtrArray *inners, const struct trace_element *outer)
{
  for (guint i = 0; i < inners->len; i++) {
    const struct trace_element *inner = inners->pdata[i];
    if (inner->arrival.us == outer->arrival.us)
      return true;
  }
  return false;
}

/* A conversion that only the external element tells of was the domain's: its last MTA stands for it.  One
 * that an internal element tells of already must not be counted twice (5.1.5). */
static void keep_conversion(const GPtrArray *inners, struct trace_element *outer)
{
  for (guint i = 0; i < inners->len; i++)
    if (((const struct trace_element *)inners->pdata[i])->converted)
      return;
  ((struct trace_element *)inners->pdata[inners->len - 1])->converted = g_steal_pointer(&outer->converted);
}

/* 5.3.7: a run of one domain's external elements and its run of internal ones are one.  An external element
 * that differs from an internal one only in the MTA is not presented; one that no internal element tells
 * stands before them. */
GPtrArray *trace_from_asn1(const struct asn1_value *value, const struct TraceInformation *external,
                           const struct Extensions *extensions)
{
  GPtrArray *list = trace_list_new();
  g_autoptr(asn1_value_t) inner =
      x400_extension_value(value, x400_extension(extensions, StandardExtension_internal_trace_information),
                           &asn_DEF_InternalTraceInformation);
  const InternalTraceInformation_t *internal = inner ? asn1_value_get(inner) : NULL;
  int next = 0, count = external ? MIN(external->list.count, ELEMENTS_MAX) : 0,
      inner_count = internal ? MIN(internal->list.count, ELEMENTS_MAX) : 0;
  for (int i = 0; i < count;) {
    g_autoptr(GPtrArray) outers = trace_list_new();
    do
      g_ptr_array_add(outers, external_element(external->list.array[i++]));
    while (i < count && same_domain(outers->pdata[0], external->list.array[i]));
    const struct trace_element *first = outers->pdata[0];
    g_autoptr(GPtrArray) inners = trace_list_new();
    for (; next < inner_count; next++) {
      struct trace_element *element = internal_element(inner, internal->list.array[next]);
      g_ptr_array_add(inners, element);
      if (!x400_domain_equal(&element->gdi, &first->gdi) || begins_later(external, i, element)) {
        g_ptr_array_remove_index(inners, inners->len - 1);
        break;
      }
    }
    for (guint k = 0; k < outers->len; k++) {
      struct trace_element *outer = outers->pdata[k];
      if (inners->len && outer->converted)
        keep_conversion(inners, outer);
      if (told_within(inners, outer))
        continue;
      g_ptr_array_add(list, outer);
      outers->pdata[k] = NULL;
    }
    while (inners->len)
      g_ptr_array_add(list, g_ptr_array_steal_index(inners, 0));
  }
  for (; next < inner_count; next++)
    g_ptr_array_add(list, internal_element(inner, internal->list.array[next]));
  return list;
}

static BIT_STRING_t *other_actions(const struct trace_element *element)
{
  if (!element->redirected && !element->expanded)
    return NULL;
  BIT_STRING_t *bits = asn1_new_field(BIT_STRING_t);
  x400_bits_put(bits, (element->redirected ? 1u : 0) | (element->expanded ? 2u : 0),
                element->expanded ? 2 : 1);
  return bits;
}

static void add_external(const struct trace_element *element, struct TraceInformation *external)
{
  TraceInformationElement_t *to = asn1_new_field(TraceInformationElement_t);
  DomainSuppliedInformation_t *supplied = &to->domain_supplied_information;
  x400_domain_put(&element->gdi, &to->global_domain_identifier);
  x400_time_put(&element->arrival, &supplied->arrival_time);
  supplied->routing_action = element->rerouted ? RoutingAction_rerouted : RoutingAction_relayed;
  if (element->has_deferred)
    supplied->deferred_time = x400_time_new(&element->deferred);
  if (element->converted)
    supplied->converted_encoded_information_types = eit_to_asn1(element->converted);
  if (element->has_attempted && !element->attempted_mta) {
    supplied->attempted_domain = asn1_new_field(struct GlobalDomainIdentifier);
    x400_domain_put(&element->attempted, supplied->attempted_domain);
  }
  supplied->other_actions = other_actions(element);
  asn_sequence_add(&external->list, to);
}

static void add_internal(const struct trace_element *element, InternalTraceInformation_t *internal)
{
  InternalTraceInformationElement_t *to = asn1_new_field(InternalTraceInformationElement_t);
  MTASuppliedInformation_t *supplied = &to->mta_supplied_information;
  x400_domain_put(&element->gdi, &to->global_domain_identifier);
  g_autofree char *name = g_strndup(element->mta, MTA_NAME_MAX);
  asn1_put_string(&to->mta_name, name);
  x400_time_put(&element->arrival, &supplied->arrival_time);
  supplied->routing_action = element->rerouted ? RoutingAction_rerouted : RoutingAction_relayed;
  if (element->has_deferred)
    supplied->deferred_time = x400_time_new(&element->deferred);
  if (element->converted)
    supplied->converted_encoded_information_types = eit_to_asn1(element->converted);
  if (element->has_attempted) {
    supplied->attempted = asn1_zalloc(sizeof *supplied->attempted);
    if (element->attempted_mta) {
      supplied->attempted->present = MTASuppliedInformation__attempted_PR_mta;
      asn1_put_string(&supplied->attempted->choice.mta, element->attempted_mta);
    } else {
      supplied->attempted->present = MTASuppliedInformation__attempted_PR_domain;
      x400_domain_put(&element->attempted, &supplied->attempted->choice.domain);
    }
  }
  supplied->other_actions = other_actions(element);
  asn_sequence_add(&internal->list, to);
}

/* A run of elements of one domain is one external element (X.411 12.3.1.1 b): the first, with what any of
 * them did. */
void trace_to_asn1(GPtrArray *list, struct asn1_value *value, struct TraceInformation *external,
                   struct Extensions **extensions)
{
  g_autoptr(asn1_value_t) inner = asn1_value_new(&asn_DEF_InternalTraceInformation);
  InternalTraceInformation_t *internal = asn1_value_get(inner);
  for (guint i = 0; i < list->len;) {
    const struct trace_element *first = list->pdata[i];
    struct trace_element *sum = trace_element_new(&first->gdi, NULL, &first->arrival);
    g_autoptr(eit_set_t) converted = eit_new();
    for (; i < list->len; i++) {
      const struct trace_element *element = list->pdata[i];
      if (!x400_domain_equal(&element->gdi, &first->gdi))
        break;
      sum->rerouted |= element->rerouted;
      sum->redirected |= element->redirected;
      sum->expanded |= element->expanded;
      if (element->has_deferred) {
        sum->has_deferred = true;
        sum->deferred = element->deferred;
      }
      if (element->has_attempted && !element->attempted_mta && !sum->has_attempted) {
        sum->has_attempted = true;
        sum->attempted =
            (struct mapping_gdi){g_strdup(element->attempted.country), g_strdup(element->attempted.admd),
                                 g_strdup(element->attempted.prmd)};
      }
      if (element->converted) {
        eit_merge(converted, element->converted);
        sum->converted = converted;
      }
      if (element->mta)
        add_internal(element, internal);
    }
    add_external(sum, external);
    sum->converted = NULL;
    trace_element_free(sum);
  }
  if (internal->list.count && extensions)
    x400_extension_add(value, extensions, StandardExtension_internal_trace_information, 0,
                       &asn_DEF_InternalTraceInformation, internal);
}

void trace_append(const struct trace_element *element, struct asn1_value *value,
                  struct TraceInformation *external, struct Extensions **extensions)
{
  /* From another MTA of the same domain: the domain's element stands already (X.411 12.3.1). */
  int count = external->list.count;
  if (!count || !same_domain(element, external->list.array[count - 1]))
    add_external(element, external);
  if (!element->mta)
    return;
  struct ExtensionField *field = x400_extension(*extensions, StandardExtension_internal_trace_information);
  g_autoptr(asn1_value_t) inner = x400_extension_value(value, field, &asn_DEF_InternalTraceInformation);
  if (field && !inner)
    return; /* not ours to read: it goes on as it came, and trace-information tells of us */
  if (!inner)
    inner = asn1_value_new(&asn_DEF_InternalTraceInformation);
  add_internal(element, asn1_value_get(inner));
  if (!field) {
    x400_extension_add(value, extensions, StandardExtension_internal_trace_information, 0,
                       &asn_DEF_InternalTraceInformation, asn1_value_get(inner));
    return;
  }
  g_autoptr(octets_t) octets = asn1_encode(inner, NULL);
  if (octets && field->value)
    asn1_put_octets(value, (struct OCTET_STRING *)field->value, octets);
}

/* --- X400-Received --- */

/* EBNF.mta is an 822.word. */
static void append_word(const char *word, GString *out)
{
  bool atom = *word;
  for (const char *c = word; *c; c++)
    atom &= g_ascii_isalnum(*c) || strchr("!#$%&'*+-/=?^_`{|}~", *c);
  if (atom) {
    g_string_append(out, word);
    return;
  }
  g_string_append_c(out, '"');
  for (const char *c = word; *c; c++) {
    if (*c == '"' || *c == '\\')
      g_string_append_c(out, '\\');
    g_string_append_c(out, (guint8)*c < 0x20 || (guint8)*c > 0x7E ? '?' : *c);
  }
  g_string_append_c(out, '"');
}

char *trace_format(const struct trace_element *element)
{
  GString *text = g_string_new("by ");
  g_autofree char *domain = x400_domain_format(&element->gdi);
  if (element->mta) {
    g_string_append(text, "mta ");
    append_word(element->mta, text);
    g_string_append(text, " in ");
  }
  g_string_append_printf(text, "%s; ", domain);
  if (element->has_deferred) {
    g_string_append(text, "deferred until ");
    mail_time_format(&element->deferred, text);
    g_string_append(text, "; ");
  }
  if (element->converted) {
    g_autofree char *types = eit_format(element->converted);
    g_string_append_printf(text, "converted (%s); ", types);
  }
  if (element->has_attempted && element->attempted_mta) {
    g_string_append(text, "attempted MTA ");
    append_word(element->attempted_mta, text);
    g_string_append(text, "; ");
  } else if (element->has_attempted) {
    g_autofree char *attempted = x400_domain_format(&element->attempted);
    g_string_append_printf(text, "attempted MD %s; ", attempted);
  }
  g_string_append(text, element->rerouted ? "Rerouted" : "Relayed");
  g_string_append(text, element->expanded ? ", Expanded" : "");
  g_string_append(text, element->redirected ? ", Redirected" : "");
  g_string_append(text, "; ");
  mail_time_format(&element->arrival, text);
  return g_string_free(text, FALSE);
}

static char *read_word(const char **at)
{
  GString *word = g_string_new(NULL);
  *at += strspn(*at, " \t");
  if (**at == '"') {
    for (++*at; **at && **at != '"'; ++*at) {
      if (**at == '\\' && (*at)[1])
        ++*at;
      g_string_append_c(word, **at);
    }
    *at += **at == '"';
  } else {
    gsize length = strcspn(*at, " \t;");
    g_string_append_len(word, *at, (gssize)length);
    *at += length;
  }
  return g_string_free(word, FALSE);
}

/* Pieces between semicolons, which neither quotes nor an O/R address' values hide: the latter may not hold
 * any. */
static GPtrArray *split(const char *text)
{
  GPtrArray *pieces = g_ptr_array_new_with_free_func(g_free);
  bool quoted = false;
  const char *begin = text;
  for (;; text++) {
    quoted ^= *text == '"';
    if (*text && (*text != ';' || quoted))
      continue;
    g_ptr_array_add(pieces, g_strstrip(g_strndup(begin, (gsize)(text - begin))));
    if (!*text)
      return pieces;
    begin = text + 1;
  }
}

static bool word_is(const char **at, const char *word)
{
  gsize length = strlen(word);
  const char *text = *at + strspn(*at, " \t");
  if (g_ascii_strncasecmp(text, word, length) != 0 || (text[length] && !strchr(" \t(/\"", text[length])))
    return false;
  *at = text + length;
  return true;
}

struct trace_element *trace_parse(const char *text)
{
  g_autoptr(GPtrArray) pieces = split(text);
  struct trace_element *element = g_new0(struct trace_element, 1);
  const char *at = pieces->pdata[0];
  bool good = pieces->len >= 3 && word_is(&at, "by");
  if (good && word_is(&at, "mta")) {
    element->mta = read_word(&at);
    good = word_is(&at, "in");
  }
  good = good && x400_domain_parse(at + strspn(at, " \t"), &element->gdi) &&
         mail_time_parse(pieces->pdata[pieces->len - 1], &element->arrival);
  for (guint i = 1; good && i + 1 < pieces->len; i++) {
    at = pieces->pdata[i];
    if (word_is(&at, "deferred")) {
      (void)word_is(&at, "until");
      element->has_deferred = mail_time_parse(at, &element->deferred);
    } else if (word_is(&at, "converted")) {
      at += strspn(at, " \t");
      gsize length = strlen(at);
      bool within = length >= 2 && at[0] == '(' && at[length - 1] == ')';
      g_autofree char *types = g_strndup(within ? at + 1 : at, within ? length - 2 : length);
      element->converted = eit_parse(types);
    } else if (word_is(&at, "attempted")) {
      if (word_is(&at, "mta"))
        element->attempted_mta = read_word(&at);
      else if (word_is(&at, "md"))
        element->has_attempted = x400_domain_parse(at + strspn(at, " \t"), &element->attempted);
      element->has_attempted |= element->attempted_mta != NULL;
    } else {
      g_autofree char *actions = g_ascii_strdown(at, -1);
      element->rerouted |= strstr(actions, "rerouted") != NULL;
      element->redirected |= strstr(actions, "redirected") != NULL;
      element->expanded |= strstr(actions, "expanded") != NULL;
    }
  }
  if (good)
    return element;
  trace_element_free(element);
  return NULL;
}

/* --- mail --- */

/* The word after "by" outside of comments; NULL when there is none. */
static char *received_by(const char *body)
{
  guint depth = 0;
  bool start = true;
  for (const char *at = body; *at; at++) {
    depth += *at == '(';
    depth -= *at == ')' && depth;
    if (!depth && start && !g_ascii_strncasecmp(at, "by", 2) && (at[2] == ' ' || at[2] == '\t')) {
      at += 2;
      at += strspn(at, " \t");
      return g_strndup(at, strcspn(at, " \t;("));
    }
    start = *at == ' ' || *at == '\t';
  }
  return NULL;
}

/* The domain's own identifier when a table maps it, else the fallback. */
static void domain_of(struct mapping_context *context, const char *domain, const struct mapping_gdi *fallback,
                      struct mapping_gdi *gdi_r)
{
  g_autofree char *mailbox = domain && *domain ? g_strdup_printf("postmaster@%s", domain) : NULL;
  g_autoptr(or_address_t) address =
      mailbox ? address_to_or(context, mailbox, ADDRESS_HEADING, NULL, NULL) : NULL;
  /* A DDA says that no table knows the domain: the O/R address is then a gateway's, not the domain's. */
  const char *country =
      address && !or_address_dda(address, "RFC-822") ? or_address_get(address, OR_COUNTRY, 0) : NULL;
  const char *admd = country ? or_address_get(address, OR_ADMD, 0) : NULL;
  if (country)
    *gdi_r = (struct mapping_gdi){g_strdup(country), g_strdup(admd ? admd : " "),
                                  g_strdup(or_address_get(address, OR_PRMD, 0))};
  else
    *gdi_r =
        (struct mapping_gdi){g_strdup(fallback->country), g_strdup(fallback->admd), g_strdup(fallback->prmd)};
}

/* 3.3.5: what cannot be read is taken for the time of the translation. */
static struct mail_time time_of(const char *text, const struct mail_time *now)
{
  struct mail_time time;
  return mail_time_parse(text, &time) ? time : *now;
}

GPtrArray *trace_from_mail(struct mapping_context *context, const struct mime_part *header,
                           const struct mapping_gdi *fallback, const char *sender_domain,
                           const struct mail_time *now)
{
  GPtrArray *list = trace_list_new();
  /* 5.1.6: the newest Resent-Date counts, and the newest stands first. */
  const char *date = mime_part_field(header, "Resent-Date");
  if (!date)
    date = mime_part_field(header, "Date");
  if (!mime_part_field(header, "X400-Received") && date) {
    struct mail_time time = time_of(date, now);
    struct mapping_gdi gdi;
    domain_of(context, sender_domain, fallback, &gdi);
    g_ptr_array_add(list,
                    trace_element_new(&gdi, sender_domain && *sender_domain ? sender_domain : NULL, &time));
    x400_domain_clear(&gdi);
  }
  for (guint i = header->fields->len; i-- > 0;) {
    const struct mime_field *field = header->fields->pdata[i];
    if (!g_ascii_strcasecmp(field->name, "X400-Received")) {
      struct trace_element *element = trace_parse(field->body);
      if (element)
        g_ptr_array_add(list, element);
    } else if (!g_ascii_strcasecmp(field->name, "Received")) {
      const char *semicolon = strrchr(field->body, ';');
      struct mail_time time = time_of(semicolon ? semicolon + 1 : "", now);
      g_autofree char *by = received_by(field->body);
      struct mapping_gdi gdi;
      domain_of(context, by, fallback, &gdi);
      g_ptr_array_add(list, trace_element_new(&gdi, by && *by ? by : NULL, &time));
      x400_domain_clear(&gdi);
    }
  }
  return list;
}

char *trace_loop(GPtrArray *list, const struct mapping_gdi *gdi, const char *mta, guint hops_max)
{
  guint conversions = 0, visits = 0;
  for (guint i = 0; i < list->len; i++) {
    const struct trace_element *element = list->pdata[i];
    conversions += element->converted && eit_has(element->converted, oid_dotted(OID_EIT_MIXER));
    /* Internal trace does not leave every domain (nor a peer of 1984): then the domain's element counts. */
    visits += (!element->mta || (mta && !g_ascii_strcasecmp(element->mta, mta))) &&
              x400_domain_equal(&element->gdi, gdi);
  }
  if (hops_max && list->len > hops_max)
    return g_strdup_printf("the trace has %u elements, more than %u", list->len, hops_max);
  if (conversions > CONVERSIONS_MAX)
    return g_strdup_printf("%u gateways have converted the message, more than %u (RFC 2156 5.1.5)",
                           conversions, (guint)CONVERSIONS_MAX);
  if (visits > VISITS_MAX)
    return g_strdup_printf("this gateway has had the message %u times", visits);
  return NULL;
}

char *trace_loop_mail(const struct mime_part *header, guint hops_max)
{
  guint hops = 0, conversions = 0;
  for (guint i = 0; i < header->fields->len; i++) {
    const struct mime_field *field = header->fields->pdata[i];
    bool received = !g_ascii_strcasecmp(field->name, "Received");
    hops += received || !g_ascii_strcasecmp(field->name, "X400-Received");
    conversions += received && strstr(field->body, "(MIXER ");
  }
  if (hops_max && hops > hops_max)
    return g_strdup_printf("the header has %u trace fields, more than %u", hops, hops_max);
  if (conversions > CONVERSIONS_MAX)
    return g_strdup_printf("%u gateways have converted the message, more than %u (RFC 2156 5.1.5)",
                           conversions, (guint)CONVERSIONS_MAX);
  return NULL;
}
