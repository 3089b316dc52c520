/* SPDX-License-Identifier: Apache-2.0 */
/* What a model is for: who is trusted before whom, and what the files beside it say. */
#include <string.h>

#include "collection/purpose.h"
#include "collection/read/family.h"
#include "collection/read/metadata_facts.h"
#include "collection/read/sidecar.h"
#include "tests/unit/collection_fixture.h"

static Model *cryptic(void) {
  Model *m = model_new();
  m->path = g_strdup("v3-000012.safetensors"), m->shown = g_strdup(m->path), m->name = g_strdup("v3-000012");
  return m;
}

static const Purpose *purpose(const GArray *all, guint i) { return &g_array_index(all, Purpose, i); }

static void test_order(void) {
  g_autoptr(Model) m = cryptic();
  g_autoptr(GArray) name = model_purposes(m, NULL, NULL, NULL);
  g_assert_cmpuint(name->len, ==, 1);
  g_assert_cmpstr(purpose(name, 0)->text, ==, "v3-000012");
  g_assert_cmpint(purpose(name, 0)->kind, ==, PURPOSE_NAME);
  model_add_fact(m, "instance_prompt", "a photo of sks fox", "card");
  model_add_fact(m, "description", "A red fox in snow. Use at 0.8.", ".civitai.info");
  model_add_fact(m, "trained_words", "sks fox", ".civitai.info");
  model_add_fact(m, "trained_words", "snow", ".civitai.info");
  model_add_fact(m, "trigger", "Sks Fox, snow", "ss_tag_frequency, on 97 % of 30 pictures");
  model_add_fact(m, "concept", "fox", "metadata");
  g_autoptr(GArray) all = model_purposes(m, "concept", "hare", "expert one, 0.93 sure");
  static const PurposeKind order[] = {PURPOSE_PREDICTED, PURPOSE_DECLARED, PURPOSE_TRIGGER,
                                      PURPOSE_DESCRIBED, PURPOSE_CARD,     PURPOSE_NAME};
  g_assert_cmpuint(all->len, ==, G_N_ELEMENTS(order)); /* the trained words say what the trigger says */
  for (guint i = 0; i < all->len; i++) g_assert_cmpint(purpose(all, i)->kind, ==, order[i]);
  g_assert_cmpstr(purpose(all, 3)->text, ==, "A red fox in snow");
  model_add_fact(m, "label", "arctic fox", "by hand");
  g_autofree char *first = model_purpose(m, "concept");
  g_assert_cmpstr(first, ==, "arctic fox");
}

/* --- training tags -------------------------------------------------------------------------------- */

static void test_trigger(void) {
  g_autoptr(GHashTable) metadata = g_hash_table_new(g_str_hash, g_str_equal);
  g_hash_table_insert(metadata, (gpointer) "ss_tag_frequency",
                      (gpointer) "{\"10_a\":{\"sks fox\":25,\"snow\":9},\"5_b\":{\" sks fox\":4,\"red\":5}}");
  g_autoptr(Model) alone = cryptic();
  metadata_add_facts(alone, metadata);
  g_assert_cmpstr(model_value(alone, "trigger"), ==, "sks fox");
  g_assert_cmpstr(model_fact(alone, "trigger")->source, ==, "ss_tag_frequency, on 29 pictures");
  g_hash_table_insert(metadata, (gpointer) "ss_dataset_dirs",
                      (gpointer) "{\"10_a\":{\"n_repeats\":10,\"img_count\":25},\"5_b\":{\"img_count\":5}}");
  g_autoptr(Model) counted = cryptic();
  metadata_add_facts(counted, metadata);
  g_assert_cmpstr(model_fact(counted, "trigger")->source, ==, "ss_tag_frequency, on 97 % of 30 pictures");
}

/* --- files beside it ------------------------------------------------------------------------------ */

static void take(Model *m, const char *text, const char *source) { sidecar_add_facts(m, text, strlen(text), source); }

static void test_sidecars(void) {
  g_autoptr(Model) m = cryptic();
  take(m,
       "{\"baseModel\":\"SDXL 1.0\",\"trainedWords\":[\"sks fox\",\"sks fox\",\"\"],\"model\":{\"name\":\"Fox\","
       "\"tags\":[\"animal\"]},\"description\":\"<p>A <b>red</b>\\n fox.</p><script>x</script>\"}",
       ".civitai.info");
  g_assert_cmpstr(model_value(m, "trained_words"), ==, "sks fox");
  g_assert_cmpstr(model_value(m, "name"), ==, "Fox");
  g_assert_cmpstr(model_value(m, "tags"), ==, "animal");
  g_assert_cmpstr(model_value(m, "declared_family"), ==, "SDXL 1.0");
  g_assert_true(g_str_has_prefix(model_value(m, "description"), "A red fox."));
  guint facts = m->facts->len;
  take(m, "{\"activation text\":\"sks fox\",\"sd version\":\"Unknown\",\"deep\":{\"trainedWords\":1}}", ".json");
  g_assert_cmpuint(m->facts->len, ==, facts); /* nothing new */
  take(m, "[1]", ".json");
  g_assert_cmpstr(model_value(m, "problem"), ==, "not a JSON object");
  g_autoptr(Model) t = cryptic();
  take(t, "a fox \xff in snow", ".txt");
  g_assert_cmpstr(model_value(t, "description"), ==, "a fox");
}

/* A scan takes the files that have the weight file's name, and no others; another text is noticed. */
static void test_scan(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_full(f, "v3-000012.safetensors");
  put_text(f, "v3-000012.txt", "a red fox");
  put_text(f, "v3-000012.preview.png", "not opened");
  put_text(f, "v3-000013.txt", "a hare");
  scan(f);
  const Model *m = model_at(f, "v3-000012.safetensors");
  g_assert_cmpstr(model_value(m, "description"), ==, "a red fox");
  g_assert_cmpstr(model_value(m, "preview"), ==, "v3-000012.preview.png");
  put_text(f, "v3-000012.txt", "a barn owl, seen from behind");
  scan(f);
  g_assert_cmpstr(model_value(model_at(f, "v3-000012.safetensors"), "description"), ==, "a barn owl, seen from behind");
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/purpose/order", test_order);
  g_test_add_func("/purpose/trigger", test_trigger);
  g_test_add_func("/purpose/sidecars", test_sidecars);
  add_test("/purpose", "scan", test_scan);
  return g_test_run();
}
