/* SPDX-License-Identifier: Apache-2.0 */
/* Fingerprints of bytes, by libxxhash (XXH3). They tell equal tensors from different ones at the speed of memory; they
 * are not cryptographic: somebody who wants two files to collide can make them, and gains a wrong "duplicate" in his
 * own collection. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
  uint64_t lo, hi;
} ContentHash;

/* One that is fed in pieces of any size. */
typedef struct ContentHasher ContentHasher;

/* `salt` keeps apart equal bytes of different meaning, such as the same bits in two formats. NULL: no memory. */
ContentHasher *content_hasher_new(uint64_t salt);
void content_hasher_free(ContentHasher *hasher); /* NULL-safe */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ContentHasher, content_hasher_free)

void content_hasher_add(ContentHasher *hasher, const void *bytes, size_t n);

/* The fingerprint of all that was fed so far. */
ContentHash content_hasher_end(const ContentHasher *hasher);

/* All at once. */
ContentHash content_hash(uint64_t salt, const void *bytes, size_t n);

/* Adds a fingerprint to those of a set: the order does not matter, repetitions count. Starts
 * from {0, 0}. */
void content_hash_join(ContentHash *set, ContentHash member);

bool content_hash_equal(ContentHash a, ContentHash b);

/* 64 bits of fingerprint, for what is kept in a cache and can be made again. Chained through the salt. */
uint64_t hash_bytes(uint64_t salt, const void *bytes, size_t n);

/* FNV-1a, for the names that checkpoints and catalogs keep for ever (an architecture's, an encoder's): begins with
 * HASH_NAME_BEGIN and takes a byte, or a word, a step. */
#define HASH_NAME_BEGIN 0xcbf29ce484222325u
static inline uint64_t hash_name_step(uint64_t h, uint64_t word) { return (h ^ word) * 0x100000001b3u; }
uint64_t hash_name_bytes(uint64_t h, const void *bytes, size_t n);

/* A bijection of 64 bits without visible pattern; also the random source of the projections. */
uint64_t hash_mix(uint64_t x);
