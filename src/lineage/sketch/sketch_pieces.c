/* SPDX-License-Identifier: Apache-2.0 */
#include "lineage/sketch/sketch_pieces.h"

#include <math.h>
#include <string.h>

#include "weights/layers/name_key.h"

static void piece_clear(void *data) { g_free(((SketchPiece *)data)->name); }

/* For each tensor its layer or NULL, so that naming takes one look a tensor; `alphas` marks those that hold one. */
static const LayerInfo **layers_by_tensor(const WeightFile *file, const GArray *layers, bool *alphas) {
  const LayerInfo **by = g_new0(const LayerInfo *, weight_file_count(file) + 1);
  for (guint k = 0; k < layers->len; k++) {
    const LayerInfo *l = &g_array_index(layers, LayerInfo, k);
    if (l->form == LAYER_DENSE && !by[l->weight]) by[l->weight] = l; /* of a stack the first; the others follow it */
    if (l->a >= 0) by[l->a] = l;
    if (l->b >= 0) by[l->b] = l;
    for (int p = 0; p < ADAPTER_PARTS; p++)
      if (l->part[p] >= 0) by[l->part[p]] = l;
    if (l->alpha >= 0) alphas[l->alpha] = true;
  }
  return by;
}

static bool is_model(const TensorName *name) { return name->role != TENSOR_OPTIMISER && name->role != TENSOR_RAW_COPY; }

static SketchPiece piece_of(WeightFile *file, size_t i, const TensorName *name, const LayerInfo *l) {
  const TensorInfo *info = weight_file_info(file, i);
  bool numbers = dtype_is_readable(info->dtype);
  if (!numbers && dtype_is_packed(info->dtype)) l = NULL;
  bool lost = !l && name->role == TENSOR_ADAPTER_PART;
  SketchPiece p = {.tensor = i, .count = numbers ? info->count : info->bytes, .role = name->role, .scale = NAN};
  p.name = g_strdup(l ? l->name : name->layer); /* what layers share stands with one of them */
  if (l && l->stacked) p.first = l->first, p.count = l->d_out * l->d_in;
  p.d_out = l ? l->d_out : lost ? 0 : info->count;
  p.d_in = l ? l->d_in : lost ? 0 : 1;
  p.layered = l != NULL;
  p.dense = l && l->form == LAYER_DENSE;
  if (p.dense) p.heads = l->heads, p.apart = l->permuted && !l->heads;
  if (l && !p.dense && layer_main_tensor(l) == i) {
    double scale;
    if (layer_scale(file, l, &scale, NULL)) p.scale = (float)scale;
  }
  return p;
}

/* The parts of a fused matrix, where its rows can be told apart. False when it is none. */
static bool split(GArray *out, const WeightFile *file, const SketchPiece *whole) {
  NamePart parts[NAME_MOST_PARTS];
  Dtype dtype = weight_file_info(file, whole->tensor)->dtype;
  if (!whole->dense || whole->role != TENSOR_WEIGHT || whole->heads || whole->apart) return false;
  if (whole->d_in % dtype_block(dtype) != 0) return false;
  unsigned n = name_parts(whole->name, whole->d_out, whole->d_in, parts);
  QkvRows rows = {0};
  if (n && qkv_rows_alternate(whole->name) && !qkv_rows_of(whole->d_out, whole->d_in, weight_file_heads(file), &rows))
    return false;
  for (unsigned k = 0; k < n; k++) {
    SketchPiece p = *whole;
    p.name = name_of_part(whole->name, parts[k].tag);
    p.first = whole->first + parts[k].first * whole->d_in;
    p.count = parts[k].rows * whole->d_in;
    p.d_out = parts[k].rows;
    p.rows = rows;
    g_array_append_val(out, p);
  }
  return n > 0;
}

/* The layer whose vector it is, if that is fused. */
static const LayerInfo *layer_of_bias(const GArray *layers, const SketchPiece *bias) {
  for (guint i = 0; i < layers->len; i++) {
    const LayerInfo *l = &g_array_index(layers, LayerInfo, i);
    if (l->form == LAYER_DENSE && l->d_out == bias->count && strcmp(l->name, bias->name) == 0) return l;
  }
  return NULL;
}

