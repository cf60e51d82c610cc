#include "relay/p1_strong.h"

#include "osi/tlv.h"

#include <gio/gio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <string.h>

enum {
  SKEW_S = 300, /* what two clocks may differ */
  RANDOM_OCTETS = 16,
  TOKENS_MAX = 100000, /* remembered at once: more in ten minutes are not believed */
  CHAIN_MAX = 8,
  DIGEST_LEAST = 28 /* octets: SHA-224 and longer */
};

enum { /* identifier octets */
       TAG_BIT_STRING = 0x03,
       TAG_IA5_STRING = 0x16,
       TAG_UTC_TIME = 0x17,
       TAG_SEQUENCE = 0x30,
       TAG_SET = 0x31,
       TAG_TYPE = 0x80,        /* Token: token-type-identifier; TokenData: type */
       TAG_TOKEN = 0xa1,       /* Token: token; TokenData: value */
       TAG_MTA = 0xa3,         /* AsymmetricTokenData: name, mta */
       TAG_SIGNED_DATA = 0xa0, /* AsymmetricTokenData: signed-data */
       TAG_DOMAIN = 0x63       /* GlobalDomainIdentifier */
};

/* 2.6.3.6.0 id-tok-asymmetricToken, as IMPLICIT [0] */
static const guint8 token_type[] = {TAG_TYPE, 4, 0x56, 0x03, 0x06, 0x00};

G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509, X509_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_PKEY, EVP_PKEY_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_MD_CTX, EVP_MD_CTX_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509_ALGOR, X509_ALGOR_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509_STORE, X509_STORE_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509_STORE_CTX, X509_STORE_CTX_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BIO, BIO_free_all)

static void free_certificates(STACK_OF(X509) * certificates)
{
  sk_X509_pop_free(certificates, X509_free);
}

/* --- files
 * ------------------------------------------------------------------------------------------------------ */

static STACK_OF(X509) * read_certificates(const char *file)
{
  STACK_OF(X509) *all = sk_X509_new_null();
  g_autoptr(BIO) input = BIO_new_file(file, "r");
  X509 *one;
  while (input && sk_X509_num(all) < CHAIN_MAX && (one = PEM_read_bio_X509(input, NULL, NULL, NULL)) != NULL)
    sk_X509_push(all, one);
  if (sk_X509_num(all) > 0)
    return all;
  free_certificates(all);
  return NULL;
}

static EVP_PKEY *read_key(const char *file)
{
  g_autoptr(BIO) input = BIO_new_file(file, "r");
  return input ? PEM_read_bio_PrivateKey(input, NULL, NULL, NULL) : NULL;
}

/* --- making a token
 * ------------------------------------------------------------------------------------------------------ */

static void put(GByteArray *out, guint8 tag, gconstpointer data, gsize length)
{
  tlv_put(out, tag, length);
  g_byte_array_append(out, data, (guint)length);
}

static void put_array(GByteArray *out, guint8 tag, const GByteArray *inner)
{
  put(out, tag, inner->data, inner->len);
}

/* AlgorithmIdentifier of SHA-256 with the key; NULL: a key of another kind than RSA and EC. */
static GBytes *algorithm_of(EVP_PKEY *key)
{
  int signature, base = EVP_PKEY_get_base_id(key);
  if (!OBJ_find_sigid_by_algs(&signature, NID_sha256, base))
    return NULL;
  g_autoptr(X509_ALGOR) algorithm = X509_ALGOR_new();
  X509_ALGOR_set0(algorithm, OBJ_nid2obj(signature), base == EVP_PKEY_RSA ? V_ASN1_NULL : V_ASN1_UNDEF, NULL);
  unsigned char *octets = NULL;
  int length = i2d_X509_ALGOR(algorithm, &octets);
  GBytes *bytes = length > 0 ? g_bytes_new(octets, (gsize)length) : NULL;
  OPENSSL_free(octets);
  return bytes;
}

static GByteArray *bit_string(gconstpointer data, gsize length)
{
  GByteArray *bits = g_byte_array_new();
  const guint8 unused = 0;
  g_byte_array_append(bits, &unused, 1);
  g_byte_array_append(bits, data, (guint)length);
  return bits;
}

