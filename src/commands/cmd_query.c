/* SPDX-License-Identifier: Apache-2.0 */
/* `copse query DIR TEXT`: which models are like these words? */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "commands/command.h"
#include "commands/commands.h"
#include "commands/expert_run.h"
#include "commands/trained_mark.h"
#include "core/error.h"
#include "core/json.h"
#include "encoders/encoder.h"
#include "search/query.h"
#include "search/question_field.h"

static const char method[] =
    "match: each expert's cosines as odds, by logistic regression on models kept from training";

static void add_tree(cJSON *o, int tree) {
  if (tree >= 0) cJSON_AddNumberToObject(o, "tree", tree + 1);
  else cJSON_AddNullToObject(o, "tree");
}

static cJSON *json_hit(const QueryHit *h, TrainedMarks *marks) {
  cJSON *row = cJSON_CreateObject();
  json_add_string(row, "path", h->model->shown);
  json_add_number(row, "score", h->score);
  add_tree(row, h->model->tree);
  json_add_number(row, "match", h->match);
  json_add_string(row, "expert", h->expert ? h->expert->name : NULL);
  cJSON_AddBoolToObject(row, "declared", h->declared);
  json_add_string(row, "said_by", h->declared_by);
  trained_mark_json(marks, row, h->expert, h->model);
  return row;
}

/* A measured rate, or null when it was not measured. */
static void add_score(cJSON *o, const char *key, const Score *s) {
  if (!s->n || !isfinite(s->top1)) {
    cJSON_AddNullToObject(o, key);
    return;
  }
  cJSON *rate = cJSON_AddObjectToObject(o, key);
  json_add_number(rate, "top1", s->top1);
  cJSON *interval = cJSON_AddArrayToObject(rate, "ci95");
  cJSON_AddItemToArray(interval, cJSON_CreateNumber(s->low));
  cJSON_AddItemToArray(interval, cJSON_CreateNumber(s->high));
  json_add_number(rate, "n", s->n);
  json_add_number(rate, "chance", s->chance);
}

static cJSON *json_speaker(const QuerySpeaker *speaker, bool several) {
  const Expert *x = speaker->expert;
  cJSON *o = cJSON_CreateObject();
  json_add_string(o, "name", x->name);
  json_add_string(o, "layer", x->layer);
  add_tree(o, x->tree);
  add_score(o, "unseen", &x->test_holdout);
  add_score(o, "seen", &x->test);
  if (!several) return o;
  cJSON *odds = cJSON_AddObjectToObject(o, "odds");
  json_add_number(odds, "slope", speaker->fusion.a);
  json_add_number(odds, "offset", speaker->fusion.b);
  json_add_number(odds, "models", speaker->fusion.pairs);
  return o;
}

static void print_json(const char *text, const QueryAnswer *a, TrainedMarks *marks) {
  cJSON *o = cJSON_CreateObject();
  g_autofree SafeText *shown = safe_text(text, -1);
  bool several = a->speakers->len > 1;
  json_add_string(o, "query", shown);
  cJSON *results = cJSON_AddArrayToObject(o, "results");
  for (guint i = 0; i < a->hits->len; i++)
    cJSON_AddItemToArray(results, json_hit(&g_array_index(a->hits, QueryHit, i), marks));
  cJSON *experts = cJSON_AddArrayToObject(o, "experts");
  for (guint i = 0; i < a->speakers->len; i++)
    cJSON_AddItemToArray(experts, json_speaker(&g_array_index(a->speakers, QuerySpeaker, i), several));
  json_add_string(o, "method", several ? method : NULL);
  json_add_u64(o, "total", a->total);
  cJSON_AddBoolToObject(o, "doubtful", a->doubtful);
  cJSON *cannot = cJSON_AddArrayToObject(o, "cannot_answer");
  for (guint i = 0; i < a->cannot->len; i++) cJSON_AddItemToArray(cannot, cJSON_CreateString(a->cannot->pdata[i]));
  cJSON *unknown = cJSON_AddArrayToObject(o, "unknown_words");
  for (char **w = a->unknown; w && *w; w++) cJSON_AddItemToArray(unknown, cJSON_CreateString(*w));
  json_print(o);
}

/* "unseen concepts 41.0 % [33, 50] of 120 models (chance 1.2 %)". */
static void print_score(const char *group, const Score *s) {
  if (s->n && s->classes > 1 && isfinite(s->top1))
    printf(", %s %.1f %% [%.1f, %.1f] of %u models (chance %.1f %%)", group, 100 * s->top1, 100 * s->low, 100 * s->high,
           s->n, 100 * s->chance);
}

/* Who was heard, and how far that goes. */
static void print_speakers(const QueryAnswer *a) {
  for (guint i = 0; i < a->speakers->len; i++) {
    const Expert *x = g_array_index(a->speakers, QuerySpeaker, i).expert;
    printf("expert %s, layer %s", x->name, x->layer);
    if (x->tree >= 0) printf(", tree %d", x->tree + 1);
    if (!x->test.n && !x->test_holdout.n) printf(": not measured");
    print_score("right on unseen concepts", &x->test_holdout);
    print_score(x->test_holdout.n ? "on seen ones" : "right on seen concepts", &x->test);
    putchar('\n');
  }
  if (a->speakers->len > 1) printf("%s\n", method);
}

