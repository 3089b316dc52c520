/* SPDX-License-Identifier: Apache-2.0 */
#include "experts/kernel/kernel_store.h"

#include <math.h>
#include <string.h>

#include "core/error.h"
#include "core/json.h"
#include "numerics/linalg.h"

enum { MOST_TERMS = 4096, MOST_MODELS = 100000 };

/* --- writing --------------------------------------------------------------------------------------- */

static void put(KernelParts *p, char *name, size_t rows, size_t columns, const float *data) {
  TensorOut t = tensor_out_matrix(name, rows, columns, data);
  g_ptr_array_add(p->names, name);
  if (rows * columns > 0) g_array_append_val(p->tensors, t);
}

/* A side that no view looks at is not stored. */
static bool needs(const Kernel *k, size_t layer, bool (*looks)(KernelView view)) {
  for (guint t = 0; t < k->terms->len; t++) {
    const KernelTerm *at = &g_array_index(k->terms, KernelTerm, t);
    if (at->layer == layer && looks(at->view)) return true;
  }
  return false;
}

static void put_layer(KernelParts *p, const Kernel *k, guint l) {
  const KernelRows *r = k->rows->pdata[l];
  float *facts = g_new(float, 2 * r->n); /* rank of each model; 1 where it is empty */
  for (size_t i = 0; i < r->n; i++) {
    facts[i] = (float)(r->first[i + 1] - r->first[i]);
    facts[r->n + i] = r->empty[i] ? 1 : 0;
  }
  g_ptr_array_add(p->held, facts);
  put(p, g_strdup_printf("kernel.%u.models", l), 2, r->n, facts);
  size_t rows = r->first[r->n];
  if (r->form == LAYER_DENSE) {
    put(p, g_strdup_printf("kernel.%u.x", l), r->n, r->d_out * r->d_in, r->x);
    return;
  }
  put(p, g_strdup_printf("kernel.%u.s", l), 1, rows, r->s);
  if (needs(k, l, kernel_view_left_is_u)) put(p, g_strdup_printf("kernel.%u.u", l), rows, r->d_out, r->u);
  if (needs(k, l, kernel_view_right_is_v)) put(p, g_strdup_printf("kernel.%u.v", l), rows, r->d_in, r->v);
}

static void put_gate(KernelParts *p, const KernelGate *g) {
  float *models = g_new(float, g->n + 1);
  for (size_t i = 0; i < g->n; i++) models[i] = (float)g->model[i];
  g_ptr_array_add(p->held, models);
  put(p, g_strdup("kernel.gate.models"), 1, g->n, models);
  put(p, g_strdup("kernel.gate.form"), g->n, g->n, g->form);
  put(p, g_strdup("kernel.gate.slope"), 1, g->n, g->slope);
}

KernelParts kernel_store_parts(const Kernel *k) {
  KernelParts p = {g_array_new(FALSE, TRUE, sizeof(TensorOut)), g_ptr_array_new_with_free_func(g_free),
                   g_ptr_array_new_with_free_func(g_free)};
  for (guint l = 0; l < k->layers->len; l++) put_layer(&p, k, l);
  for (guint t = 0; t < k->terms->len; t++) {
    const KernelTerm *at = &g_array_index(k->terms, KernelTerm, t);
    put(&p, g_strdup_printf("kernel.term.%u.mean", t), 1, k->n, at->scale->mean);
    put(&p, g_strdup_printf("kernel.term.%u.spread", t), 1, k->n, at->scale->spread);
  }
  for (guint i = 0; i < k->directions->len; i++) {
    const Directions *o = k->directions->pdata[i];
    put(&p, g_strdup_printf("kernel.direction.%u.d", i), o->labels, o->d, o->d_of);
    put(&p, g_strdup_printf("kernel.direction.%u.gain", i), 1, o->labels, o->gain);
    put(&p, g_strdup_printf("kernel.direction.%u.offset", i), 1, o->labels, o->offset);
  }
  for (int h = 0; h < KERNEL_HEADS; h++) {
    put(&p, g_strdup_printf("kernel.head.%d.a", h), k->n, k->head[h].width, k->head[h].a);
    put(&p, g_strdup_printf("kernel.head.%d.b", h), 1, k->head[h].width, k->head[h].b);
  }
  if (k->gate) put_gate(&p, k->gate);
  return p;
}

