/* SPDX-License-Identifier: Apache-2.0 */
#include "lineage/grow/spanning.h"

#include <math.h>

#include "core/parallel.h"
#include "numerics/sorted.h"

enum { LANDMARKS = 256, MOST_CHILDREN = 9, MOST_PAIRS = MOST_CHILDREN * (MOST_CHILDREN - 1) / 2 };

static const double out_of_reach = 1e200; /* of pairs that cannot be compared */

/* Some children that a ghost is known to have, and how far they are from one another. */
typedef struct {
  unsigned count, child[MOST_CHILDREN];
  double between[MOST_CHILDREN][MOST_CHILDREN];
} Brood;

typedef struct {
  const PedigreeMember *members;
  unsigned n;
  const KinTable *table;
  SpanningLength length;
  GHashTable *broods; /* ghost -> Brood */
  unsigned newest;    /* the member whose row is being computed */
  bool *attached;
  double *row;        /* lengths from `newest` */
  float *to_landmark; /* n x marks tail2; NAN where none */
  unsigned marks, stride;
  Spanning *out;
} Prim;

static bool is_known_pair(const Prim *prim, unsigned u, unsigned v) {
  return prim->members[u].known == (int)v || prim->members[v].known == (int)u;
}

static double distance2(const Prim *prim, unsigned u, unsigned v) {
  double d = kin_table_get(prim->table, prim->members[u].row, prim->members[v].row).distance2;
  return MIN(d, out_of_reach);
}

static void add_to_brood(Prim *prim, unsigned ghost, unsigned child) {
  Brood *b = g_hash_table_lookup(prim->broods, GUINT_TO_POINTER(ghost));
  if (!b) {
    b = g_new0(Brood, 1);
    g_hash_table_insert(prim->broods, GUINT_TO_POINTER(ghost), b);
  }
  if (b->count == MOST_CHILDREN) return;
  for (unsigned i = 0; i < b->count; i++) b->between[b->count][i] = distance2(prim, child, b->child[i]);
  b->child[b->count++] = child;
}

static void find_broods(Prim *prim) {
  prim->broods = g_hash_table_new_full(NULL, NULL, NULL, g_free);
  for (unsigned v = 0; v < prim->n; v++) {
    int p = prim->members[v].known;
    if (p >= 0 && prim->members[v].sketch && !prim->members[p].sketch) add_to_brood(prim, (unsigned)p, v);
  }
}

static double length_of(const Prim *prim, const KinPair *k) {
  return prim->length == SPANNING_EUCLID ? k->euclid : k->length;
}

/* What a squared distance from v is as a length, by v's pairs with the brood. */
static double scale_of(const Prim *prim, const Brood *b, unsigned v) {
  double lengths = 0, distances = 0;
  for (unsigned i = 0; i < b->count; i++) {
    KinPair k = kin_table_get(prim->table, prim->members[v].row, prim->members[b->child[i]].row);
    if (!isfinite(k.distance2)) continue;
    lengths += length_of(prim, &k), distances += k.distance2;
  }
  return distances > 0 ? lengths / distances : 1;
}

/* How far v is from an absent base, told by two children j, k of it that moved independently:
 * <v - j, v - k> = (d_vj^2 + d_vk^2 - d_jk^2) / 2. When v descends from j, every pair with j gives
 * v's distance to j instead. Of many pairs most are without j, and the median is right; of few the
 * largest is, and a tie goes to j. */
static double ghost_length(const Prim *prim, unsigned ghost, unsigned v) {
  const Brood *b = g_hash_table_lookup(prim->broods, GUINT_TO_POINTER(ghost));
  if (!b || b->count < 2 || !prim->members[v].sketch) return out_of_reach;
  double to[MOST_CHILDREN], product[MOST_PAIRS];
  unsigned pairs = 0;
  for (unsigned i = 0; i < b->count; i++) to[i] = distance2(prim, v, b->child[i]);
  for (unsigned i = 0; i < b->count; i++)
    for (unsigned j = 0; j < i; j++) product[pairs++] = (to[i] + to[j] - b->between[i][j]) / 2;
  sort_doubles(product, pairs);
  double length = b->count >= 5 ? product[pairs / 2] : 1.05 * product[pairs - 1];
  return length > 0 ? length * scale_of(prim, b, v) : out_of_reach;
}

static void note_landmark(Prim *prim, unsigned u, unsigned v, double d2) {
  if (v % prim->stride == 0) prim->to_landmark[(size_t)u * prim->marks + v / prim->stride] = (float)d2;
}

