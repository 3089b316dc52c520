/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/stamp.h"

#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "archives/archive_cache.h"
#include "numerics/hash.h"

/* The file on disk that holds the model: a member's is its archive. */
static char *disk_path(const Collection *collection, const Model *m) {
  const char *root = collection_root(collection), *member;
  g_autofree char *archive = archive_of_path(root, m->file, &member);
  return g_build_filename(root, archive ? archive : m->file, NULL);
}

/* Size and time of change. */
static void add_file(GString *stamp, const struct stat *st) {
  g_string_append_printf(stamp, "|%" PRId64 "|%" PRId64 ".%09ld", (int64_t)st->st_size, (int64_t)st->st_mtim.tv_sec,
                         (long)st->st_mtim.tv_nsec);
}

static int by_name(gconstpointer a, gconstpointer b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* A model in parts is as new as each part: the files beside its first that are numbered like it. */
static void add_parts(GString *stamp, const char *path) {
  g_autofree char *folder = g_path_get_dirname(path);
  g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
  GDir *dir = g_dir_open(folder, 0, NULL);
  for (const char *name; dir && (name = g_dir_read_name(dir));)
    if (strstr(name, "-of-")) g_ptr_array_add(names, g_strdup(name));
  if (dir) g_dir_close(dir);
  g_ptr_array_sort(names, by_name);
  for (guint i = 0; i < names->len; i++) {
    g_autofree char *part = g_build_filename(folder, names->pdata[i], NULL);
    struct stat st;
    if (stat(part, &st) == 0) add_file(stamp, &st);
  }
}

char *model_stamp(const Collection *collection, const Model *m) {
  g_autofree char *path = disk_path(collection, m);
  struct stat st;
  if (stat(path, &st) != 0) return NULL;
  GString *stamp = g_string_new(m->file);
  g_string_append_printf(stamp, "|%" PRIu64, m->bytes);
  add_file(stamp, &st);
  if (strstr(path, "-of-") || g_str_has_suffix(path, ".index.json")) add_parts(stamp, path);
  return g_string_free(stamp, FALSE);
}

uint64_t model_stamp_hash(const Collection *collection, const Model *m) {
  g_autofree char *stamp = model_stamp(collection, m);
  if (!stamp) return 0;
  uint64_t h = hash_bytes(0, stamp, strlen(stamp));
  return h ? h : 1;
}
