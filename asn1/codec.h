/* codec.h - the one way from BER octets to asn1c's structures and back.
 *
 * Decoding goes guard -> asn1c: the guard (guard.h) walks the TLVs along asn1c's own type descriptors,
 * refuses what is not legal BER or is beyond the limits, and hands asn1c definite, primitive form.  A string
 * longer than limits->inline_string, or one that looks like a placeholder, is not copied: the
 * structure then holds a placeholder and the decoded value's table the rope of its octets.  asn1_octets()
 * hides which of the two it was.
 *
 * Encoding is the mirror: asn1_put_octets() places a rope in a string field (a placeholder when it is long),
 * and asn1_encode() returns DER-style definite-length BER as a rope in which the long strings are still
 * extents of their files.
 *
 * Ownership: struct asn1_value owns the decoded structure and its ropes.  No globals; one value is used by
 * one thread. */
#ifndef GW400_ASN1_CODEC_H
#define GW400_ASN1_CODEC_H

#include "asn1/octets.h"

struct asn_TYPE_descriptor_s; /* asn1c's asn_TYPE_descriptor_t */
struct OCTET_STRING; /* asn1c's OCTET_STRING_t; also the representation of character strings and ANY */

/* What a peer may ask of the decoder (configuration: limits).  Zero means the default in brackets. */
struct asn1_limits {
  guint64 total;       /* octets of the whole value [2 GiB] */
  guint depth;         /* nested constructed encodings [64] */
  guint elements;      /* TLVs walked, segments apart [200,000] */
  guint segments;      /* segments of constructed strings and TLVs inside open types [2,000,000] */
  gsize inline_string; /* a longer string stays in its rope [65,536] */
  gsize any;           /* a longer open type (ANY) stays, whole, in a rope [65,536] */
};

#define ASN1_ERROR (asn1_error_quark())
GQuark asn1_error_quark(void);
enum asn1_error {
  ASN1_ERROR_SYNTAX,    /* not BER, or not this type; the message names offset, field path and clause */
  ASN1_ERROR_LIMIT,     /* a limit of asn1_limits; the message names which */
  ASN1_ERROR_TRUNCATED, /* octets end inside the value */
  ASN1_ERROR_TRAILING,  /* octets follow the value */
  ASN1_ERROR_ENCODE, /* a structure that cannot be encoded: a mandatory field is missing or a value is out of
                        range */
  ASN1_ERROR_READ    /* the file under a rope could not be read */
};

/* A decoded value, or one being built. */
struct asn1_value;

/* Decodes source, which must hold exactly one value of the type.  Errors name the offset in source and the
 * path of fields from the type, e.g. "offset 212: MTS-APDU.message.envelope.trace-information[0]: length 70
 * reaches beyond its parent". */
struct asn1_value *asn1_decode(const struct asn_TYPE_descriptor_s *type, struct octets *source,
                               const struct asn1_limits *limits, GError **error);
/* The same to a structure that is to be hung into root's, which takes over its long strings; free() releases its outermost
 * block. */
void *asn1_decode_into(struct asn1_value *root, const struct asn_TYPE_descriptor_s *type, struct octets *source,
                       const struct asn1_limits *limits, GError **error);
/* The same for short values in memory (SPDU user data, binds, extensions' values). */
struct asn1_value *asn1_decode_mem(const struct asn_TYPE_descriptor_s *type, const void *data, gsize length,
                                   const struct asn1_limits *limits, GError **error);
/* Length of the first TLV of source including its header; *tag_r: its identifier octets as a number (0x30,
 * 0x7f21), of which only the first four are told.  False (ASN1_ERROR_TRUNCATED) when it is not whole.  For
 * telling PDUs apart and for finding the end of one. */
bool asn1_peek(struct octets *source, guint64 *length_r, guint32 *tag_r, GError **error);

