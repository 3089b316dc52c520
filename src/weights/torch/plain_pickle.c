/* SPDX-License-Identifier: Apache-2.0 */
/* A Python pickle that torch.save() did not write: its arrays of numpy, in dictionaries and lists, are tensors. Read by
 * the restricted machine of pickle.h; what else is in it is left alone. */
#include <string.h>

#include "core/error.h"
#include "weights/strided.h"
#include "weights/torch/numpy_array.h"
#include "weights/torch/torch_file.h"
#include "weights/torch/torch_globals.h"
#include "weights/torch/torch_state.h"

typedef struct {
  WeightFile *file;
  char *skipped; /* the first array that is not read, and why */
} Build;

/* Protocols 2 to 5 say so; 0 and 1 begin with any opcode, so that the name must help. */
static bool matches(const unsigned char *head, size_t n, const ByteSource *source) {
  static const char *const endings[] = {".pkl", ".pickle"};
  if (n >= 3 && head[0] == 0x80 && head[1] >= 2 && head[1] <= 5 && head[2] != 0) return true;
  for (size_t i = 0; n > 0 && i < G_N_ELEMENTS(endings); i++)
    if (g_str_has_suffix(byte_source_label(source), endings[i])) return strchr("()]}clSVIFdKMG", head[0]) && head[0];
  return false;
}

static bool visit(void *user, const SafeText *name, const PickleValue *value, GError **error) {
  Build *b = user;
  NumpyArray a;
  const char *problem;
  if (!numpy_array_read(value, &a, &problem)) {
    if (!b->skipped) b->skipped = g_strdup_printf("%s %s", name, problem);
    return true;
  }
  g_autoptr(GBytes) bytes = a.bytes;
  g_autoptr(ByteSource) source = byte_source_from_bytes(bytes, weight_file_label(b->file));
  uint64_t width;
  Strided view = {.rank = a.rank, .swapped = a.swapped && dtype_bytes(a.dtype, 1, &width) && width > 1};
  memcpy(view.shape, a.shape, sizeof view.shape);
  strided_set_steps(&view, a.column_major);
  view.storage = strided_add_range(b->file, source, 0, byte_source_size(source));
  return strided_add_tensor(b->file, g_strdup(name), a.dtype, &view, error);
}

static bool fail_empty(const Build *b, const Pickle *p, GError **error) {
  const GPtrArray *opaque = pickle_opaque(p);
  const char *object = opaque->len ? opaque->pdata[0] : NULL;
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_UNSUPPORTED,
              "%s: a plain Python pickle, not written by torch.save(): no tensors are read from it%s%s%s%s",
              weight_file_label(b->file), b->skipped ? ": " : "", b->skipped ? b->skipped : "",
              object && !b->skipped ? ", it holds an object of " : "", object && !b->skipped ? object : "");
  return false;
}

static bool open_pickle(WeightFile *file, GError **error) {
  Build b = {.file = file};
  strided_begin(file, NULL);
  g_autoptr(Pickle) p = pickle_read(file->source, 0, torch_global_judge, NULL, error);
  if (!p) return false;
  bool ok = torch_state_walk(p, weight_file_label(file), numpy_array_is, visit, &b, error);
  if (ok && weight_file_count(file) == 0) ok = fail_empty(&b, p, error);
  if (ok && b.skipped) weight_file_set_metadata(file, "pickle.skipped", b.skipped);
  g_free(b.skipped);
  return ok && strided_end(file, error);
}

const WeightFormat weight_format_pickle = {
    .name = "pickle", .matches = matches, .open = open_pickle, .read_raw = strided_read_raw, .close = strided_close};
