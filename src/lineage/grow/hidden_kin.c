/* SPDX-License-Identifier: Apache-2.0 */
#include "lineage/grow/hidden_kin.h"

#include <math.h>

#include "numerics/linalg.h"

enum { BLOCK = 256 };

/* A model that speaks for its kin. */
typedef struct {
  unsigned node, kin;
} Speaker;

/* Speakers that have a side of one width, and their products, one a row. */
typedef struct {
  uint64_t width;
  bool rows;
  GArray *speakers; /* of unsigned */
  GArray *products; /* of float */
} Shelf;

/* As far as sums in another order are the same. */
static bool holds_same(const Moments *a, const Moments *b) {
  static const double rounding = 1e-5;
  double size = sqrt((double)a->count * a->sum2);
  return a->count == b->count && a->min <= b->min && a->min >= b->min && a->max <= b->max && a->max >= b->max &&
         fabs(a->sum2 - b->sum2) <= rounding * a->sum2 && fabs(a->sum - b->sum) <= rounding * size;
}

static bool is_told(const TensorSketch *t) { return t->part == PART_MATRIX && tensor_sketch_variation(t) > 0; }

bool hidden_kin_is_permuted(const ModelSketch *a, const ModelSketch *b) {
  g_autofree bool *used = g_new0(bool, b->tensors->len + 1);
  unsigned matrices = 0;
  for (guint i = 0; i < a->tensors->len; i++) {
    const TensorSketch *t = &g_array_index(a->tensors, TensorSketch, i);
    bool found = !is_told(t);
    matrices += !found;
    for (guint k = 0; k < b->tensors->len && !found; k++) {
      const TensorSketch *o = &g_array_index(b->tensors, TensorSketch, k);
      if (used[k] || !is_told(o) || !holds_same(&t->moments, &o->moments)) continue;
      found = used[k] = true;
    }
    if (!found) return false;
  }
  return matrices > 0 && a->trunk == b->trunk;
}

/* What matrices of the same numbers have in common, in whatever order both stand. {0, 0}: no matrix. */
static ContentHash key_of(const ModelSketch *s) {
  ContentHash key = {0, 0};
  for (guint i = 0; i < s->tensors->len; i++) {
    const TensorSketch *t = &g_array_index(s->tensors, TensorSketch, i);
    if (!is_told(t)) continue;
    const double extremes[] = {(double)t->moments.min, (double)t->moments.max};
    content_hash_join(&key, content_hash(t->moments.count, extremes, sizeof extremes));
  }
  return key;
}

static GArray *find_speakers(const Builder *b) {
  GArray *all = g_array_new(FALSE, FALSE, sizeof(Speaker));
  g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
  for (unsigned v = 0; v < b->models->len; v++) {
    unsigned set;
    if (!builder_is_compared(b, v)) continue;
    Speaker s = {v, builder_kin(b, v, &set)};
    if (g_hash_table_add(seen, GUINT_TO_POINTER(set))) g_array_append_val(all, s);
  }
  return all;
}

/* The root of the smaller tree says so, and of which model. */
static void mark(Builder *b, const Speaker *x, const Speaker *y, const char *why) {
  const Speaker *large = x->kin >= y->kin ? x : y, *small = large == x ? y : x;
  unsigned top = builder_top(b, small->node);
  ForestNode *node = forest_edit(b->forest, top);
  if (top == builder_top(b, large->node) || node->hidden_kin >= 0) return;
  node->hidden_kin = (int)large->node;
  forest_set_note(b->forest, top, "kin of %s, hidden: %s", forest_node(b->forest, large->node)->name, why);
}

static guint key_hash(gconstpointer key) { return (guint)((const ContentHash *)key)->lo; }
static gboolean key_equal(gconstpointer a, gconstpointer b) {
  return content_hash_equal(*(const ContentHash *)a, *(const ContentHash *)b);
}

