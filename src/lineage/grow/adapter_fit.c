/* SPDX-License-Identifier: Apache-2.0 */
#include "lineage/grow/adapter_fit.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "weights/layers/name_index.h"
#include "weights/layers/name_key.h"

typedef struct {
  uint64_t d_out, d_in;
  bool part;            /* rows of a matrix that the base keeps fused */
  const SafeText *name; /* as the base has it; borrowed from its sketch, NULL of several layers */
} Entry;

struct FitIndex {
  GArray *entries; /* of Entry */
  NameIndex *names;
  bool encoders; /* it holds text encoders, as single files do and a pipeline's denoiser does not */
};

static bool is_encoder(const char *name) { return g_str_has_prefix(name, "text_encoder"); }

static void add_entry(FitIndex *x, const char *name, Entry entry) {
  name_index_add(x->names, name, x->entries->len);
  g_array_append_val(x->entries, entry);
}

/* "attn.qkv" of "attn.qkv[q]"; NULL of a name that is no part's. The caller frees it. */
static char *fused_name(const char *name) {
  size_t n = strlen(name);
  const char *open = n && name[n - 1] == ']' ? strrchr(name, '[') : NULL;
  return open ? g_strndup(name, (gsize)(open - name)) : NULL;
}

/* Fused matrices, whose parts the sketch holds one by one. */
static void add_fused(FitIndex *x, const ModelSketch *base) {
  g_autoptr(GHashTable) rows = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  for (guint i = 0; i < base->tensors->len; i++) {
    const TensorSketch *t = &g_array_index(base->tensors, TensorSketch, i);
    char *fused = t->role == TENSOR_BIAS ? NULL : fused_name(t->name);
    Entry *sum = fused ? g_hash_table_lookup(rows, fused) : NULL;
    if (sum) sum->d_out += t->d_out;
    if (sum || !fused) {
      g_free(fused);
      continue;
    }
    Entry first = {t->d_out, t->d_in, false, NULL};
    g_hash_table_insert(rows, fused, g_memdup2(&first, sizeof first));
  }
  GHashTableIter it;
  gpointer name, entry;
  g_hash_table_iter_init(&it, rows);
  while (g_hash_table_iter_next(&it, &name, &entry)) add_entry(x, name, *(Entry *)entry);
}

/* Matrices first, those that are fused too: of a layer's weight and bias, the weight is what an adapter is made for. */
FitIndex *fit_index_new(const ModelSketch *base) {
  FitIndex *x = g_new0(FitIndex, 1);
  x->entries = g_array_new(FALSE, FALSE, sizeof(Entry));
  x->names = name_index_new();
  for (int projected = 1; projected >= 0; projected--) {
    for (guint i = 0; i < base->tensors->len; i++) {
      const TensorSketch *t = &g_array_index(base->tensors, TensorSketch, i);
      if (t->projected != (bool)projected) continue;
      g_autofree char *fused = fused_name(t->name);
      x->encoders |= is_encoder(t->name);
      add_entry(x, t->name, (Entry){t->d_out, t->d_in, fused != NULL, t->name});
    }
    if (projected) add_fused(x, base);
  }
  return x;
}

void fit_index_free(FitIndex *x) {
  if (!x) return;
  g_array_unref(x->entries);
  name_index_free(x->names);
  g_free(x);
}

/* The base's layer of that name, or what its parts make together; false when it has none. */
static bool find_layer(const FitIndex *x, const TensorSketch *a, Entry *out) {
  NamePart parts[NAME_MOST_PARTS];
  int place = name_index_find(x->names, a->name);
  if (place >= 0) {
    *out = g_array_index(x->entries, Entry, place);
    return true;
  }
  unsigned n = name_parts(a->name, a->d_out, a->d_in, parts);
  *out = (Entry){.part = true};
  for (unsigned k = 0; k < n; k++) {
    g_autofree char *name = name_of_part(a->name, parts[k].tag);
    place = name_index_find(x->names, name);
    if (place < 0) return false;
    out->d_out += g_array_index(x->entries, Entry, place).d_out;
    out->d_in = g_array_index(x->entries, Entry, place).d_in;
  }
  return n > 0;
}

/* The same name, dots or underscores, with what wraps the model in front of one of them. */
static bool is_same_spelling(const char *a, const char *b) {
  size_t n = strlen(a), m = strlen(b);
  const char *end = n > m ? a + n - m : b + m - n;
  if (n < m) b = a;
  for (size_t i = 0; i < MIN(n, m); i++)
    if (end[i] != b[i] && !((end[i] == '.' || end[i] == '_') && (b[i] == '.' || b[i] == '_'))) return false;
  return n == m || end[-1] == '.' || end[-1] == '_';
}

