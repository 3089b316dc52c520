/* SPDX-License-Identifier: Apache-2.0 */
#include "lineage/diff/model_verify.h"

#include <math.h>
#include <string.h>

#include "core/error.h"
#include "lineage/diff/layer_match.h"
#include "lineage/diff/other_tensors.h"
#include "weights/layers/computed_table.h"
#include "weights/layers/layer.h"
#include "weights/layers/name_key.h"

/* What a file holds, under names that both files share. */
typedef struct {
  WeightFile *file;
  GArray *layers;    /* of LayerInfo */
  GArray *others;    /* of OtherTensor */
  GPtrArray *keys;   /* of char*: of each layer's name, then of the other tensors' (weights/layers/name_key.h) */
  GHashTable *index; /* key (borrowed) -> 1 + index of a layer, or -1 - index of another tensor */
} Side;

typedef struct {
  ModelVerify *out;
  Side a, b;
  LayerMatch *in_a, *in_b; /* for what one side keeps fused, or ties to its table of tokens */
  GHashTable *met;         /* layers of B that such a row was about */
  double distance2, size2;
} Run;

static void row_clear(void *data) {
  VerifyRow *row = data;
  g_free(row->name);
  verify_numbers_clear(&row->numbers);
}

/* Dense layers; the factors of an adapter are compared one by one, as other tensors are. */
static GArray *dense_layers(const WeightFile *file) {
  GArray *layers = layer_list(file, NULL);
  for (guint i = layers->len; i-- > 0;)
    if (g_array_index(layers, LayerInfo, i).form != LAYER_DENSE) g_array_remove_index(layers, i);
  return layers;
}

static OtherSide side_new(Side *s, WeightFile *file) {
  *s = (Side){.file = file, .layers = dense_layers(file), .index = g_hash_table_new(g_str_hash, g_str_equal)};
  g_autoptr(FileNames) names = file_names_new(file);
  return (OtherSide){file, s->layers, other_tensors_list(file, names, s->layers)};
}

/* Enters all by their keys. */
static void side_fill(Side *s, GArray *others) {
  s->others = others;
  s->keys = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < s->layers->len; i++) {
    g_ptr_array_add(s->keys, name_key(g_array_index(s->layers, LayerInfo, i).name));
    g_hash_table_insert(s->index, s->keys->pdata[i], GINT_TO_POINTER((int)i + 1));
  }
  for (guint i = 0; i < s->others->len; i++) {
    char *key = g_strdup(g_array_index(s->others, OtherTensor, i).key);
    g_ptr_array_add(s->keys, key);
    if (!g_hash_table_contains(s->index, key)) g_hash_table_insert(s->index, key, GINT_TO_POINTER(-1 - (int)i));
  }
}

static void side_clear(Side *s) {
  g_array_unref(s->layers);
  g_array_unref(s->others);
  g_hash_table_unref(s->index);
  g_ptr_array_unref(s->keys);
}

static const LayerInfo *layer_of(const Side *s, int at) {
  return at > 0 ? &g_array_index(s->layers, LayerInfo, at - 1) : NULL;
}

static const OtherTensor *other_of(const Side *s, int at) {
  return at < 0 ? &g_array_index(s->others, OtherTensor, -1 - at) : NULL;
}

/* Numbers of a layer, or of another tensor. */
static uint64_t count_of(const Side *s, int at) {
  const LayerInfo *l = layer_of(s, at);
  return l ? l->d_out * l->d_in : other_of(s, at)->count;
}

static size_t tensor_of(const Side *s, int at) {
  const LayerInfo *l = layer_of(s, at);
  return l ? layer_main_tensor(l) : other_of(s, at)->index;
}

static bool is_part(const Side *s, int at) { return at < 0 && other_tensor_is_part(s->file, other_of(s, at)); }

/* Reads the numbers of a tensor in stretches; of a layer whose rows must be put back in order, from a copy of it. */
typedef struct {
  const Side *side;
  size_t tensor;
  uint64_t first, count; /* numbers of the tensor */
  uint64_t columns;      /* of a row */
  Layer whole;           /* x is NULL when the file is read */
} Numbers;

