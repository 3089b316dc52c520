/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/forest/forest_fans.h"

#include <stdlib.h>
#include <string.h>

#include "lineage/forest/node_fields.h"
#include "search/filter.h"

const char *fan_by_name(FanBy by) {
  static const char *const names[FAN_WAYS] = {"", "family", "label", "folder"};
  return names[by];
}

static void group_free(gpointer data) {
  FanGroup *g = data;
  g_free(g->name);
  g_free(g->identity);
  g_free(g);
}

void fans_free(Fans *f) {
  if (!f) return;
  g_ptr_array_unref(f->groups);
  g_free(f->group_of);
  g_free(f->rank);
  g_free(f);
}

/* What a node is gathered by; NULL: it says nothing. The caller frees it. */
static char *value_of(const Forest *forest, const ForestNode *node, FanBy by, const char *label_key) {
  if (!node->model) return NULL;
  if (by == FAN_FAMILY) return node_field_text(forest, node, FIELD_FAMILY, NULL);
  if (by == FAN_LABEL) return model_concept_text(node->model, label_key);
  g_autofree char *folder = g_path_get_dirname(node->model->path);
  return safe_text(strcmp(folder, ".") == 0 ? "the folder itself" : folder, -1);
}

static char *identity_of(const ForestNode *parent, const char *name) {
  return g_strconcat(parent->model ? parent->model->path : parent->name, "\n", name, NULL);
}

/* The children of one model while they are gathered. */
typedef struct {
  GHashTable *places; /* name -> 1 + its place among `groups` */
  GPtrArray *groups;  /* of FanGroup*, borrowed by the fans once they are kept */
  guint *of;          /* by child: its place among them */
  const char *nothing;
} Gathering;

static guint place_of(Gathering *g, const ForestNode *parent, unsigned number, const char *name) {
  guint place = GPOINTER_TO_UINT(g_hash_table_lookup(g->places, name));
  if (place) return place - 1;
  FanGroup *group = g_new0(FanGroup, 1);
  *group = (FanGroup){g_strdup(name), identity_of(parent, name), number, 0, -1};
  g_ptr_array_add(g->groups, group);
  g_hash_table_insert(g->places, group->name, GUINT_TO_POINTER(g->groups->len));
  return g->groups->len - 1;
}

/* The largest first, by name among equals, and those that say nothing last. */
static int compare_groups(gconstpointer a, gconstpointer b, gpointer nothing) {
  const FanGroup *x = *(FanGroup *const *)a, *y = *(FanGroup *const *)b;
  int none = (strcmp(x->name, nothing) == 0) - (strcmp(y->name, nothing) == 0);
  if (none) return none;
  if (x->members != y->members) return x->members > y->members ? -1 : 1;
  return strcmp(x->name, y->name);
}

/* The children's places among the groups as they are sorted now. */
static void sort_groups(Gathering *g, guint children) {
  g_autofree FanGroup **before = g_memdup2(g->groups->pdata, g->groups->len * sizeof *before);
  g_ptr_array_sort_with_data(g->groups, compare_groups, (gpointer)g->nothing);
  g_autoptr(GHashTable) now = g_hash_table_new(NULL, NULL);
  for (guint i = 0; i < g->groups->len; i++) g_hash_table_insert(now, g->groups->pdata[i], GUINT_TO_POINTER(i));
  for (guint i = 0; i < children; i++) g->of[i] = GPOINTER_TO_UINT(g_hash_table_lookup(now, before[g->of[i]]));
}

typedef struct {
  guint group;
  unsigned order, node;
} Place;

static int compare_places(gconstpointer a, gconstpointer b) {
  const Place *x = a, *y = b;
  if (x->group != y->group) return x->group < y->group ? -1 : 1;
  return (x->order > y->order) - (x->order < y->order);
}

/* Takes the groups over, and brings the children into their order. */
static void keep(Fans *f, const Gathering *g, const GArray *children, const unsigned *order) {
  g_autofree Place *places = g_new(Place, children->len + 1);
  guint first = f->groups->len;
  for (guint i = 0; i < g->groups->len; i++) g_ptr_array_add(f->groups, g->groups->pdata[i]);
  for (guint i = 0; i < children->len; i++) {
    unsigned child = g_array_index(children, unsigned, i);
    f->group_of[child] = 1 + first + g->of[i];
    places[i] = (Place){g->of[i], order ? order[child] : i, child};
  }
  qsort(places, children->len, sizeof *places, compare_places);
  for (guint i = 0; i < children->len; i++) f->rank[places[i].node] = i;
  f->parents++;
}

