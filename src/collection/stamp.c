/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/stamp.h"

#include <inttypes.h>
#include <sys/stat.h>

#include "collection/archive_cache.h"

/* The file on disk that holds the model: a member's is its archive. */
static char *disk_path(const Collection *collection, const Model *m) {
  const char *root = collection_root(collection), *member;
  g_autofree char *archive = archive_of_path(root, m->file, &member);
  return g_build_filename(root, archive ? archive : m->file, NULL);
}

char *model_stamp(const Collection *collection, const Model *m) {
  g_autofree char *path = disk_path(collection, m);
  struct stat st;
  if (stat(path, &st) != 0) return NULL;
  return g_strdup_printf("%s|%" PRId64 "|%" PRIu64 "|%" PRId64 ".%09ld", m->file,
                         (int64_t)st.st_size, m->bytes, (int64_t)st.st_mtim.tv_sec,
                         (long)st.st_mtim.tv_nsec);
}

uint64_t model_stamp_hash(const Collection *collection, const Model *m) {
  g_autofree char *stamp = model_stamp(collection, m);
  if (!stamp) return 0;
  uint64_t h = 0xcbf29ce484222325u;
  for (const char *p = stamp; *p; p++) h = (h ^ (unsigned char)*p) * 0x100000001b3u;
  return h ? h : 1;
}
