/* RFC 2156 4.7.1 and 4.7.2: O/R descriptors of headings <-> mailboxes with phrase and comments. */
#include "mapping/address.h"
#include "mapping/mailbox.h"
#include "mapping/or_text.h"
#include "mapping/recipient_comment.h"

#include <string.h>

void or_descriptor_free(struct or_descriptor *descriptor)
{
  if (!descriptor)
    return;
  or_address_free(descriptor->address);
  g_free(descriptor->free_form);
  g_free(descriptor->telephone);
  g_free(descriptor);
}

struct or_descriptor *address_to_descriptor(struct mapping_context *context, const char *phrase,
                                            const char *text, GError **error)
{
  struct or_descriptor *descriptor = g_new0(struct or_descriptor, 1);
  descriptor->free_form = g_strdup(phrase && *phrase ? phrase : NULL);
  if (!text)
    return descriptor;
  g_autoptr(mailbox_t) mailbox = mailbox_parse(text, error);
  if (mailbox) { /* 4.7.1 step 1: without its source route */
    g_autofree char *plain = mailbox_format(NULL, mailbox->local, mailbox->domain);
    descriptor->address = address_to_or(context, plain, ADDRESS_HEADING, NULL, error);
  }
  if (descriptor->address)
    return descriptor;
  or_descriptor_free(descriptor);
  return NULL;
}

/* The addr-spec, without a source route that a domain defined attribute may hold. */
static char *addr_spec(struct mapping_context *context, const struct or_address *address)
{
  g_autofree char *text = address_from_or(context, address, ADDRESS_HEADING, NULL, NULL);
  g_autoptr(mailbox_t) mailbox = text ? mailbox_parse(text, NULL) : NULL;
  return mailbox ? mailbox_format(NULL, mailbox->local, mailbox->domain) : NULL;
}

char *address_from_descriptor(struct mapping_context *context, const struct or_descriptor *descriptor,
                              char **phrase_r, char **comment_r)
{
  const struct or_address *address = descriptor->address;
  g_autoptr(GString) comments = g_string_new(NULL);
  char *mailbox = address ? addr_spec(context, address) : NULL;
  *phrase_r = g_strdup(descriptor->free_form);
  if (!mailbox && !*phrase_r)
    *phrase_r = address ? or_text_for_people(address) : g_strdup("");
  else if (!mailbox && address) {
    /* No mailbox would lead back to it: it is shown, so that nobody replies into nowhere. */
    g_autofree char *text = or_text_for_people(address);
    g_autofree char *shown = g_strconcat("X.400 ", text, NULL);
    comment_append(comments, shown);
  }
  if (descriptor->telephone) {
    g_autofree char *telephone = g_strconcat("Tel ", descriptor->telephone, NULL);
    comment_append(comments, telephone);
  }
  if (address && address->directory_name)
    comment_append(comments, address->directory_name);
  if (descriptor->reply_requested)
    comment_append(comments, "Reply requested");
  *comment_r = comments->len ? g_strdup(comments->str) : NULL;
  return mailbox;
}
