/* SPDX-License-Identifier: Apache-2.0 */
/* docs/FORMATS.md and the program agree: the fields that it lists under each heading are those that
 * `scan --json`, `show --json` and `conflicts --json` print, neither more nor fewer. Runs the program
 * that COPSE names. */
#include <string.h>

#include "core/json.h"
#include "tests/unit/archive_fixture.h"

/* The fields in the table under "### HEADING"; a set of strings. */
static GHashTable *documented(const char *heading) {
  g_autofree char *path = g_test_build_filename(G_TEST_DIST, "..", "docs", "FORMATS.md", NULL);
  g_autofree char *text = NULL;
  g_autoptr(GError) error = NULL;
  g_file_get_contents(path, &text, NULL, &error);
  g_assert_no_error(error);
  GHashTable *fields = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  g_autofree char *wanted = g_strconcat("### ", heading, NULL);
  bool inside = false;
  for (char **line = lines; *line; line++) {
    if ((*line)[0] == '#') inside = strcmp(*line, wanted) == 0;
    const char *end = inside && g_str_has_prefix(*line, "| `") ? strchr(*line + 3, '`') : NULL;
    if (end) g_hash_table_add(fields, g_strndup(*line + 3, (gsize)(end - *line - 3)));
  }
  g_assert_cmpuint(g_hash_table_size(fields), >, 0);
  return fields;
}

static GHashTable *set_new(void) { return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL); }

static void note_keys(GHashTable *set, const cJSON *object) {
  g_assert_true(cJSON_IsObject(object));
  for (const cJSON *e = object->child; e; e = e->next) g_hash_table_add(set, g_strdup(e->string));
}

static void expect_within(GHashTable *a, GHashTable *b, const char *heading, const char *what) {
  GHashTableIter iter;
  gpointer key;
  g_hash_table_iter_init(&iter, a);
  while (g_hash_table_iter_next(&iter, &key, NULL))
    if (!g_hash_table_contains(b, key)) g_error("%s: %s %s", heading, (char *)key, what);
}

/* Compares and frees what was printed. */
static void expect_documented(GHashTable *printed, const char *heading) {
  g_autoptr(GHashTable) fields = documented(heading);
  expect_within(printed, fields, heading, "is printed and not documented");
  expect_within(fields, printed, heading, "is documented and was never printed");
  g_hash_table_unref(printed);
}

/* What the program prints on standard output. The caller frees it. */
static char *run(const Fixture *f, const char *command, const char *model) {
  const char *argv[] = {g_getenv("COPSE"), command, f->root, "--json", "--state", f->state, model, NULL};
  g_autoptr(GError) error = NULL;
  char *out = NULL;
  int status;
  g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &out, NULL, &status, &error);
  g_assert_no_error(error);
  g_assert_true(g_spawn_check_wait_status(status, NULL));
  return out;
}

/* Models that between them have every field. */
static void put_everything(const Fixture *f) {
  g_autoptr(GBytes) lora = lora_bytes(f);
  g_autoptr(GBytes) config = text_of("{\"base_model_name_or_path\":\"o/b\",\"lora_alpha\":4}");
  const Packed members[] = {{.path = "run/checkpoint-5/adapter_model.safetensors", .bytes = lora},
                            {.path = "run/checkpoint-5/adapter_config.json", .bytes = config}};
  const char *const metadata[] = {"concept", "fox", "ss_tag_frequency", "{\"d\":{\"fox\":1}}", NULL};
  put_archive(f, "a.tar", "tar", members, 2);
  put_full(f, "models--o--n/snapshots/abc/unet/model.safetensors");
  put_text(f, "models--o--n/snapshots/abc/model_index.json", "{\"_class_name\":\"P\"}");
  put_text(f, "models--o--n/snapshots/abc/unet/config.json", "{}");
  put_text(f, "models--o--n/snapshots/abc/vae/config.json", "{}");
  put_full(f, "models--o--n/snapshots/abc/vae/model.safetensors");
  put_full(f, "models--o--n/snapshots/def/model.safetensors");
  put_text(f, "models--o--n/refs/main", "abc");
  put_lora(f, "fox.safetensors", down, up, 2, metadata);
  put_text(f, "fox.ckpt", "x");
  put_text(f, "README.md", "---\na: [\n---\n");
}

