/* SPDX-License-Identifier: Apache-2.0 */
/* What a PyTorch pickle says of one tensor: which storage, and which view of it. */
#pragma once

#include "weights/torch/pickle.h"
#include "weights/weight_file.h"

typedef struct {
  const char *key;                   /* followed by a NUL; borrowed from the pickle */
  Dtype dtype;                       /* of the storage; U8 for an untyped one; DTYPE_COUNT when we have none */
  unsigned width;                    /* bytes of one number */
  uint64_t numbers;                  /* how many of these it holds */
  uint64_t view_first, view_numbers; /* a part of it that old files may name; all of it otherwise */
} TorchStorage;

typedef struct {
  TorchStorage storage;
  Dtype dtype;
  int rank;
  uint64_t shape[TENSOR_MAX_RANK], step[TENSOR_MAX_RANK]; /* steps in elements */
  uint64_t first;                                         /* element of the storage */
} TorchTensor;

typedef enum {
  TORCH_READ,    /* a tensor */
  TORCH_SKIPPED, /* a valid tensor of a kind that is not read */
  TORCH_DAMAGED
} TorchOutcome;

/* True for a value that stands for a tensor. */
bool torch_tensor_is(const PickleValue *v);

/* Takes the PERSISTENT value of a storage apart. When it is TORCH_SKIPPED for its number format,
 * key, width and numbers are set all the same. */
TorchOutcome torch_storage_read(const PickleValue *v, TorchStorage *out, const char **problem);

/* Takes the value of a tensor apart. Unless it is TORCH_READ, *problem gets static text that goes
 * on after the tensor's name. Nothing is checked against the storage's bytes yet. */
TorchOutcome torch_tensor_read(const PickleValue *v, TorchTensor *out, const char **problem);
