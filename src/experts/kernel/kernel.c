/* SPDX-License-Identifier: Apache-2.0 */
#include "experts/kernel/kernel.h"

#include <math.h>
#include <string.h>

#include "experts/probex/align.h"
#include "numerics/hash.h"
#include "numerics/linalg.h"

static void term_clear(void *data) { kernel_scale_free(((KernelTerm *)data)->scale); }

Kernel *kernel_new(void) {
  Kernel *k = g_new0(Kernel, 1);
  k->layers = g_ptr_array_new_with_free_func(g_free);
  k->rows = g_ptr_array_new_with_free_func((GDestroyNotify)kernel_rows_free);
  k->terms = g_array_new(FALSE, TRUE, sizeof(KernelTerm));
  k->directions = g_ptr_array_new_with_free_func((GDestroyNotify)directions_free);
  k->ridge = 1;
  k->left_out[0] = k->left_out[1] = k->unseen_temperature = k->unseen_threshold = NAN;
  g_array_set_clear_func(k->terms, term_clear);
  return k;
}

void kernel_free(Kernel *k) {
  if (!k) return;
  g_ptr_array_unref(k->layers);
  g_ptr_array_unref(k->rows);
  g_array_unref(k->terms);
  g_ptr_array_unref(k->directions);
  kernel_gate_free(k->gate);
  for (int h = 0; h < KERNEL_HEADS; h++) {
    g_free(k->head[h].a);
    g_free(k->head[h].b);
  }
  g_free(k);
}

int kernel_gate_head(const Kernel *k) { return k->head[KERNEL_UNSEEN].width ? KERNEL_UNSEEN : KERNEL_SEEN; }

size_t kernel_width(const Kernel *k) { return k->head[KERNEL_SEEN].width + k->head[KERNEL_UNSEEN].width; }

void kernel_add_term(Kernel *k, size_t layer, KernelView view, const float weight[KERNEL_HEADS], KernelScale *scale) {
  KernelTerm t = {.layer = layer, .view = view, .scale = scale};
  memcpy(t.weight, weight, sizeof t.weight);
  g_array_append_val(k->terms, t);
}

/* --- answers --------------------------------------------------------------------------------------- */

/* Adds layer `layer`'s terms for the models of `rows` to the two sums (m, n). */
static bool add_layer(const Kernel *k, size_t layer, const KernelRows *rows, float *const sums[KERNEL_HEADS],
                      const Progress *progress, GError **error) {
  size_t cells = rows->n * k->n, views = 0;
  g_autofree KernelView *view = g_new(KernelView, k->terms->len + 1);
  g_autofree const KernelTerm **term = g_new(const KernelTerm *, k->terms->len + 1);
  g_autoptr(GPtrArray) held = g_ptr_array_new_with_free_func(g_free);
  g_autofree float *self = g_new(float, rows->n + 1);
  for (guint t = 0; t < k->terms->len; t++) {
    const KernelTerm *at = &g_array_index(k->terms, KernelTerm, t);
    if (at->layer != layer) continue;
    term[views] = at;
    view[views++] = at->view;
    g_ptr_array_add(held, g_new0(float, cells + 1));
  }
  for (size_t i = 0; i < rows->n; i++) self[i] = rows->empty[i] ? 0 : 1;
  if (!kernel_gram(rows, k->rows->pdata[layer], view, views, (float *const *)held->pdata, progress, error))
    return false;
  for (size_t v = 0; v < views; v++) {
    float *one = held->pdata[v];
    kernel_scale_apply(term[v]->scale, one, rows->n, self);
    for (int h = 0; h < KERNEL_HEADS; h++)
      if (sums[h] && term[v]->weight[h] > 0) axpy(term[v]->weight[h], one, sums[h], cells);
  }
  return true;
}

