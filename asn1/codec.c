/* codec.c - decoded and built values: guard, asn1c and encoder put together (contract: codec.h). */
#include "asn1/codec.h"
#include "asn1/descriptor.h"
#include "asn1/encode.h"
#include "asn1/guard.h"
#include "asn1/reader.h"

#include <stdlib.h>
#include <string.h>

#include <OCTET_STRING.h>
#include <ber_decoder.h>

enum {
  PUT_INLINE = 16 * 1024, /* asn1_put_octets() copies so much */
  BYTES_MAX = 16 << 20,   /* asn1_encode_bytes() */
};

struct asn1_value {
  asn_TYPE_descriptor_t *type;
  void *structure;
  GPtrArray *ropes; /* of struct octets, by placeholder number; NULL: none */
};

GQuark asn1_error_quark(void)
{
  return g_quark_from_static_string("gw400-asn1-error");
}

void *asn1_zalloc(gsize size)
{
  /* Not g_malloc0(): asn1c frees by free(). */
  void *memory = calloc(1, size);
  if (!memory)
    g_error("out of memory (%" G_GSIZE_FORMAT " octets)", size);
  return memory;
}

/* asn1c's functions take descriptors without const. */
static asn_TYPE_descriptor_t *writable(const asn_TYPE_descriptor_t *type)
{
  return (asn_TYPE_descriptor_t *)(guintptr)type;
}

static struct asn1_value *value_new(const asn_TYPE_descriptor_t *type, void *structure, GPtrArray *ropes)
{
  struct asn1_value *value = g_new(struct asn1_value, 1);
  *value = (struct asn1_value){writable(type), structure, ropes};
  return value;
}

/* --- decoding
 * --------------------------------------------------------------------------------------------------- */

/* Whatever looks like a placeholder in the flat form is one: the guard sees to it. */
static void renumber(struct flat *flat, guint32 first)
{
  guint32 number = 0;
  for (gsize i = 0; flat->ropes && i + PLACEHOLDER_SIZE <= flat->length; i++)
    if (placeholder_read(flat->data + i, PLACEHOLDER_SIZE, &number)) {
      placeholder_write(flat->data + i, number + first);
      i += PLACEHOLDER_SIZE - 1;
    }
}

/* Placeholders are numbered from first on. */
static struct asn1_value *decode(const asn_TYPE_descriptor_t *type, struct octets *source,
                                 const struct asn1_limits *limits, guint32 first, GError **error)
{
  struct flat flat;
  if (!guard_flatten(type, source, limits, &flat, error)) {
    flat_clear(&flat);
    return NULL;
  }
  if (first)
    renumber(&flat, first);
  void *structure = NULL;
  /* The guard has bounded the depth; asn1c's own bound on the stack would refuse legal values. */
  asn_codec_ctx_t context = {.max_stack_size = 0};
  asn_dec_rval_t result = ber_decode(&context, writable(type), &structure, flat.data, flat.length);
  struct asn1_value *value = value_new(type, structure, g_steal_pointer(&flat.ropes));
  if (result.code != RC_OK || result.consumed != flat.length) {
    guard_explain(type, source, limits, result.consumed, error);
    g_clear_pointer(&value, asn1_value_free);
  }
  flat_clear(&flat);
  return value;
}

struct asn1_value *asn1_decode(const asn_TYPE_descriptor_t *type, struct octets *source,
                               const struct asn1_limits *limits, GError **error)
{
  return decode(type, source, limits, 0, error);
}

void *asn1_decode_into(struct asn1_value *root, const asn_TYPE_descriptor_t *type, struct octets *source,
                       const struct asn1_limits *limits, GError **error)
{
  g_autoptr(asn1_value_t) value = decode(type, source, limits, root->ropes ? root->ropes->len : 0, error);
  if (!value)
    return NULL;
  if (value->ropes && !root->ropes)
    root->ropes = g_steal_pointer(&value->ropes);
  else if (value->ropes)
    g_ptr_array_extend_and_steal(root->ropes, g_steal_pointer(&value->ropes));
  return g_steal_pointer(&value->structure);
}

struct asn1_value *asn1_decode_mem(const asn_TYPE_descriptor_t *type, const void *data, gsize length,
                                   const struct asn1_limits *limits, GError **error)
{
  g_autoptr(octets_t) source = octets_new(data, length); /* a copy: the value may keep parts of it as ropes */
  return asn1_decode(type, source, limits, error);
}

