/* convert.c - `gw400 convert FILE`: one message into the other world, without a daemon (DESIGN section 6).
 *
 * A mail, alone or behind its SMTP envelope (mail_envelope.h), becomes a P1 message for the first peer of the
 * configuration; a P1 message or a bare P2 or P22 content becomes a mail, or with --transit a P1 message of
 * the other year.  The work is done by a converter in its sandbox, as the daemon's is; only the kind of the
 * file is found out here. */
#include "asn1/recognise.h"
#include "cli/commands.h"
#include "cli/convert_wrap.h"
#include "cli/mail_envelope.h"
#include "cli/offline.h"
#include "convert/client.h"
#include "mapping/address.h"
#include "mapping/mail_address.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <InformationObject.h>

enum { CALL_MS = 120000, HEADER_MAX = 1 << 20, RECIPIENTS_MAX = 1000 };
#define MEMORY_MAX (G_GUINT64_CONSTANT(512) << 20)
#define OUTPUT_MAX (G_GUINT64_CONSTANT(4) << 30)

struct convert_options {
  char *file, *from, *output, *profile, *time;
  char **to;
  gboolean losses, transit, smtp;
};

/* What one conversion needs; all in one place, so that one function ends it. */
struct conversion {
  const struct convert_options *options;
  GPtrArray *losses; /* of all jobs, in their order */
  struct cli_offline offline;
  struct mapping_context *context;
  struct convert_worker *worker;
  struct smtp_envelope *envelope; /* that stood before the mail; NULL: none did */
  int in_fd, out_fd;
  guint64 size;
  gint64 time_us;
};

static bool G_GNUC_PRINTF(2, 3) fail(GError **error, const char *format, ...)
{
  va_list list;
  va_start(list, format);
  g_autofree char *words = g_strdup_vprintf(format, list);
  va_end(list);
  g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "%s", words);
  return false;
}

/* --- the input --------------------------------------------------------------------------------------- */

/* Standard input, or what else cannot be read twice, into memory that can. */
static int copy_to_memory(int from, GError **error)
{
  int fd = cli_offline_memfd("", 0, error);
  guint8 block[65536];
  gssize got = 0;
  while (fd >= 0 && (got = read(from, block, sizeof block)) > 0)
    if (write(fd, block, (gsize)got) != got)
      break;
  if (fd < 0 || got == 0)
    return fd;
  fail(error, "%s", g_strerror(errno));
  close(fd);
  return -1;
}

/* The time that the gateway would have taken the message: the one that was asked for, or the file's, so that
 * a second run gives the same octets. */
static bool choose_time(struct conversion *conversion, const struct stat *status, GError **error)
{
  const char *text = conversion->options->time;
  g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
  g_autoptr(GDateTime) time = text ? g_date_time_new_from_iso8601(text, utc) : NULL;
  if (text && !time)
    return fail(error, "--time %s: not a time of ISO 8601 like 2026-03-01T12:00:00Z", text);
  conversion->time_us = time     ? g_date_time_to_unix(time) * G_USEC_PER_SEC
                        : status ? status->st_mtim.tv_sec * G_USEC_PER_SEC
                                 : g_get_real_time();
  return true;
}

static bool open_input(struct conversion *conversion, const char *path, GError **error)
{
  bool standard = strcmp(path, "-") == 0;
  int fd = standard ? 0 : open(path, O_RDONLY | O_CLOEXEC);
  struct stat status;
  if (fd < 0 || fstat(fd, &status) < 0)
    return fail(error, "%s: %s", path, g_strerror(errno));
  bool regular = S_ISREG(status.st_mode);
  conversion->in_fd = regular ? dup(fd) : copy_to_memory(fd, error);
  if (!standard)
    close(fd);
  if (conversion->in_fd < 0 || fstat(conversion->in_fd, &status) < 0)
    return error && *error ? false : fail(error, "%s: %s", path, g_strerror(errno));
  conversion->size = (guint64)status.st_size;
  return choose_time(conversion, regular ? &status : NULL, error);
}

