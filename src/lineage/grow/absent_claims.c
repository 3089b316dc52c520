/* SPDX-License-Identifier: Apache-2.0 */
/* Which of the bases that cards name, and that are not here, become ghosts. */
#include <math.h>
#include <string.h>

#include "core/text.h"
#include "lineage/grow/base_name.h"
#include "lineage/grow/certainty.h"
#include "lineage/grow/forest_builder.h"
#include "numerics/sorted.h"

/* Kin of one set whose cards mean the same absent base. */
typedef struct {
  char *identity;   /* of the repository, or of what one set calls so */
  const char *name; /* borrowed */
  unsigned set;     /* member that stands for their kin */
  GArray *nodes;    /* of unsigned */
} Group;

static void group_clear(void *group) {
  Group *g = group;
  g_free(g->identity);
  g_array_unref(g->nodes);
}

static const AbsentBase *absent_of(const Builder *b, unsigned v) { return b->absent->pdata[v]; }

static bool is_waiting(const Builder *b, unsigned v) {
  return absent_of(b, v) && builder_is_compared(b, v) && builder_claim(b, v)->parent < 0;
}

/* What the cards of one set mean by a name that is no repository's: its last part, or the path where that says
 * nothing. A single word that says something is a repository of old, without an owner. */
static char *local_identity(unsigned set, const char *name) {
  if (!strchr(name, '/') && !base_name_is_generic(name)) return builder_repository(name);
  const char *last = base_name_last(name);
  g_autofree char *identity = builder_repository(base_name_is_generic(last) ? name : last);
  return g_strdup_printf("%u|%s", set, identity);
}

/* The repository that others of the set name and that ends so, when there is one. */
static char *repository_ending_so(const GArray *groups, unsigned set, const char *name) {
  const char *last = base_name_last(name);
  const char *found = NULL;
  g_autofree char *wanted = builder_repository(last);
  for (guint i = 0; i < groups->len && !base_name_is_generic(last); i++) {
    const Group *g = &g_array_index(groups, Group, i);
    if (g->set != set || strchr(g->identity, '|') || strcmp(base_name_last(g->identity), wanted) != 0) continue;
    if (found) return NULL;
    found = g->identity;
  }
  return g_strdup(found);
}

static void add_to_group(GArray *groups, GHashTable *by, unsigned v, const char *name, unsigned set, char *identity) {
  g_autofree char *key = g_strdup_printf("%u %s", set, identity);
  guint at = GPOINTER_TO_UINT(g_hash_table_lookup(by, key));
  if (!at) {
    Group fresh = {identity, name, set, g_array_new(FALSE, FALSE, sizeof(unsigned))};
    g_array_append_val(groups, fresh);
    at = groups->len;
    g_hash_table_insert(by, g_steal_pointer(&key), GUINT_TO_POINTER(at));
  } else {
    g_free(identity);
  }
  g_array_append_val(g_array_index(groups, Group, at - 1).nodes, v);
}

/* Repositories first, so that other names find those that they mean. */
static GArray *find_groups(const Builder *b) {
  GArray *groups = g_array_new(FALSE, FALSE, sizeof(Group));
  g_array_set_clear_func(groups, group_clear);
  g_autoptr(GHashTable) by = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  for (int local = 0; local < 2; local++)
    for (unsigned v = 0; v < b->models->len; v++) {
      unsigned set;
      if (!is_waiting(b, v) || base_name_is_repository(absent_of(b, v)->name) == local) continue;
      const char *name = absent_of(b, v)->name;
      builder_kin(b, v, &set);
      char *identity = local ? repository_ending_so(groups, set, name) : builder_repository(name);
      add_to_group(groups, by, v, name, set, identity ? identity : local_identity(set, name));
    }
  return groups;
}

static void set_aside(Builder *b, const Group *g, bool accused) {
  for (guint i = 0; i < g->nodes->len; i++) {
    unsigned v = g_array_index(g->nodes, unsigned, i);
    if (accused) {
      forest_edit(b->forest, v)->card_conflict = true;
      forest_set_note(b->forest, v, "the card names %s, whose children here are no kin of this one", g->name);
    } else {
      forest_set_note(b->forest, v, "its card names %s, which is not here", g->name);
    }
  }
}

/* Some of a group's members, and how far they are from one another. */
enum { MOST = 8 };
typedef struct {
  unsigned n, node[MOST];
  double distance2[MOST][MOST], tail[MOST][MOST];
} Brood;

static double pair_distance2(const Builder *b, unsigned i, unsigned k, double *tail) {
  Kinship kin;
  kinship_compare(builder_sketch(b, i), builder_sketch(b, k), &kin);
  *tail = sqrt(kin.tail2);
  return kinship_is_comparable(&kin) ? kin.distance2 : NAN;
}

