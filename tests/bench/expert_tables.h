/* SPDX-License-Identifier: Apache-2.0 */
/* Every kind of expert on easy, hard, classes and noise woods, for docs/RESULTS.md. */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* Plants below `root` what is not there, trains every kind on each of `seeds` woods of each sort, and prints a table a
 * wood: means over the seeds with the interval of all their test models, chance, and the default less each other kind,
 * model by model. A kind that cannot be trained has no row. False with an error when a wood cannot be planted. */
bool expert_tables(const char *root, unsigned seeds, GError **error);

/* The same tables of what was trained so far; nothing is planted or trained. */
void expert_tables_so_far(const char *root, unsigned seeds);
