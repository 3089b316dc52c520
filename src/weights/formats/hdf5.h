/* SPDX-License-Identifier: Apache-2.0 */
/* HDF5 as Keras, TensorFlow and h5py write weights: groups of data sets, whole or compact. A strict reader of these few
 * structures (HDF5 File Format Specification 3.0), since the library is no ground for files of strangers: superblocks 0
 * to 3, object headers 1 and 2, groups as symbol tables or as links in their header. Data sets
 * whole, compact or in chunks (hdf5_chunks.h); those that are stored otherwise are counted as not read. Names are the paths, joined by dots, without Keras's "model_weights" in front, ":0"
 * behind and repeated parts; the optimizer's are left out. */
#pragma once

#include "core/source.h"
#include "weights/weight_file.h"

/* Fills the file from a source that may be a member of an archive. */
bool hdf5_open(WeightFile *file, ByteSource *source, GError **error);
