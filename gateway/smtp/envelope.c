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

struct smtp_envelope *smtp_envelope_copy(const struct smtp_envelope *envelope)
{
  struct smtp_envelope *copy = g_memdup2(envelope, sizeof *envelope);
  copy->helo = g_strdup(envelope->helo);
  copy->client_address = g_strdup(envelope->client_address);
  copy->tls_name = g_strdup(envelope->tls_name);
  copy->sender = g_strdup(envelope->sender);
  copy->envid = g_strdup(envelope->envid);
  copy->recipients = g_ptr_array_new_with_free_func(recipient_free);
  for (guint i = 0; i < envelope->recipients->len; i++) {
    const struct smtp_recipient *from = envelope->recipients->pdata[i];
    struct smtp_recipient *to = smtp_envelope_add(copy, from->address);
    to->orcpt = g_strdup(from->orcpt);
    to->notify = from->notify;
  }
  return copy;
}
