/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/read/weight_summary.h"

#include <string.h>

#include "collection/read/signature.h"

/* Widths that text encoders give a token. */
static bool is_token_width(uint64_t n) {
  static const uint64_t widths[] = {512, 640, 768, 1024, 1152, 1280, 1536, 2048, 2304, 2560, 3072, 4096, 5120};
  for (size_t i = 0; i < G_N_ELEMENTS(widths); i++)
    if (n == widths[i]) return true;
  return false;
}

/* A textual inversion names its tensor by a token: no module path, a few rows at most. */
static bool is_token_vector(const TensorInfo *t) {
  enum { MOST_ROWS = 128 };
  if (!dtype_is_float(t->dtype) || t->rank < 1 || t->rank > 2) return false;
  if (!is_token_width(t->shape[t->rank - 1])) return false;
  if (t->rank == 2 && t->shape[0] > MOST_ROWS) return false;
  if (g_str_has_prefix(t->name, "string_to_param.")) return true; /* the web UIs' own container of one token */
  return !strchr(t->name, '.') && strcmp(t->name, "weight") != 0 && strcmp(t->name, "bias") != 0;
}

static bool is_embedding(const WeightFile *file) {
  size_t n = weight_file_count(file);
  if (n < 1 || n > 2) return false;
  for (size_t i = 0; i < n; i++)
    if (!is_token_vector(weight_file_info(file, i))) return false;
  return true;
}

ModelKind model_kind_of(const WeightFile *file, AdapterForm form, const GArray *layers) {
  bool dense = false;
  if (adapter_form_has_factors(form)) return MODEL_LORA;
  if (form != FORM_NONE) return MODEL_ADAPTER;
  for (guint i = 0; i < layers->len; i++) {
    if (g_array_index(layers, LayerInfo, i).form == LAYER_LOW_RANK) return MODEL_LORA;
    dense = true;
  }
  if (is_embedding(file)) return MODEL_EMBEDDING;
  return dense ? MODEL_FULL : MODEL_OTHER;
}

/* Moments, and weights that an average stands for, are no parameters of the model. */
static bool is_counted(const TensorName *name) {
  return name->role != TENSOR_OPTIMISER && name->role != TENSOR_RAW_COPY;
}

static void count_tensors(WeightSummary *s, const WeightFile *file, const FileNames *names) {
  s->tensors = (unsigned)weight_file_count(file);
  for (size_t i = 0; i < weight_file_count(file); i++) {
    const TensorInfo *t = weight_file_info(file, i);
    s->dtypes[t->dtype]++;
    if (dtype_is_float(t->dtype) && is_counted(&names->at[i])) s->params += t->count;
  }
}

WeightSummary *weight_summary_of(const WeightFile *file) {
  WeightSummary *s = g_new0(WeightSummary, 1);
  g_autoptr(FileNames) names = file_names_new(file);
  g_autoptr(GArray) layers = layer_list_named(file, names, NULL);
  s->format = safe_text(weight_file_format(file), -1);
  s->kind = model_kind_of(file, names->form, layers);
  s->adapter = names->form;
  s->shapes = signature_of_layers(layers);
  s->family = family_of_layers(layers);
  s->metadata = g_hash_table_ref(weight_file_metadata(file));
  count_tensors(s, file, names);
  return s;
}

WeightSummary *weight_summary_with(const WeightSummary *summary, GHashTable *metadata) {
  WeightSummary *s = g_memdup2(summary, sizeof *summary);
  s->format = g_strdup(summary->format);
  s->shapes = g_strdup(summary->shapes);
  s->metadata = metadata ? g_hash_table_ref(metadata) : NULL;
  return s;
}

void weight_summary_free(WeightSummary *s) {
  if (!s) return;
  g_free(s->format);
  g_free(s->shapes);
  if (s->metadata) g_hash_table_unref(s->metadata);
  g_free(s);
}
