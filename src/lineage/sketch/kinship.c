/* SPDX-License-Identifier: Apache-2.0 */
#include "lineage/sketch/kinship.h"

#include <math.h>
#include <string.h>

#include "core/parallel.h"
#include "lineage/sketch/glance.h"
#include "numerics/projection.h"
#include "numerics/tail.h"

/* Sums over the common tensors while two sketches are merged. */
typedef struct {
  bool likeness;           /* nothing but what kinship_likeness() tells is wanted */
  double elements;         /* of the common matrices */
  double cosine, variance; /* weighted by elements */
  double distance2, norm2_a, norm2_b;
  double tail;
  unsigned tensors, equal; /* trunk matrices and vectors */
  unsigned vectors, vectors_equal;
  double head, head_elements;
} Sums;

static double cosine_of(double product, double norm2_a, double norm2_b) {
  return CLAMP(product / sqrt(norm2_a * norm2_b), -1, 1);
}

/* Adds how far the matrices lie apart; their product. */
static double add_distance(Sums *s, const TensorSketch *a, const TensorSketch *b) {
  double product, distance2, gap = moments_mean(&a->moments) - moments_mean(&b->moments);
  projection_compare(a->projection, b->projection, a->width, &product, &distance2);
  s->distance2 += distance2 + (double)a->moments.count * gap * gap;
  if (a->places && b->places)
    s->tail += tail_distance(a->places, b->places, MIN(a->placed, b->placed), a->moments.count,
                             sqrt(b->moments.sum2 / a->moments.sum2));
  return product;
}

static void add_matrix(Sums *s, const TensorSketch *a, const TensorSketch *b, bool same) {
  double ca = tensor_sketch_variation(a), cb = tensor_sketch_variation(b);
  double n = (double)a->moments.count;
  if (ca == 0 || cb == 0) return;
  double cosine = 1;
  if (!same && s->likeness) cosine = cosine_of(projection_product(a->projection, b->projection, a->width), ca, cb);
  else if (!same) cosine = cosine_of(add_distance(s, a, b), ca, cb);
  s->elements += n;
  s->cosine += n * cosine;
  /* Strangers: 1/n from the numbers, one over its width from the projection. */
  double width = (double)a->width;
  s->variance += n * n * (1 / n + (n > width ? 1 / width : 0));
  s->norm2_a += a->moments.sum2;
  s->norm2_b += b->moments.sum2;
}

static void add_head(Sums *s, const TensorSketch *a, const TensorSketch *b) {
  double ca = tensor_sketch_variation(a), cb = tensor_sketch_variation(b);
  double n = (double)a->moments.count;
  if (!a->projected || ca == 0 || cb == 0) return;
  double product, distance2;
  projection_compare(a->projection, b->projection, a->width, &product, &distance2);
  s->head += n * cosine_of(product, ca, cb);
  s->head_elements += n;
}

static void add_pair(Sums *s, const TensorSketch *a, const TensorSketch *b) {
  if (s->likeness && a->part != PART_MATRIX) return;
  bool same = tensor_sketch_equal(a, b);
  if (a->part == PART_HEAD) add_head(s, a, b);
  if (a->part == PART_MATRIX) add_matrix(s, a, b, same);
  if (a->part == PART_MATRIX || a->part == PART_VECTOR) s->tensors++, s->equal += same;
  if (a->part == PART_VECTOR) s->vectors++, s->vectors_equal += same;
}

static void settle(const Sums *s, const ModelSketch *a, const ModelSketch *b, Kinship *out) {
  memset(out, 0, sizeof *out);
  out->head_cosine = s->head_elements > 0 ? s->head / s->head_elements : NAN;
  out->equal = s->tensors ? (double)s->equal / s->tensors : 0;
  out->vectors_equal = s->vectors >= 2 && s->vectors == s->vectors_equal;
  if (s->elements == 0) return;
  double scale = (double)MAX(a->trunk, b->trunk) / s->elements;
  out->common = s->elements / (double)MIN(a->trunk, b->trunk);
  out->cosine = s->cosine / s->elements;
  out->noise = sqrt(s->variance) / s->elements;
  out->distance2 = s->distance2 * scale;
  out->tail2 = s->tail * s->tail * scale;
  out->norm2_a = s->norm2_a * scale;
  out->norm2_b = s->norm2_b * scale;
}

static Sums add_up(const ModelSketch *a, const ModelSketch *b, bool likeness) {
  Sums sums = {.likeness = likeness};
  const TensorSketch *x = (const TensorSketch *)(const void *)a->tensors->data;
  const TensorSketch *y = (const TensorSketch *)(const void *)b->tensors->data;
  for (guint i = 0, j = 0; i < a->tensors->len && j < b->tensors->len;) {
    if (x[i].seed < y[j].seed) {
      i++;
    } else if (x[i].seed > y[j].seed) {
      j++;
    } else {
      if (x[i].part == y[j].part && x[i].projected == y[j].projected && x[i].width == y[j].width)
        add_pair(&sums, &x[i], &y[j]);
      i++, j++;
    }
  }
  return sums;
}

