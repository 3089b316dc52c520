/* SPDX-License-Identifier: Apache-2.0 */
/* A model's layers as `copse show` lists them: shapes, and of an adapter how strongly each acts and who says so; and
 * the modules whose change is not computed. */
#pragma once

#include "core/json.h"
#include "weights/layers/layer.h"

typedef struct {
  WeightFile *file;   /* borrowed; read for tensors that hold an alpha */
  GArray *layers;     /* of LayerInfo */
  GArray *uncomputed; /* of UncomputedLayer */
  double alpha;       /* that all layers share unless something else is said; NAN */
} LayerReport;

/* `config` (borrowed) may be NULL. */
void layer_report_init(LayerReport *report, WeightFile *file, const AdapterConfig *config);
void layer_report_clear(LayerReport *report);

/* "768 x 3072", "scalar". The caller frees it. */
char *shape_text(const uint64_t *shape, int rank);

void layer_report_print(const LayerReport *report);

/* "layers" and "uncomputed". */
void layer_report_json(const LayerReport *report, cJSON *object);

/* Adds a member "shape". */
void json_add_shape(cJSON *object, const uint64_t *shape, int rank);
