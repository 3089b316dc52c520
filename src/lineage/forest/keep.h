/* SPDX-License-Identifier: Apache-2.0 */
/* Groups of models that hold the same numbers, which of each to keep and why, and what removing the others frees. */
#pragma once

#include "lineage/forest/forest.h"

typedef enum {
  KEEP_AUTO,     /* in a Hub cache or named by a card, then oldest, then smallest */
  KEEP_OLDEST,   /* by the time of the weight file */
  KEEP_SMALLEST, /* that loses nothing */
  KEEP_HUB,      /* in a Hub cache, then as KEEP_AUTO */
  KEEP_PATTERN   /* whose path matches, then as KEEP_AUTO */
} KeepRule;

/* "auto", "oldest", "smallest", "hub"; anything with a "*", "?" or "/" is a pattern. False for others. */
bool keep_rule_from_text(const char *text, KeepRule *rule);

typedef struct {
  unsigned node;
  bool lossy;       /* a copy in a shorter format that does not hold all of the numbers */
  bool widened;     /* all its numbers fit the shorter format of another member: nothing was gained by the bytes */
  GPtrArray *paths; /* what goes with it, see disk_paths_of() */
  uint64_t frees;   /* when it alone is removed */
} KeepMember;

typedef struct {
  GArray *members; /* of KeepMember, the original first, then in the order of nodes */
  guint keep;      /* index into members */
  const char *why; /* static text */
  uint64_t frees;  /* when all others are removed */
} KeepGroup;

/* "original", "copy", "recast" (with fewer bits) or "widened" (with bits that say nothing). Static text. */
const char *keep_member_kind(const KeepGroup *group, guint member);

/* Every path that goes when all but the kept members of the groups (KeepGroup*) go. Array of char*, borrowed from
 * them; free with g_ptr_array_unref. */
GPtrArray *keep_paths_that_go(const GPtrArray *groups);

/* The groups of the forest in the order of nodes. Never one to keep that is lossy while another is not, nor one that
 * was widened. Reads weights only where members differ in their format, to see whether the longer one says more.
 * Array of KeepGroup*; NULL on error. */
GPtrArray *keep_groups(Collection *collection, const Forest *forest, KeepRule rule, const char *pattern,
                       GError **error);
