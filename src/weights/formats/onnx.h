/* SPDX-License-Identifier: Apache-2.0 */
/* ONNX: a protobuf message, of which the few fields are read that hold weights: the initialisers of the graph, with
 * their numbers in the file or beside it. Reached through weight_file_open(). */
#pragma once

#include "weights/weight_file.h"

/* Where the files lie that a model keeps its numbers in ("model.onnx_data"): the folder of the model, given once it is
 * open. Without it such tensors are listed, and reading them is an error. False, with an error, when a file is absent
 * or too short. Does nothing for files of other formats. */
bool onnx_find_data(WeightFile *file, const char *folder, GError **error);
