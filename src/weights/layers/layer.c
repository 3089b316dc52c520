/* SPDX-License-Identifier: Apache-2.0 */
#include "weights/layers/layer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "numerics/linalg.h"
#include "weights/layers/adapter_factors.h"
#include "weights/layers/adapter_parts.h"
#include "weights/layers/expert_stack.h"
#include "weights/layers/gguf_names.h"
#include "weights/layers/name_key.h"

static void info_clear(void *data) { g_free(((LayerInfo *)data)->name); }

/* d_out x d_in of a tensor, or of a matrix of a stack: the first dimension against all others. */
static void fold_shape(const TensorInfo *t, bool stacked, uint64_t *rows, uint64_t *columns) {
  *rows = t->shape[stacked];
  *columns = stacked ? t->shape[2] : t->shape[0] ? t->count / t->shape[0] : 0;
}

static bool is_number(const TensorInfo *t) { return dtype_is_float(t->dtype) && dtype_is_readable(t->dtype); }

/* A packed matrix that is only named is a layer whose numbers cannot be read. */
static bool is_matrix(const TensorInfo *t) {
  return t->rank >= 2 && t->count > 0 && (is_number(t) || dtype_is_packed(t->dtype));
}

static bool is_pair(TensorRole role) { return role == TENSOR_LORA_A || role == TENSOR_LORA_B; }

/* Layers while they are gathered. */
typedef struct {
  const WeightFile *file;
  const FileNames *names;
  bool gguf;
  GArray *all;
  GHashTable *index; /* letter of the form and name -> place + 1 */
  gssize shared[2];  /* VeRA's A and B */
} Gathering;

LayerInfo layer_info_blank(char *name, LayerForm form) {
  LayerInfo l = {.name = name, .form = form, .weight = -1, .a = -1, .b = -1, .alpha = -1};
  l.scale = (AdapterScale){.alpha = (double)NAN};
  for (int k = 0; k < ADAPTER_PARTS; k++) l.part[k] = -1;
  return l;
}

/* Finds or starts the entry of a layer. A layer holds one form. */
static LayerInfo *entry_for(Gathering *g, const char *name, LayerForm form) {
  g_autofree char *key = g_strdup_printf("%c%s", form == LAYER_DENSE ? 'd' : 'l', name);
  gsize at = GPOINTER_TO_SIZE(g_hash_table_lookup(g->index, key));
  if (at) return &g_array_index(g->all, LayerInfo, at - 1);
  LayerInfo fresh = layer_info_blank(g_strdup(name), form);
  g_array_append_val(g->all, fresh);
  g_hash_table_insert(g->index, g_steal_pointer(&key), GSIZE_TO_POINTER(g->all->len));
  return &g_array_index(g->all, LayerInfo, g->all->len - 1);
}

/* The form of a module that two words speak of: DoRA's magnitudes stand beside factors of any form. */
static AdapterForm join_forms(AdapterForm old, AdapterForm fresh) {
  if (old == FORM_NONE || old == fresh) return fresh;
  bool weak = fresh == FORM_LORA || (fresh == FORM_DORA && (old == FORM_LOHA || old == FORM_LOKR));
  return weak ? old : fresh;
}

static void note_pair(Gathering *g, size_t i, const TensorName *name) {
  LayerInfo *l = entry_for(g, name->layer, LAYER_LOW_RANK);
  *(name->role == TENSOR_LORA_A ? &l->a : &l->b) = (gssize)i;
  l->order = name->embedding ? PAIR_EMBEDDING : name->transposed ? PAIR_TRANSPOSED : PAIR_PLAIN;
  if (g->gguf && strcmp(name->layer, "token_embd") == 0) l->order = PAIR_TOKEN_TABLE;
  l->adapter = join_forms(l->adapter, FORM_LORA);
}

/* A matrix an expert. */
static void note_stack(Gathering *g, size_t i, const TensorName *name, unsigned experts) {
  const TensorInfo *t = weight_file_info(g->file, i);
  for (unsigned e = 0; e < experts; e++) {
    g_autofree char *own = expert_stack_name(name->layer, e);
    LayerInfo *l = entry_for(g, own, LAYER_DENSE);
    if (l->weight >= 0) continue;
    l->weight = (gssize)i;
    l->stacked = true;
    l->first = t->count / experts * e;
  }
}