static bool numbers_begin(Numbers *n, const Side *s, int at) {
  const LayerInfo *l = layer_of(s, at);
  *n = (Numbers){.side = s, .tensor = tensor_of(s, at), .first = l ? l->first : 0, .count = count_of(s, at)};
  n->columns = l ? l->d_in : n->count;
  if (is_part(s, at)) {
    n->whole.x = g_try_malloc_n(n->count, sizeof(float));
    return n->whole.x && other_tensor_read(s->file, other_of(s, at), n->whole.x);
  }
  return !l || !l->permuted || layer_read(s->file, l, &n->whole, NULL);
}

static bool numbers_read(const Numbers *n, uint64_t first, size_t count, float *dst) {
  if (!n->whole.x) return weight_file_read_f32(n->side->file, n->tensor, n->first + first, count, dst, NULL);
  memcpy(dst, n->whole.x + first, count * sizeof *dst);
  return true;
}

/* Numbers at a time: whole rows, of which each holds whole blocks of its format. */
static size_t stretch_of(uint64_t columns) {
  enum { MOST = 1 << 20 };
  return columns == 0 || columns >= MOST ? MOST : (size_t)(MOST / columns * columns);
}

/* False when the numbers of one cannot be read. */
static bool compare_numbers(Numbers *a, Numbers *b, VerifyRow *row) {
  const uint64_t columns = a->columns, count = a->count;
  const size_t step = stretch_of(columns);
  const size_t room = (size_t)MIN((uint64_t)step, count);
  g_autofree float *x = g_try_new(float, (room + 1)), *y = g_try_new(float, (room + 1));
  verify_numbers_begin(&row->numbers, row->a, row->b, count, (size_t)MIN(columns, (uint64_t)step));
  for (uint64_t at = 0; at < count; at += step) {
    size_t n = (size_t)MIN(count - at, (uint64_t)step);
    if (!x || !y || !numbers_read(a, at, n, x) || !numbers_read(b, at, n, y)) return false;
    verify_numbers_add(&row->numbers, x, y, n);
  }
  verify_numbers_end(&row->numbers);
  return true;
}

/* Of one number format and byte for byte: says so without turning a byte into a number. */
static bool is_same_bytes(const Side *a, int i, const Side *b, int k) {
  enum { STEP = 1 << 16 };
  const size_t x = tensor_of(a, i), y = tensor_of(b, k);
  const TensorInfo *s = weight_file_info(a->file, x), *t = weight_file_info(b->file, y);
  const LayerInfo *l = layer_of(a, i), *m = layer_of(b, k);
  if (is_part(a, i) || is_part(b, k)) return false;
  if (s->dtype != t->dtype || s->bytes != t->bytes || (l && (l->stacked || (m && l->permuted != m->permuted))))
    return false;
  g_autofree char *p = g_malloc(STEP), *q = g_malloc(STEP);
  for (uint64_t at = 0; at < s->bytes; at += STEP) {
    size_t n = (size_t)MIN(s->bytes - at, (uint64_t)STEP);
    if (!weight_file_read_raw(a->file, x, at, n, p, NULL) || !weight_file_read_raw(b->file, y, at, n, q, NULL))
      return false;
    if (memcmp(p, q, n) != 0) return false;
  }
  return true;
}

static bool has_shape(const Side *a, int i, const Side *b, int k) {
  const LayerInfo *l = layer_of(a, i), *m = layer_of(b, k);
  if (l && m) return l->d_out == m->d_out && l->d_in == m->d_in;
  return count_of(a, i) == count_of(b, k);
}

static void compare(const Side *a, int i, const Side *b, int k, VerifyRow *row) {
  VerifyNumbers *v = &row->numbers;
  Numbers x, y;
  v->numbers = is_part(a, i) ? count_of(a, i) : weight_file_info(a->file, tensor_of(a, i))->count;
  if (!has_shape(a, i, b, k)) {
    v->state = VERIFY_OTHER_SHAPE;
    return;
  }
  const bool same = is_same_bytes(a, i, b, k);
  bool there = numbers_begin(&x, a, i);
  if (numbers_begin(&y, b, k) && there) there = compare_numbers(&x, &y, row);
  else there = false;
  if (!there) v->state = same ? VERIFY_SAME : VERIFY_UNREAD;
  /* What float32 cannot tell apart, the bytes can. */
  bool blurred = !dtype_is_float(row->a) || row->a == DTYPE_F64;
  if (!same && there && v->state == VERIFY_SAME && row->a == row->b && blurred) v->state = VERIFY_DIFFERENT;
  layer_clear(&x.whole);
  layer_clear(&y.whole);
}

