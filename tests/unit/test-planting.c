/* SPDX-License-Identifier: Apache-2.0 */
/* A planted collection as a whole: the same from the same seed, laid out as on disk, refused or stopped cleanly. */
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "core/error.h"
#include "core/files.h"
#include "core/json.h"
#include "numerics/linalg.h"
#include "planter/classifier.h"
#include "planter/concepts.h"
#include "planter/denoiser.h"
#include "planter/plant.h"
#include "weights/layers/layer.h"
#include "weights/weight_open.h"

typedef struct {
  char *root, *dir; /* dir lies in root */
} Site;

static void site_open(Site *s) {
  s->root = g_dir_make_tmp("copse-planting-XXXXXX", NULL);
  s->dir = g_build_filename(s->root, "wood", NULL);
}

static void site_close(Site *s) {
  g_assert_true(dir_remove(s->root, NULL));
  g_free(s->root);
  g_free(s->dir);
}

static PlantOptions tiny(unsigned threads, uint64_t seed) {
  return (PlantOptions){.kind = PLANT_WOOD,
                        .concepts = 6,
                        .adapters = 2,
                        .fine_tunes = 5,
                        .base_steps = 8,
                        .seed = seed,
                        .threads = threads};
}

static cJSON *plant_tiny(const Site *s, unsigned threads, uint64_t seed) {
  g_autoptr(GError) error = NULL;
  PlantOptions options = tiny(threads, seed);
  PlantSummary summary = {0};
  g_assert_true(plant(s->dir, &options, NULL, &summary, &error));
  g_assert_no_error(error);
  g_autofree char *expected = g_strconcat(s->dir, ".truth.json", NULL);
  g_assert_cmpstr(summary.truth, ==, expected);
  size_t n;
  g_autofree char *text = file_read_small(summary.truth, 1 << 24, &n, &error);
  g_assert_no_error(error);
  cJSON *truth = json_parse(text, n);
  g_assert_nonnull(truth);
  g_assert_cmpint(cJSON_GetArraySize(cJSON_GetObjectItem(truth, "models")), ==, (int)summary.models);
  g_free(summary.truth);
  return truth;
}

static int by_name(const void *a, const void *b) { return strcmp(*(const char *const *)a, *(const char *const *)b); }

/* Adds every file and link below `path` to the sum, by name, in order. */
static void digest(GChecksum *sum, const char *path, const char *relative) {
  g_checksum_update(sum, (const guchar *)relative, (gssize)strlen(relative));
  g_autofree char *link = g_file_read_link(path, NULL);
  if (link) {
    g_checksum_update(sum, (const guchar *)link, (gssize)strlen(link));
    return;
  }
  if (!g_file_test(path, G_FILE_TEST_IS_DIR)) {
    g_autofree char *bytes = NULL;
    gsize n;
    g_assert_true(g_file_get_contents(path, &bytes, &n, NULL));
    g_checksum_update(sum, (const guchar *)bytes, (gssize)n);
    return;
  }
  g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
  GDir *dir = g_dir_open(path, 0, NULL);
  for (const char *name; (name = g_dir_read_name(dir));) g_ptr_array_add(names, g_strdup(name));
  g_dir_close(dir);
  g_ptr_array_sort(names, by_name);
  for (guint i = 0; i < names->len; i++) {
    g_autofree char *child = g_build_filename(path, names->pdata[i], NULL);
    g_autofree char *shorter = g_build_filename(relative, names->pdata[i], NULL);
    digest(sum, child, shorter);
  }
}

/* All that planting with these settings leaves, the truth included, as one hash. */
static char *planted_hash(unsigned threads, uint64_t seed) {
  Site s;
  site_open(&s);
  cJSON_Delete(plant_tiny(&s, threads, seed));
  g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
  digest(sum, s.root, "");
  site_close(&s);
  return g_strdup(g_checksum_get_string(sum));
}

