/* check_peer.c - the bilateral sheet as a whole: what belongs together does so, secrets are read, and what it
 * leaves open comes from the gateway and the queue. */
#include "config/check.h"
#include "config/schedule.h"

#include <string.h>
#include <sys/stat.h>

#define PASSWORD_MAX 62u /* octets (X.411: ub-password-length) */

#define COMPLAIN(format_, ...)                                                                               \
  check_complain(messages, config, peer->line, "<peer name=\"%s\"" format_, peer->name, __VA_ARGS__)

/* --- passwords
 * ------------------------------------------------------------------------------------------------------ */

static GBytes *read_password(const struct config *config, const struct config_peer *peer, const char *file,
                             const char *name, GPtrArray *messages)
{
  struct stat status;
  g_autofree char *text = NULL;
  gsize length;
  g_autoptr(GError) error = NULL;
  if (stat(file, &status) == 0 && (status.st_mode & (S_IRWXO))) {
    COMPLAIN(" %s>: %s may be read by everybody; expected mode 0640 or less", name, file);
    return NULL;
  }
  if (!g_file_get_contents(file, &text, &length, &error)) {
    COMPLAIN(" %s>: %s", name, error->message);
    return NULL;
  }
  gsize whole = length;
  while (length > 0 && (text[length - 1] == '\n' || text[length - 1] == '\r'))
    length--;
  if (length > PASSWORD_MAX)
    COMPLAIN(" %s>: the password is longer than %u octets (X.411)", name, PASSWORD_MAX);
  GBytes *password = g_bytes_new(text, length);
  explicit_bzero(text, whole);
  return password;
}

/* One direction: what the choice needs is there, and nothing that it does not use. */
static GBytes *check_password(const struct config *config, const struct config_peer *peer, const char *side,
                              enum config_authentication *authentication, const char *file,
                              GPtrArray *messages)
{
  g_autofree char *name = g_strconcat(side, "-password-file", NULL);
  if (*authentication == CONFIG_AUTHENTICATION_AUTO && file)
    *authentication = CONFIG_AUTHENTICATION_PASSWORD;
  if (*authentication == CONFIG_AUTHENTICATION_PASSWORD && !file)
    COMPLAIN(" %s-authentication=\"password\"> lacks %s", side, name);
  else if (*authentication != CONFIG_AUTHENTICATION_PASSWORD && file)
    COMPLAIN(" %s>: %s-authentication is not password, so this file is not used: remove one of them", name,
             side);
  else if (file)
    return read_password(config, peer, file, name, messages);
  return *authentication == CONFIG_AUTHENTICATION_EMPTY ? g_bytes_new_static("", 0) : NULL;
}

static void check_authentication(const struct config *config, struct config_peer *peer, GPtrArray *messages)
{
  if (peer->local_authentication == CONFIG_AUTHENTICATION_AUTO && !peer->local_password_file)
    peer->local_authentication = CONFIG_AUTHENTICATION_EMPTY;
  peer->local_password =
      check_password(config, peer, "local", &peer->local_authentication, peer->local_password_file, messages);
  peer->remote_password = check_password(config, peer, "remote", &peer->remote_authentication,
                                         peer->remote_password_file, messages);
  if (peer->remote_authentication == CONFIG_AUTHENTICATION_UNAUTHENTICATED && peer->networks->len == 0)
    COMPLAIN(" remote-authentication=\"%s\"> needs <network>: who calls is told by the address alone",
             "unauthenticated");
  if (peer->local_authentication == CONFIG_AUTHENTICATION_STRONG &&
      (!peer->strong_certificate || !peer->strong_key))
    COMPLAIN(" local-authentication=\"%s\"> needs strong-certificate and strong-key", "strong");
  if (peer->remote_authentication == CONFIG_AUTHENTICATION_STRONG && !peer->strong_ca)
    COMPLAIN(" remote-authentication=\"%s\"> needs strong-ca", "strong");
  check_file(config, peer->line, "peer strong-certificate", peer->strong_certificate, false, messages);
  check_file(config, peer->line, "peer strong-key", peer->strong_key, true, messages);
  check_file(config, peer->line, "peer strong-ca", peer->strong_ca, false, messages);
  bool strong = peer->local_authentication == CONFIG_AUTHENTICATION_STRONG ||
                peer->remote_authentication == CONFIG_AUTHENTICATION_STRONG;
  if (strong && peer->mode == CONFIG_MODE_1984)
    COMPLAIN(" mode=\"%s\">: P1 of 1984 knows no strong authentication", "1984");
}

/* --- mode, names, hours
 * ------------------------------------------------------------------------------------------------------ */

static void check_mode(const struct config *config, struct config_peer *peer, GPtrArray *messages)
{
  guint given = peer->application_protocol;
  if (peer->mode == CONFIG_MODE_1988_NORMAL && given)
    COMPLAIN(" application-protocol=\"%u\"> belongs to the X.410 modes: give mode too, or leave it out",
             given);
  else if (peer->mode == CONFIG_MODE_1984 && given > 1)
    COMPLAIN(" application-protocol=\"%u\">: mode 1984 is application protocol 1 (X.419 12)", given);
  else if (peer->mode != CONFIG_MODE_1988_NORMAL && !given)
    peer->application_protocol = peer->mode == CONFIG_MODE_1984 ? 1 : 12;
  if (peer->mode != CONFIG_MODE_1988_NORMAL && (peer->local_psel || peer->remote_psel))
    COMPLAIN(" %s-psel>: the X.410 modes have no presentation selectors",
             peer->local_psel ? "local" : "remote");
}

static void check_mta_name(const struct config *config, const struct config_peer *peer, const char *attribute,
                           const char *name, GPtrArray *messages)
{
  if (!g_str_is_ascii(name))
    COMPLAIN(" %s=\"%s\">: expected ASCII (X.411: MTA names are IA5String)", attribute, name);
}

