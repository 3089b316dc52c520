/* SPDX-License-Identifier: Apache-2.0 */
/* A file of a candidate, by its path and stamp. */
#pragma once

#include <glib.h>

#include "collection/walk/walk.h"

typedef struct {
  char *path; /* bytes, relative to the root */
  FileStamp stamp;
  guint parts; /* 0: a whole file; else it stands for a model in so many parts */
  guint found; /* of these parts: how many are there */
} FileRef;
