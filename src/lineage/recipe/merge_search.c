/* SPDX-License-Identifier: Apache-2.0 */
#include "lineage/recipe/merge_search.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/parallel.h"

enum { NEAREST = 10 };

/* What float32 loses in a sketch, squared and relative; a misfit above the other is none of a merge's. */
static const double sketch_floor = 2e-12, most_misfit = 0.01;

/* Of a candidate: the members' numbers among the nearest, and whether the last of them is a base. */
typedef struct {
  unsigned n, parent[PROOF_PARENTS];
  int base;
  bool by_element;
} Candidate;

typedef struct {
  const KinTable *table;
  unsigned child, n, near[NEAREST];
  const ModelSketch *sketch, *others[NEAREST];
} Search;

static double d2(const Search *s, unsigned a, unsigned b) {
  return a == b ? 0 : kin_table_get(s->table, a, b).distance2;
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
  for (unsigned k = 0; k < s->n; k++) s->others[k] = kin_table_sketch(s->table, s->near[k]);
}

static Search search_new(const KinTable *table, unsigned child, const GArray *members) {
  Search s = {.table = table, .child = child, .sketch = kin_table_sketch(table, child)};
  find_nearest(&s, members);
  return s;
}

/* ---- the child's matrices beside the others' ---- */

typedef struct {
  const TensorSketch *child, *others[NEAREST];
} Matrix;

static const TensorSketch *matrix_of(const ModelSketch *s, const TensorSketch *like) {
  const TensorSketch *t = (const TensorSketch *)(const void *)s->tensors->data;
  guint low = 0, high = s->tensors->len;
  while (low < high) {
    guint middle = (low + high) / 2;
    if (t[middle].seed < like->seed) low = middle + 1;
    else high = middle;
  }
  bool same = low < s->tensors->len && t[low].seed == like->seed && t[low].width == like->width;
  return same && t[low].projected ? &t[low] : NULL;
}

static bool tells(const TensorSketch *t) {
  enum { LEAST_WIDTH = 64 };
  return t->part == PART_MATRIX && t->projected && t->width >= LEAST_WIDTH;
}

/* Leaves out whom a matrix of the child's lacks. */
static void keep_comparable(Search *s) {
  unsigned kept = 0;
  for (unsigned k = 0; k < s->n; k++) {
    bool all = true;
    for (guint i = 0; i < s->sketch->tensors->len && all; i++) {
      const TensorSketch *t = &g_array_index(s->sketch->tensors, TensorSketch, i);
      all = !tells(t) || matrix_of(s->others[k], t);
    }
    if (all) s->near[kept] = s->near[k], s->others[kept++] = s->others[k];
  }
  s->n = kept;
}

/* The matrices that the child and all others have, but those that tell nothing. Of Matrix. */
static GArray *find_matrices(Search *s) {
  GArray *all = g_array_new(FALSE, FALSE, sizeof(Matrix));
  keep_comparable(s);
  for (guint i = 0; i < s->sketch->tensors->len; i++) {
    Matrix m = {.child = &g_array_index(s->sketch->tensors, TensorSketch, i)};
    bool moved = false;
    if (!tells(m.child)) continue;
    for (unsigned k = 0; k < s->n; k++) {
      m.others[k] = matrix_of(s->others[k], m.child);
      moved |= !tensor_sketch_equal(m.child, m.others[k]);
    }
    if (moved) g_array_append_val(all, m);
  }
  return all;
}

/* ---- sums, told by projections ---- */

static double rounding2(const Search *s, const SpanFit *fit, const Matrix *m) {
  double epsilon = s->sketch->epsilon / 1.7, sum = fmax(epsilon * epsilon, sketch_floor) * m->child->moments.sum2;
  for (unsigned k = 0; k < s->n; k++) {
    epsilon = s->others[k]->epsilon / 1.7;
    sum += fit->weight[k] * fit->weight[k] * fmax(epsilon * epsilon, sketch_floor) * m->others[k]->moments.sum2;
  }
  return sum;
}

static bool is_sum(const Search *s, const SpanGram *gram, const Matrix *m, uint32_t used, bool free_sum, SpanFit *fit) {
  *fit = span_fit(gram, used, free_sum);
  double allowed = 4 * rounding2(s, fit, m);
  return fit->rest2 <= allowed && (fit->rest2 <= most_misfit * fit->nearest2 || fit->nearest2 <= allowed);
}

