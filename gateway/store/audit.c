#include "store/audit.h"

#include <openssl/evp.h>
#include <string.h>

struct audit_hasher {
  EVP_MD *sha256; /* fetched once: a fetch for each record would cost more than the digest */
  EVP_MD_CTX *context;
};

struct audit_hasher *audit_hasher_new(GError **error)
{
  struct audit_hasher *hasher = g_new0(struct audit_hasher, 1);
  hasher->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
  hasher->context = EVP_MD_CTX_new();
  if (hasher->sha256 && hasher->context)
    return hasher;
  g_set_error(error, STORE_ERROR, STORE_ERROR_OPEN, "SHA-256 is not available from OpenSSL");
  audit_hasher_free(hasher);
  return NULL;
}

void audit_hasher_free(struct audit_hasher *hasher)
{
  if (!hasher)
    return;
  EVP_MD_CTX_free(hasher->context);
  EVP_MD_free(hasher->sha256);
  g_free(hasher);
}

static guint8 *put(guint8 *at, guint64 value, guint octets)
{
  for (guint i = octets; i-- > 0; value >>= 8)
    at[i] = (guint8)value;
  return at + octets;
}

bool audit_hash(struct audit_hasher *hasher, const struct audit_link *previous,
                const struct store_audit_record *record, struct audit_link *link_r, GError **error)
{
  gsize event = strlen(record->event), detail = strlen(record->detail);
  guint8 start[AUDIT_HASH + 4 * 8 + 4], middle[4];
  memcpy(start, previous->hash, AUDIT_HASH);
  guint8 *at = start + AUDIT_HASH;
  at = put(at, record->sequence, 8);
  at = put(at, (guint64)record->time_us, 8);
  at = put(at, record->message, 8);
  at = put(at, (guint64)(gint64)record->recipient, 8);
  put(at, event, 4);
  put(middle, detail, 4);

  EVP_MD_CTX *context = hasher->context;
  if (!EVP_DigestInit_ex2(context, hasher->sha256, NULL) || !EVP_DigestUpdate(context, start, sizeof start) ||
      !EVP_DigestUpdate(context, record->event, event) || !EVP_DigestUpdate(context, middle, sizeof middle) ||
      !EVP_DigestUpdate(context, record->detail, detail) ||
      !EVP_DigestFinal_ex(context, link_r->hash, NULL)) {
    g_set_error(error, STORE_ERROR, STORE_ERROR_WRITE, "SHA-256 of an audit record failed");
    return false;
  }
  link_r->sequence = record->sequence;
  return true;
}
