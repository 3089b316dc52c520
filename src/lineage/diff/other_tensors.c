/* SPDX-License-Identifier: Apache-2.0 */
#include "lineage/diff/other_tensors.h"

#include <math.h>
#include <string.h>

#include "weights/convert.h"
#include "weights/layers/name_key.h"

static void other_clear(void *data) {
  OtherTensor *t = data;
  g_free(t->name);
  g_free(t->key);
}

/* For each tensor of the file whether a layer is made of it. */
static bool *tensors_in(const WeightFile *file, const GArray *layers) {
  bool *in = g_new0(bool, weight_file_count(file) + 1);
  for (guint i = 0; i < layers->len; i++) {
    const LayerInfo *l = &g_array_index(layers, LayerInfo, i);
    if (l->form == LAYER_DENSE) {
      in[l->weight] = true;
      continue;
    }
    if (l->a >= 0) in[l->a] = true;
    if (l->b >= 0) in[l->b] = true;
    for (int k = 0; k < ADAPTER_PARTS; k++)
      if (l->part[k] >= 0) in[l->part[k]] = true;
    if (l->alpha >= 0) in[l->alpha] = true;
  }
  return in;
}

/* What it is to its layer; NULL of an adapter's part, whose key says it. */
static const char *word_of(TensorRole role) {
  static const char *const words[] = {
      [TENSOR_WEIGHT] = "",        [TENSOR_BIAS] = ".bias",        [TENSOR_LORA_A] = ".lora_A",
      [TENSOR_LORA_B] = ".lora_B", [TENSOR_LORA_ALPHA] = ".alpha", [TENSOR_FROZEN_COPY] = ".original"};
  return role < G_N_ELEMENTS(words) ? words[role] : NULL;
}

static OtherTensor other_of(const TensorInfo *info, const TensorName *name, size_t i) {
  const char *word = word_of(name->role);
  OtherTensor t = {.index = i,
                   .count = info->count,
                   .name = word ? g_strconcat(name->layer, word, NULL) : safe_text(info->name, -1)};
  g_autofree char *key = word ? name_key(name->layer) : NULL;
  t.key = word ? g_strconcat(key, word, NULL) : g_strdup(t.name);
  return t;
}

GArray *other_tensors_list(const WeightFile *file, const FileNames *names, const GArray *layers) {
  GArray *out = g_array_new(FALSE, FALSE, sizeof(OtherTensor));
  g_array_set_clear_func(out, other_clear);
  g_autofree bool *in = tensors_in(file, layers);
  for (size_t i = 0; i < names->n; i++) {
    TensorRole role = names->at[i].role;
    if (in[i] || role == TENSOR_OPTIMISER || role == TENSOR_RAW_COPY) continue;
    OtherTensor t = other_of(weight_file_info(file, i), &names->at[i], i);
    g_array_append_val(out, t);
  }
  return out;
}

/* --- parts of fused vectors ----------------------------------------------------------------------- */

static GHashTable *keys_of(const GArray *others) {
  GHashTable *keys = g_hash_table_new(g_str_hash, g_str_equal);
  for (guint i = 0; i < others->len; i++) g_hash_table_add(keys, g_array_index(others, OtherTensor, i).key);
  return keys;
}

/* The layer that "NAME.bias" belongs to; NULL. */
static const LayerInfo *layer_beside(const OtherSide *s, const OtherTensor *t) {
  static const char ending[] = ".bias";
  if (!g_str_has_suffix(t->name, ending) || weight_file_info(s->file, t->index)->rank != 1) return NULL;
  size_t n = strlen(t->name) - strlen(ending);
  for (guint i = 0; i < s->layers->len; i++) {
    const LayerInfo *l = &g_array_index(s->layers, LayerInfo, i);
    if (strncmp(l->name, t->name, n) == 0 && !l->name[n] && l->d_out == t->count) return l;
  }
  return NULL;
}

/* Appends the parts; false where there are none. */
static bool take_apart(const OtherSide *s, const OtherTensor *t, uint64_t heads, GArray *out) {
  NamePart parts[NAME_MOST_PARTS];
  QkvRows rows = {0};
  const LayerInfo *l = layer_beside(s, t);
  unsigned n = l ? name_parts(l->name, l->d_out, l->d_in, parts) : 0;
  if (n == 0 || !dtype_is_readable(weight_file_info(s->file, t->index)->dtype)) return false;
  if (qkv_rows_alternate(l->name) && !qkv_rows_of(l->d_out, l->d_in, heads, &rows)) return false;
  for (unsigned k = 0; k < n; k++) {
    g_autofree char *name = name_of_part(l->name, parts[k].tag), *key = name_key(name);
    OtherTensor part = {.index = t->index, .first = parts[k].first, .count = parts[k].rows, .rows = rows};
    part.name = g_strconcat(name, ".bias", NULL);
    part.key = g_strconcat(key, ".bias", NULL);
    g_array_append_val(out, part);
  }
  return true;
}

