/* SPDX-License-Identifier: Apache-2.0 */
#include "planter/woods_private.h"

enum { STEPS_OF_RUN = 3, MISSING_EVERY = 3 };

/* Architectures in the order in which trees take them: some come more than once. */
static const TreeStyle styles[] = {
    {{.in = WORLD_NUMBERS, .hidden = 64, .blocks = 4, .norm = MLP_NORM_LAYER}, "blocks", false, false, 0},
    {{.in = WORLD_NUMBERS, .hidden = 72, .blocks = 3, .norm = MLP_NORM_BATCH}, "features", false, false, 0},
    {{.in = WORLD_NUMBERS, .hidden = 96, .blocks = 3, .norm = MLP_NORM_NONE}, "layers", false, false, 0},
    {{.in = WORLD_NUMBERS, .hidden = 64, .blocks = 4, .norm = MLP_NORM_LAYER}, "blocks", false, false, 0},
    {{.in = WORLD_NUMBERS, .hidden = 72, .blocks = 3, .norm = MLP_NORM_BATCH}, "features", false, false, 0},
    {{.in = WORLD_NUMBERS, .hidden = 80, .blocks = 5, .norm = MLP_NORM_LAYER}, "stages", false, false, 0},
    {{.in = WORLD_NUMBERS, .hidden = 96, .blocks = 3, .norm = MLP_NORM_NONE}, "layers", false, false, 0},
    {{.in = WORLD_NUMBERS, .hidden = 64, .blocks = 4, .norm = MLP_NORM_LAYER}, "blocks", false, false, 0},
};

typedef struct {
  Woods *woods;
  Rng rng;
  unsigned tree, first; /* of the tree's treelets */
  bool missing;         /* its base is */
  unsigned runs;
} Gardener;

Treelet *woods_treelet(const Woods *w, unsigned i) { return &g_array_index(w->treelets, Treelet, i); }

Treelet *woods_append(Woods *w, unsigned tree, TreeletKind kind, int parent) {
  Treelet t = {.kind = kind,
               .parent = {parent, -1, -1},
               .weight = {1, 0, 0},
               .tree = tree,
               .dtype = DTYPE_F32,
               .wrong = -1,
               .run = -1};
  if (parent >= 0) t.depth = woods_treelet(w, (unsigned)parent)->depth + 1;
  g_array_append_val(w->treelets, t);
  return woods_treelet(w, w->treelets->len - 1);
}

static float pick(Rng *rng, const float *from, size_t n) { return from[rng_below(rng, n)]; }

static void draw_training(Gardener *g, Treelet *t) {
  static const float rates[] = {2e-4f, 3e-4f, 5e-4f, 1e-3f}, decays[] = {0, 0.01f, 0.05f, 0.3f};
  Rng *rng = &g->rng;
  t->seed = rng_u64(rng);
  t->lr = pick(rng, rates, G_N_ELEMENTS(rates));
  t->decay = pick(rng, decays, G_N_ELEMENTS(decays));
  t->classes = 4 + (unsigned)rng_below(rng, 9);
  t->steps = 60 + (unsigned)rng_below(rng, 140);
  t->frozen = rng_below(rng, 4) == 0 ? 1 + (unsigned)rng_below(rng, 2) : 0;
  t->drift = 0.5f;
  t->rank = 2u << rng_below(rng, 3);
  t->fresh_head = t->kind == TREELET_TUNED || (t->kind == TREELET_LOW_RANK && rng_below(rng, 2));
}

/* Appends a model below `parent` (-1: none); its number. */
static unsigned add(Gardener *g, TreeletKind kind, int parent) {
  draw_training(g, woods_append(g->woods, g->tree, kind, parent));
  return g->woods->treelets->len - 1;
}

static unsigned pick_from(Gardener *g, unsigned first, unsigned end) {
  return first + (unsigned)rng_below(&g->rng, end - first);
}

