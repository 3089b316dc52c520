/* SPDX-License-Identifier: Apache-2.0 */
/* `copse what DIR [MODEL]`: what the models are for, and who says so. */
#include <stdio.h>
#include <string.h>

#include "collection/purpose.h"
#include "commands/command.h"
#include "commands/commands.h"
#include "core/json.h"
#include "core/name_set.h"
#include "experts/voice.h"
#include "search/opinion.h"

static const char notes[] =
    "One line a model: what it is for, and who says so. In order of trust: what was set by hand, what an expert "
    "predicts\n"
    "from the weights, the label in the metadata, the tag on most training pictures (a guess at the word that calls "
    "it),\n"
    "trained words and descriptions in files beside it (NAME.civitai.info, NAME.json, NAME.txt), the card, the name. "
    "Where\n"
    "others say otherwise, their number stands behind it; with MODEL all are shown.";

enum { NAME_COLUMNS = 48, WHAT_COLUMNS = 48 };

/* What experts predict: model's path -> Prediction. */
typedef struct {
  char *label, *expert; /* owned */
} Prediction;

static void prediction_free(gpointer data) {
  Prediction *p = data;
  g_free(p->label);
  g_free(p->expert);
  g_free(p);
}

/* The first expert that speaks for a model and does not abstain counts: they come best first. */
static void add_predictions(GHashTable *predictions, const Expert *x, GHashTable *sayings) {
  GHashTableIter i;
  gpointer path, saying;
  for (g_hash_table_iter_init(&i, sayings); g_hash_table_iter_next(&i, &path, &saying);) {
    const char *sure = saying_sure(saying);
    if (!sure || g_hash_table_contains(predictions, path)) continue;
    Prediction *p = g_new(Prediction, 1);
    p->label = g_strndup(saying, (gsize)(sure - (const char *)saying));
    p->expert = g_strdup_printf("expert %s,%s sure", x->name, sure);
    g_hash_table_insert(predictions, g_strdup(path), p);
  }
}

/* An expert that cannot be heard costs a warning. */
static GHashTable *predict(const Collection *c, const GPtrArray *models, const Globals *globals) {
  GHashTable *predictions = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, prediction_free);
  g_autoptr(GPtrArray) experts = expert_list(c, NULL, NULL);
  if (!experts) return predictions;
  g_autoptr(VoiceSet) voices = voice_set_new(c, models, experts);
  for (guint i = 0; i < experts->len; i++) {
    const Expert *x = experts->pdata[i];
    g_autoptr(GError) problem = NULL;
    if (!x->layer || !x->shapes) continue;
    g_autoptr(GHashTable) sayings = sayings_new(voices, x, NULL, &problem);
    if (sayings) add_predictions(predictions, x, sayings);
    else if (!globals->quiet) fprintf(stderr, "copse: %s\n", problem->message);
  }
  return predictions;
}

/* Of one model: experts are asked of it alone, and what they keep of the others is left as it is. */
static GHashTable *predict_one(const char *root, Model *model, const Globals *globals) {
  CollectionOptions options = command_options(globals);
  options.read_only = true;
  g_autoptr(GPtrArray) models = g_ptr_array_new();
  g_autoptr(Collection) c = collection_open(root, &options, NULL);
  g_ptr_array_add(models, model);
  return c ? predict(c, models, globals) : g_hash_table_new(g_str_hash, g_str_equal);
}

static GArray *purposes_of(const Model *m, const char *label_key, GHashTable *predictions) {
  const Prediction *p = g_hash_table_lookup(predictions, m->path);
  return model_purposes(m, label_key, p ? p->label : NULL, p ? p->expert : NULL);
}

static cJSON *purpose_json(const Purpose *p) {
  cJSON *o = cJSON_CreateObject();
  json_add_string(o, "what", p->text);
  json_add_string(o, "kind", purpose_kind_name(p->kind));
  json_add_string(o, "evidence", p->evidence);
  return o;
}

static void print_json(const Model *m, const GArray *all) {
  cJSON *o = cJSON_CreateObject();
  const Purpose *first = &g_array_index(all, Purpose, 0);
  json_add_string(o, "path", m->shown);
  json_add_string(o, "what", all->len ? first->text : NULL);
  json_add_string(o, "kind", all->len ? purpose_kind_name(first->kind) : NULL);
  json_add_string(o, "evidence", all->len ? first->evidence : NULL);
  cJSON *others = cJSON_AddArrayToObject(o, "others");
  for (guint i = 1; i < all->len; i++) cJSON_AddItemToArray(others, purpose_json(&g_array_index(all, Purpose, i)));
  json_print_line(o);
}

static NameSet *titles_of(const GPtrArray *models) {
  g_autofree const char **titles = g_new(const char *, models->len + 1);
  for (guint i = 0; i < models->len; i++) titles[i] = model_title(models->pdata[i]);
  return name_set_new(titles, models->len);
}

/* Of the i-th model. */
static void print_line(const NameSet *titles, guint i, const GArray *all) {
  const Purpose *p = &g_array_index(all, Purpose, 0);
  g_autofree char *title = name_set_fit(titles, i, NAME_COLUMNS, "…");
  g_autofree char *name = text_fit(title, NAME_COLUMNS, "…"), *what = text_fit(p->text, WHAT_COLUMNS, "…");
  printf("%s  %s  %s", name, what, p->evidence);
  guint others = all->len > 2 ? all->len - 2 : 0; /* the name always says otherwise */
  if (others) printf("; %u other%s otherwise", others, others == 1 ? " says" : "s say");
  putchar('\n');
}

static void print_all(const Model *m, const GArray *all) {
  printf("%s\n", model_title(m));
  for (guint i = 0; i < all->len; i++) {
    const Purpose *p = &g_array_index(all, Purpose, i);
    printf("  %-13s  %s  (%s)\n", purpose_kind_name(p->kind), p->text, p->evidence);
  }
}

static int run(const char *root, const char *what, const Globals *globals) {
  GError *error = NULL;
  g_autoptr(GPtrArray) models = NULL;
  g_autoptr(Collection) c = command_open(root, globals, &models);
  if (!c) return STATUS_COULD_NOT;
  g_autoptr(Model) only = what ? collection_find(models, what, &error) : NULL;
  if (error) return command_fail(error);
  g_autoptr(GHashTable) predictions = only ? predict_one(root, only, globals) : predict(c, models, globals);
  const char *label_key = models_label_key(models);
  if (!globals->json && !only)
    printf("%-*s  %-*s  %s\n", NAME_COLUMNS, "MODEL", WHAT_COLUMNS, "WHAT FOR", "WHO SAYS SO");
  g_autoptr(NameSet) titles = titles_of(models);
  for (guint i = 0; i < models->len; i++) {
    const Model *m = models->pdata[i];
    if (only && m != only) continue;
    g_autoptr(GArray) all = purposes_of(m, label_key, predictions);
    if (globals->json) print_json(m, all);
    else if (only) print_all(m, all);
    else print_line(titles, i, all);
  }
  command_tell_empty(models, globals);
  return STATUS_DONE;
}

int cmd_what(int argc, char **argv) {
  Globals globals = {0};
  int status;
  if (!command_parse("what", NULL, notes, &argc, &argv, &globals, &status)) return status;
  status = run(argv[1], argc > 2 ? argv[2] : NULL, &globals);
  globals_clear(&globals);
  return status;
}
