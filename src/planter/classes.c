/* SPDX-License-Identifier: Apache-2.0 */
#include "planter/classes.h"

#include <inttypes.h>

#include "core/error.h"
#include "planter/card_write.h"
#include "planter/classifier.h"
#include "planter/hub_write.h"
#include "weights/weight_file.h"
#include "weights/weight_open.h"

static const char BASE_NAME[] = "scenes-mlp-base";
static const char WEIGHTS_FILE[] = "model.safetensors";

enum { TENSORS = 4 + 4 * CLASSIFIER_BLOCKS, GENERATIONS = 3 };

/* One fine-tune to grow. */
typedef struct {
  TuneRecipe recipe;
  const char *split;
  bool declared;
  unsigned number; /* in its name: tells nothing of its generation */
  int parent;      /* index of another, or -1: the base */
  char *path;      /* of its snapshot, once it is there */
} Tune;

typedef struct {
  const Planting *planting;
  char *base_path;
  Tune *tunes;
  unsigned count;
  unsigned ends[GENERATIONS]; /* generation g: tunes ends[g-1] .. ends[g] */
  unsigned first;             /* of the generation that is growing */
  /* One each a thread: */
  ClassifierKit **kits;
} Grove;

/* The tensors of a network, which stay in it. */
static void tensor_table(const Mlp *mlp, TensorOut table[TENSORS]) {
  static const char *const blocks[CLASSIFIER_BLOCKS][4] = {
      {"encoder.layer.0.layernorm.weight", "encoder.layer.0.layernorm.bias", "encoder.layer.0.dense.weight",
       "encoder.layer.0.dense.bias"},
      {"encoder.layer.1.layernorm.weight", "encoder.layer.1.layernorm.bias", "encoder.layer.1.dense.weight",
       "encoder.layer.1.dense.bias"},
      {"encoder.layer.2.layernorm.weight", "encoder.layer.2.layernorm.bias", "encoder.layer.2.dense.weight",
       "encoder.layer.2.dense.bias"}};
  const uint64_t d = mlp->shape.hidden, in = mlp->shape.in, out = mlp->shape.out;
  TensorOut *t = table;
  *t++ = tensor_out_matrix("embeddings.projection.weight", d, in, mlp->w_in);
  *t++ = tensor_out_vector("embeddings.projection.bias", d, mlp->b_in);
  for (int i = 0; i < CLASSIFIER_BLOCKS; i++) {
    *t++ = tensor_out_vector(blocks[i][0], d, mlp->gain[i]);
    *t++ = tensor_out_vector(blocks[i][1], d, mlp->shift[i]);
    *t++ = tensor_out_matrix(blocks[i][2], d, d, mlp->w[i]);
    *t++ = tensor_out_vector(blocks[i][3], d, mlp->b[i]);
  }
  *t++ = tensor_out_matrix("classifier.weight", out, d, mlp->w_out);
  *t++ = tensor_out_vector("classifier.bias", out, mlp->b_out);
}

/* Reads the tensor that `like` describes. Even a file that we wrote may have been changed since. */
static bool read_tensor(WeightFile *file, const TensorOut *like, float *into, GError **error) {
  gssize at = weight_file_find(file, like->name);
  uint64_t n = like->shape[0] * (like->rank > 1 ? like->shape[1] : 1);
  if (at >= 0 && weight_file_info(file, (size_t)at)->count == n)
    return weight_file_read_f32(file, (size_t)at, 0, n, into, error);
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT, "%s: tensor %s is not as it was planted", weight_file_label(file),
              like->name);
  return false;
}

/* Reads a network that we wrote: parents come from the disk, so that memory holds one each
 * thread, however many there are. */
static Mlp *read_network(const Planting *p, const char *path, size_t classes, GError **error) {
  g_autofree char *full = g_build_filename(p->dir, path, WEIGHTS_FILE, NULL);
  g_autoptr(WeightFile) file = weight_file_open(full, error);
  if (!file) return NULL;
  MlpShape shape = classifier_shape(classes);
  g_autoptr(Mlp) mlp = mlp_new(&shape);
  TensorOut table[TENSORS];
  tensor_table(mlp, table);
  for (int i = 0; i < TENSORS; i++) {
    if (!read_tensor(file, &table[i], mlp->data + (table[i].data - mlp->data), error)) return NULL;
  }
  return g_steal_pointer(&mlp);
}

