/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the tensors in what torch.save() was given: a state dictionary, bare or in a checkpoint
 * beside counters and an optimizer, a list, a single tensor.
 *
 * Names are the keys on the way, joined by dots; places in lists are numbers. A wrapper that says
 * nothing ("state_dict", "model", …) is left out of the names when all containers of tensors beside
 * it are averaged copies (see below). Left aside, at the top only: the state of optimizers,
 * schedulers, scalers and random numbers. Averaged copies ("ema", "model_ema", "params_ema") stay
 * apart under their own key, unless they are all there is. Opaque values are not searched. */
#pragma once

#include "weights/torch/pickle.h"

/* Called for each tensor, in the order of the file; false ends the walk. */
typedef bool (*TorchVisit)(void *user, const SafeText *name, const PickleValue *tensor, GError **error);

/* Whether a value stands for a tensor: torch_tensor_is(), or what another kind of file has in its place. */
typedef bool (*TorchIsTensor)(const PickleValue *v);

/* Walks a pickle from its root. `label` names the file in errors. Bounds: 64 levels, a million
 * tensors, 4096 bytes a name, 10,000 steps and 8 for all that the pickle holds; more is an error. */
bool torch_state_walk(const Pickle *pickle, const char *label, TorchIsTensor is_tensor, TorchVisit visit, void *user,
                      GError **error);

/* True for the dictionary of an optimizer saved alone. */
bool torch_state_is_optimizer(const PickleValue *root);

/* True for what a trainer keeps of its random generators. */
bool torch_state_is_random(const PickleValue *root);

/* The value under a text key of a dictionary, or NULL. */
const PickleValue *torch_state_get(const PickleValue *dict, const char *key);

/* Entry i of a dictionary, in the order of the file; false behind the last and for other values. */
bool torch_state_entry(const PickleValue *dict, guint i, const PickleValue **key, const PickleValue **value);
