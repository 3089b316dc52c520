/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/fake_model.h"

#include <math.h>
#include <string.h>

#include "core/error.h"
#include "tests/unit/ui_fixture.h"

static void diff_row_clear(void *data) { g_free(((DiffRow *)data)->name); }

/* Layers that moved more and more; the last three are of no use. */
ModelDiff *fake_diff(const Collection *collection, const Model *p, const Model *x, const Progress *progress,
                     GError **error) {
  (void)collection, (void)p;
  if (!progress_step(progress, "comparing", 1, 2, error)) return NULL;
  ModelDiff *d = g_new0(ModelDiff, 1);
  d->rows = g_array_new(FALSE, TRUE, sizeof(DiffRow));
  g_array_set_clear_func(d->rows, diff_row_clear);
  d->relative = 0.0625;
  for (unsigned i = 0; i < 24; i++) {
    LayerState state = i < 20    ? LAYER_MOVED
                       : i == 20 ? LAYER_SAME
                       : i == 21 ? LAYER_OTHER_SHAPE
                       : i == 22 ? LAYER_ONLY_X
                                 : LAYER_ONLY_P;
    LayerSide side = {LAYER_DENSE, 768, i % 3 ? 768 : 3072, 0, x->dtypes[DTYPE_BF16] ? DTYPE_BF16 : DTYPE_F32};
    DiffRow row = {.name = g_strdup_printf("encoder.%u.attention.%s", i / 3,
                                           i % 3 == 0   ? "output"
                                           : i % 3 == 1 ? "query"
                                                        : "key"),
                   .state = state,
                   .p = side,
                   .x = side,
                   .distance = NAN,
                   .scale = NAN,
                   .size = NAN,
                   .relative = NAN};
    if (state == LAYER_ONLY_X) row.p = (LayerSide){0};
    if (state == LAYER_ONLY_P) row.x = (LayerSide){0};
    if (state == LAYER_OTHER_SHAPE) row.p.d_out = 512;
    if (state == LAYER_SAME) row.relative = row.distance = 0;
    if (state == LAYER_MOVED) row.relative = pow(10, -3.0 + i * 0.15), row.rank = 4 * i;
    d->count[state]++;
    g_array_append_val(d->rows, row);
  }
  return d;
}

ModelDiff *fake_layers(const Collection *collection, const Model *x, GError **error) {
  ModelDiff *d = fake_diff(collection, x, x, NULL, error);
  for (guint i = 0; i < d->rows->len; i++) {
    DiffRow *r = &g_array_index(d->rows, DiffRow, i);
    r->state = LAYER_ONLY_X;
    r->relative = NAN, r->rank = 0, r->scale = NAN;
    if (model_value(x, "alone")) r->distance = 0.5 + i, r->scale = 2, r->scale_source = "alpha of the tensor";
    r->p = (LayerSide){0};
    if (!r->x.d_out) r->x = (LayerSide){LAYER_DENSE, 2, 768, 0, DTYPE_F32};
  }
  return d;
}

static LayerFigures *figures_make(double sd) {
  LayerFigures *f = g_new0(LayerFigures, 1);
  *f = (LayerFigures){.entries = 768 * 768,
                      .mean = 0.001,
                      .sd = sd,
                      .least = -5 * sd,
                      .most = 5 * sd,
                      .low = -5 * sd,
                      .high = 5 * sd,
                      .norm = 768 * sd};
  for (int i = 0; i < FIGURE_BINS; i++) {
    double z = 10.0 * i / FIGURE_BINS - 5;
    f->bins[i] = (unsigned)(10000 * exp(-z * z / 2));
  }
  f->spectrum = g_new0(Spectrum, 1);
  f->spectrum->n = f->spectrum->full = 200;
  f->spectrum->values = g_new(double, 200);
  for (int i = 0; i < 200; i++) f->spectrum->values[i] = 10 * exp(-i / 25.0);
  return f;
}

bool fake_figures(const Collection *collection, const Model *p, const Model *x, const char *layer, LayerFigures **own,
                  LayerFigures **change, GError **error) {
  (void)collection, (void)x, (void)layer, (void)error;
  *own = figures_make(0.02);
  *change = p ? figures_make(0.003) : NULL;
  return true;
}

