/* SPDX-License-Identifier: Apache-2.0 */
/* Checkpoints of training runs of which a later one is there: what a run leaves behind on its way. Pure; any thread. */
#pragma once

#include "collection/model.h"

/* The models (Model*, borrowed, in the order given) that are a step of a run, told by their paths (see
 * collection/walk/training_run.h), while a later step of the same run is among `models`. Members of archives are left
 * out. The array is the caller's. */
GPtrArray *superseded_models(const GPtrArray *models);
