/* Real converter processes: this program starts itself in the role `converter`, with handlers that do what a
 * job's text says. */
#include "convert/client.h"
#include "convert/wire.h"
#include "convert/worker.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- inside: what the handlers do
 * ---------------------------------------------------------------------------- */

static void *set_up(GVariant *settings, int tables_fd, GError **error)
{
  const char *words = NULL;
  if (!g_variant_lookup(settings, "refuse", "&s", &words))
    return g_strdup_printf("tables %s", tables_fd >= 0 ? "there" : "none");
  g_set_error_literal(error, CONVERT_ERROR, CONVERT_ERROR_START, words);
  return NULL;
}

static void say(struct mapping_result *result, bool good)
{
  result->words = g_strdup(good ? "done" : g_strerror(errno));
}

static void copy_through(const struct mapping_job *job, struct mapping_result *result)
{
  char block[4096];
  gssize got;
  off_t at = 0;
  bool good = true;
  while (good && (got = pread(job->in_fd, block, sizeof block, at)) > 0) {
    good = write(job->out_fd, block, (gsize)got) == got;
    at += got;
  }
  say(result, good);
  result->size = (guint64)at;
}

static void fill_lines(struct mapping_result *result, guint megabytes)
{
  for (guint i = 0; i < megabytes; i++) {
    char *line = g_malloc(1 << 20);
    memset(line, 'x', 1 << 20);
    line[(1 << 20) - 1] = 0;
    g_ptr_array_add(result->lines, line);
  }
}

static void misbehave(const char *deed, struct mapping_result *result)
{
  if (strcmp(deed, "socket") == 0)
    say(result, socket(AF_INET, SOCK_STREAM, 0) >= 0);
  else if (strcmp(deed, "fork") == 0)
    say(result, fork() >= 0);
  else if (strcmp(deed, "exec") == 0)
    say(result, execl("/bin/true", "true", (char *)NULL) == 0);
  else if (strcmp(deed, "kill") == 0)
    say(result, kill(getppid(), 0) == 0);
  else if (strcmp(deed, "code") == 0)
    say(result, mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED);
  else if (strcmp(deed, "owner") == 0)
    say(result, fcntl(3, F_SETOWN, 1) == 0);
  else if (strcmp(deed, "open") == 0)
    say(result, open("/etc/passwd", O_RDONLY) >= 0);
  else if (strcmp(deed, "create") == 0)
    say(result, open("/tmp/gw400-must-not-be", O_CREAT | O_WRONLY, 0600) >= 0);
  else if (strcmp(deed, "stat") == 0)
    say(result, access("/etc/passwd", F_OK) == 0);
  else if (strcmp(deed, "memory") == 0) {
    void *much = malloc(G_GUINT64_CONSTANT(1) << 30);
    say(result, much != NULL);
    free(much);
  } else if (strcmp(deed, "crash") == 0)
    raise(SIGSEGV);
  else if (strcmp(deed, "hang") == 0)
    for (;;)
      poll(NULL, 0, -1);
}

static struct mapping_result *run_job(void *context, const struct mapping_job *job)
{
  struct mapping_result *result = mapping_result_new();
  result->sender = g_strdup(context);
  result->priority = (guint)job->kind % 3;
  result->size = job->recipients->len;
  if (job->in_fd >= 0)
    copy_through(job, result);
  else if (job->text && g_str_has_prefix(job->text, "lines "))
    fill_lines(result, (guint)atoi(job->text + 6));
  else if (job->text)
    misbehave(job->text, result);
  return result;
}

