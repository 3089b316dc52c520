/* SPDX-License-Identifier: Apache-2.0 */
/* Sketches say of a change that it may be of low rank, or noise; a few layers, read again, say whether it is. */
#include "lineage/grow/direction.h"
#include "lineage/grow/forest_builder.h"
#include "lineage/grow/pair_store.h"
#include "lineage/recipe/change_rank.h"
#include "numerics/side_by_side.h"

/* Answers are kept: "verdict rank layers", by both stamps. */
static const char space[] = "lineage-rank-white";

typedef struct {
  unsigned parent, child;
  ChangeRank rank;
} Suspect;

typedef struct {
  const Builder *b;
  GArray *suspects; /* of Suspect */
} RankCheck;

static ChangeRank read_rank(const Builder *b, const Suspect *s) {
  g_autoptr(WeightFile) parent = collection_open_weights(b->collection, b->models->pdata[s->parent], NULL);
  g_autoptr(WeightFile) child = collection_open_weights(b->collection, b->models->pdata[s->child], NULL);
  if (!parent || !child) return (ChangeRank){.verdict = RANK_UNKNOWN};
  return change_rank_between(builder_sketch(b, s->parent), builder_sketch(b, s->child), parent, child);
}

static bool from_catalog(const Builder *b, const char *key, ChangeRank *out) {
  unsigned numbers[3];
  if (!pair_store_get(b->collection, space, key, numbers, sizeof numbers) || numbers[0] > RANK_WHITE) return false;
  *out = (ChangeRank){(RankVerdict)numbers[0], numbers[1], numbers[2]};
  return true;
}

static bool check_one(void *user, size_t item, unsigned thread) {
  (void)thread;
  const RankCheck *check = user;
  const Builder *b = check->b;
  Suspect *s = &g_array_index(check->suspects, Suspect, item);
  g_autofree char *key = pair_store_key(b->collection, b->models->pdata[s->parent], b->models->pdata[s->child]);
  if (from_catalog(b, key, &s->rank)) return true;
  s->rank = read_rank(b, s);
  const unsigned numbers[3] = {(unsigned)s->rank.verdict, s->rank.rank, s->rank.layers};
  pair_store_put(b->collection, space, key, numbers, sizeof numbers);
  return true;
}

static ParentEdge *first_edge(const Builder *b, unsigned v) {
  GArray *parents = forest_edit(b->forest, v)->parents;
  return parents->len ? &g_array_index(parents, ParentEdge, 0) : NULL;
}

static GArray *find_suspects(const Builder *b) {
  GArray *suspects = g_array_new(FALSE, FALSE, sizeof(Suspect));
  for (unsigned v = 0; v < b->models->len; v++) {
    const ParentEdge *e = first_edge(b, v);
    if (!e || (e->kind != EDGE_LORA_MERGED && e->kind != EDGE_NOISED) || !builder_sketch(b, v) ||
        !builder_sketch(b, e->parent))
      continue;
    Suspect s = {.parent = e->parent, .child = v};
    g_array_append_val(suspects, s);
  }
  return suspects;
}

static void settle(Builder *b, const Suspect *s) {
  ParentEdge *e = first_edge(b, s->child);
  if (s->rank.verdict == RANK_LOW) {
    if (!forest_node(b->forest, s->child)->note)
      forest_set_note(b->forest, s->child, "a merged change of rank %u", s->rank.rank);
    e->kind = EDGE_LORA_MERGED;
    return;
  }
  if (s->rank.verdict == RANK_WHITE) {
    if (!forest_node(b->forest, s->child)->note)
      forest_set_note(b->forest, s->child, "noise was added: no direction of the change stands out");
    e->kind = EDGE_NOISED;
    return;
  }
  Kinship k;
  kinship_compare(builder_sketch(b, s->parent), builder_sketch(b, s->child), &k);
  e->kind = direction_kind_by_head(builder_sketch(b, s->parent), builder_sketch(b, s->child), &k);
}

bool builder_check_ranks(Builder *b, GError **error) {
  g_autoptr(GArray) suspects = find_suspects(b);
  RankCheck check = {b, suspects};
  side_by_side(suspects->len, b->threads, check_one, &check, b->progress ? b->progress->cancel : NULL);
  if (!progress_check(b->progress, error)) return false;
  for (guint i = 0; i < suspects->len; i++) settle(b, &g_array_index(suspects, Suspect, i));
  return true;
}
