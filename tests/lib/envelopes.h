/* envelopes.h - APDUs of P1 written by hand around one field, and a look at what stands where in one that
 * came out.
 *
 * Nothing here uses the generated codecs: octets are written by notation.h and read by their tags alone. */
#ifndef GW400_TESTS_ENVELOPES_H
#define GW400_TESTS_ENVELOPES_H

#include "lib/notation.h"
#include "lib/road.h"

#define DE_X "61{13'de'} 62{13'x'}"
#define GDI_FAR "63{61{13'de'}62{13'x'}13'far'}"
/* The recipient of envelopes_apdu() (routed to the peer "land"), and that of envelopes_apdu_mail(). */
#define LEE "/S=lee/PRMD=land/ADMD=x/C=de/"
#define NAME_LEE "60{30{" DE_X " A2{13'land'} A5{80'lee'}}}"
#define BOB "bob@example.org"
#define NAME_BOB "60{30{" DE_X " A2{13'sea'} A5{80'gateway'}} 30{30{13'RFC-822' 13'bob(a)example.org'}}}"

enum envelope_place {
  IN_MESSAGE, /* MessageTransferEnvelope */
  IN_MESSAGE_EXTENSIONS,
  IN_RECIPIENT, /* its first */
  IN_RECIPIENT_EXTENSIONS,
  IN_CONTENT, /* the content itself, a whole TLV */
  IN_PROBE,
  IN_PROBE_EXTENSIONS,
  IN_PROBE_RECIPIENT,
  IN_PROBE_RECIPIENT_EXTENSIONS,
  IN_REPORT, /* ReportTransferEnvelope */
  IN_REPORT_EXTENSIONS,
  IN_REPORT_CONTENT, /* ReportTransferContent */
  IN_REPORT_CONTENT_EXTENSIONS,
  IN_REPORT_RECIPIENT, /* its first */
  IN_REPORT_RECIPIENT_EXTENSIONS
};

/* A small whole APDU with the fields (notation) at that place; a field that is there already is replaced. */
GByteArray *envelopes_apdu(enum envelope_place place, const char *fields);
/* The same for a recipient who gets mail; the content is an interpersonal message unless the place is
 * IN_CONTENT. */
GByteArray *envelopes_apdu_mail(enum envelope_place place, const char *fields);

/* NULL when the field (notation; one TLV) stands at that place octet for octet, else what stands there. */
char *envelopes_check(GBytes *apdu, enum envelope_place place, const char *field);
/* The contents of the first field with this tag at that place; NULL: there is none. */
GBytes *envelopes_find(GBytes *apdu, enum envelope_place place, guint8 tag);

#endif
