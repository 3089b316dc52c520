/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/toolkit/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "core/error.h"
#include "core/guarded_map.h"
#include "core/thread_stack.h"

static const int asking[] = {SIGHUP, SIGTERM, SIGINT, SIGTSTP, SIGCONT};
/* GLib raises SIGTRAP when it has no memory; SIGSYS is a call that the sandbox forbids. */
static const int crashing[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGQUIT, SIGSYS};

/* A handler gets no argument of ours, so what it needs must lie in one known place. It is
 * written before the handlers are installed and only read by them. */
static struct {
  int pipe[2];
  int tty;
  bool has_modes;
  struct termios modes;
  char restore[256];
  gsize restore_bytes;
  struct sigaction before_asking[G_N_ELEMENTS(asking)];
  struct sigaction before_crashing[G_N_ELEMENTS(crashing)];
} handled = {.pipe = {-1, -1}, .tty = -1};

static void on_asking(int number) {
  int saved = errno;
  char byte = (char)number;
  ssize_t n = write(handled.pipe[1], &byte, 1);
  (void)n; /* a full pipe holds enough to wake us */
  errno = saved;
}

/* Only calls that POSIX allows in a handler. The former handler, or death, follows. */
static void on_crash(int number, siginfo_t *info, void *context) {
  (void)context;
  if (number == SIGBUS && guarded_map_absorb(info->si_addr)) return;
  if (handled.tty >= 0) {
    ssize_t n = write(STDOUT_FILENO, handled.restore, handled.restore_bytes);
    (void)n;
    if (handled.has_modes) tcsetattr(handled.tty, TCSANOW, &handled.modes);
  }
  for (size_t i = 0; i < G_N_ELEMENTS(crashing); i++)
    if (crashing[i] == number) sigaction(number, &handled.before_crashing[i], NULL);
  raise(number);
}

void signals_remember_terminal(int tty) {
  handled.has_modes = tcgetattr(tty, &handled.modes) == 0;
  handled.tty = handled.has_modes ? tty : -1;
}

static void install(void) {
  struct sigaction ask = {.sa_handler = on_asking, .sa_flags = SA_RESTART};
  struct sigaction crash = {.sa_sigaction = on_crash, .sa_flags = SA_ONSTACK | SA_SIGINFO};
  for (size_t i = 0; i < G_N_ELEMENTS(asking); i++) sigaction(asking[i], &ask, &handled.before_asking[i]);
  for (size_t i = 0; i < G_N_ELEMENTS(crashing); i++) {
    struct sigaction *before = &handled.before_crashing[i];
    sigaction(crashing[i], &crash, before);
    /* What a shell has us ignore ends nothing, so that the screen must stay as it is. */
    if (!(before->sa_flags & SA_SIGINFO) && before->sa_handler == SIG_IGN) sigaction(crashing[i], before, NULL);
  }
}

/* What another part of the program has put over ours since stays: it comes to ours when it knows nothing better. */
static void stand_down(size_t i) {
  struct sigaction now;
  bool ours = sigaction(crashing[i], NULL, &now) == 0 && (now.sa_flags & SA_SIGINFO) && now.sa_sigaction == on_crash;
  if (ours) sigaction(crashing[i], &handled.before_crashing[i], NULL);
}

int signals_start(const char *restore, gsize n, GError **error) {
  if (pipe2(handled.pipe, O_NONBLOCK | O_CLOEXEC) != 0) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_IO, "cannot make a pipe: %s", g_strerror(errno));
    return -1;
  }
  handled.restore_bytes = MIN(n, sizeof handled.restore);
  memcpy(handled.restore, restore, handled.restore_bytes);
  thread_stack_ensure(); /* a crash may be the ordinary stack's end */
  install();
  return handled.pipe[0];
}

void signals_stop(void) {
  if (handled.pipe[0] < 0) return;
  for (size_t i = 0; i < G_N_ELEMENTS(asking); i++) sigaction(asking[i], &handled.before_asking[i], NULL);
  for (size_t i = 0; i < G_N_ELEMENTS(crashing); i++) stand_down(i);
  close(handled.pipe[0]);
  close(handled.pipe[1]);
  handled.pipe[0] = handled.pipe[1] = -1;
  handled.tty = -1;
}

unsigned signals_read(void) {
  unsigned events = 0;
  char bytes[64];
  ssize_t n;
  while (handled.pipe[0] >= 0 && (n = read(handled.pipe[0], bytes, sizeof bytes)) > 0)
    for (ssize_t i = 0; i < n; i++)
      events |= bytes[i] == SIGTSTP ? SIGNAL_SUSPEND : bytes[i] == SIGCONT ? SIGNAL_CONTINUE : SIGNAL_END;
  return events;
}
