/* SPDX-License-Identifier: Apache-2.0 */
#include "lineage/grow/depth.h"

#include <string.h>

#include "numerics/hash.h"

/* So much of the blocks must be found again; a share below the other is chance, a tied matrix say. */
static const double most_found = 0.97, least_share = 0.02;

/* The end of a name's first part that is a number, or 0: it is in no block. */
static size_t block_end(const char *name) {
  for (const char *p = name; *p;) {
    size_t n = strcspn(p, "."), digits = strspn(p, "0123456789");
    if (n > 0 && digits == n) return (size_t)(p - name) + n;
    p += n + (p[n] == '.');
  }
  return 0;
}

/* A matrix of a block that tells something. */
static bool is_block_matrix(const TensorSketch *t) {
  return t->part == PART_MATRIX && block_end(t->name) > 0 && tensor_sketch_variation(t) > 0;
}

/* The same for the same numbers, also when one of the two was rounded to that half format. */
static uint64_t content_of(const TensorSketch *t, bool brain) {
  uint64_t shape = hash_mix(t->d_out * UINT64_C(0x9e3779b97f4a7c15) + t->d_in);
  return (brain ? t->as_brain : t->as_half) ^ shape;
}

unsigned depth_blocks(const ModelSketch *s) {
  g_autoptr(GHashTable) blocks = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < s->tensors->len; i++) {
    const TensorSketch *t = &g_array_index(s->tensors, TensorSketch, i);
    if (is_block_matrix(t)) g_hash_table_add(blocks, g_strndup(t->name, block_end(t->name)));
  }
  return g_hash_table_size(blocks);
}

/* Who holds a matrix. */
typedef struct {
  uint64_t content;
  GArray *holders; /* of unsigned, ascending */
  bool mixed;      /* of different depths */
} Held;

static void held_free(void *data) {
  Held *h = data;
  g_array_unref(h->holders);
  g_free(h);
}

typedef struct {
  const ModelSketch *const *sketches;
  unsigned n;
  unsigned *blocks;
  bool *repeats;
  bool *contained;     /* every block of it stands in a model of more: it is nobody's parent */
  GHashTable *held[2]; /* by rounding to F16, to BF16: content -> Held */
} Search;

static Held *held_of(const Search *s, const TensorSketch *t, bool brain) {
  uint64_t content = content_of(t, brain);
  return g_hash_table_lookup(s->held[brain], &content);
}

static void hold(Search *s, const TensorSketch *t, bool brain, unsigned v) {
  Held *h = held_of(s, t, brain);
  if (!h) {
    h = g_new0(Held, 1);
    h->content = content_of(t, brain);
    h->holders = g_array_new(FALSE, FALSE, sizeof(unsigned));
    g_hash_table_insert(s->held[brain], &h->content, h);
  }
  unsigned latest = h->holders->len ? g_array_index(h->holders, unsigned, h->holders->len - 1) : v;
  if (h->holders->len && latest == v) s->repeats[v] |= !brain;
  else g_array_append_val(h->holders, v);
  h->mixed |= s->blocks[latest] != s->blocks[v];
}

static bool rounds_to_brain(const TensorSketch *t) { return t->dtype == DTYPE_BF16; }

static void search_init(Search *s, const ModelSketch *const *sketches, unsigned n) {
  *s = (Search){.sketches = sketches,
                .n = n,
                .blocks = g_new0(unsigned, n + 1),
                .repeats = g_new0(bool, n + 1),
                .contained = g_new0(bool, n + 1)};
  for (int k = 0; k < 2; k++) s->held[k] = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, held_free);
  for (unsigned v = 0; v < n; v++) s->blocks[v] = sketches[v] ? depth_blocks(sketches[v]) : 0;
  for (unsigned v = 0; v < n; v++)
    for (guint i = 0; s->blocks[v] > 1 && i < sketches[v]->tensors->len; i++) {
      const TensorSketch *t = &g_array_index(sketches[v]->tensors, TensorSketch, i);
      if (!is_block_matrix(t)) continue;
      hold(s, t, false, v);
      hold(s, t, true, v);
    }
}

static void search_clear(Search *s) {
  for (int k = 0; k < 2; k++) g_hash_table_unref(s->held[k]);
  g_free(s->blocks);
  g_free(s->repeats);
  g_free(s->contained);
}

/* Something in it is repeated, or held by a model of another depth. */
static bool is_worth_a_look(const Search *s, unsigned v) {
  if (s->blocks[v] < 1 || s->repeats[v]) return s->repeats[v];
  for (guint i = 0; i < s->sketches[v]->tensors->len; i++) {
    const TensorSketch *t = &g_array_index(s->sketches[v]->tensors, TensorSketch, i);
    const Held *h = is_block_matrix(t) ? held_of(s, t, rounds_to_brain(t)) : NULL;
    if (h && h->mixed) return true;
  }
  return false;
}

