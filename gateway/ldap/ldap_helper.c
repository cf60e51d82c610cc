#include "ldap/ldap_helper.h"

#include "convert/sandbox.h"
#include "convert/wire.h"

#include <ldap.h>
#include <stdio.h>
#include <string.h>

enum { VALUES_MAX = 32, VALUE_MAX = 2048, RUNGS_MAX = 64 };

struct helper {
  int socket;
  struct wire_inbox inbox;
  char *url, *bind_dn, *password, *ca;
  gboolean start_tls;
  guint timeout_s;
  LDAP *server; /* NULL: not connected */
  char *words;  /* what went wrong last */
};

/* RFC 2164's attributes; its associatedDomain has a namesake in RFC 4524, so it is asked for by its number
 * too. */
static const char *const wanted[] = {"associatedORAddress",
                                     "associatedX400Gateway",
                                     "associatedDomain",
                                     "associatedInternetGateway",
                                     "mixerAssociatedDomain",
                                     "1.3.6.1.4.1.453.7.4.2.4",
                                     NULL};

/* --- the connection ---------------------------------------------------------------------------------- */

static bool fail(struct helper *helper, const char *step, int code)
{
  g_autofree char *diagnostic = NULL;
  char *text = NULL;
  if (helper->server &&
      ldap_get_option(helper->server, LDAP_OPT_DIAGNOSTIC_MESSAGE, &text) == LDAP_OPT_SUCCESS && text) {
    diagnostic = g_strdup_printf(" (%s)", text);
    ldap_memfree(text);
  }
  g_free(helper->words);
  g_autofree char *words =
      g_strdup_printf("%s: %s: %s%s", helper->url, step, ldap_err2string(code), diagnostic ? diagnostic : "");
  helper->words = g_utf8_make_valid(words, -1);
  return false;
}

static void disconnect(struct helper *helper)
{
  if (helper->server)
    ldap_unbind_ext_s(helper->server, NULL, NULL);
  helper->server = NULL;
}

static bool secure(struct helper *helper)
{
  int demand = LDAP_OPT_X_TLS_DEMAND, fresh = 0;
  ldap_set_option(helper->server, LDAP_OPT_X_TLS_REQUIRE_CERT, &demand);
  if (*helper->ca)
    ldap_set_option(helper->server, LDAP_OPT_X_TLS_CACERTFILE, helper->ca);
  ldap_set_option(helper->server, LDAP_OPT_X_TLS_NEWCTX, &fresh);
  int code = helper->start_tls ? ldap_start_tls_s(helper->server, NULL, NULL) : LDAP_SUCCESS;
  return code == LDAP_SUCCESS || fail(helper, "StartTLS", code);
}

static bool connect_server(struct helper *helper)
{
  if (helper->server)
    return true;
  int code = ldap_initialize(&helper->server, helper->url);
  if (code != LDAP_SUCCESS)
    return fail(helper, "url", code);
  struct timeval limit = {.tv_sec = helper->timeout_s};
  int version = LDAP_VERSION3, deref = LDAP_DEREF_ALWAYS;
  ldap_set_option(helper->server, LDAP_OPT_PROTOCOL_VERSION, &version);
  ldap_set_option(helper->server, LDAP_OPT_NETWORK_TIMEOUT, &limit);
  ldap_set_option(helper->server, LDAP_OPT_TIMEOUT, &limit);
  ldap_set_option(helper->server, LDAP_OPT_DEREF,
                  &deref); /* aliases stand for other writings (RFC 2164 3, 4) */
  ldap_set_option(helper->server, LDAP_OPT_REFERRALS, LDAP_OPT_OFF);
  struct berval password = {strlen(helper->password), helper->password};
  bool tls = helper->start_tls || g_str_has_prefix(helper->url, "ldaps:");
  if (tls && !secure(helper)) {
    disconnect(helper);
    return false;
  }
  code = ldap_sasl_bind_s(helper->server, *helper->bind_dn ? helper->bind_dn : NULL, LDAP_SASL_SIMPLE,
                          &password, NULL, NULL, NULL);
  if (code == LDAP_SUCCESS)
    return true;
  fail(helper, "bind", code);
  disconnect(helper);
  return false;
}

/* --- one entry --------------------------------------------------------------------------------------- */

static void add_values(struct helper *helper, LDAPMessage *entry, const char *type, GPtrArray *records)
{
  struct berval **values = ldap_get_values_len(helper->server, entry, type);
  for (guint i = 0; values && values[i] && records->len < VALUES_MAX; i++) {
    const struct berval *value = values[i];
    if (value->bv_len > VALUE_MAX || !g_utf8_validate_len(value->bv_val, value->bv_len, NULL))
      continue;
    g_ptr_array_add(records, g_strdup_printf("%s: %.*s", type, (int)value->bv_len, value->bv_val));
  }
  ldap_value_free_len(values);
}

