/* SPDX-License-Identifier: Apache-2.0 */
/* `copse like DIR MODEL`: the models nearest to one, as an expert sees them. */
#include <stdio.h>

#include "commands/command.h"
#include "commands/commands.h"
#include "commands/expert_run.h"
#include "commands/trained_mark.h"
#include "core/error.h"
#include "core/json.h"
#include "search/nearest.h"

static const Model *model_at(const ExpertRun *r, const GArray *near, guint i) {
  return r->rep->models->pdata[g_array_index(near, Nearest, i).row];
}

static void print_json(const ExpertRun *r, const GArray *near, TrainedMarks *marks) {
  cJSON *o = cJSON_CreateObject();
  cJSON *results = cJSON_AddArrayToObject(o, "results");
  for (guint i = 0; i < near->len; i++) {
    cJSON *row = cJSON_CreateObject();
    json_add_string(row, "path", model_at(r, near, i)->shown);
    json_add_number(row, "score", g_array_index(near, Nearest, i).score);
    json_add_string(row, "expert", r->expert->name);
    trained_mark_json(marks, row, r->expert, model_at(r, near, i));
    cJSON_AddItemToArray(results, row);
  }
  json_print(o);
}

static void print_text(const ExpertRun *r, const GArray *near, TrainedMarks *marks) {
  if (near->len) printf("%4s  %6s  %s\n", "#", "COSINE", "MODEL");
  for (guint i = 0; i < near->len; i++) {
    const Model *m = model_at(r, near, i);
    printf("%4u  %6.3f  %s%s\n", i + 1, g_array_index(near, Nearest, i).score, model_title(m),
           trained_mark(marks, r->expert, m));
  }
  trained_marks_legend(marks);
}

static int answer(const ExpertRun *r, const char *model, int limit, bool json) {
  int status = STATUS_DONE;
  gssize row = expert_run_find(r, model, &status);
  if (row < 0) return status;
  g_autoptr(GArray) near = nearest_to(r->rep, (size_t)row, (size_t)limit);
  TrainedMarks marks;
  trained_marks_open(&marks, r->collection);
  if (json) print_json(r, near, &marks);
  else print_text(r, near, &marks);
  trained_marks_clear(&marks);
  return STATUS_DONE;
}

int cmd_like(int argc, char **argv) {
  ExpertWords w = {0};
  int limit = 10, status;
  Globals g;
  const GOptionEntry entries[] = {
      {"limit", 'n', 0, G_OPTION_ARG_INT, &limit, "Answers to print (default 10; 0: all)", "N"},
      EXPERT_RUN_ENTRIES(w),
      G_OPTION_ENTRY_NULL};
  if (command_parse("like", entries, NULL, &argc, &argv, &g, &status)) {
    ExpertRun r;
    status = expert_run_open(&r, argv[1], &w, &g);
    if (status == STATUS_DONE) status = answer(&r, argv[2], MAX(limit, 0), g.json);
    expert_run_clear(&r);
  }
  expert_words_clear(&w);
  globals_clear(&g);
  return status;
}
