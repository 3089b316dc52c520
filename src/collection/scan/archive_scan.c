/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/scan/archive_scan.h"

#include <string.h>

#include "collection/read/model_reader.h"
#include "core/error.h"

static int by_path(const void *a, const void *b) {
  return strcmp((*(WalkFolder *const *)a)->path, (*(WalkFolder *const *)b)->path);
}

static WalkFolder *folder_of(Walk *walk, GHashTable *folders, const char *path) {
  const char *slash = strrchr(path, '/');
  g_autofree char *name = g_strndup(path, slash ? (gsize)(slash - path) : 0);
  WalkFolder *folder = g_hash_table_lookup(folders, name);
  if (folder) return folder;
  folder = walk_folder_new(name);
  g_hash_table_insert(folders, folder->path, folder);
  g_ptr_array_add(walk->folders, folder);
  return folder;
}

/* What a walk over the archive's folders would have found. */
static Walk *walk_of(const ArchiveItems *s) {
  Walk *walk = walk_new();
  g_autoptr(GHashTable) folders = g_hash_table_new(g_str_hash, g_str_equal);
  GHashTableIter iter;
  gpointer key, value;
  g_hash_table_iter_init(&iter, s->table);
  while (g_hash_table_iter_next(&iter, &key, &value)) {
    const char *path = key, *slash = strrchr(path, '/');
    const ArchiveItem *item = value;
    FileStamp stamp = {.size = item->size};
    walk_folder_add(folder_of(walk, folders, path), slash ? slash + 1 : path, item->use, stamp);
  }
  for (guint i = 0; i < walk->folders->len; i++) walk_folder_sort(walk->folders->pdata[i]);
  g_ptr_array_sort(walk->folders, by_path);
  return walk;
}

static ArchiveItem *item_at(const ArchiveItems *s, const char *path) {
  return g_hash_table_lookup(s->table, path + strlen(s->prefix));
}

/* A model in parts: only now are all of them known. */
static WeightSummary *summarise_parts(ArchiveItems *s, const FileRef *ref, char **reason) {
  const char *member = ref->path + strlen(s->prefix);
  g_autofree char *label = g_strconcat(s->full, "!", member, NULL);
  g_autoptr(GError) error = NULL;
  g_autoptr(WeightFile) file = archive_weights_open(s->cache, s->full, member, label, &error);
  s->opened++;
  if (file) return weight_summary_of(file);
  *reason = archive_items_reason(s, error, member);
  return NULL;
}

static WeightSummary *item_weights(void *user, const FileRef *ref, char **reason) {
  ArchiveItems *s = user;
  ArchiveItem *item = item_at(s, ref->path);
  if (item && item->use == WALK_SHARD_INDEX) return summarise_parts(s, ref, reason);
  if (ref->parts > 1)
    *reason = g_strdup_printf("a model in %u parts without an index, in an archive: unpack it", ref->parts);
  else if (item && item->summary) return g_steal_pointer(&item->summary);
  else *reason = g_strdup(item && item->reason ? item->reason : "not in the archive");
  return NULL;
}

static GBytes *item_text(void *user, const char *path, size_t limit, GError **error) {
  const ArchiveItem *item = item_at(user, path);
  (void)limit; /* what was kept is no longer than that */
  if (item && item->text) return g_bytes_ref(item->text);
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_IO, "%s", item && item->reason ? item->reason : "not in the archive");
  return NULL;
}

static ArchiveScanEnd pass_on(ArchiveItems *s, ArchiveFound found, void *user, unsigned *models) {
  g_autoptr(Walk) walk = walk_of(s);
  g_autofree char *stem = archive_kind_stem(s->full);
  g_autoptr(GPtrArray) candidates = candidates_from_walk(walk, stem);
  const ModelFiles files = {.weights = item_weights, .text = item_text, .user = s};
  for (guint i = 0; i < candidates->len; i++) {
    Candidate *c = candidates->pdata[i];
    g_autoptr(GPtrArray) skips = g_ptr_array_new_with_free_func(walk_skip_free);
    candidate_move_into(c, s->prefix);
    Model *model = model_assemble(&files, c, skips);
    for (guint k = 0; k < skips->len; k++) {
      const WalkSkip *skip = skips->pdata[k];
      archive_items_skip(s, skip->path + strlen(s->prefix), skip->reason);
    }
    if (!model) continue;
    ++*models;
    if (!found(user, model)) return ARCHIVE_SCAN_STOPPED;
  }
  return ARCHIVE_SCAN_DONE;
}

static void add_last_rows(ArchiveItems *s, unsigned models) {
  if (models == 0 && s->skips->len == 0) archive_items_skip(s, NULL, "an archive without weight files");
  if (s->left_out == 0) return;
  g_autofree char *reason = g_strdup_printf("%u more members were left out", s->left_out);
  g_ptr_array_add(s->skips, walk_skip_new(s->archive, reason));
}

ArchiveScanEnd archive_scan(const char *root, const Candidate *c, const ArchiveLimits *limits, const Progress *progress,
                            ArchiveFound found, void *user, GPtrArray *skips, unsigned *opened) {
  ArchiveItems items;
  unsigned models = 0;
  archive_items_init(&items, root, g_array_index(c->weights, FileRef, 0).path, skips);
  ArchiveScanEnd end = archive_items_read(&items, limits, progress);
  if (end == ARCHIVE_SCAN_DONE) end = pass_on(&items, found, user, &models);
  if (end == ARCHIVE_SCAN_DONE) add_last_rows(&items, models);
  if (end == ARCHIVE_SCAN_WEIGHTS) g_ptr_array_set_size(skips, 0);
  *opened += items.opened;
  archive_items_clear(&items);
  return end;
}
