/* SPDX-License-Identifier: Apache-2.0 */
/* Which kind each point of the map is of. */
#pragma once

#include "collection/model_fields.h"
#include "ui/desk/view.h"

typedef enum {
  MAP_BY_LABEL,
  MAP_BY_LAST_WORD,
  MAP_BY_FIRST_WORD,
  MAP_BY_TREE,
  MAP_BY_SPLIT,
  MAP_BY_SCORE,
  MAP_BY_FIELD,               /* of collection/fields.def: MapGroups.field */
  MAP_BY_COUNT = MAP_BY_FIELD /* those that one goes through in turn */
} MapBy;

enum { MAP_GROUPS = 6, MAP_OTHERS = MAP_GROUPS };

typedef struct {
  MapBy by;
  ModelField field;
  guint8 *group;               /* by point: 0 .. MAP_OTHERS */
  char *names[MAP_GROUPS + 1]; /* NULL: no such group */
  guint counts[MAP_GROUPS + 1];
} MapGroups;

/* "label", "the label's last word", "tree", "split", ... Static text. */
const char *map_by_name(MapBy by, ModelField field);

/* Sorts the models (Model*) into the most frequent values and the others; by score: into fifths of the range of
 * the last answer's scores. */
void map_groups_set(MapGroups *groups, const Ui *ui, const GPtrArray *models, MapBy by, ModelField field);

/* True when most models are among the others: there are too many values to tell apart. */
bool map_groups_are_vague(const MapGroups *groups);

void map_groups_clear(MapGroups *groups);

/* The sign and the look of a group: no meaning by colour alone. Static text. */
const char *map_group_sign(guint group, bool ascii);
Style map_group_style(guint group);
