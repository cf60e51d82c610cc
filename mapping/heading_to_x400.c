/* heading_to_x400.c - RFC 2156 5.1.3 and 5.1.7: the fields of a mail become an IPM heading.
 *
 * One table: the field, what makes the element of it, the clause.  A field that is not in the table, or whose
 * body its function cannot read, is carried as it stands in the extension rfc-822-field. */
#include "mapping/conversion.h"
#include "mapping/envelope.h"
#include "mapping/mail_address.h"
#include "mapping/mime_word.h"

#include <stdlib.h>
#include <string.h>

#include <AutoSubmitted.h>
#include <Heading.h>
#include <IPMIdentifier.h>
#include <IPMIdentifiers.h>
#include <IncompleteCopy.h>
#include <Languages.h>
#include <ORDescriptor.h>
#include <ORDescriptors.h>
#include <ORName.h>
#include <RFC822FieldList.h>
#include <RecipientSpecifier.h>
#include <RecipientSpecifiers.h>

enum {
  ADDRESSES_MAX = 32767, /* ub-recipients */
  IDENTIFIERS_MAX = 32767,
  SUBJECT_BOUND = 128,   /* ub-subject-field */
  FREE_FORM_BOUND = 64,  /* ub-free-form-name */
  IDENTIFIER_BOUND = 64, /* ub-local-ipm-identifier */
  TELEPHONE_BOUND = 32
};

struct maker {
  struct to_x400 *to;
  const struct mime_part *header;
  struct Heading *heading;
  GPtrArray *fields;
  const char *name; /* of the field, as the table writes it */
  const char *body; /* all fields of the name, merged */
};

/* A function gives false when it cannot use the body: the field is then carried whole. */
typedef bool make_function(struct maker *maker);

static void keep_full(struct maker *maker)
{
  g_ptr_array_add(maker->fields, g_strdup_printf(HEADING_FULL "%s: %s", maker->name, maker->body));
}

/* --- identifiers --- */

/* True: whole, and its way back gives the same text. */
static bool put_identifier(struct to_x400 *to, const char *text, struct IPMIdentifier *identifier)
{
  struct ipm_identifier *plain = *text == '<' ? identifier_ipm_from_message_id(to->context, text) : NULL;
  if (!plain) { /* 4.7.3.5: a phrase */
    plain = g_new0(struct ipm_identifier, 1);
    plain->relative = g_strdup(text);
  }
  struct OCTET_STRING *relative =
      x400_printable_new(plain->relative ? plain->relative : "", IDENTIFIER_BOUND);
  identifier->user_relative_identifier = *relative;
  free(relative);
  if (plain->user) {
    identifier->user = asn1_new_field(struct ORName);
    or_address_to_asn1(plain->user, to->value, identifier->user);
  }
  g_free(plain->relative);
  plain->relative =
      x400_text(to->value, CHARSET_IA5, &identifier->user_relative_identifier, IDENTIFIER_BOUND);
  g_autofree char *back =
      *text == '<' ? identifier_message_id_from_ipm(to->context, plain) : g_strdup(plain->relative);
  ipm_identifier_free(plain);
  return back && !strcmp(back, text);
}

void heading_make_identifier(struct to_x400 *to, struct Heading *heading)
{
  g_autofree char *text = to->made ? g_strdup_printf("%s.%u", to->id, to->made) : g_strdup(to->id);
  to->made++;
  asn1_put_string(&heading->this_IPM.user_relative_identifier, text);
}

static bool make_this_ipm(struct maker *maker)
{
  g_autoptr(GPtrArray) list = mail_identifiers_parse(maker->body, 1);
  if (!list->len || *(const char *)list->pdata[0] != '<')
    return false;
  if (!put_identifier(maker->to, list->pdata[0], &maker->heading->this_IPM))
    keep_full(maker);
  return true;
}

