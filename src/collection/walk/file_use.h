/* SPDX-License-Identifier: Apache-2.0 */
/* What a file may be, by its bare name. */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef enum {
  WALK_WEIGHTS,        /* a name that weight files have */
  WALK_SHARD_INDEX,    /* *.safetensors.index.json, *.bin.index.json */
  WALK_CARD,           /* README.md */
  WALK_CONFIG,         /* config.json */
  WALK_ADAPTER_CONFIG, /* adapter_config.json */
  WALK_PIPELINE,       /* model_index.json */
  WALK_ARCHIVE         /* a name that archives have */
} WalkUse;

/* The role of a file by its bare name; false for what nobody would take for weights or their
 * description. */
bool file_use_of(const char *name, WalkUse *use);

/* True for the name of a download that was cut short: "x.incomplete", "x.safetensors.part". */
bool walk_is_unfinished(const char *name);

/* True for a piece of one file that was cut by its bytes: "x.gguf.part1of2", "x.gguf-split-a", "x.safetensors.001".
 * *whole gets the name that the joined file would have; the caller frees it. */
bool file_piece_of(const char *name, char **whole);
