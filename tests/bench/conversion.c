/* conversion.c - build/bench/conversion MAIL: the conversion of one mail to X.400 and back, as a converter
 * does it, against what nobody can save: a bare GMime parse of the mail and a bare asn1c encoding of the
 * message.  Prints NAME=VALUE in microseconds of processor time, the median of rounds in which all are
 * measured in turn. */
#include "asn1/codec.h"
#include "mapping/mapping.h"

#include <gmime/gmime.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <InformationObject.h>
#include <MTS-APDU.h>

enum { ROUNDS = 21, TIMES = 50 };

static double now(void)
{
  struct timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static void must(bool good, const char *what)
{
  if (good)
    return;
  fprintf(stderr, "conversion: %s\n", what);
  exit(1);
}

static struct mapping_context *context_new(void)
{
  g_autoptr(GVariant) settings = g_variant_ref_sink(g_variant_parse(
      G_VARIANT_TYPE_VARDICT,
      "{'domain': <'sea.example'>, 'or-address': <'/PRMD=sea/ADMD=x/C=de/'>, 'country': <'de'>, 'admd': "
      "<'x'>,"
      " 'prmd': <'sea'>, 'peers': <[{'name': <'land'>, 'local-mta': <'sea'>, 'remote-mta': <'land'>}]>,"
      " 'routes': <[{'or': <'/PRMD=land/ADMD=x/C=de/'>, 'peer': <'land'>}]>}",
      NULL, NULL, NULL));
  g_autoptr(GError) error = NULL;
  struct mapping_context *context = mapping_context_new(settings, -1, &error);
  must(context != NULL, error ? error->message : "settings");
  return context;
}

static struct mapping_job *job_new(enum mapping_format format, GBytes *input)
{
  static const char sender[] = "ann@sea.example",
                    recipient[] = "\"/S=lee/PRMD=land/ADMD=x/C=de/\"@sea.example";
  struct mapping_job *job = mapping_job_new(MAPPING_WRITE);
  job->format = format;
  job->id = 0x1234567890;
  job->received_us = G_GINT64_CONSTANT(1700000000) * G_USEC_PER_SEC;
  job->size = g_bytes_get_size(input);
  job->in_fd = memfd_create("in", MFD_CLOEXEC);
  job->out_fd = memfd_create("out", MFD_CLOEXEC);
  must(write(job->in_fd, g_bytes_get_data(input, NULL), job->size) == (ssize_t)job->size, "memory");
  bool mail = format == MAPPING_MAIL;
  job->hop = g_strdup(mail ? "p1:land" : "smtp:sea.example");
  job->sender = mail ? g_strdup(sender) : NULL;
  job->client = mail ? g_strdup("client.example [192.0.2.1]") : NULL;
  job->peer = mail ? NULL : g_strdup("land");
  if (!job->recipients)
    job->recipients = g_ptr_array_new_with_free_func((GDestroyNotify)mapping_recipient_free);
  struct mapping_recipient *one = mapping_recipient_new(0);
  one->address = g_strdup(mail ? recipient : "bob@sea.example");
  one->mapped = mail ? NULL : g_strdup("bob@sea.example");
  one->hop = g_strdup(job->hop);
  g_ptr_array_add(job->recipients, one);
  job->recipients_total = 1;
  return job;
}

/* Microseconds of one conversion; what came out in *output_r (NULL: it is thrown away). */
static double convert(struct mapping_context *context, enum mapping_format format, GBytes *input,
                      GBytes **output_r)
{
  double spent = 0;
  for (guint i = 0; i < TIMES; i++) {
    g_autoptr(mapping_job_t) job = job_new(format, input);
    double start = now();
    struct mapping_result *result = mapping_run(context, job);
    spent += now() - start;
    must(result->status == MAPPING_OK, result->words ? result->words : "no words");
    if (output_r && !*output_r) {
      char *octets = g_malloc(result->size);
      must(pread(job->out_fd, octets, result->size, 0) == (ssize_t)result->size, "memory");
      *output_r = g_bytes_new_take(octets, result->size);
    }
    mapping_result_free(result);
  }
  return spent / TIMES;
}

static double parse(GBytes *mail)
{
  double start = now();
  for (guint i = 0; i < TIMES; i++) {
    GMimeStream *stream =
        g_mime_stream_mem_new_with_buffer(g_bytes_get_data(mail, NULL), g_bytes_get_size(mail));
    GMimeParser *parser = g_mime_parser_new_with_stream(stream);
    GMimeMessage *message = g_mime_parser_construct_message(parser, NULL);
    must(message != NULL, "GMime does not parse it");
    g_object_unref(message);
    g_object_unref(parser);
    g_object_unref(stream);
  }
  return (now() - start) / TIMES;
}

struct buffer {
  char octets[1 << 20];
  gsize length;
};

static int append(const void *octets, size_t length, void *user)
{
  struct buffer *buffer = user;
  if (buffer->length + length > sizeof buffer->octets)
    return -1;
  memcpy(buffer->octets + buffer->length, octets, length);
  buffer->length += length;
  return 0;
}

/* Content and envelope by asn1c's own encoder. */
static double encode(const struct asn1_value *apdu, const struct asn1_value *content, struct buffer *buffer)
{
  double start = now();
  for (guint i = 0; i < TIMES; i++) {
    buffer->length = 0;
    must(der_encode(&asn_DEF_InformationObject, asn1_value_get(content), append, buffer).encoded > 0,
         "content");
    must(der_encode(&asn_DEF_MTS_APDU, asn1_value_get(apdu), append, buffer).encoded > 0, "APDU");
  }
  return (now() - start) / TIMES;
}

static int compare(const void *a, const void *b)
{
  double left = *(const double *)a, right = *(const double *)b;
  return left < right ? -1 : left > right;
}

static void print(const char *name, double *rounds)
{
  qsort(rounds, ROUNDS, sizeof *rounds, compare);
  printf("%s=%.1f\n", name, rounds[ROUNDS / 2]);
}

int main(int argc, char **argv)
{
  char *text = NULL;
  gsize length = 0;
  must(argc == 2 && g_file_get_contents(argv[1], &text, &length, NULL), "give it a mail");
  g_mime_init();
  g_autoptr(GBytes) mail = g_bytes_new_take(text, length);
  g_autoptr(GBytes) octets = NULL;
  struct mapping_context *context = context_new();
  convert(context, MAPPING_MAIL, mail, &octets);
  g_autoptr(asn1_value_t) apdu = asn1_decode_mem(&asn_DEF_MTS_APDU, g_bytes_get_data(octets, NULL),
                                                 g_bytes_get_size(octets), NULL, NULL);
  must(apdu != NULL, "APDU");
  const MTS_APDU_t *choice = asn1_value_get(apdu);
  g_autoptr(octets_t) inner = asn1_octets(apdu, &choice->choice.message.content);
  g_autoptr(asn1_value_t) content = asn1_decode(&asn_DEF_InformationObject, inner, NULL, NULL);
  must(content != NULL, "content");
  struct buffer *buffer = g_new(struct buffer, 1);
  double there[ROUNDS], back[ROUNDS], parsed[ROUNDS], encoded[ROUNDS];
  for (guint i = 0; i < ROUNDS; i++) {
    there[i] = convert(context, MAPPING_MAIL, mail, NULL);
    back[i] = convert(context, MAPPING_APDU, octets, NULL);
    parsed[i] = parse(mail);
    encoded[i] = encode(apdu, content, buffer);
  }
  print("there", there);
  print("back", back);
  print("parse", parsed);
  print("encode", encoded);
  g_free(buffer);
  mapping_context_free(context);
  return 0;
}
