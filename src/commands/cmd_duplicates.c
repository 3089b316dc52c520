/* SPDX-License-Identifier: Apache-2.0 */
/* `copse duplicates DIR`: models that hold the same tensors. `copse conflicts DIR`: cards that the
 * weights contradict. */
#include <stdio.h>

#include "commands/commands.h"
#include "commands/lineage_run.h"

/* Copies by what they copy: those of node v are copy[first[v] .. first[v + 1]), in the order of nodes. */
typedef struct {
  unsigned *first, *copy;
} Copies;

static Copies copies_new(const Forest *f) {
  unsigned n = f->nodes->len;
  Copies c = {g_new0(unsigned, n + 2), g_new(unsigned, n + 1)};
  for (unsigned v = 0; v < n; v++)
    if (forest_node(f, v)->duplicate_of >= 0) c.first[forest_node(f, v)->duplicate_of + 2]++;
  for (unsigned v = 2; v <= n; v++) c.first[v] += c.first[v - 1];
  for (unsigned v = 0; v < n; v++)
    if (forest_node(f, v)->duplicate_of >= 0) c.copy[c.first[forest_node(f, v)->duplicate_of + 1]++] = v;
  return c;
}

static void copies_clear(Copies *c) {
  g_free(c->first);
  g_free(c->copy);
}

/* "copy" or "recast". */
static const char *copy_kind(const Forest *f, unsigned v) {
  const GArray *parents = forest_node(f, v)->parents;
  bool recast = parents->len && g_array_index(parents, ParentEdge, 0).kind == EDGE_RECAST;
  return recast ? "recast" : "copy";
}

static cJSON *group_json(const Forest *f, unsigned original, const Copies *c, uint64_t bytes) {
  cJSON *group = cJSON_CreateObject();
  g_autofree char *label = lineage_label(f, original);
  json_add_string(group, "path", label);
  cJSON *list = cJSON_AddArrayToObject(group, "copies");
  for (unsigned i = c->first[original]; i < c->first[original + 1]; i++) {
    unsigned v = c->copy[i];
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

static void print_group(const Forest *f, unsigned original, const Copies *c) {
  printf("%s\n", lineage_shown(f, original));
  for (unsigned i = c->first[original]; i < c->first[original + 1]; i++) {
    unsigned v = c->copy[i];
    g_autofree char *size = text_bytes(forest_node(f, v)->model->bytes);
    printf("  %-6s  %8s  %s\n", copy_kind(f, v), size, lineage_shown(f, v));
  }
}

/* What the copies of one model take on the disk. */
static uint64_t bytes_of(const Forest *f, unsigned original, const Copies *c) {
  uint64_t bytes = 0;
  for (unsigned i = c->first[original]; i < c->first[original + 1]; i++)
    bytes += forest_node(f, c->copy[i])->model->bytes;
  return bytes;
}

static int duplicates(const Forest *f, bool json) {
  cJSON *out = json ? cJSON_CreateObject() : NULL;
  cJSON *groups = json ? cJSON_AddArrayToObject(out, "groups") : NULL;
  Copies copies = copies_new(f);
  uint64_t all = 0;
  unsigned n = 0;
  for (unsigned v = 0; v < f->nodes->len; v++) {
    unsigned found = copies.first[v + 1] - copies.first[v];
    uint64_t bytes = bytes_of(f, v, &copies);
    if (found == 0) continue;
    n += found, all += bytes;
    if (json) cJSON_AddItemToArray(groups, group_json(f, v, &copies, bytes));
    else print_group(f, v, &copies);
  }
  copies_clear(&copies);
  if (json) {
    json_add_u64(out, "copies", n);
    json_add_u64(out, "bytes", all);
    json_print(out);
  } else {
    g_autofree char *size = text_bytes(all);
    printf("%u cop%s, %s\n", n, n == 1 ? "y" : "ies", size);
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
    cJSON_AddItemToArray(parents, lineage_edge_json(f, n, &g_array_index(n->parents, ParentEdge, k)));
  json_add_string(item, "note", n->note);
  return item;
}

static void print_conflict(const Forest *f, unsigned v) {
  const ForestNode *n = forest_node(f, v);
  printf("%s\n  card: %s\n", lineage_shown(f, v), model_base(n->model));
  for (guint k = 0; k < n->parents->len; k++) {
    const ParentEdge *e = &g_array_index(n->parents, ParentEdge, k);
    printf("  weights: %s of %s, %.2f sure\n", edge_kind_name(e->kind), lineage_shown(f, e->parent), e->confidence);
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

static int run_on(const char *name, int (*answer)(const Forest *f, bool json), int argc, char **argv) {
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
