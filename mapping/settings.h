/* settings.h - what the mapping needs from the configuration, read from the GVariant a{sv} that config_conversion() makes.
 *
 * Keys (type): "generation" u; "domain" s; "hostname" s; "administrator" s; "or-address" s; "country" "admd" "prmd" "mta-name" s; "local-parts" s (any-case|exact);
 * "depth-max" "parts-max" "headers-max" "elements-max" "hops-max" u;
 * "peers" aa{sv}: "name" s, "country" "admd" "prmd" "local-mta" "remote-mta" s, "text-body" s (general-text|utf-8|iso8859-1|teletex|teletex-sets|ia5),
 *   "text-downgrade" s (further forms by spaces, also file-transfer and harpoon),
 *   "attachment-body" s (file-transfer|bilateral|externally-defined|mime), "alternative" s (all|text), "facsimile" s (g3fax|tiff), "smime" s (body-part|content),
 *   "edi-body" s (attachment|ia5|bilateral|externally-defined|file-transfer|p35|off), "content-type" s (auto|2|22), "size-max" t,
 *   "mode" s (1988-normal|1988-x410|1984: what the peer's P1 is; absent: 1988),
 *   "remote-country" "remote-admd" "remote-prmd" s, "deferred-delivery" s (honour|pass);
 *   "notifications" s (mdn|text), "receipt-requests" s (return-path|any|none), "return-receipt-to" b, "private-extensions" b;
 * "returned-max" t;
 * "routes" aa{sv}: "or" s + "peer" s, or "domain" s + optional "smarthost" s, "port" u; in the file's order, "line" u;
 * "smarthost" s, "smarthost-port" u (default next hop of SMTP recipients; absent: by MX);
 * "media" aa{sv}: "type" s, "body-part" "application" s (dotted object identifiers);
 * "sources" aa{sv}, in the order of the look-ups: "kind" s (tables|dns|ldap), "name" s, "root" "domain-root" s (dns), "base" s (ldap);
 *   absent: the tables alone; "longest-match" b: of all sources the longest match counts, else the first source that has one;
 *   "lookups-max" u: look-ups for the heading of one message;
 * "tables" aa{sv}: "kind" s, "file" s (name for messages). */
#ifndef GW400_MAPPING_SETTINGS_H
#define GW400_MAPPING_SETTINGS_H

#include <glib.h>
#include <stdbool.h>

enum mapping_attachment_body {
  MAPPING_ATTACHMENT_FILE_TRANSFER,
  MAPPING_ATTACHMENT_BILATERAL,
  MAPPING_ATTACHMENT_EXTERNAL, /* of the type's own identifier where one is registered, else as MIME */
  MAPPING_ATTACHMENT_MIME      /* RFC 2157 3.1.2 */
};
/* Forms of a text towards X.400.  TELETEX: with T.61's own sets; TELETEX_SETS: with all that X.680 gives it. */
enum mapping_text_body {
  MAPPING_TEXT_GENERAL,
  MAPPING_TEXT_UTF8,
  MAPPING_TEXT_LATIN1,
  MAPPING_TEXT_TELETEX,
  MAPPING_TEXT_TELETEX_SETS,
  MAPPING_TEXT_IA5,
  MAPPING_TEXT_FILE,
  MAPPING_TEXT_HARPOON
};
#define MAPPING_TEXT_FORMS_MAX 8
/* Tried in order: the first that holds a text is taken, the last takes it with substitutes unless exact. */
struct mapping_text_forms {
  enum mapping_text_body list[MAPPING_TEXT_FORMS_MAX];
  guint count;
  bool exact;
};
/* Reads "teletex ia5" behind what is there; false: a word is none of them, or there are too many. */
bool mapping_text_forms_read(const char *words, struct mapping_text_forms *forms);

enum mapping_receipt_requests { MAPPING_RECEIPTS_RETURN_PATH, MAPPING_RECEIPTS_ANY, MAPPING_RECEIPTS_NONE };
/* How interchanges go (decision 0138): as other attachments do, in a body part of their own, as EDI messages (X.435); off:
 * as attachments, and none is looked for in what comes. */
enum mapping_edi_body {
  MAPPING_EDI_ATTACHMENT, MAPPING_EDI_IA5, MAPPING_EDI_BILATERAL, MAPPING_EDI_EXTERNAL, MAPPING_EDI_FILE_TRANSFER,
  MAPPING_EDI_P35, MAPPING_EDI_OFF
};

struct mapping_gdi { char *country, *admd, *prmd; }; /* global domain identifier; prmd may be NULL */
struct mapping_peer {
  char *name, *local_mta, *remote_mta;
  struct mapping_gdi gdi;        /* ours towards the peer */
  struct mapping_gdi remote_gdi; /* the peer's own; country NULL: not known */
  bool deferred_honour;          /* what comes from it with a deferred delivery time is held here */
  struct mapping_text_forms text_forms; /* text-body, then text-downgrade; at least two */
  enum mapping_attachment_body attachment_body;
  bool smime_content; /* a mail that is one CMS object goes as such a content (RFC 3855) */
  bool text_alone; /* of alternatives, what is no text is left out when one is plain text */
  bool tiff;       /* a facsimile from it is given as image/tiff, and a TIFF to it becomes one */
  enum mapping_edi_body edi_body;
  guint content_type; /* 0 auto, 2, 22 */
  bool notification_text;        /* what an IPN from it becomes: 5.3.5's text instead of an MDN */
  enum mapping_receipt_requests receipt_requests;
  bool return_receipt_to;        /* counts as Disposition-Notification-To */
  bool private_extensions;       /* a report to it may carry any */
  bool p1_1984;       /* its envelopes are those of X.411 (1984) */
  guint64 size_max;
};
struct mapping_media { char *type, *body_part, *application; }; /* dotted; NULL: none */
enum mapping_source_kind { MAPPING_SOURCE_TABLES, MAPPING_SOURCE_DNS, MAPPING_SOURCE_LDAP };
struct mapping_source {
  enum mapping_source_kind kind;
  char *name;
  char *root, *domain_root; /* dns: what stands behind X42D.cc, and behind mail domains; "": nothing */
  char *base;               /* ldap: the entry above the two subtrees */
};
struct mapping_settings {
  guint generation;
  char *domain, *hostname, *administrator, *or_address, *mta_name;
  struct mapping_gdi gdi;
  bool exact_local_parts; /* rows of single users: local parts are compared with their case */
  guint depth_max, parts_max, headers_max, elements_max, hops_max;
  guint64 returned_max; /* octets of a message that a report of the gateway's own returns */
  char *smarthost; guint smarthost_port;
  GPtrArray *peers;  /* of mapping_peer */
  GPtrArray *media;  /* of mapping_media: what media.h knows beside the RFCs' registry */
  GPtrArray *sources; /* of mapping_source */
  bool longest_match;
  guint lookups_max;
  GVariant *routes, *aliases; /* compiled by route.c */
  GVariant *tables;
};
struct mapping_settings *mapping_settings_new(GVariant *dictionary, GError **error);
void mapping_settings_free(struct mapping_settings *settings);
/* Whether interpersonal messages for the peer are of content type 2: it says so, or it is of 1984 and does not say 22
 * (RFC 1328 5: 1984's envelope carries either). */
bool mapping_peer_p2(const struct mapping_peer *peer);
const struct mapping_peer *mapping_settings_peer(const struct mapping_settings *settings, const char *name);

#endif
