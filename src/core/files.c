/* SPDX-License-Identifier: Apache-2.0 */
#include "core/files.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/error.h"

static bool fail_errno(GError **error, const char *what, const char *path) {
  int code = errno;
  g_autofree char *shown = g_filename_display_name(path);
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_IO, "%s %s: %s", what, shown, g_strerror(code));
  return false;
}

bool fd_write_all(int fd, const void *bytes, size_t n, GError **error) {
  const char *p = bytes;
  while (n > 0) {
    ssize_t k = write(fd, p, n);
    if (k < 0 && errno == EINTR) continue;
    if (k <= 0) {
      g_set_error(error, COPSE_ERROR, COPSE_ERROR_IO, "cannot write: %s", g_strerror(errno));
      return false;
    }
    p += k;
    n -= (size_t)k;
  }
  return true;
}

/* Writes, flushes when the disk is to be waited for, and closes the temporary file. */
static bool fill(int fd, const char *path, FileWriter write_fn, void *user, bool flush, GError **error) {
  bool ok = write_fn(user, fd, error);
  if (ok && flush && fsync(fd) != 0 && errno != EINVAL) ok = fail_errno(error, "cannot flush", path);
  if (close(fd) != 0 && ok) ok = fail_errno(error, "cannot close", path);
  return ok;
}

static bool write_and_rename(const char *path, FileWriter write_fn, void *user, bool flush, GError **error) {
  g_autofree char *temp = g_strdup_printf("%s.tmp-XXXXXX", path);
  int fd = g_mkstemp_full(temp, O_RDWR | O_CLOEXEC, 0666);
  if (fd < 0) return fail_errno(error, "cannot write beside", path);
  if (!fill(fd, path, write_fn, user, flush, error)) {
    unlink(temp);
    return false;
  }
  if (rename(temp, path) == 0) return true;
  fail_errno(error, "cannot rename to", path);
  unlink(temp);
  return false;
}

bool file_write_atomic(const char *path, FileWriter write_fn, void *user, GError **error) {
  return write_and_rename(path, write_fn, user, true, error);
}

bool file_write_quick(const char *path, FileWriter write_fn, void *user, GError **error) {
  return write_and_rename(path, write_fn, user, false, error);
}

typedef struct {
  const void *bytes;
  size_t n;
} Buffer;

static bool write_buffer(void *user, int fd, GError **error) {
  const Buffer *buffer = user;
  return fd_write_all(fd, buffer->bytes, buffer->n, error);
}

bool file_write_bytes(const char *path, const void *bytes, size_t n, GError **error) {
  Buffer buffer = {bytes, n};
  return file_write_atomic(path, write_buffer, &buffer, error);
}

/* Reads to the end of fd, at most limit bytes. */
static bool slurp(int fd, const char *path, size_t limit, GByteArray *out, GError **error) {
  for (;;) {
    guint8 chunk[16384];
    ssize_t k = read(fd, chunk, sizeof chunk);
    if (k < 0 && errno == EINTR) continue;
    if (k < 0) return fail_errno(error, "cannot read", path);
    if (k == 0) return true;
    if (out->len + (size_t)k > limit) {
      g_autofree char *shown = g_filename_display_name(path);
      g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT, "%s is larger than %zu bytes", shown, limit);
      return false;
    }
    g_byte_array_append(out, chunk, (guint)k);
  }
}

char *file_read_small(const char *path, size_t limit, size_t *n, GError **error) {
  int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
  struct stat st;
  if (fd < 0 || fstat(fd, &st) != 0) {
    fail_errno(error, "cannot open", path);
    if (fd >= 0) close(fd);
    return NULL;
  }
  GByteArray *out = g_byte_array_new();
  bool ok = S_ISREG(st.st_mode);
  if (!ok) {
    errno = EINVAL;
    fail_errno(error, "not a regular file:", path);
  } else {
    ok = slurp(fd, path, limit, out, error);
  }
  close(fd);
  if (!ok) {
    g_byte_array_unref(out);
    return NULL;
  }
  if (n) *n = out->len;
  g_byte_array_append(out, (const guint8 *)"", 1);
  return (char *)g_byte_array_free(out, FALSE);
}

