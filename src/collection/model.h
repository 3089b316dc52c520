/* SPDX-License-Identifier: Apache-2.0 */
/* A model: one set of weights and everything that its files say about it. Immutable once
 * made and reference-counted, so that lists of models may be shared between threads. */
#pragma once

#include <glib.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/text.h"
#include "weights/layers/layer.h"

typedef enum {
  MODEL_FULL,
  MODEL_LORA,
  MODEL_EMBEDDING,
  MODEL_OTHER,
  MODEL_ADAPTER, /* of a form that is no pair of factors */
  MODEL_KINDS
} ModelKind;

/* "full", "lora", "embedding", "other", "adapter". Static text. */
const char *model_kind_name(ModelKind kind);

/* How strongly an adapter acts by its configuration, for the eye: what is computed with is told module by module (see
 * collection/adapter_facts.h). */
typedef struct {
  double alpha;         /* lora_alpha; NAN when absent */
  bool rank_stabilised; /* use_rslora */
} LoraScaling;

/* Something a file says, and which one says it. Keys of general meaning are spelled one way
 * whatever the source: base, base_relation, license, tags, datasets, task, library, split;
 * all others keep their own spelling. A list in a file becomes one fact an item (tags: one fact
 * a tag). "problem" says that a file beside the weights could not be taken at its word. The
 * three strings and the fact are one block of memory: g_free() the fact alone. */
typedef struct {
  SafeText *key;
  SafeText *value;
  SafeText *source; /* "metadata", "card", "config.json", "adapter_config.json", "folder", … */
} Fact;

typedef struct {
  gint64 id;        /* the catalog's row, stable as long as the path stays; 0 before it is stored */
  char *path;       /* bytes, relative to the collection's root: the model's identity */
  SafeText *shown;  /* the path, safe to show */
  char *file;       /* bytes, relative to the root: the weight file to open */
  SafeText *name;   /* what to call it: a repository's, folder's or file's name */
  SafeText *format; /* "safetensors", … */
  ModelKind kind;
  unsigned tensors;
  uint64_t params;              /* elements of float tensors */
  uint64_t bytes;               /* of all weight files */
  unsigned dtypes[DTYPE_COUNT]; /* tensors of each dtype */
  SafeText *shapes;             /* hash of the canonical layers' names, forms and shapes (hex), or
                                     "": see collection/signature.h */
  LoraScaling scaling;          /* of an adapter's configuration */
  int tree;                     /* index of its tree as last recovered, -1 when not known */
  GPtrArray *facts;             /* of Fact, owned */
  atomic_uint refs;
} Model;

/* The key of the fact that says how many heads attention has. */
#define MODEL_HEADS "attention_heads"

/* The key of the fact that says which form of GPTQ's files it is, where that is not the first: "gptq_v2". */
#define MODEL_PACKING "checkpoint_format"

/* True for a change of another model, of whatever form. */
bool model_is_adapter(const Model *model);

Model *model_new(void);
Model *model_ref(Model *model);
void model_unref(Model *model);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Model, model_unref)

/* What people call it: "org/name" in a Hub's cache, where paths hold commits; else its path. Borrowed. */
const SafeText *model_title(const Model *model);

/* Adds a fact; strings are copied and cleaned. Only before the model is shared. */
void model_add_fact(Model *model, const char *key, const char *value, const char *source);

/* The first fact of that key, or NULL. Borrowed. */
const Fact *model_fact(const Model *model, const char *key);

/* Its value, or NULL. Borrowed. */
const char *model_value(const Model *model, const char *key);

/* The declared base, or NULL: the first that is a repository ("org/name"), else the first that
 * is a path on the author's disk. Borrowed. */
const char *model_base(const Model *model);

/* True for "./models/llama", "/home/x/sd", "a/b/c": a folder rather than a repository. */
bool base_is_local_path(const char *base);

/* True for the five names that a split may have. */
bool split_is_name(const char *name);

/* "train", "val", "test", "val_holdout", "test_holdout" when a folder or file says so, else
 * NULL. Borrowed. */
const char *model_split(const Model *model);

/* The key under which a model says what it was trained on: `label_key` (NULL: none) where it has that, else the first
 * of concept, imagenet_class_name, imagenet_class_id and dataset_chosen_targets; NULL when it says nothing. */
const char *model_concept_key(const Model *model, const char *label_key);

/* What it says there: the first fact of that key, or NULL. Borrowed. */
const char *model_concept(const Model *model, const char *label_key);

/* The key that labels come from when the user names none: the first of concept,
 * imagenet_class_name, imagenet_class_id, dataset_chosen_targets, tags that any of these
 * models has; NULL when none. `models` holds Model*. Static text. */
const char *models_label_key(const GPtrArray *models);
