/* SPDX-License-Identifier: Apache-2.0 */
/* The form that a training is started from. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "experts/train/train.h"
#include "experts/train/train_counts.h"
#include "lineage/diff/model_diff.h"
#include "ui/toolkit/cells.h"
#include "ui/toolkit/line_edit.h"
#include "ui/toolkit/list.h"

enum { TRAIN_FIELDS = 14 };

typedef struct {
  LineEdit fields[TRAIN_FIELDS];
  List list;                 /* the field at hand */
  char *problem;             /* what is wrong with it, or NULL */
  bool task_chosen;          /* by the user: the labels do not change it */
  const ModelDiff *layers;   /* the layers there are, borrowed; NULL: not known */
  const GPtrArray *sources;  /* of LabelCount*: what models may be labelled by, borrowed; NULL: not known */
  const TrainCounts *counts; /* what the fields would use, borrowed; NULL: not known */
  const char *shortage;      /* why they would use nothing, borrowed; NULL: nothing is wrong, or not known */
} TrainForm;

/* Fields filled with TRAIN_DEFAULTS. */
void train_form_init(TrainForm *form);
void train_form_clear(TrainForm *form);

/* Performs an editing or moving action; false when it is none. */
bool train_form_action(TrainForm *form, Action action);

/* Types into the field at hand. */
bool train_form_type(TrainForm *form, Key key);

/* Checks all fields. The strings of the options are borrowed from the form. False, with the
 * first wrong field at hand and the problem said, when something is wrong. */
bool train_form_options(TrainForm *form, TrainOptions *options);

/* What the fields say as they stand, without moving to one that is wrong; false when one is. */
bool train_form_read(const TrainForm *form, TrainOptions *options);

/* Unless the user chose a task: classify where the source in the field (empty: `label_key`) gives lists of classes, else
 * align. */
void train_form_settle_task(TrainForm *form, const char *label_key);

/* Draws the form as a box in the middle of the area. `label_key` is what an empty label means. */
void train_form_draw(TrainForm *form, Cells *cells, Rect area, const char *label_key);
