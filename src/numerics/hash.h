/* SPDX-License-Identifier: Apache-2.0 */
/* A 128-bit fingerprint of bytes, fed in pieces of any size. It tells equal tensors from different
 * ones at the speed of memory; it is not cryptographic: somebody who wants two files to collide
 * can make them, and gains a wrong "duplicate" in his own collection. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
  uint64_t lo, hi;
} ContentHash;

enum { HASH_STRIPE = 64 };

typedef struct {
  uint64_t lane[4];
  uint64_t bytes;                  /* fed so far */
  unsigned char held[HASH_STRIPE]; /* the bytes % HASH_STRIPE that wait for a whole stripe */
} ContentHasher;

/* `salt` keeps apart equal bytes of different meaning, such as the same bits in two formats. */
void content_hasher_init(ContentHasher *h, uint64_t salt);
void content_hasher_add(ContentHasher *h, const void *bytes, size_t n);
ContentHash content_hasher_end(ContentHasher *h);

/* All at once. */
ContentHash content_hash(uint64_t salt, const void *bytes, size_t n);

/* Adds a fingerprint to those of a set: the order does not matter, repetitions count. Starts
 * from {0, 0}. */
void content_hash_join(ContentHash *set, ContentHash member);

bool content_hash_equal(ContentHash a, ContentHash b);

/* A bijection of 64 bits without visible pattern; also the random source of the projections. */
uint64_t hash_mix(uint64_t x);
