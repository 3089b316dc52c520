/* SPDX-License-Identifier: Apache-2.0 */
#include "lineage/sketch/kin_table.h"

#include <math.h>

#include "core/parallel.h"

enum { MOST_STORED = 4096 };

typedef struct {
  float distance2, tail2;
  uint8_t equal, low_rank;
} Cell;

struct KinTable {
  const ModelSketch **sketches;
  unsigned n;
  Cell *cells; /* (a, b) with b < a at a (a - 1) / 2 + b; NULL: not stored */
};

static size_t place_of(unsigned a, unsigned b) { return (size_t)a * (a - 1) / 2 + b; }

/* Frozen layers and adapters leave marks that only a direct step has. */
static void add_lengths(KinPair *p) {
  double marks = (1 - 0.3 * p->equal) * (p->low_rank ? 0.6 : 1);
  p->euclid = p->distance2 * marks;
  p->length = p->tail2 * marks;
}

static KinPair compute(const KinTable *t, unsigned a, unsigned b) {
  KinPair out = {.distance2 = INFINITY, .tail2 = INFINITY, .euclid = INFINITY, .length = INFINITY};
  const ModelSketch *x = t->sketches[a], *y = t->sketches[b];
  if (!x || !y) return out;
  Kinship k;
  kinship_compare(x, y, &k);
  if (!kinship_is_comparable(&k)) return out;
  out.distance2 = k.distance2;
  out.equal = k.equal;
  out.low_rank = kinship_is_low_rank(&k);
  out.tail2 = k.tail2;
  add_lengths(&out);
  return out;
}

/* Sketches that are compared with each other while they are near: some 70 kB each. */
enum { TILE = 4 };

static bool fill_tile_row(void *user, size_t item, unsigned thread) {
  (void)thread;
  KinTable *t = user;
  unsigned tiles = (t->n + TILE - 1) / TILE, first = (tiles - 1 - (unsigned)item) * TILE; /* long rows first */
  unsigned end = MIN(first + TILE, t->n);
  for (unsigned b = 0; b < end; b++)
    for (unsigned a = MAX(first, b + 1); a < end; a++) {
      KinPair p = compute(t, a, b);
      t->cells[place_of(a, b)] = (Cell){(float)p.distance2, (float)p.tail2, (uint8_t)(255 * p.equal), p.low_rank};
    }
  return true;
}

KinTable *kin_table_new(const ModelSketch *const *sketches, unsigned n, unsigned threads, const Progress *p,
                        GError **error) {
  g_autoptr(KinTable) t = g_new0(KinTable, 1);
  t->n = n;
  t->sketches = g_memdup2(sketches, n * sizeof *sketches);
  if (n > MOST_STORED) return g_steal_pointer(&t);
  t->cells = g_new(Cell, place_of(n, 0) + 1);
  parallel_for((n + TILE - 1) / TILE, n >= 16 ? threads : 1, fill_tile_row, t, p ? p->cancel : NULL);
  return progress_check(p, error) ? g_steal_pointer(&t) : NULL;
}

void kin_table_free(KinTable *t) {
  if (!t) return;
  g_free(t->sketches);
  g_free(t->cells);
  g_free(t);
}

KinPair kin_table_get(const KinTable *t, unsigned a, unsigned b) {
  if (!t->cells) return compute(t, a, b);
  const Cell *c = &t->cells[a > b ? place_of(a, b) : place_of(b, a)];
  KinPair p = {
      .distance2 = (double)c->distance2, .tail2 = (double)c->tail2, .equal = c->equal / 255.0, .low_rank = c->low_rank};
  add_lengths(&p);
  return p;
}

const ModelSketch *kin_table_sketch(const KinTable *t, unsigned i) { return t->sketches[i]; }
