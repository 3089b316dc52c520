/* SPDX-License-Identifier: Apache-2.0 */
/* Stores and trainers' folders: which models they hold, which belong together, and what the
 * metadata of well-known tools means. */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collection/walk/training_run.h"
#include "collection/walk/hub_layout.h"
#include "collection/read/metadata_facts.h"
#include "collection/read/model_config.h"
#include "tests/unit/collection_fixture.h"

/* "value (source)|" for every fact of that key. */
static char *all(const Model *m, const char *key) {
  GString *out = g_string_new(NULL);
  for (guint i = 0; i < m->facts->len; i++) {
    const Fact *f = m->facts->pdata[i];
    if (strcmp(f->key, key) == 0) g_string_append_printf(out, "%s (%s)|", f->value, f->source);
  }
  return g_string_free(out, FALSE);
}

static void expect_all(const Model *m, const char *key, const char *want) {
  g_autofree char *got = all(m, key);
  g_assert_cmpstr(got, ==, want);
}

/* --- Hub caches ------------------------------------------------------------------------------- */

static void test_revisions(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_full(f, "models--o--n/snapshots/aaa/model.safetensors");
  put_full(f, "models--o--n/snapshots/bbb/model.safetensors");
  put_full(f, "models--o--n/snapshots/ccc/model.safetensors");
  put_text(f, "models--o--n/refs/main", "bbb");
  put_full(f, "models--o--lone/snapshots/ddd/model.safetensors");
  scan(f);
  g_assert_cmpuint(f->models->len, ==, 2);
  expect_all(model_at(f, "models--o--n/snapshots/bbb"), "revision", "bbb (refs/main)|aaa (snapshots)|ccc (snapshots)|");
  expect_all(model_at(f, "models--o--lone/snapshots/ddd"), "revision", "ddd (snapshots)|");
  scan(f);
  g_assert_cmpuint(f->sum.read, ==, 0);
  /* Another revision comes: the model is the same, its facts are not. */
  put_full(f, "models--o--n/snapshots/eee/model.safetensors");
  scan(f);
  g_assert_cmpuint(f->sum.read, ==, 1);
  expect_all(model_at(f, "models--o--n/snapshots/bbb"), "revision",
             "bbb (refs/main)|aaa (snapshots)|ccc (snapshots)|eee (snapshots)|");
}

static void test_list_revisions(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_text(f, "models--o--n/snapshots/one/x", "");
  put_text(f, "models--o--n/snapshots/file", "");
  put_text(f, "models--o--n/snapshots/.hidden/x", "");
  put_link(f, "models--o--n/snapshots/link", "one");
  g_autofree char *path = place(f, "models--o--n");
  int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  HubRevisions r;
  g_assert_true(hub_list_revisions(fd, &r));
  g_assert_cmpstr(r.chosen, ==, "one");
  g_assert_cmpuint(r.others->len, ==, 0);
  g_assert_false(r.by_ref);
  hub_revisions_clear(&r);
  close(fd);
  g_autofree char *other = place(f, "models--o--empty/x");
  g_autofree char *folder = g_path_get_dirname(other);
  fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  g_assert_false(hub_list_revisions(fd, &r));
  close(fd);
}

static void test_unfinished(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_text(f, "models--o--n/blobs/abc.incomplete", "x");
  put_text(f, "models--o--n/refs/main", "c0ffee");
  put_link(f, "models--o--n/snapshots/c0ffee/model.safetensors", "../../blobs/abc");
  put_text(f, "models--o--n/snapshots/c0ffee/config.json", "{}");
  put_text(f, "dl/.cache/huggingface/download/x.safetensors.incomplete", "x");
  put_text(f, "dl/y.gguf.part", "x");
  put_text(f, "dl/z.safetensors.crdownload", "x");
  put_text(f, "dl/a.tar.gz.aria2", "x");
  put_text(f, "dl/notes.part", "x");
  put_text(f, "dl/._ghost.safetensors", "a Mac's");
  put_text(f, "s/model.safetensors.index.json", "{\"weight_map\":{\"a\":\"model-00001-of-00002.safetensors\"}}");
  scan(f);
  g_assert_cmpuint(f->models->len, ==, 0);
  expect_reason(f, "models--o--n/blobs/abc.incomplete", "not finished");
  expect_reason(f, "models--o--n/snapshots/c0ffee/model.safetensors", "broken link");
  expect_reason(f, "dl/.cache/huggingface/download/x.safetensors.incomplete", "not finished");
  expect_reason(f, "dl/y.gguf.part", "not finished");
  expect_reason(f, "dl/z.safetensors.crdownload", "not finished");
  expect_reason(f, "dl/a.tar.gz.aria2", "not finished");
  g_assert_cmpstr(reason_at(f, "s/model.safetensors.index.json"), !=, "");
  g_assert_cmpuint(f->skipped->len, ==, 7);
}