void kernel_store_parts_clear(KernelParts *p) {
  g_array_unref(p->tensors);
  g_ptr_array_unref(p->names);
  g_ptr_array_unref(p->held);
}

static cJSON *layer_json(const Kernel *k, guint l) {
  const KernelRows *r = k->rows->pdata[l];
  cJSON *o = cJSON_CreateObject();
  json_add_string(o, "name", k->layers->pdata[l]);
  cJSON_AddBoolToObject(o, "dense", r->form == LAYER_DENSE);
  cJSON_AddNumberToObject(o, "d_out", (double)r->d_out);
  cJSON_AddNumberToObject(o, "d_in", (double)r->d_in);
  return o;
}

static cJSON *term_json(const KernelTerm *t) {
  cJSON *o = cJSON_CreateObject();
  g_autofree char *view = kernel_view_name(t->view);
  cJSON_AddNumberToObject(o, "layer", (double)t->layer);
  json_add_string(o, "view", view);
  cJSON_AddNumberToObject(o, "seen", (double)t->weight[KERNEL_SEEN]);
  cJSON_AddNumberToObject(o, "unseen", (double)t->weight[KERNEL_UNSEEN]);
  return o;
}

static cJSON *direction_json(const Directions *d) {
  cJSON *o = cJSON_CreateObject();
  g_autofree char *view = kernel_view_name(d->view);
  cJSON_AddNumberToObject(o, "layer", (double)d->layer);
  json_add_string(o, "view", view);
  cJSON_AddNumberToObject(o, "weight", (double)d->weight);
  return o;
}

char *kernel_store_text(const Kernel *k) {
  g_autoptr(cJSON) o = cJSON_CreateObject();
  cJSON_AddNumberToObject(o, "models", (double)k->n);
  cJSON_AddBoolToObject(o, "one_hot", k->one_hot);
  json_add_number(o, "left_out_seen", k->left_out[0]);
  json_add_number(o, "left_out_unseen", k->left_out[1]);
  json_add_number(o, "least_norm", k->least_norm);
  json_add_number(o, "unseen_temperature", k->unseen_temperature);
  json_add_number(o, "unseen_threshold", k->unseen_threshold);
  if (k->gate) {
    cJSON *gate = cJSON_AddObjectToObject(o, "gate");
    json_add_number(gate, "offset", k->gate->offset);
    json_add_number(gate, "threshold", k->gate->threshold);
    json_add_number(gate, "passed", k->gate->passed);
  }
  cJSON *layers = cJSON_AddArrayToObject(o, "layers"), *terms = cJSON_AddArrayToObject(o, "terms");
  cJSON *lambdas = cJSON_AddArrayToObject(o, "lambda");
  for (int h = 0; h < KERNEL_HEADS; h++) cJSON_AddItemToArray(lambdas, cJSON_CreateNumber(k->head[h].lambda));
  for (guint l = 0; l < k->layers->len; l++) cJSON_AddItemToArray(layers, layer_json(k, l));
  for (guint t = 0; t < k->terms->len; t++)
    cJSON_AddItemToArray(terms, term_json(&g_array_index(k->terms, KernelTerm, t)));
  if (k->directions->len) {
    cJSON *directions = cJSON_AddArrayToObject(o, "directions");
    cJSON_AddNumberToObject(o, "ridge", (double)k->ridge);
    for (guint i = 0; i < k->directions->len; i++)
      cJSON_AddItemToArray(directions, direction_json(k->directions->pdata[i]));
  }
  return cJSON_PrintUnformatted(o);
}

/* --- reading ---------------------------------------------------------------------------------------- */

bool kernel_store_is_there(WeightFile *f) { return g_hash_table_contains(weight_file_metadata(f), "copse.kernel"); }

static bool refuse(WeightFile *f, const char *what, GError **error) {
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT, "%s: no kernel expert: %s; damaged? train it again",
              weight_file_label(f), what);
  return false;
}

