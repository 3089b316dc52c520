/* SPDX-License-Identifier: Apache-2.0 */
#include "numerics/tail.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "numerics/hash.h"

size_t tail_width(uint64_t count, size_t most) {
  most = most < TAIL_PLACES ? most : TAIL_PLACES;
  return count < most ? (size_t)count : most;
}

typedef struct {
  uint64_t place;
  uint16_t slot;
} Spot;

static int by_place(const void *a, const void *b) {
  const Spot *x = a, *y = b;
  return x->place == y->place ? (x->slot > y->slot) - (x->slot < y->slot) : x->place < y->place ? -1 : 1;
}

/* Of a short array all places in random order, of which the first are taken; of a long one independent draws. */
static void draw(Spot *spots, uint64_t seed, uint64_t count, size_t width) {
  uint16_t order[TAIL_PLACES];
  const size_t shuffled = count <= TAIL_PLACES ? (size_t)count : 0;
  for (size_t i = 0; i < shuffled; i++) order[i] = (uint16_t)i;
  for (size_t i = 0; i < width; i++) {
    uint64_t random = hash_mix(seed ^ hash_mix(i + 1));
    spots[i] = (Spot){shuffled ? 0 : random % count, (uint16_t)i};
    if (!shuffled) continue;
    size_t k = i + (size_t)(random % (shuffled - i));
    spots[i].place = order[k];
    order[k] = order[i];
  }
}

void tail_walk_init(TailWalk *w, uint64_t seed, uint64_t count, size_t width) {
  Spot spots[TAIL_PLACES];
  w->n = width;
  w->at = 0;
  draw(spots, seed, count, width);
  qsort(spots, width, sizeof *spots, by_place);
  for (size_t i = 0; i < width; i++) w->place[i] = spots[i].place, w->slot[i] = spots[i].slot;
}

void tail_walk_take(TailWalk *w, const float *x, uint64_t first, size_t n, float *out) {
  for (; w->at < w->n && w->place[w->at] < first + n; w->at++) out[w->slot[w->at]] = x[w->place[w->at] - first];
}

/* Keeps the k largest of what is added in a heap, the least on top. */
static void sift_down(float *heap, size_t k) {
  for (size_t i = 0;;) {
    size_t least = i, left = 2 * i + 1, right = left + 1;
    if (left < k && heap[left] < heap[least]) least = left;
    if (right < k && heap[right] < heap[least]) least = right;
    if (least == i) return;
    float t = heap[i];
    heap[i] = heap[least], heap[least] = t;
    i = least;
  }
}

double tail_distance(const float *a, const float *b, size_t n, uint64_t count, double longer) {
  float heap[TAIL_PLACES / 32 + 1] = {0};
  size_t share = n == count ? n / 100 : 3 * n / 100, k = share ? share : 1;
  const float up = (float)sqrt(longer), down = 1 / up;
  double sum = 0;
  for (size_t i = 0; i < n; i++) {
    float d = fabsf(a[i] * up - b[i] * down);
    if (!(d > heap[0])) continue;
    heap[0] = d;
    sift_down(heap, k);
  }
  for (size_t i = 0; i < k; i++) sum += (double)heap[i];
  return sum / (double)k;
}
