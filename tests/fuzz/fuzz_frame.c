/* fuzz_frame.c - any octets as a frame between relay and converter.
 *
 * Input: one octet, odd for an answer, even for a job (its higher bits: how many descriptors come along); the
 * rest is the frame.  What unpacks must pack, and unpack again to the same frame. */
#include "convert/job.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool good)
{
  if (!good)
    abort();
}

static GArray *descriptors(guint count)
{
  GArray *fds = g_array_new(FALSE, FALSE, sizeof(int));
  for (guint i = 0; i < count; i++) {
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    g_array_append_val(fds, fd);
  }
  return fds;
}

static GArray *duplicates(const GArray *fds)
{
  GArray *own = g_array_new(FALSE, FALSE, sizeof(int));
  for (guint i = 0; i < fds->len; i++) {
    int fd = fcntl(g_array_index(fds, int, i), F_DUPFD_CLOEXEC, 0);
    g_array_append_val(own, fd);
  }
  return own;
}

static void try_job(GBytes *frame, guint count)
{
  g_autoptr(GArray) came = descriptors(count);
  g_autoptr(mapping_job_t) job = convert_job_unpack(frame, came, NULL);
  must(came->len == 0);
  if (!job)
    return;
  g_autoptr(GArray) fds = g_array_new(FALSE, FALSE, sizeof(int)),
                    again_fds = g_array_new(FALSE, FALSE, sizeof(int));
  g_autoptr(GBytes) packed = convert_job_pack(job, fds);
  g_autoptr(GArray) own = duplicates(fds);
  g_autoptr(mapping_job_t) again = convert_job_unpack(packed, own, NULL);
  must(again != NULL);
  g_autoptr(GBytes) twice = convert_job_pack(again, again_fds);
  must(g_bytes_equal(packed, twice) && fds->len == again_fds->len);
}

static void try_result(GBytes *frame)
{
  g_autoptr(mapping_result_t) result = convert_result_unpack(frame, NULL);
  if (!result)
    return;
  g_autoptr(GBytes) packed = convert_result_pack(result);
  g_autoptr(mapping_result_t) again = convert_result_unpack(packed, NULL);
  must(again != NULL);
  g_autoptr(GBytes) twice = convert_result_pack(again);
  must(g_bytes_equal(packed, twice));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  if (size == 0)
    return 0;
  g_autoptr(GBytes) frame = g_bytes_new(data + 1, size - 1);
  if (data[0] & 1)
    try_result(frame);
  else
    try_job(frame, (data[0] >> 1) % 6);
  return 0;
}
