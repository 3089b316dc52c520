/* SPDX-License-Identifier: Apache-2.0 */
/* Random-access bytes: the ground on which every reader of a format stands, whether the
 * bytes lie in a file, in memory or inside an archive. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct ByteSource ByteSource;

/* Opens a regular file for reading. FIFOs, devices and folders are refused without
 * blocking. Reads use pread(2), so a file that shrinks gives an error, never a signal. */
ByteSource *byte_source_open(const char *path, GError **error);

/* Bytes in memory; keeps a reference. */
ByteSource *byte_source_from_bytes(GBytes *bytes, const char *label);

/* A window onto another source, which it keeps: bytes start .. start + size. */
ByteSource *byte_source_window(ByteSource *source, uint64_t start, uint64_t size, const char *label);

/* Bytes that somebody else produces. read() gets spans inside `size` alone, from several threads
 * at once, and fills all of dst or fails; free() is called when the last reference goes. */
typedef struct {
  bool (*read)(void *data, uint64_t offset, void *dst, size_t n, GError **error);
  void (*free)(void *data);
} ByteSourceOps;

/* A source over `data`, which it takes; `ops` must outlive it. */
ByteSource *byte_source_new(const ByteSourceOps *ops, void *data, uint64_t size, const char *label);

ByteSource *byte_source_ref(ByteSource *source);
void byte_source_unref(ByteSource *source);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ByteSource, byte_source_unref)

uint64_t byte_source_size(const ByteSource *source);

/* Bytes of a file that were never written: the holes of a sparse file, and what a download has only set aside. They read
 * as zeros. 0 for small files, for what is no file, and where the file system does not tell. */
uint64_t byte_source_unwritten(const ByteSource *source);

/* The name to use in messages: cleaned, never NULL. */
const char *byte_source_label(const ByteSource *source);

/* Fills dst with exactly n bytes from `offset`. Fails when they are not all there.
 * Safe to call from several threads at once. */
bool byte_source_read(ByteSource *source, uint64_t offset, void *dst, size_t n, GError **error);
