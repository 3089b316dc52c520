/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the conversation share: whom they speak of, and where they speak. Each tell_... answers one
 * command in whole sentences or short lines; `argument` is clean and without spaces at its ends. */
#pragma once

#include <stdio.h>

#include "session/opening.h"

enum { TALK_LISTED = 20 }; /* lines of a list; more are counted */

typedef struct {
  Collection *collection;
  const EngineOps *ops;
  FILE *out;
  bool read_only;
  Engine engine;       /* without a worker: all is done at once */
  Snapshot *wood;      /* what the next five are borrowed from */
  OpenExperts *opened; /* its index is opened by the first question */
  GPtrArray *models, *skipped, *experts;
  Forest *forest;
  const char *label_key;
} Talk;

/* Takes other experts for those before. */
void talk_take_experts(Talk *t, OpenExperts *opened);

/* Says what went wrong; takes the error, which may be NULL. */
void talk_complain(const Talk *t, GError *error);

/* The experts' voices, each opened when it is first heard. Borrowed. */
VoiceSet *talk_voices(Talk *t);

/* The model of that path or name, which the caller unrefs; NULL after a complaint. */
Model *talk_find(const Talk *t, const char *what);

/* plain_model.c: one model, or two. */
void tell_model(Talk *t, const char *argument);
void tell_layers(Talk *t, const char *argument);
void tell_layer(Talk *t, const char *argument);
void tell_card(Talk *t, const char *argument);
void tell_like(Talk *t, const char *argument);
void tell_says(Talk *t, const char *argument);
void tell_labels(Talk *t, const char *argument);
void tell_diff(Talk *t, const char *argument);

/* plain_report.c: what stands side by side. */
void tell_compare(Talk *t, const char *argument);
void tell_report(Talk *t, const char *argument);

/* plain_keeping.c: what a collector keeps. */
void tell_duplicates(Talk *t, const char *argument);
void tell_space(Talk *t, const char *argument);
void tell_conflicts(Talk *t, const char *argument);

/* plain_experts.c: the experts and what they are asked. */
void tell_experts(Talk *t, const char *argument);
void tell_query(Talk *t, const char *argument);
void tell_map(Talk *t, const char *argument);
void tell_train(Talk *t, const char *argument);