static char *config_text(size_t classes, const char *base) {
  g_autofree char *origin = base ? g_strdup_printf("  \"_name_or_path\": \"%s\",\n", base) : g_strdup("");
  return g_strdup_printf(
      "{\n%s"
      "  \"architectures\": [\n    \"SceneMlpForImageClassification\"\n  ],\n"
      "  \"hidden_size\": %d,\n"
      "  \"image_size\": %d,\n"
      "  \"model_type\": \"scene-mlp\",\n"
      "  \"num_channels\": 3,\n"
      "  \"num_hidden_layers\": %d,\n"
      "  \"num_labels\": %zu,\n"
      "  \"torch_dtype\": \"float32\"\n"
      "}\n",
      origin, CLASSIFIER_HIDDEN, SCENE_SIDE, CLASSIFIER_BLOCKS, classes);
}

/* Writes a repository; returns its snapshot's path. */
static char *write_repo(const Planting *p, const char *name, const Mlp *mlp, const Card *card,
                        const char *const *metadata, GError **error) {
  g_autoptr(HubRepo) repo = hub_write_new(p, name, error);
  if (!repo) return NULL;
  TensorOut table[TENSORS];
  tensor_table(mlp, table);
  g_autofree char *config = config_text(mlp->shape.out, card->base_model);
  g_autofree char *readme = card_text(card);
  if (!hub_write_text(repo, "README.md", readme, error) || !hub_write_text(repo, "config.json", config, error) ||
      !hub_write_weights(repo, WEIGHTS_FILE, table, TENSORS, metadata, error))
    return NULL;
  return hub_write_commit(repo, error);
}

static const char *const card_tags[] = {"copse", "scenes", "image-classification", NULL};

static char *write_base(const Planting *p, const Mlp *base, GError **error) {
  static const char *const metadata[] = {"format", "pt", NULL};
  g_autofree char *title = g_strdup_printf("copse/%s", BASE_NAME);
  Card card = {.title = title,
               .library = "transformers",
               .pipeline = "image-classification",
               .tags = card_tags,
               .about = "Tells forty coloured shapes apart in small procedural pictures."};
  return write_repo(p, BASE_NAME, base, &card, metadata, error);
}

static char *tune_name(const Tune *tune) { return g_strdup_printf("scenes-mlp-%04u", tune->number); }

/* "copse/NAME" of what it was made from. */
static char *parent_name(const Grove *grove, const Tune *tune) {
  if (tune->parent < 0) return g_strdup_printf("copse/%s", BASE_NAME);
  g_autofree char *name = tune_name(&grove->tunes[tune->parent]);
  return g_strdup_printf("copse/%s", name);
}

/* The targets as Python prints a list of strings. */
static char *targets_text(const TuneRecipe *recipe) {
  GString *text = g_string_new("[");
  for (int k = 0; k < CLASSIFIER_TARGETS; k++) {
    g_autofree char *name = class_name(recipe->targets[k]);
    g_string_append_printf(text, "%s'%s'", k ? ", " : "", name);
  }
  g_string_append_c(text, ']');
  return g_string_free(text, FALSE);
}

