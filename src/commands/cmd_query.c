/* SPDX-License-Identifier: Apache-2.0 */
/* `copse query DIR TEXT`: which models are like these words? */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "commands/command.h"
#include "commands/commands.h"
#include "core/error.h"
#include "core/json.h"
#include "search/query.h"
#include "search/question_field.h"

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
      cJSON_AddNumberToObject(row, "tree", h->model->tree + 1);
    else
      cJSON_AddNullToObject(row, "tree");
    json_add_number(row, "match", h->match);
    json_add_string(row, "expert", h->expert ? h->expert->name : NULL);
    cJSON_AddBoolToObject(row, "declared", h->declared);
    json_add_string(row, "said_by", h->said_by);
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
    char score[16] = "     -";
    if (isfinite(h->score)) g_snprintf(score, sizeof score, "%6.3f", h->score);
    char match[16] = "";
    if (isfinite(h->match)) g_snprintf(match, sizeof match, "%4.0f %%  ", 100 * h->match);
    printf("%4u  %s  %s%s%s%s%s\n", i + 1, score, match, h->model->shown, h->said_by ? "  (" : "",
           h->said_by ? h->said_by : "", !h->said_by ? "" : h->declared ? " says so)" : " says so too)");
  }
  for (guint i = 0; i < a->cannot->len; i++)
    printf("cannot answer for %s\n", (const char *)a->cannot->pdata[i]);
}

/* What the end of the question may become. */
static int complete(const char *text, const GPtrArray *models, bool json) {
  g_autofree char *valid = g_utf8_make_valid(text, -1);
  g_autoptr(Completion) c = question_complete(valid, strlen(valid), models, 50);
  cJSON *o = cJSON_CreateObject(), *list = cJSON_AddArrayToObject(o, "completions");
  json_add_u64(o, "from", c->from);
  for (guint i = 0; i < c->texts->len; i++) {
    cJSON_AddItemToArray(list, cJSON_CreateString(c->texts->pdata[i]));
    if (!json) puts(c->texts->pdata[i]);
  }
  if (json)
    json_print(o);
  else
    cJSON_Delete(o);
  return STATUS_DONE;
}

static int query(const char *root, const char *text, int limit, bool completing, const Globals *g) {
  g_autoptr(GPtrArray) models = NULL;
  g_autoptr(Collection) c = command_open(root, g, &models);
  if (!c) return STATUS_COULD_NOT;
  if (completing) return complete(text, models, g->json);
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

static const char notes[] =
    "TEXT is words, \"a phrase\", -word, like:MODEL, and filters: kind:lora tag:anime dtype:F16\n"
    "params:<100M bytes:1GB..5GB license:apache* -base:\"org/name\" layer:mid* sort:-params.\n"
    "Fields are name path format kind split base dtype tree params bytes tensors, and the key of\n"
    "every fact that a model declares. A question that begins with - goes behind --.";

int cmd_query(int argc, char **argv) {
  int limit = 10, status;
  gboolean completing = FALSE;
  Globals g;
  const GOptionEntry entries[] = {
      {"limit", 'n', 0, G_OPTION_ARG_INT, &limit, "Answers to print (default 10; 0: all)", "N"},
      {"complete", 0, 0, G_OPTION_ARG_NONE, &completing,
       "Print what the last item of TEXT may become", NULL},
      G_OPTION_ENTRY_NULL};
  if (command_parse("query", entries, notes, &argc, &argv, &g, &status)) {
    if (limit < 0)
      status = command_fail(g_error_new_literal(COPSE_ERROR, COPSE_ERROR_USAGE, "-n must be 0 or more"));
    else
      status = query(argv[1], argv[2], limit, completing, &g);
  }
  globals_clear(&g);
  return status;
}
