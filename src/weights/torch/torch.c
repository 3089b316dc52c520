/* SPDX-License-Identifier: Apache-2.0 */
/* The formats in PyTorch's clothes that begin with a pickle or a tar header. Archives are told
 * apart in weight_zip.c. */
#include <string.h>

#include "core/error.h"
#include "weights/strided.h"
#include "weights/torch/torch_file.h"

/* Offset of the mark that every tar header has. */
enum { TAR_MARK = 257 };

/* PyTorch 0.1 wrote a tar with these members. */
static bool is_old_tar(const unsigned char *head, size_t n) {
  static const char *const members[] = {"sys_info", "pickle", "storages", "tensors"};
  if (n < TAR_MARK + 5 || memcmp(head + TAR_MARK, "ustar", 5) != 0) return false;
  for (size_t i = 0; i < G_N_ELEMENTS(members); i++)
    if (memcmp(head, members[i], strlen(members[i]) + 1) == 0) return true;
  return false;
}

/* A pickle of protocol 2 to 5 that has nothing to do with PyTorch: opened to say so, and to say
 * what it would have loaded. */
static bool is_pickle(const unsigned char *head, size_t n) {
  return n >= 3 && head[0] == 0x80 && head[1] >= 2 && head[1] <= 5 && head[2] != 0;
}

static bool matches_legacy(const unsigned char *head, size_t n, const ByteSource *source) {
  (void)source;
  return torch_legacy_matches(head, n) || is_pickle(head, n);
}

static bool open_legacy(WeightFile *file, GError **error) { return torch_legacy_open(file, file->source, error); }

static bool matches_tar(const unsigned char *head, size_t n, const ByteSource *source) {
  (void)source;
  return is_old_tar(head, n);
}

static bool open_tar(WeightFile *file, GError **error) {
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_UNSUPPORTED,
              "%s: the tar form of PyTorch 0.1, which is not read: load and save it with PyTorch 0.2 or "
              "later",
              weight_file_label(file));
  return false;
}

const WeightFormat weight_format_torch_legacy = {.name = "torch-legacy",
                                                 .matches = matches_legacy,
                                                 .open = open_legacy,
                                                 .read_raw = strided_read_raw,
                                                 .close = strided_close};

const WeightFormat weight_format_torch_tar = {.name = "torch-tar", .matches = matches_tar, .open = open_tar};
