/* SPDX-License-Identifier: Apache-2.0 */
/* Files of our own: where state lives, and writes that are whole or absent. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

/* Writes through a function into a temporary file beside `path`, flushes it to the disk and
 * renames it over `path`: after a kill or a power cut at any moment the old or the new file is there, whole.
 * `write` returns false with an error to give up; the temporary file is removed then. */
typedef bool (*FileWriter)(void *user, int fd, GError **error);
bool file_write_atomic(const char *path, FileWriter write, void *user, GError **error);

/* The same without waiting for the disk, for what can be made again: whole after a kill. */
bool file_write_quick(const char *path, FileWriter write, void *user, GError **error);

/* The same with bytes at hand. */
bool file_write_bytes(const char *path, const void *bytes, size_t n, GError **error);

/* Bytes for a file that its user may have arranged otherwise: through a symbolic link to the file it names, in a folder
 * that is made where it is missing, and never over anything but a regular file. */
bool file_write_through(const char *path, const void *bytes, size_t n, GError **error);

/* All n bytes to fd, going on after short writes. */
bool fd_write_all(int fd, const void *bytes, size_t n, GError **error);

/* A whole small file, at most `limit` bytes; larger ones are an error. *n may be NULL. The
 * bytes are followed by a NUL. Only regular files are read: never a FIFO or device. */
char *file_read_small(const char *path, size_t limit, size_t *n, GError **error);

/* Renames a file to the first free name PATH.aside-1, -2, …: nothing is written over. The new name, which the caller
 * frees; NULL with an error when it cannot be renamed. */
char *file_set_aside(const char *path, GError **error);

/* mkdir -p, mode 0700. */
bool dir_make(const char *path, GError **error);

/* True when `path` is `folder` or lies in it, by their names alone: neither has a link or a "..". */
bool path_is_below(const char *path, const char *folder);

/* The one rule for links: true when the file or folder at `path`, all links followed, lies in the folder `root`, or is a
 * blob of a Hub cache (models--NAME/blobs/…), where a repository's own links lead. Nothing else is read by way of a link,
 * be it weights, a part, a card, a configuration or what stands beside them. False as well when there is nothing. */
bool path_stays_within(const char *root, const char *path);

/* Removes what writers that were killed left in a folder: files named as file_write_atomic() names them before they are
 * whole, and not written to for an hour. */
void dir_drop_leftovers(const char *path);

/* Removes a folder and what is in it; follows no link. Missing is success. */
bool dir_remove(const char *path, GError **error);
