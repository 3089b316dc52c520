/* SPDX-License-Identifier: Apache-2.0 */
/* Synthetic models whose parents are known, in a folder of their own, for the tests of lineage. Any failure ends the
 * test. */
#pragma once

#include <glib.h>

#include "lineage/forest/forest.h"
#include "lineage/sketch/sketch.h"
#include "numerics/rng.h"
#include "weights/formats/safetensors.h"

enum { MOST = 12, WIDTH = 48, INPUT = 64 };

typedef struct {
  TensorOut t[MOST];
  char *names[MOST];
  float *data[MOST];
  unsigned n;
} Net;

/* Appends a tensor of normal numbers; columns 0: a vector. */
void net_add(Net *net, const char *name, uint64_t rows, uint64_t columns, float sd, Rng *rng);
size_t count_of(const TensorOut *t);
/* Independent start; `outputs` units in the head. */
Net net_fresh(uint64_t seed, unsigned outputs);
void net_clear(Net *net);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Net, net_clear)
/* A fine-tuned copy: every number moves by `step` times a tenth, in a direction of its own. */
Net net_child(const Net *parent, uint64_t seed, float step);
/* The same with a new head. */
Net net_retrained(const Net *parent, uint64_t seed, float step, unsigned outputs);
/* An adapter of rank 4 for the two layers of WIDTH x INPUT and WIDTH x WIDTH. */
Net net_adapter(uint64_t seed, const char *const names[4]);
extern const char *const peft_names[4], *const kohya_names[4];

/* A collection. */
typedef struct {
  char *top, *root, *state;
  Collection *collection;
  GPtrArray *models;
  Forest *forest;
} Wood;
Wood wood_new(void);
/* Closes the collection, to write more and grow again. */
void wood_close(Wood *w);
void wood_clear(Wood *w);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Wood, wood_clear)
/* Writes root/`path`.safetensors, with a declared base when there is one. */
void wood_write(const Wood *w, const char *path, const Net *net, const char *base);
/* The sketch of root/`name`.safetensors. */
ModelSketch *wood_sketch(const Wood *w, const char *name);
void wood_open(Wood *w);
/* Scans if need be, and grows the forest (options may be NULL). */
void wood_grow(Wood *w, const ForestOptions *options);
/* A node by its path, with or without the ending; a ghost by its name. */
unsigned find(const Wood *w, const char *name);
const ForestNode *node(const Wood *w, const char *name);
/* The node's first parent, or NULL. */
const ParentEdge *edge(const Wood *w, const char *name);
/* The first parent, of that kind and source. */
void assert_parent(const Wood *w, const char *child, const char *parent, EdgeKind kind, EdgeSource source);
