/* SPDX-License-Identifier: Apache-2.0 */
#include "numerics/projection.h"

#include <string.h>

#include "numerics/simd.h"
#include "numerics/hash.h"

enum { BUCKETS = PROJECTION_BUCKETS, TILES = PROJECTION_TILES };

/* The random choices of one run. */
typedef struct {
  uint32_t signs[BUCKETS]; /* bit t from the top: sign of this lane in tile t */
  uint8_t offset[TILES];   /* by how much tile t is turned */
} RunPlan;

uint64_t projection_seed(uint64_t seed, const SafeText *name, int role, uint64_t d_out, uint64_t d_in) {
  ContentHash h = content_hash(seed, name, strlen(name));
  uint64_t x = hash_mix(h.lo ^ (uint64_t)role);
  x = hash_mix(x + d_out);
  return hash_mix(x + d_in) ^ h.hi;
}

static void draw_plan(RunPlan *plan, uint64_t seed, uint64_t run) {
  const uint64_t step = 0x9e3779b97f4a7c15u; /* 2^64 over the golden ratio: visits every word */
  uint64_t at = hash_mix(seed + run * 0xd1342543de82ef95u);
  uint64_t words[BUCKETS / 2];
  for (int i = 0; i < BUCKETS / 2; i++) words[i] = hash_mix(at += step);
  memcpy(plan->signs, words, sizeof words);
  for (int i = 0; i < TILES / 8; i++) words[i] = hash_mix(at += step);
  memcpy(plan->offset, words, TILES);
}

/* Adds `tiles` times 256 elements with the signs of the run. Straight loops over restrict pointers:
 * every compiler makes vectors of them. */
VECTOR_LOOP static void add_tiles(float *restrict sums, const float *restrict x, const RunPlan *restrict plan,
                                  unsigned tiles) {
  for (unsigned t = 0; t < tiles; t++, x += BUCKETS) {
    float *restrict to = sums + plan->offset[t];
    for (int i = 0; i < BUCKETS; i++) {
      uint32_t bits;
      float value;
      memcpy(&bits, x + i, sizeof bits);
      bits ^= (plan->signs[i] << t) & 0x80000000u;
      memcpy(&value, &bits, sizeof value);
      to[i] += value;
    }
  }
}

void projection_init(Projection *p, uint64_t seed) {
  memset(p, 0, sizeof *p);
  p->seed = seed;
}

void projection_add(Projection *p, const float *x, size_t n) {
  RunPlan plan;
  draw_plan(&plan, p->seed, p->runs++);
  float sums[2 * BUCKETS] = {0}; /* twice the width, so that a turned tile needs no wrap */
  unsigned whole = (unsigned)(n < PROJECTION_RUN ? n / BUCKETS : TILES);
  add_tiles(sums, x, &plan, whole);
  if (whole < TILES && n % BUCKETS > 0) { /* the last tile, filled up with zeros */
    float padded[BUCKETS] = {0};
    memcpy(padded, x + (size_t)whole * BUCKETS, n % BUCKETS * sizeof *x);
    RunPlan last = plan;
    last.offset[0] = plan.offset[whole];
    for (int i = 0; i < BUCKETS; i++) last.signs[i] <<= whole;
    add_tiles(sums, padded, &last, 1);
  }
  for (int i = 0; i < BUCKETS; i++) p->total[i] += (double)sums[i] + (double)sums[i + BUCKETS];
}

void projection_end(const Projection *p, float out[PROJECTION_BUCKETS]) {
  for (int i = 0; i < BUCKETS; i++) out[i] = (float)p->total[i];
}

size_t projection_width(uint64_t count) {
  if (count > PROJECTION_SMALL) return BUCKETS;
  uint64_t pieces = (count + BUCKETS - 1) / BUCKETS;
  return (size_t)(pieces < 1 ? 1 : pieces < PROJECTION_PIECES ? pieces : PROJECTION_PIECES) * BUCKETS;
}

/* Elements of each piece but the last: whole tiles. */
static size_t piece_length(size_t count) {
  size_t pieces = projection_width(count) / BUCKETS;
  return ((count + pieces - 1) / pieces + BUCKETS - 1) / BUCKETS * BUCKETS;
}

void projection_small(uint64_t seed, const float *x, size_t n, float *out) {
  size_t length = piece_length(n), pieces = projection_width(n) / BUCKETS;
  for (size_t k = 0; k < pieces; k++) {
    Projection p;
    size_t end = (k + 1) * length < n ? (k + 1) * length : n; /* the last pieces may be empty */
    projection_init(&p, k ? hash_mix(seed + k) : seed);
    for (size_t at = k * length; at < end; at += PROJECTION_RUN)
      projection_add(&p, x + at, end - at < PROJECTION_RUN ? end - at : PROJECTION_RUN);
    projection_end(&p, out + k * BUCKETS);
  }
}

static void large_of_ones(uint64_t seed, uint64_t count, float *out) {
  float ones[PROJECTION_RUN];
  for (int i = 0; i < PROJECTION_RUN; i++) ones[i] = 1;
  Projection p;
  projection_init(&p, seed);
  for (; count >= PROJECTION_RUN; count -= PROJECTION_RUN) projection_add(&p, ones, PROJECTION_RUN);
  if (count > 0) projection_add(&p, ones, (size_t)count);
  projection_end(&p, out);
}

void projection_of_ones(uint64_t seed, uint64_t count, float *out) {
  if (count > PROJECTION_SMALL) {
    large_of_ones(seed, count, out);
    return;
  }
  g_autofree float *ones = g_new(float, count + 1);
  for (uint64_t i = 0; i < count; i++) ones[i] = 1;
  projection_small(seed, ones, (size_t)count, out);
}

VECTOR_LOOP static double multiply(const float *a, const float *b, size_t width) {
  double product = 0;
  for (size_t at = 0; at < width; at += BUCKETS, a += BUCKETS, b += BUCKETS) {
    float dot[8] = {0};
    for (int i = 0; i < BUCKETS; i += 8)
      for (int l = 0; l < 8; l++) dot[l] += a[i + l] * b[i + l];
    for (int l = 0; l < 8; l++) product += (double)dot[l];
  }
  return product;
}

double projection_product(const float *a, const float *b, size_t width) { return multiply(a, b, width); }

VECTOR_LOOP static void compare(const float *a, const float *b, size_t width, double *product, double *distance2) {
  *product = *distance2 = 0;
  for (size_t at = 0; at < width; at += BUCKETS, a += BUCKETS, b += BUCKETS) {
    float dot[8] = {0}, diff[8] = {0}; /* eight sums side by side: one vector each */
    for (int i = 0; i < BUCKETS; i += 8)
      for (int l = 0; l < 8; l++) {
        float d = a[i + l] - b[i + l];
        dot[l] += a[i + l] * b[i + l];
        diff[l] += d * d;
      }
    for (int l = 0; l < 8; l++) *product += (double)dot[l], *distance2 += (double)diff[l];
  }
}

/* Under its own name, since compilers differ in what they call the dispatcher of clones for other files. */
void projection_compare(const float *a, const float *b, size_t width, double *product, double *distance2) {
  compare(a, b, width, product, distance2);
}