static void test_reproducible(void) {
  g_autofree char *one = planted_hash(1, 7), *again = planted_hash(1, 7);
  g_autofree char *two = planted_hash(2, 7), *other = planted_hash(1, 8);
  g_assert_cmpstr(one, ==, again);
  g_assert_cmpstr(one, ==, two);
  g_assert_cmpstr(one, !=, other);
}

static const char *text_of(const cJSON *object, const char *key) {
  return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));
}

static void check_layer(const GArray *layers, const char *name, LayerForm form, uint64_t rank) {
  const LayerInfo *l = layer_find(layers, name);
  g_assert_nonnull(l);
  g_assert_cmpint(l->form, ==, form);
  g_assert_cmpuint(l->d_out, ==, DENOISER_HIDDEN);
  g_assert_cmpuint(l->d_in, ==, DENOISER_HIDDEN);
  g_assert_cmpuint(l->rank, ==, rank);
}

static void check_adapter(const char *path, const cJSON *entry) {
  g_autoptr(GError) error = NULL;
  g_autoptr(WeightFile) file = weight_file_open(path, &error);
  g_assert_no_error(error);
  g_autoptr(GArray) layers = layer_list(file, NULL);
  g_assert_cmpuint(layers->len, ==, DENOISER_BLOCKS);
  check_layer(layers, "mid_block.0", LAYER_LOW_RANK, DENOISER_RANK);
  check_layer(layers, "mid_block.1", LAYER_LOW_RANK, DENOISER_RANK);
  for (guint i = 0; i < layers->len; i++) {
    Layer layer;
    g_assert_true(layer_read(file, &g_array_index(layers, LayerInfo, i), &layer, &error));
    double norm2 = layer_norm2(&layer);
    layer_clear(&layer);
    g_assert_true(isfinite(norm2));
    g_assert_cmpfloat(norm2, >, 1e-6); /* it was trained */
  }
  GHashTable *metadata = weight_file_metadata(file);
  g_assert_cmpstr(g_hash_table_lookup(metadata, "concept"), ==, text_of(entry, "concept"));
  g_assert_cmpstr(g_hash_table_lookup(metadata, "split"), ==, text_of(entry, "split"));
  g_assert_cmpstr(g_hash_table_lookup(metadata, "pretrained_model_name_or_path"), ==, "copse/scenes-base");
  g_autofree char *folder = g_path_get_dirname(path);
  g_autofree char *card = g_build_filename(folder, "README.md", NULL), *text = NULL;
  g_assert_true(g_file_get_contents(card, &text, NULL, NULL));
  g_assert_true(g_str_has_prefix(text, "---\nbase_model: copse/scenes-base\n"));
}

/* blobs/<sha256>, reached through the snapshot that refs/main names. */
static void check_snapshot(const char *path, const cJSON *entry) {
  g_autoptr(GError) error = NULL;
  g_autofree char *weights = g_build_filename(path, "model.safetensors", NULL);
  g_autofree char *link = g_file_read_link(weights, NULL);
  g_assert_true(link && g_str_has_prefix(link, "../../blobs/"));
  g_autofree char *bytes = NULL, *ref = NULL, *card = NULL;
  gsize n;
  g_assert_true(g_file_get_contents(weights, &bytes, &n, NULL));
  g_autofree char *hash = g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)bytes, n);
  g_assert_cmpstr(link + strlen("../../blobs/"), ==, hash);
  g_autofree char *refs = g_build_filename(path, "..", "..", "refs", "main", NULL);
  g_autofree char *name = g_path_get_basename(path);
  g_assert_true(g_file_get_contents(refs, &ref, NULL, NULL));
  g_assert_cmpstr(ref, ==, name);
  g_assert_cmpuint(strlen(name), ==, 40);
  g_autofree char *readme = g_build_filename(path, "README.md", NULL);
  g_assert_true(g_file_get_contents(readme, &card, NULL, NULL));
  bool declared = cJSON_IsTrue(cJSON_GetObjectItem(entry, "declared"));
  g_assert_cmpint(strstr(card, "\nbase_model: copse/scenes-mlp-") != NULL ||
                      g_str_has_prefix(card, "---\nbase_model: copse/scenes-mlp-"),
                  ==, declared);
  g_autoptr(WeightFile) file = weight_file_open(weights, &error);
  g_assert_no_error(error);
  gssize head = weight_file_find(file, "classifier.weight");
  g_assert_cmpint(head, >=, 0);
  bool base = text_of(entry, "parent") == NULL;
  g_assert_cmpuint(weight_file_info(file, (size_t)head)->shape[0], ==, base ? CLASSIFIER_CLASSES : CLASSIFIER_TARGETS);
  const char *targets = g_hash_table_lookup(weight_file_metadata(file), "dataset_chosen_targets");
  if (!base) g_assert_true(targets && g_str_has_prefix(targets, "['"));
  g_assert_cmpint(g_hash_table_contains(weight_file_metadata(file), "base_model"), ==, declared);
}

