/* SPDX-License-Identifier: Apache-2.0 */
/* `copse query DIR TEXT`: which models are like these words? */
#include <stdio.h>

#include "commands/command.h"
#include "commands/commands.h"
#include "core/error.h"
#include "core/json.h"
#include "search/query.h"

static void print_json(const char *text, const QueryAnswer *a) {
  cJSON *o = cJSON_CreateObject();
  g_autofree SafeText *shown = safe_text(text, -1);
  json_add_string(o, "query", shown);
  cJSON *results = cJSON_AddArrayToObject(o, "results");
  for (guint i = 0; i < a->hits->len; i++) {
    const QueryHit *h = &g_array_index(a->hits, QueryHit, i);
    cJSON *row = cJSON_CreateObject();
    json_add_string(row, "path", h->model->shown);
    json_add_number(row, "score", h->score);
    if (h->model->tree >= 0)
      cJSON_AddNumberToObject(row, "tree", h->model->tree);
    else
      cJSON_AddNullToObject(row, "tree");
    json_add_string(row, "expert", h->expert->name);
    cJSON_AddBoolToObject(row, "declared", h->declared);
    cJSON_AddItemToArray(results, row);
  }
  cJSON *cannot = cJSON_AddArrayToObject(o, "cannot_answer");
  for (guint i = 0; i < a->cannot->len; i++)
    cJSON_AddItemToArray(cannot, cJSON_CreateString(a->cannot->pdata[i]));
  cJSON *unknown = cJSON_AddArrayToObject(o, "unknown_words");
  for (char **w = a->unknown; w && *w; w++) cJSON_AddItemToArray(unknown, cJSON_CreateString(*w));
  json_print(o);
}

static void print_table(const QueryAnswer *a) {
  if (a->unknown) {
    g_autofree char *words = g_strjoinv(", ", a->unknown);
    g_autofree SafeText *shown = safe_text(words, -1);
    printf("unknown words, left out: %s\n", shown);
  }
  for (guint i = 0; i < a->hits->len; i++) {
    const QueryHit *h = &g_array_index(a->hits, QueryHit, i);
    printf("%4u  %6.3f  %s\n", i + 1, h->score, h->model->shown);
  }
  for (guint i = 0; i < a->cannot->len; i++)
    printf("cannot answer for %s\n", (const char *)a->cannot->pdata[i]);
}

static int query(const char *root, const char *text, int limit, const Globals *g) {
  g_autoptr(GPtrArray) models = NULL;
  g_autoptr(Collection) c = command_open(root, g, &models);
  if (!c) return STATUS_COULD_NOT;
  GError *error = NULL;
  CommandProgress p;
  g_autoptr(QueryIndex) index =
      query_index_open(c, models, command_progress_begin(&p, "Asking", g), &error);
  command_progress_end(&p);
  if (!index) return command_fail(error);
  g_autoptr(QueryAnswer) answer = query_run(index, text, (unsigned)limit, &error);
  if (!answer) return command_fail(error);
  if (g->json)
    print_json(text, answer);
  else
    print_table(answer);
  return STATUS_DONE;
}

int cmd_query(int argc, char **argv) {
  int limit = 10, status;
  Globals g;
  const GOptionEntry entries[] = {
      {"limit", 'n', 0, G_OPTION_ARG_INT, &limit, "Answers to print (default 10; 0: all)", "N"},
      G_OPTION_ENTRY_NULL};
  if (command_parse("query", entries, NULL, &argc, &argv, &g, &status)) {
    if (limit < 0)
      status = command_fail(g_error_new_literal(COPSE_ERROR, COPSE_ERROR_USAGE, "-n must be 0 or more"));
    else
      status = query(argv[1], argv[2], limit, &g);
  }
  globals_clear(&g);
  return status;
}