/* A converter that has been taken over: it writes what it likes. */
static int lie(int fd)
{
  const char *kind = g_getenv("GW400_TEST_LIE");
  static const guint8 oversize[] = {0x7f, 0xff, 0xff, 0xff}, memfd[] = {0x80, 0, 0, 4};
  static const guint8 garbage[] = {0, 0, 0, 5, 1, 2, 3, 4, 5}, half[] = {0, 0, 1, 0, 1};
  struct iovec part = {(void *)garbage, sizeof garbage};
  if (strcmp(kind, "oversize") == 0)
    part = (struct iovec){(void *)oversize, sizeof oversize};
  else if (strcmp(kind, "memfd") == 0)
    part = (struct iovec){(void *)memfd, sizeof memfd};
  else if (strcmp(kind, "half") == 0)
    part = (struct iovec){(void *)half, sizeof half};
  union {
    struct cmsghdr align;
    char space[CMSG_SPACE(sizeof(int))];
  } control = {0};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
  if (strcmp(kind, "descriptor") == 0) {
    message.msg_control = &control;
    message.msg_controllen = sizeof control;
    struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
    *rights = (struct cmsghdr){CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
    int zero = 0;
    memcpy(CMSG_DATA(rights), &zero, sizeof zero);
  }
  sendmsg(fd, &message, 0);
  if (strcmp(kind, "half") != 0)
    pause();
  return 7;
}

static int converter(void)
{
  static const struct convert_handlers handlers = {set_up, run_job, g_free};
  return g_getenv("GW400_TEST_LIE") ? lie(3) : convert_serve(3, &handlers);
}

/* --- outside
 * -------------------------------------------------------------------------------------------------- */

enum { PATIENCE_MS = 20000 };

static struct convert_worker *start(guint64 memory, guint64 file_size)
{
  struct convert_worker_options options = {
      .program = "/proc/self/exe", .memory = memory, .file_size = file_size};
  g_autoptr(GError) error = NULL;
  struct convert_worker *worker = convert_worker_spawn(&options, &error);
  ck_assert_msg(worker != NULL, "%s", error ? error->message : "");
  return worker;
}

static struct mapping_result *set_up_with(struct convert_worker *worker, const char *settings, int tables_fd)
{
  g_autoptr(mapping_job_t) job = mapping_job_new(MAPPING_SETUP);
  job->settings = g_variant_ref_sink(g_variant_parse(G_VARIANT_TYPE_VARDICT, settings, NULL, NULL, NULL));
  job->tables_fd = tables_fd;
  g_autoptr(GError) error = NULL;
  struct mapping_result *result = convert_worker_call(worker, job, PATIENCE_MS, &error);
  ck_assert_msg(result != NULL, "%s", error ? error->message : "");
  return result;
}

static bool sandbox_is_whole;

static struct convert_worker *ready_worker(guint64 memory, guint64 file_size)
{
  struct convert_worker *worker = start(memory, file_size);
  g_autoptr(mapping_result_t) result = set_up_with(worker, "@a{sv} {}", -1);
  ck_assert_int_eq(result->status, MAPPING_OK);
  sandbox_is_whole = result->words == NULL;
  if (result->words)
    printf("%s\n", result->words);
  return worker;
}

static struct mapping_result *tell(struct convert_worker *worker, const char *text, guint ms, GError **error)
{
  g_autoptr(mapping_job_t) job = mapping_job_new(MAPPING_MAP);
  job->text = g_strdup(text);
  return convert_worker_call(worker, job, ms, error);
}

static void assert_lost(struct convert_worker *worker, const char *text, const char *words)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(mapping_result_t) result = tell(worker, text, PATIENCE_MS, &error);
  ck_assert_msg(!result, "%s: %s", text, result ? result->words : "");
  ck_assert_int_eq(error->code, CONVERT_ERROR_LOST);
  ck_assert_msg(strstr(error->message, words), "%s: %s", text, error->message);
  convert_worker_free(worker);
}

START_TEST(each_kind)
{
  struct convert_worker *worker = start(0, 0);
  g_autoptr(mapping_result_t) ready = set_up_with(worker, "@a{sv} {}", memfd_create("tables", 0));
  ck_assert_int_eq(ready->status, MAPPING_OK);
  for (int kind = MAPPING_MAP; kind <= MAPPING_COMPILE; kind++) {
    g_autoptr(mapping_job_t) job = mapping_job_new((enum mapping_kind)kind);
    g_autoptr(GError) error = NULL;
    g_autoptr(mapping_result_t) result = convert_worker_call(worker, job, PATIENCE_MS, &error);
    ck_assert_msg(result != NULL, "%s", error ? error->message : "");
    ck_assert_uint_eq(result->priority, (guint)kind % 3);
    ck_assert_str_eq(result->sender, "tables there");
  }
  convert_worker_free(worker);
}
END_TEST

