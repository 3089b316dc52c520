/* SPDX-License-Identifier: Apache-2.0 */
/* What a file may be, by its bare name. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/stat.h>

typedef enum {
  WALK_WEIGHTS,        /* a name that weight files have */
  WALK_SHARD_INDEX,    /* *.safetensors.index.json, *.bin.index.json */
  WALK_CARD,           /* README.md */
  WALK_CONFIG,         /* config.json */
  WALK_ADAPTER_CONFIG, /* adapter_config.json */
  WALK_PIPELINE,       /* model_index.json */
  WALK_ARCHIVE,        /* a name that archives have */
  WALK_SIDECAR         /* a description or picture of the weight file of the same name; see file_is_sidecar() */
} WalkUse;

/* The role of a file by its bare name; false for what nobody would take for weights or their
 * description. */
bool file_use_of(const char *name, WalkUse *use);

/* Endings, behind the stem of a weight file's name, of descriptions that download tools and people keep beside
 * NAME.safetensors, the most telling first (NAME.civitai.info, .cm-info.json, .metadata.json; NAME.json of web
 * interfaces; NAME.txt), and of its pictures. NULL-terminated, static. */
const char *const *file_sidecar_endings(void);
const char *const *file_preview_endings(void);

/* True for a bare name that may be one of either. */
bool file_is_sidecar(const char *name);

/* True for the name of a download that was cut short: "x.incomplete", "x.safetensors.part". */
bool walk_is_unfinished(const char *name);

/* True for a piece of one file that was cut by its bytes: "x.gguf.part1of2", "x.gguf-split-a", "x.safetensors.001".
 * *whole gets the name that the joined file would have; the caller frees it. */
bool file_piece_of(const char *name, char **whole);

/* True for a name that says nothing, so that a weight file may bear it: none of an ending, or one that is given to all
 * sorts of things (".model", ".0"). */
bool file_use_may_be_marked(const char *name);

/* True of a role that weights have. */
bool file_use_is_weights(WalkUse use);

/* False for a bare name that nothing is made of, whatever it holds: spares a stat. */
bool file_is_of_interest(const char *name);

/* "a FIFO", "a socket", … Static text. */
const char *file_special_name(mode_t mode);