static void add_entry(struct helper *helper, LDAPMessage *result, GPtrArray *records)
{
  LDAPMessage *entry = ldap_first_entry(helper->server, result);
  BerElement *at = NULL;
  char *type = entry ? ldap_first_attribute(helper->server, entry, &at) : NULL;
  while (type) {
    add_values(helper, entry, type, records);
    ldap_memfree(type);
    type = ldap_next_attribute(helper->server, entry, at);
  }
  ber_free(at, 0);
}

/* An LDAP result code; an entry that is not there, or whose name the server cannot even read, has no values.
 */
static int read_entry(struct helper *helper, const char *dn, GPtrArray *records)
{
  LDAPMessage *result = NULL;
  struct timeval limit = {.tv_sec = helper->timeout_s};
  int code = ldap_search_ext_s(helper->server, dn, LDAP_SCOPE_BASE, "(objectClass=*)", (char **)wanted, 0,
                               NULL, NULL, &limit, 2, &result);
  if (code == LDAP_SUCCESS)
    add_entry(helper, result, records);
  ldap_msgfree(result);
  bool absent = code == LDAP_NO_SUCH_OBJECT || code == LDAP_INVALID_DN_SYNTAX ||
                code == LDAP_UNDEFINED_TYPE || code == LDAP_ALIAS_PROBLEM;
  return absent ? LDAP_SUCCESS : code;
}

static gint by_text(gconstpointer a, gconstpointer b)
{
  return strcmp(*(char *const *)a, *(char *const *)b);
}

/* RFC 2164 3 and 4: the entry, else the nearest above it that says something. */
static enum ldap_state climb(struct helper *helper, const char *name, const char *root, GPtrArray *records)
{
  guint rungs = 0;
  for (const char *rung = name; rung && rungs < RUNGS_MAX; rungs++) {
    g_autofree char *dn = g_strconcat(rung, ",", root, NULL);
    int code = read_entry(helper, dn, records);
    if (code != LDAP_SUCCESS) {
      fail(helper, "search", code);
      return LDAP_STATE_INDETERMINATE;
    }
    if (records->len > 0) {
      g_ptr_array_sort(records, by_text);
      g_ptr_array_insert(records, 0, g_strdup_printf("rungs: %u", rungs));
      return LDAP_STATE_FOUND;
    }
    const char *comma = strchr(rung, ','); /* those in values are escaped in hexadecimal */
    rung = comma ? comma + 1 : NULL;
  }
  return LDAP_STATE_NOT_FOUND;
}

/* A connection that was good once may be gone by now: then it is made anew, once. */
static enum ldap_state look_up(struct helper *helper, const char *name, const char *root, GPtrArray *records)
{
  for (bool again = helper->server != NULL;; again = false) {
    if (!connect_server(helper))
      return LDAP_STATE_INDETERMINATE;
    enum ldap_state state = climb(helper, name, root, records);
    if (state != LDAP_STATE_INDETERMINATE)
      return state;
    g_ptr_array_set_size(records, 0);
    disconnect(helper);
    if (!again)
      return state;
  }
}

/* --- the process ------------------------------------------------------------------------------------- */

static bool next(struct helper *helper, const char *type, GVariant **value_r)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) frame = NULL;
  if (wire_receive(helper->socket, &helper->inbox, &frame, &error) != WIRE_FRAME)
    return false;
  g_autoptr(GVariant) value =
      g_variant_ref_sink(g_variant_new_from_bytes(G_VARIANT_TYPE(type), frame, FALSE));
  if (!g_variant_is_normal_form(value))
    return false;
  *value_r = g_steal_pointer(&value);
  return true;
}

static bool answer_one(struct helper *helper)
{
  g_autoptr(GVariant) question = NULL;
  if (!next(helper, "(ss)", &question))
    return false;
  const char *name, *root;
  g_variant_get(question, "(&s&s)", &name, &root);
  g_autoptr(GPtrArray) records = g_ptr_array_new_with_free_func(g_free);
  enum ldap_state state = look_up(helper, name, root, records);
  g_autoptr(GBytes) frame =
      ldap_answer_pack(state, state == LDAP_STATE_INDETERMINATE ? helper->words : NULL, records);
  g_autoptr(GError) error = NULL;
  return wire_send_waiting(helper->socket, frame, &error);
}

int ldap_helper_main(int socket)
{
  sandbox_prepare();
  struct helper helper = {.socket = socket};
  wire_inbox_init(&helper.inbox, 0);
  g_autoptr(GVariant) setup = NULL;
  if (!next(&helper, "(ssssbu)", &setup))
    return 2;
  g_variant_get(setup, "(ssssbu)", &helper.url, &helper.bind_dn, &helper.password, &helper.ca,
                &helper.start_tls, &helper.timeout_s);
  g_autofree char *missing = sandbox_enter_client(*helper.ca ? helper.ca : NULL);
  if (missing)
    fprintf(stderr, "<4>gw400d ldap: %s\n", missing);
  while (answer_one(&helper))
    ;
  disconnect(&helper);
  return 0;
}
