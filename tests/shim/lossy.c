/* lossy.c - a library for LD_PRELOAD that remembers what a power cut would take away.
 *
 *   LOSSY_DIR   folder whose files are covered (several: with ':' between)
 *   LOSSY_LOG   existing folder for the notes, on the same file system, outside LOSSY_DIR
 *
 * Before a write it notes the octets that are overwritten, before a truncation those cut off; after a sync of
 * a file or a folder it notes that; a file that is unlinked or replaced is kept by a second link in
 * LOSSY_LOG. After the process was killed lossy_rebuild.py undoes what was not synced: the folder is then
 * what a disk would hold that wrote nothing of its own accord. Each process has a log of its own (PID.START);
 * times put them into one order.
 *
 * Not covered: writes through mmap (SQLite's -shm needs no durability), and those of converters (their
 * sandbox allows no notes) to descriptors they were given: at a file's sync its size is noted, what lies
 * beyond is cut off. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

/* A note: this head, then `octets` of overwritten data, then `names` of path (two paths: with NUL between).
 */
struct note {
  uint32_t magic;
  uint32_t type;
  uint64_t time, begin;                 /* CLOCK_MONOTONIC, ns; begin: of a sync, what it surely covers */
  uint64_t inode, offset, length, size; /* size: of the file before the write, or at its sync */
  uint32_t octets, names;
};
enum { NOTE_MAGIC = 0x59534f4c };
enum {
  NOTE_WRITE = 1,
  NOTE_TRUNCATE,
  NOTE_SYNC,
  NOTE_SYNC_FOLDER,
  NOTE_CREATE,
  NOTE_UNLINK,
  NOTE_RENAME,
  NOTE_LINK
};

enum { COVERED, FOLDER, OTHER };
static bool inert;
static int log_fd = -1, log_folder = -1;
static pthread_once_t once = PTHREAD_ONCE_INIT;

#define REAL(name_) ((__typeof__(&name_))dlsym(RTLD_NEXT, #name_))

static uint64_t now(void)
{
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* A converter's sandbox kills what opens a file: there the library does nothing. */
__attribute__((constructor)) static void look_at_role(int argc, char **argv)
{
  inert = argc > 1 && strcmp(argv[1], "converter") == 0;
}

static void start(void)
{
  const char *folder = getenv("LOSSY_LOG");
  if (inert || !folder || !getenv("LOSSY_DIR"))
    return;
  char name[64];
  snprintf(name, sizeof name, "%ld.%llu.log", (long)getpid(), (unsigned long long)now());
  log_folder = (int)syscall(SYS_openat, AT_FDCWD, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
  if (log_folder >= 0)
    log_fd = (int)syscall(SYS_openat, log_folder, name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  /* Out of the way of programs that close or count the low ones. */
  int high = log_fd >= 0 ? fcntl(log_fd, F_DUPFD_CLOEXEC, 900) : -1;
  if (high >= 0) {
    syscall(SYS_close, log_fd);
    log_fd = high;
  }
}

static bool in_covered(const char *path)
{
  const char *folders = getenv("LOSSY_DIR");
  for (const char *at = folders; at && *at;) {
    const char *end = strchrnul(at, ':');
    size_t length = (size_t)(end - at);
    if (strncmp(path, at, length) == 0 && (path[length] == '/' || !path[length])) {
      size_t whole = strlen(path);
      return whole < 4 || strcmp(path + whole - 4, "-shm") != 0;
    }
    at = *end ? end + 1 : end;
  }
  return false;
}

static bool fd_path(int fd, char *path)
{
  char link[48];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, PATH_MAX - 1);
  path[length > 0 ? length : 0] = '\0';
  return length > 0;
}

/* Asked anew each time: descriptors are closed and reused in ways that no library sees. */
static int kind_of(int fd)
{
  int saved = errno, kind = OTHER;
  char path[PATH_MAX];
  struct stat status;
  pthread_once(&once, start);
  if (log_fd >= 0 && fd != log_fd && fstat(fd, &status) == 0 &&
      (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode)) && fd_path(fd, path) && in_covered(path))
    kind = S_ISDIR(status.st_mode) ? FOLDER : COVERED;
  errno = saved;
  return kind;
}

/* One writev: notes of threads do not mix; one cut off by SIGKILL is the last of its log, and its write has
 * not begun. */
static void put(struct note *note, const void *octets, const char *names)
{
  note->magic = NOTE_MAGIC;
  note->time = now();
  struct iovec parts[] = {{note, sizeof *note}, {(void *)octets, note->octets}, {(void *)names, note->names}};
  int saved = errno;
  long put = syscall(SYS_writev, log_fd, parts, 3);
  if (put < 0 && errno == EBADF) { /* by close_range(): begin another log */
    start();
    put = syscall(SYS_writev, log_fd, parts, 3);
  }
  if (put < 0)
    _exit(96); /* a test whose notes are lost proves nothing */
  errno = saved;
}

static void note_overwritten(int fd, int type, uint64_t offset, uint64_t length)
{
  struct stat status;
  if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode))
    return;
  uint64_t size = (uint64_t)status.st_size;
  uint64_t from = type == NOTE_TRUNCATE ? offset : offset < size ? offset : size;
  uint64_t to = type == NOTE_TRUNCATE || offset + length > size ? size : offset + length;
  struct note note = {
      .type = (uint32_t)type, .inode = status.st_ino, .offset = offset, .length = length, .size = size};
  char *old = to > from ? malloc(to - from) : NULL;
  int saved = errno;
  if (old) {
    int reader = fd;
    char path[48];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    /* The caller's descriptor may be for writing only. */
    if ((fcntl(fd, F_GETFL) & O_ACCMODE) == O_WRONLY)
      reader = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
    ssize_t got = reader < 0 ? -1 : (ssize_t)syscall(SYS_pread64, reader, old, to - from, from);
    if (got != (ssize_t)(to - from))
      _exit(96);
    note.octets = (uint32_t)got;
    if (reader != fd)
      syscall(SYS_close, reader);
  }
  put(&note, old, NULL);
  free(old);
  errno = saved;
}