static void check_scenes_base(const char *path) {
  g_autoptr(GError) error = NULL;
  g_autofree char *index = g_build_filename(path, "model_index.json", NULL);
  g_autofree char *weights = g_build_filename(path, "unet", "diffusion_pytorch_model.safetensors", NULL);
  g_assert_true(g_file_test(index, G_FILE_TEST_IS_REGULAR));
  g_autoptr(WeightFile) file = weight_file_open(weights, &error);
  g_assert_no_error(error);
  g_assert_cmpuint(weight_file_count(file), ==, 8);
  g_autoptr(GArray) layers = layer_list(file, NULL);
  check_layer(layers, "mid_block.0", LAYER_DENSE, 0);
  check_layer(layers, "mid_block.1", LAYER_DENSE, 0);
}

/* Every parent is a model that comes before; holdout concepts are in no other split. */
static void check_relations(const cJSON *models) {
  g_autoptr(GHashTable) paths = g_hash_table_new(g_str_hash, g_str_equal);
  g_autoptr(GHashTable) held = g_hash_table_new(g_str_hash, g_str_equal);
  g_autoptr(GHashTable) open = g_hash_table_new(g_str_hash, g_str_equal);
  const cJSON *m;
  cJSON_ArrayForEach(m, models) {
    const char *parent = text_of(m, "parent"), *concept = text_of(m, "concept");
    if (parent) g_assert_true(g_hash_table_contains(paths, parent));
    g_assert_true(g_hash_table_add(paths, (char *)text_of(m, "path")));
    if (!concept) continue;
    bool holdout = g_str_has_suffix(text_of(m, "split"), "_holdout");
    g_hash_table_add(holdout ? held : open, (char *)concept);
  }
  g_assert_cmpuint(g_hash_table_size(held), ==, 1);
  g_assert_cmpuint(g_hash_table_size(open), ==, 5);
  GHashTableIter each;
  void *concept;
  g_hash_table_iter_init(&each, held);
  while (g_hash_table_iter_next(&each, &concept, NULL)) g_assert_false(g_hash_table_contains(open, concept));
}

static void test_layout(void) {
  Site s;
  site_open(&s);
  g_autoptr(cJSON) truth = plant_tiny(&s, 2, 3);
  const cJSON *models = cJSON_GetObjectItem(truth, "models"), *m;
  unsigned adapters = 0, snapshots = 0;
  cJSON_ArrayForEach(m, models) {
    g_autofree char *path = g_build_filename(s.dir, text_of(m, "path"), NULL);
    if (g_str_has_suffix(path, ".safetensors")) check_adapter(path, m), adapters++;
    else if (strstr(path, "models--copse--")) check_snapshot(path, m), snapshots++;
    else check_scenes_base(path);
  }
  g_assert_cmpuint(adapters, ==, 5 * (2 + 1 + 1) + 1 * (1 + 2));
  g_assert_cmpuint(snapshots, ==, 5 + 1);
  check_relations(models);
  site_close(&s);
}

