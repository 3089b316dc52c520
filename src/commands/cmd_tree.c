/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "commands/command.h"
#include "commands/commands.h"
#include "commands/lineage_run.h"
#include "core/error.h"
#include "core/parallel.h"
#include "lineage/forest/forest_text.h"
#include "lineage/forest/phylogram.h"
#include "lineage/sketch/sketch_store.h"

static cJSON *node_json(const Forest *forest, unsigned node) {
  const ForestNode *n = forest_node(forest, node);
  cJSON *out = cJSON_CreateObject();
  g_autofree char *path = lineage_label(forest, node);
  json_add_string(out, "path", path);
  cJSON_AddNumberToObject(out, "tree", n->tree + 1);
  cJSON *parents = cJSON_AddArrayToObject(out, "parents");
  for (guint i = 0; i < n->parents->len; i++)
    cJSON_AddItemToArray(parents, lineage_edge_json(forest, n, &g_array_index(n->parents, ParentEdge, i)));
  g_autofree char *copied = n->duplicate_of >= 0 ? lineage_label(forest, (unsigned)n->duplicate_of) : NULL;
  json_add_string(out, "duplicate_of", copied);
  if (n->hidden_kin >= 0) {
    g_autofree char *kin = lineage_label(forest, (unsigned)n->hidden_kin);
    json_add_string(out, "hidden_kin", kin);
  }
  cJSON_AddBoolToObject(out, "card_conflict", n->card_conflict);
  json_add_string(out, "note", n->note);
  return out;
}

static void print_json(const Forest *forest) {
  cJSON *out = cJSON_CreateObject();
  cJSON *models = cJSON_AddArrayToObject(out, "models");
  for (guint i = 0; i < forest->nodes->len; i++) {
    const ForestNode *n = forest->nodes->pdata[i];
    if (n->model) cJSON_AddItemToArray(models, node_json(forest, i));
  }
  json_print(out);
}

typedef enum { FORMAT_OUTLINE, FORMAT_PHYLOGRAM, FORMAT_JSON, FORMAT_DOT, FORMAT_NEWICK } Format;

typedef struct {
  char *format, *rule;
  gboolean ascii, declared, no_cards;
} Wishes;

/* Index of `name` among the n words, or -1. NULL is the first. */
static int word_index(const char *name, const char *const *words, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (!name || strcmp(name, words[i]) == 0) return (int)i;
  return -1;
}

static bool options_from(const Wishes *w, const Globals *globals, ForestOptions *options, Format *format,
                         GError **error) {
  static const char *const formats[] = {"outline", "phylogram", "json", "dot", "newick"};
  static const char *const rules[] = {"pooled", "mother", "mother-reversed"};
  int at = word_index(w->format, formats, G_N_ELEMENTS(formats));
  int rule = word_index(w->rule, rules, G_N_ELEMENTS(rules));
  *format = globals->json ? FORMAT_JSON : (Format)MAX(at, 0);
  *options = (ForestOptions){.declared_only = w->declared,
                             .ignore_cards = w->no_cards,
                             .rule = (ForestRule)MAX(rule, 0),
                             .threads = (unsigned)MAX(globals->threads, 0),
                             .seed = (uint64_t)globals->seed};
  if (at < 0)
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_USAGE, "--format: outline, phylogram, json, dot or newick, not %s",
                w->format);
  else if (rule < 0)
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_USAGE, "--rule: pooled, mother or mother-reversed, not %s", w->rule);
  return at >= 0 && rule >= 0;
}

static char *draw(const Forest *forest, Format format, Glyphs glyphs) {
  PhylogramOptions options = {.glyphs = glyphs};
  switch (format) {
    case FORMAT_PHYLOGRAM:
      return phylogram_print(forest, &options);
    case FORMAT_DOT:
      return forest_to_dot(forest);
    case FORMAT_NEWICK:
      return forest_to_newick(forest);
    case FORMAT_OUTLINE:
    case FORMAT_JSON:
      break;
  }
  return outline_print(forest, glyphs);
}

/* Another rank grows the forest: this one makes sketches for it. */
static int help_leader(Collection *collection, const GPtrArray *models, const ForestOptions *o,
                       const Progress *progress) {
  GError *error = NULL;
  GPtrArray *notes = NULL;
  if (o->declared_only) return STATUS_DONE;
  unsigned threads = o->threads ? o->threads : parallel_processors();
  GPtrArray *sketches = sketch_store_load(collection, models, o->seed, threads, progress, &notes, &error);
  if (!sketches) return command_fail(error);
  g_ptr_array_unref(sketches);
  g_ptr_array_unref(notes);
  return STATUS_DONE;
}

static int print_forest(const char *root, const Globals *globals, const Wishes *wishes) {
  GError *error = NULL;
  ForestOptions options;
  Format format;
  if (!options_from(wishes, globals, &options, &format, &error)) return command_fail(error);
  g_autoptr(GPtrArray) models = NULL;
  g_autoptr(Collection) collection = command_open(root, globals, &models);
  if (!collection) return STATUS_COULD_NOT;
  CommandProgress progress;
  bool told = collection_trouble(collection) != NULL;
  const Progress *p = command_progress_begin(&progress, "Reading the weights", globals);
  if (!team_leads(globals->team)) return help_leader(collection, models, &options, p);
  g_autoptr(Forest) forest = forest_build(collection, models, &options, p, &error);
  command_progress_end(&progress);
  if (!forest) return command_fail(error);
  command_tell_empty(models, globals);
  if (!told) command_tell_trouble(collection);
  if (format == FORMAT_JSON) {
    print_json(forest);
  } else {
    bool ascii = wishes->ascii || !g_get_charset(NULL);
    g_autofree char *text = draw(forest, format, ascii ? GLYPHS_ASCII : GLYPHS_UTF8);
    fputs(text, stdout);
  }
  return STATUS_DONE;
}

int cmd_tree(int argc, char **argv) {
  Wishes wishes = {0};
  Globals globals = {0};
  int status = STATUS_DONE;
  const GOptionEntry entries[] = {
      {"format", 0, 0, G_OPTION_ARG_STRING, &wishes.format, "outline (the default), phylogram, json, dot or newick",
       "FORMAT"},
      {"ascii", 0, 0, G_OPTION_ARG_NONE, &wishes.ascii, "Draw the branches with |- instead of lines", NULL},
      {"declared", 0, 0, G_OPTION_ARG_NONE, &wishes.declared, "Only what cards declare: read no weights", NULL},
      {"no-cards", 0, 0, G_OPTION_ARG_NONE, &wishes.no_cards, "Only what the weights say: read no cards", NULL},
      {"rule", 0, 0, G_OPTION_ARG_STRING, &wishes.rule,
       "pooled (the default); mother or mother-reversed: MoTHer's rule, with either sign of its kurtosis", "RULE"},
      G_OPTION_ENTRY_NULL,
  };
  if (command_parse("tree", entries, NULL, &argc, &argv, &globals, &status)) {
    status = print_forest(argv[1], &globals, &wishes);
    globals_clear(&globals);
  }
  g_free(wishes.format);
  g_free(wishes.rule);
  return status;
}