static void note_line(const cJSON *line, GHashTable *model, GHashTable *place, GHashTable *skipped,
                      GHashTable *summary) {
  const char *type = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(line, "type"));
  if (strcmp(type, "model") == 0) {
    note_keys(model, line);
    note_keys(place, cJSON_GetObjectItemCaseSensitive(line, "place"));
  } else {
    note_keys(strcmp(type, "skipped") == 0 ? skipped : summary, line);
  }
}

static void test_scan(Fixture *f, gconstpointer unused) {
  (void)unused;
  if (!g_getenv("COPSE")) {
    g_test_skip("COPSE does not name the program");
    return;
  }
  put_everything(f);
  g_autofree char *out = run(f, "scan", NULL);
  g_auto(GStrv) lines = g_strsplit(g_strstrip(out), "\n", -1);
  GHashTable *model = set_new(), *place = set_new(), *skipped = set_new(), *summary = set_new();
  for (char **line = lines; *line; line++) {
    g_autoptr(cJSON) object = json_parse(*line, strlen(*line));
    g_assert_nonnull(object);
    note_line(object, model, place, skipped, summary);
  }
  expect_documented(model, "scan: model");
  expect_documented(place, "scan: place");
  expect_documented(skipped, "scan: skipped");
  expect_documented(summary, "scan: summary");
}

static void note_list(GHashTable *set, const cJSON *object, const char *key) {
  const cJSON *list = cJSON_GetObjectItemCaseSensitive(object, key);
  g_assert_true(cJSON_IsArray(list));
  for (const cJSON *e = list->child; e; e = e->next) note_keys(set, e);
}

static void test_show(Fixture *f, gconstpointer unused) {
  (void)unused;
  if (!g_getenv("COPSE")) {
    g_test_skip("COPSE does not name the program");
    return;
  }
  put_everything(f);
  static const char *const models[] = {"fox.safetensors", "a.tar!run/checkpoint-5"};
  GHashTable *model = set_new(), *fact = set_new(), *layer = set_new(), *tensor = set_new();
  for (size_t i = 0; i < G_N_ELEMENTS(models); i++) {
    g_autofree char *out = run(f, "show", models[i]);
    g_autoptr(cJSON) object = json_parse(out, strlen(out));
    note_keys(model, object);
    note_list(fact, object, "facts");
    note_list(layer, object, "layers");
    note_list(tensor, object, "tensors");
  }
  expect_documented(model, "show: model");
  expect_documented(fact, "show: fact");
  expect_documented(layer, "show: layer");
  expect_documented(tensor, "show: tensor");
}

/* Two copies under licences that contradict. */
static void test_conflicts(Fixture *f, gconstpointer unused) {
  (void)unused;
  if (!g_getenv("COPSE")) {
    g_test_skip("COPSE does not name the program");
    return;
  }
  put_full(f, "a/model.safetensors");
  put_text(f, "a/README.md", "---\nlicense: cc-by-nc-4.0\n---\n");
  put_full(f, "b/model.safetensors");
  put_text(f, "b/README.md", "---\nlicense: mit\n---\n");
  GHashTable *conflict = set_new();
  g_autofree char *out = run(f, "conflicts", NULL);
  g_autoptr(cJSON) object = json_parse(out, strlen(out));
  note_list(conflict, object, "conflicts");
  expect_documented(conflict, "conflicts: conflict");
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  add_test("/formats", "scan", test_scan);
  add_test("/formats", "show", test_show);
  add_test("/formats", "conflicts", test_conflicts);
  return g_test_run();
}
