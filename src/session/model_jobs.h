/* SPDX-License-Identifier: Apache-2.0 */
/* Requests about one model or one expert, as jobs. All are urgent: they do not wait behind a training. Each
 * returns the job's id; `done` gets what is named, with the result's owner free function beside it. */
#pragma once

#include "session/map_board.h"
#include "session/session.h"

/* ModelDiff* of x and p; of x alone when p is NULL. */
guint64 engine_diff(const Engine *engine, Model *p, Model *x, JobDone done, gpointer user);
void engine_free_diff(gpointer diff);

/* Figures of a layer and of its change. */
typedef struct {
  LayerFigures *own;
  LayerFigures *change; /* NULL: no parent to compare with */
} FigurePair;

/* FigurePair*. */
guint64 engine_figures(const Engine *engine, Model *p, Model *x, const char *layer, JobDone done, gpointer user);
void engine_free_figures(gpointer pair);

/* SafeText*: the card; free with g_free. */
guint64 engine_card(const Engine *engine, Model *model, JobDone done, gpointer user);

/* GPtrArray of Opinion*. `labels` (NULL: the experts' own) is copied. */
guint64 engine_opinions(const Engine *engine, Snapshot *wood, OpenExperts *opened, Model *model, char *const *labels,
                        JobDone done, gpointer user);
void engine_free_opinions(gpointer opinions);

/* Neighbours, and whose opinion they are. */
typedef struct {
  GArray *near; /* of Neighbour */
  SafeText *expert;
} Neighbourhood;

/* Neighbourhood*. */
guint64 engine_neighbours(const Engine *engine, Snapshot *wood, OpenExperts *opened, Model *model, JobDone done,
                          gpointer user);
void engine_free_neighbours(gpointer neighbourhood);

/* Chart*, and GHashTable* of sayings: of the opened expert number `expert`. Listed among the jobs. */
guint64 engine_chart(const Engine *engine, Snapshot *wood, OpenExperts *opened, guint expert, JobDone done,
                     gpointer user);
void engine_free_chart(gpointer chart);

/* char*, of no meaning: the board is what is filled. Not urgent, since it takes as long as a short training. */
guint64 engine_spread(const Engine *engine, Snapshot *wood, OpenExperts *opened, guint expert, MapBoard *board,
                      JobDone done, gpointer user);

/* Evaluation*: how good it is in every respect, on the models of the wood. */
guint64 engine_evaluate(const Engine *engine, Snapshot *wood, OpenExperts *opened, guint expert, JobDone done,
                        gpointer user);
void engine_free_evaluation(gpointer evaluation);
guint64 engine_sayings(const Engine *engine, Snapshot *wood, OpenExperts *opened, guint expert, JobDone done,
                       gpointer user);
