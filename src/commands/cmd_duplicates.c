/* SPDX-License-Identifier: Apache-2.0 */
/* `copse duplicates DIR`: models that hold the same tensors. `copse conflicts DIR`: cards that the
 * weights contradict. */
#include <stdio.h>

#include "commands/commands.h"
#include "commands/lineage_run.h"

/* Copies by what they copy: node -> GArray of unsigned, in the order of the nodes. */
static GArray *copies_of(const Forest *f, unsigned original) {
  GArray *out = g_array_new(FALSE, FALSE, sizeof(unsigned));
  for (unsigned v = 0; v < f->nodes->len; v++)
    if (forest_node(f, v)->duplicate_of == (int)original) g_array_append_val(out, v);
  return out;
}

/* "copy" or "recast". */
static const char *copy_kind(const Forest *f, unsigned v) {
  const GArray *parents = forest_node(f, v)->parents;
  bool recast = parents->len && g_array_index(parents, ParentEdge, 0).kind == EDGE_RECAST;
  return recast ? "recast" : "copy";
}

static cJSON *group_json(const Forest *f, unsigned original, const GArray *copies, uint64_t bytes) {
  cJSON *group = cJSON_CreateObject();
  g_autofree char *label = lineage_label(f, original);
  json_add_string(group, "path", label);
  cJSON *list = cJSON_AddArrayToObject(group, "copies");
  for (guint i = 0; i < copies->len; i++) {
    unsigned v = g_array_index(copies, unsigned, i);
    cJSON *item = cJSON_CreateObject();
    g_autofree char *copy = lineage_label(f, v);
    json_add_string(item, "path", copy);
    json_add_string(item, "kind", copy_kind(f, v));
    json_add_u64(item, "bytes", forest_node(f, v)->model->bytes);
    cJSON_AddItemToArray(list, item);
  }
  json_add_u64(group, "bytes", bytes);
  return group;
}

static void print_group(const Forest *f, unsigned original, const GArray *copies) {
  printf("%s\n", lineage_shown(f, original));
  for (guint i = 0; i < copies->len; i++) {
    unsigned v = g_array_index(copies, unsigned, i);
    g_autofree char *size = text_bytes(forest_node(f, v)->model->bytes);
    printf("  %-6s  %8s  %s\n", copy_kind(f, v), size, lineage_shown(f, v));
  }
}

static int duplicates(const Forest *f, bool json) {
  cJSON *out = json ? cJSON_CreateObject() : NULL;
  cJSON *groups = json ? cJSON_AddArrayToObject(out, "groups") : NULL;
  uint64_t all = 0;
  unsigned n = 0;
  for (unsigned v = 0; v < f->nodes->len; v++) {
    if (!forest_node(f, v)->model || forest_node(f, v)->duplicate_of >= 0) continue;
    g_autoptr(GArray) copies = copies_of(f, v);
    uint64_t bytes = 0;
    for (guint i = 0; i < copies->len; i++)
      bytes += forest_node(f, g_array_index(copies, unsigned, i))->model->bytes;
    if (copies->len == 0) continue;
    n += copies->len, all += bytes;
    if (json) cJSON_AddItemToArray(groups, group_json(f, v, copies, bytes));
    else print_group(f, v, copies);
  }
  if (json) {
    json_add_u64(out, "copies", n);
    json_add_u64(out, "bytes", all);
    json_print(out);
  } else {
    g_autofree char *size = text_bytes(all);
    printf("%u copies, %s\n", n, size);
  }
  return STATUS_DONE;
}

static cJSON *conflict_json(const Forest *f, unsigned v) {
  const ForestNode *n = forest_node(f, v);
  cJSON *item = cJSON_CreateObject();
  g_autofree char *label = lineage_label(f, v);
  json_add_string(item, "path", label);
  json_add_string(item, "declared", model_base(n->model));
  cJSON *parents = cJSON_AddArrayToObject(item, "recovered");
  for (guint k = 0; k < n->parents->len; k++)
    cJSON_AddItemToArray(parents,
                         lineage_edge_json(f, n, &g_array_index(n->parents, ParentEdge, k)));
  json_add_string(item, "note", n->note);
  return item;
}

static void print_conflict(const Forest *f, unsigned v) {
  const ForestNode *n = forest_node(f, v);
  printf("%s\n  card: %s\n", lineage_shown(f, v), model_base(n->model));
  for (guint k = 0; k < n->parents->len; k++) {
    const ParentEdge *e = &g_array_index(n->parents, ParentEdge, k);
    printf("  weights: %s of %s, %.2f sure\n", edge_kind_name(e->kind), lineage_shown(f, e->parent),
           e->confidence);
  }
  if (n->parents->len == 0) puts("  weights: no parent here");
}

static int conflicts(const Forest *f, bool json) {
  cJSON *out = json ? cJSON_CreateObject() : NULL;
  cJSON *list = json ? cJSON_AddArrayToObject(out, "conflicts") : NULL;
  unsigned n = 0;
  for (unsigned v = 0; v < f->nodes->len; v++) {
    if (!forest_node(f, v)->model || !forest_node(f, v)->card_conflict) continue;
    n++;
    if (json) cJSON_AddItemToArray(list, conflict_json(f, v));
    else print_conflict(f, v);
  }
  if (json) json_print(out);
  else printf("%u cards that the weights contradict\n", n);
  return STATUS_DONE;
}

static int run_on(const char *name, int (*answer)(const Forest *f, bool json), int argc,
                  char **argv) {
  Globals globals = {0};
  int status;
  if (!command_parse(name, NULL, NULL, &argc, &argv, &globals, &status)) return status;
  LineageRun run;
  if (lineage_run_open(&run, argv[1], &globals, &status)) status = answer(run.forest, globals.json);
  lineage_run_clear(&run);
  globals_clear(&globals);
  return status;
}

int cmd_duplicates(int argc, char **argv) { return run_on("duplicates", duplicates, argc, argv); }
int cmd_conflicts(int argc, char **argv) { return run_on("conflicts", conflicts, argc, argv); }
