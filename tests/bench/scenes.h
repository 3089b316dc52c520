/* SPDX-License-Identifier: Apache-2.0 */
/* Planted scenes for the reports on words and search. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* Plants FOLDER/woods/NAME, 96 concepts, 4 training adapters each, unless that was done before. */
bool scenes_grow(const char *folder, const char *name, uint64_t seed, GError **error);

/* The concepts of models that are held out entirely, as a set; borrowed from the models (Model*). */
GHashTable *scenes_held_out(const GPtrArray *models);

/* " mean | low - high |" of n shares, as percent, the interval by bootstrap. */
void scenes_print_mean(const GArray *shares);
