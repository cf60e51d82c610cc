/* control_request.h - one question on the control socket, between the socket (control.c) and the operations
 * (control_ops.c). */
#ifndef GW400_RELAY_CONTROL_REQUEST_H
#define GW400_RELAY_CONTROL_REQUEST_H

#include "relay/context.h"

#include <jansson.h>

struct control_request {
  struct relay *relay;
  struct connection *connection; /* control.c's; NULL once the asker has gone */
  json_t *question;
};

/* Runs the operation; it answers now or later by exactly one of the two below, which end the request. */
void control_run(struct control_request *request);
void control_answer(struct control_request *request,
                    json_t *answer); /* takes the object; "ok":true is added */
void control_refuse(struct control_request *request, int code,
                    const char *error); /* code: the exit code of DESIGN section 6 */
/* Members of an answer; NULL and times of 0 are left out. Times are UTC microseconds. */
void control_put_text(json_t *object, const char *key, const char *text);
void control_put_time(json_t *object, const char *key, gint64 time_us);
/* {"items": items} and, when there are more, "next". */
void control_answer_items(struct control_request *request, json_t *items, guint64 next);
/* control_peers.c */
void control_peer_list(struct control_request *request);
/* control_record.c */
void control_peer_record(struct control_request *request);

/* control_lookup.c */
void control_lookup(struct control_request *request);

#endif
