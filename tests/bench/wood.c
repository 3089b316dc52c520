/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/wood.h"

#include <archive.h>
#include <archive_entry.h>
#include <glib.h>
#include <string.h>
#include <unistd.h>

#include "weights/formats/safetensors.h"

enum { BLOCKS = 64, RANK = 4, WIDTH = 16, LAYERS = 60 };

static const float numbers[WIDTH * WIDTH];

static char *place(const char *root, const char *path) {
  char *full = g_build_filename(root, path, NULL);
  g_autofree char *folder = g_path_get_dirname(full);
  if (g_mkdir_with_parents(folder, 0755) != 0) g_error("cannot make %s", folder);
  return full;
}

static void put_text(const char *root, const char *path, const char *text) {
  g_autofree char *full = place(root, path);
  g_autoptr(GError) error = NULL;
  if (!g_file_set_contents_full(full, text, -1, G_FILE_SET_CONTENTS_NONE, 0644, &error)) g_error("%s", error->message);
}

static void put_tensors(const char *root, const char *path, const TensorOut *tensors, size_t n, const char *concept) {
  const char *const metadata[] = {"format", "pt", "concept", concept, NULL};
  g_autofree char *full = place(root, path);
  g_autoptr(GError) error = NULL;
  if (!safetensors_write(full, tensors, n, metadata, &error)) g_error("%s", error->message);
}

/* 64 pairs of factors, named as `format` (with a number in it) and a part say. */
static void put_adapter(const char *root, const char *path, const char *format, const char *a, const char *b,
                        const char *concept) {
  TensorOut tensors[2 * BLOCKS];
  char *names[2 * BLOCKS];
  for (int i = 0; i < BLOCKS; i++) {
    g_autofree char *module = g_strdup_printf("%s%d.attn1.to_q", format, i);
    names[2 * i] = g_strconcat(module, a, NULL);
    names[2 * i + 1] = g_strconcat(module, b, NULL);
    tensors[2 * i] = (TensorOut){names[2 * i], DTYPE_F16, 2, {RANK, WIDTH}, numbers};
    tensors[2 * i + 1] = (TensorOut){names[2 * i + 1], DTYPE_F16, 2, {WIDTH, RANK}, numbers};
  }
  put_tensors(root, path, tensors, 2 * BLOCKS, concept);
  for (int i = 0; i < 2 * BLOCKS; i++) g_free(names[i]);
}

static void put_model(const char *root, const char *path, const char *concept) {
  TensorOut tensors[2 * LAYERS];
  char *names[2 * LAYERS];
  for (int i = 0; i < LAYERS; i++) {
    names[2 * i] = g_strdup_printf("encoder.layer.%d.query.weight", i);
    names[2 * i + 1] = g_strdup_printf("encoder.layer.%d.query.bias", i);
    tensors[2 * i] = (TensorOut){names[2 * i], DTYPE_F16, 2, {WIDTH, WIDTH}, numbers};
    tensors[2 * i + 1] = (TensorOut){names[2 * i + 1], DTYPE_F16, 1, {WIDTH}, numbers};
  }
  put_tensors(root, path, tensors, 2 * LAYERS, concept);
  for (int i = 0; i < 2 * LAYERS; i++) g_free(names[i]);
}

static const char card[] = "---\nlicense: mit\nbase_model: org/base\ntags:\n- lora\n- image\n---\n# A model\n";

static void plant_loose(const char *root, unsigned i, const char *concept) {
  g_autofree char *folder = g_strdup_printf("sd/train/model_idx_%06u", i);
  g_autofree char *weights = g_strconcat(folder, "/pytorch_lora_weights.safetensors", NULL);
  g_autofree char *readme = g_strconcat(folder, "/README.md", NULL);
  put_adapter(root, weights, "unet.down_blocks.", ".lora.down.weight", ".lora.up.weight", concept);
  put_text(root, readme, card);
}

