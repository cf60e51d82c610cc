/* eit.h - encoded information types: X.411 8.2.1.1.1.33, RFC 2156 5.3.3.1, RFC 2157 6.2. */
#ifndef GW400_MAPPING_EIT_H
#define GW400_MAPPING_EIT_H

#include "mapping/x400.h"

struct EncodedInformationTypes;

/* A set of types: the built-in bits and dotted object identifiers in the order of their first appearance. */
struct eit_set {
  guint32 built_in; /* bit i: 1u << i */
  GPtrArray *oids;  /* of char* */
};
enum { EIT_UNKNOWN_BIT = 0, EIT_IA5_BIT = 2, EIT_G3_BIT = 3, EIT_TELETEX_BIT = 5 };

struct eit_set *eit_new(void);
void eit_free(struct eit_set *set);
typedef struct eit_set eit_set_t; /* for g_autoptr() alone */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(eit_set_t, eit_free)
void eit_add_built_in(struct eit_set *set, guint bit);
void eit_add(struct eit_set *set, const char *dotted);
bool eit_has(const struct eit_set *set, const char *dotted);
void eit_merge(struct eit_set *set, const struct eit_set *other);

/* asn1c's structure; new. */
struct EncodedInformationTypes *eit_to_asn1(const struct eit_set *set);
struct eit_set *eit_from_asn1(const struct EncodedInformationTypes *types); /* NULL: empty set */
/* EBNF.encoded-info: "IA5-Text, (1)(3)(6)". Empty for an empty set; caller frees. */
char *eit_format(const struct eit_set *set);
struct eit_set *eit_parse(const char *text);

#endif
