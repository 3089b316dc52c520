/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/adapter_score.h"

#include <string.h>

#include "lineage/forest/keep.h"
#include "lineage/grow/base_name.h"
#include "lineage/grow/declared.h"
#include "lineage/grow/route.h"
#include "lineage/sketch/sketch_store.h"

typedef struct {
  const GPtrArray *planted, *models, *sketches;
  const Forest *forest;
  DeclaredIndex *index;
  int *nodes; /* of each planted adapter, or -1 */
  AdapterScore score;
  void (*say)(const char *line);
} Scoring;

static void say(const Scoring *s, const PlantedAdapter *a, const char *what, const char *detail) {
  if (!s->say) return;
  g_autofree char *line = g_strdup_printf("%s (%s): %s: %s", a->path, a->family, what, detail ? detail : "nothing");
  s->say(line);
}

/* A folder of PEFT's is one model by its folder's path; a file by its own. */
static int *find_nodes(const GPtrArray *planted, const GPtrArray *models) {
  g_autoptr(GHashTable) by_file = g_hash_table_new(g_str_hash, g_str_equal);
  for (guint i = 0; i < models->len; i++)
    g_hash_table_insert(by_file, ((Model *)models->pdata[i])->file, GUINT_TO_POINTER(i + 1));
  int *nodes = g_new(int, planted->len + 1);
  for (guint i = 0; i < planted->len; i++)
    nodes[i] = GPOINTER_TO_INT(g_hash_table_lookup(by_file, ((PlantedAdapter *)planted->pdata[i])->path)) - 1;
  return nodes;
}

static const Model *model_of(const Scoring *s, guint i) { return s->models->pdata[s->nodes[i]]; }

static bool names_it(const char *said, const char *family) {
  for (const char *at = said; (at = strstr(at, family)); at++) {
    const char *end = at + strlen(family);
    if ((at == said || at[-1] == ' ') && (*end == '\0' || *end == ',' || *end == ' ')) return true;
  }
  return false;
}

/* Of one that changes the text encoder alone, the tower's name is no mistake. */
static void score_family(Scoring *s, guint i) {
  const PlantedAdapter *a = s->planted->pdata[i];
  const char *said = model_value(model_of(s, i), "family");
  if (!said) s->score.silent++;
  else if (strcmp(said, a->family) == 0) s->score.right++;
  else if (names_it(said, a->family) || (a->tower && strstr(said, "text tower"))) s->score.doubtful++;
  else s->score.false_family++, say(s, a, "another family", said);
}

static void score_conflict(Scoring *s, guint i) {
  const PlantedAdapter *a = s->planted->pdata[i];
  const char *conflict = model_value(model_of(s, i), "family_conflict");
  s->score.wrong += a->wrong;
  s->score.flagged += a->wrong && conflict;
  s->score.invented += !a->wrong && conflict;
  if (a->wrong != (conflict != NULL))
    say(s, a, a->wrong ? "a wrong word not flagged" : "an invented conflict", conflict);
}

/* The one that stands for all equal ones. */
static int group_of(const Scoring *s, int node) {
  for (unsigned steps = 0; steps <= s->models->len; steps++) {
    int next = forest_node(s->forest, (unsigned)node)->duplicate_of;
    if (next < 0) break;
    node = next;
  }
  return node;
}

static void score_twins(Scoring *s) {
  g_autoptr(GHashTable) whose = g_hash_table_new(NULL, NULL); /* group + 1 -> original + 1 */
  for (guint i = 0; i < s->planted->len; i++) {
    const PlantedAdapter *a = s->planted->pdata[i];
    if (s->nodes[i] < 0 || s->nodes[a->original] < 0) continue;
    int group = group_of(s, s->nodes[i]);
    bool found = group == group_of(s, s->nodes[a->original]);
    s->score.twins += a->twin != TWIN_NONE;
    s->score.twins_found += a->twin != TWIN_NONE && found;
    if (!found) say(s, a, "a copy not found", ((PlantedAdapter *)s->planted->pdata[a->original])->path);
    gpointer first = g_hash_table_lookup(whose, GINT_TO_POINTER(group + 1));
    if (first && GPOINTER_TO_UINT(first) != a->original + 1) s->score.twins_invented++, say(s, a, "no copy", NULL);
    g_hash_table_insert(whose, GINT_TO_POINTER(group + 1), GUINT_TO_POINTER(a->original + 1));
  }
}

/* By the rule: never what was widened for nothing or has lost numbers, so that of a recast the original stays; else the
 * oldest. */
static const char *right_one(const GPtrArray *planted, const PlantedAdapter *twin) {
  const PlantedAdapter *original = planted->pdata[twin->original];
  return (twin->twin != TWIN_RECAST && twin->older ? twin : original)->path;
}

static void score_kept(Scoring *s, const GPtrArray *groups) {
  g_autoptr(GHashTable) kept = g_hash_table_new(g_str_hash, g_str_equal);
  for (guint i = 0; i < groups->len; i++) {
    const KeepGroup *g = groups->pdata[i];
    const unsigned node = g_array_index(g->members, KeepMember, g->keep).node;
    g_hash_table_add(kept, forest_node(s->forest, node)->model->file);
  }
  for (guint i = 0; i < s->planted->len; i++) {
    const PlantedAdapter *a = s->planted->pdata[i];
    if (a->twin == TWIN_NONE) continue;
    bool right = g_hash_table_contains(kept, right_one(s->planted, a));
    s->score.kept_right += right;
    if (!right) say(s, a, "the wrong one is to be kept", NULL);
  }
}

