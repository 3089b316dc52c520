/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever ends the program, on whatever thread, the terminal gets its modes and its first screen back: children on a
 * terminal of their own are ended by each of those signals, and by a stack without an end. */
#include <fcntl.h>
#include <glib.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "core/parallel.h"
#include "session/worker.h"
#include "ui/toolkit/signals.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED true /* reports of its own */
#else
#define SANITIZED false
#endif

enum { OVERFLOW = -1 };
static const char restore[] = "\033[back]";

typedef enum { ON_MAIN, ON_WORKER, ON_SHARED, PLACES } Place;
static const char *const place_names[] = {"the main thread", "the worker", "a shared thread"};

/* Deep enough for any stack; the sum keeps the compiler from making a loop of it. */
__attribute__((noinline)) static unsigned sink_deep(unsigned depth) {
  volatile char room[4096];
  memset((char *)room, (int)depth, sizeof room);
  return depth == 0 ? 0 : sink_deep(depth - 1) + (unsigned char)room[depth % sizeof room];
}

static void die(int how) {
  if (how == OVERFLOW) exit((int)sink_deep(1U << 30) & 1);
  raise(how);
  _exit(96); /* a signal that did not end it */
}

static gpointer die_in_job(gpointer input, const Progress *progress, GError **error) {
  (void)progress, (void)error;
  die(GPOINTER_TO_INT(input));
  return NULL;
}

/* The thread that made the loop waits, so that another takes the item that ends all. */
static bool die_in_loop(void *user, size_t item, unsigned thread) {
  (void)item;
  if (thread == 0) g_usleep(200000);
  else die(*(int *)user);
  return true;
}

static void child(const char *terminal, Place place, int how) {
  struct rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
  setsid();
  signal(SIGQUIT, SIG_DFL);         /* a shell ignores it for what it starts behind */
  int tty = open(terminal, O_RDWR); /* which is its terminal from now on */
  dup2(tty, STDIN_FILENO), dup2(tty, STDOUT_FILENO);
  signals_remember_terminal(STDIN_FILENO);
  struct termios raw;
  tcgetattr(tty, &raw);
  cfmakeraw(&raw);
  tcsetattr(tty, TCSANOW, &raw);
  if (signals_start(restore, strlen(restore), NULL) < 0) _exit(95);
  if (place == ON_MAIN) die(how);
  if (place == ON_SHARED) parallel_for(20, 4, die_in_loop, &how, NULL);
  Worker *worker = place == ON_WORKER ? worker_new() : NULL;
  const JobSpec job = {.title = "the last", .run = die_in_job, .input = GINT_TO_POINTER(how)};
  if (worker) worker_submit(worker, &job), g_usleep(20 * G_USEC_PER_SEC);
  _exit(94);
}

/* What came to the terminal while the child lived. */
static char *read_screen(int master) {
  g_autoptr(GString) all = g_string_new(NULL);
  char part[256];
  for (ssize_t n; (n = read(master, part, sizeof part)) > 0;) g_string_append_len(all, part, n);
  return g_string_free(g_steal_pointer(&all), FALSE);
}

static void check(Place place, int how) {
  int master = posix_openpt(O_RDWR | O_NOCTTY);
  g_assert_true(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
  const char *terminal = ptsname(master);
  int mine = open(terminal, O_RDWR | O_NOCTTY);
  struct termios before, after;
  g_assert_cmpint(tcgetattr(mine, &before), ==, 0);
  pid_t pid = fork();
  if (pid == 0) child(terminal, place, how);
  int status;
  g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
  g_assert_cmpint(tcgetattr(mine, &after), ==, 0);
  fcntl(master, F_SETFL, O_NONBLOCK);
  g_autofree char *screen = read_screen(master);
  close(mine);
  close(master);
  g_test_message("%s, %s: status %x", place_names[place], how == OVERFLOW ? "a full stack" : strsignal(how), status);
  g_assert_true(WIFSIGNALED(status));
  g_assert_cmpint(WTERMSIG(status), ==, how == OVERFLOW ? SIGSEGV : how);
  g_assert_nonnull(strstr(screen, restore));
  g_assert_cmpuint(after.c_lflag, ==, before.c_lflag);
  g_assert_cmpuint(after.c_iflag, ==, before.c_iflag);
  g_assert_cmpuint(after.c_oflag, ==, before.c_oflag);
}

static void test_signals(void) {
  static const int all[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS};
  for (Place p = 0; p < PLACES && !SANITIZED; p++)
    for (size_t i = 0; i < G_N_ELEMENTS(all); i++) check(p, all[i]);
  if (!SANITIZED) check(ON_MAIN, SIGQUIT); /* whoever asks for it asks the process, and that is the main thread's */
}

static void test_full_stack(void) {
  for (Place p = 0; p < PLACES && !SANITIZED; p++) check(p, OVERFLOW);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/signals/any-thread", test_signals);
  g_test_add_func("/signals/full-stack", test_full_stack);
  return g_test_run();
}