START_TEST(octets_by_descriptor)
{
  struct convert_worker *worker = ready_worker(0, 0);
  for (guint round = 0; round < 100; round++) { /* more rounds than the process may have descriptors */
    g_autoptr(mapping_job_t) job = mapping_job_new(MAPPING_WRITE);
    job->in_fd = memfd_create("in", MFD_CLOEXEC);
    job->out_fd = memfd_create("out", MFD_CLOEXEC);
    ck_assert_int_eq(write(job->in_fd, "hello", 5), 5);
    g_autoptr(mapping_result_t) result = convert_worker_call(worker, job, PATIENCE_MS, NULL);
    ck_assert_str_eq(result->words, "done");
    ck_assert_uint_eq(result->size, 5);
    char got[6] = "";
    ck_assert_int_eq(pread(job->out_fd, got, 5, 0), 5);
    ck_assert_str_eq(got, "hello");
  }
  convert_worker_free(worker);
}
END_TEST

/* Jobs and answers beyond the socket's buffer. */
START_TEST(long_frames)
{
  struct convert_worker *worker = ready_worker(0, 0);
  g_autoptr(mapping_job_t) job = mapping_job_new(MAPPING_WRITE);
  for (guint i = 0; i < 5000; i++) {
    struct mapping_recipient *recipient = mapping_recipient_new(i);
    recipient->address = g_strdup_printf("recipient-%u@a.rather.long.domain.example.org", i);
    g_ptr_array_add(job->recipients, recipient);
  }
  g_autoptr(GError) error = NULL;
  g_autoptr(mapping_result_t) result = convert_worker_call(worker, job, PATIENCE_MS, &error);
  ck_assert_msg(result != NULL, "%s", error ? error->message : "");
  ck_assert_uint_eq(result->size, 5000);
  g_autoptr(mapping_result_t) lines = tell(worker, "lines 8", PATIENCE_MS, &error);
  ck_assert_msg(lines != NULL, "%s", error ? error->message : "");
  ck_assert_uint_eq(lines->lines->len, 8);
  assert_lost(worker, "lines 20", "exit code 1"); /* an answer that no frame holds */
}
END_TEST

START_TEST(refused_setup)
{
  struct convert_worker *worker = start(0, 0);
  g_autoptr(mapping_result_t) result = set_up_with(worker, "{'refuse': <'line 3: no'>}", -1);
  ck_assert_int_eq(result->status, MAPPING_REFUSED);
  ck_assert_str_eq(result->words, "line 3: no");
  convert_worker_free(worker);
}
END_TEST

/* --- ends --- */

START_TEST(killed_from_outside)
{
  struct convert_worker *worker = ready_worker(0, 0);
  g_autoptr(mapping_job_t) job = mapping_job_new(MAPPING_MAP);
  job->text = g_strdup("hang");
  g_autoptr(GError) error = NULL;
  ck_assert(convert_worker_send(worker, job, &error));
  struct mapping_result *result = NULL;
  ck_assert_int_eq(convert_worker_receive(worker, &result, &error), 0); /* does not wait */
  ck_assert_int_eq(kill(convert_worker_pid(worker), _i ? SIGKILL : SIGSEGV), 0);
  int got;
  while ((got = convert_worker_receive(worker, &result, &error)) == 0)
    poll(&(struct pollfd){.fd = convert_worker_fd(worker), .events = POLLIN}, 1, 1000);
  ck_assert_int_eq(got, -1);
  ck_assert_int_eq(error->code, CONVERT_ERROR_LOST);
  ck_assert_int_eq(convert_worker_pid(worker), 0);
  ck_assert_msg(strstr(error->message, _i ? "signal 9 (Killed)" : "signal 11 (Segmentation fault)"), "%s",
                error->message);
  /* What is lost stays lost, and is no trouble. */
  g_clear_error(&error);
  ck_assert(!convert_worker_send(worker, job, &error));
  convert_worker_free(worker);
}
END_TEST