static void expand(OtherSide *s, GHashTable *met, uint64_t heads) {
  GArray *out = g_array_new(FALSE, FALSE, sizeof(OtherTensor));
  g_array_set_clear_func(out, other_clear);
  for (guint i = 0; i < s->others->len; i++) {
    OtherTensor *t = &g_array_index(s->others, OtherTensor, i);
    bool apart = !g_hash_table_contains(met, t->key) && take_apart(s, t, heads, out);
    if (!apart) g_array_append_val(out, *t);
    if (apart) other_clear(t);
  }
  g_array_set_clear_func(s->others, NULL);
  g_array_unref(s->others);
  s->others = out;
}

void other_tensors_meet(OtherSide *a, OtherSide *b) {
  g_autoptr(GHashTable) in_a = keys_of(a->others), in_b = keys_of(b->others);
  g_autoptr(GHashTable) both = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  GHashTableIter iter;
  gpointer key;
  g_hash_table_iter_init(&iter, in_a);
  while (g_hash_table_iter_next(&iter, &key, NULL))
    if (g_hash_table_contains(in_b, key)) g_hash_table_add(both, g_strdup(key));
  uint64_t heads = weight_file_heads(a->file);
  if (!heads) heads = weight_file_heads(b->file);
  expand(a, both, heads);
  expand(b, both, heads);
}

bool other_tensor_is_part(const WeightFile *file, const OtherTensor *t) {
  return t->count != weight_file_info(file, t->index)->count;
}

bool other_tensor_read(WeightFile *file, const OtherTensor *t, float *dst) {
  if (!t->rows.heads) return weight_file_read_f32(file, t->index, t->first, (size_t)t->count, dst, NULL);
  for (uint64_t i = 0; i < t->count; i += t->rows.size) {
    uint64_t from = qkv_rows_stored(&t->rows, t->first + i);
    if (!weight_file_read_f32(file, t->index, from, (size_t)t->rows.size, dst + i, NULL)) return false;
  }
  return true;
}

LayerSide other_tensor_side(const WeightFile *file, const OtherTensor *t) {
  return (LayerSide){
      .form = LAYER_DENSE, .d_out = t->count, .d_in = 1, .dtype = weight_file_info(file, t->index)->dtype};
}

enum { BLOCK = 1 << 15 }; /* numbers, a multiple of all that are packed together */

typedef struct {
  WeightFile *file;
  size_t tensor;
  const TensorInfo *info;
  unsigned char *raw;
  float *x;
} Reader;

static void reader_init(Reader *r, WeightFile *file, size_t tensor) {
  *r = (Reader){.file = file, .tensor = tensor, .info = weight_file_info(file, tensor)};
  r->raw = g_malloc(BLOCK * sizeof(double));
  r->x = g_new(float, BLOCK);
}

static void reader_clear(Reader *r) {
  g_free(r->raw);
  g_free(r->x);
}

/* Sums over the blocks so far. */
typedef struct {
  bool identical; /* byte for byte, in one format */
  double distance2, size2;
} Change;

static void add_numbers(Change *c, const float *p, const float *x, size_t n) {
  for (size_t i = 0; i < n; i++) {
    double d = (double)x[i] - (double)p[i];
    c->distance2 += d * d;
    c->size2 += (double)p[i] * (double)p[i];
  }
}

/* Both in one readable format: equal bytes are equal numbers, NaN included. */
static bool add_alike(Reader *p, Reader *x, uint64_t first, size_t n, Change *c) {
  Dtype dtype = p->info->dtype;
  uint64_t start = 0, bytes = 0;
  if (!dtype_bytes(dtype, first, &start) || !dtype_bytes(dtype, n, &bytes)) return false;
  if (bytes > BLOCK * sizeof(double)) return false;
  if (!weight_file_read_raw(p->file, p->tensor, start, (size_t)bytes, p->raw, NULL) ||
      !weight_file_read_raw(x->file, x->tensor, start, (size_t)bytes, x->raw, NULL))
    return false;
  bool same = memcmp(p->raw, x->raw, (size_t)bytes) == 0;
  c->identical &= same;
  dtype_to_f32(dtype, p->raw, p->x, n);
  if (!same) dtype_to_f32(dtype, x->raw, x->x, n);
  add_numbers(c, p->x, same ? p->x : x->x, n);
  return true;
}

