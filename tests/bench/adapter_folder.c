/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/adapter_folder.h"

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>
#include <utime.h>

#include "core/files.h"
#include "numerics/rng.h"
#include "weights/formats/safetensors.h"

enum { FAMILIES = 4, MODULES = 4, TOWER_LAYERS = 12, MOST_TENSORS = 3 * (MODULES + TOWER_LAYERS) };

typedef struct {
  const char *name;
  uint64_t in, out;
  const char *single; /* what single files, and kohya's adapters of SDXL, call it; or NULL */
} Module;

/* Published shapes; kohya and PEFT have other names for Flux's layers. What each is called by its trainer, by the
 * specification of metadata, by the site it was loaded from, and by a card: its repository, then the file that we
 * have. */
static const struct {
  const char *name, *version, *architecture, *site, *repository, *file;
  uint64_t tower;
  Module kohya[MODULES], peft[MODULES];
} families[FAMILIES] = {
    {"SD 1.x",
     "sd_v1",
     "stable-diffusion-v1/lora",
     "SD 1.5",
     "stable-diffusion-v1-5/stable-diffusion-v1-5",
     "v1-5-pruned",
     768,
     {{"down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q", 320, 320,
       "input_blocks.1.1.transformer_blocks.0.attn1.to_q"},
      {"down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k", 768, 320,
       "input_blocks.1.1.transformer_blocks.0.attn2.to_k"},
      {"down_blocks.0.attentions.1.transformer_blocks.0.attn2.to_v", 768, 320,
       "input_blocks.2.1.transformer_blocks.0.attn2.to_v"},
      {"up_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k", 768, 1280,
       "output_blocks.3.1.transformer_blocks.0.attn2.to_k"}},
     {{0}}},
    {"SD 2.x",
     "sd_v2",
     "stable-diffusion-v2-512/lora",
     "SD 2.1",
     "stabilityai/stable-diffusion-2-1",
     "v2-1_512-ema-pruned",
     1024,
     {{"down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q", 320, 320,
       "input_blocks.1.1.transformer_blocks.0.attn1.to_q"},
      {"down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k", 1024, 320,
       "input_blocks.1.1.transformer_blocks.0.attn2.to_k"},
      {"down_blocks.0.attentions.1.transformer_blocks.0.attn2.to_v", 1024, 320,
       "input_blocks.2.1.transformer_blocks.0.attn2.to_v"},
      {"up_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k", 1024, 1280,
       "output_blocks.3.1.transformer_blocks.0.attn2.to_k"}},
     {{0}}},
    {"SDXL",
     "sdxl_base_v1-0",
     "stable-diffusion-xl-v1-base/lora",
     "SDXL 1.0",
     "stabilityai/stable-diffusion-xl-base-1.0",
     "sd_xl_base_1.0",
     768,
     {{"down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q", 640, 640,
       "input_blocks.4.1.transformer_blocks.0.attn1.to_q"},
      {"down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k", 2048, 640,
       "input_blocks.4.1.transformer_blocks.0.attn2.to_k"},
      {"down_blocks.1.attentions.1.transformer_blocks.1.attn2.to_v", 2048, 640,
       "input_blocks.5.1.transformer_blocks.1.attn2.to_v"},
      {"up_blocks.0.attentions.0.transformer_blocks.9.attn2.to_k", 2048, 1280,
       "output_blocks.0.1.transformer_blocks.9.attn2.to_k"}},
     {{0}}},
    {"Flux",
     "flux1",
     "flux-1-dev/lora",
     "Flux.1 D",
     "black-forest-labs/FLUX.1-dev",
     "flux1-dev",
     768,
     {{"double_blocks.0.img_attn.qkv", 3072, 9216, NULL}, {"single_blocks.37.linear1", 3072, 21504, NULL}, {0}},
     {{"transformer_blocks.0.attn.to_q", 3072, 3072, NULL},
      {"transformer_blocks.18.attn.add_k_proj", 3072, 3072, NULL},
      {"single_transformer_blocks.37.attn.to_k", 3072, 3072, NULL},
      {0}}}};

