/* heading_from_x400.c - RFC 2156 5.3.4: an IPM heading becomes the fields of a mail.
 *
 * One table: the element, what writes its field, the clause.  The extension rfc-822-field gives its fields
 * back as they were, but for those that the gateway makes itself. */
#include "mapping/conversion.h"
#include "mapping/military.h"
#include "mapping/mime_word.h"

#include <string.h>

#include <AutoSubmitted.h>
#include <Heading.h>
#include <IPMIdentifier.h>
#include <IPMIdentifiers.h>
#include <IPMSExtension.h>
#include <Languages.h>
#include <ORDescriptor.h>
#include <ORDescriptors.h>
#include <ORName.h>
#include <RFC822FieldList.h>
#include <RecipientSpecifier.h>
#include <RecipientSpecifiers.h>

struct speaker {
  struct from_x400 *from;
  const struct Heading *heading;
  GPtrArray *fields; /* of rfc-822-field */
  const char *name;  /* of the field to write */
};
/* True: the field was written. */
typedef bool speak_function(struct speaker *speaker);

const char *heading_field(GPtrArray *fields, const char *name)
{
  gsize length = strlen(name);
  for (guint i = 0; i < fields->len; i++) {
    const char *field = fields->pdata[i];
    if (!g_ascii_strncasecmp(field, name, length) && field[length] == ':')
      return field + length + 1 + strspn(field + length + 1, " \t");
  }
  return NULL;
}

GPtrArray *heading_fields_get(const struct from_x400 *from, const struct Heading *heading)
{
  static const enum oid oids[] = {OID_RFC_822_FIELD_LIST, OID_RFC_822_FIELD_LIST_1327,
                                  OID_RFC_822_FIELD_LIST_CUT};
  for (gsize i = 0; i < G_N_ELEMENTS(oids); i++) {
    g_autoptr(asn1_value_t) list = x400_heading_extension_value(
        from->value, x400_heading_extension(heading->extensions, oids[i]), &asn_DEF_RFC822FieldList);
    if (list)
      return x400_field_list_get(list);
  }
  return g_ptr_array_new_with_free_func(g_free);
}

/* A kept field as it stood; one that no line can hold as the text that it says. */
static bool write_kept(struct from_x400 *from, const char *line)
{
  const char *colon = strchr(line, ':');
  if (!colon || mime_writer_folds(line))
    return mime_writer_raw_field(from->writer, line);
  g_autofree char *name = g_strndup(line, (gsize)(colon - line)),
                  *text = mime_word_decode(from->context->charsets, colon + 1 + strspn(colon + 1, " \t"));
  bool good = *name;
  for (const char *c = name; *c; c++)
    good &= g_ascii_isgraph(*c);
  if (good)
    mime_writer_text(from->writer, name, text);
  return good;
}

/* What X.400's bounds had cut is put back from its own field; true: done. */
static bool full(struct speaker *speaker)
{
  g_autofree char *name = g_strconcat(HEADING_FULL, speaker->name, NULL);
  const char *body = heading_field(speaker->fields, name);
  if (!body)
    return false;
  g_autofree char *line = g_strdup_printf("%s: %s", speaker->name, body);
  return write_kept(speaker->from, line);
}

/* --- identifiers --- */

static char *identifier_text(struct from_x400 *from, const struct IPMIdentifier *identifier, bool phrase)
{
  struct ipm_identifier *plain = g_new0(struct ipm_identifier, 1);
  plain->relative = x400_text(from->value, CHARSET_IA5, &identifier->user_relative_identifier, 256);
  if (identifier->user)
    plain->user = or_address_from_asn1(from->value, identifier->user, NULL);
  char *text;
  /* 4.7.3.5 */
  if (phrase && !plain->user && *plain->relative && !strchr(plain->relative, '@') &&
      !strstr(plain->relative, "(a)"))
    text = g_strdup(plain->relative);
  else
    text = identifier_message_id_from_ipm(from->context, plain);
  ipm_identifier_free(plain);
  return text ? text : g_strdup("<*@MHS>");
}

/* A kept Message-ID is believed when it maps to the identifier beside it (decisions 0042, 0051): a user agent
 * that copies a heading into a new message must not give it the old one's name. */
static bool belongs(struct speaker *speaker)
{
  const char *kept = heading_field(speaker->fields, HEADING_FULL "Message-ID");
  struct ipm_identifier *plain = kept ? identifier_ipm_from_message_id(speaker->from->context, kept) : NULL;
  if (!plain)
    return false;
  g_autofree char *relative =
      x400_text(speaker->from->value, CHARSET_IA5, &speaker->heading->this_IPM.user_relative_identifier, 256);
  bool same = plain->relative && !strcmp(plain->relative, relative);
  ipm_identifier_free(plain);
  return same;
}

