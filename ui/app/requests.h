/* SPDX-License-Identifier: Apache-2.0 */
/* What views have asked for, done. */
#pragma once

#include "ui/app/app_state.h"

/* Does all that is in ui->asked, in its order, and what is asked for while that is done. */
void app_serve(App *app);

/* Says in ui->looking whether models are being looked for. */
void app_note_looking(App *app);