/* What is written; a copy differs in a few of these. */
typedef struct {
  unsigned family, declared, rank;
  bool peft, silent, tower, sidecar, text, single;
  unsigned telling; /* how it declares: by version, architecture or sidecar; by repository or file */
  Dtype dtype;
  uint64_t seed;
} Look;

/* --- tensors ------------------------------------------------------------------------------------ */

typedef struct {
  TensorOut t[MOST_TENSORS];
  unsigned n;
  Rng rng;
  bool round; /* numbers that 16 bits hold exactly */
} Sheet;

static void sheet_add(Sheet *s, char *name, Dtype dtype, uint64_t rows, uint64_t columns, float sd) {
  float *data = g_new(float, rows *columns);
  rng_fill_normal(&s->rng, data, rows * columns, sd);
  for (uint64_t i = 0; s->round && i < rows * columns; i++) data[i] = rintf(data[i] * 1024) / 1024;
  s->t[s->n++] = (TensorOut){.name = name, .dtype = dtype, .rank = 2, .shape = {rows, columns}, .data = data};
}

static void sheet_clear(Sheet *s) {
  for (unsigned i = 0; i < s->n; i++) {
    g_free((char *)s->t[i].name);
    g_free((float *)s->t[i].data);
  }
}

static void add_pair(Sheet *s, const Look *look, const char *prefix, const Module *m) {
  const char *own = look->single && m->single ? m->single : m->name;
  if (look->peft) {
    sheet_add(s, g_strconcat("base_model.model.", m->name, ".lora_A.weight", NULL), look->dtype, look->rank, m->in,
              0.1f);
    sheet_add(s, g_strconcat("base_model.model.", m->name, ".lora_B.weight", NULL), look->dtype, m->out, look->rank,
              0.1f);
    return;
  }
  g_autofree char *flat = g_strdelimit(g_strdup(own), ".", '_');
  sheet_add(s, g_strconcat(prefix, flat, ".lora_down.weight", NULL), look->dtype, look->rank, m->in, 0.1f);
  sheet_add(s, g_strconcat(prefix, flat, ".lora_up.weight", NULL), look->dtype, m->out, look->rank, 0.1f);
  sheet_add(s, g_strconcat(prefix, flat, ".alpha", NULL), look->dtype, 1, 1, 0);
  *(float *)s->t[s->n - 1].data = (float)look->rank;
  s->t[s->n - 1].rank = 0;
}

static void sheet_fill(Sheet *s, const Look *look) {
  bool several = strcmp(families[look->family].name, "SDXL") == 0 || strcmp(families[look->family].name, "Flux") == 0;
  const Module *modules =
      look->peft && families[look->family].peft[0].name ? families[look->family].peft : families[look->family].kohya;
  for (unsigned i = 0; !look->tower && i < MODULES && modules[i].name; i++)
    add_pair(s, look, "lora_unet_", &modules[i]);
  for (unsigned i = 0; !look->peft && (look->tower || look->text) && i < TOWER_LAYERS; i++) {
    uint64_t width = families[look->family].tower;
    g_autofree char *name = g_strdup_printf("text_model.encoder.layers.%u.self_attn.q_proj", i);
    const Module m = {name, width, width, NULL};
    add_pair(s, look, several ? "lora_te1_" : "lora_te_", &m);
  }
}

/* --- files -------------------------------------------------------------------------------------- */

static void put_text(const char *file, const char *text) {
  g_autoptr(GError) error = NULL;
  if (!file_write_bytes(file, text, strlen(text), &error)) g_error("%s", error->message);
}

static void put_tensors(const char *file, const Sheet *s, const char *const *metadata) {
  g_autofree char *folder = g_path_get_dirname(file);
  g_autoptr(GError) error = NULL;
  if (!dir_make(folder, &error) || !safetensors_write_quick(file, s->t, s->n, metadata, &error))
    g_error("%s", error->message);
}

