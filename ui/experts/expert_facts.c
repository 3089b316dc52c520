/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/experts/expert_facts.h"

#include <inttypes.h>
#include <math.h>

#include "core/text.h"
#include "ui/toolkit/lines.h"
#include "ui/toolkit/paint.h"

enum { LABEL = 12, TWO_FROM = 100, LABELS_MOST = 40 };

/* "41 % 33–50, chance 1.2 %, top-5 70 %, 120 models": of labels one by one, F1 and precision in top-5's place. */
static void add_score(Lines *l, const char *label, const Score *s, bool ascii) {
  g_autofree char *rate = score_text(s, 0, ascii);
  if (!isfinite(score_headline(s)) || !s->n) {
    lines_fact(l, label, LABEL, STYLE_DIM, "not measured");
    return;
  }
  GString *text = g_string_new(rate);
  if (isfinite(s->top5)) g_string_append_printf(text, ", top-5 %.0f %%", 100 * s->top5);
  if (isfinite(s->f1)) g_string_append_printf(text, ", F1 %.2f", s->f1);
  if (isfinite(s->ap)) g_string_append_printf(text, ", precision %.2f", s->ap);
  g_string_append_printf(text, ", %u models of %u labels", s->n, s->classes);
  lines_fact(l, label, LABEL, STYLE_TEXT, text->str);
  g_string_free(text, TRUE);
}

static void add_labels(Lines *l, const Expert *e) {
  guint n = e->labels ? e->labels->len : 0;
  GString *text = g_string_new(NULL);
  g_string_printf(text, "%u: ", n);
  for (guint i = 0; i < MIN(n, (guint)LABELS_MOST); i++)
    g_string_append_printf(text, "%s%s", i ? ", " : "", (const char *)e->labels->pdata[i]);
  if (n > LABELS_MOST) g_string_append(text, ", and others");
  if (n) lines_fact(l, "labels", LABEL, STYLE_CONCEPT, text->str);
  g_string_free(text, TRUE);
}

/* When it says that it does not know. */
static void add_doubt(Lines *l, const Expert *e) {
  if (!isfinite(e->threshold) || !isfinite(e->answered)) return;
  g_autofree char *text = g_strdup_printf(
      "answers %.0f %% of the tested models, %.0f %% of these rightly; of the others "
      "it says that it does not know",
      100 * e->answered, 100 * e->answered_right);
  lines_fact(l, "doubt", LABEL, STYLE_TEXT, text);
}

static void add_training(Lines *l, const Expert *e, bool paths) {
  g_autofree char *took = text_seconds(e->seconds);
  g_autofree char *how = e->kernel ? g_strdup("in closed form,") : g_strdup_printf("%u epochs in", e->epochs);
  g_autofree char *text = g_strdup_printf("%s %s, seed %" PRIu64, how, took, e->seed);
  lines_fact(l, "trained", LABEL, STYLE_TEXT, text);
  lines_fact(l, "label key", LABEL, STYLE_TEXT, e->label_key);
  lines_fact(l, "encoder", LABEL, STYLE_TEXT, e->encoder);
  g_autofree SafeText *path = e->path && paths ? safe_text(e->path, -1) : NULL;
  lines_fact(l, "file", LABEL, STYLE_DIM, path);
}

void expert_facts_draw(Cells *cells, Rect area, const Expert *e, bool paths) {
  bool two = area.columns >= TWO_FROM;
  int half = two ? (area.columns - 2) / 2 : area.columns;
  g_autoptr(Lines) left = lines_new(half);
  g_autoptr(Lines) right = two ? lines_new(half) : NULL;
  Lines *more = right ? right : left;
  paint_left(cells, area.x, area.y, area.columns, STYLE_TITLE, e->name);
  area.y++, area.rows--;
  lines_fact(left, "task", LABEL, STYLE_TEXT,
             e->task == EXPERT_ALIGN ? "align: answers any words" : "classify: names a label");
  lines_fact(left, "layer", LABEL, STYLE_TEXT, e->layer);
  add_score(left, "unseen", &e->test_holdout, cells->ascii);
  add_score(left, "seen", &e->test, cells->ascii);
  add_score(left, "validation", &e->val, cells->ascii);
  add_doubt(left, e);
  add_training(more, e, paths);
  add_labels(more, e);
  lines_draw(left, cells, (Rect){area.x, area.y, half, area.rows}, 0);
  if (right) lines_draw(right, cells, (Rect){area.x + half + 2, area.y, half, area.rows}, 0);
}

char *expert_sentence(const Expert *expert, bool ascii) {
  const Score *score = &expert->test_holdout;
  const char *what = "unseen";
  if (!isfinite(score_headline(score)) || !score->n) score = &expert->test, what = "seen";
  if (!isfinite(score_headline(score)) || !score->n) return g_strdup_printf("%s: not measured", expert->name);
  g_autofree char *rate = score_text(score, 0, ascii);
  return g_strdup_printf("%s: %s %s, %u tries", expert->name, what, rate, score->n);
}
