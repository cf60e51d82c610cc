/* body_to_basic.c - parts that become a body part of one string of octets: HARPOON text (RFC 2157 3.1.3, RFC
 * 1496), what was wrapped as application/x400-bp (3.2), bilaterally-defined (3.1.4, 6.3), facsimile (RFC
 * 2159). */
#include "mapping/body.h"
#include "mapping/fax.h"
#include "mapping/fax_tiff.h"
#include "mapping/harpoon.h"

#include <stdlib.h>
#include <string.h>

#include <BodyPart.h>

enum body_status body_make_harpoon(struct making *making, GError **error)
{
  g_autoptr(octets_t) text = harpoon_of_mail(making->to, making->part, making->alone, error);
  if (!text)
    return BODY_FAILED;
  body_put_ia5(making->to, text, making->body_part);
  return BODY_MADE;
}

void body_put_mark(struct making *making)
{
  const struct mime_part *part = making->part;
  g_autofree char *text = g_strdup_printf("%u", making->number), *type = mime_type_line(part),
                  *name = mime_part_filename(making->to->mail, part);
  g_autoptr(mime_writer_t) writer = mime_writer_new(-1, "");
  mime_writer_value(writer, HEADING_BODY_PART, text);
  mime_writer_param(writer, "type", type);
  if (name)
    mime_writer_param(writer, "filename", name);
  const char *id = mime_part_field(part, "Content-ID");
  if (id)
    mime_writer_param(writer, "id", id);
  mime_writer_value_end(writer);
  g_autoptr(GBytes) bytes = mime_writer_bytes(writer);
  g_autoptr(GString) line =
      g_string_new_len(g_bytes_get_data(bytes, NULL), (gssize)g_bytes_get_size(bytes) - 2);
  g_string_replace(line, "\r\n", "", 0);
  g_ptr_array_add(making->fields, g_strdup(line->str));
}

/* 6.3 keeps no type and no name: a field of the heading does (decision 0052). */
enum body_status body_make_bilateral(struct making *making, GError **error)
{
  struct to_x400 *to = making->to;
  struct octets *content = making_content(making, error);
  if (!content)
    return BODY_FAILED;
  making->body_part->present = BodyPart_PR_bilaterally_defined;
  asn1_put_octets(to->value, &making->body_part->choice.bilaterally_defined, content);
  eit_add_built_in(to->types, EIT_UNKNOWN_BIT);
  body_put_mark(making);
  return BODY_MADE;
}

/* A basic body part has no place for what a part's header says. */
static void part_header(const struct making *making)
{
  static const char *const names[] = {"Content-ID", "Content-Description", "Content-Disposition"};
  for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
    if (mime_part_field(making->part, names[i]))
      mapping_loss(making->to->losses,
                   "body part %u: %s is left out (RFC 2159 3): a facsimile has no place for it",
                   making->to->part, names[i]);
  if (mime_params_get(making->part->type, "name"))
    mapping_loss(making->to->losses,
                 "body part %u: name of Content-Type is left out (RFC 2159 3): a facsimile has no place for it",
                 making->to->part);
}

static enum body_status made_fax(const struct making *making, bool made, GError *failed, GError **error)
{
  if (made)
    part_header(making);
  else if (failed)
    g_propagate_error(error, failed);
  return made ? BODY_MADE : failed ? BODY_FAILED : BODY_OTHER;
}

enum body_status body_make_fax(struct making *making, GError **error)
{
  GError *failed = NULL;
  struct octets *content = making_content(making, &failed);
  bool made = content && fax_to_x400(making->to, making->part, content, making->body_part, &failed);
  return made_fax(making, made, failed, error);
}

enum body_status body_make_tiff(struct making *making, GError **error)
{
  GError *failed = NULL;
  struct octets *content = making_content(making, &failed);
  bool made = content && fax_tiff_to_x400(making->to, content, making->body_part, &failed);
  return made_fax(making, made, failed, error);
}

/* A message may hold what 1984 does not know, however deep. */
static bool is_of_1984(const struct BodyPart *part)
{
  return (part->present < BodyPart_PR_tif1 && part->present != BodyPart_PR_message) ||
         part->present == BodyPart_PR_bilaterally_defined;
}

/* 3.2 backwards.  What is no body part, or one that the peer cannot read, is for another row. */
enum body_status body_make_unwrapped(struct making *making, GError **error)
{
  struct to_x400 *to = making->to;
  struct octets *content = making_content(making, error);
  if (!content)
    return BODY_FAILED;
  const struct asn1_limits limits = {.elements = to->context->settings->elements_max};
  g_autoptr(asn1_value_t) value = asn1_decode(&asn_DEF_BodyPart, content, &limits, NULL);
  if (!value || (to->old && !is_of_1984(asn1_value_get(value))))
    return BODY_OTHER;
  struct BodyPart *wrapped = asn1_decode_into(to->value, &asn_DEF_BodyPart, content, &limits, NULL);
  *making->body_part = *wrapped;
  free(wrapped);
  to->new_features |= making->body_part->present == BodyPart_PR_externally_defined;
  eit_add_built_in(to->types, EIT_UNKNOWN_BIT);
  return BODY_MADE;
}