/* What is said of it beside the weights. */
static void put_words(const char *file, const Look *look) {
  if (look->peft) {
    g_autofree char *folder = g_path_get_dirname(file), *config = g_build_filename(folder, "adapter_config.json", NULL);
    const char *base = look->telling % 2 ? families[look->declared].file : families[look->declared].repository;
    g_autofree char *said = g_strdup_printf("\"base_model_name_or_path\":\"%s\",", base);
    g_autofree char *text = g_strdup_printf("{%s\"peft_type\":\"LORA\",\"r\":%u,\"lora_alpha\":%u}",
                                            look->silent ? "" : said, look->rank, look->rank);
    put_text(config, text);
  } else if (look->sidecar && !look->silent) {
    g_autofree char *stem = g_strndup(file, strlen(file) - strlen(".safetensors"));
    g_autofree char *sidecar = g_strconcat(stem, ".civitai.info", NULL);
    g_autofree char *text =
        g_strdup_printf("{\"baseModel\":\"%s\",\"trainedWords\":[\"word\"],\"model\":{\"name\":\"A style\"}}",
                        families[look->declared].site);
    put_text(sidecar, text);
  }
}

static void put_adapter(const char *root, const char *path, const Look *look, const char *title) {
  g_autofree char *file = g_build_filename(root, path, NULL);
  const char *words[7] = {"ss_output_name", title, "modelspec.title", title, NULL};
  static const char *const keys[] = {"ss_base_model_version", "modelspec.architecture"};
  const char *values[] = {families[look->declared].version, families[look->declared].architecture};
  if (look->telling % 3 < 2) words[4] = keys[look->telling % 3], words[5] = values[look->telling % 3];
  Sheet s = {.round = look->seed % 2}; /* as the original, whatever this one is cast to */
  rng_init(&s.rng, look->seed, 0);
  sheet_fill(&s, look);
  put_tensors(file, &s, look->silent || look->peft ? NULL : words);
  put_words(file, look);
  sheet_clear(&s);
}

/* A model of the family's layers: `from` fine-tuned when there is one; or in the names of single files. */
static void put_base(const char *root, const char *name, unsigned family, uint64_t seed, uint64_t from, bool single) {
  Sheet s = {0}, step = {0};
  rng_init(&s.rng, from ? from : seed, 1);
  rng_init(&step.rng, seed, 2);
  for (unsigned i = 0; i < MODULES; i++) {
    const Module *m = &families[family].kohya[i];
    sheet_add(&s,
              g_strconcat(single ? "model.diffusion_model." : "unet.", single ? m->single : m->name, ".weight", NULL),
              DTYPE_F16, m->out, m->in, 0.05f);
    sheet_add(&step, NULL, DTYPE_F16, m->out, m->in, 0.005f);
    float *to = (float *)s.t[i].data;
    for (uint64_t k = 0; from && k < m->out * m->in; k++) to[k] += step.t[i].data[k];
  }
  g_autofree char *file = g_strdup_printf("%s/%s/%s.safetensors", root, single ? "checkpoints" : "bases", name);
  put_tensors(file, &s, NULL);
  sheet_clear(&s);
  sheet_clear(&step);
}

/* --- the folder ------------------------------------------------------------------------------------ */

static unsigned share(unsigned n, unsigned of_2000) { return (n * of_2000 + 1999) / 2000; }
unsigned adapter_folder_wrong(unsigned n) { return share(n, 61); }
unsigned adapter_folder_twins(unsigned n) { return share(n, 120); }

static void planted_free(void *data) {
  PlantedAdapter *a = data;
  g_free(a->path);
  g_free(a);
}

static char *path_of(const Look *look, const char *folder, unsigned i) {
  return look->peft ? g_strdup_printf("%s/run-%05u/adapter_model.safetensors", folder, i)
                    : g_strdup_printf("%s/style-%05u.safetensors", folder, i);
}

