/* SPDX-License-Identifier: Apache-2.0 */
#include "lineage/forest/keep.h"

#include <string.h>
#include <sys/stat.h>

#include "collection/disk_use.h"
#include "weights/convert.h"

bool keep_rule_from_text(const char *text, KeepRule *rule) {
  static const char *const names[] = {"auto", "oldest", "smallest", "hub"};
  for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
    if (strcmp(text, names[i]) == 0) {
      *rule = (KeepRule)i;
      return true;
    }
  *rule = KEEP_PATTERN;
  return strpbrk(text, "*?/") != NULL;
}

static void member_clear(void *data) {
  KeepMember *m = data;
  if (m->paths) g_ptr_array_unref(m->paths);
}

static void group_free(void *data) {
  KeepGroup *g = data;
  g_array_unref(g->members);
  g_free(g);
}

/* --- what a format holds -------------------------------------------------------------------------- */

/* The float format that most of a model's tensors have. */
static Dtype main_dtype(const Model *m) {
  Dtype best = DTYPE_F32;
  unsigned most = 0;
  for (int d = 0; d < DTYPE_COUNT; d++)
    if (dtype_is_float((Dtype)d) && m->dtypes[d] > most) best = (Dtype)d, most = m->dtypes[d];
  return best;
}

/* True when n numbers come back the same from the shorter format. */
static bool fit(const float *x, size_t n, Dtype shorter) {
  unsigned char bytes[4096 * sizeof(float)];
  float back[4096];
  dtype_from_f32(shorter, x, bytes, n);
  dtype_to_f32(shorter, bytes, back, n);
  return memcmp(x, back, n * sizeof *x) == 0;
}

/* All numbers of the model fit the shorter format: it was widened from there. False when it cannot be read. */
static bool is_widened(Collection *c, const Model *m, Dtype shorter) {
  enum { STEP = 4096 };
  float x[STEP];
  g_autoptr(WeightFile) file = collection_open_weights(c, m, NULL);
  if (!file || (shorter != DTYPE_F16 && shorter != DTYPE_BF16)) return false;
  for (size_t i = 0; i < weight_file_count(file); i++) {
    const TensorInfo *t = weight_file_info(file, i);
    if (!dtype_is_float(t->dtype)) continue;
    for (uint64_t at = 0; at < t->count; at += STEP) {
      size_t n = (size_t)MIN((uint64_t)STEP, t->count - at);
      if (!weight_file_read_f32(file, i, at, n, x, NULL) || !fit(x, n, shorter)) return false;
    }
  }
  return true;
}

static const Model *model_of(const Forest *f, const KeepMember *m) { return forest_node(f, m->node)->model; }

/* A member in a shorter format than the original is lossy, unless the original was widened from just that. */
static void weigh_formats(Collection *c, const Forest *f, GArray *members) {
  KeepMember *original = &g_array_index(members, KeepMember, 0);
  for (guint i = 1; i < members->len; i++) {
    KeepMember *m = &g_array_index(members, KeepMember, i);
    const ParentEdge *e = forest_parent_edge(forest_node(f, m->node));
    if (!e || e->kind != EDGE_RECAST) continue;
    bool widened = is_widened(c, model_of(f, original), main_dtype(model_of(f, m)));
    original->widened |= widened;
    m->lossy = !widened;
  }
}

/* --- choosing ------------------------------------------------------------------------------------- */

typedef struct {
  bool whole, matches, hub, named;
  int64_t time;
  uint64_t bytes;
} Standing;

/* Some model's card names this one as its parent. */
static GHashTable *named_nodes(const Forest *f) {
  GHashTable *named = g_hash_table_new(NULL, NULL);
  for (unsigned v = 0; v < f->nodes->len; v++) {
    const GArray *parents = forest_node(f, v)->parents;
    for (guint i = 0; i < parents->len; i++) {
      const ParentEdge *e = &g_array_index(parents, ParentEdge, i);
      if (e->source == EDGE_DECLARED) g_hash_table_add(named, GUINT_TO_POINTER(e->parent + 1));
    }
  }
  return named;
}

static int64_t time_of(const Collection *c, const Model *m) {
  struct stat st;
  g_autofree char *path = g_build_filename(collection_root(c), m->file, NULL);
  return stat(path, &st) == 0 ? (int64_t)st.st_mtim.tv_sec : INT64_MAX;
}

static Standing standing_of(const Collection *c, const Forest *f, const KeepMember *m, GHashTable *named,
                            const char *pattern) {
  const Model *model = model_of(f, m);
  return (Standing){.whole = !m->lossy && !m->widened,
                    .matches = pattern && g_pattern_match_simple(pattern, model->path),
                    .hub = model_value(model, "repository") != NULL,
                    .named = g_hash_table_contains(named, GUINT_TO_POINTER(m->node + 1)),
                    .time = time_of(c, model),
                    .bytes = model->bytes};
}

