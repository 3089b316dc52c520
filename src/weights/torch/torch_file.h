/* SPDX-License-Identifier: Apache-2.0 */
/* PyTorch's two containers. Reached through weight_file_open(); these are for the readers of files
 * that wrap such a container. */
#pragma once

#include "weights/weight_format.h"
#include "archives/zip.h"

/* The archive form (PyTorch 1.6 and later): NAME/data.pkl, storages as NAME/data/KEY. The folder's
 * name is free. Takes the archive. */
bool torch_zip_open(WeightFile *file, ZipFile *zip, GError **error);

/* True for an archive that holds a data.pkl as above. */
bool torch_zip_matches(const ZipFile *zip);

/* The old form: pickles one after the other, then the storages. `source` may be a part of the
 * file's. */
bool torch_legacy_open(WeightFile *file, ByteSource *source, GError **error);

/* True when the first bytes begin the old form. */
bool torch_legacy_matches(const unsigned char *head, size_t n);