/* One head's answers (m, width) into the columns of e from `at` on. Returns each row's length without the intercept. */
static void answer(const Kernel *k, int h, const float *sum, size_t m, float *e, size_t at, bool unit, float *norm) {
  const KernelHead *head = &k->head[h];
  size_t w = head->width, all = kernel_width(k);
  g_autofree float *y = g_new(float, m *w + 1);
  gemm(false, false, m, w, k->n, 1, sum, k->n, head->a, w, 0, y, w);
  for (size_t i = 0; i < m; i++) {
    norm[i] = sqrtf(dot(y + i * w, y + i * w, w));
    axpy(1, head->b, y + i * w, w);
    if (unit) align_normalise(y + i * w, 1, w, NULL);
    memcpy(e + i * all + at, y + i * w, w * sizeof *y);
  }
}

/* Shares the first answer (m, width, the only one) with the directions. */
static void share_answer(const Kernel *k, const float *extra, size_t m, float *e) {
  size_t cells = m * kernel_width(k);
  for (size_t i = 0; k->directions->len && i < cells; i++) e[i] = k->ridge * e[i] + extra[i];
}

/* Models that do not belong here are not answered for. sum: the one that the gate looks at. */
static void find_strange(const Kernel *k, size_t m, const float *norm, const float *sum, const bool *there, float *e,
                         bool *nothing) {
  size_t width = kernel_width(k);
  g_autofree double *score = g_new0(double, m + 1);
  if (k->gate) kernel_gate_scores(k->gate, sum, m, k->n, score);
  for (size_t i = 0; i < m; i++) {
    bool odd = !there[i] || (double)norm[i] < k->least_norm || (k->gate && score[i] < k->gate->threshold);
    if (odd) memset(e + i * width, 0, width * sizeof *e);
    if (nothing) nothing[i] = !there[i];
  }
}

/* What one layer adds. */
static bool liken(const Kernel *k, guint l, const KernelRows *rows, float *const sums[KERNEL_HEADS], bool *there,
                  float *extra, const Progress *progress, GError **error) {
  if (!add_layer(k, l, rows, sums, progress, error)) return false;
  for (size_t i = 0; i < rows->n; i++) there[i] |= !rows->empty[i];
  for (guint i = 0; extra && i < k->directions->len; i++) {
    const Directions *at = k->directions->pdata[i];
    if (at->layer == l) directions_add(at, rows, extra);
  }
  return true;
}

bool kernel_likeness_of_rows(const Kernel *k, const GPtrArray *rows, float *const sums[KERNEL_HEADS], bool *there,
                             float *extra, const Progress *progress, GError **error) {
  for (guint l = 0; l < k->layers->len; l++)
    if (!liken(k, l, rows->pdata[l], sums, there, extra, progress, error)) return false;
  return true;
}

bool kernel_likeness(const Kernel *k, const GPtrArray *sets, float *const sums[KERNEL_HEADS], bool *there, float *extra,
                     const Progress *progress, GError **error) {
  size_t m = ((const LayerSet *)sets->pdata[0])->n;
  for (guint l = 0; l < k->layers->len; l++) {
    g_autoptr(KernelRows) rows = kernel_rows_new(sets->pdata[l], NULL, m, error);
    if (!rows || !liken(k, l, rows, sums, there, extra, progress, error)) return false;
  }
  return true;
}

bool kernel_represent(const Kernel *k, const GPtrArray *sets, float *e, bool *nothing, const Progress *progress,
                      GError **error) {
  size_t m = ((const LayerSet *)sets->pdata[0])->n, at = 0;
  g_autofree float *sum0 = g_new0(float, m * k->n + 1), *sum1 = g_new0(float, m * k->n + 1),
                   *norm = g_new0(float, m + 1);
  g_autofree bool *there = g_new0(bool, m + 1);
  g_autofree float *extra = g_new0(float, k->directions->len ? m *kernel_width(k) : 1);
  bool two = k->head[KERNEL_UNSEEN].width > 0;
  float *const sums[KERNEL_HEADS] = {sum0, two ? sum1 : NULL};
  if (!kernel_likeness(k, sets, sums, there, extra, progress, error)) return false;
  for (int h = 0; h < KERNEL_HEADS; at += k->head[h++].width)
    if (k->head[h].width) answer(k, h, sums[h], m, e, at, two, norm);
  share_answer(k, extra, m, e);
  find_strange(k, m, norm, sums[kernel_gate_head(k)], there, e, nothing);
  return true;
}

