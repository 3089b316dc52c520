/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/forest/forest_rows.h"

#include <string.h>

#include "core/text.h"
#include "ui/forest/forest_rows_private.h"

void forest_rows_init(ForestRows *r, bool ascii) {
  *r = (ForestRows){.ascii = ascii, .sort = -1, .range = -1};
  r->rows = g_array_new(FALSE, FALSE, sizeof(OutlineRow));
  r->folded = g_hash_table_new(NULL, NULL);
  r->tagged = g_hash_table_new(NULL, NULL);
  r->open_fans = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

void forest_rows_clear(ForestRows *r) {
  g_array_unref(r->rows);
  g_free(r->row_of_node);
  g_hash_table_unref(r->folded);
  g_hash_table_unref(r->tagged);
  g_hash_table_unref(r->open_fans);
  fans_free(r->fans);
  forest_rows_forget_filter(r);
  forest_rows_forget_search(r);
  g_free(r->order);
  g_free(r->rank);
  snapshot_unref(r->wood);
}

const OutlineRow *forest_rows_row(const ForestRows *r, int row) {
  if (row < 0 || row >= (int)r->rows->len) return NULL;
  return &g_array_index(r->rows, OutlineRow, row);
}

int forest_rows_node(const ForestRows *r) {
  const OutlineRow *row = forest_rows_row(r, r->list.cursor);
  return row && !row->group ? (int)row->node : -1;
}

/* Row of a node, or of its nearest ancestor that is listed; -1. The steps are counted so that
 * no forest, however wrong, can hold us. */
static int nearest_row(const ForestRows *r, int node) {
  for (guint steps = 0; node >= 0 && steps <= forest_rows_nodes(r); steps++) {
    if (r->row_of_node[node] >= 0) return r->row_of_node[node];
    node = forest_rows_parent(r, node);
  }
  return -1;
}

/* The nodes with what they are ordered by. */
typedef struct {
  const ForestRows *rows;
  char **keys;     /* of each node, for a column of text; NULL: it is one of numbers, or the name */
  double *numbers; /* for a column of numbers; NULL: it is another */
} NodeOrder;

static int compare_values(const NodeOrder *o, guint a, guint b) {
  const ForestRows *r = o->rows;
  const ForestNode *n = forest_node(r->wood->forest, a), *m = forest_node(r->wood->forest, b);
  if (o->keys) return forest_column_compare_keys(o->keys[a], o->keys[b]);
  if (o->numbers) return forest_column_compare_numbers(o->numbers[a], o->numbers[b]);
  return strcmp(n->name, m->name);
}

static int compare_nodes(gconstpointer a, gconstpointer b, gpointer user) {
  const NodeOrder *o = user;
  guint x = *(const guint *)a, y = *(const guint *)b;
  int order = compare_values(o, x, y);
  if (order) return o->rows->reverse ? -order : order;
  return (x > y) - (x < y);
}

/* All nodes in the order that is asked for. The caller frees it. */
static guint *nodes_in_order(const ForestRows *r) {
  guint n = forest_rows_nodes(r), *nodes = g_new(guint, n + 1);
  bool text = r->sort >= 0 && forest_column_is_text(r->sort);
  bool number = r->sort >= 0 && !text;
  NodeOrder order = {r, text ? g_new0(char *, n + 1) : NULL, number ? g_new(double, n + 1) : NULL};
  RowLook look = {.forest = r->wood->forest, .label_key = r->wood->label_key, .predicted = r->predicted};
  for (guint i = 0; i < n; i++) nodes[i] = i;
  for (guint i = 0; i < n && number; i++)
    order.numbers[i] = forest_column_number(r->sort, forest_node(r->wood->forest, i));
  for (guint i = 0; i < n && text; i++)
    order.keys[i] = forest_column_key(r->sort, forest_node(r->wood->forest, i), &look);
  g_qsort_with_data(nodes, (int)n, sizeof *nodes, compare_nodes, &order);
  for (guint i = 0; i < n && text; i++) g_free(order.keys[i]);
  g_free(order.keys);
  g_free(order.numbers);
  return nodes;
}

/* The order is found once for many rebuilds: a fold or a letter of a filter changes nothing of it. */
static void find_order(ForestRows *r) {
  bool needed = r->flat || r->sort >= 0 || r->reverse;
  if (r->order || !needed) return;
  r->order = nodes_in_order(r);
  r->rank = g_new(guint, forest_rows_nodes(r) + 1);
  for (guint i = 0; i < forest_rows_nodes(r); i++) r->rank[r->order[i]] = i;
}

static void forget_order(ForestRows *r) {
  g_clear_pointer(&r->order, g_free);
  g_clear_pointer(&r->rank, g_free);
  g_clear_pointer(&r->fans, fans_free);
}

/* Every model that the filter keeps, in the order that is asked for. */
static GArray *flat_rows(ForestRows *r) {
  GArray *rows = g_array_new(FALSE, TRUE, sizeof(OutlineRow));
  for (guint i = 0; i < forest_rows_nodes(r); i++) {
    guint at = r->order[i];
    const ForestNode *node = forest_node(r->wood->forest, at);
    if (!node->model || (r->filter && !forest_rows_keep(r, at))) continue;
    OutlineRow row = {.node = at};
    g_array_append_val(rows, row);
  }
  return rows;
}

static GArray *list_rows(ForestRows *r) {
  find_order(r);
  if (r->flat) return flat_rows(r);
  OutlineOptions options = {.rank = r->rank, .bare = true};
  if (!r->rank) options.order = r->wood->order, options.parent = r->wood->parent;
  if (r->filter) options.keep = forest_rows_keep, options.user = r;
  else options.folded = r->folded;
  forest_rows_find_fans(r);
  if (!r->fans) return outline_rows(r->wood->forest, &options);
  options.rank = r->fans->rank, options.order = NULL, options.parent = NULL;
  GArray *rows = outline_rows(r->wood->forest, &options);
  return fans_lay_out(r->fans, r->wood->forest, rows, r->filter ? NULL : r->open_fans);
}

char *forest_rows_branch(const ForestRows *r, int at) {
  const OutlineRow *row = forest_rows_row(r, at);
  bool last[OUTLINE_MAX_LEVELS] = {0};
  for (int i = 0; i < MIN(row->depth, OUTLINE_MAX_LEVELS) && at >= 0; i++, at = forest_rows_above(r, at))
    last[i] = forest_rows_row(r, at)->last;
  return outline_branch(r->ascii ? GLYPHS_ASCII : GLYPHS_UTF8, row->depth, last);
}

static void index_rows(ForestRows *r) {
  guint n = forest_rows_nodes(r);
  g_free(r->row_of_node);
  r->row_of_node = g_new(int, n + 1);
  for (guint i = 0; i < n; i++) r->row_of_node[i] = -1;
  r->kept = 0;
  for (guint i = 0; i < r->rows->len; i++) {
    const OutlineRow *row = forest_rows_row(r, (int)i);
    if (row->group) continue;
    r->row_of_node[row->node] = (int)i;
    if (!row->dimmed) r->kept++;
  }
}

/* Rebuilds and selects `node` or what is nearest to it. */
void forest_rows_rebuild_at(ForestRows *r, int node) {
  if (!r->wood) return;
  int before = r->list.cursor;
  g_array_unref(r->rows);
  r->rows = list_rows(r);
  r->generation++;
  index_rows(r);
  list_resize(&r->list, (int)r->rows->len);
  r->range = -1;
  int row = node >= 0 ? nearest_row(r, node) : -1;
  list_select(&r->list, row >= 0 ? row : before);
}

void forest_rows_rebuild(ForestRows *r) { forest_rows_rebuild_at(r, forest_rows_node(r)); }

/* What stays the same of a node from one forest to the next. */
static char *identity(const ForestNode *node) {
  return node->model ? g_strdup(node->model->path) : g_strconcat("ghost:", node->name, NULL);
}

static GHashTable *identities(const Forest *forest) {
  GHashTable *map = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < forest->nodes->len; i++)
    g_hash_table_insert(map, identity(forest->nodes->pdata[i]), GUINT_TO_POINTER(i + 1));
  return map;
}

