/* SPDX-License-Identifier: Apache-2.0 */
/* What the tensors of a file are, where a tensor's key alone does not tell: by what stands beside it.
 *
 *   GLoRA       a1, a2, b1 and b2 of one module
 *   IA3         LyCORIS: "weight" beside "on_input"
 *   DoRA        MLX: "m" beside "lora_a"
 *   an average  "ema.x", "model_ema.modelx" (its dots dropped) beside "x": the average is the model and takes the plain
 *               name, the weights as they were trained become TENSOR_RAW_COPY
 *   moments     "exp_avg" and the like, and the average's own counters: TENSOR_OPTIMISER */
#pragma once

#include "weights/layers/tensor_name.h"
#include "weights/weight_file.h"

typedef struct {
  size_t n;
  TensorName *at;   /* by tensor of the file */
  AdapterForm form; /* of the file as an adapter, also one that is not computed; FORM_NONE when it is none */
} FileNames;

/* Reads the header only. */
FileNames *file_names_new(const WeightFile *file);
void file_names_free(FileNames *names); /* NULL-safe */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FileNames, file_names_free)
