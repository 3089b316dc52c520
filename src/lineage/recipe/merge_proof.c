/* SPDX-License-Identifier: Apache-2.0 */
#include "lineage/recipe/merge_proof.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "weights/layers/layer.h"

enum { NEAREST = 6 };

const char *recipe_method_name(RecipeMethod method) {
  static const char *const names[] = {[RECIPE_LINEAR] = "linear",
                                      [RECIPE_SLERP] = "slerp",
                                      [RECIPE_PASSTHROUGH] = "passthrough",
                                      [RECIPE_TIES] = "ties",
                                      [RECIPE_DARE] = "dare_linear"};
  return names[method];
}

/* ---- one candidate ---- */

enum { CHILD, A, B, BASE, SIDES };

typedef struct {
  WeightFile *file[SIDES];
  GArray *layers[SIDES];
  Layer layer[SIDES];
  unsigned sides, proven, slerps, wholes, ties;
  double epsilon, weight[2], density[2];
  GArray *rows; /* of RecipeLayer, or NULL */
} Proof;

static void recipe_layer_clear(void *layer) { g_free(((RecipeLayer *)layer)->name); }

GArray *recipe_layers_new(void) {
  GArray *rows = g_array_new(FALSE, FALSE, sizeof(RecipeLayer));
  g_array_set_clear_func(rows, recipe_layer_clear);
  return rows;
}

static void add_row(Proof *s, const char *name, const double *weight, const double *density, double t) {
  RecipeLayer row = {g_strdup(name), {weight[0], weight[1]}, {density[0], density[1]}, t};
  g_array_append_val(s->rows, row);
}

static void proof_clear(Proof *s) {
  for (unsigned k = 0; k < s->sides; k++) {
    layer_clear(&s->layer[k]);
    g_clear_pointer(&s->layers[k], g_array_unref);
  }
}

/* Reads the child's layer of all sides. False where one lacks it. */
static bool read_layers(Proof *s, const LayerInfo *child) {
  for (unsigned k = 0; k < s->sides; k++) {
    const LayerInfo *l = layer_find(s->layers[k], child->name);
    layer_clear(&s->layer[k]);
    memset(&s->layer[k], 0, sizeof s->layer[k]);
    if (!l || l->form != LAYER_DENSE || l->d_out != child->d_out || l->d_in != child->d_in) return false;
    if (!layer_read(s->file[k], l, &s->layer[k], NULL)) return false;
  }
  return true;
}

static bool equal(const Proof *s, unsigned i, unsigned k, size_t n) {
  return memcmp(s->layer[i].x, s->layer[k].x, n * sizeof(float)) == 0;
}

static bool prove_plane(Proof *s, const char *name, size_t n) {
  PlaneMix m = layer_mix_plane(s->layer[CHILD].x, s->layer[A].x, s->layer[B].x, n, s->epsilon);
  if (!m.fits) return false;
  s->slerps += isfinite(m.slerp_t) && fabs(m.u + m.v - 1) > 1e-3;
  s->wholes += m.u == 1 || m.v == 1;
  s->weight[0] += m.u, s->weight[1] += m.v;
  if (s->rows) add_row(s, name, (const double[]){m.u, m.v}, (const double[]){1, 1}, m.slerp_t);
  return true;
}

static bool prove_elements(Proof *s, const char *name, size_t n) {
  ElementMix m = layer_mix_elements(s->layer[CHILD].x, s->layer[BASE].x, s->layer[A].x, s->layer[B].x, n, s->epsilon);
  if (m.method == ELEMENTS_NONE) return false;
  s->ties += m.method == ELEMENTS_TIES;
  double weight[2];
  for (int k = 0; k < 2; k++) {
    weight[k] = m.method == ELEMENTS_TIES ? m.both[k] : m.single[k] * m.density[k];
    s->weight[k] += weight[k];
    s->density[k] += m.density[k];
  }
  if (s->rows) add_row(s, name, weight, m.density, NAN);
  return true;
}

