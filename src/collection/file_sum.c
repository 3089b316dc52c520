/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/file_sum.h"

#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "core/error.h"
#include "core/source.h"

enum { BLOCK = 1 << 20, SUM_DIGITS = 64 };

static const char space[] = "sha256";

static char *read_sum(const char *full, const Progress *progress, GError **error) {
  g_autoptr(ByteSource) source = byte_source_open(full, error);
  if (!source) return NULL;
  g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
  g_autofree unsigned char *block = g_malloc(BLOCK);
  const uint64_t size = byte_source_size(source);
  for (uint64_t at = 0; at < size;) {
    size_t n = (size_t)MIN(size - at, (uint64_t)BLOCK);
    if (!byte_source_read(source, at, block, n, error) || !progress_check(progress, error)) return NULL;
    g_checksum_update(sum, block, (gssize)n);
    at += n;
  }
  return g_strdup(g_checksum_get_string(sum));
}

/* What is kept: the stamp, a space, and the sum. NULL unless it is of the file as it is now. */
static char *kept_sum(Collection *c, const char *path, const char *stamp) {
  g_autoptr(GBytes) kept = collection_get(c, space, path, NULL);
  size_t n = strlen(stamp);
  if (!kept || g_bytes_get_size(kept) != n + SUM_DIGITS) return NULL;
  const char *text = g_bytes_get_data(kept, NULL);
  return memcmp(text, stamp, n) == 0 ? g_strndup(text + n, SUM_DIGITS) : NULL;
}

char *file_sum(Collection *c, const char *path, const Progress *progress, GError **error) {
  g_autofree char *full = g_build_filename(collection_root(c), path, NULL);
  struct stat st;
  if (stat(full, &st) != 0) {
    g_autofree SafeText *shown = safe_text(path, -1);
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_IO, "%s: it is not there any more: scan again", shown);
    return NULL;
  }
  g_autofree char *stamp = g_strdup_printf("%" PRId64 "|%" PRId64 ".%09ld ", (int64_t)st.st_size,
                                           (int64_t)st.st_mtim.tv_sec, (long)st.st_mtim.tv_nsec);
  char *sum = kept_sum(c, path, stamp);
  if (sum) return sum;
  sum = read_sum(full, progress, error);
  if (!sum || collection_is_read_only(c)) return sum;
  g_autofree char *text = g_strconcat(stamp, sum, NULL);
  g_autoptr(GBytes) keep = g_bytes_new(text, strlen(text));
  collection_put(c, space, path, keep, NULL); /* a cache: failing costs the next call time */
  return sum;
}
