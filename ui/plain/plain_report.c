/* SPDX-License-Identifier: Apache-2.0 */
/* The conversation about what stands side by side: models fact by fact, and an expert in every respect. */
#include <math.h>
#include <string.h>

#include "core/text.h"
#include "experts/measure/evaluation.h"
#include "lineage/forest/lineup.h"
#include "ui/plain/plain_talk.h"

/* The nodes of the models that are named, with commas or spaces between; NULL after a complaint. */
static GArray *nodes_named(const Talk *t, const char *argument) {
  g_autoptr(GArray) nodes = g_array_new(FALSE, FALSE, sizeof(guint));
  g_auto(GStrv) names = g_strsplit(argument, strchr(argument, ',') ? "," : " ", LINEUP_MODELS);
  for (char **name = names; *name; name++) {
    if (!*g_strstrip(*name)) continue;
    g_autoptr(Model) model = talk_find(t, *name);
    int node = model ? forest_find(t->forest, model) : -1;
    if (node < 0) return NULL;
    g_array_append_val(nodes, node);
  }
  return g_steal_pointer(&nodes);
}

static const char *name_at(const Talk *t, const GArray *nodes, guint i) {
  return forest_node(t->forest, g_array_index(nodes, guint, i))->name;
}

/* "dtype: fox F16; owl F16; elm BF16, which stands out." */
static void say_fact(const Talk *t, const GArray *nodes, const LineupRow *row) {
  fprintf(t->out, "%s:", row->name);
  for (guint i = 0; i < nodes->len; i++)
    fprintf(t->out, "%s %s %s%s", i ? ";" : "", name_at(t, nodes, i), *row->texts[i] ? row->texts[i] : "says nothing",
            row->odd[i] ? ", which stands out" : "");
  fputs(".\n", t->out);
}

void tell_compare(Talk *t, const char *argument) {
  g_autoptr(GArray) nodes = nodes_named(t, argument);
  if (!nodes) return;
  if (nodes->len < 2) {
    fputs("Two models or more are compared: compare MODEL, MODEL, MODEL.\n", t->out);
    return;
  }
  g_autoptr(Lineup) lineup = lineup_new(t->forest, nodes, t->label_key);
  for (guint i = 0; i < lineup->rows->len; i++) {
    const LineupRow *row = lineup->rows->pdata[i];
    if (!row->same) say_fact(t, nodes, row);
  }
  g_autofree char *sum = lineup_text(lineup);
  fprintf(t->out, "%s.\n", sum);
}

static const Expert *expert_named(const Talk *t, const char *name) {
  if (!*name && t->experts->len) return t->experts->pdata[0];
  int at = experts_index(t->experts, name);
  return at >= 0 ? t->experts->pdata[at] : NULL;
}

/* "Sure 90 to 100 %: 41 answers, 97 % sure in the mean, 95 % right." */
static void say_group(const Talk *t, const char *what, const Group *g) {
  if (!g->score.n || !isfinite(score_headline(&g->score))) return;
  fprintf(t->out, "Of %u %s models it is right on %.0f %%; guessing: %.1f %%.\n", g->score.n, what,
          100 * score_headline(&g->score), 100 * g->score.chance);
  for (int b = 0; b < RELIABILITY_BINS; b++) {
    const ReliabilityBin *bin = &g->bins[b];
    if (bin->n)
      fprintf(t->out, "Sure %d to %d %%: %zu answer%s, %.0f %% sure in the mean, %.0f %% right.\n", 10 * b,
              10 * (b + 1), bin->n, bin->n == 1 ? "" : "s", 100 * bin->confidence, 100 * bin->right);
  }
}

/* "a brown hare was taken for a red fox 7 times." */
static void say_confusions(const Talk *t, const Evaluation *e) {
  guint n = e->confusions->len;
  for (guint i = 0; i < MIN(n, (guint)TALK_LISTED); i++) {
    const Confusion *c = &g_array_index(e->confusions, Confusion, i);
    fprintf(t->out, "%s was taken for %s %u time%s.\n", c->right, c->said, c->count, c->count == 1 ? "" : "s");
  }
  if (n > TALK_LISTED) fprintf(t->out, "And %u pairs more.\n", n - TALK_LISTED);
}

/* "a brown hare: right on 20 % of 12 models." */
static void say_labels(const Talk *t, const Evaluation *e) {
  guint n = e->classes->len;
  if (n) fputs("The hardest labels:\n", t->out);
  for (guint i = 0; i < MIN(n, (guint)TALK_LISTED); i++) {
    const ClassRow *c = &g_array_index(e->classes, ClassRow, i);
    fprintf(t->out, "%s: right on %.0f %% of %u models%s.\n", c->label, 100 * c->accuracy, c->n,
            c->unseen ? ", though it was never trained on it" : "");
  }
  if (n > TALK_LISTED) fprintf(t->out, "And %u labels more.\n", n - TALK_LISTED);
}

/* The curve in five points. */
static void say_curve(const Talk *t, const Expert *expert) {
  enum { POINTS = 5 };
  guint n = expert->curve ? expert->curve->len : 0;
  if (!n) return;
  fputs("Its training, by epoch:", t->out);
  for (guint i = 0; i < MIN(n, (guint)POINTS); i++) {
    guint at = n <= POINTS ? i : i * (n - 1) / (POINTS - 1);
    const EpochRow *row = &g_array_index(expert->curve, EpochRow, at);
    fprintf(t->out, "%s %u loss %.3g", i ? ";" : "", at + 1, row->loss);
    if (isfinite(row->val_score)) fprintf(t->out, ", validation %.0f %%", 100 * row->val_score);
  }
  if (isfinite(expert->val.chance)) fprintf(t->out, "; guessing: %.1f %%", 100 * expert->val.chance);
  fputs(".\n", t->out);
}

void tell_report(Talk *t, const char *argument) {
  GError *error = NULL;
  const Expert *expert = expert_named(t, argument);
  if (!expert) {
    fputs(t->experts->len ? "There is no expert of that name; experts lists them.\n" : "There is no expert yet.\n",
          t->out);
    return;
  }
  g_autoptr(Evaluation) e = t->ops->evaluate(t->collection, t->models, expert, NULL, &error);
  if (!e) {
    talk_complain(t, error);
    return;
  }
  fprintf(t->out, "%s.\n", expert->name);
  say_group(t, "seen", &e->seen);
  say_group(t, "unseen", &e->unseen);
  if (isfinite(e->shortcut))
    fprintf(t->out, "Without weights, by rank, size, tool, date and creator alone: %.1f %% %s.\n", 100 * e->shortcut,
            expert->task == EXPERT_ALIGN ? "right" : "explained");
  say_confusions(t, e);
  say_labels(t, e);
  say_curve(t, expert);
}
