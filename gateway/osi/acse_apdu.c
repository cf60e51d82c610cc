/* acse_apdu.c - see acse_apdu.h. */
#include "osi/acse_apdu.h"

#include "osi/error.h"
#include "osi/fields.h"
#include "osi/secret.h"

#include <ACSE-apdu.h>
#include <Association-information.h>
#include <External.h>

void acse_apdu_clear(struct acse_apdu *apdu)
{
  g_free(apdu->context_dotted);
  g_clear_pointer(&apdu->information, g_bytes_unref);
  *apdu = (struct acse_apdu){0};
}

static bool read_information(const struct asn1_value *value, const Association_information_t *list,
                             struct acse_apdu *apdu, GError **error)
{
  if (list == NULL || list->list.count == 0) {
    return true;
  }
  const External_t *external = list->list.array[0];
  apdu->information_context = field_uint(external->indirect_reference, G_MAXINT32, 0);
  switch (external->encoding.present) {
  case External__encoding_PR_single_ASN1_type:
    apdu->information = field_any(value, &external->encoding.choice.single_ASN1_type);
    return true;
  case External__encoding_PR_octet_aligned:
    apdu->information = field_bytes(value, &external->encoding.choice.octet_aligned);
    return true;
  default:
    g_set_error(error, OSI_ERROR, OSI_ERROR_SYNTAX, "user information in arbitrary bits (X.227 9)");
    return false;
  }
}

static Association_information_t *write_information(struct asn1_value *value, const struct acse_apdu *apdu)
{
  if (apdu->information == NULL) {
    return NULL;
  }
  Association_information_t *list = asn1_new_field(Association_information_t);
  External_t *external = asn1_new_field(External_t);
  external->direct_reference = field_new_oid(OID_BER);
  external->indirect_reference = field_new_long(apdu->information_context);
  external->encoding.present = External__encoding_PR_single_ASN1_type;
  field_put_any(value, &external->encoding.choice.single_ASN1_type, apdu->information);
  ASN_SEQUENCE_ADD(&list->list, external);
  return list;
}

bool acse_apdu_read(GBytes *data, struct acse_apdu *apdu_r, GError **error)
{
  g_autoptr(asn1_value_t) value = field_decode(&asn_DEF_ACSE_apdu, data, "ACSE APDU", error);
  if (value == NULL) {
    return false;
  }
  const ACSE_apdu_t *apdu = asn1_value_get(value);
  switch (apdu->present) {
  case ACSE_apdu_PR_aarq:
    apdu_r->type = ACSE_AARQ;
    apdu_r->context = oid_get(&apdu->choice.aarq.application_context_name);
    apdu_r->context_dotted = field_dotted(&apdu->choice.aarq.application_context_name);
    return read_information(value, apdu->choice.aarq.user_information, apdu_r, error);
  case ACSE_apdu_PR_aare: {
    const Associate_source_diagnostic_t *source = &apdu->choice.aare.result_source_diagnostic;
    apdu_r->type = ACSE_AARE;
    apdu_r->context = oid_get(&apdu->choice.aare.application_context_name);
    apdu_r->context_dotted = field_dotted(&apdu->choice.aare.application_context_name);
    apdu_r->result = field_uint(&apdu->choice.aare.result, G_MAXINT32, ACSE_REJECTED_PERMANENT);
    apdu_r->by_provider = source->present == Associate_source_diagnostic_PR_acse_service_provider;
    apdu_r->diagnostic = field_uint(apdu_r->by_provider ? &source->choice.acse_service_provider
                                                        : &source->choice.acse_service_user,
                                    G_MAXINT32, 0);
    return read_information(value, apdu->choice.aare.user_information, apdu_r, error);
  }
  case ACSE_apdu_PR_rlrq:
    apdu_r->type = ACSE_RLRQ;
    apdu_r->reason = field_uint(apdu->choice.rlrq.reason, G_MAXINT32, 0);
    return read_information(value, apdu->choice.rlrq.user_information, apdu_r, error);
  case ACSE_apdu_PR_rlre:
    apdu_r->type = ACSE_RLRE;
    apdu_r->reason = field_uint(apdu->choice.rlre.reason, G_MAXINT32, 0);
    return read_information(value, apdu->choice.rlre.user_information, apdu_r, error);
  case ACSE_apdu_PR_abrt:
    apdu_r->type = ACSE_ABRT;
    apdu_r->by_provider = apdu->choice.abrt.abort_source != 0;
    return read_information(value, apdu->choice.abrt.user_information, apdu_r, error);
  default:
    g_set_error(error, OSI_ERROR, OSI_ERROR_SYNTAX, "no APDU of ACSE's (X.227 9)");
    return false;
  }
}