/* AsymmetricTokenData: one whole SEQUENCE. */
static GByteArray *token_data(const struct config_peer *peer, GBytes *algorithm, gint64 now_us)
{
  g_autoptr(GDateTime) now = g_date_time_new_from_unix_utc(now_us / G_USEC_PER_SEC);
  g_autofree char *time = g_date_time_format(now, "%y%m%d%H%M%SZ");
  g_autoptr(GByteArray) name = g_byte_array_new(), value = g_byte_array_new(),
                        signed_data = g_byte_array_new(), contents = g_byte_array_new();
  guint8 random[RANDOM_OCTETS];
  if (RAND_bytes(random, sizeof random) != 1)
    return NULL;
  g_autoptr(GByteArray) bits = bit_string(random, sizeof random);
  put(name, TAG_IA5_STRING, peer->remote_mta, strlen(peer->remote_mta));
  put_array(value, TAG_BIT_STRING, bits);
  put(signed_data, TAG_TYPE, "\1", 1); /* bind-token-signed-data */
  put_array(signed_data, TAG_TOKEN, value);
  g_byte_array_append(contents, g_bytes_get_data(algorithm, NULL), (guint)g_bytes_get_size(algorithm));
  put_array(contents, TAG_MTA, name);
  put(contents, TAG_UTC_TIME, time, strlen(time));
  put_array(contents, TAG_SIGNED_DATA, signed_data);
  GByteArray *data = g_byte_array_new();
  put_array(data, TAG_SEQUENCE, contents);
  return data;
}

static GByteArray *sign(EVP_PKEY *key, const GByteArray *data)
{
  g_autoptr(EVP_MD_CTX) context = EVP_MD_CTX_new();
  gsize length = 0;
  if (EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) != 1 ||
      EVP_DigestSign(context, NULL, &length, data->data, data->len) != 1)
    return NULL;
  g_autofree guint8 *octets = g_malloc(length);
  return EVP_DigestSign(context, octets, &length, data->data, data->len) == 1 ? bit_string(octets, length)
                                                                              : NULL;
}

/* Token: { id-tok-asymmetricToken, SIGNED AsymmetricTokenData } */
static GBytes *make_token(const struct config_peer *peer, EVP_PKEY *key, gint64 now_us)
{
  g_autoptr(GBytes) algorithm = algorithm_of(key);
  g_autoptr(GByteArray) data = algorithm ? token_data(peer, algorithm, now_us) : NULL;
  g_autoptr(GByteArray) signature = data ? sign(key, data) : NULL;
  if (!signature)
    return NULL;
  g_autoptr(GByteArray) whole = g_byte_array_new(), around = g_byte_array_new(),
                        contents = g_byte_array_new();
  g_byte_array_append(whole, data->data, data->len);
  g_byte_array_append(whole, g_bytes_get_data(algorithm, NULL), (guint)g_bytes_get_size(algorithm));
  put_array(whole, TAG_BIT_STRING, signature);
  put_array(around, TAG_SEQUENCE, whole);
  g_byte_array_append(contents, token_type, sizeof token_type);
  put_array(contents, TAG_TOKEN, around);
  GByteArray *token = g_byte_array_new();
  put_array(token, TAG_SEQUENCE, contents);
  return g_byte_array_free_to_bytes(token);
}

static void append_certificate(GByteArray *out, X509 *certificate)
{
  unsigned char *octets = NULL;
  int length = i2d_X509(certificate, &octets);
  if (length > 0)
    g_byte_array_append(out, octets, (guint)length);
  OPENSSL_free(octets);
}

