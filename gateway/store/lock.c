#include "store/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "store/store.h"

int store_lock(const char *folder, GError **error)
{
  g_autofree char *path = g_build_filename(folder, "lock", NULL);
  int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) {
    g_set_error(error, STORE_ERROR, STORE_ERROR_OPEN, "%s: %s", path, g_strerror(errno));
    return -1;
  }
  char pid[24] = "";
  if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
    ssize_t length = pread(fd, pid, sizeof pid - 1, 0);
    pid[length > 0 ? length : 0] = '\0';
    g_set_error(error, STORE_ERROR, STORE_ERROR_LOCKED, "%s is in use by process %s", folder,
                *pid ? g_strchomp(pid) : "(unknown)");
    close(fd);
    return -1;
  }
  /* The pid is for people only: the lock itself is the flock, so a failure to write it does no harm. */
  int length = snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
  if (ftruncate(fd, 0) < 0 || pwrite(fd, pid, (size_t)length, 0) < 0)
    g_debug("%s: %s", path, g_strerror(errno));
  return fd;
}
