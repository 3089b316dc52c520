/* SPDX-License-Identifier: Apache-2.0 */
/* What the names in PyTorch's pickles mean to us: which build tensors, storages and containers,
 * which are harmless, and which have no business beside weights. Nothing is ever called, whatever
 * its name: the table decides what is read as a tensor, and the deny-list which files are turned
 * away whole, because Python would run code when it opens them.
 *
 * A name on neither list, such as the class of a training configuration, makes an opaque value: it
 * is listed by name and never searched for tensors. */
#pragma once

#include "weights/dtype.h"

typedef enum {
  TORCH_INERT,             /* known, and of no interest here */
  TORCH_DICT,              /* behaves as a dictionary: OrderedDict, defaultdict */
  TORCH_SIZE,              /* torch.Size: wraps a tuple */
  TORCH_TENSOR,            /* _rebuild_tensor(storage, first, size, step, …), _v2 likewise */
  TORCH_TENSOR_WITH_DTYPE, /* _rebuild_tensor_v3: … and the dtype of an untyped storage */
  TORCH_PARAMETER,         /* _rebuild_parameter(tensor, …) */
  TORCH_SUBCLASS,          /* _rebuild_from_type_v2(function, class, arguments, state) */
  TORCH_OTHER_TENSOR,      /* sparse, quantised, nested: a tensor, but none that we read */
  TORCH_UNTYPED_STORAGE,
  TORCH_MODULE,                              /* a class of a TorchScript program: its state holds tensors and modules */
  TORCH_STORAGE = 100,                       /* + Dtype: FloatStorage and so on */
  TORCH_DTYPE = TORCH_STORAGE + DTYPE_COUNT, /* + Dtype: torch.float32 and so on */
  TORCH_UNREAD = TORCH_DTYPE + DTYPE_COUNT   /* + bytes: a storage or dtype that Dtype lacks */
} TorchName;

/* The judge of such pickles (PickleJudge): a TorchName, PICKLE_OPAQUE or PICKLE_REFUSED. */
int torch_global_judge(void *user, const char *module, const char *name);

/* The number format that a judged name stands for, a storage or a dtype; false for others. */
bool torch_global_dtype(int tag, Dtype *dtype);

/* Bytes of one number in a storage of that judged name; 0 for what is no storage. */
unsigned torch_global_width(int tag);
