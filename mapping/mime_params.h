/* mime_params.h - the value and parameters of Content-Type, Content-Disposition and their like: RFC 2045 5.1,
 * RFC 2183, RFC 2231. */
#ifndef GW400_MAPPING_MIME_PARAMS_H
#define GW400_MAPPING_MIME_PARAMS_H

#include <glib.h>
#include <stdbool.h>

struct mime_param {
  char *name;  /* lower case */
  char *value; /* UTF-8 */
};
struct mime_params {
  char *value;     /* lower case: "text/plain", "attachment" */
  GPtrArray *list; /* of mime_param, in order */
};

/* Reads an unfolded field body.  Encoded words in a value, which RFC 2047 forbids and mailers write, are
 * decoded; a value that should be quoted and is not, ends at ";".  Never NULL; a body without sense gives the
 * value "". */
struct mime_params *mime_params_parse(GHashTable *charsets, const char *body);
void mime_params_free(struct mime_params *params);
typedef struct mime_params mime_params_t; /* for g_autoptr() alone */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(mime_params_t, mime_params_free)
const char *mime_params_get(const struct mime_params *params, const char *name);
void mime_params_set(struct mime_params *params, const char *name, const char *value); /* NULL removes it */

#endif
