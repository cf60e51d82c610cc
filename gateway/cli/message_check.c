/* message_check.c - see message_check.h. */
#include "cli/message_check.h"

#include "asn1/codec.h"
#include "osi/tlv.h"

#include <gio/gio.h>
#include <openssl/evp.h>
#include <string.h>

#include <Body.h>
#include <BodyPart.h>
#include <InformationObject.h>
#include <MTS-APDU.h>
#include <MessageBodyPart.h>

enum { DIGEST = 32, NESTED_MAX = 16, IPMS_1984 = 2, IPMS_1988 = 22 };

struct message_check {
  bool expects, same, first_seen;
  guint8 expected[DIGEST], first[DIGEST];
};

/* One message under examination. */
struct reading {
  const struct asn1_value *value;
  const struct message_check *check;
  EVP_MD_CTX *all; /* over all parts */
  bool found;      /* a part is the expected one */
};

static void digest(const void *data, gsize length, guint8 out[DIGEST])
{
  (void)EVP_Digest(data, length, out, NULL, EVP_sha256(), NULL);
}

struct message_check *message_check_new(const char *expected, bool same, GError **error)
{
  g_autofree struct message_check *check = g_new0(struct message_check, 1);
  check->same = same;
  if (expected != NULL) {
    g_autofree char *contents = NULL;
    gsize length;
    if (!g_file_get_contents(expected, &contents, &length, error)) {
      return NULL;
    }
    digest(contents, length, check->expected);
    check->expects = true;
  }
  return g_steal_pointer(&check);
}

void message_check_free(struct message_check *check)
{
  g_free(check);
}

GBytes *message_unwrap(GBytes *transfer)
{
  gsize size;
  const guint8 *data = g_bytes_get_data(transfer, &size), *contents;
  struct tlv external, tlv;
  bool bad = false;
  if (!tlv_read(data, size, &external) || external.tag != 0x28) {
    return g_bytes_ref(transfer);
  }
  struct tlv_cursor cursor = {data + external.header, external.length};
  while (tlv_next(&cursor, &tlv, &contents, &bad)) {
    if (tlv.tag == 0xa0) {
      return g_bytes_new_from_bytes(transfer, (gsize)(contents - data), tlv.length);
    }
  }
  return g_bytes_ref(transfer);
}

/* --- the octets of a body part
 * -------------------------------------------------------------------------------------------- */

static void take_octets(const struct asn1_value *value, const struct OCTET_STRING *field, GByteArray *out)
{
  g_autoptr(octets_t) octets = asn1_octets(value, field);
  g_autoptr(GBytes) bytes = octets_to_bytes(octets, G_MAXSIZE, NULL);
  if (bytes != NULL) {
    gsize length;
    const guint8 *data = g_bytes_get_data(bytes, &length);
    g_byte_array_append(out, data, (guint)length);
  }
}

/* Universal strings, and the [1] of an EXTERNAL's octets. */
static bool is_string(guint8 tag)
{
  return tag == 0x81 || tag == 0x04 || tag == 0x0c || (tag >= 0x12 && tag <= 0x16) ||
         (tag >= 0x19 && tag <= 0x1e);
}

/* What a value of an open type holds of octets: its strings, in their order. */
static void take_strings(const guint8 *data, gsize size, guint depth, GByteArray *out)
{
  struct tlv_cursor cursor = {data, size};
  struct tlv tlv;
  const guint8 *contents;
  bool bad = false;
  while (tlv_next(&cursor, &tlv, &contents, &bad)) {
    if (tlv.constructed && depth > 0) {
      take_strings(contents, tlv.length, depth - 1, out);
    } else if (is_string(tlv.tag)) {
      g_byte_array_append(out, contents, (guint)tlv.length);
    }
  }
}

static void take_external(const struct asn1_value *value, const External_t *external, GByteArray *out)
{
  switch (external->encoding.present) {
  case External__encoding_PR_octet_aligned:
    take_octets(value, &external->encoding.choice.octet_aligned, out);
    break;
  case External__encoding_PR_single_ASN1_type: {
    g_autoptr(GByteArray) whole = g_byte_array_new();
    take_octets(value, (const struct OCTET_STRING *)&external->encoding.choice.single_ASN1_type, whole);
    take_strings(whole->data, whole->len, NESTED_MAX, out);
    break;
  }
  default:
    break;
  }
}

