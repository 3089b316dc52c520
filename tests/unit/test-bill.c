/* SPDX-License-Identifier: Apache-2.0 */
/* The bill of materials: every field against what CycloneDX 1.6's schema allows there (https://cyclonedx.org/schema/
 * bom-1.6.schema.json; most of its objects forbid other members), and against what is known of the models. */
#include <glib/gstdio.h>
#include <string.h>

#include "collection/file_sum.h"
#include "core/error.h"
#include "lineage/forest/bill.h"
#include "tests/unit/collection_fixture.h"

/* --- the schema, as far as it is used ------------------------------------------------------------------ */

static void only_members(const cJSON *o, const char *const *names) {
  const cJSON *member;
  g_assert_true(cJSON_IsObject(o));
  cJSON_ArrayForEach(member, o) {
    if (!g_strv_contains(names, member->string)) g_error("'%s' is no member here", member->string);
    g_assert_true(cJSON_GetObjectItemCaseSensitive(o, member->string) == member); /* each once */
  }
}

static const char *text_of(const cJSON *o, const char *name) {
  const cJSON *s = cJSON_GetObjectItemCaseSensitive(o, name);
  g_assert_true(s && cJSON_IsString(s) && *s->valuestring);
  return s->valuestring;
}

static void check_optional_text(const cJSON *o, const char *name) {
  if (cJSON_HasObjectItem(o, name)) text_of(o, name);
}

static void check_hashes(const cJSON *o) {
  const cJSON *hash;
  cJSON_ArrayForEach(hash, cJSON_GetObjectItemCaseSensitive(o, "hashes")) {
    only_members(hash, (const char *[]){"alg", "content", NULL});
    g_assert_cmpstr(text_of(hash, "alg"), ==, "SHA-256");
    g_assert_true(g_regex_match_simple("^[a-f0-9]{64}$", text_of(hash, "content"), 0, 0));
  }
}

static void check_licences(const cJSON *o) {
  const cJSON *item;
  cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(o, "licenses")) {
    const cJSON *licence = cJSON_GetObjectItemCaseSensitive(item, "license");
    only_members(item, (const char *[]){"license", NULL});
    only_members(licence, (const char *[]){"id", "name", "acknowledgement", NULL});
    g_assert_true(cJSON_HasObjectItem(licence, "id") != cJSON_HasObjectItem(licence, "name"));
    g_assert_cmpstr(text_of(licence, "acknowledgement"), ==, "declared");
  }
}

static void check_properties(const cJSON *o) {
  const cJSON *p;
  cJSON_ArrayForEach(p, cJSON_GetObjectItemCaseSensitive(o, "properties")) {
    only_members(p, (const char *[]){"name", "value", NULL});
    g_assert_true(g_str_has_prefix(text_of(p, "name"), "copse:"));
    text_of(p, "value");
  }
}

static void check_model_card(const cJSON *o) {
  const cJSON *card = cJSON_GetObjectItemCaseSensitive(o, "modelCard");
  if (!card) return;
  only_members(card, (const char *[]){"modelParameters", NULL});
  only_members(cJSON_GetObjectItemCaseSensitive(card, "modelParameters"),
               (const char *[]){"task", "architectureFamily", NULL});
}

static void check_component(const cJSON *o, GHashTable *refs);

static void check_components(const cJSON *list, GHashTable *refs) {
  const cJSON *o;
  cJSON_ArrayForEach(o, list) check_component(o, refs);
}

static void check_pedigree(const cJSON *o, GHashTable *refs) {
  const cJSON *pedigree = cJSON_GetObjectItemCaseSensitive(o, "pedigree");
  if (!pedigree) return;
  only_members(pedigree, (const char *[]){"ancestors", "notes", NULL});
  text_of(pedigree, "notes");
  g_assert_cmpint(cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(pedigree, "ancestors")), >, 0);
  check_components(cJSON_GetObjectItemCaseSensitive(pedigree, "ancestors"), refs);
}

static void check_component(const cJSON *o, GHashTable *refs) {
  static const char *const types[] = {"application", "machine-learning-model", "file", "data", NULL};
  only_members(o, (const char *[]){"type", "bom-ref", "group", "name", "version", "hashes", "licenses", "purl",
                                   "pedigree", "components", "modelCard", "properties", NULL});
  g_assert_true(g_strv_contains(types, text_of(o, "type")));
  text_of(o, "name");
  check_optional_text(o, "group");
  check_optional_text(o, "version");
  check_optional_text(o, "purl");
  if (cJSON_HasObjectItem(o, "bom-ref")) g_assert_true(g_hash_table_add(refs, (char *)text_of(o, "bom-ref")));
  check_hashes(o);
  check_licences(o);
  check_pedigree(o, refs);
  check_model_card(o);
  check_properties(o);
  check_components(cJSON_GetObjectItemCaseSensitive(o, "components"), refs);
}

