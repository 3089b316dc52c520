/* SPDX-License-Identifier: Apache-2.0 */
/* Who trains and who tests: kin on one side, noise at chance, sides remembered by content, labels from anywhere. */
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#include "core/error.h"
#include "experts/measure/evaluation.h"
#include "experts/task/label_file.h"
#include "experts/task/task_private.h"
#include "experts/task/training_set.h"
#include "experts/train/train.h"
#include "numerics/hash.h"
#include "numerics/linalg.h"
#include "numerics/rng.h"
#include "tests/unit/expert_fixture.h"

enum { SIDE = 16, CELLS = SIDE * SIDE };
static const char *const words[] = {"fox", "cat", "owl", "oak"};

static void put_matrix(const Fixture *f, const char *path, const float *x, const char *concept, const char *note) {
  const TensorOut t = {"mid.weight", DTYPE_F32, 2, {SIDE, SIDE}, x};
  const char *const metadata[] = {"concept", concept, "note", note, NULL};
  put_tensors(f, path, &t, 1, metadata);
}

/* --- drawing ------------------------------------------------------------------------------------------ */

enum { N = 300, GROUPS = 150, LABELS = 10 };

static SplitPlan plan_of(size_t *group, size_t *label, SplitKey *key) {
  for (size_t i = 0; i < N; i++) {
    group[i] = i % GROUPS;
    label[i] = group[i] % LABELS;
    key[i] = (SplitKey){hash_mix(i), i};
  }
  return (SplitPlan){N, GROUPS, group, label, LABELS, key, 7};
}

static void test_draw(void) {
  size_t group[N], label[N], trains[LABELS] = {0}, held[LABELS] = {0}, count[SPLIT_COUNT] = {0};
  SplitKey key[N];
  TaskSplit split[N];
  SplitPlan plan = plan_of(group, label, key);
  split_draw(&plan, split);
  for (size_t i = 0; i < N; i++) {
    g_assert_cmpint(split[i], ==, split[i % GROUPS]); /* kin share their side */
    count[split[i]]++;
    trains[label[i]] += split[i] == SPLIT_TRAIN;
    held[label[i]] += split[i] == SPLIT_HOLDOUT;
  }
  size_t unseen = 0;
  for (size_t l = 0; l < LABELS; l++) {
    g_assert_true(held[l] == 0 || held[l] == N / LABELS); /* a label is held out whole */
    g_assert_true((held[l] > 0) == (trains[l] == 0));
    unseen += held[l] > 0;
  }
  g_assert_cmpuint(unseen, ==, 2);
  g_assert_true(count[SPLIT_VAL] >= 10 && count[SPLIT_VAL] <= 60);
  g_assert_true(count[SPLIT_TEST] >= 10 && count[SPLIT_TEST] <= 60);
}

static void test_record(void) {
  const SplitKey keys[] = {{1, 2}, {3, 4}, {3, 4}, {UINT64_MAX, 5}};
  const TaskSplit parts[] = {SPLIT_TEST, SPLIT_VAL, SPLIT_VAL, SPLIT_COUNT};
  g_autoptr(SplitRecord) r = split_record_new(keys, parts, 4);
  g_autofree float *packed = split_record_pack(r);
  g_autoptr(SplitRecord) back = split_record_unpack(packed, 4);
  const SplitKey asked[] = {{3, 4}, {9, 9}, {UINT64_MAX, 5}, {3, 4}, {1, 2}, {3, 4}};
  TaskSplit said[6];
  split_record_apply(back, asked, 6, said);
  g_assert_cmpint(said[0], ==, SPLIT_VAL);
  g_assert_cmpint(said[1], ==, SPLIT_COUNT);
  g_assert_cmpint(said[2], ==, SPLIT_COUNT);
  g_assert_cmpint(said[3], ==, SPLIT_VAL);
  g_assert_cmpint(said[4], ==, SPLIT_TEST);
  g_assert_cmpint(said[5], ==, SPLIT_COUNT); /* there were two of it, not three */
  packed[3] = 70000;
  g_assert_null(split_record_unpack(packed, 4));
}

/* --- noise -------------------------------------------------------------------------------------------- */

