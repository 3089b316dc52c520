/* SPDX-License-Identifier: Apache-2.0 */
/* Folders to models: every layout, what is skipped and why, and finding a model by name. */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/error.h"
#include "tests/unit/collection_fixture.h"

/* Nth value of a key, or NULL. */
static const char *nth(const Model *m, const char *key, guint n) {
  for (guint i = 0; i < m->facts->len; i++) {
    const Fact *fact = m->facts->pdata[i];
    if (strcmp(fact->key, key) == 0 && n-- == 0) return fact->value;
  }
  return NULL;
}

static void test_hub(Fixture *f, gconstpointer unused) {
  (void)unused;
  const char *repo = "hub/models--org--name/";
  g_autofree char *blob = g_strconcat(repo, "blobs/aaaa.safetensors", NULL);
  put_full(f, blob);
  put_text(f, "hub/models--org--name/blobs/bbbb.incomplete", "x");
  put_text(f, "hub/models--org--name/refs/main", "c0ffee\n");
  put_link(f, "hub/models--org--name/snapshots/c0ffee/model.safetensors", "../../blobs/aaaa.safetensors");
  put_full(f, "hub/models--org--name/snapshots/newer/model.safetensors");
  put_text(f, "hub/models--org--name/.no_exist/c0ffee/pytorch_model.bin", "");
  put_text(f, "hub/models--org--name/snapshots/c0ffee/README.md", "---\nlicense: mit\n---\n");
  put_full(f, "hub/models--solo/snapshots/abc/checkpoint-5/model.safetensors");
  scan(f);
  g_assert_cmpuint(f->models->len, ==, 2);
  const Model *m = model_at(f, "hub/models--org--name/snapshots/c0ffee");
  g_assert_cmpstr(m->name, ==, "org/name");
  g_assert_cmpstr(m->file, ==, "hub/models--org--name/snapshots/c0ffee/model.safetensors");
  g_assert_cmpstr(model_value(m, "license"), ==, "mit");
  g_assert_cmpstr(model_fact(m, "license")->source, ==, "card");
  g_assert_cmpstr(model_value(m, "repository"), ==, "org/name");
  m = model_at(f, "hub/models--solo/snapshots/abc/checkpoint-5/model.safetensors");
  g_assert_cmpstr(m->name, ==, "solo/checkpoint-5");
  g_assert_cmpuint(f->skipped->len, ==, 1);
  expect_reason(f, "hub/models--org--name/blobs/bbbb.incomplete", "not finished");
}