SafeText *fake_card(const Collection *collection, const Model *model, GError **error) {
  (void)collection;
  if (!strstr(model->path, "fine-tuned")) {
    g_set_error_literal(error, COPSE_ERROR, COPSE_ERROR_NOT_FOUND, "There is no card.");
    return NULL;
  }
  return safe_text_lines(
      "# Woodland\n\nA model of *animals* in the **wood**, trained on\nmany pictures; see "
      "[the paper](https://example.org/paper).\n\n## Use\n\n1. Load it\n2. Ask\n   - "
      "a fox\n   - an owl\n\n> Handle with care.\n\n```\nmodel.load()\n```\n\n| split | n "
      "|\n|---|---|\n| train | 900 |\n| test | 100 |\n",
      -1);
}

static void opinion_clear(gpointer data) {
  Opinion *o = data;
  for (guint i = 0; i < o->labels->len; i++) g_free(g_array_index(o->labels, OpinionLabel, i).label);
  g_array_unref(o->labels);
  g_ptr_array_unref(o->left_out);
  g_free(o->expert);
  g_free(o->layer);
  g_free(o);
}

GPtrArray *fake_opinions(VoiceSet *voices, const Model *model, char *const *labels, unsigned limit,
                         const Progress *progress, GError **error) {
  const GPtrArray *experts = voice_set_experts(voices);
  static const char *const own[] = {"a red fox", "a brown hare", "a barn owl", NULL};
  GPtrArray *out = g_ptr_array_new_with_free_func(opinion_clear);
  (void)limit, (void)progress, (void)error;
  for (guint k = 0; k < experts->len && model->kind == MODEL_LORA; k++) {
    const Expert *e = experts->pdata[k];
    Opinion *o = g_new0(Opinion, 1);
    *o = (Opinion){.expert = g_strdup(e->name),
                   .layer = g_strdup(e->layer),
                   .unseen = e->test_holdout,
                   .seen = e->test,
                   .align = k == 0,
                   .abstains = k == 1,
                   .confidence = k ? 0.41 : 0.9,
                   .threshold = 0.6,
                   .trained = k == 0 && g_str_equal(model->name, "hare-lora") ? TRAINED_ON : TRAINED_NOT,
                   .doubt = k == 1 ? DOUBT_UNSURE : DOUBT_NONE,
                   .left_out = g_ptr_array_new_with_free_func(g_free)};
    o->labels = g_array_new(FALSE, TRUE, sizeof(OpinionLabel));
    char *const *names = labels ? labels : (char *const *)own;
    for (guint i = 0; names[i]; i++) {
      if (g_str_has_prefix(names[i], "zz")) { /* no words; and what stands beside them does not fit */
        g_ptr_array_add(o->left_out, g_strdup(names[i]));
        o->abstains = true, o->doubt = k ? DOUBT_NO_LABEL : DOUBT_NO_FIT;
        continue;
      }
      OpinionLabel l = {g_strdup(names[i]), (k ? 0.41 : 0.9) / (1 << (2 * i))};
      g_array_append_val(o->labels, l);
    }
    g_ptr_array_add(out, o);
  }
  return out;
}

static void neighbour_drop(void *data) { model_unref(((Neighbour *)data)->model); }

GArray *fake_neighbours(VoiceSet *voices, const Model *model, unsigned limit, SafeText **expert,
                        const Progress *progress, GError **error) {
  const GPtrArray *models = voice_set_models(voices), *experts = voice_set_experts(voices);
  (void)limit, (void)progress, (void)error;
  GArray *near = g_array_new(FALSE, TRUE, sizeof(Neighbour));
  g_array_set_clear_func(near, neighbour_drop);
  for (guint i = 0; i < models->len && near->len < 6; i++) {
    Model *m = models->pdata[i];
    if (m->kind != MODEL_LORA || g_str_equal(m->path, model->path)) continue;
    Neighbour n = {model_ref(m), 0.95 - 0.2 * near->len, g_str_equal(m->name, "hare-lora") ? TRAINED_ON : TRAINED_NOT};
    g_array_append_val(near, n);
  }
  *expert = g_strdup(((Expert *)experts->pdata[0])->name);
  return near;
}