static void check_dependencies(const cJSON *list, GHashTable *refs) {
  const cJSON *o, *on;
  cJSON_ArrayForEach(o, list) {
    only_members(o, (const char *[]){"ref", "dependsOn", NULL});
    g_assert_true(g_hash_table_contains(refs, text_of(o, "ref")));
    cJSON_ArrayForEach(on, cJSON_GetObjectItemCaseSensitive(o, "dependsOn"))
        g_assert_true(g_hash_table_contains(refs, on->valuestring));
  }
}

static void check_bill(const cJSON *bill) {
  g_autoptr(GHashTable) refs = g_hash_table_new(g_str_hash, g_str_equal);
  const cJSON *metadata = cJSON_GetObjectItemCaseSensitive(bill, "metadata");
  only_members(bill, (const char *[]){"$schema", "bomFormat", "specVersion", "serialNumber", "version", "metadata",
                                      "components", "dependencies", NULL});
  g_assert_cmpstr(text_of(bill, "$schema"), ==, "http://cyclonedx.org/schema/bom-1.6.schema.json");
  g_assert_cmpstr(text_of(bill, "bomFormat"), ==, "CycloneDX");
  g_assert_cmpstr(text_of(bill, "specVersion"), ==, "1.6");
  g_assert_true(g_regex_match_simple("^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
                                     text_of(bill, "serialNumber"), 0, 0));
  g_assert_cmpfloat(cJSON_GetObjectItemCaseSensitive(bill, "version")->valuedouble, ==, 1);
  only_members(metadata, (const char *[]){"timestamp", "tools", "component", NULL});
  g_assert_true(
      g_regex_match_simple("^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ$", text_of(metadata, "timestamp"), 0, 0));
  const cJSON *tools = cJSON_GetObjectItemCaseSensitive(metadata, "tools");
  only_members(tools, (const char *[]){"components", NULL});
  check_components(cJSON_GetObjectItemCaseSensitive(tools, "components"), refs);
  check_component(cJSON_GetObjectItemCaseSensitive(metadata, "component"), refs);
  check_components(cJSON_GetObjectItemCaseSensitive(bill, "components"), refs);
  check_dependencies(cJSON_GetObjectItemCaseSensitive(bill, "dependencies"), refs);
}

/* --- bills of small collections -------------------------------------------------------------------------- */

static cJSON *bill_of(Fixture *f, bool hashes) {
  g_autoptr(GError) error = NULL;
  scan(f);
  const ForestOptions fo = {.declared_only = true, .threads = 1};
  g_autoptr(Forest) forest = forest_build(f->collection, f->models, &fo, NULL, &error);
  g_assert_no_error(error);
  const BillOptions o = {.title = "models", .version = "1", .time = 1700000000, .hashes = hashes};
  cJSON *bill = bill_json(f->collection, forest, &o, NULL, &error);
  g_assert_no_error(error);
  check_bill(bill);
  /* As it is printed: through text and back. */
  g_autofree char *text = cJSON_Print(bill);
  g_autoptr(cJSON) again = json_parse(text, strlen(text));
  check_bill(again);
  return bill;
}

/* The component of that name. */
static const cJSON *named(const cJSON *bill, const char *name) {
  const cJSON *o;
  cJSON_ArrayForEach(
      o, cJSON_GetObjectItemCaseSensitive(bill, "components")) if (strcmp(text_of(o, "name"), name) == 0) return o;
  g_error("no component %s", name);
}

static const char *property(const cJSON *o, const char *name) {
  const cJSON *p;
  cJSON_ArrayForEach(p, cJSON_GetObjectItemCaseSensitive(o, "properties")) if (strcmp(text_of(p, "name"), name) ==
                                                                               0) return text_of(p, "value");
  return NULL;
}

static const cJSON *item(const cJSON *o, const char *list, int i) {
  return cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(o, list), i);
}

