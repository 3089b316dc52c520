/* SPDX-License-Identifier: Apache-2.0 */
/* A weight file of given tensors, written and opened again, for tests of what is read from one. */
#pragma once

#include "weights/formats/safetensors.h"
#include "weights/weight_file.h"

typedef struct {
  char *dir, *path;
  WeightFile *file;
} WeightsFixture;

/* Writes n tensors, with metadata as safetensors_write() takes them, into a folder of their own and opens the file; fails
 * the test where that cannot be done. */
void weights_fixture_open(WeightsFixture *f, const TensorOut *tensors, size_t n, const char *const *metadata);

/* Closes the file and removes the folder. */
void weights_fixture_close(WeightsFixture *f);
