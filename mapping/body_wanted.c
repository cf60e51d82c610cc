/* body_wanted.c - RFC 2157 4.1: the field Wanted-X400-Conversion, by which a sender says what a part is to
 * become. */
#include "mapping/body.h"

#include <string.h>

/* A field says what becomes of its own part, or of all parts of a type ("from") inside it. */
struct wanted {
  char *from; /* media type; NULL: of the part itself */
  char *oid;  /* dotted; NULL: "tunnel", encapsulation */
  enum body_wish wish;
};

static void wanted_free(gpointer data)
{
  struct wanted *wanted = data;
  g_free(wanted->from);
  g_free(wanted->oid);
  g_free(wanted);
}

/* RFC 822 comments go. */
static char *without_comments(const char *body)
{
  GString *text = g_string_new(NULL);
  guint depth = 0;
  for (; *body; body++) {
    depth -= depth && *body == ')';
    if (!depth && *body != ')' && *body != '(')
      g_string_append_c(text, *body);
    depth += *body == '(';
  }
  return g_string_free(text, FALSE);
}

/* NULL: it is none that can be followed. */
static struct wanted *parse(const char *body)
{
  static const struct {
    const char *word;
    enum body_wish wish;
  } words[] = {
      {"bp14", BODY_WISH_BP14}, {"bp15", BODY_WISH_BP15}, {"ftbp", BODY_WISH_FTBP}, {"ia5", BODY_WISH_IA5}};
  g_autofree char *text = without_comments(body);
  g_auto(GStrv) tokens = g_strsplit_set(text, " \t", -1);
  struct wanted *wanted = g_new0(struct wanted, 1);
  for (char **token = tokens, **word = NULL; *token; token++) {
    if (!**token)
      continue;
    if (!word) {
      word = token;
      continue;
    }
    if (!g_ascii_strcasecmp(*word, "from")) {
      wanted->from = wanted->from ? wanted->from : g_ascii_strdown(*token, -1);
    } else if (!g_ascii_strcasecmp(*word, "to") && g_ascii_strcasecmp(*token, "tunnel") != 0) {
      g_autoptr(GByteArray) octets = g_byte_array_new();
      if (!wanted->oid && oid_from_dotted(*token, octets))
        wanted->oid = g_strdup(*token);
    } else if (!g_ascii_strcasecmp(*word, "in")) {
      for (gsize i = 0; i < G_N_ELEMENTS(words); i++)
        if (!g_ascii_strcasecmp(*token, words[i].word))
          wanted->wish = words[i].wish;
    }
    word = NULL;
  }
  if (wanted->wish != BODY_WISH_NONE)
    return wanted;
  wanted_free(wanted);
  return NULL;
}

static const char field_name[] = "Wanted-X400-Conversion";

static bool is_field(const struct mime_field *field)
{
  return !g_ascii_strcasecmp(field->name, field_name);
}

/* --- of what is around a part --- */

guint body_wanted_enter(struct to_x400 *to, const struct mime_part *part)
{
  if (!to->wanted)
    to->wanted = g_ptr_array_new_with_free_func(wanted_free);
  guint before = to->wanted->len;
  for (guint i = 0; i < part->fields->len; i++) {
    const struct mime_field *field = part->fields->pdata[i];
    struct wanted *wanted = is_field(field) ? parse(field->body) : NULL;
    if (wanted && wanted->from)
      g_ptr_array_add(to->wanted, wanted);
    else if (wanted)
      wanted_free(wanted);
  }
  return before;
}

void body_wanted_leave(struct to_x400 *to, guint before)
{
  if (to->wanted && before)
    g_ptr_array_set_size(to->wanted, (gint)before);
  else
    g_clear_pointer(&to->wanted, g_ptr_array_unref);
}

/* --- of a part --- */

enum body_wish body_wanted(const struct making *making, char **oid_r)
{
  *oid_r = NULL;
  for (guint i = 0; i < making->part->fields->len; i++) {
    const struct mime_field *field = making->part->fields->pdata[i];
    struct wanted *wanted = is_field(field) ? parse(field->body) : NULL;
    if (wanted && (!wanted->from || !strcmp(wanted->from, making->part->type->value))) {
      enum body_wish wish = wanted->wish;
      *oid_r = g_steal_pointer(&wanted->oid);
      wanted_free(wanted);
      return wish;
    }
    if (wanted)
      wanted_free(wanted);
  }
  for (guint i = making->to->wanted ? making->to->wanted->len : 0; i-- > 0;) {
    const struct wanted *wanted = making->to->wanted->pdata[i];
    if (strcmp(wanted->from, making->part->type->value) != 0)
      continue;
    *oid_r = g_strdup(wanted->oid);
    return wanted->wish;
  }
  return BODY_WISH_NONE;
}

enum body_status body_make_wanted(struct making *making, GError **error)
{
  g_autofree char *oid = NULL;
  enum body_wish wish = body_wanted(making, &oid);
  if (making->part->kind != MIME_LEAF ||
      (making->to->old && (wish == BODY_WISH_BP15 || wish == BODY_WISH_FTBP)))
    return BODY_OTHER;
  switch (wish) {
  case BODY_WISH_BP14:
    return body_make_bilateral(making, error);
  case BODY_WISH_BP15:
    return oid ? body_make_octets(making, oid, error) : body_make_mime(making, error);
  case BODY_WISH_FTBP:
    return body_make_file_of(making, oid, error);
  case BODY_WISH_IA5:
    return body_make_harpoon(making, error);
  default:
    return BODY_OTHER;
  }
}