static bool add_recast(Reader *p, Reader *x, uint64_t first, size_t n, Change *c) {
  if (!weight_file_read_f32(p->file, p->tensor, first, n, p->x, NULL) ||
      !weight_file_read_f32(x->file, x->tensor, first, n, x->x, NULL))
    return false;
  c->identical = false;
  add_numbers(c, p->x, x->x, n);
  return true;
}

/* What cannot be read as numbers can still be the same bytes. */
static bool add_bytes(Reader *p, Reader *x, uint64_t first, size_t n, Change *c) {
  if (!weight_file_read_raw(p->file, p->tensor, first, n, p->raw, NULL) ||
      !weight_file_read_raw(x->file, x->tensor, first, n, x->raw, NULL))
    return false;
  c->identical &= memcmp(p->raw, x->raw, n) == 0;
  return true;
}

typedef bool (*AddBlock)(Reader *p, Reader *x, uint64_t first, size_t n, Change *c);

static void settle(const Reader *p, const Reader *x, const Change *c, DiffRow *row) {
  Dtype a = p->info->dtype, b = x->info->dtype;
  bool exact = a != b || (dtype_is_float(a) && a != DTYPE_F64); /* float32 tells them apart */
  row->state = c->identical || (exact && c->distance2 == 0) ? LAYER_SAME : LAYER_MOVED;
  if (!dtype_is_float(a) || !dtype_is_float(b) || !isfinite(c->distance2)) return;
  row->distance = sqrt(c->distance2);
  row->size = sqrt(c->size2);
  row->relative = row->size > 0 ? row->distance / row->size : NAN;
}

static bool run(Reader *p, Reader *x, DiffRow *row, const Progress *progress, GError **error) {
  bool one_format = p->info->dtype == x->info->dtype;
  bool numbers = dtype_is_readable(p->info->dtype) && dtype_is_readable(x->info->dtype);
  AddBlock add = !numbers ? add_bytes : one_format ? add_alike : add_recast;
  uint64_t count = numbers ? p->info->count : p->info->bytes;
  Change change = {.identical = true, .distance2 = numbers ? 0 : (double)NAN};
  row->state = LAYER_UNREAD;
  if (!numbers && (!one_format || p->info->bytes != x->info->bytes)) return true;
  for (uint64_t first = 0; first < count; first += BLOCK) {
    if (!progress_check(progress, error)) return false;
    if (!add(p, x, first, (size_t)MIN(count - first, BLOCK), &change)) return true;
  }
  settle(p, x, &change, row);
  return true;
}

/* Of a vector's part: short enough to be read whole. */
static bool compare_parts(WeightFile *p, const OtherTensor *i, WeightFile *x, const OtherTensor *k, DiffRow *row) {
  g_autofree float *a = g_try_malloc_n(i->count, sizeof *a), *b = g_try_malloc_n(k->count, sizeof *b);
  Reader r = {.info = weight_file_info(p, i->index)}, s = {.info = weight_file_info(x, k->index)};
  Change change = {0};
  row->state = LAYER_UNREAD;
  if (!a || !b || !dtype_is_readable(r.info->dtype) || !dtype_is_readable(s.info->dtype)) return true;
  if (!other_tensor_read(p, i, a) || !other_tensor_read(x, k, b)) return true;
  change.identical = r.info->dtype == s.info->dtype && memcmp(a, b, i->count * sizeof *a) == 0;
  add_numbers(&change, a, b, (size_t)i->count);
  settle(&r, &s, &change, row);
  return true;
}

bool other_tensor_compare(WeightFile *p, const OtherTensor *i, WeightFile *x, const OtherTensor *k, DiffRow *row,
                          const Progress *progress, GError **error) {
  Reader a, b;
  row->state = LAYER_OTHER_SHAPE;
  if (i->count != k->count) return true;
  if (other_tensor_is_part(p, i) || other_tensor_is_part(x, k)) return compare_parts(p, i, x, k, row);
  reader_init(&a, p, i->index);
  reader_init(&b, x, k->index);
  bool ok = run(&a, &b, row, progress, error);
  reader_clear(&a);
  reader_clear(&b);
  return ok;
}
