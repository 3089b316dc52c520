/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/walk/ollama_layout.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/json.h"

enum { MOST_MANIFESTS = 10000, LARGEST_MANIFEST = 1 << 20, DEEPEST = 4, HASH_DIGITS = 64 };

/* A walk over the manifests; the path so far, from the host on. */
typedef struct {
  GPtrArray *blobs;
  GHashTable *seen; /* files, borrowed from blobs */
  unsigned manifests;
} Listing;

static bool is_folder(int fd, const char *name) {
  struct stat st;
  return fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

bool ollama_is_store(int fd) { return is_folder(fd, "manifests") && is_folder(fd, "blobs"); }

static void blob_free(void *data) {
  OllamaBlob *blob = data;
  g_free(blob->file);
  g_free(blob->title);
  g_free(blob);
}

/* "sha256:HEX" -> "sha256-HEX", which can only be a plain name. NULL for anything else. */
static char *file_of_digest(const char *digest) {
  static const char prefix[] = "sha256:";
  if (!digest || !g_str_has_prefix(digest, prefix)) return NULL;
  const char *hex = digest + strlen(prefix);
  for (const char *p = hex; *p; p++)
    if (!g_ascii_isxdigit(*p)) return NULL;
  return strlen(hex) == HASH_DIGITS ? g_strconcat("sha256-", hex, NULL) : NULL;
}

/* What a layer of that type is called behind the model's name; NULL for what is no weights. */
static const char *suffix_of_layer(const char *type) {
  static const struct {
    const char *type, *suffix;
  } kinds[] = {{"application/vnd.ollama.image.model", ""},
               {"application/vnd.ollama.image.adapter", " adapter"},
               {"application/vnd.ollama.image.projector", " projector"}};
  for (size_t i = 0; type && i < G_N_ELEMENTS(kinds); i++)
    if (strcmp(type, kinds[i].type) == 0) return kinds[i].suffix;
  return NULL;
}

static const char *string_of(const cJSON *object, const char *key) {
  return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));
}

static void take_manifest(Listing *l, const cJSON *manifest, const char *title) {
  const cJSON *layers = cJSON_GetObjectItemCaseSensitive(manifest, "layers");
  for (const cJSON *e = cJSON_IsArray(layers) ? layers->child : NULL; e; e = e->next) {
    const char *suffix = suffix_of_layer(string_of(e, "mediaType"));
    char *file = suffix ? file_of_digest(string_of(e, "digest")) : NULL;
    if (!file || g_hash_table_contains(l->seen, file)) {
      g_free(file);
      continue;
    }
    OllamaBlob *blob = g_new(OllamaBlob, 1);
    *blob = (OllamaBlob){file, g_strconcat(title, suffix, NULL)};
    g_ptr_array_add(l->blobs, blob);
    g_hash_table_add(l->seen, blob->file);
  }
}

/* HOST/library/MODEL/TAG is "MODEL:TAG", any other namespace stays. The caller frees it. */
static char *title_of(const char *path) {
  g_auto(GStrv) parts = g_strsplit(path, "/", -1);
  if (g_strv_length(parts) != DEEPEST) return g_strdup(path);
  if (strcmp(parts[1], "library") == 0) return g_strconcat(parts[2], ":", parts[3], NULL);
  return g_strconcat(parts[1], "/", parts[2], ":", parts[3], NULL);
}

static void read_manifest(Listing *l, int folder, const char *name, const char *path) {
  int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
  struct stat st;
  if (fd < 0) return;
  bool plain = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= LARGEST_MANIFEST;
  g_autofree char *bytes = plain ? g_malloc((size_t)st.st_size + 1) : NULL;
  ssize_t n = bytes ? read(fd, bytes, (size_t)st.st_size) : -1;
  close(fd);
  g_autoptr(cJSON) manifest = n > 0 ? json_parse(bytes, (size_t)n) : NULL;
  g_autofree char *title = title_of(path);
  if (manifest) take_manifest(l, manifest, title);
}

static int by_text(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

/* The names in a folder, sorted, so that every scan gives a blob the same title. */
static GPtrArray *names_in(int fd) {
  GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
  DIR *dir = fdopendir(fd);
  if (!dir) {
    close(fd);
    return names;
  }
  for (struct dirent *e; (e = readdir(dir)) && names->len < MOST_MANIFESTS;)
    if (e->d_name[0] != '.') g_ptr_array_add(names, g_strdup(e->d_name));
  closedir(dir);
  g_ptr_array_sort(names, by_text);
  return names;
}

static void list_folder(Listing *l, int folder, const char *name, const char *path, int depth) {
  int fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  int listed = fd >= 0 ? dup(fd) : -1;
  g_autoptr(GPtrArray) names = listed >= 0 ? names_in(listed) : g_ptr_array_new();
  for (guint i = 0; i < names->len; i++) {
    const char *child = names->pdata[i];
    g_autofree char *below = *path ? g_strconcat(path, "/", child, NULL) : g_strdup(child);
    if (is_folder(fd, child)) {
      if (depth < DEEPEST) list_folder(l, fd, child, below, depth + 1);
    } else if (l->manifests++ < MOST_MANIFESTS) {
      read_manifest(l, fd, child, below);
    }
  }
  if (fd >= 0) close(fd);
}

static int blob_by_file(const void *a, const void *b) {
  return strcmp((*(const OllamaBlob *const *)a)->file, (*(const OllamaBlob *const *)b)->file);
}

GPtrArray *ollama_list(int fd) {
  GPtrArray *blobs = g_ptr_array_new_with_free_func(blob_free);
  g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
  Listing l = {.blobs = blobs, .seen = seen};
  list_folder(&l, fd, "manifests", "", 1);
  g_ptr_array_sort(blobs, blob_by_file);
  return blobs;
}