static void put_family(const Fixture *f) {
  put_full(f, "base/model.safetensors");
  put_text(f, "base/config.json", "{}");
  put_text(f, "base/README.md", "---\nlicense: apache-2.0\npipeline_tag: text-to-image\n---\n");
  put_lora(f, "tuned/adapter_model.safetensors", down, up, 2, NULL);
  put_text(f, "tuned/adapter_config.json", "{\"base_model_name_or_path\": \"org/gone\"}");
  put_text(f, "tuned/README.md",
           "---\nlicense: other\nlicense_name: a-licence-of-its-own\nbase_model: org/gone\n---\n");
}

static void test_fields(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_family(f);
  g_autoptr(cJSON) bill = bill_of(f, true);
  const cJSON *base = named(bill, "base"), *tuned = named(bill, "tuned"), *gone = named(bill, "gone");
  g_assert_cmpstr(text_of(item(base, "licenses", 0)->child, "id"), ==, "Apache-2.0");
  g_assert_cmpstr(text_of(item(tuned, "licenses", 0)->child, "name"), ==, "a-licence-of-its-own");
  g_assert_cmpstr(property(base, "copse:path"), ==, "base");
  g_assert_cmpstr(property(gone, "copse:on-disk"), ==, "no");
  g_assert_cmpstr(text_of(gone, "group"), ==, "org");
  const cJSON *ancestor = item(cJSON_GetObjectItemCaseSensitive(tuned, "pedigree"), "ancestors", 0);
  g_assert_cmpstr(text_of(ancestor, "name"), ==, "gone");
  g_assert_cmpstr(property(ancestor, "copse:source"), ==, "declared");
  g_assert_cmpstr(property(ancestor, "copse:ref"), ==, text_of(gone, "bom-ref"));
  g_assert_nonnull(property(ancestor, "copse:confidence"));
}

/* The hash is that of the file's bytes, is kept, and is made anew when they change. */
static void test_hashes(Fixture *f, gconstpointer unused) {
  (void)unused;
  g_autoptr(GError) error = NULL;
  put_full(f, "a.safetensors");
  g_autoptr(cJSON) bill = bill_of(f, true);
  g_autofree char *path = g_build_filename(f->root, "a.safetensors", NULL), *bytes = NULL;
  gsize n;
  g_assert_true(g_file_get_contents(path, &bytes, &n, NULL));
  g_autofree char *want = g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)bytes, n);
  const cJSON *a = named(bill, "a");
  g_assert_cmpstr(text_of(item(a, "hashes", 0), "content"), ==, want);
  g_assert_cmpstr(text_of(item(item(a, "components", 0), "hashes", 0), "content"), ==, want);
  bytes[n - 1] ^= 1;
  g_assert_true(g_file_set_contents(path, bytes, (gssize)n, NULL));
  g_autofree char *other = file_sum(f->collection, "a.safetensors", NULL, &error);
  g_assert_no_error(error);
  g_assert_cmpstr(other, !=, want);
  g_assert_cmpint(g_remove(path), ==, 0);
  g_assert_null(file_sum(f->collection, "a.safetensors", NULL, &error));
  g_assert_error(error, COPSE_ERROR, COPSE_ERROR_IO);
}

static void test_no_hashes(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_family(f);
  g_autoptr(cJSON) bill = bill_of(f, false);
  g_autofree char *text = cJSON_Print(bill);
  g_assert_null(strstr(text, "hashes"));
}

static void test_hub(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_full(f, "models--o--n/blobs/aaaa");
  put_link(f, "models--o--n/snapshots/c0ffee/model.safetensors", "../../blobs/aaaa");
  put_text(f, "models--o--n/refs/main", "c0ffee");
  g_autoptr(cJSON) bill = bill_of(f, true);
  const cJSON *n = named(bill, "n");
  g_assert_cmpstr(text_of(n, "purl"), ==, "pkg:huggingface/o/n@c0ffee");
  g_assert_cmpstr(text_of(n, "version"), ==, "c0ffee");
  g_assert_cmpint(cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(n, "components")), ==, 1);
}

/* The same models at the same time are the same bill. */
static void test_same(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_family(f);
  g_autoptr(cJSON) one = bill_of(f, true), two = bill_of(f, true);
  g_assert_true(cJSON_Compare(one, two, true));
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  add_test("/bill", "fields", test_fields);
  add_test("/bill", "hashes", test_hashes);
  add_test("/bill", "no-hashes", test_no_hashes);
  add_test("/bill", "hub", test_hub);
  add_test("/bill", "same", test_same);
  return g_test_run();
}