static void print_hit(guint place, const QueryHit *h, bool several, TrainedMarks *marks) {
  char score[16] = "     -", match[16] = "";
  if (isfinite(h->score)) g_snprintf(score, sizeof score, "%6.3f", h->score);
  if (isfinite(h->match)) g_snprintf(match, sizeof match, "%4.0f %%  ", 100 * h->match);
  else if (several) g_snprintf(match, sizeof match, "     -  ");
  printf("%4u  %s  %s%s%s", place, score, match, model_title(h->model), trained_mark(marks, h->expert, h->model));
  if (h->declared) printf("  (declared: its %s says so, not its weights)", h->declared_by);
  else if (h->declared_by) printf("  (its %s says so too)", h->declared_by);
  putchar('\n');
}

static void print_table(const QueryAnswer *a, TrainedMarks *marks) {
  bool several = a->speakers->len > 1;
  g_autofree char *unknown = text_encoder_unknown_text(a->unknown);
  if (unknown) printf("%s\n", unknown);
  print_speakers(a);
  if (a->hits->len) printf("   #   SCORE  %sMODEL\n", several ? " MATCH  " : "");
  for (guint i = 0; i < a->hits->len; i++) print_hit(i + 1, &g_array_index(a->hits, QueryHit, i), several, marks);
  trained_marks_legend(marks);
  if (!a->hits->len) puts("no model answers to that");
  if (a->total > a->hits->len) printf("the first %u of %u; -n 0 prints all\n", a->hits->len, a->total);
  if (a->doubtful)
    printf("doubtful: nothing here may be like that; nine in ten right answers score above %.2f\n",
           g_array_index(a->hits, QueryHit, 0).expert->floor);
  for (guint i = 0; i < a->cannot->len; i++) printf("cannot answer: %s\n", (const char *)a->cannot->pdata[i]);
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
  if (json) json_print(o);
  else cJSON_Delete(o);
  return STATUS_DONE;
}

/* Of the expert that is named alone, or of all. */
static QueryIndex *open_index(Collection *c, const GPtrArray *models, const ExpertWords *w, const Progress *progress,
                              GError **error) {
  g_autoptr(GPtrArray) warnings = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GPtrArray) experts = expert_words_list(w, c, models, warnings, error);
  if (!experts) return NULL;
  g_autoptr(VoiceSet) voices = voice_set_new(c, models, experts);
  return query_index_open_voices(voices, warnings, progress, error);
}

static int query(const char *root, const char *text, int limit, bool completing, const ExpertWords *w,
                 const Globals *g) {
  g_autoptr(GPtrArray) models = NULL;
  g_autoptr(Collection) c = command_open(root, g, &models);
  if (!c) return STATUS_COULD_NOT;
  if (completing) return complete(text, models, g->json);
  GError *error = NULL;
  CommandProgress p;
  g_autoptr(QueryIndex) index = open_index(c, models, w, command_progress_begin(&p, "Asking", g), &error);
  command_progress_end(&p);
  if (!index) return command_fail(error);
  g_autoptr(QueryAnswer) answer = query_run(index, text, (unsigned)limit, &error);
  if (!answer) return command_fail(error);
  TrainedMarks marks;
  trained_marks_open(&marks, c);
  if (g->json) print_json(text, answer, &marks);
  else print_table(answer, &marks);
  trained_marks_clear(&marks);
  return STATUS_DONE;
}

static const char notes[] =
    "TEXT is words, \"a phrase\", -word, like:MODEL, and filters: kind:lora tag:anime dtype:F16\n"
    "params:<100M bytes:1GB..5GB license:apache* -base:\"org/name\" layer:mid* sort:-params\n"
    "date>=2024-05. Fields are name path format kind split base dtype tree params bytes (size)\n"
    "tensors date, and the key of every fact that a model declares. A question that begins with -\n"
    "goes behind --.";

int cmd_query(int argc, char **argv) {
  int limit = 10, status;
  gboolean completing = FALSE;
  ExpertWords w = {0};
  Globals g;
  const GOptionEntry entries[] = {
      {"limit", 'n', 0, G_OPTION_ARG_INT, &limit, "Answers to print (default 10; 0: all)", "N"},
      EXPERT_RUN_ENTRIES(w),
      {"complete", 0, 0, G_OPTION_ARG_NONE, &completing, "Print what the last item of TEXT may become", NULL},
      G_OPTION_ENTRY_NULL};
  if (command_parse("query", entries, notes, &argc, &argv, &g, &status)) {
    if (limit < 0) status = command_fail(g_error_new_literal(COPSE_ERROR, COPSE_ERROR_USAGE, "-n must be 0 or more"));
    else status = query(argv[1], argv[2], limit, completing, &w, &g);
  }
  expert_words_clear(&w);
  globals_clear(&g);
  return status;
}