static bool speak_this_ipm(struct speaker *speaker)
{
  if (belongs(speaker) && full(speaker))
    return true;
  g_autofree char *text = identifier_text(speaker->from, &speaker->heading->this_IPM, false);
  mime_writer_field(speaker->from->writer, speaker->name, text);
  return true;
}

static bool speak_replied_to(struct speaker *speaker)
{
  if (full(speaker))
    return true;
  if (!speaker->heading->replied_to_IPM)
    return false;
  g_autofree char *text = identifier_text(speaker->from, speaker->heading->replied_to_IPM, true);
  mime_writer_field(speaker->from->writer, speaker->name, text);
  return true;
}

static bool speak_identifiers(struct speaker *speaker, const struct IPMIdentifiers *identifiers)
{
  if (!identifiers || !identifiers->list.count)
    return false;
  mime_writer_list(speaker->from->writer, speaker->name);
  for (int i = 0; i < identifiers->list.count; i++) {
    g_autofree char *text = identifier_text(speaker->from, identifiers->list.array[i], true);
    mime_writer_item(speaker->from->writer, text);
  }
  mime_writer_list_end(speaker->from->writer);
  return true;
}

static bool speak_related(struct speaker *speaker)
{
  if (full(speaker))
    return true;
  /* Several identifiers of In-Reply-To are among the related ones (5.1.3) and were kept in full: there was no
   * References then. */
  if (!speaker->heading->replied_to_IPM && heading_field(speaker->fields, HEADING_FULL "In-Reply-To"))
    return false;
  return speak_identifiers(speaker, speaker->heading->related_IPMs);
}

static bool speak_obsoleted(struct speaker *speaker)
{
  return speak_identifiers(speaker, speaker->heading->obsoleted_IPMs);
}

/* --- addresses --- */

static void write_descriptor(struct speaker *speaker, const struct ORDescriptor *descriptor,
                             bool reply_requested)
{
  struct from_x400 *from = speaker->from;
  struct or_descriptor plain = {.reply_requested = reply_requested};
  g_autoptr(GError) error = NULL;
  if (descriptor->formal_name)
    plain.address = or_address_from_asn1(from->value, descriptor->formal_name, &error);
  plain.free_form = x400_teletex_get(from->value, from->context->charsets, descriptor->free_form_name);
  plain.telephone = x400_text(from->value, CHARSET_IA5, descriptor->telephone_number, 64);
  g_autofree char *phrase = NULL, *comment = NULL;
  g_autofree char *mailbox = address_from_descriptor(from->context, &plain, &phrase, &comment);
  if (mailbox && strchr(mailbox, '@')) {
    mime_writer_mailbox(from->writer, phrase, mailbox, comment);
  } else {
    /* 4.7.2: a name alone is a group without members. */
    mime_writer_group(from->writer,
                      phrase && *phrase                     ? phrase
                      : plain.free_form && *plain.free_form ? plain.free_form
                                                            : "unknown",
                      comment);
    if (plain.address)
      mapping_loss(from->losses, "%s: an O/R address has no mailbox and is only named (RFC 2156 4.7.2)",
                   speaker->name);
  }
  if (error)
    mapping_loss(from->losses, "%s: an O/R address is left out (RFC 2156 4.7.2): %s", speaker->name, error->message);
  if (plain.address)
    or_address_free(plain.address);
  g_free(plain.free_form);
  g_free(plain.telephone);
}

static bool speak_descriptors(struct speaker *speaker, const struct ORDescriptors *descriptors)
{
  if (!descriptors || !descriptors->list.count)
    return false;
  mime_writer_list(speaker->from->writer, speaker->name);
  for (int i = 0; i < descriptors->list.count; i++)
    write_descriptor(speaker, descriptors->list.array[i], false);
  mime_writer_list_end(speaker->from->writer);
  return true;
}

void heading_descriptors(struct from_x400 *from, const char *name, const struct ORDescriptors *descriptors)
{
  struct speaker speaker = {.from = from, .name = name};
  speak_descriptors(&speaker, descriptors);
}

