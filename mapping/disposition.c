#include "mapping/disposition.h"

#include "mapping/delivery_status.h"

#include <string.h>

enum { PART_MAX = 1 << 18 };

struct disposition *disposition_new(void)
{
  struct disposition *disposition = g_new0(struct disposition, 1);
  disposition->fields = g_ptr_array_new_with_free_func(g_free);
  return disposition;
}

void disposition_free(struct disposition *disposition)
{
  if (!disposition)
    return;
  g_free(disposition->gateway);
  g_free(disposition->original_recipient);
  g_free(disposition->final_recipient);
  g_free(disposition->original_message_id);
  g_ptr_array_unref(disposition->fields);
  g_free(disposition);
}

void disposition_add(struct disposition *disposition, const char *name, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  g_autofree char *body = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  g_ptr_array_add(disposition->fields, g_strdup_printf("%s: %s", name, body));
}

static const char *const type_names[] = {"displayed", "deleted", "dispatched", "processed"};

/* --- writing --- */

void disposition_write(const struct disposition *disposition, struct mime_writer *writer)
{
  g_autofree char *mode =
      g_strdup_printf("%s/%s; %s", disposition->automatic_action ? "automatic-action" : "manual-action",
                      disposition->sent_automatically ? "MDN-sent-automatically" : "MDN-sent-manually",
                      type_names[MIN(disposition->type, DISPOSITION_PROCESSED)]);
  const struct {
    const char *name, *body;
  } rows[] = {{"MDN-Gateway", disposition->gateway},
              {"Original-Recipient", disposition->original_recipient},
              {"Final-Recipient", disposition->final_recipient},
              {"Original-Message-ID", disposition->original_message_id},
              {"Disposition", mode}};
  mime_writer_field(writer, "Content-Type", "message/disposition-notification");
  mime_writer_end_header(writer);
  for (guint i = 0; i < G_N_ELEMENTS(rows); i++)
    if (rows[i].body)
      delivery_status_write_field(writer, rows[i].name, rows[i].body);
  delivery_status_write_fields(writer, disposition->fields);
}

/* --- reading --- */

/* "manual-action/MDN-sent-manually; displayed/error": what is not understood of the mode counts as manual. */
static void read_mode(struct disposition *disposition, const char *body)
{
  const char *semicolon = strchr(body, ';');
  g_autofree char *mode = g_ascii_strdown(body, semicolon ? semicolon - body : -1);
  g_autofree char *type = g_ascii_strdown(semicolon ? semicolon + 1 : "", -1);
  disposition->automatic_action = strstr(mode, "automatic-action") != NULL;
  disposition->sent_automatically = strstr(mode, "mdn-sent-automatically") != NULL;
  g_strstrip(type);
  gsize length = strcspn(type, " \t/(;");
  disposition->type = DISPOSITION_OTHER;
  for (guint i = 0; i < G_N_ELEMENTS(type_names); i++)
    if (strlen(type_names[i]) == length && strncmp(type, type_names[i], length) == 0)
      disposition->type = (enum disposition_type)i;
  const char *rest = type + length + strspn(type + length, " \t");
  disposition->modified = *rest == '/';
}

struct disposition *disposition_parse(const char *text)
{
  g_autoptr(disposition_t) disposition = disposition_new();
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  bool has_mode = false;
  for (guint i = 0; lines[i]; i++) {
    g_autoptr(GString) line = g_string_new(g_strchomp(lines[i]));
    while (line->len > 0 && lines[i + 1] && (lines[i + 1][0] == ' ' || lines[i + 1][0] == '\t'))
      g_string_append_printf(line, " %s", g_strstrip(lines[++i]));
    const char *colon = strchr(line->str, ':');
    if (!colon || colon == line->str)
      continue;
    g_autofree char *name = g_strchomp(g_strndup(line->str, (gsize)(colon - line->str)));
    const char *body = colon + 1 + strspn(colon + 1, " \t");
    const struct {
      const char *name;
      char **place;
    } places[] = {{"MDN-Gateway", &disposition->gateway},
                  {"Original-Recipient", &disposition->original_recipient},
                  {"Final-Recipient", &disposition->final_recipient},
                  {"Original-Message-ID", &disposition->original_message_id}};
    char **place = NULL;
    for (guint k = 0; k < G_N_ELEMENTS(places) && !place; k++)
      if (g_ascii_strcasecmp(name, places[k].name) == 0)
        place = places[k].place;
    if (place && !*place) {
      *place = g_strdup(body);
    } else if (g_ascii_strcasecmp(name, "Disposition") == 0 && !has_mode) {
      read_mode(disposition, body);
      has_mode = true;
    } else {
      g_ptr_array_add(disposition->fields, g_strdup_printf("%s: %s", name, body));
    }
  }
  return has_mode && disposition->final_recipient ? g_steal_pointer(&disposition) : NULL;
}

struct disposition *disposition_of_mail(const struct mime_mail *mail)
{
  const struct mime_part *root = mail->root;
  if (!root->type || g_strcmp0(root->type->value, "multipart/report") != 0 || !root->children)
    return NULL;
  for (guint i = 0; i < root->children->len; i++) {
    const struct mime_part *part = root->children->pdata[i];
    const char *type = part->type ? part->type->value : NULL;
    if (g_strcmp0(type, "message/disposition-notification") != 0 &&
        g_strcmp0(type, "message/global-disposition-notification") != 0)
      continue;
    g_autofree char *text = delivery_status_part_text(mail, part, PART_MAX);
    return text ? disposition_parse(text) : NULL;
  }
  return NULL;
}
