/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of the forest whose groups are in this file: heads before the children of one model that have something in
 * common. */
#include "ui/forest/forest_rows_private.h"

guint forest_rows_nodes(const ForestRows *r) { return r->wood ? r->wood->forest->nodes->len : 0; }

int forest_rows_parent(const ForestRows *r, int node) { return forest_parent(r->wood->forest, (unsigned)node); }

/* The place of each node in the outline, for what keeps its order. NULL: as the forest has them. */
static unsigned *outline_places(const ForestRows *r) {
  if (!r->wood->order) return NULL;
  unsigned *places = g_new(unsigned, forest_rows_nodes(r) + 1);
  for (guint i = 0; i < forest_rows_nodes(r); i++) places[r->wood->order[i]] = i;
  return places;
}

void forest_rows_find_fans(ForestRows *r) {
  if (r->fans || r->fan_by == FAN_NONE || r->flat) return;
  g_autofree unsigned *places = r->rank ? NULL : outline_places(r);
  r->fans = fans_new(r->wood->forest, r->fan_by, r->wood->label_key, r->rank ? r->rank : places);
}

int forest_rows_above(const ForestRows *r, int at) {
  const OutlineRow *row = forest_rows_row(r, at);
  if (r->fans && !row->group && r->fans->group_of[row->node])
    return ((const FanGroup *)r->fans->groups->pdata[r->fans->group_of[row->node] - 1])->row;
  int parent = forest_rows_parent(r, (int)row->node);
  return parent >= 0 ? r->row_of_node[parent] : -1;
}

bool forest_rows_open_groups(ForestRows *r, int node) {
  bool opened = false;
  for (guint steps = 0; r->fans && node >= 0 && steps <= forest_rows_nodes(r);
       steps++, node = forest_rows_parent(r, node)) {
    guint number = r->fans->group_of[node];
    if (!number) continue;
    const FanGroup *group = r->fans->groups->pdata[number - 1];
    opened |= g_hash_table_add(r->open_fans, g_strdup(group->identity));
  }
  return opened;
}

const FanGroup *forest_rows_group(const ForestRows *r) {
  const OutlineRow *row = forest_rows_row(r, r->list.cursor);
  return row && row->group && r->fans ? r->fans->groups->pdata[row->group - 1] : NULL;
}

bool forest_rows_toggle_group(ForestRows *r) {
  const FanGroup *group = forest_rows_group(r);
  if (!group || r->filter) return group != NULL;
  int row = r->list.cursor;
  if (!g_hash_table_remove(r->open_fans, group->identity)) g_hash_table_add(r->open_fans, g_strdup(group->identity));
  forest_rows_rebuild_at(r, -1);
  list_select(&r->list, row);
  return true;
}

guint forest_rows_gather(ForestRows *r, FanBy by) {
  int node = forest_rows_node(r);
  r->fan_by = by;
  g_clear_pointer(&r->fans, fans_free);
  g_hash_table_remove_all(r->open_fans);
  if (!r->wood) return 0;
  forest_rows_rebuild_at(r, node);
  return r->fans ? r->fans->groups->len : 0;
}

bool forest_rows_group_action(ForestRows *r, Action action) {
  const FanGroup *group = forest_rows_group(r);
  if (!group) return false;
  bool open = r->filter || g_hash_table_contains(r->open_fans, group->identity);
  if (action == ACTION_FOLD_ALL || action == ACTION_UNFOLD_ALL)
    return forest_rows_fold_all(r, action == ACTION_FOLD_ALL), true;
  if (action == ACTION_FOLD_SWITCH) return forest_rows_fold_all(r, g_hash_table_size(r->folded) == 0), true;
  if (action == ACTION_FOLD_TOGGLE || (action == (open ? ACTION_FOLD : ACTION_UNFOLD)) ||
      action == (open ? ACTION_FOLD_BELOW : ACTION_UNFOLD_BELOW))
    return forest_rows_toggle_group(r);
  if (action == ACTION_IN && open) return list_select(&r->list, r->list.cursor + 1), true;
  if (action == ACTION_IN || (action == ACTION_OUT && open && !r->filter)) return forest_rows_toggle_group(r);
  int above = action == ACTION_OUT ? forest_rows_above(r, r->list.cursor) : -1;
  if (above >= 0) list_select(&r->list, above);
  return action == ACTION_OUT;
}

void forest_rows_tag_group(ForestRows *r, guint number) {
  bool all = true;
  for (int pass = 0; pass < 2; pass++)
    for (guint i = 0; i < forest_rows_nodes(r); i++) {
      gpointer key = GUINT_TO_POINTER(i);
      if (r->fans->group_of[i] != number || (r->filter && !forest_rows_keep(r, i))) continue;
      if (pass == 0) all &= g_hash_table_contains(r->tagged, key);
      else if (all) g_hash_table_remove(r->tagged, key);
      else g_hash_table_add(r->tagged, key);
    }
}
