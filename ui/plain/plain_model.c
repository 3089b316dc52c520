/* SPDX-License-Identifier: Apache-2.0 */
/* The conversation about one model: the pages of its view, in words. */
#include <math.h>
#include <string.h>

#include "core/text.h"
#include "lineage/forest/node_fields.h"
#include "ui/desk/opinion_text.h"
#include "ui/plain/plain_talk.h"

enum { VALUE_COLUMNS = 200, LABELS_MOST = 100 };

static const ForestNode *node_of(const Talk *t, const Model *m) {
  int at = forest_find(t->forest, m);
  return at >= 0 ? forest_node(t->forest, (unsigned)at) : NULL;
}

/* The model it was made from, when that is on this disk. */
static const Model *parent_of(const Talk *t, const Model *m) {
  const ForestNode *node = node_of(t, m);
  if (!node || !node->parents->len) return NULL;
  return forest_node(t->forest, g_array_index(node->parents, ParentEdge, 0).parent)->model;
}

static void say_family(const Talk *t, const Model *m) {
  const ForestNode *node = node_of(t, m);
  if (!node) return;
  for (guint i = 0; i < node->parents->len; i++) {
    const ParentEdge *e = &g_array_index(node->parents, ParentEdge, i);
    fprintf(t->out, "Comes from %s: %s %s, %.0f %% sure.\n", forest_node(t->forest, e->parent)->name,
            edge_source_name(e->source), edge_kind_name(e->kind), 100 * e->confidence);
  }
  if (!node->parents->len) fputs("It is the root of its tree.\n", t->out);
  if (node->card_conflict) fputs("Its card names another parent than the weights.\n", t->out);
  if (node->duplicate_of >= 0)
    fprintf(t->out, "It holds the same tensors as %s.\n", forest_node(t->forest, (unsigned)node->duplicate_of)->name);
  guint n = node->children->len;
  fprintf(t->out, "%u model%s directly from it.\n", n, n == 1 ? " descends" : "s descend");
}

static bool has_fact(const Model *m, const char *key) {
  for (guint i = 0; i < m->facts->len; i++)
    if (strcmp(((const Fact *)m->facts->pdata[i])->key, key) == 0) return true;
  return false;
}

/* The fields of which neither a sentence nor a fact tells. */
static void say_fields(const Talk *t, const Model *m) {
  static const bool told[FIELD_COUNT] = {
      [FIELD_PATH] = true,     [FIELD_NAME] = true,   [FIELD_KIND] = true,         [FIELD_FORMAT] = true,
      [FIELD_PARAMS] = true,   [FIELD_BYTES] = true,  [FIELD_TENSORS] = true,      [FIELD_PARENT] = true,
      [FIELD_EDGE] = true,     [FIELD_SOURCE] = true, [FIELD_CONFIDENCE] = true,   [FIELD_CHILDREN] = true,
      [FIELD_CONFLICT] = true, [FIELD_TREE] = true,   [FIELD_DUPLICATE_OF] = true,
  };
  const ForestNode *node = node_of(t, m);
  for (int f = 0; node && f < FIELD_COUNT; f++) {
    const char *name = field_info((ModelField)f)->name;
    if (told[f] || has_fact(m, name)) continue;
    g_autofree char *text = node_field_shown(t->forest, node, (ModelField)f, models_label_key(t->models));
    g_autofree char *fitted = text ? text_fit(text, VALUE_COLUMNS, "~") : NULL;
    if (fitted && *g_strstrip(fitted)) fprintf(t->out, "%s: %s.\n", name, fitted);
  }
}