START_TEST(stopped)
{
  struct convert_worker *worker = ready_worker(0, 0);
  ck_assert_int_eq(kill(convert_worker_pid(worker), SIGSTOP), 0);
  g_autoptr(GError) error = NULL;
  gint64 begun = g_get_monotonic_time();
  ck_assert_ptr_null(tell(worker, "open", 300, &error));
  ck_assert_int_eq(error->code, CONVERT_ERROR_TIMEOUT);
  ck_assert_int_lt(g_get_monotonic_time() - begun, 5 * G_USEC_PER_SEC);
  convert_worker_free(worker); /* ends a stopped process too */
}
END_TEST

START_TEST(hanging)
{
  struct convert_worker *worker = ready_worker(0, 0);
  g_autoptr(GError) error = NULL;
  ck_assert_ptr_null(tell(worker, "hang", 200, &error));
  ck_assert_str_eq(error->message, "the converter did not answer within 200 ms");
  convert_worker_free(worker);
}
END_TEST

START_TEST(crashing)
{
  assert_lost(ready_worker(0, 0), "crash", "signal 11");
}
END_TEST

static bool is_alive(pid_t pid)
{
  g_autofree char *path = g_strdup_printf("/proc/%d/stat", (int)pid), *stat = NULL;
  if (!g_file_get_contents(path, &stat, NULL, NULL))
    return false;
  const char *state = strrchr(stat, ')');
  return state && state[2] != 'Z' && state[2] != 'X';
}

/* In the middle of a job it does not read its socket; it dies with its parent all the same. */
START_TEST(orphaned)
{
  int ends[2];
  ck_assert_int_eq(pipe(ends), 0);
  pid_t parent = fork();
  if (parent == 0) {
    struct convert_worker *worker = ready_worker(0, 0);
    g_autoptr(mapping_job_t) job = mapping_job_new(MAPPING_MAP);
    job->text = g_strdup("hang");
    pid_t pid = convert_worker_send(worker, job, NULL) ? convert_worker_pid(worker) : 0;
    _exit(write(ends[1], &pid, sizeof pid) == sizeof pid ? 0 : 1);
  }
  pid_t pid = 0;
  ck_assert_int_eq(read(ends[0], &pid, sizeof pid), sizeof pid);
  ck_assert_int_gt(pid, 0);
  waitpid(parent, NULL, 0);
  for (guint i = 0; i < 200 && is_alive(pid); i++)
    g_usleep(10000);
  ck_assert(!is_alive(pid));
}
END_TEST

/* --- walls --- */

static const struct {
  const char *deed, *words; /* words: what the job says; NULL: it dies of SIGSYS */
} deeds[] = {
    {"socket", NULL},
    {"fork", NULL},
    {"exec", NULL},
    {"kill", NULL},
    {"code", NULL},
    {"owner", NULL},
    {"open", "Permission denied"},
    {"create", "Permission denied"},
    {"stat", "Permission denied"},
};

START_TEST(walls)
{
  struct convert_worker *worker = ready_worker(0, 0);
  if (!sandbox_is_whole) { /* what is missing was printed; the test of a wall that is not there proves nothing
                            */
    convert_worker_free(worker);
    return;
  }
  if (!deeds[_i].words) {
    assert_lost(worker, deeds[_i].deed, "a system call that its sandbox forbids (SIGSYS)");
    return;
  }
  g_autoptr(GError) error = NULL;
  g_autoptr(mapping_result_t) result = tell(worker, deeds[_i].deed, PATIENCE_MS, &error);
  ck_assert_msg(result != NULL, "%s", error ? error->message : "");
  ck_assert_str_eq(result->words, deeds[_i].words);
  convert_worker_free(worker);
}
END_TEST

START_TEST(sizes)
{
  struct convert_worker *worker = ready_worker(256 << 20, 1 << 20);
#ifndef GW400_SANITIZED
  g_autoptr(mapping_result_t) memory = tell(worker, "memory", PATIENCE_MS, NULL);
  ck_assert_str_eq(memory->words, "Cannot allocate memory");
#endif
  g_autoptr(mapping_job_t) job = mapping_job_new(MAPPING_WRITE);
  job->in_fd = memfd_create("in", MFD_CLOEXEC);
  job->out_fd = memfd_create("out", MFD_CLOEXEC);
  ck_assert_int_eq(ftruncate(job->in_fd, 2 << 20), 0);
  g_autoptr(mapping_result_t) result = convert_worker_call(worker, job, PATIENCE_MS, NULL);
  ck_assert_str_eq(result->words, "File too large");
  convert_worker_free(worker);
}
END_TEST

