/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/walk/weight_names.h"

#include <string.h>

/* Both lists best first. */
static const char *const endings[] = {".safetensors", ".bin", ".pt", ".pth",     ".ckpt",
                                      ".th",          ".npz", ".h5", ".msgpack", ".onnx"};
static const char *const stems[] = {
    "model",
    "diffusion_pytorch_model",
    "pytorch_lora_weights",
    "adapter_model",
    "adapters",
    "pytorch_model",
    "tf_model",
    "flax_model",
    "consolidated",
    "learned_embeds",
    "open_clip_model",
};
enum { FIRST_ADAPTER = 2, LAST_ADAPTER = 4, EMBEDDING = 9, ENDING_STEP = 16, VARIANT = 1000, ADAPTER = 2000 };

static int index_of(const char *const *list, size_t n, const char *s, size_t length) {
  for (size_t i = 0; i < n; i++)
    if (strlen(list[i]) == length && g_ascii_strncasecmp(list[i], s, length) == 0) return (int)i;
  return -1;
}

int weight_name_rank(const char *name, bool adapter) {
  const char *dot = strchr(name, '.'), *last = strrchr(name, '.');
  if (!dot) return -1;
  int ending = index_of(endings, G_N_ELEMENTS(endings), last, strlen(last));
  int stem = index_of(stems, G_N_ELEMENTS(stems), name, (size_t)(dot - name));
  if (ending < 0 || stem < 0) return -1;
  bool is_adapter = stem >= FIRST_ADAPTER && stem <= LAST_ADAPTER;
  return ending * ENDING_STEP + stem + (dot != last ? VARIANT : 0) + (adapter && !is_adapter ? ADAPTER : 0);
}

NamedGroup weight_name_group(const char *name) {
  const char *dot = strchr(name, '.');
  int stem = dot ? index_of(stems, G_N_ELEMENTS(stems), name, (size_t)(dot - name)) : -1;
  if (stem == EMBEDDING) return NAMED_EMBEDDING;
  return stem >= FIRST_ADAPTER && stem <= LAST_ADAPTER ? NAMED_ADAPTER : NAMED_WEIGHTS;
}

char *weight_name_stem(const char *name) {
  const char *last = strrchr(name, '.');
  return last && last > name ? g_strndup(name, (gsize)(last - name)) : g_strdup(name);
}
