/* job.h - the vocabulary of conversion: what is asked of the mapping and what it answers.  Plain data.
 *
 * These types cross the wall of the sandbox (convert/ serialises them) and are all that the relay knows of the mapping:
 * it is the one header of this folder that gateway/relay may include.  Octets of messages travel as file descriptors.
 * The same input gives the same output: times, identifiers and configuration are in the job; nothing else is looked at. */
#ifndef GW400_MAPPING_JOB_H
#define GW400_MAPPING_JOB_H

#include <glib.h>
#include <stdbool.h>

enum mapping_kind {
  MAPPING_SETUP,   /* first job of a process: settings (a{sv}, see settings.h) and tables_fd */
  MAPPING_MAP,     /* one address, text, either way: mapped, hop; or why not */
  MAPPING_READ,    /* a stored message: its recipients with mapped addresses and hops, priority, identifiers */
  MAPPING_WRITE,   /* a stored message for some of its recipients at one hop: the octets to send and the envelope */
  MAPPING_REPORT,  /* a stored message and outcomes: the report that its originator gets, in the originator's format */
  MAPPING_COMPILE  /* table sources (table_fds in order of settings' "tables"): the compiled table file in out_fd */
};
enum mapping_format {
  MAPPING_MAIL,  /* RFC 5322 message with its SMTP envelope in the job */
  MAPPING_APDU   /* X.411 MTS-APDU, bare or in EXTERNAL */
};
enum mapping_content { MAPPING_CONTENT_MESSAGE, MAPPING_CONTENT_REPORT, MAPPING_CONTENT_PROBE, MAPPING_CONTENT_NOTIFICATION };
enum mapping_action { MAPPING_FAILED, MAPPING_DELIVERED, MAPPING_DELAYED, MAPPING_RELAYED, MAPPING_EXPANDED };
/* What an interpersonal message asks of a recipient (X.420 7.1.2: rn, nrn, ipm-return). */
enum mapping_receipts { MAPPING_RECEIPT = 1, MAPPING_NON_RECEIPT = 2, MAPPING_IPM_RETURN = 4 };
/* NOTIFY as smtp_notify's bits; report request bits of X.411 are mapped to and from these. */
enum mapping_notify { MAPPING_NOTIFY_DEFAULT = 0, MAPPING_NOTIFY_NEVER = 1, MAPPING_NOTIFY_SUCCESS = 2, MAPPING_NOTIFY_FAILURE = 4, MAPPING_NOTIFY_DELAY = 8 };
enum mapping_ret { MAPPING_RET_DEFAULT, MAPPING_RET_FULL, MAPPING_RET_HDRS };

struct mapping_recipient {
  guint ordinal;          /* position in the envelope, from 0; stable over the message's life */
  char *address;          /* as in the incoming envelope: mailbox, or std-or form of the O/R address */
  char *mapped;           /* as in the outgoing envelope (the other form) */
  char *hop;              /* "p1:PEER", "smtp:DOMAIN", "smtp:[HOST]:PORT" (smarthost of a route); NULL when it failed */
  char *fallbacks;        /* READ: hops for when that one cannot be reached, in order, "\n" between; NULL: none */
  char *orcpt;            /* SMTP: ORCPT value "type;address", or NULL */
  guint notify;           /* enum mapping_notify bits */
  guint receipts;         /* APDU: enum mapping_receipts bits */
  guint number;           /* APDU: originally specified recipient number; 0: not known */
  guint apart;            /* recipients of one hop with different numbers get messages of their own; a DSN's: see below */
  /* failure or outcome */
  bool failed;
  enum mapping_action action;  /* in a REPORT job */
  char *code;             /* RFC 3463 "5.1.1" */
  char *words;            /* for people: which rule refused, clause; or the remote side's reply */
  gint reason, diagnostic; /* X.411 8.3.1.2.1.10/11 numbers; -1: derive from code */
  char *remote;           /* who said so: "dns; mx.example.org", "x400; land" */
  gint64 time_us;         /* of the outcome */
  gint64 redirected_us;   /* APDU: since then it goes to the alternate that its originator asked for; 0: it does not */
};
struct mapping_recipient *mapping_recipient_new(guint ordinal);
void mapping_recipient_free(struct mapping_recipient *recipient);

/* A DSN that tells final outcomes and others becomes a report and a message (RFC 2156 5.1.8.3): its recipient comes twice, the
 * second time with this number apart. */
enum { MAPPING_APART_MESSAGE = 1 };

struct mapping_identifier { char *kind, *value; }; /* kinds: "message-id", "mts-id", "envid", "content-id", "ipm-id";
                                                      of what it is about: "subject-mts-id", "subject-message-id" */
void mapping_identifier_free(struct mapping_identifier *identifier);

/* What the queue still knows of the message that a report or notification is about. */
struct mapping_subject {
  bool known;
  char *sender;                 /* its originator, as in its envelope */
  char *message_id, *mts_id;    /* the first of each kind that reading it gave; NULL: none */
  char *envid;                  /* mail: ENVID, or NULL */
  GPtrArray *recipients;        /* of mapping_recipient: ordinal, address, mapped, orcpt, notify, receipts, number */
};
/* A look-up outside the compiled tables (RFC 2156 4.2.1): asked for by a job that lacks it, answered in the next run of that job.
 * source, name and root identify it. The name's rungs are tried from the whole name upwards, its leftmost element taken off at
 * each step, never above root: dns: PX (26) at NAME.ROOT, then at "*" under NAME.ROOT and each of its parents (RFC 2163 4.1);
 * ldap: the entry NAME,ROOT, then its parents, until one has an attribute of RFC 2164. */
