/* SPDX-License-Identifier: Apache-2.0 */
#include "session/engine.h"

#include "collection/hand/by_hand.h"
#include "collection/card_body.h"
#include "collection/disk_use.h"
#include "experts/expert_file.h"

/* Sets a fact by hand, and keeps it; an empty value takes it away. */
static bool set_one(Collection *collection, GPtrArray *models, const Model *model, const char *key, const char *value,
                    GError **error) {
  g_autofree char *warning = NULL; /* the next scan tells it, too */
  g_autoptr(ByHand) hand = by_hand_open(collection, &warning, error);
  return hand && by_hand_set(hand, models, model, key, value, error) && by_hand_save(hand, error);
}

static QueryAnswer *ask(QueryIndex *index, const char *text, unsigned limit, GError **error) {
  QueryAnswer *answer = query_run(index, text, limit, error);
  if (answer) query_mark_trained(index, answer);
  return answer;
}

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
    .query = ask,
    .answer_free = query_answer_free,
    .train = expert_train,
    .counts = train_counts,
    .sweep = sweep_run,
    .diff = model_diff_new,
    .layers = model_layers_new,
    .figures = model_layer_figures,
    .card = card_body_read,
    .opinions = opinions_new,
    .neighbours = neighbours_new,
    .chart = chart_new,
    .spread = chart_spread,
    .evaluate = evaluation_new,
    .sayings = sayings_new,
    .duplicates = keep_groups,
    .freed = disk_freed,
    .survey = disk_survey_new,
    .set_by_hand = set_one,
    .remove_expert = expert_file_remove,
    .rename_expert = expert_file_rename,
    .put = collection_put,
    .get = collection_get,
};
