/* SPDX-License-Identifier: Apache-2.0 */
/* What the experts of a collection say of one model. */
#pragma once

#include "collection/collection.h"
#include "experts/prediction.h"
#include "experts/task/training_set.h"
#include "experts/voice.h"

typedef struct {
  SafeText *label;
  double p;
} OpinionLabel;

/* One expert's word. */
typedef struct {
  SafeText *expert;
  SafeText *layer;
  Score unseen, seen;
  bool align;
  bool abstains; /* it does not know: the labels are guesses */
  Doubt doubt;   /* why */
  double confidence, threshold;
  double chance;       /* align: the p of each choice for who guesses; 0: labels are judged one by one */
  GArray *labels;      /* of OpinionLabel, likeliest first; empty with a problem */
  GPtrArray *left_out; /* of SafeText: labels that were asked for without a word that its encoder knows */
  SafeText *problem;   /* why it says nothing, or NULL */
  Trained trained;     /* on this very model: then what it says shows no skill */
} Opinion;

/* Opinions of those experts of the set that speak for the model's architecture. `labels` (NULL: the experts'
 * own) are candidates for those that align with text. At most `limit` labels each. Array of Opinion*,
 * owned; empty when no expert speaks. NULL when cancelled. */
GPtrArray *opinions_new(VoiceSet *voices, const Model *model, char *const *labels, unsigned limit,
                        const Progress *progress, GError **error);

/* A model near another, as an expert sees them. */
typedef struct {
  Model *model;    /* referenced */
  double score;    /* cosine */
  Trained trained; /* the expert on this very model: that it lies near shows no skill */
} Neighbour;

/* The models nearest to one, best first, by the first expert that speaks for it. Array of Neighbour, free
 * with g_array_unref; *expert (caller frees) gets its name. NULL with COPSE_ERROR_NOT_FOUND when no
 * expert speaks for it. */
GArray *neighbours_new(VoiceSet *voices, const Model *model, unsigned limit, SafeText **expert,
                       const Progress *progress, GError **error);

/* The models of an expert's architecture in two dimensions. */
typedef struct {
  GPtrArray *models; /* of Model* */
  float *xy;         /* (models, 2) */
  double shares[2];  /* of the spread along each axis */
  double kept;       /* of each model's ten nearest, the share that is near it on the map, too; NAN for very few */
  SafeText *expert;
} Chart;

Chart *chart_new(VoiceSet *voices, const Expert *expert, const Progress *progress, GError **error);

/* Lays the same models out anew so that neighbours stay together (numerics/tsne.h): xy (models, 2). *kept as above.
 * `step` is shown the map as it grows. The same whenever the models are. False when cancelled, or when the expert
 * cannot be used. */
typedef void (*ChartStep)(void *user, const float *xy, unsigned done, unsigned total);
bool chart_spread(VoiceSet *voices, const Expert *expert, ChartStep step, void *user, double *kept,
                  const Progress *progress, GError **error);
void chart_free(Chart *chart); /* NULL-safe */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Chart, chart_free)

/* What an expert says of every model it speaks for, in a few words: path -> "fox 0.93", or "don't know". Owned
 * strings. NULL when cancelled or when the expert cannot be used. */
GHashTable *sayings_new(VoiceSet *voices, const Expert *expert, const Progress *progress, GError **error);

/* The probability at the end of such a text, with the space before it; NULL when the expert does not know. Borrowed. */
const char *saying_sure(const char *saying);