static void inherit_text(char **value, const char *from)
{
  if (!*value)
    *value = g_strdup(from);
}

/* A peer that has its own country has its own domain: nothing of ours is mixed into it. */
static void check_domains(const struct config *config, struct config_peer *peer, GPtrArray *messages)
{
  if (!peer->country) {
    inherit_text(&peer->country, config->country);
    inherit_text(&peer->admd, config->admd);
    inherit_text(&peer->prmd, config->prmd);
  } else {
    check_domain(config, peer->line, "peer", "", peer->country, peer->admd, peer->prmd, messages);
  }
  inherit_text(&peer->admd, " ");
  if (!peer->remote_country && (peer->remote_admd || peer->remote_prmd))
    COMPLAIN(" %s> needs remote-country", peer->remote_admd ? "remote-admd" : "remote-prmd");
  if (!peer->remote_country)
    return;
  check_domain(config, peer->line, "peer", "remote-", peer->remote_country, peer->remote_admd,
               peer->remote_prmd, messages);
  inherit_text(&peer->remote_admd, " ");
}

static void check_times(const struct config *config, struct config_peer *peer, GPtrArray *messages)
{
  g_autofree char *wrong = NULL;
  if (peer->schedule)
    peer->hours = schedule_new(peer->schedule, peer->schedule_zone, &wrong);
  if (wrong)
    COMPLAIN(" schedule>: %s", wrong);
  if (!peer->retry_first_s)
    peer->retry_first_s = config->retry_first_s;
  if (!peer->retry_max_s)
    peer->retry_max_s = MAX(config->retry_max_s, peer->retry_first_s);
  if (peer->retry_first_s > peer->retry_max_s)
    COMPLAIN(" retry-first> (%us) is longer than retry-max (%us)", peer->retry_first_s, peer->retry_max_s);
}

static int by_preference(gconstpointer a, gconstpointer b)
{
  const struct config_address *x = *(struct config_address *const *)a,
                              *y = *(struct config_address *const *)b;
  return x->preference != y->preference ? (x->preference > y->preference) - (x->preference < y->preference)
                                        : (x->line > y->line) - (x->line < y->line);
}

static void check_others(const struct config *config, guint index, GPtrArray *messages)
{
  const struct config_peer *peer = config->peers->pdata[index];
  for (guint i = 0; i < index; i++) {
    const struct config_peer *other = config->peers->pdata[i];
    if (strcmp(other->name, peer->name) == 0)
      COMPLAIN("> stands a second time; first on line %u", other->line);
    else if (strcmp(other->remote_mta, peer->remote_mta) == 0)
      COMPLAIN(" remote-mta=\"%s\">: peer %s (line %u) has the same, a call could not be told apart",
               peer->remote_mta, other->name, other->line);
  }
}

static void check_peer_tls(const struct config *config, const struct config_peer *peer, GPtrArray *messages)
{
  const struct config_tls server = {
      .certificate = peer->tls_server_certificate, .key = peer->tls_server_key, .line = peer->tls_files.line};
  check_tls(config, &peer->tls_files, messages);
  check_tls(config, &server, messages);
  if ((peer->tls_server_certificate || peer->tls_client_name) && peer->networks->len == 0)
    check_complain(messages, config, peer->tls_files.line,
                   "<tls %s> needs <network>: before the bind only the address tells who calls",
                   peer->tls_server_certificate ? "server-certificate" : "client-name");
  if (peer->tls_client_name && !peer->tls_files.ca)
    check_complain(messages, config, peer->tls_files.line, "<tls client-name> needs ca, to verify it");
}

/* The order of forms for texts. */
static void check_text_downgrade(const struct config *config, const struct config_peer *peer, GPtrArray *messages)
{
  static const char *const forms[] = {"general-text", "utf-8", "iso8859-1",     "teletex",
                                      "teletex-sets", "ia5",   "file-transfer", "harpoon", NULL};
  g_auto(GStrv) words = g_strsplit_set(peer->text_downgrade ? peer->text_downgrade : "", " \t\n", -1);
  guint count = 0;
  for (char **word = words; *word; word++) {
    if (**word && !g_strv_contains(forms, *word))
      COMPLAIN(" text-downgrade>: \"%s\" is none of general-text, utf-8, iso8859-1, teletex, teletex-sets, ia5, "
               "file-transfer, harpoon", *word);
    count += **word != 0;
  }
  if (count >= G_N_ELEMENTS(forms) - 1)
    COMPLAIN(" text-downgrade>: %u forms; with text-body there are %u", count, (guint)G_N_ELEMENTS(forms) - 1);
}

void check_peer(struct config *config, guint index, GPtrArray *messages)
{
  struct config_peer *peer = config->peers->pdata[index];
  check_mode(config, peer, messages);
  check_mta_name(config, peer, "local-mta", peer->local_mta, messages);
  check_mta_name(config, peer, "remote-mta", peer->remote_mta, messages);
  check_authentication(config, peer, messages);
  check_domains(config, peer, messages);
  if (peer->tpdu_size_code > 0 && peer->tpdu_size_code < 7)
    COMPLAIN(" tpdu-size=\"%u\">: expected 0 or 7 to 13", peer->tpdu_size_code);
  check_times(config, peer, messages);
  check_peer_tls(config, peer, messages);
  check_text_downgrade(config, peer, messages);
  g_ptr_array_sort(peer->addresses, by_preference);
  check_others(config, index, messages);
}

bool config_peer_hours(const struct config_peer *peer, gint64 now_us, gint64 *change_us_r)
{
  *change_us_r = G_MAXINT64;
  return !peer->hours || schedule_open(peer->hours, now_us, change_us_r);
}