/* --- Ollama ----------------------------------------------------------------------------------- */

#define HASH_A "sha256-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HASH_B "sha256-bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define HASH_C "sha256-cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"

static void put_manifest(const Fixture *f, const char *path, const char *type, const char *hash) {
  g_autofree char *digest = g_strdelimit(g_strdup(hash), "-", ':');
  g_autofree char *text = g_strdup_printf(
      "{\"schemaVersion\":2,\"config\":{\"digest\":\"sha256:00\"},\"layers\":["
      "{\"mediaType\":\"application/vnd.ollama.image.license\",\"digest\":\"sha256:11\"},"
      "{\"mediaType\":\"application/vnd.ollama.image.%s\",\"digest\":\"%s\",\"size\":9}]}",
      type, digest);
  put_text(f, path, text);
}

static void test_ollama(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_full(f, "ollama/models/blobs/" HASH_A); /* told by its bytes: any format will do */
  put_text(f, "ollama/models/blobs/" HASH_B, "Apache License");
  put_text(f, "ollama/models/blobs/" HASH_A "-partial", "x");
  const char *store = "ollama/models/manifests/";
  g_autofree char *one = g_strconcat(store, "registry.ollama.ai/library/llama3/8b", NULL);
  g_autofree char *alias = g_strconcat(store, "registry.ollama.ai/library/llama3/latest", NULL);
  g_autofree char *user = g_strconcat(store, "registry.ollama.ai/somebody/x/1", NULL);
  g_autofree char *bad = g_strconcat(store, "registry.ollama.ai/library/bad/json", NULL);
  g_autofree char *evil = g_strconcat(store, "registry.ollama.ai/library/evil/1", NULL);
  put_manifest(f, one, "model", HASH_A);
  put_manifest(f, alias, "model", HASH_A);
  put_manifest(f, user, "adapter", HASH_C);
  put_text(f, bad, "{not json");
  put_manifest(f, evil, "model", "sha256-../../../../etc/passwd");
  put_link(f, "ollama/models/manifests/loop", "..");
  scan(f);
  g_assert_cmpuint(f->models->len, ==, 1);
  const Model *m = model_at(f, "ollama/models/blobs/" HASH_A);
  g_assert_cmpstr(m->name, ==, "llama3:8b");
  expect_reason(f, "ollama/models/blobs/" HASH_C, "not there");
  expect_reason(f, "ollama/models/manifests/loop", "loop");
  g_assert_cmpuint(f->skipped->len, ==, 2);
  scan(f);
  g_assert_cmpuint(f->sum.read, ==, 0);
}

/* --- folders of tools ------------------------------------------------------------------------- */

static void test_pipeline(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_text(f, "sd/model_index.json",
           "{\"_class_name\":\"StableDiffusionPipeline\",\"_diffusers_version\":\"0.30\","
           "\"unet\":[\"diffusers\",\"UNet2DConditionModel\"],\"vae\":[\"diffusers\","
           "\"AutoencoderKL\"],\"scheduler\":[\"diffusers\",\"DDIM\"],"
           "\"safety_checker\":[null,null],\"requires_safety_checker\":false}");
  static const char *const parts[] = {"unet", "vae", "text_encoder"};
  for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
    g_autofree char *config = g_strdup_printf("sd/%s/config.json", parts[i]);
    g_autofree char *weights = g_strdup_printf("sd/%s/model.safetensors", parts[i]);
    put_text(f, config, "{}");
    put_full(f, weights);
  }
  scan(f);
  g_assert_cmpuint(f->models->len, ==, 1);
  const Model *m = model_at(f, "sd");
  expect_all(m, "component", "unet (folder)|text_encoder (folder)|vae (folder)|");
  expect_all(m, "pipeline", "StableDiffusionPipeline (model_index.json)|");
  expect_all(m, "component_class",
             "unet: diffusers UNet2DConditionModel (model_index.json)|"
             "vae: diffusers AutoencoderKL (model_index.json)|"
             "scheduler: diffusers DDIM (model_index.json)|");
  expect_all(m, "other_weights", "sd/text_encoder/model.safetensors (folder)|sd/vae/model.safetensors (folder)|");
}

