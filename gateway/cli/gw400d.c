/* gw400d - the daemon: `gw400d [-c FILE]` is the master; the other roles are started by it (DESIGN section
 * 2). */
#include "cli/master.h"
#include "convert/client.h"
#include "ldap/ldap_helper.h"

#include <glib.h>
#include <stdio.h>
#include <string.h>

#define CONFIGURATION "/etc/gw400/gw400.xml"
#define CONVERTER_SOCKET 3 /* as convert/client.h starts it */

int main(int argc, char **argv)
{
  if (argc > 1 && strcmp(argv[1], "relay") == 0)
    return master_relay_role(argc, argv);
  if (argc > 1 && strcmp(argv[1], "converter") == 0)
    return convert_worker_main(CONVERTER_SOCKET);
  if (argc > 1 && strcmp(argv[1], "ldap") == 0)
    return ldap_helper_main(CONVERTER_SOCKET);
  g_autofree char *configuration = NULL;
  GOptionEntry options[] = {{"config", 'c', 0, G_OPTION_ARG_FILENAME, &configuration,
                             "the configuration (" CONFIGURATION ")", "FILE"},
                            {NULL, 0, 0, 0, NULL, NULL, NULL}};
  g_autoptr(GOptionContext) context = g_option_context_new("- the gw400 gateway between SMTP and X.400");
  g_autoptr(GError) error = NULL;
  g_option_context_add_main_entries(context, options, NULL);
  if (!g_option_context_parse(context, &argc, &argv, &error) || argc > 1) {
    fprintf(stderr, "gw400d: %s\n", error ? error->message : "unexpected argument");
    return 2;
  }
  return master_main(configuration ? configuration : CONFIGURATION);
}
