/* media.c - contract: media.h. */
#include "mapping/media.h"

#include <string.h>

/* Of several identifiers for a type the first is written, of several types for an identifier the first is
 * given. */
static const struct row {
  enum media_use use;
  const char *oid, *type, *source;
} rows[] = {
    {MEDIA_BODY_PART, "1.3.6.1.7.1.2.1.2", "application/postscript", "RFC 2160 2"},          /* 2160:5 */
    {MEDIA_BODY_PART, "1.3.6.1.7.1.2.1.3", "image/jpeg", "RFC 2158 3.1"},                    /* 2158:3.1 */
    {MEDIA_BODY_PART, "1.3.6.1.7.1.2.1.4", "image/gif", "RFC 2158 3.3"},                     /* 2158:3.3 */
    {MEDIA_BODY_PART, "1.2.840.113556.3.10.1", "application/ms-tnef", "Microsoft"},          /* 2157:5.2 */
    {MEDIA_APPLICATION, "1.3.6.1.7.1.2.1.6", "application/postscript", "RFC 2160 3"},        /* 2160:6 */
    {MEDIA_APPLICATION, "2.16.840.1.113694.2.2.1.6", "image/jpeg", "RFC 2158 3.2"},          /* 2158:3.2 */
    {MEDIA_APPLICATION, "2.16.840.1.113694.2.2.1.4", "image/gif", "RFC 2158 3.4"},           /* 2158:3.4 */
    {MEDIA_APPLICATION, "1.2.840.113556.4.2", "application/msword", "RFC 2157 4.1"},         /* 2157:4.1 */
    {MEDIA_APPLICATION, "1.2.840.113556.4.3", "application/vnd.ms-excel", "Microsoft"},      /* 2157:5.2 */
    {MEDIA_APPLICATION, "1.2.840.113556.4.5", "application/vnd.ms-powerpoint", "Microsoft"}, /* 2157:5.2 */
    {MEDIA_APPLICATION, "1.2.840.113556.3.10.1", "application/ms-tnef", "Microsoft"},        /* 2157:5.2 */
};

const char *media_type(const struct mapping_settings *settings, enum media_use use, const char *oid)
{
  for (guint i = 0; i < settings->media->len; i++) {
    const struct mapping_media *media = settings->media->pdata[i];
    if (!g_strcmp0(use == MEDIA_BODY_PART ? media->body_part : media->application, oid))
      return media->type;
  }
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
    if (rows[i].use == use && !strcmp(rows[i].oid, oid))
      return rows[i].type;
  return NULL;
}

const char *media_oid(const struct mapping_settings *settings, enum media_use use, const char *type)
{
  for (guint i = 0; i < settings->media->len; i++) {
    const struct mapping_media *media = settings->media->pdata[i];
    const char *oid = use == MEDIA_BODY_PART ? media->body_part : media->application;
    if (oid && !g_ascii_strcasecmp(media->type, type))
      return oid;
  }
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
    if (rows[i].use == use && !g_ascii_strcasecmp(rows[i].type, type))
      return rows[i].oid;
  return NULL;
}
