/* SPDX-License-Identifier: Apache-2.0 */
/* `copse duplicates DIR`: models that hold the same tensors. `copse conflicts DIR`: what models
 * say of themselves against their weights, shapes and kin. */
#include <stdio.h>

#include "collection/disk_use.h"
#include "commands/commands.h"
#include "commands/lineage_run.h"
#include "core/error.h"
#include "lineage/forest/conflicts.h"
#include "lineage/forest/keep.h"

static const char duplicates_notes[] =
    "Which copy to keep: auto (in a Hub cache or named by a card, then oldest, then smallest; never one that lost\n"
    "numbers, never one that was widened for nothing), oldest, smallest, hub, or a pattern for paths (\"keep/*\").\n"
    "copse itself deletes nothing. `copse duplicates DIR --paths | xargs -0 rm --` would.";

static const char *contract_kind(const Forest *f, unsigned v) {
  const ParentEdge *e = forest_parent_edge(forest_node(f, v));
  return e && e->kind == EDGE_RECAST ? "recast" : "copy";
}

static cJSON *member_json(const Forest *f, const KeepGroup *g, guint i) {
  const KeepMember *m = &g_array_index(g->members, KeepMember, i);
  cJSON *item = cJSON_CreateObject();
  g_autofree char *label = lineage_label(f, m->node);
  json_add_string(item, "path", label);
  json_add_string(item, "kind", i ? contract_kind(f, m->node) : "original");
  json_add_u64(item, "bytes", forest_node(f, m->node)->model->bytes);
  cJSON_AddBoolToObject(item, "lossless", !m->lossy);
  json_add_u64(item, "frees", m->frees);
  return item;
}

/* `path` and `copies` are what they have always been; what to keep stands beside them. */
static cJSON *group_json(const Forest *f, const KeepGroup *g) {
  cJSON *group = cJSON_CreateObject();
  g_autofree char *label = lineage_label(f, g_array_index(g->members, KeepMember, 0).node);
  g_autofree char *keep = lineage_label(f, g_array_index(g->members, KeepMember, g->keep).node);
  uint64_t bytes = 0;
  json_add_string(group, "path", label);
  cJSON *list = cJSON_AddArrayToObject(group, "copies");
  for (guint i = 1; i < g->members->len; i++) {
    cJSON_AddItemToArray(list, member_json(f, g, i));
    bytes += forest_node(f, g_array_index(g->members, KeepMember, i).node)->model->bytes;
  }
  json_add_u64(group, "bytes", bytes);
  json_add_string(group, "keep", keep);
  json_add_string(group, "why", g->why);
  json_add_u64(group, "frees", g->frees);
  return group;
}

static void print_group(const Forest *f, const KeepGroup *g) {
  for (guint i = 0; i < g->members->len; i++) {
    const KeepMember *m = &g_array_index(g->members, KeepMember, i);
    const Model *model = forest_node(f, m->node)->model;
    g_autofree char *size = text_bytes(model->bytes), *frees = text_bytes(m->frees);
    printf("%-6s %-8s %10s  %10s  %s%s%s%s\n", i == g->keep ? "keep" : "", keep_member_kind(g, i), size,
           i == g->keep ? "" : frees, forest_shown(f, m->node), i == g->keep ? "  (" : "", i == g->keep ? g->why : "",
           i == g->keep ? ")" : "");
  }
  putchar('\n');
}

static unsigned count_copies(const GPtrArray *groups) {
  unsigned n = 0;
  for (guint i = 0; i < groups->len; i++) n += ((const KeepGroup *)groups->pdata[i])->members->len - 1;
  return n;
}

static void print_json(const Forest *f, const GPtrArray *groups, uint64_t frees) {
  cJSON *out = cJSON_CreateObject(), *list = cJSON_AddArrayToObject(out, "groups");
  uint64_t bytes = 0;
  for (guint i = 0; i < groups->len; i++) {
    const KeepGroup *g = groups->pdata[i];
    cJSON_AddItemToArray(list, group_json(f, g));
    for (guint k = 1; k < g->members->len; k++)
      bytes += forest_node(f, g_array_index(g->members, KeepMember, k).node)->model->bytes;
  }
  json_add_u64(out, "copies", count_copies(groups));
  json_add_u64(out, "bytes", bytes);
  json_add_u64(out, "frees", frees);
  json_print(out);
}

