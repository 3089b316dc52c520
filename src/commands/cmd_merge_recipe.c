/* SPDX-License-Identifier: Apache-2.0 */
/* `copse merge-recipe DIR MODEL`: how a merge was made. */
#include <math.h>
#include <stdio.h>

#include "commands/command.h"
#include "commands/commands.h"
#include "commands/lineage_run.h"
#include "core/error.h"
#include "lineage/grow/merge_recipe.h"

static cJSON *numbers_json(const double *values, unsigned n) {
  cJSON *numbers = cJSON_CreateArray();
  for (unsigned k = 0; k < n; k++) cJSON_AddItemToArray(numbers, cJSON_CreateNumber(values[k]));
  return numbers;
}

static void print_json(const LineageRun *run, const MergeRecipe *r) {
  cJSON *out = cJSON_CreateObject(), *parents, *layers;
  g_autofree char *label = lineage_label(run->forest, (unsigned)run->self);
  g_autofree char *base = r->base >= 0 ? lineage_label(run->forest, (unsigned)r->base) : NULL;
  json_add_string(out, "path", label);
  json_add_string(out, "method", r->method);
  json_add_string(out, "base", base);
  cJSON_AddBoolToObject(out, "proven", r->proven);
  json_add_number(out, "t", r->slerp_t);
  parents = cJSON_AddArrayToObject(out, "parents");
  for (unsigned k = 0; k < r->n; k++) {
    cJSON *row = cJSON_CreateObject();
    g_autofree char *path = lineage_label(run->forest, r->parent[k]);
    json_add_string(row, "path", path);
    json_add_number(row, "weight", r->weight[k]);
    json_add_number(row, "density", r->density[k]);
    cJSON_AddItemToArray(parents, row);
  }
  layers = cJSON_AddArrayToObject(out, "layers");
  for (guint i = 0; i < r->layers->len; i++) {
    const RecipeLayer *l = &g_array_index(r->layers, RecipeLayer, i);
    cJSON *row = cJSON_CreateObject();
    json_add_string(row, "name", l->name);
    cJSON_AddItemToObject(row, "weights", numbers_json(l->weight, l->n));
    cJSON_AddItemToObject(row, "densities", numbers_json(l->density, l->n));
    json_add_number(row, "t", l->slerp_t);
    cJSON_AddItemToArray(layers, row);
  }
  json_print(out);
}

static void print_recipe(const LineageRun *run, const MergeRecipe *r) {
  printf("%s of %u models, %s\n", r->method, r->n, r->proven ? "proven on the weights" : "told by sketches");
  for (unsigned k = 0; k < r->n; k++) {
    printf("  %.4g  %s", r->weight[k], forest_shown(run->forest, r->parent[k]));
    if (r->density[k] < 1) printf(", %.2f of its changes", r->density[k]);
    putchar('\n');
  }
  if (r->base >= 0) printf("  base  %s\n", forest_shown(run->forest, (unsigned)r->base));
  for (guint i = 0; i < r->layers->len; i++) {
    const RecipeLayer *l = &g_array_index(r->layers, RecipeLayer, i);
    for (unsigned k = 0; k < l->n; k++) printf("%8.4f ", l->weight[k]);
    printf(" %s\n", l->name);
  }
}

/* By what its rounding loses. */
static const char *dtype_of(const LineageRun *run) {
  double epsilon = run->sketch ? run->sketch->epsilon : 0;
  if (epsilon < 0.5 * dtype_epsilon(DTYPE_F16)) return "float32";
  return epsilon < 0.5 * dtype_epsilon(DTYPE_BF16) ? "float16" : "bfloat16";
}

static int recipe(const LineageRun *run, bool yaml, bool json) {
  GError *error = NULL;
  if (run->self < 0) {
    g_set_error_literal(&error, COPSE_ERROR, COPSE_ERROR_NOT_FOUND, "the model must lie in the collection");
    return command_fail(error);
  }
  g_autoptr(MergeRecipe) r =
      merge_recipe_find(run->collection, run->forest, run->sketches, (unsigned)run->self, &error);
  if (!r) return command_fail(error);
  g_autofree char *text = yaml ? merge_recipe_yaml(r, run->forest, dtype_of(run)) : NULL;
  if (text) fputs(text, stdout);
  else if (json) print_json(run, r);
  else print_recipe(run, r);
  return STATUS_DONE;
}

int cmd_merge_recipe(int argc, char **argv) {
  Globals globals = {0};
  int status;
  gboolean yaml = FALSE;
  const GOptionEntry entries[] = {{"yaml", 0, 0, G_OPTION_ARG_NONE, &yaml, "As a configuration of mergekit", NULL},
                                  G_OPTION_ENTRY_NULL};
  if (!command_parse("merge-recipe", entries, NULL, &argc, &argv, &globals, &status)) return status;
  LineageRun run;
  if (lineage_run_open(&run, argv[1], &globals, &status) && lineage_run_model(&run, argv[2], &globals, &status))
    status = recipe(&run, yaml, globals.json);
  lineage_run_clear(&run);
  globals_clear(&globals);
  return status;
}
