/* SPDX-License-Identifier: Apache-2.0 */
/* `copse classify DIR MODEL --labels a,b,c`: which of these words fits the model best? */
#include <stdio.h>

#include "commands/command.h"
#include "commands/commands.h"
#include "commands/expert_run.h"
#include "core/error.h"
#include "core/json.h"
#include "experts/prediction.h"
#include "text/concept_list.h"

static void print_answer(const ExpertRun *r, const Choices *c, const double *p, double confidence,
                         size_t row, bool json) {
  const Model *m = r->rep->models->pdata[row];
  bool abstain = prediction_abstains(r->expert, confidence);
  if (!json) {
    printf("%s, by expert %s%s\n", m->shown, r->expert->name, abstain ? ": not sure" : "");
    for (guint i = 0; i < c->names->len; i++)
      printf("  %5.1f %%  %s\n", 100 * p[i], (char *)c->names->pdata[i]);
    return;
  }
  cJSON *o = cJSON_CreateObject();
  json_add_string(o, "path", m->shown);
  json_add_string(o, "expert", r->expert->name);
  cJSON *labels = cJSON_AddArrayToObject(o, "labels");
  for (guint i = 0; i < c->names->len; i++) {
    cJSON *l = cJSON_CreateObject();
    json_add_string(l, "name", c->names->pdata[i]);
    json_add_number(l, "p", p[i]);
    cJSON_AddItemToArray(labels, l);
  }
  cJSON_AddBoolToObject(o, "abstain", abstain);
  json_print(o);
}

static int answer(const ExpertRun *r, const char *model, const char *list, bool json) {
  int status = STATUS_DONE;
  GError *error = NULL;
  gssize row = expert_run_find(r, model, &status);
  if (row < 0) return status;
  g_auto(GStrv) labels = list ? concept_list_open(list, &error) : NULL;
  if (error) return command_fail(error);
  g_autoptr(Choices) c = labels && r->expert->task == EXPERT_ALIGN
                             ? choices_new(r->expert, r->encoder, labels, &error)
                             : choices_own(r->expert, r->encoder, &error);
  if (!c) return command_fail(error);
  g_autofree double *p = g_new(double, c->names->len + 1);
  double confidence = prediction_make(r->expert, c, r->rep->rows + (size_t)row * r->rep->width, p, NULL);
  print_answer(r, c, p, confidence, (size_t)row, json);
  return STATUS_DONE;
}

int cmd_classify(int argc, char **argv) {
  g_autofree char *expert = NULL, *labels = NULL;
  Globals g;
  int status;
  const GOptionEntry entries[] = {
      {"labels", 0, 0, G_OPTION_ARG_STRING, &labels,
       "Candidates: a,b,c or @cifar100, @imagenet, @tiny-imagenet, @FILE (default: the expert's own)",
       "LIST"},
      {"expert", 0, 0, G_OPTION_ARG_FILENAME, &expert, "Name or file (default: the best one)", "E"},
      G_OPTION_ENTRY_NULL};
  if (command_parse("classify", entries, NULL, &argc, &argv, &g, &status)) {
    ExpertRun r;
    status = expert_run_open(&r, argv[1], expert, NULL, &g);
    if (status == STATUS_DONE) status = answer(&r, argv[2], labels, g.json);
    expert_run_clear(&r);
  }
  globals_clear(&g);
  return status;
}
