/* SPDX-License-Identifier: Apache-2.0 */
/* From a key to an action. */
#pragma once

#include "ui/app/app_state.h"

/* A key has been pressed. */
void app_key(App *app, Key key);