/* A second tensor of one name and form keeps the first; a difference is a matrix as it stands. */
static void note_matrix(Gathering *g, size_t i, const TensorName *name, AdapterForm form) {
  unsigned experts = form == FORM_NONE ? expert_stack_count(weight_file_info(g->file, i), name->layer) : 0;
  if (experts) {
    note_stack(g, i, name, experts);
    return;
  }
  LayerInfo *l = entry_for(g, name->layer, LAYER_DENSE);
  if (l->weight >= 0) return;
  l->weight = (gssize)i;
  l->adapter = form;
}

static void note_part(Gathering *g, size_t i, const TensorName *name) {
  const TensorInfo *t = weight_file_info(g->file, i);
  if (name->part == ADAPTER_DIFF || name->part == ADAPTER_DIFF_BIAS) {
    if (name->part == ADAPTER_DIFF && is_matrix(t)) note_matrix(g, i, name, FORM_DIFF);
  } else if (name->part == ADAPTER_SHARED_A || name->part == ADAPTER_SHARED_B) {
    if (is_matrix(t)) g->shared[name->part - ADAPTER_SHARED_A] = (gssize)i;
  } else {
    LayerInfo *l = entry_for(g, name->layer, LAYER_LOW_RANK);
    l->adapter = join_forms(l->adapter, name->form);
    if (is_number(t)) l->part[name->part] = (gssize)i;
  }
}

static void note_tensor(Gathering *g, size_t i) {
  const TensorInfo *t = weight_file_info(g->file, i);
  const TensorName *name = &g->names->at[i];
  if (is_pair(name->role)) {
    if (is_matrix(t)) note_pair(g, i, name);
  } else if (name->role == TENSOR_ADAPTER_PART) {
    note_part(g, i, name);
  } else if (name->role == TENSOR_LORA_ALPHA && t->count == 1 && is_number(t)) {
    entry_for(g, name->layer, LAYER_LOW_RANK)->alpha = (gssize)i;
  } else if ((name->role == TENSOR_WEIGHT || name->role == TENSOR_BIAS) && is_matrix(t)) {
    note_matrix(g, i, name, FORM_NONE);
  }
}

/* Rows of llama's q and k lie otherwise in GGUF; the head counts say how. */
static void settle_rows(const Gathering *g, LayerInfo *l) {
  if (!g->gguf) return;
  GHashTable *metadata = weight_file_metadata(g->file);
  const char *architecture = g_hash_table_lookup(metadata, "general.architecture");
  l->permuted = gguf_layer_is_permuted(l->name, architecture);
  if (!l->permuted) return;
  l->heads = gguf_layer_heads(l->name, metadata);
  if (l->heads && l->d_out % (2 * l->heads) != 0) l->heads = 0;
}

static void settle_scale(const Gathering *g, LayerInfo *l, const AdapterScales *scales) {
  g_autofree char *module = NULL;
  if (adapter_scales_ask_modules(scales))
    module = tensor_name_module(weight_file_info(g->file, layer_main_tensor(l))->name);
  uint64_t rank = adapter_scale_rank(l, g->file);
  l->scale = adapter_scales_get(scales, module, l->adapter, rank, l->alpha >= 0);
}

/* Fills in shape and scale; false for an incomplete or impossible set of parts. */
static bool settle(const Gathering *g, LayerInfo *l, const AdapterScales *scales) {
  if (l->form == LAYER_DENSE) {
    fold_shape(weight_file_info(g->file, (size_t)l->weight), l->stacked, &l->d_out, &l->d_in);
    settle_rows(g, l);
    return true;
  }
  for (int k = 0; k < 2 && l->adapter == FORM_VERA; k++) l->part[ADAPTER_SHARED_A + k] = g->shared[k];
  if (!adapter_settle(l, g->file)) return false;
  settle_rows(g, l);
  settle_scale(g, l, scales);
  return true;
}

