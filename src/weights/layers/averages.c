/* SPDX-License-Identifier: Apache-2.0 */
#include "weights/layers/averages.h"

#include <string.h>

/* Length of the first component, with its dot, when it says that an average follows ("ema.", "model_ema.",
 * "params_ema."); 0 otherwise. */
static size_t average_prefix(const char *key) {
  size_t n = strcspn(key, ".");
  if (key[n] != '.' || !key[n + 1]) return 0;
  for (const char *at = key; at < key + n;) {
    size_t word = strcspn(at, "_.0123456789");
    if (word == 3 && strncmp(at, "ema", 3) == 0) return n + 1;
    at += word + 1;
  }
  return 0;
}

static bool is_counter(const char *rest, const TensorInfo *t) {
  static const char *const words[] = {"decay", "num_updates", "step", "steps", "initted", "updates", "n_averaged"};
  for (size_t i = 0; t->count == 1 && i < G_N_ELEMENTS(words); i++)
    if (strcmp(rest, words[i]) == 0) return true;
  return false;
}

/* Without its dots, which some trainers drop from the names of averages. */
static char *squeeze(const char *key) {
  char *out = g_strdup(key), *to = out;
  for (const char *c = key; *c; c++)
    if (*c != '.') *to++ = *c;
  *to = '\0';
  return out;
}

/* Every tensor that is no average, under its squeezed key, and under what is left of that without its first one or two
 * components ("model.", "online_model.", "state_dict.model."): squeezed key -> index + 1. */
static GHashTable *raw_by_key(const WeightFile *file) {
  enum { MOST_DROPPED = 2 };
  GHashTable *map = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  for (int dropped = 0; dropped <= MOST_DROPPED; dropped++)
    for (size_t i = 0; i < weight_file_count(file); i++) {
      const char *key = weight_file_info(file, i)->name;
      if (average_prefix(key)) continue;
      for (int k = 0; k < dropped && key; k++) key = (key = strchr(key, '.')) ? key + 1 : NULL;
      char *squeezed = key ? squeeze(key) : NULL;
      if (squeezed && !g_hash_table_contains(map, squeezed))
        g_hash_table_insert(map, squeezed, GSIZE_TO_POINTER(i + 1));
      else g_free(squeezed);
    }
  return map;
}

static bool same_shape(const TensorInfo *a, const TensorInfo *b) {
  return a->rank == b->rank && memcmp(a->shape, b->shape, (size_t)a->rank * sizeof *a->shape) == 0;
}

/* The average takes the name; of a second average, the first is the model. */
static void take_name(TensorName *average, TensorName *raw) {
  bool second = raw->role == TENSOR_RAW_COPY;
  TensorRole role = second ? TENSOR_RAW_COPY : raw->role;
  g_free(average->layer);
  *average = *raw;
  average->layer = g_strdup(raw->layer);
  average->role = role;
  raw->role = TENSOR_RAW_COPY;
}

static void settle_one(const WeightFile *file, TensorName *names, size_t i, size_t prefix, GHashTable *raw) {
  const TensorInfo *t = weight_file_info(file, i);
  g_autofree char *squeezed = squeeze(t->name + prefix);
  gsize at = GPOINTER_TO_SIZE(g_hash_table_lookup(raw, squeezed));
  if (at && same_shape(t, weight_file_info(file, at - 1))) {
    take_name(&names[i], &names[at - 1]);
    return;
  }
  tensor_name_clear(&names[i]);
  tensor_name_parse(t->name + prefix, &names[i]);
  if (is_counter(t->name + prefix, t)) names[i].role = TENSOR_OPTIMISER;
}

void averages_settle(const WeightFile *file, TensorName *names) {
  g_autoptr(GHashTable) raw = NULL;
  for (size_t i = 0; i < weight_file_count(file); i++) {
    size_t prefix = average_prefix(weight_file_info(file, i)->name);
    if (!prefix) continue;
    if (!raw) raw = raw_by_key(file);
    settle_one(file, names, i, prefix, raw);
  }
}
