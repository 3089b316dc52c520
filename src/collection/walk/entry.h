/* SPDX-License-Identifier: Apache-2.0 */
/* Which weight files of one folder belong together: whole files, the parts of one model, told by their names, by an
 * index of that name, or, where names do not settle it, by what the index lists. */
#pragma once

#include "collection/walk/file_ref.h"

/* One weight file of a folder, or the parts of one model. */
typedef struct {
  char *name;    /* the whole's */
  int rank;      /* of the name; -1: a name that somebody chose */
  FileRef main;  /* the file, the index, or the first part */
  GArray *rest;  /* of FileRef: parts that `main` stands for */
  bool fallback; /* rest[0] begins a set that its names call complete: to be read when the index cannot be */
} Entry;

/* The entries of a folder below `root`, generic names first and best first. An index is opened only when the names
 * beside it leave open what it joins. Array of Entry, owned. */
GPtrArray *entries_of_folder(const WalkFolder *folder, const char *root);

/* A file of the folder; its path is the caller's. */
FileRef file_ref_of(const WalkFolder *folder, const WalkFile *file);

/* A list of FileRef that owns their paths. */
GArray *file_refs_new(void);
