/* SPDX-License-Identifier: Apache-2.0 */
/* A layer is a canonical 2-D matrix X (d_out x d_in) of a model, in one of two forms:
 *   dense     X itself; a kernel (o, i, h, w) is taken as o x (i·h·w)
 *   low-rank  X = s · B · A with B (d_out x r) and A (r x d_in): an adapter
 * A low-rank layer is never multiplied out by the engine. */
#pragma once

#include "weights/layers/layer_info.h"

/* All layers of a file, in the order in which they first appear: every tensor of two or more
 * dimensions in a readable float format, and every complete pair of adapter matrices. `scaling` may be NULL. Reads the
 * header only. Array of LayerInfo; free with g_array_unref. */
GArray *layer_list(const WeightFile *file, const LoraScaling *scaling);

/* A tensor that the layer is made of, the one that tells its number format. */
size_t layer_main_tensor(const LayerInfo *layer);

/* The form of the first adapter's tensor of a file, also of one that is not computed and so has no layer; FORM_NONE
 * when it is no adapter. Reads the header only. */
AdapterForm layer_adapter_form(const WeightFile *file);

/* The layer of that canonical name (or of that tensor key), or NULL. Borrowed. */
const LayerInfo *layer_find(const GArray *layers, const char *name);

/* Reads a layer as float32. `out` is cleared with layer_clear(). */
bool layer_read(WeightFile *file, const LayerInfo *info, Layer *out, GError **error);
void layer_clear(Layer *layer);

/* The squared Frobenius norm; low-rank: s^2 tr((B'B)(AA')), without the product. */
double layer_norm2(const Layer *layer);
