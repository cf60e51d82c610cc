/* presentation_ppdu.c - see presentation_ppdu.h. */
#include "osi/presentation_ppdu.h"

#include "osi/error.h"
#include "osi/fields.h"
#include "osi/secret.h"
#include "osi/tlv.h"

#include <string.h>

#include <Abort-type.h>
#include <CP-type.h>
#include <CPA-PPDU.h>
#include <CPR-PPDU.h>
#include <Fully-encoded-data.h>
#include <PDV-list.h>
#include <Presentation-context-identifier-list.h>
#include <Presentation-context-list.h>
#include <Presentation-context-result.h>
#include <Presentation-context.h>
#include <Presentation-result-list.h>
#include <RTOACapdu.h>
#include <RTORQapdu.h>
#include <User-data.h>

enum { MODE_X410 = 0, MODE_NORMAL = 1 };
enum { TAG_SET = 0x31, TAG_X410_PARAMETERS = 0xa1 };

static void context_clear(gpointer data)
{
  struct presentation_context *context = data;
  g_free(context->dotted);
}

GArray *presentation_contexts_new(void)
{
  GArray *contexts = g_array_new(FALSE, TRUE, sizeof(struct presentation_context));
  g_array_set_clear_func(contexts, context_clear);
  return contexts;
}

void presentation_ppdu_clear(struct presentation_ppdu *ppdu)
{
  g_clear_pointer(&ppdu->contexts, g_array_unref);
  g_clear_pointer(&ppdu->values, g_array_unref);
  *ppdu = (struct presentation_ppdu){0};
}

/* --- user data
 * -------------------------------------------------------------------------------------------------------- */

static bool value_from_list(const struct asn1_value *value, const PDV_list_t *list,
                            struct presentation_value *out, GError **error)
{
  if (list->presentation_context_identifier <= 0 || list->presentation_context_identifier > G_MAXINT32) {
    g_set_error(error, OSI_ERROR, OSI_ERROR_SYNTAX, "presentation context identifier %ld (X.226 8.2)",
                list->presentation_context_identifier);
    return false;
  }
  out->context = (guint)list->presentation_context_identifier;
  switch (list->presentation_data_values.present) {
  case PDV_list__presentation_data_values_PR_single_ASN1_type:
    out->encoding = PRESENTATION_SINGLE_TYPE;
    out->octets = field_any(value, &list->presentation_data_values.choice.single_ASN1_type);
    return true;
  case PDV_list__presentation_data_values_PR_octet_aligned:
    out->encoding = PRESENTATION_OCTET_ALIGNED;
    out->octets = field_bytes(value, &list->presentation_data_values.choice.octet_aligned);
    return true;
  default:
    g_set_error(error, OSI_ERROR, OSI_ERROR_SYNTAX,
                "a presentation data value of a connecting PPDU in arbitrary bits (X.226 8.4.2)");
    return false;
  }
}

static GArray *values_from(const struct asn1_value *value, const User_data_t *data, guint max, GError **error)
{
  g_autoptr(GArray) values = presentation_values_new();
  if (data->present == User_data_PR_simply_encoded_data) {
    struct presentation_value simple = {.octets = field_bytes(value, &data->choice.simply_encoded_data)};
    g_array_append_val(values, simple);
    return g_steal_pointer(&values);
  }
  const Fully_encoded_data_t *full = &data->choice.fully_encoded_data;
  if ((guint)full->list.count > max) {
    g_set_error(error, OSI_ERROR, OSI_ERROR_LIMIT, "%d presentation data values, more than %u",
                full->list.count, max);
    return NULL;
  }
  for (int i = 0; i < full->list.count; i++) {
    struct presentation_value one = {0};
    if (!value_from_list(value, full->list.array[i], &one, error)) {
      return NULL;
    }
    g_array_append_val(values, one);
  }
  return g_steal_pointer(&values);
}

