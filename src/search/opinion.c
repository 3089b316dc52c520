/* SPDX-License-Identifier: Apache-2.0 */
#include "search/opinion.h"

#include <math.h>
#include <string.h>

#include "core/error.h"
#include "experts/representation.h"
#include "search/nearest.h"

static void label_clear(void *data) { g_free(((OpinionLabel *)data)->label); }

static void opinion_free(gpointer data) {
  Opinion *o = data;
  g_free(o->expert);
  g_free(o->layer);
  g_free(o->problem);
  g_array_unref(o->labels);
  g_ptr_array_unref(o->left_out);
  g_free(o);
}

static Opinion *opinion_start(const Expert *e) {
  Opinion *o = g_new0(Opinion, 1);
  o->expert = g_strdup(e->name);
  o->layer = g_strdup(e->layer ? e->layer : "");
  o->unseen = e->test_holdout, o->seen = e->test;
  o->align = e->task == EXPERT_ALIGN;
  o->confidence = NAN;
  o->threshold = e->threshold;
  o->labels = g_array_new(FALSE, TRUE, sizeof(OpinionLabel));
  g_array_set_clear_func(o->labels, label_clear);
  o->left_out = g_ptr_array_new_with_free_func(g_free);
  return o;
}

static int likeliest_first(gconstpointer a, gconstpointer b) {
  const OpinionLabel *x = a, *y = b;
  return (x->p < y->p) - (x->p > y->p);
}

static void keep_labels(Opinion *o, const Choices *c, const double *p, unsigned limit) {
  for (guint i = 0; i < c->names->len; i++) {
    OpinionLabel l = {g_strdup(c->names->pdata[i]), p[i]};
    g_array_append_val(o->labels, l);
  }
  g_array_sort(o->labels, likeliest_first);
  if (limit && o->labels->len > limit) g_array_set_size(o->labels, limit);
}

static TextEncoder *encoder_for(const Expert *e, GError **error) {
  return e->task == EXPERT_ALIGN ? expert_open_encoder(e, error) : NULL;
}

static bool speak(Opinion *o, const Expert *e, const Representations *r, size_t row, char *const *labels,
                  unsigned limit, GError **error) {
  bool align = e->task == EXPERT_ALIGN;
  TextEncoder *encoder = encoder_for(e, error);
  if (align && !encoder) return false;
  g_autoptr(Choices) c =
      align && labels ? choices_new(e, encoder, labels, o->left_out, error) : choices_own(e, encoder, error);
  if (c) {
    g_autofree double *p = g_new0(double, c->names->len + 1);
    g_autofree float *logits = g_new0(float, c->names->len + 1);
    o->confidence = prediction_make(e, c, r->rows + row * r->width, p, logits);
    o->doubt = prediction_doubt(e, c, p, logits, o->confidence);
    o->abstains = o->doubt != DOUBT_NONE;
    keep_labels(o, c, p, limit);
  }
  text_encoder_free(encoder);
  return c != NULL;
}

static bool speaks_for(const Expert *e, const Model *m) {
  return e->layer && e->shapes && *m->shapes && strcmp(e->shapes, m->shapes) == 0;
}

static bool was_cancelled(const GError *error) { return g_error_matches(error, COPSE_ERROR, COPSE_ERROR_CANCELLED); }

GPtrArray *opinions_new(const Collection *collection, const GPtrArray *models, const GPtrArray *experts,
                        const Model *model, char *const *labels, unsigned limit, const Progress *progress,
                        GError **error) {
  g_autoptr(GPtrArray) out = g_ptr_array_new_with_free_func(opinion_free);
  for (guint i = 0; i < experts->len; i++) {
    const Expert *e = experts->pdata[i];
    g_autoptr(GError) problem = NULL;
    if (!progress_check(progress, error)) return NULL;
    if (!speaks_for(e, model)) continue;
    Opinion *o = opinion_start(e);
    g_ptr_array_add(out, o);
    g_autoptr(Representations) r = representations_open(collection, e, models, NULL, progress, &problem);
    gssize row = r ? nearest_row(r, model) : -1;
    if (r && row < 0) o->problem = g_strdup("its layer cannot be read");
    if (row >= 0) speak(o, e, r, (size_t)row, labels, limit, &problem);
    if (was_cancelled(problem)) return g_propagate_error(error, g_steal_pointer(&problem)), NULL;
    if (problem) o->problem = g_strdup(problem->message);
  }
  return g_steal_pointer(&out);
}

