/* SPDX-License-Identifier: Apache-2.0 */
/* An archive: its members one by one, the models found in it, and every byte of their tensors, read
 * as the program does: in the scan's one pass, then by name, in the order of their paths. */
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "collection/scan/archive_scan.h"
#include "collection/read/archive_weights.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const ArchiveLimits limits = {.unpacked = 1 << 20, .ratio = 20, .entries = 1000};

/* A file in memory with the input in it, at ROOT/name. */
static int make_file(const uint8_t *data, size_t n, char **name) {
  int fd = memfd_create("archive", MFD_CLOEXEC);
  if (fd < 0 || write(fd, data, n) != (ssize_t)n) abort();
  *name = g_strdup_printf("%d", fd);
  return fd;
}
static const char root[] = "/proc/self/fd";

/* Every member's bytes in steps that do not fit its blocks. */
static void read_members(const uint8_t *data, size_t n) {
  g_autoptr(GBytes) bytes = g_bytes_new_static(data, n);
  g_autoptr(ByteSource) source = byte_source_from_bytes(bytes, "fuzz");
  g_autoptr(ArchiveReader) r = archive_reader_open(source, &limits, NULL, NULL);
  char step[777];
  while (r && archive_reader_next(r, NULL) == 1) {
    const ArchiveMember *m = archive_reader_member(r);
    if (m->start != UINT64_MAX && (m->start > n || m->size > n - m->start)) abort();
    g_autofree char *framed = g_strconcat("/", m->path, "/", NULL);
    if (!m->problem && strstr(framed, "/../")) abort();
    uint64_t left = m->problem ? 0 : m->size;
    for (size_t k; left > 0; left -= k) {
      k = (size_t)MIN(left, sizeof step);
      if (!archive_reader_read(r, step, k, NULL)) break;
    }
  }
}

/* What is packed may turn out to be damaged on the way: that is an error, and no more. */
static void read_tensors(WeightFile *file) {
  unsigned char bytes[4093];
  for (size_t i = 0; file && i < weight_file_count(file); i++) {
    const TensorInfo *t = weight_file_info(file, i);
    if (!text_is_safe(t->name, -1)) abort();
    for (uint64_t at = 0; at < t->bytes; at += sizeof bytes)
      if (!weight_file_read_raw(file, i, at, (size_t)MIN(sizeof bytes, t->bytes - at), bytes, NULL)) break;
    float number;
    if (dtype_is_readable(t->dtype) && t->count) weight_file_read_f32(file, i, t->count - 1, 1, &number, NULL);
  }
  weight_file_free(file);
}

static bool keep(void *user, Model *model) {
  if (!text_is_safe(model->shown, -1)) abort();
  g_ptr_array_add(user, model);
  return true;
}

static void scan(const char *name) {
  GArray *weights = g_array_new(FALSE, TRUE, sizeof(FileRef));
  FileRef ref = {.path = (char *)name};
  g_array_append_val(weights, ref);
  const Candidate c = {.path = (char *)name, .weights = weights, .is_archive = true};
  g_autoptr(GPtrArray) models = g_ptr_array_new_with_free_func((GDestroyNotify)model_unref);
  g_autoptr(GPtrArray) skips = g_ptr_array_new_with_free_func(walk_skip_free);
  g_autoptr(ArchiveCache) cache = archive_cache_new();
  g_autofree char *full = g_build_filename(root, name, NULL);
  unsigned opened = 0;
  archive_scan(root, &c, &limits, NULL, keep, models, skips, &opened);
  for (guint i = 0; i < models->len; i++) {
    const Model *m = models->pdata[i];
    const char *member = strchr(m->file, '!') + 1;
    read_tensors(archive_weights_open(cache, full, member, m->file, NULL));
  }
  g_array_unref(weights);
}

/* What libc would read from disk for each archive anew: the locale of names, and the zone of times. */
static void keep_ready(void) {
  static bool ready;
  if (ready) return;
  ready = setlocale(LC_CTYPE, "C.UTF-8") && setenv("TZ", "UTC0", 1) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  g_autofree char *name = NULL;
  keep_ready();
  read_members(data, n);
  int fd = make_file(data, n, &name);
  scan(name);
  close(fd);
  return 0;
}
