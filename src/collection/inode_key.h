/* SPDX-License-Identifier: Apache-2.0 */
/* A file whatever it is called: hard links have one key. Begins each struct that is kept in a table of inodes. Pure. */
#pragma once

#include <glib.h>
#include <stdint.h>
#include <sys/stat.h>

typedef struct {
  dev_t device;
  ino_t inode;
} InodeKey;

InodeKey inode_key_of(const struct stat *st);

/* For a GHashTable. */
guint inode_key_hash(gconstpointer key);
gboolean inode_key_equal(gconstpointer a, gconstpointer b);

/* What the file takes on the disk, as du(1) counts it. */
uint64_t inode_bytes(const struct stat *st);