static bool are_sums(const Search *s, const SpanGram *grams, const GArray *matrices, uint32_t used) {
  SpanFit fit;
  for (guint i = 0; i < matrices->len; i++)
    if (!is_sum(s, &grams[i], &g_array_index(matrices, Matrix, i), used, false, &fit)) return false;
  return true;
}

static void take_gram(const Search *s, const Matrix *m, SpanGram *out) {
  const float *others[NEAREST];
  for (unsigned k = 0; k < s->n; k++) others[k] = m->others[k]->projection;
  span_gram_take(out, m->child->projection, others, s->n, m->child->width);
}

/* Products of all matrices; NULL at the first that is no sum of all others. */
static SpanGram *take_grams(const Search *s, const GArray *matrices) {
  g_autofree SpanGram *grams = g_new(SpanGram, (matrices->len + 1));
  for (guint i = 0; i < matrices->len; i++) {
    const Matrix *m = &g_array_index(matrices, Matrix, i);
    SpanFit fit;
    take_gram(s, m, &grams[i]);
    if (!is_sum(s, &grams[i], m, (1u << s->n) - 1, false, &fit)) return NULL;
  }
  return g_steal_pointer(&grams);
}

/* Between both, on the sphere or on the line, in every matrix. */
static bool is_arc(const Search *s, const GArray *matrices, unsigned i, unsigned k) {
  static const double outside = 0.05;
  for (guint at = 0; at < matrices->len; at++) {
    const Matrix *m = &g_array_index(matrices, Matrix, at);
    SpanGram gram;
    SpanFit fit;
    take_gram(s, m, &gram);
    if (!is_sum(s, &gram, m, 1u << i | 1u << k, true, &fit)) return false;
    bool between = fmin(fit.weight[i], fit.weight[k]) > -outside && fmax(fit.weight[i], fit.weight[k]) < 1 + outside;
    if (!between && fit.nearest2 > 16 * rounding2(s, &fit, m)) return false;
  }
  return matrices->len > 0;
}

/* Some of those used are farther from the child than rounding explains. */
static bool is_told(const Search *s, const SpanGram *g, const Matrix *m, uint32_t used, const SpanFit *fit) {
  double farthest = 0;
  for (unsigned k = 0; k < s->n; k++)
    if (used >> k & 1) farthest = fmax(farthest, span_child_distance2(g, k));
  return farthest > 16 * rounding2(s, fit, m);
}

/* Mean weights over the matrices; false where one is out of what a merge can have: at most one model is taken off. */
static bool mean_weights(const Search *s, const SpanGram *grams, const GArray *matrices, uint32_t used, double *weight,
                         int *taken_off) {
  static const double least_share = 0.015, most = 1.02;
  unsigned told = 0;
  *taken_off = -1;
  for (unsigned k = 0; k < s->n; k++) weight[k] = 0;
  for (guint i = 0; i < matrices->len; i++) {
    SpanFit fit = span_fit(&grams[i], used, false);
    if (!is_told(s, &grams[i], &g_array_index(matrices, Matrix, i), used, &fit)) continue;
    for (unsigned k = 0; k < s->n; k++) weight[k] += fit.weight[k];
    told++;
  }
  for (unsigned k = 0; k < s->n; k++) weight[k] /= MAX(told, 1u);
  for (unsigned k = 0; k < s->n; k++) {
    if (!(used >> k & 1)) continue;
    if (fabs(weight[k]) < least_share || weight[k] > most || (weight[k] < 0 && *taken_off >= 0)) return false;
    if (weight[k] < 0) *taken_off = (int)k;
  }
  return true;
}

/* The one that all others are nearest to, when it is so by far: it is where they came from. */
static int hub_of(const Search *s, uint32_t used) {
  static const double by_far = 0.8;
  double best = INFINITY, second = INFINITY;
  int hub = -1;
  for (unsigned k = 0; k < s->n; k++) {
    double sum = 0;
    if (!(used >> k & 1)) continue;
    for (unsigned i = 0; i < s->n; i++)
      if (used >> i & 1) sum += d2(s, s->near[k], s->near[i]);
    if (sum < best) second = best, best = sum, hub = (int)k;
    else second = fmin(second, sum);
  }
  return best < by_far * second ? hub : -1;
}