/* Noise with labels at random, each `copies` times under names that say nothing, blurred by `blur`. */
static void put_noise(const Fixture *f, unsigned models, unsigned copies, float blur) {
  Rng rng;
  rng_init(&rng, 11, 0);
  for (unsigned i = 0; i < models; i++) {
    float x[CELLS], y[CELLS];
    const char *word = words[rng_below(&rng, 4)];
    rng_fill_normal(&rng, x, CELLS, 1);
    for (unsigned c = 0; c < copies; c++) {
      for (int k = 0; k < CELLS; k++) y[k] = x[k] + (c ? blur * rng_normal(&rng) : 0);
      g_autofree char *path = g_strdup_printf("%c/m%u.safetensors", "ab"[c], c ? 7919 * i % 10007 : i);
      g_autofree char *note = g_strdup_printf("copy %u", c);
      put_matrix(f, path, y, word, note);
    }
  }
}

static void expect_chance(Fixture *f, TrainKind kind, unsigned models, KinReason reason) {
  g_autofree char *encoder = put_texts(f);
  TrainOptions o = TRAIN_DEFAULTS;
  o.kind = kind, o.encoder = encoder, o.epochs = 5, o.baselines = false;
  g_autoptr(GError) error = NULL;
  g_autoptr(TrainResult) r = expert_train(f->collection, f->models, &o, NULL, &error);
  g_assert_no_error(error);
  g_assert_cmpuint(r->expert->split->grouped, ==, reason == KIN_REASONS ? 0 : 2 * models);
  g_assert_cmpuint(r->expert->split->groups, ==, models);
  if (reason != KIN_REASONS) g_assert_cmpuint(r->joined[reason], ==, models);
  g_assert_cmpfloat(r->expert->test.low, <=, 0.25);
  g_assert_cmpfloat(r->expert->val.low, <=, 0.25);
  if (r->kernel)
    g_assert_cmpfloat(r->kernel->right[0], <, 0.5); /* the best of some ways; a copy beside would tell nearly all */
}

static void test_copies(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_noise(f, 120, 2, 0);
  scan(f);
  expect_chance(f, TRAIN_KERNEL, 120, KIN_COPY);
  expect_chance(f, TRAIN_PROBEX, 120, KIN_COPY);
}

static void test_near(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_noise(f, 120, 2, 0.7f); /* cosine .82 */
  scan(f);
  expect_chance(f, TRAIN_KERNEL, 120, KIN_NEAR);
  expect_chance(f, TRAIN_PROBEX, 120, KIN_NEAR);
}

static void test_noise_alone(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_noise(f, 120, 1, 0);
  scan(f);
  expect_chance(f, TRAIN_KERNEL, 120, KIN_REASONS);
}

/* Folders that say train and test do not help a copy of what was trained on. */
static void test_folders(Fixture *f, gconstpointer unused) {
  (void)unused;
  Rng rng;
  rng_init(&rng, 12, 0);
  for (int i = 0; i < 40; i++) {
    float x[CELLS];
    rng_fill_normal(&rng, x, CELLS, 1);
    g_autofree char *a = g_strdup_printf("train/m%d.safetensors", i), *b = g_strdup_printf("test/n%d.safetensors", i);
    put_matrix(f, a, x, words[i % 4], "a");
    if (i < 10) put_matrix(f, b, x, words[i % 4], "b");
    if (i == 39) put_matrix(f, "test/alone.safetensors", numbers, "fox", "c");
  }
  scan(f);
  g_autofree char *encoder = put_texts(f);
  g_autoptr(TextEncoder) e = text_encoder_open(encoder, NULL);
  TaskOptions o = {.tree = -1, .encoder = e, .collection = f->collection};
  g_autoptr(Task) t = task_new(f->models, &o, NULL);
  g_assert_nonnull(t);
  g_assert_cmpuint(t->counts[SPLIT_TEST], ==, 1);
  g_assert_cmpuint(t->counts[SPLIT_TRAIN] + t->counts[SPLIT_VAL], ==, 40);
  g_assert_cmpuint(t->counts[SPLIT_VAL], >=, 2); /* taken from training, for there is no folder of it */
  g_assert_true(t->val_drawn && !t->drawn);
  const LeftOut *out = t->left_out->pdata[0];
  g_assert_cmpuint(out->count, ==, 10);
}

/* --- remembered ---------------------------------------------------------------------------------------- */

