/* p1_bind.c - see p1_bind.h. */
#include "mhs/p1_bind.h"

#include <gio/gio.h>
#include <string.h>

#include "osi/fields.h"

#include <MTABindPDU.h>

struct secret {
  gsize length;
  guint8 octets[];
};

static void secret_free(gpointer data)
{
  struct secret *secret = data;
  explicit_bzero(secret->octets, secret->length);
  g_free(secret);
}

GBytes *p1_secret_new(const void *data, gsize length)
{
  struct secret *secret = g_malloc(sizeof *secret + length);
  secret->length = length;
  if (length > 0) {
    memcpy(secret->octets, data, length);
  }
  return g_bytes_new_with_free_func(secret->octets, length, secret_free, secret);
}

void p1_credentials_clear(struct p1_credentials *credentials)
{
  g_clear_pointer(&credentials->mta_name, g_free);
  g_clear_pointer(&credentials->password, g_bytes_unref);
}

/* --- writing
 * ----------------------------------------------------------------------------------------------------------
 */

static void write_name(struct asn1_value *value, MTAName_t *field, const char *name)
{
  g_autoptr(GBytes) octets = g_bytes_new_static(name, strlen(name));
  field_put_bytes(value, field, octets);
}

static OCTET_STRING_t *write_password(struct asn1_value *value, Credentials_t *field, GBytes *password,
                                      enum p1_password_form form)
{
  g_autoptr(GBytes) octets = password != NULL ? g_bytes_ref(password) : g_bytes_new_static("", 0);
  Password_t *simple = &field->choice.simple;
  OCTET_STRING_t *string =
      form == P1_PASSWORD_IA5 ? &simple->choice.ia5_string : &simple->choice.octet_string;
  field->present = Credentials_PR_simple;
  simple->present = form == P1_PASSWORD_IA5 ? Password_PR_ia5_string : Password_PR_octet_string;
  field_put_bytes(value, string, octets);
  return string;
}

/* Encodes, and leaves no password in the structure that is freed then. */
static GBytes *encode(struct asn1_value *value, OCTET_STRING_t *secret, GError **error)
{
  GBytes *octets = asn1_encode_bytes(value, error);
  if (secret != NULL && secret->size > 0) {
    explicit_bzero(secret->buf, (gsize)secret->size);
  }
  return octets;
}

GBytes *p1_bind_write_argument(const struct p1_credentials *credentials, enum p1_password_form form,
                               GError **error)
{
  g_autoptr(asn1_value_t) value = asn1_value_new(&asn_DEF_MTABindPDU);
  MTABindPDU_t *pdu = asn1_value_get(value);
  MTABindArgument_t *argument = &pdu->choice.bind_argument;
  pdu->present = MTABindPDU_PR_bind_argument;
  if (credentials->mta_name == NULL) {
    argument->present = MTABindArgument_PR_unauthenticated;
    return encode(value, NULL, error);
  }
  argument->present = MTABindArgument_PR_authenticated;
  write_name(value, &argument->choice.authenticated.initiator_name, credentials->mta_name);
  OCTET_STRING_t *secret = write_password(value, &argument->choice.authenticated.initiator_credentials,
                                          credentials->password, form);
  return encode(value, secret, error);
}

GBytes *p1_bind_write_result(const struct p1_credentials *credentials, enum p1_password_form form,
                             GError **error)
{
  g_autoptr(asn1_value_t) value = asn1_value_new(&asn_DEF_MTABindPDU);
  MTABindPDU_t *pdu = asn1_value_get(value);
  MTABindResult_t *result = &pdu->choice.bind_result;
  pdu->present = MTABindPDU_PR_bind_result;
  if (credentials->mta_name == NULL) {
    result->present = MTABindResult_PR_unauthenticated;
    return encode(value, NULL, error);
  }
  result->present = MTABindResult_PR_authenticated;
  write_name(value, &result->choice.authenticated.responder_name, credentials->mta_name);
  OCTET_STRING_t *secret =
      write_password(value, &result->choice.authenticated.responder_credentials, credentials->password, form);
  return encode(value, secret, error);
}