static char *write_tune(const Grove *grove, const Tune *tune, const Mlp *mlp, const TuneResult *result,
                        GError **error) {
  const TuneRecipe *recipe = &tune->recipe;
  g_autofree char *name = tune_name(tune), *parent = parent_name(grove, tune);
  g_autofree char *title = g_strdup_printf("copse/%s", name);
  g_autofree char *targets = targets_text(recipe), *lr = planting_number(recipe->lr);
  g_autofree char *index = g_strdup_printf("%u", tune->number);
  g_autofree char *seed = g_strdup_printf("%" PRIu64, recipe->seed);
  g_autofree char *epochs = g_strdup_printf("%u", recipe->epochs);
  g_autofree char *steps = g_strdup_printf("%u", tune_steps(recipe));
  g_autofree char *batch = g_strdup_printf("%d", CLASSIFIER_BATCH);
  g_autofree char *decay = planting_number(recipe->weight_decay);
  g_autofree char *loss = planting_number(result->train_loss);
  g_autofree char *accuracy = planting_number(result->test_accuracy);
  const char *const metadata[] = {
      "format", "pt", "model_idx", index, "subset", "Scenes", "split", tune->split, "dataset_chosen_targets", targets,
      /* From here on also in the card: */
      "dataset_name", "scenes40", "seed", seed, "learning_rate", lr, "lr_scheduler", schedule_name(recipe->schedule),
      "epochs", epochs, "max_train_steps", steps, "batch_size", batch, "weight_decay", decay, "random_flip",
      recipe->flip ? "True" : "False", "random_crop", "False", "best_checkpoint_train_loss", loss,
      "best_checkpoint_test_accuracy", accuracy, tune->declared ? "base_model" : NULL, parent, NULL};
  Card card = {.title = title,
               .base_model = tune->declared ? parent : NULL,
               .library = "transformers",
               .pipeline = "image-classification",
               .tags = card_tags,
               .facts = metadata + 10,
               .about = "A fine-tuned classifier of scenes."};
  return write_repo(grove->planting, name, mlp, &card, metadata, error);
}

/* Draws a random half of the classes, in rising order. */
static void draw_targets(Rng *rng, uint32_t targets[CLASSIFIER_TARGETS]) {
  size_t all[CLASSIFIER_CLASSES];
  bool chosen[CLASSIFIER_CLASSES] = {false};
  for (size_t i = 0; i < CLASSIFIER_CLASSES; i++) all[i] = i;
  rng_shuffle(rng, all, CLASSIFIER_CLASSES);
  for (size_t i = 0; i < CLASSIFIER_TARGETS; i++) chosen[all[i]] = true;
  for (uint32_t i = 0, k = 0; i < CLASSIFIER_CLASSES; i++)
    if (chosen[i]) targets[k++] = i;
}

static TuneRecipe draw_recipe(Rng *rng) {
  static const float rates[] = {1e-4f, 2e-4f, 3e-4f, 5e-4f, 1e-3f};
  static const float decays[] = {0.005f, 0.01f, 0.02f, 0.05f};
  TuneRecipe recipe = {.seed = rng_u64(rng) >> 32};
  draw_targets(rng, recipe.targets);
  recipe.lr = rates[rng_below(rng, G_N_ELEMENTS(rates))];
  recipe.weight_decay = decays[rng_below(rng, G_N_ELEMENTS(decays))];
  recipe.epochs = 2 + (unsigned)rng_below(rng, 8);
  recipe.schedule = (Schedule)rng_below(rng, SCHEDULE_COUNT);
  recipe.flip = rng_below(rng, 2);
  return recipe;
}

/* Seven in ten train, one val, two test. */
static const char *draw_split(Rng *rng) {
  uint64_t roll = rng_below(rng, 10);
  return roll < 7 ? "train" : roll < 8 ? "val" : "test";
}

/* Sizes the generations (of ten models five, three, two) and gives each model a parent in the
 * one before. */
static void plan_tunes(Grove *grove) {
  uint64_t seed = grove->planting->seed;
  Rng rng;
  rng_init(&rng, seed, STREAM_CLASSES);
  g_autofree size_t *numbers = g_new(size_t, grove->count);
  for (size_t i = 0; i < grove->count; i++) numbers[i] = i;
  rng_shuffle(&rng, numbers, grove->count);
  grove->ends[0] = (grove->count + 1) / 2;
  grove->ends[1] = (4 * grove->count + 4) / 5;
  grove->ends[2] = grove->count;
  for (unsigned i = 0, g = 0; i < grove->count; i++) {
    while (i >= grove->ends[g]) g++;
    unsigned before = g > 1 ? grove->ends[g - 2] : 0;
    Tune *tune = &grove->tunes[i];
    rng_init(&rng, seed, STREAM_TUNES + i);
    tune->recipe = draw_recipe(&rng);
    tune->split = draw_split(&rng);
    tune->declared = rng_below(&rng, 3) > 0;
    tune->number = (unsigned)numbers[i];
    tune->parent = g ? (int)(before + rng_below(&rng, grove->ends[g - 1] - before)) : -1;
  }
}

