/* schema.c - the root of the table: <gateway>, <p1>, routes, tables, queue, limits; <smtp> and <peer> have
 * files of their own. */
#include "config/schema_rows.h"

/* clang-format off */
static const struct schema_attribute gateway_attributes[] = {
  {TEXT("name", config, name, 32), .required = true,
   .help = "What this gateway is called in logs and status."},
  {TEXT("domain", config, domain, 255), .required = true,
   .help = "The gateway's own mail domain: O/R addresses are written as /C=../..@domain (RFC 2156 4.3)."},
  {TEXT("administrator", config, administrator, 255), .required = true,
   .help = "Internet address that stands as sender of reports and takes postmaster's mail."},
  {TEXT("or-address", config, or_address, 1024), .required = true,
   .help = "The gateway's own O/R address, as /S=gateway/O=../PRMD=../ADMD=../C=../ ; its C, ADMD, PRMD, "
           "O and OU carry addresses that have no mapping of their own as RFC-822 attributes (RFC 2156 "
           "4.3.4.2)."},
  {TEXT("country", config, country, 3), .required = true,
   .help = "Country of our global domain identifier (X.411 8.5.1)."},
  {TEXT("admd", config, admd, 16), .standard = " ",
   .help = "ADMD of our global domain identifier; a single space means any."},
  {TEXT("prmd", config, prmd, 16), .help = "PRMD of our global domain identifier."},
  {CHOICE("local-parts", config, local_parts, "any-case|exact"), .standard = "any-case",
   .help = "How tables of single users compare what stands before the @: without case where no row has it as it is, or exactly."},
  {TEXT("mta-name", config, mta_name, 32), .required = true,
   .help = "Our MTA name in trace information (X.411 8.5.2)."},
  {FILE_NAME("spool", config, spool), .standard = "/var/spool/gw400",
   .help = "Folder of queue, audit log and bodies."},
  {FILE_NAME("control-socket", config, control_socket), .standard = "/run/gw400/control",
   .help = "Unix socket on which the gw400 command asks the daemon."},
  {TEXT("user", config, user, 32),
   .help = "User that the daemon becomes when it is started as root; the socket ports are bound before."},
  END_OF_ROWS};

static const struct schema_attribute p1_listen_attributes[] = {
  {TEXT("address", config_listener, address, 64), .standard = "127.0.0.1",
   .help = "Address to listen on: IPv4, IPv6, 0.0.0.0 or ::."},
  {PORT("port", config_listener, port), .required = true, .help = "TCP port."},
  {YES_NO("tls", config_listener, tls), .standard = "no",
   .help = "This door speaks TLS around RFC 1006, with the certificate of <tls>."},
  END_OF_ROWS};

static const struct schema_attribute p1_attributes[] = {
  {NUMBER("associations-max", config, associations_max, 1, 100000), .standard = "1100",
   .help = "Open P1 associations in all (busy beyond)."},
  {SIZE("record-memory", config, record_memory, 0, GIB(4)), .standard = "64M",
   .help = "Memory at most for the wire records of all peers together."},
  END_OF_ROWS};

static const struct schema_element p1_children[] = {
  {LIST("listen", config, p1_listeners, config_listener), .attributes = p1_listen_attributes,
   .help = "A door for X.400 MTAs (RFC 1006; port 102 is the standard's)."},
  {NESTED("tls", config, p1_tls, config_tls), .attributes = schema_tls_attributes,
   .help = "Certificate of the doors that speak TLS."},
  END_OF_ROWS};

static const struct schema_attribute route_attributes[] = {
  {TEXT("or", config_route, or_prefix, 1024),
   .help = "O/R addresses with these C, ADMD, PRMD, O and OU (the longest match counts) go to the peer."},
  {TEXT("peer", config_route, peer, 32), .help = "Name of a <peer>."},
  {TEXT("domain", config_route, domain, 255),
   .help = "Mail for this domain (\".example.org\": its subdomains) goes to the smarthost."},
  {TEXT("smarthost", config_route, smarthost, 255), .help = "Host; none: by the domain's MX records."},
  {PORT("port", config_route, port), .standard = "25", .help = "Port of the smarthost."},
  END_OF_ROWS};

