/* reader.c - TLVs out of ropes (contract: reader.h). */
#include "asn1/reader.h"
#include "asn1/descriptor.h"

#include <string.h>

enum {
  WINDOW = 64 * 1024,       /* of a source that is not one block of memory; a shorter source is read whole */
  HEADER_MAX = 5 + 1 + 126, /* tag, length's first octet, length */
  DEPTH_MAX = 512,          /* what the C stack bears, whatever the configuration says */
  INLINE_MAX = 16 << 20,    /* what asn1c may be given to copy, likewise */
};

static void print_path(const struct step *step, GString *out)
{
  if (!step)
    return;
  print_path(step->up, out);
  if (step->name && *step->name)
    g_string_append_printf(out, ".%s", step->name);
  else if (!step->name)
    g_string_append_printf(out, "[%d]", step->index);
}

bool reader_fail(struct reader *reader, enum asn1_error code, guint64 offset, const char *format, ...)
{
  if (reader->error)
    return false;
  g_autoptr(GString) path = g_string_new(reader->type_name);
  print_path(reader->steps, path);
  va_list arguments;
  va_start(arguments, format);
  g_autofree char *text = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  g_set_error(&reader->error, ASN1_ERROR, code, "offset %" G_GUINT64_FORMAT ": %s: %s", offset, path->str,
              text);
  return false;
}

bool reader_fail_tag(struct reader *reader, const struct tlv *tlv, ber_tlv_tag_t expected)
{
  char found[40], wanted[40];
  descriptor_tag_name(tlv->tag, found, sizeof found);
  descriptor_tag_name(expected, wanted, sizeof wanted);
  return reader_fail(reader, ASN1_ERROR_SYNTAX, tlv->start, "tag %s where %s is expected", found, wanted);
}

/* Octets at reader->at: at least wanted, fewer only at the end of source. NULL when the file cannot be read.
 */
static const guint8 *view(struct reader *reader, gsize wanted, gsize *have_r)
{
  guint64 left = reader->length - reader->at;
  if (reader->at >= reader->window_start && reader->at <= reader->window_end &&
      reader->window_end - reader->at >= MIN((guint64)wanted, left)) {
    *have_r = (gsize)(reader->window_end - reader->at);
    return reader->window + (reader->at - reader->window_start);
  }
  gsize length = (gsize)MIN((guint64)WINDOW, left);
  g_autoptr(GError) error = NULL;
  if (!octets_read(reader->source, reader->at, reader->buffer, length, &error)) {
    reader_fail(reader, ASN1_ERROR_READ, reader->at, "%s", error->message);
    return NULL;
  }
  reader->window = reader->buffer;
  reader->window_start = reader->at;
  reader->window_end = reader->at + length;
  *have_r = length;
  return reader->window;
}

bool reader_copy(struct reader *reader, guint64 offset, guint8 *out, gsize length)
{
  if (offset >= reader->window_start && offset + length <= reader->window_end) {
    memcpy(out, reader->window + (offset - reader->window_start), length);
    return true;
  }
  g_autoptr(GError) error = NULL;
  return octets_read(reader->source, offset, out, length, &error) ||
         reader_fail(reader, ASN1_ERROR_READ, offset, "%s", error->message);
}

static bool fail_short(struct reader *reader, guint64 offset, guint64 end)
{
  if (end == reader->length && !reader->outermost_ends)
    return reader_fail(reader, ASN1_ERROR_TRUNCATED, offset, "the octets end inside a tag or length");
  return reader_fail(reader, ASN1_ERROR_SYNTAX, offset, "a tag or length reaches beyond its parent");
}

/* X.690 8.1.2: returns how many octets the tag takes; 0: not whole, -1: failed. */
static int parse_tag(struct reader *reader, const guint8 *octet, gsize have, struct tlv *tlv)
{
  ber_tlv_tag_t class = octet[0] >> 6;
  ber_tlv_tag_t number = octet[0] & 0x1f;
  tlv->constructed = octet[0] & 0x20;
  if (number != 0x1f) {
    tlv->tag = number << 2 | class;
    return 1;
  }
  number = 0;
  for (gsize i = 1; i < have; i++) {
    if (i == 1 && octet[i] == 0x80) {
      reader_fail(reader, ASN1_ERROR_SYNTAX, reader->at,
                  "a tag number with leading zeroes (X.690 8.1.2.4.2)");
      return -1;
    }
    if (number >> 22) { /* asn1c keeps 30 bits of the number */
      reader_fail(reader, ASN1_ERROR_SYNTAX, reader->at, "a tag number beyond 2^29");
      return -1;
    }
    number = number << 7 | (octet[i] & 0x7f);
    if (octet[i] & 0x80)
      continue;
    if (number < 0x1f) {
      reader_fail(reader, ASN1_ERROR_SYNTAX, reader->at,
                  "a tag number below 31 in the long form (X.690 8.1.2.2)");
      return -1;
    }
    tlv->tag = number << 2 | class;
    return (int)i + 1;
  }
  return 0;
}