/* Number in the new forest of what was `node` in the old one, -1 when it has gone. The map is made when first wanted:
 * most who wait for a forest have neither moved nor marked anything. */
static int translate(const Forest *old, const Forest *new, GHashTable **map, int node) {
  if (node < 0) return -1;
  g_autofree char *key = identity(old->nodes->pdata[node]);
  if (!*map) *map = identities(new);
  return (int)GPOINTER_TO_UINT(g_hash_table_lookup(*map, key)) - 1;
}

static GHashTable *translate_set(const Forest *old, const Forest *new, GHashTable **map, GHashTable *set) {
  GHashTable *out = g_hash_table_new(NULL, NULL);
  GHashTableIter iter;
  gpointer key;
  g_hash_table_iter_init(&iter, set);
  while (g_hash_table_iter_next(&iter, &key, NULL)) {
    int node = translate(old, new, map, (int)GPOINTER_TO_UINT(key));
    if (node >= 0) g_hash_table_add(out, GUINT_TO_POINTER((guint)node));
  }
  g_hash_table_unref(set);
  return out;
}

GPtrArray *forest_rows_folds(const ForestRows *r) {
  GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < forest_rows_nodes(r); i++)
    if (g_hash_table_contains(r->folded, GUINT_TO_POINTER(i)))
      g_ptr_array_add(names, identity(r->wood->forest->nodes->pdata[i]));
  return names;
}