static bool speak_recipients(struct speaker *speaker, const struct RecipientSpecifiers *recipients,
                             bool even_empty)
{
  if (!recipients || (!recipients->list.count && !even_empty))
    return false;
  mime_writer_list(speaker->from->writer, speaker->name);
  for (int i = 0; i < recipients->list.count; i++) {
    const struct RecipientSpecifier *specifier = recipients->list.array[i];
    write_descriptor(speaker, &specifier->recipient,
                     specifier->reply_requested && *specifier->reply_requested);
  }
  mime_writer_list_end(speaker->from->writer);
  return true;
}

static bool speak_originator(struct speaker *speaker)
{
  if (!speaker->heading->originator)
    return false;
  mime_writer_list(speaker->from->writer, speaker->name);
  write_descriptor(speaker, speaker->heading->originator, false);
  mime_writer_list_end(speaker->from->writer);
  return true;
}

/* 5.3.2: From is then MAIL FROM; the gateway's own gets a phrase. */
static bool speak_default_from(struct speaker *speaker)
{
  const struct from_x400 *from = speaker->from;
  if (!from->sender || from->depth)
    return false;
  bool own = !strcmp(from->sender, from->context->settings->administrator);
  mime_writer_list(from->writer, speaker->name);
  mime_writer_mailbox(from->writer, own ? "X.400 gateway" : NULL, from->sender, NULL);
  mime_writer_list_end(from->writer);
  return true;
}

static bool speak_from(struct speaker *speaker)
{
  return speak_descriptors(speaker, speaker->heading->authorizing_users) || speak_originator(speaker) ||
         speak_default_from(speaker);
}

static bool speak_sender(struct speaker *speaker)
{
  const struct ORDescriptors *authors = speaker->heading->authorizing_users;
  return authors && authors->list.count && speak_originator(speaker);
}

static bool speak_reply_to(struct speaker *speaker)
{
  return speak_descriptors(speaker, speaker->heading->reply_recipients);
}

static bool speak_to(struct speaker *speaker)
{
  return speak_recipients(speaker, speaker->heading->primary_recipients, false);
}

static bool any(const struct RecipientSpecifiers *recipients)
{
  return recipients && recipients->list.count;
}

/* 5.3.2: a mail has one field of recipients at least. */
static bool speak_nobody(struct speaker *speaker)
{
  const struct Heading *heading = speaker->heading;
  if (any(heading->primary_recipients) || any(heading->copy_recipients) || heading->blind_copy_recipients)
    return false;
  mime_writer_list(speaker->from->writer, speaker->name);
  mime_writer_group(speaker->from->writer, "list", NULL);
  mime_writer_list_end(speaker->from->writer);
  return true;
}

static bool speak_cc(struct speaker *speaker)
{
  return speak_recipients(speaker, speaker->heading->copy_recipients, false);
}

static bool speak_bcc(struct speaker *speaker)
{
  return speak_recipients(speaker, speaker->heading->blind_copy_recipients, true);
}

/* --- the rest --- */

static bool speak_subject(struct speaker *speaker)
{
  if (full(speaker))
    return true;
  if (!speaker->heading->subject)
    return false;
  g_autofree char *text =
      x400_teletex_get(speaker->from->value, speaker->from->context->charsets, speaker->heading->subject);
  mime_writer_text(speaker->from->writer, speaker->name, text);
  return true;
}

static bool speak_time(struct speaker *speaker, const struct OCTET_STRING *field)
{
  struct mail_time time;
  if (!field)
    return false;
  if (!x400_time_get(field, &time)) {
    mapping_loss(speaker->from->losses, "%s: not a time, left out (RFC 2156 3.3.5)", speaker->name);
    return false;
  }
  g_autoptr(GString) text = g_string_new(NULL);
  mail_time_format(&time, text);
  mime_writer_field(speaker->from->writer, speaker->name, text->str);
  return true;
}

static bool speak_expiry(struct speaker *speaker)
{
  return speak_time(speaker, speaker->heading->expiry_time);
}

static bool speak_reply_by(struct speaker *speaker)
{
  return speak_time(speaker, speaker->heading->reply_time);
}

static bool speak_number(struct speaker *speaker, const long *number, const char *const *names, long count)
{
  if (!number)
    return false;
  if (*number < 0 || *number >= count || !names[*number]) {
    mapping_loss(speaker->from->losses, "%s: %ld is left out (RFC 2156 5.3.4): it means nothing",
                 speaker->name, *number);
    return false;
  }
  mime_writer_field(speaker->from->writer, speaker->name, names[*number]);
  return true;
}

static bool speak_importance(struct speaker *speaker)
{
  static const char *const names[] = {"low", "normal", "high"};
  return speak_number(speaker, speaker->heading->importance, names, 3);
}