static void test_chain(Fixture *f, gconstpointer unused) {
  (void)unused;
  static const char *const steps[] = {"500", "1000", "1500"};
  for (size_t i = 0; i < G_N_ELEMENTS(steps); i++) {
    g_autofree char *folder = g_strdup_printf("runs/a/checkpoint-%s", steps[i]);
    g_autofree char *weights = g_strconcat(folder, "/model.safetensors", NULL);
    g_autofree char *config = g_strconcat(folder, "/config.json", NULL);
    g_autofree char *state = g_strconcat(folder, "/optimizer.pt", NULL);
    put_full(f, weights);
    put_text(f, config, "{}");
    put_text(f, state, "state");
  }
  put_full(f, "runs/a/model.safetensors");
  put_lora(f, "checkpoint_7/pytorch_lora_weights.safetensors", down, up, 2, NULL);
  scan(f);
  g_assert_cmpuint(f->models->len, ==, 5);
  g_assert_cmpuint(f->skipped->len, ==, 0);
  const Model *m = model_at(f, "runs/a/checkpoint-1000");
  g_assert_cmpstr(m->name, ==, "a/checkpoint-1000");
  expect_all(m, "chain", "runs/a (folder)|");
  expect_all(m, "step", "1000 (folder)|");
  m = model_at(f, "checkpoint_7/pytorch_lora_weights.safetensors");
  expect_all(m, "chain", ". (folder)|");
  expect_all(m, "step", "7 (folder)|");
  g_assert_null(model_fact(model_at(f, "runs/a/model.safetensors"), "chain"));
}

static void expect_chain(const char *path, const char *run, uint64_t step) {
  g_autofree char *got = NULL;
  uint64_t n = 0;
  bool found = training_run_of_path(path, &got, &n);
  g_assert_cmpint(found, ==, run != NULL);
  g_assert_cmpstr(got, ==, run);
  if (run) g_assert_cmpuint(n, ==, step);
}

static void test_chain_paths(Fixture *f, gconstpointer unused) {
  (void)f;
  (void)unused;
  expect_chain("a/checkpoint-12/model.safetensors", "a", 12);
  expect_chain("checkpoint-12", ".", 12);
  expect_chain("a/checkpoint-1/b/checkpoint-2/x", "a/checkpoint-1/b", 2);
  expect_chain("a/checkpoint-1/checkpoint-x/m", "a", 1);
  expect_chain("a/checkpoint-/m", NULL, 0);
  expect_chain("a/checkpoint-12b/m", NULL, 0);
  expect_chain("a/xcheckpoint-12/m", NULL, 0);
  expect_chain("a/checkpoint-9999999999999999999/m", NULL, 0);
  expect_chain("", NULL, 0);
}

static void test_peft(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_text(f, "run/adapter_config.json",
           "{\"base_model_name_or_path\":\"org/b\",\"peft_type\":\"LORA\",\"r\":2,"
           "\"lora_alpha\":4,\"target_modules\":[\"v\",\"q\"]}");
  put_lora(f, "run/adapter_model.safetensors", "base_model.model.q.lora_A.weight", "base_model.model.q.lora_B.weight",
           2, NULL);
  put_text(f, "run/adapter_model.bin", "old");
  put_text(f, "run/training_args.bin", "x");
  put_text(f, "run/checkpoint-9/adapter_config.json", "{\"base_model_name_or_path\":\"org/b\"}");
  put_lora(f, "run/checkpoint-9/adapter_model.safetensors", "base_model.model.q.lora_A.weight",
           "base_model.model.q.lora_B.weight", 2, NULL);
  scan(f);
  g_assert_cmpuint(f->models->len, ==, 2);
  g_assert_cmpuint(f->skipped->len, ==, 0);
  const Model *m = model_at(f, "run");
  g_assert_cmpint(m->kind, ==, MODEL_LORA);
  expect_all(m, "target_modules", "q, v (adapter_config.json)|");
  expect_all(m, "other_weights", "run/adapter_model.bin (folder)|");
  m = model_at(f, "run/checkpoint-9");
  expect_all(m, "chain", "run (folder)|");
  g_assert_cmpstr(model_base(m), ==, "org/b");
}

