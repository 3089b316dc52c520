/* SPDX-License-Identifier: Apache-2.0 */
/* copse show DIR MODEL: everything that is known of one model. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "collection/adapter_facts.h"
#include "collection/collection.h"
#include "collection/field_json.h"
#include "commands/command.h"
#include "commands/commands.h"
#include "commands/layer_report.h"
#include "commands/model_json.h"
#include "core/error.h"
#include "core/json.h"

static const char notes[] =
    "MODEL is a path below DIR, a model's name, or an ending of a path that no other has; a weight\n"
    "file, or a folder with one model, needs no MODEL. Shows\n"
    "what its files say and which of them says it, its layers under their canonical names, and\n"
    "its tensors.";

enum { WIDEST_VALUE = 200 };

static void print_line(const char *name, const char *value) {
  bool is_long = text_width(value) > WIDEST_VALUE;
  g_autofree char *cut = is_long ? text_fit(value, WIDEST_VALUE, "…") : NULL;
  printf("%-9s  %s\n", name, cut ? cut : value);
}

/* Its name, its other fields in their table's order, and what is no field. */
static void print_head(const Model *m, const char *label_key) {
  printf("%s\n\n", m->name);
  for (int f = 0; f < FIELD_COUNT; f++) {
    const FieldInfo *info = field_info((ModelField)f);
    g_autofree char *value = model_field_shown(m, (ModelField)f, label_key);
    if (f != FIELD_NAME && info->owner == FIELD_OF_MODEL && value) print_line(info->name, value);
  }
  g_autofree SafeText *file = safe_text(m->file, -1);
  if (strcmp(m->path, m->file) != 0) print_line("weights", file);
  if (*m->shapes) print_line("shapes", m->shapes);
}

static void print_facts(const Model *m) {
  enum { WIDEST_KEY = 28 };
  int width = 0;
  if (m->facts->len == 0) return;
  for (guint i = 0; i < m->facts->len; i++) width = MAX(width, text_width(((const Fact *)m->facts->pdata[i])->key));
  width = MIN(width, (int)WIDEST_KEY);
  printf("\nfacts\n");
  for (guint i = 0; i < m->facts->len; i++) {
    const Fact *f = m->facts->pdata[i];
    g_autofree char *key = text_fit(f->key, width, "~");
    bool is_long = text_width(f->value) > WIDEST_VALUE;
    g_autofree char *cut = is_long ? text_fit(f->value, WIDEST_VALUE, "…") : NULL;
    printf("  %s  %s  (%s)\n", key, cut ? cut : f->value, f->source);
  }
}

static void print_tensors(const WeightFile *file) {
  int width = 0;
  size_t n = weight_file_count(file);
  if (n == 0) return;
  for (size_t i = 0; i < n; i++) width = MAX(width, text_width(weight_file_info(file, i)->name));
  printf("\ntensors (%zu)\n", n);
  for (size_t i = 0; i < n; i++) {
    const TensorInfo *t = weight_file_info(file, i);
    g_autofree char *name = text_fit(t->name, width, "~");
    g_autofree char *shape = shape_text(t->shape, t->rank), *size = text_bytes(t->bytes);
    printf("  %s  %-7s  %9s  %s\n", name, dtype_name(t->dtype), size, shape);
  }
}

/* The contract's "tensors" is the list here, and the count in `scan`. */
static void add_tensors(cJSON *object, const WeightFile *file) {
  cJSON *list = cJSON_CreateArray();
  for (size_t i = 0; i < weight_file_count(file); i++) {
    const TensorInfo *t = weight_file_info(file, i);
    cJSON *tensor = cJSON_CreateObject();
    cJSON_AddStringToObject(tensor, "name", t->name);
    cJSON_AddStringToObject(tensor, "dtype", dtype_name(t->dtype));
    json_add_shape(tensor, t->shape, t->rank);
    json_add_u64(tensor, "bytes", t->bytes);
    cJSON_AddItemToArray(list, tensor);
  }
  cJSON_ReplaceItemInObjectCaseSensitive(object, "tensors", list);
}

static void print_json(const Model *m, const char *label_key, const LayerReport *report) {
  cJSON *object = cJSON_CreateObject();
  g_autofree SafeText *weights = safe_text(m->file, -1);
  field_json_add_all(object, m, label_key);
  model_json_beside(object, m);
  cJSON_AddStringToObject(object, "file", weights);
  json_add_string(object, "shapes", *m->shapes ? m->shapes : NULL);
  json_add_number(object, "alpha", report->alpha);
  cJSON_AddBoolToObject(object, "rank_stabilised", m->scaling.rank_stabilised);
  model_json_declared(object, m);
  model_json_place(object, m);
  model_json_facts(object, m);
  layer_report_json(report, object);
  add_tensors(object, report->file);
  json_print(object);
}

static void print_text(const Model *m, const char *label_key, const LayerReport *report) {
  print_head(m, label_key);
  print_facts(m);
  layer_report_print(report);
  print_tensors(report->file);
}

/* The model of a file that was named alone. */
static Model *only_model(Collection *c, GPtrArray *models, GError **error) {
  if (models->len == 1) return model_ref(models->pdata[0]);
  g_autoptr(GPtrArray) skipped = models->len ? NULL : collection_skipped(c, NULL);
  if (models->len)
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_USAGE, "it holds %u models: name one of them, copse show DIR MODEL",
                models->len);
  else if (skipped && skipped->len)
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_UNSUPPORTED, "%s: %s", ((Skipped *)skipped->pdata[0])->path,
                ((Skipped *)skipped->pdata[0])->reason);
  else
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_NOT_FOUND,
                "it holds no model; 'copse scan' says what was left out, and why");
  return NULL;
}

static int run(const char *root, const char *what, const Globals *globals) {
  GError *error = NULL;
  g_autoptr(GPtrArray) models = NULL;
  g_autoptr(Collection) collection = command_open(root, globals, &models);
  if (!collection) return STATUS_COULD_NOT;
  g_autoptr(Model) model = what ? collection_find(models, what, &error) : only_model(collection, models, &error);
  g_autoptr(WeightFile) file = model ? collection_open_weights(collection, model, &error) : NULL;
  if (!file) return command_fail(error);
  LayerReport report;
  g_autoptr(AdapterConfig) config = model_adapter_config(model);
  layer_report_init(&report, file, config);
  if (globals->json) print_json(model, models_label_key(models), &report);
  else print_text(model, models_label_key(models), &report);
  layer_report_clear(&report);
  return STATUS_DONE;
}

int cmd_show(int argc, char **argv) {
  Globals globals = {0};
  int status;
  if (!command_parse("show", NULL, notes, &argc, &argv, &globals, &status)) return status;
  status = run(argv[1], argc > 2 ? argv[2] : NULL, &globals);
  globals_clear(&globals);
  return status;
}