/* Numbers of v's blocks that each other model holds and that are not found yet: model -> double. */
static GHashTable *count_found(const Search *s, unsigned v, const GHashTable *done) {
  GHashTable *found = g_hash_table_new_full(NULL, NULL, NULL, g_free);
  for (guint i = 0; i < s->sketches[v]->tensors->len; i++) {
    const TensorSketch *t = &g_array_index(s->sketches[v]->tensors, TensorSketch, i);
    const Held *h = is_block_matrix(t) ? held_of(s, t, rounds_to_brain(t)) : NULL;
    if (!h || g_hash_table_contains((GHashTable *)done, t)) continue;
    for (guint k = 0; k < h->holders->len; k++) {
      unsigned o = g_array_index(h->holders, unsigned, k);
      if (o == v || s->repeats[o] || s->contained[o] || (s->blocks[o] == s->blocks[v] && !s->repeats[v])) continue;
      double *sum = g_hash_table_lookup(found, GUINT_TO_POINTER(o));
      if (!sum) g_hash_table_insert(found, GUINT_TO_POINTER(o), sum = g_new0(double, 1));
      *sum += (double)t->moments.count;
    }
  }
  return found;
}

/* Who holds most; of equals the one of fewest blocks, and then the first. */
static int best_holder(const Search *s, GHashTable *found, double *most) {
  GHashTableIter it;
  gpointer key, value;
  int best = -1;
  *most = 0;
  g_hash_table_iter_init(&it, found);
  while (g_hash_table_iter_next(&it, &key, &value)) {
    unsigned o = GPOINTER_TO_UINT(key);
    double here = *(double *)value;
    bool less = here < *most, tie = here == *most && best >= 0;
    if (less) continue;
    if (tie && (s->blocks[o] > s->blocks[best] || (s->blocks[o] == s->blocks[best] && o > (unsigned)best))) continue;
    best = (int)o, *most = here;
  }
  return best;
}

static void mark_done(const Search *s, unsigned v, unsigned holder, GHashTable *done) {
  for (guint i = 0; i < s->sketches[v]->tensors->len; i++) {
    const TensorSketch *t = &g_array_index(s->sketches[v]->tensors, TensorSketch, i);
    const Held *h = is_block_matrix(t) ? held_of(s, t, rounds_to_brain(t)) : NULL;
    for (guint k = 0; h && k < h->holders->len; k++)
      if (g_array_index(h->holders, unsigned, k) == holder) g_hash_table_add(done, (gpointer)t);
  }
}

static double count_numbers(const ModelSketch *s) {
  double sum = 0;
  for (guint i = 0; i < s->tensors->len; i++) {
    const TensorSketch *t = &g_array_index(s->tensors, TensorSketch, i);
    if (is_block_matrix(t)) sum += (double)t->moments.count;
  }
  return sum;
}

/* The model that holds most, then the one that holds most of the rest, and so on. */
static DepthOrigin origin_of(const Search *s, unsigned v) {
  DepthOrigin out = {.repeats = s->repeats[v], .blocks = s->blocks[v]};
  g_autoptr(GHashTable) done = g_hash_table_new(NULL, NULL);
  double all = count_numbers(s->sketches[v]), sum = 0;
  while (out.n < DEPTH_PARENTS && sum < most_found * all) {
    double most;
    g_autoptr(GHashTable) found = count_found(s, v, done);
    int best = best_holder(s, found, &most);
    if (best < 0 || most < least_share * all) break;
    mark_done(s, v, (unsigned)best, done);
    out.parent[out.n] = (unsigned)best, out.share[out.n++] = most / all;
    sum += most;
  }
  if (sum < most_found * all) out.n = 0;
  if (out.n) out.blocks_of_parent = s->blocks[out.parent[0]];
  return out;
}

DepthOrigin *depth_origins(const ModelSketch *const *sketches, unsigned n) {
  DepthOrigin *out = g_new0(DepthOrigin, n + 1);
  Search s;
  search_init(&s, sketches, n);
  for (unsigned v = 0; v < n; v++)
    if (sketches[v] && is_worth_a_look(&s, v)) out[v] = origin_of(&s, v);
  for (unsigned v = 0; v < n; v++) s.contained[v] = out[v].n == 1 && out[v].blocks < out[v].blocks_of_parent;
  for (unsigned v = 0; v < n; v++)
    if (out[v].n) out[v] = origin_of(&s, v);
  search_clear(&s);
  return out;
}
