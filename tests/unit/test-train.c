/* SPDX-License-Identifier: Apache-2.0 */
/* Training on a small wood of which the answer is known: splits, curves, resuming, stores, baselines, evaluation. */
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#include "core/error.h"
#include "core/files.h"
#include "experts/measure/ensemble.h"
#include "experts/measure/evaluation.h"
#include "experts/probex/multiview.h"
#include "experts/train/preset.h"
#include "experts/train/train_auto.h"
#include "experts/task/task.h"
#include "experts/train/train.h"
#include "numerics/linalg.h"
#include "tests/unit/train_fixture.h"

static void test_train(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_wood(f);
  g_autofree char *encoder = put_texts(f);
  TrainOptions o = small_options(encoder);
  g_autoptr(TrainResult) r = train(f, &o, NULL);
  const Expert *x = r->expert;
  g_assert_cmpuint(r->models[0], ==, 24);
  g_assert_cmpuint(r->models[1], ==, 12);
  g_assert_cmpuint(r->models[2], ==, 12);
  g_assert_cmpuint(r->curve->len, ==, 15);
  g_assert_cmpfloat(x->val.top1, ==, 1);
  g_assert_cmpfloat(x->test.top1, ==, 1);
  g_assert_cmpuint(x->test_holdout.n, ==, 4);
  g_assert_cmpuint(x->labels->len, ==, 3);
  g_assert_true(r->has_baselines);
  g_assert_cmpfloat(r->baselines[BASELINE_DENSE].score[SPLIT_TEST].top1, ==, 1);
  g_assert_cmpfloat(g_array_index(r->curve, EpochRow, 14).loss, <, g_array_index(r->curve, EpochRow, 0).loss);
  g_assert_true(r->judged[0].n == 12 && r->judged[1].n == 4);
  for (unsigned i = 0; i < r->models[2]; i++) g_assert_cmpfloat(r->judged[0].right[i], ==, 1);
  g_autoptr(Expert) again = expert_trained_before(f->collection, f->models, &o);
  g_assert_cmpstr(again->path, ==, x->path);
  o.seed = 5; /* another run takes another name */
  g_assert_null(expert_trained_before(f->collection, f->models, &o));
  g_autoptr(TrainResult) other = train(f, &o, NULL);
  g_assert_cmpstr(other->expert->name, ==, "mid-align-2");
  g_autoptr(GPtrArray) all = expert_list(f->collection, NULL, NULL);
  g_assert_cmpuint(all->len, ==, 2);
  g_autoptr(GError) error = NULL;
  g_autoptr(Expert) found = expert_find(f->collection, "mid-align-2", &error);
  g_assert_cmpuint(found->seed, ==, 5);
  g_autoptr(Expert) best = expert_find(f->collection, NULL, &error);
  g_assert_cmpstr(best->name, ==, ((Expert *)all->pdata[0])->name);
  g_assert_null(expert_find(f->collection, "nobody", &error));
  g_assert_error(error, COPSE_ERROR, COPSE_ERROR_NOT_FOUND);
  Ensemble both;
  g_assert_true(ensemble_measure(f->collection, f->models, all, 2, NULL, &both, NULL));
  g_assert_cmpfloat(both.test.top1, ==, 1);
  o.task = EXPERT_CLASSIFY; /* it has a class for the concept that the others have kept apart */
  g_autoptr(TrainResult) classes = train(f, &o, NULL);
  g_ptr_array_add(all, g_steal_pointer(&classes->expert));
  g_clear_error(&error);
  g_assert_false(ensemble_measure(f->collection, f->models, all, 3, NULL, &both, &error));
  g_assert_nonnull(strstr(error->message, "the experts of an ensemble must have the same models and labels"));
}

/* The same seed gives the same numbers; no input form but raw, scaled and centred is lost on the way to disk. */
static void test_choices(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_wood(f);
  g_autofree char *encoder = put_texts(f);
  for (int k = 0; k < 7; k++) {
    TrainOptions o = small_options(encoder);
    o.baselines = false;
    if (k == 1) o.input = INPUT_RAW;
    if (k == 2) o.input = INPUT_SCALED;
    if (k == 3) o.half = true;
    if (k == 4) o.memory = 1;
    if (k == 5) o.compress = 0.999, o.layer = "#0";
    if (k == 6) o.schedule = SCHEDULE_CONSTANT, o.patience = 3, o.layer = NULL;
    g_autoptr(TrainResult) r = train(f, &o, NULL);
    g_assert_cmpfloat(r->expert->test.top1, >=, 0.75);
    g_assert_false(r->has_baselines);
    g_autoptr(Expert) kept = expert_load(r->expert->path, NULL);
    g_autoptr(Evaluation) e = evaluation_new(f->collection, f->models, kept, NULL, NULL);
    g_assert_cmpfloat(e->seen.score.top1, ==, r->expert->test.top1);
  }
}

