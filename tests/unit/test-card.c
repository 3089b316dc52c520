/* SPDX-License-Identifier: Apache-2.0 */
/* Model cards: what is taken from the front matter, and what is refused. */
#include <string.h>

#include "collection/read/card.h"
#include "collection/read/model_config.h"
#include "core/error.h"

/* "key=value|" for each entry. */
static void note(void *user, const char *key, const char *value) { g_string_append_printf(user, "%s=%s|", key, value); }

static void expect(const char *card, const char *entries) {
  g_autoptr(GError) error = NULL;
  g_autoptr(GString) got = g_string_new(NULL);
  const char *front;
  size_t n;
  card_split(card, strlen(card), &front, &n);
  if (front) card_parse(front, n, note, got, &error);
  g_assert_no_error(error);
  g_assert_cmpstr(got->str, ==, entries);
}

/* The front matter itself; nothing may have been passed on. */
static void expect_refused(const char *front, const char *word) {
  g_autoptr(GError) error = NULL;
  g_autoptr(GString) got = g_string_new(NULL);
  g_assert_false(card_parse(front, strlen(front), note, got, &error));
  g_assert_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT);
  g_assert_nonnull(strstr(error->message, word));
  g_assert_cmpstr(got->str, ==, "");
}

static void test_plain(void) {
  expect("---\nlicense: mit\nbase_model: org/base\n---\n# text\nkey: no\n", "license=mit|base_model=org/base|");
  expect("---\r\nlicense: mit \r\n---\r\nbody", "license=mit|");
  expect("\xef\xbb\xbf---\nlicense: mit\n...\n", "license=mit|");
  expect("---\ntags:\n- a\n- 'b c'\n- \"d\"\nbase_model: [x/y, z/w]\nn: 3\n---\n",
         "tags=a|tags=b c|tags=d|base_model=x/y|base_model=z/w|n=3|");
}

static void test_left_out(void) {
  expect("---\na:\nb: ~\nc: null\nd: \"null\"\ne: \"\"\nf: []\n---\n", "d=null|");
  expect("---\nmodel-index:\n- name: x\n  results:\n  - task: {type: t}\nlast: 1\n---\n", "last=1|");
  expect("---\nlist:\n- one\n- [deep, deeper]\n- {k: v}\n- two\nm: {k: v}\nlast: 1\n---\n",
         "list=one|list=two|last=1|");
  expect("---\na: 1\n---\n---\nb: 2\n---\n", "a=1|");
  expect("---\nanchored: &x one\n---\n", "anchored=one|");
}

static void test_no_front(void) {
  expect("", "");
  expect("# a card\n---\nlicense: mit\n---\n", "");
  expect("---\nlicense: mit\n", "");
  expect("----\nlicense: mit\n---\n", "");
  expect("---\n---\n", "");
}

static void test_body(void) {
  const char *card = "---\na: 1\n---\n# title\n", *front;
  size_t n;
  g_assert_cmpstr(card_split(card, strlen(card), &front, &n), ==, "# title\n");
  g_assert_cmpuint(n, ==, strlen("a: 1\n"));
  g_assert_cmpstr(card_split("# title\n", 8, &front, &n), ==, "# title\n");
  g_assert_null(front);
}

static void test_aliases(void) {
  const char *bomb = "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a]\nc: [*b,*b,*b,*b]\n";
  expect_refused(bomb, "aliases are refused");
  expect_refused("a: &a 1\n<<: *a\n", "aliases are refused");
}

static void test_bounds(void) {
  g_autofree char *deep = g_malloc0(1000 + 4);
  memcpy(deep, "k: ", 3);
  memset(deep + 3, '[', 1000);
  expect_refused(deep, "deep");
  g_autoptr(GString) many = g_string_new("k:\n");
  for (int i = 0; i < 30000; i++) g_string_append(many, "- x\n");
  expect_refused(many->str, "more than 20,000 entries");
  g_autofree char *large = g_malloc0(CARD_MAX_FRONT + 2);
  memset(large, 'a', CARD_MAX_FRONT + 1);
  expect_refused(large, "larger than 256 kB");
  g_autoptr(GString) value = g_string_new("k: ");
  for (int i = 0; i < 70000; i++) g_string_append_c(value, 'v');
  expect_refused(value->str, "a value of more than 64 kB");
}

static void test_malformed(void) {
  expect_refused("a: [1, 2\nb: 3\n", "front matter, line");
  expect_refused("- a\n- b\n", "a list where keys are expected");
  expect_refused("? [a, b]\n: c\n", "a key that is no text");
  expect_refused("a: \"x\\0y\"\n", "a NUL inside a value");
  expect_refused("a: \x01\n", "control");
  expect_refused("a: \xff\xfe\n", "");
}

/* Cutting a card at every byte gives an error or entries, never more. */
static void test_every_prefix(void) {
  static const char front[] =
      "a: {b: [c, {d: 'e'}], f: \"g\\u0041\"}\nh:\n- i\n-   j: k\n? l\n: m\n# n\no: |\n  p\n  q\n";
  for (size_t n = 0; n < sizeof front; n++) {
    g_autofree char *copy = g_memdup2(front, n + 1);
    g_autoptr(GString) got = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    bool ok = card_parse(copy, n, note, got, &error);
    g_assert_true(ok == (error == NULL));
    if (!ok) g_assert_cmpuint(got->len, ==, 0);
  }
}