Chart *fake_chart(VoiceSet *voices, const Expert *expert, const Progress *progress, GError **error) {
  const GPtrArray *models = voice_set_models(voices);
  if (!progress_step(progress, "representing", 1, 1, error)) return NULL;
  Chart *c = g_new0(Chart, 1);
  c->models = g_ptr_array_new_with_free_func((GDestroyNotify)model_unref);
  c->xy = g_new(float, 2 * models->len + 2);
  c->kept = 0.31;
  c->shares[0] = 0.41, c->shares[1] = 0.13;
  c->expert = g_strdup(expert->name);
  for (guint i = 0; i < models->len; i++) {
    c->xy[2 * i] = (float)((i * 37) % 11) - 5, c->xy[2 * i + 1] = (float)((i * 53) % 7) - 3;
    g_ptr_array_add(c->models, model_ref(models->pdata[i]));
  }
  return c;
}

/* Ten steps in which the points walk to a circle. */
bool fake_spread(VoiceSet *voices, const Expert *expert, ChartStep step, void *user, double *kept,
                 const Progress *progress, GError **error) {
  enum { STEPS = 10 };
  guint n = voice_set_models(voices)->len;
  g_autofree float *xy = g_new0(float, 2 * n + 1);
  (void)expert;
  for (unsigned s = 1; s <= STEPS; s++) {
    for (guint i = 0; i < n; i++) {
      double at = 2 * G_PI * i / n;
      xy[2 * i] = (float)(cos(at) * s), xy[2 * i + 1] = (float)(sin(at) * s);
    }
    step(user, xy, s, STEPS);
    if (!progress_step(progress, "laying out", s, STEPS, error)) return false;
  }
  *kept = 0.78;
  return true;
}

GHashTable *fake_sayings(VoiceSet *voices, const Expert *expert, const Progress *progress, GError **error) {
  const GPtrArray *models = voice_set_models(voices);
  (void)expert, (void)progress, (void)error;
  GHashTable *said = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  for (guint i = 0; i < models->len; i++)
    g_hash_table_insert(said, g_strdup(((Model *)models->pdata[i])->path),
                        g_strdup(i % 4 ? "a red fox 0.93" : "don't know"));
  return said;
}

static void group_clear(void *data) { g_ptr_array_unref(((KeepMember *)data)->paths); }

static void group_drop(gpointer data) {
  g_array_unref(((KeepGroup *)data)->members);
  g_free(data);
}

/* The copies that the forest tells of, and a second group for tables to have. */
GPtrArray *fake_duplicates(Collection *collection, const Forest *forest, KeepRule rule, const char *pattern,
                           GError **error) {
  static const char *const why[] = {"named by a card", "the oldest", "the smallest", "in a Hub cache"};
  static const char *const pairs[][2] = {{"birch/fox-lora", "birch/copy-of-fox"}, {"oak/狐の木", "oak/café-étude"}};
  GPtrArray *groups = g_ptr_array_new_with_free_func(group_drop);
  (void)pattern, (void)error;
  for (size_t i = 0; i < G_N_ELEMENTS(pairs) && !((const FakeWood *)(const void *)collection)->empty; i++) {
    KeepGroup *g = g_new0(KeepGroup, 1);
    g->members = g_array_new(FALSE, TRUE, sizeof(KeepMember));
    g_array_set_clear_func(g->members, group_clear);
    for (guint n = 0; n < forest->nodes->len; n++) {
      const Model *m = forest_node(forest, n)->model;
      if (!m || (strcmp(m->path, pairs[i][0]) != 0 && strcmp(m->path, pairs[i][1]) != 0)) continue;
      KeepMember one = {n, i == 1 && g->members->len == 1, false, g_ptr_array_new_with_free_func(g_free), m->bytes};
      g_ptr_array_add(one.paths, g_strdup(m->file));
      g_array_append_val(g->members, one);
    }
    g->keep = rule == KEEP_OLDEST && i == 0;
    g->why = why[rule];
    g->frees = g_array_index(g->members, KeepMember, 1 - g->keep).frees;
    g_ptr_array_add(groups, g);
  }
  return groups;
}
