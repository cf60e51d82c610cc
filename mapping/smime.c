/* smime.c - contract: smime.h. */
#include "mapping/smime.h"
#include "mapping/harpoon.h"

#include <string.h>

#include <ContentType.h>

/* RFC 3855 2.5. */
static const struct row {
  enum oid oid;
  const char *type; /* smime-type */
} rows[] = {
    {OID_EIT_ENVELOPED_DATA, "enveloped-data"},   /* 3855:2.5 */
    {OID_EIT_SIGNED_DATA, "signed-data"},         /* 3855:2.5 */
    {OID_EIT_CERTS_ONLY, "certs-only"},           /* 3855:2.5 */
    {OID_EIT_SIGNED_RECEIPT, "signed-receipt"},   /* 3855:2.5 */
    {OID_EIT_ENVELOPED_X400, "enveloped-x400"},   /* 3855:2.5 */
    {OID_EIT_SIGNED_X400, "signed-x400"},         /* 3855:2.5 */
    {OID_EIT_COMPRESSED_DATA, "compressed-data"}, /* 3855:2.5 */
};

enum smime_kind smime_of(const struct ContentType *type)
{
  if (type->present != ContentType_PR_extended)
    return SMIME_NONE;
  enum oid oid = oid_get(&type->choice.extended);
  return oid == OID_CT_CONTENT_INFO ? SMIME_CMS : oid == OID_DATA ? SMIME_MIME : SMIME_NONE;
}

/* --- to mail --- */

static const char *type_of(const struct eit_set *types)
{
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
    if (eit_has(types, oid_dotted(rows[i].oid)))
      return rows[i].type;
  return NULL;
}

bool smime_write(struct from_x400 *from, enum smime_kind kind, struct octets *content,
                 const struct eit_set *types, const char *recipient, GError **error)
{
  struct mime_writer *writer = from->writer;
  const char *const mailboxes[] = {from->sender, recipient};
  for (gsize i = 0; i < G_N_ELEMENTS(mailboxes); i++) {
    if (!mailboxes[i] || !*mailboxes[i])
      continue;
    mime_writer_list(writer, i ? "To" : "From");
    mime_writer_mailbox(writer, NULL, mailboxes[i], NULL);
    mime_writer_list_end(writer);
  }
  mime_writer_field(writer, "MIME-Version", "1.0");
  g_autoptr(mime_draft_t) draft = kind == SMIME_MIME ? harpoon_entity(content) : NULL;
  if (draft)
    return body_draft_write(from, draft, error);
  draft = mime_draft_new();
  const char *type = type_of(types);
  if (kind == SMIME_CMS) {
    draft->type = type ? g_strdup_printf("application/pkcs7-mime; smime-type=%s; name=smime.p7m", type)
                       : g_strdup("application/pkcs7-mime; name=smime.p7m");
    draft->filename = g_strdup("smime.p7m"); /* RFC 8551 3.2.1 */
  } else {
    draft->type = g_strdup("application/octet-stream");
    mapping_loss(from->losses,
                 "content: sent as a file (RFC 3855 2.2.1): it is no MIME entity of whole lines");
  }
  draft->content = octets_ref(content);
  return body_draft_write(from, draft, error);
}

/* --- to X.400 --- */

static bool is_cms(const struct mime_part *part)
{
  return part->kind == MIME_LEAF && part->encoding != MIME_UNKNOWN_ENCODING &&
         (!strcmp(part->type->value, "application/pkcs7-mime") ||
          !strcmp(part->type->value, "application/x-pkcs7-mime"));
}

/* A heading has no place beside such a content; what the envelope has of it stays. */
static void tell_heading(const struct to_x400 *to)
{
  static const char *const carried[] = {"Date", "Received", "Message-ID",  "From",
                                        "To",   "Subject",  "MIME-Version"};
  const struct mime_part *root = to->mail->root;
  for (guint i = 0; i < root->fields->len; i++) {
    const struct mime_field *field = root->fields->pdata[i];
    bool told = !g_ascii_strncasecmp(field->name, "Content-", 8);
    for (gsize k = 0; k < G_N_ELEMENTS(carried) && !told; k++)
      told = !g_ascii_strcasecmp(field->name, carried[k]);
    if (!told)
      mapping_loss(to->losses, "%s: left out (RFC 3855 2.2): a CMS content has no heading", field->name);
  }
}

struct octets *smime_content(struct to_x400 *to, GError **error)
{
  const struct mime_part *root = to->mail->root;
  if (!to->peer->smime_content || to->old)
    return NULL;
  if (!strcmp(root->type->value, "multipart/signed")) {
    to->content_type = OID_DATA;
    tell_heading(to);
    return harpoon_entity_of_mail(to, root);
  }
  if (!is_cms(root))
    return NULL;
  struct octets *content = mime_part_content(to->mail, root, to->spill, error);
  if (!content)
    return NULL;
  const char *type = mime_params_get(root->type, "smime-type");
  for (gsize i = 0; type && i < G_N_ELEMENTS(rows); i++)
    if (!g_ascii_strcasecmp(rows[i].type, type))
      eit_add(to->types, oid_dotted(rows[i].oid));
  to->content_type = OID_CT_CONTENT_INFO;
  tell_heading(to);
  return content;
}