void tell_model(Talk *t, const char *argument) {
  g_autoptr(Model) m = talk_find(t, argument);
  if (!m) return;
  g_autofree char *params = model_field_shown(m, FIELD_PARAMS, NULL), *bytes = model_field_shown(m, FIELD_BYTES, NULL);
  fprintf(t->out, "%s\nA %s model in %s: %s parameters in %u tensor%s, %s on disk.\n", m->shown,
          model_kind_name(m->kind), m->format, params, m->tensors, m->tensors == 1 ? "" : "s", bytes);
  say_family(t, m);
  say_fields(t, m);
  for (guint i = 0; i < m->facts->len && i < 2 * TALK_LISTED; i++) {
    const Fact *f = m->facts->pdata[i];
    g_autofree char *value = text_fit(f->value, VALUE_COLUMNS, "~");
    fprintf(t->out, "%s: %s, says %s.\n", f->key, g_strchomp(value), f->source);
  }
}

/* "encoder.query, 768 by 768, F32: moved, 0.0625 of its size." `alone`: there is nothing beside them. */
static void say_rows(const Talk *t, const ModelDiff *d, bool alone) {
  for (guint i = 0; i < d->rows->len; i++) {
    const DiffRow *r = &g_array_index(d->rows, DiffRow, i);
    const LayerSide *side = r->x.d_out ? &r->x : &r->p;
    fprintf(t->out, "%s, %zu by %zu, %s", r->name, (size_t)side->d_out, (size_t)side->d_in, dtype_name(side->dtype));
    if (!alone) fprintf(t->out, ": %s", layer_state_name(r->state));
    if (isfinite(r->relative)) fprintf(t->out, ", %.3g of its size", r->relative);
    fputs(".\n", t->out);
  }
}

void tell_layers(Talk *t, const char *argument) {
  GError *error = NULL;
  g_autoptr(Model) m = talk_find(t, argument);
  if (!m) return;
  const Model *p = parent_of(t, m);
  g_autoptr(ModelDiff) d =
      p ? t->ops->diff(t->collection, p, m, NULL, &error) : t->ops->layers(t->collection, m, &error);
  if (!d) {
    talk_complain(t, error);
    return;
  }
  if (p) fprintf(t->out, "Beside its parent %s:\n", p->shown);
  else fputs("Its parent is not on this disk:\n", t->out);
  say_rows(t, d, p == NULL);
}

void tell_diff(Talk *t, const char *argument) {
  GError *error = NULL;
  g_auto(GStrv) names = g_strsplit(argument, " ", 2);
  if (g_strv_length(names) != 2) {
    fputs("Two models are compared: diff MODEL MODEL.\n", t->out);
    return;
  }
  g_autoptr(Model) p = talk_find(t, names[0]);
  g_autoptr(Model) x = p ? talk_find(t, names[1]) : NULL;
  if (!x) return;
  g_autoptr(ModelDiff) d = t->ops->diff(t->collection, p, x, NULL, &error);
  if (!d) {
    talk_complain(t, error);
    return;
  }
  say_rows(t, d, false);
  for (guint i = 0; d->others && i < d->others->len; i++) {
    const DiffRow *r = &g_array_index(d->others, DiffRow, i);
    if (r->state != LAYER_SAME) fprintf(t->out, "%s, no layer: %s.\n", r->name, layer_state_name(r->state));
  }
}

static void say_figures(const Talk *t, const char *what, const LayerFigures *f) {
  fprintf(t->out, "%s: mean %.2g, standard deviation %.3g, from %.3g to %.3g, norm %.4g, %.1f %% zeros.\n", what,
          f->mean, f->sd, f->least, f->most, f->norm, 100 * f->zeros);
  double stable = spectrum_stable_rank(f->spectrum);
  if (!isfinite(stable) || f->spectrum->n == 0) return;
  fprintf(t->out, "Its singular values begin at %.3g; its stable rank is %.1f of %zu.\n", f->spectrum->values[0],
          stable, f->spectrum->full);
}

