/* SPDX-License-Identifier: Apache-2.0 */
/* What the training form asks of the models: their layers, what they may be labelled by, how many would be used. All of
 * it comes from the worker. */
#pragma once

#include "session/latest_job.h"
#include "ui/desk/view.h"
#include "ui/experts/train_form.h"

typedef struct {
  Ui *ui;
  LatestJob layers;  /* ModelDiff*: of a labelled model */
  LatestJob sources; /* GPtrArray of LabelCount* */
  LatestJob counts;  /* TrainCounts*, for `asked` */
  char *asked;       /* the fields that it counts for; NULL: none were */
  unsigned labelled; /* models that carry the usual label */
} FormFacts;

void form_facts_init(FormFacts *facts, Ui *ui);

/* Forgets all: the models are others. */
void form_facts_reset(FormFacts *facts);

/* Asks for what holds for all of the form; nothing that is known already. */
void form_facts_ask(FormFacts *facts, Ui *ui);

/* Puts what has come into the form, and asks anew how many models its fields would use when they are others. */
void form_facts_follow(FormFacts *facts, TrainForm *form);

/* Puts what has come into the form. */
void form_facts_show(const FormFacts *facts, TrainForm *form);
