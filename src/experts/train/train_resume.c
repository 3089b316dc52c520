/* SPDX-License-Identifier: Apache-2.0 */
/* A training run's state between two epochs, as safetensors: parameters, moments, best parameters, the
 * order of the models and the curve as tensors, the counters as metadata. Taken up again it gives, on one
 * thread, the very numbers that an unbroken run gives. */
#include <glib/gstdio.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experts/train/train_run.h"
#include "weights/formats/safetensors.h"
#include "weights/weight_file.h"
#include "weights/weight_open.h"

enum { BETWEEN = 2 * G_USEC_PER_SEC };

static char *counters_text(const TrainRun *r) {
  return g_strdup_printf("%u %" PRIu64 " %a %a %a %u %" PRIx64 " %" PRIx64 " %" PRIx64 " %" PRIx64, r->epoch, r->step,
                         r->best_score, r->best_loss, r->training, r->result->best_epoch, r->rng.s[0], r->rng.s[1],
                         r->rng.s[2], r->rng.s[3]);
}

static TensorOut row(const char *name, size_t n, const float *data) {
  return (TensorOut){name, DTYPE_F32, 1, {n}, data};
}

/* The order of the training models as floats: exact below 2^24. */
static float *order_floats(const TrainRun *r, size_t n) {
  float *order = g_new(float, n + 1);
  for (size_t i = 0; i < n; i++) order[i] = (float)r->members[SPLIT_TRAIN][i];
  return order;
}

static float *curve_floats(const GArray *curve) {
  float *out = g_new(float, 3 * curve->len + 1);
  for (guint i = 0; i < curve->len; i++) {
    const EpochRow *e = &g_array_index(curve, EpochRow, i);
    out[3 * i] = (float)e->loss;
    out[3 * i + 1] = (float)e->val_loss;
    out[3 * i + 2] = (float)e->val_score;
  }
  return out;
}

void train_state_save(TrainRun *r) {
  gint64 now = g_get_monotonic_time();
  if (!r->resume || now - r->saved < BETWEEN) return;
  size_t n = r->probex->n, m = r->task->counts[SPLIT_TRAIN];
  g_autofree float *order = order_floats(r, m), *curve = curve_floats(r->result->curve);
  const TensorOut tensors[] = {row("w", n, r->probex->block), row("m", n, r->m->block),
                               row("v", n, r->v->block),      row("best", n, r->best),
                               row("order", m, order),        row("curve", 3 * r->result->curve->len, curve)};
  g_autofree char *key = g_strdup_printf("%016" PRIx64, r->key), *counters = counters_text(r);
  const char *metadata[] = {"key", key, "counters", counters, NULL};
  safetensors_write_quick(r->resume, tensors, G_N_ELEMENTS(tensors), metadata, NULL);
  r->saved = now;
}

static bool take(WeightFile *f, const char *name, size_t n, float *dst) {
  gssize i = weight_file_find(f, name);
  return i >= 0 && weight_file_info(f, (size_t)i)->count == n && weight_file_read_f32(f, (size_t)i, 0, n, dst, NULL);
}

static bool take_counters(TrainRun *r, const char *text) {
  uint64_t step, s[4];
  unsigned epoch, best_epoch;
  double score, loss, training;
  if (!text || sscanf(text, "%u %" SCNu64 " %la %la %la %u %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64, &epoch, &step,
                      &score, &loss, &training, &best_epoch, &s[0], &s[1], &s[2], &s[3]) != 10)
    return false;
  if (best_epoch > epoch || !(s[0] | s[1] | s[2] | s[3])) return false; /* such a generator gives zeros for ever */
  r->epoch = epoch;
  r->step = step;
  r->best_score = score;
  r->best_loss = loss;
  r->training = training;
  r->result->best_epoch = best_epoch;
  memcpy(r->rng.s, s, sizeof s);
  return true;
}

static bool take_order(TrainRun *r, WeightFile *f) {
  size_t n = r->task->counts[SPLIT_TRAIN];
  g_autofree float *order = g_new(float, n + 1);
  if (!take(f, "order", n, order)) return false;
  g_autofree unsigned char *seen = g_new0(unsigned char, r->task->models->len + 1);
  for (size_t i = 0; i < n; i++) { /* each training model once, and no other */
    if (!(order[i] >= 0 && order[i] < (float)r->task->models->len)) return false;
    size_t model = (size_t)order[i];
    if (seen[model]++ || r->task->split[model] != SPLIT_TRAIN) return false;
  }
  for (size_t i = 0; i < n; i++) r->members[SPLIT_TRAIN][i] = (size_t)order[i];
  return true;
}

static bool take_curve(TrainRun *r, WeightFile *f, unsigned epochs) {
  g_autofree float *curve = g_new(float, 3 * (size_t)epochs + 1);
  if (!take(f, "curve", 3 * (size_t)epochs, curve)) return false;
  for (unsigned i = 0; i < epochs; i++) {
    EpochRow e = {(double)curve[3 * i], (double)curve[3 * i + 1], (double)curve[3 * i + 2]};
    g_array_append_val(r->result->curve, e);
  }
  return true;
}

/* All or nothing: the blocks are read aside first. */
static bool take_state(TrainRun *r, WeightFile *f) {
  size_t n = r->probex->n;
  g_autofree float *aside = g_new(float, 4 * n);
  const char *names[] = {"w", "m", "v", "best"};
  for (size_t i = 0; i < 4; i++)
    if (!take(f, names[i], n, aside + i * n)) return false;
  TrainRun before = *r;
  if (!take_counters(r, g_hash_table_lookup(weight_file_metadata(f), "counters")) || r->epoch > r->options->epochs ||
      !take_order(r, f) || !take_curve(r, f, r->epoch)) {
    *r = before;
    r->result->best_epoch = 0;
    return false;
  }
  float *to[] = {r->probex->block, r->m->block, r->v->block, r->best};
  for (size_t i = 0; i < 4; i++) memcpy(to[i], aside + i * n, n * sizeof *aside);
  return true;
}

void train_state_load(TrainRun *r) {
  r->saved = g_get_monotonic_time();
  g_autoptr(WeightFile) f = r->resume ? weight_file_open(r->resume, NULL) : NULL;
  const char *key = f ? g_hash_table_lookup(weight_file_metadata(f), "key") : NULL;
  if (key && strtoull(key, NULL, 16) == r->key) take_state(r, f);
}

void train_state_drop(TrainRun *r) {
  if (r->resume) g_unlink(r->resume);
}