static bool speak_sensitivity(struct speaker *speaker)
{
  static const char *const names[] = {NULL, "Personal", "Private", "Company-Confidential"};
  return speak_number(speaker, speaker->heading->sensitivity, names, 4);
}

static bool speak_autoforwarded(struct speaker *speaker)
{
  static const char *const names[] = {"FALSE", "TRUE"};
  const BOOLEAN_t *forwarded = speaker->heading->auto_forwarded;
  long number = forwarded && *forwarded;
  return speak_number(speaker, forwarded ? &number : NULL, names, 2);
}

static bool speak_incomplete_copy(struct speaker *speaker)
{
  if (!x400_heading_extension(speaker->heading->extensions, OID_HEX_INCOMPLETE_COPY))
    return false;
  mime_writer_field(speaker->from->writer, speaker->name, "");
  return true;
}

static bool speak_auto(struct speaker *speaker, const char *const *names)
{
  g_autoptr(asn1_value_t) value = x400_heading_extension_value(
      speaker->from->value, x400_heading_extension(speaker->heading->extensions, OID_HEX_AUTO_SUBMITTED),
      &asn_DEF_AutoSubmitted);
  /* A kept field says the same and more (decision 0115). */
  if (!value || heading_field(speaker->fields, speaker->name))
    return false;
  return speak_number(speaker, asn1_value_get(value), names, 3);
}

static bool speak_autosubmitted(struct speaker *speaker)
{
  static const char *const names[] = {"not-auto-submitted", "auto-generated", "auto-replied"};
  return speak_auto(speaker, names);
}

/* RFC 3834 5: the field that mail programs know. */
static bool speak_auto_submitted(struct speaker *speaker)
{
  static const char *const names[] = {"no", "auto-generated", "auto-replied"};
  return speak_auto(speaker, names);
}

static bool speak_languages(struct speaker *speaker)
{
  g_autoptr(asn1_value_t) value = x400_heading_extension_value(
      speaker->from->value, x400_heading_extension(speaker->heading->extensions, OID_HEX_LANGUAGES),
      &asn_DEF_Languages);
  /* Where two letters did not say all, the field itself is in the list (5.1.3). */
  if (!value || heading_field(speaker->fields, speaker->name))
    return false;
  const Languages_t *languages = asn1_value_get(value);
  g_autoptr(GString) text = g_string_new(NULL);
  for (int i = 0; i < languages->list.count; i++) {
    g_autofree char *language = x400_text(value, CHARSET_IA5, languages->list.array[i], 8);
    g_string_append_printf(text, "%s%s", i ? ", " : "", language);
  }
  if (text->len)
    mime_writer_field(speaker->from->writer, speaker->name, text->str);
  return text->len;
}

static const struct row {
  const char *field;
  speak_function *speak;
  const char *clause;
} rows[] = {
    {"From", speak_from, "5.3.4"},                        /* X:authorizing-users */
    {"Sender", speak_sender, "5.3.4"},                    /* X:originator */
    {"Reply-To", speak_reply_to, "5.3.4"},                /* X:reply-recipients */
    {"To", speak_to, "5.3.4"},                            /* X:primary-recipients */
    {"Cc", speak_cc, "5.3.4"},                            /* X:copy-recipients */
    {"Bcc", speak_bcc, "5.3.4"},                          /* X:blind-copy-recipients */
    {"To", speak_nobody, "5.3.2"},                        /* X:no-recipients */
    {"Message-ID", speak_this_ipm, "5.3.4"},              /* X:this-IPM */
    {"In-Reply-To", speak_replied_to, "5.3.4"},           /* X:replied-to-IPM */
    {"References", speak_related, "5.3.4"},               /* X:related-IPMs */
    {"Supersedes", speak_obsoleted, "5.3.4"},             /* X:obsoleted-IPMs */
    {"Subject", speak_subject, "5.3.4"},                  /* X:subject */
    {"Expires", speak_expiry, "5.3.4"},                   /* X:expiry-time */
    {"Reply-By", speak_reply_by, "5.3.4"},                /* X:reply-time */
    {"Importance", speak_importance, "5.3.4"},            /* X:importance */
    {"Sensitivity", speak_sensitivity, "5.3.4"},          /* X:sensitivity */
    {"Autoforwarded", speak_autoforwarded, "5.3.4"},      /* X:autoforwarded */
    {"Incomplete-Copy", speak_incomplete_copy, "5.3.4"},  /* X:incomplete-copy */
    {"Content-Language", speak_languages, "5.3.4"},       /* X:languages */
    {"Autosubmitted", speak_autosubmitted, "5.3.4"},      /* X:auto-submitted */
    {"Auto-Submitted", speak_auto_submitted, "RFC 3834"}, /* X:auto-submitted-3834 */
};

