/* presentation_contexts.c - the defined context set (X.226 6.2, 6.6). */
#include "osi/error.h"
#include "osi/presentation_machine.h"

static const struct presentation_context *context_by_id(const struct presentation *presentation, guint id)
{
  for (guint i = 0; i < presentation->contexts->len; i++) {
    const struct presentation_context *context =
        &g_array_index(presentation->contexts, struct presentation_context, i);
    if (context->id == id && context->result == PRESENTATION_ACCEPTED) {
      return context;
    }
  }
  return NULL;
}

guint presentation_context_of(const struct presentation *presentation, enum oid syntax)
{
  for (guint i = 0; syntax != OID_UNKNOWN && i < presentation->contexts->len; i++) {
    const struct presentation_context *context =
        &g_array_index(presentation->contexts, struct presentation_context, i);
    if (context->syntax == syntax && context->result == PRESENTATION_ACCEPTED) {
      return context->id;
    }
  }
  return 0;
}

enum oid presentation_syntax_of(const struct presentation *presentation, guint id)
{
  const struct presentation_context *context = context_by_id(presentation, id);
  return context != NULL ? context->syntax : OID_UNKNOWN;
}

char *presentation_contexts_describe(const struct presentation *presentation)
{
  if (presentation->x410) {
    return g_strdup("X.410-1984 mode: no contexts");
  }
  GString *text = g_string_new(NULL);
  for (guint i = 0; i < presentation->contexts->len; i++) {
    const struct presentation_context *context =
        &g_array_index(presentation->contexts, struct presentation_context, i);
    g_string_append_printf(text, "%s%u %s", i > 0 ? ", " : "", context->id,
                           context->syntax != OID_UNKNOWN ? oid_name(context->syntax) : context->dotted);
    if (context->result == PRESENTATION_USER_REJECTED) {
      g_string_append(text, " refused by the user");
    } else if (context->result == PRESENTATION_PROVIDER_REJECTED) {
      g_autofree char *why = presentation_context_words(context->reason);
      g_string_append_printf(text, " refused: %s", why);
    }
  }
  return g_string_free(text, FALSE);
}

bool presentation_decide_contexts(struct presentation *presentation, GArray *proposed)
{
  bool any = false;
  for (guint i = 0; i < proposed->len; i++) {
    struct presentation_context *context = &g_array_index(proposed, struct presentation_context, i);
    bool known = false;
    for (guint j = 0; j < presentation->syntax_count; j++) {
      known = known || (context->syntax == presentation->syntaxes[j] && context->syntax != OID_UNKNOWN);
    }
    context->result = known && context->ber ? PRESENTATION_ACCEPTED : PRESENTATION_PROVIDER_REJECTED;
    context->reason = known ? 2 : 1;
    any = any || context->result == PRESENTATION_ACCEPTED;
  }
  g_array_unref(presentation->contexts);
  presentation->contexts = g_array_ref(proposed);
  return any;
}

void presentation_take_results(struct presentation *presentation, const GArray *results)
{
  for (guint i = 0; i < presentation->contexts->len && results != NULL && i < results->len; i++) {
    struct presentation_context *context =
        &g_array_index(presentation->contexts, struct presentation_context, i);
    const struct presentation_context *result = &g_array_index(results, struct presentation_context, i);
    context->result = result->result;
    context->reason = result->reason;
  }
}

bool presentation_resolve(const struct presentation *presentation, GArray *values)
{
  if (presentation->x410) {
    return true;
  }
  for (guint i = 0; values != NULL && i < values->len; i++) {
    struct presentation_value *value = &g_array_index(values, struct presentation_value, i);
    if (value->context == 0 && presentation->contexts->len == 1) {
      value->context = g_array_index(presentation->contexts, struct presentation_context, 0).id;
    }
    const struct presentation_context *context = context_by_id(presentation, value->context);
    if (value->context != 0 ? context == NULL : presentation->contexts->len > 0) {
      return false;
    }
    value->syntax = context != NULL ? context->syntax : OID_UNKNOWN;
  }
  return true;
}

bool presentation_place(const struct presentation *presentation, GArray *values, GError **error)
{
  if (presentation->x410) {
    return true;
  }
  for (guint i = 0; values != NULL && i < values->len; i++) {
    struct presentation_value *value = &g_array_index(values, struct presentation_value, i);
    if (value->context == 0) {
      value->context = presentation_context_of(presentation, value->syntax);
    }
    if (value->context == 0 && presentation->contexts->len > 0) {
      const char *name = oid_name(value->syntax);
      g_set_error(error, OSI_ERROR, OSI_ERROR_STATE, "no presentation context for %s was agreed",
                  name != NULL ? name : "an unknown abstract syntax");
      return false;
    }
  }
  return true;
}
