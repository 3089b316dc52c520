/* SPDX-License-Identifier: Apache-2.0 */
/* Planting: grows a whole collection of real, if small, models whose parents and concepts are
 * known, to try copse on, to show it, and to measure it with. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/progress.h"

typedef enum {
  PLANT_SCENES,  /* a denoiser and LoRA adapters: planter/scenes.h */
  PLANT_CLASSES, /* a classifier and full fine-tunes: planter/classes.h */
  PLANT_WOOD,    /* both */
  PLANT_WOODS,   /* many trees, to measure lineage on: planter/woods.h */
  PLANT_HARD,    /* adapters on which methods part: planter/hard.h */
  PLANT_STARS    /* fine-tunes on other domains, in stars and chains: planter/woods.h */
} PlantKind;

/* False for a name that is none. */
bool plant_kind_from_name(const char *name, PlantKind *kind);

enum { PLANT_MAX_ADAPTERS = 1000, PLANT_MAX_FINE_TUNES = 100000, PLANT_MAX_TREES = 1000 };

/* Zero, or NULL, means the default everywhere but in seed. */
typedef struct {
  PlantKind kind;
  unsigned concepts;   /* in the scenes, a quarter of them unseen: 4 to 320; default 320; hard: 20 to 1000, 15 %
                          unseen; default 1000 */
  unsigned adapters;   /* training adapters a seen concept, to PLANT_MAX_ADAPTERS; default 5 */
  unsigned fine_tunes; /* of the classifier, to PLANT_MAX_FINE_TUNES; default 60, in a wood 24 */
  unsigned trees;      /* of woods; default 9; of stars one a setting, all of them or, with a setting, 3 */
  unsigned children;   /* of stars: trained models a tree, 5 to 200; default 5 to 20 */
  const char *setting; /* of stars: "same", "shifted", … (woods.h); default all in turn */
  unsigned base_steps; /* Adam steps of each base: fewer for quick tests; default 2000, 1200, hard 800 */
  uint64_t seed;
  unsigned threads;  /* default: all processors */
  const char *truth; /* where the truth goes; default: the folder's path + ".truth.json" */
} PlantOptions;

typedef struct {
  char *truth; /* path that was written; the caller frees it */
  unsigned models;
  double seconds;
} PlantSummary;

/* Plants into `dir`, which is made if it is missing and must be empty otherwise. The truth is
 * written last; a path inside `dir` is refused. When planting fails or is cancelled, what was
 * planted is removed again. The files depend on kind, numbers and seed alone, not on threads.
 * OpenBLAS should be set to one thread before: this call runs its own. */
bool plant(const char *dir, const PlantOptions *options, const Progress *progress, PlantSummary *summary,
           GError **error);