static void brood_fill(const Builder *b, const Group *g, Brood *brood) {
  brood->n = MIN(g->nodes->len, (unsigned)MOST);
  for (unsigned i = 0; i < brood->n; i++) {
    brood->node[i] = g_array_index(g->nodes, unsigned, i);
    for (unsigned k = 0; k < i; k++)
      brood->distance2[i][k] = pair_distance2(b, brood->node[i], brood->node[k], &brood->tail[i][k]);
  }
}

/* Whether v lies where the brood's base would: its members go from there each its own way, so that their largest
 * differences lie farther from one another than from v. Of siblings that moved as far the cosine is 1/2 and that ratio
 * 1; a direction that all share gives cosines up to .4. (On planted woods whose bases were taken away one in eighteen
 * of the nearest kin passed.) */
static bool stands_in(const Builder *b, const Brood *s, unsigned v) {
  static const double alike = 0.45, spread_out = 1.2;
  double cosine[MOST * MOST], spread[MOST * MOST], to[MOST], far[MOST];
  unsigned pairs = 0;
  for (unsigned i = 0; i < s->n; i++) to[i] = pair_distance2(b, v, s->node[i], &far[i]);
  for (unsigned i = 0; i < s->n; i++)
    for (unsigned k = 0; k < i; k++) {
      if (!(to[i] > 0) || !(to[k] > 0) || isnan(s->distance2[i][k])) continue;
      cosine[pairs] = (to[i] + to[k] - s->distance2[i][k]) / (2 * sqrt(to[i] * to[k]));
      spread[pairs++] = fmax(far[i], far[k]) > 0 ? s->tail[i][k] / fmax(far[i], far[k]) : 1;
    }
  if (pairs == 0) return false;
  sort_doubles(cosine, pairs);
  sort_doubles(spread, pairs);
  double middle = cosine[pairs / 2];
  return middle < alike && spread[pairs / 2] > spread_out;
}

/* A member of the group's kin, silent about its own base, that may well be what the cards mean. */
static int find_stand_in(const Builder *b, const Group *g) {
  Brood brood;
  brood_fill(b, g, &brood);
  for (unsigned v = 0; v < b->models->len; v++) {
    unsigned set;
    if (!builder_is_compared(b, v) || absent_of(b, v) || builder_claim(b, v)->parent >= 0) continue;
    builder_kin(b, v, &set);
    if (set == g->set && stands_in(b, &brood, v)) return (int)v;
  }
  return -1;
}

static bool are_strangers(const Builder *b, unsigned i, unsigned k) {
  Kinship kin;
  kinship_compare(builder_sketch(b, i), builder_sketch(b, k), &kin);
  return kinship_is_comparable(&kin) && !kinship_is_kin(&kin);
}

/* Another set names the same repository, is no kin though it compares, and is larger (or as large). */
static bool is_contradicted(const Builder *b, const GArray *groups, const Group *g, bool *more) {
  bool any = false;
  *more = false;
  for (guint i = 0; i < groups->len; i++) {
    const Group *o = &g_array_index(groups, Group, i);
    if (o->set == g->set || strcmp(o->identity, g->identity) != 0 || o->nodes->len < g->nodes->len) continue;
    if (!are_strangers(b, g_array_index(g->nodes, unsigned, 0), g_array_index(o->nodes, unsigned, 0))) continue;
    any = true;
    *more |= o->nodes->len > g->nodes->len;
  }
  return any;
}

static void claim_ghost(Builder *b, const Group *g) {
  unsigned ghost = builder_ghost(b, g->identity, g->name);
  for (guint i = 0; i < g->nodes->len; i++) {
    unsigned v = g_array_index(g->nodes, unsigned, i);
    Claim claim = absent_of(b, v)->claim;
    claim.parent = (int)ghost;
    claim.edge.parent = ghost;
    claim.edge.confidence = certainty.card_ghost;
    *builder_claim(b, v) = claim;
  }
}

void builder_claim_absent(Builder *b) {
  g_autoptr(GArray) groups = find_groups(b);
  for (guint i = 0; i < groups->len; i++) {
    const Group *g = &g_array_index(groups, Group, i);
    unsigned set, kin = builder_kin(b, g_array_index(g->nodes, unsigned, 0), &set);
    bool more, contradicted = is_contradicted(b, groups, g, &more);
    if (contradicted) set_aside(b, g, more);
    else if (kin > 1 && (g->nodes->len < 2 || find_stand_in(b, g) >= 0)) set_aside(b, g, false);
    else claim_ghost(b, g);
  }
}
