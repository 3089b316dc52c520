/* SPDX-License-Identifier: Apache-2.0 */
#include "experts/train/train_place.h"

#include <math.h>
#include <string.h>

#include "collection/stamp.h"
#include "core/files.h"
#include "experts/measure/evaluation.h"
#include "experts/train/train_run.h"
#include "numerics/hash.h"

char *train_expert_name(const char *layer, ExpertTask task, TrainKind kind) {
  const char *form = kind == TRAIN_MULTIVIEW ? "-views" : kind == TRAIN_KERNEL ? "-kernel" : "";
  char *name = g_strdup_printf("%s%s-%s", layer, form, expert_task_name(task));
  return g_strcanon(name, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "._-", '_');
}

uint64_t train_finished_key(uint64_t key, const TrainOptions *o) {
  return hash_name_step(key, o->epochs + ((uint64_t)o->patience << 32)) | 1;
}

/* The first of NAME, NAME-2, NAME-3, … that is free or holds the same run: an expert that was trained
 * otherwise is never written over. *free_name gets the name. */
char *train_free_path(const char *folder, const char *name, uint64_t run, char **free_name) {
  for (unsigned k = 1;; k++) {
    g_autofree char *numbered = k == 1 ? g_strdup(name) : g_strdup_printf("%s-%u", name, k);
    g_autofree char *file = g_strconcat(numbered, ".safetensors", NULL);
    char *path = g_build_filename(folder, file, NULL);
    bool there = g_file_test(path, G_FILE_TEST_EXISTS);
    /* Of many only the heads are read; one that may be it must be whole. */
    g_autoptr(Expert) other = there && expert_is_of_run(path, run) ? expert_load(path, NULL) : NULL;
    if (!there || (other && other->run == run)) {
      *free_name = g_steal_pointer(&numbered);
      return path;
    }
    g_free(path);
  }
}

/* "x-val_holdout.safetensors" for x.safetensors. */
static char *beside(const char *out, const char *suffix) {
  const char *ending = g_str_has_suffix(out, ".safetensors") ? ".safetensors" : "";
  g_autofree char *stem = g_strndup(out, strlen(out) - strlen(ending));
  return g_strconcat(stem, suffix, ending, NULL);
}

bool train_place(const Collection *collection, const TrainOptions *o, Expert *x, const char *suffix, GError **error) {
  g_autofree char *folder = expert_folder(collection);
  if (o->out) {
    x->path = beside(o->out, suffix);
    x->name = g_path_get_basename(x->path);
    return true;
  }
  bool all = x->kernel && !o->layer; /* of no one layer */
  TrainKind kind = x->probex->shape.views ? TRAIN_MULTIVIEW : x->kernel && !all ? TRAIN_KERNEL : TRAIN_PROBEX;
  g_autofree char *base = train_expert_name(all ? "kernel" : x->layer, x->task, kind);
  g_autofree char *name = g_strconcat(base, suffix, NULL);
  if (!folder || o->unplaced || collection_is_read_only(collection)) { /* lives as long as the program */
    x->name = g_steal_pointer(&name);
    return true;
  }
  x->path = train_free_path(folder, name, x->run, &x->name);
  return dir_make(folder, error);
}

/* Fits what the expert says of its own certainty. This computes all representations, which are kept. */
static bool calibrate(Collection *collection, const GPtrArray *models, Expert *x, const Progress *progress,
                      GError **error) {
  g_autoptr(Evaluation) e = evaluation_fit(collection, models, x, progress, error);
  if (!e) return false;
  x->temperature = e->temperature;
  x->threshold = e->threshold;
  x->floor = e->floor;
  x->answered = e->seen.answered;
  x->answered_right = e->seen.answered_right;
  return true;
}

uint64_t train_run_key(const Task *task, const TrainOptions *o, const TextEncoder *encoder,
                       const Collection *collection, const char *layer) {
  g_autofree char *text =
      g_strdup_printf("8|%d|%d|%d|%d|%d|%u|%u|%d|%d|%d|%d|%u|%s|%s|%s|%d|%u|%u|%u|%u|%a|%a|%a|%" G_GUINT64_FORMAT,
                      o->cosines, o->raw_text, o->val_holdout, o->ties_later, o->kind, o->views, o->every, o->task,
                      o->linear, o->half, o->input, o->schedule == SCHEDULE_LINEAR ? o->epochs : 0, layer, task->key,
                      encoder ? text_encoder_fingerprint(encoder) : "", o->tree, o->batch, o->probes, o->proj, o->rep,
                      (double)o->lr, train_weight_decay(o), o->compress, o->seed);
  uint64_t h = hash_name_bytes(HASH_NAME_BEGIN, text, strlen(text));
  for (guint i = 0; i < task->models->len; i++) {
    uint64_t stamp = model_stamp_hash(collection, task->models->pdata[i]);
    h = hash_name_bytes(hash_name_bytes(h, &stamp, sizeof stamp), &task->split[i], sizeof task->split[i]);
    const void *labels = task->has ? (const void *)(task->has + i * task->seen) : &task->target[i];
    h = hash_name_bytes(h, labels, task->has ? task->seen : sizeof task->target[i]);
  }
  for (guint i = 0; i < task->labels->len; i++)
    h = hash_name_bytes(h, task->labels->pdata[i], strlen(task->labels->pdata[i]) + 1);
  return h;
}

bool train_store(Collection *collection, const GPtrArray *models, const TrainOptions *o, Expert *x,
                 const Progress *progress, GError **error) {
  return (x->name || train_place(collection, o, x, "", error)) && calibrate(collection, models, x, progress, error) &&
         (!x->path || expert_save(x, x->path, error));
}

bool train_keep(const Collection *collection, const TrainOptions *o, Expert *x, GError **error) {
  g_clear_pointer(&x->name, g_free);
  g_clear_pointer(&x->path, g_free);
  return train_place(collection, o, x, "", error) && (!x->path || expert_save(x, x->path, error));
}
