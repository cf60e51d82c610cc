/* p1_record.h - the wire record: the octets of a peer's last dialogue, both ways with their times, for
 * `gw400 peer record`.
 *
 * A record is bounded by the peer's record-size: its beginning (the binds) stays, what follows is a ring of
 * the last octets. Passwords are overwritten before anything is kept (mhs/p1_mask.h). What a peer's last
 * dialogue was, and the last that ended in an error, is kept after its end; all records together stay within
 * record-memory, the oldest kept ones making room. In the relay's memory alone. */
#ifndef GW400_RELAY_P1_RECORD_H
#define GW400_RELAY_P1_RECORD_H

#include "relay/context.h"

struct p1_records;
struct p1_records *p1_records_new(struct relay *relay);
void p1_records_free(struct p1_records *records);

/* One dialogue. Every function below takes NULL for one that is not recorded. */
struct p1_record;
/* Whose it is tells its end; until then the most generous peer's size holds. NULL: no peer is recorded. */
struct p1_record *p1_record_new(struct p1_records *records);
void p1_record_octets(struct p1_record *record, bool sent, const guint8 *data, gsize length);
/* The dialogue is over, and the record theirs: peer NULL: a caller that never said who it is. error: why it
 * ended, or NULL when it ended well. */
void p1_record_end(struct p1_record *record, const char *peer, const char *address, const char *error);

/* The kept record of a peer ("-": of callers without a name): the last in error, or the last at all; NULL:
 * none. */
const struct p1_record *p1_records_kept(const struct p1_records *records, const char *peer, bool in_error);

/* Its pieces in order of time. */
struct p1_record_piece {
  guint64 number;
  gint64 us;
  bool sent;
  guint64 offset; /* in the octets of its direction: a jump is what was dropped */
  gsize start;    /* of the first whole packet in it; length: none begins here */
  const guint8 *octets;
  gsize length;
};
/* The first piece with a number above after; false: none. */
bool p1_record_next(const struct p1_record *record, guint64 after, struct p1_record_piece *piece_r);
const char *p1_record_error(const struct p1_record *record);   /* NULL: none */
const char *p1_record_address(const struct p1_record *record); /* NULL while it is open */

#endif