/* A tensor of exactly rows x columns finite numbers into dst; `name` is a printf format for `index`. */
static bool take(WeightFile *f, const char *name, size_t rows, size_t columns, float *dst, GError **error) {
  gssize i = weight_file_find(f, name);
  const TensorInfo *t = i >= 0 ? weight_file_info(f, (size_t)i) : NULL;
  size_t n;
  if (__builtin_mul_overflow(rows, columns, &n) || !t || t->rank != 2 || t->shape[0] != rows || t->shape[1] != columns)
    return refuse(f, t ? "a tensor has another shape" : "a tensor is not there", error);
  if (!weight_file_read_f32(f, (size_t)i, 0, n, dst, error)) return false;
  return first_not_finite(dst, n) == n || refuse(f, "a tensor holds what is no number", error);
}

/* Rows and columns of a tensor; false when it is none of two dimensions. */
static bool size_of(WeightFile *f, const char *name, size_t *rows, size_t *columns) {
  gssize i = weight_file_find(f, name);
  const TensorInfo *t = i >= 0 ? weight_file_info(f, (size_t)i) : NULL;
  if (!t || t->rank != 2) return false;
  *rows = t->shape[0];
  *columns = t->shape[1];
  return true;
}

/* The ranks of a layer's models, as its tensor says. */
static size_t *read_ranks(WeightFile *f, Kernel *k, unsigned l, float *facts, GError **error) {
  g_autofree char *name = g_strdup_printf("kernel.%u.models", l);
  if (!take(f, name, 2, k->n, facts, error)) return NULL;
  size_t *ranks = g_new0(size_t, k->n + 1);
  for (size_t i = 0; i < k->n; i++) ranks[i] = facts[i] >= 0 && facts[i] <= LAYER_MAX_RANK ? (size_t)facts[i] : 0;
  return ranks;
}

static bool read_side(WeightFile *f, unsigned l, char side, size_t rows, size_t d, float *dst, GError **error) {
  g_autofree char *name = g_strdup_printf("kernel.%u.%c", l, side);
  bool optional = (side == 'u' || side == 'v') && weight_file_find(f, name) < 0;
  return optional || rows == 0 || take(f, name, side == 's' ? 1 : rows, side == 's' ? rows : d, dst, error);
}

/* A side that was kept is there in full size; one that no view asks for may be left out while it is small. */
static bool side_is_there(WeightFile *f, unsigned l, char side, size_t all, size_t d) {
  enum { MOST_LEFT_OUT = 1 << 26 };
  g_autofree char *name = g_strdup_printf("kernel.%u.%c", l, side);
  size_t rows, columns;
  if (weight_file_find(f, name) < 0) return all <= MOST_LEFT_OUT / d;
  return size_of(f, name, &rows, &columns) && rows == all && columns == d;
}

static bool read_layer(WeightFile *f, Kernel *k, unsigned l, const cJSON *o, GError **error) {
  g_autofree SafeText *name = json_dup_string(o, "name");
  double d_out = json_number(o, "d_out", 0), d_in = json_number(o, "d_in", 0);
  if (!name || !(d_out >= 1 && d_out <= 1 << 24 && d_in >= 1 && d_in <= 1 << 24))
    return refuse(f, "a layer without name or size", error);
  LayerForm form = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(o, "dense")) ? LAYER_DENSE : LAYER_LOW_RANK;
  g_autofree float *facts = g_new(float, 2 * k->n);
  g_autofree size_t *ranks = read_ranks(f, k, l, facts, error);
  if (!ranks) return false;
  g_autofree char *whole = g_strdup_printf("kernel.%u.%c", l, form == LAYER_DENSE ? 'x' : 's');
  size_t rows = 0, columns = 0, all = 0; /* what is allocated is there to be read */
  for (size_t i = 0; i < k->n; i++) all += ranks[i];
  bool fits = size_of(f, whole, &rows, &columns);
  fits = form == LAYER_DENSE ? fits && rows == k->n && columns == (size_t)d_out * (size_t)d_in
                             : all == 0 || (fits && columns == all && side_is_there(f, l, 'u', all, (size_t)d_out) &&
                                            side_is_there(f, l, 'v', all, (size_t)d_in));
  if (!fits) return refuse(f, "a layer's models are not there", error);
  KernelRows *r = kernel_rows_alloc(form, k->n, (size_t)d_out, (size_t)d_in, ranks, error);
  if (!r) return false;
  g_ptr_array_add(k->layers, g_steal_pointer(&name));
  g_ptr_array_add(k->rows, r);
  for (size_t i = 0; i < k->n; i++) r->empty[i] = facts[k->n + i] > 0;
  if (form == LAYER_DENSE) return read_side(f, l, 'x', k->n, r->d_out * r->d_in, r->x, error);
  return read_side(f, l, 's', all, 0, r->s, error) && read_side(f, l, 'u', all, r->d_out, r->u, error) &&
         read_side(f, l, 'v', all, r->d_in, r->v, error);
}

