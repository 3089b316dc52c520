/* SPDX-License-Identifier: Apache-2.0 */
#include "lineage/forest/conflicts.h"

#include <string.h>

#include "collection/licence.h"

/* Edges below the first say nothing about licences, below the second they say it with less weight. */
static const double heard = 0.75, certain = 0.9;

const char *conflict_severity_name(ConflictSeverity severity) {
  static const char *const names[] = {"high", "medium", "low"};
  return names[severity];
}

const char *conflict_kind_name(ConflictKind kind) {
  static const char *const names[] = {"base", "family", "licence", "card-of-another"};
  return names[kind];
}

static void conflict_free(gpointer data) {
  Conflict *c = data;
  g_free(c->sentence);
  g_free(c);
}

/* Takes the sentence. */
static void add(GPtrArray *list, ConflictSeverity severity, ConflictKind kind, unsigned node, char *sentence) {
  Conflict *c = g_new(Conflict, 1);
  *c = (Conflict){.severity = severity, .kind = kind, .node = node, .sentence = sentence};
  g_ptr_array_add(list, c);
}

/* --- base, family, card ----------------------------------------------------------------------------------- */

static void add_base(GPtrArray *list, const Forest *f, unsigned v) {
  const ForestNode *n = forest_node(f, v);
  const ParentEdge *e = forest_parent_edge(n);
  const char *declared = model_base(n->model);
  if (!n->card_conflict) return;
  if (!e && model_value(n->model, "family_conflict")) return; /* that says why */
  if (!declared) declared = "another parent";
  if (!e) {
    add(list, SEVERITY_MEDIUM, CONFLICT_BASE, v,
        g_strdup_printf("its card names %s, its weights have no parent here", declared));
    return;
  }
  add(list, SEVERITY_HIGH, CONFLICT_BASE, v,
      g_strdup_printf("its card names %s, its weights come from %s (%s, %.0f %% sure)", declared,
                      forest_shown(f, e->parent), edge_kind_name(e->kind), 100 * e->confidence));
}

static void add_family(GPtrArray *list, const Forest *f, unsigned v) {
  const char *said = model_value(forest_node(f, v)->model, "family_conflict");
  if (said) add(list, SEVERITY_HIGH, CONFLICT_FAMILY, v, g_strdup(said));
}

/* What follows the last slash, which owners and folders stand before. */
static const char *name_end(const char *name) {
  const char *slash = strrchr(name, '/');
  return slash ? slash + 1 : name;
}

static bool same_name(const char *a, const char *b) { return g_ascii_strcasecmp(name_end(a), name_end(b)) == 0; }

/* A repository that a card names, or NULL: paths on somebody's disk are no evidence. */
static const char *repository_of(const Model *m) {
  const char *base = model_base(m);
  return base && !base_is_local_path(base) ? base : NULL;
}

static void add_card(GPtrArray *list, const Forest *f, unsigned v) {
  const ForestNode *n = forest_node(f, v);
  const Model *original = n->duplicate_of >= 0 ? forest_node(f, (unsigned)n->duplicate_of)->model : NULL;
  const char *mine = repository_of(n->model), *other = original ? repository_of(original) : NULL;
  if (n->card_conflict || !mine || !other || same_name(mine, other) || same_name(mine, original->name)) return;
  add(list, SEVERITY_LOW, CONFLICT_CARD, v,
      g_strdup_printf("it holds the same tensors as %s, yet its card names %s and that one's names %s",
                      model_title(original), mine, other));
}

/* --- licences ------------------------------------------------------------------------------------------------ */

typedef struct {
  unsigned node, way; /* way: the node it was reached from */
  double weakest;     /* confidence of the least sure edge so far */
  bool adapter;       /* the model is an adapter of what lies here */
} Step;

static void take_parents(GArray *steps, GHashTable *seen, const ForestNode *n, Step from) {
  for (guint k = 0; k < n->parents->len; k++) {
    const ParentEdge *e = &g_array_index(n->parents, ParentEdge, k);
    bool same = n->duplicate_of == (int)e->parent; /* who came first is not sure, that they are one is */
    if (!same && (e->kind == EDGE_RELATED || !(e->confidence >= heard))) continue;
    Step step = {.node = e->parent,
                 .way = from.node,
                 .weakest = MIN(from.weakest, e->confidence),
                 .adapter = from.adapter || e->kind == EDGE_ADAPTER};
    if (g_hash_table_add(seen, GUINT_TO_POINTER(step.node))) g_array_append_val(steps, step);
  }
}

/* The nearest ancestor of v that is bound, all parents of a merge looked at; *at says how it was reached. */
static const Licence *binding_ancestor(const Forest *f, unsigned v, Step *at) {
  g_autoptr(GArray) steps = g_array_new(FALSE, FALSE, sizeof(Step));
  g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
  g_hash_table_add(seen, GUINT_TO_POINTER(v));
  take_parents(steps, seen, forest_node(f, v), (Step){.node = v, .weakest = 1});
  for (guint i = 0; i < steps->len; i++) {
    *at = g_array_index(steps, Step, i);
    const ForestNode *n = forest_node(f, at->node);
    const Licence *l = n->model ? licence_of(n->model) : NULL;
    if (l && l->class != LICENCE_PERMISSIVE) return l;
    take_parents(steps, seen, n, *at);
  }
  return NULL;
}

static ConflictSeverity licence_severity(const Licence *bound, const Step *at) {
  ConflictSeverity severity = bound->class == LICENCE_NON_COMMERCIAL ? SEVERITY_HIGH : SEVERITY_MEDIUM;
  bool less = at->weakest < certain || at->adapter;
  return less ? severity + 1 : severity;
}

static void add_licence(GPtrArray *list, const Forest *f, unsigned v) {
  const Licence *own = licence_of(forest_node(f, v)->model), *bound;
  Step at;
  if (!own || own->class != LICENCE_PERMISSIVE || !(bound = binding_ancestor(f, v, &at))) return;
  GString *s = g_string_new(NULL);
  g_string_append_printf(s, "it says %s, and comes from %s", own->id, forest_shown(f, at.node));
  if (at.way != v) g_string_append_printf(s, " by way of %s", forest_shown(f, at.way));
  g_string_append_printf(s, " (%.0f %% sure), which is under %s, %s: %s", 100 * at.weakest, bound->id,
                         licence_class_name(bound->class), bound->clause);
  add(list, licence_severity(bound, &at), CONFLICT_LICENCE, v, g_string_free(s, FALSE));
}

/* --- all ----------------------------------------------------------------------------------------------------- */

static int compare(gconstpointer a, gconstpointer b) {
  const Conflict *x = *(const Conflict *const *)a, *y = *(const Conflict *const *)b;
  if (x->severity != y->severity) return x->severity < y->severity ? -1 : 1;
  if (x->node != y->node) return x->node < y->node ? -1 : 1;
  return (int)x->kind - (int)y->kind;
}

GPtrArray *conflicts_list(const Forest *forest) {
  GPtrArray *list = g_ptr_array_new_with_free_func(conflict_free);
  for (unsigned v = 0; v < forest->nodes->len; v++) {
    if (!forest_node(forest, v)->model) continue;
    add_base(list, forest, v);
    add_family(list, forest, v);
    add_licence(list, forest, v);
    add_card(list, forest, v);
  }
  g_ptr_array_sort(list, compare);
  return list;
}
