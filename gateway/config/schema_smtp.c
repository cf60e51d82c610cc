/* schema_smtp.c - the Internet side: <smtp> and what stands in it. */
#include "config/schema_rows.h"

/* clang-format off */
static const struct schema_attribute listen_attributes[] = {
  {TEXT("address", config_listener, address, 64), .standard = "127.0.0.1",
   .help = "Address to listen on: IPv4, IPv6, 0.0.0.0 or ::."},
  {PORT("port", config_listener, port), .required = true, .help = "TCP port."},
  END_OF_ROWS};

static const struct schema_attribute relay_attributes[] = {
  {NETWORK("network", config_smtp, relay_networks), .help = "Clients in this network (CIDR) may relay."},
  {TEXTS("certificate", config_smtp, relay_certificates, 255),
   .help = "Clients with a verified TLS certificate of this name may relay."},
  END_OF_ROWS};

const struct schema_attribute schema_tls_attributes[] = {
  {FILE_NAME("certificate", config_tls, certificate), .help = "Our certificate chain, PEM."},
  {FILE_NAME("key", config_tls, key), .help = "Its private key, PEM."},
  {FILE_NAME("ca", config_tls, ca),
   .help = "Authorities that the other side's certificate is verified with, PEM."},
  {YES_NO("require-client", config_tls, require_client), .standard = "no",
   .help = "Refuse clients without a verified certificate."},
  END_OF_ROWS};

static const struct schema_attribute send_attributes[] = {
  {TEXT("smarthost", config_smtp, smarthost, 255),
   .help = "Host that takes all mail for the Internet; none: by MX records."},
  {PORT("port", config_smtp, smarthost_port), .standard = "25", .help = "Port of the smarthost."},
  {PORT("mx-port", config_smtp, mx_port), .standard = "25", .help = "Port used for servers found by MX."},
  {CHOICE("tls", config_smtp, client_tls, "never|may|require"), .standard = "may",
   .help = "STARTTLS as client: never, when offered, or only so (then the server's certificate is "
           "verified)."},
  {FILE_NAME("ca", config_smtp, client_tls_files.ca),
   .help = "Authorities that servers are verified with, PEM; none: the system's."},
  {FILE_NAME("certificate", config_smtp, client_tls_files.certificate),
   .help = "Our certificate chain as client, PEM, where a server asks for one."},
  {FILE_NAME("key", config_smtp, client_tls_files.key), .help = "Its private key, PEM."},
  {CHOICE("probes", config_smtp, probes, "answer|ask"), .standard = "answer",
   .help = "X.400 probes for recipients with mail: answered by the gateway (it maps the address and has a route), or after "
           "asking the next mail server with MAIL and RCPT."},
  {NUMBER("connections", config_smtp, connections_per_destination, 1, 1000), .standard = "10",
   .help = "Connections at most to one destination."},
  {NUMBER("messages", config_smtp, messages_per_connection, 0, 1000000), .standard = "1000",
   .help = "Messages at most in one connection; 0: no limit."},
  {DURATION("idle", config_smtp, connection_idle_s, 0, HOURS(1)), .standard = "5",
   .help = "How long an unused connection stays open for the next message."},
  END_OF_ROWS};

const struct schema_attribute schema_smtp_attributes[] = {
  {TEXT("hostname", config_smtp, hostname, 255), .required = true,
   .help = "Our name in greeting, EHLO and Received."},
  {YES_NO("tls-required", config_smtp, tls_required), .standard = "no",
   .help = "MAIL is refused before STARTTLS (530 5.7.0)."},
  {SIZE("size-max", config_smtp, size_max, KIB(1), GIB(2)), .standard = "128M",
   .help = "Largest message taken (SIZE)."},
  {NUMBER("line-max", config_smtp, line_max, 512, 65536), .standard = "2048",
   .help = "Longest command line."},
  {NUMBER("text-line-max", config_smtp, text_line_max, 1000, 1048576), .standard = "65536",
   .help = "Longest line of message text; the standard says 998, many exceed it."},
  {NUMBER("recipients-max", config_smtp, recipients_max, 100, 32767), .standard = "1000",
   .help = "Recipients of one message (452 4.5.3 beyond)."},
  {NUMBER("messages-max", config_smtp, messages_max, 1, 1000000000), .standard = "100000",
   .help = "Messages of one connection (421 beyond)."},
  {NUMBER("errors-max", config_smtp, errors_max, 1, 10000), .standard = "20",
   .help = "Refused commands of one connection (421 beyond)."},
  {NUMBER("sessions-max", config_smtp, sessions_max, 1, 100000), .standard = "500",
   .help = "Open connections of clients."},
  {NUMBER("sessions-per-client", config_smtp, sessions_per_client, 1, 100000), .standard = "100",
   .help = "Open connections from one address."},
  {DURATION("idle", config_smtp, idle_s, 1, DAYS(1)), .standard = "5m",
   .help = "Wait for a command (RFC 5321 4.5.3.2)."},
  {DURATION("data-idle", config_smtp, data_s, 1, DAYS(1)), .standard = "10m",
   .help = "Wait for message text (RFC 5321 4.5.3.2)."},
  END_OF_ROWS};

const struct schema_element schema_smtp_children[] = {
  {LIST("listen", config_smtp, listeners, config_listener), .attributes = listen_attributes,
   .help = "A door for SMTP clients."},
  {PLAIN("relay"), .many = true, .attributes = relay_attributes,
   .help = "Who may send through the gateway; without any: loopback only."},
  {NESTED("tls", config_smtp, tls, config_tls), .attributes = schema_tls_attributes,
   .help = "Certificate for STARTTLS; without it STARTTLS is not offered."},
  {PLAIN("send"), .attributes = send_attributes, .help = "How mail for the Internet leaves."},
  END_OF_ROWS};
/* clang-format on */
