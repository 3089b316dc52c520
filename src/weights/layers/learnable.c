/* SPDX-License-Identifier: Apache-2.0 */
#include "weights/layers/learnable.h"

static const struct {
  AdapterPart part;
  const char *ending;
} beside[] = {{ADAPTER_IA3, ".scaling"},
              {ADAPTER_OFT_SCALE, ".scaling"},
              {ADAPTER_MAGNITUDE, ".magnitude"},
              {ADAPTER_OFT, ".rotation"}};

/* A vector as a column, whichever way it lies; blocks a row each. */
static void add_vector(GArray *layers, const WeightFile *file, size_t i, const TensorName *name, const char *ending) {
  const TensorInfo *t = weight_file_info(file, i);
  if (!t->count || !t->rank || !dtype_is_float(t->dtype) || !dtype_is_readable(t->dtype)) return;
  LayerInfo l = layer_info_blank(g_strconcat(name->layer, ending, NULL), LAYER_DENSE);
  uint64_t blocks = t->shape[0];
  if (t->rank == 4) blocks *= t->shape[1];
  bool vector = name->part != ADAPTER_OFT;
  l.adapter = name->form, l.weight = (gssize)i;
  l.d_out = vector ? t->count : blocks;
  l.d_in = vector ? 1 : t->count / blocks;
  g_array_append_val(layers, l);
}

/* GLoRA's factors of one module, and the tensor of its alpha. */
typedef struct {
  gssize part[4]; /* a1, a2, b1, b2 */
  gssize alpha;
} Four;

/* The left factor is called 2, in newer files 1: it has the rank second. */
static void add_pair(GArray *layers, const WeightFile *file, const char *module, const char *ending, gssize one,
                     gssize two, gssize alpha) {
  for (int old = 1; one >= 0 && two >= 0 && old >= 0; old--) {
    gssize left = old ? two : one, right = old ? one : two;
    const TensorInfo *b = weight_file_info(file, (size_t)left), *a = weight_file_info(file, (size_t)right);
    if (a->rank < 2 || b->rank != 2 || !a->count || !b->count || b->shape[1] != a->shape[0]) continue;
    if (a->shape[0] > LAYER_MAX_RANK || a->shape[0] > MIN(b->shape[0], a->count / a->shape[0])) continue;
    LayerInfo l = layer_info_blank(g_strconcat(module, ending, NULL), LAYER_LOW_RANK);
    l.adapter = FORM_LORA;
    l.a = right, l.b = left, l.alpha = alpha;
    l.scale.divisor = (double)a->shape[0];
    l.rank = a->shape[0], l.d_out = b->shape[0], l.d_in = a->count / a->shape[0];
    g_array_append_val(layers, l);
    return;
  }
}

static void add_glora(GArray *layers, const WeightFile *file, const FileNames *names) {
  g_autoptr(GHashTable) modules = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
  g_autoptr(GPtrArray) order = g_ptr_array_new();
  for (size_t i = 0; i < names->n; i++) {
    const TensorName *name = &names->at[i];
    if (name->role != TENSOR_ADAPTER_PART || name->form != FORM_GLORA) continue;
    Four *four = g_hash_table_lookup(modules, name->layer);
    if (!four) {
      four = g_new(Four, 1);
      *four = (Four){{-1, -1, -1, -1}, -1};
      g_hash_table_insert(modules, name->layer, four);
      g_ptr_array_add(order, name->layer);
    }
    four->part[name->part - ADAPTER_A1] = (gssize)i;
  }
  for (size_t i = 0; order->len && i < names->n; i++) {
    const TensorName *name = &names->at[i];
    Four *four = name->role == TENSOR_LORA_ALPHA ? g_hash_table_lookup(modules, name->layer) : NULL;
    if (four && weight_file_info(file, i)->count == 1) four->alpha = (gssize)i;
  }
  for (guint k = 0; k < order->len; k++) {
    const Four *four = g_hash_table_lookup(modules, order->pdata[k]);
    add_pair(layers, file, order->pdata[k], ".b", four->part[2], four->part[3], four->alpha);
    add_pair(layers, file, order->pdata[k], ".a", four->part[0], four->part[1], four->alpha);
  }
}

void learnable_add(const WeightFile *file, const FileNames *names, GArray *layers) {
  for (size_t i = 0; i < names->n; i++) {
    const TensorName *name = &names->at[i];
    if (name->role != TENSOR_ADAPTER_PART) continue;
    for (size_t k = 0; k < G_N_ELEMENTS(beside); k++)
      if (beside[k].part == name->part) add_vector(layers, file, i, name, beside[k].ending);
  }
  add_glora(layers, file, names);
}

GArray *learnable_list(const WeightFile *file, const AdapterConfig *config) {
  g_autoptr(FileNames) names = file_names_new(file);
  GArray *layers = layer_list_named(file, names, config);
  learnable_add(file, names, layers);
  return layers;
}

bool learnable_is_beside(const LayerInfo *l) {
  return l->form == LAYER_DENSE && l->adapter != FORM_NONE && l->adapter != FORM_DIFF;
}
