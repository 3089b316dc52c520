/* SPDX-License-Identifier: Apache-2.0 */
/* A folder of adapters as people keep them, of four families, with what is true of each written down: some declare a
 * family that is not theirs, some are the same numbers twice, some say nothing at all. Layers have their true shapes,
 * but there are few of them. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef enum { TWIN_NONE, TWIN_BYTES, TWIN_RENAMED, TWIN_RECAST, TWIN_KINDS } TwinKind;

typedef struct {
  char *path;         /* of the weight file, relative to the root */
  const char *family; /* as data/families.def calls it; static text */
  bool wrong;         /* it declares another family */
  bool silent;        /* it declares none */
  bool tower;         /* it changes the text encoder alone, which several families share */
  TwinKind twin;      /* how it was copied */
  unsigned original;  /* index of what it is a copy of; itself when it is none */
  bool older;         /* a copy whose file is older than the original's */
} PlantedAdapter;

/* What a folder of so many adapters has: 61 of 2,000 declare wrongly, 120 of 2,000 are copies (each kind by turns), a
 * tenth of the others says nothing. Rounded up. */
unsigned adapter_folder_wrong(unsigned n);
unsigned adapter_folder_twins(unsigned n);
enum { ADAPTER_FOLDER_BASE_COPIES = 4 };

/* Writes n (at least 40) adapters below `root`, which is made: kohya's files, some with a .civitai.info beside them,
 * and PEFT's folders; and five small bases below root/bases: two of SD 1.x (the second made of the first), one of
 * SD 2.x, two of SDXL (strangers), none of Flux; four of them once more below root/checkpoints, in the names of single
 * files, which a part of the adapters has too. Any failure ends the program. GPtrArray of PlantedAdapter*, which
 * owns them. */
GPtrArray *adapter_folder_plant(const char *root, unsigned n, uint64_t seed);
