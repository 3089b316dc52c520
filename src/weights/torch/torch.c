/* SPDX-License-Identifier: Apache-2.0 */
/* PyTorch's files that begin with a pickle. Archives are told apart in weight_zip.c. */
#include "weights/strided.h"
#include "weights/torch/torch_file.h"

static bool matches_legacy(const unsigned char *head, size_t n, const ByteSource *source) {
  (void)source;
  return torch_legacy_matches(head, n);
}

static bool open_legacy(WeightFile *file, GError **error) { return torch_legacy_open(file, file->source, error); }

const WeightFormat weight_format_torch_legacy = {.name = "torch-legacy",
                                                 .matches = matches_legacy,
                                                 .open = open_legacy,
                                                 .read_raw = strided_read_raw,
                                                 .close = strided_close};
