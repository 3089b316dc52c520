/* SPDX-License-Identifier: Apache-2.0 */
/* Nothing outside the collection: one rule for weights, parts, cards, configurations and sidecars, whichever way a link
 * leads out. */
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collection/card_body.h"
#include "core/error.h"
#include "core/files.h"
#include "tests/unit/collection_fixture.h"

#define SECRET "---\nbase_model: secret/base\nlicense: secret\n---\nThe secret.\n"

/* A file beside the collection, in a folder of its own. */
static char *put_secret(const Fixture *f, const char *name, const char *text) {
  g_autofree char *folder = g_build_filename(f->top, "elsewhere", NULL);
  char *path = g_build_filename(folder, name, NULL);
  g_assert_cmpint(g_mkdir_with_parents(folder, 0755), ==, 0);
  g_assert_true(g_file_set_contents(path, text, -1, NULL));
  return path;
}

static bool mentions_secret(const Model *m) {
  for (guint i = 0; i < m->facts->len; i++)
    if (strstr(((const Fact *)m->facts->pdata[i])->value, "secret")) return true;
  return false;
}

static void test_facts(Fixture *f, gconstpointer unused) {
  (void)unused;
  g_autofree char *card = put_secret(f, "card.md", SECRET);
  g_autofree char *config = put_secret(f, "config.json", "{\"_name_or_path\":\"secret/base\"}");
  g_autofree char *info = put_secret(f, "info.json", "{\"baseModel\":\"secret\",\"model\":{\"name\":\"secret\"}}");
  put_lora(f, "x/adapter_model.safetensors", down, up, 2, NULL);
  put_link(f, "x/README.md", card);
  put_link(f, "x/config.json", config);
  put_link(f, "x/adapter_config.json", config);
  put_link(f, "x/adapter_model.civitai.info", info);
  put_link(f, "x/adapter_model.metadata.json", "../../elsewhere/info.json");
  scan(f);
  g_assert_cmpuint(f->models->len, ==, 1);
  const Model *m = f->models->pdata[0];
  g_assert_false(mentions_secret(m));
  g_autofree SafeText *body = card_body_read(f->collection, m, NULL);
  g_assert_null(body);
  expect_reason(f, "x/README.md", "outside the collection");
  expect_reason(f, "x/config.json", "outside the collection");
}

static void test_weights(Fixture *f, gconstpointer unused) {
  (void)unused;
  g_autofree char *elsewhere = g_build_filename(f->top, "elsewhere", NULL);
  put_full(f, "own.safetensors");
  g_assert_cmpint(g_mkdir(elsewhere, 0755), ==, 0);
  g_autofree char *own = place(f, "own.safetensors"), *moved = g_build_filename(elsewhere, "m.safetensors", NULL);
  g_assert_cmpint(rename(own, moved), ==, 0);
  put_full(f, "own.safetensors");
  put_link(f, "out.safetensors", moved);
  put_link(f, "in.safetensors", "own.safetensors");
  put_link(f, "hop.safetensors", "step"); /* by way of a link inside */
  put_link(f, "step", moved);
  scan(f);
  expect_reason(f, "out.safetensors", "outside the collection");
  expect_reason(f, "hop.safetensors", "outside the collection");
  g_assert_cmpstr(reason_at(f, "in.safetensors"), ==, "");
  g_assert_nonnull(model_at(f, "own.safetensors"));
}

/* A part of a model that lies elsewhere, with an index that asks for it. */
static void test_parts(Fixture *f, gconstpointer unused) {
  (void)unused;
  static const char index[] =
      "{\"metadata\":{},\"weight_map\":{\"fc.weight\":\"model-00001-of-00002.safetensors\","
      "\"fc.bias\":\"model-00002-of-00002.safetensors\"}}";
  const TensorOut one = {"fc.weight", DTYPE_F32, 2, {3, 4}, numbers}, two = {"fc.bias", DTYPE_F32, 1, {3}, numbers};
  put_tensors(f, "m/model-00001-of-00002.safetensors", &one, 1, NULL);
  put_tensors(f, "m/model-00002-of-00002.safetensors", &two, 1, NULL);
  put_text(f, "m/model.safetensors.index.json", index);
  g_autofree char *part = place(f, "m/model-00002-of-00002.safetensors");
  g_autofree char *away = put_secret(f, "part.safetensors", "");
  g_assert_cmpint(rename(part, away), ==, 0);
  put_link(f, "m/model-00002-of-00002.safetensors", away);
  scan(f);
  g_assert_cmpuint(f->models->len, ==, 0);
  expect_reason(f, "m/model-00002-of-00002.safetensors", "outside the collection");
}

/* A Hub's snapshot consists of links, also when it is itself the collection. */
static void test_hub(Fixture *f, gconstpointer unused) {
  (void)unused;
  static const char snapshot[] = "models--o--n/snapshots/abc";
  put_full(f, "models--o--n/blobs/b1");
  put_text(f, "models--o--n/blobs/b2", SECRET);
  put_link(f, "models--o--n/snapshots/abc/model.safetensors", "../../blobs/b1");
  put_link(f, "models--o--n/snapshots/abc/README.md", "../../blobs/b2");
  scan(f);
  g_assert_cmpuint(f->models->len, ==, 1);
  g_assert_true(mentions_secret(f->models->pdata[0])); /* its own card, which it is to have */
  g_autofree char *folder = place(f, snapshot), *state = g_build_filename(f->top, "state2", NULL);
  CollectionOptions options = {.state = state};
  g_autoptr(Collection) c = collection_open(folder, &options, NULL);
  g_assert_true(collection_scan(c, NULL, NULL, NULL));
  g_autoptr(GPtrArray) models = collection_models(c, NULL);
  g_assert_cmpuint(models->len, ==, 1);
  g_assert_true(mentions_secret(models->pdata[0]));
}

/* A model that is called passwd is not what /etc/passwd names. */
static void test_names(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_full(f, "passwd/model.safetensors");
  put_text(f, "passwd/config.json", "{}");
  scan(f);
  g_assert_cmpuint(f->models->len, ==, 1);
  g_autoptr(GError) error = NULL;
  g_assert_null(collection_find(f->models, "/etc/passwd", &error));
  g_assert_error(error, COPSE_ERROR, COPSE_ERROR_NOT_FOUND);
  g_autofree char *whole = place(f, "passwd");
  g_autoptr(Model) m = collection_find(f->models, whole, NULL);
  g_assert_nonnull(m);
}

static void test_closed_folder(Fixture *f, gconstpointer unused) {
  (void)unused;
  if (getuid() == 0) {
    g_test_skip("root may enter any folder");
    return;
  }
  put_full(f, "open/m.safetensors");
  put_full(f, "closed/m.safetensors");
  g_autofree char *path = place(f, "closed");
  g_assert_cmpint(g_chmod(path, 0), ==, 0);
  scan(f);
  expect_reason(f, "closed", "cannot list");
  g_assert_cmpuint(f->models->len, ==, 1);
  g_assert_cmpint(g_chmod(path, 0755), ==, 0);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  add_test("/within", "facts", test_facts);
  add_test("/within", "weights", test_weights);
  add_test("/within", "parts", test_parts);
  add_test("/within", "hub", test_hub);
  add_test("/within", "names", test_names);
  add_test("/within", "closed-folder", test_closed_folder);
  return g_test_run();
}
