/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/epoch.h"

#include <glib.h>
#include <glib/gstdio.h>
#include <math.h>
#include <stdio.h>

#include "core/files.h"
#include "numerics/rng.h"
#include "experts/train/train.h"
#include "tests/bench/row.h"
#include "weights/formats/safetensors.h"

typedef struct {
  const char *name, *folder;
  size_t side, rank; /* rank 0: dense */
  unsigned models, rep;
} Case;

enum { EPOCHS = 4 };

static const Case cases[] = {
    {"epoch with files, LoRA r16 768x768", "lora", 768, 16, 768, 512},
    {"epoch with files, dense 768x768", "dense", 768, 0, 256, 512},
};

static const char *const concepts[] = {"fox", "hare", "owl", "river", "stone", "tree", "moss", "fern"};

/* Models of random numbers: they take as long as real ones. */
static bool write_model(const char *folder, const Case *c, unsigned i, const float *numbers) {
  g_autofree char *path = g_strdup_printf("%s/model_%04u.safetensors", folder, i);
  const TensorOut low[] = {
      {"unet.mid.to_q.lora.down.weight", DTYPE_F32, 2, {c->rank, c->side}, numbers},
      {"unet.mid.to_q.lora.up.weight", DTYPE_F32, 2, {c->side, c->rank}, numbers + c->rank * c->side}};
  const TensorOut full[] = {{"mid.to_q.weight", DTYPE_F32, 2, {c->side, c->side}, numbers}};
  const char *metadata[] = {"concept", concepts[i % G_N_ELEMENTS(concepts)], NULL};
  return c->rank ? safetensors_write_quick(path, low, 2, metadata, NULL)
                 : safetensors_write_quick(path, full, 1, metadata, NULL);
}

static bool write_models(const char *folder, const Case *c) {
  size_t n = c->rank ? 2 * c->rank * c->side : c->side * c->side;
  g_autofree float *numbers = g_new(float, n);
  Rng rng;
  if (!dir_make(folder, NULL)) return false;
  for (unsigned i = 0; i < c->models; i++) {
    rng_init(&rng, 3, i);
    for (size_t k = 0; k < n; k++) numbers[k] = rng_range(&rng, -0.02f, 0.02f);
    if (!write_model(folder, c, i, numbers)) return false;
  }
  return true;
}

static void run_case(const char *root, const Case *c) {
  g_autofree char *folder = g_build_filename(root, c->folder, NULL);
  g_autofree char *state = g_build_filename(root, "state", c->folder, NULL);
  if (!write_models(folder, c)) return;
  CollectionOptions options = {.state = state};
  g_autoptr(GError) error = NULL;
  g_autoptr(Collection) collection = collection_open(folder, &options, &error);
  if (!collection || !collection_scan(collection, NULL, NULL, &error)) return;
  g_autoptr(GPtrArray) models = collection_models(collection, NULL);
  TrainOptions o = TRAIN_DEFAULTS;
  o.probes = o.proj = 128;
  o.rep = c->rep;
  o.batch = 128;
  o.epochs = EPOCHS;
  o.baselines = false;
  o.input = INPUT_RAW;
  g_autoptr(TrainResult) r = expert_train(collection, models, &o, NULL, &error);
  if (!r) {
    printf("%s: %s\n", c->name, error->message);
    return;
  }
  double n = r->models[0], epoch = n / r->models_per_second;
  double reading = r->reading * n / models->len; /* of the training models */
  bench_row(c->name, n / (reading + epoch), "models/s", NAN, "");
  bench_row("  the same, a mean of ten epochs", 10 * n / (reading + 10 * epoch), "models/s", NAN, "");
}

void epoch_bench(const char *folder) {
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) run_case(folder, &cases[i]);
}
