/* SPDX-License-Identifier: Apache-2.0 */
#include "archives/archive_cache.h"

#include <string.h>
#include <sys/stat.h>

#include "archives/archive_shelf.h"

enum { MOST_SHELVES = 4 };

struct ArchiveCache {
  gatomicrefcount refs;
  GMutex lock;
  GPtrArray *shelves; /* of ArchiveShelf, the last one used last */
};

ArchiveCache *archive_cache_new(void) {
  ArchiveCache *c = g_new0(ArchiveCache, 1);
  g_atomic_ref_count_init(&c->refs);
  g_mutex_init(&c->lock);
  c->shelves = g_ptr_array_new_with_free_func((GDestroyNotify)archive_shelf_unref);
  return c;
}

ArchiveCache *archive_cache_ref(ArchiveCache *c) {
  g_atomic_ref_count_inc(&c->refs);
  return c;
}

void archive_cache_unref(ArchiveCache *c) {
  if (!c || !g_atomic_ref_count_dec(&c->refs)) return;
  g_ptr_array_unref(c->shelves);
  g_mutex_clear(&c->lock);
  g_free(c);
}

/* The shelf of a file, remembered or made; a reference. Called locked, so that two threads which
 * open the same archive read its headers once. */
static ArchiveShelf *find_shelf(ArchiveCache *c, const char *path, GError **error) {
  for (guint i = 0; i < c->shelves->len; i++) {
    if (!archive_shelf_is_of(c->shelves->pdata[i], path)) continue;
    ArchiveShelf *found = g_ptr_array_steal_index(c->shelves, i);
    g_ptr_array_add(c->shelves, found);
    return archive_shelf_ref(found);
  }
  ArchiveShelf *made = archive_shelf_open(path, error);
  if (!made) return NULL;
  if (c->shelves->len >= MOST_SHELVES) g_ptr_array_remove_index(c->shelves, 0);
  g_ptr_array_add(c->shelves, archive_shelf_ref(made));
  return made;
}

ByteSource *archive_cache_open(ArchiveCache *c, const char *path, const char *member, const char *label,
                               GError **error) {
  g_mutex_lock(&c->lock);
  g_autoptr(ArchiveShelf) s = find_shelf(c, path, error);
  g_mutex_unlock(&c->lock);
  return s ? archive_shelf_member(s, member, label, error) : NULL;
}

char *archive_of_path(const char *root, const char *file, const char **member) {
  struct stat st;
  g_autofree char *whole = g_build_filename(root, file, NULL);
  if (lstat(whole, &st) == 0) return NULL;
  for (const char *mark = strchr(file, '!'); mark; mark = strchr(mark + 1, '!')) {
    g_autofree char *archive = g_strndup(file, (gsize)(mark - file));
    g_autofree char *full = g_build_filename(root, archive, NULL);
    if (mark == file || stat(full, &st) != 0 || !S_ISREG(st.st_mode)) continue;
    *member = mark + 1;
    return g_steal_pointer(&archive);
  }
  return NULL;
}
