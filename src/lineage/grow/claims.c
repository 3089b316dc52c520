/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "core/text.h"
#include "lineage/grow/forest_builder.h"
#include "lineage/grow/adapter_fit.h"

/* How sure a parent is that a card names. */
static const double sure_checked = 0.98, sure_on_disk = 0.75, sure_ghost = 0.7, sure_step = 0.95;

typedef enum { CHECK_AGREES, CHECK_NOT_POSSIBLE, CHECK_OBJECTS } Check;

static const Model *model_of(const Builder *b, unsigned node) { return forest_node(b->forest, node)->model; }

static EdgeKind said_kind(const Model *m, bool *said) {
  static const struct {
    const char *word;
    EdgeKind kind;
  } words[] = {
      {"finetune", EDGE_FINE_TUNE},
      {"adapter", EDGE_ADAPTER},
      {"merge", EDGE_MERGE},
      {"quantized", EDGE_QUANTISED},
  };
  const char *relation = model_value(m, "base_relation");
  *said = true;
  for (size_t i = 0; relation && i < G_N_ELEMENTS(words); i++)
    if (g_ascii_strcasecmp(relation, words[i].word) == 0) return words[i].kind;
  *said = model_is_adapter(m);
  return *said ? EDGE_ADAPTER : EDGE_FINE_TUNE;
}

/* Full models: do the weights agree that p is kin of c? */
static Check check_full(const Builder *b, unsigned c, unsigned p, double *cosine) {
  const ModelSketch *child = builder_sketch(b, c), *parent = builder_sketch(b, p);
  const Model *m = model_of(b, c), *q = model_of(b, p);
  bool said;
  if (!child || !parent || !child->finite || !parent->finite) return CHECK_NOT_POSSIBLE;
  if (m->kind != MODEL_FULL || q->kind != MODEL_FULL) return CHECK_NOT_POSSIBLE;
  Kinship k;
  kinship_compare(parent, child, &k);
  *cosine = k.cosine;
  if (kinship_is_kin(&k)) return CHECK_AGREES;
  if (said_kind(m, &said) == EDGE_QUANTISED || g_strcmp0(m->format, q->format) != 0 || !child->trunk || !parent->trunk)
    return CHECK_NOT_POSSIBLE;
  if (kinship_is_comparable(&k)) return CHECK_OBJECTS;
  /* The same shapes under other names: perhaps the same network, so nobody is accused. */
  return fit_shapes_shared(parent, child) >= 0.5 ? CHECK_NOT_POSSIBLE : CHECK_OBJECTS;
}

/* Adapters: does the base have the layers? */
static Check check_adapter(const Builder *b, unsigned c, unsigned p) {
  const ModelSketch *child = builder_sketch(b, c), *parent = builder_sketch(b, p);
  if (!child || !parent || model_of(b, p)->kind != MODEL_FULL) return CHECK_NOT_POSSIBLE;
  g_autoptr(FitIndex) index = fit_index_new(parent);
  Fit fit = fit_compare(index, child);
  if (fit_is_whole(&fit)) return CHECK_AGREES;
  return 2 * fit.clashing >= MAX(fit.layers, 1) ? CHECK_OBJECTS : CHECK_NOT_POSSIBLE;
}

/* The best of the models that the card may mean, or -1 when the weights object to all. */
static int choose(const Builder *b, unsigned c, const GArray *candidates, Check *best) {
  int chosen = -1;
  double best_cosine = -2;
  *best = CHECK_OBJECTS;
  for (guint i = 0; i < candidates->len; i++) {
    unsigned p = g_array_index(candidates, unsigned, i);
    double cosine = 0;
    Check check = builder_is_adapter(b, c) ? check_adapter(b, c, p) : check_full(b, c, p, &cosine);
    if (check == CHECK_OBJECTS || check > *best) continue;
    if (check == *best && chosen >= 0 && cosine <= best_cosine) continue;
    *best = check;
    chosen = (int)p;
    best_cosine = cosine;
  }
  return chosen;
}