/* Why a should be kept rather than b, as static text; NULL: nothing speaks for it. */
static const char *better(const Standing *a, const Standing *b, KeepRule rule) {
  if (a->whole != b->whole) return a->whole ? "it loses nothing and wastes nothing" : NULL;
  if (rule == KEEP_PATTERN && a->matches != b->matches) return a->matches ? "its path matches" : NULL;
  if (rule == KEEP_HUB && a->hub != b->hub) return a->hub ? "it lies in a Hub cache" : NULL;
  if (rule == KEEP_SMALLEST && a->bytes != b->bytes) return a->bytes < b->bytes ? "the smallest" : NULL;
  if (rule != KEEP_OLDEST && rule != KEEP_SMALLEST) {
    bool first = a->hub || a->named, second = b->hub || b->named;
    if (first != second) return !first ? NULL : a->hub ? "it lies in a Hub cache" : "a card names it";
  }
  if (a->time != b->time) return a->time < b->time ? "the oldest" : NULL;
  return a->bytes < b->bytes ? "the smallest" : NULL;
}

/* The best of the group's standings but for the one at `skip` (G_MAXUINT: none). */
static guint best_of(const Standing *s, guint n, guint skip, KeepRule rule) {
  guint best = skip == 0 ? 1 : 0;
  for (guint i = best + 1; i < n; i++)
    if (i != skip && better(&s[i], &s[best], rule)) best = i;
  return best;
}

/* What is said is what sets it apart from the next best. */
static void choose(Collection *c, const Forest *f, KeepGroup *g, KeepRule rule, GHashTable *named,
                   const char *pattern) {
  const guint n = g->members->len;
  g_autofree Standing *s = g_new(Standing, n);
  for (guint i = 0; i < n; i++) s[i] = standing_of(c, f, &g_array_index(g->members, KeepMember, i), named, pattern);
  g->keep = best_of(s, n, G_MAXUINT, rule);
  g->why = better(&s[g->keep], &s[best_of(s, n, g->keep, rule)], rule);
  if (!g->why) g->why = "the first of equals";
}

/* --- groups --------------------------------------------------------------------------------------- */

static bool add_paths(Collection *c, const Forest *f, KeepGroup *g, GError **error) {
  g_autoptr(GPtrArray) all = g_ptr_array_new();
  for (guint i = 0; i < g->members->len; i++) {
    KeepMember *m = &g_array_index(g->members, KeepMember, i);
    m->paths = disk_paths_of(c, model_of(f, m), error);
    if (!m->paths) return false;
    m->frees = disk_freed(collection_root(c), m->paths);
    for (guint k = 0; i != g->keep && k < m->paths->len; k++) g_ptr_array_add(all, m->paths->pdata[k]);
  }
  g->frees = disk_freed(collection_root(c), all);
  return true;
}

static KeepGroup *group_new(unsigned original) {
  KeepGroup *g = g_new0(KeepGroup, 1);
  KeepMember first = {.node = original};
  g->members = g_array_new(FALSE, FALSE, sizeof(KeepMember));
  g_array_set_clear_func(g->members, member_clear);
  g_array_append_val(g->members, first);
  return g;
}

/* Groups with members alone. */
static GPtrArray *find_groups(const Forest *f) {
  GPtrArray *groups = g_ptr_array_new_with_free_func(group_free);
  g_autofree KeepGroup **of = g_new0(KeepGroup *, f->nodes->len + 1);
  for (unsigned v = 0; v < f->nodes->len; v++) {
    int original = forest_node(f, v)->duplicate_of;
    if (original < 0) continue;
    KeepMember m = {.node = v};
    if (!of[original]) of[original] = group_new((unsigned)original);
    g_array_append_val(of[original]->members, m);
  }
  for (unsigned v = 0; v < f->nodes->len; v++)
    if (of[v]) g_ptr_array_add(groups, of[v]);
  return groups;
}

GPtrArray *keep_groups(Collection *c, const Forest *f, KeepRule rule, const char *pattern, GError **error) {
  g_autoptr(GPtrArray) groups = find_groups(f);
  g_autoptr(GHashTable) named = named_nodes(f);
  for (guint i = 0; i < groups->len; i++) {
    KeepGroup *g = groups->pdata[i];
    weigh_formats(c, f, g->members);
    choose(c, f, g, rule, named, rule == KEEP_PATTERN ? pattern : NULL);
    if (!add_paths(c, f, g, error)) return NULL;
  }
  return g_steal_pointer(&groups);
}

const char *keep_member_kind(const KeepGroup *g, guint i) {
  const KeepMember *m = &g_array_index(g->members, KeepMember, i);
  bool widened = g_array_index(g->members, KeepMember, 0).widened;
  return m->widened ? "widened" : m->lossy ? "recast" : i == 0 || widened ? "original" : "copy";
}

GPtrArray *keep_paths_that_go(const GPtrArray *groups) {
  GPtrArray *paths = g_ptr_array_new();
  for (guint i = 0; i < groups->len; i++) {
    const KeepGroup *g = groups->pdata[i];
    for (guint k = 0; k < g->members->len; k++) {
      const KeepMember *m = &g_array_index(g->members, KeepMember, k);
      for (guint p = 0; k != g->keep && p < m->paths->len; p++) g_ptr_array_add(paths, m->paths->pdata[p]);
    }
  }
  return paths;
}
