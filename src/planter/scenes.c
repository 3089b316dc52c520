/* SPDX-License-Identifier: Apache-2.0 */
#include "planter/scenes.h"

#include <inttypes.h>
#include <string.h>

#include "core/files.h"
#include "planter/card_write.h"
#include "planter/concepts.h"
#include "planter/denoiser.h"
#include "weights/formats/safetensors.h"

static const char BASE_NAME[] = "copse/scenes-base";
/* Called as the last part of the name, so that what names the base finds it. */
static const char BASE_FOLDER[] = "scenes/scenes-base", BASE_UNET[] = "scenes/scenes-base/unet";
static const char ADAPTER_FILE[] = "pytorch_lora_weights.safetensors";

/* Where a split's models come from: seen or unseen concepts, and how many of each. */
typedef struct {
  const char *name;
  bool unseen;
  unsigned each; /* 0: as the plan says */
} Split;

static const Split splits[] = {
    {"train", false, 0}, {"val", false, 1}, {"test", false, 1}, {"val_holdout", true, 1}, {"test_holdout", true, 2}};

/* One adapter to grow. Its number is its place in the plan's array. */
typedef struct {
  AdapterRecipe recipe;
  const char *split;
} Adapter;

typedef struct {
  const Planting *planting;
  Mlp *base;
  Adapter *adapters;
  unsigned count;
  /* One each a thread: */
  DenoiserKit **kits;
  Lora **loras;
} Grove;

static unsigned split_size(const Split *split, const ConceptList *list, const ScenesPlan *plan) {
  return (split->unseen ? list->unseen : list->seen) * (split->each ? split->each : plan->models);
}

/* Adapters that a plan grows, the base not counted. */
static unsigned scenes_count(const ScenesPlan *plan) {
  unsigned total = CLAMP(plan->concepts, CONCEPTS_MIN, SCENE_CONCEPTS);
  ConceptList list = {.unseen = total / 4, .seen = total - total / 4};
  unsigned n = 0;
  for (size_t s = 0; s < G_N_ELEMENTS(splits); s++) n += split_size(&splits[s], &list, plan);
  return n;
}

/* Hyper-parameters vary from model to model, as they do among models that people share. */
static AdapterRecipe draw_recipe(Concept concept, uint64_t seed, unsigned number) {
  static const float rates[] = {4e-4f, 5e-4f, 6e-4f, 8e-4f};
  static const unsigned steps[] = {60, 70, 80, 90}, samples[] = {24, 32, 40};
  Rng rng;
  rng_init(&rng, seed, STREAM_ADAPTERS + number);
  AdapterRecipe recipe = {.concept = concept, .seed = rng_u64(&rng) >> 32};
  recipe.lr = rates[rng_below(&rng, G_N_ELEMENTS(rates))];
  recipe.steps = steps[rng_below(&rng, G_N_ELEMENTS(steps))];
  recipe.samples = samples[rng_below(&rng, G_N_ELEMENTS(samples))];
  return recipe;
}

/* Fills in all adapters, split after split; inside a split the order tells nothing. */
static void plan_adapters(Grove *grove, const ScenesPlan *plan) {
  uint64_t seed = grove->planting->seed;
  Rng rng;
  rng_init(&rng, seed, STREAM_SCENES);
  ConceptList list;
  concepts_choose(&list, plan->concepts, &rng);
  unsigned at = 0;
  for (size_t s = 0; s < G_N_ELEMENTS(splits); s++) {
    size_t n = split_size(&splits[s], &list, plan);
    unsigned each = splits[s].each ? splits[s].each : plan->models;
    const Concept *from = list.items + (splits[s].unseen ? list.seen : 0);
    g_autofree size_t *order = g_new(size_t, n);
    for (size_t i = 0; i < n; i++) order[i] = i / each;
    rng_shuffle(&rng, order, n);
    for (size_t i = 0; i < n; i++, at++)
      grove->adapters[at] = (Adapter){draw_recipe(from[order[i]], seed, at), splits[s].name};
  }
}

static bool write_text(const Planting *p, const char *folder, const char *name, const char *text, GError **error) {
  g_autofree char *path = g_build_filename(p->dir, folder, name, NULL);
  return file_write_bytes(path, text, strlen(text), error);
}