GBytes *acse_apdu_write(const struct acse_apdu *apdu, GError **error)
{
  g_autoptr(asn1_value_t) value = asn1_value_new(&asn_DEF_ACSE_apdu);
  ACSE_apdu_t *out = asn1_value_get(value);
  Association_information_t *information = write_information(value, apdu);
  switch (apdu->type) {
  case ACSE_AARQ:
    out->present = ACSE_apdu_PR_aarq;
    oid_put(&out->choice.aarq.application_context_name, apdu->context);
    out->choice.aarq.user_information = information;
    break;
  case ACSE_AARE: {
    Associate_source_diagnostic_t *source = &out->choice.aare.result_source_diagnostic;
    out->present = ACSE_apdu_PR_aare;
    oid_put(&out->choice.aare.application_context_name, apdu->context);
    out->choice.aare.result = (long)apdu->result;
    if (apdu->by_provider) {
      source->present = Associate_source_diagnostic_PR_acse_service_provider;
      source->choice.acse_service_provider = (long)apdu->diagnostic;
    } else {
      source->present = Associate_source_diagnostic_PR_acse_service_user;
      source->choice.acse_service_user = (long)apdu->diagnostic;
    }
    out->choice.aare.user_information = information;
    break;
  }
  case ACSE_RLRQ:
    out->present = ACSE_apdu_PR_rlrq;
    out->choice.rlrq.reason = field_new_long((long)apdu->reason);
    out->choice.rlrq.user_information = information;
    break;
  case ACSE_RLRE:
    out->present = ACSE_apdu_PR_rlre;
    out->choice.rlre.reason = field_new_long((long)apdu->reason);
    out->choice.rlre.user_information = information;
    break;
  case ACSE_ABRT:
    out->present = ACSE_apdu_PR_abrt;
    out->choice.abrt.abort_source = apdu->by_provider ? 1 : 0;
    out->choice.abrt.user_information = information;
    break;
  }
  return osi_secret_bytes(asn1_encode_bytes(value, error)); /* AARQ, AARE: with the bind */
}

char *acse_diagnostic_words(bool by_provider, guint diagnostic)
{
  static const struct osi_word user[] = {
      {0, "no diagnostic"},
      {1, "no reason given"},
      {2, "application context name not supported: the peer offers another service at "
          "this address than the transfer of messages by P1 in normal mode"},
      {3, "calling AP title not recognized"},
      {4, "calling AP invocation identifier not recognized"},
      {5, "calling AE qualifier not recognized"},
      {6, "calling AE invocation identifier not recognized"},
      {7, "called AP title not recognized"},
      {8, "called AP invocation identifier not recognized"},
      {9, "called AE qualifier not recognized"},
      {10, "called AE invocation identifier not recognized"},
      {11, "authentication mechanism name not recognized"},
      {12, "authentication mechanism name required"},
      {13, "authentication failure"},
      {14, "authentication required"}};
  static const struct osi_word provider[] = {
      {0, "no diagnostic"}, {1, "no reason given"}, {2, "no common ACSE version"}};
  return by_provider ? osi_word_of(provider, G_N_ELEMENTS(provider), diagnostic)
                     : osi_word_of(user, G_N_ELEMENTS(user), diagnostic);
}
