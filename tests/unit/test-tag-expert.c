/* SPDX-License-Identifier: Apache-2.0 */
/* An expert on the tags that kohya's trainer counts in a file's own metadata: it answers on files left out. */
#include <glib.h>

#include "collection/collection.h"
#include "experts/train/train.h"
#include "numerics/linalg.h"
#include "numerics/rng.h"
#include "tests/unit/collection_fixture.h"

enum { MODELS = 72, TAGS = 4, D = 24, RANK = 3 };

static const char *const tags[TAGS] = {"fox", "castle", "watercolour", "night"};

/* An adapter whose output side lies along the directions of its two tags; the input side is its own. */
static void plant_one(const Fixture *f, unsigned i, float direction[TAGS][D], Rng *rng) {
  float into[RANK * D], out[D * RANK];
  unsigned a = i % TAGS, b = (a + 1 + (i / TAGS) % (TAGS - 1)) % TAGS;
  rng_fill_normal(rng, into, RANK * D, 1);
  rng_fill_normal(rng, out, D * RANK, 0.3f);
  for (int d = 0; d < D; d++) {
    out[d * RANK] += 2 * direction[a][d];
    out[d * RANK + 1] += 2 * direction[b][d];
  }
  g_autofree char *name = g_strdup_printf("m%03u.safetensors", i);
  g_autofree char *counts =
      g_strdup_printf("{\"10_data\": {\"%s\": %u, \"%s\": 7, \"only%u\": 1}}", tags[a], 9 + i % 5, tags[b], i);
  const char *const metadata[] = {"ss_tag_frequency", counts, "ss_network_module", "networks.lora", NULL};
  const TensorOut t[] = {
      {.name = "lora_unet_q.lora_down.weight", .dtype = DTYPE_F32, .rank = 2, .shape = {RANK, D}, .data = into},
      {.name = "lora_unet_q.lora_up.weight", .dtype = DTYPE_F32, .rank = 2, .shape = {D, RANK}, .data = out}};
  put_tensors(f, name, t, 2, metadata);
}

static void test_tags(Fixture *f, gconstpointer unused) {
  (void)unused;
  float direction[TAGS][D];
  Rng rng;
  rng_init(&rng, 3, 0);
  rng_fill_normal(&rng, &direction[0][0], TAGS * D, 1);
  for (unsigned i = 0; i < MODELS; i++) plant_one(f, i, direction, &rng);
  scan(f);
  g_autoptr(GError) error = NULL;
  Collection *c = f->collection;
  const GPtrArray *models = f->models;
  g_assert_cmpuint(models->len, ==, MODELS);
  TrainOptions o = TRAIN_DEFAULTS;
  o.task = EXPERT_CLASSIFY, o.kind = TRAIN_AUTO, o.label_key = "tags", o.baselines = false;
  g_autoptr(TrainResult) r = expert_train(c, models, &o, NULL, &error);
  g_assert_no_error(error);
  g_assert_cmpuint(r->expert->labels->len, ==, TAGS); /* a tag on one model alone is none */
  const Score *left_out = &r->expert->test;
  g_assert_cmpuint(left_out->n, >=, 5);
  g_assert_cmpfloat(left_out->accuracy, >, 0.85);
  g_assert_cmpfloat(left_out->low, >, left_out->chance);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  linalg_set_threads(1);
  add_test("/tag-expert", "tags", test_tags);
  return g_test_run();
}