enum mapping_lookup_state { MAPPING_LOOKUP_LACKING, MAPPING_LOOKUP_FOUND, MAPPING_LOOKUP_NOT_FOUND, MAPPING_LOOKUP_INDETERMINATE };
struct mapping_lookup {
  char *source;        /* name of the configuration's <source> */
  char *name, *root;   /* "cce.nrc.it" under ""; "prmd=isode,admd=mailnet,c=fi" under "cn=X.400 to RFC 822,..." */
  bool header;         /* lacking: only addresses of the heading need it; answered: they alone may take an indeterminate one */
  enum mapping_lookup_state state;
  char *words;         /* INDETERMINATE: why; UTF-8 */
  GPtrArray *records;  /* of char*, FOUND, in a fixed order: dns "PREFERENCE MAP822 MAPX400"; ldap "rungs: N", then "TYPE: VALUE" */
};
struct mapping_lookup *mapping_lookup_new(const char *source, const char *name, const char *root);
struct mapping_lookup *mapping_lookup_copy(const struct mapping_lookup *lookup);
void mapping_lookup_free(struct mapping_lookup *lookup);
/* Source, name and root as one text; caller frees. */
char *mapping_lookup_key(const struct mapping_lookup *lookup);
#define MAPPING_HOP_LOOKUP "lookup" /* hop of a recipient whose address hangs on an indeterminate look-up (READ) */

struct mapping_job {
  enum mapping_kind kind;
  enum mapping_format format;   /* of the message in in_fd */
  guint64 id;                   /* queue identifier: source of MTS identifiers, Message-IDs we must make, boundaries */
  gint64 received_us;           /* acceptance time: the only "now" of READ and WRITE (trace, defaults) */
  gint64 now_us;                /* REPORT: time of the outcome */
  char *peer;                   /* APDU: the peer it came from */
  char *sender, *envid;         /* mail: SMTP envelope */
  char *client;                 /* mail: "host [address]" for Received / trace */
  enum mapping_ret ret;
  struct mapping_subject subject; /* WRITE of a report or notification, or of what may be one */
  GPtrArray *recipients;        /* of mapping_recipient: READ mail: the envelope's; WRITE: those of this hop; REPORT: outcomes */
  guint recipients_total;       /* WRITE: how many the message had in all (responsibility, disclosure) */
  char *hop;                    /* WRITE */
  char *text;                   /* MAP: the address; */
  bool to_x400;                 /* MAP: direction */
  GPtrArray *answers;           /* of mapping_lookup: what was looked up for this job so far */
  bool explain;                 /* MAP: fill result lines with every rule tried, its clause, the way back */
  guint64 size;                 /* of in_fd's octets */
  bool truncated;               /* READ, REPORT of an APDU: in_fd holds only its beginning, for it was larger than its peer may send:
                                   the envelope is read, every recipient comes back failed with content-too-long */
  GVariant *settings;           /* SETUP, COMPILE */
  int in_fd, out_fd, tables_fd; /* -1: none. Owned by the job; in_fd is read by pread or from 0, out_fd written from 0 */
  GArray *table_fds;            /* of int, COMPILE */
};
struct mapping_job *mapping_job_new(enum mapping_kind kind);
void mapping_job_free(struct mapping_job *job); /* closes its descriptors */
typedef struct mapping_job mapping_job_t; /* for g_autoptr() alone */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(mapping_job_t, mapping_job_free)

enum mapping_status {
  MAPPING_OK,
  MAPPING_REFUSED, /* MAP: no mapping or no route (code, words); COMPILE: errors in lines; SETUP: settings wrong */
  MAPPING_LACKS,   /* MAP, READ, WRITE, REPORT: answer `lookups` and run the job again; nothing else of the result counts */
  MAPPING_PARK     /* READ, WRITE, REPORT: this message cannot be understood at all (words: place, reason, clause): an operator's case */
};
#define MAPPING_DIGEST_MIN (2u << 20)
struct mapping_result {
  enum mapping_status status;
  char *words, *code;
  enum mapping_content content;
  guint priority;               /* 0 non-urgent, 1 normal, 2 urgent */
  char *mapped, *hop;           /* MAP */
  char *sender, *envid;         /* READ: originator as text (for audit); WRITE smtp: MAIL FROM and ENVID; REPORT mail: "" */
  enum mapping_ret ret;
  GPtrArray *recipients;        /* READ: all with mapped/hop or failed; WRITE smtp: RCPT TO in mapped, with notify, orcpt; REPORT: whom it goes to */
  GPtrArray *redirected;        /* REPORT: recipients of the subject that go to an alternate instead: address, mapped, hop */
  GPtrArray *identifiers;       /* of mapping_identifier: what the message can be found by */
  GBytes *duplicate_key;        /* READ of an APDU: SHA-256 over what the duplicate rule compares (DESIGN section 1); else NULL */
  bool no_report;               /* READ: a report, or a message whose originator wants none: never report on it */
  enum mapping_format format;   /* WRITE, REPORT: of what is in out_fd */
  guint64 size;                 /* of what was written to out_fd */
  GBytes *digest;               /* WRITE: its SHA-256 when it is MAPPING_DIGEST_MIN octets or more; else NULL */
  bool has_8bit, smtputf8;      /* WRITE smtp */
  gint64 deferred_until_us, latest_us; /* READ: 0 = none */
  GPtrArray *losses;            /* of char*: "element: what was changed or dropped (clause): why" */
  GPtrArray *lookups;           /* of mapping_lookup, LACKING, when the status is LACKS */
  GPtrArray *lines;             /* of char*: MAP explain, COMPILE diagnostics "file:line: message" */
};
struct mapping_result *mapping_result_new(void);
void mapping_result_free(struct mapping_result *result);
typedef struct mapping_result mapping_result_t; /* for g_autoptr() alone */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(mapping_result_t, mapping_result_free)

#endif