bool asn1_peek(struct octets *source, guint64 *length_r, guint32 *tag_r, GError **error)
{
  struct reader reader;
  struct tlv tlv;
  guint8 identifier[4] = {0};
  reader_init(&reader, source, NULL, "value");
  bool good = reader_first(&reader, &tlv) && reader_skip(&reader, &tlv) &&
              reader_copy(&reader, 0, identifier, (gsize)MIN(sizeof identifier, reader.length));
  if (good) {
    *length_r = reader.at;
    *tag_r = identifier[0];
    bool more = (identifier[0] & 0x1f) == 0x1f; /* X.690 8.1.2.4 */
    for (guint i = 1; more && i < sizeof identifier; i++) {
      *tag_r = *tag_r << 8 | identifier[i];
      more = identifier[i] & 0x80;
    }
  } else
    g_propagate_error(error, g_steal_pointer(&reader.error));
  reader_clear(&reader);
  return good;
}

/* --- values
 * ------------------------------------------------------------------------------------------------------- */

struct asn1_value *asn1_value_new(const asn_TYPE_descriptor_t *type)
{
  return value_new(type, asn1_zalloc(descriptor_size(type)), NULL);
}

void *asn1_value_get(const struct asn1_value *value)
{
  return value->structure;
}

const asn_TYPE_descriptor_t *asn1_value_type(const struct asn1_value *value)
{
  return value->type;
}

void asn1_value_free(struct asn1_value *value)
{
  if (!value)
    return;
  if (value->structure)
    value->type->free_struct(value->type, value->structure, 0);
  if (value->ropes)
    g_ptr_array_unref(value->ropes);
  g_free(value);
}

void *asn1_value_steal(struct asn1_value *value)
{
  void *structure = value->ropes ? NULL : g_steal_pointer(&value->structure);
  asn1_value_free(value);
  return structure;
}

/* The rope that a field's placeholder names, or NULL when the field holds its octets itself. */
static struct octets *rope_of(const struct asn1_value *value, const OCTET_STRING_t *field)
{
  guint32 number = 0;
  if (!value->ropes || !field->buf || !placeholder_read(field->buf, (gsize)field->size, &number) ||
      number >= value->ropes->len)
    return NULL;
  return g_ptr_array_index(value->ropes, number);
}

struct octets *asn1_octets(const struct asn1_value *value, const OCTET_STRING_t *field)
{
  struct octets *rope = rope_of(value, field);
  return rope ? octets_ref(rope) : octets_new(field->buf, (gsize)field->size);
}

char *asn1_strndup(const struct asn1_value *value, const OCTET_STRING_t *field, gsize limit)
{
  struct octets *rope = rope_of(value, field);
  if (!rope)
    return (gsize)field->size <= limit ? g_strndup((const char *)field->buf, (gsize)field->size) : NULL;
  g_autoptr(GBytes) bytes = octets_to_bytes(rope, limit, NULL);
  return bytes ? g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes)) : NULL;
}

/* asn1c frees buffers by free() and likes a closing zero behind them. */
static void set_buffer(OCTET_STRING_t *field, gsize size)
{
  free(field->buf);
  field->buf = asn1_zalloc(size + 1);
  field->size = (int)size;
}

void asn1_put_octets(struct asn1_value *value, OCTET_STRING_t *field, struct octets *octets)
{
  guint64 length = octets_length(octets);
  if (length <= PUT_INLINE) {
    set_buffer(field, (gsize)length);
    if (octets_read(octets, 0, field->buf, (gsize)length, NULL) &&
        !placeholder_read(field->buf, (gsize)length, NULL))
      return;
  }
  if (!value->ropes)
    value->ropes = g_ptr_array_new_with_free_func((GDestroyNotify)octets_unref);
  set_buffer(field, PLACEHOLDER_SIZE);
  placeholder_write(field->buf, value->ropes->len);
  g_ptr_array_add(value->ropes, octets_ref(octets));
}

void asn1_put_string(OCTET_STRING_t *field, const char *text)
{
  gsize length = strlen(text);
  set_buffer(field, length);
  memcpy(field->buf, text, length);
}

OCTET_STRING_t *asn1_new_string(const char *text)
{
  OCTET_STRING_t *field = asn1_new_field(OCTET_STRING_t);
  asn1_put_string(field, text);
  return field;
}

/* --- encoding
 * ------------------------------------------------------------------------------------------------------ */

struct octets *asn1_encode(const struct asn1_value *value, GError **error)
{
  return encode_structure(value->type, value->structure, value->ropes, error);
}

struct octets *asn1_encode_field(const struct asn1_value *value, const asn_TYPE_descriptor_t *type,
                                 const void *structure, GError **error)
{
  return encode_structure(type, structure, value->ropes, error);
}

GBytes *asn1_encode_bytes(const struct asn1_value *value, GError **error)
{
  g_autoptr(octets_t) octets = asn1_encode(value, error);
  return octets ? octets_to_bytes(octets, BYTES_MAX, error) : NULL;
}
