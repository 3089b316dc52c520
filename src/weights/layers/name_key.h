/* SPDX-License-Identifier: Apache-2.0 */
/* One spelling for a layer's name, whatever tool wrote it, to compare layers by: never shown.
 *
 *   dots and underscores are one      kohya's flattened names meet those they were flattened from
 *   "model.", "transformer.",
 *   "language_model.", "gpt_neox.",
 *   "bert.", "roberta." in front      dropped: networks are saved with and without their heads
 *   GGUF                              blk.0.attn_q            layers.0.self_attn.q_proj
 *   GPT-2, BERT, MPT, T5, Mixtral …   h.0.mlp.c_fc            layers.0.mlp.up_proj, as GGUF has one name for all
 *   a mixture's experts               blk.0.ffn_gate_exps.3   layers.0.mlp.experts.3.gate_proj
 *   Flux, SD 3, Hunyuan as published  double_blocks.0.img_attn.proj   transformer_blocks.0.attn.to_out.0
 *   Stable Diffusion's single files   input_blocks.1.1.…      down_blocks.0.attentions.0.…
 *   q_proj, to_q, query               q; likewise k and v
 *
 * A fused matrix is the parts of it above each other: "attn.qkv" those of q, k and v. One part is written
 * "attn.qkv[q]", and its key is that of the matrix which others keep apart. Tables: the converters of diffusers and
 * llama.cpp. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* The key of a canonical name, or of a part of one. The caller frees it. */
char *name_key(const char *layer);

enum { NAME_MOST_PARTS = 4 };

typedef struct {
  const char *tag;      /* "q"; static text */
  uint64_t first, rows; /* of the fused matrix */
} NamePart;

/* The parts of a fused matrix of that shape, as they lie once rows that alternate are in order (qkv_rows.h); 0 when the name is of none, or its shape tells no parts. */
unsigned name_parts(const char *layer, uint64_t d_out, uint64_t d_in, NamePart parts[NAME_MOST_PARTS]);

/* "attn.qkv[q]". The caller frees it. */
char *name_of_part(const char *layer, const char *tag);

/* True for a table of one row a token, or the head that may be the same table again, by the key. */
bool name_key_is_table(const char *key);
bool name_key_is_tied_head(const char *key);
