/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/extents.h"

#include <fcntl.h>
#include <glib.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { AT_ONCE = 64 };

/* Asks for the extents from *at on, adds what is shared, and moves *at behind them. False when these were the last. */
static bool add_some(int fd, struct fiemap *map, uint64_t *at, uint64_t *shared) {
  map->fm_start = *at;
  map->fm_length = FIEMAP_MAX_OFFSET - *at;
  map->fm_flags = 0;
  map->fm_extent_count = AT_ONCE;
  if (ioctl(fd, FS_IOC_FIEMAP, map) != 0 || map->fm_mapped_extents == 0) return false;
  for (uint32_t i = 0; i < MIN(map->fm_mapped_extents, (uint32_t)AT_ONCE); i++) {
    const struct fiemap_extent *e = &map->fm_extents[i];
    if (e->fe_flags & FIEMAP_EXTENT_SHARED) *shared += e->fe_length;
    if ((e->fe_flags & FIEMAP_EXTENT_LAST) || e->fe_logical + e->fe_length <= *at) return false;
    *at = e->fe_logical + e->fe_length;
  }
  return true;
}

uint64_t extents_shared(const char *path) {
  uint64_t at = 0, shared = 0;
  struct stat st;
  int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
  if (fd < 0) return 0;
  g_autofree struct fiemap *map = g_malloc0(sizeof *map + AT_ONCE * sizeof map->fm_extents[0]);
  bool regular = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
  while (regular && add_some(fd, map, &at, &shared)) continue;
  close(fd);
  return shared;
}