/* 5.3.4: what is not understood is discarded, and said so: in the field each kind once, in the losses of each
 * list. */
static void discard(struct from_x400 *from, const struct IPMSExtensions *extensions, const char *where,
                    GString *list)
{
  static const enum oid known[] = {OID_RFC_822_FIELD_LIST,     OID_RFC_822_FIELD_LIST_1327,
                                   OID_RFC_822_FIELD_LIST_CUT, OID_HEX_INCOMPLETE_COPY,
                                   OID_HEX_LANGUAGES,          OID_HEX_AUTO_SUBMITTED,
                                   OID_HEX_MULTIPART_MESSAGE,  OID_HEX_MULTIPART_MESSAGE_V2};
  for (int i = 0; extensions && i < extensions->list.count; i++) {
    const struct IPMSExtension *extension = extensions->list.array[i];
    enum oid oid = oid_get(&extension->type);
    bool spoken = false;
    for (gsize k = 0; k < G_N_ELEMENTS(known); k++)
      spoken |= oid == known[k];
    if (spoken || military_tells(from->value, extension))
      continue;
    g_autofree char *label = x400_oid_format(&extension->type);
    if (!strstr(list->str, label))
      g_string_append_printf(list, "%s%s", list->len ? ", " : "", label);
    mapping_loss(from->losses, "%s extension %s: discarded (RFC 2156 5.3.4): no field for it", where, label);
  }
}

static void discard_of_recipients(struct from_x400 *from, const struct RecipientSpecifiers *recipients,
                                  GString *list)
{
  for (int i = 0; recipients && i < recipients->list.count; i++)
    discard(from, recipients->list.array[i]->recipient_extensions, "recipient", list);
}

static void speak_discarded(struct from_x400 *from, const struct Heading *heading)
{
  g_autoptr(GString) list = g_string_new(NULL);
  discard(from, heading->extensions, "heading", list);
  discard_of_recipients(from, heading->primary_recipients, list);
  discard_of_recipients(from, heading->copy_recipients, list);
  discard_of_recipients(from, heading->blind_copy_recipients, list);
  if (list->len)
    mime_writer_field(from->writer, "Discarded-X400-IPMS-Extensions", list->str);
}

static bool field_is(const char *field, const char *name)
{
  gsize length = strlen(name);
  return !g_ascii_strncasecmp(field, name, length) && field[length] == ':';
}

/* Fields that the list may not bring along: the gateway makes them, or they would break the mail. */
static bool own_field(const char *field)
{
  static const char *const own[] = {"MIME-Version", "Content-Type", "Content-Transfer-Encoding",
                                    HEADING_BODY_PART};
  for (gsize i = 0; i < G_N_ELEMENTS(own); i++)
    if (field_is(field, own[i]))
      return true;
  return !g_ascii_strncasecmp(field, HEADING_FULL, strlen(HEADING_FULL));
}

/* RFC 5322 3.6 has most of the rows' fields once.  The envelope gives a message's own Date. */
static bool stands_already(const struct speaker *speaker, const char *field, const bool *written)
{
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
    if (written[i] && field_is(field, rows[i].field))
      return true;
  return !speaker->from->depth && field_is(field, "Date");
}

static void speak_fields(struct speaker *speaker, const bool *written)
{
  for (guint i = 0; i < speaker->fields->len; i++) {
    const char *field = speaker->fields->pdata[i];
    if (own_field(field))
      continue;
    if (stands_already(speaker, field, written))
      mapping_loss(speaker->from->losses,
                   "rfc-822-field: \"%.60s\" is left out (RFC 5322 3.6): the field stands once already",
                   field);
    else if (!write_kept(speaker->from, field))
      mapping_loss(speaker->from->losses,
                   "rfc-822-field: \"%.60s\" is no field and is left out (RFC 2156 5.1.2)", field);
  }
}

void heading_from_x400(struct from_x400 *from, const struct Heading *heading, GPtrArray *fields)
{
  struct speaker speaker = {.from = from, .heading = heading, .fields = fields};
  bool written[G_N_ELEMENTS(rows)] = {0};
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    speaker.name = rows[i].field;
    written[i] = rows[i].speak(&speaker);
  }
  military_from_x400(from, heading->extensions);
  speak_discarded(from, heading);
  speak_fields(&speaker, written);
}