GBytes *p1_bind_write_error(enum p1_bind_error bind_error, GError **error)
{
  g_autoptr(asn1_value_t) value = asn1_value_new(&asn_DEF_MTABindPDU);
  MTABindPDU_t *pdu = asn1_value_get(value);
  pdu->present = MTABindPDU_PR_bind_error;
  pdu->choice.bind_error = (long)bind_error;
  return asn1_encode_bytes(value, error);
}

/* --- reading
 * ----------------------------------------------------------------------------------------------------------
 */

static struct asn1_value *decode(GBytes *data, const char *name, GError **error)
{
  g_autoptr(GError) why = NULL;
  struct asn1_value *value = data != NULL ? field_decode(&asn_DEF_MTABindPDU, data, name, &why) : NULL;
  if (value == NULL) {
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "%s (X.411 12.1.1)",
                why != NULL ? why->message : "no bind where one must be");
  }
  return value;
}

static bool read_credentials(const struct asn1_value *value, MTAName_t *name, Credentials_t *field,
                             struct p1_credentials *out, GError **error)
{
  out->mta_name = asn1_strndup(value, name, 1024);
  if (out->mta_name == NULL) {
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                "an MTA name of more than 1024 octets (X.411 12.1.1)");
    return false;
  }
  if (field->present != Credentials_PR_simple) {
    g_set_error(
        error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
        "MTA \"%s\" comes with strong or protected credentials; only a password is supported (X.411 8.2)",
        out->mta_name);
    return false;
  }
  OCTET_STRING_t *string = field->choice.simple.present == Password_PR_ia5_string
                               ? &field->choice.simple.choice.ia5_string
                               : &field->choice.simple.choice.octet_string;
  g_autoptr(GBytes) octets = field_bytes(value, string);
  gsize length;
  const void *data = g_bytes_get_data(octets, &length);
  out->password = p1_secret_new(data, length);
  if (string->size > 0) {
    explicit_bzero(string->buf, (gsize)string->size);
  }
  return true;
}

static bool wrong_choice(const char *wanted, GError **error)
{
  g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "the MTA-bind PDU is no %s (X.411 12.1.1)", wanted);
  return false;
}

bool p1_bind_read_argument(GBytes *data, struct p1_credentials *credentials_r, GError **error)
{
  g_autoptr(asn1_value_t) value = decode(data, "MTA-bind argument", error);
  if (value == NULL) {
    return false;
  }
  MTABindPDU_t *pdu = asn1_value_get(value);
  if (pdu->present != MTABindPDU_PR_bind_argument) {
    return wrong_choice("argument", error);
  }
  MTABindArgument_t *argument = &pdu->choice.bind_argument;
  return argument->present != MTABindArgument_PR_authenticated ||
         read_credentials(value, &argument->choice.authenticated.initiator_name,
                          &argument->choice.authenticated.initiator_credentials, credentials_r, error);
}

bool p1_bind_read_result(GBytes *data, struct p1_credentials *credentials_r, GError **error)
{
  g_autoptr(asn1_value_t) value = decode(data, "MTA-bind result", error);
  if (value == NULL) {
    return false;
  }
  MTABindPDU_t *pdu = asn1_value_get(value);
  if (pdu->present != MTABindPDU_PR_bind_result) {
    return wrong_choice("result", error);
  }
  MTABindResult_t *result = &pdu->choice.bind_result;
  return result->present != MTABindResult_PR_authenticated ||
         read_credentials(value, &result->choice.authenticated.responder_name,
                          &result->choice.authenticated.responder_credentials, credentials_r, error);
}

bool p1_bind_read_error(GBytes *data, enum p1_bind_error *bind_error_r)
{
  g_autoptr(asn1_value_t) value = decode(data, "MTA-bind error", NULL);
  if (value == NULL) {
    return false;
  }
  const MTABindPDU_t *pdu = asn1_value_get(value);
  if (pdu->present != MTABindPDU_PR_bind_error || pdu->choice.bind_error < 0 ||
      pdu->choice.bind_error > G_MAXINT32) {
    return false;
  }
  *bind_error_r = (enum p1_bind_error)pdu->choice.bind_error;
  return true;
}
