/* SPDX-License-Identifier: Apache-2.0 */
#include "weights/weight_open.h"

#include <string.h>

#include "core/error.h"
#include "weights/formats/onnx.h"
#include "weights/conv1d.h"
#include "weights/packed/packed.h"
#include "weights/web_page.h"
#include "weights/weight_format.h"

/* In the order in which they are tried: those with a magic number first. */
static const WeightFormat *const formats[] = {
    &weight_format_gguf,    &weight_format_safetensors, &weight_format_zip,          &weight_format_npy,
    &weight_format_hdf5,    &weight_format_torch_tar,   &weight_format_torch_legacy, &weight_format_pickle,
    &weight_format_msgpack, &weight_format_onnx,
};

static bool is_lfs_pointer(const unsigned char *head, size_t n) {
  static const char start[] = "version https://git-lfs";
  return n >= sizeof start - 1 && memcmp(head, start, sizeof start - 1) == 0;
}

/* Says what the file is when no reader wants it. */
static void explain_unknown(const ByteSource *source, const unsigned char *head, size_t n, GError **error) {
  const char *label = byte_source_label(source);
  if (n == 0) g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT, "%s: the file is empty: fetch it again", label);
  else if (is_lfs_pointer(head, n))
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT,
                "%s: a Git LFS pointer, the weights were never fetched (git lfs pull)", label);
  else if (web_page_begins(head, n))
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT,
                "%s: a web page, not weights: the download brought an error or a login page", label);
  else if (web_page_is_note(head, n, byte_source_size(source)))
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_UNSUPPORTED,
                "%s: not a weight file of a known format, but a short text: was it fetched?", label);
  else g_set_error(error, COPSE_ERROR, COPSE_ERROR_UNSUPPORTED, "%s: not a weight file of a known format", label);
}

/* Its tensors as they are stored. */
static WeightFile *open_plain(ByteSource *source, GError **error) {
  unsigned char head[512];
  size_t n = (size_t)MIN(byte_source_size(source), sizeof head);
  if (!byte_source_read(source, 0, head, n, error)) return NULL;
  const WeightFormat *format = NULL;
  for (size_t i = 0; i < G_N_ELEMENTS(formats) && !format; i++)
    if (!is_lfs_pointer(head, n) && formats[i]->matches(head, n, source)) format = formats[i];
  if (!format) {
    explain_unknown(source, head, n, error);
    return NULL;
  }
  g_autoptr(WeightFile) f = weight_file_new(source);
  f->format = format;
  if (!format->open(f, error)) return NULL;
  if (!f->overdrawn) return g_steal_pointer(&f);
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT, "%s: more than 32 MiB of metadata, which no weights need",
              byte_source_label(source));
  return NULL;
}

/* Groups of tensors may lie in several parts: only the whole is unpacked and turned. */
static WeightFile *unpack(WeightFile *f) { return f ? conv1d_view(packed_view(f)) : NULL; }

WeightFile *weight_file_open_source(ByteSource *source, GError **error) { return unpack(open_plain(source, error)); }

WeightFile *weight_file_open_index(ByteSource *index, const ShardFolder *folder, void *data, GError **error) {
  return unpack(shards_open(index, folder, data, open_plain, error));
}

WeightFile *weight_file_open(const char *path, GError **error) {
  if (shards_stand_at(path)) return unpack(shards_open_path(path, open_plain, error));
  g_autoptr(ByteSource) source = byte_source_open(path, error);
  g_autoptr(WeightFile) f = source ? open_plain(source, error) : NULL;
  g_autofree char *folder = g_path_get_dirname(path);
  return f && onnx_find_data(f, folder, error) ? unpack(g_steal_pointer(&f)) : NULL;
}

bool weight_file_has_neighbours(const char *path) { return shards_stand_at(path) || g_str_has_suffix(path, ".onnx"); }

/* A ZIP whose first member has a name that PyTorch, numpy or Keras give. */
static bool is_known_zip(const unsigned char *head, size_t n) {
  static const char *const endings[] = {"data.pkl", ".npy", ".pth", "config.json", "metadata.json"};
  if (n < 30 || memcmp(head, "PK\3\4", 4) != 0) return false;
  size_t length = head[26] | (size_t)head[27] << 8;
  if (length == 0 || length > n - 30) return false;
  g_autofree char *name = g_strndup((const char *)head + 30, length);
  for (size_t i = 0; i < G_N_ELEMENTS(endings); i++)
    if (g_str_has_suffix(name, endings[i])) return true;
  return false;
}

bool weight_file_is_marked(const unsigned char *head, size_t n) {
  static const char hdf5[] = "\x89HDF\r\n\x1a\n", npy[] = "\x93NUMPY";
  uint64_t length = 0;
  if (n < 32) return false;
  memcpy(&length, head, sizeof length);
  if (memcmp(head, "GGUF", 4) == 0 || memcmp(head, hdf5, 8) == 0 || memcmp(head, npy, 6) == 0) return true;
  if (length > 2 && length <= 100000000 && head[8] == '{' && (head[9] == '"' || head[9] == ' ')) return true;
  if (is_known_zip(head, n) || weight_format_torch_tar.matches(head, n, NULL)) return true;
  return weight_format_torch_legacy.matches(head, n, NULL);
}

const char *weight_format_name(unsigned i) { return i < G_N_ELEMENTS(formats) ? formats[i]->name : NULL; }
