/* SPDX-License-Identifier: Apache-2.0 */
/* What a file may be, by its bare name. */
#include <string.h>

#include "archives/archive_kind.h"
#include "collection/walk/walk.h"

static bool has_ending(const char *name, const char *const *endings, size_t n) {
  size_t length = strlen(name);
  for (size_t i = 0; i < n; i++) {
    size_t k = strlen(endings[i]);
    if (length > k && g_ascii_strcasecmp(name + length - k, endings[i]) == 0) return true;
  }
  return false;
}

/* A trainer's other state, in the clothes of weights. */
static bool is_trainer_state(const char *name) {
  static const char *const names[] = {"optimizer.pt", "optimizer.bin",     "scheduler.pt",
                                      "scaler.pt",    "training_args.bin", "scheduler.bin"};
  for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
    if (strcmp(name, names[i]) == 0) return true;
  return g_str_has_prefix(name, "rng_state") && g_str_has_suffix(name, ".pth");
}

bool file_use_of(const char *name, WalkUse *use) {
  static const char *const weights[] = {".safetensors", ".pt",  ".pth", ".bin", ".ckpt",    ".th",
                                        ".gguf",        ".npy", ".npz", ".h5",  ".msgpack", ".onnx"};
  static const char *const indices[] = {".safetensors.index.json", ".bin.index.json"};
  static const struct {
    const char *name;
    WalkUse use;
  } exact[] = {{"README.md", WALK_CARD},
               {"config.json", WALK_CONFIG},
               {"adapter_config.json", WALK_ADAPTER_CONFIG},
               {"model_index.json", WALK_PIPELINE}};
  if (g_str_has_prefix(name, "._")) return false; /* a Mac's notes on the file of that name */
  for (size_t i = 0; i < G_N_ELEMENTS(exact); i++)
    if (strcmp(name, exact[i].name) == 0) {
      *use = exact[i].use;
      return true;
    }
  *use = has_ending(name, indices, G_N_ELEMENTS(indices)) ? WALK_SHARD_INDEX : WALK_WEIGHTS;
  if (*use == WALK_SHARD_INDEX) return true;
  if (archive_kind_has_name(name)) {
    *use = WALK_ARCHIVE;
    return true;
  }
  return has_ending(name, weights, G_N_ELEMENTS(weights)) && !is_trainer_state(name);
}

bool walk_is_unfinished(const char *name) {
  static const char *const endings[] = {".incomplete", ".part", ".crdownload", ".aria2"};
  if (g_str_has_suffix(name, endings[0])) return true;
  for (size_t i = 1; i < G_N_ELEMENTS(endings); i++) {
    if (!g_str_has_suffix(name, endings[i])) continue;
    g_autofree char *whole = g_strndup(name, strlen(name) - strlen(endings[i]));
    WalkUse use;
    return file_use_of(whole, &use) && (use == WALK_WEIGHTS || use == WALK_ARCHIVE);
  }
  return false;
}
