/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of forest_build() share: seen by forest_build.c, copies.c,
 * claims.c, tree_build.c and adapter_base.c alone. */
#pragma once

#include "collection/collection.h"
#include "lineage/grow/declared.h"
#include "lineage/grow/depth.h"
#include "lineage/forest/forest_make.h"
#include "lineage/sketch/kinship.h"

/* A parent that is known before the weights are asked for a tree. */
typedef struct {
  int parent;        /* node, or -1: none */
  bool kind_is_said; /* else the weights say the kind */
  ParentEdge edge;
} Claim;

/* A base that a card names and that is not here. */
typedef struct {
  char *name;
  Claim claim; /* without its parent */
} AbsentBase;

typedef struct {
  Collection *collection;
  const GPtrArray *models;
  const ForestOptions *options;
  unsigned threads;
  const Progress *progress;
  Forest *forest;      /* nodes 0..models-1 are the models */
  GPtrArray *sketches; /* one a model, NULL where there is none; centred */
  DeclaredIndex *index;
  Sets kin;             /* models that the weights alone join */
  GPtrArray *absent;    /* of AbsentBase or NULL, one a model: the base that its card names and that is not here */
  GHashTable *named;    /* "set of kin|identity" -> how many of the set name it */
  DepthOrigin *origins; /* one a model, or NULL: of which others' layers it is made */
  GHashTable *ghosts;   /* identity -> node + 1 */
  GArray *claims;       /* of Claim, one a node */
  GHashTable *selves;   /* folded name -> node + 1: full models that seem to be what they name */
  struct AdapterHosts *hosts; /* which of equal models an adapter hangs below; NULL before copies are known */
  GPtrArray *more;            /* of GArray of ParentEdge or NULL, one a model: a merge's other parents */
} Builder;

/* An empty forest of so many models to come. All is borrowed; builder_clear() frees what was made, the forest too
 * unless it was taken. */
void builder_init(Builder *b, Collection *collection, const GPtrArray *models, const ForestOptions *options,
                  const Progress *progress);
void builder_clear(Builder *b);

/* The model's sketch, or NULL (always for ghosts). */
const ModelSketch *builder_sketch(const Builder *b, unsigned node);

bool builder_is_adapter(const Builder *b, unsigned node);
bool builder_is_duplicate(const Builder *b, unsigned node);

/* Full models that the weights can speak of: no copies, no ghosts. */
bool builder_is_compared(const Builder *b, unsigned node);
Claim *builder_claim(const Builder *b, unsigned node);

/* The claim cut back to something usable: a parent that is a duplicate stands for the model whose
 * copy it is. -1: none. */
int builder_claimed_parent(const Builder *b, unsigned node);

/* Where an adapter hangs that belongs to `parent`: there, or below a copy of it (adapter_host.h). */
unsigned builder_host(Builder *b, unsigned adapter, unsigned parent);

/* Hangs a node where its claim says; `kind` unless the claim says the kind. */
void builder_add_claimed(Builder *b, unsigned node, int parent, EdgeKind kind, double distance);

/* The root of the node's tree, as it hangs so far. */
unsigned builder_top(const Builder *b, unsigned node);

/* Finds models made of others' layers; each claims its parents, whatever its card says. */
void builder_find_depths(Builder *b);

/* The tree of full models and ghosts whose numbers are given, each model made of others' layers below these and
 * above its own children. */
bool builder_build_group(Builder *b, const GArray *nodes, GError **error);

/* Builds one tree of full models and ghosts, whose numbers are given. Cards that the weights
 * contradict lose their claims. */
bool builder_build_tree(Builder *b, const GArray *nodes, GError **error);

/* The ghost of that identity, made if need be, then with the name that is shown. */
unsigned builder_ghost(Builder *b, const char *identity, const char *name);

/* What makes one repository of all spellings of "org/name": in small letters, without a quantiser's addition. */
char *builder_repository(const char *name);

/* Marks copies and recasts: `duplicate_of` becomes the node that stands for them. Of equal models that
 * is a step of a training run, else one that a card names, one with a card, one whose path does not call
 * it a copy, the one in the fewest folders; of recasts, the finest. */
void builder_find_copies(Builder *b);

/* Fills in the claims: what cards say, as far as the weights do not object, then the steps of
 * training runs. Duplicates are marked already, and kin are joined. */
void builder_find_claims(Builder *b);

/* Of the bases that cards name and that are not here, those that become ghosts, with the claims on them. A card alone
 * does not speak against kin on disk: it takes two of a set of kin, with no other of the set where their base would
 * lie, or a model that has no kin. Names of somebody's folders mean the same within a set of kin at most. */
void builder_claim_absent(Builder *b);

/* Remembers the base that the model's card names; `name` NULL: none. */
void builder_set_absent(Builder *b, unsigned model, const char *name, const Claim *claim);

/* How many models the weights alone make kin of `model`, itself among them; and a member that stands for these. */
unsigned builder_kin(const Builder *b, unsigned model, unsigned *representative);

/* Hangs the adapters without a claim: where one tree fits, there; where none does, with others of
 * their signature. Where several fit, a note says so. `sets` tells trees of full models apart. */
void builder_place_adapters(Builder *b, Sets *sets);

/* Gives the edges from adapters to bases on disk their length: the change over the layers that it changes, of their own
 * size. Reads the factors of small adapters, once for each stand of their bytes. False when cancelled. */
bool builder_measure_adapters(Builder *b, GError **error);

/* Reads a few layers of each two models whose difference may be a merged low-rank change; those of which it is none
 * get another kind. False when cancelled. */
bool builder_check_ranks(Builder *b, GError **error);
