/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/disk_use.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collection/extents.h"
#include "collection/inode_key.h"
#include "collection/walk/hub_layout.h"
#include "collection/walk/walk.h"

/* --- inodes -------------------------------------------------------------------------------------- */

typedef struct {
  InodeKey key; /* first: it is what the table compares */
  nlink_t links, seen;
  uint64_t bytes;
} Inode;

static void count_path(GHashTable *inodes, const char *path) {
  struct stat st;
  if (lstat(path, &st) != 0) return;
  Inode one = {inode_key_of(&st), st.st_nlink, 0, inode_bytes(&st)};
  Inode *have = g_hash_table_lookup(inodes, &one.key);
  if (!have) {
    uint64_t shared = extents_shared(path);
    one.bytes -= MIN(one.bytes, shared);
    g_hash_table_add(inodes, have = g_memdup2(&one, sizeof one));
  }
  have->seen++;
}

uint64_t disk_freed(const char *root, const GPtrArray *paths) {
  g_autoptr(GHashTable) inodes = g_hash_table_new_full(inode_key_hash, inode_key_equal, g_free, NULL);
  g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
  for (guint i = 0; i < paths->len; i++) {
    if (!g_hash_table_add(names, paths->pdata[i])) continue;
    g_autofree char *full = g_build_filename(root, paths->pdata[i], NULL);
    count_path(inodes, full);
  }
  uint64_t freed = 0;
  GHashTableIter it;
  gpointer value;
  g_hash_table_iter_init(&it, inodes);
  while (g_hash_table_iter_next(&it, &value, NULL)) {
    const Inode *i = value;
    if (i->seen >= i->links) freed += i->bytes;
  }
  return freed;
}

/* --- blobs of a Hub cache ------------------------------------------------------------------------ */

/* Names of snapshots/COMMIT/… in the repository that lead to the blob. Links of links are not followed. */
static unsigned links_to(const char *folder, const char *blob, unsigned depth) {
  enum { DEEPEST = 8 };
  unsigned n = 0;
  g_autoptr(GDir) dir = depth < DEEPEST ? g_dir_open(folder, 0, NULL) : NULL;
  for (const char *name; dir && (name = g_dir_read_name(dir));) {
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_autofree char *target = g_file_read_link(path, NULL);
    if (target) {
      const char *slash = strrchr(target, '/');
      n += slash && strcmp(slash + 1, blob) == 0;
    } else if (g_file_test(path, G_FILE_TEST_IS_DIR)) {
      n += links_to(path, blob, depth + 1);
    }
  }
  return n;
}

/* The blob behind a snapshot's link, relative to the root, when no other link leads to it; else NULL. */
static char *lone_blob(const char *root, const char *path) {
  g_autofree char *full = g_build_filename(root, path, NULL), *target = g_file_read_link(full, NULL);
  g_autofree char *repository = NULL, *snapshot = target ? hub_snapshot_of_path(path, &repository) : NULL;
  const char *blobs = snapshot ? strstr(target, "blobs/") : NULL;
  if (!blobs || strchr(blobs + strlen("blobs/"), '/')) return NULL;
  g_autofree char *all = g_build_filename(root, repository, "snapshots", NULL);
  if (links_to(all, blobs + strlen("blobs/"), 0) != 1) return NULL;
  return g_build_filename(repository, blobs, NULL);
}

GPtrArray *disk_paths_of(Collection *c, const Model *m, GError **error) {
  g_autoptr(GPtrArray) files = collection_files(c, m, error);
  if (!files) return NULL;
  GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);
  if (strchr(m->path, '!') && model_value(m, "archive")) return paths;
  for (guint i = 0; i < files->len; i++) {
    const char *path = files->pdata[i], *slash = strrchr(path, '/');
    WalkUse use;
    bool named = file_use_of(slash ? slash + 1 : path, &use) && (use == WALK_WEIGHTS || use == WALK_SHARD_INDEX);
    if (!named && strcmp(path, m->file) != 0) continue;
    g_ptr_array_add(paths, g_strdup(path));
    char *blob = lone_blob(collection_root(c), path);
    if (blob) g_ptr_array_add(paths, blob);
  }
  return paths;
}
