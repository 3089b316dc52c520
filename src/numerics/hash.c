/* SPDX-License-Identifier: Apache-2.0 */
#include "numerics/hash.h"

#include <xxhash.h>

struct ContentHasher {
  XXH3_state_t *state;
};

uint64_t hash_mix(uint64_t x) {
  x = (x ^ (x >> 32)) * 0xd6e8feb86659fd93u;
  x = (x ^ (x >> 29)) * 0xa0761d6478bd642fu;
  return x ^ (x >> 32);
}

static ContentHash of_library(XXH128_hash_t h) { return (ContentHash){h.low64, h.high64}; }

ContentHasher *content_hasher_new(uint64_t salt) {
  XXH3_state_t *state = XXH3_createState();
  if (!state) return NULL;
  XXH3_128bits_reset_withSeed(state, salt);
  ContentHasher *h = g_new(ContentHasher, 1);
  h->state = state;
  return h;
}

void content_hasher_free(ContentHasher *h) {
  if (!h) return;
  XXH3_freeState(h->state);
  g_free(h);
}

void content_hasher_add(ContentHasher *h, const void *bytes, size_t n) {
  if (n) XXH3_128bits_update(h->state, bytes, n);
}

ContentHash content_hasher_end(const ContentHasher *h) { return of_library(XXH3_128bits_digest(h->state)); }

ContentHash content_hash(uint64_t salt, const void *bytes, size_t n) {
  return of_library(XXH3_128bits_withSeed(bytes, n, salt));
}

void content_hash_join(ContentHash *set, ContentHash member) {
  set->lo += hash_mix(member.lo ^ 0x3c6ef372fe94f82bu);
  set->hi += hash_mix(member.hi ^ member.lo * 0xa54ff53a5f1d36f1u);
}

bool content_hash_equal(ContentHash a, ContentHash b) { return a.lo == b.lo && a.hi == b.hi; }

uint64_t hash_bytes(uint64_t salt, const void *bytes, size_t n) { return XXH3_64bits_withSeed(bytes, n, salt); }

uint64_t hash_name_bytes(uint64_t h, const void *bytes, size_t n) {
  const unsigned char *p = bytes;
  for (size_t i = 0; i < n; i++) h = hash_name_step(h, p[i]);
  return h;
}