void kinship_compare(const ModelSketch *a, const ModelSketch *b, Kinship *out) {
  Sums sums = add_up(a, b, false);
  settle(&sums, a, b, out);
}

void kinship_likeness(const ModelSketch *a, const ModelSketch *b, Kinship *out) {
  Sums sums = add_up(a, b, true);
  settle(&sums, a, b, out);
}

/* The tensor with that seed, looked for from *at on; moves *at there. */
static const TensorSketch *seek(const ModelSketch *s, uint64_t seed, guint *at) {
  const TensorSketch *t = (const TensorSketch *)(const void *)s->tensors->data;
  while (*at < s->tensors->len && t[*at].seed < seed) ++*at;
  return *at < s->tensors->len && t[*at].seed == seed ? &t[*at] : NULL;
}

/* The share of one tensor: its projections and, since those are centred, its mean. */
static double tensor_residual(const TensorSketch *a, const TensorSketch *const *b, const double *weight, unsigned n) {
  double gap = moments_mean(&a->moments), sum = 0;
  for (unsigned i = 0; i < n; i++) gap -= weight[i] * moments_mean(&b[i]->moments);
  for (size_t k = 0; k < a->width; k++) {
    double rest = (double)a->projection[k];
    for (unsigned i = 0; i < n; i++) rest -= weight[i] * (double)b[i]->projection[k];
    sum += rest * rest;
  }
  return sum + (double)a->moments.count * gap * gap;
}

double kinship_residual(const ModelSketch *a, const ModelSketch *const *b, const double *weight, unsigned n) {
  enum { MOST = 3 };
  guint at[MOST] = {0};
  double sum = 0, elements = 0;
  for (guint i = 0; i < a->tensors->len && n <= MOST; i++) {
    const TensorSketch *t = &g_array_index(a->tensors, TensorSketch, i), *other[MOST];
    unsigned found = 0;
    if (t->part != PART_MATRIX || !t->projected || tensor_sketch_variation(t) == 0) continue;
    for (unsigned k = 0; k < n; k++) {
      other[k] = seek(b[k], t->seed, &at[k]);
      found += other[k] && other[k]->projected && other[k]->width == t->width;
    }
    if (found < n) continue;
    sum += tensor_residual(t, other, weight, n);
    elements += (double)t->moments.count;
  }
  return 2 * elements >= (double)a->trunk && elements > 0 ? sum : INFINITY;
}

bool kinship_is_comparable(const Kinship *k) { return k->common >= 0.5; }

double kinship_threshold(const Kinship *k) {
  double chance = MIN(0.95, 4 * k->noise);
  return MAX(KINSHIP_THRESHOLD, chance);
}

bool kinship_is_kin(const Kinship *k) { return kinship_is_comparable(k) && k->cosine >= kinship_threshold(k); }

void sets_init(Sets *s, unsigned n) {
  s->parent = g_new(unsigned, MAX(n, 1));
  s->size = g_new(unsigned, MAX(n, 1));
  for (unsigned i = 0; i < n; i++) s->parent[i] = i, s->size[i] = 1;
}

void sets_clear(Sets *s) {
  g_clear_pointer(&s->parent, g_free);
  g_clear_pointer(&s->size, g_free);
}

unsigned sets_find(Sets *s, unsigned i) {
  while (s->parent[i] != i) i = s->parent[i] = s->parent[s->parent[i]];
  return i;
}

void sets_join(Sets *s, unsigned i, unsigned j) {
  i = sets_find(s, i), j = sets_find(s, j);
  if (i == j) return;
  if (s->size[i] < s->size[j]) {
    unsigned t = i;
    i = j, j = t;
  }
  s->parent[j] = i;
  s->size[i] += s->size[j];
}

/* One set while all are being joined. */
typedef struct {
  GArray *members; /* of unsigned, in the order of joining; NULL once it went into another */
} Kin;

typedef struct {
  const GPtrArray *sketches;
  GPtrArray *glances; /* by sketch; NULL of those that take no part yet */
  GArray *kin;        /* of Kin */
  Sets *sets;
  unsigned newcomer;
  bool *related; /* by kin: is the newcomer? */
} Joining;

static bool is_kin_of(const Joining *j, unsigned member) {
  Kinship k;
  kinship_likeness(j->sketches->pdata[j->newcomer], j->sketches->pdata[member], &k);
  return kinship_is_kin(&k);
}

