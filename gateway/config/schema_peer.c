/* schema_peer.c - <peer>: the bilateral sheet of one X.400 MTA. */
#include "config/schema_rows.h"

/* clang-format off */
static const struct schema_attribute address_attributes[] = {
  {ADDRESS("at", config_address, at), .required = true,
   .help = "host:port; IPv6 as [address]:port; without a port: 102."},
  {NUMBER("preference", config_address, preference, 0, 65535), .standard = "0",
   .help = "The lowest is called first; equal ones in the order in which they stand here."},
  END_OF_ROWS};

static const struct schema_attribute network_attributes[] = {
  {NETWORK("cidr", config_peer, networks), .required = true, .help = "The peer may call from here."},
  END_OF_ROWS};

static const struct schema_attribute peer_tls_attributes[] = {
  {FILE_NAME("certificate", config_peer, tls_files.certificate),
   .help = "Our certificate when we call this peer, PEM."},
  {FILE_NAME("key", config_peer, tls_files.key), .help = "Its private key, PEM."},
  {FILE_NAME("ca", config_peer, tls_files.ca),
   .help = "Authorities that the peer's certificate is verified with, both ways, PEM."},
  {TEXT("name", config_peer, tls_name, 255),
   .help = "Name that the peer's certificate must have when we call it."},
  {FILE_NAME("server-certificate", config_peer, tls_server_certificate),
   .help = "Our certificate when the peer calls us from one of its networks (default: that of <p1><tls>), "
           "PEM."},
  {FILE_NAME("server-key", config_peer, tls_server_key), .help = "Its private key, PEM."},
  {TEXT("client-name", config_peer, tls_client_name, 255),
   .help = "Name that the peer's certificate must have when it calls us; none: no certificate is asked "
           "for."},
  END_OF_ROWS};