static void expect_refusal(const char *dir, const PlantOptions *options, int code, const char *words) {
  g_autoptr(GError) error = NULL;
  PlantSummary summary = {0};
  g_assert_false(plant(dir, options, NULL, &summary, &error));
  g_assert_error(error, COPSE_ERROR, code);
  g_assert_nonnull(strstr(error->message, words));
}

static void test_refusals(void) {
  Site s;
  site_open(&s);
  PlantOptions options = tiny(1, 0);
  g_autofree char *inside = g_build_filename(s.dir, "truth.json", NULL);
  options.truth = inside;
  expect_refusal(s.dir, &options, COPSE_ERROR_USAGE, "outside");
  g_assert_false(g_file_test(s.dir, G_FILE_TEST_EXISTS));
  options.truth = NULL;
  options.concepts = 321;
  expect_refusal(s.dir, &options, COPSE_ERROR_USAGE, "4 to 320");
  options.concepts = 4;
  options.adapters = 2000000000;
  expect_refusal(s.dir, &options, COPSE_ERROR_USAGE, "1 to 1000");
  options.adapters = 1;
  options.fine_tunes = 4000000000;
  expect_refusal(s.dir, &options, COPSE_ERROR_USAGE, "1 to 100000");
  options.fine_tunes = 1;
  g_autofree char *note = g_build_filename(s.dir, "note", NULL);
  g_assert_cmpint(g_mkdir(s.dir, 0755), ==, 0);
  g_assert_true(g_file_set_contents(note, "mine", -1, NULL));
  expect_refusal(s.dir, &options, COPSE_ERROR_IO, "is not empty");
  expect_refusal(note, &options, COPSE_ERROR_IO, "no folder");
  g_assert_true(g_file_test(note, G_FILE_TEST_EXISTS));
  site_close(&s);
}

typedef struct {
  CancelToken token;
  const char *phase;
} Stopper;

static void stop_in_phase(void *user, const ProgressNote *note) {
  Stopper *stopper = user;
  if (strcmp(note->phase, stopper->phase) == 0 && note->done >= 2) cancel_token_set(&stopper->token);
}

/* Wherever it is stopped, nothing is left; a folder that was there before stays. */
static void test_cancel(void) {
  static const char *const phases[] = {"growing the denoiser", "growing adapters", "growing the classifier",
                                       "growing fine-tunes"};
  for (size_t i = 0; i < G_N_ELEMENTS(phases); i++) {
    Site s;
    site_open(&s);
    bool there = i % 2;
    if (there) g_assert_cmpint(g_mkdir(s.dir, 0755), ==, 0);
    Stopper stopper = {.phase = phases[i]};
    cancel_token_init(&stopper.token);
    Progress progress = {.cancel = &stopper.token, .notify = stop_in_phase, .user = &stopper};
    PlantOptions options = tiny(1, 0);
    PlantSummary summary = {0};
    g_autoptr(GError) error = NULL;
    g_assert_false(plant(s.dir, &options, &progress, &summary, &error));
    g_assert_error(error, COPSE_ERROR, COPSE_ERROR_CANCELLED);
    g_assert_cmpint(g_file_test(s.dir, G_FILE_TEST_EXISTS), ==, there);
    if (there) g_assert_cmpint(g_rmdir(s.dir), ==, 0); /* it is empty */
    g_assert_cmpint(g_rmdir(s.root), ==, 0);           /* and no truth lies beside it */
    g_free(s.root);
    g_free(s.dir);
  }
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  linalg_set_threads(1);
  g_test_add_func("/planting/reproducible", test_reproducible);
  g_test_add_func("/planting/layout", test_layout);
  g_test_add_func("/planting/refusals", test_refusals);
  g_test_add_func("/planting/cancel", test_cancel);
  return g_test_run();
}
