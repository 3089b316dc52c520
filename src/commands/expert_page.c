/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/expert_page.h"

#include <math.h>
#include <string.h>

#include "core/text.h"
#include "experts/voice.h"
#include "search/opinion.h"

/* "93.1 % (90.2 to 95.4, 320 models, chance 5.0 %)"; "not measured". */
static void add_score(GString *s, const Score *score) {
  double share = score_headline(score);
  if (!isfinite(share)) {
    g_string_append(s, "<td class=\"d s\">not measured");
    return;
  }
  g_string_append_printf(s, "<td class=s data-v=%.4f>%.1f %%", share, 100 * share);
  g_string_append(s, " <span class=d>(");
  if (isfinite(score->low)) g_string_append_printf(s, "%.1f to %.1f, ", 100 * score->low, 100 * score->high);
  g_string_append_printf(s, "%u model%s, chance %.1f %%)</span>", score->n, score->n == 1 ? "" : "s",
                         100 * score->chance);
}

static void add_expert(GString *s, const Expert *x) {
  g_string_append(s, "<tr><th scope=row>");
  text_append_markup(s, x->name);
  g_string_append_printf(s, "<td>%s<td>", x->task == EXPERT_ALIGN ? "words" : "labels");
  text_append_markup(s, x->layer);
  g_string_append_printf(s, "<td class=n>%u", x->labels->len);
  add_score(s, &x->test);
  add_score(s, &x->test_holdout);
  g_string_append_c(s, '\n');
}

static void add_table(GString *s, const GPtrArray *experts) {
  g_string_append(s,
                  "<h2 id=\"experts\">Experts</h2>\n<div class=t tabindex=0 role=region "
                  "aria-label=\"Experts\"><table><caption>Experts and how often each is "
                  "right</caption><thead><tr><th scope=col>Expert<th scope=col>Answers in"
                  "<th scope=col>Layer<th scope=col class=n>Labels<th scope=col>Right, of concepts it was trained on"
                  "<th scope=col>Right, of concepts it never saw</thead><tbody>\n");
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

/* Colours of the labels that most points have; the others are grey. */
static const char *const colours[] = {"#3f8f5f", "#d9822b", "#4a78c8", "#c24d5a", "#8e63c0", "#17999c",
                                      "#a9892a", "#d064a6", "#6f8b2d", "#2e9bd6", "#b8623a", "#7a7fd1"};
static const char grey[] = "#8b938e";

typedef struct {
  const char *label; /* borrowed */
  unsigned n;
} Count;

static int most_first(gconstpointer a, gconstpointer b) {
  const Count *x = a, *y = b;
  return x->n != y->n ? (x->n < y->n) - (x->n > y->n) : strcmp(x->label, y->label);
}

/* Labels of the points, the commonest first. */
static GArray *count_labels(const Chart *c) {
  GArray *counts = g_array_new(FALSE, FALSE, sizeof(Count));
  g_autoptr(GHashTable) at = g_hash_table_new(g_str_hash, g_str_equal);
  for (guint i = 0; i < c->models->len; i++) {
    const char *label = model_concept(c->models->pdata[i], NULL);
    gpointer known;
    if (!label) continue;
    if (!g_hash_table_lookup_extended(at, label, NULL, &known)) {
      Count fresh = {label, 0};
      known = GUINT_TO_POINTER(counts->len);
      g_hash_table_insert(at, (gpointer)label, known);
      g_array_append_val(counts, fresh);
    }
    g_array_index(counts, Count, GPOINTER_TO_UINT(known)).n++;
  }
  g_array_sort(counts, most_first);
  return counts;
}

static const char *colour_of(const GArray *counts, const char *label) {
  for (guint i = 0; label && i < MIN(counts->len, (guint)G_N_ELEMENTS(colours)); i++)
    if (strcmp(g_array_index(counts, Count, i).label, label) == 0) return colours[i];
  return grey;
}

/* Those of the legend lie above the others, which are small: `named` says which of the two are drawn. */
static void add_point(GString *s, const Bounds *b, const Chart *c, guint i, const GArray *counts, bool named) {
  const Model *m = c->models->pdata[i];
  const char *label = model_concept(m, NULL), *colour = colour_of(counts, label);
  if (named != (colour != grey)) return;
  g_string_append_printf(s, "<circle cx=%.1f cy=%.1f r=%d fill=\"%s\"><title>", scaled(b, 0, (double)c->xy[2 * i]),
                         SIDE - scaled(b, 1, (double)c->xy[2 * i + 1]), named ? 4 : 3, colour);
  text_append_markup(s, m->name);
  if (label) g_string_append(s, ": ");
  text_append_markup(s, label);
  g_string_append(s, "</title></circle>\n");
}

static void add_swatch(GString *s, const char *colour, const char *label, unsigned n) {
  g_string_append_printf(s, "<li><svg width=10 height=10 aria-hidden=true><circle cx=5 cy=5 r=5 fill=\"%s\"/></svg>",
                         colour);
  text_append_markup(s, label);
  g_string_append_printf(s, " <span class=d>%u</span></li>\n", n);
}

static void add_legend(GString *s, const GArray *counts) {
  const guint named = MIN(counts->len, (guint)G_N_ELEMENTS(colours));
  unsigned others = 0;
  if (!counts->len) return;
  g_string_append(s, "<figcaption><ul>\n");
  for (guint i = 0; i < named; i++)
    add_swatch(s, colours[i], g_array_index(counts, Count, i).label, g_array_index(counts, Count, i).n);
  for (guint i = named; i < counts->len; i++) others += g_array_index(counts, Count, i).n;
  if (others) add_swatch(s, grey, "others", others);
  g_string_append(s, "</ul></figcaption>");
}

static void add_map(GString *s, const Chart *c) {
  const Bounds b = bounds_of(c);
  g_autoptr(GArray) counts = count_labels(c);
  g_string_append(s, "<h2 id=\"where\">Map</h2>\n<p class=d>Where ");
  text_append_markup(s, c->expert);
  g_string_append_printf(
      s,
      " sees %u model%s; near is alike. The axes carry %.0f %% and %.0f %% of the spread; a colour is "
      "what a model says it was trained on.</p>\n<figure><svg id=\"map\" role=\"img\" aria-label=\"Map of the "
      "models\" viewBox=\"0 0 %d %d\">\n",
      c->models->len, c->models->len == 1 ? "" : "s", 100 * c->shares[0], 100 * c->shares[1], SIDE, SIDE);
  for (guint i = 0; i < c->models->len; i++) add_point(s, &b, c, i, counts, false);
  for (guint i = 0; i < c->models->len; i++) add_point(s, &b, c, i, counts, true);
  g_string_append(s, "</svg>\n");
  add_legend(s, counts);
  g_string_append(s, "</figure>\n");
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
