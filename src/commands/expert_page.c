/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/expert_page.h"

#include <math.h>

#include "experts/voice.h"
#include "search/opinion.h"

static void add_safe(GString *s, const char *text) {
  g_autofree char *safe = g_markup_escape_text(text ? text : "", -1);
  g_string_append(s, safe);
}

/* "93.1 % (90.2 to 95.4, 320 models, chance 5.0 %)"; "not measured". */
static void add_score(GString *s, const Score *score) {
  double share = score_headline(score);
  if (!isfinite(share)) {
    g_string_append(s, "<td class=d>not measured");
    return;
  }
  g_string_append_printf(s, "<td class=n data-v=%.4f>%.1f %%", share, 100 * share);
  g_string_append(s, " <span class=d>(");
  if (isfinite(score->low)) g_string_append_printf(s, "%.1f to %.1f, ", 100 * score->low, 100 * score->high);
  g_string_append_printf(s, "%u model%s, chance %.1f %%)</span>", score->n, score->n == 1 ? "" : "s",
                         100 * score->chance);
}

static void add_expert(GString *s, const Expert *x) {
  g_string_append(s, "<tr><th scope=row>");
  add_safe(s, x->name);
  g_string_append_printf(s, "<td>%s<td>", x->task == EXPERT_ALIGN ? "words" : "labels");
  add_safe(s, x->layer);
  g_string_append_printf(s, "<td class=n>%u", x->labels->len);
  add_score(s, &x->test);
  add_score(s, &x->test_holdout);
  g_string_append_c(s, '\n');
}

static void add_table(GString *s, const GPtrArray *experts) {
  g_string_append(
      s,
      "<h2>Experts</h2>\n<div class=t><table><thead><tr><th scope=col>expert<th scope=col>answers in"
      "<th scope=col>layer<th scope=col class=n>labels<th scope=col class=n>right, concepts it was trained on"
      "<th scope=col class=n>right, concepts it never saw</thead><tbody>\n");
  for (guint i = 0; i < experts->len; i++) add_expert(s, experts->pdata[i]);
  g_string_append(s, "</tbody></table></div>\n");
}

/* --- the map ----------------------------------------------------------------------------------------- */

enum { SIDE = 600, MARGIN = 12 };

typedef struct {
  double low[2], high[2];
} Bounds;

static Bounds bounds_of(const Chart *c) {
  Bounds b = {{INFINITY, INFINITY}, {-INFINITY, -INFINITY}};
  for (guint i = 0; i < c->models->len; i++)
    for (int k = 0; k < 2; k++) {
      double v = (double)c->xy[2 * i + k];
      b.low[k] = fmin(b.low[k], v);
      b.high[k] = fmax(b.high[k], v);
    }
  return b;
}

static double scaled(const Bounds *b, int k, double v) {
  double spread = b->high[k] - b->low[k];
  return MARGIN + (spread > 0 ? (v - b->low[k]) / spread : .5) * (SIDE - 2 * MARGIN);
}

static void add_point(GString *s, const Bounds *b, const Chart *c, guint i) {
  const Model *m = c->models->pdata[i];
  const char *label = model_concept(m, NULL);
  guint hue = label ? g_str_hash(label) % 360 : 0;
  g_string_append_printf(s, "<circle cx=%.1f cy=%.1f r=3 fill=\"hsl(%u %d%% 50%%)\"><title>",
                         scaled(b, 0, (double)c->xy[2 * i]), SIDE - scaled(b, 1, (double)c->xy[2 * i + 1]), hue,
                         label ? 65 : 0);
  add_safe(s, m->name);
  if (label) g_string_append(s, ": ");
  add_safe(s, label);
  g_string_append(s, "</title></circle>\n");
}

static void add_map(GString *s, const Chart *c) {
  const Bounds b = bounds_of(c);
  g_string_append(s, "<h2>Map</h2>\n<p class=d>Where ");
  add_safe(s, c->expert);
  g_string_append_printf(
      s,
      " sees %u models; near is alike. The axes carry %.0f %% and %.0f %% of the spread; a colour is "
      "what a model says it was trained on.</p>\n<svg id=\"map\" role=\"img\" aria-label=\"Map of the "
      "models\" viewBox=\"0 0 %d %d\">\n",
      c->models->len, 100 * c->shares[0], 100 * c->shares[1], SIDE, SIDE);
  for (guint i = 0; i < c->models->len; i++) add_point(s, &b, c, i);
  g_string_append(s, "</svg>\n");
}

/* The first expert that can be drawn. */
static Chart *first_chart(const Collection *collection, const GPtrArray *models, const GPtrArray *experts,
                          GPtrArray *warnings, const Progress *progress) {
  g_autoptr(VoiceSet) voices = voice_set_new(collection, models, experts);
  Chart *chart = NULL;
  for (guint i = 0; i < experts->len && !chart; i++) {
    g_autoptr(GError) error = NULL;
    chart = chart_new(voices, experts->pdata[i], progress, &error);
    if (!chart) g_ptr_array_add(warnings, g_strdup(error->message));
    else if (chart->models->len == 0) g_clear_pointer(&chart, chart_free);
  }
  return chart;
}

char *expert_page(const Collection *collection, const GPtrArray *models, GPtrArray *warnings,
                  const Progress *progress) {
  g_autoptr(GPtrArray) experts = expert_list(collection, warnings, NULL);
  GString *s = g_string_new(NULL);
  if (experts && experts->len) {
    add_table(s, experts);
    g_autoptr(Chart) chart = first_chart(collection, models, experts, warnings, progress);
    if (chart) add_map(s, chart);
  }
  return g_string_free(s, FALSE);
}
