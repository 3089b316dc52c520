/* SPDX-License-Identifier: Apache-2.0 */
#include "lineage/grow/missing_base.h"

#include <math.h>

#include "lineage/grow/certainty.h"
#include "lineage/grow/direction.h"
#include "numerics/sorted.h"

enum { LEAST = 3, MOST = 48 };

/* A hub's neighbours, and what they look like from there. */
typedef struct {
  const PedigreeMember *members;
  const KinTable *table;
  unsigned hub, n;
  unsigned near[MOST];
  double length2[MOST];        /* |j - h|^2 */
  double product[MOST * MOST]; /* <j - h, k - h>, but for what lies along h */
} Star;

static double d2(const Star *s, unsigned a, unsigned b) {
  return kin_table_get(s->table, s->members[a].row, s->members[b].row).distance2;
}

static double tail(const Star *s, unsigned a, unsigned b) {
  return sqrt(kin_table_get(s->table, s->members[a].row, s->members[b].row).tail2);
}

/* Neighbours that could be siblings: no parent of theirs is known, and the two compare. */
static void add_neighbour(Star *s, unsigned v) {
  const PedigreeMember *m = s->members;
  if (s->n == MOST || !m[v].sketch || m[v].known >= 0) return;
  double length2 = d2(s, s->hub, v);
  if (!isfinite(length2) || !(length2 > 0)) return;
  s->length2[s->n] = length2;
  s->near[s->n++] = v;
}

static const ModelSketch *sketch_of(const Star *s, unsigned v) { return s->members[v].sketch; }

static double along(const Star *s, unsigned i) {
  return kinship_along(sketch_of(s, s->hub), sketch_of(s, s->near[i]), s->length2[i]);
}

static void fill_products(Star *s) {
  for (unsigned i = 0; i < s->n; i++)
    for (unsigned k = 0; k < i; k++) {
      double p = (s->length2[i] + s->length2[k] - d2(s, s->near[i], s->near[k])) / 2 - along(s, i) * along(s, k);
      s->product[i * MOST + k] = s->product[k * MOST + i] = p;
    }
}

static double pair_quantile(const Star *s, double share) {
  g_autofree double *all = g_new(double, (MOST * MOST));
  unsigned n = 0;
  for (unsigned i = 0; i < s->n; i++)
    for (unsigned k = 0; k < i; k++) all[n++] = s->product[i * MOST + k];
  return quantile(all, n, share);
}

static void drop(Star *s, unsigned i) {
  s->n--;
  s->near[i] = s->near[s->n];
  s->length2[i] = s->length2[s->n];
  for (unsigned k = 0; k < s->n; k++) {
    s->product[i * MOST + k] = s->product[s->n * MOST + k];
    s->product[k * MOST + i] = s->product[k * MOST + s->n];
  }
}

/* The hub's own children share nothing with its siblings: the neighbour with the least in common is
 * dropped until all agree. */
static void keep_agreeing(Star *s) {
  double row[MOST];
  while (s->n >= 2) {
    double common = pair_quantile(s, 0.75), least = INFINITY;
    unsigned worst = 0;
    for (unsigned i = 0; i < s->n; i++) {
      unsigned n = 0;
      for (unsigned k = 0; k < s->n; k++)
        if (k != i) row[n++] = s->product[i * MOST + k];
      double middle = quantile(row, n, 0.5);
      if (middle < least) least = middle, worst = i;
    }
    if (!(common > 0) || least >= common / 3) return;
    drop(s, worst);
  }
}

/* What one pair of siblings has in common at the hub. */
typedef struct {
  double product, length; /* of their ways; the product of their lengths */
} Shared;

/* How much better one common step explains the products than directions that are a little alike do:
 * logarithm of the ratio of the squared errors, of cosines. */