void tell_layer(Talk *t, const char *argument) {
  GError *error = NULL;
  g_auto(GStrv) names = g_strsplit(argument, " ", 2);
  if (g_strv_length(names) != 2) {
    fputs("A layer of a model: layer MODEL NAME. layers MODEL names them.\n", t->out);
    return;
  }
  g_autoptr(Model) m = talk_find(t, names[0]);
  if (!m) return;
  g_autoptr(LayerFigures) own = NULL;
  g_autoptr(LayerFigures) change = NULL;
  if (!t->ops->figures(t->collection, parent_of(t, m), m, names[1], &own, &change, &error)) {
    talk_complain(t, error);
    return;
  }
  say_figures(t, "The weights", own);
  if (change) say_figures(t, "Their change from the parent", change);
}

void tell_card(Talk *t, const char *argument) {
  GError *error = NULL;
  g_autoptr(Model) m = talk_find(t, argument);
  g_autofree SafeText *card = m ? t->ops->card(t->collection, m, &error) : NULL;
  if (card) fprintf(t->out, "%s\n", card);
  else if (m) talk_complain(t, error);
}

void tell_like(Talk *t, const char *argument) {
  GError *error = NULL;
  g_autoptr(Model) m = talk_find(t, argument);
  g_autofree SafeText *expert = NULL;
  if (!m) return;
  if (!t->experts->len) {
    fputs("No expert speaks for models like that.\n", t->out);
    return;
  }
  g_autoptr(GArray) near = t->ops->neighbours(talk_voices(t), m, TALK_LISTED, &expert, NULL, &error);
  if (!near) {
    talk_complain(t, error);
    return;
  }
  for (guint i = 0; i < near->len; i++) {
    const Neighbour *n = &g_array_index(near, Neighbour, i);
    fprintf(t->out, "%u: %s, %.2f alike", i + 1, n->model->shown, n->score);
    if (n->trained == TRAINED_ON) fprintf(t->out, ". %s", opinion_trained_text());
    fputc('\n', t->out);
  }
  fprintf(t->out, "%u models, as %s sees them.\n", near->len, expert ? expert : "an expert");
}

static void say_opinions(Talk *t, const Model *m, char *const *labels) {
  GError *error = NULL;
  g_autoptr(GPtrArray) all = t->ops->opinions(talk_voices(t), m, labels, 5, NULL, &error);
  if (!all) {
    talk_complain(t, error);
    return;
  }
  for (guint i = 0; i < all->len; i++) {
    const Opinion *o = all->pdata[i];
    g_autofree char *doubt = opinion_doubt_text(o), *left_out = opinion_left_out_text(o);
    if (doubt) fprintf(t->out, "%s: %s. It guesses:", o->expert, doubt);
    else fprintf(t->out, "%s%s", o->expert, o->problem ? "" : " says:");
    if (o->problem) fprintf(t->out, " says nothing: %s", o->problem);
    for (guint k = 0; k < o->labels->len; k++)
      fprintf(t->out, " %s, %.0f %%;", g_array_index(o->labels, OpinionLabel, k).label,
              100 * g_array_index(o->labels, OpinionLabel, k).p);
    if (left_out) fprintf(t->out, " %s", left_out);
    if (o->trained == TRAINED_ON) fprintf(t->out, " %s.", opinion_trained_text());
    fputc('\n', t->out);
  }
  if (!all->len) fputs("No expert speaks for models like that.\n", t->out);
}

void tell_says(Talk *t, const char *argument) {
  g_autoptr(Model) m = talk_find(t, argument);
  if (m) say_opinions(t, m, NULL);
}

void tell_labels(Talk *t, const char *argument) {
  g_auto(GStrv) parts = g_strsplit(argument, " ", 2);
  if (g_strv_length(parts) != 2) {
    fputs("Labels are named after the model: labels MODEL a fox, a hare.\n", t->out);
    return;
  }
  g_autoptr(Model) m = talk_find(t, parts[0]);
  g_auto(GStrv) labels = g_strsplit(parts[1], ",", LABELS_MOST);
  for (char **l = labels; *l; l++) g_strstrip(*l);
  if (m) say_opinions(t, m, labels);
}