/* Certificates: { Certificate, ForwardCertificationPath: SEQUENCE OF SET OF Certificate } */
static GBytes *make_certificates(STACK_OF(X509) * chain)
{
  g_autoptr(GByteArray) contents = g_byte_array_new(), path = g_byte_array_new();
  append_certificate(contents, sk_X509_value(chain, 0));
  for (int i = 1; i < sk_X509_num(chain); i++) {
    g_autoptr(GByteArray) one = g_byte_array_new();
    append_certificate(one, sk_X509_value(chain, i));
    put_array(path, TAG_SET, one);
  }
  if (path->len > 0)
    put_array(contents, TAG_SEQUENCE, path);
  GByteArray *all = g_byte_array_new();
  put_array(all, TAG_SEQUENCE, contents);
  return g_byte_array_free_to_bytes(all);
}

bool p1_strong_make(const struct config_peer *peer, gint64 now_us, struct p1_credentials *credentials,
                    GError **error)
{
  STACK_OF(X509) *chain = read_certificates(peer->strong_certificate);
  g_autoptr(EVP_PKEY) key = read_key(peer->strong_key);
  bool fits = chain && key && X509_check_private_key(sk_X509_value(chain, 0), key) == 1;
  g_autoptr(GBytes) token = fits ? make_token(peer, key, now_us) : NULL;
  if (token) {
    credentials->bind_token = g_steal_pointer(&token);
    credentials->certificates = make_certificates(chain);
  } else {
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "peer %s: %s", peer->name,
                !chain  ? "strong-certificate has no certificate in PEM"
                : !key  ? "strong-key has no key in PEM, or one with a pass phrase"
                : !fits ? "strong-key is not the key of strong-certificate"
                        : "strong-key is neither RSA nor EC");
  }
  free_certificates(chain);
  return credentials->bind_token != NULL;
}

/* --- reading one
 * ------------------------------------------------------------------------------------------------------ */

struct token {
  const guint8 *data; /* the SEQUENCE that is signed */
  gsize data_length;
  const guint8 *algorithm, *signature;
  gsize algorithm_length, signature_length;
  char *mta;
  gint64 time_s;
};

struct walk {
  struct tlv_cursor cursor;
  bool bad;
};

/* The next element, which must have that tag; its whole octets and its contents. */
static bool expect(struct walk *walk, guint8 tag, struct tlv *tlv_r, const guint8 **contents_r)
{
  return tlv_next(&walk->cursor, tlv_r, contents_r, &walk->bad) && tlv_r->tag == tag && !walk->bad;
}

static bool enter(struct walk *walk, guint8 tag)
{
  struct tlv tlv;
  const guint8 *contents;
  if (!expect(walk, tag, &tlv, &contents))
    return false;
  walk->cursor = (struct tlv_cursor){contents, tlv.length};
  return true;
}

static gint64 read_time(const guint8 *contents, gsize length)
{
  g_autofree char *text = g_strndup((const char *)contents, length);
  g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
  int part[6] = {0};
  gsize digits = strspn(text, "0123456789");
  if ((digits != 12 && digits != 10) || strcmp(text + digits, "Z") != 0)
    return G_MININT64;
  for (gsize i = 0; i < digits / 2; i++)
    part[i] = (text[2 * i] - '0') * 10 + text[2 * i + 1] - '0';
  g_autoptr(GDateTime) time = g_date_time_new(utc, part[0] + (part[0] < 50 ? 2000 : 1900), part[1], part[2],
                                              part[3], part[4], part[5]);
  return time ? g_date_time_to_unix(time) : G_MININT64;
}

/* name, then time; the name may have a global domain identifier before it. */
static bool read_inside(struct walk inside, struct token *token)
{
  struct tlv tlv;
  const guint8 *contents;
  if (!expect(&inside, TAG_SEQUENCE, &tlv, &contents) || !expect(&inside, TAG_MTA, &tlv, &contents))
    return false;
  struct walk name = {{contents, tlv.length}, false};
  while (tlv_next(&name.cursor, &tlv, &contents, &name.bad))
    if (tlv.tag == TAG_IA5_STRING && !token->mta)
      token->mta = g_strndup((const char *)contents, tlv.length);
  if (!token->mta || name.bad || !expect(&inside, TAG_UTC_TIME, &tlv, &contents))
    return false;
  token->time_s = read_time(contents, tlv.length);
  return true;
}

