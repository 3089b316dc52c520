/* SPDX-License-Identifier: Apache-2.0 */
/* What folders hold when downloads stopped half way, names were changed by hand and two models share a place: never
 * fewer models than there are complete sets of weights. */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/collection_fixture.h"

#define HUB "models--o--n/snapshots/"

static const char index_of_two[] =
    "{\"weight_map\":{\"one\":\"model-00001-of-00002.safetensors\",\"two\":\"model-00002-of-00002.safetensors\"}}";

static void put_part(const Fixture *f, const char *path, const char *tensor) {
  const TensorOut t = {.name = tensor, .dtype = DTYPE_F32, .rank = 2, .shape = {2, 3}, .data = numbers};
  put_tensors(f, path, &t, 1, NULL);
}

static void put_age(const Fixture *f, const char *path, time_t seconds) {
  g_autofree char *full = place(f, path);
  const struct timespec times[2] = {{.tv_sec = seconds}, {.tv_sec = seconds}};
  g_assert_cmpint(utimensat(AT_FDCWD, full, times, 0), ==, 0);
}

static const char *value(const Model *m, const char *key) {
  const char *v = model_value(m, key);
  return v ? v : "";
}

/* --- Hub repositories ------------------------------------------------------------------------- */

static void test_missing_ref(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_full(f, HUB "aaa/model.safetensors");
  put_text(f, "models--o--n/refs/main", "zzz");
  scan(f);
  g_assert_cmpuint(f->models->len, ==, 1);
  const Model *m = model_at(f, HUB "aaa");
  g_assert_nonnull(strstr(value(m, "revision_note"), "refs/main names zzz, which is not here"));
}

static void test_bare_ref(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_full(f, HUB "aaa/model.safetensors");
  put_text(f, HUB "zzz/config.json", "{}");
  put_text(f, "models--o--n/refs/main", "zzz");
  scan(f);
  g_assert_cmpuint(f->models->len, ==, 1);
  g_assert_nonnull(strstr(value(model_at(f, HUB "aaa"), "revision_note"), "has no weights"));
}

/* Of three, the one that refs/main names lacks a part by its name alone; the newest whole one is read. */
static void test_half_ref(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_full(f, HUB "aaa/model.safetensors");
  put_full(f, HUB "bbb/model.safetensors");
  put_part(f, HUB "ccc/model-00001-of-00002.safetensors", "one");
  put_text(f, HUB "ccc/model.safetensors.index.json", index_of_two);
  put_text(f, "models--o--n/refs/main", "ccc");
  put_age(f, HUB "aaa", 1000);
  put_age(f, HUB "bbb", 2000);
  scan(f);
  g_assert_cmpuint(f->models->len, ==, 1);
  g_assert_nonnull(strstr(value(model_at(f, HUB "bbb"), "revision_note"), "lacks some"));
}

/* A pipeline of which one component never came. */
static void test_half_pipeline(Fixture *f, gconstpointer unused) {
  (void)unused;
  for (int i = 0; i < 2; i++) {
    g_autofree char *top = g_strconcat(HUB, i ? "zzz/" : "aaa/", NULL);
    const char *names[] = {"model_index.json", "unet/config.json", "vae/config.json",
                           "scheduler/scheduler_config.json"};
    for (size_t k = 0; k < G_N_ELEMENTS(names); k++) {
      g_autofree char *path = g_strconcat(top, names[k], NULL);
      put_text(f, path, "{}");
    }
    g_autofree char *unet = g_strconcat(top, "unet/diffusion_pytorch_model.safetensors", NULL);
    g_autofree char *vae = g_strconcat(top, "vae/diffusion_pytorch_model.safetensors", NULL);
    if (i == 0) put_full(f, unet);
    put_full(f, vae);
  }
  put_text(f, "models--o--n/refs/main", "zzz");
  scan(f);
  g_assert_cmpuint(f->models->len, ==, 1);
  g_assert_nonnull(strstr(value(model_at(f, HUB "aaa"), "revision_note"), "lacks some"));
}

/* Two files of one repository, fetched at two commits: both are models, and what both commits have is one. */
static void test_files_of_two_commits(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_full(f, HUB "aaa/small.safetensors");
  put_full(f, HUB "aaa/large.safetensors");
  put_full(f, HUB "bbb/large.safetensors");
  put_text(f, "models--o--n/refs/main", "bbb");
  scan(f);
  g_assert_cmpuint(f->models->len, ==, 2);
  g_assert_cmpstr(value(model_at(f, HUB "bbb"), "revision"), ==, "bbb");
  g_assert_cmpstr(value(model_at(f, HUB "aaa"), "revision"), ==, "aaa");
  g_assert_cmpstr(model_at(f, HUB "aaa")->file, ==, HUB "aaa/small.safetensors");
  scan(f);
  g_assert_cmpuint(f->sum.read, ==, 0);
}

