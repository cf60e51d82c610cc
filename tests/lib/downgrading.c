#include "lib/downgrading.h"

#include "asn1/codec.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#include <MPDU.h>
#include <MTS-APDU.h>
#include <UAPDU.h>

#define ROUTE(peer) "{'or': <'/PRMD=" peer "/ADMD=x/C=de/'>, 'peer': <'" peer "'>}"

static const char SETTINGS[] =
    "{'domain': <'sea.example'>, 'or-address': <'/S=gateway/PRMD=sea/ADMD=x/C=de/'>, 'country': <'de'>, "
    "'admd': <'x'>, 'prmd': <'sea'>, 'mta-name': <'sea-mta'>, 'peers': <["
    "{'name': <'old'>, 'mode': <'1984'>}, "
    "{'name': <'new'>}, "
    "{'name': <'file'>, 'mode': <'1984'>, 'attachment-body': <'bilateral'>}, "
    "{'name': <'both'>, 'mode': <'1984'>, 'content-type': <'22'>}, "
    "{'name': <'t61'>, 'mode': <'1984'>, 'text-body': <'teletex'>}, "
    "{'name': <'p2'>, 'content-type': <'2'>}]>, 'routes': <[" ROUTE("old") ", " ROUTE("new") ", " ROUTE(
        "file") ", " ROUTE("both") ", " ROUTE("t61") ", " ROUTE("p2") "]>}";

struct mapping_context *downgrading_context(void)
{
  g_autoptr(GVariant) settings = g_variant_ref_sink(g_variant_new_parsed(SETTINGS));
  g_autoptr(GError) error = NULL;
  struct mapping_context *context = mapping_context_new(settings, -1, &error);
  ck_assert_msg(context != NULL, "%s", error ? error->message : "");
  return context;
}

GBytes *downgrading_octets(const char *notation)
{
  return g_byte_array_free_to_bytes(notation_octets(notation));
}

#define OR(given, otherwise) ((given) ? (given) : (otherwise))

GBytes *downgrading_message(const struct downgrading_message *m)
{
  g_autofree char *notation = g_strdup_printf(
      "a0{ 31{ 64{ " GDI("new") " 16'id1' } 60{ %s } 65{ %s } %s 48<%s> 69{ 30{ " GDI(
          "new") " 31{ 80'970102144603Z' 82<00> %s } } } %s a2{ 31{ 60{ %s } 80<01> 81<00a8> %s } } } 04{ %s "
                 "} }",
      OR(m->originator, "30{" NAME("new", "ann") "}"), OR(m->types, "80<0520>"), OR(m->type, "46<16>"),
      OR(m->indicators, "0430"), OR(m->trace, ""), OR(m->extra, ""),
      OR(m->name, "30{" NAME("old", "lee") "}"), OR(m->recipient, ""), OR(m->content, P22("", IA5("hello"))));
  return downgrading_octets(notation);
}

struct mapping_result *downgrading_relay(struct mapping_context *context, GBytes *apdu, const char *from,
                                         const char *hop, GBytes **output_r)
{
  gsize length;
  const void *octets = g_bytes_get_data(apdu, &length);
  g_autoptr(mapping_job_t) read = road_job(MAPPING_READ, MAPPING_APDU, octets, length);
  read->peer = g_strdup(from);
  g_autoptr(mapping_result_t) found = road_run(context, read, NULL);
  ck_assert_msg(found->status == MAPPING_OK, "%s", found->words);
  g_autoptr(mapping_job_t) write = road_job(MAPPING_WRITE, MAPPING_APDU, octets, length);
  write->peer = g_strdup(from);
  write->hop = g_strdup(hop);
  for (guint i = 0; i < found->recipients->len; i++) {
    const struct mapping_recipient *recipient = found->recipients->pdata[i];
    road_recipient(write, recipient->address, recipient->mapped, hop)->ordinal = recipient->ordinal;
  }
  struct mapping_result *result = road_run(context, write, output_r);
  ck_assert_msg(result->status == MAPPING_OK, "%s", result->words);
  return result;
}
static const asn_TYPE_descriptor_t *follow(const struct asn1_place *place, const struct asn1_value *value,
                                           struct octets *octets, void *user)
{
  (void)value, (void)octets, (void)user;
  return place->type == &asn_DEF_UserMPDU ? &asn_DEF_UAPDU : NULL;
}

char *downgrading_text_of_1984(GBytes *apdu)
{
  gsize length;
  const void *octets = g_bytes_get_data(apdu, &length);
  g_autoptr(GError) error = NULL;
  g_autoptr(asn1_value_t) value = asn1_decode_mem(&asn_DEF_MPDU, octets, length, NULL, &error);
  ck_assert_msg(value != NULL, "not of 1984: %s", error ? error->message : "");
  char words[256] = "";
  size_t size = sizeof words;
  asn_TYPE_descriptor_t *type = (asn_TYPE_descriptor_t *)(guintptr)&asn_DEF_MPDU;
  ck_assert_msg(asn_check_constraints(type, asn1_value_get(value), words, &size) == 0, "%s", words);
  GString *text = g_string_new(NULL);
  asn1_print_inner(value, ASN1_TEXT, 0, 65536, follow, NULL, text);
  if (strstr(text->str, "content-type: 2 "))
    ck_assert_ptr_null(strstr(text->str, "content: '")); /* what is P2 is read as such */
  return g_string_free(text, FALSE);
}

void downgrading_check(const char *what, const char *text, const char *wanted, bool there)
{
  g_auto(GStrv) pieces = g_strsplit(wanted ? wanted : "", "|", -1);
  for (char **piece = pieces; *piece; piece++)
    if (**piece && (strstr(text, *piece) != NULL) != there) {
      fprintf(stderr, "%s: %s \"%s\" in\n%s\n", what, there ? "no" : "there is", *piece, text);
      ck_abort_msg("%s: %s \"%s\"", what, there ? "no" : "there is", *piece);
    }
}

char *downgrading_losses(const struct mapping_result *result)
{
  GString *text = g_string_new("\n");
  for (guint i = 0; i < result->losses->len; i++)
    g_string_append_printf(text, "%s\n", (const char *)result->losses->pdata[i]);
  return g_string_free(text, FALSE);
}

char *downgrading_text_of_1988(GBytes *apdu)
{
  gsize length;
  const void *octets = g_bytes_get_data(apdu, &length);
  g_autoptr(asn1_value_t) value = asn1_decode_mem(&asn_DEF_MTS_APDU, octets, length, NULL, NULL);
  ck_assert_ptr_nonnull(value);
  GString *text = g_string_new(NULL);
  asn1_print(value, ASN1_TEXT, 0, 65536, text);
  return g_string_free(text, FALSE);
}

GBytes *downgrading_content(GBytes *apdu)
{
  gsize length;
  const void *octets = g_bytes_get_data(apdu, &length);
  g_autoptr(asn1_value_t) value = asn1_decode_mem(&asn_DEF_MTS_APDU, octets, length, NULL, NULL);
  const MTS_APDU_t *choice = asn1_value_get(value);
  g_autoptr(octets_t) content = asn1_octets(value, &choice->choice.message.content);
  return octets_to_bytes(content, 1 << 20, NULL);
}