static bool read_token(GBytes *octets, struct token *token)
{
  struct walk walk = {0};
  struct tlv tlv;
  const guint8 *contents;
  walk.cursor.data = g_bytes_get_data(octets, &walk.cursor.left);
  if (!enter(&walk, TAG_SEQUENCE) || !expect(&walk, TAG_TYPE, &tlv, &contents) ||
      tlv.length != sizeof token_type - 2 || memcmp(contents, token_type + 2, tlv.length) != 0 ||
      !enter(&walk, TAG_TOKEN) || !enter(&walk, TAG_SEQUENCE))
    return false;
  if (!expect(&walk, TAG_SEQUENCE, &tlv, &contents))
    return false;
  token->data = contents - tlv.header;
  token->data_length = tlv.total;
  struct walk inside = {{contents, tlv.length}, false};
  if (!expect(&walk, TAG_SEQUENCE, &tlv, &contents))
    return false;
  token->algorithm = contents - tlv.header;
  token->algorithm_length = tlv.total;
  if (!expect(&walk, TAG_BIT_STRING, &tlv, &contents) || tlv.length < 2 || contents[0] != 0)
    return false;
  token->signature = contents + 1;
  token->signature_length = tlv.length - 1;
  return read_inside(inside, token);
}

static void push_certificate(STACK_OF(X509) * all, const guint8 *octets, gsize length)
{
  X509 *one = sk_X509_num(all) < CHAIN_MAX ? d2i_X509(NULL, &octets, (long)length) : NULL;
  if (one)
    sk_X509_push(all, one);
}

/* The certificate, then whatever the path has. */
static STACK_OF(X509) * read_given(GBytes *octets)
{
  STACK_OF(X509) *all = sk_X509_new_null();
  struct walk walk = {0}, path, set;
  struct tlv tlv;
  const guint8 *contents;
  if (octets)
    walk.cursor.data = g_bytes_get_data(octets, &walk.cursor.left);
  if (!octets || !enter(&walk, TAG_SEQUENCE) || !expect(&walk, TAG_SEQUENCE, &tlv, &contents))
    return all;
  push_certificate(all, contents - tlv.header, tlv.total);
  path = walk;
  if (!enter(&path, TAG_SEQUENCE))
    return all;
  while (expect(&path, TAG_SET, &tlv, &contents)) {
    set = (struct walk){{contents, tlv.length}, false};
    while (expect(&set, TAG_SEQUENCE, &tlv, &contents))
      push_certificate(all, contents - tlv.header, tlv.total);
  }
  return all;
}

/* --- verifying
 * ------------------------------------------------------------------------------------------------------ */

static const char *verify_chain(const struct config_peer *peer, STACK_OF(X509) * given)
{
  g_autoptr(X509_STORE) store = X509_STORE_new();
  g_autoptr(X509_STORE_CTX) context = X509_STORE_CTX_new();
  if (X509_STORE_load_file(store, peer->strong_ca) != 1)
    return "strong-ca has no certificate that can be read";
  if (X509_STORE_CTX_init(context, store, sk_X509_value(given, 0), given) != 1)
    return "its certificate cannot be verified";
  if (X509_verify_cert(context) != 1)
    return X509_verify_cert_error_string(X509_STORE_CTX_get_error(context));
  return NULL;
}

static bool has_name(X509 *certificate, const char *wanted)
{
  char name[256] = "";
  int length =
      X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name, sizeof name);
  return length == (int)strlen(wanted) && strcmp(name, wanted) == 0;
}

static bool signature_holds(const struct token *token, X509 *certificate)
{
  const unsigned char *at = token->algorithm;
  g_autoptr(X509_ALGOR) algorithm = d2i_X509_ALGOR(NULL, &at, (long)token->algorithm_length);
  const ASN1_OBJECT *object = NULL;
  int digest = NID_undef, kind = NID_undef;
  EVP_PKEY *key = X509_get0_pubkey(certificate);
  if (!algorithm || !key)
    return false;
  X509_ALGOR_get0(&object, NULL, NULL, algorithm);
  if (!OBJ_find_sigid_algs(OBJ_obj2nid(object), &digest, &kind) || kind != EVP_PKEY_get_base_id(key))
    return false;
  const EVP_MD *method = EVP_get_digestbynid(digest);
  g_autoptr(EVP_MD_CTX) context = EVP_MD_CTX_new();
  return method && EVP_MD_get_size(method) >= DIGEST_LEAST &&
         EVP_DigestVerifyInit(context, NULL, method, NULL, key) == 1 &&
         EVP_DigestVerify(context, token->signature, token->signature_length, token->data,
                          token->data_length) == 1;
}