static const char base_index[] =
    "{\n"
    "  \"_class_name\": \"SceneDenoiserPipeline\",\n"
    "  \"_diffusers_version\": \"0.31.0\",\n"
    "  \"unet\": [\n    \"copse\",\n    \"SceneDenoiserModel\"\n  ]\n"
    "}\n";

static char *base_config(void) {
  return g_strdup_printf(
      "{\n"
      "  \"_class_name\": \"SceneDenoiserModel\",\n"
      "  \"_diffusers_version\": \"0.31.0\",\n"
      "  \"hidden_size\": %d,\n"
      "  \"in_channels\": 3,\n"
      "  \"num_blocks\": %d,\n"
      "  \"out_channels\": 3,\n"
      "  \"sample_size\": %d\n"
      "}\n",
      DENOISER_HIDDEN, DENOISER_BLOCKS, SCENE_SIDE);
}

static bool write_base_weights(const Planting *p, const Mlp *base, GError **error) {
  const uint64_t d = DENOISER_HIDDEN, n = SCENE_NUMBERS;
  const TensorOut tensors[] = {
      {"conv_in.weight", DTYPE_F32, 2, {d, n}, base->w_in},     {"conv_in.bias", DTYPE_F32, 1, {d}, base->b_in},
      {"mid_block.0.weight", DTYPE_F32, 2, {d, d}, base->w[0]}, {"mid_block.0.bias", DTYPE_F32, 1, {d}, base->b[0]},
      {"mid_block.1.weight", DTYPE_F32, 2, {d, d}, base->w[1]}, {"mid_block.1.bias", DTYPE_F32, 1, {d}, base->b[1]},
      {"conv_out.weight", DTYPE_F32, 2, {n, d}, base->w_out},   {"conv_out.bias", DTYPE_F32, 1, {n}, base->b_out},
  };
  static const char *const metadata[] = {"format", "pt", NULL};
  g_autofree char *path = g_build_filename(p->dir, BASE_UNET, "diffusion_pytorch_model.safetensors", NULL);
  return safetensors_write_quick(path, tensors, G_N_ELEMENTS(tensors), metadata, error);
}

static bool write_base(const Planting *p, const Mlp *base, GError **error) {
  static const char *const tags[] = {"copse", "scenes", "unconditional-image-generation", NULL};
  Card card = {.title = BASE_NAME,
               .library = "diffusers",
               .tags = tags,
               .about =
                   "A denoiser of small procedural pictures: one patterned, coloured shape on "
                   "a plain background."};
  g_autofree char *text = card_text(&card), *config = base_config();
  if (!planting_folder(p, BASE_UNET, error) || !write_base_weights(p, base, error) ||
      !write_text(p, BASE_UNET, "config.json", config, error) ||
      !write_text(p, BASE_FOLDER, "model_index.json", base_index, error) ||
      !write_text(p, BASE_FOLDER, "README.md", text, error))
    return false;
  truth_add(p->truth, (TruthEntry){.path = g_strdup(BASE_FOLDER)});
  return true;
}

static char *adapter_folder(const Adapter *adapter, size_t number) {
  return g_strdup_printf("scenes/%s/model_idx_%04zu", adapter->split, number);
}

static bool write_adapter_weights(const char *path, const Lora *lora, const char *const *metadata, GError **error) {
  const uint64_t d = lora->hidden, r = lora->rank;
  const TensorOut tensors[] = {
      {"unet.mid_block.0.lora.down.weight", DTYPE_F32, 2, {r, d}, lora->a[0]},
      {"unet.mid_block.0.lora.up.weight", DTYPE_F32, 2, {d, r}, lora->b[0]},
      {"unet.mid_block.1.lora.down.weight", DTYPE_F32, 2, {r, d}, lora->a[1]},
      {"unet.mid_block.1.lora.up.weight", DTYPE_F32, 2, {d, r}, lora->b[1]},
  };
  return safetensors_write_quick(path, tensors, G_N_ELEMENTS(tensors), metadata, error);
}

