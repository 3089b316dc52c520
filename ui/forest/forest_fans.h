/* SPDX-License-Identifier: Apache-2.0 */
/* The many children of one model gathered by what they have in common, so that 1,920 adapters of a base are a dozen
 * lines. Pure layout: which rows there are and where groups begin. */
#pragma once

#include "lineage/forest/outline.h"

typedef enum { FAN_NONE, FAN_FAMILY, FAN_LABEL, FAN_FOLDER, FAN_WAYS } FanBy;

enum { FAN_LEAST = 8 }; /* children from which on they are gathered */

/* "family", "label", "folder"; "" for none. Static text. */
const char *fan_by_name(FanBy by);

/* Children of one model that have a value in common. */
typedef struct {
  char *name;     /* the value: "sdxl", "no family" */
  char *identity; /* of the parent and the value: outlives the forest */
  unsigned parent;
  guint members; /* in all */
  int row;       /* of its head, as last laid out; -1: none of it is listed */
} FanGroup;

typedef struct {
  FanBy by;
  GPtrArray
      *groups; /* of FanGroup*: those of a parent beside each other, the largest first, those without a value last */
  guint *group_of; /* by node: 1 + its group, 0: it stands by itself */
  unsigned *rank;  /* by node: siblings come in this order */
  guint parents;   /* models whose children are gathered */
} Fans;

/* Gathers wherever there are enough children of more than one kind. `order` (by node, NULL: as the forest has them) is
 * how siblings of one group come. */
Fans *fans_new(const Forest *forest, FanBy by, const char *label_key, const unsigned *order);
void fans_free(Fans *fans); /* NULL-safe */

/* The rows (of OutlineRow, as outline_rows() gives them in the order of fans->rank) with a head before each group
 * (OutlineRow.group is 1 + its number, and .node its first member) and its members one level deeper. Groups that are not
 * among `open` (a set of identities; NULL: all are) are their head alone. Takes the rows. */
GArray *fans_lay_out(Fans *fans, const Forest *forest, GArray *rows, GHashTable *open);
