/* edi_interchange.c - the first segments of an interchange as X.435 8.2 repeats them: UNA and UNB, ISA, STX;
 * and the message types of its UNH, ST and MHD.
 *
 * A segment is split by its separators into elements and these into components; a table says which component
 * is which field. */
#include "mapping/edi.h"

#include <stddef.h>
#include <string.h>

enum { READ_MAX = 262144, ELEMENTS_MAX = 32, COMPONENTS_MAX = 8, TYPES_MAX = 64, VALUE_MAX = 64 };

struct syntax {
  guint8 tag, element, component, release,
      terminator; /* tag: behind the segment's tag; release 0: there is none */
};

/* Extents of the components in the segment. */
struct segment {
  struct {
    const guint8 *at;
    gsize length;
  } parts[ELEMENTS_MAX][COMPONENTS_MAX];
};

/* The segment at *at_r, which moves behind its terminator; false: there is no whole one. */
static bool next_segment(const struct syntax *syntax, const guint8 *octets, gsize length, gsize *at_r,
                         struct segment *segment)
{
  gsize at = *at_r, element = 0, component = 0;
  while (at < length && (octets[at] == '\r' || octets[at] == '\n') && octets[at] != syntax->terminator)
    at++;
  memset(segment, 0, sizeof *segment);
  for (gsize start = at; at < length; at++) {
    guint8 octet = octets[at];
    if (syntax->release && octet == syntax->release && at + 1 < length) {
      at++;
      continue;
    }
    bool after_tag = !element && octet == syntax->tag;
    bool ends = octet == syntax->terminator, new_element = octet == syntax->element || after_tag;
    /* The first element of ISA to the fifteenth may not hold a component separator, and the sixteenth is one.
     */
    if (!ends && !new_element && octet != syntax->component)
      continue;
    if (element < ELEMENTS_MAX && component < COMPONENTS_MAX) {
      segment->parts[element][component].at = octets + start;
      segment->parts[element][component].length = at - start;
    }
    start = at + 1;
    if (ends) {
      *at_r = at + 1;
      return true;
    }
    element += new_element;
    component = new_element ? 0 : component + 1;
  }
  return false;
}

/* Owned; NULL for what is empty, or all spaces (X12 fills with them). */
static char *value(const struct syntax *syntax, const struct segment *segment, guint element, guint component)
{
  const guint8 *at = segment->parts[element][component].at;
  gsize length = segment->parts[element][component].length;
  g_autoptr(GString) text = g_string_new(NULL);
  for (gsize i = 0; i < length && text->len < VALUE_MAX; i++) {
    if (syntax->release && at[i] == syntax->release && i + 1 < length)
      i++;
    g_string_append_c(text, (char)at[i]);
  }
  while (text->len && text->str[text->len - 1] == ' ')
    g_string_truncate(text, text->len - 1);
  return text->len ? g_strdup(text->str) : NULL;
}

static bool has_tag(const struct segment *segment, const char *tag)
{
  return segment->parts[0][0].length == strlen(tag) && !memcmp(segment->parts[0][0].at, tag, strlen(tag));
}

/* --- which component is which field --- */

struct place {
  guint8 element, component;
  size_t offset; /* of a char* */
};
#define AT(element, component, member)                                                                       \
  {                                                                                                          \
    element, component, offsetof(struct edi_interchange, member)                                             \
  }

static const struct place unb[] = {
    AT(1, 0, syntax),
    AT(1, 1, version),
    AT(2, 0, sender),
    AT(2, 1, sender_qualifier),
    AT(2, 2, sender_routing),
    AT(3, 0, recipient),
    AT(3, 1, recipient_qualifier),
    AT(3, 2, recipient_routing),
    AT(5, 0, reference),
    AT(6, 0, recipient_reference),
    AT(6, 1, recipient_reference_qualifier),
    AT(7, 0, application_reference),
    AT(8, 0, priority),
    AT(10, 0, agreement),
};
static const struct place isa[] = {
    AT(1, 0, authorization_qualifier), AT(2, 0, authorization),    AT(3, 0, recipient_reference_qualifier),
    AT(4, 0, recipient_reference),     AT(5, 0, sender_qualifier), AT(6, 0, sender),
    AT(7, 0, recipient_qualifier),     AT(8, 0, recipient),        AT(13, 0, reference),
};
static const struct place stx[] = {
    AT(1, 0, syntax),
    AT(1, 1, version),
    AT(2, 0, sender),
    AT(3, 0, recipient),
    AT(5, 0, reference),
    AT(6, 0, recipient_reference),
    AT(7, 0, application_reference),
    AT(8, 0, priority),
};

/* The first segment of each kind; date: of the element with date and time, time: a component of it, or the
 * element behind. */
static const struct first {
  enum edi_kind kind;
  const struct place *places;
  gsize count;
  guint8 date_element, time_element, time_component;
  guint8 acknowledgement, test;
  const char *test_value;
  const char *message_tag;
  guint8 type_element;
} firsts[] = {
    {EDI_EDIFACT, unb, G_N_ELEMENTS(unb), 4, 4, 1, 9, 11, "1", "UNH", 2},
    {EDI_X12, isa, G_N_ELEMENTS(isa), 9, 10, 0, 14, 15, "T", "ST", 1},
    {EDI_TRADACOMS, stx, G_N_ELEMENTS(stx), 4, 4, 1, 0, 0, "", "MHD", 2},
};

