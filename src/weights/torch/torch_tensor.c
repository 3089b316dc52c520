/* SPDX-License-Identifier: Apache-2.0 */
#include "weights/torch/torch_tensor.h"

#include <string.h>

#include "weights/torch/torch_globals.h"

enum { MOST_WRAPPERS = 4 }; /* a parameter of a subclass of a tensor, and one to spare */

static bool is_tensor_name(int tag) {
  return tag == TORCH_TENSOR || tag == TORCH_TENSOR_WITH_DTYPE || tag == TORCH_PARAMETER || tag == TORCH_SUBCLASS ||
         tag == TORCH_OTHER_TENSOR;
}

bool torch_tensor_is(const PickleValue *v) { return v && v->kind == PICKLE_OBJECT && is_tensor_name(pickle_tag(v)); }

static TorchOutcome damaged(const char **problem, const char *what) {
  *problem = what;
  return TORCH_DAMAGED;
}

static TorchOutcome skipped(const char **problem, const char *what) {
  *problem = what;
  return TORCH_SKIPPED;
}

/* A tuple of numbers, or a torch.Size around one. */
static const PickleValue *numbers_of(const PickleValue *v) {
  if (v && v->kind == PICKLE_OBJECT && pickle_tag(v) == TORCH_SIZE) v = pickle_item(v->u.object.args, 0);
  return v && (v->kind == PICKLE_TUPLE || v->kind == PICKLE_LIST) ? v : NULL;
}

static bool read_numbers(const PickleValue *v, uint64_t *out) {
  for (guint i = 0; i < v->u.items.n; i++)
    if (!pickle_to_u64(v->u.items.at[i], &out[i])) return false;
  return true;
}

/* (view key, first, numbers): a storage that is a part of another. */
static bool read_view(const PickleValue *v, TorchStorage *s) {
  s->view_numbers = s->numbers;
  if (!v || v->kind == PICKLE_NONE) return true;
  return pickle_to_u64(pickle_item(v, 1), &s->view_first) && pickle_to_u64(pickle_item(v, 2), &s->view_numbers) &&
         s->view_first <= s->numbers && s->view_numbers <= s->numbers - s->view_first;
}

/* ('storage', class, key, location, numbers), in old files with a view at the end. */
TorchOutcome torch_storage_read(const PickleValue *v, TorchStorage *s, const char **problem) {
  *s = (TorchStorage){.dtype = DTYPE_COUNT};
  const PickleValue *id = v && v->kind == PICKLE_PERSISTENT ? v->u.id : NULL;
  if (!pickle_is_text(pickle_item(id, 0), "storage")) return damaged(problem, "has no storage");
  const PickleValue *type = pickle_item(id, 1), *key = pickle_item(id, 2);
  int tag = type && type->kind == PICKLE_GLOBAL ? pickle_tag(type) : PICKLE_OPAQUE;
  s->width = torch_global_width(tag);
  if (s->width == 0) return damaged(problem, "has a storage of no known class");
  if (tag == TORCH_UNTYPED_STORAGE) s->dtype = DTYPE_U8;
  if (!key || key->kind != PICKLE_TEXT || memchr(key->u.text.bytes, '\0', key->u.text.n))
    return damaged(problem, "has a storage without a key");
  s->key = key->u.text.bytes;
  if (!pickle_to_u64(pickle_item(id, 4), &s->numbers)) return damaged(problem, "has a storage without a size");
  if (!read_view(pickle_item(id, 5), s)) return damaged(problem, "has a part of a storage that leaves it");
  bool known = s->dtype != DTYPE_COUNT || torch_global_dtype(tag, &s->dtype);
  return known ? TORCH_READ : skipped(problem, "has a number format that is not read");
}

/* (storage, first, size, step, …) */
static TorchOutcome read_arguments(const PickleValue *args, int tag, TorchTensor *t, const char **problem) {
  TorchOutcome outcome = torch_storage_read(pickle_item(args, 0), &t->storage, problem);
  if (outcome != TORCH_READ) return outcome;
  t->dtype = t->storage.dtype;
  if (tag == TORCH_TENSOR_WITH_DTYPE) {
    int named = pickle_tag(pickle_item(args, 6));
    if (named >= TORCH_UNREAD) return skipped(problem, "has a number format that is not read");
    if (!torch_global_dtype(named, &t->dtype)) return damaged(problem, "has no known number format");
  }
  const PickleValue *size = numbers_of(pickle_item(args, 2)), *step = numbers_of(pickle_item(args, 3));
  if (!size || !step || size->u.items.n != step->u.items.n)
    return damaged(problem, "has a size and steps that do not fit each other");
  if (size->u.items.n > TENSOR_MAX_RANK) return skipped(problem, "has more dimensions than 8");
  t->rank = (int)size->u.items.n;
  if (!read_numbers(size, t->shape) || !read_numbers(step, t->step) || !pickle_to_u64(pickle_item(args, 1), &t->first))
    return damaged(problem, "has a size, step or place that is no whole number of at least 0");
  return TORCH_READ;
}

TorchOutcome torch_tensor_read(const PickleValue *v, TorchTensor *out, const char **problem) {
  *out = (TorchTensor){0};
  *problem = NULL;
  if (!torch_tensor_is(v)) return damaged(problem, "is no tensor");
  int tag = pickle_tag(v);
  const PickleValue *args = v->u.object.args;
  for (int i = 0; i < MOST_WRAPPERS; i++) {
    if (tag == TORCH_TENSOR || tag == TORCH_TENSOR_WITH_DTYPE) return read_arguments(args, tag, out, problem);
    if (tag == TORCH_OTHER_TENSOR) return skipped(problem, "is sparse, quantised or without numbers");
    const PickleValue *inner = pickle_item(args, 0);
    if (tag == TORCH_PARAMETER) {
      if (!torch_tensor_is(inner)) return damaged(problem, "is a parameter without a tensor");
      args = inner->u.object.args;
    } else if (tag == TORCH_SUBCLASS) {
      args = pickle_item(args, 2);
    }
    tag = pickle_tag(inner);
    if (!args || !is_tensor_name(tag)) return damaged(problem, "is built by no known function");
  }
  return damaged(problem, "is wrapped too often");
}
