/* SPDX-License-Identifier: Apache-2.0 */
/* A forest as a bill of materials: CycloneDX 1.6, JSON (https://cyclonedx.org/docs/1.6/json/), for tools that audit what
 * a product is made of. Each model is a component of type machine-learning-model; its files stand below it with their
 * hashes; `pedigree.ancestors` are its parents, each with properties that say who says so (copse:source: declared,
 * recovered, by hand), how (copse:edge) and how sure (copse:confidence). */
#pragma once

#include "core/json.h"
#include "lineage/forest/forest.h"

typedef struct {
  const char *title;   /* of the collection */
  const char *version; /* of the program that writes it */
  gint64 time;         /* seconds since 1970 */
  bool hashes;         /* SHA-256 of every weight file: reads all of them once */
} BillOptions;

/* The whole document. NULL with COPSE_ERROR_IO or _CANCELLED when a file cannot be read. Phase "hashing", done = models;
 * may take minutes with `hashes`. Freed with cJSON_Delete(). */
cJSON *bill_json(Collection *collection, const Forest *forest, const BillOptions *options, const Progress *progress,
                 GError **error);
