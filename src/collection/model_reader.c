/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/model_reader.h"

#include <string.h>

#include "collection/model_config.h"
#include "collection/signature.h"
#include "core/error.h"

enum { MAX_OTHERS = 64 };

/* Widths that text encoders give a token. */
static bool is_token_width(uint64_t n) {
  static const uint64_t widths[] = {512,  640,  768,  1024, 1152, 1280, 1536,
                                    2048, 2304, 2560, 3072, 4096, 5120};
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
  return !strchr(t->name, '.') && strcmp(t->name, "weight") != 0 && strcmp(t->name, "bias") != 0;
}

static bool is_embedding(const WeightFile *file) {
  size_t n = weight_file_count(file);
  if (n < 1 || n > 2) return false;
  for (size_t i = 0; i < n; i++)
    if (!is_token_vector(weight_file_info(file, i))) return false;
  return true;
}

ModelKind model_kind_of(const WeightFile *file, const GArray *layers) {
  bool dense = false;
  for (guint i = 0; i < layers->len; i++) {
    if (g_array_index(layers, LayerInfo, i).form == LAYER_LOW_RANK) return MODEL_LORA;
    dense = true;
  }
  if (is_embedding(file)) return MODEL_EMBEDDING;
  return dense ? MODEL_FULL : MODEL_OTHER;
}

static void count_tensors(Model *m, const WeightFile *file) {
  m->tensors = (unsigned)weight_file_count(file);
  for (size_t i = 0; i < weight_file_count(file); i++) {
    const TensorInfo *t = weight_file_info(file, i);
    m->dtypes[t->dtype]++;
    if (dtype_is_float(t->dtype)) m->params += t->count;
  }
}

/* The deepest folder of the path that is named as a split is. */
static void add_folder_split(Model *m) {
  g_auto(GStrv) parts = g_strsplit(m->path, "/", -1);
  guint n = g_strv_length(parts);
  for (guint i = n; i-- > 0;)
    if (split_is_name(parts[i])) {
      model_add_fact(m, "split", parts[i], "folder");
      return;
    }
}

/* The model's other weight files: formats of the same weights, components, parts. */
static void add_other_weights(Model *m, const Candidate *c, guint used) {
  guint listed = 0;
  for (guint i = 0; i < c->weights->len && listed < MAX_OTHERS; i++) {
    if (i == used) continue;
    model_add_fact(m, "other_weights", g_array_index(c->weights, FileRef, i).path, "folder");
    listed++;
  }
}

static void add_config(Model *m, const char *root, const char *path, const char *source) {
  if (!path) return;
  g_autofree char *full = g_build_filename(root, path, NULL);
  model_read_config(m, full, source);
}

/* In order of trust: what the folders say, what a trainer wrote, what a person wrote. */
static void add_facts(Model *m, const char *root, const Candidate *c, const WeightFile *file,
                      guint used) {
  add_folder_split(m);
  if (c->repository) model_add_fact(m, "repository", c->repository, "folder");
  if (c->component) model_add_fact(m, "component", c->component, "folder");
  model_take_metadata(m, weight_file_metadata(file));
  add_config(m, root, c->adapter_config, "adapter_config.json");
  if (c->card) {
    g_autofree char *full = g_build_filename(root, c->card, NULL);
    model_read_card(m, full);
  }
  add_config(m, root, c->config, "config.json");
  add_other_weights(m, c, used);
}

static uint64_t bytes_of(const Candidate *c) {
  uint64_t sum = 0;
  for (guint i = 0; i < c->weights->len; i++) {
    const FileRef *f = &g_array_index(c->weights, FileRef, i);
    if (!g_str_has_suffix(f->path, ".json")) sum += f->stamp.size;
  }
  return sum;
}

static Model *make_model(const char *root, const Candidate *c, const WeightFile *file,
                         guint used) {
  Model *m = model_new();
  m->path = g_strdup(c->path);
  m->shown = safe_text(c->path, -1);
  m->file = g_strdup(g_array_index(c->weights, FileRef, used).path);
  m->name = safe_text(c->name, -1);
  m->format = safe_text(weight_file_format(file), -1);
  m->bytes = bytes_of(c);
  count_tensors(m, file);
  add_facts(m, root, c, file, used);
  g_autoptr(GArray) layers = layer_list(file, NULL);
  m->kind = model_kind_of(file, layers);
  m->shapes = signature_of_layers(layers);
  return m;
}

/* A reader begins its message with the file's name, which the row gives already. */
static const char *reason_of(const GError *error, const char *full) {
  g_autofree SafeText *label = safe_text(full, -1);
  size_t n = strlen(label);
  bool named = g_str_has_prefix(error->message, label) &&
               g_str_has_prefix(error->message + n, ": ");
  return error->message + (named ? n + 2 : 0);
}

/* A model in parts that cannot be whole; NULL when nothing speaks against it. */
static char *problem_of_parts(const FileRef *ref) {
  if (ref->parts == 0 || ref->found == ref->parts) return NULL;
  if (ref->found == 0) return g_strdup("an index of parts, none of which is there");
  return g_strdup_printf("a model in %u parts, of which %u %s there", ref->parts, ref->found,
                         ref->found == 1 ? "is" : "are");
}

/* Opens one file that may stand for the model; NULL and a reason otherwise. */
static WeightFile *open_ref(const char *root, const FileRef *ref, char **reason,
                            unsigned *opened) {
  *reason = problem_of_parts(ref);
  if (*reason) return NULL;
  if (ref->parts > 1 && !g_str_has_suffix(ref->path, ".json")) {
    *reason = g_strdup_printf("a model in %u parts without the index that joins them", ref->parts);
    return NULL;
  }
  g_autoptr(GError) error = NULL;
  g_autofree char *full = g_build_filename(root, ref->path, NULL);
  WeightFile *file = weight_file_open(full, &error);
  ++*opened;
  if (file) return file;
  bool unknown = g_error_matches(error, COPSE_ERROR, COPSE_ERROR_UNSUPPORTED);
  *reason = ref->parts && unknown
                ? g_strdup_printf("a model in %u parts, which are not read yet", ref->parts)
                : g_strdup(reason_of(error, full));
  return NULL;
}

Model *model_read(const char *root, const Candidate *c, GPtrArray *skips, unsigned *opened) {
  *opened = 0;
  for (guint i = 0; i < c->tries; i++) {
    const FileRef *ref = &g_array_index(c->weights, FileRef, i);
    g_autofree char *reason = NULL;
    g_autoptr(WeightFile) file = open_ref(root, ref, &reason, opened);
    if (file) return make_model(root, c, file, i);
    g_ptr_array_add(skips, walk_skip_new(ref->path, reason));
  }
  return NULL;
}
