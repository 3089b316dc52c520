/* SPDX-License-Identifier: Apache-2.0 */
/* Experts of a mixture, which some files keep as one tensor (experts, d_out, d_in) and others as a matrix each.
 *
 *   GGUF                  blk.3.ffn_gate_exps              of which expert 5 is called blk.3.ffn_gate_exps.5
 *   transformers from 5   …mlp.experts.gate_up_proj        …mlp.experts.5.gate_up_proj */
#pragma once

#include "core/text.h"
#include "weights/weight_file.h"

/* More than any published mixture has. */
enum { EXPERT_STACK_MOST = 1024 };

/* How many experts a tensor of that layer holds; 0 when it is no such stack. */
unsigned expert_stack_count(const TensorInfo *tensor, const SafeText *layer);

/* The name of one of them. The caller frees it. */
SafeText *expert_stack_name(const SafeText *layer, unsigned expert);