void forest_rows_fold_these(ForestRows *r, const GPtrArray *names) {
  if (!r->wood || names->len == 0) return;
  g_autoptr(GHashTable) map = identities(r->wood->forest);
  for (guint i = 0; i < names->len; i++) {
    guint node = GPOINTER_TO_UINT(g_hash_table_lookup(map, names->pdata[i]));
    if (node) g_hash_table_add(r->folded, GUINT_TO_POINTER(node - 1));
  }
  forest_rows_rebuild(r);
}

void forest_rows_set_wood(ForestRows *r, Snapshot *wood) {
  if (wood == r->wood) return;
  /* Whoever has not left the first row wants to see the first row. */
  bool moved = r->wood && r->list.cursor > 0;
  int selected = -1;
  if (r->wood) {
    const Forest *old = r->wood->forest, *new = wood->forest;
    g_autoptr(GHashTable) map = NULL;
    if (moved) selected = translate(old, new, &map, forest_rows_node(r));
    r->folded = translate_set(old, new, &map, r->folded);
    r->tagged = translate_set(old, new, &map, r->tagged);
  }
  forest_rows_forget_search(r);
  forget_order(r);
  snapshot_unref(r->wood);
  r->wood = snapshot_ref(wood);
  forest_rows_filter_anew(r);
  forest_rows_rebuild_at(r, selected);
}

bool forest_rows_select(ForestRows *r, int node) {
  if (node < 0 || (guint)node >= forest_rows_nodes(r)) return false;
  bool unfolded = false;
  int above = forest_rows_parent(r, node);
  for (guint steps = 0; above >= 0 && steps <= forest_rows_nodes(r); steps++) {
    unfolded |= g_hash_table_remove(r->folded, GUINT_TO_POINTER((guint)above));
    above = forest_rows_parent(r, above);
  }
  unfolded |= forest_rows_open_groups(r, node);
  if (unfolded) forest_rows_rebuild(r);
  if (r->row_of_node[node] < 0) return false;
  list_select(&r->list, r->row_of_node[node]);
  return true;
}

static bool has_children(const ForestRows *r, int node) {
  return forest_node(r->wood->forest, (unsigned)node)->children->len > 0;
}

bool forest_rows_fold(ForestRows *r, int node, bool fold) {
  if (node < 0 || !has_children(r, node)) return false;
  gpointer key = GUINT_TO_POINTER((guint)node);
  bool changed = fold ? g_hash_table_add(r->folded, key) : g_hash_table_remove(r->folded, key);
  if (changed) forest_rows_rebuild(r);
  return changed;
}

void forest_rows_fold_all(ForestRows *r, bool fold) {
  g_hash_table_remove_all(r->folded);
  g_hash_table_remove_all(r->open_fans);
  for (guint i = 0; fold && i < forest_rows_nodes(r); i++)
    if (has_children(r, (int)i)) g_hash_table_add(r->folded, GUINT_TO_POINTER(i));
  for (guint i = 0; !fold && r->fans && i < r->fans->groups->len; i++)
    g_hash_table_add(r->open_fans, g_strdup(((const FanGroup *)r->fans->groups->pdata[i])->identity));
  forest_rows_rebuild(r);
}

/* Distance from the root of its tree; the steps are counted as in nearest_row(). */
static int depth_of(const ForestRows *r, int node) {
  int depth = 0;
  while ((node = forest_rows_parent(r, node)) >= 0 && (guint)depth <= forest_rows_nodes(r)) depth++;
  return depth;
}

/* Folds everything from the given depth on (1: trees alone), and unfolds what is above. */
static void forest_rows_fold_to(ForestRows *r, int depth) {
  g_hash_table_remove_all(r->folded);
  for (guint i = 0; i < forest_rows_nodes(r); i++)
    if (has_children(r, (int)i) && depth_of(r, (int)i) + 1 >= depth) g_hash_table_add(r->folded, GUINT_TO_POINTER(i));
  forest_rows_rebuild(r);
}

