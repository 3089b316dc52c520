/* SPDX-License-Identifier: Apache-2.0 */
#include "weights/layers/file_names.h"

#include <string.h>

#include "weights/layers/averages.h"
#include "weights/layers/gguf_names.h"

/* Flax's training states keep theirs in a tree of its own. */
static bool is_moment(const char *name) {
  static const char *const words[] = {"exp_avg", "exp_avg_sq", "max_exp_avg_sq", "exp_inf", "momentum_buffer", NULL};
  return g_strv_contains(words, text_last_part(name)) || g_str_has_prefix(name, "opt_state.");
}

/* GLoRA's part that a layer's last word is: 0..3, or -1. */
static int glora_part(const TensorName *name) {
  const char *last = text_last_part(name->layer);
  if (name->role != TENSOR_WEIGHT || last == name->layer || strlen(last) != 2) return -1;
  bool fits = (last[0] == 'a' || last[0] == 'b') && (last[1] == '1' || last[1] == '2');
  return fits ? (last[0] - 'a') * 2 + (last[1] - '1') : -1;
}

static char *without_last(const char *name) { return g_strndup(name, (gsize)(text_last_part(name) - name) - 1); }

/* Modules that have all four parts: layer -> which of them, as bits. */
static void settle_glora(FileNames *f) {
  g_autoptr(GHashTable) have = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  for (size_t i = 0; i < f->n; i++) {
    int part = glora_part(&f->at[i]);
    if (part < 0) continue;
    char *module = without_last(f->at[i].layer);
    guint bits = GPOINTER_TO_UINT(g_hash_table_lookup(have, module)) | 1u << part;
    g_hash_table_replace(have, module, GUINT_TO_POINTER(bits));
  }
  for (size_t i = 0; g_hash_table_size(have) && i < f->n; i++) {
    TensorName *name = &f->at[i];
    int part = glora_part(name);
    if (part < 0) continue;
    g_autofree char *module = without_last(name->layer);
    if (GPOINTER_TO_UINT(g_hash_table_lookup(have, module)) != 15) continue;
    *name = (TensorName){.layer = (g_free(name->layer), g_steal_pointer(&module)),
                         .role = TENSOR_ADAPTER_PART,
                         .part = (AdapterPart)(ADAPTER_A1 + part),
                         .form = FORM_GLORA};
  }
}

/* A vector beside "on_input" is what rows or columns are scaled by, no weight. */
static void settle_ia3(FileNames *f) {
  g_autoptr(GHashTable) modules = g_hash_table_new(g_str_hash, g_str_equal);
  for (size_t i = 0; i < f->n; i++)
    if (f->at[i].role == TENSOR_ADAPTER_PART && f->at[i].part == ADAPTER_ON_INPUT)
      g_hash_table_add(modules, f->at[i].layer);
  for (size_t i = 0; g_hash_table_size(modules) && i < f->n; i++) {
    TensorName *name = &f->at[i];
    if (name->role != TENSOR_WEIGHT || !g_hash_table_contains(modules, name->layer)) continue;
    name->role = TENSOR_ADAPTER_PART;
    name->part = ADAPTER_IA3;
    name->form = FORM_IA3;
  }
}

/* MLX's DoRA: the magnitudes "m" beside a pair that is stored transposed. */
static void settle_mlx(FileNames *f) {
  g_autoptr(GHashTable) modules = g_hash_table_new(g_str_hash, g_str_equal);
  for (size_t i = 0; i < f->n; i++)
    if (f->at[i].role == TENSOR_LORA_A && f->at[i].transposed) g_hash_table_add(modules, f->at[i].layer);
  for (size_t i = 0; g_hash_table_size(modules) && i < f->n; i++) {
    TensorName *name = &f->at[i];
    if (name->role != TENSOR_WEIGHT || !g_str_has_suffix(name->layer, ".m")) continue;
    g_autofree char *module = without_last(name->layer);
    if (!g_hash_table_contains(modules, module)) continue;
    g_free(name->layer);
    *name = (TensorName){
        .layer = g_steal_pointer(&module), .role = TENSOR_ADAPTER_PART, .part = ADAPTER_MAGNITUDE, .form = FORM_DORA};
  }
}

/* A part says more than a pair, and any factor more than a difference, a few tokens' rows or stacked experts, which files
 * of factors hold as well. */
static AdapterForm form_of(const FileNames *f) {
  AdapterForm form = FORM_NONE;
  for (size_t i = 0; i < f->n; i++) {
    const TensorName *name = &f->at[i];
    bool pair = name->role == TENSOR_LORA_A || name->role == TENSOR_LORA_B;
    bool beside = name->form == FORM_DIFF || name->form == FORM_TOKENS || name->form == FORM_EXPERTS;
    if (name->role == TENSOR_ADAPTER_PART && !beside) return name->form;
    if (pair) form = name->form;
    else if (name->role == TENSOR_ADAPTER_PART && name->part != ADAPTER_DIFF_BIAS && form == FORM_NONE)
      form = name->form;
  }
  return form;
}

static void settle_fused(FileNames *f, const WeightFile *file) {
  for (size_t i = 0; i < f->n; i++) {
    char *fused = gguf_fused_name(file, f->at[i].layer);
    if (!fused) continue;
    g_free(f->at[i].layer);
    f->at[i].layer = fused;
  }
}

FileNames *file_names_new(const WeightFile *file) {
  FileNames *f = g_new0(FileNames, 1);
  f->n = weight_file_count(file);
  f->at = g_new0(TensorName, f->n + 1);
  for (size_t i = 0; i < f->n; i++) {
    tensor_name_parse(weight_file_info(file, i)->name, &f->at[i]);
    if (is_moment(f->at[i].layer)) f->at[i].role = TENSOR_OPTIMISER;
  }
  if (strcmp(weight_file_format(file), "gguf") == 0) settle_fused(f, file);
  settle_glora(f);
  settle_ia3(f);
  settle_mlx(f);
  averages_settle(file, f->at);
  f->form = form_of(f);
  return f;
}

void file_names_free(FileNames *f) {
  if (!f) return;
  for (size_t i = 0; i < f->n; i++) tensor_name_clear(&f->at[i]);
  g_free(f->at);
  g_free(f);
}
