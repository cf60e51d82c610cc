/* notification_request.c - contract: notification_request.h. */
#include "mapping/notification_request.h"

#include "mapping/job_io.h"
#include "mapping/mail_address.h"
#include "mapping/mailbox.h"

#include <string.h>

#include <Heading.h>
#include <ORDescriptor.h>
#include <ORName.h>
#include <RecipientSpecifier.h>
#include <RecipientSpecifiers.h>

enum { BITS = 3, ADDRESSES_MAX = 16 };
static const char REQUEST[] = "Disposition-Notification-To";
static const char OLD_REQUEST[] = "Return-Receipt-To";

/* --- mail to X.400 --- */

/* RFC 8098 2.1: the local part by case, without its quotes; the domain without. */
static bool same_mailbox(const char *a, const char *b)
{
  g_autoptr(mailbox_t) x = a ? mailbox_parse(a, NULL) : NULL;
  g_autoptr(mailbox_t) y = b ? mailbox_parse(b, NULL) : NULL;
  return x && y && strcmp(x->local, y->local) == 0 && g_ascii_strcasecmp(x->domain, y->domain) == 0;
}

/* All addresses of a field are one; else NULL. Caller frees. */
static char *only_mailbox(struct to_x400 *to, const char *body)
{
  g_autoptr(GPtrArray) list = mail_addresses_parse(to->context->charsets, body, ADDRESSES_MAX, NULL);
  const struct mail_address *first = list->len ? list->pdata[0] : NULL;
  for (guint i = 1; first && i < list->len; i++)
    if (!same_mailbox(first->mailbox, ((const struct mail_address *)list->pdata[i])->mailbox))
      return NULL;
  return first ? g_strdup(first->mailbox) : NULL;
}

/* X.420 8: a notification goes to the subject's originator. */
static bool is_originator(struct to_x400 *to, const struct mime_part *header, const char *mailbox)
{
  const char *body = mime_part_field(header, "Sender");
  if (!body)
    body = mime_part_field(header, "From");
  g_autoptr(GPtrArray) list = mail_addresses_parse(to->context->charsets, body ? body : "", 1, NULL);
  const struct mail_address *first = list->len ? list->pdata[0] : NULL;
  return first && same_mailbox(first->mailbox, mailbox);
}

static bool may_ask(struct to_x400 *to, const struct mime_part *header, const char *name, const char *body)
{
  if (!to->sender || !*to->sender) /* never on a notification or report */
    return false;
  if (to->peer->receipt_requests == MAPPING_RECEIPTS_ANY)
    return true;
  g_autofree char *mailbox = only_mailbox(to, body);
  const char *why = !mailbox                              ? "it names several addresses"
                    : !same_mailbox(mailbox, to->sender)  ? "it is not the address of MAIL FROM"
                    : !is_originator(to, header, mailbox) ? "it is not the originator's address"
                                                          : NULL;
  if (why)
    mapping_loss(to->losses, "%s: no receipt is asked for in X.400 (RFC 8098 2.1): %s", name, why);
  return !why;
}

static void ask(struct RecipientSpecifiers *recipients)
{
  for (int i = 0; recipients && i < recipients->list.count; i++) {
    struct RecipientSpecifier *specifier = recipients->list.array[i];
    if (specifier->notification_requests || !specifier->recipient.formal_name)
      continue;
    specifier->notification_requests = asn1_new_field(NotificationRequests_t);
    x400_bits_put(specifier->notification_requests, MAPPING_RECEIPT | MAPPING_NON_RECEIPT, BITS);
  }
}

static void drop_field(GPtrArray *fields, const char *name)
{
  gsize length = strlen(name);
  for (guint i = fields->len; i-- > 0;)
    if (!g_ascii_strncasecmp(fields->pdata[i], name, length) && ((char *)fields->pdata[i])[length] == ':')
      g_ptr_array_remove_index(fields, i);
}

void notification_request_to_x400(struct to_x400 *to, const struct mime_part *header, struct Heading *heading,
                                  GPtrArray *fields)
{
  const char *name = REQUEST, *body = mime_part_field(header, REQUEST);
  if (!body && to->peer->return_receipt_to) {
    name = OLD_REQUEST;
    body = mime_part_field(header, OLD_REQUEST);
  }
  if (!body || to->peer->receipt_requests == MAPPING_RECEIPTS_NONE || !may_ask(to, header, name, body))
    return;
  ask(heading->primary_recipients);
  ask(heading->copy_recipients);
  ask(heading->blind_copy_recipients);
  drop_field(fields, name);
}

/* --- X.400 to mail --- */

static char *key_of(const struct or_address *address)
{
  g_autofree char *text = or_address_format(address);
  return g_ascii_strdown(text, -1);
}

static void read_specifiers(const struct asn1_value *content, const struct RecipientSpecifiers *recipients,
                            GHashTable *requests)
{
  for (int i = 0; recipients && i < recipients->list.count; i++) {
    const struct RecipientSpecifier *specifier = recipients->list.array[i];
    guint bits = x400_bits_get(specifier->notification_requests) &
                 (MAPPING_RECEIPT | MAPPING_NON_RECEIPT | MAPPING_IPM_RETURN);
    if (!(bits & (MAPPING_RECEIPT | MAPPING_NON_RECEIPT)) || !specifier->recipient.formal_name)
      continue;
    g_autoptr(or_address_t) address = or_address_from_asn1(content, specifier->recipient.formal_name, NULL);
    if (!address)
      continue;
    g_autofree char *key = key_of(address);
    guint before = GPOINTER_TO_UINT(g_hash_table_lookup(requests, key));
    g_hash_table_replace(requests, g_steal_pointer(&key), GUINT_TO_POINTER(before | bits));
  }
}

GHashTable *notification_requests_read(const struct asn1_value *content, const struct Heading *heading)
{
  GHashTable *requests = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  read_specifiers(content, heading->primary_recipients, requests);
  read_specifiers(content, heading->copy_recipients, requests);
  read_specifiers(content, heading->blind_copy_recipients, requests);
  return requests;
}

guint notification_requests_of(GHashTable *requests, const struct or_address *recipient)
{
  if (g_hash_table_size(requests) == 0)
    return 0;
  g_autofree char *key = key_of(recipient);
  return GPOINTER_TO_UINT(g_hash_table_lookup(requests, key));
}

void notification_request_from_x400(struct from_x400 *from, const GPtrArray *recipients,
                                    const struct Heading *heading)
{
  guint asked = 0;
  for (guint i = 0; i < recipients->len; i++)
    asked |= ((const struct mapping_recipient *)recipients->pdata[i])->receipts;
  if (!asked)
    return;
  g_autoptr(GPtrArray) fields = heading_fields_get(from, heading);
  if (heading_field(fields, REQUEST)) /* at most once; it has been a mail */
    return;
  if (g_ascii_strcasecmp(from->sender, from->context->settings->administrator) == 0) {
    mapping_loss(from->losses,
                 "notification-requests: dropped (X.420 7.1.2): the originator has no mailbox to answer to");
    return;
  }
  if (!(asked & MAPPING_RECEIPT))
    mapping_loss(from->losses, "notification-requests nrn: mail can ask for receipts alone (RFC 8098 2.1)");
  if (asked & MAPPING_IPM_RETURN)
    mapping_loss(from->losses, "notification-requests ipm-return: the user agent decides (RFC 8098 3)");
  mime_writer_list(from->writer, REQUEST);
  mime_writer_mailbox(from->writer, NULL, from->sender, NULL);
  mime_writer_list_end(from->writer);
}
