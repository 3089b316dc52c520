/* SPDX-License-Identifier: Apache-2.0 */
/* The table of commands. `copse COMMAND …` runs one; `copse [DIR]` opens the interface. */
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "commands/command.h"
#include "commands/commands.h"
#include "config.h"
#include "ui/ui.h"

const Command command_table[] = {
    {"scan", "DIR", "Find the models in a folder and list them", 1, 1, cmd_scan},
    {"show", "DIR MODEL", "Show everything that is known of one model", 2, 2, cmd_show},
    {"tree", "DIR", "Recover which model was fine-tuned from which", 1, 1, cmd_tree},
    {"train", "DIR", "Train an expert on the weights of one layer", 1, 1, cmd_train},
    {"sweep", "DIR", "Train an expert on every layer and rank them", 1, 1, cmd_sweep},
    {"eval", "DIR", "Measure all there is to say about how good an expert is", 1, 1, cmd_eval},
    {"query", "DIR TEXT", "Rank the models for words, from their weights alone", 2, 2, cmd_query},
    {"classify", "DIR MODEL", "Say which of some labels fits a model", 2, 2, cmd_classify},
    {"like", "DIR MODEL", "Rank the models that are like one", 2, 2, cmd_like},
    {"diff", "A B", "Compare two models layer by layer", 2, 2, cmd_diff},
    {"apply", "DIR", "Print what an expert says of every model", 1, 1, cmd_apply},
    {"map", "DIR", "Lay the models out in two dimensions", 1, 1, cmd_map},
    {"text", "encode|tokens|similar|nearest TEXT [TEXT]", "Look inside a text encoder", 2, 3, cmd_text},
    {"plant", "DIR", "Grow a collection by training small networks", 1, 1, cmd_plant},
    {"demo", "DIR", "Plant, scan, train and ask: the main job on a wood of its own", 1, 1, cmd_demo},
    {"doctor", "", "Check that this machine computes rightly", 0, 0, cmd_doctor},
    {NULL, NULL, NULL, 0, 0, NULL}};

static void print_usage(FILE *out) {
  fputs("usage: copse [DIR]                     explore a folder of models\n"
        "       copse COMMAND DIR … [OPTION…]   answer on standard output\n\n",
        out);
  for (const Command *c = command_table; c->name; c++)
    fprintf(out, "  %-8s %-12s %s\n", c->name, c->arguments, c->summary);
  fputs("\n'copse COMMAND --help' lists the options of a command; 'man copse' tells the rest.\n",
        out);
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
  CollectionOptions options = {.state = g.state, .read_only = g.read_only,
                               .threads = (unsigned)g.threads};
  GError *error = NULL;
  g_autoptr(Collection) c = collection_open(argc > 1 ? argv[1] : ".", &options, &error);
  UiOptions ui = {.collection = c, .read_only = g.read_only, .ascii = ascii, .theme = theme,
                  .plain = plain, .slow = slow, .frames = frames,
                  .idle_minutes = (unsigned)CLAMP(idle, 0, 100000)};
  status = c ? ui_run(&ui, &error) : STATUS_COULD_NOT;
  if (error) status = command_fail(error);
  globals_clear(&g);
  return status;
}

int main(int argc, char **argv) {
  setlocale(LC_ALL, "");
  const char *first = argc > 1 ? argv[1] : "";
  for (const Command *c = command_table; c->name; c++)
    if (strcmp(c->name, first) == 0) return c->run(argc - 1, argv + 1);
  if (strcmp(first, "--version") == 0) {
    puts(PACKAGE_STRING);
    return STATUS_DONE;
  }
  bool help = strcmp(first, "--help") == 0 || strcmp(first, "-h") == 0;
  if (help) {
    print_usage(stdout);
    return STATUS_DONE;
  }
  return open_interface(argc, argv);
}
