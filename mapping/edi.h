/* edi.h - EDI interchanges: what they are known by, and what their first segments say.
 *
 * EDIFACT (ISO 9735: UNA, UNB), X12 (ANSI X12.5: ISA), TRADACOMS (UN/GTDI: STX=).  An interchange is octets
 * that nobody may change: these functions read it, and copy of it what an EDI heading repeats (X.435 8.2). */
#ifndef GW400_MAPPING_EDI_H
#define GW400_MAPPING_EDI_H

#include "asn1/octets.h"
#include "asn1/oids.h"

enum edi_kind { EDI_NONE, EDI_EDIFACT, EDI_X12, EDI_TRADACOMS };

/* By the first segment, which must be there to its element separators; line ends and spaces may stand before
 * it. */
enum edi_kind edi_recognise(const void *octets, gsize length);
enum edi_kind edi_kind_of(const struct octets *interchange);
/* RFC 1767: "application/EDIFACT", "application/EDI-X12", "application/EDI-consent" (also for EDI_NONE). */
const char *edi_media_type(enum edi_kind kind);
/* Whether a type, in lower case and without parameters, is one of these; kind_r (may be NULL): what it
 * promises. */
bool edi_is_media_type(const char *type, enum edi_kind *kind_r);
/* False and error when it cannot be read. */
bool edi_is_7bit(const struct octets *interchange, bool *is_r, GError **error);

/* The object identifier of an EDI body part (X.435 annex A) for an interchange, and what one promises
 * (EDI_NONE: private, undefined). */
enum oid edi_oid(enum edi_kind kind, bool is_7bit);
bool edi_kind_of_oid(enum oid oid, enum edi_kind *kind_r);

/* What the first segments say, octets as they stand there, release characters taken away; NULL: nothing. */
struct edi_interchange {
  enum edi_kind kind;
  bool has_advice;
  guint8 advice[6]; /* UNA: component, element, decimal, release, reserved, terminator */
  char *syntax, *version;
  char *sender, *sender_qualifier, *sender_routing;
  char *recipient, *recipient_qualifier, *recipient_routing;
  char *prepared; /* UTCTime */
  char *reference;
  char *recipient_reference, *recipient_reference_qualifier;
  char *application_reference, *priority, *agreement;
  char *authorization, *authorization_qualifier;
  bool acknowledgement, test;
  GPtrArray *types; /* of char*: message types, each once, in order */
  bool cut;         /* there is more than was read: types may miss some */
};
/* Reads the beginning, at most a quarter of a megabyte. NULL: it is none, or cannot be read. */
struct edi_interchange *edi_interchange_read(const struct octets *octets);
void edi_interchange_free(struct edi_interchange *interchange);
typedef struct edi_interchange edi_interchange_t; /* for g_autoptr() alone */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(edi_interchange_t, edi_interchange_free)

#endif