/* Three saved steps of one run; the first hangs below `parent`. */
static void add_run(Gardener *g, unsigned parent) {
  int run = (int)(g->tree * 1000 + g->runs++);
  for (unsigned k = 0; k < STEPS_OF_RUN; k++) {
    parent = add(g, TREELET_STEP, (int)parent);
    Treelet *t = woods_treelet(g->woods, parent);
    const Treelet *before = woods_treelet(g->woods, parent - 1);
    if (k > 0) t->lr = before->lr, t->decay = before->decay, t->frozen = before->frozen;
    t->drift = k ? 0 : 0.5f;
    t->run = run;
    t->step = 100 * (k + 1);
  }
}

/* A child by training, or a run of them. */
static void add_child(Gardener *g, unsigned parent) {
  uint64_t roll = rng_below(&g->rng, 100);
  if (roll < 9) add_run(g, parent);
  else if (roll < 29) add(g, TREELET_CONTINUED, (int)parent);
  else if (roll < 50) add(g, TREELET_LOW_RANK, (int)parent);
  else add(g, TREELET_TUNED, (int)parent);
}

/* Base, a fan of children, and below them two more generations, chains among them. */
static void plan_trained(Gardener *g, unsigned plain) {
  unsigned base = add(g, TREELET_BASE, -1);
  Treelet *t = woods_treelet(g->woods, base);
  t->classes = 12;
  t->steps = 500;
  t->missing = g->missing;
  unsigned fan = g->missing ? plain / 2 : plain / 3 + (unsigned)rng_below(&g->rng, plain / 4 + 1);
  unsigned end = base + 1;
  while (g->woods->treelets->len < base + 1 + fan) add_child(g, base);
  unsigned second = g->woods->treelets->len;
  while (g->woods->treelets->len < base + plain) {
    unsigned n = g->woods->treelets->len;
    bool third = n > second && rng_below(&g->rng, 3) == 0;
    add_child(g, third ? pick_from(g, second, n) : pick_from(g, end, second));
  }
}

/* Some trained model that is on disk. */
static unsigned pick_plain(Gardener *g, unsigned end) { return pick_from(g, g->first + g->missing, end); }

static void add_merge(Gardener *g, unsigned end, bool arithmetic) {
  static const double shares[] = {0.5, 0.5, 0.3, 0.6, 0.75};
  static const double lambdas[] = {0.4, 0.6, 0.7, 0.8};
  unsigned a = pick_plain(g, end), b = pick_plain(g, end);
  for (int tries = 0; b == a && tries < 20; tries++) b = pick_plain(g, end);
  if (a == b || (arithmetic && g->missing)) return;
  unsigned origin = g->first;
  if (arithmetic && (a == origin || b == origin)) return;
  unsigned i = add(g, TREELET_MERGE, (int)a);
  Treelet *t = woods_treelet(g->woods, i);
  double share = shares[rng_below(&g->rng, G_N_ELEMENTS(shares))];
  t->arithmetic = arithmetic;
  t->parent[1] = (int)b;
  t->weight[0] = share, t->weight[1] = 1 - share;
  if (arithmetic) {
    t->weight[0] = t->weight[1] = lambdas[rng_below(&g->rng, G_N_ELEMENTS(lambdas))];
    t->parent[2] = (int)origin;
    t->weight[2] = 1 - 2 * t->weight[0];
  }
  t->depth = 1 + MAX(woods_treelet(g->woods, a)->depth, woods_treelet(g->woods, b)->depth);
}

static void plan_derived(Gardener *g) {
  unsigned end = g->woods->treelets->len, quantised = 0;
  for (unsigned k = 0; k < 2; k++) {
    unsigned i = add(g, TREELET_COPY, (int)pick_plain(g, end));
    woods_treelet(g->woods, i)->renamed = k;
    i = add(g, TREELET_RECAST, (int)pick_plain(g, end));
    woods_treelet(g->woods, i)->dtype = k ? DTYPE_BF16 : DTYPE_F16;
    unsigned whole = pick_plain(g, end);
    if (k && (int)whole == woods_treelet(g->woods, quantised)->parent[0])
      whole = whole + 1 < end ? whole + 1 : g->first + g->missing;
    i = quantised = add(g, TREELET_QUANTISED, (int)whole);
    Treelet *t = woods_treelet(g->woods, i);
    t->gguf = k && g->woods->styles[g->tree].shape.hidden % 32 == 0;
    t->dtype = t->gguf || rng_below(&g->rng, 2) ? DTYPE_F32 : DTYPE_F16;
    add(g, TREELET_ADAPTER, (int)pick_plain(g, end));
  }
  add_merge(g, end, false);
  add_merge(g, end, false);
  add_merge(g, end, true);
}

