/* SPDX-License-Identifier: Apache-2.0 */
#include "lineage/grow/pedigree.h"

#include <math.h>
#include <string.h>

#include "lineage/grow/branching.h"
#include "lineage/grow/certainty.h"
#include "lineage/grow/direction.h"
#include "lineage/grow/edge_evidence.h"
#include "lineage/grow/lifting.h"
#include "lineage/sketch/kinship.h"
#include "lineage/grow/spanning.h"

/* Nats of what is known rather than guessed. */
static const double worth_known = 8, worth_ghost = 100;

/* The spanning tree, rooted for the time being where Prim's algorithm began. */
typedef struct {
  const PedigreeMember *members;
  unsigned n;
  const KinTable *table;
  Spanning *span;
  int *known;      /* as the members say, cycles cut */
  unsigned *order; /* parents before children */
  double
      *evidence;  /* n x ROOT_EVIDENCES of "neighbour is the parent", for each member's edge; then of all as the root */
  double *nats;   /* the sum of that, for each member's edge */
  double *score;  /* of each member as the root; then its posterior */
  double *below;  /* posterior mass of the member and what hangs below it */
  double *side;   /* by child, when oriented: posterior of the roots on the parent's side, */
  double *toward; /* and nats for this edge's direction */
} Rooting;

/* Parents by cards can form a ring: the last link of it goes. */
static void cut_cycles(Rooting *r) {
  for (unsigned v = 0; v < r->n; v++) {
    int at = r->known[v];
    for (unsigned steps = 0; at >= 0 && steps <= r->n; steps++) {
      if (at == (int)v) r->known[v] = -1;
      at = at == (int)v ? -1 : r->known[at];
    }
  }
}

/* Breadth first over the provisional tree. */
static void find_order(Rooting *r) {
  g_autofree unsigned *start = g_new0(unsigned, r->n + 2), *child = g_new(unsigned, r->n + 1);
  unsigned root = 0, filled = 1;
  for (unsigned v = 0; v < r->n; v++)
    if (r->span->neighbour[v] < 0) root = v;
    else start[r->span->neighbour[v] + 2]++;
  for (unsigned v = 2; v <= r->n; v++) start[v] += start[v - 1];
  for (unsigned v = 0; v < r->n; v++)
    if (r->span->neighbour[v] >= 0) child[start[r->span->neighbour[v] + 1]++] = v;
  r->order[0] = root;
  for (unsigned i = 0; i < filled; i++)
    for (unsigned k = start[r->order[i]]; k < start[r->order[i] + 1]; k++) r->order[filled++] = child[k];
}

static double *evidence_of(const Rooting *r, unsigned v) { return r->evidence + (size_t)v * ROOT_EVIDENCES; }

/* Of "p is the parent of c". */
static void weigh_edge(const Rooting *r, const Branching *tree, unsigned p, unsigned c, double x[ROOT_EVIDENCES]) {
  const ModelSketch *a = r->members[p].sketch, *b = r->members[c].sketch;
  for (unsigned i = 0; i < ROOT_EVIDENCES; i++) x[i] = 0;
  if (r->known[c] == (int)p) x[ROOT_KNOWN] = a ? worth_known : worth_ghost;
  else if (r->known[p] == (int)c) x[ROOT_KNOWN] = b ? -worth_known : -worth_ghost;
  else if (!a || !b) x[ROOT_KNOWN] = a ? -worth_ghost : b ? worth_ghost : 0;
  if (x[ROOT_KNOWN] < 0 || x[ROOT_KNOWN] > 0) return;
  if (!a || !b) return;
  Kinship k;
  kinship_compare(a, b, &k);
  const DirectionPlace place = {.median_p = r->span->median[p],
                                .median_c = r->span->median[c],
                                .turn = branching_turn(tree, p, c) - branching_turn(tree, c, p),
                                .neighbours_p = branching_count(tree, p),
                                .neighbours_c = branching_count(tree, c)};
  direction_evidence(a, b, &k, &place, x);
}

/* The evidence for each edge becomes that for each member as the root, in one pass: moving the root across an edge turns
 * that edge alone. */
static void add_up_evidence(const Rooting *r) {
  unsigned root = r->order[0];
  for (unsigned e = 0; e < ROOT_EVIDENCES; e++) {
    double sum = 0;
    for (unsigned i = 1; i < r->n; i++) sum += evidence_of(r, r->order[i])[e];
    evidence_of(r, root)[e] = sum;
    for (unsigned i = 1; i < r->n; i++) {
      unsigned v = r->order[i];
      evidence_of(r, v)[e] = evidence_of(r, (unsigned)r->span->neighbour[v])[e] - 2 * evidence_of(r, v)[e];
    }
  }
}