static void examine_part(struct reading *reading, const GByteArray *octets)
{
  guint8 own[DIGEST];
  (void)EVP_DigestUpdate(reading->all, octets->data, octets->len);
  if (reading->check->expects && !reading->found) {
    digest(octets->data, octets->len, own);
    reading->found = memcmp(own, reading->check->expected, DIGEST) == 0;
  }
}

static bool examine_body(struct reading *reading, const Body_t *body, guint depth, GError **error)
{
  if (depth == 0 || body == NULL) {
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                "messages are nested too deeply, or one has no body");
    return false;
  }
  for (int i = 0; i < body->list.count; i++) {
    const BodyPart_t *part = body->list.array[i];
    g_autoptr(GByteArray) octets = g_byte_array_new();
    switch (part->present) {
    case BodyPart_PR_ia5_text:
      take_octets(reading->value, &part->choice.ia5_text.data, octets);
      break;
    case BodyPart_PR_bilaterally_defined:
      take_octets(reading->value, &part->choice.bilaterally_defined, octets);
      break;
    case BodyPart_PR_externally_defined:
      take_external(reading->value, &part->choice.externally_defined.data, octets);
      break;
    case BodyPart_PR_message:
      if (!examine_body(reading, part->choice.message->data->body, depth - 1, error)) {
        return false;
      }
      continue;
    default:
      continue;
    }
    examine_part(reading, octets);
  }
  return true;
}

/* --- messages
 * -------------------------------------------------------------------------------------------------------------
 */

static bool judge(struct message_check *check, struct reading *reading, GError **error)
{
  guint8 all[DIGEST];
  (void)EVP_DigestFinal_ex(reading->all, all, NULL);
  if (check->expects && !reading->found) {
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "no body part has the expected SHA-256");
    return false;
  }
  if (!check->first_seen) {
    memcpy(check->first, all, DIGEST);
    check->first_seen = true;
  }
  if (check->same && memcmp(check->first, all, DIGEST) != 0) {
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                "the body parts differ from those of the first message");
    return false;
  }
  return true;
}

static bool check_content(struct message_check *check, const struct asn1_value *apdu,
                          const Message_t *message, GError **error)
{
  const ContentType_t *type = &message->envelope.content_type;
  if (type->present != ContentType_PR_built_in ||
      (type->choice.built_in != IPMS_1984 && type->choice.built_in != IPMS_1988)) {
    return true;
  }
  g_autoptr(octets_t) content = asn1_octets(apdu, &message->content);
  g_autoptr(asn1_value_t) value = asn1_decode(&asn_DEF_InformationObject, content, NULL, error);
  if (value == NULL) {
    return false;
  }
  const InformationObject_t *object = asn1_value_get(value);
  if (object->present != InformationObject_PR_ipm) {
    return true;
  }
  struct reading reading = {.value = value, .check = check, .all = EVP_MD_CTX_new()};
  (void)EVP_DigestInit_ex(reading.all, EVP_sha256(), NULL);
  bool good =
      examine_body(&reading, object->choice.ipm.body, NESTED_MAX, error) && judge(check, &reading, error);
  EVP_MD_CTX_free(reading.all);
  return good;
}

bool message_check_one(struct message_check *check, GBytes *transfer, GError **error)
{
  g_autoptr(GBytes) octets = message_unwrap(transfer);
  gsize size;
  const void *data = g_bytes_get_data(octets, &size);
  g_autoptr(asn1_value_t) apdu = asn1_decode_mem(&asn_DEF_MTS_APDU, data, size, NULL, error);
  if (apdu == NULL) {
    return false;
  }
  const MTS_APDU_t *choice = asn1_value_get(apdu);
  return choice->present != MTS_APDU_PR_message || check_content(check, apdu, &choice->choice.message, error);
}
