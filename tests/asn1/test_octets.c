/* Ropes: what is cut, joined and read must be what the plain memory gives. */
#include "asn1/octets.h"

#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int file_of(const void *data, gsize length)
{
  int fd = memfd_create("test", MFD_CLOEXEC);
  ck_assert_int_ge(fd, 0);
  ck_assert_int_eq(write(fd, data, length), (ssize_t)length);
  return fd;
}

static void assert_octets(const struct octets *octets, const void *expected, gsize length)
{
  ck_assert_uint_eq(octets_length(octets), length);
  g_autoptr(GBytes) bytes = octets_to_bytes(octets, length, NULL);
  ck_assert_ptr_nonnull(bytes);
  ck_assert(length == 0 || memcmp(g_bytes_get_data(bytes, NULL), expected, length) == 0);
}

START_TEST(in_memory)
{
  g_autoptr(octets_t) copied = octets_new("hello", 5);
  assert_octets(copied, "hello", 5);
  g_autoptr(GBytes) bytes = g_bytes_new_static("world", 5);
  g_autoptr(octets_t) owned = octets_new_bytes(bytes);
  ck_assert_ptr_eq(octets_peek_memory(owned), g_bytes_get_data(bytes, NULL));
  struct octets *parts[] = {copied, owned};
  g_autoptr(octets_t) both = octets_concat(parts, 2);
  assert_octets(both, "helloworld", 10);
  ck_assert_ptr_null(octets_peek_memory(both));
  g_autoptr(octets_t) middle = octets_slice(both, 3, 4);
  assert_octets(middle, "lowo", 4);
  g_autoptr(octets_t) empty = octets_slice(both, 10, 0);
  assert_octets(empty, "", 0);
  g_autoptr(octets_t) none = octets_concat(NULL, 0);
  assert_octets(none, "", 0);
  guint64 offset;
  ck_assert(!octets_is_extent(copied, &offset));
}
END_TEST

START_TEST(file_extent)
{
  int fd = file_of("0123456789", 10);
  g_autoptr(octets_t) rope = octets_new_file(fd, 2, 6, NULL);
  close(fd); /* the rope has its own */
  assert_octets(rope, "234567", 6);
  guint64 offset = 0;
  ck_assert(octets_is_extent(rope, &offset));
  ck_assert_uint_eq(offset, 2);
  g_autoptr(octets_t) part = octets_slice(rope, 1, 3);
  ck_assert(octets_is_extent(part, &offset));
  ck_assert_uint_eq(offset, 3);
  assert_octets(part, "345", 3);
  /* Neighbours in one file grow together again. */
  g_autoptr(octets_t) next = octets_slice(rope, 4, 2);
  struct octets *parts[] = {part, next};
  g_autoptr(octets_t) joined = octets_concat(parts, 2);
  ck_assert(octets_is_extent(joined, &offset));
  assert_octets(joined, "34567", 5);
}
END_TEST

START_TEST(gather)
{
  int fd = file_of("0123456789", 10);
  g_autoptr(octets_t) rope = octets_new_file(fd, 0, 10, NULL);
  const struct octets_extent extents[] = {{7, 2}, {0, 0}, {1, 1}, {2, 3}};
  g_autoptr(octets_t) gathered = octets_gather(rope, extents, G_N_ELEMENTS(extents));
  assert_octets(gathered, "781234", 6);
  close(fd);
}
END_TEST

START_TEST(errors)
{
  int fd = file_of("0123456789", 10);
  GError *error = NULL;
  ck_assert_ptr_null(octets_new_file(fd, 5, 6, &error));
  ck_assert_ptr_nonnull(strstr(error->message, "the file has 10 octets, wanted are 6 from offset 5"));
  g_clear_error(&error);
  ck_assert_ptr_null(octets_new_file(fd, 11, 0, &error));
  g_clear_error(&error);
  ck_assert_ptr_null(octets_new_file(-1, 0, 0, &error));
  ck_assert_uint_eq(error->domain, G_FILE_ERROR);
  g_clear_error(&error);

  g_autoptr(octets_t) rope = octets_new_file(fd, 0, 10, NULL);
  char buffer[20];
  ck_assert(!octets_read(rope, 5, buffer, 6, &error));
  ck_assert_int_eq(error->code, G_FILE_ERROR_INVAL);
  g_clear_error(&error);
  ck_assert_ptr_null(octets_to_bytes(rope, 9, &error));
  ck_assert_int_eq(error->code, G_FILE_ERROR_NOMEM);
  g_clear_error(&error);
  /* A file that shrinks breaks its promise; that is an error, not a crash. */
  ck_assert_int_eq(ftruncate(fd, 4), 0);
  ck_assert(!octets_read(rope, 0, buffer, 10, &error));
  ck_assert_ptr_nonnull(strstr(error->message, "the file ends at offset 4, 6 octets too early"));
  g_clear_error(&error);
  ck_assert(!octets_write_fd(rope, -1, &error));
  g_clear_error(&error);
  close(fd);
}
END_TEST

