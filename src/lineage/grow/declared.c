/* SPDX-License-Identifier: Apache-2.0 */
#include "lineage/grow/declared.h"

#include <string.h>

#include "collection/walk/hub_layout.h"
#include "collection/walk/training_run.h"
#include "core/text.h"

struct DeclaredIndex {
  const GPtrArray *models;
  GHashTable *by_full, *by_last, *by_path; /* folded text -> GArray of unsigned; NULL until one asks */
};

char *declared_name(const char *base) {
  static const char *const fronts[] = {"https://huggingface.co/", "http://huggingface.co/", "https://hf.co/",
                                       "huggingface.co/", "hf.co/"};
  static const char *const nothing[] = {"none", "null", "n/a", "na", "unknown", "true", "false"};
  if (!base) return NULL;
  g_autofree char *name = g_strstrip(g_strdup(base));
  for (size_t i = 0; i < G_N_ELEMENTS(fronts); i++)
    if (g_str_has_prefix(name, fronts[i]))
      memmove(name, name + strlen(fronts[i]), strlen(name + strlen(fronts[i])) + 1);
  for (size_t n = strlen(name); n > 0 && name[n - 1] == '/'; n--) name[n - 1] = '\0';
  if (strlen(name) > 300 || strpbrk(name, " <>\"'{}|")) return NULL;
  for (size_t i = 0; i < G_N_ELEMENTS(nothing); i++)
    if (g_ascii_strcasecmp(name, nothing[i]) == 0) return NULL;
  bool letters = false;
  for (const char *p = name; *p; p = g_utf8_next_char(p)) letters |= g_unichar_isalnum(g_utf8_get_char(p));
  return letters ? g_steal_pointer(&name) : NULL;
}

const char *declared_last_part(const char *name) {
  const char *slash = strrchr(name, '/'), *back = base_is_local_path(name) ? strrchr(name, '\\') : NULL;
  if (back && (!slash || back > slash)) slash = back;
  return slash ? slash + 1 : name;
}

bool declared_is_role(const char *last) {
  static const char *const roles[] = {"final",  "last",    "best",    "latest", "output",     "outputs",    "out",
                                      "result", "results", "model",   "models", "merged",     "base",       "export",
                                      "run",    "ckpt",    "weights", "hf",     "checkpoint", "final_model"};
  uint64_t step;
  g_autofree char *folded = g_ascii_strdown(last, -1);
  for (size_t i = 0; i < G_N_ELEMENTS(roles); i++)
    if (strcmp(folded, roles[i]) == 0) return true;
  return training_run_is_step(last, &step);
}

char *declared_twin(const char *last) {
  static const char *const marks[] = {"-unsloth-bnb-4bit",
                                      "-bnb-4bit",
                                      "-bnb-8bit",
                                      "-4bit",
                                      "-8bit",
                                      "-gptq",
                                      "-awq",
                                      "-gguf",
                                      "-int4",
                                      "-int8",
                                      "-fp8",
                                      "-nf4",
                                      "-bnb",
                                      "-nvfp4",
                                      "-mxfp4",
                                      "-dynamic",
                                      "-w4a16",
                                      "-w8a8",
                                      "-exl2",
                                      "-hqq",
                                      "-mlx",
                                      "-bf16",
                                      "-unsloth"};
  g_autofree char *name = g_ascii_strdown(last, -1);
  size_t n = strlen(name);
  const size_t before = n;
  for (size_t i = 0; i < G_N_ELEMENTS(marks);) {
    size_t k = strlen(marks[i]);
    bool ends = n > k && memcmp(name + n - k, marks[i], k) == 0;
    i = ends ? 0 : i + 1; /* marks follow one another: "-gptq-int4" */
    if (ends) name[n -= k] = '\0';
  }
  return n < before ? g_steal_pointer(&name) : NULL;
}

static void list_free(void *list) { g_array_unref(list); }

static void add_key(GHashTable *table, const char *text, unsigned node) {
  g_autofree char *key = text_fold(text);
  if (!*key) return;
  GArray *list = g_hash_table_lookup(table, key);
  if (!list) {
    list = g_array_new(FALSE, FALSE, sizeof(unsigned));
    g_hash_table_insert(table, g_steal_pointer(&key), list);
  }
  if (list->len == 0 || g_array_index(list, unsigned, list->len - 1) != node) g_array_append_val(list, node);
}

/* The repository's name, when the path or the model says one with its organisation; or NULL. */
static char *full_name(const Model *m) {
  g_autofree char *hub = hub_name_of_path(m->path, NULL);
  if (hub) return safe_text(hub, -1);
  return strchr(m->name, '/') ? g_strdup(m->name) : NULL;
}

/* File names that tools give to any model. */
static bool is_generic(const char *stem) {
  static const char *const stems[] = {
      "model", "pytorch_model", "adapter_model", "weights", "diffusion_pytorch_model", "pytorch_lora_weights", "."};
  for (size_t i = 0; i < G_N_ELEMENTS(stems); i++)
    if (strcmp(stem, stems[i]) == 0) return true;
  return false;
}

