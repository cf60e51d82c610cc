/* mcgam.h - MIXER Conformant Global Address Mappings (RFC 2156 4.2, appendix F) and exact per-user rows
 * (users.h): look-ups in the compiled table file.
 *
 * The file is mapped, never read: opening costs the same for ten rows and for a million, all converters share
 * its pages, and a look-up is one hash probe per level of the name.  Nothing in it is believed: the extents
 * of the tables are checked when it is opened, every offset and length when it is used, so a damaged file
 * gives no match or an error, never a wild read.  (The file must not be cut short while it is mapped; the
 * gateway uses a sealed copy.)
 *
 * Format, all integers of the machine that wrote it:
 *     struct mcgam_header, its own octets up to `header_checksum` covered by that checksum;
 *     rows: struct mcgam_row, key, NUL, value, NUL, padded to 4; of a user the key is the mailbox and the value
 * the std-or form, whichever table leads to it; per table an array of `slots` (a power of two, at most half of
 * them taken) struct mcgam_slot, open addressing, linear probing; an empty slot has offset 0; offsets count
 * from the file's start, in units of 4. */
#ifndef GW400_MAPPING_MCGAM_H
#define GW400_MAPPING_MCGAM_H

#include "mapping/dmn.h"

enum mcgam_table {
  MCGAM_DOMAIN_TO_OR,
  MCGAM_OR_TO_DOMAIN,
  MCGAM_DOMAIN_TO_OR_GATEWAY,
  MCGAM_OR_TO_DOMAIN_GATEWAY,
  MCGAM_MAILBOX_TO_OR,
  MCGAM_OR_TO_MAILBOX,
  MCGAM_TABLES,
  MCGAM_USERS = MCGAM_TABLES, /* a source whose rows go into both tables of users */
  MCGAM_SOURCES
};
/* "domain-to-or", ..., "users", as the configuration names them; MCGAM_SOURCES when there is no such. */
enum mcgam_table mcgam_table_from_name(const char *name);
const char *mcgam_table_name(enum mcgam_table table);

#define MCGAM_MAGIC "GW4MCGAM"
#define MCGAM_VERSION 2u
#define MCGAM_BYTE_ORDER 0x01020304u
#define MCGAM_UNIT 4u /* rows begin at multiples of it */
struct mcgam_slot {
  guint32 hash, offset;
};
struct mcgam_row {
  guint16 key_length, value_length;
};
struct mcgam_header {
  char magic[8];
  guint32 version, byte_order;
  guint64 size;
  guint64 slots_at[MCGAM_TABLES]; /* octets from the file's start */
  guint32 slots[MCGAM_TABLES], rows[MCGAM_TABLES]; /* rows: how many slots are taken */
  guint8 content_digest[32]; /* SHA-256 of all behind the header: mcgam_verify() */
  guint64 header_checksum;   /* mcgam_hash() of the octets before it */
};
/* FNV-1a. */
guint64 mcgam_hash(const void *data, gsize length);

struct mcgam;
/* Without rows; and from a compiled file (the descriptor stays the caller's). */
struct mcgam *mcgam_new_empty(void);
struct mcgam *mcgam_open(int fd, GError **error);
/* The same over octets that outlive it. */
struct mcgam *mcgam_open_mem(const void *data, gsize length, GError **error);
void mcgam_free(struct mcgam *mcgam);
/* Reads the whole file: is it what the compiler wrote? */
bool mcgam_verify(const struct mcgam *mcgam, GError **error);
guint mcgam_rows(const struct mcgam *mcgam, enum mcgam_table table);

/* The value of a key as compiled (domain in lower case, or dmn_key()), or NULL; it lies in the file. */
const char *mcgam_find(const struct mcgam *mcgam, enum mcgam_table table, const char *key);

/* A row as it lies in the file. */
struct mcgam_entry {
  const char *key, *value;
};
/* The first row of the table with this hash for which is() holds; false: there is none. */
bool mcgam_probe(const struct mcgam *mcgam, enum mcgam_table table, guint32 hash,
                 bool (*is)(const struct mcgam_entry *entry, const void *wanted), const void *wanted,
                 struct mcgam_entry *entry_r);
/* The row at a slot's offset; false when none lies there whole. */
bool mcgam_entry(const struct mcgam *mcgam, guint32 offset, struct mcgam_entry *entry_r);

/* The key that the row which inverts this one has (4.2): of domain-to-or the key of its O/R address, of or-to-domain its
 * domain; elsewhere the value. Caller frees. */
char *mcgam_inverse_key(enum mcgam_table table, const struct mcgam_entry *entry);

/* The longest match of a domain: dmn_r is the row's O/R address, *rest_r how many octets of domain stand
 * before the match
 * ("R-D.Salford." of "R-D.Salford.AC.UK": 12). */
bool mcgam_match_domain(const struct mcgam *mcgam, enum mcgam_table table, const char *domain,
                        struct dmn *dmn_r, gsize *rest_r);
/* The longest match of an O/R address: the row's domain (in the file) and how many levels the row covers; or
 * NULL. */
const char *mcgam_match_or(const struct mcgam *mcgam, enum mcgam_table table,
                           const struct or_address *address, guint *depth_r);

#endif