/* How often a base is named, and by whom. */
typedef struct {
  unsigned adapters, full; /* that name it */
  int self;                /* a full model that says it in its configuration alone, or -1 */
} Naming;

static Naming *naming_of(GHashTable *namings, const char *name) {
  g_autofree char *key = text_fold(name);
  Naming *found = g_hash_table_lookup(namings, key);
  if (found) return found;
  found = g_new0(Naming, 1);
  found->self = -1;
  g_hash_table_insert(namings, g_steal_pointer(&key), found);
  return found;
}

/* The name or path that a configuration holds is where its weights were loaded from, and often what
 * they still are. When adapters name something that is not on disk, and one full model alone says
 * it of itself in this way, that model is what they mean. */
static void find_selves(Builder *b) {
  g_autoptr(GHashTable) namings = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  for (unsigned v = 0; v < b->models->len; v++) {
    const Model *m = model_of(b, v);
    g_autofree char *name = declared_name(model_base(m));
    if (!name) continue;
    Naming *n = naming_of(namings, name);
    if (model_is_adapter(m)) n->adapters++;
    if (m->kind != MODEL_FULL || forest_node(b->forest, v)->duplicate_of >= 0) continue;
    n->full++;
    if (strcmp(model_fact(m, "base")->source, "config.json") == 0) n->self = (int)v;
  }
  GHashTableIter it;
  gpointer key, value;
  g_hash_table_iter_init(&it, namings);
  while (g_hash_table_iter_next(&it, &key, &value)) {
    const Naming *n = value;
    if (n->self >= 0 && n->full == 1 && n->adapters > 0)
      g_hash_table_insert(b->selves, g_strdup(key), GUINT_TO_POINTER((guint)n->self + 1));
  }
}

/* What is on disk under that name: candidates, or the model that says that it is it. */
static GArray *find_on_disk(const Builder *b, unsigned c, const char *name) {
  GArray *found = declared_resolve(b->index, c, name);
  g_autofree char *key = text_fold(name);
  guint self = GPOINTER_TO_UINT(g_hash_table_lookup(b->selves, key));
  unsigned node = self - 1;
  if (found->len == 0 && self) g_array_append_val(found, node);
  return found;
}

/* One base that a card names -> an edge. False when there is none to make. */
static bool edge_from_base(Builder *b, unsigned c, const char *base, Claim *out) {
  g_autofree char *name = declared_name(base);
  if (!name) return false;
  Check check = CHECK_NOT_POSSIBLE;
  *out = (Claim){.parent = -1};
  out->edge = (ParentEdge){.source = EDGE_DECLARED, .weight = 1, .distance = NAN};
  out->edge.kind = said_kind(model_of(b, c), &out->kind_is_said);
  g_autoptr(GArray) candidates = find_on_disk(b, c, name);
  if (candidates->len == 1 && g_array_index(candidates, unsigned, 0) == c) return false; /* itself */
  if (candidates->len == 0) {
    out->parent = (int)builder_ghost(b, name);
    out->edge.confidence = sure_ghost;
  } else {
    out->parent = choose(b, c, candidates, &check);
    out->edge.confidence = check == CHECK_AGREES ? sure_checked : sure_on_disk;
    if (out->parent < 0) {
      forest_edit(b->forest, c)->card_conflict = true;
      forest_set_note(b->forest, c, "the card names %s, the weights say no", name);
      return false;
    }
  }
  out->edge.parent = (unsigned)out->parent;
  return out->parent != (int)c;
}

