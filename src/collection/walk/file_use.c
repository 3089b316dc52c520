/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/walk/file_use.h"

#include <string.h>

#include "archives/archive_kind.h"

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
  static const char *const weights[] = {".safetensors", ".pt",    ".pth", ".bin",   ".ckpt",    ".th",
                                        ".gguf",        ".npy",   ".npz", ".h5",    ".msgpack", ".onnx",
                                        ".hdf5",        ".keras", ".pkl", ".pickle"};
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

const char *const *file_sidecar_endings(void) {
  static const char *const endings[] = {".civitai.info", ".cm-info.json", ".metadata.json", ".json", ".txt", NULL};
  return endings;
}

const char *const *file_preview_endings(void) {
  static const char *const endings[] = {".preview.png", ".preview.jpg", ".preview.jpeg", ".preview.webp", NULL};
  return endings;
}

bool file_is_sidecar(const char *name) {
  const char *const *described = file_sidecar_endings(), *const *pictured = file_preview_endings();
  return has_ending(name, described, g_strv_length((char **)described)) ||
         has_ending(name, pictured, g_strv_length((char **)pictured));
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

/* What follows the whole's name: ".part1of2", ".part-aa", "-split-a", ".001". */
static bool is_piece_mark(const char *mark) {
  static const char *const leads[] = {".part", "-part", "-split-", ".split-", "."};
  for (size_t i = 0; i < G_N_ELEMENTS(leads); i++) {
    if (!g_str_has_prefix(mark, leads[i])) continue;
    const char *p = mark + strlen(leads[i]);
    size_t digits = strspn(p, "0123456789"), n = strlen(p);
    bool counted =
        digits > 0 &&
        (digits == n || (g_str_has_prefix(p + digits, "of") && strspn(p + digits + 2, "0123456789") == n - digits - 2));
    if (strcmp(leads[i], ".") == 0) return digits == 3 && n == 3;
    if (*p == '-' || *p == '.' || *p == '_') p++, n--;
    bool lettered = n >= 1 && n <= 3 && strspn(p, "abcdefghijklmnopqrstuvwxyz") == n;
    if (counted || lettered || (n > 0 && strspn(p, "0123456789") == n)) return true;
  }
  return false;
}

bool file_piece_of(const char *name, char **whole) {
  for (const char *p = strchr(name, '.'); p && p[1]; p++) {
    if (!strchr(".-", *p) || p == name || !is_piece_mark(p)) continue;
    g_autofree char *lead = g_strndup(name, (gsize)(p - name));
    WalkUse use;
    if (!file_use_of(lead, &use) || use != WALK_WEIGHTS) continue;
    *whole = g_steal_pointer(&lead);
    return true;
  }
  return false;
}

bool file_use_may_be_marked(const char *name) {
  static const char *const endings[] = {".model", ".params", ".weights", ".state", ".checkpoint", ".net", ".dat"};
  if (name[0] == '.' || g_str_has_prefix(name, "sha256-")) return false; /* hidden, or a blob of a store */
  const char *dot = strrchr(name, '.');
  if (!dot) return true;
  size_t digits = strspn(dot + 1, "0123456789");
  return has_ending(name, endings, G_N_ELEMENTS(endings)) || (digits > 0 && dot[1 + digits] == '\0');
}

bool file_use_is_weights(WalkUse use) { return use == WALK_WEIGHTS || use == WALK_ARCHIVE || use == WALK_SHARD_INDEX; }

bool file_is_of_interest(const char *name) {
  WalkUse use;
  g_autofree char *whole = NULL;
  return file_use_of(name, &use) || file_piece_of(name, &whole) || file_is_sidecar(name) ||
         file_use_may_be_marked(name);
}

const char *file_special_name(mode_t mode) {
  if (S_ISFIFO(mode)) return "a FIFO";
  if (S_ISSOCK(mode)) return "a socket";
  return S_ISCHR(mode) || S_ISBLK(mode) ? "a device" : "a special file";
}