static void plant_peft(const char *root, unsigned i, const char *concept) {
  g_autofree char *folder = g_strdup_printf("peft/run-%06u", i);
  g_autofree char *weights = g_strconcat(folder, "/adapter_model.safetensors", NULL);
  g_autofree char *config = g_strconcat(folder, "/adapter_config.json", NULL);
  put_adapter(root, weights, "base_model.model.layers.", ".lora_A.weight", ".lora_B.weight", concept);
  put_text(root, config,
           "{\"base_model_name_or_path\":\"org/base\",\"peft_type\":\"LORA\",\"r\":4,"
           "\"lora_alpha\":8,\"target_modules\":[\"to_q\"]}");
}

static void plant_hub(const char *root, unsigned i, const char *concept) {
  g_autofree char *repository = g_strdup_printf("hub/models--org--vit-%06u", i);
  g_autofree char *blob = g_strdup_printf("%s/blobs/%064x", repository, i);
  g_autofree char *commit = g_strdup_printf("%s/snapshots/%040x", repository, i);
  g_autofree char *link = g_strconcat(commit, "/model.safetensors", NULL);
  g_autofree char *config = g_strconcat(commit, "/config.json", NULL);
  g_autofree char *target = g_strdup_printf("../../blobs/%064x", i);
  g_autofree char *full = place(root, link);
  put_model(root, blob, concept);
  if (symlink(target, full) != 0) g_error("cannot link %s", full);
  put_text(root, config, "{\"architectures\":[\"ViT\"],\"model_type\":\"vit\"}");
}

static void plant_configured(const char *root, unsigned i, const char *concept) {
  g_autofree char *folder = g_strdup_printf("full/model-%06u", i);
  g_autofree char *weights = g_strconcat(folder, "/model.safetensors", NULL);
  g_autofree char *config = g_strconcat(folder, "/config.json", NULL);
  put_model(root, weights, concept);
  put_text(root, config, "{\"architectures\":[\"ViT\"],\"_name_or_path\":\"org/vit-base\"}");
}

void wood_plant(const char *root, unsigned n) {
  static void (*const plants[])(const char *, unsigned, const char *) = {plant_loose, plant_peft, plant_hub,
                                                                         plant_configured};
  for (unsigned i = 0; i < n; i++) {
    g_autofree char *concept = g_strdup_printf("concept %u", i % 100);
    plants[i % G_N_ELEMENTS(plants)](root, i, concept);
  }
}

/* --- packing ---------------------------------------------------------------------------------- */

static void pack_file(struct archive *a, const char *full, const char *path) {
  g_autofree char *bytes = NULL;
  gsize n = 0;
  if (!g_file_get_contents(full, &bytes, &n, NULL)) g_error("cannot read %s", full);
  struct archive_entry *e = archive_entry_new();
  archive_entry_copy_pathname(e, path);
  archive_entry_set_perm(e, 0644);
  archive_entry_set_filetype(e, AE_IFREG);
  archive_entry_set_size(e, (la_int64_t)n);
  if (archive_write_header(a, e) != ARCHIVE_OK || archive_write_data(a, bytes, n) != (la_ssize_t)n)
    g_error("%s", archive_error_string(a));
  archive_entry_free(e);
}

/* Links to files are packed as what they lead to. */
static void pack_folder(struct archive *a, const char *root, const char *path) {
  g_autofree char *full = g_build_filename(root, path, NULL);
  g_autoptr(GDir) dir = g_dir_open(full, 0, NULL);
  for (const char *name; dir && (name = g_dir_read_name(dir));) {
    if (strcmp(name, "blobs") == 0) continue;
    g_autofree char *below = *path ? g_strconcat(path, "/", name, NULL) : g_strdup(name);
    g_autofree char *child = g_build_filename(root, below, NULL);
    if (g_file_test(child, G_FILE_TEST_IS_DIR)) pack_folder(a, root, below);
    else pack_file(a, child, below);
  }
}

void wood_pack(const char *root, const char *tar, bool gzip) {
  struct archive *a = archive_write_new();
  archive_write_set_format_gnutar(a);
  if (gzip) {
    archive_write_add_filter_gzip(a);
    archive_write_set_options(a, "gzip:compression-level=1");
  }
  if (archive_write_open_filename(a, tar) != ARCHIVE_OK) g_error("%s", archive_error_string(a));
  pack_folder(a, root, "");
  if (archive_write_close(a) != ARCHIVE_OK) g_error("%s", archive_error_string(a));
  archive_write_free(a);
}
