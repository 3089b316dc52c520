/* SPDX-License-Identifier: Apache-2.0 */
/* Trees of one base and what was trained from it on data of another domain: what lineage finds hard. */
#include <math.h>
#include <string.h>

#include "planter/woods_private.h"

typedef enum { SHAPE_STAR, SHAPE_GENERATIONS, SHAPE_CHAIN } StarShape;

/* How the models of a tree were trained. */
typedef struct {
  const char *name;
  float shift;          /* of the domain that all children learn, 0..1 */
  unsigned steps, more; /* steps to steps + more */
  float rate_least, rate_most;
  float decay; /* weight decay, at most */
  StarShape shape;
  bool one_task; /* all children learn one task under heads that start alike */
  bool missing;  /* the base is not there */
} StarSetting;

static const StarSetting settings[] = {
    {"same", 0, 60, 140, 2e-4f, 1e-3f, 0.05f, SHAPE_STAR, false, false},
    {"brief", 1, 40, 60, 2e-4f, 1e-3f, 0.05f, SHAPE_STAR, false, false},
    {"shifted", 1, 250, 250, 2e-4f, 1e-3f, 0.05f, SHAPE_STAR, false, false},
    {"long", 0.5f, 700, 500, 3e-4f, 1e-3f, 0.05f, SHAPE_STAR, false, false},
    {"decay", 0.7f, 150, 200, 3e-4f, 1e-3f, 1, SHAPE_STAR, false, false},
    {"rates", 0.7f, 100, 200, 5e-5f, 3e-3f, 0.05f, SHAPE_STAR, false, false},
    {"generations", 0.7f, 80, 160, 2e-4f, 1e-3f, 0.1f, SHAPE_GENERATIONS, false, false},
    {"chains", 0.5f, 80, 160, 2e-4f, 1e-3f, 0.1f, SHAPE_CHAIN, false, false},
    {"alike", 0.7f, 120, 120, 3e-4f, 6e-4f, 0.05f, SHAPE_STAR, true, false},
    {"absent", 0.7f, 120, 200, 2e-4f, 1e-3f, 0.05f, SHAPE_STAR, false, true},
};

unsigned stars_settings(void) { return G_N_ELEMENTS(settings); }

const char *stars_setting_name(unsigned setting) { return settings[setting].name; }

bool stars_setting_from_name(const char *name, unsigned *setting) {
  for (unsigned i = 0; i < G_N_ELEMENTS(settings); i++)
    if (strcmp(name, settings[i].name) == 0) {
      *setting = i;
      return true;
    }
  return false;
}

typedef struct {
  Woods *woods;
  Rng rng;
  unsigned tree;
  const StarSetting *setting;
} Grower;

static void draw_training(Grower *g, Treelet *t) {
  const StarSetting *s = g->setting;
  float low = logf(s->rate_least), high = logf(s->rate_most);
  t->seed = rng_u64(&g->rng);
  t->lr = expf(rng_range(&g->rng, low, high));
  t->decay = s->decay * rng_range(&g->rng, 0, 1);
  t->steps = s->steps + (unsigned)rng_below(&g->rng, s->more);
  t->classes = s->one_task ? 8 : 4 + (unsigned)rng_below(&g->rng, 9);
  t->drift = 0.5f;
}

static unsigned add(Grower *g, TreeletKind kind, int parent) {
  Treelet *t = woods_append(g->woods, g->tree, kind, parent);
  draw_training(g, t);
  t->fresh_head = kind == TREELET_TUNED;
  if (parent >= 0 && rng_below(&g->rng, 10) < 4) t->card = CARD_TRUE;
  return g->woods->treelets->len - 1;
}

static void plan_base(Grower *g) {
  Treelet *t = woods_treelet(g->woods, add(g, TREELET_BASE, -1));
  t->classes = 12, t->steps = 500, t->decay = 0.01f;
  t->missing = g->setting->missing;
}

/* Whom the next child of so many comes from. */
static unsigned parent_of(Grower *g, unsigned base, unsigned child, unsigned children) {
  switch (g->setting->shape) {
    case SHAPE_GENERATIONS:
      return child < (children + 1) / 2 ? base : base + 1 + (unsigned)rng_below(&g->rng, child);
    case SHAPE_CHAIN: /* two chains, with a side branch here and there */
      if (child < 2) return base;
      return rng_below(&g->rng, 5) ? base + child - 1 : base + 1 + (unsigned)rng_below(&g->rng, child);
    default:
      return base;
  }
}

static void plan_tree(Grower *g, unsigned children) {
  unsigned base = g->woods->treelets->len;
  plan_base(g);
  for (unsigned k = 0; k < children; k++) {
    unsigned parent = parent_of(g, base, k, children);
    bool tuned = g->setting->one_task || rng_below(&g->rng, 4) > 0;
    if (g->setting->shape == SHAPE_CHAIN) tuned = rng_below(&g->rng, 3) == 0;
    add(g, tuned ? TREELET_TUNED : TREELET_CONTINUED, (int)parent);
  }
}

void stars_draw(Woods *w, const WoodsPlan *plan) {
  static const unsigned sizes[] = {8, 12, 5, 20};
  Grower g = {.woods = w};
  rng_init(&g.rng, w->planting->seed, STREAM_STARS);
  for (unsigned tree = 0; tree < w->trees; tree++) {
    unsigned setting = plan->setting >= 0 ? (unsigned)plan->setting : tree % G_N_ELEMENTS(settings);
    g.tree = tree, g.setting = &settings[setting];
    w->styles[tree] = woods_style(tree + (unsigned)(w->planting->seed % 8));
    w->styles[tree].one_task = g.setting->one_task;
    w->styles[tree].shift = g.setting->shift;
    plan_tree(&g, plan->children ? plan->children : sizes[tree % G_N_ELEMENTS(sizes)]);
  }
  woods_number(w, &g.rng);
}
