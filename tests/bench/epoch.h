/* SPDX-License-Identifier: Apache-2.0 */
/* Epochs of training with their files: read once, then every batch. */
#pragma once

/* Writes collections below `folder`, where they stay for a comparison on the same files, and prints how
 * many models a second a first epoch does with its reading, and ten epochs. */
void epoch_bench(const char *folder);
