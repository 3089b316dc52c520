/* SPDX-License-Identifier: Apache-2.0 */
/* `copse space DIR`: where the disk went, and what copies take of it. */
#include <stdio.h>

#include "commands/commands.h"
#include "commands/lineage_run.h"

enum { LARGEST = 10 };

typedef struct {
  GPtrArray *models; /* of Model*, largest first; borrowed models */
  uint64_t all, copies, recasts, quantised;
} Space;

static int largest_first(gconstpointer a, gconstpointer b) {
  const Model *x = *(Model *const *)a, *y = *(Model *const *)b;
  return (x->bytes < y->bytes) - (x->bytes > y->bytes);
}

/* Adds what a node takes to the sum of its kind. */
static void add_node(Space *s, const ForestNode *n) {
  if (!n->model) return;
  const ParentEdge *e = forest_parent_edge(n);
  s->all += n->model->bytes;
  g_ptr_array_add(s->models, n->model);
  if (e && e->kind == EDGE_QUANTISED) s->quantised += n->model->bytes;
  if (n->duplicate_of < 0) return;
  if (e && e->kind == EDGE_RECAST) s->recasts += n->model->bytes;
  else s->copies += n->model->bytes;
}

static void print_json(const Space *s) {
  cJSON *out = cJSON_CreateObject();
  json_add_u64(out, "models", s->models->len);
  json_add_u64(out, "bytes", s->all);
  json_add_u64(out, "copies", s->copies);
  json_add_u64(out, "recasts", s->recasts);
  json_add_u64(out, "quantised", s->quantised);
  cJSON *list = cJSON_AddArrayToObject(out, "largest");
  for (guint i = 0; i < MIN(s->models->len, (guint)LARGEST); i++) {
    const Model *m = s->models->pdata[i];
    cJSON *row = cJSON_CreateObject();
    json_add_string(row, "path", m->shown);
    json_add_u64(row, "bytes", m->bytes);
    cJSON_AddItemToArray(list, row);
  }
  json_print(out);
}

static void print_sum(const char *what, uint64_t bytes) {
  g_autofree char *text = text_bytes(bytes);
  printf("%9s  %s\n", text, what);
}

static void print_text(const Space *s) {
  print_sum("in all", s->all);
  print_sum("in copies, number for number (copse duplicates)", s->copies);
  print_sum("in copies in another number format", s->recasts);
  print_sum("in quantised copies", s->quantised);
  puts("\nLargest");
  for (guint i = 0; i < MIN(s->models->len, (guint)LARGEST); i++) {
    const Model *m = s->models->pdata[i];
    print_sum(m->shown, m->bytes);
  }
}

static void report(const LineageRun *run, bool json) {
  Space s = {.models = g_ptr_array_new()};
  for (unsigned v = 0; v < run->forest->nodes->len; v++) add_node(&s, forest_node(run->forest, v));
  g_ptr_array_sort(s.models, largest_first);
  (json ? print_json : print_text)(&s);
  g_ptr_array_unref(s.models);
}

int cmd_space(int argc, char **argv) {
  Globals globals = {0};
  LineageRun run = {0};
  int status;
  if (!command_parse("space", NULL, NULL, &argc, &argv, &globals, &status)) return status;
  if (lineage_run_open(&run, argv[1], &globals, &status)) {
    report(&run, globals.json);
    status = STATUS_DONE;
  }
  lineage_run_clear(&run);
  globals_clear(&globals);
  return status;
}