static const struct schema_attribute fallback_attributes[] = {
  {TEXTS("peer", config_route, fallbacks, 32), .required = true, .help = "Name of a <peer>."},
  END_OF_ROWS};

static const struct schema_element route_children[] = {
  {PLAIN("fallback"), .many = true, .attributes = fallback_attributes,
   .help = "With or: the next peer, in order, when the ones before cannot be reached for a time."},
  END_OF_ROWS};

static const struct schema_attribute alias_attributes[] = {
  {TEXT("country", config_alias, country, 3), .required = true, .help = "Country in which the alias holds."},
  {TEXT("admd", config_alias, admd, 16), .required = true,
   .help = "ADMD as it stands in addresses or routes: a name, \"0\" (none), or a single space (any, absent)."},
  {TEXT("of", config_alias, of, 16), .required = true,
   .help = "What it is the same as for routing: a name, \"0\" or a single space; not itself an alias."},
  END_OF_ROWS};

static const struct schema_attribute media_attributes[] = {
  {TEXT("type", config_media, type, 127), .required = true, .help = "Media type: type/subtype."},
  {TEXT("body-part", config_media, body_part, 255),
   .help = "Object identifier, dotted, of the externally-defined body part that is an OCTET STRING of it."},
  {TEXT("application", config_media, application, 255),
   .help = "Object identifier, dotted, of the application of its file transfer body part."},
  END_OF_ROWS};

static const struct schema_attribute table_attributes[] = {
  {CHOICE("kind", config_table, kind, "domain-to-or|or-to-domain|domain-to-or-gateway|or-to-domain-gateway|users|mailbox-to-or|or-to-mailbox"),
   .required = true,
   .help = "Which of the four tables of RFC 2156 appendix F; or rows of single users: both ways, or one way alone."},
  {FILE_NAME("file", config_table, file), .required = true, .help = "The table's text file."},
  END_OF_ROWS};

static const struct schema_attribute source_attributes[] = {
  {ENUM("kind", config_source, kind, "tables|dns|ldap"), .required = true,
   .help = "The <table> files; PX records in DNS (RFC 2163); a directory (RFC 2164)."},
  {TEXT("name", config_source, name, 32), .help = "What it is called in logs and audit; none: its kind."},
  {TEXT("root", config_source, root, 200),
   .help = "dns: zone behind X42D.cc in names of O/R addresses; none: the country's own domain, as RFC 2163 has it."},
  {TEXT("domain-root", config_source, domain_root, 200),
   .help = "dns: zone behind mail domains; none: the mail domain itself."},
  {TEXT("url", config_source, url, 255), .help = "ldap: the server, ldap://HOST[:PORT] or ldaps://HOST[:PORT]."},
  {TEXT("base", config_source, base, 1024),
   .help = "ldap: the entry above cn=X.400 to RFC 822 and cn=RFC 822 to X.400."},
  {TEXT("bind-dn", config_source, bind_dn, 1024), .help = "ldap: who we are to the server; none: anonymous."},
  {FILE_NAME("password-file", config_source, password_file), .help = "ldap: file whose first line is the password."},
  {ENUM("tls", config_source, tls, "never|start"), .standard = "never",
   .help = "ldap: start demands StartTLS; ldaps:// is TLS anyway."},
  {FILE_NAME("ca", config_source, ca), .help = "ldap: authorities that verify the server; none: the system's."},
  {DURATION("timeout", config_source, timeout_s, 1, 300), .standard = "10",
   .help = "ldap: a look-up that takes longer is indeterminate."},
  {DURATION("ttl", config_source, ttl_s, 0, DAYS(7)), .standard = "1h", .help = "ldap: an answer is kept this long."},
  {DURATION("negative-ttl", config_source, negative_ttl_s, 0, DAYS(7)), .standard = "5m",
   .help = "ldap: that there is no mapping is kept this long."},
  END_OF_ROWS};