/* Sleeps once so that the state is written, then stops the run some epochs later. */
typedef struct {
  CancelToken token;
  unsigned notes, stop;
} Breaker;

static void on_note(void *user, const ProgressNote *note) {
  Breaker *b = user;
  if (strcmp(note->phase, "training") != 0) return;
  b->notes++;
  if (b->notes == b->stop / 2) g_usleep(2100000);
  if (b->notes == b->stop) cancel_token_set(&b->token);
}

/* A run that was stopped and taken up again gives the very numbers of an unbroken one. */
static void expect_resumed(Fixture *f, const char *encoder, TrainKind kind) {
  TrainOptions o = small_options(encoder);
  o.kind = kind;
  o.baselines = false;
  Breaker b = {.stop = 36};
  cancel_token_init(&b.token);
  const Progress progress = {.cancel = &b.token, .notify = on_note, .user = &b};
  g_autoptr(GError) error = NULL;
  g_assert_null(expert_train(f->collection, f->models, &o, &progress, &error));
  g_assert_error(error, COPSE_ERROR, COPSE_ERROR_CANCELLED);
  g_autofree char *state = g_build_filename(
      f->state, "training", kind == TRAIN_MULTIVIEW ? "mid-views-align.state" : "mid-align.state", NULL);
  g_assert_true(g_file_test(state, G_FILE_TEST_EXISTS));
  Breaker count = {0};
  cancel_token_init(&count.token);
  const Progress counting = {.notify = on_note, .user = &count};
  g_autoptr(TrainResult) resumed = train(f, &o, &counting);
  g_assert_false(g_file_test(state, G_FILE_TEST_EXISTS));
  g_assert_cmpuint(resumed->curve->len, ==, 15);
  g_assert_cmpuint(count.notes, <, 15 * 4); /* some epochs were not run again */
  g_unlink(resumed->expert->path);
  g_autoptr(TrainResult) whole = train(f, &o, NULL);
  g_assert_cmpmem(whole->expert->probex->block, whole->expert->probex->n * 4, resumed->expert->probex->block,
                  resumed->expert->probex->n * 4);
}

static void test_resume(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_wood(f);
  g_autofree char *encoder = put_texts(f);
  expect_resumed(f, encoder, TRAIN_PROBEX);
  expect_resumed(f, encoder, TRAIN_MULTIVIEW);
}

/* Leaves the state of a run that was stopped; returns its path. */
static char *stopped_state(Fixture *f, const TrainOptions *o) {
  Breaker b = {.stop = 36};
  cancel_token_init(&b.token);
  const Progress progress = {.cancel = &b.token, .notify = on_note, .user = &b};
  g_assert_null(expert_train(f->collection, f->models, o, &progress, NULL));
  char *state = g_build_filename(f->state, "training", "mid-align.state", NULL);
  g_assert_true(g_file_test(state, G_FILE_TEST_EXISTS));
  return state;
}

/* What a failing disk leaves: half a file, a page of zeros, numbers that are none, other numbers. */
static void damage(const char *path, int how) {
  char *bytes;
  gsize n;
  g_assert_true(g_file_get_contents(path, &bytes, &n, NULL));
  const float nan = NAN;
  if (how == 1) memset(bytes + n / 2, 0, 64);
  if (how == 2) memcpy(bytes + n / 2 / 4 * 4, &nan, sizeof nan);
  if (how == 3) bytes[n / 2] ^= 1;
  g_assert_true(g_file_set_contents(path, bytes, (gssize)(how == 0 ? n / 2 : n), NULL));
  g_free(bytes);
}

/* A damaged state is set aside with a word; the run begins anew, and no expert that is there is touched. */
static void test_damaged(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_wood(f);
  g_autofree char *encoder = put_texts(f);
  TrainOptions o = small_options(encoder);
  o.baselines = false;
  g_autoptr(TrainResult) whole = train(f, &o, NULL);
  g_assert_null(whole->state_note);
  for (int how = 0; how < 4; how++) {
    g_autofree char *state = stopped_state(f, &o), *aside = g_strconcat(state, ".damaged", NULL);
    damage(state, how);
    g_autoptr(TrainResult) r = train(f, &o, NULL);
    g_assert_nonnull(strstr(r->state_note, "damaged"));
    g_assert_true(g_file_test(aside, G_FILE_TEST_EXISTS));
    g_assert_cmpuint(r->curve->len, ==, 15);
    g_assert_cmpstr(r->expert->path, ==, whole->expert->path);
    g_autoptr(Expert) x = expert_load(r->expert->path, NULL);
    g_assert_cmpmem(x->probex->block, x->probex->n * 4, whole->expert->probex->block, x->probex->n * 4);
    g_unlink(aside);
  }
}

