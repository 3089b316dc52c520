/* SPDX-License-Identifier: Apache-2.0 */
/* IEEE binary16 to float32, exactly: inline, for loops over many. */
#pragma once

#include <stdint.h>
#include <string.h>

static inline float f32_from_bits(uint32_t bits) {
  float f;
  memcpy(&f, &bits, sizeof f);
  return f;
}

static inline uint32_t f32_bits(float f) {
  uint32_t bits;
  memcpy(&bits, &f, sizeof bits);
  return bits;
}

/* IEEE binary16: 1 sign, 5 exponent, 10 fraction bits. Both branches are computed, so that
 * the loop over many stays free of jumps. */
static inline float half_to_f32(uint16_t h) {
  uint32_t sign = (uint32_t)(h & 0x8000) << 16;
  uint32_t magnitude = (uint32_t)(h & 0x7fff) << 13;
  /* Normal numbers: shift the exponent's bias from 15 to 127; infinities and NaN once more. */
  uint32_t normal = magnitude + (112u << 23);
  if (magnitude >= 0x0f800000u) normal += 112u << 23;
  /* Subnormals: let the float unit normalise 0.fraction x 2^-14. */
  float subnormal = f32_from_bits(magnitude + (113u << 23)) - 0x1p-14f;
  uint32_t bits = magnitude < 0x00800000u ? f32_bits(subnormal) : normal;
  return f32_from_bits(bits | sign);
}

/* The binary16 that lies at p, unaligned, low byte first. */
static inline float half_at(const unsigned char *p) { return half_to_f32((uint16_t)(p[0] | p[1] << 8)); }
