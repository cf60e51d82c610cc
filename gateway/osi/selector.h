/* selector.h - a transport, session or presentation selector: absent, empty, or octets (X.650; bilateral sheets tell them apart).
 * In the configuration: no attribute = absent, "" = empty, "text" = its ASCII octets, "x'0102'" = hexadecimal. */
#ifndef GW400_OSI_SELECTOR_H
#define GW400_OSI_SELECTOR_H

#include <glib.h>
#include <stdbool.h>

#define OSI_SELECTOR_MAX 64 /* octets; X.224 allows a TSEL of 32, X.225 an SSEL of 16, PSELs are taken liberally */

struct osi_selector {
  bool present;
  guint8 length;
  guint8 octets[OSI_SELECTOR_MAX];
};

/* NULL is absent. False and error when the text is neither of the forms above or too long. */
bool osi_selector_parse(const char *text, struct osi_selector *selector_r, GError **error);
/* The form above; "(absent)" for absent. Caller frees. */
char *osi_selector_format(const struct osi_selector *selector);
bool osi_selector_equal(const struct osi_selector *a, const struct osi_selector *b);

#endif
