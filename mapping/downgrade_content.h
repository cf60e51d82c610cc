/* downgrade_content.h - RFC 1328 5, RFC 1496: interpersonal messages of 1988 (P22) as those of 1984 (P2). */
#ifndef GW400_MAPPING_DOWNGRADE_CONTENT_H
#define GW400_MAPPING_DOWNGRADE_CONTENT_H

#include "mapping/job_io.h"

struct downgraded_content {
  struct octets *octets; /* NULL: nothing of 1988 is in it, the octets may stay as they came */
  struct eit_set *types; /* of its body parts, nested ones too */
  bool converted;        /* a body part is of another type now */
  bool lossy;            /* one of them lost something by that */
};
/* False and error: it is no interpersonal message or notification, or one that has no form of 1984;
 * MAPPING_ERROR_IO: a failure of this machine.  peer: whose habits decide about texts. */
bool downgrade_content(struct mapping_context *context, const struct mapping_peer *peer,
                       struct octets *content, GPtrArray *losses, struct downgraded_content *content_r,
                       GError **error);
void downgraded_content_clear(struct downgraded_content *content);

#endif
