/* SPDX-License-Identifier: Apache-2.0 */
/* `copse diff A B`: what changed from one model to another, layer by layer. */
#include <math.h>
#include <stdio.h>

#include "commands/command.h"
#include "commands/commands.h"
#include "core/error.h"
#include "core/json.h"
#include "lineage/difference.h"

/* The one model of a folder. */
static WeightFile *open_folder(const char *path, GError **error) {
  CollectionOptions options = {.read_only = true};
  ScanSummary summary;
  g_autoptr(Collection) c = collection_open(path, &options, error);
  if (!c || !collection_scan(c, NULL, &summary, error)) return NULL;
  g_autoptr(GPtrArray) models = collection_models(c, error);
  if (!models) return NULL;
  if (models->len == 1) return collection_open_weights(c, models->pdata[0], error);
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_USAGE, "%s holds %u models: name one of its files",
              path, models->len);
  return NULL;
}

static WeightFile *open_model(const char *path, GError **error) {
  return g_file_test(path, G_FILE_TEST_IS_DIR) ? open_folder(path, error)
                                               : weight_file_open(path, error);
}

static const char *state_of(const Difference *d) {
  if (d->a < 0) return "added";
  if (d->b < 0) return "removed";
  if (!d->same_shape) return "reshaped";
  return d->equal ? "equal" : isnan(d->largest) ? "not compared" : "changed";
}

static void print_json(const GArray *list) {
  cJSON *out = cJSON_CreateObject();
  cJSON *layers = cJSON_AddArrayToObject(out, "layers");
  for (guint i = 0; i < list->len; i++) {
    const Difference *d = &g_array_index(list, Difference, i);
    cJSON *row = cJSON_CreateObject();
    json_add_string(row, "name", d->name);
    json_add_string(row, "state", state_of(d));
    json_add_number(row, "change", d->change);
    json_add_number(row, "cosine", d->cosine);
    json_add_number(row, "largest", d->largest);
    cJSON_AddItemToArray(layers, row);
  }
  json_print(out);
}

static void print_text(const GArray *list) {
  unsigned equal = 0;
  printf("%-12s %9s %8s %9s  %s\n", "", "change", "cosine", "largest", "layer");
  for (guint i = 0; i < list->len; i++) {
    const Difference *d = &g_array_index(list, Difference, i);
    equal += d->equal;
    if (isnan(d->largest))
      printf("%-12s %9s %8s %9s  %s\n", state_of(d), "", "", "", d->name);
    else
      printf("%-12s %9.3g %8.4f %9.3g  %s\n", state_of(d), d->change, d->cosine, d->largest,
             d->name);
  }
  printf("%u of %u equal\n", equal, list->len);
}

static int run(const char *first, const char *second, const Globals *globals) {
  GError *error = NULL;
  g_autoptr(WeightFile) a = open_model(first, &error);
  g_autoptr(WeightFile) b = a ? open_model(second, &error) : NULL;
  if (!b) return command_fail(error);
  CommandProgress progress;
  const Progress *p = command_progress_begin(&progress, "Comparing", globals);
  g_autoptr(GArray) list = difference_list(a, b, p, &error);
  command_progress_end(&progress);
  if (!list) return command_fail(error);
  if (globals->json) print_json(list);
  else print_text(list);
  return STATUS_DONE;
}

int cmd_diff(int argc, char **argv) {
  Globals globals = {0};
  int status;
  if (!command_parse("diff", NULL, NULL, &argc, &argv, &globals, &status)) return status;
  status = run(argv[1], argv[2], &globals);
  globals_clear(&globals);
  return status;
}