/* The envelope before the mail is taken off it. */
static bool take_envelope(struct conversion *conversion, GError **error)
{
  guint64 mail = 0;
  GError *wrong = NULL;
  conversion->envelope = mail_envelope_read(conversion->in_fd, conversion->size, &mail, &wrong);
  if (wrong)
    g_propagate_error(error, wrong);
  if (!conversion->envelope)
    return !wrong;
  if (lseek(conversion->in_fd, (off_t)mail, SEEK_SET) < 0)
    return fail(error, "%s", g_strerror(errno));
  int fd = copy_to_memory(conversion->in_fd, error);
  if (fd < 0)
    return false;
  close(conversion->in_fd);
  conversion->in_fd = fd;
  conversion->size -= mail;
  return true;
}

/* The file as BER: an MTS-APDU or a content; NULL when it is neither, then it is a mail. */
static struct asn1_value *as_ber(struct conversion *conversion)
{
  guint8 first = 0;
  if (pread(conversion->in_fd, &first, 1, 0) != 1 || (first != 0x28 && (first & 0xe0) != 0xa0))
    return NULL;
  g_autoptr(octets_t) octets = octets_new_file(conversion->in_fd, 0, conversion->size, NULL);
  return octets ? recognise_decode(octets, NULL, NULL) : NULL;
}

static bool is_content(const struct asn1_value *value)
{
  return asn1_value_type(value) == &asn_DEF_InformationObject;
}

/* --- jobs -------------------------------------------------------------------------------------------- */

/* Does a job; NULL and error when the converter is lost or says no. */
static struct mapping_result *call(struct conversion *conversion, const struct mapping_job *job,
                                   GError **error)
{
  g_autoptr(mapping_result_t) result = convert_worker_call(conversion->worker, job, CALL_MS, error);
  if (!result)
    return NULL;
  for (guint i = 0; i < result->losses->len; i++)
    g_ptr_array_add(conversion->losses, g_strdup(result->losses->pdata[i]));
  if (result->status == MAPPING_OK)
    return g_steal_pointer(&result);
  fail(error, "%s%s%s", result->code ? result->code : "", result->code ? " " : "",
       result->words ? result->words : "refused");
  return NULL;
}

static bool start_worker(struct conversion *conversion, GError **error)
{
  const struct convert_worker_options options = {"/proc/self/exe", MEMORY_MAX, OUTPUT_MAX};
  conversion->worker = convert_worker_spawn(&options, error);
  if (!conversion->worker)
    return false;
  g_autoptr(mapping_job_t) job = mapping_job_new(MAPPING_SETUP);
  job->settings = g_variant_ref(conversion->offline.settings);
  job->tables_fd = dup(conversion->offline.tables_fd);
  g_autoptr(mapping_result_t) result = call(conversion, job, error);
  return result != NULL;
}

static struct mapping_job *new_job(struct conversion *conversion, enum mapping_kind kind,
                                   enum mapping_format format)
{
  struct mapping_job *job = mapping_job_new(kind);
  job->format = format;
  job->id = 1;
  job->received_us = job->now_us = conversion->time_us;
  job->in_fd = dup(conversion->in_fd);
  job->size = conversion->size;
  if (kind == MAPPING_WRITE)
    job->out_fd = dup(conversion->out_fd);
  return job;
}

static void add_recipient(struct mapping_job *job, const char *address, char *mapped)
{
  struct mapping_recipient *recipient = mapping_recipient_new(job->recipients->len);
  recipient->address = g_strdup(address);
  recipient->mapped = mapped;
  recipient->hop = g_strdup(job->hop);
  g_ptr_array_add(job->recipients, recipient);
  job->recipients_total = job->recipients->len;
}

/* --- a mail into X.400 ------------------------------------------------------------------------------- */

