/* SPDX-License-Identifier: Apache-2.0 */
#include "experts/probex/probex_store.h"

#include "core/error.h"
#include "experts/probex/multiview.h"
#include "numerics/linalg.h"

/* --- writing ---------------------------------------------------------------------------------- */

/* Upstream's names of the encoder's weight and bias. */
static const char *const *encoder_names(const ProbexShape *s) {
  static const char *const probex[] = {"per_probe_encoders.weight", "per_probe_encoders.bias"};
  static const char *const views[] = {"concat_all4_encoder.weight", "concat_all4_encoder.bias"};
  return s->views ? views : probex;
}

/* Probes and projections, of each branch that there is. Returns how many tensors that are. */
static size_t put_probes(const Probex *p, TensorOut *t) {
  const ProbexShape *s = &p->shape;
  size_t n = 0;
  if (!s->views) {
    t[n++] = tensor_out_matrix("probes.weight", s->d_in, s->r_u, p->u);
    t[n++] = tensor_out_matrix("shared_probe_proj.weight", s->r_v, s->d_out, p->v);
  }
  for (int k = 0; k < VIEW_BRANCHES; k++) {
    ViewBranch b = (ViewBranch)k;
    if (!p->views_u[b]) continue;
    t[n++] = tensor_out_matrix(view_probe_name(b), probex_probe_rows(s, b), s->r_u, p->views_u[b]);
    t[n++] = tensor_out_matrix(view_projection_name(b), s->r_v, probex_response_rows(s, b), p->views_v[b]);
  }
  return n;
}

size_t probex_store_put(const Probex *p, TensorOut *t) {
  const ProbexShape *s = &p->shape;
  size_t n = put_probes(p, t);
  const char *const *encoder = encoder_names(s);
  t[n++] = tensor_out_matrix(encoder[0], s->r_t, probex_hidden(s), p->m);
  t[n++] = tensor_out_vector(encoder[1], s->r_t, p->b);
  if (s->d_text) {
    t[n++] = tensor_out_matrix("regression_head.weight", s->r_t, s->d_text, p->head);
    t[n++] = tensor_out_vector("regression_head.bias", s->r_t, p->head_b);
  } else if (s->n_classes) {
    t[n++] = tensor_out_matrix("classification_head.weight", s->n_classes, s->r_t, p->head);
    t[n++] = tensor_out_vector("classification_head.bias", s->n_classes, p->head_b);
  }
  return n;
}

/* --- reading ---------------------------------------------------------------------------------- */

const uint64_t *probex_store_shape(WeightFile *f, const char *name, int rank, GError **error) {
  gssize i = weight_file_find(f, name);
  const TensorInfo *t = i >= 0 ? weight_file_info(f, (size_t)i) : NULL;
  if (t && t->rank == rank && t->count > 0) return t->shape;
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT, "%s: no checkpoint of ProbeX or of several views: %s %s",
              weight_file_label(f), name, t ? "has another number of dimensions" : "is not there");
  return NULL;
}

static bool all_finite(const WeightFile *f, const char *name, size_t n, const float *x, GError **error) {
  size_t at = first_not_finite(x, n);
  if (at == n) return true;
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT, "%s: %s holds what is no number, at %zu: train it again",
              weight_file_label(f), name, at);
  return false;
}

bool probex_store_numbers(WeightFile *f, const char *name, size_t n, float *dst, GError **error) {
  gssize i = weight_file_find(f, name);
  if (i >= 0 && weight_file_info(f, (size_t)i)->count == n)
    return weight_file_read_f32(f, (size_t)i, 0, n, dst, error) && all_finite(f, name, n, dst, error);
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT,
              "%s: %s should hold %zu numbers: damaged? fetch or train it again", weight_file_label(f), name, n);
  return false;
}

/* The sizes of probes and projections, and which branches there are; what they say of the layer must agree. */
static bool read_branches(WeightFile *f, ProbexShape *s, GError **error) {
  for (int k = 0; k < VIEW_BRANCHES; k++) {
    ViewBranch b = (ViewBranch)k;
    if (weight_file_find(f, view_probe_name(b)) < 0) continue;
    const uint64_t *u = probex_store_shape(f, view_probe_name(b), 2, error);
    const uint64_t *v = u ? probex_store_shape(f, view_projection_name(b), 2, error) : NULL;
    if (!v) return false;
    size_t *d[] = {view_probes_out(b) ? &s->d_out : &s->d_in, view_is_across(b) ? &s->d_in : &s->d_out};
    const size_t says[] = {u[0], v[1]};
    for (int i = 0; i < 2; i++)
      if (!*d[i]) *d[i] = says[i];
    if (!s->views) s->r_u = u[1], s->r_v = v[0];
    s->views |= 1U << b;
    if (*d[0] == u[0] && *d[1] == v[1] && s->r_u == u[1] && s->r_v == v[0]) continue;
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT,
                "%s: the views are of different sizes, from %s on: damaged? fetch or train it again",
                weight_file_label(f), view_probe_name(b));
    return false;
  }
  if (s->views) return true;
  const uint64_t *u = probex_store_shape(f, "probes.weight", 2, error);
  const uint64_t *v = u ? probex_store_shape(f, "shared_probe_proj.weight", 2, error) : NULL;
  if (!v) return false;
  s->d_in = u[0], s->r_u = u[1], s->r_v = v[0], s->d_out = v[1];
  return true;
}

