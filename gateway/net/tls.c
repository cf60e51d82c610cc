/* tls.c - TLS by OpenSSL over memory buffers: contexts from files, sessions, and words for what went wrong.
 *
 * TLS 1.2 and later; no renegotiation, no tickets. A client that verifies checks chain and host name (RFC
 * 6125); one that does not still learns whether they would have been right. A server that asks for
 * certificates without requiring them goes on with a bad one, but then gives no name. */
#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "net/tls_private.h"

typedef X509 x509_t;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(x509_t, X509_free)

struct net_tls {
  gatomicrefcount references;
  SSL_CTX *context;
  bool server, verify;
  char *name, *ca_file;
};

struct net_tls_session {
  struct net_tls *tls;
  SSL *ssl;
  BIO *in, *out; /* owned by ssl */
  char *name;
  X509 *refused; /* the first certificate in the other side's chain that is not good */
};

/* --- contexts ------------------------------------------------------------------------------------------- */

static const char *openssl_words(void)
{
  const char *words = ERR_reason_error_string(ERR_peek_last_error());
  return words != NULL ? words : "failed";
}

static bool fail(GError **error, const char *what, const char *file)
{
  g_set_error(error, NET_ERROR, 0, "%s: %s: %s", file, what, openssl_words());
  return false;
}

/* Without it OpenSSL would ask for the passphrase at the terminal. */
static int no_passphrase(char *buffer, int size, int writing, void *user)
{
  (void)buffer, (void)size, (void)writing, (void)user;
  return 0;
}

static bool load_own(SSL_CTX *context, const struct net_tls_options *options, GError **error)
{
  if (options->certificate_file == NULL)
    return true;
  const char *key_file = options->key_file != NULL ? options->key_file : options->certificate_file;
  if (SSL_CTX_use_certificate_chain_file(context, options->certificate_file) != 1)
    return fail(error, "no usable certificate", options->certificate_file);
  if (SSL_CTX_use_PrivateKey_file(context, key_file, SSL_FILETYPE_PEM) != 1)
    return fail(error, "no usable private key", key_file);
  if (SSL_CTX_check_private_key(context) != 1)
    return fail(error, "the private key does not belong to the certificate", key_file);
  return true;
}

static bool load_authorities(SSL_CTX *context, const struct net_tls_options *options, GError **error)
{
  if (options->ca_file != NULL) {
    if (SSL_CTX_load_verify_file(context, options->ca_file) != 1)
      return fail(error, "no usable certificates of authorities", options->ca_file);
    if (options->server) /* named to the clients, so that they can choose their certificate */
      SSL_CTX_set_client_CA_list(context, SSL_load_client_CA_file(options->ca_file));
  } else if (!options->server)
    SSL_CTX_set_default_verify_paths(context);
  return true;
}

/* Keeps the certificate that is refused, since OpenSSL does not. Where the other side need not be verified
 * the handshake goes on, and the result stays readable by SSL_get_verify_result(). */
static int look_at(int ok, X509_STORE_CTX *store)
{
  const SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
  struct net_tls_session *session = SSL_get_app_data(ssl);
  X509 *certificate = X509_STORE_CTX_get_current_cert(store);
  if (!ok && session->refused == NULL && certificate != NULL) {
    X509_up_ref(certificate);
    session->refused = certificate;
  }
  return ok || !session->tls->verify;
}

static void set_verification(SSL_CTX *context, const struct net_tls_options *options)
{
  int mode = SSL_VERIFY_NONE;
  if (options->require_peer)
    mode = SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
  else if (!options->server || options->ca_file != NULL)
    mode = SSL_VERIFY_PEER;
  SSL_CTX_set_verify(context, mode, look_at);
}

struct net_tls *net_tls_new(const struct net_tls_options *options, GError **error)
{
  ERR_clear_error();
  SSL_CTX *context = SSL_CTX_new(options->server ? TLS_server_method() : TLS_client_method());
  if (context == NULL) {
    g_set_error(error, NET_ERROR, 0, "TLS: %s", openssl_words());
    return NULL;
  }
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context, 0);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_default_passwd_cb(context, no_passphrase);
  set_verification(context, options);
  if (!load_own(context, options, error) || !load_authorities(context, options, error)) {
    SSL_CTX_free(context);
    return NULL;
  }
  struct net_tls *tls = g_new0(struct net_tls, 1);
  g_atomic_ref_count_init(&tls->references);
  tls->context = context;
  tls->server = options->server;
  tls->verify = options->require_peer;
  tls->name = g_strdup(options->name);
  tls->ca_file = g_strdup(options->ca_file);
  return tls;
}

struct net_tls *net_tls_ref(struct net_tls *tls)
{
  g_atomic_ref_count_inc(&tls->references);
  return tls;
}

void net_tls_unref(struct net_tls *tls)
{
  if (tls == NULL || !g_atomic_ref_count_dec(&tls->references))
    return;
  SSL_CTX_free(tls->context);
  g_free(tls->name);
  g_free(tls->ca_file);
  g_free(tls);
}

/* --- sessions ------------------------------------------------------------------------------------------- */