/* Leaves out whom the sum does not need, the nearest first: what was made of the same parents is nearer than they. */
static bool search_sum(const Search *s, const GArray *matrices, Candidate *out) {
  double weight[NEAREST];
  int base;
  g_autofree SpanGram *grams = matrices->len ? take_grams(s, matrices) : NULL;
  uint32_t used = (1u << s->n) - 1;
  if (!grams) return false;
  for (unsigned k = 0; k < s->n; k++)
    if (used != 1u << k && are_sums(s, grams, matrices, used & ~(1u << k))) used &= ~(1u << k);
  int parts = __builtin_popcount(used);
  if (parts < 2 || parts > PROOF_PARENTS || !mean_weights(s, grams, matrices, used, weight, &base)) return false;
  if (base < 0 && parts > 3) base = hub_of(s, used);
  *out = (Candidate){.base = base};
  for (unsigned k = 0; k < s->n; k++)
    if (used >> k & 1 && (int)k != base) out->parent[out->n++] = k;
  return out->n >= 2;
}

/* The largest matrix speaks for all, until the proof. */
static const Matrix *largest_of(const GArray *matrices) {
  const Matrix *best = NULL;
  for (guint i = 0; i < matrices->len; i++) {
    const Matrix *m = &g_array_index(matrices, Matrix, i);
    if (!best || m->child->moments.count > best->child->moments.count) best = m;
  }
  return best;
}

/* Two that the child lies between on a sphere; the farthest first, for what was made of both is nearer. */
static bool search_arc(const Search *s, const Matrix *first, const GArray *matrices, Candidate *out) {
  SpanGram gram;
  SpanFit fit;
  if (!first) return false;
  take_gram(s, first, &gram);
  for (unsigned i = s->n; i-- > 1;)
    for (unsigned k = i; k-- > 0;) {
      if (!is_sum(s, &gram, first, 1u << i | 1u << k, true, &fit) || !is_arc(s, matrices, i, k)) continue;
      *out = (Candidate){.n = 2, .parent = {k, i}, .base = -1};
      return true;
    }
  return false;
}

/* ---- parts of changes, told by the numbers at random places ---- */

static bool take_elements(const Search *s, const Matrix *m, unsigned base, Elements *e) {
  enum { LEAST_PLACES = 256 };
  *e = (Elements){.c = m->child->places, .o = m->others[base]->places, .n = m->child->placed};
  e->n = MIN(e->n, m->others[base]->placed);
  e->epsilon = fmax(s->sketch->epsilon, s->others[base]->epsilon);
  return e->c && e->o && e->n >= LEAST_PLACES && !tensor_sketch_equal(m->child, m->others[base]);
}

/* Those whose change alone explains some elements, by how many: the strongest. */
static void find_parents(const Search *s, const Matrix *m, unsigned base, Elements *e, Candidate *out) {
  static const double least = 0.03;
  double peaks[ELEMENT_PARENTS];
  *out = (Candidate){.base = (int)base, .by_element = true};
  for (unsigned k = 0; k < s->n; k++) {
    if (k == base || !m->others[k]->places || m->others[k]->placed < e->n) continue;
    Elements one = *e;
    one.parents = 1, one.x[0] = m->others[k]->places, one.epsilon = fmax(e->epsilon, s->others[k]->epsilon);
    double peak = element_mix_peak(&one, 0);
    if (peak < least || (out->n == ELEMENT_PARENTS && peak <= peaks[out->n - 1])) continue;
    unsigned at = out->n < ELEMENT_PARENTS ? out->n++ : ELEMENT_PARENTS - 1;
    for (; at > 0 && peaks[at - 1] < peak; at--) peaks[at] = peaks[at - 1], out->parent[at] = out->parent[at - 1];
    peaks[at] = peak, out->parent[at] = k;
  }
}

/* Sets how the first n parents explain the matrix. */
static ElementMethod mix_of(const Search *s, const Matrix *m, Elements *e, const Candidate *c, unsigned n) {
  e->parents = n;
  for (unsigned k = 0; k < n; k++) {
    e->x[k] = m->others[c->parent[k]]->places;
    e->epsilon = fmax(e->epsilon, s->others[c->parent[k]]->epsilon);
  }
  return element_mix(e).method;
}

/* Some elements stand where the base has them, others moved: else nothing was dropped. */
static bool drops(const Elements *e) {
  size_t still = 0;
  for (size_t i = 0; i < e->n; i++) still += fabs((double)e->c[i] - e->o[i]) <= 2 * e->epsilon * fabs((double)e->o[i]);
  return 50 * still >= e->n && still < e->n;
}