/* Parts of a form that is not computed have no shape to compare; VeRA's are at least as wide as the layer. */
static bool shapes_fit(const TensorSketch *a, const Entry *b) {
  bool wide = a->role == TENSOR_ADAPTER_PART && a->d_out == b->d_out && a->d_in > b->d_in;
  return a->d_out == 0 || wide || (b->d_out == a->d_out && b->d_in == a->d_in) ||
         (b->d_out == a->d_in && b->d_in == a->d_out);
}

Fit fit_compare(const FitIndex *base, const ModelSketch *adapter) {
  Fit fit = {0};
  g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal); /* layers of several parts */
  for (guint i = 0; i < adapter->tensors->len; i++) {
    const TensorSketch *a = &g_array_index(adapter->tensors, TensorSketch, i);
    if (a->role == TENSOR_LORA_B) g_hash_table_add(seen, a->name);
  }
  for (guint i = 0; i < adapter->tensors->len; i++) {
    const TensorSketch *a = &g_array_index(adapter->tensors, TensorSketch, i);
    bool counts = a->role == TENSOR_LORA_B || (a->role == TENSOR_ADAPTER_PART && g_hash_table_add(seen, a->name));
    Entry b;
    if (!counts || (is_encoder(a->name) && !base->encoders)) continue;
    fit.layers++;
    if (!find_layer(base, a, &b)) continue;
    bool fits = shapes_fit(a, &b);
    *(fits ? &fit.fitting : &fit.clashing) += 1;
    fit.refitted += fits && b.part;
    fit.foreign += fits && !b.part && b.name && !is_same_spelling(a->name, b.name);
  }
  return fit;
}

static double centred_cosine(const float *x, const float *y) {
  double mx = 0, my = 0, xx = 0, yy = 0, xy = 0;
  for (unsigned k = 0; k < TABLE_SAMPLES; k++) mx += (double)x[k], my += (double)y[k];
  mx /= TABLE_SAMPLES, my /= TABLE_SAMPLES;
  for (unsigned k = 0; k < TABLE_SAMPLES; k++) {
    double a = (double)x[k] - mx, b = (double)y[k] - my;
    xx += a * a, yy += b * b, xy += a * b;
  }
  return xx > 0 && yy > 0 ? xy / sqrt(xx * yy) : 0;
}

/* The base's table of that name and width, or NULL. */
static const TensorSketch *table_of(const ModelSketch *base, const TensorSketch *a) {
  g_autofree char *key = name_key(a->name);
  for (guint i = 0; i < base->tensors->len; i++) {
    const TensorSketch *t = &g_array_index(base->tensors, TensorSketch, i);
    if (!t->table || t->d_in != a->d_in) continue;
    g_autofree char *other = name_key(t->name);
    if (strcmp(key, other) == 0) return t;
  }
  return NULL;
}

double fit_carried(const ModelSketch *base, const ModelSketch *adapter) {
  double sum = 0;
  unsigned n = 0;
  for (guint i = 0; i < adapter->tensors->len; i++) {
    const TensorSketch *a = &g_array_index(adapter->tensors, TensorSketch, i);
    const TensorSketch *b = a->table ? table_of(base, a) : NULL;
    if (!b) continue;
    sum += centred_cosine(a->table, b->table);
    n++;
  }
  double mean = n ? sum / n : (double)NAN;
  return isfinite(mean) ? mean : (double)NAN;
}

bool fit_is_whole(const Fit *fit) { return fit->layers > 0 && fit->fitting == fit->layers; }

bool fit_is_native(const Fit *fit) { return fit_is_whole(fit) && fit->refitted == 0 && fit->foreign == 0; }

double fit_shapes_shared(const ModelSketch *base, const ModelSketch *child) {
  g_autoptr(GHashTable) shapes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < base->tensors->len; i++) {
    const TensorSketch *t = &g_array_index(base->tensors, TensorSketch, i);
    if (t->part == PART_MATRIX) g_hash_table_add(shapes, g_strdup_printf("%" PRIu64 "x%" PRIu64, t->d_out, t->d_in));
  }
  double shared = 0, all = 0;
  for (guint i = 0; i < child->tensors->len; i++) {
    const TensorSketch *t = &g_array_index(child->tensors, TensorSketch, i);
    if (t->part != PART_MATRIX) continue;
    g_autofree char *shape = g_strdup_printf("%" PRIu64 "x%" PRIu64, t->d_out, t->d_in);
    all += (double)t->moments.count;
    if (g_hash_table_contains(shapes, shape)) shared += (double)t->moments.count;
  }
  return all > 0 ? shared / all : 0;
}
