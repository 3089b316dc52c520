/* SPDX-License-Identifier: Apache-2.0 */
/* `copse diff A B`: two models layer by layer. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "collection/walk/hub_layout.h"
#include "commands/command.h"
#include "commands/commands.h"
#include "commands/outside.h"
#include "core/json.h"
#include "lineage/diff/model_diff.h"

static const char notes[] =
    "A and B are weight files, or folders that hold one model each. The distance of a layer is |B - A|,\n"
    "and relative to |A|; of an adapter beside its base, whichever is A, it is the size of what it adds,\n"
    "relative to the base. Of tensors that are no layers (biases, norm vectors, counters) those are listed\n"
    "that are not the same. What `copse tree` tells of an edge is an estimate without output layers.";

/* "same", "moved", "only in A", … Static text. */
static const char *state_text(LayerState state) {
  return state == LAYER_ONLY_P ? "only in A" : state == LAYER_ONLY_X ? "only in B" : layer_state_name(state);
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
  g_autoptr(GString) line = g_string_new(NULL);
  g_string_printf(line, "%s  %-11s  %-14s %-14s", name, state_text(r->state), before, after);
  if (isfinite(r->relative)) g_string_append_printf(line, "  %-10.4g", r->relative);
  if (r->rank) g_string_append_printf(line, " rank %u%s", r->rank, r->rank >= RANK_PROBES ? " or more" : "");
  puts(g_strchomp(line->str));
}

static int widest_name(const GArray *rows, int width) {
  for (guint i = 0; i < rows->len; i++) width = MAX(width, text_width(g_array_index(rows, DiffRow, i).name));
  return width;
}

/* Parts of a line, with what stands between them. The line is printed unless there are none. */
static void print_parts(const GPtrArray *parts) {
  for (guint i = 0; i < parts->len; i++) printf("%s%s", i ? "; " : "", (const char *)parts->pdata[i]);
  if (parts->len) putchar('\n');
}

/* "12 other tensors same; 1 other tensor only in A", when there are any. */
static void print_others(const ModelDiff *d) {
  g_autoptr(GPtrArray) parts = g_ptr_array_new_with_free_func(g_free);
  for (int s = 0; s <= LAYER_UNCOMPUTED; s++)
    if (d->other_count[s])
      g_ptr_array_add(parts, g_strdup_printf("%u other tensor%s %s", d->other_count[s],
                                             d->other_count[s] == 1 ? "" : "s", state_text((LayerState)s)));
  print_parts(parts);
}

/* "layers moved 0.59 in all, 0.56 without output layers"; of an adapter, what it adds. The caller
 * frees it. */
static char *change_text(const ModelDiff *d) {
  if (d->p_adds || d->x_adds) return g_strdup_printf("adds %.4g of the size of these layers in all", d->relative);
  if (!isfinite(d->trunk) || d->trunk == d->relative) return g_strdup_printf("layers moved %.4g in all", d->relative);
  return g_strdup_printf("layers moved %.4g in all, %.4g without output layers", d->relative, d->trunk);
}

/* "3 moved; 2 same; layers moved 0.125 in all". */
static void print_layers(const ModelDiff *d) {
  g_autoptr(GPtrArray) parts = g_ptr_array_new_with_free_func(g_free);
  for (int s = 0; s <= LAYER_UNCOMPUTED; s++)
    if (d->count[s]) g_ptr_array_add(parts, g_strdup_printf("%u %s", d->count[s], state_text((LayerState)s)));
  if (isfinite(d->relative)) g_ptr_array_add(parts, change_text(d));
  print_parts(parts);
}

static const char magnitudes_note[] = "DoRA: its magnitudes are left out; what is told is the size of B A alone";

#define uncomputed_note "%s: its change is not computed"

/* "A  org/name (path)": a path through a Hub's cache alone says little. */
static void print_path(const char *side, const char *path) {
  g_autofree char *name = hub_name_of_path(path, NULL);
  g_autofree SafeText *shown = safe_text(path, -1), *title = name ? safe_text(name, -1) : NULL;
  if (title) printf("%s  %s (%s)\n", side, title, shown);
  else printf("%s  %s\n", side, shown);
}

