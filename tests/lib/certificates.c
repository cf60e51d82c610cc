/* certificates.c - see certificates.h; by OpenSSL's API, so that no test depends on the openssl command. */
#include "lib/certificates.h"

#include <glib/gstdio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>

struct certificates {
  char *folder, *authority;
  X509 *certificate;
  EVP_PKEY *key;
  GPtrArray *files;
  long serial;
};

static void add_extension(X509 *certificate, int kind, const char *value)
{
  X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, kind, value);
  g_assert(extension != NULL);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

static X509 *make(long serial, const char *name, long from, long until, EVP_PKEY *key)
{
  X509 *certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate), from);
  X509_gmtime_adj(X509_getm_notAfter(certificate), until);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8, (const guchar *)name,
                             -1, -1, 0);
  X509_set_pubkey(certificate, key);
  return certificate;
}

static const char *save(struct certificates *certificates, const char *file, X509 *certificate, EVP_PKEY *key)
{
  char *path = g_strdup_printf("%s/%s.pem", certificates->folder, file);
  FILE *out = fopen(path, "w");
  g_assert(out != NULL);
  PEM_write_X509(out, certificate);
  if (key != NULL)
    PEM_write_PrivateKey(out, key, NULL, NULL, 0, NULL, NULL);
  fclose(out);
  g_ptr_array_add(certificates->files, path);
  return path;
}

struct certificates *certificates_new(void)
{
  struct certificates *certificates = g_new0(struct certificates, 1);
  certificates->folder = g_dir_make_tmp("gw400-certificates-XXXXXX", NULL);
  certificates->files = g_ptr_array_new_with_free_func(g_free);
  certificates->key = EVP_EC_gen("P-256");
  certificates->certificate =
      make(++certificates->serial, "gw400 test authority", -3600, 86400, certificates->key);
  X509_set_issuer_name(certificates->certificate, X509_get_subject_name(certificates->certificate));
  add_extension(certificates->certificate, NID_basic_constraints, "critical,CA:TRUE");
  X509_sign(certificates->certificate, certificates->key, EVP_sha256());
  certificates->authority = g_strdup(save(certificates, "ca", certificates->certificate, NULL));
  return certificates;
}

void certificates_free(struct certificates *certificates)
{
  for (guint i = 0; i < certificates->files->len; i++)
    g_remove(certificates->files->pdata[i]);
  g_rmdir(certificates->folder);
  X509_free(certificates->certificate);
  EVP_PKEY_free(certificates->key);
  g_ptr_array_unref(certificates->files);
  g_free(certificates->folder);
  g_free(certificates->authority);
  g_free(certificates);
}

const char *certificates_authority(const struct certificates *certificates)
{
  return certificates->authority;
}

const char *certificates_make(struct certificates *certificates, const char *file, const char *name,
                              long from, long until, bool self_signed)
{
  EVP_PKEY *key = EVP_EC_gen("P-256");
  X509 *certificate = make(++certificates->serial, name, from, until, key);
  g_autofree char *names = g_strdup_printf("DNS:%s", name);
  add_extension(certificate, NID_subject_alt_name, names);
  X509_set_issuer_name(certificate,
                       X509_get_subject_name(self_signed ? certificate : certificates->certificate));
  X509_sign(certificate, self_signed ? key : certificates->key, EVP_sha256());
  const char *path = save(certificates, file, certificate, key);
  X509_free(certificate);
  EVP_PKEY_free(key);
  return path;
}
