/* RFC 2156 4.7.3: Message-IDs <-> IPM identifiers, and 4.6.3: MTS identifiers as text. */
#include "mapping/address.h"
#include "mapping/mailbox.h"
#include "mapping/or_text.h"
#include "mapping/ps_encoding.h"

#include <string.h>

/* The domain of Message-IDs that stand for identifiers made in X.400 (4.7.3.2). */
#define MHS "MHS"
enum {
  UB_RELATIVE = 64, /* X.420 ub-local-ipm-identifier */
  UB_LOCAL = 32,    /* X.411 ub-local-id-length */
  DIGEST = 16       /* hexadecimal digits that keep cut identifiers apart */
};

void ipm_identifier_free(struct ipm_identifier *identifier)
{
  if (!identifier)
    return;
  or_address_free(identifier->user);
  g_free(identifier->relative);
  g_free(identifier);
}

/* 822.msg-id as mailers write it: something, "@", something, and nothing that would end it. */
static bool is_message_id(const char *text)
{
  const char *at = strchr(text, '@');
  if (!at || at == text || !at[1])
    return false;
  for (const char *p = text; *p; p++)
    if (!g_ascii_isprint(*p) || strchr("<>", *p))
      return false;
  return true;
}

static char *to_mhs(const struct ipm_identifier *identifier)
{
  g_autofree char *user = identifier->user ? or_address_format(identifier->user) : g_strdup("");
  g_autofree char *local = g_strdup_printf("%s*%s", identifier->relative ? identifier->relative : "", user);
  for (char *p = local; *p; p++)
    if (!g_ascii_isprint(*p))
      *p = '?';
  g_autofree char *mailbox = mailbox_format(NULL, local, MHS);
  /* Identifiers are keys to others: with a user it is always written quoted, as in 4.7.3.2. */
  return *user && *mailbox != '"' ? g_strdup_printf("<\"%s\"@" MHS ">", local)
                                  : g_strdup_printf("<%s>", mailbox);
}

/* "local*user" at MHS, read; NULL when it is none. */
static struct ipm_identifier *read_mhs(const char *text)
{
  g_autoptr(mailbox_t) mailbox = mailbox_parse(text, NULL);
  char *star = mailbox ? strchr(mailbox->local, '*') : NULL;
  if (!star || g_ascii_strcasecmp(mailbox->domain, MHS) != 0)
    return NULL;
  g_autoptr(or_address_t) user = star[1] ? or_text_parse_local_part(star + 1, NULL) : NULL;
  if (star[1] && !user)
    return NULL;
  struct ipm_identifier *identifier = g_new0(struct ipm_identifier, 1);
  identifier->relative = g_strndup(mailbox->local, (gsize)(star - mailbox->local));
  identifier->user = g_steal_pointer(&user);
  return identifier;
}

/* The identifier as X.400 made it, out of a Message-ID at MHS; NULL when it is none, or has no writing that is
 * read again (quoting may make it longer than any mailbox): such a one is opaque. */
static struct ipm_identifier *from_mhs(const char *text)
{
  struct ipm_identifier *identifier = read_mhs(text);
  if (!identifier)
    return NULL;
  g_autofree char *written = to_mhs(identifier);
  struct ipm_identifier *again = read_mhs(written);
  bool steady = again != NULL && strcmp(again->relative, identifier->relative) == 0;
  ipm_identifier_free(again);
  if (!steady)
    g_clear_pointer(&identifier, ipm_identifier_free);
  return identifier;
}

/* An identifier over X.420's bound keeps its beginning and gets a digest of the whole: two that begin alike
 * stay two. */
