/* SPDX-License-Identifier: Apache-2.0 */
/* From folders with files to the models that they are likely to hold: which files belong
 * together, what the model is called, and which file to read first. No weight file is opened.
 *
 *   a folder with model_index.json      the folder (a diffusers pipeline), read from its unet or
 *                                       transformer
 *   a Hub snapshot, or a folder with    the folder, when a weight file has a name that tools give
 *   (adapter_)config.json beside        by themselves (model.safetensors) or is the only one;
 *   weights                             model.safetensors and pytorch_model.bin are one model
 *   adapter_model.* beside those        a second model, known by its file
 *   any other weight file               itself
 *   a file with an archive's name       itself; what is in it is found when it is read
 *
 * Parts of one model ("-00001-of-00003") are taken together. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "collection/walk/file_ref.h"

typedef struct {
  char *path;            /* the model's identity: bytes, relative to the root; "." for the root */
  size_t inside;         /* bytes of `path` up to and with the "!" of an archive; 0: in none */
  char *name;            /* bytes */
  char *repository;      /* "ORG/NAME" of the Hub repository it lies in, or NULL */
  char *component;       /* "unet" of a pipeline, or NULL */
  GPtrArray *components; /* of char: the pipeline's other ones */
  GPtrArray *revisions;  /* of char: the Hub repository's commits, that of the candidate first */
  bool revision_is_main; /* refs/main named it */
  char *revision_note;   /* why it is another than refs/main names, or NULL */
  bool is_archive;       /* one file, whose name is that of an archive */
  char *card, *config, *adapter_config, *pipeline; /* paths of `others`, or NULL */
  bool card_is_shared;                             /* with an adapter in the same folder, whose base it names */
  GPtrArray *sidecars;                             /* of char: paths of `others`, descriptions of one file */
  GPtrArray *previews;                             /* of char: pictures of it */
  GArray *weights; /* of FileRef: those that may stand for the model, best first; then the rest */
  guint tries;     /* how many of `weights` may stand for the model; at least 1 */
  GArray *others;  /* of FileRef: card and configurations */
  GArray *beside;  /* of FileRef: files of the same name in other formats, models of their own */
} Candidate;

/* The candidates of a walk, by path. `root` is absolute. Array of Candidate, owned. */
GPtrArray *candidates_from_walk(const Walk *walk, const char *root);

/* Every file that the model is made of, by path. Array of FileRef whose strings are borrowed
 * from the candidate; free with g_array_unref. */
GArray *candidate_files(const Candidate *candidate);

/* Puts `prefix` ("a.tar!") before every path of a candidate that was found inside an archive. */
void candidate_move_into(Candidate *candidate, const char *prefix);
