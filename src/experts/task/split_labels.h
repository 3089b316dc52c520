/* SPDX-License-Identifier: Apache-2.0 */
/* What models were called when an expert was trained, where that hangs on how files are named and where they lie: labels
 * of folders, of names and of tables. An expert that exists is judged by these, so that moving files changes no figure
 * of it. Labels that models carry themselves are not kept. */
#pragma once

#include "experts/task/label_source.h"
#include "experts/task/split.h"

/* True for "folder", "name" and "@FILE.csv". */
bool split_labels_wanted(const char *source);

/* As JSON for a file, {"names": [...], "of": [[index, ...], ...]} in the record's order; NULL when none are kept. The
 * caller frees it. */
char *split_labels_text(const SplitRecord *record);

/* Reads them back; text that is none of these, or of another number of models, leaves the record without. */
void split_labels_read(SplitRecord *record, const char *text);

/* The labels of those among the models (Model*) that the record knows by content[i], under the source's name; a model
 * without layers has none. */
LabelSource *split_labels_recall(const SplitRecord *record, const char *source, const GPtrArray *models,
                                 const SplitKey *content);
