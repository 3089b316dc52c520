/* SPDX-License-Identifier: Apache-2.0 */
/* The table of commands. `copse COMMAND …` runs one; `copse [DIR]` opens the interface. */
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "commands/command.h"
#include "commands/commands.h"
#include "config.h"

const Command command_table[] = {
    {"scan", "DIR", "Find the models in a folder and list them", 1, 1, cmd_scan},
    {"show", "DIR MODEL", "Show everything that is known of one model", 2, 2, cmd_show},
    {"train", "DIR", "Train an expert on the weights of one layer", 1, 1, cmd_train},
    {"query", "DIR TEXT", "Rank the models for words, from their weights alone", 2, 2, cmd_query},
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
  print_usage(help ? stdout : stderr);
  return help ? STATUS_DONE : STATUS_USAGE;
}
