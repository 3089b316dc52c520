/* SPDX-License-Identifier: Apache-2.0 */
#include "planter/hard.h"

#include <inttypes.h>
#include <string.h>

#include "core/files.h"
#include "planter/card_write.h"
#include "planter/painter_adapter.h"
#include "weights/formats/safetensors.h"

static const char base_name[] = "copse/hard-base", base_folder[] = "hard/hard-base",
                  base_unet[] = "hard/hard-base/unet";
static const char adapter_file[] = "pytorch_lora_weights.safetensors";
static const char block_name[] = "down_blocks.0.attentions.0.transformer_blocks";

enum { NAME_SIZE = 128, PAIRS = PAINTER_BLOCKS * ADAPTER_PARTS };

typedef struct {
  PainterRecipe recipe;
  const char *split;
} Seedling;

typedef struct {
  const Planting *planting;
  const HardPlan *plan;
  PromptMap map;
  unsigned seen, unseen, count;
  unsigned *concepts; /* seen ones first */
  Seedling *models;
  Painter *base;
  PainterKit **kits; /* one a thread */
} Stand;

/* --- the plan ----------------------------------------------------------------------------------------- */

/* Every word of an unseen concept occurs in seen ones: with three in four concepts of a few words left this is so but
 * for a handful of draws, which are drawn again. */
static void choose_concepts(Stand *s, Rng *rng) {
  size_t order[PROMPT_CONCEPTS];
  for (size_t i = 0; i < PROMPT_CONCEPTS; i++) order[i] = i;
  rng_shuffle(rng, order, PROMPT_CONCEPTS);
  s->unseen = s->plan->concepts * 3 / 20;
  s->seen = s->plan->concepts - s->unseen;
  s->concepts = g_new(unsigned, s->plan->concepts);
  for (unsigned i = 0; i < s->plan->concepts; i++) s->concepts[i] = (unsigned)order[i];
}

static PainterRecipe draw_recipe(unsigned concept, uint64_t seed, unsigned number) {
  static const unsigned ranks[] = {4, 8, 16};
  Rng rng;
  rng_init(&rng, seed, STREAM_ADAPTERS + number);
  PainterRecipe r = {.concept = concept, .seed = rng_u64(&rng) >> 32};
  r.rank = ranks[rng_below(&rng, G_N_ELEMENTS(ranks))];
  r.steps = 20 + (unsigned)rng_below(&rng, 21);
  static const float rates[] = {5e-4f, 1e-3f, 2e-3f, 4e-3f};
  r.lr = rates[rng_below(&rng, G_N_ELEMENTS(rates))];
  return r;
}

/* Of a seen concept the last model validates and tests in turn; of an unseen one the first is kept for validation. */
static const char *split_of(const Stand *s, unsigned concept, unsigned model) {
  if (concept >= s->seen) return model == 0 && s->plan->models > 1 ? "val_holdout" : "test_holdout";
  if (model + 1 < s->plan->models || s->plan->models == 1) return "train";
  return concept % 2 ? "val" : "test";
}

static void plan_models(Stand *s) {
  Rng rng;
  rng_init(&rng, s->planting->seed, STREAM_HARD);
  prompt_map_fill(&s->map, &rng);
  choose_concepts(s, &rng);
  s->count = s->plan->concepts * s->plan->models;
  s->models = g_new0(Seedling, s->count);
  g_autofree size_t *order = g_new(size_t, s->count);
  for (size_t i = 0; i < s->count; i++) order[i] = i;
  rng_shuffle(&rng, order, s->count); /* numbers tell nothing */
  for (unsigned i = 0; i < s->count; i++) {
    unsigned concept = (unsigned)order[i] / s->plan->models, model = (unsigned)order[i] % s->plan->models;
    s->models[i] = (Seedling){draw_recipe(s->concepts[concept], s->planting->seed, i), split_of(s, concept, model)};
  }
}

/* --- writing ------------------------------------------------------------------------------------------ */