/* --- frames that are none --- */

START_TEST(malformed_job)
{
  static const struct {
    const char *octets;
    gsize length;
  } frames[] = {
      {"\x7f\xff\xff\xff", 4},   /* longer than a frame may be */
      {"\0\0\0\5\1\2\3\4\5", 9}, /* no GVariant */
      {"\x80\0\0\4", 4},         /* its memory file is missing */
      {"\0\0\0\0", 4},           /* an empty job is a SETUP, and the second */
  };
  struct convert_worker *worker = ready_worker(0, 0);
  ck_assert_int_eq(write(convert_worker_fd(worker), frames[_i].octets, frames[_i].length),
                   (gssize)frames[_i].length);
  g_autoptr(GError) error = NULL;
  struct mapping_result *result = NULL;
  int got;
  while ((got = convert_worker_receive(worker, &result, &error)) == 0)
    poll(&(struct pollfd){.fd = convert_worker_fd(worker), .events = POLLIN}, 1, 1000);
  ck_assert_int_eq(got, -1);
  ck_assert_str_eq(error->message, "the converter ended with exit code 2");
  convert_worker_free(worker);
}
END_TEST

START_TEST(job_before_setup)
{
  assert_lost(start(0, 0), "open", "exit code 2");
}
END_TEST

START_TEST(malformed_answer)
{
  static const struct {
    const char *lie, *words;
  } lies[] = {
      {"oversize", "the converter's answer is a frame longer than a frame may be"},
      {"memfd", "the converter's answer is a frame longer than a frame may be"},
      {"garbage", "the converter's answer is a frame whose code is malformed"},
      {"descriptor", "the converter's answer is more descriptors than a frame may have"},
      {"half", "the converter ended with exit code 7"},
  };
  g_setenv("GW400_TEST_LIE", lies[_i].lie, TRUE);
  struct convert_worker *worker = start(0, 0);
  g_autoptr(GError) error = NULL;
  g_autoptr(mapping_job_t) job = mapping_job_new(MAPPING_SETUP);
  ck_assert_ptr_null(convert_worker_call(worker, job, PATIENCE_MS, &error));
  ck_assert_str_eq(error->message, lies[_i].words);
  convert_worker_free(worker);
}
END_TEST

START_TEST(no_program)
{
  struct convert_worker_options options = {.program = "/does/not/exist"};
  g_autoptr(GError) error = NULL;
  ck_assert_ptr_null(convert_worker_spawn(&options, &error));
  ck_assert_int_eq(error->code, CONVERT_ERROR_START);
}
END_TEST

int main(int argc, char **argv)
{
  if (argc > 1 && strcmp(argv[1], "converter") == 0)
    return converter();
  /* The sanitizer of a converter that is meant to crash shall leave it alone. */
  const char *asan = g_getenv("ASAN_OPTIONS");
  g_autofree char *quiet = g_strdup_printf("%s:handle_segv=0", asan ? asan : "");
  g_setenv("ASAN_OPTIONS", quiet, TRUE);
  Suite *suite = suite_create("worker");
  TCase *tests = tcase_create("worker");
  tcase_set_timeout(tests, 60);
  tcase_add_test(tests, each_kind);
  tcase_add_test(tests, octets_by_descriptor);
  tcase_add_test(tests, long_frames);
  tcase_add_test(tests, refused_setup);
  tcase_add_loop_test(tests, killed_from_outside, 0, 2);
  tcase_add_test(tests, stopped);
  tcase_add_test(tests, hanging);
  tcase_add_test(tests, crashing);
  tcase_add_test(tests, orphaned);
  tcase_add_loop_test(tests, walls, 0, G_N_ELEMENTS(deeds));
  tcase_add_test(tests, sizes);
  tcase_add_loop_test(tests, malformed_job, 0, 4);
  tcase_add_test(tests, job_before_setup);
  tcase_add_loop_test(tests, malformed_answer, 0, 5);
  tcase_add_test(tests, no_program);
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