static bool add_identifiers(struct maker *maker, GPtrArray *list, struct IPMIdentifiers **identifiers)
{
  bool whole = true;
  if (!*identifiers)
    *identifiers = asn1_new_field(struct IPMIdentifiers);
  for (guint i = 0; i < list->len; i++) {
    struct IPMIdentifier *identifier = asn1_new_field(struct IPMIdentifier);
    whole &= put_identifier(maker->to, list->pdata[i], identifier);
    asn_sequence_add(&(*identifiers)->list, identifier);
  }
  return whole;
}

static bool make_replied_to(struct maker *maker)
{
  g_autoptr(GPtrArray) list = mail_identifiers_parse(maker->body, IDENTIFIERS_MAX);
  /* RFC 822's "Your message of Monday <id>": the identifier is what counts. */
  for (guint i = list->len; list->len > 1 && i-- > 0;)
    if (*(const char *)list->pdata[i] != '<')
      g_ptr_array_remove_index(list, i);
  if (!list->len)
    return false;
  bool whole;
  if (list->len == 1) {
    maker->heading->replied_to_IPM = asn1_new_field(struct IPMIdentifier);
    whole = put_identifier(maker->to, list->pdata[0], maker->heading->replied_to_IPM);
  } else {
    /* X.400 has one: the others are related (5.1.3); where they came from is kept. */
    (void)add_identifiers(maker, list, &maker->heading->related_IPMs);
    whole = false;
  }
  if (!whole)
    keep_full(maker);
  return true;
}

static bool make_related(struct maker *maker)
{
  g_autoptr(GPtrArray) list = mail_identifiers_parse(maker->body, IDENTIFIERS_MAX);
  if (!list->len)
    return false;
  bool alone = !maker->heading->related_IPMs;
  if (!add_identifiers(maker, list, &maker->heading->related_IPMs) || !alone)
    keep_full(maker);
  return true;
}

static bool make_obsoleted(struct maker *maker)
{
  g_autoptr(GPtrArray) list = mail_identifiers_parse(maker->body, IDENTIFIERS_MAX);
  return list->len && add_identifiers(maker, list, &maker->heading->obsoleted_IPMs);
}

/* --- addresses --- */

/* 5.1.3: a name that is cut breaks neither a comment nor an encoded word.  True: it is whole. */
static bool put_free_form(const char *text, FreeFormName_t *field)
{
  if (x400_teletex_put(text, FREE_FORM_BOUND, field))
    return true;
  bool fits = false;
  for (glong keep = MIN(g_utf8_strlen(text, -1), FREE_FORM_BOUND); keep > 0 && !fits; keep--) {
    g_autofree char *cut = g_utf8_substring(text, 0, keep);
    g_autoptr(GString) name = g_string_new(NULL);
    guint open = 0;
    for (const char *c = cut; *c && (*c != '\\' || c[1]); c++) {
      bool quotes = *c == '\\';
      open += *c == '(';
      open -= *c == ')' && open;
      g_string_append_len(name, c, quotes ? 2 : 1);
      c += quotes;
    }
    while (name->len && name->str[name->len - 1] == ' ')
      g_string_truncate(name, name->len - 1);
    for (; open; open--)
      g_string_append_c(name, ')');
    fits = x400_teletex_put(name->str, FREE_FORM_BOUND, field);
  }
  return false;
}

static void put_descriptor(struct maker *maker, const struct mail_address *address,
                           struct ORDescriptor *descriptor)
{
  struct to_x400 *to = maker->to;
  g_autoptr(GString) name = g_string_new(address->phrase);
  if (address->comment) /* 4.7.1 step 2 */
    g_string_append_printf(name, "%s%s", name->len ? " " : "", address->comment);
  g_autoptr(GError) error = NULL;
  struct or_descriptor *plain =
      address->mailbox
          ? address_to_descriptor(to->context, name->len ? name->str : NULL, address->mailbox, &error)
          : NULL;
  const char *free_form = plain ? plain->free_form : name->str;
  if (plain && plain->address) {
    descriptor->formal_name = asn1_new_field(struct ORName);
    or_address_to_asn1(plain->address, to->value, descriptor->formal_name);
  } else if (address->mailbox) {
    mapping_loss(to->losses, "%s: %s has no O/R address and is only named (RFC 2156 4.7.1): %s", maker->name,
                 address->mailbox, error ? error->message : "no mapping");
    if (!name->len)
      g_string_append(name, address->mailbox);
    free_form = name->str;
  }
  if (free_form && *free_form) {
    descriptor->free_form_name = asn1_new_field(FreeFormName_t);
    if (!put_free_form(free_form, descriptor->free_form_name))
      mapping_loss(to->losses, "%s: the name \"%s\" is cut to %d octets (RFC 2156 5.1.3)", maker->name,
                   free_form, FREE_FORM_BOUND);
  }
  if (plain && plain->telephone)
    descriptor->telephone_number = x400_printable_new(plain->telephone, TELEPHONE_BOUND);
  or_descriptor_free(plain);
}

