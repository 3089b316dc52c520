/* SPDX-License-Identifier: Apache-2.0 */
/* What the user says of a model, and what becomes of an expert's file, as jobs: both write to the disk. None waits
 * behind a training. Each gives a char* of no meaning. */
#pragma once

#include "session/session.h"

/* Sets a fact by hand (collection/hand/by_hand.h); an empty value takes it away. */
guint64 engine_set_by_hand(const Engine *engine, Snapshot *wood, Model *model, const char *key, const char *value,
                           JobDone done, gpointer user);

/* Removes the file of the opened expert number `expert`, or gives it another name; `name` NULL: removes it. */
guint64 engine_change_expert(const Engine *engine, OpenExperts *opened, guint expert, const char *name, JobDone done,
                             gpointer user);