/* The published set-up, at a small size: cosines, texts as they are, and two checkpoints. */
static void test_published(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_wood(f);
  Rng rng;
  rng_init(&rng, 8, 0);
  for (int i = 0; i < 6; i++) {
    g_autofree char *path = g_strdup_printf("val_holdout/m-%d.safetensors", i);
    put_noisy(f, path, 3, &rng);
  }
  scan(f);
  g_autofree char *encoder = put_texts(f);
  for (int views = 0; views < 2; views++) {
    TrainOptions o = small_options(encoder);
    o.kind = views ? TRAIN_MULTIVIEW : TRAIN_AUTO;
    g_assert_true(preset_apply("published", &o, NULL));
    g_assert_true(o.kind == (views ? TRAIN_MULTIVIEW : TRAIN_PROBEX) && o.batch == 128 && o.rep == 512 &&
                  o.every == 10);
    o.epochs = 45, o.batch = 6, o.probes = o.proj = 4, o.rep = 8, o.lr = 1e-2f;
    g_autoptr(TrainResult) r = train(f, &o, NULL);
    g_assert_true(r->best_epoch % 10 == 0 || r->best_epoch == 45);
    g_assert_cmpfloat(r->expert->test.top1, >=, 0.9);
    g_assert_cmpfloat(*r->expert->probex->tau, ==, 0);
    g_assert_true(r->held_out && g_str_has_suffix(r->held_out->name, "-val_holdout"));
    g_autoptr(Expert) x = expert_load(r->held_out->path, NULL);
    g_assert_true(x->raw_text && x->seed == o.seed);
    for (size_t j = 0; j < x->probex->shape.d_text; j++) g_assert_cmpfloat(x->text_mean[j], ==, 0);
    g_autoptr(Evaluation) e = evaluation_new(f->collection, f->models, x, NULL, NULL);
    g_assert_cmpfloat(e->seen.score.top1, ==, x->test.top1);
  }
  TrainOptions o = small_options(NULL);
  o.task = EXPERT_CLASSIFY;
  g_assert_true(preset_apply("published", &o, NULL));
  g_assert_true(o.epochs == 500 && o.every == 25 && o.rep == 128 && o.input == INPUT_RAW && !o.cosines);
}

/* Several views learn what X X' tells, name their file for it, and say the same once they are read again. */
static void test_multiview(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_wood(f);
  g_autofree char *encoder = put_texts(f);
  TrainOptions o = small_options(encoder);
  o.kind = TRAIN_MULTIVIEW;
  g_autoptr(TrainResult) chosen = train(f, &o, NULL);
  g_assert_true(chosen->views_chosen);
  g_assert_cmpfloat(chosen->view_r2[SIDE_U], >, chosen->view_r2[SIDE_V] + 0.3); /* rows tell, columns do not */
  g_assert_cmpuint(chosen->expert->probex->shape.views & 1U << VIEW_XXTU, !=, 0);
  g_assert_cmpuint(chosen->expert->probex->shape.views & 1U << VIEW_XTXU, ==, 0);
  g_assert_cmpfloat(chosen->expert->test.top1, ==, 1);
  g_assert_cmpstr(chosen->expert->name, ==, "mid-views-align");
  o.views = 1U << VIEW_XXTU;
  for (int k = 0; k < 3; k++) {
    if (k == 1) o.task = EXPERT_CLASSIFY, o.epochs = 60;
    if (k == 2) o.views = VIEW_ALL, o.compress = 0.999;
    g_autoptr(TrainResult) r = train(f, &o, NULL);
    g_assert_false(r->views_chosen);
    g_assert_cmpfloat(score_headline(&r->expert->test), >, 0.9);
    g_autoptr(Expert) again = expert_load(r->expert->path, NULL);
    g_assert_cmpuint(again->probex->shape.views, ==, o.views);
    size_t bytes = (again->probex->n - 1) * sizeof(float); /* classes have no temperature */
    g_assert_cmpmem(again->probex->block, bytes, r->expert->probex->block, bytes);
    g_assert_cmpstr(expert_kind_name(again), ==, "multiview");
    g_autoptr(Evaluation) e = evaluation_new(f->collection, f->models, again, NULL, NULL);
    g_assert_cmpfloat(fabs(score_headline(&e->seen.score) - score_headline(&r->expert->test)), <, 0.05);
  }
  o.input = INPUT_SCALED;
  g_autoptr(GError) error = NULL;
  g_assert_null(expert_train(f->collection, f->models, &o, NULL, &error));
  g_assert_error(error, COPSE_ERROR, COPSE_ERROR_USAGE);
}