/* An empty value of the type, its structure zeroed, for building; what is hung into it is freed with it (use
 * calloc/malloc based allocation as asn1c does: asn1_new_field() below). */
struct asn1_value *asn1_value_new(const struct asn_TYPE_descriptor_s *type);
void *asn1_value_get(const struct asn1_value *value); /* the structure: cast to the generated type */
const struct asn_TYPE_descriptor_s *asn1_value_type(const struct asn1_value *value);
void asn1_value_free(struct asn1_value *value);
/* Frees the value but its structure, which goes to the caller, to be hung into another value of which it is a
 * part (free() releases the outermost block).  NULL, and all freed, when strings of it lie in ropes. */
void *asn1_value_steal(struct asn1_value *value);
typedef struct asn1_value asn1_value_t; /* for g_autoptr() alone */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(asn1_value_t, asn1_value_free)

/* calloc of one structure for an OPTIONAL member; aborts when memory is out, as GLib does. */
#define asn1_new_field(type) ((type *)asn1_zalloc(sizeof(type)))
void *asn1_zalloc(gsize size);

/* The octets of a string field of value, whichever way they are held; new reference, never NULL. */
struct octets *asn1_octets(const struct asn1_value *value, const struct OCTET_STRING *field);
/* A string field's octets as text for messages and short fields; NULL when longer than limit octets. */
char *asn1_strndup(const struct asn1_value *value, const struct OCTET_STRING *field, gsize limit);
/* Sets a string field (replacing what it held) to octets / to a copy of a C string.  A BIT STRING or ANY goes
 * in too, cast; an ANY's octets are a whole TLV.  Fields are to be set by these two alone: what a peer sent
 * must not be copied into buf by hand, for it could look like a placeholder. */
void asn1_put_octets(struct asn1_value *value, struct OCTET_STRING *field, struct octets *octets);
void asn1_put_string(struct OCTET_STRING *field, const char *text);
/* A fresh string structure for OPTIONAL members and SEQUENCE OF. */
struct OCTET_STRING *asn1_new_string(const char *text);

/* Encodes with definite lengths, minimal length octets, ropes left as ropes; a SET OF keeps its order. */
struct octets *asn1_encode(const struct asn1_value *value, GError **error);
/* The same of one structure within value, of the given type: a body part, an extension.  It keeps its ropes.
 */
struct octets *asn1_encode_field(const struct asn1_value *value, const struct asn_TYPE_descriptor_s *type,
                                 const void *structure, GError **error);
/* A short value (at most 16 MiB) into memory. */
GBytes *asn1_encode_bytes(const struct asn1_value *value, GError **error);

/* Prints for `gw400 decode`: names are the module's, long strings are cut after cut octets and their length
 * told, known OIDs are named, strings that are BER in themselves (contents, extensions) are the caller's to
 * decode and print.  Text and XML are lines, the first indented by indent steps; JSON is one value without a
 * newline at its end, for the caller to place. */
enum asn1_format { ASN1_TEXT, ASN1_XML, ASN1_JSON };
void asn1_print(const struct asn1_value *value, enum asn1_format format, guint indent, gsize cut,
                GString *out);

/* The same, following strings that are BER in themselves (open types, contents) into the values that they
 * hold. */
struct asn1_place {
  const struct asn1_place *up;              /* what holds the holder; NULL when that is the value itself */
  const struct asn_TYPE_descriptor_s *type; /* of the structure that holds the string */
  const void *structure;                    /* itself */
  const char *member;                       /* the string's name in it; NULL in a list */
};
/* The type of what octets, the string at place, hold; NULL for what is to be printed as a string. */
typedef const struct asn_TYPE_descriptor_s *(*asn1_inner)(const struct asn1_place *place,
                                                          const struct asn1_value *value,
                                                          struct octets *octets, void *user);
void asn1_print_inner(const struct asn1_value *value, enum asn1_format format, guint indent, gsize cut,
                      asn1_inner inner, void *user, GString *out);

#endif
