/* fuzz_upper_pdu.c - any octets as a PDU of the upper layers: presentation (X.226), ACSE (X.227), RTSE
 * (X.228), MTA-bind (X.411).
 *
 * The first octet chooses the reader; the rest is the PDU.  What is read and can be written must be read
 * again, and be written to the same octets. */
#include <stdint.h>
#include <stdlib.h>

#include "mhs/p1_bind.h"
#include "osi/acse_apdu.h"
#include "osi/presentation_ppdu.h"
#include "osi/rtse_apdu.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool good)
{
  if (!good)
    abort();
}

/* --- presentation
 * -------------------------------------------------------------------------------------------- */

typedef bool (*ppdu_read)(GBytes *data, const struct presentation_limits *limits,
                          struct presentation_ppdu *ppdu_r, GError **error);
typedef GBytes *(*ppdu_write)(const struct presentation_ppdu *ppdu, GError **error);

static GBytes *write_abort(const struct presentation_ppdu *ppdu, GError **error)
{
  return ppdu->provider ? presentation_write_arp(ppdu->provider_reason, ppdu->event)
                        : presentation_write_aru(ppdu, error);
}

/* What is read of an abstract syntax that oids.h does not know is its name alone. */
static bool all_known(const GArray *contexts)
{
  for (guint i = 0; contexts != NULL && i < contexts->len; i++)
    if (g_array_index(contexts, struct presentation_context, i).syntax == OID_UNKNOWN)
      return false;
  return true;
}

static void say(const struct presentation_ppdu *ppdu)
{
  g_free(presentation_refusal_words(ppdu->provider_reason));
  g_free(presentation_abort_words(ppdu->provider_reason, ppdu->event));
  for (guint i = 0; ppdu->contexts != NULL && i < ppdu->contexts->len; i++)
    g_free(presentation_context_words(g_array_index(ppdu->contexts, struct presentation_context, i).reason));
}

static GBytes *ppdu_twice(GBytes *data, ppdu_read read, ppdu_write write)
{
  static const struct presentation_limits limits = {.contexts_max = 8, .values_max = 8};
  struct presentation_ppdu ppdu = {.provider_reason = PRESENTATION_NO_REASON};
  g_autoptr(GError) error = NULL;
  bool good = read(data, &limits, &ppdu, &error);
  must(good == (error == NULL));
  GBytes *written = NULL;
  must(!good || !ppdu.x410 || ppdu.values == NULL || ppdu.values->len == 1);
  if (good) {
    must(ppdu.contexts == NULL || ppdu.contexts->len <= limits.contexts_max);
    must(ppdu.values == NULL || ppdu.values->len <= limits.values_max);
    say(&ppdu);
    if (read != presentation_read_cp || all_known(ppdu.contexts))
      written = write(&ppdu, NULL);
  }
  presentation_ppdu_clear(&ppdu);
  return written;
}

static void try_ppdu(GBytes *data, ppdu_read read, ppdu_write write)
{
  g_autoptr(GBytes) once = ppdu_twice(data, read, write);
  if (once == NULL)
    return;
  g_autoptr(GBytes) twice = ppdu_twice(once, read, write);
  must(twice != NULL && g_bytes_equal(once, twice));
}

static void try_cp(GBytes *data)
{
  try_ppdu(data, presentation_read_cp, presentation_write_cp);
}

static void try_cpa(GBytes *data)
{
  try_ppdu(data, presentation_read_cpa, presentation_write_cpa);
}

static void try_cpr(GBytes *data)
{
  try_ppdu(data, presentation_read_cpr, presentation_write_cpr);
}

static void try_abort(GBytes *data)
{
  try_ppdu(data, presentation_read_abort, write_abort);
}

static void try_pdv(GBytes *data)
{
  const char *why = NULL;
  g_autoptr(GArray) values = pdv_read(data, 8, &why);
  must((values == NULL) == (why != NULL));
  if (values == NULL)
    return;
  must(values->len >= 1 && values->len <= 8);
  bool simple = g_array_index(values, struct presentation_value, 0).context == 0;
  must(!simple || values->len == 1);
  g_autoptr(GBytes) once = pdv_write(values, simple);
  g_autoptr(GArray) again = pdv_read(once, 8, &why);
  must(again != NULL && again->len == values->len);
  g_autoptr(GBytes) twice = pdv_write(again, simple);
  must(g_bytes_equal(once, twice));
}

/* --- ACSE, RTSE
 * ---------------------------------------------------------------------------------------------- */

static GBytes *acse_twice(GBytes *data)
{
  struct acse_apdu apdu = {0};
  g_autoptr(GError) error = NULL;
  bool good = acse_apdu_read(data, &apdu, &error);
  must(good == (error == NULL));
  GBytes *written = NULL;
  if (good) {
    g_free(acse_diagnostic_words(apdu.by_provider, apdu.diagnostic));
    if (apdu.information_context == 0)
      apdu.information_context = 3;
    if (apdu.context != OID_UNKNOWN)
      written = acse_apdu_write(&apdu, NULL);
  }
  acse_apdu_clear(&apdu);
  return written;
}

static void try_acse(GBytes *data)
{
  g_autoptr(GBytes) once = acse_twice(data);
  if (once == NULL)
    return;
  g_autoptr(GBytes) twice = acse_twice(once);
  must(twice != NULL && g_bytes_equal(once, twice));
}

