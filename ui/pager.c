/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/pager.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"

/* Gives the text to a command's standard input. Its own end is the user's business. */
static bool feed(const char *command, const char *text) {
  FILE *pipe = popen(command, "we");
  if (!pipe) return false;
  fputs(text, pipe);
  return pclose(pipe) == 0;
}

static const char *from_environment(const char *first, const char *second, const char *otherwise) {
  const char *value = getenv(first);
  if (value && *value) return value;
  value = second ? getenv(second) : NULL;
  return value && *value ? value : otherwise;
}

/* A pager that is left before it has read all would end us by SIGPIPE. */
static bool feed_without_sigpipe(const char *command, const char *text) {
  struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
  sigaction(SIGPIPE, &ignore, &before);
  bool ok = feed(command, text);
  sigaction(SIGPIPE, &before, NULL);
  return ok;
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
  bool ok = feed_without_sigpipe(pager, text);
  term_return(term);
  if (!ok)
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_IO, "the pager \"%s\" ended with a failure", pager);
  return ok;
}

bool editor_run(Term *term, const char *path, GError **error) {
  if (!has_terminal(term, error)) return false;
  const char *editor = from_environment("VISUAL", "EDITOR", "vi");
  g_autofree char *quoted = g_shell_quote(path);
  g_autofree char *command = g_strdup_printf("%s %s", editor, quoted);
  term_leave(term);
  int status = system(command);
  term_return(term);
  if (status != 0)
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_IO, "the editor \"%s\" ended with a failure", editor);
  return status == 0;
}

bool tmux_copy(const char *text) {
  const char *tmux = getenv("TMUX");
  return tmux && *tmux && feed_without_sigpipe("tmux load-buffer -w - 2>/dev/null", text);
}
