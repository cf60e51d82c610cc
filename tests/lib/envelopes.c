#include "lib/envelopes.h"

#include <string.h>

#define TRACE "69{30{" GDI_FAR "31{80'231101120000Z' 82<00>}}}"
#define ANN "60{30{" DE_X " A2{13'far'} A5{80'ann'}}}"
#define IPM "04{A0{31{6B{13'ipm-1'}} 30{A0{31{} 16'hello'}}}}"

/* --- writing --- */

/* Does a field stand back for one of those that are given?  One has the same tag, or both are content types.
 */
static bool is_replaced(const char *field, const char *given)
{
  guint depth = 0;
  for (const char *at = given; *at; at++) {
    if (*at == '\'')
      at = strchr(at + 1, '\'');
    else if (*at == '{' || *at == '<')
      depth++;
    else if (*at == '}' || *at == '>')
      depth--;
    else if (!depth && g_ascii_isxdigit(at[0]) && g_ascii_isxdigit(at[1])) {
      if (!g_ascii_strncasecmp(field, at, 2) || (g_str_has_prefix(field, "46") && g_str_has_prefix(at, "06")))
        return true;
      at++;
    }
  }
  return false;
}

static char *merge(const char *const *base, const char *given)
{
  GString *text = g_string_new(NULL);
  for (guint i = 0; base[i]; i++)
    if (!given || !is_replaced(base[i], given))
      g_string_append(text, base[i]);
  if (given)
    g_string_append(text, given);
  return g_string_free(text, FALSE);
}

static const char *at(enum envelope_place wanted, enum envelope_place place, const char *fields)
{
  return wanted == place ? fields : NULL;
}

/* Extensions under their tag, when there are any. */
static char *extensions(const char *tag, enum envelope_place wanted, enum envelope_place place,
                        const char *fields)
{
  return wanted == place && *fields ? g_strdup_printf("%s{%s}", tag, fields) : g_strdup("");
}

static char *message(enum envelope_place place, const char *fields, const char *name, const char *content)
{
  g_autofree char *inner = extensions("A3", IN_RECIPIENT_EXTENSIONS, place, fields);
  const char *const each[] = {name, "80<01>", "81<00A8>", inner, NULL};
  g_autofree char *recipient = merge(each, at(IN_RECIPIENT, place, fields));
  g_autofree char *list = g_strdup_printf("A2{31{%s}}", recipient);
  g_autofree char *outer = extensions("A3", IN_MESSAGE_EXTENSIONS, place, fields);
  const char *const all[] = {"64{" GDI_FAR "16'm-1'}", ANN, "46<16>", TRACE, outer, list, NULL};
  g_autofree char *envelope = merge(all, at(IN_MESSAGE, place, fields));
  return g_strdup_printf("A0{31{%s} %s}", envelope, place == IN_CONTENT ? fields : content);
}

static char *probe(enum envelope_place place, const char *fields, const char *name)
{
  g_autofree char *inner = extensions("A3", IN_PROBE_RECIPIENT_EXTENSIONS, place, fields);
  const char *const each[] = {name, "80<01>", "81<00D0>", inner, NULL};
  g_autofree char *recipient = merge(each, at(IN_PROBE_RECIPIENT, place, fields));
  g_autofree char *list = g_strdup_printf("A2{31{%s}}", recipient);
  g_autofree char *outer = extensions("A3", IN_PROBE_EXTENSIONS, place, fields);
  const char *const all[] = {"64{" GDI_FAR "16'p-1'}", ANN, "46<16>", TRACE, outer, list, NULL};
  g_autofree char *envelope = merge(all, at(IN_PROBE, place, fields));
  return g_strdup_printf("A2{%s}", envelope);
}

static char *report(enum envelope_place place, const char *fields, const char *name)
{
  g_autofree char *outer = extensions("A1", IN_REPORT_EXTENSIONS, place, fields);
  const char *const all[] = {"64{" GDI_FAR "16'r-1'}", name, TRACE, outer, NULL};
  g_autofree char *envelope = merge(all, at(IN_REPORT, place, fields));
  g_autofree char *inner = extensions("A6", IN_REPORT_RECIPIENT_EXTENSIONS, place, fields);
  const char *const each[] = {"A0{30{" DE_X " A2{13'far'} A5{80'carl'}}}",   "81<01>", "82<00A8>",
                              "A3{80'231101120000Z' A1{A1{80<01> 81<00>}}}", inner,    NULL};
  g_autofree char *recipient = merge(each, at(IN_REPORT_RECIPIENT, place, fields));
  g_autofree char *list = g_strdup_printf("A0{31{%s}}", recipient);
  g_autofree char *middle = extensions("A3", IN_REPORT_CONTENT_EXTENSIONS, place, fields);
  const char *const about[] = {"64{63{61{13'de'}62{13'x'}13'land'}16's-1'}", middle, list, NULL};
  g_autofree char *content = merge(about, at(IN_REPORT_CONTENT, place, fields));
  return g_strdup_printf("A1{31{%s} 31{%s}}", envelope, content);
}