/* Reads the header of the TLV at reader->at, which must lie before end. */
static bool read_header(struct reader *reader, guint64 end, struct tlv *tlv)
{
  gsize have = 0;
  const guint8 *octet = view(reader, HEADER_MAX, &have);
  if (!octet)
    return false;
  have = (gsize)MIN((guint64)have, end - reader->at);
  tlv->start = reader->at;
  if (have < 2)
    return fail_short(reader, reader->at, end);
  int tag_size = parse_tag(reader, octet, have, tlv);
  if (tag_size < 0)
    return false;
  gsize used = (gsize)tag_size;
  if (tag_size == 0 || used == have)
    return fail_short(reader, reader->at, end);
  if (tlv->tag == 0)
    return reader_fail(reader, ASN1_ERROR_SYNTAX, tlv->start,
                       "end-of-contents octets where none belong (X.690 8.1.5)");

  /* X.690 8.1.3 */
  guint8 first = octet[used++];
  guint64 length = first;
  tlv->indefinite = first == 0x80;
  if (first == 0xff)
    return reader_fail(reader, ASN1_ERROR_SYNTAX, tlv->start,
                       "the length octet FF is reserved (X.690 8.1.3.5)");
  if (tlv->indefinite && !tlv->constructed)
    return reader_fail(reader, ASN1_ERROR_SYNTAX, tlv->start,
                       "a primitive encoding of indefinite length (X.690 8.1.3.2)");
  if (first > 0x80) {
    length = 0;
    for (guint i = first & 0x7f; i; i--) {
      if (used == have)
        return fail_short(reader, tlv->start, end);
      if (length >> 55)
        return reader_fail(reader, ASN1_ERROR_SYNTAX, tlv->start, "a length beyond 2^63");
      length = length << 8 | octet[used++];
    }
  }
  reader->at += used;
  tlv->contents = reader->at;
  tlv->end = end;
  if (tlv->indefinite)
    return true;
  if (length > end - reader->at) {
    if (end == reader->length && !reader->outermost_ends)
      return reader_fail(reader, ASN1_ERROR_TRUNCATED, tlv->start,
                         "length %" G_GUINT64_FORMAT ", but %" G_GUINT64_FORMAT " octets are there", length,
                         end - reader->at);
    return reader_fail(reader, ASN1_ERROR_SYNTAX, tlv->start,
                       "length %" G_GUINT64_FORMAT " reaches beyond its parent", length);
  }
  tlv->end = reader->at + length;
  return true;
}

static bool read_element(struct reader *reader, guint64 end, struct tlv *tlv)
{
  if (++reader->elements > reader->limits.elements)
    return reader_fail(reader, ASN1_ERROR_LIMIT, reader->at, "more than %u elements (limit elements)",
                       reader->limits.elements);
  return read_header(reader, end, tlv);
}

bool reader_segment(struct reader *reader, guint64 end, struct tlv *tlv)
{
  if (++reader->segments > reader->limits.segments)
    return reader_fail(reader, ASN1_ERROR_LIMIT, reader->at,
                       "more than %u segments of strings and open types (limit segments)",
                       reader->limits.segments);
  return read_header(reader, end, tlv);
}

bool reader_down(struct reader *reader, const struct tlv *tlv)
{
  if (++reader->depth > reader->limits.depth)
    return reader_fail(reader, ASN1_ERROR_LIMIT, tlv->start, "nested deeper than %u (limit depth)",
                       reader->limits.depth);
  return true;
}

void reader_up(struct reader *reader)
{
  reader->depth--;
}

