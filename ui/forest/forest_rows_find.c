/* SPDX-License-Identifier: Apache-2.0 */
/* Searching and filtering: both look at every node, and so go on in slices. */
#include <string.h>

#include "ui/desk/slice.h"
#include "ui/forest/forest_rows_private.h"

void forest_rows_forget_search(ForestRows *r) {
  g_clear_pointer(&r->finder, fuzzy_free);
  g_clear_pointer(&r->found, g_free);
  r->matches = 0;
  r->finding = false;
}

void forest_rows_forget_filter(ForestRows *r) {
  g_clear_pointer(&r->coming, filter_run_free);
  g_clear_pointer(&r->filter, filter_run_free);
}

bool forest_rows_keep(void *user, unsigned node) {
  const ForestRows *r = user;
  return r->filter->keep[node];
}

/* The rows are those of the filter that has come to its end; as they are, when it keeps what the one before kept. */
static void take_filter(ForestRows *r) {
  bool same = r->filter && r->filter->n == r->coming->n && memcmp(r->filter->keep, r->coming->keep, r->coming->n) == 0;
  filter_run_free(r->filter);
  r->filter = g_steal_pointer(&r->coming);
  if (!same) forest_rows_rebuild(r);
}

void forest_rows_set_filter(ForestRows *r, RowFilter *filter) {
  if (!filter) {
    forest_rows_forget_filter(r);
    forest_rows_rebuild(r);
    return;
  }
  FilterRun *run = filter_run_new(filter, forest_rows_nodes(r), r->coming ? r->coming : r->filter, r->flat);
  filter_run_free(r->coming);
  r->coming = run;
  forest_rows_work(r);
}

void forest_rows_filter_anew(ForestRows *r) {
  if (r->coming) filter_run_free(r->filter), r->filter = g_steal_pointer(&r->coming);
  if (!r->filter) return;
  filter_run_over(r->filter, forest_rows_nodes(r));
  while (filter_run_work(r->filter, r->wood, G_MAXUINT)) continue;
}

/* Marks what the search has found, once it has looked at everything. */
static void mark_found(ForestRows *r) {
  r->finding = false;
  r->matches = fuzzy_mark(r->finder, r->found);
}

void forest_rows_find(ForestRows *r, const char *text) {
  if (!r->wood) return;
  if (!r->finder) {
    r->finder = fuzzy_new(r->wood->haystacks, r->wood->letters, forest_rows_nodes(r));
    r->found = g_new0(guint8, forest_rows_nodes(r) + 1);
  }
  fuzzy_begin(r->finder, text);
  r->finding = true;
  forest_rows_work(r);
}

static bool look_further(gpointer rows) {
  ForestRows *r = rows;
  if (r->finding && fuzzy_work(r->finder, SLICE_STEP)) return true;
  return r->coming && filter_run_work(r->coming, r->wood, SLICE_STEP);
}

bool forest_rows_work(ForestRows *r) {
  /* A large outline is made in a turn of its own. */
  bool through = r->coming && (r->coming->at == r->coming->n || r->coming->n <= SLICE_STEP);
  bool more = slice_work(look_further, r);
  if (more && r->finding) r->matches = fuzzy_count(r->finder);
  if (more) return true;
  if (r->finding) mark_found(r);
  if (r->coming && through) take_filter(r);
  return r->coming != NULL;
}

bool forest_rows_working(const ForestRows *r) { return r->finding || r->coming; }

guint forest_rows_kept(const ForestRows *r) { return r->coming ? r->coming->kept : r->kept; }

/* The nodes that a search goes through, in order: all of them while the outline hides but what is folded. */
static guint search_order(const ForestRows *r, bool whole, guint at) {
  return whole ? r->wood->order[at] : forest_rows_row(r, (int)at)->node;
}

bool forest_rows_search(ForestRows *r, bool here, bool back) {
  if (!r->found || r->rows->len == 0) return false;
  while (r->finding && fuzzy_work(r->finder, G_MAXUINT)) continue;
  if (r->finding) mark_found(r);
  bool whole = !r->filter && !r->rank && r->wood->order && (r->fans || g_hash_table_size(r->folded));
  int n = whole ? (int)forest_rows_nodes(r) : (int)r->rows->len, from = whole ? 0 : r->list.cursor;
  int node = forest_rows_node(r);
  while (whole && from < n - 1 && (int)search_order(r, whole, (guint)from) != node) from++;
  for (int i = here ? 0 : 1; i <= n; i++) {
    guint at = search_order(r, whole, (guint)(((back ? from - i : from + i) % n + n) % n));
    if (r->found[at] && forest_rows_select(r, (int)at)) return true;
  }
  return false;
}
