/* SPDX-License-Identifier: Apache-2.0 */
/* What autoencoders of Stable Diffusion call their modules in the original files, as diffusers calls them:
 *
 *   encoder_down_1_block_0_conv1   encoder_down_blocks_1_resnets_0_conv1
 *   decoder_up_3_block_0_conv1     decoder_up_blocks_0_resnets_0_conv1     counted from the other end, of four
 *   decoder_mid_attn_1_q           decoder_mid_block_attentions_0_to_q
 *
 * Source: diffusers, scripts/convert_vae_pt_to_diffusers.py. */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* Rewrites a flattened name of such a module, with or without "vae_" in front; leaves others alone and returns false. */
bool vae_name_undo(GString *flat);
