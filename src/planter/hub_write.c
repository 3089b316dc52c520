/* SPDX-License-Identifier: Apache-2.0 */
#include "planter/hub_write.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/error.h"
#include "core/files.h"
#include "core/source.h"

struct HubRepo {
  const Planting *planting;
  char *folder;     /* relative */
  GPtrArray *files; /* char*: file name, blob, file name, … */
};

char *hub_folder(const char *name) { return g_strdup_printf("models--copse--%s", name); }

static char *repo_path(const HubRepo *repo, const char *part, const char *name) {
  return g_build_filename(repo->planting->dir, repo->folder, part, name, NULL);
}

static bool make_part(const HubRepo *repo, const char *part, GError **error) {
  g_autofree char *relative = g_build_filename(repo->folder, part, NULL);
  return planting_folder(repo->planting, relative, error);
}

HubRepo *hub_write_new(const Planting *planting, const char *name, GError **error) {
  g_autoptr(HubRepo) repo = g_new0(HubRepo, 1);
  repo->planting = planting;
  repo->folder = hub_folder(name);
  repo->files = g_ptr_array_new_with_free_func(g_free);
  if (!make_part(repo, "blobs", error) || !make_part(repo, "refs", error)) return NULL;
  return g_steal_pointer(&repo);
}

void hub_write_free(HubRepo *repo) {
  if (!repo) return;
  g_free(repo->folder);
  g_ptr_array_unref(repo->files);
  g_free(repo);
}

static void note_file(HubRepo *repo, const char *file, char *blob) {
  g_ptr_array_add(repo->files, g_strdup(file));
  g_ptr_array_add(repo->files, blob);
}

/* git's name of a file: SHA-1 over "blob <bytes>", NUL and the bytes. */
static char *git_hash(const char *text) {
  g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA1);
  g_autofree char *head = g_strdup_printf("blob %zu", strlen(text));
  g_checksum_update(sum, (const guchar *)head, (gssize)strlen(head) + 1);
  g_checksum_update(sum, (const guchar *)text, (gssize)strlen(text));
  return g_strdup(g_checksum_get_string(sum));
}

bool hub_write_text(HubRepo *repo, const char *file, const char *text, GError **error) {
  g_autofree char *hash = git_hash(text);
  g_autofree char *path = repo_path(repo, "blobs", hash);
  if (!file_write_bytes(path, text, strlen(text), error)) return false;
  note_file(repo, file, g_steal_pointer(&hash));
  return true;
}

static char *file_sha256(const char *path, GError **error) {
  g_autoptr(ByteSource) source = byte_source_open(path, error);
  if (!source) return NULL;
  g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
  unsigned char block[65536];
  uint64_t size = byte_source_size(source);
  for (uint64_t at = 0; at < size; at += sizeof block) {
    size_t n = MIN(sizeof block, size - at);
    if (!byte_source_read(source, at, block, n, error)) return NULL;
    g_checksum_update(sum, block, (gssize)n);
  }
  return g_strdup(g_checksum_get_string(sum));
}

static bool fail_errno(const char *what, const char *path, GError **error) {
  int code = errno;
  g_autofree char *shown = g_filename_display_name(path);
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_IO, "cannot %s %s: %s", what, shown, g_strerror(code));
  return false;
}

bool hub_write_weights(HubRepo *repo, const char *file, const TensorOut *tensors, size_t n, const char *const *metadata,
                       GError **error) {
  /* The name is known only from the bytes; a Hub's downloads are called so until they end. */
  g_autofree char *part = repo_path(repo, "blobs", "weights.incomplete");
  if (!safetensors_write_quick(part, tensors, n, metadata, error)) return false;
  g_autofree char *hash = file_sha256(part, error);
  if (!hash) return false;
  g_autofree char *path = repo_path(repo, "blobs", hash);
  if (rename(part, path) != 0) return fail_errno("rename to", path, error);
  note_file(repo, file, g_steal_pointer(&hash));
  return true;
}

/* Over the names and blobs of all files and the repository's own name. */
static char *commit_hash(const HubRepo *repo) {
  GString *text = g_string_new(repo->folder);
  for (guint i = 0; i < repo->files->len; i++)
    g_string_append_printf(text, "\n%s", (const char *)g_ptr_array_index(repo->files, i));
  char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA1, text->str, (gssize)text->len);
  g_string_free(text, TRUE);
  return hash;
}

static bool link_files(const HubRepo *repo, const char *snapshot, GError **error) {
  for (guint i = 0; i < repo->files->len; i += 2) {
    g_autofree char *path = repo_path(repo, snapshot, g_ptr_array_index(repo->files, i));
    g_autofree char *target = g_build_filename("..", "..", "blobs", g_ptr_array_index(repo->files, i + 1), NULL);
    if (symlink(target, path) != 0) return fail_errno("link", path, error);
  }
  return true;
}

char *hub_write_commit(HubRepo *repo, GError **error) {
  g_autofree char *commit = commit_hash(repo);
  g_autofree char *snapshot = g_build_filename("snapshots", commit, NULL);
  g_autofree char *ref = repo_path(repo, "refs", "main");
  if (!make_part(repo, snapshot, error) || !link_files(repo, snapshot, error) ||
      !file_write_bytes(ref, commit, strlen(commit), error))
    return NULL;
  return g_build_filename(repo->folder, snapshot, NULL);
}
