/* SPDX-License-Identifier: Apache-2.0 */
#include "numerics/tail.h"

#include <math.h>
#include <string.h>

#include "numerics/hash.h"
#include "numerics/simd.h"

size_t tail_width(uint64_t count, size_t most) {
  most = most < TAIL_PLACES ? most : TAIL_PLACES;
  return count < most ? (size_t)count : most;
}

typedef struct {
  uint64_t place;
  uint16_t slot;
} Spot;

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

/* By place, and of one place by slot. Places are spread evenly: each goes to a drawer by its size, in which few are to be
 * put in order. */
static void sort_spots(const Spot *spots, size_t n, uint64_t count, TailWalk *w) {
  uint16_t start[TAIL_PLACES + 1] = {0};
  uint64_t wide = count / TAIL_PLACES + 1;
  for (size_t i = 0; i < n; i++) start[spots[i].place / wide + 1]++;
  for (size_t d = 1; d <= TAIL_PLACES; d++) start[d] += start[d - 1];
  uint16_t end[TAIL_PLACES];
  memcpy(end, start, sizeof end);
  for (size_t i = 0; i < n; i++) {
    size_t drawer = (size_t)(spots[i].place / wide), at = end[drawer]++;
    for (; at > start[drawer] && w->place[at - 1] > spots[i].place; at--)
      w->place[at] = w->place[at - 1], w->slot[at] = w->slot[at - 1];
    w->place[at] = spots[i].place, w->slot[at] = spots[i].slot;
  }
}

void tail_walk_init(TailWalk *w, uint64_t seed, uint64_t count, size_t width) {
  Spot spots[TAIL_PLACES];
  w->n = width;
  w->at = 0;
  draw(spots, seed, count, width);
  sort_spots(spots, width, count, w);
}

void tail_walk_take(TailWalk *w, const float *x, uint64_t first, size_t n, float *out) {
  for (; w->at < w->n && w->place[w->at] < first + n; w->at++) out[w->slot[w->at]] = x[w->place[w->at] - first];
}

/* |a up - b down| of n numbers, 0 for a NAN; their mean. */
VECTOR_LOOP static float fill_sizes(const float *restrict a, const float *restrict b, float up, float down,
                                    float *restrict out, size_t n) {
  float lanes[16] = {0}, sum = 0;
  for (size_t i = 0; i < n; i++) {
    float d = fabsf(a[i] * up - b[i] * down);
    out[i] = d > 0 ? d : 0;
  }
  size_t i = 0;
  for (; i + 16 <= n; i += 16)
    for (int l = 0; l < 16; l++) lanes[l] += out[i + (size_t)l];
  for (; i < n; i++) sum += out[i];
  for (int l = 0; l < 16; l++) sum += lanes[l];
  return n ? sum / (float)n : 0;
}

VECTOR_LOOP static unsigned count_above(const float *x, size_t n, float limit) {
  unsigned count = 0;
  for (size_t i = 0; i < n; i++) count += x[i] > limit;
  return count;
}

/* Leaves in front those above the limit; how many. */
static size_t keep_above(float *x, size_t n, float limit) {
  size_t kept = 0;
  for (size_t i = 0; i < n; i++) {
    float size = x[i];
    x[kept] = size;
    kept += size > limit;
  }
  return kept;
}

static float as_float(uint32_t bits) {
  float x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

static uint32_t as_bits(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}

/* What just k of n numbers >= 0 are above, or the k-th largest where others equal it. More than k are above `least`.
 * Floats of one sign have the order of their bits, of which the range is halved. */
static float limit_of(const float *x, size_t n, size_t k, float least) {
  uint32_t low = as_bits(least), high = as_bits(INFINITY); /* more than k are above low, fewer above high */
  while (high - low > 1) {
    uint32_t middle = low + (high - low) / 2;
    unsigned above = count_above(x, n, as_float(middle));
    if (above == k) return as_float(middle);
    if (above > k) low = middle;
    else high = middle;
  }
  return as_float(high);
}

/* Most numbers are below twice the mean, and are none of the largest unless they are all that there is. */
static double sum_of_largest(float *x, size_t n, size_t k, float mean) {
  float least = 2.2f * mean;
  if (isfinite(least) && count_above(x, n, least) >= k) n = keep_above(x, n, least);
  else least = 0;
  float limit = count_above(x, n, least) > k ? limit_of(x, n, k, least) : least;
  double sum = 0;
  size_t above = 0;
  for (size_t i = 0; i < n; i++)
    if (x[i] > limit) sum += (double)x[i], above++;
  return above < k ? sum + (double)(k - above) * (double)limit : sum;
}

double tail_distance(const float *a, const float *b, size_t n, uint64_t count, double longer) {
  float sizes[TAIL_PLACES];
  size_t share = n == count ? n / 100 : 3 * n / 100, k = share ? share : 1;
  const float up = (float)sqrt(longer), down = 1 / up;
  float mean = fill_sizes(a, b, up, down, sizes, n);
  return sum_of_largest(sizes, n, k, mean) / (double)k;
}
