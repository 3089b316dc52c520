/* SPDX-License-Identifier: Apache-2.0 */
/* `copse map DIR`: where an expert's representations lie, in two dimensions (PCA). */
#include <stdio.h>

#include "commands/command.h"
#include "commands/commands.h"
#include "commands/expert_run.h"
#include "core/json.h"
#include "search/nearest.h"

static void print_point(const ExpertRun *r, guint i, const float *xy, bool json) {
  const Model *m = r->rep->models->pdata[i];
  const char *label = r->expert->label_key ? model_value(m, r->expert->label_key) : NULL;
  if (!json) {
    printf("%9.4f %9.4f  %s\n", (double)xy[2 * i], (double)xy[2 * i + 1], m->shown);
    return;
  }
  cJSON *o = cJSON_CreateObject();
  json_add_string(o, "path", m->shown);
  json_add_number(o, "x", (double)xy[2 * i]);
  json_add_number(o, "y", (double)xy[2 * i + 1]);
  json_add_string(o, "label", label);
  json_print_line(o);
}

int cmd_map(int argc, char **argv) {
  g_autofree char *expert = NULL;
  Globals g;
  int status;
  const GOptionEntry entries[] = {
      {"expert", 0, 0, G_OPTION_ARG_FILENAME, &expert, "Name or file (default: the best one)", "E"},
      G_OPTION_ENTRY_NULL};
  if (command_parse("map", entries, NULL, &argc, &argv, &g, &status)) {
    ExpertRun r;
    double shares[2];
    status = expert_run_open(&r, argv[1], expert, NULL, &g);
    g_autofree float *xy = status == STATUS_DONE ? nearest_map(r.rep, shares) : NULL;
    for (guint i = 0; xy && i < r.rep->models->len; i++) print_point(&r, i, xy, g.json);
    if (xy && !g.json)
      printf("the axes carry %.1f %% and %.1f %% of the spread\n", 100 * shares[0], 100 * shares[1]);
    expert_run_clear(&r);
  }
  globals_clear(&g);
  return status;
}