static const struct schema_attribute addressing_attributes[] = {
  {CHOICE("match", config, match, "first|longest"), .standard = "first",
   .help = "Of several sources the first that has a mapping counts, or the longest match of all (RFC 2164 5)."},
  {NUMBER("lookups-max", config, lookups_max, 1, 10000), .standard = "100",
   .help = "Look-ups for the heading of one message; further addresses are encapsulated."},
  {NUMBER("rounds-max", config, lookup_rounds, 1, 100), .standard = "12",
   .help = "How often the look-ups of one conversion may lead to further ones."},
  {NUMBER("cache", config, lookup_cache, 0, 10000000), .standard = "50000", .help = "Answers kept in memory."},
  {DURATION("header-patience", config, header_patience_s, 0, HOURS(4)), .standard = "15m",
   .help = "So long a message waits for the look-ups of addresses in its heading; then they are encapsulated "
           "(RFC 2156 4.2.1: at most 1 to 4 hours)."},
  END_OF_ROWS};

static const struct schema_element addressing_children[] = {
  {LIST("source", config, sources, config_source), .attributes = source_attributes,
   .help = "Where mappings are looked up, the first first; none: the tables alone."},
  END_OF_ROWS};

static const struct schema_attribute queue_attributes[] = {
  {DURATION("lifetime", config, lifetime_s, 1, DAYS(30)), .standard = "4d",
   .help = "After this time the sender gets a report; it begins when a deferred message is released."},
  {DURATION("lifetime-urgent", config, lifetime_urgent_s, 1, DAYS(30)),
   .help = "The same for urgent messages; none: lifetime. X.400 networks use 4h, for normal ones 24h."},
  {DURATION("lifetime-non-urgent", config, lifetime_non_urgent_s, 1, DAYS(30)),
   .help = "The same for non-urgent messages; none: lifetime. X.400 networks use 36h."},
  {DURATION("deferral-max", config, deferral_max_s, 1, DAYS(365)), .standard = "30d",
   .help = "A message whose deferred delivery time lies further ahead is reported back at once."},
  {DURATION("fallback-after", config, fallback_after_s, 0, DAYS(30)), .standard = "15m",
   .help = "A peer out of reach for this time is left for a route's <fallback>, where there is one."},
  {DURATION("retry-first", config, retry_first_s, 1, DAYS(1)), .standard = "1m",
   .help = "Pause after the first failed try."},
  {DURATION("retry-max", config, retry_max_s, 1, DAYS(7)), .standard = "1h",
   .help = "Longest pause between tries."},
  {NUMBER("retry-factor", config, retry_factor_percent, 100, 1000), .standard = "200",
   .help = "Growth of the pause from try to try, in percent."},
  {SIZE("disk-reserve", config, disk_reserve, 0, GIB(1024)), .standard = "64M",
   .help = "Disk space kept free: below it MAIL gets 452 4.3.1 and binds get busy."},
  {NUMBER("active-max", config, active_max, 1, 100000), .standard = "500",
   .help = "Messages in work at the same time; the others wait in the store."},
  END_OF_ROWS};

static const struct schema_attribute converters_attributes[] = {
  {NUMBER("count", config, converters, 1, 256), .standard = "2", .help = "Converter processes."},
  {DURATION("deadline", config, job_seconds, 1, HOURS(1)), .standard = "60",
   .help = "A conversion that takes longer is killed; the second time its message is parked."},
  {SIZE("memory", config, job_memory, MIB(32), GIB(16)), .standard = "256M",
   .help = "Memory of one converter (RLIMIT_DATA)."},
  END_OF_ROWS};

