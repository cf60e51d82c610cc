/* sandbox.c - the converter's walls (contract: sandbox.h). */
#include "convert/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

void sandbox_prepare(void)
{
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  prctl(PR_SET_DUMPABLE, 0);
  setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
  signal(SIGXFSZ, SIG_IGN);
  signal(SIGPIPE, SIG_IGN);
}

/* --- Landlock --- */

/* From the kernel's ABI; older headers lack some of it. */
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_restrict_self 446
#endif
#define LANDLOCK_VERSION_FLAG 1u

/* How many kinds of access to files each version knows: bits from 0. */
static guint64 landlock_accesses(long version)
{
  static const guint bits[] = {0, 13, 14, 15, 15, 16};
  return (G_GUINT64_CONSTANT(1) << bits[MIN(version, (long)G_N_ELEMENTS(bits) - 1)]) - 1;
}

#ifndef SYS_landlock_add_rule
#define SYS_landlock_add_rule 445
#endif
#define LANDLOCK_PATH_BENEATH 1
#define LANDLOCK_READ_FILE (1u << 2)
#define LANDLOCK_READ_FOLDER (1u << 3)

static bool landlock_readable(int ruleset, const char *path)
{
  struct {
    guint64 access;
    gint32 fd;
  } __attribute__((packed)) rule = {LANDLOCK_READ_FILE, open(path, O_PATH | O_CLOEXEC)};
  struct stat status;
  if (rule.fd < 0)
    return true; /* what is not there need not be read */
  if (fstat(rule.fd, &status) == 0 && S_ISDIR(status.st_mode))
    rule.access |= LANDLOCK_READ_FOLDER;
  long added = syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_PATH_BENEATH, &rule, 0);
  close(rule.fd);
  return added == 0;
}

/* A ruleset that handles every kind of access and allows reading these files and what lies below these folders. */
static const char *enter_landlock(const char *const *readable)
{
  long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_VERSION_FLAG);
  if (version < 1)
    return "Landlock: not in this kernel, or switched off";
  guint64 handled = landlock_accesses(version);
  int ruleset = (int)syscall(SYS_landlock_create_ruleset, &handled, sizeof handled, 0);
  if (ruleset < 0)
    return "Landlock: the kernel refuses the ruleset";
  bool good = true;
  for (; *readable; readable++)
    good = landlock_readable(ruleset, *readable) && good;
  long entered = good ? syscall(SYS_landlock_restrict_self, ruleset, 0) : -1;
  close(ruleset);
  return entered == 0 ? NULL : "Landlock: the kernel refuses to enter it";
}

/* --- seccomp --- */

/* Work on descriptors, memory, clocks and signals of its own. */
static const int allowed[] = {
    SCMP_SYS(read),
    SCMP_SYS(pread64),
    SCMP_SYS(readv),
    SCMP_SYS(preadv),
    SCMP_SYS(write),
    SCMP_SYS(pwrite64),
    SCMP_SYS(writev),
    SCMP_SYS(pwritev),
    SCMP_SYS(lseek),
    SCMP_SYS(fstat),
    SCMP_SYS(ftruncate),
    SCMP_SYS(fallocate),
    SCMP_SYS(copy_file_range),
    SCMP_SYS(sendfile),
    SCMP_SYS(fadvise64),
    SCMP_SYS(close),
    SCMP_SYS(close_range),
    SCMP_SYS(dup),
    SCMP_SYS(memfd_create),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(brk),
    SCMP_SYS(futex),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(nanosleep),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(sched_yield),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(recvmsg),
    SCMP_SYS(sendmsg),
    SCMP_SYS(sendto),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
};

/* What libraries try on their way, and can do without: fails as if it were forbidden by permissions. */
static const int refused[] = {
    SCMP_SYS(open),
    SCMP_SYS(openat),
    SCMP_SYS(stat),
    SCMP_SYS(lstat),
    SCMP_SYS(statx),
    SCMP_SYS(access),
    SCMP_SYS(faccessat),
    SCMP_SYS(faccessat2),
    SCMP_SYS(readlink),
    SCMP_SYS(readlinkat),
    SCMP_SYS(ioctl),
    SCMP_SYS(getrandom),
    SCMP_SYS(prlimit64),
    SCMP_SYS(getrlimit),
    SCMP_SYS(sysinfo),
    SCMP_SYS(uname),
    SCMP_SYS(prctl),
    SCMP_SYS(getcwd),
    SCMP_SYS(getuid),
    SCMP_SYS(geteuid),
    SCMP_SYS(getrusage),
    SCMP_SYS(times),
    SCMP_SYS(sched_getaffinity),
};

/* libseccomp's own macros for these are not ISO C. */
static bool add_equal(scmp_filter_ctx filter, int call, guint argument, guint64 value)
{
  struct scmp_arg_cmp equal = {argument, SCMP_CMP_EQ, value, 0};
  return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, call, 1, &equal) == 0;
}