static uint64_t total(const struct iovec *parts, int count)
{
  uint64_t sum = 0;
  for (int i = 0; i < count; i++)
    sum += parts[i].iov_len;
  return sum;
}

/* At the descriptor's position, or at the end for O_APPEND. */
static void note_sequential(int fd, uint64_t length)
{
  struct stat status;
  off_t at = lseek(fd, 0, SEEK_CUR);
  if ((fcntl(fd, F_GETFL) & O_APPEND) && fstat(fd, &status) == 0)
    at = status.st_size;
  note_overwritten(fd, NOTE_WRITE, (uint64_t)at, length);
}

/* --- writes
 * -------------------------------------------------------------------------------------------------------------
 */

ssize_t write(int fd, const void *data, size_t length)
{
  if (kind_of(fd) == COVERED)
    note_sequential(fd, length);
  return REAL(write)(fd, data, length);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
  if (kind_of(fd) == COVERED)
    note_sequential(fd, total(parts, count));
  return REAL(writev)(fd, parts, count);
}

ssize_t pwrite(int fd, const void *data, size_t length, off_t offset)
{
  if (kind_of(fd) == COVERED)
    note_overwritten(fd, NOTE_WRITE, (uint64_t)offset, length);
  return REAL(pwrite)(fd, data, length, offset);
}

ssize_t pwrite64(int fd, const void *data, size_t length, off64_t offset)
{
  if (kind_of(fd) == COVERED)
    note_overwritten(fd, NOTE_WRITE, (uint64_t)offset, length);
  return REAL(pwrite64)(fd, data, length, offset);
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset)
{
  if (kind_of(fd) == COVERED)
    note_overwritten(fd, NOTE_WRITE, (uint64_t)offset, total(parts, count));
  return REAL(pwritev)(fd, parts, count, offset);
}

int ftruncate(int fd, off_t length)
{
  if (kind_of(fd) == COVERED)
    note_overwritten(fd, NOTE_TRUNCATE, (uint64_t)length, 0);
  return REAL(ftruncate)(fd, length);
}

int ftruncate64(int fd, off64_t length)
{
  if (kind_of(fd) == COVERED)
    note_overwritten(fd, NOTE_TRUNCATE, (uint64_t)length, 0);
  return REAL(ftruncate64)(fd, length);
}

/* Copies inside the kernel are refused: the caller falls back to read and write, which are noted. */
ssize_t copy_file_range(int in, off64_t *in_at, int out, off64_t *out_at, size_t length, unsigned flags)
{
  if (kind_of(out) == COVERED) {
    errno = EXDEV;
    return -1;
  }
  return REAL(copy_file_range)(in, in_at, out, out_at, length, flags);
}

/* --- syncs
 * --------------------------------------------------------------------------------------------------------------
 */

static int sync_with(int fd, int (*sync)(int))
{
  int kind = kind_of(fd);
  uint64_t begin = now();
  struct stat status;
  bool known = (kind == COVERED || kind == FOLDER) && fstat(fd, &status) == 0;
  int result = sync(fd);
  if (result == 0 && known) {
    char path[PATH_MAX] = "";
    struct note note = {.type = kind == FOLDER ? NOTE_SYNC_FOLDER : NOTE_SYNC,
                        .begin = begin,
                        .inode = status.st_ino,
                        .size = (uint64_t)status.st_size};
    if (kind == FOLDER && fd_path(fd, path))
      note.names = (uint32_t)strlen(path);
    put(&note, NULL, path);
  }
  return result;
}

int fsync(int fd)
{
  return sync_with(fd, REAL(fsync));
}

int fdatasync(int fd)
{
  return sync_with(fd, REAL(fdatasync));
}

/* --- names
 * --------------------------------------------------------------------------------------------------------------
 */

