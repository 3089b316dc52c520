/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/train_fixture.h"

enum { SIDE = 8 };

void put_noisy(const Fixture *f, const char *path, int concept, Rng *rng) {
  static const char *const names[] = {"fox", "cat", "owl", "oak"};
  float mid[SIDE * SIDE], top[SIDE * SIDE];
  rng_fill_normal(rng, mid, SIDE * SIDE, 0.1f);
  rng_fill_normal(rng, top, SIDE * SIDE, 1);
  for (int k = 0; k < 4; k++) mid[(concept * 2) * SIDE + k] += 1;
  const TensorOut tensors[] = {{"mid.weight", DTYPE_F32, 2, {SIDE, SIDE}, mid},
                               {"top.weight", DTYPE_F32, 2, {SIDE, SIDE}, top}};
  const char *const metadata[] = {"concept", names[concept], NULL};
  put_tensors(f, path, tensors, 2, metadata);
}

void put_wood(Fixture *f) {
  static const struct {
    const char *split;
    int from, to, each;
  } parts[] = {{"train", 0, 3, 8}, {"val", 0, 3, 4}, {"test", 0, 3, 4}, {"test_holdout", 3, 4, 4}};
  Rng rng;
  rng_init(&rng, 3, 0);
  for (size_t p = 0; p < G_N_ELEMENTS(parts); p++)
    for (int c = parts[p].from; c < parts[p].to; c++)
      for (int i = 0; i < parts[p].each; i++) {
        g_autofree char *path = g_strdup_printf("%s/m-%d-%d.safetensors", parts[p].split, c, i);
        put_noisy(f, path, c, &rng);
      }
  scan(f);
}

TrainOptions small_options(const char *encoder) {
  TrainOptions o = TRAIN_DEFAULTS;
  o.encoder = encoder;
  o.layer = "mid";
  o.epochs = 15, o.batch = 6, o.probes = 4, o.proj = 4, o.rep = 4, o.lr = 2e-2f;
  return o;
}

TrainResult *train(Fixture *f, const TrainOptions *o, const Progress *progress) {
  g_autoptr(GError) error = NULL;
  TrainResult *r = expert_train(f->collection, f->models, o, progress, &error);
  g_assert_no_error(error);
  return r;
}
