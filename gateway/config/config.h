/* config.h - the configuration: one typed table (schema.c: name, type, default, limits, help) validates the
 * XML file, fills these structs, and generates the RELAX NG schema (conf/gw400.rng) and the reference page
 * (docs/reference.md). A mistake is one message "file:line: what was found; what was expected". Secrets are
 * read from files and masked in output. */
#ifndef GW400_CONFIG_CONFIG_H
#define GW400_CONFIG_CONFIG_H

#include <glib.h>
#include <stdbool.h>

struct config_listener {
  char *address;
  guint port;
  bool tls; /* p1 */
  guint line;
}; /* <smtp><listen/>, <p1><listen/> */
struct config_tls {
  char *certificate, *key, *ca;
  bool require_client;
  guint line;
};

struct config_smtp {             /* <smtp> */
  char *hostname;                /* own name in greeting, EHLO and Received */
  GPtrArray *listeners;          /* config_listener */
  GPtrArray *relay_networks;     /* char*: CIDR; default 127.0.0.0/8 and ::1 */
  GPtrArray *relay_certificates; /* char*: names of verified client certificates */
  guint line;
  struct config_tls tls;
  bool tls_required;
  guint64 size_max;
  guint line_max, text_line_max, recipients_max, messages_max, errors_max, sessions_max, sessions_per_client;
  guint idle_s, data_s;
  /* client side */
  char *smarthost;
  guint smarthost_port; /* NULL: by MX */
  guint mx_port;        /* 25 */
  char *client_tls;     /* never | may | require */
  struct config_tls client_tls_files;
  char *probes;         /* answer | ask: X.400 probes for recipients with mail */
  guint connections_per_destination, messages_per_connection, connection_idle_s;
};

/* The enums stand in the order of their choices in schema_peer.c. */
enum config_mode { CONFIG_MODE_1988_NORMAL, CONFIG_MODE_1988_X410, CONFIG_MODE_1984 };
enum config_authentication {
  CONFIG_AUTHENTICATION_AUTO, /* remote alone, no password file: a caller's must be empty, an answer's is free
                               */
  CONFIG_AUTHENTICATION_PASSWORD,
  CONFIG_AUTHENTICATION_EMPTY,           /* a password of no octets */
  CONFIG_AUTHENTICATION_UNAUTHENTICATED, /* NULL in the bind: neither name nor password */
  CONFIG_AUTHENTICATION_STRONG           /* a signed token (X.411 8.2.1.1.1) */
};
enum config_password_form { CONFIG_PASSWORD_IA5, CONFIG_PASSWORD_OCTETS };
enum config_password_taken { CONFIG_TAKE_ANY, CONFIG_TAKE_IA5, CONFIG_TAKE_OCTETS };
enum config_deferred { CONFIG_DEFERRED_HONOUR, CONFIG_DEFERRED_PASS };

struct config_address { /* <address at="" preference=""/> */
  char *at;             /* "host:port" */
  guint preference, line;
};

struct config_peer { /* <peer name="land" ...>: a bilateral sheet, one to one */
  char *name, *profile;
  guint line;
  /* how it speaks */
  enum config_mode mode;
  guint application_protocol; /* of the X.410 modes, never 0 there; 0 in normal mode */
  /* who speaks: local is what we say, remote what the peer must say, in both directions of calls */
  char *local_mta, *remote_mta; /* MTA names as in the binds */
  enum config_authentication local_authentication, remote_authentication; /* local: never AUTO */
  char *local_password_file, *remote_password_file;
  GBytes *local_password, *remote_password; /* of PASSWORD and EMPTY; else NULL */
  enum config_password_form local_password_form;
  enum config_password_taken remote_password_form;
  char *strong_certificate, *strong_key, *strong_ca, *strong_name;
  char *country, *admd, *prmd;                      /* our global domain identifier towards this peer */
  char *remote_country, *remote_admd, *remote_prmd; /* the peer's; country NULL: not known */
  /* selectors and the connection */
  GPtrArray *addresses; /* config_address, the best first; none: the peer only calls us */
  char *local_tsel, *remote_tsel, *local_ssel, *remote_ssel, *local_psel,
      *remote_psel;    /* selector texts, NULL = absent */
  char *local_source;  /* source address or NULL */
  GPtrArray *networks; /* char*: CIDR from which it may call; none: any */
  bool tls;
  struct config_tls tls_files;
  char *tls_name, *tls_server_certificate, *tls_server_key, *tls_client_name;
  guint keepalive_s, tpdu_size_code, session_version;
  /* RTSE */
  guint checkpoint_size, window;
  char *dialogue; /* monologue | two-way-alternate */
  /* associations and time */
  guint associations, urgent_associations, messages_per_association;
  guint interrupted_max; /* transfers in that may wait to be resumed */
  guint idle_s, remote_idle_s; /* of associations that we, that the peer opened; remote 0: never */
  guint connect_limit_s, answer_limit_s;
  guint transfer_limit_urgent_s, transfer_limit_normal_s, transfer_limit_non_urgent_s;
  char *schedule, *schedule_zone;
  struct schedule *hours;           /* of schedule; NULL: at any time */
  guint retry_first_s, retry_max_s; /* the queue's where the sheet has none */
  guint64 record_size;              /* octets of the wire record; 0: none */
  /* what is sent */
  guint64 size_max;
  enum config_deferred deferred_delivery;
  char *text_body;       /* general-text | utf-8 | iso8859-1 | teletex | teletex-sets | ia5: how text is sent */
  char *text_downgrade;  /* further forms, in order, for a text that the first does not hold; NULL: as it stands */
  char *attachment_body; /* file-transfer | bilateral | externally-defined | mime */
  char *alternative;     /* all | text */
  char *facsimile;       /* g3fax | tiff */
  char *edi_body;        /* attachment | ia5 | bilateral | externally-defined | file-transfer | p35 | off */
  char *smime;           /* body-part | content */
  char *content_type;    /* auto | 2 | 22 */
  char *notifications;   /* mdn | text */
  char *receipt_requests; /* return-path | any | none */
  bool return_receipt_to, private_extensions;
};

