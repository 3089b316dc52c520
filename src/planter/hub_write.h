/* SPDX-License-Identifier: Apache-2.0 */
/* Repositories as a Hub's cache keeps them on disk:
 *
 *   models--copse--NAME/blobs/<hash>             the bytes, once
 *   models--copse--NAME/refs/main                the commit's 40 hex digits
 *   models--copse--NAME/snapshots/<commit>/FILE  relative links into blobs
 *
 * Blobs are named as the Hub does: weights by SHA-256, other files by git's SHA-1. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "planter/planting.h"
#include "weights/formats/safetensors.h"

typedef struct HubRepo HubRepo;

/* Starts copse/NAME in the planting's folder. Claim hub_folder(NAME) first. */
HubRepo *hub_write_new(const Planting *planting, const char *name, GError **error);
void hub_write_free(HubRepo *repo);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HubRepo, hub_write_free)

/* "models--copse--NAME"; the caller frees it. */
char *hub_folder(const char *name);

/* Adds a file. Names are plain: no folder. */
bool hub_write_text(HubRepo *repo, const char *file, const char *text, GError **error);
bool hub_write_weights(HubRepo *repo, const char *file, const TensorOut *tensors, size_t n, const char *const *metadata,
                       GError **error);

/* Links all files into a snapshot and points refs/main at it. Returns the snapshot's path,
 * relative to the planting's folder; the caller frees it. */
char *hub_write_commit(HubRepo *repo, GError **error);
