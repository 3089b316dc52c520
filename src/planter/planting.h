/* SPDX-License-Identifier: Apache-2.0 */
/* What the planters of the different kinds share: where they plant, and how they go through
 * their models on several threads. Seen inside planter/ alone. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/progress.h"
#include "planter/truth.h"

typedef struct {
  const char *dir; /* exists and was empty */
  uint64_t seed;
  unsigned threads;         /* at least 1 */
  const Progress *progress; /* may be NULL */
  Truth *truth;
  GPtrArray *made; /* char*: folders in dir that were planted, to undo them */
} Planting;

/* Streams of the planting's seed: each purpose draws its own. */
enum {
  STREAM_SCENES = 1,
  STREAM_CLASSES = 2,
  STREAM_WOODS = 3,
  STREAM_HARD = 4,
  STREAM_STARS = 5,
  STREAM_ADAPTERS = 1 << 20,
  STREAM_TUNES = 2 << 20,
  STREAM_THEMES = 3 << 20
};

/* Makes the folder dir/relative, with its parents, as the umask allows. */
bool planting_folder(const Planting *p, const char *relative, GError **error);

/* Notes that dir/name is ours to remove if planting fails; before it is made. */
void planting_claim(const Planting *p, const char *name);

/* Removes all that was claimed. */
void planting_undo(const Planting *p);

/* Item 0..n-1 on thread 0..threads-1; false with an error ends the loop. */
typedef bool (*PlantingFn)(void *user, size_t item, unsigned thread, GError **error);

/* Runs body for every item on the planting's threads, reports items done under `phase` (static
 * text) from the calling thread, and gives the first error, or COPSE_ERROR_CANCELLED. */
bool planting_each(const Planting *p, const char *phase, size_t n, PlantingFn body, void *user, GError **error);

/* The number as text, however the locale writes its point. The caller frees it. */
char *planting_number(double value);