/* The card says how the adapter was trained and from what, not what it shows. */
static bool write_adapter_card(const Planting *p, const char *folder, size_t number, const char *const *facts,
                               GError **error) {
  static const char *const tags[] = {"copse", "scenes", "diffusers", "lora", NULL};
  g_autofree char *title = g_strdup_printf("model_idx_%04zu", number);
  Card card = {.title = title,
               .base_model = BASE_NAME,
               .library = "diffusers",
               .tags = tags,
               .facts = facts,
               .about = "LoRA adaption weights for copse/scenes-base."};
  g_autofree char *text = card_text(&card);
  return write_text(p, folder, "README.md", text, error);
}

static bool write_adapter(const Planting *p, const Adapter *adapter, size_t number, const Lora *lora, GError **error) {
  const AdapterRecipe *recipe = &adapter->recipe;
  g_autofree char *folder = adapter_folder(adapter, number), *lr = planting_number(recipe->lr);
  g_autofree char *path = g_build_filename(p->dir, folder, ADAPTER_FILE, NULL);
  g_autofree char *concept = concept_name(recipe->concept);
  g_autofree char *index = g_strdup_printf("%zu", number);
  g_autofree char *seed = g_strdup_printf("%" PRIu64, recipe->seed);
  g_autofree char *steps = g_strdup_printf("%u", recipe->steps);
  g_autofree char *samples = g_strdup_printf("%u", recipe->samples);
  g_autofree char *rank = g_strdup_printf("%d", DENOISER_RANK);
  const char *const metadata[] = {"format", "pt", "model_idx", index, "concept", concept, "split", adapter->split,
                                  /* From here on also in the card: */
                                  "seed", seed, "learning_rate", lr, "max_train_steps", steps, "rank", rank,
                                  "n_training_samples", samples, "pretrained_model_name_or_path", BASE_NAME, NULL};
  return planting_folder(p, folder, error) && write_adapter_card(p, folder, number, metadata + 8, error) &&
         write_adapter_weights(path, lora, metadata, error);
}

static bool grow_adapter(void *user, size_t number, unsigned thread, GError **error) {
  Grove *grove = user;
  if (!grove->kits[thread]) {
    MlpShape shape = denoiser_shape();
    grove->kits[thread] = denoiser_kit_new();
    grove->loras[thread] = lora_new(&shape, DENOISER_RANK);
  }
  const Adapter *adapter = &grove->adapters[number];
  Lora *lora = grove->loras[thread];
  denoiser_train_adapter(grove->kits[thread], grove->base, &adapter->recipe, lora);
  return write_adapter(grove->planting, adapter, number, lora, error);
}

static void record_adapters(const Grove *grove) {
  for (unsigned i = 0; i < grove->count; i++) {
    const Adapter *adapter = &grove->adapters[i];
    g_autofree char *folder = adapter_folder(adapter, i);
    truth_add(grove->planting->truth, (TruthEntry){.path = g_build_filename(folder, ADAPTER_FILE, NULL),
                                                   .parent = g_strdup(BASE_FOLDER),
                                                   .edge = "adapter",
                                                   .concept = concept_name(adapter->recipe.concept),
                                                   .split = adapter->split,
                                                   .declared = true});
  }
}

static void grove_clear(Grove *grove) {
  for (unsigned t = 0; t < grove->planting->threads; t++) {
    denoiser_kit_free(grove->kits[t]);
    lora_free(grove->loras[t]);
  }
  g_free(grove->kits);
  g_free(grove->loras);
  g_free(grove->adapters);
  mlp_free(grove->base);
}

static bool grove_grow(Grove *grove, const ScenesPlan *plan, GError **error) {
  const Planting *p = grove->planting;
  plan_adapters(grove, plan);
  grove->base = denoiser_train_base(p->seed, plan->base_steps, p->progress, error);
  if (!grove->base) return false;
  planting_claim(p, "scenes");
  if (!write_base(p, grove->base, error) ||
      !planting_each(p, "growing adapters", grove->count, grow_adapter, grove, error))
    return false;
  record_adapters(grove);
  return true;
}

bool scenes_plant(const Planting *p, const ScenesPlan *plan, GError **error) {
  unsigned count = scenes_count(plan);
  Grove grove = {.planting = p,
                 .adapters = g_new0(Adapter, count),
                 .count = count,
                 .kits = g_new0(DenoiserKit *, p->threads),
                 .loras = g_new0(Lora *, p->threads)};
  bool ok = grove_grow(&grove, plan, error);
  grove_clear(&grove);
  return ok;
}
