/* body_draft.c - one MIME part as it is about to be written (conversion.h): its fields and its content. */
#include "mapping/conversion.h"

#include <string.h>

struct mime_draft *mime_draft_new(void)
{
  struct mime_draft *draft = g_new0(struct mime_draft, 1);
  draft->fields = g_ptr_array_new_with_free_func(g_free);
  draft->size = -1;
  return draft;
}

void mime_draft_free(struct mime_draft *draft)
{
  if (!draft)
    return;
  g_free(draft->type);
  g_free(draft->filename);
  g_free(draft->disposition);
  g_free(draft->id);
  g_free(draft->description);
  g_free(draft->created);
  g_free(draft->modified);
  g_free(draft->read);
  g_ptr_array_unref(draft->fields);
  if (draft->content)
    octets_unref(draft->content);
  g_free(draft);
}

static void write_disposition(struct mime_writer *writer, const struct mime_draft *draft)
{
  const char *disposition = draft->disposition ? draft->disposition : "attachment"; /* 2.3.2 */
  if ((!draft->filename && !draft->created && !draft->modified && !draft->read && draft->size < 0) ||
      !strcmp(disposition, "none"))
    return;
  mime_writer_value(writer, "Content-Disposition", disposition);
  if (draft->filename)
    mime_writer_param(writer, "filename", draft->filename);
  if (draft->created)
    mime_writer_param(writer, "creation-date", draft->created);
  if (draft->modified)
    mime_writer_param(writer, "modification-date", draft->modified);
  if (draft->read)
    mime_writer_param(writer, "read-date", draft->read);
  if (draft->size >= 0) {
    g_autofree char *size = g_strdup_printf("%" G_GINT64_FORMAT, draft->size);
    mime_writer_param(writer, "size", size);
  }
  mime_writer_value_end(writer);
}

/* SMTP ends the last line of a mail (RFC 5321 4.1.1.4), which a file need not do. */
static bool ends_within_a_line(const struct octets *content, GError **error)
{
  guint64 length = octets_length(content);
  guint8 last[2] = {0};
  guint64 tail = MIN(length, sizeof last);
  return octets_read(content, length - tail, last, (gsize)tail, error) && tail &&
         !(last[0] == '\r' && last[1] == '\n');
}

/* Fields, blank line, content. The only body of a mail comes after the mail's own fields. */
bool body_draft_write(struct from_x400 *from, const struct mime_draft *draft, GError **error)
{
  struct mime_writer *writer = from->writer;
  if (draft->exact) { /* HARPOON: header and body in one */
    mime_writer_content(writer, draft->content, MIME_SEND_7BIT);
    return true;
  }
  if (draft->type) {
    g_autofree char *line = g_strdup_printf("Content-Type: %s", draft->type);
    mime_writer_raw_field(writer, line);
  }
  bool text = !draft->type || !g_ascii_strncasecmp(draft->type, "text/", 5) ||
              !g_ascii_strncasecmp(draft->type, "message/", 8);
  GError *local = NULL;
  enum mime_transfer transfer = text ? mime_writer_transfer(draft->content, &local) : MIME_SEND_BASE64;
  if (text && !local && draft->alone && !draft->lines && transfer != MIME_SEND_BASE64 &&
      ends_within_a_line(draft->content, &local))
    transfer = MIME_SEND_BASE64;
  if (local) {
    g_propagate_error(error, local);
    return false;
  }
  mime_writer_transfer_field(writer, transfer);
  if (draft->id)
    mime_writer_field(writer, "Content-ID", draft->id);
  if (draft->description)
    mime_writer_text(writer, "Content-Description", draft->description);
  write_disposition(writer, draft);
  for (guint i = 0; i < draft->fields->len; i++)
    mime_writer_raw_field(writer, draft->fields->pdata[i]);
  mime_writer_end_header(writer);
  mime_writer_content(writer, draft->content, transfer);
  return true;
}