/* The closed form first, trained forms where they can win, and all of them told of. */
static void test_auto(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_wood(f);
  g_autofree char *encoder = put_texts(f);
  TrainOptions o = small_options(encoder);
  o.kind = TRAIN_AUTO;
  g_autoptr(TrainResult) easy = train(f, &o, NULL);
  g_assert_cmpstr(expert_kind_name(easy->expert), ==, "kernel");
  g_assert_nonnull(strstr(easy->not_tried, "the closed form is right so often that none could be told to be better"));
  g_assert_cmpuint(easy->trials->len, ==, 1);
  o.layer = "top"; /* noise: all are tried, and whatever is chosen is stored */
  g_autoptr(TrainResult) hard = train(f, &o, NULL);
  g_assert_null(hard->not_tried);
  g_assert_cmpuint(hard->trials->len, ==, 3);
  g_assert_true(hard->expert->path && g_file_test(hard->expert->path, G_FILE_TEST_EXISTS));
  Expert *a = expert_new(), *b = expert_new();
  a->val = score_none(), b->val = score_none();
  a->val.n = b->val.n = 100, a->val.top1 = 0.5, b->val.top1 = 0.53;
  g_assert_false(train_auto_wins(b, a)); /* within a standard error */
  b->val.top1 = 0.6;
  g_assert_true(train_auto_wins(b, a));
  expert_free(a);
  expert_free(b);
}

static void test_evaluation(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_wood(f);
  g_autofree char *encoder = put_texts(f);
  TrainOptions o = small_options(encoder);
  g_autoptr(TrainResult) r = train(f, &o, NULL);
  g_autoptr(Evaluation) e = evaluation_new(f->collection, f->models, r->expert, NULL, NULL);
  g_assert_cmpfloat(e->knn1, ==, 1);
  g_assert_cmpfloat(e->auc_knn, >, 0.9);
  g_assert_cmpfloat(e->auc_lw, >, 0.9);
  g_assert_cmpfloat(e->seen.map, ==, 1);
  g_assert_cmpfloat(e->seen.precision1, ==, 1);
  g_assert_cmpuint(e->classes->len, ==, 4); /* three seen, one not */
  g_assert_true(e->refused >= 0 && e->refused <= 1);
  g_assert_true(isfinite(e->floor) && isfinite(e->threshold));
  o.layer = "top"; /* noise: mistakes, which come with their counts */
  g_autoptr(TrainResult) poor = train(f, &o, NULL);
  g_autoptr(Evaluation) p = evaluation_new(f->collection, f->models, poor->expert, NULL, NULL);
  g_assert_cmpfloat(p->seen.score.top1, <, 0.8);
  g_assert_cmpuint(p->confusions->len, >, 0);
  unsigned last = G_MAXUINT;
  for (guint i = 0; i < p->confusions->len; i++) {
    const Confusion *c = &g_array_index(p->confusions, Confusion, i);
    g_assert_cmpstr(c->right, !=, c->said);
    g_assert_cmpuint(c->count, <=, last);
    last = c->count;
  }
}

static void test_classify(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_wood(f);
  TrainOptions o = small_options(NULL);
  o.task = EXPERT_CLASSIFY;
  o.epochs = 60;
  g_autoptr(TrainResult) r = train(f, &o, NULL);
  g_assert_cmpfloat(r->expert->test.accuracy, >, 0.9);
  g_assert_cmpuint(r->expert->labels->len, ==, 3);
  g_assert_cmpstr(r->expert->labels->pdata[0], ==, "cat"); /* by name */
  g_autoptr(Evaluation) e = evaluation_new(f->collection, f->models, r->expert, NULL, NULL);
  g_assert_cmpfloat(e->seen.score.accuracy, ==, r->expert->test.accuracy);
  g_assert_true(isnan(e->floor) && isnan(e->refused));
  g_assert_cmpuint(e->classes->len, ==, 3);
  Baseline b;
  g_autofree char *layer = NULL;
  g_assert_true(expert_baseline(f->collection, f->models, &o, BASELINE_STATNN, NULL, &b, &layer, NULL));
  g_assert_cmpstr(layer, ==, "mid");
}