static bool read_term(WeightFile *f, Kernel *k, unsigned t, const cJSON *o, GError **error) {
  g_autofree SafeText *text = json_dup_string(o, "view");
  double layer = json_number(o, "layer", -1);
  const float weight[] = {(float)json_number(o, "seen", 0), (float)json_number(o, "unseen", 0)};
  KernelView view;
  if (!(layer >= 0 && layer < k->layers->len) || !kernel_view_parse(text, &view))
    return refuse(f, "a term without layer or view", error);
  g_autofree float *mean = g_new(float, k->n), *spread = g_new(float, k->n);
  g_autofree char *a = g_strdup_printf("kernel.term.%u.mean", t), *b = g_strdup_printf("kernel.term.%u.spread", t);
  if (!take(f, a, 1, k->n, mean, error) || !take(f, b, 1, k->n, spread, error)) return false;
  kernel_add_term(k, (size_t)layer, view, weight, kernel_scale_new(mean, spread, k->n));
  return true;
}

static bool read_head(WeightFile *f, Kernel *k, int h, GError **error) {
  g_autofree char *a = g_strdup_printf("kernel.head.%d.a", h), *b = g_strdup_printf("kernel.head.%d.b", h);
  size_t rows, width;
  KernelHead *head = &k->head[h];
  if (!size_of(f, a, &rows, &width)) return h > 0 || refuse(f, "it has no head", error);
  size_t floats;
  if (rows != k->n || width > 1 << 20 || __builtin_mul_overflow(rows, width, &floats))
    return refuse(f, "a head of another size", error);
  head->a = g_try_new(float, floats + 1);
  head->b = g_try_new(float, width + 1);
  if (!head->a || !head->b) return refuse(f, "not enough memory for its head", error);
  head->width = width;
  return take(f, a, rows, width, head->a, error) && take(f, b, 1, width, head->b, error);
}

static bool read_direction(WeightFile *f, Kernel *k, unsigned i, const cJSON *o, GError **error) {
  g_autofree SafeText *text = json_dup_string(o, "view");
  double layer = json_number(o, "layer", -1), weight = json_number(o, "weight", NAN);
  KernelView view;
  if (!(layer >= 0 && layer < k->layers->len) || !(weight > 0 && weight <= 1) || !kernel_view_parse(text, &view) ||
      view.side == SIDE_X)
    return refuse(f, "a direction of no layer, view or weight", error);
  const KernelRows *r = k->rows->pdata[(guint)layer];
  size_t d = view.side == SIDE_U ? r->d_out : r->d_in, labels = k->head[KERNEL_SEEN].width, n;
  if (r->form != LAYER_DENSE || d > DIRECTIONS_WIDEST || __builtin_mul_overflow(labels, d, &n))
    return refuse(f, "a direction of a layer that has none", error);
  g_autofree char *at = g_strdup_printf("kernel.direction.%u.d", i),
                  *gain = g_strdup_printf("kernel.direction.%u.gain", i),
                  *offset = g_strdup_printf("kernel.direction.%u.offset", i);
  size_t rows, columns;
  if (!size_of(f, at, &rows, &columns) || rows != labels || columns != d)
    return refuse(f, "directions of another size", error);
  Directions *x = directions_new((size_t)layer, view, labels, d);
  x->weight = (float)weight;
  g_ptr_array_add(k->directions, x);
  return take(f, at, labels, d, x->d_of, error) && take(f, gain, 1, labels, x->gain, error) &&
         take(f, offset, 1, labels, x->offset, error);
}

/* What the first answer is shared with: of classes alone, which have no second. */
static bool read_directions(WeightFile *f, Kernel *k, const cJSON *o, GError **error) {
  const cJSON *all = cJSON_GetObjectItemCaseSensitive(o, "directions"), *item;
  unsigned i = 0;
  if (!all) return true;
  double ridge = json_number(o, "ridge", NAN);
  if (!(ridge >= 0 && ridge <= 1) || cJSON_GetArraySize(all) > MOST_TERMS || k->head[KERNEL_UNSEEN].width)
    return refuse(f, "directions that it cannot have", error);
  k->ridge = (float)ridge;
  cJSON_ArrayForEach(item, all) if (!read_direction(f, k, i++, item, error)) return false;
  return true;
}

