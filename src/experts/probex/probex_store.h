/* SPDX-License-Identifier: Apache-2.0 */
/* The parameters of ProbeX and of several views as tensors under the authors' names, so that either program opens the
 * other's: probes.weight, shared_probe_proj.weight, per_probe_encoders.*, or of several views probes_xu.weight …,
 * shared_probe_proj_row.weight …, concat_all4_encoder.*; then regression_head.* or classification_head.*. */
#pragma once

#include "experts/probex/probex.h"
#include "weights/formats/safetensors.h"
#include "weights/weight_file.h"

enum { PROBEX_STORE_MOST = 2 * VIEW_BRANCHES + 4 };

/* Writes at most PROBEX_STORE_MOST tensors to t, which point into p; returns how many. */
size_t probex_store_put(const Probex *p, TensorOut *t);

/* Parameters from a file, with a head for classes or for text. Every size is checked against the others and the file
 * before anything is allocated; COPSE_ERROR_FORMAT names the tensor that does not fit, COPSE_ERROR_UNSUPPORTED an
 * expert that is too large. */
Probex *probex_store_read(WeightFile *f, bool classes, GError **error);

/* The shape of a tensor of that rank, borrowed, or NULL with an error that names it. */
const uint64_t *probex_store_shape(WeightFile *f, const char *name, int rank, GError **error);

/* Reads a tensor of exactly n numbers, all finite. */
bool probex_store_numbers(WeightFile *f, const char *name, size_t n, float *dst, GError **error);