/* Length of the edge u-v. */
static double edge_length(Prim *prim, unsigned u, unsigned v) {
  const ModelSketch *a = prim->members[u].sketch, *b = prim->members[v].sketch;
  bool known = is_known_pair(prim, u, v);
  if (!a || !b) return known ? 0 : !a && !b ? out_of_reach : ghost_length(prim, a ? v : u, a ? u : v);
  KinPair k = kin_table_get(prim->table, prim->members[u].row, prim->members[v].row);
  if (!isfinite(k.distance2)) return known ? 0 : out_of_reach;
  note_landmark(prim, u, v, k.tail2);
  note_landmark(prim, v, u, k.tail2);
  return known ? 0 : length_of(prim, &k);
}

static bool fill_row(void *user, size_t v, unsigned thread) {
  (void)thread;
  Prim *prim = user;
  if (!prim->attached[v]) prim->row[v] = edge_length(prim, prim->newest, (unsigned)v);
  return true;
}

static void note_near(Spanning *s, unsigned v, unsigned other, double length) {
  SpanningNear *near = s->near + (size_t)v * SPANNING_NEAR, newer = {(int)other, length};
  for (unsigned i = 0; i < SPANNING_NEAR; i++) {
    if (near[i].member >= 0 && near[i].length <= newer.length) continue;
    SpanningNear pushed = near[i];
    near[i] = newer;
    newer = pushed;
    if (newer.member < 0) return;
  }
}

/* Takes the new row into account; the nearest member outside, or n. Each pair comes by once. */
static unsigned relax(Prim *prim) {
  Spanning *s = prim->out;
  unsigned nearest = prim->n;
  for (unsigned v = 0; v < prim->n; v++) {
    if (prim->attached[v]) continue;
    double d = prim->row[v];
    note_near(s, v, prim->newest, d);
    note_near(s, prim->newest, v, d);
    if (s->neighbour[v] < 0 || d < s->best[v]) {
      if (s->neighbour[v] >= 0) s->second[v] = s->best[v];
      s->best[v] = d;
      s->neighbour[v] = (int)prim->newest;
    } else if (d < s->second[v]) {
      s->second[v] = d;
    }
    if (nearest == prim->n || s->best[v] < s->best[nearest]) nearest = v;
  }
  return nearest;
}

/* The median of each row, NANs left out. */
static void settle_medians(Prim *prim) {
  float values[LANDMARKS];
  for (unsigned v = 0; v < prim->n; v++) {
    unsigned k = 0;
    const float *row = prim->to_landmark + (size_t)v * prim->marks;
    for (unsigned i = 0; i < prim->marks; i++)
      if (!isnan(row[i])) values[k++] = row[i];
    sort_floats(values, k);
    prim->out->median[v] = k ? (double)(values[(k - 1) / 2] + values[k / 2]) / 2 : NAN;
  }
}

static void prim_init(Prim *prim, const PedigreeMember *members, unsigned n, const KinTable *table,
                      SpanningLength length, Spanning *out) {
  *prim = (Prim){.members = members, .n = n, .table = table, .length = length, .out = out};
  prim->stride = (n + LANDMARKS - 1) / LANDMARKS;
  prim->marks = (n + prim->stride - 1) / prim->stride;
  prim->attached = g_new0(bool, n);
  prim->row = g_new0(double, n);
  find_broods(prim);
  prim->to_landmark = g_new(float, (size_t)n * prim->marks);
  for (size_t i = 0; i < (size_t)n * prim->marks; i++) prim->to_landmark[i] = NAN;
  out->neighbour = g_new(int, n);
  out->best = g_new0(double, n);
  out->second = g_new0(double, n);
  out->median = g_new0(double, n);
  out->near = g_new0(SpanningNear, (size_t)n * SPANNING_NEAR);
  for (unsigned v = 0; v < n; v++) out->neighbour[v] = -1, out->second[v] = INFINITY;
  for (size_t i = 0; i < (size_t)n * SPANNING_NEAR; i++) out->near[i].member = -1;
}

bool spanning_build(const PedigreeMember *members, unsigned n, const KinTable *table, SpanningLength length,
                    unsigned threads, Spanning *out, const Progress *p, GError **error) {
  g_return_val_if_fail(n > 0, false);
  Prim prim;
  prim_init(&prim, members, n, table, length, out);
  bool ok = true;
  for (unsigned done = 1; ok && done <= n; done++) {
    prim.attached[prim.newest] = true;
    /* Threads cost more than a short row. */
    parallel_for(n, n - done >= 64 ? threads : 1, fill_row, &prim, NULL);
    prim.newest = relax(&prim);
    ok = progress_step(p, "joining", done, n, error);
  }
  if (ok) settle_medians(&prim);
  g_hash_table_unref(prim.broods);
  g_free(prim.attached);
  g_free(prim.row);
  g_free(prim.to_landmark);
  if (!ok) spanning_clear(out);
  return ok;
}

void spanning_clear(Spanning *s) {
  g_clear_pointer(&s->neighbour, g_free);
  g_clear_pointer(&s->best, g_free);
  g_clear_pointer(&s->second, g_free);
  g_clear_pointer(&s->median, g_free);
  g_clear_pointer(&s->near, g_free);
}
