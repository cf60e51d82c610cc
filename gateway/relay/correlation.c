#include "relay/correlation.h"

#include "relay/envelope.h"

#include <string.h>

#define CANDIDATES_MAX 8u

static const char PREFIX[] = "subject-";

struct search {
  struct relay *relay;
  guint64 report;
  const struct mapping_result *result;
  guint identifier; /* the next to look for */
  guint64 ids[CANDIDATES_MAX];
  gsize count, next; /* of ids: the next to look at */
  correlation_found callback;
  void *user;
};

static void look(struct search *search);

static void end(struct search *search, struct store_message *subject)
{
  search->callback(search->user, subject);
  g_free(search);
}

/* Reports share identifiers with their subjects; only a message can be what they are about. */
static bool is_message(const struct store_message *message)
{
  struct envelope_note note;
  envelope_note_unpack(message->note, &note);
  bool is = message->note && note.content == MAPPING_CONTENT_MESSAGE;
  envelope_note_clear(&note);
  return is;
}

static void got(void *user, struct store_message *message, const GError *error)
{
  struct search *search = user;
  if (error)
    relay_log(LOG_ERR, "store", "looking for the subject of a report: %s", error->message);
  if (message && is_message(message)) {
    end(search, message);
    return;
  }
  if (message)
    store_message_free(message);
  look(search);
}

static void found(void *user, const guint64 *ids, gsize count, const GError *error)
{
  struct search *search = user;
  if (error)
    relay_log(LOG_ERR, "store", "looking for the subject of a report: %s", error->message);
  search->count = search->next = 0;
  for (gsize i = 0; !error && i < count && search->count < CANDIDATES_MAX; i++)
    if (ids[i] != search->report)
      search->ids[search->count++] = ids[i];
  look(search);
}

static void look(struct search *search)
{
  if (search->next < search->count) {
    store_get(search->relay->store, search->ids[search->next++], false, got, search);
    return;
  }
  while (search->identifier < search->result->identifiers->len) {
    const struct mapping_identifier *identifier =
        search->result->identifiers->pdata[search->identifier++];
    if (!g_str_has_prefix(identifier->kind, PREFIX))
      continue;
    store_find(search->relay->store, identifier->kind + strlen(PREFIX), identifier->value, CANDIDATES_MAX,
               found, search);
    return;
  }
  end(search, NULL);
}

void correlation_find(struct relay *relay, guint64 report, const struct mapping_result *result,
                      correlation_found callback, void *user)
{
  struct search *search = g_new0(struct search, 1);
  *search = (struct search){
      .relay = relay, .report = report, .result = result, .callback = callback, .user = user};
  look(search);
}
