/* SPDX-License-Identifier: Apache-2.0 */
#include "planter/woods.h"

#include "planter/woods_private.h"

/* Those of one depth, to be grown side by side. */
typedef struct {
  Woods *woods;
  GArray *items; /* of unsigned */
} Ring;

static bool grow_one(void *user, size_t item, unsigned thread, GError **error) {
  (void)thread;
  const Ring *ring = user;
  Treelet *t = woods_treelet(ring->woods, g_array_index(ring->items, unsigned, item));
  woods_grow(ring->woods, t);
  return t->missing || woods_write(ring->woods, t, error);
}

static bool grow_ring(Woods *w, unsigned depth, bool *any, GError **error) {
  g_autoptr(GArray) items = g_array_new(FALSE, FALSE, sizeof(unsigned));
  for (unsigned i = 0; i < w->treelets->len; i++)
    if (woods_treelet(w, i)->depth == depth) g_array_append_val(items, i);
  Ring ring = {w, items};
  *any = items->len > 0;
  return !*any || planting_each(w->planting, "growing trees", items->len, grow_one, &ring, error);
}

static void claim_all(const Woods *w) {
  for (unsigned i = 0; i < w->treelets->len; i++) {
    g_autofree char *name = woods_name(woods_treelet(w, i));
    if (!woods_treelet(w, i)->missing) planting_claim(w->planting, name);
  }
}

static void treelet_clear(void *data) {
  Treelet *t = data;
  mlp_free(t->mlp);
  lora_free(t->lora);
}

static void shift_worlds(Woods *w) {
  for (unsigned tree = 0; tree < w->trees; tree++)
    world_shift(&w->shifted[tree], &w->world, w->styles[tree].shift, w->planting->seed + tree);
}

bool woods_plant(const Planting *planting, const WoodsPlan *plan, GError **error) {
  Woods w = {.planting = planting, .trees = plan->trees};
  w.treelets = g_array_new(FALSE, FALSE, sizeof(Treelet));
  g_array_set_clear_func(w.treelets, treelet_clear);
  w.styles = g_new0(TreeStyle, plan->trees);
  w.shifted = g_new(World, plan->trees);
  world_init(&w.world, planting->seed);
  if (plan->stars) stars_draw(&w, plan);
  else woods_draw(&w, plan);
  shift_worlds(&w);
  claim_all(&w);
  bool ok = true, any = true;
  for (unsigned depth = 0; ok && any; depth++) ok = grow_ring(&w, depth, &any, error);
  for (unsigned i = 0; ok && i < w.treelets->len; i++) woods_record(&w, woods_treelet(&w, i));
  g_array_unref(w.treelets);
  g_free(w.styles);
  g_free(w.shifted);
  return ok;
}