/* By another rule, of which no factor tells: any two that the child is nearer to than they to each other. */
static bool search_unknown(const Search *s, const Matrix *m, unsigned base, const Elements *e, Candidate *out) {
  for (unsigned i = 0; i < s->n; i++)
    for (unsigned k = 0; k < i; k++) {
      if (i == base || k == base || !m->others[i]->places || !m->others[k]->places) continue;
      if (MIN(m->others[i]->placed, m->others[k]->placed) < e->n) continue;
      Elements two = *e;
      *out = (Candidate){.n = 2, .parent = {k, i}, .base = (int)base, .by_element = true};
      if (mix_of(s, m, &two, out, 2) == ELEMENTS_UNKNOWN) return true;
    }
  return false;
}

static bool search_elements(const Search *s, const Matrix *m, Candidate *out) {
  Elements e;
  for (unsigned base = 0; m && base < s->n; base++) {
    if (!take_elements(s, m, base, &e)) continue;
    find_parents(s, m, base, &e, out);
    for (unsigned n = out->n; n >= 2; n--) {
      Elements some = e;
      ElementMethod method = mix_of(s, m, &some, out, n);
      if (method == ELEMENTS_NONE || method == ELEMENTS_UNKNOWN) continue;
      out->n = n;
      return true;
    }
  }
  for (unsigned base = 0; m && base < s->n; base++)
    if (take_elements(s, m, base, &e) && drops(&e) && search_unknown(s, m, base, &e, out)) return true;
  return false;
}

/* ---- proof ---- */

typedef struct {
  MemberOpen open;
  void *user;
  bool quantised;
} Prover;

static void heaviest_first(MergeFound *m) {
  MergeProof *p = &m->proof;
  for (unsigned i = 1; i < p->n; i++)
    for (unsigned k = i; k > 0 && p->weight[k] > p->weight[k - 1]; k--) {
      double weight = p->weight[k], density = p->density[k];
      unsigned parent = m->parent[k];
      p->weight[k] = p->weight[k - 1], p->density[k] = p->density[k - 1], m->parent[k] = m->parent[k - 1];
      p->weight[k - 1] = weight, p->density[k - 1] = density, m->parent[k - 1] = parent;
      if (k == 1 && isfinite(p->slerp_t)) p->slerp_t = 1 - p->slerp_t;
    }
}

/* Where both changes were scaled up, base and merge follow from each other by the same rule; the base is the one that
 * is nearer to the parents. */
static bool is_base_of(const Search *s, const MergeFound *m) {
  double from_child = 0, from_base = 0;
  if (m->base < 0 || m->proof.method != RECIPE_DARE) return false;
  for (unsigned k = 0; k < m->proof.n; k++) {
    if (m->proof.weight[k] <= m->proof.density[k]) return false;
    from_child += d2(s, m->parent[k], m->child), from_base += d2(s, m->parent[k], (unsigned)m->base);
  }
  return from_child < from_base;
}

static bool prove(const Search *s, const Prover *prover, const Candidate *c, MergeFound *out) {
  ProofFiles f = {.n = c->n, .by_element = c->by_element, .quantised = prover->quantised};
  bool there = (f.child = prover->open(prover->user, s->child)) != NULL;
  *out = (MergeFound){.child = s->child, .base = c->base < 0 ? -1 : (int)s->near[c->base]};
  f.epsilon = s->sketch->epsilon;
  for (unsigned k = 0; k < c->n; k++) {
    out->parent[k] = s->near[c->parent[k]];
    there &= (f.parent[k] = prover->open(prover->user, out->parent[k])) != NULL;
    f.epsilon = fmax(f.epsilon, s->others[c->parent[k]]->epsilon);
  }
  if (c->base >= 0) {
    there &= (f.base = prover->open(prover->user, (unsigned)out->base)) != NULL;
    f.epsilon = fmax(f.epsilon, s->others[c->base]->epsilon);
  }
  bool ok = there && merge_prove(&f, &out->proof, NULL) && !is_base_of(s, out);
  weight_file_free(f.child);
  weight_file_free(f.base);
  for (unsigned k = 0; k < c->n; k++) weight_file_free(f.parent[k]);
  if (ok) heaviest_first(out);
  return ok;
}

/* ---- all members ---- */

typedef struct {
  const KinTable *table;
  const GArray *members;
  Candidate *of; /* one a member; n 0: none */
  Search *searches;
} Sweep;