static size_t side_of(WeightFile *f, const char *key) {
  const char *text = g_hash_table_lookup(weight_file_metadata(f), key);
  return text ? (size_t)CLAMP(g_ascii_strtoll(text, NULL, 10), 0, 1 << 24) : 0;
}

/* xxtu and xtxu alone each say one side of the layer; copse's own files say the other. */
static bool complete_sides(WeightFile *f, ProbexShape *s, GError **error) {
  if (!s->d_out) s->d_out = side_of(f, "copse.d_out");
  if (!s->d_in) s->d_in = side_of(f, "copse.d_in");
  if (s->d_out && s->d_in) return true;
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT, "%s: its one view does not say how large the layer is",
              weight_file_label(f));
  return false;
}

static bool read_shape(WeightFile *f, bool classes, ProbexShape *s, GError **error) {
  const char *head = classes ? "classification_head.weight" : "regression_head.weight";
  *s = (ProbexShape){0};
  if (!read_branches(f, s, error) || !complete_sides(f, s, error)) return false;
  const uint64_t *m = probex_store_shape(f, encoder_names(s)[0], 2, error);
  const uint64_t *h = m ? probex_store_shape(f, head, 2, error) : NULL;
  if (!h) return false;
  s->r_t = m[0];
  *(classes ? &s->n_classes : &s->d_text) = classes ? h[0] : h[1];
  enum { MOST = 1 << 16 };
  bool taken = s->r_u <= MOST && s->r_v <= MOST && s->r_t <= MOST && s->r_u * s->r_v <= 16 * MOST;
  if (taken && (m[1] != probex_hidden(s) || (classes ? h[1] : h[0]) != s->r_t)) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT,
                "%s: its encoder or its head does not fit the rest: damaged? fetch or train it again",
                weight_file_label(f));
    return false;
  }
  if (taken) return true;
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_UNSUPPORTED,
              "%s: an expert of %zu probes, %zu projections and %zu dimensions is beyond what is taken (%d each)",
              weight_file_label(f), s->r_u, s->r_v, s->r_t, (int)MOST);
  return false;
}

static bool read_probes(WeightFile *f, Probex *p, GError **error) {
  const ProbexShape *s = &p->shape;
  if (!s->views)
    return probex_store_numbers(f, "probes.weight", s->d_in * s->r_u, p->u, error) &&
           probex_store_numbers(f, "shared_probe_proj.weight", s->r_v * s->d_out, p->v, error);
  for (int k = 0; k < VIEW_BRANCHES; k++) {
    ViewBranch b = (ViewBranch)k;
    if (!p->views_u[b]) continue;
    if (!probex_store_numbers(f, view_probe_name(b), probex_probe_rows(s, b) * s->r_u, p->views_u[b], error) ||
        !probex_store_numbers(f, view_projection_name(b), s->r_v * probex_response_rows(s, b), p->views_v[b], error))
      return false;
  }
  return true;
}

static bool read_head(WeightFile *f, Probex *p, GError **error) {
  const ProbexShape *s = &p->shape;
  if (s->n_classes)
    return probex_store_numbers(f, "classification_head.weight", s->n_classes * s->r_t, p->head, error) &&
           probex_store_numbers(f, "classification_head.bias", s->n_classes, p->head_b, error);
  return probex_store_numbers(f, "regression_head.weight", s->r_t * s->d_text, p->head, error) &&
         probex_store_numbers(f, "regression_head.bias", s->r_t, p->head_b, error);
}

Probex *probex_store_read(WeightFile *f, bool classes, GError **error) {
  ProbexShape s;
  if (!read_shape(f, classes, &s, error)) return NULL;
  s.linear = g_hash_table_contains(weight_file_metadata(f), "copse.linear");
  g_autoptr(Probex) p = probex_new(&s, error);
  bool ok = p && read_probes(f, p, error) &&
            probex_store_numbers(f, encoder_names(&s)[0], s.r_t * probex_hidden(&s), p->m, error) &&
            probex_store_numbers(f, encoder_names(&s)[1], s.r_t, p->b, error) && read_head(f, p, error);
  return ok ? g_steal_pointer(&p) : NULL;
}