static bool add_masked(scmp_filter_ctx filter, guint32 action, int call, guint argument, guint64 mask,
                       guint64 value)
{
  struct scmp_arg_cmp masked = {argument, SCMP_CMP_MASKED_EQ, mask, value};
  return seccomp_rule_add_array(filter, action, call, 1, &masked) == 0;
}

static bool allow_some(scmp_filter_ctx filter)
{
  /* Not F_SETOWN, F_SETSIG, F_SETFL: they could have signals sent to other processes. */
  static const int commands[] = {F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD,    F_SETFD,
                                 F_GETFL, F_ADD_SEALS,     F_GET_SEALS};
  bool good = true;
  for (guint i = 0; i < G_N_ELEMENTS(commands); i++)
    good &= add_equal(filter, SCMP_SYS(fcntl), 1, (guint64)commands[i]);
  good &= add_equal(filter, SCMP_SYS(tgkill), 0, (guint64)getpid()); /* abort() */
  /* No memory that can be executed. */
  good &= add_masked(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2, PROT_EXEC, 0);
  good &= add_masked(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 2, PROT_EXEC, 0);
  /* fstat() of newer C libraries: an empty path; the kernel looks at the flag. */
  good &= add_masked(filter, SCMP_ACT_ALLOW, SCMP_SYS(newfstatat), 3, AT_EMPTY_PATH, AT_EMPTY_PATH);
  return good && add_masked(filter, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(newfstatat), 3, AT_EMPTY_PATH, 0);
}

static bool fill_filter(scmp_filter_ctx filter)
{
  bool good = true;
  for (guint i = 0; i < G_N_ELEMENTS(allowed); i++)
    good &= seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0) == 0;
  good &= allow_some(filter);
  for (guint i = 0; i < G_N_ELEMENTS(refused); i++) {
    int added = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), refused[i], 0);
    good &= added == 0 || added == -EDOM; /* not on this architecture */
  }
  return good;
}

static const char *enter_seccomp(void)
{
  scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
  if (!filter)
    return "seccomp: no filter";
  bool good = fill_filter(filter);
  int loaded = good ? seccomp_load(filter) : -EINVAL;
  seccomp_release(filter);
  return loaded == 0 ? NULL : "seccomp: not in this kernel, or switched off";
}

/* What a network client never needs, and a captured one would want. */
static const int denied[] = {
    SCMP_SYS(execve),       SCMP_SYS(execveat),      SCMP_SYS(fork),          SCMP_SYS(vfork),
    SCMP_SYS(ptrace),       SCMP_SYS(kill),          SCMP_SYS(tkill),         SCMP_SYS(process_vm_readv),
    SCMP_SYS(bind),         SCMP_SYS(listen),        SCMP_SYS(accept),        SCMP_SYS(accept4),
    SCMP_SYS(mount),        SCMP_SYS(umount2),       SCMP_SYS(pivot_root),    SCMP_SYS(chroot),
    SCMP_SYS(unshare),      SCMP_SYS(setns),         SCMP_SYS(bpf),           SCMP_SYS(perf_event_open),
    SCMP_SYS(keyctl),       SCMP_SYS(add_key),       SCMP_SYS(request_key),   SCMP_SYS(process_vm_writev),
    SCMP_SYS(init_module),  SCMP_SYS(finit_module),  SCMP_SYS(kexec_load),    SCMP_SYS(open_by_handle_at),
    SCMP_SYS(userfaultfd),  SCMP_SYS(io_uring_setup), SCMP_SYS(pidfd_getfd),  SCMP_SYS(pidfd_send_signal),
};

static const char *enter_denials(void)
{
  scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
  if (!filter)
    return "seccomp: no filter";
  bool good = true;
  for (guint i = 0; i < G_N_ELEMENTS(denied); i++) {
    int added = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), denied[i], 0);
    good &= added == 0 || added == -EDOM;
  }
  int loaded = good ? seccomp_load(filter) : -EINVAL;
  seccomp_release(filter);
  return loaded == 0 ? NULL : "seccomp: not in this kernel, or switched off";
}

/* --- all --- */

static char *enter(const char *const *readable, const char *(*filter)(void))
{
  enum { DESCRIPTORS = 64 };
  GString *missing = g_string_new(NULL);
  setrlimit(RLIMIT_NOFILE, &(struct rlimit){DESCRIPTORS, DESCRIPTORS});
  setrlimit(RLIMIT_NPROC, &(struct rlimit){0, 0});
  const char *words = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 ? NULL : "no_new_privs: refused";
  const char *walls[] = {words, words ? NULL : enter_landlock(readable), words ? NULL : filter()};
  for (guint i = 0; i < G_N_ELEMENTS(walls); i++)
    if (walls[i])
      g_string_append_printf(missing, "%s%s", missing->len ? "; " : "the sandbox lacks: ", walls[i]);
  return g_string_free(missing, missing->len == 0);
}

char *sandbox_enter(void)
{
  static const char *const none[] = {NULL};
  return enter(none, enter_seccomp);
}

char *sandbox_enter_client(const char *file)
{
  const char *const readable[] = {"/etc", "/usr", "/lib", "/lib64", "/run/systemd/resolve", file, NULL};
  return enter(readable, enter_denials);
}
