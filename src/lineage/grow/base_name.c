/* SPDX-License-Identifier: Apache-2.0 */
#include "lineage/grow/base_name.h"

#include <string.h>

#include "collection/model.h"
#include "collection/walk/training_run.h"

/* Cuts an address of the Hub off in front; true when there was one. */
static bool cut_address(char *name) {
  static const char *const fronts[] = {"https://huggingface.co/", "http://huggingface.co/", "https://hf.co/",
                                       "huggingface.co/", "hf.co/"};
  bool cut = false;
  for (size_t i = 0; i < G_N_ELEMENTS(fronts); i++) {
    if (!g_str_has_prefix(name, fronts[i])) continue;
    memmove(name, name + strlen(fronts[i]), strlen(name + strlen(fronts[i])) + 1);
    cut = true;
  }
  return cut;
}

/* "org/name/tree/main" of an address is "org/name". */
static void cut_view(char *name) {
  static const char *const views[] = {"/tree/", "/blob/", "/resolve/"};
  for (size_t i = 0; i < G_N_ELEMENTS(views); i++) {
    char *at = strstr(name, views[i]);
    if (at) *at = '\0';
  }
}

/* Slashes, as everywhere else, and no drive; what had neither is left alone. */
static char *from_windows(char *name) {
  bool windows = strchr(name, '\\') != NULL;
  g_strdelimit(name, "\\", '/');
  if (g_ascii_isalpha(name[0]) && name[1] == ':' && name[2] == '/') memmove(name, name + 2, strlen(name + 2) + 1);
  if (!windows || base_is_local_path(name)) return name;
  char *local = g_strconcat("./", name, NULL);
  g_free(name);
  return local;
}

static bool is_nothing(const char *name) {
  static const char *const nothing[] = {"none", "null", "n/a", "na", "unknown", "true", "false"};
  for (size_t i = 0; i < G_N_ELEMENTS(nothing); i++)
    if (g_ascii_strcasecmp(name, nothing[i]) == 0) return true;
  return false;
}

char *base_name_clean(const char *base) {
  if (!base) return NULL;
  g_autofree char *name = g_strstrip(g_strdup(base));
  if (cut_address(name)) cut_view(name);
  name = from_windows(name);
  for (size_t n = strlen(name); n > 0 && name[n - 1] == '/'; n--) name[n - 1] = '\0';
  if (strlen(name) > 300 || strpbrk(name, " <>\"'{}|") || is_nothing(name)) return NULL;
  char *revision = base_is_local_path(name) ? NULL : strchr(name, '@');
  if (revision && revision > name) *revision = '\0';
  bool letters = false;
  for (const char *p = name; *p; p = g_utf8_next_char(p)) letters |= g_unichar_isalnum(g_utf8_get_char(p));
  return letters ? g_steal_pointer(&name) : NULL;
}

const char *base_name_last(const char *name) {
  const char *slash = strrchr(name, '/');
  return slash ? slash + 1 : name;
}

static bool is_commit(const char *word) {
  size_t n = strspn(word, "0123456789abcdefABCDEF");
  return n >= 32 && word[n] == '\0';
}

/* What tools and people call any model. */
static const char *const generic_names[] = {"",
                                            "adapter",
                                            "adapter_model",
                                            "best",
                                            "best_model",
                                            "best-model",
                                            "checkpoint",
                                            "checkpoints",
                                            "ckpt",
                                            "consolidated",
                                            "converted",
                                            "default",
                                            "diffusion_pytorch_model",
                                            "export",
                                            "final",
                                            "final_model",
                                            "final-model",
                                            "fp16",
                                            "gguf",
                                            "hf",
                                            "hf_model",
                                            "last",
                                            "latest",
                                            "lora",
                                            "main",
                                            "merged",
                                            "merged_model",
                                            "merged-model",
                                            "model",
                                            "model_final",
                                            "models",
                                            "network",
                                            "out",
                                            "output",
                                            "outputs",
                                            "pytorch_lora_weights",
                                            "pytorch_model",
                                            "result",
                                            "results",
                                            "run",
                                            "runs",
                                            "save",
                                            "saved",
                                            "saved_model",
                                            "snapshot",
                                            "snapshots",
                                            "text_encoder",
                                            "tf_model",
                                            "tmp",
                                            "trained",
                                            "transformer",
                                            "unet",
                                            "vae",
                                            "weights",
                                            ".",
                                            ".."};

