/* SPDX-License-Identifier: Apache-2.0 */
/* Formats that are ZIP archives, told apart by what they hold: PyTorch's, numpy's, and the archives
 * of a reinforcement learner that hold a PyTorch file beside others. */
#include <string.h>

#include "core/error.h"
#include "weights/formats/hdf5.h"
#include "weights/formats/npy.h"
#include "weights/strided.h"
#include "weights/torch/torch_file.h"
#include "weights/weight_format.h"

/* Most bytes of a wrapped file that is deflated. */
enum { MOST_WRAPPED = 1 << 30 };

/* What such a file becomes; reached through weight_format_zip only. */
static const WeightFormat format_torch = {.name = "torch", .read_raw = strided_read_raw, .close = strided_close};
static const WeightFormat format_keras = {.name = "keras", .read_raw = strided_read_raw, .close = strided_close};
static const WeightFormat format_npz = {.name = "npz", .read_raw = strided_read_raw, .close = strided_close};

static bool matches(const unsigned char *head, size_t n, const ByteSource *source) {
  (void)source;
  return zip_matches(head, n);
}

static bool fail(const WeightFile *file, const char *problem, GError **error) {
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_UNSUPPORTED, "%s: %s", weight_file_label(file), problem);
  return false;
}

/* Stable-Baselines keeps the policy's PyTorch file beside its optimizer's. */
static bool open_wrapped(WeightFile *file, ZipFile *outer, const ZipMember *m, GError **error) {
  unsigned char head[64];
  g_autoptr(ByteSource) inner = zip_member_source(outer, m, MOST_WRAPPED, error);
  if (!inner) return false;
  size_t n = (size_t)MIN(byte_source_size(inner), sizeof head);
  if (!byte_source_read(inner, 0, head, n, error)) return false;
  file->format = &format_torch;
  if (torch_legacy_matches(head, n)) return torch_legacy_open(file, inner, error);
  if (!zip_matches(head, n)) return fail(file, "its policy.pth is no PyTorch file: fetch or save it again", error);
  g_autoptr(ZipFile) zip = zip_open(inner, error);
  if (!zip) return false;
  if (!torch_zip_matches(zip)) return fail(file, "its policy.pth is no PyTorch file: fetch or save it again", error);
  return torch_zip_open(file, g_steal_pointer(&zip), error);
}

/* Keras 3 keeps its weights as one HDF5 member. */
static bool open_keras(WeightFile *file, ZipFile *zip, const ZipMember *m, GError **error) {
  g_autoptr(ByteSource) inner = zip_member_source(zip, m, MOST_WRAPPED, error);
  if (!inner) return false;
  file->format = &format_keras;
  return hdf5_open(file, inner, error);
}

static bool open_zip(WeightFile *file, GError **error) {
  g_autoptr(ZipFile) zip = zip_open(file->source, error);
  if (!zip) return false;
  if (torch_zip_matches(zip)) {
    file->format = &format_torch;
    return torch_zip_open(file, g_steal_pointer(&zip), error);
  }
  const ZipMember *policy = zip_find(zip, "policy.pth");
  if (policy) return open_wrapped(file, zip, policy, error);
  const ZipMember *keras = zip_find(zip, "model.weights.h5");
  if (keras) return open_keras(file, zip, keras, error);
  if (npz_matches(zip)) {
    file->format = &format_npz;
    return npz_open(file, g_steal_pointer(&zip), error);
  }
  return fail(file, "a ZIP archive without a data.pkl, a policy.pth or arrays: no weight file", error);
}

const WeightFormat weight_format_zip = {.name = "zip", .matches = matches, .open = open_zip};
