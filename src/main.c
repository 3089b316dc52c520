/* SPDX-License-Identifier: Apache-2.0 */
/* The table of commands. `copse COMMAND …` runs one; `copse [DIR]` opens the interface. */
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "commands/command.h"
#include "commands/commands.h"
#include "config.h"
#include "ui/ui.h"

const Command command_table[] = {
    {"scan", "DIR", "Find the models in a folder and list them", 1, 1, cmd_scan},
    {"show", "DIR MODEL", "Show everything that is known of one model", 2, 2, cmd_show},
    {"what", "DIR [MODEL]", "Say what the models are for, and who says so", 1, 2, cmd_what},
    {"tree", "DIR", "Recover which model was fine-tuned from which", 1, 1, cmd_tree},
    {"route", "DIR MODEL", "Say which tree a model belongs to, or that none is here", 2, 2, cmd_route},
    {"base", "DIR MODEL", "List the bases that fit a model, best first, and why", 2, 2, cmd_base},
    {"merge-recipe", "DIR MODEL", "Say how a merge was made: method, parents and weights", 2, 2, cmd_merge_recipe},
    {"duplicates", "DIR", "List models that hold the same tensors", 1, 1, cmd_duplicates},
    {"conflicts", "DIR", "List what cards say against weights, shapes and kin", 1, 1, cmd_conflicts},
    {"space", "DIR", "Say where the disk went, and what copies take of it", 1, 1, cmd_space},
    {"diff", "A B", "Compare two models layer by layer", 2, 2, cmd_diff},
    {"verify", "A", "Say whether A is B, or which of several B it was made from", 1, 1, cmd_verify},
    {"train", "DIR", "Train an expert on the weights of one layer", 1, 1, cmd_train},
    {"labels", "DIR", "List what models could be labelled by", 1, 1, cmd_labels},
    {"sweep", "DIR", "Train an expert on every layer and rank them", 1, 1, cmd_sweep},
    {"eval", "DIR", "Measure all there is to say about how good an expert is", 1, 1, cmd_eval},
    {"query", "DIR TEXT", "Rank the models for words, from their weights alone", 2, 2, cmd_query},
    {"classify", "DIR MODEL", "Say which of some labels fits a model", 2, 2, cmd_classify},
    {"like", "DIR MODEL", "Rank the models that are like one", 2, 2, cmd_like},
    {"apply", "DIR", "Print what an expert says of every model", 1, 1, cmd_apply},
    {"map", "DIR", "Lay the models out in two dimensions", 1, 1, cmd_map},
    {"export", "DIR", "Print the collection and its forest for other programs", 1, 1, cmd_export},
    {"export-expert", "[DIR] FILE", "Write an expert as the authors' programs load it", 1, 2, cmd_export_expert},
    {"set", "DIR MODEL KEY=VALUE…", "Set facts of a model by hand: label, tags, parent, base, family …", 2, 64,
     cmd_set},
    {"note", "DIR MODEL TEXT", "Keep a note on a model", 3, 3, cmd_note},
    {"import", "DIR FILE", "Take over what somebody set by hand", 2, 2, cmd_import},
    {"text", "encode|tokens|similar|nearest TEXT [TEXT]", "Look inside a text encoder", 2, 3, cmd_text},
    {"plant", "DIR", "Grow a collection by training small networks", 1, 1, cmd_plant},
    {"demo", "DIR", "Plant, scan, train and ask: the main job on a wood of its own", 1, 1, cmd_demo},
    {"doctor", "", "Check that this machine computes rightly", 0, 0, cmd_doctor},
    {"bench", "", "Time this machine, and training on it", 0, 0, cmd_bench},
    {NULL, NULL, NULL, 0, 0, NULL}};

static void print_usage(FILE *out) {
  fputs(
      "usage: copse [DIR]                     explore a folder of models\n"
      "       copse COMMAND DIR … [OPTION…]   answer on standard output\n\n",
      out);
  for (const Command *c = command_table; c->name; c++)
    fprintf(out, "  %-10s %-12s %s\n", c->name, c->arguments, c->summary);
  fputs("\n'copse COMMAND --help' lists the options of a command; 'man copse' tells the rest.\n", out);
}

/* `copse [DIR]`: the interface. The scan runs there, as a job one can watch. */
static int open_interface(int argc, char **argv) {
  g_autofree char *theme = NULL;
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
  CollectionOptions options = {.state = g.state, .read_only = g.read_only, .threads = (unsigned)g.threads};
  GError *error = NULL;
  g_autoptr(Collection) c = collection_open(argc > 1 ? argv[1] : ".", &options, &error);
  UiOptions ui = {.collection = c,
                  .read_only = g.read_only,
                  .ascii = ascii,
                  .theme = theme,
                  .plain = plain,
                  .slow = slow,
                  .frames = frames,
                  .idle_minutes = (unsigned)CLAMP(idle, 0, 100000)};
  status = c ? ui_run(&ui, &error) : STATUS_COULD_NOT;
  if (error) status = command_fail(error);
  globals_clear(&g);
  return status;
}

static const Command *find_command(const char *name) {
  for (const Command *c = command_table; c->name; c++)
    if (strcmp(c->name, name) == 0) return c;
  return NULL;
}

/* Options of every command that take the next word with them. */
static bool takes_word(const char *option) {
  static const char *const options[] = {"--state", "--threads", "--seed", "--memory"};
  for (size_t i = 0; i < G_N_ELEMENTS(options); i++)
    if (strcmp(option, options[i]) == 0) return true;
  return false;
}

/* `copse --json scan DIR` is `copse scan --json DIR`: brings the first word that is no option to the
 * front when it names a command. */
static const Command *bring_command_forward(int argc, char **argv) {
  int at = 1;
  while (at < argc && argv[at][0] == '-') at += takes_word(argv[at]) ? 2 : 1;
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

static int run(int argc, char **argv) {
  const char *first = argc > 1 ? argv[1] : "";
  const Command *c = bring_command_forward(argc, argv);
  if (c) return c->run(argc - 1, argv + 1);
  if (strcmp(first, "--version") == 0 || strcmp(first, "-V") == 0) {
    puts(PACKAGE_STRING);
    return STATUS_DONE;
  }
  if (strcmp(first, "--help") == 0 || strcmp(first, "-h") == 0) {
    print_usage(stdout);
    return STATUS_DONE;
  }
  if (strcmp(first, "help") == 0 && is_unknown(first)) return help(argc, argv);
  if (!is_unknown(first)) return open_interface(argc, argv);
  g_autofree SafeText *shown = safe_text(first, -1);
  fprintf(stderr, "copse: '%s' is neither a command nor a folder; 'copse --help' lists the commands\n", shown);
  return STATUS_USAGE;
}

int main(int argc, char **argv) {
  setlocale(LC_ALL, "");
  setlocale(LC_NUMERIC, "C"); /* files and JSON have points, whatever the language */
  int status = run(argc, argv);
  if (fflush(stdout) == 0 && !ferror(stdout)) return status;
  fputs("copse: the answer could not be written to standard output\n", stderr);
  return STATUS_COULD_NOT;
}