static char *without_ending(const char *file) {
  static const char *const endings[] = {".safetensors", ".pt", ".pth", ".bin", ".ckpt", ".gguf", ".npz", ".npy", ".th"};
  for (size_t i = 0; i < G_N_ELEMENTS(endings); i++)
    if (g_str_has_suffix(file, endings[i])) return g_strndup(file, strlen(file) - strlen(endings[i]));
  return g_strdup(file);
}

/* All names under which the path makes the model known. */
static void index_path(DeclaredIndex *x, const Model *m, unsigned node) {
  g_autofree SafeText *path = safe_text(m->path, -1), *file = safe_text(m->file ? m->file : "", -1);
  g_autofree char *stem = without_ending(path);
  add_key(x->by_path, path, node);
  add_key(x->by_path, file, node);
  add_key(x->by_path, stem, node);
  bool generic = is_generic(declared_last_part(stem));
  if (generic && strchr(stem, '/')) *strrchr(stem, '/') = '\0';
  else if (generic) return;
  add_key(x->by_path, stem, node);
  add_key(x->by_last, declared_last_part(stem), node);
  const char *last = strrchr(stem, '/'), *two = last;
  if (!last) return;
  while (two > stem && two[-1] != '/') two--;
  add_key(x->by_full, two, node);
}

DeclaredIndex *declared_index_new(const GPtrArray *models) {
  DeclaredIndex *x = g_new0(DeclaredIndex, 1);
  x->models = models;
  return x;
}

/* Where no card names a base, nobody asks, and large collections are spared the work. */
static void fill(DeclaredIndex *x) {
  const GPtrArray *models = x->models;
  if (x->by_full) return;
  x->by_full = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, list_free);
  x->by_last = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, list_free);
  x->by_path = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, list_free);
  for (unsigned i = 0; i < models->len; i++) {
    const Model *m = models->pdata[i];
    g_autofree char *full = full_name(m);
    if (full) add_key(x->by_full, full, i);
    add_key(x->by_last, declared_last_part(m->name), i);
    index_path(x, m, i);
  }
}

void declared_index_free(DeclaredIndex *x) {
  if (!x) return;
  g_clear_pointer(&x->by_full, g_hash_table_unref);
  g_clear_pointer(&x->by_last, g_hash_table_unref);
  g_clear_pointer(&x->by_path, g_hash_table_unref);
  g_free(x);
}

/* True when both names say an organisation and not the same one. */
static bool other_organisation(const Model *m, const char *name) {
  g_autofree char *full = full_name(m);
  if (!full || !strchr(full, '/') || !strchr(name, '/') || base_is_local_path(name)) return false;
  g_autofree char *a = text_fold(full), *b = text_fold(name);
  return strcmp(a, b) != 0;
}

static void take_from(const DeclaredIndex *x, GHashTable *table, const char *text, unsigned self,
                      const char *organisation, GArray *out) {
  g_autofree char *key = text_fold(text);
  const GArray *list = g_hash_table_lookup(table, key);
  for (guint i = 0; list && i < list->len; i++) {
    unsigned node = g_array_index(list, unsigned, i);
    if (node == self) continue;
    if (organisation && other_organisation(x->models->pdata[node], organisation)) continue;
    g_array_append_val(out, node);
  }
}

/* The one at this path, from the collection's root or beside `self`. */
static void take_by_path(const DeclaredIndex *x, unsigned self, const char *name, GArray *out) {
  const Model *m = x->models->pdata[self];
  g_autofree SafeText *path = safe_text(m->path, -1);
  g_autofree char *folder = g_path_get_dirname(path);
  g_autofree char *below = g_canonicalize_filename(name, "/");
  g_autofree char *base = g_strconcat("/", folder, NULL);
  g_autofree char *beside = g_canonicalize_filename(name, base);
  take_from(x, x->by_path, below + 1, self, NULL, out);
  if (out->len == 0) take_from(x, x->by_path, beside + 1, self, NULL, out);
}

GArray *declared_resolve(DeclaredIndex *x, unsigned self, const char *name) {
  fill(x);
  GArray *out = g_array_new(FALSE, FALSE, sizeof(unsigned));
  take_from(x, x->by_full, name, self, NULL, out);
  const char *last = declared_last_part(name);
  bool role = base_is_local_path(name) && declared_is_role(last);
  if (out->len == 0 && !role) take_from(x, x->by_last, last, self, name, out);
  if (out->len == 0) take_by_path(x, self, name, out);
  g_autofree char *twin = out->len == 0 && !role ? declared_twin(last) : NULL;
  if (twin) take_from(x, x->by_last, twin, self, NULL, out);
  return out;
}
bool declared_step(const char *path, char **run, guint64 *step) {
  uint64_t number;
  if (!training_run_pattern(path, run, &number)) return false;
  *step = number;
  return true;
}
