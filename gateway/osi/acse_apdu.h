/* acse_apdu.h - ACSE's APDUs (X.227 9) between octets and one plain structure. */
#ifndef GW400_OSI_ACSE_APDU_H
#define GW400_OSI_ACSE_APDU_H

#include "osi/acse.h"

enum acse_apdu_type { ACSE_AARQ, ACSE_AARE, ACSE_RLRQ, ACSE_RLRE, ACSE_ABRT };

struct acse_apdu {
  enum acse_apdu_type type;
  enum oid context;     /* AARQ, AARE: application context name; OID_UNKNOWN when it is not one of oids.h */
  char *context_dotted; /* the same for words; read only */
  guint result;         /* AARE */
  bool by_provider;     /* AARE: the diagnostic is the ACSE provider's; ABRT: aborted by the provider */
  guint diagnostic;     /* AARE */
  guint reason;         /* RLRQ, RLRE */
  GBytes *information;  /* user information, or NULL */
  guint information_context; /* its presentation context identifier; read: 0 when not told */
};
void acse_apdu_clear(struct acse_apdu *apdu);

/* Of several EXTERNALs in the user information the first is taken. */
bool acse_apdu_read(GBytes *data, struct acse_apdu *apdu_r, GError **error);
GBytes *acse_apdu_write(const struct acse_apdu *apdu, GError **error);

/* What a rejecting AARE says, in words.  Caller frees. */
char *acse_diagnostic_words(bool by_provider, guint diagnostic);

#endif