static bool is_address(const char *name)
{
  guint8 octets[16];
  return inet_pton(AF_INET, name, octets) == 1 || inet_pton(AF_INET6, name, octets) == 1;
}

static void expect_name(struct net_tls_session *session)
{
  if (session->name == NULL)
    return;
  X509_VERIFY_PARAM *verify = SSL_get0_param(session->ssl);
  if (is_address(session->name)) {
    X509_VERIFY_PARAM_set1_ip_asc(verify, session->name);
    return;
  }
  X509_VERIFY_PARAM_set_hostflags(verify, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  X509_VERIFY_PARAM_set1_host(verify, session->name, 0);
  SSL_set_tlsext_host_name(session->ssl, session->name);
}

struct net_tls_session *net_tls_session_new(struct net_tls *tls, const char *name)
{
  SSL *ssl = SSL_new(tls->context);
  BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
  if (ssl == NULL || in == NULL || out == NULL) {
    SSL_free(ssl);
    BIO_free(in);
    BIO_free(out);
    return NULL;
  }
  struct net_tls_session *session = g_new0(struct net_tls_session, 1);
  session->tls = net_tls_ref(tls);
  session->ssl = ssl;
  session->in = in;
  session->out = out;
  SSL_set_bio(ssl, in, out);
  SSL_set_app_data(ssl, session);
  if (tls->server)
    SSL_set_accept_state(ssl);
  else {
    session->name = g_strdup(name != NULL ? name : tls->name);
    SSL_set_connect_state(ssl);
    expect_name(session);
  }
  return session;
}

void net_tls_session_free(struct net_tls_session *session)
{
  if (session == NULL)
    return;
  SSL_free(session->ssl);
  X509_free(session->refused);
  net_tls_unref(session->tls);
  g_free(session->name);
  g_free(session);
}

void net_tls_session_input(struct net_tls_session *session, const guint8 *data, gsize length)
{
  BIO_write(session->in, data, (int)length); /* memory: takes all */
}

GBytes *net_tls_session_output(struct net_tls_session *session)
{
  gsize length = BIO_ctrl_pending(session->out);
  if (length == 0)
    return NULL;
  guint8 *octets = g_malloc(length);
  int got = BIO_read(session->out, octets, (int)length);
  return g_bytes_new_take(octets, got > 0 ? (gsize)got : 0);
}

/* --- words ---------------------------------------------------------------------------------------------- */

static char *subject_words(X509 *certificate)
{
  char name[256] = "";
  X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name, sizeof name);
  char *valid = g_utf8_make_valid(name, -1);
  for (char *p = valid; *p != '\0'; p++)
    if (g_ascii_iscntrl(*p))
      *p = '?';
  return valid;
}

/* Takes the first alternative name of a kind that is plain printable ASCII. */
static char *alternative_name(X509 *certificate, int kind)
{
  GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
  char *found = NULL;
  for (int i = 0; found == NULL && i < sk_GENERAL_NAME_num(names); i++) {
    const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
    if (name->type != kind)
      continue;
    const ASN1_IA5STRING *text = name->d.ia5;
    gsize length = (gsize)ASN1_STRING_length(text);
    const char *octets = (const char *)ASN1_STRING_get0_data(text);
    bool printable = length > 0;
    for (gsize k = 0; k < length; k++)
      printable = printable && g_ascii_isgraph(octets[k]); /* a NUL inside would cut the name short */
    if (printable)
      found = g_strndup(octets, length);
  }
  GENERAL_NAMES_free(names);
  return found;
}

/* What a client certificate is called: its first DNS name, else its mail address, else its common name. */
static char *certificate_name(X509 *certificate)
{
  char *name = alternative_name(certificate, GEN_DNS);
  if (name == NULL)
    name = alternative_name(certificate, GEN_EMAIL);
  if (name == NULL) {
    name = subject_words(certificate);
    if (*name == '\0')
      g_clear_pointer(&name, g_free);
  }
  return name;
}

static char *time_words(const ASN1_TIME *time)
{
  struct tm tm;
  if (ASN1_TIME_to_tm(time, &tm) != 1)
    return g_strdup("an unreadable date");
  return g_strdup_printf("%04d-%02d-%02d %02d:%02d UTC", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
                         tm.tm_hour, tm.tm_min);
}

static char *verify_words(const struct net_tls_session *session, long result)
{
  X509 *certificate = session->refused;
  if (certificate == NULL)
    return g_strdup(X509_verify_cert_error_string(result));
  g_autofree char *subject = subject_words(certificate), *time = NULL, *alternative = NULL;
  const char *side = session->tls->server ? "client" : "server";
  const char *authorities = session->tls->ca_file != NULL ? session->tls->ca_file : "the system's store";
  switch (result) {
  case X509_V_ERR_CERT_HAS_EXPIRED:
    time = time_words(X509_get0_notAfter(certificate));
    return g_strdup_printf("the certificate of the %s (\"%s\") expired on %s", side, subject, time);
  case X509_V_ERR_CERT_NOT_YET_VALID:
    time = time_words(X509_get0_notBefore(certificate));
    return g_strdup_printf("the certificate of the %s (\"%s\") is valid from %s only", side, subject, time);
  case X509_V_ERR_HOSTNAME_MISMATCH:
  case X509_V_ERR_IP_ADDRESS_MISMATCH:
    alternative = alternative_name(certificate, GEN_DNS);
    return g_strdup_printf("the certificate of the %s is for \"%s\", not for \"%s\"", side,
                           alternative != NULL ? alternative : subject, session->name);
  case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
  case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
  case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
  case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
  case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    return g_strdup_printf("the certificate of the %s (\"%s\") is signed by an authority that is not in %s",
                           side, subject, authorities);
  default:
    return g_strdup_printf("the certificate of the %s (\"%s\") is refused: %s", side, subject,
                           X509_verify_cert_error_string(result));
  }
}