static bool write_text(const Planting *p, const char *folder, const char *name, const char *text, GError **error) {
  g_autofree char *path = g_build_filename(p->dir, folder, name, NULL);
  return file_write_bytes(path, text, strlen(text), error);
}

/* Tensors of the base under diffusers' names. names has room for all. */
static size_t base_tensors(const Painter *w, char (*names)[NAME_SIZE], TensorOut *t) {
  static const char *const parts[PAINTER_PARTS] = {
      "attn1.to_q.weight", "attn1.to_k.weight", "attn1.to_v.weight", "attn1.to_out.0.weight",
      "attn2.to_q.weight", "attn2.to_k.weight", "attn2.to_v.weight", "attn2.to_out.0.weight",
      "ff.net.0.weight",   "ff.net.2.weight",   "ff.net.0.bias"};
  const uint64_t d = PAINTER_WIDTH, f = PAINTER_INNER, p = PAINTER_PATCH;
  size_t n = 0;
  t[n++] = tensor_out_matrix("conv_in.weight", d, p, w->embed);
  t[n++] = tensor_out_matrix("pos_embed.weight", PAINTER_PATCHES, d, w->place);
  t[n++] = tensor_out_matrix("conv_out.weight", p, d, w->out);
  t[n++] = tensor_out_vector("conv_out.bias", p, w->out_bias);
  for (int b = 0; b < PAINTER_BLOCKS; b++)
    for (int k = 0; k < PAINTER_PARTS; k++, n++) {
      g_snprintf(names[n], NAME_SIZE, "%s.%d.%s", block_name, b, parts[k]);
      t[n] = tensor_out_matrix(names[n], d, d, w->part[b][k]);
      if (k == INNER) t[n].shape[0] = f;
      if (k == OUTER) t[n].shape[1] = f;
      if (k == BIAS) t[n].rank = 1, t[n].shape[0] = f;
    }
  return n;
}

static bool write_base(const Planting *p, const Painter *base, GError **error) {
  enum { MOST = 4 + PAINTER_BLOCKS * PAINTER_PARTS };
  static const char *const tags[] = {"copse", "hard", "text-to-image", NULL};
  static const char *const metadata[] = {"format", "pt", NULL};
  static const char config[] =
      "{\n  \"_class_name\": \"ScenePainterModel\",\n  \"cross_attention_dim\": 64,\n"
      "  \"in_channels\": 3,\n  \"sample_size\": 12\n}\n";
  Card card = {.title = base_name,
               .library = "diffusers",
               .tags = tags,
               .about = "A denoiser with attention that paints small scenes from two tokens."};
  char names[MOST][NAME_SIZE];
  TensorOut tensors[MOST];
  size_t n = base_tensors(base, names, tensors);
  g_autofree char *text = card_text(&card);
  g_autofree char *path = g_build_filename(p->dir, base_unet, "diffusion_pytorch_model.safetensors", NULL);
  if (!planting_folder(p, base_unet, error) || !safetensors_write_quick(path, tensors, n, metadata, error) ||
      !write_text(p, base_unet, "config.json", config, error) || !write_text(p, base_folder, "README.md", text, error))
    return false;
  truth_add(p->truth, (TruthEntry){.path = g_strdup(base_folder)});
  return true;
}

static bool write_adapter_weights(const char *path, const PainterAdapter *l, const char *const *metadata,
                                  GError **error) {
  static const char *const parts[ADAPTER_PARTS] = {"attn2.to_q", "attn2.to_v", "attn2.to_out.0", "attn1.to_v"};
  char names[2 * PAIRS][NAME_SIZE];
  TensorOut t[2 * PAIRS];
  size_t n = 0;
  for (int b = 0; b < PAINTER_BLOCKS; b++)
    for (int k = 0; k < ADAPTER_PARTS; k++)
      for (int up = 0; up < 2; up++, n++) {
        g_snprintf(names[n], NAME_SIZE, "unet.%s.%d.%s.lora.%s.weight", block_name, b, parts[k], up ? "up" : "down");
        t[n] = tensor_out_matrix(names[n], l->rank, PAINTER_WIDTH, l->a[b][k]);
        if (up) t[n] = tensor_out_matrix(names[n], PAINTER_WIDTH, l->rank, l->b[b][k]);
      }
  return safetensors_write_quick(path, t, n, metadata, error);
}

