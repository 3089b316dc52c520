/* SPDX-License-Identifier: Apache-2.0 */
/* `copse COMMAND …` runs one of the table; `copse [DIR…]` opens the interface. */
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "commands/command.h"
#include "commands/stores_ask.h"
#include "core/sandbox.h"
#include "start.h"
#include "ui/ui.h"
#include "version.h"

static void print_usage(FILE *out) {
  fputs(
      "usage: copse [DIR…]                    explore folders of models, an archive or a weight file\n"
      "       copse COMMAND DIR … [OPTION…]   answer on standard output\n\n",
      out);
  for (const Command *c = command_table; c->name; c++)
    fprintf(out, "  %-10s %-12s %s\n", c->name, c->arguments, c->summary);
  fputs("\n'copse COMMAND --help' lists the options of a command; 'man copse' tells the rest.\n", out);
}

/* `copse [DIR]`: the interface. The scan runs there, as a job one can watch. */
static int open_interface(int argc, char **argv) {
  g_autofree char *theme = NULL;
  bool stuck = false;
  gboolean ascii = FALSE, plain = FALSE, slow = FALSE;
  int frames = 0, idle = 0, status;
  Globals g;
  const GOptionEntry entries[] = {
      {"ascii", 0, 0, G_OPTION_ARG_NONE, &ascii, "Draw with ASCII characters alone", NULL},
      {"plain", 0, 0, G_OPTION_ARG_NONE, &plain, "Talk line by line, for screen readers", NULL},
      {"slow", 0, 0, G_OPTION_ARG_NONE, &slow, "Show progress once a second, for slow lines", NULL},
      {"idle-timeout", 0, 0, G_OPTION_ARG_INT, &idle, "Leave after N minutes without a key", "N"},
      {"theme", 0, 0, G_OPTION_ARG_STRING, &theme, "dark, light or mono", "NAME"},
      {"frames", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_INT, &frames, "End after N frames", "N"},
      G_OPTION_ENTRY_NULL};
  if (!command_parse("", entries, NULL, &argc, &argv, &g, &status)) return status;
  if (!plain && !g_getenv("COPSE_SCRIPT") && !(isatty(STDIN_FILENO) && isatty(STDOUT_FILENO))) {
    fputs("copse: the interface needs a terminal; 'copse --help' lists the commands\n", stderr);
    globals_clear(&g);
    return STATUS_COULD_NOT;
  }
  const bool talks = !plain && !g_getenv("COPSE_SCRIPT");
  g_auto(GStrv) places = argc > 1 ? g_strdupv(argv + 1) : stores_ask(talks);
  if (!places) {
    globals_clear(&g);
    return STATUS_DONE;
  }
  if (argc <= 1) globals_add_also(&g, places + 1, (int)g_strv_length(places) - 1);
  CollectionOptions options = command_options(&g);
  GError *error = NULL;
  g_autoptr(Collection) c = collection_open(places[0], &options, &error);
  if (c && g.read_only && !g.no_sandbox)
    sandbox_enter((const char *const[]){NULL}); /* a guest's session writes nothing */
  UiOptions ui = {.collection = c,
                  .read_only = g.read_only,
                  .ascii = ascii,
                  .theme = theme,
                  .plain = plain,
                  .slow = slow,
                  .frames = frames,
                  .stuck = &stuck,
                  .idle_minutes = (unsigned)CLAMP(idle, 0, 100000)};
  status = c ? ui_run(&ui, &error) : STATUS_COULD_NOT;
  if (stuck) g_steal_pointer(&c); /* a thread is in it */
  if (error) status = command_fail(error);
  globals_clear(&g);
  return status;
}

static const Command *find_command(const char *name) {
  for (const Command *c = command_table; c->name; c++)
    if (strcmp(c->name, name) == 0) return c;
  return NULL;
}

/* `copse --json scan DIR` is `copse scan --json DIR`: brings the first word that is no option to the
 * front when it names a command. */
static const Command *bring_command_forward(int argc, char **argv) {
  int at = 1;
  while (at < argc && argv[at][0] == '-') at += command_takes_word(argv[at]) ? 2 : 1;
  const Command *c = at < argc ? find_command(argv[at]) : NULL;
  if (!c) return NULL;
  char *name = argv[at];
  memmove(argv + 2, argv + 1, (size_t)(at - 1) * sizeof *argv);
  argv[1] = name;
  return c;
}

/* A word that is neither a command nor a folder: most likely a slip. */
static bool is_unknown(const char *word) {
  return *word && word[0] != '-' && !strchr(word, '/') && !g_file_test(word, G_FILE_TEST_EXISTS);
}

/* `copse help [COMMAND]`. */
static int help(int argc, char **argv) {
  const Command *c = argc > 2 ? find_command(argv[2]) : NULL;
  char option[] = "--help", *words[] = {argc > 2 ? argv[2] : NULL, option, NULL};
  if (c) return c->run(2, words);
  print_usage(stdout);
  return STATUS_DONE;
}

/* The interface and all commands, for what is made from their tables. */
static int describe(char **argv) {
  int status = open_interface(2, argv);
  for (const Command *c = command_table; c->name && status == STATUS_DONE; c++) {
    char *words[] = {(char *)c->name, argv[1], NULL};
    status = c->run(2, words);
  }
  return status;
}

static int run(int argc, char **argv) {
  const char *first = argc > 1 ? argv[1] : "";
  const Command *c = bring_command_forward(argc, argv);
  if (c) return c->run(argc - 1, argv + 1);
  if (strcmp(first, "--version") == 0 || strcmp(first, "-V") == 0) {
    version_print(stdout);
    return STATUS_DONE;
  }
  if (strcmp(first, "--describe") == 0 && argc == 2) return describe(argv);
  if (strcmp(first, "--help") == 0 || strcmp(first, "-h") == 0) {
    print_usage(stdout);
    return STATUS_DONE;
  }
  if (strcmp(first, "help") == 0 && is_unknown(first)) return help(argc, argv);
  if (!is_unknown(first)) return open_interface(argc, argv);
  g_autofree SafeText *shown = safe_text(first, -1);
  fprintf(stderr, "copse: '%s' is neither a command nor a folder or file; 'copse --help' lists the commands\n", shown);
  return STATUS_USAGE;
}

int main(int argc, char **argv) {
  if (!start_settle(argv)) return STATUS_COULD_NOT;
  signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error of the write */
  setlocale(LC_ALL, "");
  setlocale(LC_NUMERIC, "C"); /* files and JSON have points, whatever the language */
  int status = run(argc, argv);
  if (fflush(stdout) == 0 && !ferror(stdout)) return status;
  fputs("copse: the answer could not be written to standard output\n", stderr);
  return STATUS_COULD_NOT;
}
