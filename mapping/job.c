#include "mapping/job.h"

#include <unistd.h>

struct mapping_recipient *mapping_recipient_new(guint ordinal)
{
  struct mapping_recipient *recipient = g_new0(struct mapping_recipient, 1);
  recipient->ordinal = ordinal;
  recipient->reason = recipient->diagnostic = -1;
  return recipient;
}

void mapping_recipient_free(struct mapping_recipient *recipient)
{
  if (!recipient)
    return;
  g_free(recipient->address);
  g_free(recipient->mapped);
  g_free(recipient->hop);
  g_free(recipient->fallbacks);
  g_free(recipient->orcpt);
  g_free(recipient->code);
  g_free(recipient->words);
  g_free(recipient->remote);
  g_free(recipient);
}

void mapping_identifier_free(struct mapping_identifier *identifier)
{
  if (!identifier)
    return;
  g_free(identifier->kind);
  g_free(identifier->value);
  g_free(identifier);
}

struct mapping_lookup *mapping_lookup_new(const char *source, const char *name, const char *root)
{
  struct mapping_lookup *lookup = g_new0(struct mapping_lookup, 1);
  lookup->source = g_strdup(source);
  lookup->name = g_strdup(name);
  lookup->root = g_strdup(root);
  lookup->records = g_ptr_array_new_with_free_func(g_free);
  return lookup;
}

struct mapping_lookup *mapping_lookup_copy(const struct mapping_lookup *from)
{
  struct mapping_lookup *lookup = mapping_lookup_new(from->source, from->name, from->root);
  lookup->header = from->header;
  lookup->state = from->state;
  lookup->words = g_strdup(from->words);
  for (guint i = 0; i < from->records->len; i++)
    g_ptr_array_add(lookup->records, g_strdup(from->records->pdata[i]));
  return lookup;
}

void mapping_lookup_free(struct mapping_lookup *lookup)
{
  if (!lookup)
    return;
  g_free(lookup->source);
  g_free(lookup->name);
  g_free(lookup->root);
  g_free(lookup->words);
  g_ptr_array_unref(lookup->records);
  g_free(lookup);
}

char *mapping_lookup_key(const struct mapping_lookup *lookup)
{
  return g_strjoin("\n", lookup->source, lookup->name, lookup->root, NULL);
}

static GPtrArray *lookups_new(void)
{
  return g_ptr_array_new_with_free_func((GDestroyNotify)mapping_lookup_free);
}

static GPtrArray *recipients_new(void)
{
  return g_ptr_array_new_with_free_func((GDestroyNotify)mapping_recipient_free);
}

struct mapping_job *mapping_job_new(enum mapping_kind kind)
{
  struct mapping_job *job = g_new0(struct mapping_job, 1);
  job->kind = kind;
  job->recipients = recipients_new();
  job->subject.recipients = recipients_new();
  job->answers = lookups_new();
  job->in_fd = job->out_fd = job->tables_fd = -1;
  job->table_fds = g_array_new(FALSE, FALSE, sizeof(int));
  return job;
}

static void close_fd(int fd)
{
  if (fd >= 0)
    close(fd);
}

void mapping_job_free(struct mapping_job *job)
{
  if (!job)
    return;
  g_free(job->peer);
  g_free(job->sender);
  g_free(job->envid);
  g_free(job->client);
  g_free(job->hop);
  g_free(job->text);
  g_free(job->subject.sender);
  g_free(job->subject.message_id);
  g_free(job->subject.mts_id);
  g_free(job->subject.envid);
  g_ptr_array_unref(job->subject.recipients);
  g_ptr_array_unref(job->recipients);
  g_ptr_array_unref(job->answers);
  g_clear_pointer(&job->settings, g_variant_unref);
  close_fd(job->in_fd);
  close_fd(job->out_fd);
  close_fd(job->tables_fd);
  for (guint i = 0; i < job->table_fds->len; i++)
    close_fd(g_array_index(job->table_fds, int, i));
  g_array_unref(job->table_fds);
  g_free(job);
}

struct mapping_result *mapping_result_new(void)
{
  struct mapping_result *result = g_new0(struct mapping_result, 1);
  result->priority = 1;
  result->recipients = recipients_new();
  result->redirected = recipients_new();
  result->identifiers = g_ptr_array_new_with_free_func((GDestroyNotify)mapping_identifier_free);
  result->losses = g_ptr_array_new_with_free_func(g_free);
  result->lookups = lookups_new();
  result->lines = g_ptr_array_new_with_free_func(g_free);
  return result;
}

void mapping_result_free(struct mapping_result *result)
{
  if (!result)
    return;
  g_free(result->words);
  g_free(result->code);
  g_free(result->mapped);
  g_free(result->hop);
  g_free(result->sender);
  g_free(result->envid);
  g_ptr_array_unref(result->recipients);
  g_ptr_array_unref(result->redirected);
  g_ptr_array_unref(result->identifiers);
  g_clear_pointer(&result->duplicate_key, g_bytes_unref);
  g_clear_pointer(&result->digest, g_bytes_unref);
  g_ptr_array_unref(result->losses);
  g_ptr_array_unref(result->lookups);
  g_ptr_array_unref(result->lines);
  g_free(result);
}
