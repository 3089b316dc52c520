/* SPDX-License-Identifier: Apache-2.0 */
#include "session/space_report.h"

#include <glib/gstdio.h>
#include <string.h>

const char *space_side_name(SpaceSide side) {
  static const char *const names[] = {"disk", "tree", "store", "format", "revision", "age"};
  return names[side];
}

static void part_free(gpointer data) {
  SpacePart *p = data;
  g_free(p->name);
  g_free(p);
}

void space_report_free(SpaceReport *r) {
  if (!r) return;
  for (int s = 0; s < SPACE_SIDES; s++) g_ptr_array_unref(r->parts[s]);
  g_free(r);
}

/* Adds to the part of that name, which is made when it is new. */
static void add(SpaceReport *r, GHashTable *parts, SpaceSide side, const char *name, uint64_t bytes, guint models) {
  SpacePart *part = g_hash_table_lookup(parts, name);
  if (!part) {
    part = g_new0(SpacePart, 1);
    part->name = safe_text(name, -1);
    g_ptr_array_add(r->parts[side], part);
    g_hash_table_insert(parts, g_strdup(name), part);
  }
  part->bytes += bytes;
  part->models += models;
  r->bytes[side] += bytes;
}

static char *store_of(const Model *m) {
  const char *hub = g_strstr_len(m->path, -1, "models--"), *slash = strchr(m->path, '/');
  if (hub == m->path || (hub && hub[-1] == '/')) return g_strdup("Hub cache");
  return slash ? g_strndup(m->path, (gsize)(slash - m->path) + 1) : g_strdup("the folder itself");
}

static char *revision_of(const Model *m) {
  const char *repository = model_value(m, "repository"), *revision = model_value(m, "revision");
  if (!repository) return g_strdup("no repository");
  return revision ? g_strdup_printf("%s@%.8s", repository, revision) : g_strdup(repository);
}

/* The year in which its weight file was written, an archive's for a member. */
static char *age_of(const char *root, const Model *m) {
  g_autofree char *file = g_build_filename(root, m->file ? m->file : m->path, NULL);
  char *inside = strstr(file, "!");
  GStatBuf info;
  if (g_stat(file, &info) != 0 && inside) *inside = '\0';
  if (g_stat(file, &info) != 0) return g_strdup("not known");
  g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(info.st_mtime);
  return time ? g_strdup_printf("%d", g_date_time_get_year(time)) : g_strdup("not known");
}

/* What a model counts for on one side; the caller frees it. */
static char *part_of(const char *root, const Forest *forest, const ForestNode *node, SpaceSide side) {
  const Model *m = node->model;
  switch (side) {
    case SPACE_TREE:
      return g_strdup(forest_node(forest, g_array_index(forest->roots, unsigned, node->tree))->name);
    case SPACE_STORE:
      return store_of(m);
    case SPACE_FORMAT:
      return g_strdup(m->format ? m->format : "other");
    case SPACE_REVISION:
      return revision_of(m);
    default:
      return age_of(root, m);
  }
}

static void add_disk(SpaceReport *r, GHashTable *parts, const DiskSurvey *survey) {
  for (int k = 0; survey && k < DISK_KINDS; k++)
    add(r, parts, SPACE_DISK, disk_kind_text((DiskKind)k), survey->bytes[k], 0);
}

static void add_models(SpaceReport *r, GHashTable *parts, SpaceSide side, const char *root, const Forest *forest) {
  for (guint i = 0; i < forest->nodes->len; i++) {
    const ForestNode *node = forest_node(forest, i);
    if (!node->model || node->tree < 0 || (guint)node->tree >= forest->roots->len) continue;
    g_autofree char *name = part_of(root, forest, node, side);
    add(r, parts, side, name, node->model->bytes, 1);
  }
}

static int largest_first(gconstpointer a, gconstpointer b) {
  const SpacePart *x = *(SpacePart *const *)a, *y = *(SpacePart *const *)b;
  if (x->bytes != y->bytes) return x->bytes > y->bytes ? -1 : 1;
  return strcmp(x->name, y->name);
}

SpaceReport *space_report_new(const char *root, const Forest *forest, const DiskSurvey *survey) {
  SpaceReport *r = g_new0(SpaceReport, 1);
  for (int s = 0; s < SPACE_SIDES; s++) {
    g_autoptr(GHashTable) parts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    r->parts[s] = g_ptr_array_new_with_free_func(part_free);
    if (s == SPACE_DISK) add_disk(r, parts, survey);
    else add_models(r, parts, (SpaceSide)s, root, forest);
    g_ptr_array_sort(r->parts[s], largest_first);
  }
  return r;
}