/* Folds or unfolds a node and everything below it, without recursion. */
static void fold_below(ForestRows *r, int top, bool fold) {
  g_autoptr(GArray) open = g_array_new(FALSE, FALSE, sizeof(guint));
  guint node = (guint)top;
  g_array_append_val(open, node);
  for (guint at = 0; at < open->len && at <= forest_rows_nodes(r); at++) {
    node = g_array_index(open, guint, at);
    const GArray *children = forest_node(r->wood->forest, node)->children;
    if (children->len == 0) continue;
    if (fold) g_hash_table_add(r->folded, GUINT_TO_POINTER(node));
    else g_hash_table_remove(r->folded, GUINT_TO_POINTER(node));
    g_array_append_vals(open, children->data, children->len);
  }
  forest_rows_rebuild(r);
}

void forest_rows_order(ForestRows *r, bool flat, int sort, bool reverse) {
  forget_order(r);
  r->flat = flat;
  r->sort = sort;
  r->reverse = reverse;
  r->range = -1;
  forest_rows_rebuild(r);
}

static void go_out(ForestRows *r, int node) {
  if (r->flat) return;
  if (!r->filter && forest_rows_fold(r, node, true)) return;
  int above = forest_rows_above(r, r->list.cursor);
  if (above >= 0) list_select(&r->list, above);
}

static void go_in(ForestRows *r, int node) {
  if (r->flat) return;
  if (forest_rows_fold(r, node, false)) return;
  if (has_children(r, node)) list_select(&r->list, r->list.cursor + 1);
}

bool forest_rows_action(ForestRows *r, Action action) {
  int node = forest_rows_node(r);
  bool folded = node >= 0 && g_hash_table_contains(r->folded, GUINT_TO_POINTER((guint)node));
  if (node < 0 && !forest_rows_group_action(r, action)) return false;
  if (node < 0) return true;
  switch (action) {
    case ACTION_OUT:
      go_out(r, node);
      return true;
    case ACTION_IN:
      go_in(r, node);
      return true;
    case ACTION_FOLD:
      forest_rows_fold(r, node, true);
      return true;
    case ACTION_UNFOLD:
      forest_rows_fold(r, node, false);
      return true;
    case ACTION_FOLD_TOGGLE:
      forest_rows_fold(r, node, !folded);
      return true;
    case ACTION_FOLD_ALL:
      forest_rows_fold_all(r, true);
      return true;
    case ACTION_UNFOLD_ALL:
      forest_rows_fold_all(r, false);
      return true;
    case ACTION_UNFOLD_BELOW:
      fold_below(r, node, false);
      return true;
    case ACTION_FOLD_BELOW:
      fold_below(r, node, true);
      return true;
    case ACTION_DEPTH_1:
      forest_rows_fold_to(r, 1);
      return true;
    case ACTION_DEPTH_2:
      forest_rows_fold_to(r, 2);
      return true;
    case ACTION_DEPTH_3:
      forest_rows_fold_to(r, 3);
      return true;
    case ACTION_FOLD_SWITCH:
      forest_rows_fold_all(r, g_hash_table_size(r->folded) == 0);
      return true;
    default:
      return false;
  }
}

void forest_rows_tag(ForestRows *r) {
  int node = forest_rows_node(r);
  if (forest_rows_group(r)) forest_rows_tag_group(r, forest_rows_row(r, r->list.cursor)->group);
  if (node < 0) return;
  gpointer key = GUINT_TO_POINTER((guint)node);
  if (!g_hash_table_remove(r->tagged, key)) g_hash_table_add(r->tagged, key);
}

int forest_rows_range(ForestRows *r) {
  if (r->range < 0) {
    r->range = r->list.cursor;
    return -1;
  }
  int from = MIN(r->range, r->list.cursor), to = MAX(r->range, r->list.cursor);
  for (int i = from; i <= to && i < (int)r->rows->len; i++)
    if (!forest_rows_row(r, i)->group) g_hash_table_add(r->tagged, GUINT_TO_POINTER(forest_rows_row(r, i)->node));
  r->range = -1;
  return to - from + 1;
}

bool forest_rows_tag_model(ForestRows *r, const Model *model) {
  int node = r->wood ? forest_find(r->wood->forest, model) : -1;
  if (node >= 0) g_hash_table_add(r->tagged, GUINT_TO_POINTER((guint)node));
  return node >= 0;
}

GPtrArray *forest_rows_chosen(const ForestRows *r) {
  GPtrArray *chosen = g_ptr_array_new();
  if (!r->wood) return chosen;
  for (guint i = 0; i < forest_rows_nodes(r); i++)
    if (g_hash_table_contains(r->tagged, GUINT_TO_POINTER(i)))
      g_ptr_array_add(chosen, r->wood->forest->nodes->pdata[i]);
  int node = forest_rows_node(r);
  if (chosen->len == 0 && node >= 0) g_ptr_array_add(chosen, r->wood->forest->nodes->pdata[node]);
  return chosen;
}