static char *utc_time(const char *date, const char *time)
{
  gsize length = date ? strlen(date) : 0;
  if (length < 6 || !time || strlen(time) < 4 || strspn(date, "0123456789") != length ||
      strspn(time, "0123456789") < 4)
    return NULL;
  return g_strdup_printf("%s%.4sZ", date + length - 6, time); /* ISO 9735-4: the year may have four digits */
}

static void read_first(const struct first *first, const struct syntax *syntax, const struct segment *segment,
                       struct edi_interchange *interchange)
{
  for (gsize i = 0; i < first->count; i++) {
    char **field = (char **)((char *)interchange + first->places[i].offset);
    *field = value(syntax, segment, first->places[i].element, first->places[i].component);
  }
  g_autofree char *date = value(syntax, segment, first->date_element, 0),
                  *time = value(syntax, segment, first->time_element, first->time_component),
                  *acknowledgement = value(syntax, segment, first->acknowledgement, 0),
                  *test = value(syntax, segment, first->test, 0);
  interchange->prepared = utc_time(date, time);
  interchange->acknowledgement = first->acknowledgement && !g_strcmp0(acknowledgement, "1");
  interchange->test = first->test && !g_strcmp0(test, first->test_value);
}

static void add_type(struct edi_interchange *interchange, char *type)
{
  bool known = !type || interchange->types->len >= TYPES_MAX;
  for (guint i = 0; i < interchange->types->len && !known; i++)
    known = !strcmp(interchange->types->pdata[i], type);
  if (known)
    g_free(type);
  else
    g_ptr_array_add(interchange->types, type);
}

/* Separators: of UNA or the defaults of ISO 9735 5.1; of ISA's fixed places. *at_r moves to the first
 * segment. */
static struct syntax syntax_of(const guint8 *octets, gsize length, gsize *at_r,
                               struct edi_interchange *interchange)
{
  while (strchr("\r\n \t", octets[*at_r])) /* a segment follows: it was recognised */
    (*at_r)++;
  const guint8 *first = octets + *at_r;
  struct syntax syntax = {'+', '+', ':', '?', '\''};
  (void)length;
  if (interchange->kind == EDI_X12) {
    syntax = (struct syntax){first[3], first[3], first[104], 0, first[105]};
  } else if (interchange->kind == EDI_TRADACOMS) {
    syntax.tag = '=';
  } else if (!memcmp(first, "UNA", 3)) {
    interchange->has_advice = true;
    memcpy(interchange->advice, first + 3, 6);
    syntax = (struct syntax){first[4], first[4], first[3], first[6] == ' ' ? 0 : first[6], first[8]};
    *at_r += 9;
    while (*at_r < length && strchr("\r\n \t", octets[*at_r]))
      (*at_r)++;
  } else {
    syntax.tag = syntax.element = first[3];
    /* UNOB without UNA: the separators of ISO 9735 level B. */
    if (first[3] == 0x1D)
      syntax = (struct syntax){0x1D, 0x1D, 0x1F, 0, 0x1C};
  }
  return syntax;
}

static void read_segments(const guint8 *octets, gsize length, struct edi_interchange *interchange)
{
  const struct first *first = NULL;
  for (gsize i = 0; i < G_N_ELEMENTS(firsts); i++)
    if (firsts[i].kind == interchange->kind)
      first = &firsts[i];
  gsize at = 0;
  struct syntax syntax = syntax_of(octets, length, &at, interchange);
  struct segment segment;
  if (!next_segment(&syntax, octets, length, &at, &segment))
    return;
  read_first(first, &syntax, &segment, interchange);
  while (next_segment(&syntax, octets, length, &at, &segment))
    if (has_tag(&segment, first->message_tag))
      add_type(interchange, value(&syntax, &segment, first->type_element, 0));
}

struct edi_interchange *edi_interchange_read(const struct octets *octets)
{
  gsize length = (gsize)MIN(octets_length(octets), (guint64)READ_MAX);
  g_autofree guint8 *beginning = g_malloc(length + 1);
  if (!octets_read(octets, 0, beginning, length, NULL))
    return NULL;
  enum edi_kind kind = edi_recognise(beginning, length);
  if (kind == EDI_NONE)
    return NULL;
  struct edi_interchange *interchange = g_new0(struct edi_interchange, 1);
  interchange->kind = kind;
  interchange->types = g_ptr_array_new_with_free_func(g_free);
  interchange->cut = octets_length(octets) > length;
  read_segments(beginning, length, interchange);
  return interchange;
}

void edi_interchange_free(struct edi_interchange *interchange)
{
  if (!interchange)
    return;
  char **const fields[] = {&interchange->syntax,
                           &interchange->version,
                           &interchange->sender,
                           &interchange->sender_qualifier,
                           &interchange->sender_routing,
                           &interchange->recipient,
                           &interchange->recipient_qualifier,
                           &interchange->recipient_routing,
                           &interchange->prepared,
                           &interchange->reference,
                           &interchange->recipient_reference,
                           &interchange->recipient_reference_qualifier,
                           &interchange->application_reference,
                           &interchange->priority,
                           &interchange->agreement,
                           &interchange->authorization,
                           &interchange->authorization_qualifier};
  for (gsize i = 0; i < G_N_ELEMENTS(fields); i++)
    g_free(*fields[i]);
  g_ptr_array_unref(interchange->types);
  g_free(interchange);
}
