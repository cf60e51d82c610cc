/* or_address.h - an X.400 O/R address (X.402 clause 18, X.411 ORAddress) in the mapping's own neutral form.
 *
 * A list of attributes; each has a key, an index (OU 1-4, DDA 1-4, PD-A 1-6) and a printable and/or teletex
 * value in UTF-8. Text form: RFC 2156 4.1 std-or ("/G=Ann/S=Lee/O=Acme/PRMD=acme/ADMD=x/C=de/"), RFC 1685 ";"
 * form accepted. Comparison is X.402's: case and runs of space fold, NumericString = PrintableString, a
 * teletex twin = its printable twin, ADMD absent = empty = " ". */
#ifndef GW400_MAPPING_OR_ADDRESS_H
#define GW400_MAPPING_OR_ADDRESS_H

#include <glib.h>
#include <stdbool.h>

enum or_key {
  OR_COUNTRY,
  OR_ADMD,
  OR_PRMD,
  OR_X121,
  OR_TERMINAL_ID,
  OR_ORGANIZATION,
  OR_UNIT,
  OR_UA_ID,
  OR_SURNAME,
  OR_GIVEN_NAME,
  OR_INITIALS,
  OR_GENERATION,
  OR_COMMON_NAME,
  OR_DDA,
  OR_PD_SERVICE,
  OR_PD_COUNTRY,
  OR_PD_CODE,
  OR_PD_OFFICE,
  OR_PD_OFFICE_NUMBER,
  OR_PD_COMPONENTS,
  OR_PD_PERSON,
  OR_PD_ORGANIZATION,
  OR_PD_EXTENSION,
  OR_PD_UNFORMATTED,
  OR_PD_STREET,
  OR_PD_BOX,
  OR_PD_RESTANTE,
  OR_PD_UNIQUE,
  OR_PD_LOCAL,
  OR_NET_NUMBER,
  OR_NET_SUBADDRESS,
  OR_NET_PSAP,
  OR_TERMINAL_TYPE,
  OR_KEYS
};
struct or_attribute {
  enum or_key key;
  guint index;               /* from 0; for OR_UNIT 0 is the most significant */
  char *type, *type_teletex; /* OR_DDA: the type */
  char *printable,
      *teletex;    /* values, UTF-8; either may be NULL. A null (present but empty) attribute is "" */
  char *universal; /* value of the universal- twin (extension attributes 24-40), UTF-8, or NULL */
};
struct or_address {
  GPtrArray *attributes; /* of or_attribute, owned, in canonical order */
  char *directory_name;  /* RFC 4514 text or NULL */
};

struct or_address *or_address_new(void);
struct or_address *or_address_copy(const struct or_address *address);
void or_address_free(struct or_address *address);
typedef struct or_address or_address_t; /* for g_autoptr() alone */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(or_address_t, or_address_free)
const char *or_address_get(const struct or_address *address, enum or_key key,
                           guint index); /* printable, else teletex, else NULL */
/* A value as attributes hold it: always UTF-8, also where a mailer's field was not. NULL stays NULL; caller frees. */
char *or_value(const char *text);
void or_address_set(struct or_address *address, enum or_key key, guint index, const char *printable,
                    const char *teletex);
void or_address_set_dda(struct or_address *address, const char *type, const char *value);
/* The attribute itself; NULL when it is missing, _require makes it.  The pointer holds until attributes are
 * added or removed. */
struct or_attribute *or_address_attribute(const struct or_address *address, enum or_key key, guint index);
struct or_attribute *or_address_require(struct or_address *address, enum or_key key, guint index);
void or_address_remove(struct or_address *address, enum or_key key); /* all of its indexes */
guint or_address_count(const struct or_address *address, enum or_key key);
/* Leaves out what says nothing (4.1.1): a twin equal to the printable value; and makes a twin of printable
 * characters alone the printable value where there is none. Whatever reads an address ends with it. */
void or_address_simplify(struct or_address *address);
const char *or_address_dda(const struct or_address *address, const char *type); /* compared without case */
bool or_address_equal(const struct or_address *a,
                      const struct or_address *b); /* X.402 18.4 / comparison rules above */

/* Text. parse: any separators, alternative keywords, any case (checklist A2, A6); error names keyword,
 * position, clause. */
struct or_address *or_address_parse(const char *text, GError **error);
char *or_address_format(const struct or_address *address); /* canonical std-or form */
/* Validity by X.402 (mnemonic, numeric, postal, terminal forms) and X.411 upper bounds. or_address_check_form
 * leaves the bounds out: for addresses that a peer made and that only travel back to it. */
bool or_address_check(const struct or_address *address, GError **error);
bool or_address_check_form(const struct or_address *address, GError **error);

/* asn1c's structures (type names as in asn1/modules; declared there). value owns what is hung in. */
struct asn1_value;
struct ORName;
struct or_address *or_address_from_asn1(const struct asn1_value *value, const struct ORName *name,
                                        GError **error);
void or_address_to_asn1(const struct or_address *address, struct asn1_value *value, struct ORName *name_r);

#endif