static Model *model_with(const char *json, bool adapter) {
  Model *m = model_new();
  m->name = g_strdup("org/self");
  g_autoptr(cJSON) config = json_parse(json, strlen(json));
  g_assert_nonnull(config);
  adapter ? model_take_adapter_config(m, config) : model_take_config(m, config);
  return m;
}

static void test_adapter_config(void) {
  g_autoptr(Model) m = model_with(
      "{\"base_model_name_or_path\":\"org/base\",\"r\":8,\"lora_alpha\":16.5,\"use_rslora\":true,"
      "\"target_modules\":[\"v\",\"q\"],\"task_type\":\"SEQ_CLS\",\"revision\":null}",
      true);
  g_assert_cmpstr(model_base(m), ==, "org/base");
  g_assert_cmpstr(model_value(m, "r"), ==, "8");
  g_assert_cmpstr(model_value(m, "target_modules"), ==, "q, v");
  g_assert_cmpstr(model_value(m, "task_type"), ==, "SEQ_CLS");
  g_assert_cmpstr(model_fact(m, "r")->source, ==, "adapter_config.json");
  g_assert_null(model_fact(m, "revision"));
  g_assert_cmpfloat(m->scaling.alpha, ==, 16.5);
  g_assert_true(m->scaling.rank_stabilised);
}

static void test_mlx_config(void) {
  g_autoptr(Model) m = model_with(
      "{\"model\":\"org/base\",\"fine_tune_type\":\"lora\","
      "\"lora_parameters\":{\"rank\":8,\"scale\":20.0}}",
      true);
  g_assert_cmpstr(model_base(m), ==, "org/base");
  g_assert_cmpfloat(m->scaling.alpha, ==, 160);
}

static void expect_base(const char *name, bool is_base) {
  g_autofree char *json = g_strdup_printf("{\"_name_or_path\":\"%s\"}", name);
  g_autoptr(Model) m = model_with(json, false);
  g_assert_cmpstr(model_base(m), ==, is_base ? name : NULL);
}

static void test_config_base(void) {
  expect_base("google/vit-base-patch16-224", true);
  expect_base("bert-base-uncased", true);
  expect_base("gpt2", true);
  expect_base("org/self", false);
  expect_base("self", false);
  expect_base("./out", false);
  expect_base("/home/x/model", false);
  expect_base("results/checkpoint-500", false);
  expect_base("mymodel", false);
  expect_base("a/b/c", false);
}

static void test_config(void) {
  g_autoptr(Model) m = model_with(
      "{\"architectures\":[\"A\",\"B\"],\"model_type\":\"vit\","
      "\"id2label\":{\"0\":\"x\",\"1\":\"y\"},\"huge\":1e999,\"hidden\":{\"x\":1}}",
      false);
  g_assert_cmpuint(m->facts->len, ==, 4);
  g_assert_cmpstr(model_value(m, "architectures"), ==, "A");
  g_assert_cmpstr(model_value(m, "num_labels"), ==, "2");
}

static void test_base_prefers_repository(void) {
  g_autoptr(Model) m = model_new();
  model_add_fact(m, "base", "./models/llama", "adapter_config.json");
  g_assert_cmpstr(model_base(m), ==, "./models/llama");
  model_add_fact(m, "base", "meta/llama", "card");
  g_assert_cmpstr(model_base(m), ==, "meta/llama");
}

static void test_metadata_bounds(void) {
  g_autoptr(GHashTable) metadata = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  g_autoptr(GString) value = g_string_new(NULL);
  for (int i = 0; i < 40000; i++) g_string_append(value, "é");
  g_hash_table_insert(metadata, g_strdup("format"), g_strdup("pt"));
  g_hash_table_insert(metadata, g_strdup("long"), g_strdup(value->str));
  for (int i = 0; i < 5000; i++) g_hash_table_insert(metadata, g_strdup_printf("z%d", i), g_strdup("v"));
  g_autoptr(Model) m = model_new();
  model_take_metadata(m, metadata);
  g_assert_null(model_fact(m, "format"));
  g_assert_cmpuint(strlen(model_value(m, "long")), ==, 64 * 1024);
  g_assert_true(g_utf8_validate(model_value(m, "long"), -1, NULL));
  g_assert_cmpuint(m->facts->len, ==, 4096 + 1);
  g_assert_nonnull(model_fact(m, "problem"));
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/card/plain", test_plain);
  g_test_add_func("/card/left-out", test_left_out);
  g_test_add_func("/card/no-front", test_no_front);
  g_test_add_func("/card/body", test_body);
  g_test_add_func("/card/aliases", test_aliases);
  g_test_add_func("/card/bounds", test_bounds);
  g_test_add_func("/card/malformed", test_malformed);
  g_test_add_func("/card/every-prefix", test_every_prefix);
  g_test_add_func("/config/adapter", test_adapter_config);
  g_test_add_func("/config/mlx", test_mlx_config);
  g_test_add_func("/config/base", test_config_base);
  g_test_add_func("/config/plain", test_config);
  g_test_add_func("/config/base-prefers-repository", test_base_prefers_repository);
  g_test_add_func("/config/metadata-bounds", test_metadata_bounds);
  return g_test_run();
}
