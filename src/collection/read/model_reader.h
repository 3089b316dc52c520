/* SPDX-License-Identifier: Apache-2.0 */
/* Makes a model of a candidate: the header of its weight file and the files beside it, whether they
 * lie in folders or in an archive. */
#pragma once

#include <glib.h>

#include "collection/walk/candidate.h"
#include "collection/model.h"
#include "collection/read/header_cache.h"

/* Where a candidate's files are to be had. */
typedef struct {
  /* What the header of a weight file says; NULL, and *reason (the caller frees it), when it cannot
   * be read. */
  WeightSummary *(*weights)(void *user, const FileRef *ref, char **reason);
  /* The first `limit` bytes of a file beside it, or all when there are fewer; NULL with an
   * error. */
  GBytes *(*text)(void *user, const char *path, size_t limit, GError **error);
  void *user;
} ModelFiles;

/* The model that a candidate holds. The weight files that may stand for it are tried in turn;
 * each that cannot be read adds a WalkSkip to `skips`, with the reader's reason. NULL when none
 * can. */
Model *model_assemble(const ModelFiles *files, const Candidate *candidate, GPtrArray *skips);

/* The same for a candidate whose files lie below the folder `root` (absolute). `headers` remembers from one model to
 * the next. `opened` gets the number of weight files opened. Safe from several threads at once. */
Model *model_read(const char *root, const Candidate *candidate, HeaderCache *headers, GPtrArray *skips,
                  unsigned *opened);

/* A reader's message without the file's name (`label`) in front, which the row gives already;
 * what it says of a part of the file ("data.pkl: …") stays. Borrowed from the error. */
const char *model_reason(const GError *error, const char *label);
