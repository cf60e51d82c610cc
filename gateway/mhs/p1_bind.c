/* p1_bind.c - see p1_bind.h. */
#include "mhs/p1_bind.h"

#include <gio/gio.h>
#include <string.h>

#include "mhs/p1_machine.h"
#include "osi/fields.h"
#include "osi/secret.h"
#include "osi/tlv.h"

#include <MTABindArgument.h>
#include <MTABindPDU.h>
#include <MTABindResult.h>

/* X.411 12.1.1 */
enum {
  TAG_IA5_STRING = 0x16,
  TAG_OCTET_STRING = 0x04,
  TAG_NULL = 0x05,
  TAG_SEQUENCE = 0x30,
  TAG_AUTHENTICATED = 0xa1,
  TAG_NAME = 0x80,
  TAG_CREDENTIALS = 0xa1,
  TAG_STRONG = 0xa0,
  TAG_TOKEN = 0xa0,
  TAG_CERTIFICATES = 0xa1,
  TAG_SELECTOR = 0xa2,
  TAG_ARGUMENT = 0xb0, /* normal mode */
  TAG_RESULT = 0xb1
};

static GBytes *bytes_ref(GBytes *bytes)
{
  return bytes != NULL ? g_bytes_ref(bytes) : NULL;
}

void p1_credentials_clear(struct p1_credentials *credentials)
{
  g_clear_pointer(&credentials->mta_name, g_free);
  g_clear_pointer(&credentials->password, g_bytes_unref);
  g_clear_pointer(&credentials->bind_token, g_bytes_unref);
  g_clear_pointer(&credentials->certificates, g_bytes_unref);
  g_clear_pointer(&credentials->certificate_selector, g_bytes_unref);
}

void p1_credentials_copy(struct p1_credentials *to, const struct p1_credentials *from)
{
  *to = (struct p1_credentials){.authentication = from->authentication,
                                .mta_name = g_strdup(from->mta_name),
                                .password = bytes_ref(from->password),
                                .bind_token = bytes_ref(from->bind_token),
                                .certificates = bytes_ref(from->certificates),
                                .certificate_selector = bytes_ref(from->certificate_selector)};
}

/* --- writing: from the inside out --- */

/* Wraps what is in octets in one more element; what it frees held a password perhaps. */
static GByteArray *wrap(guint8 tag, GByteArray *octets)
{
  GByteArray *out = g_byte_array_sized_new((guint)tlv_header_size(octets->len) + octets->len);
  tlv_put(out, tag, octets->len);
  g_byte_array_append(out, octets->data, octets->len);
  explicit_bzero(octets->data, octets->len);
  g_byte_array_unref(octets);
  return out;
}

static GByteArray *element(guint8 tag, gconstpointer data, gsize length)
{
  GByteArray *out = g_byte_array_sized_new((guint)(tlv_header_size(length) + length));
  tlv_put(out, tag, length);
  g_byte_array_append(out, data, (guint)length);
  return out;
}

/* One BER value under the tag of its place; nothing when it is absent. */
static void append_retagged(GByteArray *out, guint8 tag, GBytes *value)
{
  gsize size = 0;
  const guint8 *data = value != NULL ? g_bytes_get_data(value, &size) : NULL;
  struct tlv tlv;
  if (data != NULL && tlv_read(data, size, &tlv)) {
    tlv_put(out, tag, tlv.length);
    g_byte_array_append(out, data + tlv.header, (guint)tlv.length);
  }
}

static GByteArray *write_strong(const struct p1_credentials *credentials)
{
  GByteArray *strong = g_byte_array_new();
  append_retagged(strong, TAG_TOKEN, credentials->bind_token);
  append_retagged(strong, TAG_CERTIFICATES, credentials->certificates);
  append_retagged(strong, TAG_SELECTOR, credentials->certificate_selector);
  return wrap(TAG_STRONG, strong);
}

static GByteArray *write_password(GBytes *password, bool ia5)
{
  gsize length = 0;
  const void *octets = password != NULL ? g_bytes_get_data(password, &length) : NULL;
  return element(ia5 ? TAG_IA5_STRING : TAG_OCTET_STRING, octets, length);
}

