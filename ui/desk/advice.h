/* SPDX-License-Identifier: Apache-2.0 */
/* What to do next, with the keys as they are bound. */
#pragma once

#include "ui/desk/view.h"

/* "Alt-3 and then t train one." from a context; the caller frees it. */
char *advice_train(const Ui *ui, unsigned context);
