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
  uint64_t held, most;    /* what the list of tensors costs in memory, and may cost */
  uint64_t metadata_held; /* likewise of the metadata */
  bool overdrawn;         /* metadata was left out, since it would have cost more */
  uint64_t heads;         /* weight_file_set_heads() */
};

/* What one file's list of tensors may come to in memory, with all that is made of it while the file is looked at: some
 * 190,000 tensors of usual names. An index stands for many files and may come to four times that. */
enum { WEIGHT_FILE_MOST = 192 << 20, WEIGHT_INDEX_SHARE = 4 };

/* What a metadata entry may come to, both texts and what keeps them. */
enum { METADATA_MOST = 32 << 20, METADATA_ENTRY = 160 };

/* Appends a tensor, whose name it takes. Fails, and frees the name, when the name is there
 * already, the rank is above TENSOR_MAX_RANK, the shape's product or bytes overflow, or the list costs too much memory.
 * Computes count and bytes from dtype and shape. */
bool weight_file_add(WeightFile *file, TensorInfo info, GError **error);

/* Sets a metadata entry from untrusted bytes; the last of two equal keys stays. Beyond METADATA_MOST nothing is kept,
 * and the file does not open (weight_open.c). */
void weight_file_set_metadata(WeightFile *file, const char *key, const char *value);

/* The same with a value of n bytes; false when there is no room for it any more. */
bool weight_file_keep_metadata(WeightFile *file, const char *key, const char *value, size_t n);

/* An empty file over a source, to which it keeps a reference; weight_file_free() frees it. For
 * readers that are not reached through a source's first bytes: the caller sets `format`. */
WeightFile *weight_file_new(ByteSource *source);

/* A file that shows what another holds in another way: its source, label, metadata and bounds, and no tensors yet.
 * `format` must live as long as the view; the other's read_raw is reached through `data`. */
WeightFile *weight_file_view(const WeightFile *under, const WeightFormat *format, void *data);

/* Appends a tensor of the file below as it is described there, under its own name; bytes and all. */
bool weight_file_add_copy(WeightFile *view, const TensorInfo *info);

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