static GBytes *write_bind(enum p1_mode mode, guint8 tag, const struct p1_credentials *credentials,
                          enum p1_password_form form, GError **error)
{
  GByteArray *out;
  if (credentials->authentication == P1_UNAUTHENTICATED) {
    out = element(TAG_NULL, "", 0);
  } else if (credentials->mta_name == NULL) {
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                "no MTA name to bind with, and the bind is not set to be unauthenticated");
    return NULL;
  } else if (credentials->authentication == P1_STRONG && mode == P1_MODE_1984) {
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                "strong credentials for a peer of mode 1984, which has passwords alone (X.411-1984)");
    return NULL;
  } else {
    bool ia5 = form == P1_PASSWORD_IA5 || mode == P1_MODE_1984;
    GByteArray *proof = wrap(TAG_CREDENTIALS, credentials->authentication == P1_STRONG
                                                  ? write_strong(credentials)
                                                  : write_password(credentials->password, ia5));
    GByteArray *both = element(TAG_NAME, credentials->mta_name, strlen(credentials->mta_name));
    g_byte_array_append(both, proof->data, proof->len);
    explicit_bzero(proof->data, proof->len);
    g_byte_array_unref(proof);
    out = wrap(TAG_AUTHENTICATED, both);
  }
  return osi_secret_bytes(g_byte_array_free_to_bytes(p1_mode_is_x410(mode) ? out : wrap(tag, out)));
}

GBytes *p1_bind_write_argument(enum p1_mode mode, const struct p1_credentials *credentials,
                               enum p1_password_form form, GError **error)
{
  return write_bind(mode, TAG_ARGUMENT, credentials, form, error);
}

GBytes *p1_bind_write_result(enum p1_mode mode, const struct p1_credentials *credentials,
                             enum p1_password_form form, GError **error)
{
  return write_bind(mode, TAG_RESULT, credentials, form, error);
}

GBytes *p1_bind_write_error(enum p1_bind_error bind_error, GError **error)
{
  g_autoptr(asn1_value_t) value = asn1_value_new(&asn_DEF_MTABindPDU);
  MTABindPDU_t *pdu = asn1_value_get(value);
  pdu->present = MTABindPDU_PR_bind_error;
  pdu->choice.bind_error = (long)bind_error;
  return asn1_encode_bytes(value, error);
}

/* --- reading --- */

static struct asn1_value *decode(const struct asn_TYPE_descriptor_s *type, GBytes *data, const char *name,
                                 GError **error)
{
  g_autoptr(GError) why = NULL;
  struct asn1_value *value = data != NULL ? field_decode(type, data, name, &why) : NULL;
  if (value == NULL) {
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "%s (X.411 12.1.1)",
                why != NULL ? why->message : "no bind where one must be");
  }
  return value;
}

/* Narrows the cursor to what stands in the first element with that tag. */
static bool enter(struct tlv_cursor *cursor, guint8 tag)
{
  struct tlv tlv;
  const guint8 *contents;
  bool bad = false;
  while (tlv_next(cursor, &tlv, &contents, &bad)) {
    if (tlv.tag == tag) {
      *cursor = (struct tlv_cursor){contents, tlv.length};
      return true;
    }
  }
  return false;
}

static GBytes *strong_part(struct tlv_cursor strong, guint8 tag)
{
  return enter(&strong, tag) ? g_byte_array_free_to_bytes(element(TAG_SEQUENCE, strong.data, strong.left))
                             : NULL;
}

/* The octets as they came, for signatures run over them; the decoder has found the whole sound already. */
static void read_strong(enum p1_mode mode, GBytes *data, struct p1_credentials *out)
{
  struct tlv_cursor cursor;
  cursor.data = g_bytes_get_data(data, &cursor.left);
  bool found = p1_mode_is_x410(mode) || enter(&cursor, TAG_ARGUMENT) ||
               (cursor.data = g_bytes_get_data(data, &cursor.left), enter(&cursor, TAG_RESULT));
  if (found && enter(&cursor, TAG_AUTHENTICATED) && enter(&cursor, TAG_CREDENTIALS) &&
      enter(&cursor, TAG_STRONG)) {
    out->bind_token = strong_part(cursor, TAG_TOKEN);
    out->certificates = strong_part(cursor, TAG_CERTIFICATES);
    out->certificate_selector = strong_part(cursor, TAG_SELECTOR);
  }
}