/* The same model as other tools' files at another time is a revision; beside files of another kind it is a model. */
static void test_format_of_two_commits(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_part(f, HUB "aaa/model-00001-of-00002.safetensors", "one");
  put_part(f, HUB "aaa/model-00002-of-00002.safetensors", "two");
  put_full(f, HUB "bbb/model.safetensors");
  put_text(f, "models--o--n/refs/main", "bbb");
  put_full(f, "models--o--q/snapshots/aaa/model.safetensors");
  put_full(f, "models--o--q/snapshots/bbb/n-Q4.safetensors");
  put_text(f, "models--o--q/refs/main", "bbb");
  scan(f);
  g_assert_cmpuint(f->models->len, ==, 3);
  model_at(f, HUB "bbb");
  model_at(f, "models--o--q/snapshots/aaa");
  model_at(f, "models--o--q/snapshots/bbb");
}

/* --- two models in one folder ----------------------------------------------------------------- */

static void test_adapter_beside_base(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_full(f, "chat/model.safetensors");
  put_text(f, "chat/config.json", "{\"model_type\":\"llama\"}");
  put_lora(f, "chat/adapter_model.safetensors", "base_model.model.q.lora_A.weight", "base_model.model.q.lora_B.weight",
           2, NULL);
  put_text(f, "chat/adapter_config.json", "{\"peft_type\":\"LORA\",\"base_model_name_or_path\":\"acme/chat\"}");
  put_text(f, "chat/README.md", "---\nbase_model: acme/chat\nlicense: mit\n---\n");
  scan(f);
  g_assert_cmpuint(f->models->len, ==, 2);
  const Model *base = model_at(f, "chat"), *adapter = model_at(f, "chat/adapter_model.safetensors");
  g_assert_cmpint(base->kind, ==, MODEL_FULL);
  g_assert_null(model_base(base));
  g_assert_cmpstr(value(base, "license"), ==, "mit");
  g_assert_cmpint(adapter->kind, ==, MODEL_LORA);
  g_assert_cmpstr(model_base(adapter), ==, "acme/chat");
  g_assert_cmpstr(adapter->name, ==, "chat/adapter_model");
}

/* --- shards ----------------------------------------------------------------------------------- */

static void test_variant_parts(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_part(f, "v/X-00001-of-00002.fp16.safetensors", "one");
  put_part(f, "v/X-00002-of-00002.fp16.safetensors", "two");
  put_part(f, "d/X.00001-of-00002.safetensors", "one");
  put_part(f, "d/X.00002-of-00002.safetensors", "two");
  scan(f);
  g_assert_cmpuint(f->models->len, ==, 2);
  g_assert_cmpuint(model_at(f, "v/X-00001-of-00002.fp16.safetensors")->tensors, ==, 2);
  g_assert_cmpuint(model_at(f, "d/X.00001-of-00002.safetensors")->tensors, ==, 2);
}

/* The index alone says which files belong together. */
static void test_other_names(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_part(f, "n/front.safetensors", "one");
  put_part(f, "n/back.safetensors", "two");
  put_full(f, "n/lone.safetensors");
  put_text(f, "n/model.safetensors.index.json",
           "{\"weight_map\":{\"one\":\"front.safetensors\",\"two\":\"back.safetensors\"}}");
  scan(f);
  g_assert_cmpuint(f->skipped->len, ==, 0);
  g_assert_cmpuint(f->models->len, ==, 2);
  g_assert_cmpuint(model_at(f, "n/model.safetensors.index.json")->tensors, ==, 2);
  g_assert_cmpuint(model_at(f, "n/lone.safetensors")->tensors, ==, 2);
}