GArray *layer_list_named(const WeightFile *file, const FileNames *names, const AdapterConfig *config) {
  g_autoptr(GHashTable) index = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr(AdapterScales) scales = adapter_scales_new(file, config);
  g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(LayerInfo));
  Gathering g = {.file = file, .names = names, .all = all, .index = index, .shared = {-1, -1}};
  g.gguf = strcmp(weight_file_format(file), "gguf") == 0;
  for (size_t i = 0; i < names->n; i++) note_tensor(&g, i);
  GArray *kept = g_array_new(FALSE, FALSE, sizeof(LayerInfo));
  g_array_set_clear_func(kept, info_clear);
  for (guint i = 0; i < all->len; i++) {
    LayerInfo *l = &g_array_index(all, LayerInfo, i);
    if (settle(&g, l, scales)) g_array_append_val(kept, *l);
    else g_free(l->name);
  }
  return kept;
}

GArray *layer_list(const WeightFile *file, const AdapterConfig *config) {
  g_autoptr(FileNames) names = file_names_new(file);
  return layer_list_named(file, names, config);
}

static void uncomputed_clear(void *data) { g_free(((UncomputedLayer *)data)->name); }

static bool is_uncomputed_part(const TensorName *name) {
  bool part = name->role == TENSOR_ADAPTER_PART && name->form != FORM_DIFF && name->part != ADAPTER_SHARED_A &&
              name->part != ADAPTER_SHARED_B;
  return part || is_pair(name->role);
}

/* The entry of a module, made if need be. */
static UncomputedLayer *uncomputed_entry(GArray *out, GHashTable *places, const TensorName *name) {
  gsize at = GPOINTER_TO_SIZE(g_hash_table_lookup(places, name->layer));
  if (at) return &g_array_index(out, UncomputedLayer, at - 1);
  UncomputedLayer fresh = {.name = g_strdup(name->layer), .form = name->form, .alpha = -1};
  for (int k = 0; k < ADAPTER_PARTS; k++) fresh.part[k] = -1;
  g_array_append_val(out, fresh);
  g_hash_table_insert(places, name->layer, GSIZE_TO_POINTER(out->len));
  return &g_array_index(out, UncomputedLayer, out->len - 1);
}

/* What stands beside the parts, whatever comes first in the file. */
static void note_alphas(GArray *out, GHashTable *places, const WeightFile *file, const FileNames *names) {
  for (size_t i = 0; out->len && i < names->n; i++) {
    const TensorName *name = &names->at[i];
    if (name->role != TENSOR_LORA_ALPHA || weight_file_info(file, i)->count != 1) continue;
    gsize at = GPOINTER_TO_SIZE(g_hash_table_lookup(places, name->layer));
    if (at) g_array_index(out, UncomputedLayer, at - 1).alpha = (gssize)i;
  }
}

GArray *layer_uncomputed(const WeightFile *file, const FileNames *names, const GArray *layers,
                         const AdapterConfig *config) {
  GArray *out = g_array_new(FALSE, FALSE, sizeof(UncomputedLayer));
  g_array_set_clear_func(out, uncomputed_clear);
  g_autoptr(GHashTable) known = g_hash_table_new(g_str_hash, g_str_equal);
  g_autoptr(GHashTable) places = g_hash_table_new(g_str_hash, g_str_equal);
  for (guint i = 0; i < layers->len; i++) {
    const LayerInfo *l = &g_array_index(layers, LayerInfo, i);
    if (l->adapter != FORM_NONE) g_hash_table_add(known, l->name);
  }
  for (size_t i = 0; i < names->n; i++) {
    const TensorName *name = &names->at[i];
    if (!is_uncomputed_part(name) || g_hash_table_contains(known, name->layer)) continue;
    UncomputedLayer *u = uncomputed_entry(out, places, name);
    if (name->role == TENSOR_ADAPTER_PART && dtype_is_readable(weight_file_info(file, i)->dtype))
      u->part[name->part] = (gssize)i;
    u->cayley_terms = config ? adapter_config_cayley_terms(config) : 0;
  }
  note_alphas(out, places, file, names);
  return out;
}

size_t layer_main_tensor(const LayerInfo *l) {
  if (l->form == LAYER_DENSE) return (size_t)l->weight;
  if (l->b >= 0) return (size_t)l->b;
  for (int k = 0; k < ADAPTER_PARTS; k++)
    if (l->part[k] >= 0) return (size_t)l->part[k];
  return 0;
}

