/* SPDX-License-Identifier: Apache-2.0 */
#include "numerics/rng.h"

#include <math.h>

static uint64_t splitmix64(uint64_t *x) {
  uint64_t z = (*x += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

void rng_init(Rng *rng, uint64_t seed, uint64_t stream) {
  uint64_t x = seed;
  x = splitmix64(&x) ^ (stream * 0xd1342543de82ef95u + 0x2545f4914f6cdd1du);
  for (int i = 0; i < 4; i++) rng->s[i] = splitmix64(&x);
}

static uint64_t rotl(uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }

uint64_t rng_u64(Rng *rng) {
  uint64_t *s = rng->s;
  uint64_t result = rotl(s[1] * 5, 7) * 9;
  uint64_t t = s[1] << 17;
  s[2] ^= s[0];
  s[3] ^= s[1];
  s[1] ^= s[2];
  s[0] ^= s[3];
  s[2] ^= t;
  s[3] = rotl(s[3], 45);
  return result;
}

float rng_uniform(Rng *rng) { return (float)(rng_u64(rng) >> 40) * 0x1p-24f; }

float rng_range(Rng *rng, float low, float high) { return low + (high - low) * rng_uniform(rng); }

uint64_t rng_below(Rng *rng, uint64_t n) {
  uint64_t threshold = -n % n;
  for (;;) {
    __extension__ typedef unsigned __int128 u128;
    u128 m = (u128)rng_u64(rng) * n;
    if ((uint64_t)m >= threshold) return (uint64_t)(m >> 64);
  }
}

float rng_normal(Rng *rng) {
  double u = ((double)(rng_u64(rng) >> 11) + 1.0) * 0x1p-53; /* in (0, 1] */
  double v = (double)(rng_u64(rng) >> 11) * 0x1p-53;
  return (float)(sqrt(-2.0 * log(u)) * cos(6.283185307179586 * v));
}

void rng_fill_uniform(Rng *rng, float *dst, size_t n, float bound) {
  for (size_t i = 0; i < n; i++) dst[i] = rng_range(rng, -bound, bound);
}

void rng_fill_normal(Rng *rng, float *dst, size_t n, float sd) {
  for (size_t i = 0; i < n; i++) dst[i] = sd * rng_normal(rng);
}

void rng_shuffle(Rng *rng, size_t *items, size_t n) {
  for (size_t i = n; i > 1; i--) {
    size_t j = rng_below(rng, i);
    size_t t = items[i - 1];
    items[i - 1] = items[j];
    items[j] = t;
  }
}
