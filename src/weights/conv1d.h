/* SPDX-License-Identifier: Apache-2.0 */
/* Matrices that are stored inputs first. GPT-2 and what descends from its first code (GPT, ImageGPT, DialoGPT) keep the
 * four matrices of a block as d_in x d_out, where all others, adapters for them and GGUF's converter have d_out x d_in.
 * They are told by the shape of c_attn, which is three times as wide as it is high, and shown turned; the embedding and
 * the norms of such a file lie as everywhere. Source: transformers, pytorch_utils.py (Conv1D). */
#pragma once

#include "weights/weight_file.h"

/* The file with those matrices turned, or the file itself when it has none. Takes `file`. Reads no matrix. */
WeightFile *conv1d_view(WeightFile *file);
