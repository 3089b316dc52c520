/* SPDX-License-Identifier: Apache-2.0 */
/* One epoch of training with its files: read once, then every batch. */
#pragma once

/* Writes collections below `folder` (kept for a comparison on the same files), times reading and one epoch. */
void epoch_bench(const char *folder);
