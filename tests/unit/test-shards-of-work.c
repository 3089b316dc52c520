/* SPDX-License-Identifier: Apache-2.0 */
/* One collection read in four parts, by processes that know nothing of each other, and joined: the state of one run. */
#include "collection/stamp.h"
#include "core/error.h"
#include "lineage/forest/forest_text.h"
#include "lineage/sketch/sketch_store.h"
#include "tests/unit/lineage_fixture.h"

enum { PARTS = 4, MODELS = 11 };

static Collection *open_part(const char *root, const char *state, unsigned part, unsigned parts) {
  CollectionOptions options = {.state = state, .threads = 1, .shard = {part, parts}};
  g_autoptr(GError) error = NULL;
  Collection *c = collection_open(root, &options, &error);
  g_assert_no_error(error);
  return c;
}

static GPtrArray *scan_all(Collection *c, ScanSummary *sum) {
  g_autoptr(GError) error = NULL;
  g_assert_true(collection_scan(c, NULL, sum, &error));
  g_assert_no_error(error);
  return collection_models(c, NULL);
}

/* Every model with all that is known of it. */
static char *dump(const GPtrArray *models) {
  GString *s = g_string_new(NULL);
  for (guint i = 0; i < models->len; i++) {
    const Model *m = models->pdata[i];
    g_string_append_printf(s, "%s %s %s %d %u %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %s\n", m->path, m->name,
                           m->format, m->kind, m->tensors, m->params, m->bytes, m->shapes);
    for (guint k = 0; k < m->facts->len; k++) {
      const Fact *f = m->facts->pdata[k];
      g_string_append_printf(s, "  %s=%s (%s)\n", f->key, f->value, f->source);
    }
  }
  return g_string_free(s, FALSE);
}

static char *forest_of(Collection *c, GPtrArray *models) {
  g_autoptr(GError) error = NULL;
  g_autoptr(Forest) forest = forest_build(c, models, NULL, NULL, &error);
  g_assert_no_error(error);
  return forest_to_newick(forest);
}

/* A parent, children and grandchildren, and what is no model. */
static void plant(const Wood *w) {
  Net nets[MODELS];
  for (unsigned i = 0; i < MODELS; i++) {
    g_autofree char *name = g_strdup_printf("m%02u", i);
    nets[i] = i % 5 == 0 ? net_fresh(i + 1, 10) : net_child(&nets[i - 1], i + 1, 0.1f);
    wood_write(w, name, &nets[i], NULL);
  }
  for (unsigned i = 0; i < MODELS; i++) net_clear(&nets[i]);
  g_autofree char *bad = g_build_filename(w->root, "bad.safetensors", NULL);
  g_assert_true(g_file_set_contents(bad, "no weights at all, and no header", -1, NULL));
}

static void test_merge(void) {
  g_auto(Wood) w = wood_new();
  plant(&w);
  g_autofree char *one = g_build_filename(w.top, "one", NULL), *many = g_build_filename(w.top, "many", NULL);
  ScanSummary sum;
  unsigned models = 0, read = 0;
  for (unsigned part = 1; part <= PARTS; part++) {
    g_autoptr(Collection) c = open_part(w.root, many, part, PARTS);
    g_autoptr(GPtrArray) own = scan_all(c, &sum);
    g_autofree char *forest = forest_of(c, own); /* leaves the sketches */
    g_assert_cmpuint(own->len, >, 0);
    models += own->len;
    read += sum.read;
    g_autoptr(GPtrArray) again = scan_all(c, &sum);
    g_assert_cmpuint(sum.read, ==, 0);
  }
  g_assert_cmpuint(models, ==, MODELS);
  g_assert_cmpuint(read, ==, MODELS + 1);
  g_autoptr(Collection) single = open_part(w.root, one, 0, 0);
  g_autoptr(Collection) joined = open_part(w.root, many, 0, 0);
  g_autoptr(GError) error = NULL;
  for (unsigned part = 1; part <= PARTS; part++) {
    g_autofree char *state = g_strdup_printf("%s/shard-%u-of-%u", many, part, PARTS);
    g_assert_true(collection_merge(joined, state, &error));
    g_assert_no_error(error);
  }
  g_autoptr(GPtrArray) expected = scan_all(single, &sum);
  g_autoptr(GPtrArray) found = scan_all(joined, &sum);
  g_assert_cmpuint(sum.read, ==, 0);
  g_assert_cmpuint(sum.skipped, ==, 1);
  g_autofree char *a = dump(expected), *b = dump(found);
  g_assert_cmpstr(a, ==, b);
  for (guint i = 0; i < found->len; i++) { /* no weights need to be read again */
    g_autofree char *stamp = model_stamp(joined, found->pdata[i]);
    g_autoptr(GBytes) sketch = collection_get(joined, SKETCH_SPACE, stamp, NULL);
    g_assert_nonnull(sketch);
  }
  g_autofree char *left = forest_of(single, expected), *right = forest_of(joined, found);
  g_assert_cmpstr(left, ==, right);
}

/* The state of another folder is not taken, nor one that is none. */
static void test_refused(void) {
  g_auto(Wood) w = wood_new();
  g_auto(Wood) other = wood_new();
  plant(&w);
  g_autofree char *state = g_build_filename(w.top, "s", NULL), *theirs = g_build_filename(other.top, "s", NULL);
  g_autoptr(Collection) c = open_part(w.root, state, 0, 0);
  g_autoptr(Collection) stranger = open_part(other.root, theirs, 0, 0);
  g_autoptr(GPtrArray) models = scan_all(stranger, NULL);
  g_autoptr(GError) error = NULL;
  g_assert_false(collection_merge(c, theirs, &error));
  g_assert_error(error, COPSE_ERROR, COPSE_ERROR_STATE);
  g_clear_error(&error);
  g_assert_false(collection_merge(c, "/nowhere", &error));
  g_assert_error(error, COPSE_ERROR, COPSE_ERROR_STATE);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/shards-of-work/merge", test_merge);
  g_test_add_func("/shards-of-work/refused", test_refused);
  return g_test_run();
}
