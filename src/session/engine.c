/* SPDX-License-Identifier: Apache-2.0 */
#include "session/engine.h"

#include "collection/hand/by_hand.h"
#include "collection/card_body.h"
#include "collection/disk_use.h"

const EngineOps engine_ops = {
    .root = collection_root,
    .places = collection_places,
    .scan = collection_scan,
    .models = by_hand_models_quietly,
    .skipped = collection_skipped,
    .forest = forest_build,
    .forest_free = forest_free,
    .experts = expert_list,
    .index = query_index_open_voices,
    .index_free = query_index_free,
    .query = query_run,
    .answer_free = query_answer_free,
    .train = expert_train,
    .sweep = sweep_run,
    .diff = model_diff_new,
    .layers = model_layers_new,
    .figures = model_layer_figures,
    .card = card_body_read,
    .opinions = opinions_new,
    .neighbours = neighbours_new,
    .chart = chart_new,
    .spread = chart_spread,
    .sayings = sayings_new,
    .duplicates = keep_groups,
    .freed = disk_freed,
    .survey = disk_survey_new,
    .put = collection_put,
    .get = collection_get,
};