static void put_tellable(const Fixture *f, const char *path, unsigned concept, Rng *rng) {
  float x[CELLS];
  rng_fill_normal(rng, x, CELLS, 1);
  for (int k = 0; k < 6; k++) x[concept * SIDE + k] += 1.2f;
  put_matrix(f, path, x, words[concept], "-");
}

static Evaluation *judge(const Fixture *f, const Expert *x) {
  g_autoptr(GError) error = NULL;
  Evaluation *e = evaluation_new(f->collection, f->models, x, NULL, &error);
  g_assert_no_error(error);
  return e;
}

/* An expert's figures stay when its models are renamed and moved, and when others come. */
static void test_renamed(Fixture *f, gconstpointer unused) {
  (void)unused;
  Rng rng;
  rng_init(&rng, 13, 0);
  for (unsigned i = 0; i < 160; i++) {
    g_autofree char *path = g_strdup_printf("m%u.safetensors", i);
    put_tellable(f, path, i % 4, &rng);
  }
  scan(f);
  g_autofree char *encoder = put_texts(f);
  TrainOptions o = TRAIN_DEFAULTS;
  o.kind = TRAIN_KERNEL, o.encoder = encoder;
  g_autoptr(TrainResult) r = expert_train(f->collection, f->models, &o, NULL, NULL);
  g_assert_true(r && r->expert->test.n > 5 && r->expert->test.top1 < 1);
  g_autoptr(Evaluation) before = judge(f, r->expert);
  g_assert_cmpfloat(before->seen.score.top1, ==, r->expert->test.top1);
  for (unsigned i = 0; i < 160; i++) {
    g_autofree char *old = g_strdup_printf("%s/m%u.safetensors", f->root, i);
    g_autofree char *path = g_strdup_printf("other/z%u/model.safetensors", 1000 - i), *new = place(f, path);
    g_assert_cmpint(g_rename(old, new), ==, 0);
  }
  for (unsigned i = 0; i < 30; i++) {
    g_autofree char *path = g_strdup_printf("new%u.safetensors", i);
    put_tellable(f, path, (i + 1) % 4, &rng);
  }
  scan(f);
  g_assert_cmpuint(f->models->len, ==, 190);
  g_autoptr(Expert) x = expert_load(r->expert->path, NULL);
  g_autoptr(Evaluation) after = judge(f, x);
  g_assert_cmpuint(after->seen.score.n, ==, before->seen.score.n);
  g_assert_cmpfloat(after->seen.score.top1, ==, before->seen.score.top1);
  g_assert_cmpfloat(after->threshold, ==, before->threshold);
  g_assert_cmpfloat(after->seen.ece, ==, before->seen.ece);
  g_assert_cmpfloat(after->seen.score.control, ==, before->seen.score.control);
}

/* Neither does naming the folders anew change a figure where these were the labels. */
static void test_renamed_folders(Fixture *f, gconstpointer unused) {
  (void)unused;
  Rng rng;
  rng_init(&rng, 15, 0);
  for (unsigned i = 0; i < 160; i++) {
    g_autofree char *path = g_strdup_printf("%s/m%u.safetensors", words[i % 4], i);
    put_tellable(f, path, i % 4, &rng);
  }
  scan(f);
  g_autofree char *encoder = put_texts(f);
  TrainOptions o = TRAIN_DEFAULTS;
  o.kind = TRAIN_KERNEL, o.encoder = encoder, o.label_key = "folder";
  g_autoptr(TrainResult) r = expert_train(f->collection, f->models, &o, NULL, NULL);
  g_assert_nonnull(r);
  g_autoptr(Evaluation) before = judge(f, r->expert);
  g_assert_cmpuint(before->seen.score.n, >, 5);
  g_autofree char *old = place(f, words[1]), *new = place(f, "another name");
  g_assert_cmpint(g_rename(old, new), ==, 0);
  scan(f);
  g_autoptr(Expert) x = expert_load(r->expert->path, NULL);
  g_autoptr(Evaluation) after = judge(f, x);
  g_assert_cmpuint(after->seen.score.n, ==, before->seen.score.n);
  g_assert_cmpfloat(after->seen.score.top1, ==, before->seen.score.top1);
  g_assert_cmpfloat(after->seen.ece, ==, before->seen.ece);
}

