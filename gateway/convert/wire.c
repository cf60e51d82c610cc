/* wire.c - frames with descriptors (contract: wire.h). */
#include "convert/wire.h"
#include "convert/job.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEADER 4u
#define IN_MEMFD 0x80000000u
#define FDS_MAX (CONVERT_FDS_MAX + 1) /* and the memfd */

static bool fail(GError **error, const char *what)
{
  g_set_error(error, CONVERT_ERROR, CONVERT_ERROR_LOST, "%s: %s", what, g_strerror(errno));
  return false;
}

static bool malformed(GError **error, const char *what)
{
  g_set_error_literal(error, CONVERT_ERROR, CONVERT_ERROR_MALFORMED, what);
  return false;
}

/* --- sending --- */

/* Sends header and octets with descriptors in one call; returns what sendmsg() does. */
static gssize send_parts(int socket, const guint8 header[HEADER], const void *octets, gsize length,
                         const int *fds, guint fds_count)
{
  struct iovec parts[2] = {{(void *)header, HEADER}, {(void *)octets, length}};
  union {
    struct cmsghdr align;
    char space[CMSG_SPACE(FDS_MAX * sizeof(int))];
  } control = {0};
  struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
  if (fds_count) {
    message.msg_control = &control;
    message.msg_controllen = CMSG_SPACE(fds_count * sizeof(int));
    struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(fds_count * sizeof(int));
    memcpy(CMSG_DATA(rights), fds, fds_count * sizeof(int));
  }
  gssize sent;
  do
    sent = sendmsg(socket, &message, MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  return sent;
}

static void write_header(guint8 header[HEADER], guint32 value)
{
  guint32 network = GUINT32_TO_BE(value);
  memcpy(header, &network, HEADER);
}

static int memfd_of(const void *octets, gsize length)
{
  int fd = memfd_create("gw400-frame", MFD_CLOEXEC);
  for (gsize done = 0; fd >= 0 && done < length;) {
    gssize put = pwrite(fd, (const guint8 *)octets + done, length - done, (off_t)done);
    if (put < 0 && errno == EINTR)
      continue;
    if (put <= 0) {
      close(fd);
      return -1;
    }
    done += (gsize)put;
  }
  return fd;
}

bool wire_send(int socket, GBytes *frame, const GArray *fds, GError **error)
{
  gsize length = 0;
  const void *octets = g_bytes_get_data(frame, &length);
  int all[FDS_MAX];
  guint8 header[HEADER];
  if (length > CONVERT_FRAME_MAX || fds->len > CONVERT_FDS_MAX)
    return malformed(error, "a job too large for a frame");
  for (guint i = 0; i < fds->len; i++)
    all[i] = g_array_index(fds, int, i);
  if (length <= WIRE_INLINE) {
    write_header(header, (guint32)length);
    return send_parts(socket, header, octets, length, all, fds->len) == (gssize)(HEADER + length) ||
           fail(error, "the converter does not take its job");
  }
  int body = memfd_of(octets, length);
  if (body < 0)
    return fail(error, "no memory file for a long job");
  all[fds->len] = body;
  write_header(header, (guint32)length | IN_MEMFD);
  gssize sent = send_parts(socket, header, NULL, 0, all, fds->len + 1);
  bool good = sent == HEADER || fail(error, "the converter does not take its job");
  close(body);
  return good;
}

bool wire_send_waiting(int socket, GBytes *frame, GError **error)
{
  gsize length = 0;
  const guint8 *octets = g_bytes_get_data(frame, &length);
  guint8 header[HEADER];
  if (length > CONVERT_FRAME_MAX)
    return malformed(error, "an answer too large for a frame");
  write_header(header, (guint32)length);
  gssize sent = send_parts(socket, header, octets, length, NULL, 0);
  if (sent < (gssize)HEADER)
    return fail(error, "the answer is not taken");
  for (gsize done = (gsize)sent - HEADER; done < length;) {
    sent = send(socket, octets + done, length - done, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR)
      continue;
    if (sent <= 0)
      return fail(error, "the answer is not taken");
    done += (gsize)sent;
  }
  return true;
}

/* --- receiving --- */

void wire_inbox_init(struct wire_inbox *inbox, guint fds_max)
{
  inbox->octets = g_byte_array_new();
  inbox->fds = g_array_new(FALSE, FALSE, sizeof(int));
  inbox->fds_max = fds_max;
}

static void close_fds(GArray *fds)
{
  for (guint i = 0; i < fds->len; i++)
    close(g_array_index(fds, int, i));
  g_array_set_size(fds, 0);
}

void wire_inbox_clear(struct wire_inbox *inbox)
{
  close_fds(inbox->fds);
  g_array_free(inbox->fds, TRUE);
  g_byte_array_unref(inbox->octets);
}

/* Descriptors that came with what was read. */
static bool take_fds(struct msghdr *message, struct wire_inbox *inbox, GError **error)
{
  for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part; part = CMSG_NXTHDR(message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
      continue;
    guint count = (guint)((part->cmsg_len - CMSG_LEN(0)) / sizeof(int));
    g_array_append_vals(inbox->fds, CMSG_DATA(part), count);
  }
  if (message->msg_flags & MSG_CTRUNC || inbox->fds->len > inbox->fds_max)
    return malformed(error, "more descriptors than a frame may have");
  return true;
}

/* Reads up to wanted octets; as read(), with descriptors. */
static gssize read_some(int socket, struct wire_inbox *inbox, gsize wanted, GError **error)
{
  union {
    struct cmsghdr align;
    char space[CMSG_SPACE(FDS_MAX * sizeof(int))];
  } control;
  guint before = inbox->octets->len;
  g_byte_array_set_size(inbox->octets, before + (guint)wanted);
  struct iovec part = {inbox->octets->data + before, wanted};
  struct msghdr message = {
      .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  gssize got;
  do
    got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  while (got < 0 && errno == EINTR);
  g_byte_array_set_size(inbox->octets, before + (guint)MAX(got, 0));
  if (got >= 0 && !take_fds(&message, inbox, error))
    return -2;
  return got;
}

/* The frame's octets out of its memfd. */
static bool read_body(struct wire_inbox *inbox, gsize length, GBytes **frame_r, GError **error)
{
  if (inbox->fds->len == 0)
    return malformed(error, "a long frame without its memory file");
  int body = g_array_index(inbox->fds, int, inbox->fds->len - 1);
  g_array_set_size(inbox->fds, inbox->fds->len - 1);
  g_autofree guint8 *octets = g_malloc(length);
  gsize done = 0;
  while (done < length) {
    gssize got = pread(body, octets + done, length - done, (off_t)done);
    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0)
      break;
    done += (gsize)got;
  }
  close(body);
  if (done < length)
    return malformed(error, "a long frame whose memory file is short");
  *frame_r = g_bytes_new_take(g_steal_pointer(&octets), length);
  return true;
}

enum wire_status wire_receive(int socket, struct wire_inbox *inbox, GBytes **frame_r, GError **error)
{
  enum { STEP = 256 * 1024 };
  for (;;) {
    gsize have = inbox->octets->len, wanted = HEADER;
    guint32 value = 0;
    if (have >= HEADER) {
      memcpy(&value, inbox->octets->data, HEADER);
      value = GUINT32_FROM_BE(value);
      gsize length = value & ~IN_MEMFD;
      if (length > CONVERT_FRAME_MAX || (value & IN_MEMFD && inbox->fds_max == 0)) {
        malformed(error, "a frame longer than a frame may be");
        return WIRE_BAD;
      }
      if (value & IN_MEMFD) {
        g_byte_array_set_size(inbox->octets, 0);
        return read_body(inbox, length, frame_r, error) ? WIRE_FRAME : WIRE_BAD;
      }
      wanted = HEADER + length;
      if (have == wanted) {
        *frame_r = g_bytes_new(inbox->octets->data + HEADER, length);
        g_byte_array_set_size(inbox->octets, 0);
        return WIRE_FRAME;
      }
    }
    gssize got = read_some(socket, inbox, MIN(wanted - have, (gsize)STEP), error);
    if (got == -2)
      return WIRE_BAD;
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
      return WIRE_WAIT;
    if (got <= 0)
      return WIRE_CLOSED;
  }
}
