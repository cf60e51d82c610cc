#include "mapping/mapping.h"

#include "mapping/mcgam.h"
#include "mapping/mime_charset.h"
#include "mapping/or_address.h"
#include "mapping/route.h"

#include <string.h>

GQuark mapping_error_quark(void)
{
  return g_quark_from_static_string("gw400-mapping");
}

static bool fill(struct mapping_context *context, GVariant *settings, int tables_fd, GError **error)
{
  context->settings = mapping_settings_new(settings, error);
  if (!context->settings)
    return false;
  context->own = or_address_parse(context->settings->or_address, error);
  if (!context->own || !or_address_check(context->own, error)) {
    g_prefix_error(error, "settings: \"or-address\": ");
    return false;
  }
  context->routes = or_routes_new(context->settings->routes, context->settings->aliases, error);
  if (!context->routes)
    return false;
  context->tables = tables_fd < 0 ? mcgam_new_empty() : mcgam_open(tables_fd, error);
  return context->tables != NULL;
}

struct mapping_context *mapping_context_new(GVariant *settings, int tables_fd, GError **error)
{
  struct mapping_context *context = g_new0(struct mapping_context, 1);
  if (!fill(context, settings, tables_fd, error)) {
    mapping_context_free(context);
    return NULL;
  }
  context->charsets = mime_charset_table_new();
  return context;
}

void mapping_context_free(struct mapping_context *context)
{
  if (!context)
    return;
  mapping_settings_free(context->settings);
  or_address_free(context->own);
  or_routes_free(context->routes);
  mcgam_free(context->tables);
  g_clear_pointer(&context->charsets, g_hash_table_unref);
  g_free(context);
}

/* "5.1.1 " in front of the words. */
static gsize code_length(const char *message)
{
  gsize length = strspn(message, "0123456789.");
  bool is_code = length >= 5 && strchr("245", message[0]) && message[1] == '.' && message[length] == ' ';
  return is_code ? length : 0;
}

void mapping_result_fail(struct mapping_result *result, enum mapping_status status, const GError *error)
{
  gsize length = code_length(error->message);
  result->status = status;
  g_free(result->code);
  g_free(result->words);
  result->code = length ? g_strndup(error->message, length) : NULL;
  result->words = g_utf8_make_valid(error->message + (length ? length + 1 : 0), -1);
}