static void print_text(const ModelDiff *d) {
  enum { WIDEST = 60 };
  if (d->x_adds) puts("B is an adapter: what it adds to A");
  if (d->p_adds) puts("A is an adapter: what it adds to B");
  if (d->magnitudes) puts(magnitudes_note);
  if (d->count[LAYER_UNCOMPUTED]) printf(uncomputed_note "\n", adapter_form_name(d->form));
  int width = MIN(widest_name(d->others, widest_name(d->rows, 5)), (int)WIDEST);
  if (d->rows->len) printf("%-*s  %-11s  %-14s %-14s  %s\n", width, "LAYER", "STATE", "A", "B", "MOVED (of A's size)");
  for (guint i = 0; i < d->rows->len; i++) print_row(&g_array_index(d->rows, DiffRow, i), width);
  for (guint i = 0; i < d->others->len; i++) {
    const DiffRow *r = &g_array_index(d->others, DiffRow, i);
    if (r->state != LAYER_SAME) print_row(r, width);
  }
  print_layers(d);
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
  json_add_string(row, "state", state_text(r->state));
  add_side(row, "a", &r->p);
  add_side(row, "b", &r->x);
  json_add_number(row, "distance", r->distance);
  json_add_number(row, "relative", r->relative);
  if (r->rank) json_add_u64(row, "difference_rank", MIN(r->rank, (unsigned)RANK_PROBES));
  return row;
}

static void add_rows(cJSON *o, const char *key, const GArray *rows) {
  cJSON *list = cJSON_AddArrayToObject(o, key);
  for (guint i = 0; i < rows->len; i++) cJSON_AddItemToArray(list, row_json(&g_array_index(rows, DiffRow, i)));
}

/* What stands in no row. */
static void add_notes(cJSON *o, const ModelDiff *d) {
  if (!d->magnitudes && !d->count[LAYER_UNCOMPUTED]) return;
  cJSON *list = cJSON_AddArrayToObject(o, "notes");
  g_autofree char *uncomputed = g_strdup_printf(uncomputed_note, adapter_form_name(d->form));
  if (d->magnitudes) cJSON_AddItemToArray(list, cJSON_CreateString(magnitudes_note));
  if (d->count[LAYER_UNCOMPUTED]) cJSON_AddItemToArray(list, cJSON_CreateString(uncomputed));
}

static void print_json(const ModelDiff *d) {
  cJSON *o = cJSON_CreateObject();
  add_rows(o, "layers", d->rows);
  add_rows(o, "other_tensors", d->others);
  json_add_number(o, "relative", d->relative);
  json_add_number(o, "relative_without_output", d->trunk);
  json_add_string(o, "adapter", d->p_adds ? "a" : d->x_adds ? "b" : NULL);
  add_notes(o, d);
  json_print(o);
}

/* Everything that was compared is the same, and nothing was left out. */
static bool all_same(const ModelDiff *d) {
  for (int s = 0; s <= LAYER_UNCOMPUTED; s++)
    if (s != LAYER_SAME && (d->count[s] || d->other_count[s])) return false;
  return true;
}

/* Of a script's question: what could not be read leaves it open whether two models differ. */
static int exit_status(const ModelDiff *d) {
  if (d->count[LAYER_UNREAD] || d->count[LAYER_UNCOMPUTED] || d->other_count[LAYER_UNREAD]) return STATUS_COULD_NOT;
  return all_same(d) ? STATUS_DONE : STATUS_DIFFERENT;
}

static int run(const char *a, const char *b, bool ask_same, const Globals *globals) {
  GError *error = NULL;
  CommandProgress p;
  g_autoptr(AdapterConfig) config_a = NULL;
  g_autoptr(AdapterConfig) config_b = NULL;
  g_autoptr(WeightFile) before = outside_open(a, &config_a, &error);
  g_autoptr(WeightFile) after = before ? outside_open(b, &config_b, &error) : NULL;
  if (!after) return command_fail(error);
  const Progress *progress = command_progress_begin(&p, "Comparing", globals);
  g_autoptr(ModelDiff) d = model_diff_files(before, config_a, after, config_b, progress, &error);
  command_progress_end(&p);
  if (!d) return command_fail(error);
  if (globals->json) {
    print_json(d);
  } else {
    print_path("A", a);
    print_path("B", b);
    print_text(d);
  }
  return ask_same ? exit_status(d) : STATUS_DONE;
}

int cmd_diff(int argc, char **argv) {
  Globals globals = {0};
  int status;
  gboolean ask_same = FALSE;
  const GOptionEntry entries[] = {
      {"exit-code", 0, 0, G_OPTION_ARG_NONE, &ask_same, "Exit with 0 when all is the same, 3 when not", NULL},
      G_OPTION_ENTRY_NULL,
  };
  if (!command_parse("diff", entries, notes, &argc, &argv, &globals, &status)) return status;
  status = run(argv[1], argv[2], ask_same, &globals);
  globals_clear(&globals);
  return status;
}
