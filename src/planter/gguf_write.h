/* SPDX-License-Identifier: Apache-2.0 */
/* A writer of small GGUF files, for planted quantised copies. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "weights/formats/safetensors.h"

/* Writes a GGUF file of version 3, whole or not at all. Matrices whose rows are multiples of 32
 * long become Q8_0, all else F32; `dtype` of the tensors is not looked at. `architecture` goes to
 * general.architecture. */
bool gguf_write(const char *path, const char *architecture, const TensorOut *tensors, size_t n, GError **error);