bool base_name_is_generic(const char *last) {
  for (size_t i = 0; i < G_N_ELEMENTS(generic_names); i++)
    if (g_ascii_strcasecmp(last, generic_names[i]) == 0) return true;
  uint64_t step;
  return is_commit(last) || training_run_is_step(last, &step);
}

bool base_name_is_repository(const char *name) {
  return strchr(name, '/') && !base_is_local_path(name) && !base_name_is_generic(base_name_last(name));
}

/* "q4", "q4_k_m", "iq3_xxs", "q8_0". */
static bool is_block_format(const char *word) {
  word += *word == 'i';
  if (word[0] != 'q' || !g_ascii_isdigit(word[1])) return false;
  return word[2] == '\0' || word[2] == '_';
}

static bool is_quantisers(const char *word) {
  static const char *const words[] = {
      "bnb",  "gptq", "awq",   "gguf",  "ggml",  "exl2",  "exl3",    "hqq",       "aqlm",      "eetq",   "nf4",
      "fp4",  "fp8",  "int4",  "int8",  "mxfp4", "nvfp4", "1bit",    "2bit",      "3bit",      "4bit",   "5bit",
      "6bit", "8bit", "4bits", "8bits", "w4a16", "w8a8",  "w8a16",   "quantized", "quantised", "quant",  "mlx",
      "128g", "64g",  "32g",   "bf16",  "fp16",  "f16",   "dynamic", "unsloth",   "imatrix",   "marlin", "autoround"};
  for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
    if (strcmp(word, words[i]) == 0) return true;
  return is_block_format(word);
}

/* Where the last word that a quantiser added begins, or NULL. */
static char *last_addition(char *name) {
  g_autofree char *low = g_ascii_strdown(name, -1);
  const char *last = base_name_last(low);
  for (const char *p = last + 1; *last && *p; p++)
    if (strchr("-_.", *p) && is_quantisers(p + 1)) return name + (p - low);
  return NULL;
}

char *base_name_unquantised(const char *name) {
  g_autofree char *cut = g_strdup(name);
  bool any = false;
  for (char *at; (at = last_addition(cut)); any = true) *at = '\0';
  return any ? g_steal_pointer(&cut) : NULL;
}

GStrv base_name_flattened(const char *name) {
  static const char *const joints[] = {"--", "__", "_"};
  GPtrArray *out = g_ptr_array_new();
  const char *slash = strchr(name, '/');
  if (slash && slash > name && !strchr(slash + 1, '/') && !base_is_local_path(name)) {
    g_autofree char *owner = g_strndup(name, (gsize)(slash - name));
    for (size_t i = 0; i < G_N_ELEMENTS(joints); i++)
      g_ptr_array_add(out, g_strconcat(owner, joints[i], slash + 1, NULL));
    g_ptr_array_add(out, g_strconcat("models--", owner, "--", slash + 1, NULL));
  }
  g_ptr_array_add(out, NULL);
  return (GStrv)g_ptr_array_free(out, FALSE);
}

GStrv base_name_unflattened(const char *folder) {
  enum { MOST = 8 };
  GPtrArray *out = g_ptr_array_new();
  if (g_str_has_prefix(folder, "models--")) folder += strlen("models--");
  for (const char *p = folder; *p && out->len < MOST; p++) {
    size_t joint = strncmp(p, "--", 2) == 0 || strncmp(p, "__", 2) == 0 ? 2 : *p == '_';
    if (!joint) continue;
    if (p > folder && p[joint]) g_ptr_array_add(out, g_strdup_printf("%.*s/%s", (int)(p - folder), folder, p + joint));
    p += joint - 1;
  }
  g_ptr_array_add(out, NULL);
  return (GStrv)g_ptr_array_free(out, FALSE);
}