/* The path with its folder resolved, as /proc would tell it. */
static bool whole_path(int at, const char *path, char *whole)
{
  char folder[PATH_MAX], joined[2 * PATH_MAX], resolved[PATH_MAX];
  if (path[0] == '/' || at == AT_FDCWD)
    snprintf(joined, sizeof joined, "%s", path);
  else if (fd_path(at, folder))
    snprintf(joined, sizeof joined, "%s/%s", folder, path);
  else
    return false;
  char *slash = strrchr(joined, '/');
  const char *name = slash ? slash + 1 : joined;
  if (slash)
    *slash = '\0';
  if (!realpath(!slash ? "." : *joined ? joined : "/", resolved))
    return false;
  return snprintf(whole, PATH_MAX, "%s/%s", strcmp(resolved, "/") ? resolved : "", name) < PATH_MAX;
}

static bool covered_name(int at, const char *path, char *whole)
{
  int saved = errno;
  pthread_once(&once, start);
  bool covered = log_fd >= 0 && whole_path(at, path, whole) && in_covered(whole);
  errno = saved;
  return covered;
}

static void note_names(int type, uint64_t inode, const char *first, const char *second)
{
  char names[2 * PATH_MAX + 1];
  int length = snprintf(names, sizeof names, "%s%c%s", first, '\0', second ? second : "");
  struct note note = {.type = (uint32_t)type, .inode = inode, .names = (uint32_t)length};
  put(&note, NULL, names);
}

/* Keeps a file that is about to lose a name; its inode's number cannot come back for another file then. */
static uint64_t stash(const char *whole)
{
  struct stat status;
  char name[32];
  if (lstat(whole, &status) < 0 || !S_ISREG(status.st_mode))
    return 0;
  snprintf(name, sizeof name, "%llu.kept", (unsigned long long)status.st_ino);
  if (REAL(linkat)(AT_FDCWD, whole, log_folder, name, 0) < 0 && errno != EEXIST)
    _exit(96);
  return status.st_ino;
}

static int open_with(int at, const char *path, int flags, mode_t mode)
{
  char whole[PATH_MAX];
  struct stat status;
  bool covered = covered_name(at, path, whole);
  bool creates = covered && (flags & O_CREAT) && lstat(whole, &status) < 0;
  bool cuts = covered && (flags & O_TRUNC) && !creates;
  int fd = REAL(openat)(at, path, cuts ? flags & ~O_TRUNC : flags, mode);
  if (fd >= 0 && creates && fstat(fd, &status) == 0)
    note_names(NOTE_CREATE, status.st_ino, whole, NULL);
  if (fd >= 0 && cuts && ftruncate(fd, 0) < 0)
    _exit(96);
  return fd;
}

static mode_t mode_of(int flags, va_list arguments)
{
  return flags & (O_CREAT | __O_TMPFILE) ? va_arg(arguments, mode_t) : 0;
}

#define OPEN(name_, ...)                                                                                     \
  va_list arguments;                                                                                         \
  va_start(arguments, flags);                                                                                \
  mode_t mode = mode_of(flags, arguments);                                                                   \
  va_end(arguments);                                                                                         \
  return open_with(__VA_ARGS__, path, flags, mode)

int open(const char *path, int flags, ...)
{
  OPEN(open, AT_FDCWD);
}

int open64(const char *path, int flags, ...)
{
  OPEN(open64, AT_FDCWD);
}

int openat(int at, const char *path, int flags, ...)
{
  OPEN(openat, at);
}

int openat64(int at, const char *path, int flags, ...)
{
  OPEN(openat64, at);
}

int creat(const char *path, mode_t mode)
{
  return open_with(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, mode);
}

int unlinkat(int at, const char *path, int flags)
{
  char whole[PATH_MAX];
  uint64_t inode = !(flags & AT_REMOVEDIR) && covered_name(at, path, whole) ? stash(whole) : 0;
  int result = REAL(unlinkat)(at, path, flags);
  if (result == 0 && inode)
    note_names(NOTE_UNLINK, inode, whole, NULL);
  return result;
}

int unlink(const char *path)
{
  return unlinkat(AT_FDCWD, path, 0);
}

int renameat(int from_at, const char *from, int to_at, const char *to)
{
  char whole_from[PATH_MAX], whole_to[PATH_MAX];
  bool covered = covered_name(from_at, from, whole_from) && covered_name(to_at, to, whole_to);
  uint64_t replaced = covered ? stash(whole_to) : 0;
  int result = REAL(renameat)(from_at, from, to_at, to);
  if (result == 0 && covered)
    note_names(NOTE_RENAME, replaced, whole_from, whole_to);
  return result;
}

int rename(const char *from, const char *to)
{
  return renameat(AT_FDCWD, from, AT_FDCWD, to);
}

int linkat(int from_at, const char *from, int to_at, const char *to, int flags)
{
  char whole[PATH_MAX];
  int result = REAL(linkat)(from_at, from, to_at, to, flags);
  if (result == 0 && covered_name(to_at, to, whole))
    note_names(NOTE_LINK, 0, whole, NULL);
  return result;
}

int link(const char *from, const char *to)
{
  return linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

/* --- descriptors
 * ----------------------------------------------------------------------------------------------------------
 */

int close(int fd)
{
  if (fd == log_fd && fd >= 0)
    return 0; /* programs that close all they did not open */
  return REAL(close)(fd);
}