static void score_roots(Rooting *r) {
  enum { FEW = 5 };
  const double *worth = r->n < FEW ? certainty_root_few : certainty_root;
  double top = -INFINITY, total = 0;
  Branching tree;
  branching_init(&tree, r->members, r->n, r->table, r->span->neighbour);
  for (unsigned i = 0; i < r->n; i++) {
    unsigned v = r->order[i];
    if (i) weigh_edge(r, &tree, (unsigned)r->span->neighbour[v], v, evidence_of(r, v));
    r->nats[v] = i ? evidence_sum(worth, evidence_of(r, v), ROOT_EVIDENCES) : 0;
  }
  branching_clear(&tree);
  add_up_evidence(r);
  for (unsigned v = 0; v < r->n; v++)
    top = fmax(top, r->score[v] = evidence_sum(worth, evidence_of(r, v), ROOT_EVIDENCES));
  for (unsigned v = 0; v < r->n; v++) total += r->score[v] = exp(r->score[v] - top);
  for (unsigned v = 0; v < r->n; v++) r->below[v] = r->score[v] /= total;
  for (unsigned i = r->n; i-- > 1;) r->below[r->span->neighbour[r->order[i]]] += r->below[r->order[i]];
}

/* The centroid of the posterior: no branch holds more than half of it, so that every edge gets its
 * likelier direction. (The likeliest single root can turn several edges the unlikelier way.) The
 * members above more than half form a path from the provisional root. */
static unsigned best_root(const Rooting *r) {
  unsigned best = r->order[0];
  for (unsigned i = 1; i < r->n; i++)
    if (r->below[r->order[i]] > 0.5) best = r->order[i];
  return best;
}

/* The edge that Prim found for `edge`, now read as "p is the parent of c". */
static void direct(const Rooting *r, unsigned edge, unsigned p, unsigned c, PedigreeEdge *out) {
  const ModelSketch *a = r->members[p].sketch, *b = r->members[c].sketch;
  r->side[c] = CLAMP(edge == c ? 1 - r->below[edge] : r->below[edge], 0, 1);
  r->toward[c] = edge == c ? r->nats[edge] : -r->nats[edge];
  *out = (PedigreeEdge){.parent = (int)p, .kind = EDGE_FINE_TUNE, .distance = NAN};
  out->confidence = (r->n > 2 ? certainty.hung : certainty.pair) * r->side[c];
  if (!a || !b) return;
  Kinship k;
  kinship_compare(a, b, &k);
  if (k.norm2_a > 0) out->distance = sqrt(k.distance2 / k.norm2_a);
  out->kind = r->n <= 2 && r->side[c] < 0.6 ? EDGE_RELATED : direction_kind(a, b, &k);
}

/* Turns the edges between the provisional and the final root, takes the others as they are. */
static void orient(const Rooting *r, unsigned root, PedigreeEdge *edges) {
  for (unsigned v = 0; v < r->n; v++)
    if (r->span->neighbour[v] >= 0) direct(r, v, (unsigned)r->span->neighbour[v], v, &edges[v]);
  for (int v = (int)root, p; (p = r->span->neighbour[v]) >= 0; v = p)
    direct(r, (unsigned)v, (unsigned)v, (unsigned)p, &edges[p]);
  edges[root] = (PedigreeEdge){.parent = -1, .distance = NAN};
}

static void set_known(const Rooting *r, unsigned c, PedigreeEdge *e) {
  unsigned p = (unsigned)r->known[c];
  const ModelSketch *a = r->members[p].sketch, *b = r->members[c].sketch;
  *e = (PedigreeEdge){.parent = (int)p, .known = true, .kind = EDGE_FINE_TUNE, .confidence = 1, .distance = NAN};
  if (!a || !b) return;
  Kinship k;
  kinship_compare(a, b, &k);
  e->kind = direction_kind(a, b, &k);
  if (k.norm2_a > 0) e->distance = sqrt(k.distance2 / k.norm2_a);
}

/* True when `ancestor` is v or above it. */
static bool descends(const PedigreeEdge *edges, int v, int ancestor) {
  while (v >= 0 && v != ancestor) v = edges[v].parent;
  return v == ancestor;
}

/* Gives c its known parent. If that one hangs below c, the chain of known parents is turned
 * around as far as it hangs there, and its end takes c's place in the tree; should the end have a
 * known parent elsewhere, its own turn comes later. */
static void impose_known(const Rooting *r, unsigned c, unsigned *root, PedigreeEdge *edges) {
  unsigned top = (unsigned)r->known[c];
  if (!descends(edges, (int)top, (int)c)) {
    set_known(r, c, &edges[c]);
    return;
  }
  while (r->known[top] >= 0 && descends(edges, r->known[top], (int)c)) top = (unsigned)r->known[top];
  int outside = edges[c].parent;
  for (unsigned v = c; v != top; v = (unsigned)r->known[v]) set_known(r, v, &edges[v]);
  bool ghost = !r->members[top].sketch;
  edges[top] = (PedigreeEdge){.parent = ghost && outside >= 0 ? (int)*root : outside,
                              .kind = EDGE_RELATED,
                              .confidence = certainty.unknown,
                              .distance = NAN};
  if (outside < 0) *root = top;
}