/* The mailboxes of a header field, from the file's first lines. */
static GPtrArray *header_mailboxes(struct conversion *conversion, const char *field)
{
  g_autofree char *text = g_malloc(HEADER_MAX + 1);
  gssize got = pread(conversion->in_fd, text, HEADER_MAX, 0);
  text[MAX(got, 0)] = 0;
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  g_autoptr(GString) body = g_string_new(NULL);
  bool inside = false;
  for (guint i = 0; lines[i] && *g_strchomp(lines[i]); i++) {
    bool folded = *lines[i] == ' ' || *lines[i] == '\t';
    gsize length = strlen(field);
    if (!folded)
      inside = g_ascii_strncasecmp(lines[i], field, length) == 0 && lines[i][length] == ':';
    if (inside && !folded && body->len)
      g_string_append(body, ", ");
    if (inside)
      g_string_append(body, folded ? lines[i] : lines[i] + length + 1);
  }
  g_autoptr(GPtrArray) addresses =
      mail_addresses_parse(conversion->context->charsets, body->str, RECIPIENTS_MAX, NULL);
  GPtrArray *mailboxes = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < addresses->len; i++) {
    const struct mail_address *address = addresses->pdata[i];
    if (address->mailbox)
      g_ptr_array_add(mailboxes, g_strdup(address->mailbox));
  }
  return mailboxes;
}

/* --to, or else To and Cc. */
static GPtrArray *mail_recipients(struct conversion *conversion)
{
  if (!conversion->options->to) {
    GPtrArray *mailboxes = header_mailboxes(conversion, "To");
    g_ptr_array_extend_and_steal(mailboxes, header_mailboxes(conversion, "Cc"));
    return mailboxes;
  }
  GPtrArray *mailboxes = g_ptr_array_new_with_free_func(g_free);
  for (char **one = conversion->options->to; *one; one++)
    g_ptr_array_add(mailboxes, g_strdup(*one));
  return mailboxes;
}

static bool add_x400_recipient(struct conversion *conversion, struct mapping_job *job, const char *mailbox,
                               GError **error)
{
  g_autoptr(or_address_t) address =
      address_to_or(conversion->context, mailbox, ADDRESS_RECIPIENT, NULL, error);
  if (!address) {
    g_prefix_error(error, "<%s>: ", mailbox);
    return false;
  }
  add_recipient(job, mailbox, or_address_format(address));
  return true;
}

static bool add_x400_recipients(struct conversion *conversion, struct mapping_job *job, GError **error)
{
  g_autoptr(GPtrArray) mailboxes = mail_recipients(conversion);
  if (mailboxes->len == 0)
    return fail(error, "no recipient: name one with --to");
  for (guint i = 0; i < mailboxes->len; i++)
    if (!add_x400_recipient(conversion, job, mailboxes->pdata[i], error))
      return false;
  return true;
}

static bool fill_from_envelope(const struct smtp_envelope *envelope, struct conversion *conversion,
                               struct mapping_job *job, GError **error)
{
  job->sender = g_strdup(envelope->sender);
  job->envid = g_strdup(envelope->envid);
  job->ret = (enum mapping_ret)envelope->ret;
  for (guint i = 0; i < envelope->recipients->len; i++) {
    const struct smtp_recipient *from = envelope->recipients->pdata[i];
    if (!add_x400_recipient(conversion, job, from->address, error))
      return false;
    struct mapping_recipient *to = job->recipients->pdata[i];
    to->notify = from->notify;
    to->orcpt = g_strdup(from->orcpt);
  }
  return job->recipients->len || fail(error, "no recipient: the envelope has none");
}

static struct mapping_result *to_x400(struct conversion *conversion, GError **error)
{
  const GPtrArray *peers = conversion->context->settings->peers;
  if (peers->len == 0) {
    fail(error, "the configuration has no peer that the message could be for");
    return NULL;
  }
  g_autoptr(mapping_job_t) job = new_job(conversion, MAPPING_WRITE, MAPPING_MAIL);
  job->hop = g_strdup_printf("p1:%s", ((struct mapping_peer *)peers->pdata[0])->name);
  if (conversion->envelope)
    return fill_from_envelope(conversion->envelope, conversion, job, error) ? call(conversion, job, error) : NULL;
  g_autoptr(GPtrArray) from = header_mailboxes(conversion, "From");
  job->sender = g_strdup(conversion->options->from ? conversion->options->from
                         : from->len               ? from->pdata[0]
                                                   : conversion->context->settings->administrator);
  return add_x400_recipients(conversion, job, error) ? call(conversion, job, error) : NULL;
}

/* --- X.400 into a mail ------------------------------------------------------------------------------- */

