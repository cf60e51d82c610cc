/* fuzz_status.c - any octets as message/delivery-status and as message/disposition-notification: what is read
 * of them is whole, and its addresses can be asked for. */
#include "mapping/delivery_status.h"
#include "mapping/disposition.h"
#include "mapping/report_codes.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool good)
{
  if (!good)
    abort();
}

static void check_address(const char *typed)
{
  g_autofree char *type = NULL;
  g_autofree char *address = delivery_status_address(typed, &type);
  must(!address == !type);
  must(!address || *address);
  if (address)
    (void)delivery_status_names(typed, address);
}

static void check_recipient(const struct status_recipient *recipient)
{
  gint reason = -9, diagnostic = -9;
  must(recipient->final && recipient->action && *recipient->action);
  check_address(recipient->final);
  check_address(recipient->original);
  report_reason(recipient->status, &reason, &diagnostic);
  must(reason >= 0 && diagnostic >= REPORT_NO_DIAGNOSTIC);
  must(delivery_status_field(recipient->fields, "X-None-Such") == NULL || recipient->fields->len > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  g_autofree char *text = g_strndup((const char *)data, size);
  g_autoptr(delivery_status_t) status = delivery_status_parse(text);
  must(!status || status->recipients->len > 0);
  for (guint i = 0; status && i < status->recipients->len; i++)
    check_recipient(status->recipients->pdata[i]);
  g_autoptr(disposition_t) disposition = disposition_parse(text);
  if (!disposition)
    return 0;
  must(disposition->final_recipient != NULL);
  check_address(disposition->final_recipient);
  check_address(disposition->original_recipient);
  /* what can be written is read as the same */
  if (disposition->type == DISPOSITION_OTHER)
    return 0;
  g_autoptr(mime_writer_t) writer = mime_writer_new(-1, "fuzz");
  disposition_write(disposition, writer);
  g_autoptr(GBytes) bytes = mime_writer_bytes(writer);
  g_autofree char *written = g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
  g_autoptr(disposition_t) again = disposition_parse(written);
  must(again && again->type == disposition->type &&
       again->automatic_action == disposition->automatic_action &&
       again->sent_automatically == disposition->sent_automatically);
  return 0;
}