static bool numbers_begin_ref(Numbers *n, const Side *s, const LayerRef *ref) {
  *n = (Numbers){.side = s, .count = ref->d_out * ref->d_in, .columns = ref->d_in};
  return layer_ref_read(s->file, ref, &n->whole);
}

/* A layer of one side and what stands for it on the other, each read whole: parts of a fused matrix, some of its rows. */
static void compare_refs(const Side *a, LayerRef *x, const Side *b, LayerRef *y, VerifyRow *row) {
  Numbers p = {0}, q = {0};
  const bool alike = x->d_out == y->d_out && x->d_in == y->d_in;
  row->numbers.state = alike ? VERIFY_UNREAD : VERIFY_OTHER_SHAPE;
  bool read =
      alike && layer_refs_settle(a->file, x, b->file, y) && numbers_begin_ref(&p, a, x) && numbers_begin_ref(&q, b, y);
  if (read && !compare_numbers(&p, &q, row)) row->numbers.state = VERIFY_UNREAD;
  layer_clear(&p.whole);
  layer_clear(&q.whole);
}

static Dtype dtype_of(const Side *s, const LayerRef *ref) {
  return weight_file_info(s->file, layer_main_tensor(ref->info[0]))->dtype;
}

/* A layer of A that B has fused, apart or tied. False when it has none. */
static bool verify_otherwise(Run *r, const LayerInfo *l, VerifyRow *row) {
  LayerRef here, there;
  if (!l || !layer_match_find(r->in_b, l, &there) || there.info[0]->form != LAYER_DENSE) return false;
  here = layer_ref_facing(l, &there);
  row->b = dtype_of(&r->b, &there);
  for (unsigned k = 0; k < there.n; k++) g_hash_table_add(r->met, (void *)there.info[k]);
  compare_refs(&r->a, &here, &r->b, &there, row);
  return true;
}

static void add_row(Run *r, VerifyRow *row) {
  ModelVerify *out = r->out;
  const VerifyState state = row->numbers.state;
  const Dtype coarse = row->a == DTYPE_COUNT || (row->b != DTYPE_COUNT && dtype_epsilon(row->b) > dtype_epsilon(row->a))
                           ? row->b
                           : row->a;
  out->count[state]++;
  out->state = MAX(out->state, state);
  bool rounded = state == VERIFY_ROUNDED || state == VERIFY_WITHIN;
  if (rounded && (out->rounding == DTYPE_COUNT || dtype_epsilon(coarse) > dtype_epsilon(out->rounding)))
    out->rounding = coarse;
  r->distance2 += row->numbers.distance2;
  r->size2 += row->numbers.size2;
  g_array_append_val(out->rows, *row);
}

/* A tensor of A beside B's of that name. */
static void verify_one(Run *r, const char *name, const char *key, int i) {
  const int k = GPOINTER_TO_INT(g_hash_table_lookup(r->b.index, key));
  const TensorInfo *info = weight_file_info(r->a.file, tensor_of(&r->a, i));
  if (!k && !layer_of(&r->a, i) && tensor_is_computed(name, info)) return;
  VerifyRow row = {.name = g_strdup(name), .a = info->dtype, .b = DTYPE_COUNT, .numbers = {.state = VERIFY_ONLY_A}};
  row.numbers.numbers = count_of(&r->a, i);
  if (k) {
    row.b = weight_file_info(r->b.file, tensor_of(&r->b, k))->dtype;
    compare(&r->a, i, &r->b, k, &row);
  } else {
    verify_otherwise(r, layer_of(&r->a, i), &row);
  }
  add_row(r, &row);
}

