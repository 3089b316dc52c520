/* SPDX-License-Identifier: Apache-2.0 */
/* What the planter knows about the models it grew, and a reader of their weights must find out:
 * kept beside the collection, where no scan looks. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* One of a merge's parents. */
typedef struct {
  char *path;
  double weight; /* its share, or, of a sum of task vectors, its factor */
} TruthParent;
TruthParent *truth_parent_new(char *path, double weight); /* takes the path */
void truth_parent_free(void *parent);

/* One model. Strings are owned; paths are relative to the collection, as a scan names models. */
typedef struct {
  char *path;
  char *parent;       /* NULL: a base; "ghost:NAME": it is not in the collection */
  const char *edge;   /* "fine-tune", "adapter", …; NULL with a base. Static text */
  char *concept;      /* what it was trained on; NULL when that is a list */
  GStrv targets;      /* the list; NULL when it is one concept or everything */
  const char *split;  /* NULL: none. Static text */
  bool declared;      /* its files name the parent */
  bool wrong_card;    /* its files name another */
  char *grove;        /* one text for all models of a tree; NULL: not said */
  GPtrArray *parents; /* of TruthParent: all of a merge's; NULL with others */
} TruthEntry;

typedef struct Truth Truth;
Truth *truth_new(void);
void truth_free(Truth *truth);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Truth, truth_free)

/* Adds a model, whose strings it takes. Not thread-safe. */
void truth_add(Truth *truth, TruthEntry entry);

unsigned truth_count(const Truth *truth);

/* Writes {"format":"copse-truth","version":1,"kind","seed","models":[{"path","parent","kind",
 * "concept","targets","split","declared","tree","parents":[{"path","weight"}],"wrong_card"}]}
 * (the last three in woods alone), whole or not at all. */
bool truth_write(const Truth *truth, const char *path, const char *kind, uint64_t seed, GError **error);