struct p1_tokens {
  GHashTable *seen; /* digest of the signature: time after which it is too old anyway (gint64, seconds) */
};

struct p1_tokens *p1_tokens_new(void)
{
  struct p1_tokens *tokens = g_new0(struct p1_tokens, 1);
  tokens->seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  return tokens;
}

void p1_tokens_free(struct p1_tokens *tokens)
{
  if (!tokens)
    return;
  g_hash_table_unref(tokens->seen);
  g_free(tokens);
}

static gboolean is_over(gpointer key, gpointer value, gpointer now)
{
  (void)key;
  return *(const gint64 *)value < *(const gint64 *)now;
}

/* True: it is new, and remembered. What is signed is looked at, for a signature may have several forms. */
static bool is_new(struct p1_tokens *tokens, const struct token *token, gint64 now_s)
{
  g_hash_table_foreach_remove(tokens->seen, is_over, &now_s);
  char *digest = g_compute_checksum_for_data(G_CHECKSUM_SHA256, token->data, token->data_length);
  if (g_hash_table_contains(tokens->seen, digest) || g_hash_table_size(tokens->seen) >= TOKENS_MAX) {
    g_free(digest);
    return false;
  }
  gint64 *until = g_new(gint64, 1);
  *until = token->time_s + SKEW_S;
  g_hash_table_insert(tokens->seen, digest, until);
  return true;
}

static char *judge(const struct config_peer *peer, const struct token *token, STACK_OF(X509) * given,
                   gint64 now_s, struct p1_tokens *tokens)
{
  const char *wanted = peer->strong_name ? peer->strong_name : peer->remote_mta;
  if (sk_X509_num(given) == 0)
    return g_strdup("it comes without a certificate that can be read");
  const char *wrong = verify_chain(peer, given);
  if (wrong)
    return g_strdup_printf("its certificate is not believed: %s", wrong);
  if (!has_name(sk_X509_value(given, 0), wanted))
    return g_strdup_printf("its certificate is for another name than \"%s\" (strong-name, else remote-mta)",
                           wanted);
  if (!signature_holds(token, sk_X509_value(given, 0)))
    return g_strdup("its signature does not hold, or is by a method that is not taken");
  if (strcmp(token->mta, peer->local_mta) != 0)
    return g_strdup_printf("it is made for MTA \"%s\", not for us", token->mta);
  if (token->time_s < now_s - SKEW_S || token->time_s > now_s + SKEW_S)
    return g_strdup_printf("it was made %" G_GINT64_FORMAT " seconds %s now by our clock; %u may be",
                           ABS(now_s - token->time_s), token->time_s < now_s ? "before" : "after", SKEW_S);
  if (tokens && !is_new(tokens, token, now_s))
    return g_strdup("it was used before");
  return NULL;
}

char *p1_strong_verify(const struct config_peer *peer, const struct p1_credentials *given, gint64 now_us,
                       struct p1_tokens *tokens)
{
  struct token token = {0};
  if (given->authentication != P1_STRONG || !given->bind_token || !read_token(given->bind_token, &token)) {
    g_free(token.mta);
    return g_strdup_printf("peer %s gave no bind token that can be read", peer->name);
  }
  STACK_OF(X509) *certificates = read_given(given->certificates);
  g_autofree char *why = judge(peer, &token, certificates, now_us / G_USEC_PER_SEC, tokens);
  free_certificates(certificates);
  g_free(token.mta);
  return why ? g_strdup_printf("the bind token of peer %s is refused: %s", peer->name, why) : NULL;
}