static bool grow_tune(void *user, size_t item, unsigned thread, GError **error) {
  Grove *grove = user;
  Tune *tune = &grove->tunes[grove->first + item];
  if (!grove->kits[thread]) grove->kits[thread] = classifier_kit_new();
  bool from_base = tune->parent < 0;
  g_autoptr(Mlp) parent = read_network(grove->planting, from_base ? grove->base_path : grove->tunes[tune->parent].path,
                                       from_base ? CLASSIFIER_CLASSES : CLASSIFIER_TARGETS, error);
  if (!parent) return false;
  TuneResult result;
  const Mlp *mlp = classifier_fine_tune(grove->kits[thread], parent, &tune->recipe, &result);
  tune->path = write_tune(grove, tune, mlp, &result, error);
  return tune->path != NULL;
}

static GStrv target_names(const TuneRecipe *recipe) {
  GStrv names = g_new0(char *, CLASSIFIER_TARGETS + 1);
  for (int k = 0; k < CLASSIFIER_TARGETS; k++) names[k] = class_name(recipe->targets[k]);
  return names;
}

static void record_models(const Grove *grove) {
  truth_add(grove->planting->truth, (TruthEntry){.path = g_strdup(grove->base_path)});
  for (unsigned i = 0; i < grove->count; i++) {
    const Tune *tune = &grove->tunes[i];
    const char *parent = tune->parent < 0 ? grove->base_path : grove->tunes[tune->parent].path;
    truth_add(grove->planting->truth, (TruthEntry){.path = g_strdup(tune->path),
                                                   .parent = g_strdup(parent),
                                                   .edge = "fine-tune",
                                                   .targets = target_names(&tune->recipe),
                                                   .split = tune->split,
                                                   .declared = tune->declared});
  }
}

/* Everything that will be made, before it is: several threads make it. */
static void claim_repos(const Grove *grove) {
  g_autofree char *base = hub_folder(BASE_NAME);
  planting_claim(grove->planting, base);
  for (unsigned i = 0; i < grove->count; i++) {
    g_autofree char *name = tune_name(&grove->tunes[i]), *folder = hub_folder(name);
    planting_claim(grove->planting, folder);
  }
}

static bool grove_grow(Grove *grove, const ClassesPlan *plan, GError **error) {
  const Planting *p = grove->planting;
  plan_tunes(grove);
  g_autoptr(Mlp) base = classifier_train_base(p->seed, plan->base_steps, p->progress, error);
  if (!base) return false;
  claim_repos(grove);
  grove->base_path = write_base(p, base, error);
  if (!grove->base_path) return false;
  for (int g = 0; g < GENERATIONS; g++) {
    grove->first = g ? grove->ends[g - 1] : 0;
    if (!planting_each(p, "growing fine-tunes", grove->ends[g] - grove->first, grow_tune, grove, error)) return false;
  }
  record_models(grove);
  return true;
}

static void grove_clear(Grove *grove) {
  for (unsigned t = 0; t < grove->planting->threads; t++) classifier_kit_free(grove->kits[t]);
  for (unsigned i = 0; i < grove->count; i++) g_free(grove->tunes[i].path);
  g_free(grove->kits);
  g_free(grove->tunes);
  g_free(grove->base_path);
}

bool classes_plant(const Planting *p, const ClassesPlan *plan, GError **error) {
  Grove grove = {.planting = p,
                 .tunes = g_new0(Tune, plan->models),
                 .count = plan->models,
                 .kits = g_new0(ClassifierKit *, p->threads)};
  bool ok = grove_grow(&grove, plan, error);
  grove_clear(&grove);
  return ok;
}