static double constancy(const Shared *pairs, unsigned n, double step2) {
  double cosines = 0, of_step = 0, of_cosine = 0;
  for (unsigned i = 0; i < n; i++) cosines += pairs[i].product / pairs[i].length;
  for (unsigned i = 0; i < n; i++) {
    double x = pairs[i].product / pairs[i].length;
    of_step += pow(x - step2 / pairs[i].length, 2);
    of_cosine += pow(x - cosines / n, 2);
  }
  return log((of_cosine + 1e-6) / (of_step + 1e-6));
}

static double evenness(const Star *s, double step2) {
  g_autofree Shared *pairs = g_new(Shared, (MOST * MOST));
  unsigned n = 0;
  for (unsigned i = 0; i < s->n; i++)
    for (unsigned k = 0; k < i; k++)
      pairs[n++] = (Shared){s->product[i * MOST + k], sqrt(s->length2[i] * s->length2[k])};
  return constancy(pairs, n, step2);
}

/* The same by the largest differences, which siblings of one direction share less: their cosines are below 0 at a parent,
 * where each has large ones of its own, and about 0 or above at one of them. */
static void weigh_tails(const Star *s, double *x) {
  g_autofree Shared *pairs = g_new(Shared, (MOST * MOST));
  g_autofree double *cosines = g_new(double, (MOST * MOST)), *products = g_new(double, (MOST * MOST));
  unsigned n = 0;
  for (unsigned i = 0; i < s->n; i++)
    for (unsigned k = 0; k < i; k++) {
      double a = tail(s, s->hub, s->near[i]), b = tail(s, s->hub, s->near[k]), c = tail(s, s->near[i], s->near[k]);
      if (!(a > 0) || !(b > 0) || !isfinite(a + b + c)) continue;
      pairs[n] = (Shared){(a * a + b * b - c * c) / 2, a * b};
      products[n] = pairs[n].product;
      cosines[n] = pairs[n].product / pairs[n].length;
      n++;
    }
  if (n == 0) return;
  x[BASE_TAIL_EVEN] = CLAMP(constancy(pairs, n, quantile(products, n, 0.5)), -3, 3);
  x[BASE_TAIL] = CLAMP(quantile(cosines, n, 0.5), -0.5, 0.5);
}

static double middle_length2(const Star *s) {
  double all[MOST];
  for (unsigned i = 0; i < s->n; i++) all[i] = s->length2[i];
  return quantile(all, s->n, 0.5);
}

/* Counters of steps: a sibling that is behind the hub does not come of it. All are ahead of a base, and of one among n
 * siblings by chance. */
static void weigh_clocks(const Star *s, double *x) {
  double clock = sketch_of(s, s->hub)->clock;
  unsigned behind = 0, ahead = 0;
  for (unsigned i = 0; i < s->n; i++) {
    behind += sketch_of(s, s->near[i])->clock < clock;
    ahead += sketch_of(s, s->near[i])->clock > clock;
  }
  x[BASE_BEHIND] = behind > 0;
  x[BASE_ELDEST] = ahead == s->n ? -log(s->n + 1) : 0;
}

/* If the base is missing, the hub is one of its children and moved about as far as they: by how many deviations of the
 * logarithms its way is shorter, 0..4. */
static double shorter(const Star *s, double step2) {
  static const double usual_deviation = 0.3, little = 0.01;
  double sum = 0, sum2 = 0;
  for (unsigned i = 0; i < s->n; i++) {
    double way = log(fmax(s->length2[i] - step2, little * s->length2[i]));
    sum += way, sum2 += way * way;
  }
  double mean = sum / s->n, deviation = sqrt(fmax(sum2 / s->n - mean * mean, 0));
  return CLAMP((mean - log(step2)) / fmax(deviation, usual_deviation), 0, 4);
}

/* How sure the neighbours in the tree make a member as their parent, -1..1, by everything but its place in the middle;
 * a few neighbours count the less. */