static GPtrArray *addresses(struct maker *maker)
{
  g_autofree char *bad = NULL;
  GPtrArray *list = mail_addresses_parse(maker->to->context->charsets, maker->body, ADDRESSES_MAX, &bad);
  if (bad)
    mapping_loss(maker->to->losses, "%s: \"%s\" is no address and is left out (RFC 5322 3.4)", maker->name,
                 bad);
  if (list->len == ADDRESSES_MAX)
    mapping_loss(maker->to->losses, "%s: what stands behind %u addresses is left out (X.411 ub-recipients)",
                 maker->name, list->len);
  return list;
}

/* NULL: there is none that can be read. */
static struct RecipientSpecifiers *recipients(struct maker *maker)
{
  g_autoptr(GPtrArray) list = addresses(maker);
  if (!list->len)
    return NULL;
  struct RecipientSpecifiers *specifiers = asn1_new_field(struct RecipientSpecifiers);
  for (guint i = 0; i < list->len; i++) {
    struct RecipientSpecifier *specifier = asn1_new_field(struct RecipientSpecifier);
    put_descriptor(maker, list->pdata[i], &specifier->recipient);
    asn_sequence_add(&specifiers->list, specifier);
  }
  return specifiers;
}

static struct ORDescriptors *descriptors(struct maker *maker)
{
  g_autoptr(GPtrArray) list = addresses(maker);
  if (!list->len)
    return NULL;
  struct ORDescriptors *descriptors = asn1_new_field(struct ORDescriptors);
  for (guint i = 0; i < list->len; i++) {
    struct ORDescriptor *descriptor = asn1_new_field(struct ORDescriptor);
    put_descriptor(maker, list->pdata[i], descriptor);
    asn_sequence_add(&descriptors->list, descriptor);
  }
  return descriptors;
}

static bool make_originator(struct maker *maker)
{
  g_autoptr(GPtrArray) list = addresses(maker);
  if (!list->len)
    return false;
  maker->heading->originator = asn1_new_field(struct ORDescriptor);
  put_descriptor(maker, list->pdata[0], maker->heading->originator);
  return true;
}

static bool make_from(struct maker *maker)
{
  bool sender = mime_part_field(maker->header, "Sender") != NULL;
  g_autoptr(GPtrArray) list = addresses(maker);
  /* Several authors and no sender is not legal; the first then stands for the originator too. */
  if (sender || list->len > 1)
    maker->heading->authorizing_users = descriptors(maker);
  return sender ? list->len > 0 : make_originator(maker);
}

static bool make_to(struct maker *maker)
{
  maker->heading->primary_recipients = recipients(maker);
  return maker->heading->primary_recipients || !*maker->body;
}

static bool make_cc(struct maker *maker)
{
  maker->heading->copy_recipients = recipients(maker);
  return maker->heading->copy_recipients || !*maker->body;
}

/* An empty field is a sequence of length zero, the first of 5.1.3's two ways. */
static bool make_bcc(struct maker *maker)
{
  maker->heading->blind_copy_recipients =
      *maker->body ? recipients(maker) : asn1_new_field(struct RecipientSpecifiers);
  return maker->heading->blind_copy_recipients;
}

static bool make_reply_to(struct maker *maker)
{
  maker->heading->reply_recipients = descriptors(maker);
  return maker->heading->reply_recipients;
}