/* What trained is known again in a file that was renamed or copied; other models, and those that tested, are not. */
static void test_trained(Fixture *f, gconstpointer unused) {
  (void)unused;
  Rng rng;
  rng_init(&rng, 14, 0);
  put_tellable(f, "train.safetensors", 0, &rng);
  put_tellable(f, "test.safetensors", 1, &rng);
  scan(f);
  const SplitKey keys[] = {task_content(f->collection, model_at(f, "train.safetensors")),
                           task_content(f->collection, model_at(f, "test.safetensors"))};
  const TaskSplit parts[] = {SPLIT_TRAIN, SPLIT_TEST};
  g_autoptr(SplitRecord) record = split_record_new(keys, parts, 2);
  g_autofree char *old = place(f, "train.safetensors"), *new = place(f, "moved/away.safetensors");
  g_autofree char *bytes = NULL;
  gsize n = 0;
  g_assert_true(g_file_get_contents(old, &bytes, &n, NULL));
  g_assert_true(g_file_set_contents(new, bytes, (gssize)n, NULL));
  put_tellable(f, "new.safetensors", 2, &rng);
  scan(f);
  g_autoptr(TrainingSet) set = training_set_new(f->collection, record);
  g_assert_cmpint(training_set_tell(set, model_at(f, "train.safetensors")), ==, TRAINED_ON);
  g_assert_cmpint(training_set_tell(set, model_at(f, "moved/away.safetensors")), ==, TRAINED_ON);
  g_assert_cmpint(training_set_tell(set, model_at(f, "test.safetensors")), ==, TRAINED_NOT);
  g_assert_cmpint(training_set_tell(set, model_at(f, "new.safetensors")), ==, TRAINED_NOT);
  g_autoptr(TrainingSet) nothing = training_set_new(f->collection, NULL);
  g_assert_cmpint(training_set_tell(nothing, model_at(f, "train.safetensors")), ==, TRAINED_NOT_KNOWN);
}

/* --- labels -------------------------------------------------------------------------------------------- */

static LabelSource *labels_from(const Fixture *f, const char *source, bool single, GError **error) {
  LabelRequest r = {.source = source, .single = single};
  return label_source_new(f->models, &r, error);
}

static void test_label_sources(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_matrix(f, "red fox/train/Fox_lora-v2.safetensors", numbers, "a", "x");
  put_matrix(f, "castle/m1.safetensors", numbers, "b", "y");
  put_matrix(f, "castle/m2.safetensors", numbers, "['a', 'b']", "y");
  scan(f);
  g_autoptr(LabelSource) folder = labels_from(f, "folder", true, NULL);
  g_autoptr(LabelSource) name = labels_from(f, "name", true, NULL);
  g_autoptr(LabelSource) many = labels_from(f, "concept", false, NULL);
  const Model *fox = model_at(f, "red fox/train/Fox_lora-v2.safetensors"), *m2 = model_at(f, "castle/m2.safetensors");
  g_assert_cmpstr(label_source_first(folder, fox), ==, "red fox");
  g_assert_cmpstr(label_source_first(folder, m2), ==, "castle");
  g_assert_cmpstr(label_source_first(name, fox), ==, "fox");
  g_assert_null(label_source_first(name, m2));
  g_assert_cmpuint(label_source_all(many, m2)->len, ==, 2);
  g_autoptr(GError) error = NULL;
  g_assert_null(labels_from(f, "hand", true, &error));
  g_assert_error(error, COPSE_ERROR, COPSE_ERROR_TOO_FEW);
}