static const struct schema_attribute limits_attributes[] = {
  {NUMBER("depth", config, depth_max, 4, 200), .standard = "32",
   .help = "Nesting of messages, multiparts and encodings."},
  {NUMBER("parts", config, parts_max, 10, 100000), .standard = "1000", .help = "Body parts of one message."},
  {NUMBER("headers", config, headers_max, 50, 100000), .standard = "1000",
   .help = "Header fields of one message."},
  {NUMBER("elements", config, elements_max, 1000, 10000000), .standard = "200000",
   .help = "ASN.1 elements of one message, outside long strings."},
  {NUMBER("hops", config, hops_max, 5, 500), .standard = "30",
   .help = "Trace elements before a message counts as looping."},
  {SIZE("returned-content", config, returned_max, 0, GIB(1)), .standard = "1M",
   .help = "A larger message is not returned whole with the gateway's own reports: mail gets its header, X.400 gets none of it."},
  END_OF_ROWS};

static const struct schema_attribute dns_attributes[] = {
  {TEXT("forward", config, dns_forward, 255),
   .help = "Resolver to ask, address or address@port; none: those of the system."},
  {YES_NO("lift-test", config, dns_lift_test), .standard = "no",
   .help = "Ask for names under .test and the like too (for test networks)."},
  END_OF_ROWS};

static const struct schema_attribute audit_attributes[] = {
  {NUMBER("days", config, audit_days, 0, 36500), .standard = "365",
   .help = "Audit records are kept this long; 0: for ever."},
  END_OF_ROWS};

static const struct schema_attribute no_attributes[] = {END_OF_ROWS};

static const struct schema_element root_children[] = {
  {LINED("gateway", config, gateway_line), .required = true, .attributes = gateway_attributes,
   .help = "Who we are on both sides."},
  {NESTED("smtp", config, smtp, config_smtp), .required = true, .attributes = schema_smtp_attributes,
   .children = schema_smtp_children, .help = "The Internet side."},
  {PLAIN("p1"), .attributes = p1_attributes, .children = p1_children,
   .help = "The X.400 side: our doors."},
  {LIST("peer", config, peers, config_peer), .profiled = true, .attributes = schema_peer_attributes,
   .children = schema_peer_children, .help = "An X.400 MTA: its bilateral sheet, one to one."},
  {LIST("route", config, routes, config_route), .attributes = route_attributes, .children = route_children,
   .help = "Where addresses lie: or with peer, or domain with smarthost."},
  {LIST("alias", config, aliases, config_alias), .attributes = alias_attributes,
   .help = "Two values of ADMD that routing takes as the same."},
  {LIST("media", config, media, config_media), .attributes = media_attributes,
   .help = "A media type and what it is in X.400, beside those of RFC 2157, 2158 and 2160."},
  {LIST("table", config, tables, config_table), .attributes = table_attributes,
   .help = "A mapping table: of RFC 2156 appendix F, or of single users."},
  {PLAIN("addressing"), .attributes = addressing_attributes, .children = addressing_children,
   .help = "Look-ups of address mappings outside the tables."},
  {LINED("queue", config, queue_line), .attributes = queue_attributes, .help = "Lifetime and retries."},
  {PLAIN("converters"), .attributes = converters_attributes,
   .help = "The sandboxed processes that convert messages."},
  {PLAIN("limits"), .attributes = limits_attributes,
   .help = "What a message may ask of the conversion."},
  {PLAIN("dns"), .attributes = dns_attributes, .help = "Look-ups of mail servers."},
  {PLAIN("audit"), .attributes = audit_attributes, .help = "The audit log."},
  END_OF_ROWS};
/* clang-format on */

const struct schema_element *config_schema(void)
{
  static const struct schema_element root = {PLAIN("gw400"),
                                             .required = true,
                                             .attributes = no_attributes,
                                             .children = root_children,
                                             .help = "The configuration of one gateway."};
  return &root;
}
