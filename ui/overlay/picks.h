/* SPDX-License-Identifier: Apache-2.0 */
/* Everything that one can go to or do from anywhere, as one list of texts to find things in. */
#pragma once

#include "ui/desk/view.h"

typedef enum { PICK_ACTION, PICK_SETTING, PICK_QUESTION, PICK_EXPERT, PICK_LAYER, PICK_MODEL, PICK_KINDS } PickKind;

enum { PICK_ALL = (1 << PICK_KINDS) - 1 };

/* "action", "setting", "question", "expert", "layer", "model". Static text. */
const char *pick_kind_name(PickKind kind);

/* One of them. */
typedef struct {
  PickKind kind;
  guint number;  /* the action, the expert's place, the model's node */
  char *label;   /* owned, as are the others; models have theirs made when they are looked at */
  char *note;    /* beside it: keys, a setting's state, how often an expert is right; or NULL */
  char *command; /* for the command line, of a setting, a question, a layer; or NULL */
  char *text;    /* what it is found by, folded in case */
} Pick;

typedef struct {
  Snapshot *wood;       /* a reference, or NULL */
  OpenExperts *experts; /* a reference, or NULL */
  GArray *own;          /* of Pick: all but models */
  guint *nodes;         /* of the models */
  guint n;              /* of all */
  const char **texts;   /* of all, borrowed from `own` and the snapshot */
  guint64 *letters;     /* of all */
} PickList;

/* What of these kinds (bits 1 << PickKind) can be picked in a context, where an action works: actions of the place
 * first. */
PickList *pick_list_new(const Ui *ui, unsigned context, unsigned kinds);
void pick_list_free(PickList *list); /* NULL-safe */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PickList, pick_list_free)

/* The i-th; pick_clear() frees what it owns. */
Pick pick_list_at(const PickList *list, guint i);
void pick_clear(Pick *pick);

/* What is to be known of it, beside the list. */
void pick_preview(const Ui *ui, const PickList *list, const Pick *pick, Cells *cells, Rect area);
