/* edi.c - what an interchange is: contract in edi.h. */
#include "mapping/edi.h"

#include <string.h>

enum { BEGINNING = 512 };

/* What may stand before the first segment: some programs write each segment on a line of its own. */
static gsize skip_blank(const guint8 *octets, gsize length)
{
  gsize at = 0;
  while (at < length && strchr("\r\n \t", octets[at]) && octets[at])
    at++;
  return at;
}

static bool begins(const guint8 *octets, gsize length, const char *tag)
{
  return length >= strlen(tag) && !memcmp(octets, tag, strlen(tag));
}

static bool is_separator(guint8 octet)
{
  return !g_ascii_isalnum(octet) && octet != ' ';
}

static bool is_unb(const guint8 *octets, gsize length)
{
  return length >= 8 && begins(octets, length, "UNB") && is_separator(octets[3]) &&
         g_ascii_isupper(octets[4]) && g_ascii_isupper(octets[5]) && g_ascii_isupper(octets[6]) &&
         g_ascii_isalnum(octets[7]);
}

static bool is_una(const guint8 *octets, gsize length)
{
  if (length < 9 || !begins(octets, length, "UNA"))
    return false;
  gsize at = 9 + skip_blank(octets + 9, length - 9);
  return is_unb(octets + at, length - at) && octets[at + 3] == octets[4];
}

/* ISA has elements of fixed lengths: the separators' places tell it from a word. */
static bool is_isa(const guint8 *octets, gsize length)
{
  static const guint8 places[] = {6, 17, 20, 31, 34, 50, 53, 69, 76, 81, 83, 89, 99, 101, 103};
  if (length < 106 || !begins(octets, length, "ISA") || !is_separator(octets[3]))
    return false;
  for (gsize i = 0; i < G_N_ELEMENTS(places); i++)
    if (octets[places[i]] != octets[3])
      return false;
  return true;
}

static bool is_stx(const guint8 *octets, gsize length)
{
  return length >= 6 && begins(octets, length, "STX=") && g_ascii_isupper(octets[4]) &&
         g_ascii_isupper(octets[5]);
}

enum edi_kind edi_recognise(const void *data, gsize length)
{
  gsize blank = skip_blank(data, length);
  const guint8 *octets = (const guint8 *)data + blank;
  length -= blank;
  if (is_una(octets, length) || is_unb(octets, length))
    return EDI_EDIFACT;
  return is_isa(octets, length) ? EDI_X12 : is_stx(octets, length) ? EDI_TRADACOMS : EDI_NONE;
}

enum edi_kind edi_kind_of(const struct octets *interchange)
{
  guint8 beginning[BEGINNING];
  gsize length = (gsize)MIN(octets_length(interchange), (guint64)sizeof beginning);
  return octets_read(interchange, 0, beginning, length, NULL) ? edi_recognise(beginning, length) : EDI_NONE;
}

static const struct {
  enum edi_kind kind;
  const char *type, *lower;
} media[] = {
    {EDI_EDIFACT, "application/EDIFACT", "application/edifact"},
    {EDI_X12, "application/EDI-X12", "application/edi-x12"},
    {EDI_NONE, "application/EDI-consent", "application/edi-consent"},
};

const char *edi_media_type(enum edi_kind kind)
{
  for (gsize i = 0; i < G_N_ELEMENTS(media); i++)
    if (media[i].kind == kind)
      return media[i].type;
  return media[G_N_ELEMENTS(media) - 1].type;
}

bool edi_is_media_type(const char *type, enum edi_kind *kind_r)
{
  for (gsize i = 0; i < G_N_ELEMENTS(media); i++)
    if (!strcmp(media[i].lower, type)) {
      if (kind_r)
        *kind_r = media[i].kind;
      return true;
    }
  return false;
}

static bool look_at_block(const guint8 *block, gsize length, void *user, GError **error)
{
  (void)error;
  bool *is = user;
  for (gsize i = 0; i < length && *is; i++)
    *is = block[i] < 0x80;
  return *is;
}

bool edi_is_7bit(const struct octets *interchange, bool *is_r, GError **error)
{
  GError *local = NULL;
  *is_r = true;
  (void)octets_each(interchange, look_at_block, is_r, &local); /* false also when an octet has ended it */
  if (local)
    g_propagate_error(error, local);
  return !local;
}

/* X.435 annex A. */
static const struct {
  enum oid oid;
  enum edi_kind kind;
} identifiers[] = {
    {OID_EDI_EDIFACT_ISO646, EDI_EDIFACT}, {OID_EDI_EDIFACT_TELETEX, EDI_EDIFACT},
    {OID_EDI_EDIFACT_OCTET, EDI_EDIFACT},  {OID_EDI_EDIFACT_8859, EDI_EDIFACT},
    {OID_EDI_X12_ISO646, EDI_X12},         {OID_EDI_X12_TELETEX, EDI_X12},
    {OID_EDI_X12_OCTET, EDI_X12},          {OID_EDI_X12_EBCDIC, EDI_X12},
    {OID_EDI_UNTDI_ISO646, EDI_TRADACOMS}, {OID_EDI_UNTDI_TELETEX, EDI_TRADACOMS},
    {OID_EDI_UNTDI_OCTET, EDI_TRADACOMS},  {OID_EDI_PRIVATE_OCTET, EDI_NONE},
    {OID_EDI_UNDEFINED_OCTET, EDI_NONE},
};

bool edi_kind_of_oid(enum oid oid, enum edi_kind *kind_r)
{
  for (gsize i = 0; i < G_N_ELEMENTS(identifiers); i++)
    if (identifiers[i].oid == oid) {
      *kind_r = identifiers[i].kind;
      return true;
    }
  return false;
}

enum oid edi_oid(enum edi_kind kind, bool is_7bit)
{
  switch (kind) {
  case EDI_EDIFACT:
    return is_7bit ? OID_EDI_EDIFACT_ISO646 : OID_EDI_EDIFACT_OCTET;
  case EDI_X12:
    return is_7bit ? OID_EDI_X12_ISO646 : OID_EDI_X12_OCTET;
  case EDI_TRADACOMS:
    return is_7bit ? OID_EDI_UNTDI_ISO646 : OID_EDI_UNTDI_OCTET;
  default:
    return OID_EDI_UNDEFINED_OCTET;
  }
}