static void print_text(const Forest *f, const GPtrArray *groups, uint64_t frees) {
  g_autofree char *size = text_bytes(frees);
  unsigned n = count_copies(groups);
  if (groups->len) printf("%-6s %-8s %10s  %10s  %s\n", "", "KIND", "SIZE", "FREES", "MODEL");
  for (guint i = 0; i < groups->len; i++) print_group(f, groups->pdata[i]);
  printf("%u cop%s in %u group%s; without them the disk has %s more. copse deletes nothing.\n", n, n == 1 ? "y" : "ies",
         groups->len, groups->len == 1 ? "" : "s", size);
}

typedef struct {
  KeepRule rule;
  const char *pattern;
  gboolean paths;
} KeepOptions;

static int duplicates(const LineageRun *run, const KeepOptions *o, bool json) {
  GError *error = NULL;
  g_autoptr(GPtrArray) groups = keep_groups(run->collection, run->forest, o->rule, o->pattern, &error);
  if (!groups) return command_fail(error);
  g_autoptr(GPtrArray) paths = keep_paths_that_go(groups);
  const char *root = collection_root(run->collection);
  uint64_t frees = disk_freed(root, paths);
  if (o->paths) command_print_paths(root, paths);
  else if (json) print_json(run->forest, groups, frees);
  else print_text(run->forest, groups, frees);
  return STATUS_DONE;
}

int cmd_duplicates(int argc, char **argv) {
  g_autofree char *keep = NULL;
  Globals globals = {0};
  KeepOptions o = {0};
  int status;
  const GOptionEntry entries[] = {
      {"keep", 'k', 0, G_OPTION_ARG_STRING, &keep, "auto, oldest, smallest, hub or a pattern", "RULE"},
      {"paths", 0, 0, G_OPTION_ARG_NONE, &o.paths, "Print the paths of the others, each ended by a NUL", NULL},
      G_OPTION_ENTRY_NULL};
  if (!command_parse("duplicates", entries, duplicates_notes, &argc, &argv, &globals, &status)) return status;
  LineageRun run = {0};
  o.pattern = keep;
  if (keep && !keep_rule_from_text(keep, &o.rule)) {
    status =
        command_fail(g_error_new(COPSE_ERROR, COPSE_ERROR_USAGE,
                                 "--keep takes auto, oldest, smallest, hub or a pattern with * or /, not '%s'", keep));
  } else if (lineage_run_open(&run, argv[1], &globals, &status)) {
    status = duplicates(&run, &o, globals.json);
  }
  lineage_run_clear(&run);
  globals_clear(&globals);
  return status;
}

static cJSON *conflict_json(const Forest *f, const Conflict *c) {
  const ForestNode *n = forest_node(f, c->node);
  cJSON *item = cJSON_CreateObject();
  g_autofree char *label = lineage_label(f, c->node);
  json_add_string(item, "path", label);
  json_add_string(item, "severity", conflict_severity_name(c->severity));
  json_add_string(item, "kind", conflict_kind_name(c->kind));
  json_add_string(item, "sentence", c->sentence);
  json_add_string(item, "declared", model_base(n->model));
  cJSON *parents = cJSON_AddArrayToObject(item, "recovered");
  for (guint k = 0; k < n->parents->len; k++)
    cJSON_AddItemToArray(parents, lineage_edge_json(f, n, &g_array_index(n->parents, ParentEdge, k)));
  json_add_string(item, "note", n->note);
  return item;
}

static int conflicts(const Forest *f, bool json) {
  g_autoptr(GPtrArray) list = conflicts_list(f);
  cJSON *out = json ? cJSON_CreateObject() : NULL;
  cJSON *items = json ? cJSON_AddArrayToObject(out, "conflicts") : NULL;
  if (!json && list->len) printf("%-8s  %s\n          KIND: WHAT DISAGREES\n", "SEVERITY", "MODEL");
  for (guint i = 0; i < list->len; i++) {
    const Conflict *c = list->pdata[i];
    if (json) cJSON_AddItemToArray(items, conflict_json(f, c));
    else
      printf("%-8s  %s\n          %s: %s\n", conflict_severity_name(c->severity), forest_shown(f, c->node),
             conflict_kind_name(c->kind), c->sentence);
  }
  if (json) json_print(out);
  else printf("%u %s\n", list->len, list->len == 1 ? "conflict" : "conflicts");
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

int cmd_conflicts(int argc, char **argv) { return run_on("conflicts", conflicts, argc, argv); }