/* What the files say. Derived models are mostly silent, adapters speak. */
static void plan_card(Gardener *g, unsigned i) {
  Treelet *t = woods_treelet(g->woods, i);
  uint64_t roll = rng_below(&g->rng, 100);
  if (t->kind == TREELET_BASE || t->kind == TREELET_MERGE || t->kind == TREELET_COPY) return;
  unsigned speaking = t->kind == TREELET_ADAPTER ? 100 : t->kind >= TREELET_RECAST ? 25 : 45;
  bool trained = t->kind >= TREELET_TUNED && t->kind <= TREELET_LOW_RANK;
  bool later = t->kind == TREELET_STEP && t->step > 100;
  if (roll < speaking && !later) t->card = CARD_TRUE;
  if (trained && !later && roll < 9) t->card = CARD_WRONG;
}

static bool is_parent(const Woods *w, unsigned child, int parent) {
  const Treelet *t = woods_treelet(w, child);
  return parent >= 0 && (t->parent[0] == parent || t->parent[1] == parent);
}

/* A lie: half of them name a model of the same tree, half one of another. */
static void plan_lie(Gardener *g, unsigned i) {
  Woods *w = g->woods;
  Treelet *t = woods_treelet(w, i);
  bool inside = rng_below(&g->rng, 2);
  for (unsigned tries = 0; t->card == CARD_WRONG && t->wrong < 0 && tries < 200; tries++) {
    unsigned other = (unsigned)rng_below(&g->rng, w->treelets->len);
    const Treelet *o = woods_treelet(w, other);
    bool trained = o->kind <= TREELET_LOW_RANK && !o->missing;
    if (!trained || other == i || (o->tree == t->tree) != inside) continue;
    if (is_parent(w, i, (int)other) || is_parent(w, other, (int)i)) continue;
    t->wrong = (int)other;
  }
  if (t->card == CARD_WRONG && t->wrong < 0) t->card = CARD_SILENT;
}

TreeStyle woods_style(unsigned tree) { return styles[tree % G_N_ELEMENTS(styles)]; }

void woods_number(Woods *w, Rng *rng) {
  g_autofree size_t *numbers = g_new(size_t, w->treelets->len);
  for (unsigned i = 0; i < w->treelets->len; i++) numbers[i] = i;
  rng_shuffle(rng, numbers, w->treelets->len);
  for (unsigned i = 0; i < w->treelets->len; i++) woods_treelet(w, i)->number = (unsigned)numbers[i];
}

void woods_draw(Woods *w, const WoodsPlan *plan) {
  Gardener g = {.woods = w};
  rng_init(&g.rng, w->planting->seed, STREAM_WOODS);
  unsigned missing = (unsigned)rng_below(&g.rng, MISSING_EVERY);
  for (unsigned tree = 0; tree < w->trees; tree++) {
    g.tree = tree, g.first = w->treelets->len, g.runs = 0;
    g.missing = tree % MISSING_EVERY == missing && w->trees > 1;
    w->styles[tree] = woods_style(tree);
    w->styles[tree].alike = rng_below(&g.rng, 2);
    plan_trained(&g, plan->plain);
    plan_derived(&g);
  }
  for (unsigned i = 0; i < w->treelets->len; i++) plan_card(&g, i);
  for (unsigned i = 0; i < w->treelets->len; i++) plan_lie(&g, i);
  woods_number(w, &g.rng);
}