static char *within_bound(char *relative)
{
  if (strlen(relative) <= UB_RELATIVE)
    return relative;
  g_autofree char *digest = g_compute_checksum_for_string(G_CHECKSUM_SHA256, relative, -1);
  gsize keep = UB_RELATIVE - DIGEST - 1;
  const char *open = g_strrstr_len(relative, (gssize)keep, "("),
             *close = g_strrstr_len(relative, (gssize)keep, ")");
  if (open && (!close || close < open))
    keep = (gsize)(open - relative); /* not through a "(a)" */
  char *cut = g_strdup_printf("%.*s.%.*s", (int)keep, relative, DIGEST, digest);
  g_free(relative);
  return cut;
}

static char *without_brackets(const char *message_id)
{
  char *text = g_strstrip(g_strdup(message_id));
  gsize length = strlen(text);
  if (length >= 2 && text[0] == '<' && text[length - 1] == '>') {
    text[length - 1] = 0;
    memmove(text, text + 1, length - 1);
  }
  for (char *p = text; *p; p++)
    if ((guchar)*p > 127)
      *p = '?';
  return text;
}

struct ipm_identifier *identifier_ipm_from_message_id(struct mapping_context *context, const char *message_id)
{
  (void)context; /* 4.7.3: by rule alone, so that every gateway makes the same of it */
  g_autofree char *text = without_brackets(message_id);
  struct ipm_identifier *identifier = from_mhs(text);
  if (identifier)
    return identifier;
  identifier = g_new0(struct ipm_identifier, 1);
  identifier->relative = within_bound(ps_encode(text));
  return identifier;
}

char *identifier_message_id_from_ipm(struct mapping_context *context, const struct ipm_identifier *identifier)
{
  (void)context;
  bool exact = false;
  g_autofree char *text = identifier->relative ? ps_decode(identifier->relative, &exact) : NULL;
  if (!identifier->user && exact && is_message_id(text))
    return g_strdup_printf("<%s>", text);
  return to_mhs(identifier);
}

/* --- MTS identifiers --------------------------------------------------------------------------------- */

void mts_identifier_clear(struct mts_identifier *identifier)
{
  g_clear_pointer(&identifier->gdi.country, g_free);
  g_clear_pointer(&identifier->gdi.admd, g_free);
  g_clear_pointer(&identifier->gdi.prmd, g_free);
  g_clear_pointer(&identifier->local, g_free);
}

/* mts-msg-id = "[" global-id ";" *text "]" */
char *mts_identifier_format(const struct mts_identifier *identifier)
{
  const struct mapping_gdi *gdi = &identifier->gdi;
  g_autoptr(or_address_t) domain = or_address_new();
  or_address_set(domain, OR_COUNTRY, 0, gdi->country, NULL);
  or_address_set(domain, OR_ADMD, 0, gdi->admd ? gdi->admd : " ", NULL);
  or_address_set(domain, OR_PRMD, 0, gdi->prmd, NULL);
  g_autofree char *text = or_address_format(domain);
  return g_strdup_printf("[%s;%.*s]", text, UB_LOCAL, identifier->local);
}

bool mts_identifier_parse(const char *text, struct mts_identifier *identifier_r)
{
  const char *semicolon = strchr(text, ';');
  gsize length = strlen(text);
  memset(identifier_r, 0, sizeof *identifier_r);
  if (text[0] != '[' || !semicolon || text[length - 1] != ']')
    return false;
  g_autofree char *global = g_strndup(text + 1, (gsize)(semicolon - text - 1));
  g_autofree char *local = g_strndup(semicolon + 1, (gsize)(text + length - 1 - (semicolon + 1)));
  g_autoptr(or_address_t) domain = or_address_parse(global, NULL);
  if (!domain || !or_address_get(domain, OR_COUNTRY, 0) || strlen(local) > UB_LOCAL)
    return false;
  identifier_r->gdi.country = g_strdup(or_address_get(domain, OR_COUNTRY, 0));
  identifier_r->gdi.admd = g_strdup(or_address_get(domain, OR_ADMD, 0));
  identifier_r->gdi.prmd = g_strdup(or_address_get(domain, OR_PRMD, 0));
  identifier_r->local = g_steal_pointer(&local);
  return true;
}