struct config_route { /* <route or="/C=de/ADMD=x/" peer="land"/>, <route domain="example.org" smarthost="h"
                         port=""/> */
  char *or_prefix, *peer; /* or */
  GPtrArray *fallbacks;   /* or; char*: peers for when the first cannot be reached, in order */
  char *domain, *smarthost;
  guint port; /* domain: exact or ".sub"; smarthost NULL: by MX */
  guint line;
};

struct config_media { /* <media type="application/pdf" application="1.2.3"/> */
  char *type, *body_part, *application;
  guint line;
};

struct config_alias { /* <alias country="de" admd="0" of="carrier"/> */
  char *country, *admd, *of;
  guint line;
};

struct config_table {
  char *kind;
  char *file;
  guint line;
}; /* domain-to-or | or-to-domain | domain-to-or-gateway | or-to-domain-gateway | users | mailbox-to-or | or-to-mailbox */

enum config_source_kind { CONFIG_SOURCE_TABLES, CONFIG_SOURCE_DNS, CONFIG_SOURCE_LDAP };
enum config_ldap_tls { CONFIG_LDAP_TLS_NEVER, CONFIG_LDAP_TLS_START };
struct config_source { /* <addressing><source/>: where mappings are looked up, the first first */
  enum config_source_kind kind;
  char *name;
  char *root, *domain_root;                   /* dns */
  char *url, *base, *bind_dn, *password_file; /* ldap */
  enum config_ldap_tls tls;
  char *ca;
  guint timeout_s, ttl_s, negative_ttl_s;
  guint line;
};

struct config {
  gatomicrefcount references;
  char *file;
  /* <gateway> */
  char *name, *spool, *control_socket, *user;
  char *administrator; /* RFC 822 address: return address and postmaster */
  char *domain; /* domain under which /C=../@domain addresses are written: the gateway's own mail domain */
  char *or_address;                       /* the gateway's own O/R address, std-or form */
  char *local_parts;                      /* any-case | exact */
  guint gateway_line;
  char *country, *admd, *prmd, *mta_name; /* global domain identifier and MTA name in trace */
  struct config_smtp smtp;
  GPtrArray *p1_listeners; /* config_listener */
  guint associations_max;
  guint64 record_memory; /* of all wire records together */
  struct config_tls p1_tls;
  GPtrArray *peers, *routes, *aliases, *media, *tables;
  /* <addressing> */
  GPtrArray *sources; /* config_source; none: the tables alone */
  char *match;        /* first | longest */
  guint lookups_max, lookup_rounds, lookup_cache, header_patience_s;
  /* <queue> */
  guint lifetime_s, lifetime_urgent_s, lifetime_non_urgent_s; /* 0: lifetime_s */
  guint deferral_max_s, fallback_after_s;
  guint retry_first_s, retry_max_s, retry_factor_percent, queue_line;
  guint64 disk_reserve;
  guint active_max;
  /* <converters> */
  guint converters, job_seconds;
  guint64 job_memory;
  guint depth_max, parts_max, headers_max, elements_max, hops_max;
  guint64 returned_max; /* octets of a message that a report returns */
  /* <dns> */
  char *dns_forward;
  bool dns_lift_test;
  guint audit_days;
};

/* NULL when there is any error; messages (GPtrArray of char*, owned by the caller) tells all of them, not
 * just the first. */
struct config *config_load(const char *file, GPtrArray *messages);
struct config *config_ref(struct config *config);
void config_unref(struct config *config);
const struct config_source *config_source(const struct config *config, const char *name);
const struct config_peer *config_peer(const struct config *config, const char *name);
/* Whether the peer's schedule lets us call at this time (UTC microseconds), and when that changes next;
 * G_MAXINT64: never. */
bool config_peer_hours(const struct config_peer *peer, gint64 now_us, gint64 *change_us_r);
/* What the conversion needs, as plain data for convert/job.h's SETUP: dictionary a{sv}, keys as the
 * configuration's names. */
GVariant *config_conversion(const struct config *config, guint generation);
/* Names of what differs between two configurations and needs a restart (listeners, spool, user); NULL:
 * nothing. */
char *config_needs_restart(const struct config *old, const struct config *new);
/* The generated documents. */
char *config_relax_ng(void);
char *config_reference(void);
/* "10.0.0.0/8", "::1": is the address inside one of the networks? */
bool config_network_contains(const GPtrArray *cidrs, const char *address);

#endif