static void expect_refused(Fixture *f, const TrainOptions *o, int code, const char *words) {
  g_autoptr(GError) error = NULL;
  g_assert_null(expert_train(f->collection, f->models, o, NULL, &error));
  g_assert_error(error, COPSE_ERROR, code);
  if (!strstr(error->message, words)) g_test_fail_printf("\"%s\" lacks \"%s\"", error->message, words);
}

static void test_refused(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_wood(f);
  g_autofree char *encoder = put_texts(f);
  const TrainOptions good = small_options(encoder);
  TrainOptions o = good;
  o.epochs = 0, expect_refused(f, &o, COPSE_ERROR_USAGE, "the number of epochs must be at least 1"), o = good;
  o.batch = 0, expect_refused(f, &o, COPSE_ERROR_USAGE, "the batch must be at least 1"), o = good;
  o.rep = 0, expect_refused(f, &o, COPSE_ERROR_USAGE, "probes, proj and rep must be at least 1"), o = good;
  o.lr = -1, expect_refused(f, &o, COPSE_ERROR_USAGE, "the learning rate must be above 0 and below 10"), o = good;
  o.out = "/nowhere/x.safetensors",
  expect_refused(f, &o, COPSE_ERROR_IO, "cannot write into /nowhere: name another place"), o = good;
  o.layer = "#9", expect_refused(f, &o, COPSE_ERROR_NOT_FOUND, " has 2 layers and no #9"), o = good;
  o.label_key = "nothing", expect_refused(f, &o, COPSE_ERROR_TOO_FEW, "too few labels: no model has one from"),
  o = good;
  o.tree = 7, expect_refused(f, &o, COPSE_ERROR_TOO_FEW, "too few labels"), o = good;
  o.kind = TRAIN_MULTIVIEW, o.input = INPUT_SCALED;
  expect_refused(f, &o, COPSE_ERROR_USAGE, "several views take raw layers, and bring their responses to one mean");
  g_autoptr(GError) error = NULL;
  g_assert_false(preset_apply("none", &o, &error));
  g_assert_error(error, COPSE_ERROR, COPSE_ERROR_USAGE);
  g_assert_true(preset_apply("sd_200", &o, NULL));
  g_assert_cmpuint(o.epochs, ==, 200);
}

static TaskSplit side_of(const Task *t, const Model *m) {
  for (guint i = 0; i < t->models->len; i++)
    if (t->models->pdata[i] == m) return t->split[i];
  return SPLIT_COUNT;
}

/* Without declared splits a tenth each goes to validation and test, by seed, whatever else is there. */
static void test_splits(Fixture *f, gconstpointer unused) {
  (void)unused;
  Rng rng;
  rng_init(&rng, 1, 0);
  for (int i = 0; i < 120; i++) {
    g_autofree char *path = g_strdup_printf("m%03d.safetensors", i);
    put_noisy(f, path, i % 3, &rng);
  }
  scan(f);
  const TaskOptions o = {.tree = -1, .seed = 4}, other = {.tree = -1, .seed = 5};
  g_autoptr(Task) t = task_new(f->models, &o, NULL), u = task_new(f->models, &other, NULL);
  g_assert_cmpuint(t->counts[SPLIT_TRAIN] + t->counts[SPLIT_VAL] + t->counts[SPLIT_TEST], ==, 120);
  g_assert_true(t->counts[SPLIT_VAL] >= 4 && t->counts[SPLIT_VAL] <= 22);
  g_assert_true(t->counts[SPLIT_TEST] >= 4 && t->counts[SPLIT_TEST] <= 22);
  unsigned moved = 0;
  for (guint i = 0; i < 120; i++) moved += side_of(t, f->models->pdata[i]) != side_of(u, f->models->pdata[i]);
  g_assert_cmpuint(moved, >, 0);
  g_ptr_array_remove_index(f->models, 0);
  g_autoptr(Task) fewer = task_new(f->models, &o, NULL);
  for (guint i = 0; i < 119; i++)
    g_assert_cmpint(side_of(fewer, f->models->pdata[i]), ==, side_of(t, f->models->pdata[i]));
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  linalg_set_threads(1);
  add_test("/train", "train", test_train);
  add_test("/train", "choices", test_choices);
  add_test("/train", "resume", test_resume);
  add_test("/train", "damaged", test_damaged);
  add_test("/train", "published", test_published);
  add_test("/train", "multiview", test_multiview);
  add_test("/train", "auto", test_auto);
  add_test("/train", "evaluation", test_evaluation);
  add_test("/train", "classify", test_classify);
  add_test("/train", "refused", test_refused);
  add_test("/train", "splits", test_splits);
  return g_test_run();
}