/* "smtp:..." for every recipient: what would go on in X.400 is shown as the mailbox that stands for it. */
static bool add_smtp_recipient(struct conversion *conversion, struct mapping_job *job,
                               const struct mapping_recipient *from)
{
  char *mapped = NULL;
  if (!from->failed && from->hop && g_str_has_prefix(from->hop, "smtp:")) {
    mapped = g_strdup(from->mapped);
  } else {
    g_autoptr(or_address_t) address = or_address_parse(from->address, NULL);
    mapped = address ? address_from_or(conversion->context, address, ADDRESS_HEADING, NULL, NULL) : NULL;
  }
  if (!mapped)
    return false;
  add_recipient(job, from->address, mapped);
  struct mapping_recipient *added = job->recipients->pdata[job->recipients->len - 1];
  added->ordinal = from->ordinal;
  added->receipts = from->receipts;
  return true;
}

static struct mapping_result *to_mail(struct conversion *conversion, GError **error)
{
  g_autoptr(mapping_job_t) read = new_job(conversion, MAPPING_READ, MAPPING_APDU);
  const GPtrArray *peers = conversion->context->settings->peers;
  if (peers->len)
    read->peer = g_strdup(((struct mapping_peer *)peers->pdata[0])->name);
  g_autoptr(mapping_result_t) found = call(conversion, read, error);
  if (!found)
    return NULL;
  g_autoptr(mapping_job_t) write = new_job(conversion, MAPPING_WRITE, MAPPING_APDU);
  write->peer = g_strdup(read->peer);
  write->hop = g_strdup("smtp:localhost");
  write->sender = g_strdup(found->sender);
  for (guint i = 0; i < found->recipients->len; i++) {
    const struct mapping_recipient *recipient = found->recipients->pdata[i];
    if (!add_smtp_recipient(conversion, write, recipient))
      fprintf(stderr, "gw400 convert: left out: %s: %s\n", recipient->address,
              recipient->words ? recipient->words : "");
  }
  if (write->recipients->len == 0) {
    fail(error, "none of the recipients has a mailbox");
    return NULL;
  }
  return call(conversion, write, error);
}

/* --- X.400 into X.400 --------------------------------------------------------------------------------- */

#define SOURCE "source" /* the peer that apply_profile() adds: of the other profile */

/* As the daemon would relay it to the first peer. */
static struct mapping_result *relay(struct conversion *conversion, GError **error)
{
  const GPtrArray *peers = conversion->context->settings->peers;
  g_autoptr(mapping_job_t) read = new_job(conversion, MAPPING_READ, MAPPING_APDU);
  read->peer = g_strdup(SOURCE);
  g_autoptr(mapping_result_t) found = call(conversion, read, error);
  if (!found)
    return NULL;
  g_autoptr(mapping_job_t) write = new_job(conversion, MAPPING_WRITE, MAPPING_APDU);
  write->peer = g_strdup(SOURCE);
  write->hop = g_strdup_printf("p1:%s", ((struct mapping_peer *)peers->pdata[0])->name);
  for (guint i = 0; i < found->recipients->len; i++) {
    const struct mapping_recipient *recipient = found->recipients->pdata[i];
    add_recipient(write, recipient->address, g_strdup(recipient->address));
    ((struct mapping_recipient *)write->recipients->pdata[i])->ordinal = recipient->ordinal;
  }
  struct mapping_result *result = call(conversion, write, error);
  for (guint i = 0; result && i < result->recipients->len; i++) {
    const struct mapping_recipient *recipient = result->recipients->pdata[i];
    if (recipient->failed)
      fprintf(stderr, "gw400 convert: refused: %s: %s %s\n", recipient->address, recipient->code, recipient->words);
  }
  return result;
}

/* --- the whole --------------------------------------------------------------------------------------- */

/* Puts the content into a message of its own, which takes the place of the input. */
static bool wrap(struct conversion *conversion, const struct asn1_value *content, GError **error)
{
  const struct convert_options *options = conversion->options;
  g_autoptr(octets_t) octets = octets_new_file(conversion->in_fd, 0, conversion->size, error);
  g_autoptr(octets_t) whole =
      octets ? convert_wrap(conversion->context, content, octets, options->from, options->to, error) : NULL;
  int fd = whole ? cli_offline_memfd("", 0, error) : -1;
  if (fd < 0 || !octets_write_fd(whole, fd, error)) {
    if (fd >= 0)
      close(fd);
    return false;
  }
  close(conversion->in_fd);
  conversion->in_fd = fd;
  conversion->size = octets_length(whole);
  return true;
}

