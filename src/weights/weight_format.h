/* SPDX-License-Identifier: Apache-2.0 */
/* What a reader of one format provides: seen by the readers and weight_file.c alone. */
#pragma once

#include "weights/weight_file.h"

typedef struct {
  const char *name;

  /* True when the first bytes (up to 512, fewer in a small file) look like this format. */
  bool (*matches)(const unsigned char *head, size_t n, const ByteSource *source);

  /* Fills file->tensors and file->metadata from file->source. */
  bool (*open)(WeightFile *file, GError **error);

  /* Bytes of tensor i as stored; NULL: they lie in the source at info.offset. */
  bool (*read_raw)(WeightFile *file, size_t i, uint64_t start, size_t n, void *dst, GError **error);

  /* Frees file->private_data; may be NULL. */
  void (*close)(WeightFile *file);
} WeightFormat;

struct WeightFile {
  const WeightFormat *format;
  ByteSource *source;
  GArray *tensors;      /* of TensorInfo, names owned */
  GHashTable *by_name;  /* name (borrowed) -> index + 1 */
  GHashTable *metadata; /* SafeText -> SafeText, owned */
  void *private_data;
};

/* Appends a tensor, whose name it takes. Fails, and frees the name, when the name is there
 * already, the rank is above TENSOR_MAX_RANK or the shape's product or bytes overflow.
 * Computes count and bytes from dtype and shape. */
bool weight_file_add(WeightFile *file, TensorInfo info, GError **error);

/* Sets a metadata entry from untrusted bytes; the last of two equal keys stays. */
void weight_file_set_metadata(WeightFile *file, const char *key, const char *value);

/* An empty file over a source, to which it keeps a reference; weight_file_free() frees it. For
 * readers that are not reached through a source's first bytes: the caller sets `format`. */
WeightFile *weight_file_new(ByteSource *source);

extern const WeightFormat weight_format_gguf;
extern const WeightFormat weight_format_hdf5;
extern const WeightFormat weight_format_msgpack; /* Flax's */
extern const WeightFormat weight_format_onnx;
extern const WeightFormat weight_format_pickle; /* arrays of numpy */
extern const WeightFormat weight_format_npy;
extern const WeightFormat weight_format_safetensors;
extern const WeightFormat weight_format_torch_legacy;
extern const WeightFormat weight_format_torch_tar;
extern const WeightFormat weight_format_zip; /* PyTorch's archives, npz and Keras 3 */