static char *folder_of(const Seedling *m, size_t number) {
  return g_strdup_printf("hard/%s/model_idx_%04zu", m->split, number);
}

static bool write_adapter(const Planting *p, const Seedling *m, size_t number, const PainterAdapter *l,
                          GError **error) {
  static const char *const tags[] = {"copse", "hard", "diffusers", "lora", NULL};
  const PainterRecipe *r = &m->recipe;
  g_autofree char *folder = folder_of(m, number), *lr = planting_number((double)r->lr);
  g_autofree char *path = g_build_filename(p->dir, folder, adapter_file, NULL), *concept = prompt_name(r->concept);
  g_autofree char *index = g_strdup_printf("%zu", number), *seed = g_strdup_printf("%" PRIu64, r->seed);
  g_autofree char *steps = g_strdup_printf("%u", r->steps), *rank = g_strdup_printf("%u", r->rank);
  const char *const metadata[] = {"format", "pt", "model_idx", index, "concept", concept, "split", m->split,
                                  /* From here on also in the card: */
                                  "seed", seed, "learning_rate", lr, "max_train_steps", steps, "rank", rank,
                                  "pretrained_model_name_or_path", base_name, NULL};
  g_autofree char *title = g_strdup_printf("model_idx_%04zu", number);
  Card card = {.title = title,
               .base_model = base_name,
               .library = "diffusers",
               .tags = tags,
               .facts = metadata + 8,
               .about = "LoRA adaption weights for copse/hard-base."};
  g_autofree char *text = card_text(&card);
  return planting_folder(p, folder, error) && write_text(p, folder, "README.md", text, error) &&
         write_adapter_weights(path, l, metadata, error);
}

static bool grow_one(void *user, size_t number, unsigned thread, GError **error) {
  Stand *s = user;
  if (!s->kits[thread]) s->kits[thread] = painter_kit_new();
  g_autofree PainterAdapter *l = g_new(PainterAdapter, 1);
  painter_train_adapter(s->kits[thread], s->base, &s->map, &s->models[number].recipe, l);
  return write_adapter(s->planting, &s->models[number], number, l, error);
}

static void record(const Stand *s) {
  for (unsigned i = 0; i < s->count; i++) {
    g_autofree char *folder = folder_of(&s->models[i], i);
    truth_add(s->planting->truth, (TruthEntry){.path = g_build_filename(folder, adapter_file, NULL),
                                               .parent = g_strdup(base_folder),
                                               .edge = "adapter",
                                               .concept = prompt_name(s->models[i].recipe.concept),
                                               .split = s->models[i].split,
                                               .declared = true});
  }
}

static bool grow(Stand *s, GError **error) {
  const Planting *p = s->planting;
  plan_models(s);
  s->base =
      painter_train_base(&s->map, s->concepts, MAX(s->seen / 2, 1u), p->seed, s->plan->base_steps, p->progress, error);
  if (!s->base) return false;
  planting_claim(p, "hard");
  if (!write_base(p, s->base, error) || !planting_each(p, "growing adapters", s->count, grow_one, s, error))
    return false;
  record(s);
  return true;
}

bool hard_plant(const Planting *p, const HardPlan *plan, GError **error) {
  g_autofree Stand *s = g_new0(Stand, 1);
  s->planting = p;
  s->plan = plan;
  s->kits = g_new0(PainterKit *, p->threads);
  bool ok = grow(s, error);
  for (unsigned t = 0; t < p->threads; t++) painter_kit_free(s->kits[t]);
  g_free(s->kits);
  g_free(s->concepts);
  g_free(s->models);
  painter_free(s->base);
  return ok;
}