const struct schema_attribute schema_peer_attributes[] = {
  {TEXT("name", config_peer, name, 32), .required = true, .own = true,
   .help = "What the peer is called here: in routes, logs, commands."},
  {TEXT("profile", config_peer, profile, 255), .own = true,
   .help = "Kind of peer, whose values hold for all that is not written here: the file profiles/NAME.xml "
           "beside this configuration, else of the installation (amhs, carrier-1984, modern, x410)."},

  /* how it speaks */
  {ENUM("mode", config_peer, mode, "1988-normal|1988-x410|1984"), .standard = "1988-normal",
   .help = "1988-normal: RTSE and ACSE over presentation (X.419 normal mode); 1988-x410: 1988 messages, "
           "RTSE in X.410-1984 mode; 1984: X.410 RTS, P1 of 1984."},
  {NUMBER("application-protocol", config_peer, application_protocol, 0, 65535), .standard = "0",
   .help = "Application protocol of the X.410 modes: 1 = mts-transfer-protocol-1984, 12 = "
           "mts-transfer-protocol; 0: 1 in mode 1984, 12 in mode 1988-x410."},

  /* who speaks */
  {TEXT("local-mta", config_peer, local_mta, 32), .required = true, .own = true,
   .help = "Our MTA name as the peer knows it; case counts (X.411 8.1.1.1)."},
  {TEXT("remote-mta", config_peer, remote_mta, 32), .required = true, .own = true,
   .help = "The peer's MTA name; case counts."},
  {ENUM("local-authentication", config_peer, local_authentication,
        "auto|password|empty-password|unauthenticated|strong"), .standard = "auto",
   .help = "What we give: name and password, name and a password of no octets, neither (NULL in the bind), "
           "or name and a signed token; auto: password with local-password-file, else empty-password."},
  {ENUM("remote-authentication", config_peer, remote_authentication,
        "auto|password|empty-password|unauthenticated|strong"), .standard = "auto",
   .help = "What the peer must give; auto: password with remote-password-file; without it a caller gives an "
           "empty one, and the password in the answer to our call is not looked at."},
  {FILE_NAME("local-password-file", config_peer, local_password_file), .own = true,
   .help = "File with the password that we give; its line end is not part of it."},
  {FILE_NAME("remote-password-file", config_peer, remote_password_file), .own = true,
   .help = "File with the password that the peer must give."},
  {ENUM("local-password-form", config_peer, local_password_form, "ia5|octets"), .standard = "ia5",
   .help = "ASN.1 form in which our password is sent: IA5String or OCTET STRING."},
  {ENUM("remote-password-form", config_peer, remote_password_form, "any|ia5|octets"), .standard = "any",
   .help = "ASN.1 form in which the peer's password must come."},
  {FILE_NAME("strong-certificate", config_peer, strong_certificate), .own = true,
   .help = "Our X.509 certificate for strong authentication, with its chain, PEM."},
  {FILE_NAME("strong-key", config_peer, strong_key), .own = true, .help = "Its private key, PEM."},
  {FILE_NAME("strong-ca", config_peer, strong_ca), .own = true,
   .help = "Authorities that the certificate in the peer's token is verified with, PEM."},
  {TEXT("strong-name", config_peer, strong_name, 255), .own = true,
   .help = "Common name that the certificate in the peer's token must have (default: remote-mta)."},
  {TEXT("country", config_peer, country, 3), .own = true,
   .help = "Country of our global domain identifier towards this peer (default: the gateway's)."},
  {TEXT("admd", config_peer, admd, 16), .own = true, .help = "ADMD of the same."},
  {TEXT("prmd", config_peer, prmd, 16), .own = true, .help = "PRMD of the same."},
  {TEXT("remote-country", config_peer, remote_country, 3), .own = true,
   .help = "Country of the peer's global domain identifier."},
  {TEXT("remote-admd", config_peer, remote_admd, 16), .own = true, .help = "ADMD of the same."},
  {TEXT("remote-prmd", config_peer, remote_prmd, 16), .own = true, .help = "PRMD of the same."},

  /* selectors and the connection */
  {SELECTOR("local-tsel", config_peer, local_tsel),
   .help = "Our transport selector. Selectors: absent = not sent, \"\" = empty, text, or x'0102'."},
  {SELECTOR("remote-tsel", config_peer, remote_tsel), .help = "The peer's transport selector."},
  {SELECTOR("local-ssel", config_peer, local_ssel), .help = "Our session selector."},
  {SELECTOR("remote-ssel", config_peer, remote_ssel), .help = "The peer's session selector."},
  {SELECTOR("local-psel", config_peer, local_psel), .help = "Our presentation selector."},
  {SELECTOR("remote-psel", config_peer, remote_psel), .help = "The peer's presentation selector."},
  {TEXT("local-source", config_peer, local_source, 64), .own = true, .help = "Source address of our calls."},
  {YES_NO("tls", config_peer, tls), .standard = "no",
   .help = "TLS around RFC 1006: our calls speak it, and the peer's must come to a door with TLS."},
  {DURATION("keepalive", config_peer, keepalive_s, 0, DAYS(1)), .standard = "60",
   .help = "Silence after which TCP asks whether the other side is still there; 0: never."},
  {NUMBER("tpdu-size", config_peer, tpdu_size_code, 0, 13), .standard = "11",
   .help = "TPDU size proposed, as power of two (7 to 13; X.224 13.3.4); 0: none, which means 65531 (RFC "
           "1006)."},
  {NUMBER("session-version", config_peer, session_version, 1, 2), .standard = "2",
   .help = "Session version at most."},

  /* RTSE */
  {NUMBER("checkpoint-size", config_peer, checkpoint_size, 0, 65535), .standard = "64",
   .help = "KiB between checkpoints (RTSE); 0: none."},
  {NUMBER("window", config_peer, window, 1, 255), .standard = "8",
   .help = "Checkpoints that may wait for their confirmation (RTSE window)."},
  {CHOICE("dialogue", config_peer, dialogue, "monologue|two-way-alternate"), .standard = "monologue",
   .help = "Dialogue mode proposed."},

  /* associations and time */
  {NUMBER("associations", config_peer, associations, 1, 1000), .standard = "4",
   .help = "Associations at most that we open."},
  {NUMBER("urgent-associations", config_peer, urgent_associations, 0, 100), .standard = "1",
   .help = "Further ones that we open for urgent messages alone, when those above are taken."},
  {NUMBER("messages", config_peer, messages_per_association, 0, 10000000), .standard = "10000",
   .help = "Messages at most on one association; 0: no limit."},
  {DURATION("idle", config_peer, idle_s, 1, DAYS(1)), .standard = "60",
   .help = "An unused association that we opened is released after this time."},
  {NUMBER("interrupted-max", config_peer, interrupted_max, 1, 10000), .standard = "16",
   .help = "Interrupted transfers of the peer's that are kept to be resumed; one more, and the oldest begins anew."},
  {DURATION("remote-idle", config_peer, remote_idle_s, 0, DAYS(7)), .standard = "1h",
   .help = "An unused association that the peer opened is ended after this time; 0: never."},
  {DURATION("connect-limit", config_peer, connect_limit_s, 1, 3600), .standard = "60",
   .help = "From the TCP connection to the bind; then the next address is tried."},
  {DURATION("answer-limit", config_peer, answer_limit_s, 1, 3600), .standard = "2m",
   .help = "A transfer of which the peer takes and confirms nothing for so long is broken off, and the next "
           "address tried."},
  {DURATION("transfer-limit-urgent", config_peer, transfer_limit_urgent_s, 1, DAYS(7)), .standard = "30m",
   .help = "A transfer of an urgent message that takes longer is broken off, and the next address tried."},
  {DURATION("transfer-limit-normal", config_peer, transfer_limit_normal_s, 1, DAYS(7)), .standard = "2h",
   .help = "The same of a normal message."},
  {DURATION("transfer-limit-non-urgent", config_peer, transfer_limit_non_urgent_s, 1, DAYS(7)),
   .standard = "4h", .help = "The same of a non-urgent message."},
  {TEXT("schedule", config_peer, schedule, 1024), .own = true,
   .help = "When we call: \"Mon-Fri 06:00-22:00, Sat 08:00-12:00\" or \"daily 20:00-04:00\"; none: at any "
           "time. The peer may call at any time."},
  {TEXT("schedule-zone", config_peer, schedule_zone, 64), .standard = "UTC", .own = true,
   .help = "Time zone of the schedule, as Europe/Berlin."},
  {DURATION("retry-first", config_peer, retry_first_s, 0, DAYS(1)), .standard = "0",
   .help = "Pause after the first failed call; 0: that of <queue>."},
  {DURATION("retry-max", config_peer, retry_max_s, 0, DAYS(7)), .standard = "0",
   .help = "Longest pause between calls; 0: that of <queue>."},
  {SIZE("record-size", config_peer, record_size, 0, MIB(64)), .standard = "256K",
   .help = "Octets of the last dialogue that are kept for gw400 peer record; 0: none."},

  /* what is sent */
  {SIZE("size-max", config_peer, size_max, KIB(1), GIB(2)), .standard = "128M",
   .help = "Largest transfer either way."},
  {ENUM("deferred-delivery", config_peer, deferred_delivery, "honour|pass"), .standard = "pass",
   .help = "Messages from this peer with a deferred delivery time: held here until then, or passed on with "
           "it."},
  {CHOICE("text-body", config_peer, text_body, "general-text|utf-8|iso8859-1|teletex|teletex-sets|ia5"),
   .standard = "general-text",
   .help = "Body part in which text that is not ASCII is sent: general text in the narrowest sets, in UTF-8, in ISO "
           "8859-1; teletex with T.61's own sets or with all; IA5 text. Peers of 1984 have IA5 text and teletex."},
  {TEXT("text-downgrade", config_peer, text_downgrade, 100),
   .help = "What is tried, in this order, with a text that text-body does not hold: the same words, file-transfer, "
           "or harpoon (MIME in IA5 text). The last takes it with substitutes, which are listed as losses. Not "
           "written: file-transfer where text-body is general-text or utf-8, else harpoon: no character is lost."},
  {CHOICE("attachment-body", config_peer, attachment_body, "file-transfer|bilateral|externally-defined|mime"),
   .standard = "file-transfer",
   .help = "Body part in which attachments are sent: file transfer, bilaterally-defined, externally-defined (under their type's own "
           "identifier if it has one, else as mime), or MIME in body part 15. To 1984 all but bilateral are MIME in IA5 text."},
  {CHOICE("alternative", config_peer, alternative, "all|text"), .standard = "all",
   .help = "What is sent of multipart/alternative: all of its parts, or, if one is plain text, no HTML beside it."},
  {CHOICE("smime", config_peer, smime, "body-part|content"), .standard = "body-part",
   .help = "How a mail that is one S/MIME object is sent: in a body part of an interpersonal message, or as the content itself "
           "(RFC 3855), which has no heading."},
  {CHOICE("facsimile", config_peer, facsimile, "g3fax|tiff"), .standard = "g3fax",
   .help = "What g3-facsimile from this peer becomes in mail: image/g3fax, or image/tiff; with tiff, a black and white TIFF "
           "of a facsimile's width to it becomes g3-facsimile."},
  {CHOICE("notifications", config_peer, notifications, "mdn|text"), .standard = "mdn",
   .help = "What a receipt or non-receipt notification from this peer becomes: a message disposition notification (RFC 8098), or "
           "the text of RFC 2156 5.3.5."},
  {CHOICE("receipt-requests", config_peer, receipt_requests, "return-path|any|none"), .standard = "return-path",
   .help = "Requests for receipts between mail (Disposition-Notification-To) and this peer. return-path: a mail's goes on when it "
           "names the address of MAIL FROM alone (RFC 8098 2.1); any: also when it names another; none: none go either way."},
  {YES_NO("return-receipt-to", config_peer, return_receipt_to), .standard = "no",
   .help = "The old field Return-Receipt-To of a mail counts as Disposition-Notification-To."},
  {YES_NO("private-extensions", config_peer, private_extensions), .standard = "yes",
   .help = "Reports to this peer may carry private extensions (ISO 10021), which hold what a DSN has and X.400 has not. no: CCITT "
           "X.411 of 1988, which has none."},
  {CHOICE("edi-body", config_peer, edi_body, "attachment|ia5|bilateral|externally-defined|file-transfer|p35|off"),
   .standard = "attachment",
   .help = "Form in which EDI interchanges (application/EDIFACT, EDI-X12, EDI-consent) are sent, octet for octet: as "
           "other attachments, in IA5 text, bilaterally-defined, externally-defined under an identifier of X.435, as "
           "a file, or as EDI message (P35, X.435). What IA5 text cannot hold goes bilaterally-defined. In what comes "
           "from the peer, interchanges are known by their first segment, in any body part; off: they are not."},
  {CHOICE("content-type", config_peer, content_type, "auto|2|22"), .standard = "auto",
   .help = "Content type sent: P2, P22, or P22 where its elements are used (to a peer of 1984 P2). With 2 relayed P22 is "
           "downgraded too."},
  END_OF_ROWS};

const struct schema_element schema_peer_children[] = {
  {LIST("address", config_peer, addresses, config_address), .attributes = address_attributes,
   .help = "Where we call the peer; without any it must call us."},
  {PLAIN("network"), .many = true, .attributes = network_attributes,
   .help = "Where the peer calls from; without any: from anywhere."},
  {LINED("tls", config_peer, tls_files.line), .attributes = peer_tls_attributes,
   .help = "Certificates of TLS with the peer."},
  END_OF_ROWS};
/* clang-format on */
