/* SPDX-License-Identifier: Apache-2.0 */
/* `copse space DIR`: where the disk went, and what copies take of it. */
#include <stdio.h>
#include <string.h>

#include "collection/disk_survey.h"
#include "collection/disk_use.h"
#include "collection/superseded.h"
#include "commands/commands.h"
#include "commands/lineage_run.h"
#include "core/error.h"

enum { LARGEST = 10 };

static const char notes[] =
    "Bytes of the models' files by what the forest makes of them, then the folder as du counts it, every file once:\n"
    "weights, downloads that were cut short, revisions of Hub repositories that are not the one that is read, blobs "
    "no\n"
    "revision leads to, the rest; and checkpoints of which a later one is there. copse deletes nothing; --paths KIND\n"
    "gives a list to who does.";

typedef struct {
  GPtrArray *models; /* of Model*, largest first; borrowed models */
  uint64_t all, copies, recasts, quantised;
  uint64_t superseded; /* what checkpoints that a later one replaces would free */
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

static void print_json(const Space *s, const DiskSurvey *disk) {
  cJSON *out = cJSON_CreateObject();
  json_add_u64(out, "models", s->models->len);
  json_add_u64(out, "bytes", s->all);
  json_add_u64(out, "copies", s->copies);
  json_add_u64(out, "recasts", s->recasts);
  json_add_u64(out, "quantised", s->quantised);
  json_add_u64(out, "superseded", s->superseded);
  cJSON *kinds = cJSON_AddObjectToObject(out, "disk");
  for (int k = 0; k < DISK_KINDS; k++) json_add_u64(kinds, disk_kind_name((DiskKind)k), disk->bytes[k]);
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

/* The kind whose files can be listed; DISK_KINDS for another word. */
static DiskKind listed_kind(const char *name) {
  for (DiskKind k = DISK_UNFINISHED; k <= DISK_ORPHANED; k++)
    if (strcmp(disk_kind_name(k), name) == 0) return k;
  return DISK_KINDS;
}

static void print_disk(const DiskSurvey *disk) {
  uint64_t sum = 0;
  printf("\n%9s  %s\n", "SIZE", "ON THE DISK, AS DU COUNTS");
  for (int k = 0; k < DISK_KINDS; k++) {
    const char *text = disk_kind_text((DiskKind)k), *name = disk_kind_name((DiskKind)k);
    bool listed = listed_kind(name) != DISK_KINDS;
    g_autofree char *line = listed ? g_strdup_printf("%s (--paths %s)", text, name) : g_strdup(text);
    print_sum(line, disk->bytes[k]);
    sum += disk->bytes[k];
  }
  print_sum("together", sum);
}

static void print_text(const Space *s, const DiskSurvey *disk) {
  printf("%9s  %s\n", "SIZE", "OF THE MODELS' FILES");
  print_sum("in all", s->all);
  print_sum("in copies, number for number (copse duplicates)", s->copies);
  print_sum("in copies in another number format", s->recasts);
  print_sum("in quantised copies", s->quantised);
  print_sum("in checkpoints that a later one of their run replaces (--paths superseded)", s->superseded);
  print_disk(disk);
  printf("\n%9s  %s\n", "SIZE", "LARGEST MODELS");
  for (guint i = 0; i < MIN(s->models->len, (guint)LARGEST); i++) {
    const Model *m = s->models->pdata[i];
    print_sum(model_title(m), m->bytes);
  }
}

static const char superseded_word[] = "superseded";

/* The files of all checkpoints that a later one of their run replaces. */
static GPtrArray *superseded_paths(const LineageRun *run, GError **error) {
  g_autoptr(GPtrArray) models = superseded_models(run->models);
  g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < models->len; i++) {
    GPtrArray *own = disk_paths_of(run->collection, models->pdata[i], error);
    if (!own) return NULL;
    g_ptr_array_extend_and_steal(paths, own);
  }
  return g_steal_pointer(&paths);
}

static int report(const LineageRun *run, const char *paths, bool json) {
  GError *error = NULL;
  const char *root = collection_root(run->collection);
  const DiskKind kind = paths ? listed_kind(paths) : DISK_KINDS; /* DISK_KINDS of a word: superseded */
  g_autoptr(GPtrArray) superseded = kind == DISK_KINDS ? superseded_paths(run, &error) : NULL;
  if (kind == DISK_KINDS && !superseded) return command_fail(error);
  if (paths && superseded) {
    command_print_paths(root, superseded);
    return STATUS_DONE;
  }
  g_autoptr(DiskSurvey) disk = disk_survey_new(root, collection_places(run->collection), run->models, &error);
  if (!disk) return command_fail(error);
  if (paths) {
    command_print_paths(root, disk->paths[kind]);
    return STATUS_DONE;
  }
  Space s = {.models = g_ptr_array_new(), .superseded = disk_freed(root, superseded)};
  for (unsigned v = 0; v < run->forest->nodes->len; v++) add_node(&s, forest_node(run->forest, v));
  g_ptr_array_sort(s.models, largest_first);
  (json ? print_json : print_text)(&s, disk);
  g_ptr_array_unref(s.models);
  return STATUS_DONE;
}

int cmd_space(int argc, char **argv) {
  g_autofree char *paths = NULL;
  Globals globals = {0};
  LineageRun run = {0};
  int status;
  const GOptionEntry entries[] = {
      {"paths", 0, 0, G_OPTION_ARG_STRING, &paths,
       "Print these files, each ended by a NUL: unfinished, old, orphaned, superseded", "KIND"},
      G_OPTION_ENTRY_NULL};
  if (!command_parse("space", entries, notes, &argc, &argv, &globals, &status)) return status;
  if (paths && listed_kind(paths) == DISK_KINDS && strcmp(paths, superseded_word) != 0)
    status = command_fail(g_error_new(COPSE_ERROR, COPSE_ERROR_USAGE,
                                      "--paths takes unfinished, old, orphaned or superseded, not '%s'", paths));
  else if (lineage_run_open(&run, argv[1], &globals, &status)) status = report(&run, paths, globals.json);
  lineage_run_clear(&run);
  globals_clear(&globals);
  return status;
}