static User_data_t *values_to(struct asn1_value *value, const GArray *values)
{
  if (values == NULL || values->len == 0) {
    return NULL;
  }
  User_data_t *data = asn1_new_field(User_data_t);
  const struct presentation_value *first = &g_array_index(values, struct presentation_value, 0);
  if (values->len == 1 && first->context == 0) {
    data->present = User_data_PR_simply_encoded_data; /* X.226 8.4.1: no context, or one alone */
    field_put_bytes(value, &data->choice.simply_encoded_data, first->octets);
    return data;
  }
  data->present = User_data_PR_fully_encoded_data;
  for (guint i = 0; i < values->len; i++) {
    const struct presentation_value *one = &g_array_index(values, struct presentation_value, i);
    PDV_list_t *list = asn1_new_field(PDV_list_t);
    list->presentation_context_identifier = one->context;
    if (one->encoding == PRESENTATION_OCTET_ALIGNED) { /* its octets need not be one BER value */
      list->presentation_data_values.present = PDV_list__presentation_data_values_PR_octet_aligned;
      field_put_bytes(value, &list->presentation_data_values.choice.octet_aligned, one->octets);
    } else {
      list->presentation_data_values.present = PDV_list__presentation_data_values_PR_single_ASN1_type;
      field_put_any(value, &list->presentation_data_values.choice.single_ASN1_type, one->octets);
    }
    ASN_SEQUENCE_ADD(&data->choice.fully_encoded_data.list, list);
  }
  return data;
}

/* --- contexts
 * ---------------------------------------------------------------------------------------------------------
 */

static GArray *contexts_from(const Presentation_context_list_t *list, guint max, GError **error)
{
  g_autoptr(GArray) contexts = presentation_contexts_new();
  if ((guint)list->list.count > max) {
    g_set_error(error, OSI_ERROR, OSI_ERROR_LIMIT, "%d presentation contexts proposed, more than %u",
                list->list.count, max);
    return NULL;
  }
  for (int i = 0; i < list->list.count; i++) {
    const Presentation_context_t *one = list->list.array[i];
    long id = one->presentation_context_identifier;
    if (id <= 0 || id > G_MAXINT32) {
      g_set_error(error, OSI_ERROR, OSI_ERROR_SYNTAX, "presentation context identifier %ld (X.226 8.2)", id);
      return NULL;
    }
    struct presentation_context context = {.id = (guint)id,
                                           .syntax = oid_get(&one->abstract_syntax_name),
                                           .dotted = field_dotted(&one->abstract_syntax_name)};
    for (int j = 0; j < one->transfer_syntax_name_list.list.count; j++) {
      context.ber = context.ber || oid_get(one->transfer_syntax_name_list.list.array[j]) == OID_BER;
    }
    g_array_append_val(contexts, context);
  }
  return g_steal_pointer(&contexts);
}

static Presentation_context_list_t *contexts_to(const GArray *contexts)
{
  Presentation_context_list_t *list = asn1_new_field(Presentation_context_list_t);
  for (guint i = 0; i < contexts->len; i++) {
    const struct presentation_context *context = &g_array_index(contexts, struct presentation_context, i);
    Presentation_context_t *one = asn1_new_field(Presentation_context_t);
    one->presentation_context_identifier = context->id;
    if (context->syntax != OID_UNKNOWN) {
      oid_put(&one->abstract_syntax_name, context->syntax);
    } else {
      (void)oid_put_dotted(&one->abstract_syntax_name, context->dotted);
    }
    ASN_SEQUENCE_ADD(&one->transfer_syntax_name_list.list, field_new_oid(OID_BER));
    ASN_SEQUENCE_ADD(&list->list, one);
  }
  return list;
}

static GArray *results_from(const Presentation_result_list_t *list, guint max, GError **error)
{
  g_autoptr(GArray) contexts = presentation_contexts_new();
  if ((guint)list->list.count > max) {
    g_set_error(error, OSI_ERROR, OSI_ERROR_LIMIT, "%d presentation context results, more than %u",
                list->list.count, max);
    return NULL;
  }
  for (int i = 0; i < list->list.count; i++) {
    const Presentation_context_result_t *one = list->list.array[i];
    struct presentation_context context = {
        .ber = one->transfer_syntax_name != NULL && oid_get(one->transfer_syntax_name) == OID_BER,
        .result = (enum presentation_result)field_uint(&one->result, PRESENTATION_PROVIDER_REJECTED,
                                                       PRESENTATION_PROVIDER_REJECTED),
        .reason = field_uint(one->provider_reason, G_MAXINT32, 0)};
    g_array_append_val(contexts, context);
  }
  return g_steal_pointer(&contexts);
}