static bool search_child(void *user, size_t item, unsigned thread) {
  (void)thread;
  Sweep *w = user;
  Search *s = &w->searches[item];
  *s = search_new(w->table, g_array_index(w->members, unsigned, item), w->members);
  g_autoptr(GArray) matrices = s->n >= 2 ? find_matrices(s) : NULL;
  const Matrix *m = matrices ? largest_of(matrices) : NULL;
  bool found = m && (search_sum(s, matrices, &w->of[item]) || search_arc(s, m, matrices, &w->of[item]) ||
                     search_elements(s, m, &w->of[item]));
  if (!found) w->of[item].n = 0;
  return true;
}

static bool needs(const MergeFound *m, unsigned member) {
  for (unsigned k = 0; k < m->proof.n; k++)
    if (m->parent[k] == member) return true;
  return m->base == (int)member;
}

/* Sum of the weights' sizes, the base's too. Of a group in which each fits the others, the merge has the least. */
static double weights_of(const MergeFound *m) {
  double sum = 0, size = 0;
  for (unsigned k = 0; k < m->proof.n; k++) sum += m->proof.weight[k], size += fabs(m->proof.weight[k]);
  return size + (m->base >= 0 ? fabs(1 - sum) : 0);
}

/* Of two that need each other one is made up. */
static void settle(GArray *found, const MergeFound *m) {
  for (guint i = 0; i < found->len; i++) {
    MergeFound *other = &g_array_index(found, MergeFound, i);
    if (!needs(m, other->child) || !needs(other, m->child)) continue;
    if (weights_of(m) < weights_of(other)) *other = *m;
    return;
  }
  g_array_append_val(found, *m);
}

GArray *merge_search(const KinTable *table, const GArray *members, MemberOpen open, void *user, unsigned threads,
                     const Progress *p, GError **error) {
  g_autoptr(GArray) found = g_array_new(FALSE, FALSE, sizeof(MergeFound));
  g_autofree Candidate *of = g_new0(Candidate, members->len + 1);
  g_autofree Search *searches = g_new0(Search, members->len + 1);
  Sweep sweep = {table, members, of, searches};
  Prover prover = {open, user, false};
  parallel_for(members->len, members->len >= 16 ? threads : 1, search_child, &sweep, p ? p->cancel : NULL);
  for (guint i = 0; i < members->len; i++) {
    MergeFound m;
    if (!progress_check(p, error)) return NULL;
    if (of[i].n >= 2 && prove(&searches[i], &prover, &of[i], &m)) settle(found, &m);
  }
  return g_steal_pointer(&found);
}

/* ---- quantised copies of merges ---- */

/* Between both, and nearer to their line than to any model that is here: the copy of one, of a step between two others
 * of its run, is as far from that one as from the line. */
static bool may_be_between(const Search *s, unsigned a, unsigned b) {
  double across = d2(s, a, b), to_a = d2(s, s->child, a), to_b = d2(s, s->child, b);
  double w = (to_b + across - to_a) / (2 * across), rest = to_b - w * w * across;
  return w > 0.12 && w < 0.88 && rest < 0.85 * d2(s, s->child, s->near[0]);
}

static bool search_quantised(const Search *s, const Prover *prover, MergeFound *out) {
  for (unsigned i = 0; i < s->n; i++)
    for (unsigned k = 0; k < i; k++) {
      if (!may_be_between(s, s->near[i], s->near[k])) continue;
      Candidate c = {.n = 2, .parent = {k, i}, .base = -1};
      if (prove(s, prover, &c, out)) return true;
      c.by_element = true;
      for (c.base = 0; c.base < (int)s->n; c.base++)
        if (c.base != (int)i && c.base != (int)k && prove(s, prover, &c, out) && out->proof.method != RECIPE_UNKNOWN)
          return true;
    }
  return false;
}

GArray *merge_search_quantised(const KinTable *table, const GArray *rows, const GArray *members, MemberOpen open,
                               void *user, const Progress *p, GError **error) {
  g_autoptr(GArray) found = g_array_new(FALSE, FALSE, sizeof(MergeFound));
  Prover prover = {open, user, true};
  for (guint i = 0; i < rows->len; i++) {
    MergeFound m;
    if (!progress_check(p, error)) return NULL;
    Search s = search_new(table, g_array_index(rows, unsigned, i), members);
    if (search_quantised(&s, &prover, &m)) g_array_append_val(found, m);
  }
  return g_steal_pointer(&found);
}