/* Without a usable refs/main the newest snapshot counts. */
static void test_hub_newest(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_full(f, "models--o--n/snapshots/old/model.safetensors");
  put_full(f, "models--o--n/snapshots/new/model.safetensors");
  put_text(f, "models--o--n/refs/main", "../../../elsewhere");
  g_autofree char *old = place(f, "models--o--n/snapshots/old");
  const struct timespec times[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
  g_assert_cmpint(utimensat(AT_FDCWD, old, times, 0), ==, 0);
  scan(f);
  g_assert_cmpuint(f->models->len, ==, 1);
  model_at(f, "models--o--n/snapshots/new");
}

static void test_pipeline(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_text(f, "sd/model_index.json", "{}");
  put_text(f, "sd/README.md", "---\nbase_model: org/sd\n---\n");
  put_text(f, "sd/unet/config.json", "{\"_class_name\":\"UNet\"}");
  put_full(f, "sd/unet/diffusion_pytorch_model.safetensors");
  put_text(f, "sd/unet/diffusion_pytorch_model.bin", "old");
  put_text(f, "sd/vae/config.json", "{}");
  put_full(f, "sd/vae/diffusion_pytorch_model.safetensors");
  put_lora(f, "sd/loras/fox.safetensors", down, up, 2, NULL);
  put_full(f, "sd-2/model.safetensors");
  scan(f);
  g_assert_cmpuint(f->models->len, ==, 3);
  g_assert_cmpuint(f->skipped->len, ==, 0);
  const Model *m = model_at(f, "sd");
  g_assert_cmpstr(m->name, ==, "sd");
  g_assert_cmpstr(m->file, ==, "sd/unet/diffusion_pytorch_model.safetensors");
  g_assert_cmpstr(model_base(m), ==, "org/sd");
  g_assert_cmpstr(model_value(m, "component"), ==, "unet");
  g_assert_cmpstr(model_value(m, "_class_name"), ==, "UNet");
  g_assert_cmpstr(nth(m, "other_weights", 1), ==, "sd/vae/diffusion_pytorch_model.safetensors");
  g_assert_cmpstr(model_at(f, "sd/loras/fox.safetensors")->name, ==, "fox");
}

static void test_configured_folder(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_text(f, "bert/config.json", "{\"model_type\":\"bert\",\"_name_or_path\":\"org/bert-base\"}");
  put_full(f, "bert/model.safetensors");
  put_text(f, "bert/pytorch_model.bin", "old");
  put_text(f, "bert/training_args.bin", "no weights");
  put_text(f, "bert/optimizer.pt", "no weights");
  put_text(f, "bert/rng_state_0.pth", "no weights");
  put_text(f, "peft/adapter_config.json", "{\"base_model_name_or_path\":\"org/b\",\"lora_alpha\":32,\"r\":2}");
  put_lora(f, "peft/adapter_model.safetensors", "base_model.model.q.lora_A.weight", "base_model.model.q.lora_B.weight",
           2, NULL);
  put_text(f, "many/config.json", "{}");
  put_full(f, "many/first.safetensors");
  put_full(f, "many/second.safetensors");
  put_text(f, "lone/config.json", "not json");
  put_full(f, "lone/chosen-name.safetensors");
  scan(f);
  g_assert_cmpuint(f->models->len, ==, 5);
  g_assert_cmpuint(f->skipped->len, ==, 0);
  const Model *m = model_at(f, "bert");
  g_assert_cmpstr(model_base(m), ==, "org/bert-base");
  g_assert_cmpstr(model_value(m, "other_weights"), ==, "bert/pytorch_model.bin");
  m = model_at(f, "peft");
  g_assert_cmpint(m->kind, ==, MODEL_LORA);
  g_assert_cmpfloat(m->scaling.alpha, ==, 32);
  g_assert_cmpstr(model_base(m), ==, "org/b");
  g_assert_cmpstr(model_at(f, "many/second.safetensors")->name, ==, "second");
  m = model_at(f, "lone");
  g_assert_cmpstr(m->file, ==, "lone/chosen-name.safetensors");
  g_assert_nonnull(model_fact(m, "problem"));
}

/* The best file is a pointer: the next one is taken, and the first has a row. */
static void test_fallback(Fixture *f, gconstpointer unused) {
  (void)unused;
  const char *pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n";
  put_text(f, "m/config.json", "{}");
  put_text(f, "m/model.safetensors", pointer);
  put_full(f, "m/diffusion_pytorch_model.safetensors");
  put_text(f, "alone.safetensors", pointer);
  scan(f);
  g_assert_cmpuint(f->models->len, ==, 1);
  g_assert_cmpstr(model_at(f, "m")->file, ==, "m/diffusion_pytorch_model.safetensors");
  expect_reason(f, "m/model.safetensors", "LFS pointer");
  expect_reason(f, "alone.safetensors", "LFS pointer");
  g_assert_null(strstr(reason_at(f, "alone.safetensors"), f->top));
}

static void test_root_model(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_full(f, "model.safetensors");
  scan(f);
  g_assert_cmpstr(model_at(f, "model.safetensors")->name, ==, "models");
  put_text(f, "config.json", "{}");
  scan(f);
  g_assert_cmpuint(f->models->len, ==, 1);
  g_assert_cmpstr(model_at(f, ".")->name, ==, "models");
  WeightFile *file = collection_open_weights(f->collection, f->models->pdata[0], NULL);
  g_assert_nonnull(file);
  weight_file_free(file);
}

/* One tensor of its own in each part. */
static void put_part(const Fixture *f, const char *path, const char *tensor) {
  const TensorOut t = {.name = tensor, .dtype = DTYPE_F32, .rank = 2, .shape = {2, 3}, .data = numbers};
  put_tensors(f, path, &t, 1, NULL);
}

/* Parts with an index are one model, read through the index; a folder with a configuration is
 * called by its own name. */
static void test_parts(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_part(f, "a/model-00001-of-00002.safetensors", "one");
  put_part(f, "a/model-00002-of-00002.safetensors", "two");
  put_text(f, "a/config.json", "{}");
  put_text(f, "a/model.safetensors.index.json",
           "{\"metadata\":{\"total_size\":48},\"weight_map\":{"
           "\"one\":\"model-00001-of-00002.safetensors\","
           "\"two\":\"model-00002-of-00002.safetensors\"}}");
  put_part(f, "k/model-1-of-2.safetensors", "one");
  put_part(f, "k/model-2-of-2.safetensors", "two");
  put_text(f, "k/model.safetensors.index.json",
           "{\"weight_map\":{\"one\":\"model-1-of-2.safetensors\","
           "\"two\":\"model-2-of-2.safetensors\"}}");
  put_part(f, "e/model-00001-of-00002.safetensors", "one");
  put_part(f, "e/model-00002-of-00002.safetensors", "two");
  put_full(f, "d/model-00001-of-00001.safetensors");
  put_full(f, "folds/net-1-of-2.safetensors");
  put_full(f, "folds/net-2-of-2.safetensors");
  scan(f);
  g_assert_cmpuint(f->skipped->len, ==, 0);
  g_assert_cmpuint(f->models->len, ==, 6);
  const Model *m = model_at(f, "a");
  g_assert_cmpstr(m->file, ==, "a/model.safetensors.index.json");
  g_assert_cmpstr(m->format, ==, "safetensors");
  g_assert_cmpuint(m->tensors, ==, 2);
  g_assert_cmpuint(m->params, ==, 12);
  g_assert_cmpstr(nth(m, "other_weights", 0), ==, "a/model-00001-of-00002.safetensors");
  g_assert_cmpstr(nth(m, "other_weights", 1), ==, "a/model-00002-of-00002.safetensors");
  g_assert_cmpuint(model_at(f, "k/model.safetensors.index.json")->tensors, ==, 2);
  m = model_at(f, "e/model-00001-of-00002.safetensors");
  g_assert_cmpuint(m->tensors, ==, 2);
  g_assert_cmpstr(m->name, ==, "e");
  g_assert_cmpstr(model_at(f, "d/model-00001-of-00001.safetensors")->name, ==, "d");
  model_at(f, "folds/net-2-of-2.safetensors");
  g_autoptr(WeightFile) file = collection_open_weights(f->collection, model_at(f, "a"), NULL);
  float x[6] = {1};
  g_assert_true(weight_file_read_f32(file, (size_t)weight_file_find(file, "two"), 0, 6, x, NULL));
  g_assert_cmpfloat(x[0], ==, 0);
  scan(f);
  g_assert_cmpuint(f->sum.read, ==, 0);
}

/* Parts that are not whole: the reason says what is missing, by bare names. */
static void test_parts_missing(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_text(f, "a/model.safetensors.index.json",
           "{\"weight_map\":{\"one\":\"model-00001-of-00002.safetensors\","
           "\"two\":\"model-00002-of-00002.safetensors\"}}");
  put_part(f, "a/model-00001-of-00002.safetensors", "one");
  put_full(f, "b/model-00001-of-00003.safetensors");
  put_text(f, "c/model.safetensors.index.json", "{}");
  put_text(f, "g/model-00001-of-00002.safetensors",
           "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n");
  put_part(f, "g/model-00002-of-00002.safetensors", "two");
  scan(f);
  g_assert_cmpuint(f->models->len, ==, 0);
  g_assert_cmpuint(f->skipped->len, ==, 4);
  expect_reason(f, "a/model.safetensors.index.json",
                "1 of 2 shards is missing (the first: model-00002-of-00002.safetensors)");
  expect_reason(f, "b/model-00001-of-00003.safetensors", "of which 1 is there");
  expect_reason(f, "c/model.safetensors.index.json", "no weight_map");
  expect_reason(f, "g/model-00001-of-00002.safetensors", "LFS pointer");
  for (guint i = 0; i < f->skipped->len; i++)
    g_assert_null(strstr(((const Skipped *)f->skipped->pdata[i])->reason, f->top));
}

static void test_model_j(Fixture *f, gconstpointer unused) {
  (void)unused;
  const char *lora = "SD_200/val_holdout/model_idx_0001/pytorch_lora_weights.safetensors";
  const char *vit = "SupViT/train/models--ProbeX--Model-J__SupViT__model_idx_0007/snapshots/f00";
  const char *const metadata[] = {
      "format", "pt", "imagenet_class_name", "tench", "pretrained_model_name_or_path", "CompVis/sd", "split",
      "test",   NULL};
  put_lora(f, lora, down, up, 4, metadata);
  put_text(f, "SD_200/val_holdout/model_idx_0001/README.md", "---\nlicense: mit\n---\n");
  put_text(f, "SD_200/val_holdout/model_idx_0001/training_images/0.png", "");
  g_autofree char *weights = g_build_filename(vit, "model.safetensors", NULL);
  put_full(f, weights);
  const char *const own_split[] = {"split", "test_holdout", NULL};
  put_lora(f, "loose/x.safetensors", down, up, 4, own_split);
  put_lora(f, "training/y.safetensors", down, up, 4, NULL);
  scan(f);
  g_assert_cmpuint(f->models->len, ==, 4);
  const Model *m = model_at(f, lora);
  g_assert_cmpstr(m->name, ==, "model_idx_0001");
  g_assert_cmpstr(model_split(m), ==, "val_holdout");
  g_assert_cmpstr(model_fact(m, "split")->source, ==, "folder");
  g_assert_cmpstr(model_base(m), ==, "CompVis/sd");
  g_assert_cmpstr(model_value(m, "license"), ==, "mit");
  g_assert_null(model_fact(m, "format"));
  g_assert_cmpstr(model_at(f, vit)->name, ==, "ProbeX/Model-J__SupViT__model_idx_0007");
  g_assert_cmpstr(model_split(model_at(f, vit)), ==, "train");
  g_assert_cmpstr(model_split(model_at(f, "loose/x.safetensors")), ==, "test_holdout");
  g_assert_null(model_split(model_at(f, "training/y.safetensors")));
  g_assert_cmpstr(models_label_key(f->models), ==, "imagenet_class_name");
}

/* A class id alone says what the class is called, what else, and what that is. */
static void test_class_ids(Fixture *f, gconstpointer unused) {
  (void)unused;
  const char *const fox[] = {"imagenet_class_id", "n02119789", NULL},
                    *const bad[] = {"imagenet_class_id", "n99999999", NULL},
                    *const named[] = {"imagenet_class_id", "n02119789", "imagenet_class_name", "my fox", NULL};
  put_lora(f, "fox.safetensors", down, up, 4, fox);
  put_lora(f, "bad.safetensors", down, up, 4, bad);
  put_lora(f, "named.safetensors", down, up, 4, named);
  scan(f);
  const Model *m = model_at(f, "fox.safetensors");
  g_assert_cmpstr(model_concept(m, NULL), ==, "kit fox");
  g_assert_cmpstr(model_concept(m, "imagenet_class_id"), ==, "kit fox");
  g_assert_cmpstr(model_value(m, "imagenet_class_names"), ==, "kit fox, Vulpes macrotis");
  g_assert_nonnull(strstr(model_value(m, "imagenet_class_definition"), "southwestern United States"));
  g_assert_cmpstr(model_concept(model_at(f, "bad.safetensors"), NULL), ==, "n99999999");
  g_assert_cmpstr(model_concept(model_at(f, "named.safetensors"), NULL), ==, "my fox");
}

static void test_kinds_and_counts(Fixture *f, gconstpointer unused) {
  (void)unused;
  const TensorOut token = {.name = "<s1>", .dtype = DTYPE_F32, .rank = 1, .shape = {768}, .data = numbers};
  const TensorOut vectors = {.name = "emb_params", .dtype = DTYPE_F16, .rank = 2, .shape = {2, 1024}, .data = numbers};
  const TensorOut bias = {.name = "a.bias", .dtype = DTYPE_F32, .rank = 1, .shape = {768}, .data = numbers};
  put_tensors(f, "token.safetensors", &token, 1, NULL);
  put_tensors(f, "vectors.safetensors", &vectors, 1, NULL);
  put_tensors(f, "bias.safetensors", &bias, 1, NULL);
  put_full(f, "full.safetensors");
  scan(f);
  g_assert_cmpint(model_at(f, "token.safetensors")->kind, ==, MODEL_EMBEDDING);
  g_assert_cmpint(model_at(f, "vectors.safetensors")->kind, ==, MODEL_EMBEDDING);
  g_assert_cmpint(model_at(f, "bias.safetensors")->kind, ==, MODEL_OTHER);
  const Model *m = model_at(f, "full.safetensors");
  g_assert_cmpint(m->kind, ==, MODEL_FULL);
  g_assert_cmpuint(m->tensors, ==, 2);
  g_assert_cmpuint(m->params, ==, 15);
  g_assert_cmpuint(m->dtypes[DTYPE_F32], ==, 1);
  g_assert_cmpuint(m->dtypes[DTYPE_F16], ==, 1);
  g_assert_cmpstr(m->format, ==, "safetensors");
  g_assert_true(isnan(m->scaling.alpha));
  g_assert_cmpint(m->tree, ==, -1);
}

/* One architecture has one hash, whatever the spelling and the rank. */
static void test_shapes(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_lora(f, "a.safetensors", down, up, 2, NULL);
  put_lora(f, "b.safetensors", "lora_unet_q.lora_down.weight", "lora_unet_q.lora_up.weight", 4, NULL);
  put_lora(f, "c.safetensors", "unet.k.lora.down.weight", "unet.k.lora.up.weight", 2, NULL);
  put_full(f, "d.safetensors");
  scan(f);
  const char *a = model_at(f, "a.safetensors")->shapes;
  g_assert_cmpuint(strlen(a), ==, 16);
  g_assert_cmpstr(a, ==, model_at(f, "b.safetensors")->shapes);
  g_assert_cmpstr(a, !=, model_at(f, "c.safetensors")->shapes);
  /* "fc\td\t3x4\n", by an independent computation: part of the catalog's format. */
  g_assert_cmpstr(model_at(f, "d.safetensors")->shapes, ==, "78b8961e60124043");
}

static void test_mess(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_full(f, "ok/good.safetensors");
  put_text(f, "two.safetensors", "\r\n");
  put_text(f, "empty.bin", "");
  put_text(f, "net.h5", "\x89HDF\r\n\x1a\n");
  put_text(f, "half.safetensors.incomplete", "x");
  put_text(f, "notes.txt", "nothing");
  put_text(f, "picture.png", "nothing");
  put_link(f, "broken.safetensors", "gone/away.safetensors");
  put_link(f, "broken.txt", "gone.txt");
  put_link(f, "self.pt", "self.pt");
  put_link(f, "ok/loop", "..");
  put_link(f, "twin", "ok");
  put_link(f, "outside", "/usr");
  put_link(f, "linked.safetensors", "ok/good.safetensors");
  g_autofree char *fifo = place(f, "pipe.safetensors");
  g_assert_cmpint(mkfifo(fifo, 0600), ==, 0);
  scan(f);
  g_assert_cmpuint(f->models->len, ==, 2);
  model_at(f, "ok/good.safetensors");
  model_at(f, "linked.safetensors");
  expect_reason(f, "two.safetensors", "too short");
  expect_reason(f, "empty.bin", "empty");
  expect_reason(f, "net.h5", "cut short");
  expect_reason(f, "half.safetensors.incomplete", "not finished");
  expect_reason(f, "broken.safetensors", "broken link to gone/away.safetensors");
  expect_reason(f, "self.pt", "link to self.pt");
  expect_reason(f, "ok/loop", "loop");
  expect_reason(f, "outside", "outside");
  expect_reason(f, "pipe.safetensors", "FIFO");
  g_assert_cmpuint(f->skipped->len, ==, 9);
}

static void test_unreadable(Fixture *f, gconstpointer unused) {
  (void)unused;
  if (geteuid() == 0) {
    g_test_skip("root may read everything");
    return;
  }
  put_full(f, "closed/m.safetensors");
  put_full(f, "shut.safetensors");
  g_autofree char *folder = place(f, "closed"), *file = place(f, "shut.safetensors");
  g_chmod(folder, 0);
  g_chmod(file, 0);
  scan(f);
  g_chmod(folder, 0755);
  g_assert_cmpuint(f->models->len, ==, 0);
  expect_reason(f, "closed", "cannot list");
  expect_reason(f, "shut.safetensors", g_strerror(EACCES));
}

static void test_hostile_names(Fixture *f, gconstpointer unused) {
  (void)unused;
  const char *const metadata[] = {"key\x1b[31m", "value\xe2\x80\xae", NULL};
  put_lora(f, "a\x1b]0;b\xe2\x80\xae.safetensors", down, up, 2, metadata);
  put_lora(f, "latin\xe9.safetensors", down, up, 2, NULL);
  put_link(f, "l.pt", "x\x1b[2J");
  scan(f);
  for (int again = 0; again < 2; again++) {
    g_assert_cmpuint(f->models->len, ==, 2);
    const Model *m = model_at(f, "a\x1b]0;b\xe2\x80\xae.safetensors");
    g_assert_cmpstr(m->shown, ==, "a\xef\xbf\xbd]0;b\xef\xbf\xbd.safetensors");
    g_assert_cmpstr(m->name, ==, "a\xef\xbf\xbd]0;b\xef\xbf\xbd");
    g_assert_cmpstr(model_value(m, "key\xef\xbf\xbd[31m"), ==, "value\xef\xbf\xbd");
    m = model_at(f, "latin\xe9.safetensors");
    g_assert_true(text_is_safe(m->shown, -1));
    g_autoptr(WeightFile) file = collection_open_weights(f->collection, m, NULL);
    g_assert_nonnull(file);
    g_assert_true(text_is_safe(reason_at(f, "l.pt"), -1));
    close_collection(f);
    scan(f);
    g_assert_cmpuint(f->sum.read, ==, 0);
  }
}

static void test_hostile_card(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_lora(f, "m.safetensors", down, up, 2, NULL);
  put_text(f, "README.md", "---\na: &a [x]\nb: [*a, *a]\nlicense: mit\n---\n");
  scan(f);
  const Model *m = model_at(f, "m.safetensors");
  g_assert_null(model_fact(m, "license"));
  g_assert_nonnull(strstr(model_value(m, "problem"), "aliases"));
  g_assert_cmpstr(model_fact(m, "problem")->source, ==, "card");
}

static void test_state_inside_root(Fixture *f, gconstpointer unused) {
  (void)unused;
  g_free(f->state);
  f->state = g_build_filename(f->root, ".copse", NULL);
  put_full(f, "a.safetensors");
  put_full(f, ".copse/experts/expert.safetensors");
  scan(f);
  g_assert_cmpuint(f->models->len, ==, 1);
}

/* Files of the real world, where they are at hand. */
static void test_real(Fixture *f, gconstpointer unused) {
  (void)unused;
  const char *real = g_getenv("COPSE_REAL_DIR");
  if (!real) {
    g_test_skip("COPSE_REAL_DIR is not set");
    return;
  }
  g_free(f->root);
  f->root = g_strdup(real);
  scan(f);
  g_assert_cmpuint(f->models->len, >, 0);
  for (guint i = 0; i < f->models->len; i++) {
    g_autoptr(WeightFile) file = collection_open_weights(f->collection, f->models->pdata[i], NULL);
    g_assert_nonnull(file);
  }
  scan(f);
  g_assert_cmpuint(f->sum.read, ==, 0);
}

int main(int argc, char **argv) {
  static const struct {
    const char *name;
    FixtureTest run;
  } tests[] = {
      {"hub", test_hub},
      {"hub-newest", test_hub_newest},
      {"pipeline", test_pipeline},
      {"configured-folder", test_configured_folder},
      {"fallback", test_fallback},
      {"root-model", test_root_model},
      {"parts", test_parts},
      {"parts-missing", test_parts_missing},
      {"model-j", test_model_j},
      {"model-j/class-ids", test_class_ids},
      {"kinds-and-counts", test_kinds_and_counts},
      {"shapes", test_shapes},
      {"mess", test_mess},
      {"unreadable", test_unreadable},
      {"hostile-names", test_hostile_names},
      {"hostile-card", test_hostile_card},
      {"state-inside-root", test_state_inside_root},
      {"real", test_real},
  };
  g_test_init(&argc, &argv, NULL);
  for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) add_test("/collection", tests[i].name, tests[i].run);
  return g_test_run();
}
