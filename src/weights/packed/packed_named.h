/* SPDX-License-Identifier: Apache-2.0 */
/* Packings of which some or all are told by name and shape alone (EXL2, EXL3, HQQ, Quanto), and bytes with a scale
 * a row under names of their own (torchao, bitsandbytes). Seen by packed/ alone.
 *
 * Sources: exllamav2 (exllamav2/ext.py), exllamav3 (modules/quant/exl3.py), hqq (core/quantize.py, core/bitpack.py),
 * optimum-quanto (tensor/weights), torchao (prototype/safetensors). */
#pragma once

#include "weights/packed/packed_search.h"

/* Each fills in the group that the codes are of, or returns false when they are of another kind. */
bool packed_find_exl2(Search *s);
bool packed_find_exl3(Search *s);
bool packed_find_hqq(Search *s);
bool packed_find_quanto(Search *s);
bool packed_find_torchao(Search *s);
bool packed_find_scb(Search *s);