/* Gathers the children of one node, unless all are alike or no two are. */
static void gather(Fans *f, const Forest *forest, unsigned number, const char *label_key, const unsigned *order) {
  const ForestNode *parent = forest_node(forest, number);
  g_autofree char *nothing = g_strconcat("no ", fan_by_name(f->by), NULL);
  g_autoptr(GHashTable) places = g_hash_table_new(g_str_hash, g_str_equal);
  g_autoptr(GPtrArray) groups = g_ptr_array_new();
  guint n = parent->children->len;
  g_autofree guint *of = g_new(guint, n + 1);
  Gathering g = {places, groups, of, nothing};
  for (guint i = 0; i < n; i++) {
    const ForestNode *child = forest_node(forest, g_array_index(parent->children, unsigned, i));
    g_autofree char *value = value_of(forest, child, f->by, label_key);
    of[i] = place_of(&g, parent, number, value && *value ? value : nothing);
    ((FanGroup *)groups->pdata[of[i]])->members++;
  }
  if (groups->len > 1 && groups->len < n) {
    sort_groups(&g, n);
    keep(f, &g, parent->children, order);
    return;
  }
  for (guint i = 0; i < groups->len; i++) group_free(groups->pdata[i]);
}

Fans *fans_new(const Forest *forest, FanBy by, const char *label_key, const unsigned *order) {
  guint n = forest->nodes->len;
  Fans *f = g_new0(Fans, 1);
  *f = (Fans){.by = by,
              .groups = g_ptr_array_new_with_free_func(group_free),
              .group_of = g_new0(guint, n + 1),
              .rank = g_new(unsigned, n + 1)};
  for (guint i = 0; i < n; i++) f->rank[i] = order ? order[i] : i;
  for (guint i = 0; i < n; i++) {
    const GArray *children = forest_node(forest, i)->children;
    /* Siblings keep their order, whatever their numbers: without one it is that of the list. */
    for (guint k = 0; !order && k < children->len; k++) f->rank[g_array_index(children, unsigned, k)] = k;
  }
  for (guint i = 0; i < forest->roots->len && !order; i++) f->rank[g_array_index(forest->roots, unsigned, i)] = i;
  for (guint i = 0; i < n; i++)
    if (forest_node(forest, i)->children->len >= FAN_LEAST) gather(f, forest, i, label_key, order);
  return f;
}

/* The rows as they are put together. */
typedef struct {
  const Fans *fans;
  const Forest *forest;
  GArray *out;
  guint8 *shift;   /* by node: levels that it lies deeper */
  int *last_row;   /* by group: the row of its last member, -1: none is listed */
  int *last_group; /* by node: of its groups the last that is listed, -1 */
} FanLayout;

static void add_head(FanLayout *l, const OutlineRow *first, FanGroup *g, guint number, bool open) {
  OutlineRow head = {.node = first->node, .depth = first->depth, .folded = !open, .group = number};
  g->row = (int)l->out->len;
  l->last_group[g->parent] = (int)number - 1;
  g_array_append_val(l->out, head);
}

/* What is the last of its group and of its parent ends in a corner. */
static void close_branches(FanLayout *l) {
  for (guint i = 0; i < l->fans->groups->len; i++) {
    const FanGroup *g = l->fans->groups->pdata[i];
    if (g->row < 0) continue;
    g_array_index(l->out, OutlineRow, g->row).last = l->last_group[g->parent] == (int)i;
    if (l->last_row[i] >= 0) g_array_index(l->out, OutlineRow, l->last_row[i]).last = true;
  }
}

/* Puts in a row; false when its group is closed, and all below it with it. */
static bool add_row(FanLayout *l, const OutlineRow *row, GHashTable *open) {
  guint number = l->fans->group_of[row->node];
  int parent = forest_parent(l->forest, row->node);
  OutlineRow moved = *row;
  l->shift[row->node] = (guint8)MIN((parent >= 0 ? l->shift[parent] : 0) + (number > 0), 255);
  moved.depth += l->shift[row->node];
  if (number) {
    FanGroup *g = l->fans->groups->pdata[number - 1];
    bool is_open = !open || g_hash_table_contains(open, g->identity);
    OutlineRow first = moved;
    first.depth--;
    if (g->row < 0) add_head(l, &first, g, number, is_open);
    if (!row->dimmed) g_array_index(l->out, OutlineRow, g->row).descendants++;
    if (!is_open) return false;
    l->last_row[number - 1] = (int)l->out->len;
    moved.last = false;
  }
  g_array_append_val(l->out, moved);
  return true;
}

GArray *fans_lay_out(Fans *f, const Forest *forest, GArray *rows, GHashTable *open) {
  guint n = forest->nodes->len;
  FanLayout l = {f,
                 forest,
                 g_array_sized_new(FALSE, TRUE, sizeof(OutlineRow), rows->len),
                 g_new0(guint8, n + 1),
                 g_new(int, f->groups->len + 1),
                 g_new(int, n + 1)};
  for (guint i = 0; i < f->groups->len; i++) ((FanGroup *)f->groups->pdata[i])->row = l.last_row[i] = -1;
  for (guint i = 0; i < n; i++) l.last_group[i] = -1;
  for (guint i = 0; i < rows->len; i++) {
    const OutlineRow *row = &g_array_index(rows, OutlineRow, i);
    if (add_row(&l, row, open)) continue;
    while (i + 1 < rows->len && g_array_index(rows, OutlineRow, i + 1).depth > row->depth) i++;
  }
  close_branches(&l);
  g_free(l.shift);
  g_free(l.last_row);
  g_free(l.last_group);
  g_array_unref(rows);
  return l.out;
}