static Presentation_result_list_t *results_to(const GArray *contexts)
{
  if (contexts == NULL || contexts->len == 0) {
    return NULL;
  }
  Presentation_result_list_t *list = asn1_new_field(Presentation_result_list_t);
  for (guint i = 0; i < contexts->len; i++) {
    const struct presentation_context *context = &g_array_index(contexts, struct presentation_context, i);
    Presentation_context_result_t *one = asn1_new_field(Presentation_context_result_t);
    one->result = context->result;
    if (context->result == PRESENTATION_ACCEPTED) {
      one->transfer_syntax_name = field_new_oid(OID_BER);
    } else if (context->result == PRESENTATION_PROVIDER_REJECTED) {
      one->provider_reason = field_new_long(context->reason);
    }
    ASN_SEQUENCE_ADD(&list->list, one);
  }
  return list;
}

/* --- X.410-1984 mode: RTSE's SET as it came, and as it goes, under the tag of its place --- */

/* What stands under that tag in the PPDU's SET, as a SET of its own.  The decoder has found the PPDU whole
 * already. */
static GArray *x410_from(GBytes *data, guint8 tag)
{
  gsize size;
  const guint8 *octets = g_bytes_get_data(data, &size), *contents;
  struct tlv outer, tlv;
  bool bad = false;
  if (!tlv_read(octets, size, &outer)) {
    return NULL;
  }
  struct tlv_cursor cursor = {octets + outer.header, outer.length};
  while (tlv_next(&cursor, &tlv, &contents, &bad)) {
    if (tlv.tag == tag) {
      GByteArray *set = g_byte_array_new();
      tlv_put(set, TAG_SET, tlv.length);
      g_byte_array_append(set, contents, (guint)tlv.length);
      return presentation_values_one(OID_UNKNOWN, g_byte_array_free_to_bytes(set));
    }
  }
  return NULL;
}

/* CPR and ARU are the SET itself. */
static GArray *x410_whole(GBytes *data)
{
  return presentation_values_one(OID_UNKNOWN, g_bytes_ref(data));
}

/* Without a value it is an RTORJ or RTAB that gives no reason. */
static GBytes *x410_octets(const struct presentation_ppdu *ppdu)
{
  static const guint8 nothing[] = {TAG_SET, 0};
  return ppdu->values != NULL && ppdu->values->len > 0
             ? g_bytes_ref(g_array_index(ppdu->values, struct presentation_value, 0).octets)
             : g_bytes_new_static(nothing, sizeof nothing);
}

/* CP and CPA: mode selector and the SET, retagged. */
static GBytes *x410_write(const struct presentation_ppdu *ppdu)
{
  static const guint8 selector[] = {0xa0, 3, 0x80, 1, MODE_X410};
  g_autoptr(GByteArray) parameters = g_byte_array_new();
  if (ppdu->values != NULL && ppdu->values->len > 0) {
    gsize size;
    const guint8 *octets =
        g_bytes_get_data(g_array_index(ppdu->values, struct presentation_value, 0).octets, &size);
    struct tlv tlv = {0};
    (void)tlv_read(octets, size, &tlv);
    tlv_put(parameters, TAG_X410_PARAMETERS, tlv.length);
    g_byte_array_append(parameters, octets + tlv.header, (guint)tlv.length);
  }
  GByteArray *out = g_byte_array_new();
  tlv_put(out, TAG_SET, sizeof selector + parameters->len);
  g_byte_array_append(out, selector, sizeof selector);
  g_byte_array_append(out, parameters->data, parameters->len);
  if (parameters->len > 0)
    explicit_bzero(parameters->data, parameters->len);
  return osi_secret_bytes(g_byte_array_free_to_bytes(out)); /* with the bind */
}

/* --- reading
 * ----------------------------------------------------------------------------------------------------------
 */

static bool mode_is_known(const Mode_selector_t *mode, bool normal_given, const char *name, bool *x410_r,
                          GError **error)
{
  *x410_r = mode->mode_value == MODE_X410;
  if (mode->mode_value != MODE_NORMAL && !*x410_r) {
    g_set_error(error, OSI_ERROR, OSI_ERROR_SYNTAX, "%s: mode selector %ld (X.226 8.2)", name,
                mode->mode_value);
    return false;
  }
  if (!*x410_r && !normal_given) {
    g_set_error(error, OSI_ERROR, OSI_ERROR_SYNTAX, "%s: normal mode without its parameters (X.226 8.2)",
                name);
    return false;
  }
  return true;
}