/* --- bases ------------------------------------------------------------------------------------------ */

/* The nearest ancestor that is no adapter, or NULL. */
static const ParentEdge *full_parent(const Forest *f, unsigned v) {
  const ParentEdge *e = forest_parent_edge(forest_node(f, v));
  for (unsigned steps = 0; e && steps <= f->nodes->len; steps++) {
    const Model *m = forest_node(f, e->parent)->model;
    if (!m || !model_is_adapter(m)) break;
    e = forest_parent_edge(forest_node(f, e->parent));
  }
  return e;
}

/* What `copse base` answers. */
static GArray *bases_of(const Scoring *s, unsigned v) {
  const Model *m = s->models->pdata[v];
  g_autofree char *name = base_name_clean(model_base(m));
  g_autoptr(GArray) found = name ? declared_resolve(s->index, v, name) : NULL;
  int declared = found && found->len ? (int)g_array_index(found, unsigned, 0) : -1;
  return route_bases(s->forest, s->sketches, s->sketches->pdata[v], true, m->shapes, (int)v, declared, G_MAXUINT);
}

/* A parent that is here is the first of the bases that fit. Where there is none, none fits or several do. One that is
 * elsewhere is not named by a card that the layers gainsay. */
static const char *contradiction(const Scoring *s, const Model *a, const ParentEdge *parent, const GArray *bases) {
  if (!parent) return bases->len == 1 ? "one base fits, and the forest hangs it nowhere" : NULL;
  if (!forest_node(s->forest, parent->parent)->model) {
    bool gainsaid = parent->source == EDGE_DECLARED && model_value(a, "family_conflict");
    return gainsaid ? "the forest believes a card that the layers gainsay" : NULL;
  }
  if (bases->len && g_array_index(bases, BaseFit, 0).node == parent->parent) return NULL;
  for (guint i = 0; i < bases->len; i++)
    if (g_array_index(bases, BaseFit, i).node == parent->parent) return "another base goes before the forest's parent";
  return "the forest's parent is no base that fits";
}

static void score_base(Scoring *s, guint i) {
  unsigned v = (unsigned)s->nodes[i];
  if (!s->sketches->pdata[v]) return;
  const ParentEdge *parent = full_parent(s->forest, v);
  bool here = parent && forest_node(s->forest, parent->parent)->model;
  s->score.based += here;
  s->score.ghosts += parent && !here;
  s->score.bare += !parent;
  g_autoptr(GArray) bases = bases_of(s, v);
  if (bases->len) s->score.fitted = ((PlantedAdapter *)s->planted->pdata[i])->path;
  const char *why = contradiction(s, s->models->pdata[v], parent, bases);
  s->score.contradicted += why != NULL;
  if (why) say(s, s->planted->pdata[i], why, parent ? forest_node(s->forest, parent->parent)->name : NULL);
}

AdapterScore adapter_score(const GPtrArray *planted, const GPtrArray *models, const Forest *forest,
                           const GPtrArray *sketches, const GPtrArray *groups, void (*tell)(const char *line)) {
  g_autoptr(DeclaredIndex) index = declared_index_new(models);
  g_autofree int *nodes = find_nodes(planted, models);
  Scoring s = {.planted = planted,
               .models = models,
               .sketches = sketches,
               .forest = forest,
               .index = index,
               .nodes = nodes,
               .say = tell};
  s.score.adapters = planted->len;
  for (guint i = 0; i < planted->len; i++) {
    s.score.missing += nodes[i] < 0;
    if (nodes[i] < 0) continue;
    score_family(&s, i);
    score_conflict(&s, i);
    score_base(&s, i);
  }
  score_twins(&s);
  score_kept(&s, groups);
  return s.score;
}

bool adapter_score_folder(const GPtrArray *planted, const char *root, const char *state, void (*tell)(const char *line),
                          AdapterScore *out, GError **error) {
  const CollectionOptions options = {.state = state};
  const ForestOptions growing = {0};
  ScanSummary sum;
  g_autoptr(Collection) c = collection_open(root, &options, error);
  if (!c || !collection_scan(c, NULL, &sum, error)) return false;
  g_autoptr(GPtrArray) models = collection_models(c, error);
  g_autoptr(Forest) forest = models ? forest_build(c, models, &growing, NULL, error) : NULL;
  g_autoptr(GPtrArray) notes = NULL;
  g_autoptr(GPtrArray) sketches = forest ? sketch_store_load(c, models, 0, 2, NULL, &notes, error) : NULL;
  g_autoptr(GPtrArray) groups = sketches ? keep_groups(c, forest, KEEP_AUTO, NULL, error) : NULL;
  if (!groups) return false;
  model_sketches_centre(sketches, 2);
  *out = adapter_score(planted, models, forest, sketches, groups, tell);
  return true;
}

bool adapter_score_is_clean(const AdapterScore *s) {
  return s->missing + s->false_family + s->invented + s->twins_invented + s->contradicted == 0 &&
         s->flagged == s->wrong && s->twins_found == s->twins && s->kept_right == s->twins;
}
