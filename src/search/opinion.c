/* SPDX-License-Identifier: Apache-2.0 */
#include "search/opinion.h"

#include <math.h>
#include <string.h>

#include "core/error.h"
#include "numerics/tsne.h"
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

static bool speak(Opinion *o, const Voice *v, size_t row, char *const *labels, unsigned limit, GError **error) {
  const Expert *e = v->expert;
  g_autoptr(Choices) c = e->task == EXPERT_ALIGN && labels ? choices_new(e, v->encoder, labels, o->left_out, error)
                                                           : choices_own(e, v->encoder, error);
  if (!c) return false;
  g_autofree double *p = g_new0(double, c->names->len + 1);
  g_autofree float *logits = g_new0(float, c->names->len + 1);
  o->confidence = prediction_make(e, c, v->rep->rows + row * v->rep->width, p, logits);
  o->doubt = prediction_doubt(e, c, p, logits, o->confidence);
  o->threshold = expert_threshold(e, c->unseen);
  o->abstains = o->doubt != DOUBT_NONE;
  o->chance = o->align && c->names->len ? 1 / (double)c->names->len : 0;
  keep_labels(o, c, p, limit);
  return true;
}

static bool speaks_for(const Expert *e, const Model *m) {
  return e->layer && e->shapes && *m->shapes && strcmp(e->shapes, m->shapes) == 0;
}

/* Whether the expert was trained on the model. A training set asks the collection for keys and changes nothing in it. */
static Trained tell_trained(const VoiceSet *voices, const Expert *e, const Model *model) {
  if (!e->split) return TRAINED_NOT_KNOWN;
  g_autoptr(TrainingSet) set = training_set_new((Collection *)voice_set_collection(voices), e->split);
  return training_set_tell(set, model);
}

static bool was_cancelled(const GError *error) { return g_error_matches(error, COPSE_ERROR, COPSE_ERROR_CANCELLED); }

/* One expert's opinion; its problem says why when it has none. False only when cancelled. */
static bool form_opinion(Opinion *o, VoiceSet *voices, const Expert *e, const Model *model, char *const *labels,
                         unsigned limit, const Progress *progress, GError **error) {
  g_autoptr(GError) problem = NULL;
  const Voice *v = voice_set_open(voices, e, progress, &problem);
  gssize row = v ? nearest_row(v->rep, model) : -1;
  if (v && row < 0) o->problem = g_strdup("its layer cannot be read");
  if (row >= 0) speak(o, v, (size_t)row, labels, limit, &problem), o->trained = tell_trained(voices, e, model);
  if (was_cancelled(problem)) return g_propagate_error(error, g_steal_pointer(&problem)), false;
  if (problem) o->problem = g_strdup(problem->message);
  return true;
}

GPtrArray *opinions_new(VoiceSet *voices, const Model *model, char *const *labels, unsigned limit,
                        const Progress *progress, GError **error) {
  const GPtrArray *experts = voice_set_experts(voices);
  g_autoptr(GPtrArray) out = g_ptr_array_new_with_free_func(opinion_free);
  for (guint i = 0; i < experts->len; i++) {
    const Expert *e = experts->pdata[i];
    if (!progress_check(progress, error)) return NULL;
    if (!speaks_for(e, model)) continue;
    Opinion *o = opinion_start(e);
    g_ptr_array_add(out, o);
    if (!form_opinion(o, voices, e, model, labels, limit, progress, error)) return NULL;
  }
  return g_steal_pointer(&out);
}

static void neighbour_clear(void *data) { model_unref(((Neighbour *)data)->model); }

/* The models nearest to a row of the representations, best first. */
static GArray *neighbours_of(const Representations *r, size_t row, unsigned limit, const TrainingSet *set) {
  g_autoptr(GArray) near = nearest_to(r, row, limit);
  GArray *out = g_array_new(FALSE, TRUE, sizeof(Neighbour));
  g_array_set_clear_func(out, neighbour_clear);
  for (guint k = 0; k < near->len; k++) {
    const Nearest *n = &g_array_index(near, Nearest, k);
    Model *m = r->models->pdata[n->row];
    Neighbour one = {model_ref(m), n->score, training_set_tell(set, m)};
    g_array_append_val(out, one);
  }
  return out;
}

