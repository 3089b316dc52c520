/* SPDX-License-Identifier: Apache-2.0 */
/* A file in memory that may become shorter while it is read. A page that has gone with the file's end would raise SIGBUS
 * and end the program; here zeros take its place, and the map says that it is no longer whole. Whoever reads one asks
 * afterwards, and throws away what came of it.
 *
 * A handler has no argument of ours, so the maps that there are lie in one table of the process, as its handler does. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct GuardedMap GuardedMap;

/* Maps the first `size` bytes, not 0, of an open file for reading; the descriptor may be closed afterwards. NULL with an
 * error when there is no room for it, or when GUARDED_MAPS of them are open already: read(2) is the way then. Any
 * thread. */
GuardedMap *guarded_map_new(int fd, size_t size, GError **error);

/* A whole regular file, at most once `least` bytes long. NULL when it cannot be opened or is shorter. */
GuardedMap *guarded_map_open(const char *path, size_t least, GError **error);

enum { GUARDED_MAPS = 128 };

void guarded_map_free(GuardedMap *map);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GuardedMap, guarded_map_free)

const void *guarded_map_bytes(const GuardedMap *map);
size_t guarded_map_size(const GuardedMap *map);

/* False once zeros had to stand in for bytes that were not there any more. */
bool guarded_map_is_whole(const GuardedMap *map);

/* For handlers of SIGBUS that are installed over this one's: true when `address` (si_addr) lay in such a map and can be
 * read now. Calls only what a handler may. */
bool guarded_map_absorb(const void *address);