AdapterForm layer_adapter_form(const WeightFile *file) {
  g_autoptr(FileNames) names = file_names_new(file);
  return names->form;
}

/* Under whatever name another tool knows it. */
static const LayerInfo *find_by_key(const GArray *layers, const char *name) {
  g_autofree char *key = name_key(name);
  for (guint i = 0; i < layers->len; i++) {
    const LayerInfo *l = &g_array_index(layers, LayerInfo, i);
    g_autofree char *other = name_key(l->name);
    if (strcmp(key, other) == 0) return l;
  }
  return NULL;
}

const LayerInfo *layer_find(const GArray *layers, const char *name) {
  TensorName parsed;
  tensor_name_parse(name, &parsed);
  const LayerInfo *found = NULL;
  for (guint i = 0; i < layers->len && !found; i++) {
    const LayerInfo *l = &g_array_index(layers, LayerInfo, i);
    if (strcmp(l->name, name) == 0 || strcmp(l->name, parsed.layer) == 0) found = l;
  }
  if (!found) found = find_by_key(layers, parsed.layer);
  tensor_name_clear(&parsed);
  return found;
}

bool layer_scale(WeightFile *file, const LayerInfo *l, double *scale, GError **error) {
  float stored = 0;
  *scale = 1;
  if (l->form == LAYER_DENSE) return true;
  double alpha = l->scale.alpha;
  if (l->alpha >= 0) {
    if (!weight_file_read_f32(file, (size_t)l->alpha, 0, 1, &stored, error)) return false;
    alpha = (double)stored;
  }
  if (l->scale.divisor > 0 && isfinite(alpha)) *scale = alpha / l->scale.divisor;
  return true;
}

/* back: from the order of GGUF's converters; else into it. */
static bool move_rows(Layer *l, size_t heads, bool back) {
  float **m = l->form == LAYER_DENSE ? &l->x : &l->b;
  size_t columns = l->form == LAYER_DENSE ? l->d_in : l->rank, n = l->d_out / heads / 2;
  float *out = g_try_malloc_n(l->d_out * columns, sizeof(float));
  for (size_t h = 0; out && h < heads; h++)
    for (size_t k = 0; k < 2; k++)
      for (size_t j = 0; j < n; j++) {
        size_t plain = h * 2 * n + k * n + j, moved = h * 2 * n + 2 * j + k;
        memcpy(out + (back ? plain : moved) * columns, *m + (back ? moved : plain) * columns, columns * sizeof(float));
      }
  if (!out) return false;
  g_free(*m);
  *m = out;
  return true;
}

bool layer_restore_rows(Layer *l, size_t heads) { return move_rows(l, heads, true); }

bool layer_permute_rows(Layer *l, size_t heads) { return move_rows(l, heads, false); }

static bool read_numbers(WeightFile *file, const LayerInfo *info, Layer *out, GError **error) {
  double scale;
  const uint64_t count = info->d_out * info->d_in;
  if (info->form == LAYER_DENSE) out->x = adapter_read_range(file, info->weight, info->first, count, error);
  if (info->form == LAYER_DENSE) return out->x != NULL;
  if (!adapter_read_factors(file, info, out, error) || !layer_scale(file, info, &scale, error)) return false;
  out->scale = (float)scale;
  return true;
}

bool layer_read(WeightFile *file, const LayerInfo *info, Layer *out, GError **error) {
  *out = (Layer){.form = info->form, .d_out = info->d_out, .d_in = info->d_in, .rank = info->rank, .scale = 1};
  bool ok = read_numbers(file, info, out, error);
  if (ok && info->heads && !layer_restore_rows(out, info->heads)) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_IO, "%s: layer %s does not fit in memory: close other programs",
                weight_file_label(file), info->name);
    ok = false;
  }
  if (!ok) layer_clear(out);
  return ok;
}

void layer_narrow(Layer *l, size_t d_in) {
  if (l->form != LAYER_LOW_RANK || d_in >= l->d_in) return;
  for (size_t k = 0; k < l->rank; k++) memmove(l->a + k * d_in, l->a + k * l->d_in, d_in * sizeof(float));
  l->d_in = d_in;
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