static struct mapping_result *convert(struct conversion *conversion, GError **error)
{
  g_autoptr(asn1_value_t) value = as_ber(conversion);
  if (!value)
    return to_x400(conversion, error);
  if (is_content(value) && !wrap(conversion, value, error))
    return NULL;
  return conversion->options->transit ? relay(conversion, error) : to_mail(conversion, error);
}

static bool write_output(struct conversion *conversion, const struct mapping_result *result, GError **error)
{
  const char *path = conversion->options->output;
  int fd = path ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666) : dup(1);
  if (fd < 0)
    return fail(error, "%s: %s", path ? path : "standard output", g_strerror(errno));
  struct stat status;
  g_autoptr(octets_t) octets = fstat(conversion->out_fd, &status) == 0
                                   ? octets_new_file(conversion->out_fd, 0, (guint64)status.st_size, error)
                                   : NULL;
  g_autofree char *envelope =
      conversion->options->smtp && result->format == MAPPING_MAIL ? mail_envelope_text(result) : g_strdup("");
  bool done = octets && write(fd, envelope, strlen(envelope)) == (gssize)strlen(envelope) &&
              octets_write_fd(octets, fd, error);
  return close(fd) == 0 && done;
}

/* The peer as one of the profile: 84 writes P1 and P2 of 1984, and reads addresses as written there. */
static GVariant *with_profile(GVariant *from, const char *profile)
{
  GVariantDict peer;
  bool old = strcmp(profile, "84") == 0;
  g_variant_dict_init(&peer, from);
  g_variant_dict_insert(&peer, "mode", "s", old ? "1984" : "1988-normal");
  g_variant_dict_insert(&peer, "content-type", "s", old ? "2" : "22");
  return g_variant_dict_end(&peer);
}

/* All peers get the profile; where a message is to be relayed it comes from one of the other. */
static void apply_profile(struct conversion *conversion)
{
  const char *profile = conversion->options->profile;
  g_autoptr(GVariant) peers =
      g_variant_lookup_value(conversion->offline.settings, "peers", G_VARIANT_TYPE("aa{sv}"));
  if (!profile || !peers || g_variant_n_children(peers) == 0)
    return;
  GVariantBuilder list;
  g_variant_builder_init(&list, G_VARIANT_TYPE("aa{sv}"));
  for (gsize i = 0; i < g_variant_n_children(peers); i++) {
    g_autoptr(GVariant) one = g_variant_get_child_value(peers, i);
    g_variant_builder_add_value(&list, with_profile(one, profile));
  }
  if (conversion->options->transit) {
    g_autoptr(GVariant) source = g_variant_ref_sink(g_variant_new_parsed("{'name': <%s>}", SOURCE));
    g_variant_builder_add_value(&list, with_profile(source, strcmp(profile, "84") == 0 ? "88" : "84"));
  }
  GVariantDict settings;
  g_variant_dict_init(&settings, conversion->offline.settings);
  g_variant_dict_insert_value(&settings, "peers", g_variant_builder_end(&list));
  g_variant_unref(conversion->offline.settings);
  conversion->offline.settings = g_variant_ref_sink(g_variant_dict_end(&settings));
}

static bool run(struct conversion *conversion, const char *path, GError **error)
{
  apply_profile(conversion);
  conversion->context =
      mapping_context_new(conversion->offline.settings, conversion->offline.tables_fd, error);
  conversion->out_fd = cli_offline_memfd("", 0, error);
  if (!conversion->context || conversion->out_fd < 0 || !open_input(conversion, path, error) ||
      !take_envelope(conversion, error) || !start_worker(conversion, error))
    return false;
  g_autoptr(mapping_result_t) result = convert(conversion, error);
  if (!result)
    return false;
  for (guint i = 0; conversion->options->losses && i < conversion->losses->len; i++)
    fprintf(stderr, "%s\n", (char *)conversion->losses->pdata[i]);
  return write_output(conversion, result, error);
}

