/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "commands/command.h"
#include "commands/commands.h"
#include "core/json.h"
#include "lineage/outline.h"

/* A path as it is when JSON can carry it, else made safe. */
static const char *path_for_json(const Model *m) {
  return g_utf8_validate(m->path, -1, NULL) ? m->path : m->shown;
}

/* How the contract writes a node: its path, or ghost:NAME. The caller frees it. */
static char *node_label(const Forest *forest, unsigned node) {
  const ForestNode *n = forest_node(forest, node);
  return n->model ? g_strdup(path_for_json(n->model)) : g_strconcat("ghost:", n->name, NULL);
}

static cJSON *edge_json(const Forest *forest, const ParentEdge *edge) {
  cJSON *out = cJSON_CreateObject();
  g_autofree char *label = node_label(forest, edge->parent);
  json_add_string(out, "path", label);
  json_add_number(out, "confidence", edge->confidence);
  json_add_string(out, "kind", edge_kind_name(edge->kind));
  json_add_number(out, "weight", edge->weight);
  json_add_string(out, "source", edge_source_name(edge->source));
  json_add_number(out, "distance", edge->distance);
  return out;
}

static cJSON *node_json(const Forest *forest, const ForestNode *n) {
  cJSON *out = cJSON_CreateObject();
  json_add_string(out, "path", path_for_json(n->model));
  cJSON_AddNumberToObject(out, "tree", n->tree);
  cJSON *parents = cJSON_AddArrayToObject(out, "parents");
  for (guint i = 0; i < n->parents->len; i++)
    cJSON_AddItemToArray(parents, edge_json(forest, &g_array_index(n->parents, ParentEdge, i)));
  g_autofree char *copied =
      n->duplicate_of >= 0 ? node_label(forest, (unsigned)n->duplicate_of) : NULL;
  json_add_string(out, "duplicate_of", copied);
  cJSON_AddBoolToObject(out, "card_conflict", n->card_conflict);
  json_add_string(out, "note", n->note);
  return out;
}

static void print_json(const Forest *forest) {
  cJSON *out = cJSON_CreateObject();
  cJSON *models = cJSON_AddArrayToObject(out, "models");
  for (guint i = 0; i < forest->nodes->len; i++) {
    const ForestNode *n = forest->nodes->pdata[i];
    if (n->model) cJSON_AddItemToArray(models, node_json(forest, n));
  }
  json_print(out);
}

static int print_forest(const char *root, const Globals *globals, bool ascii, bool declared) {
  g_autoptr(GPtrArray) models = NULL;
  g_autoptr(Collection) collection = command_open(root, globals, &models);
  if (!collection) return STATUS_COULD_NOT;
  GError *error = NULL;
  CommandProgress progress;
  ForestOptions options = {.declared_only = declared, .threads = (unsigned)MAX(globals->threads, 0),
                           .seed = (uint64_t)globals->seed};
  const Progress *p = command_progress_begin(&progress, "Reading the weights", globals);
  g_autoptr(Forest) forest = forest_build(collection, models, &options, p, &error);
  command_progress_end(&progress);
  if (!forest) return command_fail(error);
  if (globals->json) {
    print_json(forest);
  } else {
    g_autofree char *text = outline_print(forest, ascii ? GLYPHS_ASCII : GLYPHS_UTF8);
    fputs(text, stdout);
  }
  return STATUS_DONE;
}

int cmd_tree(int argc, char **argv) {
  gboolean ascii = FALSE, declared = FALSE;
  Globals globals = {0};
  int status = STATUS_DONE;
  const GOptionEntry entries[] = {
      {"ascii", 0, 0, G_OPTION_ARG_NONE, &ascii, "Draw the branches with |- instead of lines",
       NULL},
      {"declared", 0, 0, G_OPTION_ARG_NONE, &declared, "Only what cards declare: read no weights",
       NULL},
      G_OPTION_ENTRY_NULL,
  };
  if (!command_parse("tree", entries, NULL, &argc, &argv, &globals, &status)) return status;
  status = print_forest(argv[1], &globals, ascii, declared);
  globals_clear(&globals);
  return status;
}