/* How sure each edge is, by all the evidence for it; where the answer is more likely wrong, no direction is said. */
static void judge(const Rooting *r, PedigreeEdge *edges, const EvidenceWitness *witness) {
  OrientedTree t;
  g_autofree int *parent = g_new(int, r->n);
  for (unsigned v = 0; v < r->n; v++) parent[v] = edges[v].parent;
  oriented_tree_init(&t, r->members, r->n, r->table, r->span, parent, r->order);
  for (unsigned c = 0; c < r->n && r->n > 2; c++) {
    PedigreeEdge *e = &edges[c];
    double x[EDGE_EVIDENCES];
    if (e->parent < 0 || !r->members[e->parent].sketch || !r->members[c].sketch) continue;
    edge_evidence(&t, c, r->side[c], r->toward[c], x);
    e->confidence = fmin(evidence_probability(certainty_edge, x, EDGE_EVIDENCES), certainty.most);
    if (e->confidence < 0.5) e->kind = EDGE_RELATED;
    const unsigned who[] = {r->members[e->parent].row, r->members[c].row};
    if (witness && r->members[c].known < 0) witness->hear(witness->user, EVIDENCE_OF_EDGE, who, 2, x);
  }
  oriented_tree_clear(&t);
}

/* The tree as it is rooted: parents from `root` on. */
static void hang_from(const Rooting *r, unsigned root, int *parent) {
  for (unsigned v = 0; v < r->n; v++) parent[v] = r->span->neighbour[v];
  for (int v = (int)root, p = -1, next; v >= 0; p = v, v = next) {
    next = r->span->neighbour[v];
    parent[v] = p;
  }
}

/* Lifts whoever hangs below a sibling in the tree as rooted; false, and nothing is changed, when nobody does. */
static bool lift(Rooting *r, unsigned root) {
  g_autofree int *kept = g_memdup2(r->span->neighbour, r->n * sizeof *kept);
  g_autofree int *parent = g_new(int, r->n);
  hang_from(r, root, parent);
  memcpy(r->span->neighbour, parent, r->n * sizeof *parent);
  find_order(r);
  if (lifting_apply(r->members, r->n, r->table, r->order, r->span->neighbour)) return true;
  memcpy(r->span->neighbour, kept, r->n * sizeof *kept);
  find_order(r);
  return false;
}

/* Roots the tree; lifting may show another root, and so on a few times. */
static unsigned find_root(Rooting *r) {
  enum { MOST_ROUNDS = 3 };
  for (unsigned round = 0;; round++) {
    find_order(r);
    score_roots(r);
    unsigned root = best_root(r);
    if (round == MOST_ROUNDS || !lift(r, root)) return root;
  }
}

static void tell_of_roots(const Rooting *r, const EvidenceWitness *witness) {
  g_autofree unsigned *who = g_new(unsigned, r->n);
  for (unsigned v = 0; v < r->n; v++) who[v] = r->members[v].row;
  witness->hear(witness->user, EVIDENCE_OF_ROOT, who, r->n, r->evidence);
}

static void rooting_run(Rooting *r, PedigreeEdge *edges, const EvidenceWitness *witness) {
  for (unsigned v = 0; v < r->n; v++) r->known[v] = r->members[v].known;
  cut_cycles(r);
  unsigned root = find_root(r);
  if (witness && r->n > 2) tell_of_roots(r, witness);
  orient(r, root, edges);
  judge(r, edges, witness);
  for (unsigned v = 0; v < r->n; v++)
    if (r->known[v] >= 0) impose_known(r, v, &root, edges);
}

bool pedigree_build(const PedigreeMember *members, unsigned n, const KinTable *table, unsigned threads,
                    PedigreeEdge *edges, const EvidenceWitness *witness, const Progress *p, GError **error) {
  Spanning span;
  if (!spanning_build(members, n, table, SPANNING_TAIL, threads, &span, p, error)) return false;
  g_autofree int *known = g_new(int, n);
  g_autofree unsigned *order = g_new(unsigned, n);
  g_autofree double *evidence = g_new0(double, (size_t)n *ROOT_EVIDENCES), *nats = g_new0(double, n);
  g_autofree double *score = g_new0(double, n);
  g_autofree double *below = g_new0(double, n), *side = g_new0(double, n), *toward = g_new0(double, n);
  Rooting r = {members, n, table, &span, known, order, evidence, nats, score, below, side, toward};
  rooting_run(&r, edges, witness);
  spanning_clear(&span);
  return true;
}