enum { NORMAL_MODE = -1 }; /* else the type of X.410 mode's */

static GBytes *rtse_twice(GBytes *data, int type)
{
  struct rtse_apdu apdu = {0};
  g_autoptr(GError) error = NULL;
  bool good = type == NORMAL_MODE ? rtse_apdu_read(data, &apdu, &error)
                                  : rtse_apdu_read_x410(data, (enum rtse_apdu_type)type, &apdu, &error);
  must(good == (error == NULL));
  GBytes *written = NULL;
  if (good) {
    g_free(rtse_abort_words(apdu.abort_reason));
    g_free(rtse_refuse_words(apdu.refuse_reason));
    written = rtse_apdu_write(&apdu, NULL);
  }
  rtse_apdu_clear(&apdu);
  return written;
}

static void try_rtse_as(GBytes *data, int type)
{
  g_autoptr(GBytes) once = rtse_twice(data, type);
  if (once == NULL)
    return;
  g_autoptr(GBytes) twice = rtse_twice(once, type);
  must(twice != NULL && g_bytes_equal(once, twice));
}

static void try_rtse(GBytes *data)
{
  try_rtse_as(data, NORMAL_MODE);
}

static void try_rtorq(GBytes *data)
{
  try_rtse_as(data, RTSE_RTORQ);
}

static void try_rtoac(GBytes *data)
{
  try_rtse_as(data, RTSE_RTOAC);
}

static void try_rtorj(GBytes *data)
{
  try_rtse_as(data, RTSE_RTORJ);
}

static void try_rtab(GBytes *data)
{
  try_rtse_as(data, RTSE_RTAB);
}

static void try_rttr(GBytes *data)
{
  g_autoptr(GPtrArray) slices = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
  if (!rtse_rttr_read(data, slices))
    return;
  gsize whole = 0;
  for (guint i = 0; i < slices->len; i++) {
    GBytes *slice = slices->pdata[i];
    whole += g_bytes_get_size(slice);
    g_autoptr(GBytes) written = rtse_rttr_write(slice);
    g_autoptr(GPtrArray) again = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    must(rtse_rttr_read(written, again) && again->len == 1 && g_bytes_equal(again->pdata[0], slice));
  }
  must(whole < g_bytes_get_size(data));
}

/* --- MTA-bind
 * ------------------------------------------------------------------------------------------------ */

typedef bool (*bind_read)(enum p1_mode mode, GBytes *data, struct p1_credentials *credentials_r,
                          GError **error);
typedef GBytes *(*bind_write)(enum p1_mode mode, const struct p1_credentials *credentials,
                              enum p1_password_form form, GError **error);

static void must_equal(GBytes *first, GBytes *second)
{
  must((first == NULL) == (second == NULL));
  must(first == NULL || g_bytes_equal(first, second));
}

static void try_bind(enum p1_mode mode, GBytes *data, bind_read read, bind_write write)
{
  struct p1_credentials first = {0}, second = {0};
  g_autoptr(GError) error = NULL;
  bool good = read(mode, data, &first, &error);
  must(good == (error == NULL));
  g_autoptr(GBytes) written = good ? write(mode, &first, P1_PASSWORD_OCTETS, NULL) : NULL;
  if (written != NULL) {
    must(read(mode, written, &second, NULL));
    must(first.authentication == second.authentication);
    must(g_strcmp0(first.mta_name, second.mta_name) == 0);
    must_equal(first.password, second.password);
    must_equal(first.bind_token, second.bind_token);
    must_equal(first.certificates, second.certificates);
    must_equal(first.certificate_selector, second.certificate_selector);
  }
  p1_credentials_clear(&first);
  p1_credentials_clear(&second);
}

static void try_bind_argument(GBytes *data)
{
  try_bind(P1_MODE_1988_NORMAL, data, p1_bind_read_argument, p1_bind_write_argument);
}

static void try_bind_result(GBytes *data)
{
  try_bind(P1_MODE_1988_NORMAL, data, p1_bind_read_result, p1_bind_write_result);
}

static void try_bind_argument_x410(GBytes *data)
{
  try_bind(P1_MODE_1988_X410, data, p1_bind_read_argument, p1_bind_write_argument);
}

static void try_bind_result_1984(GBytes *data)
{
  try_bind(P1_MODE_1984, data, p1_bind_read_result, p1_bind_write_result);
}

static void try_bind_error(GBytes *data)
{
  enum p1_bind_error first, second;
  if (!p1_bind_read_error(data, &first))
    return;
  g_autoptr(GBytes) written = p1_bind_write_error(first, NULL);
  must(written != NULL && p1_bind_read_error(written, &second) && first == second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static void (*const readers[])(GBytes *) = {
      try_cp, try_cpa, try_cpr, try_abort, try_pdv, try_acse, try_rtse, try_rttr, try_bind_argument,
      try_bind_result, try_bind_error,
      /* X.410 mode */
      try_rtorq, try_rtoac, try_rtorj, try_rtab, try_bind_argument_x410, try_bind_result_1984};
  if (size < 1)
    return 0;
  g_autoptr(GBytes) pdu = g_bytes_new(data + 1, size - 1);
  readers[data[0] % G_N_ELEMENTS(readers)](pdu);
  return 0;
}
