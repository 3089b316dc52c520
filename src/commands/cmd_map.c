/* SPDX-License-Identifier: Apache-2.0 */
/* `copse map DIR`: where an expert's representations lie, in two dimensions (PCA). */
#include <stdio.h>

#include "commands/command.h"
#include "commands/commands.h"
#include "commands/expert_run.h"
#include "core/json.h"
#include "experts/task/label_source.h"
#include "search/nearest.h"

/* Labels from where the expert has its own, or from where is asked for; NULL when there is none. */
static LabelSource *labels_of(const ExpertRun *r, const char *source, GError **error) {
  LabelRequest wanted = {.source = source ? source : r->expert->label_key};
  if (!source) wanted.stop_words = r->expert->stop_words, wanted.min_count = r->expert->min_count;
  if (!wanted.source) return NULL;
  return label_source_new(r->models, &wanted, error);
}

static const char *label_of(const LabelSource *labels, const Model *m) {
  return labels ? label_source_first(labels, m) : NULL;
}

static void print_json(const ExpertRun *r, const LabelSource *labels, const float *xy, const double shares[2]) {
  cJSON *o = cJSON_CreateObject();
  json_add_string(o, "expert", r->expert->name);
  cJSON *spread = cJSON_AddArrayToObject(o, "spread");
  for (int k = 0; k < 2; k++) cJSON_AddItemToArray(spread, cJSON_CreateNumber(shares[k]));
  cJSON *points = cJSON_AddArrayToObject(o, "points");
  for (guint i = 0; i < r->rep->models->len; i++) {
    const Model *m = r->rep->models->pdata[i];
    cJSON *row = cJSON_CreateObject();
    json_add_string(row, "path", m->shown);
    json_add_number(row, "x", (double)xy[2 * i]);
    json_add_number(row, "y", (double)xy[2 * i + 1]);
    json_add_string(row, "label", label_of(labels, m));
    cJSON_AddItemToArray(points, row);
  }
  json_print(o);
}

static void print_text(const ExpertRun *r, const LabelSource *labels, const float *xy, const double shares[2]) {
  printf("%9s %9s  %s\n", "X", "Y", "MODEL  LABEL");
  for (guint i = 0; i < r->rep->models->len; i++) {
    const Model *m = r->rep->models->pdata[i];
    const char *label = label_of(labels, m);
    printf("%9.4f %9.4f  %s%s%s\n", (double)xy[2 * i], (double)xy[2 * i + 1], model_title(m), label ? "  " : "",
           label ? label : "");
  }
  printf("the axes carry %.1f %% and %.1f %% of the spread\n", 100 * shares[0], 100 * shares[1]);
}

static int run(const ExpertRun *r, const char *source, const Globals *g) {
  GError *error = NULL;
  double shares[2];
  g_autoptr(LabelSource) labels = labels_of(r, source, &error);
  if (error && source) return command_fail(error);
  g_clear_error(&error); /* the expert's own labels may be gone since */
  g_autofree float *xy = nearest_map(r->rep, shares);
  (g->json ? print_json : print_text)(r, labels, xy, shares);
  return STATUS_DONE;
}

int cmd_map(int argc, char **argv) {
  ExpertWords w = {0};
  g_autofree char *source = NULL;
  Globals g;
  int status;
  const GOptionEntry entries[] = {
      EXPERT_RUN_ENTRIES(w),
      {"label", 0, 0, G_OPTION_ARG_STRING, &source,
       "Where labels come from: KEY, folder, name, hand, tags or @FILE.csv (default: as the "
       "expert was trained)",
       "SOURCE"},
      G_OPTION_ENTRY_NULL};
  if (command_parse("map", entries, NULL, &argc, &argv, &g, &status)) {
    ExpertRun r;
    status = expert_run_open(&r, argv[1], &w, &g);
    if (status == STATUS_DONE && team_leads(g.team)) status = run(&r, source, &g);
    expert_run_clear(&r);
  }
  expert_words_clear(&w);
  globals_clear(&g);
  return status;
}
