/* SPDX-License-Identifier: Apache-2.0 */
#include "lineage/grow/missing_base.h"

#include <math.h>

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

/* <v - h, h> / |h|: what shrinking alone moves, which all that decays shares without a base that is missing. */
static double along(const Star *s, unsigned i) {
  double norm2 = s->members[s->hub].sketch->norm2;
  return norm2 > 0 ? (s->members[s->near[i]].sketch->norm2 - norm2 - s->length2[i]) / (2 * sqrt(norm2)) : 0;
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

/* How much better one common step explains the products than directions that are a little alike do:
 * logarithm of the ratio of the squared errors, of cosines. */
static double constancy(const Star *s, double step2) {
  double cosines = 0, pairs = 0, of_step = 0, of_cosine = 0;
  for (unsigned i = 0; i < s->n; i++)
    for (unsigned k = 0; k < i; k++) cosines += s->product[i * MOST + k] / sqrt(s->length2[i] * s->length2[k]), pairs++;
  for (unsigned i = 0; i < s->n; i++)
    for (unsigned k = 0; k < i; k++) {
      double length = sqrt(s->length2[i] * s->length2[k]), x = s->product[i * MOST + k] / length;
      of_step += pow(x - step2 / length, 2);
      of_cosine += pow(x - cosines / pairs, 2);
    }
  return log((of_cosine + 1e-6) / (of_step + 1e-6));
}

static double middle_length2(const Star *s) {
  double all[MOST];
  for (unsigned i = 0; i < s->n; i++) all[i] = s->length2[i];
  return quantile(all, s->n, 0.5);
}

/* Some sibling counted fewer steps than the hub, which is then not its parent. */
static bool has_younger(const Star *s) {
  double clock = s->members[s->hub].sketch->clock;
  for (unsigned i = 0; i < s->n; i++)
    if (s->members[s->near[i]].sketch->clock < clock) return true;
  return false;
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
    kinship_compare(members[hub].sketch, members[v].sketch, &k);
    sum += tanh(direction_nats(members[hub].sketch, members[v].sketch, &k, NAN, NAN) / 2);
    n++;
  }
  return n ? sum / n * MIN(n, (unsigned)MANY) / MANY : 0;
}

/* Siblings lie as far apart as from the hub when it is their parent, farther when all went one way: the middle of
 * T(j, k) / max(T(h, j), T(h, k)). */
static double spread(const Star *s) {
  g_autofree double *all = g_new(double, (MOST * MOST));
  unsigned n = 0;
  for (unsigned i = 0; i < s->n; i++)
    for (unsigned k = 0; k < i; k++) {
      double far = fmax(tail(s, s->hub, s->near[i]), tail(s, s->hub, s->near[k]));
      if (far > 0) all[n++] = tail(s, s->near[i], s->near[k]) / far;
    }
  return quantile(all, n, 0.5);
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
  if (a->sketch->head_out != b->sketch->head_out) return false;
  kinship_compare(a->sketch, b->sketch, &k);
  return k.head_cosine > 0.5;
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

/* Nats for a missing base, one row a kind of star; logistic regressions on planted woods. No piece decides alone: a
 * few siblings must agree the better, many may show a smaller step. */
typedef struct {
  double none;
  double sibling; /* each that agrees, up to 8 */
  double kept;    /* times the share of the neighbours that agree */
  double step;    /* times the logarithm of the common step to what the siblings moved, both squared */
  double least;   /* times the least product to the median, down to -1 and up to 1 */
  double even;    /* times constancy(), down to -3 and up to 3 */
  double younger; /* the hub's clock is ahead of a sibling's */
  double hub;     /* times hub_evidence() */
  double spread;  /* times spread(), up to 1.4 */
  double heads;   /* times what same_heads() is above usual_heads */
  double growth;  /* times mean_growth() where it is below 0 */
  double asked;   /* to be believed; a base that is made up is worse than one that is not found */
} Weights;

static const Weights by_distance = {.none = -8.6,
                                    .sibling = 0.94,
                                    .kept = 8.9,
                                    .step = 1.23,
                                    .least = 1.5,
                                    .even = 1,
                                    .younger = 1.7,
                                    .heads = -8,
                                    .growth = 4,
                                    .asked = 2};
static const Weights by_tail = {.none = 9,
                                .sibling = 1.1,
                                .kept = 0.66,
                                .step = 1.51,
                                .least = 1.28,
                                .even = 0.57,
                                .hub = -5.37,
                                .spread = -9.6,
                                .heads = -8,
                                .growth = 4,
                                .asked = 0.85};

/* With more evidence than this for some hub of the tree, distances alone make up no base. */
static const double most_hub = 0.45;

static const double least_share = 0.01, most_sure = 0.95;

/* How sure, 0 when the star is just a parent's. `hub` as hub_evidence() has it. */
static double weigh(const Star *s, const Weights *w, unsigned before, double step2, double share, double hub,
                    double heads) {
  enum { MOST_COUNTED = 8 };
  if (s->n < LEAST || !(step2 > 0) || share < least_share) return 0;
  double sum = w->none + w->sibling * MIN(s->n, (unsigned)MOST_COUNTED) + w->kept * s->n / before +
               w->step * log(share) + w->least * CLAMP(pair_quantile(s, 0) / step2, -1, 1) +
               w->even * CLAMP(constancy(s, step2), -3, 3) + w->younger * has_younger(s) + w->hub * hub +
               (w->spread != 0 ? w->spread * fmin(spread(s), 1.4) : 0) + w->heads * fmax(heads - usual_heads, 0) +
               w->growth * fmin(mean_growth(s), 0);
  return sum < w->asked ? 0 : fmin(1 / (1 + exp(-sum)), most_sure);
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

/* Judges one hub. */
static void judge(const PedigreeMember *members, unsigned n, const KinTable *table, const Weights *w, unsigned hub,
                  double evidence, const GArray *neighbours, Absent *best) {
  g_autofree Star *s = g_new0(Star, 1);
  s->members = members, s->table = table, s->hub = hub;
  for (guint i = 0; i < neighbours->len; i++) add_neighbour(s, g_array_index(neighbours, unsigned, i));
  unsigned before = s->n;
  if (before < LEAST) return;
  fill_products(s);
  keep_agreeing(s);
  if (s->n < LEAST) return;
  double step2 = pair_quantile(s, 0.5), share = step2 / middle_length2(s);
  keep_best(s, share, weigh(s, w, before, step2, share, evidence, same_heads(s, n)), best);
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
                       const Spanning *euclid, Absent *out) {
  *out = (Absent){NULL, 0, 0};
  double most = -1;
  g_autoptr(GArray) neighbours = g_array_new(FALSE, FALSE, sizeof(unsigned));
  for (unsigned hub = 0; hub < n; hub++) {
    if (!find_neighbours(members, n, tail_tree, hub, neighbours)) continue;
    double evidence = hub_evidence(members, neighbours, hub);
    most = fmax(most, evidence);
    judge(members, n, table, &by_tail, hub, evidence, neighbours, out);
  }
  for (unsigned hub = 0; hub < n && most <= most_hub; hub++)
    if (find_neighbours(members, n, euclid, hub, neighbours))
      judge(members, n, table, &by_distance, hub, 0, neighbours, out);
  return out->siblings != NULL;
}