static bool check_kin(void *user, size_t item, unsigned thread) {
  (void)thread;
  Joining *j = user;
  const GArray *members = g_array_index(j->kin, Kin, item).members;
  j->related[item] = false;
  if (!members) return true;
  unsigned first = g_array_index(members, unsigned, 0);
  unsigned latest = g_array_index(members, unsigned, members->len - 1);
  const GArray *own = j->glances->pdata[j->newcomer];
  if (!glances_are_alike(own, j->glances->pdata[first]) && !glances_are_alike(own, j->glances->pdata[latest]))
    return true;
  for (guint i = 0; i < members->len && !j->related[item]; i++)
    j->related[item] = is_kin_of(j, g_array_index(members, unsigned, i));
  return true;
}

/* Puts the newcomer, and all sets it is kin of, into one. */
static void settle_newcomer(Joining *j) {
  GArray *home = NULL;
  for (guint k = 0; k < j->kin->len; k++) {
    Kin *kin = &g_array_index(j->kin, Kin, k);
    if (!j->related[k]) continue;
    sets_join(j->sets, j->newcomer, g_array_index(kin->members, unsigned, 0));
    if (!home) {
      home = kin->members;
      continue;
    }
    g_array_append_vals(home, kin->members->data, kin->members->len);
    g_array_unref(kin->members);
    kin->members = NULL;
  }
  if (!home) {
    Kin fresh = {g_array_new(FALSE, FALSE, sizeof(unsigned))};
    home = fresh.members;
    g_array_append_val(j->kin, fresh);
  }
  g_array_append_val(home, j->newcomer);
}

static void faces_unref(void *faces) {
  if (faces) g_array_unref(faces);
}

static void kin_clear(void *kin) {
  GArray *members = ((Kin *)kin)->members;
  if (members) g_array_unref(members);
}

bool kinship_join(const GPtrArray *sketches, const GArray *members, Sets *sets, unsigned threads, const Progress *p,
                  GError **error) {
  enum { WORTH_THREADS = 24 };
  Joining j = {.sketches = sketches, .sets = sets};
  g_autofree bool *related = g_new0(bool, members->len + 1);
  g_autoptr(GArray) kin = g_array_new(FALSE, FALSE, sizeof(Kin));
  g_array_set_clear_func(kin, kin_clear);
  g_autoptr(GPtrArray) glances = g_ptr_array_new_with_free_func(faces_unref);
  g_ptr_array_set_size(glances, (gint)sketches->len);
  j.kin = kin, j.related = related, j.glances = glances;
  for (guint i = 0; i < members->len; i++) {
    j.newcomer = g_array_index(members, unsigned, i);
    if (!glances->pdata[j.newcomer]) glances->pdata[j.newcomer] = glance_new(sketches->pdata[j.newcomer]);
    if (!progress_step(p, "comparing", i, members->len, error)) return false;
    parallel_for(kin->len, kin->len >= WORTH_THREADS ? threads : 1, check_kin, &j, NULL);
    settle_newcomer(&j);
  }
  return true;
}

double kinship_growth(const Kinship *k) { return k->distance2 > 0 ? (k->norm2_b - k->norm2_a) / k->distance2 : 0; }

bool kinship_is_low_rank(const Kinship *k) {
  double rho = fabs(kinship_growth(k));
  return k->vectors_equal && rho > 0.6 && rho < 1.6;
}

double kinship_along(const ModelSketch *a, const ModelSketch *b, double distance2) {
  return a->norm2 > 0 ? (b->norm2 - a->norm2 - distance2) / (2 * sqrt(a->norm2)) : 0;
}

/* Fourth powers of the differences at random places over the square of their variance, summed; the places. */
static double add_fourth(const TensorSketch *a, const TensorSketch *b, double *seen) {
  size_t n = MIN(a->placed, b->placed);
  double mean = 0, second = 0, fourth = 0;
  for (size_t i = 0; i < n; i++) mean += ((double)b->places[i] - (double)a->places[i]) / (double)n;
  for (size_t i = 0; i < n; i++) {
    double d = (double)b->places[i] - (double)a->places[i] - mean;
    second += d * d, fourth += d * d * d * d;
  }
  if (!(second > 0) || !isfinite(fourth)) return 0;
  *seen += (double)n;
  return fourth * (double)n / (second * second) * (double)n;
}

bool kinship_is_noise_like(const ModelSketch *a, const ModelSketch *b) {
  enum { FEWEST = 256 };
  static const double normal = 3, tolerance = 0.4;
  const TensorSketch *x = (const TensorSketch *)(const void *)a->tensors->data;
  guint at = 0;
  double fourth = 0, seen = 0;
  for (guint i = 0; i < a->tensors->len; i++) {
    if (x[i].part != PART_MATRIX || !x[i].places) continue;
    const TensorSketch *y = seek(b, x[i].seed, &at);
    if (y && y->part == PART_MATRIX && y->places) fourth += add_fourth(&x[i], y, &seen);
  }
  return seen >= FEWEST && fabs(fourth / seen - normal) < tolerance;
}