bool kernel_read_and_represent(const Kernel *k, const Collection *collection, const GPtrArray *models, float *e,
                               bool *broken, const Progress *progress, GError **error) {
  g_autoptr(GPtrArray) sets = g_ptr_array_new_with_free_func((GDestroyNotify)layer_set_free);
  for (guint i = 0; i < models->len; i++) broken[i] = false;
  for (guint l = 0; l < k->layers->len; l++) {
    LayerSet *set = layer_set_read(collection, models, k->layers->pdata[l], NULL, progress, error);
    if (!set) return false;
    g_ptr_array_add(sets, set);
    for (guint i = 0; i < models->len; i++) broken[i] |= set->broken[i];
  }
  return kernel_represent(k, sets, e, NULL, progress, error);
}

void kernel_map_text(const Kernel *k, const float *text, const gssize *label, size_t n, size_t d_text, float *mapped) {
  size_t width = kernel_width(k), seen = k->head[KERNEL_SEEN].width;
  memset(mapped, 0, n * width * sizeof *mapped);
  for (size_t i = 0; i < n; i++) {
    float *to = mapped + i * width;
    if (label[i] < 0) memcpy(to + seen, text + i * d_text, d_text * sizeof *text);
    else if (!k->one_hot) memcpy(to, text + i * d_text, d_text * sizeof *text);
    else if ((size_t)label[i] < seen) to[label[i]] = 1;
    if (seen < width) /* half of e's square is either answer's: so that the product is that answer's cosine */
      for (size_t j = 0; j < width; j++) to[j] *= (float)G_SQRT2;
  }
}

Probex *kernel_shell(const Kernel *k, size_t d_text, size_t classes, GError **error) {
  static const float logit = 4.0f;
  const KernelRows *first = k->rows->pdata[0];
  ProbexShape shape = {.d_out = first->d_out,
                       .d_in = first->d_in,
                       .r_u = 1,
                       .r_v = 1,
                       .r_t = kernel_width(k),
                       .d_text = d_text,
                       .n_classes = classes};
  Probex *p = probex_new(&shape, error);
  if (!p) return NULL;
  *p->tau = KERNEL_SHARPNESS;
  for (size_t c = 0; c < classes && c < shape.r_t; c++) p->head[c * shape.r_t + c] = logit;
  return p;
}

uint64_t kernel_hash(const Kernel *k) {
  ContentHash h = {0, 0};
  for (int i = 0; i < KERNEL_HEADS; i++)
    content_hash_join(&h, content_hash(17 + (uint64_t)i, k->head[i].a, k->n * k->head[i].width * sizeof(float)));
  for (guint t = 0; t < k->terms->len; t++) {
    const KernelTerm *at = &g_array_index(k->terms, KernelTerm, t);
    content_hash_join(&h, content_hash(31 + t, at->scale->mean, k->n * sizeof(float)));
  }
  for (guint i = 0; i < k->directions->len; i++) {
    const Directions *at = k->directions->pdata[i];
    content_hash_join(&h, content_hash(53 + i, at->d_of, at->labels * at->d * sizeof(float)));
    content_hash_join(&h, content_hash(54 + i, &at->weight, sizeof at->weight));
  }
  content_hash_join(&h, content_hash(7, &k->least_norm, sizeof k->least_norm));
  if (k->gate) content_hash_join(&h, content_hash(8, &k->gate->threshold, sizeof k->gate->threshold));
  return h.lo ^ hash_mix(h.hi);
}
