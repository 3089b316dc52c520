/* SPDX-License-Identifier: Apache-2.0 */
/* What to do next, with the keys as they are bound. */
#pragma once

#include "ui/desk/view.h"

/* Why there are no experts yet. Static text. */
const char *advice_opening(const Ui *ui);

/* "Alt-3, then t, trains one." from a context; the caller frees it. */
char *advice_train(const Ui *ui, unsigned context);
