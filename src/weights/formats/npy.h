/* SPDX-License-Identifier: Apache-2.0 */
/* numpy's arrays: one in an .npy file (versions 1 to 3), several in an .npz archive. The header is
 * a Python dictionary as text; it is read by a small strict parser and never evaluated. C and
 * Fortran order, little- and big-endian. Arrays of objects (pickles), text, records and dates are
 * not read. */
#pragma once

#include "weights/strided.h"

typedef struct {
  Dtype dtype;
  Strided view;  /* shape, steps and byte order; storage is left 0 */
  uint64_t data; /* offset of the first number */
} NpyHeader;

/* The most bytes that a header takes. */
enum { NPY_MOST_HEADER = 12 + 65536 };

/* Reads the header at the beginning of `source`, which needs to hold no more than that; `size` is
 * the bytes of the whole array file, which must reach to its last number. */
bool npy_header_read(ByteSource *source, uint64_t size, NpyHeader *out, GError **error);

/* True when the first bytes say npy. */
bool npy_matches(const unsigned char *head, size_t n);

/* Opens an archive of arrays: tensors are named as the members, without ".npy". Members of another
 * kind and arrays that are not read are left out; the metadata "npz.skipped" names them. Fails when
 * nothing is left. Takes the archive. */
bool npz_open(WeightFile *file, ZipFile *zip, GError **error);

/* True for an archive with at least one member that ends in ".npy". */
bool npz_matches(const ZipFile *zip);
