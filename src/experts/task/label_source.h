/* SPDX-License-Identifier: Apache-2.0 */
/* Where the labels of models come from. A source is written
 *
 *   KEY          the fact of that key: metadata, card, configuration (a list of names is a list of labels)
 *   folder       the folder that the model lies in, leaving out train, val, test
 *   name         the words of the model's name, without numbers and words such as lora, v2, sdxl
 *   hand         the label that was set by hand
 *   tags         the card's tags, without those that say nothing of what was trained on, and without rare ones
 *   @FILE.csv    lines of path or name, label; a first line "path,label" is passed over */
#pragma once

#include "collection/model.h"

typedef struct {
  const char *source;     /* as above; NULL: what models_label_key() finds */
  const char *stop_words; /* tags to leave out besides the usual ones, separated by commas; or NULL */
  unsigned min_count;     /* a label on fewer models is none; 0: 2 for tags, else 1 */
  bool single;            /* one label a model: two different ones are an error */
} LabelRequest;

typedef struct {
  SafeText *source;
  GHashTable *labels;  /* path -> GPtrArray of SafeText, at least one */
  unsigned rare;       /* labels dropped for being rare */
  GPtrArray *warnings; /* of char*: lines that name no model */
} LabelSource;

/* Lets go of one model's labels (GPtrArray*); a GDestroyNotify. */
void label_list_free(gpointer labels);

/* The labels of models (Model*). COPSE_ERROR_TOO_FEW when no model has one, naming what could be asked for;
 * COPSE_ERROR_FORMAT for a file that is none of labels or gives one model two. */
LabelSource *label_source_new(const GPtrArray *models, const LabelRequest *request, GError **error);
void label_source_free(LabelSource *source);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LabelSource, label_source_free)

/* True when a key's values are lists of several labels in most models that declare it, as a classifier's classes are: what to
 * classify by. `source` NULL: what models_label_key() finds. Never for tags, which describe one thing in many words, nor
 * for a source that is no key. */
bool label_source_has_lists(const GPtrArray *models, const char *source);

/* The first label of a model, or NULL. Borrowed. */
const char *label_source_first(const LabelSource *source, const Model *model);

/* All of them, or NULL. Borrowed. */
const GPtrArray *label_source_all(const LabelSource *source, const Model *model);
