/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "core/error.h"
#include "weights/torch/pickle.h"
#include "weights/strided.h"
#include "weights/torch/torch_build.h"
#include "weights/torch/torch_file.h"
#include "weights/torch/torch_globals.h"

enum { MOST_NOTE = 64 }; /* bytes of the byteorder member */

typedef struct {
  ZipFile *zip;       /* borrowed */
  const char *folder; /* of data.pkl, with its slash; "" for none */
  GHashTable *known;  /* key (owned) -> index of the storage + 1 */
} Archive;

/* True for "data.pkl" and "NAME/data.pkl"; *folder is how many bytes come before. */
static bool is_pickle(const ZipMember *m, size_t *folder) {
  const char *slash = strchr(m->name, '/');
  *folder = slash ? (size_t)(slash - m->name) + 1 : 0;
  return strcmp(m->name + *folder, "data.pkl") == 0;
}

/* The one member that is the pickle; NULL when there is none, or a second one. */
static const ZipMember *find_pickle(const ZipFile *zip, size_t *folder, bool *twice) {
  const ZipMember *found = NULL;
  *twice = false;
  for (size_t i = 0; i < zip_count(zip); i++) {
    size_t n;
    if (!is_pickle(zip_member(zip, i), &n)) continue;
    *twice = found != NULL;
    if (*twice) return NULL;
    found = zip_member(zip, i);
    *folder = n;
  }
  return found;
}

bool torch_zip_matches(const ZipFile *zip) {
  size_t folder;
  bool twice;
  return find_pickle(zip, &folder, &twice) || twice;
}

static const ZipMember *member_of(const Archive *a, const char *prefix, const char *name) {
  g_autofree char *full = g_strconcat(a->folder, prefix, name, NULL);
  return zip_find(a->zip, full);
}

static gssize find_storage(WeightFile *file, void *user, const char *key, GError **error) {
  Archive *a = user;
  size_t known = GPOINTER_TO_SIZE(g_hash_table_lookup(a->known, key));
  if (known) return (gssize)known - 1;
  const ZipMember *m = member_of(a, "data/", key);
  if (!m) {
    g_autofree SafeText *shown = safe_text(key, -1);
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT, "%s: has no storage %sdata/%s: damaged? fetch or save it again",
                byte_source_label(zip_source(a->zip)), a->folder, shown);
    return -1;
  }
  size_t index = strided_add_member(file, m, 0);
  g_hash_table_insert(a->known, g_strdup(key), GSIZE_TO_POINTER(index + 1));
  return (gssize)index;
}

/* Files say their byte order since PyTorch 2.1; before, it was the writer's, little-endian in
 * practice. */
static bool check_byte_order(const Archive *a, GError **error) {
  const ZipMember *m = member_of(a, "", "byteorder");
  if (!m) return true;
  g_autoptr(GBytes) bytes = zip_member_bytes(a->zip, m, MOST_NOTE, error);
  if (!bytes) return false;
  size_t n;
  const char *order = g_bytes_get_data(bytes, &n);
  if (n == 6 && memcmp(order, "little", 6) == 0) return true;
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_UNSUPPORTED,
              "%s: its numbers are big-endian: load and save it again on a little-endian machine",
              byte_source_label(zip_source(a->zip)));
  return false;
}

static Pickle *read_pickle(const Archive *a, const ZipMember *m, GError **error) {
  g_autoptr(ByteSource) source = zip_member_source(a->zip, m, PICKLE_MOST_BYTES, error);
  return source ? pickle_read(source, 0, torch_global_judge, NULL, error) : NULL;
}

static bool build(WeightFile *file, Archive *a, const ZipMember *m, GError **error) {
  if (!check_byte_order(a, error)) return false;
  g_autoptr(Pickle) pickle = read_pickle(a, m, error);
  if (!pickle) return false;
  return torch_build(file, pickle, byte_source_label(zip_source(a->zip)), find_storage, a, error);
}

bool torch_zip_open(WeightFile *file, ZipFile *zip, GError **error) {
  strided_begin(file, zip);
  size_t length = 0;
  bool twice;
  const ZipMember *m = find_pickle(zip, &length, &twice);
  if (!m) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT, "%s: holds %s data.pkl", byte_source_label(zip_source(zip)),
                twice ? "more than one" : "no");
    return false;
  }
  g_autofree char *folder = g_strndup(m->name, length);
  g_autoptr(GHashTable) known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  Archive a = {.zip = zip, .folder = folder, .known = known};
  return build(file, &a, m, error);
}
