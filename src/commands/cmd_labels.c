/* SPDX-License-Identifier: Apache-2.0 */
/* `copse labels DIR`: what models could be labelled by, for `train --label`. */
#include <stdio.h>

#include "commands/command.h"
#include "commands/commands.h"
#include "core/error.h"
#include "core/json.h"
#include "experts/task/label_source.h"
#include "experts/train/train_keys.h"

enum { SHOWN = 5 };

/* One source and how often each of its labels occurs. */
typedef struct {
  const char *name;
  guint models;
  GPtrArray *labels; /* of char*, borrowed, the most frequent first */
  GHashTable *counts;
} Summary;

static gint most_first(gconstpointer a, gconstpointer b, gpointer counts) {
  const char *x = *(const char *const *)a, *y = *(const char *const *)b;
  gsize nx = GPOINTER_TO_SIZE(g_hash_table_lookup(counts, x)), ny = GPOINTER_TO_SIZE(g_hash_table_lookup(counts, y));
  return nx != ny ? (nx > ny ? -1 : 1) : g_strcmp0(x, y);
}

static void count(const LabelSource *source, Summary *s) {
  GHashTableIter it;
  gpointer path, own;
  g_hash_table_iter_init(&it, source->labels);
  while (g_hash_table_iter_next(&it, &path, &own)) {
    s->models++;
    for (guint k = 0; k < ((GPtrArray *)own)->len; k++) {
      char *label = ((GPtrArray *)own)->pdata[k];
      gsize n = GPOINTER_TO_SIZE(g_hash_table_lookup(s->counts, label));
      if (!n) g_ptr_array_add(s->labels, label);
      g_hash_table_insert(s->counts, label, GSIZE_TO_POINTER(n + 1));
    }
  }
  g_ptr_array_sort_with_data(s->labels, most_first, s->counts);
}

static cJSON *summary_json(const Summary *s) {
  cJSON *o = cJSON_CreateObject(), *top = cJSON_CreateArray();
  json_add_string(o, "source", s->name);
  cJSON_AddNumberToObject(o, "models", s->models);
  cJSON_AddNumberToObject(o, "labels", s->labels->len);
  for (guint k = 0; k < MIN(s->labels->len, 20); k++) {
    cJSON *row = cJSON_CreateObject();
    json_add_string(row, "label", s->labels->pdata[k]);
    cJSON_AddNumberToObject(row, "count",
                            (double)GPOINTER_TO_SIZE(g_hash_table_lookup(s->counts, s->labels->pdata[k])));
    cJSON_AddItemToArray(top, row);
  }
  cJSON_AddItemToObject(o, "most", top);
  return o;
}

static void print_summary(const Summary *s) {
  printf("%-28s  %7u  %7u ", s->name, s->models, s->labels->len);
  for (guint k = 0; k < MIN(s->labels->len, SHOWN); k++)
    printf("%s %s (%zu)", k ? "," : "", (const char *)s->labels->pdata[k],
           GPOINTER_TO_SIZE(g_hash_table_lookup(s->counts, s->labels->pdata[k])));
  puts(s->labels->len > SHOWN ? ", …" : "");
}

static void tell(const char *name, const LabelSource *source, guint least, cJSON *list) {
  g_autoptr(GPtrArray) labels = g_ptr_array_new();
  g_autoptr(GHashTable) counts = g_hash_table_new(g_str_hash, g_str_equal);
  Summary s = {name, 0, labels, counts};
  count(source, &s);
  if (labels->len < least) return;
  if (list) cJSON_AddItemToArray(list, summary_json(&s));
  else print_summary(&s);
}

/* Nothing for a source that gives no labels, or the same to all. */
static void tell_if_any(const GPtrArray *models, const char *name, cJSON *list) {
  LabelRequest request = {.source = name};
  g_autoptr(LabelSource) source = label_source_new(models, &request, NULL);
  if (source) tell(name, source, 2, list);
}

/* The lines of a table that name no model. */
static void tell_warnings(const LabelSource *source, cJSON *o) {
  cJSON *list = o ? cJSON_AddArrayToObject(o, "warnings") : NULL;
  for (guint k = 0; source && k < source->warnings->len; k++) {
    const char *warning = source->warnings->pdata[k];
    if (list) cJSON_AddItemToArray(list, cJSON_CreateString(warning));
    else printf("note: %s\n", warning);
  }
}

static int labels(const char *root, const char *wanted, const Globals *g) {
  static const char *const always[] = {"folder", "name", "hand"};
  g_autoptr(GPtrArray) models = NULL;
  g_autoptr(Collection) c = command_open(root, g, &models);
  if (!c) return STATUS_COULD_NOT;
  LabelRequest request = {.source = wanted};
  GError *error = NULL;
  g_autoptr(LabelSource) asked = wanted ? label_source_new(models, &request, &error) : NULL;
  if (wanted && !asked) return command_fail(error);
  cJSON *o = g->json ? cJSON_CreateObject() : NULL, *list = o ? cJSON_AddArrayToObject(o, "sources") : NULL;
  g_autoptr(GPtrArray) keys = train_keys(models);
  const char *usual = models_label_key(models);
  if (!o) printf("%-28s  %7s  %7s  %s\n", "SOURCE", "MODELS", "LABELS", "THE COMMONEST, AND OF HOW MANY MODELS");
  if (asked) tell(wanted, asked, 1, list);
  for (guint k = 0; !wanted && k < keys->len; k++) tell_if_any(models, keys->pdata[k], list);
  for (size_t k = 0; !wanted && k < G_N_ELEMENTS(always); k++) tell_if_any(models, always[k], list);
  tell_warnings(asked, o);
  if (o) {
    json_add_string(o, "default", usual);
    json_print(o);
  } else if (usual) {
    printf("train takes %s unless --label names another\n", usual);
  } else {
    puts("train takes none of these by itself: name one with --label");
  }
  return STATUS_DONE;
}

int cmd_labels(int argc, char **argv) {
  g_autofree char *source = NULL;
  Globals g;
  int status;
  const GOptionEntry entries[] = {{"label", 0, 0, G_OPTION_ARG_STRING, &source,
                                   "This source alone: KEY, folder, name, hand, tags or @FILE.csv", "S"},
                                  G_OPTION_ENTRY_NULL};
  if (command_parse("labels", entries, NULL, &argc, &argv, &g, &status)) status = labels(argv[1], source, &g);
  globals_clear(&g);
  return status;
}
