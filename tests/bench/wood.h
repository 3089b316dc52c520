/* SPDX-License-Identifier: Apache-2.0 */
/* A collection of any size for timing the scan: small files in the layouts of the real world. */
#pragma once

#include <stdbool.h>

/* Writes n models below the folder `root`: by turns a loose adapter with a card, a PEFT folder, a
 * repository of a Hub cache and a model with a configuration; adapters have 128 tensors, models
 * 120. Ends the program when the disk is full. */
void wood_plant(const char *root, unsigned n);

/* Packs all files below `root` into a tar, plain or behind gzip. */
void wood_pack(const char *root, const char *tar, bool gzip);