static double hub_evidence(const PedigreeMember *members, const GArray *neighbours, unsigned hub) {
  enum { MANY = 10 };
  double sum = 0;
  unsigned n = 0;
  for (guint i = 0; i < neighbours->len; i++) {
    unsigned v = g_array_index(neighbours, unsigned, i);
    if (!members[v].sketch) continue;
    Kinship k;
    double x[ROOT_EVIDENCES] = {0};
    const DirectionPlace nowhere = {.median_p = NAN, .median_c = NAN};
    kinship_compare(members[hub].sketch, members[v].sketch, &k);
    direction_evidence(members[hub].sketch, members[v].sketch, &k, &nowhere, x);
    sum += tanh(evidence_sum(certainty_root, x, ROOT_EVIDENCES));
    n++;
  }
  return n ? sum / n * MIN(n, (unsigned)MANY) / MANY : 0;
}

/* Of the siblings' norms, against what they moved: models that all shrank share a direction without a base that is
 * missing. */
static double mean_growth(const Star *s) {
  double sum = 0;
  for (unsigned i = 0; i < s->n; i++) {
    double grown = s->members[s->near[i]].sketch->norm2 - s->members[s->hub].sketch->norm2;
    sum += CLAMP(grown / s->length2[i], -2, 2);
  }
  return sum / s->n;
}

static bool has_head_of(const PedigreeMember *a, const PedigreeMember *b) {
  Kinship k;
  kinship_compare(a->sketch, b->sketch, &k);
  return direction_one_head(a->sketch, b->sketch, &k);
}

static const double usual_heads = 0.65;

/* The share of the siblings that have the hub's head: most of those of a base that is missing have their own, where
 * heads tell at all. What is usual where all members of the tree have one head, or none. */
static double same_heads(const Star *s, unsigned members) {
  unsigned same = 0;
  bool tells = false;
  for (unsigned v = 0; v < members && !tells; v++)
    tells = s->members[v].sketch && s->members[v].sketch->head_out && s->members[s->hub].sketch->head_out &&
            v != s->hub && !has_head_of(&s->members[s->hub], &s->members[v]);
  if (!tells) return usual_heads;
  for (unsigned i = 0; i < s->n; i++) same += has_head_of(&s->members[s->hub], &s->members[s->near[i]]);
  return (double)same / s->n;
}

/* The most of the hub and its siblings that one other member is next to in the tree, but for the first, as a share. */
static double shared(const Star *s, unsigned members, const Spanning *tree) {
  g_autofree unsigned *next = g_new0(unsigned, members);
  g_autofree bool *in = g_new0(bool, members);
  unsigned most = 1;
  in[s->hub] = true;
  for (unsigned i = 0; i < s->n; i++) in[s->near[i]] = true;
  for (unsigned v = 0; v < members; v++) {
    int u = tree->neighbour[v];
    if (u < 0) continue;
    next[u] += in[v], next[v] += in[u];
  }
  for (unsigned v = 0; v < members; v++)
    if (v != s->hub) most = MAX(most, next[v]);
  return (double)(most - 1) / s->n;
}

static const double least_share = 0.03, most_sure = 0.97; /* less is the noise of sketches */

/* A little in common among those who were picked for it: of some that move each its own way there are such by chance. */
static bool is_chance(const Star *s, unsigned before, double share) {
  static const double little = 0.1;
  return share < least_share || (share < little && 2 * s->n <= before);
}

/* What is known of a star besides its numbers. */
typedef struct {
  unsigned members, before; /* of the tree; neighbours at first */
  const GArray *neighbours; /* of the hub, in either tree */
  const Spanning *tail_tree;
} Circumstances;

