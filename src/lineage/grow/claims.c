/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "collection/read/family.h"
#include "core/text.h"
#include "lineage/grow/forest_builder.h"
#include "lineage/grow/adapter_fit.h"
#include "lineage/grow/base_name.h"
#include "lineage/grow/certainty.h"

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

/* The one family that the layers of a model tell; NULL when they leave a doubt. Borrowed. */
static const char *certain_family(const Model *m) {
  const Fact *f = model_fact(m, "family");
  return f && strcmp(f->source, "shapes") == 0 && !strstr(f->value, " or ") ? f->value : NULL;
}

/* Adapters: does the base have the layers? */
static Check check_adapter(const Builder *b, unsigned c, unsigned p) {
  const ModelSketch *child = builder_sketch(b, c), *parent = builder_sketch(b, p);
  if (!child || !parent || model_of(b, p)->kind != MODEL_FULL) return CHECK_NOT_POSSIBLE;
  g_autoptr(FitIndex) index = fit_index_new(parent);
  Fit fit = fit_compare(index, child);
  if (fit_is_whole(&fit)) return CHECK_AGREES;
  if (2 * fit.clashing >= MAX(fit.layers, 1)) return CHECK_OBJECTS;
  const char *made_for = certain_family(model_of(b, c)), *is = certain_family(model_of(b, p));
  bool strangers = fit.layers > 0 && fit.fitting == 0 && made_for && is && strcmp(made_for, is) != 0;
  return strangers ? CHECK_OBJECTS : CHECK_NOT_POSSIBLE;
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
    g_autofree char *name = base_name_clean(model_base(m));
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

static bool is_whole_model(const Builder *b, unsigned v) {
  return model_of(b, v)->kind == MODEL_FULL && builder_is_compared(b, v);
}

/* Counts how many of each set of kin name a base. */
static void count_names(Builder *b) {
  for (unsigned v = 0; v < b->models->len; v++) {
    g_autofree char *name = builder_is_compared(b, v) ? base_name_clean(model_base(model_of(b, v))) : NULL;
    if (!name) continue;
    unsigned set;
    builder_kin(b, v, &set);
    g_autofree char *identity = builder_repository(name);
    char *key = g_strdup_printf("%u|%s", set, identity);
    guint before = GPOINTER_TO_UINT(g_hash_table_lookup(b->named, key));
    g_hash_table_insert(b->named, key, GUINT_TO_POINTER(before + 1));
  }
}

/* Fewer than half of c's kin name the base, with which nothing compares and which would be alone against them. */
static bool is_outvoted(const Builder *b, unsigned c, unsigned p, const char *name) {
  unsigned set, other, kin = builder_kin(b, c, &set);
  builder_kin(b, p, &other);
  if (!is_whole_model(b, c) || kin < 2 || set == other) return false;
  g_autofree char *identity = builder_repository(name);
  g_autofree char *key = g_strdup_printf("%u|%s", set, identity);
  return 2 * GPOINTER_TO_UINT(g_hash_table_lookup(b->named, key)) < kin;
}

static void accuse(Builder *b, unsigned c, const char *name, const char *says) {
  forest_edit(b->forest, c)->card_conflict = true;
  forest_set_note(b->forest, c, "the card names %s, %s", name, says);
}

/* The name speaks of another family than the adapter's layers are of. */
static bool is_of_other_family(const Model *m, const char *name) {
  const Fact *family = model_fact(m, "family");
  int named = model_is_adapter(m) && model_value(m, "family_conflict") ? family_of_text(name) : -1;
  return named >= 0 && strcmp(family->source, "shapes") == 0 && !strstr(family->value, family_name((unsigned)named));
}

/* A base that is not here. A repository is one thing whoever names it; of full models' bases all names are gathered
 * first, and an adapter whose base is called by somebody's folder goes where it fits. */
static bool edge_to_absent(Builder *b, unsigned c, const char *name, Claim *out) {
  bool vague = !base_name_is_repository(name) && (strchr(name, '/') || base_name_is_generic(name));
  if (is_whole_model(b, c) || (vague && model_is_adapter(model_of(b, c)))) {
    builder_set_absent(b, c, name, out);
    return false;
  }
  if (builder_is_duplicate(b, c)) return false;
  if (is_of_other_family(model_of(b, c), name)) {
    accuse(b, c, name, "the layers are another family's");
    return false;
  }
  g_autofree char *identity = builder_repository(name);
  out->parent = (int)builder_ghost(b, identity, name);
  out->edge.confidence = certainty.card_ghost;
  return true;
}

/* One that is, among the candidates. */
static bool edge_to_present(Builder *b, unsigned c, const char *name, const GArray *candidates, Claim *out) {
  Check check;
  out->parent = choose(b, c, candidates, &check);
  out->edge.confidence = check == CHECK_AGREES ? certainty.card_checked : certainty.card_unchecked;
  if (out->parent < 0) accuse(b, c, name, "the weights say no");
  else if (check == CHECK_NOT_POSSIBLE && is_outvoted(b, c, (unsigned)out->parent, name))
    accuse(b, c, name, "whose weights cannot be compared, and is kin of others here");
  else return true;
  return false;
}

/* One base that a card names -> an edge. False when there is none to make. */
static bool edge_from_base(Builder *b, unsigned c, const char *base, Claim *out) {
  g_autofree char *name = base_name_clean(base);
  if (!name) return false;
  *out = (Claim){.parent = -1};
  out->edge = (ParentEdge){.source = EDGE_DECLARED, .weight = 1, .distance = NAN};
  out->edge.kind = said_kind(model_of(b, c), &out->kind_is_said);
  g_autoptr(GArray) candidates = find_on_disk(b, c, name);
  if (candidates->len == 1 && g_array_index(candidates, unsigned, 0) == c) return false; /* itself */
  bool found = candidates->len ? edge_to_present(b, c, name, candidates, out) : edge_to_absent(b, c, name, out);
  if (!found) return false;
  out->edge.parent = (unsigned)out->parent;
  return out->parent != (int)c;
}

/* The bases of a merge's list, facts of one source: those that are here come first. */
static GArray *claims_of(Builder *b, unsigned c) {
  const Model *m = model_of(b, c);
  const char *base = model_base(m);
  GArray *claims = g_array_new(FALSE, FALSE, sizeof(Claim));
  const Fact *first = model_fact(m, "base");
  Claim claim;
  if (edge_from_base(b, c, base, &claim)) g_array_append_val(claims, claim);
  for (guint i = 0; i < m->facts->len && claims->len < 16; i++) {
    const Fact *f = m->facts->pdata[i];
    if (strcmp(f->key, "base") != 0 || strcmp(f->source, first->source) != 0 || f->value == base) continue;
    if (!edge_from_base(b, c, f->value, &claim)) continue;
    bool known = false;
    for (guint k = 0; k < claims->len; k++) known |= g_array_index(claims, Claim, k).parent == claim.parent;
    if (!known) g_array_append_val(claims, claim);
  }
  return claims;
}

static void claim_declared(Builder *b, unsigned c) {
  g_autoptr(GArray) claims = claims_of(b, c);
  if (claims->len == 0) return;
  Claim *first = &g_array_index(claims, Claim, 0);
  if (claims->len > 1) {
    builder_set_absent(b, c, NULL, NULL);
    GArray *more = g_array_new(FALSE, FALSE, sizeof(ParentEdge));
    for (guint i = 0; i < claims->len; i++) {
      ParentEdge *e = &g_array_index(claims, Claim, i).edge;
      e->kind = EDGE_MERGE, e->weight = 1.0 / claims->len;
      if (i) g_array_append_val(more, *e);
    }
    first->kind_is_said = true;
    b->more->pdata[c] = more;
  }
  *builder_claim(b, c) = *first;
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
                             .confidence = certainty.run_step,
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

void builder_find_claims(Builder *b) {
  if (!b->options->ignore_cards) {
    find_selves(b);
    count_names(b);
    for (unsigned v = 0; v < b->models->len; v++)
      if (model_base(model_of(b, v))) claim_declared(b, v);
    builder_claim_absent(b);
  }
  claim_steps(b);
}