/* --- the rest --- */

static bool make_subject(struct maker *maker)
{
  g_autofree char *text = mime_word_decode(maker->to->context->charsets, maker->body);
  maker->heading->subject = asn1_new_field(SubjectField_t);
  if (!x400_teletex_put(text, SUBJECT_BOUND, maker->heading->subject))
    keep_full(maker);
  return true;
}

static bool make_time(struct maker *maker, Time_t **field)
{
  struct mail_time time;
  if (!mail_time_parse(maker->body, &time))
    return false;
  *field = x400_time_new(&time);
  return true;
}

static bool make_expiry(struct maker *maker)
{
  return make_time(maker, &maker->heading->expiry_time);
}

static bool make_reply_by(struct maker *maker)
{
  return make_time(maker, &maker->heading->reply_time);
}

static bool make_importance(struct maker *maker)
{
  static const char *const names[] = {"low", "normal", "high"};
  int number = mail_keyword(maker->body, names, 3);
  if (number >= 0)
    maker->heading->importance = x400_long(number);
  return number >= 0;
}

static bool make_sensitivity(struct maker *maker)
{
  static const char *const names[] = {NULL, "personal", "private", "company-confidential"};
  int number = mail_keyword(maker->body, names, 4);
  if (number >= 0)
    maker->heading->sensitivity = x400_long(number);
  return number >= 0;
}

static bool make_autoforwarded(struct maker *maker)
{
  static const char *const names[] = {"FALSE", "TRUE"};
  int number = mail_keyword(maker->body, names, 2);
  if (number < 0)
    return false;
  if (!maker->heading->auto_forwarded)
    maker->heading->auto_forwarded = asn1_new_field(BOOLEAN_t);
  *maker->heading->auto_forwarded = number;
  return true;
}

static bool make_incomplete_copy(struct maker *maker)
{
  NULL_t nothing = 0;
  x400_heading_extension_add(maker->to->value, &maker->heading->extensions, OID_HEX_INCOMPLETE_COPY,
                             &asn_DEF_IncompleteCopy, &nothing);
  maker->to->new_features = true;
  return true;
}

static void put_auto_submitted(struct maker *maker, long number)
{
  if (x400_heading_extension(maker->heading->extensions, OID_HEX_AUTO_SUBMITTED))
    return;
  x400_heading_extension_add(maker->to->value, &maker->heading->extensions, OID_HEX_AUTO_SUBMITTED,
                             &asn_DEF_AutoSubmitted, &number);
  maker->to->new_features = true;
}

/* X.420 has no number for the last value of 5.3.4: the element auto-forwarded says it, and the field stays.
 */
static bool make_autosubmitted(struct maker *maker)
{
  static const char *const names[] = {"not-auto-submitted", "auto-generated", "auto-replied",
                                      "auto-forwarded"};
  int number = mail_keyword(maker->body, names, 4);
  if (number >= 0 && number < 3) {
    put_auto_submitted(maker, number);
    return true;
  }
  if (number == 3 && !maker->heading->auto_forwarded) {
    maker->heading->auto_forwarded = asn1_new_field(BOOLEAN_t);
    *maker->heading->auto_forwarded = 1;
  }
  return false;
}

/* RFC 3834's field of the same meaning goes along besides: its parameters have no element (decision 0115). */
static bool make_auto_submitted(struct maker *maker)
{
  static const char *const names[] = {"no", "auto-generated", "auto-replied"};
  int number = mail_keyword(maker->body, names, 3);
  if (number >= 0 && !maker->to->old)
    put_auto_submitted(maker, number);
  return false;
}