/* An index of another upload beside a set that its own names call complete. */
static void test_stale_index(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_part(f, "s/model-00001-of-00002.safetensors", "one");
  put_part(f, "s/model-00002-of-00002.safetensors", "two");
  put_text(f, "s/config.json", "{}");
  put_text(
      f, "s/model.safetensors.index.json",
      "{\"weight_map\":{\"one\":\"model-00001-of-00003.safetensors\",\"six\":\"model-00003-of-00003.safetensors\"}}");
  put_full(f, "w/model.safetensors");
  put_text(f, "w/config.json", "{}");
  put_text(f, "w/model.safetensors.index.json", index_of_two);
  put_part(f, "l/model-00001-of-00002.safetensors", "one");
  put_part(f, "l/model-00002-of-00002.safetensors", "two");
  put_part(f, "l/model-00003-of-00003.safetensors", "left");
  put_text(f, "l/model.safetensors.index.json", index_of_two);
  scan(f);
  g_assert_cmpuint(model_at(f, "s")->tensors, ==, 2);
  expect_reason(f, "s/model.safetensors.index.json", "missing");
  g_assert_cmpuint(model_at(f, "w")->tensors, ==, 2);
  g_assert_cmpuint(model_at(f, "l/model.safetensors.index.json")->tensors, ==, 2);
  expect_reason(f, "l/model-00003-of-00003.safetensors", "1 is there");
  g_assert_cmpuint(f->models->len, ==, 3);
}

/* --- rows ------------------------------------------------------------------------------------- */

static void test_pieces(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_text(f, "a/Tiny.Q8_0.gguf.part1of2", "GGUF");
  put_text(f, "a/Tiny.Q8_0.gguf.part2of2", "x");
  put_text(f, "b/big.gguf-split-a", "GGUF");
  put_text(f, "b/big.safetensors.001", "x");
  put_text(f, "b/big.bin.partaa", "x");
  put_text(f, "b/notes.txt.001", "x");
  put_text(f, "b/my.partner", "x");
  scan(f);
  g_assert_cmpuint(f->models->len, ==, 0);
  expect_reason(f, "a/Tiny.Q8_0.gguf.part1of2", "piece of Tiny.Q8_0.gguf");
  expect_reason(f, "a/Tiny.Q8_0.gguf.part2of2", "join");
  expect_reason(f, "b/big.gguf-split-a", "piece of big.gguf");
  expect_reason(f, "b/big.safetensors.001", "piece");
  expect_reason(f, "b/big.bin.partaa", "piece");
  g_assert_cmpuint(f->skipped->len, ==, 5);
}

static void cut(const Fixture *f, const char *path, off_t left) {
  g_autofree char *full = place(f, path);
  g_assert_cmpint(truncate(full, left), ==, 0);
}

static void test_cut_files(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_full(f, "whole.safetensors");
  put_full(f, "tail.safetensors");
  put_full(f, "head.safetensors");
  GStatBuf st;
  g_autofree char *full = place(f, "whole.safetensors");
  g_assert_cmpint(g_stat(full, &st), ==, 0);
  cut(f, "tail.safetensors", st.st_size - 10);
  cut(f, "head.safetensors", 40);
  put_text(f, "page.safetensors", "<!DOCTYPE html><html><body>Log in</body></html>");
  scan(f);
  g_autofree char *of = g_strdup_printf("%d of %d bytes are there", (int)st.st_size - 10, (int)st.st_size);
  expect_reason(f, "tail.safetensors", of);
  expect_reason(f, "head.safetensors", "40 of at least");
  expect_reason(f, "page.safetensors", "web page");
}

static void test_closed_folder(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_full(f, "closed/model.safetensors");
  put_full(f, "open/model.safetensors");
  if (geteuid() == 0) {
    g_test_skip("root may enter every folder");
    return;
  }
  g_autofree char *full = place(f, "closed");
  g_assert_cmpint(g_chmod(full, 0), ==, 0);
  scan(f);
  g_assert_cmpint(g_chmod(full, 0700), ==, 0);
  g_assert_cmpuint(f->models->len, ==, 1);
  expect_reason(f, "closed", "cannot list the folder");
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  add_test("/folders", "missing-ref", test_missing_ref);
  add_test("/folders", "bare-ref", test_bare_ref);
  add_test("/folders", "half-ref", test_half_ref);
  add_test("/folders", "half-pipeline", test_half_pipeline);
  add_test("/folders", "files-of-two-commits", test_files_of_two_commits);
  add_test("/folders", "format-of-two-commits", test_format_of_two_commits);
  add_test("/folders", "adapter-beside-base", test_adapter_beside_base);
  add_test("/folders", "variant-parts", test_variant_parts);
  add_test("/folders", "other-names", test_other_names);
  add_test("/folders", "stale-index", test_stale_index);
  add_test("/folders", "pieces", test_pieces);
  add_test("/folders", "cut-files", test_cut_files);
  add_test("/folders", "closed-folder", test_closed_folder);
  return g_test_run();
}
