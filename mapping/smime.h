/* smime.h - RFC 3855: contents that are a CMS object or a MIME entity, not an interpersonal message.
 *
 * A mail of one application/pkcs7-mime becomes such a content for a peer that wants it (smime="content");
 * what comes so becomes such a mail.  The octets are never touched. */
#ifndef GW400_MAPPING_SMIME_H
#define GW400_MAPPING_SMIME_H

#include "mapping/conversion.h"

struct ContentType;

enum smime_kind {
  SMIME_NONE,
  SMIME_CMS, /* id-ct-contentInfo: a bare CMS object */
  SMIME_MIME /* id-data: a MIME entity, with its header */
};
enum smime_kind smime_of(const struct ContentType *type);

/* Writes From, To (NULL: none), the MIME fields and the body; fields of the envelope are written before.
 * types: the original ones of the envelope, which say what kind of object it is (2.5). */
bool smime_write(struct from_x400 *from, enum smime_kind kind, struct octets *content,
                 const struct eit_set *types, const char *recipient, GError **error);

/* The content for a mail that is to go so; sets to->content_type and its encoded information type.  NULL
 * without error: it goes as an interpersonal message. */
struct octets *smime_content(struct to_x400 *to, GError **error);

#endif
