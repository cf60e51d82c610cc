/* envelope.c - allocation of the SMTP envelope; its recipients are owned and freed with it. */
#include "smtp/envelope.h"

G_DEFINE_QUARK(smtp - error, smtp_error)

static void recipient_free(gpointer data)
{
  struct smtp_recipient *recipient = data;
  g_free(recipient->address);
  g_free(recipient->orcpt);
  g_free(recipient);
}

struct smtp_envelope *smtp_envelope_new(void)
{
  struct smtp_envelope *envelope = g_new0(struct smtp_envelope, 1);
  envelope->sender = g_strdup("");
  envelope->recipients = g_ptr_array_new_with_free_func(recipient_free);
  return envelope;
}

void smtp_envelope_free(struct smtp_envelope *envelope)
{
  if (envelope == NULL)
    return;
  g_free(envelope->helo);
  g_free(envelope->client_address);
  g_free(envelope->tls_name);
  g_free(envelope->sender);
  g_free(envelope->envid);
  g_ptr_array_free(envelope->recipients, TRUE);
  g_free(envelope);
}

struct smtp_recipient *smtp_envelope_add(struct smtp_envelope *envelope, const char *address)
{
  struct smtp_recipient *recipient = g_new0(struct smtp_recipient, 1);
  recipient->address = g_strdup(address);
  g_ptr_array_add(envelope->recipients, recipient);
  return recipient;
}
