/* SPDX-License-Identifier: Apache-2.0 */
/* `copse classify DIR MODEL --labels a,b,c`: which of these words fits the model best? */
#include <stdio.h>

#include "commands/command.h"
#include "commands/commands.h"
#include "commands/expert_run.h"
#include "commands/trained_mark.h"
#include "core/error.h"
#include "core/json.h"
#include "experts/prediction.h"
#include "encoders/concept_list.h"

/* Indices of p, most probable first. */
static int by_probability(gconstpointer a, gconstpointer b, gpointer p) {
  double x = ((double *)p)[*(const guint *)a], y = ((double *)p)[*(const guint *)b];
  return (x < y) - (x > y);
}

/* Which choices to print, most probable first: for classes only those that were asked for. */
static guint *print_order(const ExpertRun *r, const Choices *c, double *p, const char *list, guint *n) {
  guint *order = g_new(guint, c->names->len + 1);
  bool some = list && r->expert->task == EXPERT_CLASSIFY;
  g_auto(GStrv) asked = some ? concept_list_open(list, NULL) : NULL;
  *n = 0;
  for (guint i = 0; i < c->names->len; i++)
    if (!asked || g_strv_contains((const char *const *)asked, c->names->pdata[i])) order[(*n)++] = i;
  g_qsort_with_data(order, (gint)*n, sizeof *order, by_probability, p);
  return order;
}

/* What was asked for and what became of it. */
typedef struct {
  const ExpertRun *run;
  const char *list;    /* the user's labels, or NULL */
  GPtrArray *left_out; /* of char*: labels that the encoder does not know */
  int limit;           /* labels to print; 0: all */
  bool json;
} Asked;

static void print_left_out(const GPtrArray *left_out) {
  enum { NAMED = 8 };
  if (!left_out->len) return;
  printf("labels of unknown words, left out: ");
  for (guint i = 0; i < left_out->len && i < NAMED; i++)
    printf("%s%s", i ? ", " : "", (const char *)left_out->pdata[i]);
  if (left_out->len > NAMED) printf(", and %u more", left_out->len - NAMED);
  putchar('\n');
}

static void print_table(const Asked *a, const Choices *c, const double *p, const guint *order, guint n, guint total) {
  for (guint i = 0; i < n; i++) printf("  %5.1f %%  %s\n", 100 * p[order[i]], (char *)c->names->pdata[order[i]]);
  if (n < total) printf("  and %u more labels (-n 0 prints all)\n", total - n);
  print_left_out(a->left_out);
}

static void print_answer(const Asked *a, const Choices *c, double *p, bool abstain, size_t row, TrainedMarks *marks) {
  const ExpertRun *r = a->run;
  const Model *m = r->rep->models->pdata[row];
  guint total;
  g_autofree guint *order = print_order(r, c, p, a->list, &total);
  guint n = a->limit ? MIN((guint)a->limit, total) : total;
  if (!a->json) {
    printf("%s%s, by expert %s%s\n", model_title(m), trained_mark(marks, r->expert, m), r->expert->name,
           abstain ? ": not sure that any of them fits" : "");
    print_table(a, c, p, order, n, total);
    trained_marks_legend(marks);
    return;
  }
  cJSON *o = cJSON_CreateObject();
  json_add_string(o, "path", m->shown);
  json_add_string(o, "expert", r->expert->name);
  cJSON *labels = cJSON_AddArrayToObject(o, "labels");
  for (guint i = 0; i < n; i++) {
    cJSON *l = cJSON_CreateObject();
    json_add_string(l, "name", c->names->pdata[order[i]]);
    json_add_number(l, "p", p[order[i]]);
    cJSON_AddItemToArray(labels, l);
  }
  cJSON_AddBoolToObject(o, "abstain", abstain);
  trained_mark_json(marks, o, r->expert, m);
  cJSON *left_out = cJSON_AddArrayToObject(o, "left_out");
  for (guint i = 0; i < a->left_out->len; i++)
    cJSON_AddItemToArray(left_out, cJSON_CreateString(a->left_out->pdata[i]));
  json_print(o);
}

/* The user's labels; for classes only such as the expert has. */
static Choices *choose(const Asked *a, GError **error) {
  const ExpertRun *r = a->run;
  if (!a->list) return choices_own(r->expert, r->encoder, error);
  GError *problem = NULL;
  g_auto(GStrv) labels = concept_list_open(a->list, &problem);
  if (problem) {
    g_propagate_error(error, problem);
    return NULL;
  }
  if (r->expert->task == EXPERT_ALIGN) return choices_new(r->expert, r->encoder, labels, a->left_out, error);
  for (char **l = labels; *l; l++)
    if (!g_ptr_array_find_with_equal_func(r->expert->labels, *l, g_str_equal, NULL)) {
      g_autofree SafeText *shown = safe_text(*l, -1);
      g_set_error(error, COPSE_ERROR, COPSE_ERROR_NOT_FOUND,
                  "expert %s does not know the class '%s'; it has %u, see copse apply", r->expert->name, shown,
                  r->expert->labels->len);
      return NULL;
    }
  return choices_own(r->expert, r->encoder, error);
}

static int answer(const Asked *a, const char *model) {
  const ExpertRun *r = a->run;
  int status = STATUS_DONE;
  GError *error = NULL;
  gssize row = expert_run_find(r, model, &status);
  if (row < 0) return status;
  g_autoptr(Choices) c = choose(a, &error);
  if (!c) return command_fail(error);
  size_t n = c->names->len;
  g_autofree double *p = g_new(double, n + 1);
  g_autofree float *logits = g_new(float, n + 1);
  const float *e = r->rep->rows + (size_t)row * r->rep->width;
  double confidence = prediction_make(r->expert, c, e, p, logits);
  bool abstain = prediction_abstains(r->expert, c, p, logits, confidence);
  TrainedMarks marks;
  trained_marks_open(&marks, r->collection);
  print_answer(a, c, p, abstain, (size_t)row, &marks);
  trained_marks_clear(&marks);
  return STATUS_DONE;
}

int cmd_classify(int argc, char **argv) {
  g_autofree char *labels = NULL;
  ExpertWords w = {0};
  int limit = -1, status;
  Globals g;
  const GOptionEntry entries[] = {
      {"labels", 0, 0, G_OPTION_ARG_STRING, &labels,
       "Candidates: a,b,c or @cifar100, @imagenet, @tiny-imagenet, @FILE (default: the expert's own)", "LIST"},
      {"limit", 'n', 0, G_OPTION_ARG_INT, &limit, "Labels to print (default: 10, with --json all; 0: all)", "N"},
      EXPERT_RUN_ENTRIES(w),
      G_OPTION_ENTRY_NULL};
  if (command_parse("classify", entries, NULL, &argc, &argv, &g, &status)) {
    ExpertRun r;
    status = expert_run_open(&r, argv[1], &w, &g);
    g_autoptr(GPtrArray) left_out = g_ptr_array_new_with_free_func(g_free);
    const Asked asked = {&r, labels, left_out, limit >= 0 ? limit : g.json ? 0 : 10, g.json};
    if (status == STATUS_DONE) status = answer(&asked, argv[2]);
    expert_run_clear(&r);
  }
  expert_words_clear(&w);
  globals_clear(&g);
  return status;
}
