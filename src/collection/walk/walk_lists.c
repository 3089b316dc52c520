/* SPDX-License-Identifier: Apache-2.0 */
/* What a walk hands on: folders, their files, and what was skipped. */
#include <stdlib.h>
#include <string.h>

#include "collection/walk/walk.h"

void walk_revisions_free(HubRevisions *revisions) {
  if (revisions) hub_revisions_clear(revisions);
  g_free(revisions);
}

static void file_clear(void *data) {
  WalkFile *file = data;
  g_free(file->name);
  g_free(file->title);
}

void walk_folder_free(void *data) {
  WalkFolder *folder = data;
  g_free(folder->path);
  g_array_unref(folder->files);
  walk_revisions_free(folder->revisions);
  g_free(folder);
}

WalkFolder *walk_folder_new(const char *path) {
  WalkFolder *folder = g_new0(WalkFolder, 1);
  folder->path = g_strdup(path);
  folder->files = g_array_new(FALSE, FALSE, sizeof(WalkFile));
  g_array_set_clear_func(folder->files, file_clear);
  return folder;
}

void walk_folder_add(WalkFolder *folder, const char *name, WalkUse use, FileStamp stamp) {
  WalkFile file = {.name = g_strdup(name), .use = use, .stamp = stamp};
  g_array_append_val(folder->files, file);
}

Walk *walk_new(void) {
  Walk *walk = g_new0(Walk, 1);
  walk->folders = g_ptr_array_new_with_free_func(walk_folder_free);
  walk->skips = g_ptr_array_new_with_free_func(walk_skip_free);
  return walk;
}

void walk_skip_free(void *data) {
  WalkSkip *skip = data;
  g_free(skip->path);
  g_free(skip->reason);
  g_free(skip);
}

WalkSkip *walk_skip_new(const char *path, const char *reason) {
  WalkSkip *skip = g_new(WalkSkip, 1);
  *skip = (WalkSkip){g_strdup(path), g_strdup(reason)};
  return skip;
}

static int file_by_name(const void *a, const void *b) {
  return strcmp(((const WalkFile *)a)->name, ((const WalkFile *)b)->name);
}

void walk_folder_sort(WalkFolder *folder) {
  g_array_sort(folder->files, file_by_name);
  folder->roles = 0;
  for (guint i = 0; i < folder->files->len; i++) folder->roles |= 1U << g_array_index(folder->files, WalkFile, i).use;
}

void walk_free(Walk *walk) {
  if (!walk) return;
  g_ptr_array_unref(walk->folders);
  g_ptr_array_unref(walk->skips);
  g_free(walk);
}

const WalkFile *walk_folder_find(const WalkFolder *folder, const char *name) {
  WalkFile key = {.name = (char *)name};
  return bsearch(&key, folder->files->data, folder->files->len, sizeof key, file_by_name);
}