static bool prove_layers(Proof *s) {
  for (guint i = 0; i < s->layers[CHILD]->len; i++) {
    const LayerInfo *l = &g_array_index(s->layers[CHILD], LayerInfo, i);
    if (!read_layers(s, l)) return false;
    size_t n = (size_t)l->d_out * (size_t)l->d_in;
    if (equal(s, A, B, n) && equal(s, CHILD, A, n)) continue;
    if (!(s->sides == SIDES ? prove_elements(s, l->name, n) : prove_plane(s, l->name, n))) return false;
    s->proven++;
  }
  return s->proven > 0;
}

static void conclude(const Proof *s, MergeProof *out) {
  out->layers = s->proven;
  for (int k = 0; k < 2; k++) {
    out->weight[k] = s->weight[k] / s->proven;
    out->density[k] = s->sides == SIDES ? s->density[k] / s->proven : 1;
  }
  if (s->sides == SIDES) out->method = 2 * s->ties > s->proven ? RECIPE_TIES : RECIPE_DARE;
  else if (s->wholes == s->proven) out->method = RECIPE_PASSTHROUGH;
  else out->method = 2 * s->slerps > s->proven ? RECIPE_SLERP : RECIPE_LINEAR;
}

bool merge_prove(const ProofFiles *files, MergeProof *out, GArray *rows) {
  Proof s = {.file = {files->child, files->a, files->b, files->base}, .epsilon = files->epsilon, .rows = rows};
  s.sides = files->base ? SIDES : BASE;
  for (unsigned k = 0; k < s.sides; k++) s.layers[k] = layer_list(s.file[k], NULL);
  /* A model of which one parent gives every layer is that parent's copy, no merge. */
  bool ok = prove_layers(&s) && fmin(fabs(s.weight[0]), fabs(s.weight[1])) > 0.01 * s.proven;
  if (ok) conclude(&s, out);
  proof_clear(&s);
  return ok;
}

/* ---- candidates ---- */

typedef struct {
  const KinTable *table;
  MemberOpen open;
  void *user;
  unsigned child, n, near[NEAREST];
  WeightFile *file, *files[NEAREST]; /* opened when first asked for */
} Search;

static double d2(const Search *s, unsigned a, unsigned b) {
  return a == b ? 0 : kin_table_get(s->table, a, b).distance2;
}

static double product(const Search *s, unsigned o, unsigned a, unsigned b) {
  return (d2(s, a, o) + d2(s, b, o) - d2(s, a, b)) / 2;
}

/* Keeps the nearest, in order. */
static void find_nearest(Search *s, const GArray *members) {
  double distance[NEAREST];
  for (guint k = 0; k < members->len; k++) {
    unsigned m = g_array_index(members, unsigned, k);
    double here = m == s->child ? INFINITY : d2(s, s->child, m);
    if (!isfinite(here) || !(here > 0) || (s->n == NEAREST && here >= distance[s->n - 1])) continue;
    unsigned at = s->n < NEAREST ? s->n++ : NEAREST - 1;
    for (; at > 0 && distance[at - 1] > here; at--) distance[at] = distance[at - 1], s->near[at] = s->near[at - 1];
    distance[at] = here, s->near[at] = m;
  }
}

/* Near enough to the line through both, with something of each: layers taken from either leave a rest of the
 * larger share, where three siblings have 3/4 at equal shares. */
static bool may_be_pair(const Search *s, unsigned a, unsigned b) {
  double across = d2(s, a, b), w = product(s, b, s->child, a) / across;
  double rest = d2(s, s->child, b) - w * w * across;
  return w > 0.05 && w < 0.95 && rest < (fmax(w, 1 - w) + 0.1) * fmin(d2(s, s->child, a), d2(s, s->child, b));
}