/* The first two letters of each; when that is not all, the field goes along as it stands (5.1.3). */
static bool make_languages(struct maker *maker)
{
  bool whole = true;
  g_autoptr(asn1_value_t) value = asn1_value_new(&asn_DEF_Languages);
  Languages_t *languages = asn1_value_get(value);
  g_auto(GStrv) items = g_strsplit(maker->body, ",", 64);
  for (char **item = items; *item; item++) {
    g_strstrip(*item);
    if (!g_ascii_isalpha((*item)[0]) || !g_ascii_isalpha((*item)[1]))
      return false;
    whole &= !(*item)[2];
    g_autofree char *language = g_ascii_strdown(*item, 2);
    asn_set_add(&languages->list, asn1_new_string(language));
  }
  x400_heading_extension_add(maker->to->value, &maker->heading->extensions, OID_HEX_LANGUAGES,
                             &asn_DEF_Languages, languages);
  maker->to->new_features = true;
  return whole;
}

static const struct row {
  const char *field;
  make_function *make; /* NULL: dealt with elsewhere (RFC 2157), or never mapped */
  const char *clause;
} rows[] = {
    {"Message-ID", make_this_ipm, "5.1.3, 4.7.3.3"},           /* H:Message-Id */
    {"From", make_from, "5.1.3"},                              /* H:From */
    {"Sender", make_originator, "5.1.3"},                      /* H:Sender */
    {"To", make_to, "5.1.3"},                                  /* H:To */
    {"Cc", make_cc, "5.1.3"},                                  /* H:Cc */
    {"Bcc", make_bcc, "5.1.3"},                                /* H:Bcc */
    {"Reply-To", make_reply_to, "5.1.3"},                      /* H:Reply-To */
    {"In-Reply-To", make_replied_to, "5.1.3"},                 /* H:In-Reply-To */
    {"References", make_related, "5.1.3"},                     /* H:References */
    {"Subject", make_subject, "5.1.3, 3.3.4"},                 /* H:Subject */
    {"Content-Language", make_languages, "5.1.3"},             /* H:Content-Language */
    {"Supersedes", make_obsoleted, "5.1.7, 5.3.4"},            /* H:Supersedes */
    {"Obsoletes", make_obsoleted, "5.3.4, RFC 1327"},          /* H:Obsoletes */
    {"Expires", make_expiry, "5.1.7, 5.3.4"},                  /* H:Expires */
    {"Expiry-Date", make_expiry, "5.3.4, RFC 1327"},           /* H:Expiry-Date */
    {"Reply-By", make_reply_by, "5.1.7, 5.3.4"},               /* H:Reply-By */
    {"Importance", make_importance, "5.1.7, 5.3.4"},           /* H:Importance */
    {"Sensitivity", make_sensitivity, "5.1.7, 5.3.4"},         /* H:Sensitivity */
    {"Autoforwarded", make_autoforwarded, "5.1.7, 5.3.4"},     /* H:Autoforwarded */
    {"Incomplete-Copy", make_incomplete_copy, "5.1.7, 5.3.4"}, /* H:Incomplete-Copy */
    {"Autosubmitted", make_autosubmitted, "5.1.7, 5.3.4"},     /* H:Autosubmitted */
    {"Auto-Submitted", make_auto_submitted, "decision 0115"},  /* H:Auto-Submitted */
    {"MIME-Version", NULL, "RFC 2157"},                        /* H:MIME-Version */
    {"Content-Type", NULL, "RFC 2157"},                        /* H:Content-Type */
    {"Content-Transfer-Encoding", NULL, "RFC 2157"},           /* H:Content-Transfer-Encoding */
    {"Content-ID", NULL, "RFC 2157"},                          /* H:Content-ID */
    {"Content-Description", NULL, "RFC 2157"},                 /* H:Content-Description */
    {"Content-Disposition", NULL, "RFC 2157"},                 /* H:Content-Disposition */
    {"Discarded-X400-MTS-Extensions", NULL, "5.1.7"},          /* H:Discarded-X400-MTS-Extensions */
    {"Discarded-X400-IPMS-Extensions", NULL, "5.1.7"},         /* H:Discarded-X400-IPMS-Extensions */
    {"Message-Type", NULL, "5.1.7"},                           /* H:Message-Type */
    {"X400-Content-Type", NULL, "5.1.7"},                      /* H:X400-Content-Type */
    {"X400-Originator", NULL, "5.1.7"},                        /* H:X400-Originator */
    {"X400-Recipients", NULL, "5.1.7"},                        /* H:X400-Recipients */
    {"X400-MTS-Identifier", NULL, "5.1.7"},                    /* H:X400-MTS-Identifier */
    {HEADING_BODY_PART, NULL, "decision 0052"},
    {"Return-Path", NULL, "RFC 5321 4.4: the last hop's"},
};

