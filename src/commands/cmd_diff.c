/* SPDX-License-Identifier: Apache-2.0 */
/* `copse diff A B`: two models layer by layer. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "commands/command.h"
#include "commands/commands.h"
#include "core/error.h"
#include "core/json.h"
#include "lineage/model_diff.h"

static const char notes[] =
    "A and B are weight files, or folders that hold one model each. The distance of a layer is |B - A|,\n"
    "and relative to |A|; of an adapter beside its base it is the size of what it adds. Of tensors that are\n"
    "no layers (biases, norm vectors, counters) those are listed that are not the same.";

/* The one model of a folder. */
static WeightFile *open_folder(const char *path, GError **error) {
  CollectionOptions options = {.read_only = true};
  ScanSummary summary;
  g_autoptr(Collection) c = collection_open(path, &options, error);
  if (!c || !collection_scan(c, NULL, &summary, error)) return NULL;
  g_autoptr(GPtrArray) models = collection_models(c, error);
  if (!models) return NULL;
  if (models->len == 1) return collection_open_weights(c, models->pdata[0], error);
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_USAGE, "%s holds %u models: name one of their files",
              path, models->len);
  return NULL;
}

static WeightFile *open_side(const char *path, GError **error) {
  return g_file_test(path, G_FILE_TEST_IS_DIR) ? open_folder(path, error)
                                               : weight_file_open(path, error);
}

/* "768x3072", "768x768 r16", "-". The caller frees it. */
static char *side_text(const LayerSide *s) {
  if (!s->d_out) return g_strdup("-");
  if (s->form == LAYER_LOW_RANK)
    return g_strdup_printf("%" PRIu64 "x%" PRIu64 " r%" PRIu64, s->d_out, s->d_in, s->rank);
  return g_strdup_printf("%" PRIu64 "x%" PRIu64, s->d_out, s->d_in);
}

static void print_row(const DiffRow *r, int width) {
  g_autofree char *name = text_fit(r->name, width, "~");
  g_autofree char *before = side_text(&r->p), *after = side_text(&r->x);
  printf("%s  %-11s  %-14s %-14s", name, layer_state_name(r->state), before, after);
  if (isfinite(r->relative)) printf("  %-10.4g", r->relative);
  if (r->rank) printf(" rank %u%s", r->rank, r->rank >= RANK_PROBES ? " or more" : "");
  putchar('\n');
}

static int widest_name(const GArray *rows, int width) {
  for (guint i = 0; i < rows->len; i++)
    width = MAX(width, text_width(g_array_index(rows, DiffRow, i).name));
  return width;
}

/* "12 other tensors same; 1 other tensor moved", when there are any. */
static void print_others(const ModelDiff *d) {
  const char *before = "";
  for (int s = 0; s <= LAYER_UNREAD; s++) {
    g_autofree char *text = model_diff_others_text(d, (LayerState)s);
    if (!text) continue;
    printf("%s%s", before, text);
    before = "; ";
  }
  if (*before) putchar('\n');
}

static void print_text(const ModelDiff *d) {
  enum { WIDEST = 60 };
  int width = MIN(widest_name(d->others, widest_name(d->rows, 5)), (int)WIDEST);
  for (guint i = 0; i < d->rows->len; i++) print_row(&g_array_index(d->rows, DiffRow, i), width);
  for (guint i = 0; i < d->others->len; i++) {
    const DiffRow *r = &g_array_index(d->others, DiffRow, i);
    if (r->state != LAYER_SAME) print_row(r, width);
  }
  for (int s = 0; s <= LAYER_UNREAD; s++)
    if (d->count[s]) printf("%u %s; ", d->count[s], layer_state_name((LayerState)s));
  if (isfinite(d->relative)) printf("layers moved %.4g in all", d->relative);
  putchar('\n');
  print_others(d);
}

static void add_side(cJSON *row, const char *key, const LayerSide *s) {
  cJSON *o = s->d_out ? cJSON_AddObjectToObject(row, key) : cJSON_AddNullToObject(row, key);
  if (!s->d_out) return;
  json_add_string(o, "form", s->form == LAYER_DENSE ? "dense" : "low-rank");
  json_add_u64(o, "d_out", s->d_out);
  json_add_u64(o, "d_in", s->d_in);
  if (s->form == LAYER_LOW_RANK) json_add_u64(o, "rank", s->rank);
  json_add_string(o, "dtype", dtype_name(s->dtype));
}

static cJSON *row_json(const DiffRow *r) {
  cJSON *row = cJSON_CreateObject();
  json_add_string(row, "name", r->name);
  json_add_string(row, "state", layer_state_name(r->state));
  add_side(row, "a", &r->p);
  add_side(row, "b", &r->x);
  json_add_number(row, "distance", r->distance);
  json_add_number(row, "relative", r->relative);
  if (r->rank) json_add_u64(row, "difference_rank", MIN(r->rank, (unsigned)RANK_PROBES));
  return row;
}

static void add_rows(cJSON *o, const char *key, const GArray *rows) {
  cJSON *list = cJSON_AddArrayToObject(o, key);
  for (guint i = 0; i < rows->len; i++)
    cJSON_AddItemToArray(list, row_json(&g_array_index(rows, DiffRow, i)));
}

static void print_json(const ModelDiff *d) {
  cJSON *o = cJSON_CreateObject();
  add_rows(o, "layers", d->rows);
  add_rows(o, "other_tensors", d->others);
  json_add_number(o, "relative", d->relative);
  json_print(o);
}

static int run(const char *a, const char *b, const Globals *globals) {
  GError *error = NULL;
  CommandProgress p;
  g_autoptr(WeightFile) before = open_side(a, &error);
  g_autoptr(WeightFile) after = before ? open_side(b, &error) : NULL;
  if (!after) return command_fail(error);
  const Progress *progress = command_progress_begin(&p, "Comparing", globals);
  g_autoptr(ModelDiff) d = model_diff_files(before, after, progress, &error);
  command_progress_end(&p);
  if (!d) return command_fail(error);
  if (globals->json) print_json(d);
  else print_text(d);
  return STATUS_DONE;
}

int cmd_diff(int argc, char **argv) {
  Globals globals = {0};
  int status;
  if (!command_parse("diff", NULL, notes, &argc, &argv, &globals, &status)) return status;
  status = run(argv[1], argv[2], &globals);
  globals_clear(&globals);
  return status;
}