/* The other bases of a merge's list: facts of the same source as the first. */
static void claim_others(Builder *b, unsigned c) {
  const Model *m = model_of(b, c);
  const Fact *first = model_fact(m, "base");
  Claim *claim = builder_claim(b, c);
  GArray *more = g_array_new(FALSE, FALSE, sizeof(ParentEdge));
  for (guint i = 0; i < m->facts->len && more->len < 15; i++) {
    const Fact *f = m->facts->pdata[i];
    Claim other;
    if (strcmp(f->key, "base") != 0 || strcmp(f->source, first->source) != 0) continue;
    if (!edge_from_base(b, c, f->value, &other) || other.parent == builder_claim(b, c)->parent) continue;
    other.edge.kind = EDGE_MERGE;
    g_array_append_val(more, other.edge);
  }
  claim = builder_claim(b, c);
  if (claim->parent < 0 || more->len == 0) {
    g_array_unref(more);
    return;
  }
  double share = 1.0 / (more->len + 1);
  claim->edge.kind = EDGE_MERGE, claim->edge.weight = share, claim->kind_is_said = true;
  for (guint i = 0; i < more->len; i++) g_array_index(more, ParentEdge, i).weight = share;
  b->more->pdata[c] = more;
}

static void claim_declared(Builder *b, unsigned c) {
  Claim claim;
  const char *base = model_base(model_of(b, c));
  if (!base || !edge_from_base(b, c, base, &claim)) return;
  *builder_claim(b, c) = claim;
  claim_others(b, c);
}

typedef struct {
  char *run;
  guint64 step;
  unsigned node;
} Step;

static void step_clear(void *data) { g_free(((Step *)data)->run); }

static gint by_run(gconstpointer a, gconstpointer b) {
  const Step *x = a, *y = b;
  int order = strcmp(x->run, y->run);
  return order ? order : (x->step > y->step) - (x->step < y->step);
}

/* Joins two consecutive steps, unless the later one's card names another parent than the run's. */
static void claim_step(Builder *b, unsigned before, unsigned after) {
  const Claim *first = builder_claim(b, before);
  Claim *claim = builder_claim(b, after);
  Kinship k;
  if (claim->parent >= 0 && claim->parent != first->parent) return;
  kinship_compare(builder_sketch(b, before), builder_sketch(b, after), &k);
  if (!kinship_is_kin(&k)) return;
  *claim = (Claim){.parent = (int)before, .kind_is_said = true};
  claim->edge = (ParentEdge){.parent = before,
                             .kind = EDGE_CHECKPOINT,
                             .source = EDGE_RECOVERED,
                             .confidence = sure_step,
                             .weight = 1,
                             .distance = NAN};
}

static void claim_steps(Builder *b) {
  g_autoptr(GArray) steps = g_array_new(FALSE, FALSE, sizeof(Step));
  g_array_set_clear_func(steps, step_clear);
  for (unsigned v = 0; v < b->models->len; v++) {
    Step s = {.node = v};
    if (!builder_sketch(b, v) || builder_is_adapter(b, v)) continue;
    if (forest_node(b->forest, v)->duplicate_of >= 0) continue;
    if (declared_step(model_of(b, v)->path, &s.run, &s.step)) g_array_append_val(steps, s);
  }
  g_array_sort(steps, by_run);
  /* From the last to the first, so that the earlier one's claim is still the card's. */
  for (guint i = steps->len; i-- > 1;) {
    const Step *a = &g_array_index(steps, Step, i - 1), *c = &g_array_index(steps, Step, i);
    if (strcmp(a->run, c->run) == 0 && a->step < c->step) claim_step(b, a->node, c->node);
  }
}

/* Full names first, so that bare ones find the ghosts they mean. */
void builder_find_claims(Builder *b) {
  bool cards = !b->options->ignore_cards;
  if (cards) find_selves(b);
  for (int bare = 0; cards && bare < 2; bare++)
    for (unsigned v = 0; v < b->models->len; v++) {
      const char *base = model_base(model_of(b, v));
      if (base && (strchr(base, '/') && !base_is_local_path(base)) == !bare) claim_declared(b, v);
    }
  claim_steps(b);
}
