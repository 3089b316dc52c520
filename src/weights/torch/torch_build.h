/* SPDX-License-Identifier: Apache-2.0 */
/* From the pickle of a PyTorch file to the tensors of a WeightFile, whichever container the
 * storages come in. */
#pragma once

#include "weights/torch/torch_tensor.h"
#include "weights/weight_format.h"

/* The storage with that key: its index in the file (strided.h), or -1 with an error. */
typedef gssize (*TorchFindStorage)(WeightFile *file, void *user, const char *key, GError **error);

/* Adds all tensors and, as metadata, what the checkpoint says of itself: its numbers and short
 * texts under their keys ("epoch"), names of opaque values as "pickle.opaque", tensors of unread
 * kinds as "torch.skipped". Fails when a tensor is damaged, and when there is none at all
 * (COPSE_ERROR_UNSUPPORTED, with what is there instead). `label` names the file in errors. */
bool torch_build(WeightFile *file, const Pickle *pickle, const char *label, TorchFindStorage find, void *user,
                 GError **error);
