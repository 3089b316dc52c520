/* SPDX-License-Identifier: Apache-2.0 */
#include "numerics/hash.h"

#include <string.h>

__extension__ typedef unsigned __int128 Wide;

/* Odd constants: the bits of sqrt(2), sqrt(3), sqrt(5), sqrt(7) behind the point. */
static const uint64_t keys[4] = {0x6a09e667f3bcc909u, 0xbb67ae8584caa73bu, 0x3c6ef372fe94f82bu, 0xa54ff53a5f1d36f1u};

uint64_t hash_mix(uint64_t x) {
  x = (x ^ (x >> 32)) * 0xd6e8feb86659fd93u;
  x = (x ^ (x >> 29)) * 0xa0761d6478bd642fu;
  return x ^ (x >> 32);
}

/* Both halves of the product of two words. */
static uint64_t fold(uint64_t a, uint64_t b) {
  Wide p = (Wide)a * b;
  return (uint64_t)p ^ (uint64_t)(p >> 64);
}

/* Each lane takes two words. The rotated sum keeps what a factor of zero would lose. */
static void take_stripe(uint64_t *restrict lane, const unsigned char *bytes) {
  uint64_t w[8];
  memcpy(w, bytes, sizeof w);
  for (int i = 0; i < 4; i++) {
    uint64_t old = lane[i];
    lane[i] = fold(w[2 * i] ^ old, w[2 * i + 1] ^ keys[i]) + ((old << 29) | (old >> 35));
  }
}

void content_hasher_init(ContentHasher *h, uint64_t salt) {
  memset(h, 0, sizeof *h);
  for (int i = 0; i < 4; i++) h->lane[i] = hash_mix(salt + keys[i]);
}

void content_hasher_add(ContentHasher *h, const void *bytes, size_t n) {
  const unsigned char *p = bytes;
  size_t held = (size_t)(h->bytes % HASH_STRIPE);
  h->bytes += n;
  if (held > 0) {
    size_t k = MIN(n, HASH_STRIPE - held);
    memcpy(h->held + held, p, k);
    p += k, n -= k;
    if (held + k < HASH_STRIPE) return;
    take_stripe(h->lane, h->held);
  }
  for (; n >= HASH_STRIPE; p += HASH_STRIPE, n -= HASH_STRIPE) take_stripe(h->lane, p);
  if (n > 0) memcpy(h->held, p, n);
}

ContentHash content_hasher_end(ContentHasher *h) {
  size_t held = (size_t)(h->bytes % HASH_STRIPE);
  if (held > 0) {
    memset(h->held + held, 0, HASH_STRIPE - held);
    take_stripe(h->lane, h->held);
  }
  ContentHash out = {h->bytes, ~h->bytes};
  for (int i = 0; i < 4; i++) {
    out.lo = hash_mix(out.lo ^ h->lane[i]);
    out.hi = hash_mix(out.hi + h->lane[3 - i] * keys[1]);
  }
  return out;
}

ContentHash content_hash(uint64_t salt, const void *bytes, size_t n) {
  ContentHasher h;
  content_hasher_init(&h, salt);
  content_hasher_add(&h, bytes, n);
  return content_hasher_end(&h);
}

void content_hash_join(ContentHash *set, ContentHash member) {
  set->lo += hash_mix(member.lo ^ keys[2]);
  set->hi += hash_mix(member.hi ^ member.lo * keys[3]);
}

bool content_hash_equal(ContentHash a, ContentHash b) { return a.lo == b.lo && a.hi == b.hi; }
