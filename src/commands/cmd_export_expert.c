/* SPDX-License-Identifier: Apache-2.0 */
/* `copse export-expert [DIR] FILE --for PROGRAM`: an expert as the authors' programs load it. */
#include <stdio.h>

#include "commands/command.h"
#include "commands/commands.h"
#include "core/error.h"
#include "core/json.h"
#include "experts/expert_export.h"

/* The expert of a collection, or in a file. Prints why there is none, and sets *status. */
static Expert *open_expert(const char *root, const char *name, const Globals *g, int *status) {
  GError *error = NULL;
  *status = STATUS_COULD_NOT;
  g_autoptr(GPtrArray) models = NULL;
  g_autoptr(Collection) c = root ? command_open(root, g, &models) : NULL;
  if (root && !c) return NULL;
  if (!root && !name)
    g_set_error_literal(&error, COPSE_ERROR, COPSE_ERROR_USAGE,
                        "which expert? DIR FILE takes one of a collection, --expert FILE one in a file");
  Expert *x = root ? expert_find(c, name, &error) : name ? expert_load(name, &error) : NULL;
  if (!x) *status = command_fail(error);
  return x;
}

static int write_expert(const Expert *x, const char *program, const char *path, const Globals *g) {
  GError *error = NULL;
  if (g->read_only)
    g_set_error_literal(&error, COPSE_ERROR, COPSE_ERROR_USAGE, "FILE is to be written, and --read-only forbids it");
  if (error || !expert_export(x, program, path, &error)) return command_fail(error);
  if (!g->json) {
    printf("%s: expert %s for %s, layer %s\n", path, x->name, program, x->layer ? x->layer : "not named");
    return STATUS_DONE;
  }
  cJSON *o = cJSON_CreateObject();
  json_add_string(o, "path", path);
  json_add_string(o, "expert", x->name);
  json_add_string(o, "for", program);
  json_add_string(o, "layer", x->layer);
  json_print(o);
  return STATUS_DONE;
}

static const char notes[] =
    "FILE is a safetensors file of their tensors alone: "
    "torch.nn.Module.load_state_dict(safetensors.torch.load_file(FILE))\n"
    "takes it strictly. What their form has no place for is refused, with what to train instead.";

int cmd_export_expert(int argc, char **argv) {
  g_autofree char *expert = NULL, *program = NULL;
  Globals g;
  int status;
  const GOptionEntry entries[] = {
      {"for", 0, 0, G_OPTION_ARG_STRING, &program, "probex, or mvprobe (several views)", "PROGRAM"},
      {"expert", 0, 0, G_OPTION_ARG_FILENAME, &expert, "Name or file (default: the best one)", "E"},
      G_OPTION_ENTRY_NULL};
  if (command_parse("export-expert", entries, notes, &argc, &argv, &g, &status)) {
    g_autoptr(Expert) x = open_expert(argc > 2 ? argv[1] : NULL, expert, &g, &status);
    const char *kind = program ? program : x && x->probex->shape.views ? "mvprobe" : "probex";
    if (x) status = write_expert(x, kind, argv[argc - 1], &g);
  }
  globals_clear(&g);
  return status;
}
