/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of woods_plant() share: the plan, the growing, the writing. */
#pragma once

#include "planter/mlp.h"
#include "planter/woods.h"
#include "planter/world.h"
#include "weights/dtype.h"

typedef enum {
  TREELET_BASE,
  TREELET_TUNED,     /* all weights, under a fresh head */
  TREELET_CONTINUED, /* all weights, the same head, data that drifted */
  TREELET_STEP,      /* like continued, and saved as a step of its run */
  TREELET_LOW_RANK,  /* a low-rank change, merged into the weights */
  TREELET_COPY,
  TREELET_RECAST,    /* to a shorter number format */
  TREELET_QUANTISED, /* rows of signed bytes and back */
  TREELET_MERGE,
  TREELET_ADAPTER
} TreeletKind;

typedef enum { CARD_SILENT, CARD_TRUE, CARD_WRONG } CardKind;

enum { TREELET_PARENTS = 3, TREELET_MAX_RANK = 8 };

/* One model to grow. */
typedef struct {
  TreeletKind kind;
  int parent[TREELET_PARENTS]; /* indices, -1: none. Of a task arithmetic the first is the origin */
  double weight[TREELET_PARENTS];
  unsigned tree, number; /* number: in its name */
  unsigned depth;        /* grown after all of lesser depth */
  bool missing;          /* grown, but not written */
  bool arithmetic, gguf, renamed;
  Dtype dtype;
  CardKind card;
  int wrong; /* whom a wrong card names */
  int run;   /* of a step: number of its run's name; else -1 */
  unsigned step;
  /* Training: */
  uint64_t seed;
  unsigned classes, steps, frozen, rank;
  bool fresh_head;
  float lr, decay, drift;
  /* Grown: */
  Mlp *mlp;
  Lora *lora; /* of an adapter */
  WorldTask task;
} Treelet;

typedef struct {
  MlpShape shape;
  const char *architecture; /* "blocks", … */
  bool alike;               /* its fine-tunes learn tasks that are alike, and move alike */
  bool one_task;            /* they all learn one task, under heads that start alike */
  float shift;              /* of the domain that they learn from the base's, 0..1 */
} TreeStyle;

typedef struct {
  const Planting *planting;
  World world, *shifted; /* the bases' domain; that of the others, one a tree */
  GArray *treelets;      /* of Treelet; parents before children */
  TreeStyle *styles;     /* one a tree */
  unsigned trees;
} Woods;

Treelet *woods_treelet(const Woods *w, unsigned i);

/* Appends a model of a tree below `parent` (-1: none), of which nothing is drawn yet. Borrowed, until the next is
 * appended. */
Treelet *woods_append(Woods *w, unsigned tree, TreeletKind kind, int parent);

/* Draws all that will be made; the second, stars. */
void woods_draw(Woods *w, const WoodsPlan *plan);
void stars_draw(Woods *w, const WoodsPlan *plan);

/* The architecture of a tree, by its number; gives all models numbers in a random order. */
TreeStyle woods_style(unsigned tree);
void woods_number(Woods *w, Rng *rng);

/* Grows one whose parents are grown: fills in mlp, lora and task. */
void woods_grow(const Woods *w, Treelet *t);

/* Its folder, relative, without the step's; the caller frees it. */
char *woods_name(const Treelet *t);

bool woods_write(const Woods *w, const Treelet *t, GError **error);
void woods_record(const Woods *w, const Treelet *t);
