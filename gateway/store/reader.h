/* reader.h - the reader thread: requests run one at a time on the read-only connection. A request may do its
 * work in short steps; between two steps others run, work of the relay (urgent) before lists and searches of
 * operators. */
#ifndef GW400_STORE_READER_H
#define GW400_STORE_READER_H

#include "store/answers.h"

struct request {
  struct answer answer;                  /* first */
  bool (*step)(struct request *request); /* reader thread; true: once more, later */
  bool urgent;
};

struct reader;
struct reader *reader_new(struct answers *answers);
void reader_free(struct reader *reader); /* finishes what is queued */
/* Posts request->answer after the last step. */
void reader_push(struct reader *reader, struct request *request);
void reader_drain(struct reader *reader);

#endif
