/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/walk/snapshot_state.h"

#include <dirent.h>
#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collection/walk/file_use.h"
#include "collection/walk/weight_names.h"
#include "weights/shard_name.h"

enum { DEEPEST = 3 };

typedef struct {
  unsigned there, broken;
  unsigned bare; /* folders with a configuration and no weights */
  bool pipeline; /* of several components, which have such configurations */
} Counts;

/* How many parts of a whole lie in one folder. */
typedef struct {
  GHashTable *wholes;  /* name of a whole, owned -> GUINT of parts that are missing + 1 */
  GPtrArray *indexed;  /* names of wholes that an index speaks of, owned */
  bool has_other_file; /* weights that are no part of a set */
  bool has_config, has_weights;
} Parts;

static void count_part(Parts *p, const char *name) {
  ShardName parsed;
  g_autofree char *whole = shard_name_parse(name, &parsed) && parsed.padded ? shard_name_whole(name) : NULL;
  if (!whole) {
    p->has_other_file = true;
    return;
  }
  guint missing = GPOINTER_TO_UINT(g_hash_table_lookup(p->wholes, whole));
  missing = missing ? missing - 1 : parsed.parts + 1;
  g_hash_table_insert(p->wholes, g_steal_pointer(&whole), GUINT_TO_POINTER(MAX(missing, 1u)));
}

static void note(Parts *p, Counts *c, int fd, const char *name) {
  WalkUse use;
  struct stat st;
  if (!file_use_of(name, &use)) return;
  bool there = fstatat(fd, name, &st, 0) == 0 && S_ISREG(st.st_mode);
  p->has_config |= use == WALK_CONFIG && there;
  c->pipeline |= use == WALK_PIPELINE && there;
  p->has_weights |= use == WALK_WEIGHTS;
  if (use == WALK_SHARD_INDEX && there) {
    char *whole = shard_index_whole(name);
    if (whole) g_ptr_array_add(p->indexed, whole);
  }
  if (use != WALK_WEIGHTS) return;
  *(there ? &c->there : &c->broken) += 1;
  if (there) count_part(p, name);
}

/* Sets that lack parts count as broken, and an index beside which nothing at all lies. */
static void settle(const Parts *p, Counts *c) {
  GHashTableIter it;
  gpointer missing;
  g_hash_table_iter_init(&it, p->wholes);
  while (g_hash_table_iter_next(&it, NULL, &missing)) c->broken += GPOINTER_TO_UINT(missing) > 1;
  c->bare += p->has_config && !p->has_weights;
  if (p->indexed->len && g_hash_table_size(p->wholes) == 0 && !p->has_other_file) c->broken++;
}

static void look(int fd, const char *name, int depth, Counts *c) {
  int folder = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  DIR *dir = folder >= 0 ? fdopendir(folder) : NULL;
  if (!dir) {
    if (folder >= 0) close(folder);
    return;
  }
  Parts p = {.wholes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
             .indexed = g_ptr_array_new_with_free_func(g_free)};
  for (struct dirent *e; (e = readdir(dir));) {
    struct stat st;
    if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) continue;
    bool is_folder = fstatat(folder, e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
    if (!is_folder) note(&p, c, folder, e->d_name);
    else if (depth < DEEPEST) look(folder, e->d_name, depth + 1, c);
  }
  settle(&p, c);
  g_hash_table_unref(p.wholes);
  g_ptr_array_unref(p.indexed);
  closedir(dir);
}

SnapshotState snapshot_state(int fd, const char *name) {
  Counts c = {0};
  look(fd, name, 1, &c);
  if (c.pipeline && c.there) c.broken += c.bare; /* components that were not fetched */
  if (c.there == 0) return c.broken ? SNAPSHOT_PART : SNAPSHOT_BARE;
  return c.broken ? SNAPSHOT_PART : SNAPSHOT_WHOLE;
}

bool snapshot_is_generic(const char *name) {
  g_autofree char *whole = shard_name_whole(name), *indexed = whole ? NULL : shard_index_whole(name);
  return weight_name_rank(whole ? whole : indexed ? indexed : name, false) >= 0;
}

bool snapshot_has_generic(int fd, const char *path) {
  int folder = openat(fd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  DIR *dir = folder >= 0 ? fdopendir(folder) : NULL;
  bool found = false;
  WalkUse use;
  struct stat st;
  if (!dir && folder >= 0) close(folder);
  if (!dir) return false;
  for (struct dirent *e; !found && (e = readdir(dir));)
    found = file_use_of(e->d_name, &use) && use == WALK_WEIGHTS && snapshot_is_generic(e->d_name) &&
            fstatat(folder, e->d_name, &st, 0) == 0;
  closedir(dir);
  return found;
}
