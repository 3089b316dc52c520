/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/experts/form_facts.h"

#include "session/form_jobs.h"
#include "session/model_jobs.h"

void form_facts_init(FormFacts *f, Ui *ui) {
  f->ui = ui;
  latest_job_init(&f->layers, &ui->engine, engine_free_diff);
  latest_job_init(&f->sources, &ui->engine, engine_free_label_counts);
  latest_job_init(&f->counts, &ui->engine, g_free);
}

void form_facts_reset(FormFacts *f) {
  latest_job_reset(&f->layers);
  latest_job_reset(&f->sources);
  latest_job_reset(&f->counts);
  g_clear_pointer(&f->asked, g_free);
}

/* A model that carries the usual label, to ask for its layers; counts them all. */
static Model *find_labelled(FormFacts *f, const Ui *ui) {
  Model *first = NULL;
  f->labelled = 0;
  for (guint i = 0; ui->wood->label_key && i < ui->wood->models->len; i++) {
    Model *m = ui->wood->models->pdata[i];
    if (!model_value(m, ui->wood->label_key)) continue;
    if (!first) first = m;
    f->labelled++;
  }
  return first;
}

void form_facts_ask(FormFacts *f, Ui *ui) {
  if (!ui->wood) return;
  Model *one = find_labelled(f, ui);
  if (one && latest_job_is_fresh(&f->layers))
    f->layers.job = engine_diff(&ui->engine, NULL, one, latest_job_done, &f->layers);
  if (latest_job_is_fresh(&f->sources))
    f->sources.job = engine_label_counts(&ui->engine, ui->wood, latest_job_done, &f->sources);
}

void form_facts_show(const FormFacts *f, TrainForm *form) {
  form->layers = f->layers.result;
  form->sources = f->sources.result;
  form->counts = f->counts.result;
  form->shortage = f->counts.job || f->counts.result ? NULL : f->counts.problem;
  train_form_settle_task(form, f->ui->wood ? f->ui->wood->label_key : NULL);
}

/* What decides which models are used. The caller frees it. */
static char *wish_text(const TrainOptions *o) {
  return g_strdup_printf("%d %d %s %s %s %" G_GUINT64_FORMAT, (int)o->task, o->tree, o->label_key ? o->label_key : "",
                         o->encoder ? o->encoder : "", o->prompts ? o->prompts : "", o->seed);
}

void form_facts_follow(FormFacts *f, TrainForm *form) {
  TrainOptions options;
  form_facts_show(f, form);
  if (!f->ui->wood || !train_form_read(form, &options)) return;
  g_autofree char *wish = wish_text(&options);
  if (g_strcmp0(wish, f->asked) == 0) return;
  latest_job_reset(&f->counts);
  form->counts = NULL, form->shortage = NULL;
  f->counts.job = engine_train_counts(&f->ui->engine, f->ui->wood, &options, latest_job_done, &f->counts);
  g_free(f->asked);
  f->asked = g_steal_pointer(&wish);
}
