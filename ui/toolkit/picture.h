/* SPDX-License-Identifier: Apache-2.0 */
/* The screen as a picture for documents: SVG, in which boxes, bars and braille are shapes, so that it looks the same
 * whatever fonts there are. */
#pragma once

#include "ui/toolkit/cells.h"

/* The picture on dark or on light ground. The caller frees it. */
char *picture_svg(const Cells *cells, bool light);
