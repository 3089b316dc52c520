/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/read/weight_summary.h"

#include <string.h>

#include "collection/read/signature.h"
#include "weights/layers/learnable.h"
#include "weights/layers/name_key.h"

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

/* What a file is good for, by its header: its form as an adapter, and `layers` as layer_list() gives them. */
static ModelKind model_kind_of(const WeightFile *file, AdapterForm form, const GArray *layers) {
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
  s->family = family_of_layers(layers);
  if (layers->len == 0) learnable_add(file, names, layers); /* what is not computed has a shape all the same */
  s->shapes = signature_of_layers(layers);
  s->metadata = g_hash_table_ref(weight_file_metadata(file));
  count_tensors(s, file, names);
  return s;
}

/* The first matrix that is a table of tokens, and the first that is a head such as it may be tied to; -1 for none. */
static void find_pair(const WeightFile *file, gssize *table, gssize *head) {
  *table = *head = -1;
  for (size_t i = 0; i < weight_file_count(file); i++) {
    const TensorInfo *t = weight_file_info(file, i);
    if (t->rank != 2 || !dtype_is_float(t->dtype)) continue;
    TensorName name;
    tensor_name_parse(t->name, &name);
    g_autofree char *key = name_key(name.layer);
    if (name.role == TENSOR_WEIGHT && *table < 0 && name_key_is_table(key)) *table = (gssize)i;
    if (name.role == TENSOR_WEIGHT && *head < 0 && name_key_is_tied_head(key)) *head = (gssize)i;
    tensor_name_clear(&name);
  }
}

/* Bytes at places spread over both. */
static bool same_bytes(WeightFile *file, size_t a, size_t b, uint64_t bytes) {
  enum { PLACES = 8, SPAN = 4096 };
  unsigned char x[SPAN], y[SPAN];
  size_t n = (size_t)MIN(bytes, (uint64_t)SPAN);
  for (unsigned k = 0; k < PLACES; k++) {
    uint64_t at = (bytes - n) / (PLACES - 1) * k;
    if (!weight_file_read_raw(file, a, at, n, x, NULL) || !weight_file_read_raw(file, b, at, n, y, NULL)) return false;
    if (memcmp(x, y, n) != 0) return false;
  }
  return true;
}

bool weight_summary_count_tied(WeightSummary *s, WeightFile *file) {
  gssize table, head;
  if (s->kind != MODEL_FULL) return false;
  find_pair(file, &table, &head);
  if (table < 0 || head < 0) return false;
  const TensorInfo *a = weight_file_info(file, (size_t)table), *b = weight_file_info(file, (size_t)head);
  if (a->dtype != b->dtype || a->shape[0] != b->shape[0] || a->shape[1] != b->shape[1]) return false;
  if (same_bytes(file, (size_t)table, (size_t)head, a->bytes)) s->params -= b->count;
  return true;
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
