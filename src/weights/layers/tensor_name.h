/* SPDX-License-Identifier: Apache-2.0 */
/* What a tensor's key says: which layer it belongs to, under one canonical name whatever tool
 * wrote the file, and which part of the layer it is.
 *
 *   base_model.model.encoder.q.lora_A.weight                 PEFT          encoder.q, A
 *   unet.down_blocks.0.attn1.to_q.lora.up.weight             diffusers     down_blocks.0.attn1.to_q, B
 *   down_blocks.0.attn1.processor.to_q_lora.down.weight      old diffusers down_blocks.0.attn1.to_q, A
 *   lora_unet_down_blocks_0_attn1_to_q.lora_down.weight      kohya         down_blocks.0.attn1.to_q, A
 *   layers.3.v_proj.lora_a                                   MLX           layers.3.v_proj, A transposed
 *   unet:143:up                                              cloneofsimo   unet:143, B
 *   model.diffusion_model.input_blocks.0.0.weight            one file      input_blocks.0.0, weight
 *   cond_stage_model.transformer.text_model.…                one file      text_encoder.text_model.…
 *   lycoris_mid_block_q.hada_w1_a                            LyCORIS       mid_block.q, a part of LoHa
 *   bert.tf_bert_model.bert.encoder.layer_._0.output.dense.kernel  TensorFlow  bert.encoder.layer.0.output.dense, weight
 *   module.conv1.weight                                      plain         conv1, weight */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "core/text.h"
#include "weights/layers/adapter_form.h"

typedef enum {
  TENSOR_WEIGHT, /* a matrix, a kernel, or anything without a better word */
  TENSOR_BIAS,
  TENSOR_LORA_A, /* "down": r x d_in */
  TENSOR_LORA_B, /* "up": d_out x r */
  TENSOR_LORA_ALPHA,
  TENSOR_FROZEN_COPY,  /* PEFT's original_module: the base's values, kept beside the trained ones */
  TENSOR_ADAPTER_PART, /* of an adapter, and none of the three above */
  TENSOR_RAW_COPY,     /* a trainer's weights beside the average that stands for the model */
  TENSOR_OPTIMISER,    /* moments: no numbers of the model */
  TENSOR_ROLES
} TensorRole;

typedef struct {
  SafeText *layer;
  TensorRole role;
  bool transposed;  /* A is d_in x r and B is r x d_out (MLX) */
  bool embedding;   /* A and B are of an embedding: the change is (B A)' */
  AdapterPart part; /* of TENSOR_ADAPTER_PART */
  AdapterForm form; /* of the same, and of A, B and alpha: FORM_LORA */
} TensorName;

/* Takes a key apart. `out` is cleared with tensor_name_clear(). Never fails: a key of no known
 * spelling is a TENSOR_WEIGHT under its own name. */
void tensor_name_parse(const char *key, TensorName *out);
void tensor_name_clear(TensorName *name);

/* The module that a key belongs to as the network itself calls it: without PEFT's wrapper and the ending, with the
 * network's own prefix ("transformer.blocks.0.q"). The caller frees it. */
char *tensor_name_module(const char *key);