static bool selector_is_short(const struct asn1_value *value, const OCTET_STRING_t *field, const char *name,
                              struct osi_selector *selector_r, GError **error)
{
  if (!field_selector(value, field, selector_r)) {
    g_set_error(error, OSI_ERROR, OSI_ERROR_LIMIT, "%s: presentation selector longer than %d octets", name,
                OSI_SELECTOR_MAX);
    return false;
  }
  return true;
}

bool presentation_read_cp(GBytes *data, const struct presentation_limits *limits,
                          struct presentation_ppdu *ppdu_r, GError **error)
{
  g_autoptr(asn1_value_t) value = field_decode(&asn_DEF_CP_type, data, "CP", error);
  if (value == NULL) {
    return false;
  }
  const CP_type_t *cp = asn1_value_get(value);
  const struct CP_type__normal_mode_parameters *normal = cp->normal_mode_parameters;
  if (!mode_is_known(&cp->mode_selector, normal != NULL, "CP", &ppdu_r->x410, error)) {
    return false;
  }
  if (ppdu_r->x410) {
    ppdu_r->values = x410_from(data, TAG_X410_PARAMETERS);
    return true;
  }
  if (!selector_is_short(value, normal->calling_presentation_selector, "CP", &ppdu_r->calling, error) ||
      !selector_is_short(value, normal->called_presentation_selector, "CP", &ppdu_r->called, error)) {
    return false;
  }
  if (normal->presentation_context_definition_list != NULL &&
      (ppdu_r->contexts = contexts_from(normal->presentation_context_definition_list, limits->contexts_max,
                                        error)) == NULL) {
    return false;
  }
  return normal->user_data == NULL ||
         (ppdu_r->values = values_from(value, normal->user_data, limits->values_max, error)) != NULL;
}

bool presentation_read_cpa(GBytes *data, const struct presentation_limits *limits,
                           struct presentation_ppdu *ppdu_r, GError **error)
{
  g_autoptr(asn1_value_t) value = field_decode(&asn_DEF_CPA_PPDU, data, "CPA", error);
  if (value == NULL) {
    return false;
  }
  const CPA_PPDU_t *cpa = asn1_value_get(value);
  const struct CPA_PPDU__normal_mode_parameters *normal = cpa->normal_mode_parameters;
  if (!mode_is_known(&cpa->mode_selector, normal != NULL, "CPA", &ppdu_r->x410, error)) {
    return false;
  }
  if (ppdu_r->x410) {
    ppdu_r->values = x410_from(data, TAG_X410_PARAMETERS);
    return true;
  }
  if (!selector_is_short(value, normal->responding_presentation_selector, "CPA", &ppdu_r->responding,
                         error)) {
    return false;
  }
  if (normal->presentation_context_definition_result_list != NULL &&
      (ppdu_r->contexts = results_from(normal->presentation_context_definition_result_list,
                                       limits->contexts_max, error)) == NULL) {
    return false;
  }
  return normal->user_data == NULL ||
         (ppdu_r->values = values_from(value, normal->user_data, limits->values_max, error)) != NULL;
}

bool presentation_read_cpr(GBytes *data, const struct presentation_limits *limits,
                           struct presentation_ppdu *ppdu_r, GError **error)
{
  ppdu_r->provider_reason = PRESENTATION_NO_REASON;
  g_autoptr(asn1_value_t) value = field_decode(&asn_DEF_CPR_PPDU, data, "CPR", error);
  if (value == NULL) {
    return false;
  }
  const CPR_PPDU_t *cpr = asn1_value_get(value);
  ppdu_r->x410 = cpr->present == CPR_PPDU_PR_x410_mode_parameters;
  if (ppdu_r->x410) {
    ppdu_r->values = x410_whole(data);
    return true;
  }
  const struct CPR_PPDU__normal_mode_parameters *normal = &cpr->choice.normal_mode_parameters;
  if (normal->provider_reason != NULL) {
    ppdu_r->provider_reason = (gint)field_uint(normal->provider_reason, G_MAXINT32, 0);
  }
  if (!selector_is_short(value, normal->responding_presentation_selector, "CPR", &ppdu_r->responding,
                         error)) {
    return false;
  }
  if (normal->presentation_context_definition_result_list != NULL &&
      (ppdu_r->contexts = results_from(normal->presentation_context_definition_result_list,
                                       limits->contexts_max, error)) == NULL) {
    return false;
  }
  return normal->user_data == NULL ||
         (ppdu_r->values = values_from(value, normal->user_data, limits->values_max, error)) != NULL;
}

