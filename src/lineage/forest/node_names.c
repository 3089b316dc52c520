/* SPDX-License-Identifier: Apache-2.0 */
#include "lineage/forest/node_names.h"

#include <string.h>

#include "lineage/forest/forest_make.h"

/* The last so many parts of a path; all of it when it has no more. */
static const char *path_end(const char *path, unsigned parts) {
  const char *at = path + strlen(path);
  while (at > path && (at[-1] != '/' || --parts > 0)) at--;
  return at;
}

static const char *path_of(const Forest *f, const GArray *nodes, guint i) {
  return forest_node(f, g_array_index(nodes, unsigned, i))->model->shown;
}

/* False as long as two of the ends are the same; `rest` says whether longer ends are to be had. */
static bool ends_differ(const Forest *f, const GArray *nodes, unsigned parts, bool *rest) {
  g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
  bool differ = true;
  *rest = false;
  for (guint i = 0; i < nodes->len; i++) {
    const char *path = path_of(f, nodes, i), *end = path_end(path, parts);
    *rest |= end > path;
    differ &= g_hash_table_add(seen, (gpointer)end);
  }
  return differ;
}

static void rename_all(gpointer name, gpointer value, gpointer forest) {
  const GArray *nodes = value;
  unsigned parts = 1;
  bool rest;
  (void)name;
  if (nodes->len < 2) return;
  while (!ends_differ(forest, nodes, parts, &rest) && rest) parts++;
  for (guint i = 0; i < nodes->len; i++) {
    ForestNode *n = forest_edit(forest, g_array_index(nodes, unsigned, i));
    g_free(n->name);
    n->name = safe_text(path_end(n->model->shown, parts), -1);
  }
}

void forest_tell_names_apart(Forest *forest) {
  g_autoptr(GHashTable) of_name = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)g_array_unref);
  for (unsigned v = 0; v < forest->nodes->len; v++) {
    const Model *m = forest_node(forest, v)->model;
    if (!m || !m->name || !m->shown) continue;
    GArray *nodes = g_hash_table_lookup(of_name, m->name);
    if (!nodes) g_hash_table_insert(of_name, m->name, nodes = g_array_new(FALSE, FALSE, sizeof v));
    g_array_append_val(nodes, v);
  }
  g_hash_table_foreach(of_name, rename_all, forest);
}