/* Older files have none. */
static bool read_gate(WeightFile *f, Kernel *k, const cJSON *all, GError **error) {
  const cJSON *o = cJSON_GetObjectItemCaseSensitive(all, "gate");
  size_t rows, n;
  if (!o) return true;
  if (!size_of(f, "kernel.gate.form", &rows, &n) || rows != n || n > k->n)
    return refuse(f, "a gate of another size", error);
  g_autofree float *models = g_new(float, n + 1);
  KernelGate *g = k->gate = g_new0(KernelGate, 1);
  g->n = n;
  g->model = g_new0(size_t, n + 1);
  g->form = g_try_new(float, n *n + 1);
  g->slope = g_new(float, n + 1);
  g->offset = json_number(o, "offset", 0);
  g->threshold = json_number(o, "threshold", 0);
  g->passed = json_number(o, "passed", 1);
  if (!g->form) return refuse(f, "not enough memory for its gate", error);
  if (!take(f, "kernel.gate.models", 1, n, models, error) || !take(f, "kernel.gate.form", n, n, g->form, error) ||
      !take(f, "kernel.gate.slope", 1, n, g->slope, error))
    return false;
  for (size_t i = 0; i < n; i++) {
    if (!(models[i] >= 0 && models[i] < (float)k->n)) return refuse(f, "a gate of models it has not", error);
    g->model[i] = (size_t)models[i];
  }
  return true;
}

static bool read_all(WeightFile *f, Kernel *k, const cJSON *o, GError **error) {
  double n = json_number(o, "models", 0);
  const cJSON *layers = cJSON_GetObjectItemCaseSensitive(o, "layers"), *item;
  const cJSON *terms = cJSON_GetObjectItemCaseSensitive(o, "terms");
  if (!(n >= 1 && n <= MOST_MODELS) || cJSON_GetArraySize(layers) > MOST_TERMS ||
      cJSON_GetArraySize(terms) > MOST_TERMS)
    return refuse(f, "too many or too few models", error);
  k->n = (size_t)n;
  k->one_hot = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(o, "one_hot"));
  k->left_out[0] = json_number(o, "left_out_seen", NAN);
  k->left_out[1] = json_number(o, "left_out_unseen", NAN);
  k->least_norm = json_number(o, "least_norm", 0);
  k->unseen_temperature = json_number(o, "unseen_temperature", NAN);
  k->unseen_threshold = json_number(o, "unseen_threshold", NAN);
  if (!(k->unseen_temperature > 0)) k->unseen_temperature = k->unseen_threshold = NAN;
  const cJSON *lambda = cJSON_GetObjectItemCaseSensitive(o, "lambda");
  for (int h = 0; h < KERNEL_HEADS; h++) {
    const cJSON *l = cJSON_GetArrayItem(lambda, h);
    k->head[h].lambda = cJSON_IsNumber(l) ? l->valuedouble : 0;
  }
  unsigned l = 0, t = 0;
  cJSON_ArrayForEach(item, layers) if (!read_layer(f, k, l++, item, error)) return false;
  cJSON_ArrayForEach(item, terms) if (!read_term(f, k, t++, item, error)) return false;
  if (!k->layers->len || !k->terms->len) return refuse(f, "it reads no layer", error);
  return read_head(f, k, KERNEL_SEEN, error) && read_head(f, k, KERNEL_UNSEEN, error) &&
         read_directions(f, k, o, error) && read_gate(f, k, o, error);
}

Kernel *kernel_store_read(WeightFile *f, GError **error) {
  const char *text = g_hash_table_lookup(weight_file_metadata(f), "copse.kernel");
  g_autoptr(cJSON) o = text ? json_parse(text, strlen(text)) : NULL;
  g_autoptr(Kernel) k = kernel_new();
  if (!o) return refuse(f, "its description is not there", error), NULL;
  return read_all(f, k, o, error) ? g_steal_pointer(&k) : NULL;
}