static void neighbour_clear(void *data) { model_unref(((Neighbour *)data)->model); }

GArray *neighbours_new(const Collection *collection, const GPtrArray *models, const GPtrArray *experts,
                       const Model *model, unsigned limit, SafeText **expert, const Progress *progress,
                       GError **error) {
  *expert = NULL;
  for (guint i = 0; i < experts->len; i++) {
    const Expert *e = experts->pdata[i];
    if (!speaks_for(e, model)) continue;
    g_autoptr(Representations) r = representations_open(collection, e, models, NULL, progress, error);
    if (!r) return NULL;
    gssize row = nearest_row(r, model);
    if (row < 0) continue;
    g_autoptr(GArray) near = nearest_to(r, (size_t)row, limit);
    GArray *out = g_array_new(FALSE, TRUE, sizeof(Neighbour));
    g_array_set_clear_func(out, neighbour_clear);
    for (guint k = 0; k < near->len; k++) {
      const Nearest *n = &g_array_index(near, Nearest, k);
      Neighbour one = {model_ref(r->models->pdata[n->row]), n->score};
      g_array_append_val(out, one);
    }
    *expert = g_strdup(e->name);
    return out;
  }
  g_set_error_literal(error, COPSE_ERROR, COPSE_ERROR_NOT_FOUND, "no expert speaks for models of this architecture");
  return NULL;
}

static void unref_model(gpointer model) { model_unref(model); }

Chart *chart_new(const Collection *collection, const GPtrArray *models, const Expert *expert, const Progress *progress,
                 GError **error) {
  g_autoptr(Representations) r = representations_open(collection, expert, models, NULL, progress, error);
  if (!r) return NULL;
  Chart *c = g_new0(Chart, 1);
  c->xy = nearest_map(r, c->shares);
  c->models = g_ptr_array_new_with_free_func(unref_model);
  for (guint i = 0; i < r->models->len; i++) g_ptr_array_add(c->models, model_ref(r->models->pdata[i]));
  c->expert = g_strdup(expert->name);
  return c;
}

void chart_free(Chart *c) {
  if (!c) return;
  g_ptr_array_unref(c->models);
  g_free(c->xy);
  g_free(c->expert);
  g_free(c);
}

/* The likeliest label and its probability. */
static char *saying(const Expert *e, const Choices *c, const float *row, double *p, float *logits) {
  double confidence = prediction_make(e, c, row, p, logits);
  guint best = 0;
  if (c->names->len == 0 || prediction_abstains(e, c, p, logits, confidence)) return g_strdup("don't know");
  for (guint i = 1; i < c->names->len; i++)
    if (p[i] > p[best]) best = i;
  return g_strdup_printf("%s %.2f", (const char *)c->names->pdata[best], p[best]);
}

GHashTable *sayings_new(const Collection *collection, const GPtrArray *models, const Expert *e,
                        const Progress *progress, GError **error) {
  g_autoptr(Representations) r = representations_open(collection, e, models, NULL, progress, error);
  if (!r) return NULL;
  TextEncoder *encoder = encoder_for(e, error);
  if (e->task == EXPERT_ALIGN && !encoder) return NULL;
  g_autoptr(Choices) c = choices_own(e, encoder, error);
  GHashTable *predicted = c ? g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free) : NULL;
  g_autofree double *p = c ? g_new0(double, c->names->len + 1) : NULL;
  g_autofree float *logits = c ? g_new0(float, c->names->len + 1) : NULL;
  for (guint i = 0; predicted && i < r->models->len; i++) {
    const Model *m = r->models->pdata[i];
    g_hash_table_insert(predicted, g_strdup(m->path), saying(e, c, r->rows + i * r->width, p, logits));
  }
  text_encoder_free(encoder);
  return predicted;
}
