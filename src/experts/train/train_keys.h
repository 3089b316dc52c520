/* SPDX-License-Identifier: Apache-2.0 */
/* The facts that models could be labelled by. */
#pragma once

#include <glib.h>

/* The keys of facts that at least two of the models (Model*) have, the most frequent first. Array of char*, owned. */
GPtrArray *train_keys(const GPtrArray *models);