static const struct {
  int reason;
  const char *words;
} reasons[] = {
    {SSL_R_WRONG_VERSION_NUMBER, "the other side does not answer in TLS"},
    {SSL_R_HTTP_REQUEST, "the other side does not answer in TLS but in HTTP"},
    {SSL_R_UNSUPPORTED_PROTOCOL, "the other side offers TLS older than 1.2 only"},
    {SSL_R_NO_SHARED_CIPHER, "both sides have no cipher in common"},
    {SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE, "the client gave no certificate, and one is required here"},
    {SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED, "the other side requires a certificate, and we gave none"},
    {SSL_R_TLSV1_ALERT_UNKNOWN_CA, "the other side does not know the authority that signed our certificate"},
    {SSL_R_SSLV3_ALERT_BAD_CERTIFICATE, "the other side refuses our certificate"},
    {SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED, "the other side says that our certificate is expired"},
    {SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED, "the other side says that our certificate is revoked"},
    {SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN, "the other side refuses our certificate"},
    {SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE, "the other side does not take certificates of our kind"},
    {SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE, "the other side found no common ground (cipher or certificate)"},
    {SSL_R_TLSV1_ALERT_PROTOCOL_VERSION, "the other side does not take TLS 1.2 or later"},
    {SSL_R_TLSV1_ALERT_DECRYPT_ERROR, "the other side could not verify our signature"},
    {SSL_R_TLSV1_UNRECOGNIZED_NAME, "the other side does not serve the name we asked for"},
};

static char *failure_words(const struct net_tls_session *session)
{
  unsigned long code = ERR_peek_last_error();
  int reason = ERR_GET_LIB(code) == ERR_LIB_SSL ? ERR_GET_REASON(code) : 0;
  long result = SSL_get_verify_result(session->ssl);
  if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED && result != X509_V_OK)
    return verify_words(session, result);
  for (gsize i = 0; i < G_N_ELEMENTS(reasons); i++)
    if (reason == reasons[i].reason)
      return g_strdup(reasons[i].words);
  return g_strdup(openssl_words());
}

/* --- the work of a session ------------------------------------------------------------------------------ */

static char *verified_name(const struct net_tls_session *session)
{
  g_autoptr(x509_t) certificate = SSL_get1_peer_certificate(session->ssl);
  if (certificate == NULL || SSL_get_verify_result(session->ssl) != X509_V_OK)
    return NULL;
  if (session->tls->server)
    return certificate_name(certificate);
  return g_strdup(session->name); /* NULL: the chain is good, but nothing was said of whose it should be */
}

enum net_tls_status net_tls_session_handshake(struct net_tls_session *session, char **name_r, char **words_r)
{
  ERR_clear_error();
  int result = SSL_do_handshake(session->ssl);
  if (result == 1) {
    *name_r = verified_name(session);
    return NET_TLS_DONE;
  }
  if (SSL_get_error(session->ssl, result) == SSL_ERROR_WANT_READ)
    return NET_TLS_MORE;
  *words_r = failure_words(session);
  return NET_TLS_FAILED;
}

enum net_tls_status net_tls_session_read(struct net_tls_session *session, guint8 *buffer, gsize size,
                                         gsize *length_r, char **words_r)
{
  *length_r = 0;
  ERR_clear_error();
  while (*length_r < size) {
    gsize got = 0;
    int result = SSL_read_ex(session->ssl, buffer + *length_r, size - *length_r, &got);
    *length_r += got;
    if (result == 1)
      continue;
    switch (SSL_get_error(session->ssl, result)) {
    case SSL_ERROR_WANT_READ:
      return NET_TLS_MORE;
    case SSL_ERROR_ZERO_RETURN:
      return *length_r > 0 ? NET_TLS_MORE : NET_TLS_DONE;
    default:
      if (*length_r > 0) /* told when it is read again */
        return NET_TLS_MORE;
      *words_r = failure_words(session);
      return NET_TLS_FAILED;
    }
  }
  return NET_TLS_MORE;
}

bool net_tls_session_write(struct net_tls_session *session, const guint8 *data, gsize length)
{
  ERR_clear_error();
  gsize written = 0;
  return length == 0 || (SSL_write_ex(session->ssl, data, length, &written) == 1 && written == length);
}

void net_tls_session_shutdown(struct net_tls_session *session)
{
  ERR_clear_error();
  SSL_shutdown(session->ssl);
}