static const struct row *row_of(const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
    if (!g_ascii_strcasecmp(rows[i].field, name))
      return &rows[i];
  return NULL;
}

/* Whose elements came with 1988: towards 1984 the fields themselves are kept (RFC 2156 appendix B). */
static bool is_of_1988(const char *field)
{
  static const char *const fields[] = {
      "Content-Language",         "Incomplete-Copy",      "Autosubmitted",
      "DL-Expansion-History",     "Conversion-With-Loss", "Latest-Delivery-Time",
      "Originator-Return-Address"};
  for (gsize i = 0; i < G_N_ELEMENTS(fields); i++)
    if (!g_ascii_strcasecmp(field, fields[i]))
      return true;
  return false;
}

/* 5.1.2: unfolded, no space before the colon, IA5. */
static void keep_field(struct maker *maker, const struct mime_field *field)
{
  bool ascii = true;
  for (const char *c = field->body; *c; c++)
    ascii &= (guint8)*c < 0x80;
  g_autoptr(GString) body = g_string_new(NULL);
  if (ascii) {
    g_string_append(body, field->body);
  } else {
    g_autofree char *text = mime_word_decode(maker->to->context->charsets, field->body);
    mime_word_encode(text, strlen(text), true, 0, body);
  }
  g_ptr_array_add(maker->fields, g_strdup_printf("%s: %s", field->name, body->str));
}

/* Fields of a row are one list, made where the first of them stands; a list that cannot be made is kept field
 * by field. */
static void make_fields(struct maker *maker, const struct row *row)
{
  g_autofree char *body = mime_part_fields(maker->header, row->field);
  maker->name = row->field;
  maker->body = body;
  if (row->make(maker))
    return;
  for (guint i = 0; i < maker->header->fields->len; i++) {
    const struct mime_field *field = maker->header->fields->pdata[i];
    if (!g_ascii_strcasecmp(field->name, row->field))
      keep_field(maker, field);
  }
}

/* A field without a row: of the envelope, but for a nested message and what cannot be read of it; or unknown.
 */
static void carry_field(struct maker *maker, const struct mime_field *field, bool nested)
{
  enum envelope_field is = envelope_field(maker->to->context->charsets, field->name, field->body);
  bool own = !g_ascii_strncasecmp(field->name, HEADING_FULL, strlen(HEADING_FULL));
  if (!own && (nested || is != ENVELOPE_FIELD))
    keep_field(maker, field);
}

void heading_to_x400(struct to_x400 *to, const struct mime_part *header, bool nested, struct Heading *heading,
                     GPtrArray *fields)
{
  struct maker maker = {.to = to, .header = header, .heading = heading, .fields = fields};
  gboolean seen[G_N_ELEMENTS(rows)] = {0};
  for (guint i = 0; i < header->fields->len; i++) {
    const struct mime_field *field = header->fields->pdata[i];
    const struct row *row = row_of(field->name);
    if (to->old && is_of_1988(field->name)) {
      keep_field(&maker, field);
    } else if (!row) {
      carry_field(&maker, field, nested);
    } else if (row->make && !seen[row - rows]) {
      make_fields(&maker, row);
      seen[row - rows] = TRUE;
    }
  }
  if (!heading->this_IPM.user_relative_identifier.buf)
    heading_make_identifier(to, heading);
}

void heading_fields_put(struct to_x400 *to, GPtrArray *fields, struct Heading *heading)
{
  if (!fields->len)
    return;
  g_autoptr(asn1_value_t) list = x400_field_list_new(fields);
  x400_heading_extension_add(to->value, &heading->extensions, OID_RFC_822_FIELD_LIST,
                             &asn_DEF_RFC822FieldList, asn1_value_get(list));
  to->new_features = true;
}
