/* SPDX-License-Identifier: Apache-2.0 */
/* One number for an architecture: models that share it have the same layers, whatever tool wrote
 * them, in whatever order, number format or adapter rank. */
#pragma once

#include <glib.h>

#include "weights/layers/layer.h"

/* FNV-1a (64 bits, offset basis cbf29ce484222325, prime 100000001b3) over one line a layer,
 * sorted bytewise:
 *
 *   NAME TAB FORM TAB D_OUT "x" D_IN LF
 *
 * NAME is the canonical name, FORM "d" (dense) or "l" (low-rank), the sizes are decimal. The
 * rank is left out. Sixteen hex digits; "" when there is no layer. The caller frees it. */
SafeText *signature_of_layers(const GArray *layers);