/* Much of the child's change is of both parents' changes. */
static bool may_be_elements(const Search *s, unsigned a, unsigned b, unsigned o) {
  double aa = d2(s, a, o), bb = d2(s, b, o), ab = product(s, o, a, b), cc = d2(s, s->child, o);
  double ca = product(s, o, s->child, a), cb = product(s, o, s->child, b), det = aa * bb - ab * ab;
  if (!isfinite(det) || !(det > 1e-3 * aa * bb)) return false;
  double u = (ca * bb - cb * ab) / det, v = (cb * aa - ca * ab) / det;
  return u > 0.05 && v > 0.05 && u * ca + v * cb > 0.08 * cc;
}

static WeightFile *file_of(Search *s, unsigned k) {
  if (!s->files[k]) s->files[k] = s->open(s->user, s->near[k]);
  return s->files[k];
}

/* Where both changes were scaled up, base and merge follow from each other by the same rule; the base is the one that
 * is nearer to both parents. */
static bool is_base_of(const Search *s, const MergeProof *m) {
  if (m->base < 0 || m->method != RECIPE_DARE) return false;
  if (m->weight[0] <= m->density[0] || m->weight[1] <= m->density[1]) return false;
  unsigned a = m->parent[0], b = m->parent[1], base = (unsigned)m->base;
  return d2(s, a, m->child) + d2(s, b, m->child) < d2(s, a, base) + d2(s, b, base);
}

/* Tries near[i] and near[k] for parents, and near[o] for their base unless it is -1. */
static bool try_parents(Search *s, unsigned i, unsigned k, int o, MergeProof *out) {
  if (!s->file) s->file = s->open(s->user, s->child);
  ProofFiles f = {s->file, file_of(s, i), file_of(s, k), o < 0 ? NULL : file_of(s, (unsigned)o), 0};
  if (!f.child || !f.a || !f.b || (o >= 0 && !f.base)) return false;
  unsigned rows[] = {s->child, s->near[i], s->near[k], o < 0 ? s->child : s->near[o]};
  for (unsigned r = 0; r < G_N_ELEMENTS(rows); r++)
    f.epsilon = fmax(f.epsilon, kin_table_sketch(s->table, rows[r])->epsilon);
  *out = (MergeProof){.child = s->child, .parent = {s->near[i], s->near[k]}, .base = o < 0 ? -1 : (int)s->near[o]};
  return merge_prove(&f, out, NULL) && !is_base_of(s, out);
}

static bool search_pairs(Search *s, MergeProof *out) {
  for (unsigned i = 0; i < s->n; i++)
    for (unsigned k = 0; k < i; k++)
      if (may_be_pair(s, s->near[i], s->near[k]) && try_parents(s, i, k, -1, out)) return true;
  return false;
}

static bool search_elements(Search *s, MergeProof *out) {
  for (unsigned i = 0; i < s->n; i++)
    for (unsigned k = 0; k < i; k++)
      for (unsigned o = 0; o < s->n; o++)
        if (o != i && o != k && may_be_elements(s, s->near[i], s->near[k], s->near[o]) &&
            try_parents(s, i, k, (int)o, out))
          return true;
  return false;
}

static void heaviest_first(MergeProof *m) {
  if (m->weight[0] >= m->weight[1]) return;
  MergeProof old = *m;
  for (int k = 0; k < 2; k++)
    m->weight[k] = old.weight[1 - k], m->density[k] = old.density[1 - k], m->parent[k] = old.parent[1 - k];
}

GArray *merge_proofs_find(const KinTable *table, const GArray *members, MemberOpen open, void *user, const Progress *p,
                          GError **error) {
  g_autoptr(GArray) found = g_array_new(FALSE, FALSE, sizeof(MergeProof));
  for (guint i = 0; i < members->len; i++) {
    if (!progress_check(p, error)) return NULL;
    Search s = {.table = table, .open = open, .user = user, .child = g_array_index(members, unsigned, i)};
    MergeProof proof;
    find_nearest(&s, members);
    if (search_pairs(&s, &proof) || search_elements(&s, &proof)) {
      heaviest_first(&proof);
      g_array_append_val(found, proof);
    }
    weight_file_free(s.file);
    for (unsigned k = 0; k < s.n; k++) weight_file_free(s.files[k]);
  }
  return g_steal_pointer(&found);
}