/* Formats of one model that no configuration ties together are models that know of each other. */
static void test_other_formats(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_full(f, "fox.safetensors");
  put_text(f, "fox.ckpt", "x");
  put_text(f, "fox-2.ckpt", "x");
  put_full(f, "m/model.safetensors");
  put_text(f, "m/pytorch_model.bin", "x");
  put_full(f, "alone/model.safetensors");
  scan(f);
  expect_all(model_at(f, "fox.safetensors"), "other_format", "fox.ckpt (same name)|");
  expect_all(model_at(f, "m/model.safetensors"), "other_format", "m/pytorch_model.bin (same name)|");
  expect_all(model_at(f, "alone/model.safetensors"), "other_format", "");
  put_text(f, "fox.gguf", "GG");
  scan(f);
  expect_all(model_at(f, "fox.safetensors"), "other_format", "fox.ckpt (same name)|fox.gguf (same name)|");
}

/* --- metadata of tools ------------------------------------------------------------------------ */

static Model *with_metadata(const char *const *pairs) {
  g_autoptr(GHashTable) metadata = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  for (; *pairs; pairs += 2) g_hash_table_insert(metadata, g_strdup(pairs[0]), safe_text(pairs[1], -1));
  Model *m = model_new();
  model_take_metadata(m, metadata);
  return m;
}

static void test_kohya(Fixture *f, gconstpointer unused) {
  (void)unused;
  const char *const metadata[] = {"ss_output_name",
                                  "red_fox",
                                  "ss_sd_model_name",
                                  "sd_xl_base_1.0.safetensors",
                                  "ss_base_model_version",
                                  "sdxl_base_v1-0",
                                  "ss_network_dim",
                                  "16",
                                  "ss_tag_frequency",
                                  "{\"10_fox\":{\"fox\":10,\" snow\":4,\"tree\":1},\"5_fox\":{\"snow\":8,\"bad\":-3,"
                                  "\"worse\":\"x\"},\"z\":3}",
                                  "ss_training_comment",
                                  "None",
                                  NULL};
  put_lora(f, "fox.safetensors", down, up, 2, metadata);
  scan(f);
  const Model *m = model_at(f, "fox.safetensors");
  expect_all(m, "tags", "snow (ss_tag_frequency)|fox (ss_tag_frequency)|tree (ss_tag_frequency)|");
  expect_all(m, "name", "red_fox (ss_output_name)|");
  g_assert_cmpstr(model_base(m), ==, "sd_xl_base_1.0");
  expect_all(m, "ss_network_dim", "16 (metadata)|");
  g_assert_null(model_fact(m, "ss_tag_frequency"));
}

static void test_kohya_bounds(Fixture *f, gconstpointer unused) {
  (void)f;
  (void)unused;
  g_autoptr(GString) counts = g_string_new("{\"d\":{");
  for (int i = 0; i < 1000; i++) g_string_append_printf(counts, "%s\"tag %04d\":%d", i ? "," : "", i, i);
  g_string_append(counts, "}}");
  const char *const many[] = {"ss_tag_frequency", counts->str, "ss_sd_model_name", "None", NULL};
  g_autoptr(Model) m = with_metadata(many);
  g_assert_cmpuint(m->facts->len, ==, 16 + 1 + 1); /* tags, the trigger, the other key */
  g_assert_cmpstr(model_value(m, "tags"), ==, "tag 0999");
  g_assert_null(model_base(m));
  const char *const broken[] = {"ss_tag_frequency", "{\"a\":", NULL};
  g_autoptr(Model) bad = with_metadata(broken);
  expect_all(bad, "problem", "not a JSON object (ss_tag_frequency)|");
  g_autofree char *large = g_strnfill(5 << 20, ' ');
  const char *const huge[] = {"ss_tag_frequency", large, NULL};
  g_autoptr(Model) too_large = with_metadata(huge);
  expect_all(too_large, "problem", "larger than 4 MB (ss_tag_frequency)|");
  const char *const disk[] = {"ss_sd_model_name", "C:\\models\\dream.v8.safetensors", NULL};
  g_autoptr(Model) local = with_metadata(disk);
  g_assert_cmpstr(model_base(local), ==, "dream.v8");
}

