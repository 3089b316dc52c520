/* SPDX-License-Identifier: Apache-2.0 */
/* Random numbers with explicit state: xoshiro256** (Blackman and Vigna 2018,
 * "Scrambled linear pseudorandom number generators"), seeded by splitmix64.
 * The same seed and stream give the same numbers on every machine. */
#pragma once

#include <stddef.h>
#include <stdint.h>

typedef struct {
  uint64_t s[4];
} Rng;

/* Starts the stream `stream` of `seed`. Streams of one seed are independent, so
 * work shared over threads draws stream i for item i and does not depend on order. */
void rng_init(Rng *rng, uint64_t seed, uint64_t stream);

uint64_t rng_u64(Rng *rng);

/* Uniform in [0, 1), 24 random bits: every value is an exact float. */
float rng_uniform(Rng *rng);

/* Uniform in [low, high). */
float rng_range(Rng *rng, float low, float high);

/* Uniform in 0..n-1 without modulo bias (Lemire 2019); n > 0. */
uint64_t rng_below(Rng *rng, uint64_t n);

/* Standard normal (Box-Muller, no hidden second value). */
float rng_normal(Rng *rng);

/* dst[0..n) uniform in [-bound, bound): PyTorch's nn.Linear start with
 * bound = 1/sqrt(fan_in). */
void rng_fill_uniform(Rng *rng, float *dst, size_t n, float bound);

/* dst[0..n) normal with the given standard deviation. */
void rng_fill_normal(Rng *rng, float *dst, size_t n, float sd);

/* Fisher-Yates over n indices. */
void rng_shuffle(Rng *rng, size_t *items, size_t n);
