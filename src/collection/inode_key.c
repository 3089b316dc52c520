/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/inode_key.h"

InodeKey inode_key_of(const struct stat *st) { return (InodeKey){st->st_dev, st->st_ino}; }

guint inode_key_hash(gconstpointer key) {
  const InodeKey *k = key;
  return (guint)(k->inode ^ (k->inode >> 32) ^ k->device);
}

gboolean inode_key_equal(gconstpointer a, gconstpointer b) {
  const InodeKey *x = a, *y = b;
  return x->inode == y->inode && x->device == y->device;
}

uint64_t inode_bytes(const struct stat *st) {
  enum { BLOCK = 512 }; /* the unit of st_blocks, whatever the file system's own */
  return (uint64_t)st->st_blocks * BLOCK;
}