static void test_label_file(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_matrix(f, "a/m1.safetensors", numbers, "-", "x");
  put_matrix(f, "b/m2.safetensors", numbers, "-", "y");
  put_matrix(f, "c/m2.safetensors", numbers, "-", "z");
  scan(f);
  g_autofree char *table = g_build_filename(f->top, "labels.csv", NULL), *source = g_strconcat("@", table, NULL);
  g_file_set_contents(table, "path,label\nm1,\"fox, red\"\nb/m2.safetensors,owl\r\nm2,oak\nnobody,cat\n", -1, NULL);
  g_autoptr(LabelSource) s = labels_from(f, source, true, NULL);
  g_assert_cmpstr(label_source_first(s, model_at(f, "a/m1.safetensors")), ==, "fox, red");
  g_assert_cmpstr(label_source_first(s, model_at(f, "b/m2.safetensors")), ==, "owl");
  g_assert_null(label_source_first(s, model_at(f, "c/m2.safetensors")));
  g_assert_cmpuint(s->warnings->len, ==, 2);
  g_assert_nonnull(strstr(s->warnings->pdata[1], "nobody"));
  g_file_set_contents(table, "m1,fox\nm1,owl\n", -1, NULL);
  g_autoptr(GError) error = NULL;
  g_assert_null(labels_from(f, source, true, &error));
  g_assert_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT);
  g_assert_true(strstr(error->message, "line 1") && strstr(error->message, "line 2"));
  g_autoptr(LabelSource) both = labels_from(f, source, false, NULL);
  g_assert_cmpuint(label_source_all(both, model_at(f, "a/m1.safetensors"))->len, ==, 2);
}

/* What the table says of m1, or NULL. */
static char *label_of_table(Fixture *f, const char *text, gssize n) {
  g_autofree char *table = g_build_filename(f->top, "labels.csv", NULL), *source = g_strconcat("@", table, NULL);
  g_file_set_contents(table, text, n, NULL);
  g_autoptr(LabelSource) s = labels_from(f, source, true, NULL);
  return s ? g_strdup(label_source_first(s, model_at(f, "a/m1.safetensors"))) : NULL;
}

static void test_label_tables(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_matrix(f, "a/m1.safetensors", numbers, "-", "x");
  scan(f);
  static const char *const right[] = {"a/m1.safetensors;fox",
                                      "# mine, all\na/m1.safetensors\tfox",
                                      "./a/m1.safetensors,fox\r",
                                      "a\\m1.safetensors,fox",
                                      "C:\\loras\\a\\m1.safetensors,fox",
                                      "/home/me/a/m1.safetensors,fox",
                                      "x,y\ra/m1.safetensors,fox\r",
                                      "label,path\nfox,m1\n",
                                      "id;file_name;n;Concept\n3;m1;9;fox\n",
                                      "who,label\nm1,fox\n"};
  for (size_t i = 0; i < G_N_ELEMENTS(right); i++) {
    g_autofree char *label = label_of_table(f, right[i], -1);
    g_assert_cmpstr(label, ==, "fox");
  }
  g_autofree char *elsewhere = label_of_table(f, "/home/me/m1.safetensors,fox", -1);
  g_assert_null(elsewhere);
  g_autofree char *other = label_of_table(f, "b/m1.safetensors,fox", -1);
  g_assert_null(other);
  g_autofree char *wide = label_of_table(f, "\xff\xfem\0001\000,\0f\0o\0x\0", 14);
  g_assert_cmpstr(wide, ==, "fox");
}

static void test_label_lines_told(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_matrix(f, "a/m1.safetensors", numbers, "-", "x");
  scan(f);
  g_autoptr(GString) text = g_string_new("m1,fox\n");
  for (int i = 0; i < 25; i++) g_string_append_printf(text, "nobody%d,cat\n", i);
  g_autofree char *table = g_build_filename(f->top, "labels.csv", NULL), *source = g_strconcat("@", table, NULL);
  g_file_set_contents(table, text->str, -1, NULL);
  g_autoptr(LabelSource) s = labels_from(f, source, true, NULL);
  g_assert_cmpuint(s->warnings->len, ==, 21);
  g_assert_nonnull(strstr(s->warnings->pdata[20], "5 lines more"));
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  linalg_set_threads(1);
  g_test_add_func("/sides/draw", test_draw);
  g_test_add_func("/sides/record", test_record);
  add_test("/sides", "noise/copies", test_copies);
  add_test("/sides", "noise/near", test_near);
  add_test("/sides", "noise/alone", test_noise_alone);
  add_test("/sides", "folders", test_folders);
  add_test("/sides", "renamed", test_renamed);
  add_test("/sides", "renamed/folders", test_renamed_folders);
  add_test("/sides", "trained", test_trained);
  add_test("/sides", "labels/sources", test_label_sources);
  add_test("/sides", "labels/file", test_label_file);
  add_test("/sides", "labels/tables", test_label_tables);
  add_test("/sides", "labels/lines", test_label_lines_told);
  return g_test_run();
}
