/* SPDX-License-Identifier: Apache-2.0 */
/* An opened collection: what is known of it, and the experts that answer. Each step of opening is here, for any
 * thread; their order is in opening.h. */
#pragma once

#include <stdatomic.h>

#include "core/name_set.h"
#include "session/engine.h"

/* What is known of the collection at one moment. Immutable and counted, for it is shared with
 * jobs that run. */
typedef struct {
  GPtrArray *models, *skipped;
  Forest *forest;
  NameSet *names;         /* of each node, for where there is little room */
  const char **haystacks; /* of each node, what words are looked for in: node_haystack() */
  char *hay;              /* all of them, one behind the other */
  guint64 *letters;       /* of each haystack: fuzzy_letters() */
  unsigned *order;        /* all nodes as an outline lists them */
  int *parent;            /* of each node, -1: none. Both NULL when an outline does not list all nodes */
  const char *label_key;  /* what models are labelled by, or NULL. Static text */
  uint64_t bytes;
  bool concepts; /* some model says what it was trained on */
  bool scanned;  /* the folders were walked in this session */
  bool grown;    /* the forest comes from the weights, not from cards alone */
  const EngineOps *ops;
  atomic_uint refs;
} Snapshot;

/* Fills in haystacks, their letters, names and the order, once forest and label_key are there. */
Snapshot *snapshot_ref(Snapshot *wood);
void snapshot_unref(Snapshot *wood); /* NULL-safe */

/* The experts and the index that answers with them. Counted, because answers borrow from it. */
typedef struct {
  GPtrArray *experts;  /* of Expert*, best first */
  GPtrArray *warnings; /* of char*: files that are no experts, and why */
  VoiceSet *voices;    /* used on the worker's thread alone; NULL: nothing was asked yet */
  QueryIndex *index;   /* used on the worker's thread alone; NULL when it cannot be opened */
  char *problem;       /* why not, or NULL */
  const EngineOps *ops;
  atomic_uint refs;
} OpenExperts;

OpenExperts *open_experts_ref(OpenExperts *opened);
void open_experts_unref(OpenExperts *opened); /* NULL-safe */

/* Each NULL with an error. The first takes the catalog as it is, the second walks through the folders before; their
 * forests are drawn from cards alone. The third has the forest that the weights tell. */
Snapshot *snapshot_load(const Engine *engine, const Progress *progress, GError **error);
Snapshot *snapshot_scan(const Engine *engine, const Progress *progress, GError **error);
Snapshot *snapshot_grow(const Engine *engine, const Snapshot *before, const Progress *progress, GError **error);

/* The experts without an index: questions cannot be asked yet. NULL with an error. */
OpenExperts *open_experts_new(const Engine *engine, GError **error);

/* The experts' voices over the snapshot's models; each is opened once, when it is first heard. Borrowed. On the
 * worker's thread alone. */
VoiceSet *open_experts_voices(OpenExperts *opened, const Engine *engine, const Snapshot *wood);

/* Opens the index unless it is open; not while others use the experts. */
bool open_experts_index(OpenExperts *opened, const Engine *engine, const Snapshot *wood, const Progress *progress,
                        GError **error);