/* Where the file system has no such call, a look before the rename must do. */
static bool rename_to_free(const char *from, const char *to) {
  if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0) return true;
  if (errno != EINVAL && errno != ENOSYS) return false;
  struct stat st;
  if (lstat(to, &st) != 0) return rename(from, to) == 0;
  errno = EEXIST;
  return false;
}

char *file_set_aside(const char *path, GError **error) {
  enum { MOST = 10000 };
  for (unsigned i = 1; i <= MOST; i++) {
    g_autofree char *aside = g_strdup_printf("%s.aside-%u", path, i);
    if (rename_to_free(path, aside)) return g_steal_pointer(&aside);
    if (errno != EEXIST) break;
  }
  fail_errno(error, "cannot set aside", path);
  return NULL;
}

bool dir_make(const char *path, GError **error) {
  return g_mkdir_with_parents(path, 0700) == 0 || fail_errno(error, "cannot make the folder", path);
}

/* Below a folder "…--NAME/blobs", as the Hub's caches are laid out. */
static bool is_hub_blob(const char *path) {
  g_autofree char *folder = g_path_get_dirname(path), *above = g_path_get_dirname(folder);
  g_autofree char *name = g_path_get_basename(above);
  static const char *const kinds[] = {"models--", "datasets--", "spaces--"};
  for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
    if (g_str_has_suffix(folder, "/blobs") && g_str_has_prefix(name, kinds[i])) return true;
  return false;
}

bool path_is_below(const char *path, const char *folder) {
  size_t n = strlen(folder);
  while (n > 0 && folder[n - 1] == '/') n--;
  return strncmp(path, folder, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

bool path_stays_within(const char *root, const char *path) {
  char real_root[PATH_MAX], real_path[PATH_MAX];
  if (!realpath(root, real_root) || !realpath(path, real_path)) return false;
  return path_is_below(real_path, real_root) || is_hub_blob(real_path);
}

/* "NAME.tmp-XXXXXX". */
static bool is_temporary(const char *name) {
  const char *mark = g_strrstr(name, ".tmp-");
  return mark && mark != name && strlen(mark) == strlen(".tmp-XXXXXX");
}

void dir_drop_leftovers(const char *path) {
  enum { HOUR = 3600 };
  g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
  for (const char *name; dir && (name = g_dir_read_name(dir));) {
    struct stat st;
    g_autofree char *file = g_build_filename(path, name, NULL);
    if (is_temporary(name) && lstat(file, &st) == 0 && S_ISREG(st.st_mode) && st.st_mtime < time(NULL) - HOUR)
      unlink(file);
  }
}

static bool remove_entry(const char *path, GError **error) {
  struct stat st;
  if (lstat(path, &st) != 0) return errno == ENOENT || fail_errno(error, "cannot look at", path);
  if (!S_ISDIR(st.st_mode)) return unlink(path) == 0 || fail_errno(error, "cannot remove", path);
  return dir_remove(path, error);
}

bool dir_remove(const char *path, GError **error) {
  if (g_access(path, F_OK) != 0 && errno == ENOENT) return true;
  GDir *dir = g_dir_open(path, 0, error);
  if (!dir) return false;
  bool ok = true;
  for (const char *name; ok && (name = g_dir_read_name(dir));) {
    g_autofree char *child = g_build_filename(path, name, NULL);
    ok = remove_entry(child, error);
  }
  g_dir_close(dir);
  return ok && (rmdir(path) == 0 || fail_errno(error, "cannot remove", path));
}

bool file_write_through(const char *path, const void *bytes, size_t n, GError **error) {
  char real[PATH_MAX];
  struct stat st;
  g_autofree char *folder = g_path_get_dirname(path);
  if (realpath(path, real)) path = real;
  if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_IO, "%s is no regular file", path);
    return false;
  }
  return dir_make(folder, error) && file_write_bytes(path, bytes, n, error);
}
