/* SPDX-License-Identifier: Apache-2.0 */
/* A model that no collection holds: a weight file, or a folder that holds one model. */
#pragma once

#include <glib.h>

#include "weights/layers/layer.h"

/* Opens it; what a folder holds is not remembered anywhere. NULL when it cannot be read, and with
 * COPSE_ERROR_USAGE when the folder holds none or several. The caller frees it.
 * `config` (may be NULL) gets what an adapter's configuration in the folder says, or NULL; the caller frees it. */
WeightFile *outside_open(const char *path, AdapterConfig **config, GError **error);

/* Called for a model, whose file is closed afterwards; false, with an error, ends the visits. */
typedef bool (*OutsideVisit)(void *user, const char *label, WeightFile *file, GError **error);

/* Visits the weight file at `path`, or every model of the folder there, in the order of their paths. */
bool outside_each(const char *path, OutsideVisit visit, void *user, GError **error);
