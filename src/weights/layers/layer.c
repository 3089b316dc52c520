/* SPDX-License-Identifier: Apache-2.0 */
#include "weights/layers/layer.h"

#include <math.h>
#include <string.h>

#include "core/error.h"
#include "numerics/linalg.h"
#include "weights/layers/adapter_factors.h"
#include "weights/layers/tensor_name.h"

static void info_clear(void *data) { g_free(((LayerInfo *)data)->name); }

/* d_out x d_in of a tensor: the first dimension against all others. */
static void fold_shape(const TensorInfo *t, uint64_t *rows, uint64_t *columns) {
  *rows = t->shape[0];
  *columns = t->shape[0] ? t->count / t->shape[0] : 0;
}

static bool is_matrix(const TensorInfo *t) {
  return t->rank >= 2 && t->count > 0 && dtype_is_float(t->dtype) && dtype_is_readable(t->dtype);
}

static bool is_adapter_part(TensorRole role) { return role == TENSOR_LORA_A || role == TENSOR_LORA_B; }

/* Finds or starts the entry of a layer. A layer holds one form; a second tensor of the same
 * name and form keeps the first. */
static LayerInfo *entry_for(GArray *layers, GHashTable *index, const char *name, LayerForm form) {
  g_autofree char *key = g_strdup_printf("%c%s", form == LAYER_DENSE ? 'd' : 'l', name);
  gsize at = GPOINTER_TO_SIZE(g_hash_table_lookup(index, key));
  if (at) return &g_array_index(layers, LayerInfo, at - 1);
  LayerInfo fresh = {
      .name = g_strdup(name), .form = form, .weight = -1, .a = -1, .b = -1, .alpha = -1, .config_alpha = NAN};
  for (int k = 0; k < ADAPTER_PARTS; k++) fresh.part[k] = -1;
  g_array_append_val(layers, fresh);
  g_hash_table_insert(index, g_steal_pointer(&key), GSIZE_TO_POINTER(layers->len));
  return &g_array_index(layers, LayerInfo, layers->len - 1);
}

static void note_tensor(GArray *layers, GHashTable *index, const WeightFile *file, size_t i) {
  const TensorInfo *t = weight_file_info(file, i);
  TensorName name;
  tensor_name_parse(t->name, &name);
  if (is_adapter_part(name.role) && is_matrix(t)) {
    LayerInfo *l = entry_for(layers, index, name.layer, LAYER_LOW_RANK);
    *(name.role == TENSOR_LORA_A ? &l->a : &l->b) = (gssize)i;
    l->transposed = name.transposed;
    if (l->adapter == FORM_NONE) l->adapter = FORM_LORA;
  } else if (name.role == TENSOR_ADAPTER_PART) {
    LayerInfo *l = entry_for(layers, index, name.layer, LAYER_LOW_RANK);
    l->adapter = name.form;
    if (dtype_is_float(t->dtype) && dtype_is_readable(t->dtype)) l->part[name.part] = (gssize)i;
  } else if (name.role == TENSOR_LORA_ALPHA && t->count == 1) {
    entry_for(layers, index, name.layer, LAYER_LOW_RANK)->alpha = (gssize)i;
  } else if ((name.role == TENSOR_WEIGHT || name.role == TENSOR_BIAS) && is_matrix(t)) {
    LayerInfo *l = entry_for(layers, index, name.layer, LAYER_DENSE);
    if (l->weight < 0) l->weight = (gssize)i;
  }
  tensor_name_clear(&name);
}

/* Fills in the shape; false for an incomplete or impossible pair. */
static bool settle(LayerInfo *l, const WeightFile *file, const LoraScaling *scaling) {
  if (l->form == LAYER_DENSE) {
    fold_shape(weight_file_info(file, (size_t)l->weight), &l->d_out, &l->d_in);
    return true;
  }
  if (scaling) l->config_alpha = scaling->alpha, l->rank_stabilised = scaling->rank_stabilised;
  if (l->adapter == FORM_LOHA || l->adapter == FORM_LOKR) {
    if (!adapter_settle(l, file)) return false;
    l->scale_rank = adapter_scale_rank(l, file);
    return true;
  }
  if (l->adapter != FORM_LORA && l->adapter != FORM_DORA) return false;
  if (l->a < 0 || l->b < 0) return false;
  const TensorInfo *a = weight_file_info(file, (size_t)l->a);
  const TensorInfo *b = weight_file_info(file, (size_t)l->b);
  uint64_t rank_a, rank_b;
  if (l->transposed) {
    if (a->rank != 2 || b->rank != 2) return false;
    l->d_in = a->shape[0], rank_a = a->shape[1];
    rank_b = b->shape[0], l->d_out = b->shape[1];
  } else {
    fold_shape(a, &rank_a, &l->d_in);
    fold_shape(b, &l->d_out, &rank_b);
  }
  l->rank = l->scale_rank = rank_a;
  if (rank_a > LAYER_MAX_RANK) return false;
  return rank_a == rank_b;
}