/* The same numbers in another order. */
static void find_permuted(Builder *b, const GArray *speakers) {
  g_autoptr(GHashTable) by_key = g_hash_table_new_full(key_hash, key_equal, g_free, NULL);
  for (guint i = 0; i < speakers->len; i++) {
    Speaker *s = &g_array_index(speakers, Speaker, i), *other;
    ContentHash key = key_of(builder_sketch(b, s->node));
    if (content_hash_equal(key, (ContentHash){0, 0})) continue;
    if ((other = g_hash_table_lookup(by_key, &key)) == NULL)
      g_hash_table_insert(by_key, g_memdup2(&key, sizeof key), s);
    else if (hidden_kin_is_permuted(builder_sketch(b, other->node), builder_sketch(b, s->node)))
      mark(b, other, s, "the same numbers in another order");
  }
}

static void shelf_clear(void *shelf) {
  Shelf *s = shelf;
  g_array_unref(s->speakers);
  g_array_unref(s->products);
}

static Shelf *shelf_of(GArray *shelves, const SymmetrySide *side) {
  for (guint i = 0; i < shelves->len; i++) {
    Shelf *s = &g_array_index(shelves, Shelf, i);
    if (s->width == side->width && s->rows == side->rows) return s;
  }
  Shelf fresh = {side->width, side->rows, g_array_new(FALSE, FALSE, sizeof(unsigned)),
                 g_array_new(FALSE, FALSE, sizeof(float))};
  g_array_append_val(shelves, fresh);
  return &g_array_index(shelves, Shelf, shelves->len - 1);
}

static GArray *fill_shelves(const Builder *b, const GArray *speakers) {
  GArray *shelves = g_array_new(FALSE, FALSE, sizeof(Shelf));
  g_array_set_clear_func(shelves, shelf_clear);
  for (guint i = 0; i < speakers->len; i++) {
    const GArray *sides = builder_sketch(b, g_array_index(speakers, Speaker, i).node)->sides;
    for (guint k = 0; k < sides->len; k++) {
      const SymmetrySide *side = &g_array_index(sides, SymmetrySide, k);
      Shelf *shelf = shelf_of(shelves, side);
      g_array_append_val(shelf->speakers, i);
      g_array_append_vals(shelf->products, side->product, SYMMETRY_NUMBERS);
    }
  }
  return shelves;
}

/* One side is as alike: are both of that width? */
static void consider(Builder *b, const GArray *speakers, unsigned i, unsigned k) {
  const Speaker *x = &g_array_index(speakers, Speaker, i), *y = &g_array_index(speakers, Speaker, k);
  double alike = symmetry_compare(builder_sketch(b, x->node)->sides, builder_sketch(b, y->node)->sides);
  if (alike < SYMMETRY_THRESHOLD) return;
  g_autofree char *why = g_strdup_printf("only what permuted neurons and layers leave as it is agrees (%.2f)", alike);
  mark(b, x, y, why);
}

/* Rows first .. first + n against all up to there. */
static void compare_block(Builder *b, const GArray *speakers, const Shelf *shelf, size_t first, size_t n,
                          float *cosines) {
  const float *all = (const float *)(const void *)shelf->products->data;
  const unsigned *who = (const unsigned *)(const void *)shelf->speakers->data;
  size_t others = first + n, width = SYMMETRY_NUMBERS;
  gemm(false, true, n, others, width, 1, all + first * width, width, all, width, 0, cosines, others);
  for (size_t i = 0; i < n; i++)
    for (size_t k = 0; k < first + i; k++)
      if (cosines[i * others + k] >= (float)SYMMETRY_THRESHOLD) consider(b, speakers, who[k], who[first + i]);
}

static bool search_shelf(Builder *b, const GArray *speakers, const Shelf *shelf, GError **error) {
  size_t n = shelf->speakers->len;
  if (n < 2) return true;
  g_autofree float *cosines = g_new(float, MIN(n, (size_t)BLOCK) * n);
  for (size_t first = 0; first < n; first += BLOCK) {
    if (!progress_step(b->progress, "looking for permuted kin", first, n, error)) return false;
    compare_block(b, speakers, shelf, first, MIN(n - first, (size_t)BLOCK), cosines);
  }
  return true;
}

bool builder_find_hidden_kin(Builder *b, GError **error) {
  g_autoptr(GArray) speakers = find_speakers(b);
  if (speakers->len < 2) return true;
  find_permuted(b, speakers);
  g_autoptr(GArray) shelves = fill_shelves(b, speakers);
  for (guint i = 0; i < shelves->len; i++)
    if (!search_shelf(b, speakers, &g_array_index(shelves, Shelf, i), error)) return false;
  return true;
}
