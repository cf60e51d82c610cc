/* ldap_frame.c - set-up, questions and answers as octets: plain GVariants, checked where they arrive. */
#include "ldap/ldap_helper.h"

enum { RECORDS_MAX = 64 };

static GBytes *packed(GVariant *value)
{
  g_autoptr(GVariant) owned = g_variant_ref_sink(value);
  return g_variant_get_data_as_bytes(owned);
}

static const char *or_empty(const char *text)
{
  return text ? text : "";
}

GBytes *ldap_setup_pack(const struct ldap_setup *setup)
{
  return packed(g_variant_new("(ssssbu)", setup->url, or_empty(setup->bind_dn), or_empty(setup->password),
                              or_empty(setup->ca), setup->start_tls, setup->timeout_s));
}

GBytes *ldap_question_pack(const char *name, const char *root)
{
  return packed(g_variant_new("(ss)", name, root));
}

GBytes *ldap_answer_pack(enum ldap_state state, const char *words, const GPtrArray *records)
{
  GVariantBuilder list;
  g_variant_builder_init(&list, G_VARIANT_TYPE("as"));
  for (guint i = 0; records && i < records->len && i < RECORDS_MAX; i++)
    g_variant_builder_add(&list, "s", records->pdata[i]);
  return packed(g_variant_new("(usas)", (guint)state, or_empty(words), &list));
}

bool ldap_answer_unpack(GBytes *frame, enum ldap_state *state_r, char **words_r, GPtrArray *records)
{
  g_autoptr(GVariant) value =
      g_variant_ref_sink(g_variant_new_from_bytes(G_VARIANT_TYPE("(usas)"), frame, FALSE));
  if (!g_variant_is_normal_form(value))
    return false;
  guint state;
  const char *words;
  g_autofree const char **texts = NULL;
  g_variant_get(value, "(u&s^a&s)", &state, &words, &texts);
  if (state > LDAP_STATE_INDETERMINATE)
    return false;
  *state_r = (enum ldap_state)state;
  *words_r = g_strdup(words);
  for (guint i = 0; texts[i] && i < RECORDS_MAX; i++)
    g_ptr_array_add(records, g_strdup(texts[i]));
  return true;
}
