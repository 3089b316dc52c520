/* SPDX-License-Identifier: Apache-2.0 */
#include "lineage/difference.h"

#include <math.h>
#include <string.h>

#include "weights/tensor_name.h"

enum { BLOCK = 1 << 16 };

/* Sums over pairs of numbers. */
typedef struct {
  double n, a, b, aa, bb, ab, gap2, largest;
} Sums;

static void difference_clear(void *data) { g_free(((Difference *)data)->name); }

/* One name for the same tensor under all prefixes. */
static SafeText *name_of(const WeightFile *file, size_t i) {
  TensorName parsed;
  tensor_name_parse(weight_file_info(file, i)->name, &parsed);
  static const char *const roles[] = {"", ".bias", ".A", ".B", ".alpha", ".frozen"};
  SafeText *name = g_strconcat(parsed.layer, roles[parsed.role], NULL);
  tensor_name_clear(&parsed);
  return name;
}

static void add_block(Sums *s, const float *x, const float *y, size_t n) {
  for (size_t i = 0; i < n; i++) {
    double a = (double)x[i], b = (double)y[i], gap = b - a;
    s->a += a, s->b += b;
    s->aa += a * a, s->bb += b * b, s->ab += a * b;
    s->gap2 += gap * gap;
    s->largest = fmax(s->largest, fabs(gap));
  }
  s->n += (double)n;
}

static bool read_sums(WeightFile *a, WeightFile *b, const Difference *d, Sums *s, const Progress *p,
                      GError **error) {
  g_autofree float *x = g_new(float, 2 * BLOCK);
  float *y = x + BLOCK;
  uint64_t count = weight_file_info(a, (size_t)d->a)->count;
  for (uint64_t at = 0; at < count; at += BLOCK) {
    size_t n = (size_t)MIN(count - at, BLOCK);
    if (!progress_check(p, error) ||
        !weight_file_read_f32(a, (size_t)d->a, at, n, x, error) ||
        !weight_file_read_f32(b, (size_t)d->b, at, n, y, error))
      return false;
    add_block(s, x, y, n);
  }
  return true;
}

static bool same_shape(const TensorInfo *x, const TensorInfo *y) {
  return x->rank == y->rank &&
         memcmp(x->shape, y->shape, (size_t)MAX(x->rank, 0) * sizeof *x->shape) == 0;
}

static bool compare(WeightFile *a, WeightFile *b, Difference *d, const Progress *p, GError **error) {
  const TensorInfo *x = weight_file_info(a, (size_t)d->a), *y = weight_file_info(b, (size_t)d->b);
  d->same_shape = same_shape(x, y);
  if (!d->same_shape || !dtype_is_readable(x->dtype) || !dtype_is_readable(y->dtype)) return true;
  Sums s = {0};
  if (!read_sums(a, b, d, &s, p, error)) return false;
  double va = s.aa - s.a * s.a / s.n, vb = s.bb - s.b * s.b / s.n;
  d->equal = s.gap2 == 0;
  d->largest = s.largest;
  if (s.aa > 0) d->change = sqrt(s.gap2 / s.aa);
  if (va > 0 && vb > 0) d->cosine = CLAMP((s.ab - s.a * s.b / s.n) / sqrt(va * vb), -1, 1);
  return true;
}

static void add(GArray *list, SafeText *name, int a, int b) {
  Difference d = {.name = name, .a = a, .b = b, .change = NAN, .cosine = NAN, .largest = NAN};
  g_array_append_val(list, d);
}

GArray *difference_list(WeightFile *a, WeightFile *b, const Progress *p, GError **error) {
  g_autoptr(GArray) list = g_array_new(FALSE, FALSE, sizeof(Difference));
  g_autoptr(GHashTable) by_name = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  g_array_set_clear_func(list, difference_clear);
  for (size_t i = 0; i < weight_file_count(b); i++)
    g_hash_table_insert(by_name, name_of(b, i), GSIZE_TO_POINTER(i + 1));
  for (size_t i = 0; i < weight_file_count(a); i++) {
    SafeText *name = name_of(a, i);
    size_t at = GPOINTER_TO_SIZE(g_hash_table_lookup(by_name, name));
    g_hash_table_remove(by_name, name);
    add(list, name, (int)i, (int)at - 1);
    Difference *d = &g_array_index(list, Difference, list->len - 1);
    if (!progress_step(p, "comparing", i, weight_file_count(a), error)) return NULL;
    if (at && !compare(a, b, d, p, error)) return NULL;
  }
  for (size_t i = 0; i < weight_file_count(b); i++) {
    SafeText *name = name_of(b, i);
    if (g_hash_table_lookup(by_name, name) == GSIZE_TO_POINTER(i + 1)) add(list, name, -1, (int)i);
    else g_free(name);
  }
  return g_steal_pointer(&list);
}
