/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/read/archive_weights.h"

#include <string.h>

#include "collection/walk/walk.h"
#include "weights/shards.h"
#include "weights/weight_open.h"

/* The folder of an index. */
typedef struct {
  ArchiveCache *cache;
  char *path;   /* the archive */
  char *member; /* the folder in it with a "/", or "" */
  char *label;  /* the same for messages */
} Parts;

static ByteSource *open_part(void *data, const char *name, GError **error) {
  const Parts *p = data;
  g_autofree char *member = g_strconcat(p->member, name, NULL);
  g_autofree char *label = g_strconcat(p->label, name, NULL);
  return archive_cache_open(p->cache, p->path, member, label, error);
}

static void parts_free(void *data) {
  Parts *p = data;
  archive_cache_unref(p->cache);
  g_free(p->path);
  g_free(p->member);
  g_free(p->label);
  g_free(p);
}

static const ShardFolder part_folder = {.open = open_part, .free = parts_free};

static WeightFile *open_parts(ArchiveCache *cache, const char *path, const char *member, ByteSource *index,
                              const char *label, GError **error) {
  const char *slash = strrchr(member, '/');
  size_t bare = strlen(slash ? slash + 1 : member);
  Parts *p = g_new(Parts, 1);
  *p = (Parts){archive_cache_ref(cache), g_strdup(path), g_strndup(member, strlen(member) - bare),
               g_strndup(label, strlen(label) - MIN(bare, strlen(label)))};
  return weight_file_open_index(index, &part_folder, p, error);
}

WeightFile *archive_weights_open(ArchiveCache *cache, const char *path, const char *member, const char *label,
                                 GError **error) {
  const char *slash = strrchr(member, '/');
  WalkUse use;
  bool is_index = file_use_of(slash ? slash + 1 : member, &use) && use == WALK_SHARD_INDEX;
  g_autoptr(ByteSource) source = archive_cache_open(cache, path, member, label, error);
  if (!source) return NULL;
  return is_index ? open_parts(cache, path, member, source, label, error) : weight_file_open_source(source, error);
}