GArray *layer_list(const WeightFile *file, const LoraScaling *scaling) {
  g_autoptr(GHashTable) index = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  GArray *all = g_array_new(FALSE, FALSE, sizeof(LayerInfo));
  for (size_t i = 0; i < weight_file_count(file); i++) note_tensor(all, index, file, i);
  GArray *kept = g_array_new(FALSE, FALSE, sizeof(LayerInfo));
  g_array_set_clear_func(kept, info_clear);
  for (guint i = 0; i < all->len; i++) {
    LayerInfo *l = &g_array_index(all, LayerInfo, i);
    if (settle(l, file, scaling)) g_array_append_val(kept, *l);
    else g_free(l->name);
  }
  g_array_unref(all);
  return kept;
}

size_t layer_main_tensor(const LayerInfo *l) {
  if (l->form == LAYER_DENSE) return (size_t)l->weight;
  if (l->b >= 0) return (size_t)l->b;
  for (int k = 0; k < ADAPTER_PARTS; k++)
    if (l->part[k] >= 0) return (size_t)l->part[k];
  return 0;
}

AdapterForm layer_adapter_form(const WeightFile *file) {
  AdapterForm form = FORM_NONE;
  for (size_t i = 0; i < weight_file_count(file); i++) {
    TensorName name;
    tensor_name_parse(weight_file_info(file, i)->name, &name);
    bool part = name.role == TENSOR_ADAPTER_PART && name.part != ADAPTER_DIFF_BIAS;
    bool pair = is_adapter_part(name.role) && form == FORM_NONE;
    if (part || pair) form = name.form;
    tensor_name_clear(&name);
    if (part) break;
  }
  return form;
}

const LayerInfo *layer_find(const GArray *layers, const char *name) {
  TensorName parsed;
  tensor_name_parse(name, &parsed);
  const LayerInfo *found = NULL;
  for (guint i = 0; i < layers->len && !found; i++) {
    const LayerInfo *l = &g_array_index(layers, LayerInfo, i);
    if (strcmp(l->name, name) == 0 || strcmp(l->name, parsed.layer) == 0) found = l;
  }
  tensor_name_clear(&parsed);
  return found;
}

static float *read_tensor(WeightFile *file, gssize i, GError **error) {
  const TensorInfo *t = weight_file_info(file, (size_t)i);
  float *dst = t->count <= SIZE_MAX / sizeof(float) ? g_try_malloc_n(t->count, sizeof(float)) : NULL;
  if (!dst) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_IO, "%s: tensor %s does not fit in memory", weight_file_label(file),
                t->name);
    return NULL;
  }
  if (weight_file_read_f32(file, (size_t)i, 0, t->count, dst, error)) return dst;
  g_free(dst);
  return NULL;
}

/* A transposed copy of a (rows, columns) matrix; frees the original. */
static float *transpose(float *m, size_t rows, size_t columns) {
  float *t = g_new(float, (rows * columns));
  for (size_t i = 0; i < rows; i++)
    for (size_t j = 0; j < columns; j++) t[j * rows + i] = m[i * columns + j];
  g_free(m);
  return t;
}

/* s = alpha / r, or alpha / sqrt(r); 1 when nobody says alpha. */
static bool read_scale(WeightFile *file, const LayerInfo *info, float *scale, GError **error) {
  float alpha = (float)info->config_alpha;
  if (info->alpha >= 0 && !weight_file_read_f32(file, (size_t)info->alpha, 0, 1, &alpha, error)) return false;
  float rank = (float)info->scale_rank;
  *scale = info->scale_rank == 0 ? 1.0f : isfinite(alpha) ? alpha / (info->rank_stabilised ? sqrtf(rank) : rank) : 1.0f;
  return true;
}

bool layer_read(WeightFile *file, const LayerInfo *info, Layer *out, GError **error) {
  *out = (Layer){.form = info->form, .d_out = info->d_out, .d_in = info->d_in, .rank = info->rank, .scale = 1};
  if (info->form == LAYER_DENSE) {
    out->x = read_tensor(file, info->weight, error);
    return out->x != NULL;
  }
  if (info->adapter == FORM_LOHA || info->adapter == FORM_LOKR) {
    if (adapter_read_factors(file, info, out, error) && read_scale(file, info, &out->scale, error)) return true;
    layer_clear(out);
    return false;
  }
  out->a = read_tensor(file, info->a, error);
  if (out->a) out->b = read_tensor(file, info->b, error);
  if (!out->b || !read_scale(file, info, &out->scale, error)) {
    layer_clear(out);
    return false;
  }
  if (info->transposed) {
    out->a = transpose(out->a, out->d_in, out->rank);
    out->b = transpose(out->b, out->rank, out->d_out);
  }
  return true;
}

void layer_clear(Layer *layer) {
  g_clear_pointer(&layer->x, g_free);
  g_clear_pointer(&layer->a, g_free);
  g_clear_pointer(&layer->b, g_free);
}

double layer_norm2(const Layer *l) {
  double sum = 0;
  if (l->form == LAYER_DENSE) {
    for (size_t i = 0; i < l->d_out * l->d_in; i++) sum += (double)l->x[i] * l->x[i];
    return sum;
  }
  size_t r = l->rank;
  g_autofree float *bb = g_new0(float, (r * r)), *aa = g_new0(float, (r * r));
  gemm(true, false, r, r, l->d_out, 1, l->b, r, l->b, r, 0, bb, r);
  gemm(false, true, r, r, l->d_in, 1, l->a, l->d_in, l->a, l->d_in, 0, aa, r);
  for (size_t i = 0; i < r * r; i++) sum += (double)bb[i] * aa[i];
  return sum * l->scale * l->scale;
}
