/* SPDX-License-Identifier: Apache-2.0 */
/* Trainers' files hold the weights twice: as they were trained, and as a running average. Which is which, by keys. */
#pragma once

#include "weights/layers/tensor_name.h"
#include "weights/weight_file.h"

/* Gives averages the plain names of what they are averages of, and what they stand for TENSOR_RAW_COPY; counters of the
 * averaging become TENSOR_OPTIMISER. `names` has one entry a tensor of the file. An average that stands alone keeps
 * what its key says without the average's own prefix. */
void averages_settle(const WeightFile *file, TensorName *names);
