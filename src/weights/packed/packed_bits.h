/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers of a few bits in words of 32, lowest bits first. Seen by packed/ alone. */
#pragma once

#include <stdint.h>

/* Number i of a stream of `bits` a number, in words that lie `step` apart; it may lie in two of them. */
static inline unsigned packed_code(const uint32_t *words, uint64_t step, uint64_t i, unsigned bits) {
  const uint64_t bit = i * bits, word = bit / 32;
  const unsigned shift = bit % 32;
  uint64_t x = words[word * step] >> shift;
  if (shift + bits > 32) x |= (uint64_t)words[(word + 1) * step] << (32 - shift);
  return (unsigned)(x & ((1u << bits) - 1));
}

/* Column o of the eight that AWQ weaves into a word. */
static inline unsigned packed_woven(uint32_t word, uint64_t o) {
  static const unsigned place[8] = {0, 4, 1, 5, 2, 6, 3, 7};
  return word >> (4 * place[o % 8]) & 15;
}