static void test_modelspec(Fixture *f, gconstpointer unused) {
  (void)f;
  (void)unused;
  const char *const metadata[] = {"modelspec.title",
                                  "A fox",
                                  "modelspec.architecture",
                                  "stable-diffusion-xl-v1-base/lora",
                                  "modelspec.license",
                                  "CC-BY-4.0",
                                  "modelspec.tags",
                                  "fox, snow ,,animal",
                                  "modelspec.thumbnail",
                                  "data:image/png;base64,AAAA",
                                  "modelspec.author",
                                  "me",
                                  NULL};
  g_autoptr(Model) m = with_metadata(metadata);
  expect_all(m, "name", "A fox (modelspec.title)|");
  expect_all(m, "architecture", "stable-diffusion-xl-v1-base/lora (modelspec.architecture)|");
  expect_all(m, "license", "CC-BY-4.0 (modelspec.license)|");
  expect_all(m, "tags", "fox (modelspec.tags)|snow (modelspec.tags)|animal (modelspec.tags)|");
  expect_all(m, "modelspec.author", "me (metadata)|");
  g_assert_null(model_fact(m, "modelspec.thumbnail"));
}

static void test_gguf(Fixture *f, gconstpointer unused) {
  (void)f;
  (void)unused;
  const char *const metadata[] = {"general.architecture",
                                  "llama",
                                  "general.name",
                                  "Fox 8B",
                                  "general.license",
                                  "apache-2.0",
                                  "general.tags",
                                  "[3 values]",
                                  "general.file_type",
                                  "15",
                                  "general.source.huggingface.repository",
                                  "org/fox-8b",
                                  "general.base_model.count",
                                  "2",
                                  "general.base_model.0.name",
                                  "Llama 3 8B",
                                  "general.base_model.0.repo_url",
                                  "https://huggingface.co/meta/llama-3-8b",
                                  "general.base_model.1.name",
                                  "Other",
                                  NULL};
  g_autoptr(Model) m = with_metadata(metadata);
  expect_all(m, "architecture", "llama (general.architecture)|");
  expect_all(m, "name", "Fox 8B (general.name)|");
  expect_all(m, "license", "apache-2.0 (general.license)|");
  expect_all(m, "tags", "");
  expect_all(m, "base",
             "org/fox-8b (general.source.huggingface.repository)|"
             "meta/llama-3-8b (general.base_model.0.repo_url)|"
             "Other (general.base_model.1.name)|");
  expect_all(m, "base_relation", "quantized (general.source.huggingface.repository)|");
  const char *const whole[] = {"general.source.repo_url", "https://hf.co/org/fox-8b/tree/main", "general.file_type",
                               "1", NULL};
  g_autoptr(Model) half = with_metadata(whole);
  expect_all(half, "base", "org/fox-8b (general.source.repo_url)|");
  expect_all(half, "base_relation", "");
}

int main(int argc, char **argv) {
  static const struct {
    const char *name;
    FixtureTest run;
  } tests[] = {
      {"revisions", test_revisions},
      {"list-revisions", test_list_revisions},
      {"unfinished", test_unfinished},
      {"ollama", test_ollama},
      {"pipeline", test_pipeline},
      {"chain", test_chain},
      {"chain-paths", test_chain_paths},
      {"peft", test_peft},
      {"other-formats", test_other_formats},
      {"kohya", test_kohya},
      {"kohya-bounds", test_kohya_bounds},
      {"modelspec", test_modelspec},
      {"gguf", test_gguf},
  };
  g_test_init(&argc, &argv, NULL);
  for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) add_test("/stores", tests[i].name, tests[i].run);
  return g_test_run();
}