/* The i-th of the originals; `role` is its place in the shuffled order of roles. */
static Look look_of(unsigned i, unsigned role, unsigned n, Rng *rng) {
  unsigned wrong = adapter_folder_wrong(n), first_silent = wrong + adapter_folder_twins(n) / 2;
  Look look = {.family = (unsigned)rng_below(rng, FAMILIES), .rank = 1 + i % 2, .telling = role, .seed = rng_u64(rng)};
  look.declared = (look.family + (role < wrong ? 1 + (unsigned)rng_below(rng, FAMILIES - 1) : 0)) % FAMILIES;
  look.peft = rng_below(rng, 4) == 0;
  look.silent = role >= first_silent && role < first_silent + n / 10;
  look.tower = !look.peft && role >= wrong && role % 20 == 7;
  look.text = rng_below(rng, 4) == 0;
  look.sidecar = role % 3 == 2;
  look.single = !look.peft && role % 5 == 3;
  look.dtype = look.seed % 2 ? DTYPE_F16 : DTYPE_F32;
  return look;
}

/* A minute after the one before it; `older`: years before all of these. */
static void put_time(const char *root, const char *path, unsigned i, bool older) {
  g_autofree char *file = g_build_filename(root, path, NULL);
  time_t time = 1700000000 + 60 * (time_t)i - (older ? 100000000 : 0);
  struct utimbuf times = {time, time};
  if (g_utime(file, &times) != 0) g_error("%s: its time cannot be set", file);
}

static void plant(GPtrArray *out, const char *root, const Look *look, unsigned original, TwinKind twin, bool older) {
  static const char *const folders[TWIN_KINDS] = {"lora", "downloads", "renamed", "small"};
  PlantedAdapter *a = g_new0(PlantedAdapter, 1);
  g_autofree char *title = g_strdup_printf("style %u", twin == TWIN_BYTES ? original : out->len);
  *a = (PlantedAdapter){.path = path_of(look, folders[twin], out->len),
                        .family = families[look->family].name,
                        .wrong = look->declared != look->family,
                        .silent = look->silent,
                        .tower = look->tower,
                        .twin = twin,
                        .original = original,
                        .older = older};
  put_adapter(root, a->path, look, title);
  put_time(root, a->path, out->len, older);
  g_ptr_array_add(out, a);
}

static void plant_bases(const char *root, uint64_t seed) {
  put_base(root, families[0].file, 0, seed + 1, 0, false);
  put_base(root, "dreamshaper_8", 0, seed + 2, seed + 1, false);
  put_base(root, families[1].file, 1, seed + 3, 0, false);
  put_base(root, families[2].file, 2, seed + 4, 0, false);
  put_base(root, "ponyDiffusionV6XL", 2, seed + 5, 0, false);
  put_base(root, "sd15-single", 0, seed + 1, 0, true);
  put_base(root, families[1].file, 1, seed + 3, 0, true);
  put_base(root, families[2].file, 2, seed + 4, 0, true);
  put_base(root, "pony-single", 2, seed + 5, 0, true);
}

GPtrArray *adapter_folder_plant(const char *root, unsigned n, uint64_t seed) {
  GPtrArray *out = g_ptr_array_new_with_free_func(planted_free);
  unsigned twins = adapter_folder_twins(n), wrong = adapter_folder_wrong(n), originals = n - twins;
  g_autofree size_t *roles = g_new(size_t, originals);
  g_autofree Look *copied = g_new0(Look, twins);
  g_autofree unsigned *from = g_new0(unsigned, twins);
  Rng rng;
  rng_init(&rng, seed, 0);
  for (unsigned i = 0; i < originals; i++) roles[i] = i;
  rng_shuffle(&rng, roles, originals);
  for (unsigned i = 0; i < originals; i++) {
    unsigned role = (unsigned)roles[i];
    Look look = look_of(i, role, n, &rng);
    plant(out, root, &look, i, TWIN_NONE, false);
    if (role >= wrong && role < wrong + twins) copied[role - wrong] = look, from[role - wrong] = i;
  }
  for (unsigned k = 0; k < twins; k++) {
    TwinKind kind = TWIN_BYTES + k % 3;
    if (kind == TWIN_RECAST) copied[k].dtype = copied[k].dtype == DTYPE_F16 ? DTYPE_F32 : DTYPE_F16;
    if (kind == TWIN_RENAMED) copied[k].telling++;
    plant(out, root, &copied[k], from[k], kind, k / 3 % 2);
  }
  plant_bases(root, seed);
  return out;
}
