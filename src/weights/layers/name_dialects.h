/* SPDX-License-Identifier: Apache-2.0 */
/* Names that other programs give to the modules of networks known under transformers' and diffusers' names. */
#pragma once

#include <glib.h>

/* Rewrites a flattened name ("blk_0_attn_q") into the one that it is known by ("layers_0_self_attn_q_proj"); leaves
 * all others alone. */
void name_dialect_undo(GString *flat);