/* What only B has; a head that A keeps as its table of tokens is compared with that. */
static void add_only_b(Run *r, const char *name, const char *key, int k) {
  const LayerInfo *l = layer_of(&r->b, k);
  const TensorInfo *info = weight_file_info(r->b.file, tensor_of(&r->b, k));
  if (g_hash_table_contains(r->a.index, key) || (l && g_hash_table_contains(r->met, l))) return;
  if (!l && tensor_is_computed(name, info)) return;
  VerifyRow row = {.name = g_strdup(name),
                   .a = DTYPE_COUNT,
                   .b = info->dtype,
                   .numbers = {.state = VERIFY_ONLY_B, .numbers = count_of(&r->b, k)}};
  LayerRef there;
  if (l && layer_match_find(r->in_a, l, &there) && there.info[0]->form == LAYER_DENSE) {
    LayerRef here = layer_ref_facing(l, &there);
    row.a = dtype_of(&r->a, &there);
    compare_refs(&r->a, &there, &r->b, &here, &row);
  }
  add_row(r, &row);
}

static const char *name_at(const Side *s, guint i, int *at) {
  const bool layer = i < s->layers->len;
  *at = layer ? (int)i + 1 : -1 - (int)(i - s->layers->len);
  return layer ? g_array_index(s->layers, LayerInfo, i).name
               : g_array_index(s->others, OtherTensor, i - s->layers->len).name;
}

static bool verify_all(Run *r, const Progress *progress, GError **error) {
  int at;
  const guint n = r->a.layers->len + r->a.others->len, m = r->b.layers->len + r->b.others->len;
  for (guint i = 0; i < n; i++) {
    const char *name = name_at(&r->a, i, &at);
    if (!progress_check(progress, error) || !progress_step(progress, "comparing", i, n, error)) return false;
    verify_one(r, name, r->a.keys->pdata[i], at);
  }
  for (guint i = 0; i < m; i++) {
    const char *name = name_at(&r->b, i, &at);
    add_only_b(r, name, r->b.keys->pdata[i], at);
  }
  return true;
}

ModelVerify *model_verify_files(WeightFile *a, WeightFile *b, const Progress *progress, GError **error) {
  g_autoptr(ModelVerify) out = g_new0(ModelVerify, 1);
  out->rows = g_array_new(FALSE, FALSE, sizeof(VerifyRow));
  g_array_set_clear_func(out->rows, row_clear);
  out->rounding = DTYPE_COUNT;
  Run r = {.out = out, .met = g_hash_table_new(NULL, NULL)};
  OtherSide others_a = side_new(&r.a, a), others_b = side_new(&r.b, b);
  other_tensors_meet(&others_a, &others_b);
  side_fill(&r.a, others_a.others);
  side_fill(&r.b, others_b.others);
  r.in_a = layer_match_new(r.a.layers);
  r.in_b = layer_match_new(r.b.layers);
  bool ok = verify_all(&r, progress, error);
  out->relative = r.size2 > 0 ? sqrt(r.distance2 / r.size2) : NAN;
  g_hash_table_unref(r.met);
  layer_match_free(r.in_a);
  layer_match_free(r.in_b);
  side_clear(&r.a);
  side_clear(&r.b);
  return ok ? g_steal_pointer(&out) : NULL;
}

void model_verify_free(ModelVerify *v) {
  if (!v) return;
  g_array_unref(v->rows);
  g_free(v);
}

bool model_verify_is_same(const ModelVerify *v) { return v->state <= VERIFY_WITHIN; }

int model_verify_compare(const ModelVerify *x, const ModelVerify *y) {
  const unsigned odd_x = x->count[VERIFY_ONLY_A] + x->count[VERIFY_ONLY_B] + x->count[VERIFY_OTHER_SHAPE];
  const unsigned odd_y = y->count[VERIFY_ONLY_A] + y->count[VERIFY_ONLY_B] + y->count[VERIFY_OTHER_SHAPE];
  if (model_verify_is_same(x) != model_verify_is_same(y)) return model_verify_is_same(x) ? -1 : 1;
  if (odd_x != odd_y) return odd_x < odd_y ? -1 : 1;
  double far_x = isfinite(x->relative) ? x->relative : INFINITY, far_y = isfinite(y->relative) ? y->relative : INFINITY;
  return (far_x > far_y) - (far_x < far_y);
}
