/* SPDX-License-Identifier: Apache-2.0 */
/* The looks of styles on terminals whose description says that they take any colour. */
#pragma once

#include "ui/toolkit/style.h"

/* A style's colours as 0xRRGGBB, or -1 for the terminal's own. False where a scheme keeps the eight colours: mono, and
 * styles without a colour. The hues of groups are told apart by most who see few of them (Okabe and Ito 2008, "Color
 * universal design"). */
bool style_rgb(Scheme scheme, Style style, int *fg, int *bg);