/* The parts of a fused layer's vector, as those of the layer. */
static bool split_bias(GArray *out, const WeightFile *file, const GArray *layers, const SketchPiece *whole) {
  static const char *const words[] = {"qkv", "query_key_value", "c_attn", "W_pack"};
  NamePart parts[NAME_MOST_PARTS];
  QkvRows rows = {0};
  bool may_be = false;
  for (size_t i = 0; i < G_N_ELEMENTS(words); i++) may_be |= strstr(whole->name, words[i]) != NULL;
  if (!may_be || whole->role != TENSOR_BIAS || weight_file_info(file, whole->tensor)->rank != 1) return false;
  const LayerInfo *l = layer_of_bias(layers, whole);
  unsigned n = l ? name_parts(l->name, l->d_out, l->d_in, parts) : 0;
  if (n && qkv_rows_alternate(l->name) && !qkv_rows_of(l->d_out, l->d_in, weight_file_heads(file), &rows)) return false;
  for (unsigned k = 0; k < n; k++) {
    SketchPiece p = *whole;
    p.name = name_of_part(whole->name, parts[k].tag);
    p.first = parts[k].first;
    p.count = p.d_out = parts[k].rows;
    p.rows = rows;
    g_array_append_val(out, p);
  }
  return n > 0;
}

static void add_piece(GArray *out, WeightFile *file, const GArray *layers, size_t i, const TensorName *name,
                      const LayerInfo *l) {
  SketchPiece p = piece_of(file, i, name, l);
  if (split(out, file, &p) || split_bias(out, file, layers, &p)) piece_clear(&p);
  else g_array_append_val(out, p);
}

GArray *sketch_pieces(WeightFile *file, const AdapterConfig *config) {
  GArray *out = g_array_new(FALSE, FALSE, sizeof(SketchPiece));
  g_array_set_clear_func(out, piece_clear);
  g_autoptr(FileNames) names = file_names_new(file);
  g_autoptr(GArray) layers = layer_list_named(file, names, config);
  g_autofree bool *alphas = g_new0(bool, names->n + 1);
  g_autofree const LayerInfo **by_tensor = layers_by_tensor(file, layers, alphas);
  for (size_t i = 0; i < names->n; i++) {
    if (alphas[i] || !is_model(&names->at[i])) continue;
    const LayerInfo *l = by_tensor[i];
    add_piece(out, file, layers, i, &names->at[i], l);
    if (!l || !l->stacked) continue;
    const LayerInfo *end = (const LayerInfo *)(const void *)layers->data + layers->len;
    while (++l < end && l->stacked && l->weight == (gssize)i) add_piece(out, file, layers, i, &names->at[i], l);
  }
  return out;
}

/* The row of the tensor where a row of the piece lies. */
static uint64_t stored_row(const SketchPiece *p, uint64_t row) {
  if (p->rows.heads) return qkv_rows_stored(&p->rows, p->first / p->d_in + row);
  uint64_t rows = p->d_out / p->heads, half = rows / 2, in = row % rows;
  return row - in + 2 * (in % half) + in / half;
}

bool sketch_piece_read(WeightFile *file, const SketchPiece *p, size_t unit, size_t width, uint64_t first, size_t n,
                       void *dst, GError **error) {
  if ((!p->heads && !p->rows.heads) || p->d_in % unit != 0)
    return weight_file_read_raw(file, p->tensor, (p->first + first) / unit * width, n / unit * width, dst, error);
  for (size_t done = 0; done < n;) {
    uint64_t row = (first + done) / p->d_in, column = (first + done) % p->d_in;
    uint64_t together = p->rows.heads ? p->rows.size - row % p->rows.size : 1; /* rows that lie in a row */
    size_t take = (size_t)MIN(together * p->d_in - column, n - done);
    uint64_t from = stored_row(p, row) * p->d_in + column;
    if (!weight_file_read_raw(file, p->tensor, from / unit * width, take / unit * width,
                              (unsigned char *)dst + done / unit * width, error))
      return false;
    done += take;
  }
  return true;
}
