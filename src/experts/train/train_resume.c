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
#include "numerics/hash.h"
#include "numerics/linalg.h"
#include "weights/formats/safetensors.h"
#include "weights/weight_file.h"
#include "weights/weight_open.h"

enum { BETWEEN = 2 * G_USEC_PER_SEC, MOST_ROWS = 1 << 24 };

enum {
  BLOCKS = 5,
  TENSORS = BLOCKS + 2
}; /* of a state: parameters, two moments, best, best on held-out classes; all */

static char *counters_text(const TrainRun *r) {
  return g_strdup_printf("%u %" PRIu64 " %a %a %a %u %a %u %" PRIx64 " %" PRIx64 " %" PRIx64 " %" PRIx64, r->epoch,
                         r->step, r->best_score, r->best_loss, r->training, r->result->best_epoch,
                         r->best_holdout_score, r->result->held_out_epoch, r->rng.s[0], r->rng.s[1], r->rng.s[2],
                         r->rng.s[3]);
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

/* Of everything in the file: what is not whole any more is not taken up. */
static char *check_text(const TensorOut *t, size_t n, const char *key, const char *counters) {
  ContentHash h = content_hash(29, key, strlen(key));
  content_hash_join(&h, content_hash(30, counters, strlen(counters)));
  for (size_t i = 0; i < n; i++) content_hash_join(&h, content_hash(31 + i, t[i].data, t[i].shape[0] * sizeof(float)));
  return g_strdup_printf("%016" PRIx64 "%016" PRIx64, h.hi, h.lo);
}

/* A state's tensors: five blocks of n numbers (the last NULL where no classes are held out), the order of the m training
 * models, the curve. Returns how many there are. */
static size_t state_tensors(size_t n, const float *const *blocks, size_t m, const float *order, size_t rows,
                            const float *curve, TensorOut *out) {
  const TensorOut all[TENSORS] = {
      tensor_out_vector("w", n, blocks[0]),           tensor_out_vector("m", n, blocks[1]),
      tensor_out_vector("v", n, blocks[2]),           tensor_out_vector("best", n, blocks[3]),
      tensor_out_vector("order", m, order),           tensor_out_vector("curve", rows, curve),
      tensor_out_vector("best_holdout", n, blocks[4])};
  memcpy(out, all, sizeof all);
  return blocks[4] ? TENSORS : TENSORS - 1;
}

void train_state_save(TrainRun *r) {
  gint64 now = g_get_monotonic_time();
  if (!r->resume || now - r->saved < BETWEEN) return;
  size_t n = r->probex->n, m = r->task->counts[SPLIT_TRAIN];
  g_autofree float *order = order_floats(r, m), *curve = curve_floats(r->result->curve);
  const float *const blocks[BLOCKS] = {r->probex->block, r->m->block, r->v->block, r->best, r->best_holdout};
  TensorOut tensors[TENSORS];
  size_t parts = state_tensors(n, blocks, m, order, 3 * r->result->curve->len, curve, tensors);
  g_autofree char *key = g_strdup_printf("%016" PRIx64, r->key), *counters = counters_text(r);
  g_autofree char *check = check_text(tensors, parts, key, counters);
  const char *metadata[] = {"key", key, "counters", counters, "check", check, NULL};
  safetensors_write_quick(r->resume, tensors, parts, metadata, NULL);
  r->saved = now;
}

static bool take(WeightFile *f, const char *name, size_t n, float *dst) {
  gssize i = weight_file_find(f, name);
  return i >= 0 && weight_file_info(f, (size_t)i)->count == n && weight_file_read_f32(f, (size_t)i, 0, n, dst, NULL);
}

static bool take_counters(TrainRun *r, const char *text) {
  uint64_t step, s[4];
  unsigned epoch, best_epoch, held_out_epoch;
  double score, loss, training, held_out;
  if (!text ||
      sscanf(text, "%u %" SCNu64 " %la %la %la %u %la %u %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64, &epoch, &step,
             &score, &loss, &training, &best_epoch, &held_out, &held_out_epoch, &s[0], &s[1], &s[2], &s[3]) != 12)
    return false;
  if (best_epoch > epoch || held_out_epoch > epoch || !(s[0] | s[1] | s[2] | s[3]))
    return false; /* such a generator gives zeros for ever */
  r->epoch = epoch;
  r->step = step;
  r->best_score = score;
  r->best_loss = loss;
  r->training = training;
  r->result->best_epoch = best_epoch;
  r->best_holdout_score = held_out;
  r->result->held_out_epoch = held_out_epoch;
  memcpy(r->rng.s, s, sizeof s);
  return true;
}

static bool take_order(TrainRun *r, const float *order) {
  size_t n = r->task->counts[SPLIT_TRAIN];
  g_autofree unsigned char *seen = g_new0(unsigned char, r->task->models->len + 1);
  for (size_t i = 0; i < n; i++) { /* each training model once, and no other */
    if (!(order[i] >= 0 && order[i] < (float)r->task->models->len)) return false;
    size_t model = (size_t)order[i];
    if (seen[model]++ || r->task->split[model] != SPLIT_TRAIN) return false;
  }
  for (size_t i = 0; i < n; i++) r->members[SPLIT_TRAIN][i] = (size_t)order[i];
  return true;
}

static bool take_curve(TrainRun *r, const float *curve, size_t rows) {
  if (rows != 3 * (size_t)r->epoch) return false;
  for (unsigned i = 0; i < r->epoch; i++) {
    EpochRow e = {(double)curve[3 * i], (double)curve[3 * i + 1], (double)curve[3 * i + 2]};
    g_array_append_val(r->result->curve, e);
  }
  return true;
}

/* What a file holds, read once. */
typedef struct {
  size_t parts;                  /* how many blocks */
  float *blocks, *order, *curve; /* (parts, n), (training models), (rows) */
  size_t rows;
} State;

static void state_clear(State *s) {
  g_free(s->blocks);
  g_free(s->order);
  g_free(s->curve);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(State, state_clear)

static bool read_state(const TrainRun *r, WeightFile *f, State *s) {
  static const char *const names[BLOCKS] = {"w", "m", "v", "best", "best_holdout"};
  size_t n = r->probex->n, m = r->task->counts[SPLIT_TRAIN];
  gssize at = weight_file_find(f, "curve");
  s->parts = r->best_holdout ? BLOCKS : BLOCKS - 1;
  s->rows = at >= 0 ? weight_file_info(f, (size_t)at)->count : 0;
  if (at < 0 || s->rows > MOST_ROWS) return false;
  s->blocks = g_try_new(float, s->parts *n);
  s->order = g_new(float, m + 1);
  s->curve = g_new(float, s->rows + 1);
  bool ok = s->blocks != NULL;
  for (size_t i = 0; ok && i < s->parts; i++) ok = take(f, names[i], n, s->blocks + i * n);
  return ok && take(f, "order", m, s->order) && take(f, "curve", s->rows, s->curve);
}

/* True when the file's numbers are those that its checksum was made of, and all of them numbers. */
static bool is_whole(const TrainRun *r, WeightFile *f, const State *s) {
  size_t n = r->probex->n;
  GHashTable *facts = weight_file_metadata(f);
  const char *check = g_hash_table_lookup(facts, "check"), *key = g_hash_table_lookup(facts, "key");
  const char *counters = g_hash_table_lookup(facts, "counters");
  if (!check || !counters) return false;
  const float *blocks[BLOCKS] = {NULL};
  for (size_t i = 0; i < s->parts; i++) blocks[i] = s->blocks + i * n;
  TensorOut tensors[TENSORS];
  size_t parts = state_tensors(n, blocks, r->task->counts[SPLIT_TRAIN], s->order, s->rows, s->curve, tensors);
  g_autofree char *own = check_text(tensors, parts, key, counters);
  return strcmp(own, check) == 0 && first_not_finite(s->blocks, s->parts * n) == s->parts * n;
}

/* All or nothing: the file is read aside first. False when it is damaged; a whole one that is of no use, being of more
 * epochs than this run has, is left alone. */
static bool take_state(TrainRun *r, WeightFile *f) {
  size_t n = r->probex->n;
  g_auto(State) s = {0};
  if (!read_state(r, f, &s) || !is_whole(r, f, &s)) return false;
  TrainRun before = *r;
  if (!take_counters(r, g_hash_table_lookup(weight_file_metadata(f), "counters")) || r->epoch > r->options->epochs ||
      !take_order(r, s.order) || !take_curve(r, s.curve, s.rows)) {
    *r = before;
    r->result->best_epoch = 0;
    g_array_set_size(r->result->curve, 0);
    return true;
  }
  float *to[BLOCKS] = {r->probex->block, r->m->block, r->v->block, r->best, r->best_holdout};
  for (size_t i = 0; i < s.parts; i++) memcpy(to[i], s.blocks + i * n, n * sizeof *s.blocks);
  return true;
}

/* Keeps a damaged state where whoever wants to know can look at it, and says so. */
static void set_aside(TrainRun *r) {
  g_autofree char *aside = g_strconcat(r->resume, ".damaged", NULL);
  bool moved = g_rename(r->resume, aside) == 0;
  g_autofree char *shown = g_filename_display_name(moved ? aside : r->resume);
  r->result->state_note = g_strdup_printf(
      "the state of a run that was broken off is damaged and was not taken up: the "
      "training began anew (%s %s)",
      moved ? "kept as" : "it lies in", shown);
}

void train_state_load(TrainRun *r) {
  r->saved = g_get_monotonic_time();
  if (!r->resume || !g_file_test(r->resume, G_FILE_TEST_EXISTS)) return;
  g_autoptr(WeightFile) f = weight_file_open(r->resume, NULL);
  const char *key = f ? g_hash_table_lookup(weight_file_metadata(f), "key") : NULL;
  bool other = key && strtoull(key, NULL, 16) != r->key; /* of other options or models: it is written over */
  if (!other && !(key && take_state(r, f))) set_aside(r);
}

void train_state_drop(TrainRun *r) {
  if (r->resume) g_unlink(r->resume);
}