static void end(struct conversion *conversion)
{
  if (conversion->worker)
    convert_worker_free(conversion->worker);
  mapping_context_free(conversion->context);
  smtp_envelope_free(conversion->envelope);
  cli_offline_clear(&conversion->offline);
  g_ptr_array_unref(conversion->losses);
  if (conversion->in_fd >= 0)
    close(conversion->in_fd);
  if (conversion->out_fd >= 0)
    close(conversion->out_fd);
}

static int convert_file(const struct convert_options *options, const char *path)
{
  struct conversion conversion = {
      .options = options, .losses = g_ptr_array_new_with_free_func(g_free), .in_fd = -1, .out_fd = -1};
  g_autoptr(GError) error = NULL;
  bool done = cli_offline_load(options->file, &conversion.offline);
  if (!done) { /* it has said why */
    end(&conversion);
    return CLI_NO;
  }
  done = run(&conversion, path, &error);
  if (!done)
    fprintf(stderr, "gw400 convert: %s: %s\n", path,
            error ? error->message : "the output could not be written");
  end(&conversion);
  return done ? CLI_DONE : CLI_NO;
}

static bool known_profile(const char *profile)
{
  return !profile || strcmp(profile, "84") == 0 || strcmp(profile, "88") == 0;
}

/* "FILE --to A B C": what stands behind the file is more of --to. */
static void take_more_recipients(struct convert_options *options, int argc, char **argv)
{
  GStrvBuilder *builder = g_strv_builder_new();
  if (options->to)
    g_strv_builder_addv(builder, (const char **)options->to);
  for (int i = 2; i < argc; i++)
    g_strv_builder_add(builder, argv[i]);
  if (options->to) {
    g_strfreev(options->to);
    options->to = g_strv_builder_end(builder);
  }
  g_strv_builder_unref(builder);
}

int cli_convert(int argc, char **argv)
{
  struct convert_options options = {0};
  GOptionEntry entries[] = {
      {"config", 'c', 0, G_OPTION_ARG_FILENAME, &options.file, "configuration; without it a built-in sample",
       "FILE"},
      {"from", 0, 0, G_OPTION_ARG_STRING, &options.from, "sender of the envelope (a mail's From)", "ADDRESS"},
      {"to", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options.to, "recipient, more than once (a mail's To and Cc)",
       "ADDRESS"},
      {"output", 'o', 0, G_OPTION_ARG_FILENAME, &options.output, "write there instead of standard output",
       "FILE"},
      {"profile", 0, 0, G_OPTION_ARG_STRING, &options.profile, "write for X.400 of 1984 or 1988", "84|88"},
      {"transit", 0, 0, G_OPTION_ARG_NONE, &options.transit,
       "X.400 to X.400: as it would be relayed to a peer of --profile, from one of the other", NULL},
      {"smtp", 0, 0, G_OPTION_ARG_NONE, &options.smtp, "write MAIL, RCPT and DATA before the mail", NULL},
      {"time", 0, 0, G_OPTION_ARG_STRING, &options.time, "when the message was accepted (the file's time)",
       "ISO8601"},
      {"losses", 0, 0, G_OPTION_ARG_NONE, &options.losses, "list on standard error what changed", NULL},
      {NULL, 0, 0, 0, NULL, NULL, NULL}};
  g_autoptr(GOptionContext) context = g_option_context_new("FILE");
  g_autoptr(GError) error = NULL;
  g_option_context_add_main_entries(context, entries, NULL);
  int code = CLI_USAGE;
  if (!g_option_context_parse(context, &argc, &argv, &error))
    fprintf(stderr, "gw400 convert: %s\n", error->message);
  else if ((argc > 2 && !options.to) || !known_profile(options.profile) ||
           (options.transit && !options.profile))
    fputs("usage: gw400 convert [--from A] [--to B]... [-c FILE] [-o FILE] [--profile 84|88 [--transit]] "
          "[--smtp] [--time T] [--losses] [FILE]\n",
          stderr);
  else {
    take_more_recipients(&options, argc, argv);
    code = convert_file(&options, argc > 1 ? argv[1] : "-");
  }
  g_free(options.file);
  g_free(options.from);
  g_free(options.output);
  g_free(options.profile);
  g_free(options.time);
  g_strfreev(options.to);
  return code;
}
