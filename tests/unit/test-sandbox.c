/* SPDX-License-Identifier: Apache-2.0 */
/* What the sandbox takes away and what it leaves, tried in a child each, since there is no way back. */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/files.h"
#include "core/sandbox.h"

/* What was possible, as bits. */
enum { WROTE_INSIDE = 1, WROTE_OUTSIDE = 2, READ_OUTSIDE = 4, RAN = 8, CONNECTED = 16, REMOVED = 32, FROM_THREAD = 64 };

static bool can_write(const char *folder, const char *name) {
  g_autofree char *path = g_build_filename(folder, name, NULL);
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (fd >= 0) close(fd);
  return fd >= 0;
}

static void *write_elsewhere(void *folder) { return can_write(folder, "thread") ? folder : NULL; }

static bool thread_can_write(char *folder) {
  pthread_t thread;
  void *result = NULL;
  return pthread_create(&thread, NULL, write_elsewhere, folder) == 0 && pthread_join(thread, &result) == 0 && result;
}

static bool can_run(void) {
  pid_t child = fork();
  int status = 0;
  if (child == 0) {
    execl("/bin/true", "/bin/true", (char *)NULL);
    _exit(errno == EPERM || errno == EACCES ? 3 : 4);
  }
  return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool can_connect(void) {
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (fd >= 0) close(fd);
  return fd >= 0;
}

static int what_is_possible(char *inside, char *outside, bool enter) {
  const char *const writable[] = {inside, NULL};
  g_autofree char *known = g_build_filename(outside, "known", NULL);
  if (enter) sandbox_enter(writable);
  int fd = open(known, O_RDONLY), bits = fd >= 0 ? READ_OUTSIDE : 0;
  if (can_write(inside, "in")) bits |= WROTE_INSIDE;
  if (can_write(outside, "out")) bits |= WROTE_OUTSIDE;
  if (can_run()) bits |= RAN;
  if (can_connect()) bits |= CONNECTED;
  if (thread_can_write(outside)) bits |= FROM_THREAD;
  if (unlink(known) == 0) bits |= REMOVED;
  return bits;
}

static int try(bool enter) {
  g_autofree char *inside = g_dir_make_tmp("copse-in-XXXXXX", NULL),
                  *outside = g_dir_make_tmp("copse-out-XXXXXX", NULL);
  g_autofree char *known = g_build_filename(outside, "known", NULL);
  g_assert_true(g_file_set_contents(known, "x", 1, NULL));
  pid_t child = fork();
  if (child == 0) _exit(what_is_possible(inside, outside, enter));
  int status = 0;
  g_assert_cmpint(waitpid(child, &status, 0), ==, child);
  g_assert_true(WIFEXITED(status));
  g_assert_true(dir_remove(inside, NULL) && dir_remove(outside, NULL));
  return WEXITSTATUS(status);
}

static void test_confines(void) {
  const int files = WROTE_OUTSIDE | REMOVED | FROM_THREAD;
  SandboxMeans means = sandbox_means();
#if defined(__SANITIZE_ADDRESS__)
  means = (SandboxMeans){0, false};
#endif
  int free = try(false), shut = try(true);
  g_assert_cmpint(free & (files | WROTE_INSIDE | READ_OUTSIDE | RAN), ==, files | WROTE_INSIDE | READ_OUTSIDE | RAN);
  g_assert_cmpint(shut & (WROTE_INSIDE | READ_OUTSIDE), ==, WROTE_INSIDE | READ_OUTSIDE);
  g_assert_cmpint(shut & files, ==, means.landlock ? 0 : files);
  if (means.landlock || means.seccomp) g_assert_cmpint(shut & RAN, ==, 0);
  if (means.seccomp) g_assert_cmpint(shut & CONNECTED, ==, 0);
  if (!means.landlock && !means.seccomp) g_test_skip("neither Landlock nor seccomp is there");
}

static void test_words(void) {
  const SandboxMeans all = {6, true}, none = {0, false};
  g_autofree char *with = sandbox_describe(&all), *without = sandbox_describe(&none);
  g_assert_nonnull(strstr(with, "Landlock 6"));
  g_assert_nonnull(strstr(without, "none"));
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/sandbox/confines", test_confines);
  g_test_add_func("/sandbox/words", test_words);
  return g_test_run();
}
