/* SPDX-License-Identifier: Apache-2.0 */
/* `copse map DIR`: where an expert's representations lie, in two dimensions (PCA). */
#include <stdio.h>

#include "commands/command.h"
#include "commands/commands.h"
#include "commands/expert_run.h"
#include "core/json.h"
#include "search/nearest.h"

static const char *label_of(const ExpertRun *r, const Model *m) {
  return r->expert->label_key ? model_value(m, r->expert->label_key) : NULL;
}

static void print_json(const ExpertRun *r, const float *xy, const double shares[2]) {
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
    json_add_string(row, "label", label_of(r, m));
    cJSON_AddItemToArray(points, row);
  }
  json_print(o);
}

static void print_text(const ExpertRun *r, const float *xy, const double shares[2]) {
  for (guint i = 0; i < r->rep->models->len; i++)
    printf("%9.4f %9.4f  %s\n", (double)xy[2 * i], (double)xy[2 * i + 1],
           ((const Model *)r->rep->models->pdata[i])->shown);
  printf("the axes carry %.1f %% and %.1f %% of the spread\n", 100 * shares[0], 100 * shares[1]);
}

int cmd_map(int argc, char **argv) {
  ExpertWords w = {0};
  Globals g;
  int status;
  const GOptionEntry entries[] = {EXPERT_RUN_ENTRIES(w), G_OPTION_ENTRY_NULL};
  if (command_parse("map", entries, NULL, &argc, &argv, &g, &status)) {
    ExpertRun r;
    double shares[2];
    status = expert_run_open(&r, argv[1], &w, &g);
    g_autofree float *xy = status == STATUS_DONE ? nearest_map(r.rep, shares) : NULL;
    if (xy) (g.json ? print_json : print_text)(&r, xy, shares);
    expert_run_clear(&r);
  }
  expert_words_clear(&w);
  globals_clear(&g);
  return status;
}
