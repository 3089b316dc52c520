/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/toolkit/pager.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/error.h"

/* While another program has the terminal, Ctrl-C and Ctrl-\ are for it alone, Ctrl-Z stops it and us, and one that is
 * left before it has read all ends nobody by SIGPIPE. */
static const struct {
  int number;
  void (*ours)(int);
} guests[] = {{SIGINT, SIG_IGN}, {SIGQUIT, SIG_IGN}, {SIGTSTP, SIG_DFL}, {SIGPIPE, SIG_IGN}};

enum { GUESTS = G_N_ELEMENTS(guests) };

static void step_aside(struct sigaction before[GUESTS]) {
  for (int i = 0; i < GUESTS; i++) {
    struct sigaction now = {.sa_handler = guests[i].ours};
    sigaction(guests[i].number, &now, &before[i]);
  }
}

static void step_back(const struct sigaction before[GUESTS]) {
  for (int i = 0; i < GUESTS; i++) sigaction(guests[i].number, &before[i], NULL);
}

/* In the child, before it becomes the program: nothing that we ignore stays ignored. */
static void forget_signals(gpointer unused) {
  (void)unused;
  for (int i = 0; i < GUESTS; i++) {
    struct sigaction now = {.sa_handler = SIG_DFL};
    sigaction(guests[i].number, &now, NULL);
  }
}

static void feed(int fd, const char *text) {
  FILE *pipe = fdopen(fd, "w");
  if (!pipe) {
    close(fd);
    return;
  }
  fputs(text, pipe);
  fclose(pipe);
}

/* Runs a command of the shell and waits for its end; the text, unless NULL, is its standard input. True when it ended
 * well. */
static bool run(const char *command, const char *text) {
  char shell[] = "/bin/sh", flag[] = "-c";
  g_autofree char *line = g_strdup(command);
  char *argv[] = {shell, flag, line, NULL};
  struct sigaction before[GUESTS];
  int in = -1, status = -1;
  GPid pid;
  GSpawnFlags flags = G_SPAWN_DO_NOT_REAP_CHILD | (text ? 0 : G_SPAWN_CHILD_INHERITS_STDIN);
  step_aside(before);
  bool ok = g_spawn_async_with_pipes(NULL, argv, NULL, flags, forget_signals, NULL, &pid, text ? &in : NULL, NULL, NULL,
                                     NULL);
  if (ok && text) feed(in, text);
  while (ok && waitpid(pid, &status, 0) < 0) ok = errno == EINTR;
  step_back(before);
  return ok && status == 0;
}

static const char *from_environment(const char *first, const char *second, const char *otherwise) {
  const char *value = getenv(first);
  if (value && *value) return value;
  value = second ? getenv(second) : NULL;
  return value && *value ? value : otherwise;
}

/* Without a terminal there is nobody to read or to write. */
static bool has_terminal(const Term *term, GError **error) {
  if (term_fd(term) >= 0) return true;
  g_set_error_literal(error, COPSE_ERROR, COPSE_ERROR_UNSUPPORTED, "there is no terminal");
  return false;
}

bool pager_run(Term *term, const char *text, GError **error) {
  if (!has_terminal(term, error)) return false;
  const char *pager = from_environment("PAGER", NULL, "less");
  term_leave(term);
  bool ok = run(pager, text);
  term_return(term);
  if (!ok) g_set_error(error, COPSE_ERROR, COPSE_ERROR_IO, "the pager \"%s\" ended with a failure", pager);
  return ok;
}

bool editor_run(Term *term, const char *path, GError **error) {
  if (!has_terminal(term, error)) return false;
  const char *editor = from_environment("VISUAL", "EDITOR", "vi");
  g_autofree char *quoted = g_shell_quote(path);
  g_autofree char *command = g_strdup_printf("%s %s", editor, quoted);
  term_leave(term);
  bool ok = run(command, NULL);
  term_return(term);
  if (!ok) g_set_error(error, COPSE_ERROR, COPSE_ERROR_IO, "the editor \"%s\" ended with a failure", editor);
  return ok;
}

bool tmux_copy(const char *text) {
  const char *tmux = getenv("TMUX");
  return tmux && *tmux && run("tmux load-buffer -w - 2>/dev/null", text);
}
