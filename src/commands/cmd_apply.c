/* SPDX-License-Identifier: Apache-2.0 */
/* `copse apply DIR --expert E`: what an expert says of every model, a line each. */
#include <math.h>
#include <stdio.h>

#include "commands/command.h"
#include "commands/commands.h"
#include "commands/expert_run.h"
#include "commands/trained_mark.h"
#include "core/json.h"
#include "experts/prediction.h"

enum { SHOWN = 5 }; /* labels of a model */

/* The most probable labels first: indices of p. */
static void rank_labels(const double *p, size_t n, size_t *order, size_t shown) {
  for (size_t k = 0; k < shown; k++) {
    size_t best = n;
    for (size_t i = 0; i < n; i++) {
      bool taken = false;
      for (size_t j = 0; j < k; j++) taken |= order[j] == i;
      if (!taken && (best == n || p[i] > p[best])) best = i;
    }
    order[k] = best;
  }
}

/* Nine digits tell any two floats apart; what is no number is null. */
static void add_numbers(cJSON *o, const char *key, const float *x, size_t n) {
  g_autoptr(GString) text = g_string_new("[");
  for (size_t i = 0; i < n; i++) {
    if (i) g_string_append_c(text, ',');
    if (isfinite(x[i])) g_string_append_printf(text, "%.9g", (double)x[i]);
    else g_string_append(text, "null");
  }
  g_string_append_c(text, ']');
  cJSON_AddRawToObject(o, key, text->str);
}

/* One model's answer. */
typedef struct {
  const Model *model;
  const Choices *choices;
  const double *p;
  const float *logits, *e;
  const size_t *order;
  size_t shown;
  bool abstain;
} Said;

static void print_json(const Said *s, const Expert *x, TrainedMarks *marks) {
  cJSON *o = cJSON_CreateObject();
  json_add_string(o, "path", s->model->shown);
  if (x->task == EXPERT_CLASSIFY) add_numbers(o, "logits", s->logits, s->choices->names->len);
  else add_numbers(o, "representation", s->e, x->probex->shape.r_t);
  cJSON *labels = cJSON_AddArrayToObject(o, "labels");
  for (size_t k = 0; k < s->shown; k++) {
    cJSON *row = cJSON_CreateObject();
    json_add_string(row, "name", s->choices->names->pdata[s->order[k]]);
    json_add_number(row, "p", s->p[s->order[k]]);
    cJSON_AddItemToArray(labels, row);
  }
  cJSON_AddBoolToObject(o, "abstain", s->abstain);
  trained_mark_json(marks, o, x, s->model);
  json_print_line(o);
}

static void print_text(const Said *s, const Expert *x, TrainedMarks *marks) {
  printf("%s ", model_title(s->model));
  if (s->abstain) printf(" don't know;");
  for (size_t k = 0; k < s->shown && s->p[s->order[k]] >= 0.005; k++)
    printf("%s %s %.2f", k ? "," : "", (char *)s->choices->names->pdata[s->order[k]], s->p[s->order[k]]);
  puts(trained_mark(marks, x, s->model));
}

static void print_model(const ExpertRun *r, const Choices *c, size_t row, bool json, TrainedMarks *marks) {
  size_t n = c->names->len, shown = MIN(n, (size_t)SHOWN), order[SHOWN];
  g_autofree double *p = g_new(double, n + 1);
  g_autofree float *logits = g_new(float, n + 1);
  const float *e = r->rep->rows + row * r->rep->width;
  double confidence = prediction_make(r->expert, c, e, p, logits);
  rank_labels(p, n, order, shown);
  Said s = {r->rep->models->pdata[row],
            c,
            p,
            logits,
            e,
            order,
            shown,
            prediction_abstains(r->expert, c, p, logits, confidence)};
  if (json) print_json(&s, r->expert, marks);
  else print_text(&s, r->expert, marks);
}

/* Why the expert has nothing to say of a model. Static text. */
static const char *silence(const Expert *x, const Model *m) {
  return x->shapes && expert_is_for(x, m) ? "its layer cannot be read" : "not of this expert's tree";
}

/* Models that the expert does not speak of: it never answers outside its tree. */
static void print_others(const ExpertRun *r, bool json) {
  g_autoptr(GHashTable) own = g_hash_table_new(g_str_hash, g_str_equal);
  for (guint i = 0; i < r->rep->models->len; i++) g_hash_table_add(own, ((Model *)r->rep->models->pdata[i])->path);
  for (guint i = 0; i < r->models->len; i++) {
    const Model *m = r->models->pdata[i];
    if (g_hash_table_contains(own, m->path)) continue;
    if (!json) {
      printf("%s  %s\n", model_title(m), silence(r->expert, m));
      continue;
    }
    cJSON *o = cJSON_CreateObject();
    json_add_string(o, "path", m->shown);
    cJSON_AddArrayToObject(o, "labels");
    cJSON_AddBoolToObject(o, "abstain", true);
    json_add_string(o, "reason", silence(r->expert, m));
    json_print_line(o);
  }
}

/* Every model of the collection: first those that the expert speaks of. */
static void print_all(const ExpertRun *r, const Choices *c, bool json) {
  TrainedMarks marks;
  trained_marks_open(&marks, r->collection);
  for (guint i = 0; i < r->rep->models->len; i++) print_model(r, c, i, json, &marks);
  print_others(r, json);
  trained_marks_legend(&marks);
  trained_marks_clear(&marks);
}

static int apply(const char *root, const ExpertWords *w, const Globals *g) {
  ExpertRun r;
  int status = expert_run_open(&r, root, w, g);
  if (status == STATUS_DONE && team_leads(g->team)) {
    GError *error = NULL;
    g_autoptr(Choices) c = choices_own(r.expert, r.encoder, &error);
    if (!c) status = command_fail(error);
    else print_all(&r, c, g->json);
    for (guint i = 0; i < r.warnings->len; i++) fprintf(stderr, "copse: %s\n", (char *)r.warnings->pdata[i]);
  }
  expert_run_clear(&r);
  return status;
}

int cmd_apply(int argc, char **argv) {
  ExpertWords w = {0};
  Globals g;
  int status;
  const GOptionEntry entries[] = {EXPERT_RUN_AND_LABELS(w), G_OPTION_ENTRY_NULL};
  if (command_parse("apply", entries, NULL, &argc, &argv, &g, &status)) status = apply(argv[1], &w, &g);
  expert_words_clear(&w);
  globals_clear(&g);
  return status;
}
