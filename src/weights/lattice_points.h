/* SPDX-License-Identifier: Apache-2.0 */
/* The points of the lattices that GGUF's formats of one to three bits index: a point is eight numbers or four, each of
 * which is the place of a value in a short list (quant_lattice.c). Figures of ggml's format definition (ggml-common.h:
 * iq2xxs_grid, iq2xs_grid, iq2s_grid, iq3xxs_grid, iq3s_grid, iq1s_grid), whose points were chosen by how often weights
 * of language models fall near them: no formula gives them. */
#pragma once

#include <stdint.h>

extern const uint16_t lattice_2_256[256], lattice_2_512[512], lattice_2_1024[1024];
extern const uint16_t lattice_3_256[256], lattice_3_512[512];
extern const uint16_t lattice_1_2048[2048];
