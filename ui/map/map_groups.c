/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/map/map_groups.h"

#include <math.h>
#include <string.h>

#include "lineage/forest/node_fields.h"
#include "search/filter.h"

const char *map_by_name(MapBy by, ModelField field) {
  static const char *const names[] = {"label", "the label's last word",  "the label's first word", "tree",
                                      "split", "score of the last query"};
  return by == MAP_BY_FIELD ? field_info(field)->name : names[by];
}

const char *map_group_sign(guint group, bool ascii) {
  static const char *const signs[MAP_GROUPS + 1][2] = {{"●", "o"}, {"▲", "^"}, {"■", "#"}, {"◆", "+"},
                                                       {"○", "%"}, {"△", "x"}, {"·", "."}};
  return signs[MIN(group, (guint)MAP_OTHERS)][ascii];
}

Style map_group_style(guint group) { return group < MAP_GROUPS ? (Style)(STYLE_GROUP_1 + group) : STYLE_DIM; }

void map_groups_clear(MapGroups *g) {
  g_clear_pointer(&g->group, g_free);
  for (int i = 0; i <= MAP_GROUPS; i++) g_clear_pointer(&g->names[i], g_free);
}

/* The first word of a label, or the last. The caller frees it. */
static char *word_of(const char *label, bool last) {
  if (!label) return NULL;
  const char *space = last ? strrchr(label, ' ') : strchr(label, ' ');
  if (!space) return g_strdup(label);
  return last ? g_strdup(space + 1) : g_strndup(label, (gsize)(space - label));
}

/* What a model is sorted by; NULL for nothing. The caller frees it. */
static char *value_of(const Ui *ui, const Model *m, MapBy by, ModelField field) {
  if (by == MAP_BY_LABEL) return model_concept_text(m, ui->wood ? ui->wood->label_key : NULL);
  if (by == MAP_BY_LAST_WORD || by == MAP_BY_FIRST_WORD) {
    g_autofree char *label = model_concept_text(m, ui->wood ? ui->wood->label_key : NULL);
    return word_of(label, by == MAP_BY_LAST_WORD);
  }
  if (by == MAP_BY_SPLIT) return g_strdup(model_split(m));
  int node = ui->wood ? forest_find(ui->wood->forest, m) : -1;
  if (node < 0) return NULL;
  if (by == MAP_BY_FIELD)
    return node_field_text(ui->wood->forest, forest_node(ui->wood->forest, (unsigned)node), field, ui->wood->label_key);
  return g_strdup_printf("tree %d", forest_node(ui->wood->forest, (unsigned)node)->tree + 1);
}

typedef struct {
  char *value; /* owned by the table */
  guint n;
} Frequency;

static int most_first(gconstpointer a, gconstpointer b) {
  const Frequency *x = a, *y = b;
  if (x->n != y->n) return x->n > y->n ? -1 : 1;
  return g_strcmp0(x->value, y->value);
}

/* The most frequent values become groups; `values` belongs to the caller. */
static void group_values(MapGroups *g, char **values, guint n) {
  g_autoptr(GHashTable) counts = g_hash_table_new(g_str_hash, g_str_equal);
  g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(Frequency));
  for (guint i = 0; i < n; i++) {
    if (!values[i]) continue;
    guint at = GPOINTER_TO_UINT(g_hash_table_lookup(counts, values[i]));
    if (!at) {
      Frequency one = {values[i], 0};
      g_array_append_val(all, one);
      at = all->len;
      g_hash_table_insert(counts, values[i], GUINT_TO_POINTER(at));
    }
    g_array_index(all, Frequency, at - 1).n++;
  }
  g_array_sort(all, most_first);
  g_hash_table_remove_all(counts);
  for (guint k = 0; k < all->len && k < MAP_GROUPS; k++) {
    const Frequency *f = &g_array_index(all, Frequency, k);
    g->names[k] = g_strdup(f->value);
    g_hash_table_insert(counts, f->value, GUINT_TO_POINTER(k + 1));
  }
  for (guint i = 0; i < n; i++) {
    guint k = values[i] ? GPOINTER_TO_UINT(g_hash_table_lookup(counts, values[i])) : 0;
    g->group[i] = (guint8)(k ? k - 1 : MAP_OTHERS);
  }
}

/* A model's score in the last answer; NULL when it has none: words alone have found some. */
static const double *score_of(const Ui *ui, const Model *m) {
  const double *s = ui->scores ? g_hash_table_lookup(ui->scores, m->path) : NULL;
  return s && isfinite(*s) ? s : NULL;
}

/* Fifths of the range of scores, the highest first. */
static void group_scores(MapGroups *g, const Ui *ui, const GPtrArray *models) {
  enum { PARTS = 5 };
  double low = INFINITY, high = -INFINITY;
  for (guint i = 0; i < models->len; i++) {
    const double *s = score_of(ui, models->pdata[i]);
    if (s) low = fmin(low, *s), high = fmax(high, *s);
  }
  for (guint i = 0; i < models->len; i++) {
    const double *s = score_of(ui, models->pdata[i]);
    double at = s && high > low ? (high - *s) / (high - low) : s ? 0 : 1;
    g->group[i] = (guint8)(s ? MIN((int)(at * PARTS), PARTS - 1) : MAP_OTHERS);
  }
  for (int k = 0; k < PARTS && high >= low; k++)
    g->names[k] = g_strdup_printf("from %.2f", high - (high - low) * (k + 1) / PARTS);
}

bool map_groups_are_vague(const MapGroups *g) {
  guint all = 0;
  for (int k = 0; k <= MAP_GROUPS; k++) all += g->counts[k];
  return g->counts[MAP_OTHERS] > all / 4 * 3;
}

void map_groups_set(MapGroups *g, const Ui *ui, const GPtrArray *models, MapBy by, ModelField field) {
  guint n = models->len;
  map_groups_clear(g);
  *g = (MapGroups){.by = by, .field = field, .group = g_new0(guint8, n + 1)};
  if (by == MAP_BY_SCORE) {
    group_scores(g, ui, models);
  } else {
    char **values = g_new0(char *, n + 1);
    for (guint i = 0; i < n; i++) values[i] = value_of(ui, models->pdata[i], by, field);
    group_values(g, values, n);
    for (guint i = 0; i < n; i++) g_free(values[i]);
    g_free(values);
  }
  for (guint i = 0; i < n; i++) g->counts[g->group[i]]++;
  if (g->counts[MAP_OTHERS]) g->names[MAP_OTHERS] = g_strdup("others");
}