static void weigh(const Star *s, const Circumstances *c, double step2, double share, double x[BASE_EVIDENCES]) {
  enum { MOST_COUNTED = 12 };
  x[BASE_ONE] = 1;
  x[BASE_KEPT] = (double)s->n / c->before;
  x[BASE_MANY] = log((double)MIN(s->n, (unsigned)MOST_COUNTED) / LEAST);
  x[BASE_STEP] = log(share);
  x[BASE_LEAST] = CLAMP(pair_quantile(s, 0) / step2, -1, 1);
  x[BASE_EVEN] = CLAMP(evenness(s, step2), -3, 3);
  x[BASE_ALIKE] = -shorter(s, step2);
  x[BASE_HUB] = -hub_evidence(s->members, c->neighbours, s->hub);
  x[BASE_HEADS] = -fmax(same_heads(s, c->members) - usual_heads, 0);
  x[BASE_GROWTH] = fmin(mean_growth(s), 0);
  x[BASE_APART] = -shared(s, c->members, c->tail_tree);
  weigh_tails(s, x);
  weigh_clocks(s, x);
}

static void keep_best(const Star *s, double share, double sure, Absent *best) {
  if (sure == 0 || (best->siblings && best->sure * best->siblings->len >= sure * (s->n + 1))) return;
  if (!best->siblings) best->siblings = g_array_new(FALSE, FALSE, sizeof(unsigned));
  g_array_set_size(best->siblings, 0);
  g_array_append_val(best->siblings, s->hub);
  g_array_append_vals(best->siblings, s->near, s->n);
  best->share = share;
  best->sure = sure;
}

static void tell(const Star *s, const EvidenceWitness *witness, const double *x) {
  unsigned who[MOST + 1] = {s->members[s->hub].row};
  for (unsigned i = 0; i < s->n; i++) who[i + 1] = s->members[s->near[i]].row;
  witness->hear(witness->user, EVIDENCE_OF_BASE, who, s->n + 1, x);
}

/* Judges one hub. */
static void judge(Star *s, Circumstances c, const EvidenceWitness *witness, Absent *best) {
  s->n = 0;
  for (guint i = 0; i < c.neighbours->len; i++) add_neighbour(s, g_array_index(c.neighbours, unsigned, i));
  c.before = s->n;
  if (s->n < LEAST) return;
  fill_products(s);
  keep_agreeing(s);
  if (s->n < LEAST) return;
  double step2 = pair_quantile(s, 0.5), share = step2 / middle_length2(s), x[BASE_EVIDENCES] = {0};
  if (!(step2 > 0) || is_chance(s, c.before, share)) return;
  weigh(s, &c, step2, share, x);
  if (witness) tell(s, witness, x);
  double sure = fmin(evidence_probability(certainty_base, x, BASE_EVIDENCES), most_sure);
  best->doubt[s->hub] = fmax(best->doubt[s->hub], sure);
  keep_best(s, share, sure < certainty_base_asked ? 0 : sure, best);
}

/* The neighbours of a member that could have an unknown parent, when there are enough. */
static bool find_neighbours(const PedigreeMember *members, unsigned n, const Spanning *span, unsigned hub,
                            GArray *neighbours) {
  g_array_set_size(neighbours, 0);
  if (!members[hub].sketch || members[hub].known >= 0) return false;
  for (unsigned v = 0; v < n; v++)
    if (span->neighbour[v] == (int)hub || span->neighbour[hub] == (int)v) g_array_append_val(neighbours, v);
  return neighbours->len >= LEAST;
}

bool missing_base_find(const PedigreeMember *members, unsigned n, const KinTable *table, const Spanning *tail_tree,
                       const Spanning *euclid, const EvidenceWitness *witness, Absent *out) {
  *out = (Absent){.doubt = g_new0(double, n + 1)};
  g_autoptr(GArray) neighbours = g_array_new(FALSE, FALSE, sizeof(unsigned));
  g_autofree Star *s = g_new0(Star, 1);
  *s = (Star){.members = members, .table = table};
  for (unsigned both = 0; both < 2; both++)
    for (s->hub = 0; s->hub < n; s->hub++) {
      if (!find_neighbours(members, n, both ? euclid : tail_tree, s->hub, neighbours)) continue;
      judge(s, (Circumstances){.members = n, .neighbours = neighbours, .tail_tree = tail_tree}, witness, out);
    }
  return out->siblings != NULL;
}