GArray *neighbours_new(VoiceSet *voices, const Model *model, unsigned limit, SafeText **expert,
                       const Progress *progress, GError **error) {
  const GPtrArray *experts = voice_set_experts(voices);
  *expert = NULL;
  for (guint i = 0; i < experts->len; i++) {
    const Expert *e = experts->pdata[i];
    if (!speaks_for(e, model)) continue;
    const Voice *v = voice_set_open(voices, e, progress, error);
    if (!v) return NULL;
    gssize row = nearest_row(v->rep, model);
    if (row < 0) continue;
    *expert = g_strdup(e->name);
    g_autoptr(TrainingSet) set = training_set_new((Collection *)voice_set_collection(voices), e->split);
    return neighbours_of(v->rep, (size_t)row, limit, set);
  }
  g_set_error_literal(error, COPSE_ERROR, COPSE_ERROR_NOT_FOUND, "no expert speaks for models of this architecture");
  return NULL;
}

static void unref_model(gpointer model) { model_unref(model); }

enum { KEPT_OF = 10, KEPT_SAMPLE = 400 };

static double kept_by(const Representations *r, const float *xy) {
  return tsne_kept(r->rows, r->models->len, r->width, xy, KEPT_OF, KEPT_SAMPLE);
}

Chart *chart_new(VoiceSet *voices, const Expert *expert, const Progress *progress, GError **error) {
  const Voice *v = voice_set_open(voices, expert, progress, error);
  if (!v) return NULL;
  const Representations *r = v->rep;
  Chart *c = g_new0(Chart, 1);
  c->xy = nearest_map(r, c->shares);
  c->kept = kept_by(r, c->xy);
  c->models = g_ptr_array_new_with_free_func(unref_model);
  for (guint i = 0; i < r->models->len; i++) g_ptr_array_add(c->models, model_ref(r->models->pdata[i]));
  c->expert = g_strdup(expert->name);
  return c;
}

/* Who is shown the map, and may end it. */
typedef struct {
  ChartStep step;
  void *user;
  const Progress *progress;
  GError **error;
} Viewer;

static bool show_step(void *user, const float *xy, unsigned done, unsigned total) {
  const Viewer *v = user;
  if (v->step) v->step(v->user, xy, done, total);
  return progress_step(v->progress, "laying out", done, total, v->error);
}

bool chart_spread(VoiceSet *voices, const Expert *expert, ChartStep step, void *user, double *kept,
                  const Progress *progress, GError **error) {
  const Voice *v = voice_set_open(voices, expert, progress, error);
  if (!v) return false;
  const Representations *r = v->rep;
  const TsneOptions options = TSNE_DEFAULTS;
  double shares[2];
  g_autofree float *xy = nearest_map(r, shares);
  Viewer viewer = {step, user, progress, error};
  if (!tsne_run(r->rows, r->models->len, r->width, &options, xy, show_step, &viewer)) return false;
  *kept = kept_by(r, xy);
  return true;
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

GHashTable *sayings_new(VoiceSet *voices, const Expert *e, const Progress *progress, GError **error) {
  const Voice *v = voice_set_open(voices, e, progress, error);
  g_autoptr(Choices) c = v ? choices_own(e, v->encoder, error) : NULL;
  if (!c) return NULL;
  const Representations *r = v->rep;
  GHashTable *predicted = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  g_autofree double *p = g_new0(double, c->names->len + 1);
  g_autofree float *logits = g_new0(float, c->names->len + 1);
  for (guint i = 0; i < r->models->len; i++) {
    const Model *m = r->models->pdata[i];
    g_hash_table_insert(predicted, g_strdup(m->path), saying(e, c, r->rows + i * r->width, p, logits));
  }
  return predicted;
}

const char *saying_sure(const char *saying) {
  const char *space = strrchr(saying, ' ');
  return space && g_ascii_isdigit(space[1]) ? space : NULL;
}
