/* body_from_text.c - texts become text/plain: RFC 2157 6.1, 6.2, 6.7, HARPOON (3.1.3), documents of 1984
 * (X.420 (1984) 5). */
#include "mapping/body.h"
#include "mapping/harpoon.h"
#include "mapping/text.h"

#include <string.h>

#include <BodyPart.h>
#include <GeneralTextData.h>
#include <GeneralTextParameters.h>
#include <OpaqueBodyPart.h>
#include <SFD-Document.h>

static struct mime_draft *text_draft(const struct reading *reading, enum charset charset,
                                     const long *registrations, gsize count, struct octets *string,
                                     GError **error)
{
  g_autofree char *set = NULL;
  struct charset_loss loss;
  g_autoptr(mime_draft_t) draft = mime_draft_new();
  draft->content =
      text_from_x400(charset, registrations, count, string, reading->from->spill, &set, &loss, error);
  if (!draft->content)
    return NULL;
  g_autofree char *element = g_strdup_printf("body part %u", reading->number);
  text_tell(reading->from->losses, element, &loss);
  draft->type = g_strdup_printf("text/plain; charset=%s", set);
  draft->lines = true;
  return g_steal_pointer(&draft);
}

struct mime_draft *body_read_harpoon(const struct reading *reading, GError **error)
{
  (void)error;
  g_autoptr(octets_t) text = asn1_octets(reading->from->value, &reading->part->choice.ia5_text.data);
  return harpoon_read(text);
}

/* 6.1: alone in its message, plain ASCII needs no Content-Type. */
struct mime_draft *body_read_ia5(const struct reading *reading, GError **error)
{
  g_autoptr(octets_t) text = asn1_octets(reading->from->value, &reading->part->choice.ia5_text.data);
  struct mime_draft *draft = text_draft(reading, CHARSET_IA5, NULL, 0, text, error);
  if (draft && reading->alone && !strcmp(draft->type, "text/plain; charset=us-ascii"))
    g_clear_pointer(&draft->type, g_free);
  return draft;
}

/* 6.7, in the recommended way: a more widespread set, pages parted by form feeds. */
struct mime_draft *body_read_teletex(const struct reading *reading, GError **error)
{
  struct from_x400 *from = reading->from;
  const TeletexBodyPart_t *teletex = &reading->part->choice.teletex;
  g_autoptr(GPtrArray) pages = g_ptr_array_new_with_free_func((GDestroyNotify)octets_unref);
  for (int i = 0; i < teletex->data.list.count; i++) {
    struct octets *page = asn1_octets(from->value, teletex->data.list.array[i]);
    guint64 length = octets_length(page);
    guint8 last = 0;
    g_ptr_array_add(pages, page);
    if (length && !octets_read(page, length - 1, &last, 1, error))
      return NULL;
    if (last != '\f' && i + 1 < teletex->data.list.count)
      g_ptr_array_add(pages, octets_new("\f", 1));
  }
  g_autoptr(octets_t) whole = octets_concat((struct octets *const *)pages->pdata, pages->len);
  return text_draft(reading, CHARSET_TELETEX, NULL, 0, whole, error);
}

struct mime_draft *body_read_general(const struct reading *reading, GError **error)
{
  struct from_x400 *from = reading->from;
  const ExternallyDefinedBodyPart_t *part = &reading->part->choice.externally_defined;
  g_autoptr(asn1_value_t) data = body_external(from, from->value, &part->data, &asn_DEF_GeneralTextData);
  if (!data)
    return NULL;
  g_autoptr(asn1_value_t) parameters =
      body_external(from, from->value, part->parameters, &asn_DEF_GeneralTextParameters);
  const GeneralTextParameters_t *sets = parameters ? asn1_value_get(parameters) : NULL;
  long registrations[16];
  gsize count = 0;
  for (int i = 0; sets && i < sets->list.count && count < G_N_ELEMENTS(registrations); i++)
    registrations[count++] = *sets->list.array[i];
  g_autoptr(octets_t) string = asn1_octets(data, asn1_value_get(data));
  return text_draft(reading, CHARSET_GENERAL, registrations, count, string, error);
}

/* --- simple formattable documents (X.420 (1984) 5) --- */

/* Text units, one to a paragraph; what they should look like is lost. */
static struct octets *sfd_text(const SFD_Document_t *document, const struct asn1_value *value)
{
  g_autoptr(GPtrArray) pieces = g_ptr_array_new_with_free_func((GDestroyNotify)octets_unref);
  for (int i = 0; i < document->list.count; i++) {
    const SFD_Element_t *element = document->list.array[i];
    if (element->present != SFD_Element_PR_text_unit)
      continue;
    g_ptr_array_add(pieces, asn1_octets(value, &element->choice.text_unit.text));
    g_ptr_array_add(pieces, octets_new("\r\n", 2));
  }
  return octets_concat((struct octets *const *)pieces->pdata, pieces->len);
}

/* NULL without error: it is none that can be read, and goes wrapped. */
struct mime_draft *body_read_sfd(const struct reading *reading, GError **error)
{
  struct from_x400 *from = reading->from;
  g_autoptr(octets_t) octets =
      asn1_encode_field(from->value, &asn_DEF_OpaqueBodyPart, &reading->part->choice.sfd, error);
  g_autoptr(asn1_value_t) value = octets ? asn1_decode(&asn_DEF_SFD_Document, octets, NULL, NULL) : NULL;
  if (!value)
    return NULL;
  g_autoptr(octets_t) text = sfd_text(asn1_value_get(value), value);
  mapping_loss(from->losses, "body part sfd: its layout is lost (RFC 1328 6): a text has none");
  return text_draft(reading, CHARSET_TELETEX, NULL, 0, text, error);
}
