/* SPDX-License-Identifier: Apache-2.0 */
/* What the fake engine tells of models, experts and copies: entries of an EngineOps, as session/engine.h has them. */
#pragma once

#include "session/engine.h"

ModelDiff *fake_diff(const Collection *collection, const Model *p, const Model *x, const Progress *progress,
                     GError **error);
ModelDiff *fake_layers(const Collection *collection, const Model *x, GError **error);
bool fake_figures(const Collection *collection, const Model *p, const Model *x, const char *layer, LayerFigures **own,
                  LayerFigures **change, GError **error);
SafeText *fake_card(const Collection *collection, const Model *model, GError **error);
GPtrArray *fake_opinions(VoiceSet *voices, const Model *model, char *const *labels, unsigned limit,
                         const Progress *progress, GError **error);
GArray *fake_neighbours(VoiceSet *voices, const Model *model, unsigned limit, SafeText **expert,
                        const Progress *progress, GError **error);
Chart *fake_chart(VoiceSet *voices, const Expert *expert, const Progress *progress, GError **error);
bool fake_spread(VoiceSet *voices, const Expert *expert, ChartStep step, void *user, double *kept,
                 const Progress *progress, GError **error);
GHashTable *fake_sayings(VoiceSet *voices, const Expert *expert, const Progress *progress, GError **error);
GPtrArray *fake_duplicates(Collection *collection, const Forest *forest, KeepRule rule, const char *pattern,
                           GError **error);
