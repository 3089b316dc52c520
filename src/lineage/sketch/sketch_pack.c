/* SPDX-License-Identifier: Apache-2.0 */
/* A sketch as bytes, for the catalog: a header, the tensors, a checksum over both. Numbers are
 * stored as this machine has them: the catalog does not travel. */
#include <string.h>

#include "numerics/projection.h"
#include "numerics/tail.h"
#include "lineage/sketch/sketch.h"

/* Raise the number when what is measured, or how, changes: old blobs are then made anew. */
static const char magic[8] = {'c', 'o', 'p', 's', 'e', 's', 'k', 'b'};

typedef struct {
  char magic[8];
  uint64_t seed;
  uint64_t tensors, sides;
} BlobHeader;

/* Of one tensor; its name (no NUL) and, when it is projected, its projection, its table and its
 * numbers at random places, where it has such, follow. */
typedef struct {
  uint64_t d_out, d_in, seed;
  Moments moments;
  ContentHash hash;
  uint64_t as_single, as_half, as_brain;
  uint32_t name_length, dtype;
  uint8_t role, part, projected, gridded, tabled, unused;
  uint16_t placed;
  float scale, unused_too;
} BlobTensor;

GBytes *model_sketch_pack(const ModelSketch *s, uint64_t seed) {
  GByteArray *out = g_byte_array_new();
  BlobHeader header = {.seed = seed, .tensors = s->tensors->len, .sides = s->sides->len};
  memcpy(header.magic, magic, sizeof magic);
  g_byte_array_append(out, (const guint8 *)&header, sizeof header);
  for (guint i = 0; i < s->tensors->len; i++) {
    const TensorSketch *t = &g_array_index(s->tensors, TensorSketch, i);
    BlobTensor b;
    memset(&b, 0, sizeof b); /* the padding too: the checksum covers it */
    b.d_out = t->d_out, b.d_in = t->d_in, b.seed = t->seed;
    b.moments = t->moments, b.hash = t->hash;
    b.name_length = (uint32_t)strlen(t->name);
    b.role = (uint8_t)t->role, b.part = (uint8_t)t->part, b.projected = t->projected;
    b.as_single = t->as_single, b.as_half = t->as_half, b.as_brain = t->as_brain;
    b.scale = t->scale, b.tabled = t->table != NULL;
    b.dtype = (uint32_t)t->dtype, b.gridded = t->gridded, b.placed = (uint16_t)t->placed;
    g_byte_array_append(out, (const guint8 *)&b, sizeof b);
    g_byte_array_append(out, (const guint8 *)t->name, b.name_length);
    if (t->projected) g_byte_array_append(out, (const guint8 *)t->projection, (guint)(t->width * sizeof(float)));
    if (t->table) g_byte_array_append(out, (const guint8 *)t->table, TABLE_SAMPLES * sizeof(float));
    if (t->placed) g_byte_array_append(out, (const guint8 *)t->places, (guint)(t->placed * sizeof(float)));
  }
  if (s->sides->len)
    g_byte_array_append(out, (const guint8 *)s->sides->data, (guint)(s->sides->len * sizeof(SymmetrySide)));
  ContentHash check = content_hash(seed, out->data, out->len);
  g_byte_array_append(out, (const guint8 *)&check, sizeof check);
  return g_byte_array_free_to_bytes(out);
}

typedef struct {
  const unsigned char *at;
  size_t left;
} Cursor;

static bool take(Cursor *c, void *dst, size_t n) {
  if (n > c->left) return false;
  memcpy(dst, c->at, n);
  c->at += n, c->left -= n;
  return true;
}

static bool take_tensor(Cursor *c, TensorSketch *t) {
  BlobTensor b;
  if (!take(c, &b, sizeof b) || b.name_length > c->left) return false;
  if (b.role >= TENSOR_ROLES || b.part > PART_OTHER || b.projected > 1) return false;
  if (b.dtype >= DTYPE_COUNT || b.gridded > 1 || b.placed > TAIL_PLACES) return false;
  t->d_out = b.d_out, t->d_in = b.d_in, t->seed = b.seed;
  t->moments = b.moments, t->hash = b.hash;
  t->role = (TensorRole)b.role, t->part = (PartKind)b.part, t->projected = b.projected;
  t->as_single = b.as_single, t->as_half = b.as_half, t->as_brain = b.as_brain;
  t->dtype = (Dtype)b.dtype, t->gridded = b.gridded;
  t->scale = b.scale;
  t->width = projection_width(b.moments.count);
  t->name = safe_text((const char *)c->at, (gssize)b.name_length);
  c->at += b.name_length, c->left -= b.name_length;
  t->placed = b.placed;
  if (t->projected) t->projection = g_new(float, t->width);
  if (b.placed) t->places = g_new(float, b.placed);
  if (b.tabled) t->table = g_new(float, TABLE_SAMPLES);
  return (!t->projected || take(c, t->projection, t->width * sizeof(float))) &&
         (!b.tabled || take(c, t->table, TABLE_SAMPLES * sizeof(float))) &&
         (!b.placed || take(c, t->places, b.placed * sizeof(float)));
}

/* Header and checksum; leaves the cursor on the first tensor. */
static bool open_blob(Cursor *c, uint64_t seed, BlobHeader *header) {
  ContentHash check;
  if (c->left < sizeof check) return false;
  c->left -= sizeof check;
  memcpy(&check, c->at + c->left, sizeof check);
  if (!content_hash_equal(check, content_hash(seed, c->at, c->left))) return false;
  return take(c, header, sizeof *header) && memcmp(header->magic, magic, sizeof magic) == 0 && header->seed == seed &&
         header->tensors <= c->left / sizeof(BlobTensor) && header->sides <= SYMMETRY_SIDES;
}

ModelSketch *model_sketch_unpack(GBytes *bytes, uint64_t seed) {
  Cursor c;
  c.at = g_bytes_get_data(bytes, &c.left);
  BlobHeader header;
  if (!open_blob(&c, seed, &header)) return NULL;
  g_autoptr(ModelSketch) s = model_sketch_new();
  for (uint64_t i = 0; i < header.tensors; i++) {
    g_array_set_size(s->tensors, s->tensors->len + 1);
    if (!take_tensor(&c, &g_array_index(s->tensors, TensorSketch, s->tensors->len - 1))) return NULL;
  }
  g_array_set_size(s->sides, (guint)header.sides);
  if (header.sides && !take(&c, s->sides->data, header.sides * sizeof(SymmetrySide))) return NULL;
  if (c.left > 0) return NULL;
  model_sketch_settle(s);
  return g_steal_pointer(&s);
}
