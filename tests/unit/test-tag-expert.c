/* SPDX-License-Identifier: Apache-2.0 */
/* An expert on the tags that kohya's trainer counts in a file's own metadata, and one on labels set by hand: each answers
 * on files left out. */
#include <glib.h>

#include "collection/hand/by_hand.h"
#include "experts/train/train.h"
#include "numerics/linalg.h"
#include "numerics/rng.h"
#include "tests/unit/collection_fixture.h"

enum { MODELS = 320, TAGS = 4, D = 24, RANK = 3 };

static const char *const tags[TAGS] = {"fox", "castle", "watercolour", "night"};

static char *name_of(unsigned i) { return g_strdup_printf("m%03u.safetensors", i); }

static unsigned first_tag(unsigned i) { return i % TAGS; }
static unsigned second_tag(unsigned i) { return (first_tag(i) + 1 + (i / TAGS) % (TAGS - 1)) % TAGS; }

/* An adapter whose output side lies along the directions of its two tags; the input side is its own. Its file says so, or
 * nothing. */
static void plant_one(const Fixture *f, unsigned i, float direction[TAGS][D], bool says_so, Rng *rng) {
  float into[RANK * D], out[D * RANK];
  unsigned a = first_tag(i), b = second_tag(i);
  rng_fill_normal(rng, into, RANK * D, 1);
  rng_fill_normal(rng, out, D * RANK, 0.3f);
  for (int d = 0; d < D; d++) {
    out[d * RANK] += 2 * direction[a][d];
    out[d * RANK + 1] += (says_so ? 2 : 0.5f) * direction[b][d]; /* one label is for what there is most of */
  }
  g_autofree char *name = name_of(i);
  g_autofree char *counts =
      g_strdup_printf("{\"10_data\": {\"%s\": %u, \"%s\": 7, \"only%u\": 1}}", tags[a], 9 + i % 5, tags[b], i);
  const char *const metadata[] = {"ss_tag_frequency", counts, "ss_network_module", "networks.lora", NULL};
  const TensorOut t[] = {
      {.name = "lora_unet_q.lora_down.weight", .dtype = DTYPE_F32, .rank = 2, .shape = {RANK, D}, .data = into},
      {.name = "lora_unet_q.lora_up.weight", .dtype = DTYPE_F32, .rank = 2, .shape = {D, RANK}, .data = out}};
  put_tensors(f, name, t, 2, says_so ? metadata : NULL);
}

static void plant_all(Fixture *f, bool says_so) {
  float direction[TAGS][D];
  Rng rng;
  rng_init(&rng, 3, 0);
  rng_fill_normal(&rng, &direction[0][0], TAGS * D, 1);
  for (unsigned i = 0; i < MODELS; i++) plant_one(f, i, direction, says_so, &rng);
  scan(f);
  g_assert_cmpuint(f->models->len, ==, MODELS);
}

static void check_expert(const Fixture *f, const GPtrArray *models, const char *label_key) {
  g_autoptr(GError) error = NULL;
  TrainOptions o = TRAIN_DEFAULTS;
  o.task = EXPERT_CLASSIFY, o.kind = TRAIN_AUTO, o.label_key = label_key, o.baselines = false;
  g_autoptr(TrainResult) r = expert_train(f->collection, models, &o, NULL, &error);
  g_assert_no_error(error);
  g_assert_cmpuint(r->expert->labels->len, ==, TAGS); /* a tag on one model alone is none */
  const Score *left_out = &r->expert->test;
  g_test_message("%s: %.2f right of %u left out, chance %.2f", label_key, left_out->accuracy, left_out->n,
                 left_out->chance);
  g_assert_cmpuint(left_out->n, >=, 5);
  g_assert_cmpfloat(left_out->accuracy, >, 0.85);
  g_assert_cmpfloat(left_out->low, >, left_out->chance);
}

static void test_tags(Fixture *f, gconstpointer unused) {
  (void)unused;
  plant_all(f, true);
  check_expert(f, f->models, "tags");
}

/* Files that say nothing; the user names what is in each. */
static void test_by_hand(Fixture *f, gconstpointer unused) {
  (void)unused;
  g_autoptr(GError) error = NULL;
  g_autofree char *warning = NULL;
  plant_all(f, false);
  g_autoptr(ByHand) hand = by_hand_open(f->collection, &warning, &error);
  for (unsigned i = 0; hand && !error && i < MODELS; i++) {
    g_autofree char *name = name_of(i);
    by_hand_set(hand, f->models, model_at(f, name), "label", tags[first_tag(i)], &error);
  }
  g_assert_no_error(error);
  g_assert_true(by_hand_save(hand, &error));
  g_autoptr(GPtrArray) models = by_hand_models(f->collection, NULL, &error);
  g_assert_no_error(error);
  check_expert(f, models, "hand");
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  linalg_set_threads(1);
  add_test("/tag-expert", "tags", test_tags);
  add_test("/tag-expert", "by-hand", test_by_hand);
  return g_test_run();
}
