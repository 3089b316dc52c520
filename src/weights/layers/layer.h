/* SPDX-License-Identifier: Apache-2.0 */
/* A layer is a canonical 2-D matrix X (d_out x d_in) of a model, in one of two forms:
 *   dense     X itself; a kernel (o, i, h, w) is taken as o x (i·h·w)
 *   low-rank  X = s · B · A with B (d_out x r) and A (r x d_in): an adapter
 * A low-rank layer is never multiplied out by the engine. */
#pragma once

#include "weights/layers/file_names.h"
#include "weights/layers/layer_info.h"

/* All layers of a file, in the order in which they first appear: every tensor of two or more
 * dimensions in a readable float format, and every complete set of an adapter's factors. `config` (borrowed) may be
 * NULL: what a configuration beside the file says of the scale. Reads the header only. Array of LayerInfo; free with
 * g_array_unref. */
GArray *layer_list(const WeightFile *file, const AdapterConfig *config);

/* A layer of that form without a part yet; takes name. */
LayerInfo layer_info_blank(char *name, LayerForm form);

/* The same as layer_list() with the names at hand. */
GArray *layer_list_named(const WeightFile *file, const FileNames *names, const AdapterConfig *config);

/* A module that an adapter changes in a way that is not computed from the file alone: its form is told, its factors are
 * no layers. */
typedef struct {
  SafeText *name;
  AdapterForm form;
  gssize part[ADAPTER_PARTS]; /* tensor indices, or -1 */
  gssize alpha;
  unsigned cayley_terms; /* adapter_config_cayley_terms() */
} UncomputedLayer;

/* Those of a file, in the order in which they first appear. `config` may be NULL. Reads the header only. Array of
 * UncomputedLayer; free with g_array_unref. */
GArray *layer_uncomputed(const WeightFile *file, const FileNames *names, const GArray *layers,
                         const AdapterConfig *config);

/* A tensor that the layer is made of, the one that tells its number format. */
size_t layer_main_tensor(const LayerInfo *layer);

/* The form of a file as an adapter, also of one that is not computed and so has no layer; FORM_NONE
 * when it is no adapter. Reads the header only. */
AdapterForm layer_adapter_form(const WeightFile *file);

/* The layer of that canonical name, or of that tensor key, or whose name another tool spells so (name_key.h); NULL.
 * Borrowed. */
const LayerInfo *layer_find(const GArray *layers, const char *name);

/* s of a low-rank layer, read from the file where a tensor says it; 1 for a dense one. */
bool layer_scale(WeightFile *file, const LayerInfo *info, double *scale, GError **error);

/* Reads a layer as float32. `out` is cleared with layer_clear(). */
bool layer_read(WeightFile *file, const LayerInfo *info, Layer *out, GError **error);
void layer_clear(Layer *layer);

/* Cuts a low-rank layer whose width is only known as the most that it can be (LayerInfo.widest) to its first `d_in`
 * columns. */
void layer_narrow(Layer *layer, size_t d_in);

/* Brings rows that GGUF's converters took apart, as those of so many heads, back into order, or takes them apart: row
 * 2j + k of a head of 2n rows was row k n + j. False when there is no memory. */
bool layer_restore_rows(Layer *layer, size_t heads);
bool layer_permute_rows(Layer *layer, size_t heads);

/* The squared Frobenius norm; low-rank: s^2 tr((B'B)(AA')), without the product. */
double layer_norm2(const Layer *layer);
