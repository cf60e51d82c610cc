/* schema_peer.c - <peer>: the bilateral sheet of one X.400 MTA. */
#include "config/schema_rows.h"

/* clang-format off */
static const struct schema_attribute address_attributes[] = {
  {ADDRESS("at", config_peer, addresses), .required = true,
   .help = "host:port; IPv6 as [address]:port; without a port: 102."},
  END_OF_ROWS};

static const struct schema_attribute network_attributes[] = {
  {NETWORK("cidr", config_peer, networks), .required = true, .help = "The peer may call from here."},
  END_OF_ROWS};

static const struct schema_attribute peer_tls_attributes[] = {
  {FILE_NAME("certificate", config_peer, tls_files.certificate),
   .help = "Our certificate towards this peer, PEM."},
  {FILE_NAME("key", config_peer, tls_files.key), .help = "Its private key, PEM."},
  {FILE_NAME("ca", config_peer, tls_files.ca),
   .help = "Authorities that the peer's certificate is verified with, PEM."},
  {TEXT("name", config_peer, tls_name, 255), .help = "Name that the peer's certificate must have."},
  END_OF_ROWS};

const struct schema_attribute schema_peer_attributes[] = {
  {TEXT("name", config_peer, name, 32), .required = true,
   .help = "What the peer is called here: in routes, logs, commands."},
  {TEXT("local-mta", config_peer, local_mta, 32), .required = true,
   .help = "Our MTA name as the peer knows it; case counts (X.411 8.1.1.1)."},
  {TEXT("remote-mta", config_peer, remote_mta, 32), .required = true,
   .help = "The peer's MTA name; case counts."},
  {FILE_NAME("local-password-file", config_peer, local_password_file),
   .help = "File with the password that we give; its line end is not part of it."},
  {FILE_NAME("remote-password-file", config_peer, remote_password_file),
   .help = "File with the password that the peer must give."},
  {CHOICE("password-form", config_peer, password_form, "ia5|octets"), .standard = "ia5",
   .help = "ASN.1 form in which our password is sent; both are accepted."},
  {TEXT("country", config_peer, country, 3),
   .help = "Country of our global domain identifier towards this peer (default: the gateway's)."},
  {TEXT("admd", config_peer, admd, 16), .help = "ADMD of the same."},
  {TEXT("prmd", config_peer, prmd, 16), .help = "PRMD of the same."},
  {SELECTOR("local-tsel", config_peer, local_tsel),
   .help = "Our transport selector. Selectors: absent = not sent, \"\" = empty, text, or x'0102'."},
  {SELECTOR("remote-tsel", config_peer, remote_tsel), .help = "The peer's transport selector."},
  {SELECTOR("local-ssel", config_peer, local_ssel), .help = "Our session selector."},
  {SELECTOR("remote-ssel", config_peer, remote_ssel), .help = "The peer's session selector."},
  {SELECTOR("local-psel", config_peer, local_psel), .help = "Our presentation selector."},
  {SELECTOR("remote-psel", config_peer, remote_psel), .help = "The peer's presentation selector."},
  {TEXT("local-source", config_peer, local_source, 64), .help = "Source address of our calls."},
  {NUMBER("checkpoint-size", config_peer, checkpoint_size, 0, 65535), .standard = "64",
   .help = "KiB between checkpoints (RTSE); 0: none."},
  {NUMBER("window", config_peer, window, 1, 255), .standard = "8",
   .help = "Checkpoints that may wait for their confirmation (RTSE window)."},
  {CHOICE("dialogue", config_peer, dialogue, "monologue|two-way-alternate"), .standard = "monologue",
   .help = "Dialogue mode proposed."},
  {NUMBER("tpdu-size", config_peer, tpdu_size_code, 0, 13), .standard = "11",
   .help = "TPDU size proposed, as power of two (7 to 13; X.224 13.3.4); 0: none, which means 65531 (RFC "
           "1006)."},
  {NUMBER("session-version", config_peer, session_version, 1, 2), .standard = "2",
   .help = "Session version at most."},
  {NUMBER("associations", config_peer, associations, 1, 1000), .standard = "4",
   .help = "Associations at most that we open."},
  {NUMBER("messages", config_peer, messages_per_association, 0, 10000000), .standard = "10000",
   .help = "Messages at most on one association; 0: no limit."},
  {DURATION("idle", config_peer, idle_s, 1, DAYS(1)), .standard = "60",
   .help = "An unused association is released after this time."},
  {SIZE("size-max", config_peer, size_max, KIB(1), GIB(2)), .standard = "128M",
   .help = "Largest transfer either way."},
  {YES_NO("tls", config_peer, tls), .standard = "no", .help = "Our calls speak TLS around RFC 1006."},
  {CHOICE("text-body", config_peer, text_body, "general-text|ia5|iso8859-1"), .standard = "general-text",
   .help = "Body part in which text that is not ASCII is sent."},
  {CHOICE("attachment-body", config_peer, attachment_body, "file-transfer|bilateral"), .standard = "file-transfer",
   .help = "Body part in which attachments are sent."},
  {CHOICE("content-type", config_peer, content_type, "auto|2|22"), .standard = "auto",
   .help = "Content type sent: P2, P22, or P22 where its elements are used."},
  END_OF_ROWS};

const struct schema_element schema_peer_children[] = {
  {PLAIN("address"), .many = true, .attributes = address_attributes,
   .help = "Where we call the peer, in order of preference; without any it must call us."},
  {PLAIN("network"), .many = true, .attributes = network_attributes,
   .help = "Where the peer calls from; without any: from anywhere."},
  {LINED("tls", config_peer, tls_files.line), .attributes = peer_tls_attributes,
   .help = "Certificates of TLS towards the peer."},
  END_OF_ROWS};
/* clang-format on */