enum reader_more reader_look(struct reader *reader, const struct tlv *parent)
{
  if (!parent->indefinite)
    return reader->at < parent->end ? READER_MORE : READER_END;
  if (reader->at == parent->end) {
    if (parent->end == reader->length && !reader->outermost_ends)
      reader_fail(reader, ASN1_ERROR_TRUNCATED, reader->at,
                  "the octets end before the end-of-contents octets of offset %" G_GUINT64_FORMAT,
                  parent->start);
    else
      reader_fail(reader, ASN1_ERROR_SYNTAX, reader->at,
                  "no end-of-contents octets for the indefinite length at offset %" G_GUINT64_FORMAT
                  " (X.690 8.1.5)",
                  parent->start);
    return READER_FAILED;
  }
  gsize have = 0;
  const guint8 *octet = view(reader, 2, &have);
  if (!octet)
    return READER_FAILED;
  if (octet[0] != 0)
    return READER_MORE;
  if (parent->end - reader->at < 2) {
    fail_short(reader, reader->at, parent->end);
    return READER_FAILED;
  }
  if (octet[1] != 0) {
    reader_fail(reader, ASN1_ERROR_SYNTAX, reader->at, "bad end-of-contents octets 00 %02X (X.690 8.1.5)",
                octet[1]);
    return READER_FAILED;
  }
  reader->at += 2;
  return READER_END;
}

enum reader_more reader_next(struct reader *reader, const struct tlv *parent, struct tlv *child)
{
  enum reader_more more = reader_look(reader, parent);
  if (more != READER_MORE)
    return more;
  return read_element(reader, parent->end, child) ? READER_MORE : READER_FAILED;
}

bool reader_finish(struct reader *reader, const struct tlv *parent, const char *what)
{
  switch (reader_look(reader, parent)) {
  case READER_END:
    return true;
  case READER_MORE:
    return reader_fail(reader, ASN1_ERROR_SYNTAX, reader->at, "octets follow %s", what);
  default:
    return false;
  }
}

/* What is inside counts as segments: nothing is made of it, and a body in 100,000 segments may well be there.
 */
bool reader_skip(struct reader *reader, const struct tlv *tlv)
{
  if (!tlv->constructed) {
    reader->at = tlv->end;
    return true;
  }
  if (!reader_down(reader, tlv))
    return false;
  for (;;) {
    struct tlv child;
    enum reader_more more = reader_look(reader, tlv);
    if (more == READER_END)
      break;
    if (more == READER_FAILED || !reader_segment(reader, tlv->end, &child) || !reader_skip(reader, &child))
      return false;
  }
  reader_up(reader);
  return true;
}

/* --- beginning and end --- */

struct asn1_limits reader_limits(const struct asn1_limits *limits)
{
  struct asn1_limits all = limits ? *limits : (struct asn1_limits){0};
  all.total = all.total ? all.total : G_GUINT64_CONSTANT(2) << 30;
  all.depth = MIN(all.depth ? all.depth : 64, DEPTH_MAX);
  all.elements = all.elements ? all.elements : 200000;
  all.segments = all.segments ? all.segments : 2000000;
  all.inline_string = MIN(all.inline_string ? all.inline_string : 65536, INLINE_MAX);
  all.any = MIN(all.any ? all.any : 65536, INLINE_MAX);
  return all;
}

void reader_init(struct reader *reader, struct octets *source, const struct asn1_limits *limits,
                 const char *type_name)
{
  *reader = (struct reader){
      .source = source,
      .length = octets_length(source),
      .window = octets_peek_memory(source),
      .limits = reader_limits(limits),
      .type_name = type_name,
  };
  if (reader->window)
    reader->window_end = reader->length;
  else
    reader->buffer = g_malloc((gsize)MIN(reader->length, (guint64)WINDOW) + 1);
}

void reader_clear(struct reader *reader)
{
  g_free(reader->buffer);
  g_clear_error(&reader->error);
}

bool reader_first(struct reader *reader, struct tlv *tlv)
{
  if (reader->length > reader->limits.total)
    return reader_fail(reader, ASN1_ERROR_LIMIT, 0,
                       "%" G_GUINT64_FORMAT " octets are more than %" G_GUINT64_FORMAT " (limit total)",
                       reader->length, reader->limits.total);
  if (reader->length == 0)
    return reader_fail(reader, ASN1_ERROR_TRUNCATED, 0, "no octets at all");
  if (!read_element(reader, reader->length, tlv))
    return false;
  reader->outermost_ends = !tlv->indefinite;
  return true;
}
