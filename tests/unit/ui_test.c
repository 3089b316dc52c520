/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/ui_test.h"

#include <glib.h>
#include <locale.h>

void ui_test_init(int *argc, char ***argv) {
  g_setenv("LC_ALL", "C.UTF-8", TRUE);
  g_setenv("TERM", "xterm-256color", TRUE);
  g_unsetenv("TMUX");
  setlocale(LC_ALL, "");
  g_test_init(argc, argv, NULL);
}