static GByteArray *apdu_for(enum envelope_place place, const char *fields, const char *name,
                            const char *content)
{
  g_autofree char *text = place >= IN_REPORT  ? report(place, fields, name)
                          : place >= IN_PROBE ? probe(place, fields, name)
                                              : message(place, fields, name, content);
  return notation_octets(text);
}

GByteArray *envelopes_apdu(enum envelope_place place, const char *fields)
{
  return apdu_for(place, fields, NAME_LEE, "04<00FF80>"); /* a content that nobody here can read */
}

GByteArray *envelopes_apdu_mail(enum envelope_place place, const char *fields)
{
  return apdu_for(place, fields, NAME_BOB, IPM);
}

/* --- reading: definite lengths and one-octet tags, as our encoder writes them --- */

struct tlv {
  guint8 tag;
  const guint8 *start, *contents, *end;
};

static bool next(const guint8 **cursor, const guint8 *end, struct tlv *tlv)
{
  const guint8 *position = *cursor;
  if (end - position < 2)
    return false;
  *tlv = (struct tlv){.tag = position[0], .start = position};
  gsize length = position[1];
  position += 2;
  if (length & 0x80) {
    guint count = length & 0x7f;
    for (length = 0; count-- > 0;)
      length = length << 8 | *position++;
  }
  tlv->contents = position;
  tlv->end = position + length;
  *cursor = tlv->end;
  return tlv->end <= end;
}

/* Into the n-th child (from 1) with this tag. */
static bool enter(struct tlv *tlv, guint8 tag, guint n)
{
  const guint8 *cursor = tlv->contents;
  struct tlv child;
  while (next(&cursor, tlv->end, &child))
    if (child.tag == tag && --n == 0) {
      *tlv = child;
      return true;
    }
  return false;
}

static bool go_to(GBytes *apdu, enum envelope_place place, struct tlv *tlv)
{
  static const struct {
    guint8 tag, n;
  } paths[][6] = {
      [IN_MESSAGE] = {{0xA0, 1}, {0x31, 1}},
      [IN_MESSAGE_EXTENSIONS] = {{0xA0, 1}, {0x31, 1}, {0xA3, 1}},
      [IN_RECIPIENT] = {{0xA0, 1}, {0x31, 1}, {0xA2, 1}, {0x31, 1}},
      [IN_RECIPIENT_EXTENSIONS] = {{0xA0, 1}, {0x31, 1}, {0xA2, 1}, {0x31, 1}, {0xA3, 1}},
      [IN_CONTENT] = {{0xA0, 1}},
      [IN_PROBE] = {{0xA2, 1}},
      [IN_PROBE_EXTENSIONS] = {{0xA2, 1}, {0xA3, 1}},
      [IN_PROBE_RECIPIENT] = {{0xA2, 1}, {0xA2, 1}, {0x31, 1}},
      [IN_PROBE_RECIPIENT_EXTENSIONS] = {{0xA2, 1}, {0xA2, 1}, {0x31, 1}, {0xA3, 1}},
      [IN_REPORT] = {{0xA1, 1}, {0x31, 1}},
      [IN_REPORT_EXTENSIONS] = {{0xA1, 1}, {0x31, 1}, {0xA1, 1}},
      [IN_REPORT_CONTENT] = {{0xA1, 1}, {0x31, 2}},
      [IN_REPORT_CONTENT_EXTENSIONS] = {{0xA1, 1}, {0x31, 2}, {0xA3, 1}},
      [IN_REPORT_RECIPIENT] = {{0xA1, 1}, {0x31, 2}, {0xA0, 1}, {0x31, 1}},
      [IN_REPORT_RECIPIENT_EXTENSIONS] = {{0xA1, 1}, {0x31, 2}, {0xA0, 1}, {0x31, 1}, {0xA6, 1}},
  };
  gsize length;
  const guint8 *octets = g_bytes_get_data(apdu, &length);
  *tlv = (struct tlv){.contents = octets, .end = octets + length};
  for (guint i = 0; i < G_N_ELEMENTS(paths[0]) && paths[place][i].tag; i++)
    if (!enter(tlv, paths[place][i].tag, paths[place][i].n))
      return false;
  return true;
}

char *envelopes_check(GBytes *apdu, enum envelope_place place, const char *field)
{
  g_autoptr(GByteArray) wanted = notation_octets(field);
  struct tlv tlv, child;
  if (!go_to(apdu, place, &tlv))
    return g_strdup("there is no such place");
  const guint8 *cursor = tlv.contents;
  while (next(&cursor, tlv.end, &child))
    if ((gsize)(child.end - child.start) == wanted->len && !memcmp(child.start, wanted->data, wanted->len))
      return NULL;
  g_autofree char *is = notation_hex(tlv.contents, (gsize)(tlv.end - tlv.contents)),
                  *should = notation_hex(wanted->data, wanted->len);
  return g_strdup_printf("%s is not in %s", should, is);
}

GBytes *envelopes_find(GBytes *apdu, enum envelope_place place, guint8 tag)
{
  struct tlv tlv;
  if (!go_to(apdu, place, &tlv) || !enter(&tlv, tag, 1))
    return NULL;
  return g_bytes_new(tlv.contents, (gsize)(tlv.end - tlv.contents));
}