/* A value decoded from data, read in mode. */
struct bind {
  enum p1_mode mode;
  GBytes *data;
  const struct asn1_value *value;
};

static bool read_credentials(const struct bind *bind, MTAName_t *name, Credentials_t *field,
                             struct p1_credentials *out, GError **error)
{
  out->mta_name = asn1_strndup(bind->value, name, 1024);
  if (out->mta_name == NULL) {
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                "an MTA name of more than 1024 octets (X.411 12.1.1)");
    return false;
  }
  if (field->present == Credentials_PR_strong) {
    out->authentication = P1_STRONG;
    read_strong(bind->mode, bind->data, out);
    return true;
  }
  if (field->present != Credentials_PR_simple) {
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                "MTA \"%s\" comes with a protected password; only passwords as they are and strong "
                "credentials are supported (X.411 8.1.1.1.1)",
                out->mta_name);
    return false;
  }
  OCTET_STRING_t *string = field->choice.simple.present == Password_PR_ia5_string
                               ? &field->choice.simple.choice.ia5_string
                               : &field->choice.simple.choice.octet_string;
  g_autoptr(GBytes) octets = field_bytes(bind->value, string);
  gsize length;
  const void *data = g_bytes_get_data(octets, &length);
  out->authentication = P1_SIMPLE;
  out->came_as =
      field->choice.simple.present == Password_PR_ia5_string ? P1_PASSWORD_IA5 : P1_PASSWORD_OCTETS;
  out->password = osi_secret_new(data, length);
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

bool p1_bind_read_argument(enum p1_mode mode, GBytes *data, struct p1_credentials *credentials_r,
                           GError **error)
{
  bool bare = p1_mode_is_x410(mode);
  g_autoptr(asn1_value_t) value =
      decode(bare ? &asn_DEF_MTABindArgument : &asn_DEF_MTABindPDU, data, "MTA-bind argument", error);
  if (value == NULL) {
    return false;
  }
  MTABindPDU_t *pdu = asn1_value_get(value);
  if (!bare && pdu->present != MTABindPDU_PR_bind_argument) {
    return wrong_choice("argument", error);
  }
  MTABindArgument_t *argument = bare ? asn1_value_get(value) : &pdu->choice.bind_argument;
  credentials_r->authentication = P1_UNAUTHENTICATED;
  return argument->present != MTABindArgument_PR_authenticated ||
         read_credentials(&(struct bind){mode, data, value}, &argument->choice.authenticated.initiator_name,
                          &argument->choice.authenticated.initiator_credentials, credentials_r, error);
}

bool p1_bind_read_result(enum p1_mode mode, GBytes *data, struct p1_credentials *credentials_r,
                         GError **error)
{
  bool bare = p1_mode_is_x410(mode);
  g_autoptr(asn1_value_t) value =
      decode(bare ? &asn_DEF_MTABindResult : &asn_DEF_MTABindPDU, data, "MTA-bind result", error);
  if (value == NULL) {
    return false;
  }
  MTABindPDU_t *pdu = asn1_value_get(value);
  if (!bare && pdu->present != MTABindPDU_PR_bind_result) {
    return wrong_choice("result", error);
  }
  MTABindResult_t *result = bare ? asn1_value_get(value) : &pdu->choice.bind_result;
  credentials_r->authentication = P1_UNAUTHENTICATED;
  return result->present != MTABindResult_PR_authenticated ||
         read_credentials(&(struct bind){mode, data, value}, &result->choice.authenticated.responder_name,
                          &result->choice.authenticated.responder_credentials, credentials_r, error);
}

bool p1_bind_read_error(GBytes *data, enum p1_bind_error *bind_error_r)
{
  g_autoptr(asn1_value_t) value = decode(&asn_DEF_MTABindPDU, data, "MTA-bind error", NULL);
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