bool presentation_read_abort(GBytes *data, const struct presentation_limits *limits,
                             struct presentation_ppdu *ppdu_r, GError **error)
{
  ppdu_r->provider_reason = ppdu_r->event = PRESENTATION_NO_REASON;
  g_autoptr(asn1_value_t) value = field_decode(&asn_DEF_Abort_type, data, "ARU or ARP", error);
  if (value == NULL) {
    return false;
  }
  const Abort_type_t *abort = asn1_value_get(value);
  if (abort->present == Abort_type_PR_arp_ppdu) {
    const ARP_PPDU_t *arp = &abort->choice.arp_ppdu;
    ppdu_r->provider = true;
    if (arp->provider_reason != NULL) {
      ppdu_r->provider_reason = (gint)field_uint(arp->provider_reason, G_MAXINT32, 0);
    }
    if (arp->event_identifier != NULL) {
      ppdu_r->event = (gint)field_uint(arp->event_identifier, G_MAXINT32, 0);
    }
    return true;
  }
  const ARU_PPDU_t *aru = &abort->choice.aru_ppdu;
  ppdu_r->x410 = aru->present == ARU_PPDU_PR_x410_mode_parameters;
  if (ppdu_r->x410) {
    ppdu_r->values = x410_whole(data);
    return true;
  }
  const User_data_t *user_data = aru->choice.normal_mode_parameters.user_data;
  return user_data == NULL ||
         (ppdu_r->values = values_from(value, user_data, limits->values_max, error)) != NULL;
}

/* --- writing
 * ----------------------------------------------------------------------------------------------------------
 */

GBytes *presentation_write_cp(const struct presentation_ppdu *ppdu, GError **error)
{
  if (ppdu->x410) {
    return x410_write(ppdu);
  }
  g_autoptr(asn1_value_t) value = asn1_value_new(&asn_DEF_CP_type);
  CP_type_t *cp = asn1_value_get(value);
  struct CP_type__normal_mode_parameters *normal = asn1_new_field(struct CP_type__normal_mode_parameters);
  cp->mode_selector.mode_value = MODE_NORMAL;
  cp->normal_mode_parameters = normal;
  normal->calling_presentation_selector = field_new_selector(value, &ppdu->calling);
  normal->called_presentation_selector = field_new_selector(value, &ppdu->called);
  if (ppdu->contexts != NULL && ppdu->contexts->len > 0) {
    normal->presentation_context_definition_list = contexts_to(ppdu->contexts);
  }
  normal->user_data = values_to(value, ppdu->values);
  return osi_secret_bytes(asn1_encode_bytes(value, error)); /* with the bind */
}

GBytes *presentation_write_cpa(const struct presentation_ppdu *ppdu, GError **error)
{
  if (ppdu->x410) {
    return x410_write(ppdu);
  }
  g_autoptr(asn1_value_t) value = asn1_value_new(&asn_DEF_CPA_PPDU);
  CPA_PPDU_t *cpa = asn1_value_get(value);
  struct CPA_PPDU__normal_mode_parameters *normal = asn1_new_field(struct CPA_PPDU__normal_mode_parameters);
  cpa->mode_selector.mode_value = MODE_NORMAL;
  cpa->normal_mode_parameters = normal;
  normal->responding_presentation_selector = field_new_selector(value, &ppdu->responding);
  normal->presentation_context_definition_result_list = results_to(ppdu->contexts);
  normal->user_data = values_to(value, ppdu->values);
  return osi_secret_bytes(asn1_encode_bytes(value, error)); /* with the bind */
}

GBytes *presentation_write_cpr(const struct presentation_ppdu *ppdu, GError **error)
{
  if (ppdu->x410) {
    return x410_octets(ppdu);
  }
  g_autoptr(asn1_value_t) value = asn1_value_new(&asn_DEF_CPR_PPDU);
  CPR_PPDU_t *cpr = asn1_value_get(value);
  cpr->present = CPR_PPDU_PR_normal_mode_parameters;
  struct CPR_PPDU__normal_mode_parameters *normal = &cpr->choice.normal_mode_parameters;
  normal->responding_presentation_selector = field_new_selector(value, &ppdu->responding);
  normal->presentation_context_definition_result_list = results_to(ppdu->contexts);
  if (ppdu->provider_reason != PRESENTATION_NO_REASON) {
    normal->provider_reason = field_new_long(ppdu->provider_reason);
  }
  normal->user_data = values_to(value, ppdu->values);
  return asn1_encode_bytes(value, error);
}