static bool count_blocks(const guint8 *block, gsize length, void *user, GError **error)
{
  (void)block, (void)error;
  gsize *counted = user;
  counted[0]++;
  counted[1] += length;
  ck_assert_uint_le(length, 64 * 1024);
  return counted[0] < counted[2];
}

START_TEST(blocks)
{
  gsize size = 200000;
  g_autofree guint8 *data = g_malloc0(size);
  int fd = file_of(data, size);
  g_autoptr(octets_t) file = octets_new_file(fd, 0, size, NULL);
  g_autoptr(octets_t) memory = octets_new(data, size);
  struct octets *ropes[] = {file, memory};
  for (guint i = 0; i < 2; i++) {
    gsize counted[] = {0, 0, 100};
    ck_assert(octets_each(ropes[i], count_blocks, counted, NULL));
    ck_assert_uint_eq(counted[0], 4);
    ck_assert_uint_eq(counted[1], size);
    gsize stopped[] = {0, 0, 2};
    ck_assert(!octets_each(ropes[i], count_blocks, stopped, NULL));
    ck_assert_uint_eq(stopped[0], 2);
  }
  close(fd);
}
END_TEST

START_TEST(write_out)
{
  gsize size = 300000;
  g_autofree guint8 *data = g_malloc(size);
  for (gsize i = 0; i < size; i++)
    data[i] = (guint8)(i * 7 + i / 256);
  int fd = file_of(data, size);
  g_autoptr(octets_t) big = octets_new_file(fd, 1, size - 1, NULL);
  g_autoptr(octets_t) head = octets_new(data, 1);
  struct octets *parts[] = {head, big};
  g_autoptr(octets_t) whole = octets_concat(parts, 2);
  int out = memfd_create("out", 0);
  ck_assert_int_eq(write(out, "xx", 2), 2); /* from the current offset */
  ck_assert(octets_write_fd(whole, out, NULL));
  ck_assert_int_eq(lseek(out, 0, SEEK_CUR), (off_t)size + 2);
  g_autoptr(octets_t) copied = octets_new_file(out, 2, size, NULL);
  assert_octets(copied, data, size);
  /* Where the kernel cannot copy (a pipe), we do. */
  int ends[2];
  ck_assert_int_eq(pipe(ends), 0);
  g_autoptr(octets_t) some = octets_slice(whole, 0, 30000);
  ck_assert(octets_write_fd(some, ends[1], NULL));
  char buffer[30000];
  ck_assert_int_eq(read(ends[0], buffer, sizeof buffer), sizeof buffer);
  ck_assert_mem_eq(buffer, data, sizeof buffer);
  close(ends[0]), close(ends[1]), close(out), close(fd);
}
END_TEST

/* A rope grown by random cutting and joining, beside the plain memory that it stands for. */
START_TEST(random_ropes)
{
  g_autoptr(GRand) random = g_rand_new_with_seed((guint32)_i + 1);
  g_autoptr(GByteArray) plain = g_byte_array_new();
  guint8 seed[64];
  for (guint i = 0; i < sizeof seed; i++)
    seed[i] = (guint8)g_rand_int(random);
  int fd = file_of(seed, sizeof seed);
  struct octets *rope = octets_new_file(fd, 0, sizeof seed, NULL);
  g_byte_array_append(plain, seed, sizeof seed);
  close(fd);
  for (guint step = 0; step < 60; step++) {
    guint length = plain->len, from = (guint)g_rand_int_range(random, 0, (gint32)length + 1);
    guint part = (guint)g_rand_int_range(random, 0, (gint32)(length - from) + 1);
    struct octets *slice = octets_slice(rope, from, part);
    struct octets *memory = octets_new(plain->data + from, part);
    assert_octets(slice, plain->data + from, part);
    struct octets *parts[] = {slice, rope, memory};
    struct octets *grown = octets_concat(parts, 3);
    octets_unref(slice), octets_unref(memory), octets_unref(rope);
    g_autofree guint8 *copy = g_memdup2(plain->data + from, part);
    g_byte_array_prepend(plain, copy, part);
    g_byte_array_append(plain, copy, part);
    assert_octets(grown, plain->data, plain->len);
    gsize keep = MIN(plain->len, 500u);
    rope = octets_slice(grown, plain->len - keep, keep);
    octets_unref(grown);
    g_byte_array_remove_range(plain, 0, plain->len - (guint)keep);
  }
  octets_unref(rope);
}
END_TEST

int main(void)
{
  Suite *suite = suite_create("octets");
  TCase *tests = tcase_create("octets");
  tcase_add_test(tests, in_memory);
  tcase_add_test(tests, file_extent);
  tcase_add_test(tests, gather);
  tcase_add_test(tests, errors);
  tcase_add_test(tests, blocks);
  tcase_add_test(tests, write_out);
  tcase_add_loop_test(tests, random_ropes, 0, 20);
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
