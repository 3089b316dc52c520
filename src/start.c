/* SPDX-License-Identifier: Apache-2.0 */
#include "start.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

static const char one_thread[] = "OPENBLAS_NUM_THREADS=1";

static bool is_one(char *const *env) {
  for (; *env; env++)
    if (strcmp(*env, one_thread) == 0) return true;
  return false;
}

/* The same program with one thread for OpenBLAS. Returns when that is what it had. Safe in a signal handler. */
static void begin_again(char **argv, char **env) {
  enum { MOST = 4000 };
  static char *changed[MOST + 2];
  size_t n = 0;
  if (is_one(env)) return;
  for (; *env && n < MOST; env++)
    if (strncmp(*env, one_thread, sizeof one_thread - 2) != 0) changed[n++] = *env;
  changed[n++] = (char *)one_thread;
  changed[n] = NULL;
  execve("/proc/self/exe", argv, changed);
}

/* --- no threads: OpenBLAS raises SIGINT before main() begins --- */

#if defined(__ELF__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

static char **given_argv, **given_env;
static bool
    is_ignored; /* as a shell sets it for what runs behind: OpenBLAS would go on without its threads, for ever */

static void on_interrupt(int number, siginfo_t *info, void *unused) {
  (void)unused;
  signal(number, is_ignored ? SIG_IGN : SIG_DFL); /* as the same program finds it again */
  if (info->si_pid == getpid()) begin_again(given_argv, given_env);
  if (!is_ignored) raise(number);
}

/* Runs before the libraries' own beginnings. */
static void before_libraries(int argc, char **argv, char **env) {
  struct sigaction now, own = {.sa_sigaction = on_interrupt, .sa_flags = SA_SIGINFO | SA_NODEFER};
  (void)argc;
  given_argv = argv;
  given_env = env;
  if (sigaction(SIGINT, NULL, &now) != 0 || (now.sa_handler != SIG_DFL && now.sa_handler != SIG_IGN)) return;
  is_ignored = now.sa_handler == SIG_IGN;
  sigaction(SIGINT, &own, NULL);
}

__attribute__((section(".preinit_array"), used)) static void (*const first)(int, char **, char **) = before_libraries;

static void after_libraries(void) {
  struct sigaction now;
  bool ours = sigaction(SIGINT, NULL, &now) == 0 && now.sa_sigaction == on_interrupt;
  if (ours) signal(SIGINT, is_ignored ? SIG_IGN : SIG_DFL);
}

#else

static void after_libraries(void) {}

#endif

/* --- no room: each of OpenBLAS's threads takes some, and tries for ever --- */

static bool is_room(size_t bytes) {
  void *room = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (room == MAP_FAILED) return false;
  munmap(room, bytes);
  return true;
}

bool start_settle(char **argv) {
  enum { AMPLE = 512 << 20, LEAST = 80 << 20 };
  struct rlimit r;
  after_libraries();
  if (getrlimit(RLIMIT_AS, &r) != 0 || r.rlim_cur == RLIM_INFINITY || is_room(AMPLE)) return true;
  begin_again(argv, environ);
  if (is_room(LEAST)) return true;
  fprintf(stderr, "copse: a limit of %llu MB of address space (ulimit -v) is too little to begin with: give it 400\n",
          (unsigned long long)r.rlim_cur / 1000000);
  return false;
}