GBytes *presentation_write_aru(const struct presentation_ppdu *ppdu, GError **error)
{
  if (ppdu->x410) {
    return x410_octets(ppdu);
  }
  g_autoptr(asn1_value_t) value = asn1_value_new(&asn_DEF_Abort_type);
  Abort_type_t *abort = asn1_value_get(value);
  abort->present = Abort_type_PR_aru_ppdu;
  abort->choice.aru_ppdu.present = ARU_PPDU_PR_normal_mode_parameters;
  struct ARU_PPDU__normal_mode_parameters *normal = &abort->choice.aru_ppdu.choice.normal_mode_parameters;
  if (ppdu->values != NULL && ppdu->values->len > 0 &&
      g_array_index(ppdu->values, struct presentation_value, 0).context != 0) {
    typedef struct Presentation_context_identifier_list__Member member;
    Presentation_context_identifier_list_t *list = asn1_new_field(Presentation_context_identifier_list_t);
    for (guint i = 0; i < ppdu->values->len; i++) {
      member *one = asn1_new_field(member);
      one->presentation_context_identifier =
          g_array_index(ppdu->values, struct presentation_value, i).context;
      oid_put(&one->transfer_syntax_name, OID_BER);
      ASN_SEQUENCE_ADD(&list->list, one);
    }
    normal->presentation_context_identifier_list = list;
  }
  normal->user_data = values_to(value, ppdu->values);
  return asn1_encode_bytes(value, error);
}

GBytes *presentation_write_arp(gint reason, gint event)
{
  g_autoptr(asn1_value_t) value = asn1_value_new(&asn_DEF_Abort_type);
  Abort_type_t *abort = asn1_value_get(value);
  abort->present = Abort_type_PR_arp_ppdu;
  if (reason != PRESENTATION_NO_REASON) {
    abort->choice.arp_ppdu.provider_reason = field_new_long(reason);
  }
  if (event != PRESENTATION_NO_REASON) {
    abort->choice.arp_ppdu.event_identifier = field_new_long(event);
  }
  return asn1_encode_bytes(value, NULL); /* nothing in it that could not be encoded */
}

/* --- words
 * ------------------------------------------------------------------------------------------------------------
 */

char *presentation_refusal_words(gint reason)
{
  static const struct osi_word words[] = {
      {0, "reason not specified"},
      {1, "temporary congestion"},
      {2, "local limit exceeded"},
      {3, "called presentation address unknown: the presentation selector (PSEL) set here for the peer is "
          "not its own"},
      {4, "protocol version not supported"},
      {5, "default context not supported"},
      {6, "user data not readable"},
      {7, "no PSAP available: nothing listens behind that presentation selector now"}};
  return reason == PRESENTATION_NO_REASON ? g_strdup("no reason given")
                                          : osi_word_of(words, G_N_ELEMENTS(words), (guint)reason);
}

char *presentation_context_words(guint reason)
{
  static const struct osi_word words[] = {{0, "reason not specified"},
                                          {1, "abstract syntax not supported"},
                                          {2, "proposed transfer syntaxes not supported"},
                                          {3, "local limit on the defined context set exceeded"}};
  return osi_word_of(words, G_N_ELEMENTS(words), reason);
}

char *presentation_abort_words(gint reason, gint event)
{
  static const struct osi_word reasons[] = {{0, "reason not specified"},
                                            {1, "unrecognized PPDU"},
                                            {2, "unexpected PPDU"},
                                            {3, "unexpected session service primitive"},
                                            {4, "unrecognized PPDU parameter"},
                                            {5, "unexpected PPDU parameter"},
                                            {6, "invalid PPDU parameter value"}};
  g_autofree char *words = reason == PRESENTATION_NO_REASON
                               ? g_strdup("no reason given")
                               : osi_word_of(reasons, G_N_ELEMENTS(reasons), (guint)reason);
  return event == PRESENTATION_NO_REASON ? g_steal_pointer(&words)
                                         : g_strdup_printf("%s, at event %d of X.226 8.2", words, event);
}
