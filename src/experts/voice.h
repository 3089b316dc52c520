/* SPDX-License-Identifier: Apache-2.0 */
/* Experts that are open: each with its encoder and the representations of all models that it may speak of, read once
 * and kept for whoever asks next. For one thread at a time. */
#pragma once

#include "experts/representation.h"

/* One opened expert. */
typedef struct {
  const Expert *expert; /* borrowed */
  TextEncoder *encoder; /* the one it was trained with, borrowed from the set; NULL: it names labels (classify) */
  Representations *rep; /* owned */
  GPtrArray *warnings;  /* of char*: models that could not be read */
} Voice;

/* True when the voice answers for that model of its representations: an expert that was trained on one tree answers for
 * that tree alone. */
bool voice_speaks_of(const Voice *voice, const Model *model);

/* The experts of a collection, each opened when it is first asked. */
typedef struct VoiceSet VoiceSet;

/* Keeps references to both lists (of Model* and of Expert*); the collection must outlive it. Opens nothing yet. */
VoiceSet *voice_set_new(const Collection *collection, const GPtrArray *models, const GPtrArray *experts);
VoiceSet *voice_set_ref(VoiceSet *set);
void voice_set_unref(VoiceSet *set); /* NULL-safe */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VoiceSet, voice_set_unref)

const Collection *voice_set_collection(const VoiceSet *set);
const GPtrArray *voice_set_models(const VoiceSet *set);
const GPtrArray *voice_set_experts(const VoiceSet *set);

/* The voice of one of the set's experts, opened unless it is open. Borrowed from the set. NULL with an error: its
 * encoder is missing or another, or its representations cannot be had, or cancelled. */
const Voice *voice_set_open(VoiceSet *set, const Expert *expert, const Progress *progress, GError **error);

/* How often representations were opened so far. */
unsigned voice_set_opens(const VoiceSet *set);
