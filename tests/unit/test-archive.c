/* SPDX-License-Identifier: Apache-2.0 */
/* Models inside archives: every format, what a hostile one may do, and reading a member. */
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "core/error.h"
#include "tests/unit/archive_fixture.h"

static const char *const all_kinds[] = {"tar",    "pax",     "ustar", "tar.gz",     "tar.zst",
                                        "tar.xz", "tar.bz2", "zip",   "zip-stored", "7z"};

static const char adapter_config[] =
    "{\"base_model_name_or_path\":\"org/base\",\"lora_alpha\":32,\"r\":2,\"peft_type\":\"LORA\"}";
static const char card[] = "---\nlicense: mit\ntags: [fox]\n---\n# A fox\n";

/* The weights of a model that put_full() would have written, read through the collection. */
static void expect_values(const Fixture *f, const Model *m) {
  g_autoptr(GError) error = NULL;
  g_autoptr(WeightFile) file = collection_open_weights(f->collection, m, &error);
  g_assert_no_error(error);
  float values[12];
  gssize i = weight_file_find(file, "fc.weight");
  g_assert_cmpint(i, >=, 0);
  g_assert_true(weight_file_read_f32(file, (size_t)i, 0, 12, values, &error));
  for (int k = 0; k < 12; k++) g_assert_cmpfloat(values[k], ==, k + 1);
}

/* One archive of each kind holds a loose model, an adapter with what lies beside it, a checkpoint
 * and a file that is nothing. */
static void put_zoo(const Fixture *f, const char *path, const char *kind) {
  g_autoptr(GBytes) full = full_bytes(f), lora = lora_bytes(f), config = text_of(adapter_config), text = text_of(card),
                    nothing = text_of("not weights");
  const Packed members[] = {{.path = "train/", .type = 'd'},
                            {.path = "./train/loose.safetensors", .bytes = full},
                            {.path = "fox/README.md", .bytes = text},
                            {.path = "fox/adapter_model.safetensors", .bytes = lora},
                            {.path = "fox/adapter_config.json", .bytes = config},
                            {.path = "run/checkpoint-20/model.safetensors", .bytes = full},
                            {.path = "run/checkpoint-20/optimizer.pt", .bytes = nothing},
                            {.path = "bad.safetensors", .bytes = nothing},
                            {.path = "notes.txt", .bytes = nothing}};
  put_archive(f, path, kind, members, G_N_ELEMENTS(members));
}

static void expect_zoo(const Fixture *f, const char *archive) {
  g_autofree char *loose = g_strconcat(archive, "!train/loose.safetensors", NULL);
  g_autofree char *fox = g_strconcat(archive, "!fox", NULL);
  g_autofree char *step = g_strconcat(archive, "!run/checkpoint-20/model.safetensors", NULL);
  g_autofree char *bad = g_strconcat(archive, "!bad.safetensors", NULL);
  g_autofree char *run = g_strconcat(archive, "!run", NULL);
  const Model *m = model_at(f, loose);
  g_assert_cmpstr(m->file, ==, loose);
  g_assert_cmpstr(m->name, ==, "loose");
  g_assert_cmpstr(m->format, ==, "safetensors");
  g_assert_cmpint(m->kind, ==, MODEL_FULL);
  g_assert_cmpuint(m->params, ==, 15);
  g_assert_cmpstr(model_split(m), ==, "train");
  g_assert_cmpstr(model_value(m, "archive"), ==, archive);
  expect_values(f, m);
  m = model_at(f, fox);
  g_assert_cmpint(m->kind, ==, MODEL_LORA);
  g_assert_cmpfloat(m->scaling.alpha, ==, 32);
  g_assert_cmpstr(model_base(m), ==, "org/base");
  g_assert_cmpstr(model_value(m, "license"), ==, "mit");
  g_assert_cmpstr(model_fact(m, "license")->source, ==, "card");
  m = model_at(f, step);
  g_assert_cmpstr(model_value(m, "chain"), ==, run);
  g_assert_cmpstr(model_value(m, "step"), ==, "20");
  expect_values(f, m);
  expect_reason(f, bad, "a short text");
}

static void test_kinds(Fixture *f, gconstpointer unused) {
  (void)unused;
  for (size_t i = 0; i < G_N_ELEMENTS(all_kinds); i++) {
    const char *kind = all_kinds[i];
    bool zip = g_str_has_prefix(kind, "zip"), plain = strcmp(kind, "pax") == 0 || strcmp(kind, "ustar") == 0;
    g_autofree char *path = g_strdup_printf("%s/zoo.%s", kind, zip ? "zip" : plain ? "tar" : kind);
    put_zoo(f, path, kind);
  }
  scan(f);
  g_assert_cmpuint(f->models->len, ==, 3 * G_N_ELEMENTS(all_kinds));
  g_assert_cmpuint(f->skipped->len, ==, G_N_ELEMENTS(all_kinds));
  for (size_t i = 0; i < G_N_ELEMENTS(all_kinds); i++) {
    const char *kind = all_kinds[i];
    bool zip = g_str_has_prefix(kind, "zip"), plain = strcmp(kind, "pax") == 0 || strcmp(kind, "ustar") == 0;
    g_autofree char *path = g_strdup_printf("%s/zoo.%s", kind, zip ? "zip" : plain ? "tar" : kind);
    expect_zoo(f, path);
  }
}

static void test_rescan(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_zoo(f, "a.tar", "tar");
  put_zoo(f, "b.tar.gz", "tar.gz");
  put_full(f, "loose.safetensors");
  put_text(f, "empty.zip", "nothing");
  scan(f);
  g_assert_cmpuint(f->models->len, ==, 7);
  g_assert_cmpuint(f->sum.read, >, 6);
  gint64 id = model_at(f, "a.tar!fox")->id;
  scan(f);
  g_assert_cmpuint(f->sum.read, ==, 0);
  g_assert_cmpuint(f->sum.unchanged, ==, 8);
  g_assert_cmpuint(f->models->len, ==, 7);
  /* Another archive under the same name: one model stays, one is new, one goes. */
  g_autoptr(GBytes) full = full_bytes(f), lora = lora_bytes(f), config = text_of(adapter_config);
  const Packed members[] = {{.path = "fox/adapter_model.safetensors", .bytes = lora},
                            {.path = "fox/adapter_config.json", .bytes = config},
                            {.path = "new.safetensors", .bytes = full}};
  put_archive(f, "a.tar", "tar", members, 3);
  scan(f);
  g_assert_cmpuint(f->models->len, ==, 6);
  g_assert_cmpint(model_at(f, "a.tar!fox")->id, ==, id);
  g_assert_null(model_value(model_at(f, "a.tar!fox"), "license"));
  expect_values(f, model_at(f, "a.tar!new.safetensors"));
  g_assert_cmpstr(reason_at(f, "a.tar!bad.safetensors"), ==, "");
  g_autofree char *gone = place(f, "b.tar.gz");
  g_assert_cmpint(g_unlink(gone), ==, 0);
  scan(f);
  g_assert_cmpuint(f->models->len, ==, 3);
  g_assert_cmpuint(f->skipped->len, ==, 1);
}

static void test_hostile_members(Fixture *f, gconstpointer unused) {
  (void)unused;
  g_autoptr(GBytes) full = full_bytes(f), config = text_of("{}");
  const Packed members[] = {{.path = "../up.safetensors", .bytes = full},
                            {.path = "a/../../up2.safetensors", .bytes = full},
                            {.path = "/etc/absolute.safetensors", .bytes = full},
                            {.path = "C:\\win.safetensors", .bytes = full},
                            {.path = "x\\..\\..\\win.safetensors", .bytes = full},
                            {.path = "../notes.txt", .bytes = config},
                            {.path = "twice.safetensors", .bytes = full},
                            {.path = "./twice.safetensors", .bytes = full},
                            {.path = "m/config.json", .bytes = config},
                            {.path = "m/config.json", .bytes = config},
                            {.path = "m/model.safetensors", .bytes = full},
                            {.path = "link.safetensors", .type = 'l', .target = "good.safetensors"},
                            {.path = "loop.safetensors", .type = 'l', .target = "loop.safetensors"},
                            {.path = "out.safetensors", .type = 'l', .target = "/etc/passwd"},
                            {.path = "hard.safetensors", .type = 'h', .target = "good.safetensors"},
                            {.path = "x/up.safetensors", .type = 'l', .target = "../../good.safetensors"},
                            {.path = "void.safetensors", .type = 'l', .target = "void/m.pt"},
                            {.path = "evil.safetensors", .type = 'h', .target = "../good.safetensors"},
                            {.path = "pipe.safetensors", .type = 'p'},
                            {.path = "mixed.safetensors", .type = 'p'},
                            {.path = "mixed.safetensors", .bytes = full},
                            {.path = "inner.tar.gz", .bytes = config},
                            {.path = "half.safetensors.part", .bytes = config},
                            {.path = "__MACOSX/._good.safetensors", .bytes = config},
                            {.path = "good.safetensors", .bytes = full}};
  put_archive(f, "h.tar", "tar", members, G_N_ELEMENTS(members));
  scan(f);
  g_assert_cmpuint(f->models->len, ==, 4);
  expect_values(f, model_at(f, "h.tar!good.safetensors"));
  expect_values(f, model_at(f, "h.tar!link.safetensors"));
  expect_values(f, model_at(f, "h.tar!hard.safetensors"));
  expect_values(f, model_at(f, "h.tar!m/model.safetensors"));
  expect_reason(f, "h.tar!../up.safetensors", "a path that leaves the archive, not opened");
  expect_reason(f, "h.tar!a/../../up2.safetensors", "a path that leaves the archive, not opened");
  expect_reason(f, "h.tar!/etc/absolute.safetensors", "an absolute path, not opened");
  expect_reason(f, "h.tar!C:\\win.safetensors", "an absolute path, not opened");
  expect_reason(f, "h.tar!x\\..\\..\\win.safetensors", "a path that leaves the archive, not opened");
  expect_reason(f, "h.tar!../notes.txt", "a path that leaves the archive, not opened");
  expect_reason(f, "h.tar!twice.safetensors", "appears twice in the archive");
  expect_reason(f, "h.tar!m/config.json", "appears twice in the archive");
  expect_reason(f, "h.tar!mixed.safetensors", "appears twice in the archive");
  expect_reason(f, "h.tar!loop.safetensors", "a link to loop.safetensors: not in the archive");
  expect_reason(f, "h.tar!out.safetensors", "a link that leaves the archive, not followed");
  expect_reason(f, "h.tar!x/up.safetensors", "a link that leaves the archive, not followed");
  expect_reason(f, "h.tar!void.safetensors", "a link to void/m.pt: not in the archive");
  expect_reason(f, "h.tar!evil.safetensors", "a link that leaves the archive, not followed");
  expect_reason(f, "h.tar!pipe.safetensors", "a FIFO, not opened");
  expect_reason(f, "h.tar!inner.tar.gz", "an archive in an archive");
  expect_reason(f, "h.tar!half.safetensors.part", "not finished");
  g_assert_cmpuint(f->skipped->len, ==, 17);
}

/* Names with escape, C1 and bidi controls, and in no encoding. */
static void test_hostile_names(Fixture *f, gconstpointer unused) {
  (void)unused;
  static const char *const names[] = {"a\x1b]0;pwned\x07.safetensors",
                                      "b\xc2\x9b"
                                      "31m.safetensors",
                                      "c\xe2\x80\xae"
                                      "txt.safetensors",
                                      "d\xe9\xff.safetensors", "e\n\r\tf.safetensors"};
  g_autoptr(GBytes) full = full_bytes(f);
  Packed members[G_N_ELEMENTS(names)];
  for (size_t i = 0; i < G_N_ELEMENTS(names); i++) members[i] = (Packed){.path = names[i], .bytes = full};
  put_archive(f, "n.tar", "tar", members, G_N_ELEMENTS(names));
  put_archive(f, "n.zip", "zip-stored", members, G_N_ELEMENTS(names));
  put_archive(f, "n\x1b[2J.tgz", "tar.gz", members, 1);
  for (int again = 0; again < 2; again++) {
    scan(f);
    /* The zip says that its names are UTF-8, and one is not. */
    g_assert_cmpuint(f->models->len, ==, 10);
    expect_reason(f, "n.zip!?3", "a name that cannot be read");
    for (guint i = 0; i < f->models->len; i++) {
      const Model *m = f->models->pdata[i];
      g_assert_true(text_is_safe(m->shown, -1));
      g_assert_true(text_is_safe(m->name, -1));
      for (guint k = 0; k < m->facts->len; k++)
        g_assert_true(text_is_safe(((const Fact *)m->facts->pdata[k])->value, -1));
      expect_values(f, m);
    }
    close_collection(f);
  }
}

static void test_wide_names(Fixture *f, gconstpointer unused) {
  (void)unused;
  g_autoptr(GBytes) full = full_bytes(f);
  const Packed member = {.path =
                             "f\xc3\xbc"
                             "chse/\xe7\x8b\x90.safetensors",
                         .bytes = full};
  static const char *const kinds[] = {"tar", "pax", "zip", "7z"};
  for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
    g_autofree char *path = g_strdup_printf("%s.%s", kinds[i], i == 1 ? "tar" : kinds[i]);
    put_archive(f, path, kinds[i], &member, 1);
  }
  scan(f);
  expect_values(f, model_at(f,
                            "tar.tar!f\xc3\xbc"
                            "chse/\xe7\x8b\x90.safetensors"));
  expect_values(f, model_at(f,
                            "pax.tar!f\xc3\xbc"
                            "chse/\xe7\x8b\x90.safetensors"));
  expect_values(f, model_at(f,
                            "zip.zip!f\xc3\xbc"
                            "chse/\xe7\x8b\x90.safetensors"));
  expect_values(f, model_at(f,
                            "7z.7z!f\xc3\xbc"
                            "chse/\xe7\x8b\x90.safetensors"));
}

static GBytes *noise(size_t n) {
  g_autoptr(GRand) rand = g_rand_new_with_seed(1);
  unsigned char *bytes = g_malloc(n);
  for (size_t i = 0; i < n; i++) bytes[i] = (unsigned char)g_rand_int(rand);
  return g_bytes_new_take(bytes, n);
}

/* What comes before the cut is read, and the rest costs a row. */
static void test_cut_short(Fixture *f, gconstpointer unused) {
  (void)unused;
  g_autoptr(GBytes) full = full_bytes(f), filling = noise(300000);
  const Packed members[] = {{.path = "first.safetensors", .bytes = full},
                            {.path = "filling", .bytes = filling},
                            {.path = "last.safetensors", .bytes = full}};
  static const char *const kinds[] = {"tar", "tar.gz", "zip", "7z"};
  for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
    g_autoptr(GBytes) whole = archive_bytes(kinds[i], members, 3);
    gsize cut_off = strcmp(kinds[i], "tar") == 0 ? 1024 + 400 : 90000;
    g_autoptr(GBytes) cut = g_bytes_new_from_bytes(whole, 0, g_bytes_get_size(whole) - cut_off);
    g_autofree char *path = g_strconcat("cut.", kinds[i], NULL);
    put_bytes(f, path, cut);
  }
  scan(f);
  expect_values(f, model_at(f, "cut.tar!first.safetensors"));
  expect_values(f, model_at(f, "cut.tar.gz!first.safetensors"));
  expect_reason(f, "cut.tar!last.safetensors", "damaged");
  g_assert_null(strstr(reason_at(f, "cut.tar!last.safetensors"), f->top));
  expect_reason(f, "cut.tar.gz", "damaged");
  g_assert_cmpstr(reason_at(f, "cut.zip"), !=, "");
  g_assert_cmpstr(reason_at(f, "cut.7z"), !=, "");
}

/* --- bombs ------------------------------------------------------------------------------------ */

/* A gzip in a gzip: one compression is what archives have. */
static void test_packed_twice(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_zoo(f, "once.tar.gz", "tar.gz");
  g_autoptr(GBytes) full = full_bytes(f);
  const Packed member = {.path = "m.safetensors", .bytes = full};
  g_autoptr(GBytes) once = archive_bytes("tar.gz", &member, 1);
  g_autoptr(GBytes) twice = gzipped(once);
  put_bytes(f, "twice.tgz", twice);
  scan(f);
  g_assert_cmpuint(f->models->len, ==, 3);
  expect_reason(f, "twice.tgz", "packed more than once, not opened: unpack the outer layer first");
}

static void test_parts(Fixture *f, gconstpointer unused) {
  (void)unused;
  g_autoptr(GBytes) full = full_bytes(f);
  g_autoptr(GBytes) index = text_of(
      "{\"metadata\":{},\"weight_map\":{\"fc.weight\":\"model-00001-of-00002.safetensors\","
      "\"fc.bias\":\"model-00001-of-00002.safetensors\","
      "\"base_model.model.q.lora_A.weight\":\"model-00002-of-00002.safetensors\","
      "\"base_model.model.q.lora_B.weight\":\"model-00002-of-00002.safetensors\"}}");
  g_autoptr(GBytes) lora = lora_bytes(f), config = text_of("{}");
  const Packed members[] = {{.path = "m/model.safetensors.index.json", .bytes = index},
                            {.path = "m/config.json", .bytes = config},
                            {.path = "m/model-00001-of-00002.safetensors", .bytes = full},
                            {.path = "m/model-00002-of-00002.safetensors", .bytes = lora}};
  put_archive(f, "p.tar", "tar", members, 4);
  put_archive(f, "p.tgz", "tar.gz", members, 4);
  put_archive(f, "q.tar", "tar", members, 3);
  scan(f);
  g_assert_cmpuint(f->models->len, ==, 2);
  for (guint i = 0; i < 2; i++) {
    const Model *m = f->models->pdata[i];
    g_assert_cmpuint(m->tensors, ==, 4);
    expect_values(f, m);
  }
  g_assert_cmpuint(f->skipped->len, ==, 1);
}

/* A plain file may have the path that a member would have. */
static void test_same_path(Fixture *f, gconstpointer unused) {
  (void)unused;
  g_autoptr(GBytes) full = full_bytes(f);
  const Packed members[] = {{.path = "m.safetensors", .bytes = full}, {.path = "n.safetensors", .bytes = full}};
  put_archive(f, "a.tar", "tar", members, 2);
  put_lora(f, "a.tar!m.safetensors", down, up, 2, NULL);
  put_lora(f, "b!c.safetensors", down, up, 2, NULL);
  for (int again = 0; again < 2; again++) {
    scan(f);
    g_assert_cmpuint(f->models->len, ==, 3);
    g_assert_cmpint(model_at(f, "a.tar!m.safetensors")->kind, ==, MODEL_LORA);
    g_assert_cmpint(model_at(f, "b!c.safetensors")->kind, ==, MODEL_LORA);
    expect_values(f, model_at(f, "a.tar!n.safetensors"));
    expect_reason(f, "a.tar!m.safetensors", "a file outside the archive has this path");
    g_autoptr(WeightFile) file = collection_open_weights(f->collection, model_at(f, "a.tar!m.safetensors"), NULL);
    g_assert_cmpint(weight_file_find(file, down), >=, 0);
  }
  g_assert_cmpuint(f->sum.read, ==, 0);
}

/* A lone archive in the collection: no other name than its own. */
static void test_root_of_archive(Fixture *f, gconstpointer unused) {
  (void)unused;
  g_autoptr(GBytes) full = full_bytes(f), config = text_of("{\"model_type\":\"vit\"}");
  const Packed members[] = {{.path = "model.safetensors", .bytes = full}, {.path = "config.json", .bytes = config}};
  put_archive(f, "my-vit.tar.gz", "tar.gz", members, 2);
  scan(f);
  const Model *m = model_at(f, "my-vit.tar.gz!.");
  g_assert_cmpstr(m->name, ==, "my-vit");
  g_assert_cmpstr(m->file, ==, "my-vit.tar.gz!model.safetensors");
  g_assert_cmpstr(model_value(m, "model_type"), ==, "vit");
  expect_values(f, m);
}

/* A Hub cache in an archive: snapshots are links to blobs. */
static void test_hub_cache(Fixture *f, gconstpointer unused) {
  (void)unused;
  g_autoptr(GBytes) full = full_bytes(f), config = text_of("{\"model_type\":\"vit\"}");
  const Packed members[] = {
      {.path = "hub/models--o--n/snapshots/c0/model.safetensors", .type = 'l', .target = "../../blobs/aaaa"},
      {.path = "hub/models--o--n/snapshots/c0/config.json", .type = 'l', .target = "../../blobs/bbbb"},
      {.path = "hub/models--o--n/blobs/aaaa", .bytes = full},
      {.path = "hub/models--o--n/blobs/bbbb", .bytes = config}};
  put_archive(f, "a.tar", "tar", members, 4);
  put_archive(f, "b.tar.zst", "tar.zst", members, 4);
  scan(f);
  g_assert_cmpuint(f->models->len, ==, 2);
  g_assert_cmpuint(f->skipped->len, ==, 0);
  for (guint i = 0; i < 2; i++) {
    const Model *m = f->models->pdata[i];
    g_assert_cmpstr(m->name, ==, "o/n");
    g_assert_cmpstr(model_value(m, "model_type"), ==, "vit");
    g_assert_cmpuint(m->bytes, ==, g_bytes_get_size(full));
    expect_values(f, m);
  }
}

/* The collection may be an archive; nothing beside it is looked at. What is none has a row that says so. */
static void test_archive_as_root(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_zoo(f, "zoo.tar.gz", "tar.gz");
  put_full(f, "beside.safetensors");
  put_text(f, "none.tar.gz", "text");
  g_autofree char *none = place(f, "none.tar.gz");
  const CollectionOptions options = {.read_only = true};
  g_autoptr(Collection) c = collection_open(none, &options, NULL);
  ScanSummary sum = {0};
  g_assert_true(collection_scan(c, NULL, &sum, NULL));
  g_assert_cmpuint(sum.models, ==, 0);
  g_assert_cmpuint(sum.skipped, ==, 1);
  char *folder = f->root;
  f->root = g_build_filename(folder, "zoo.tar.gz", NULL);
  for (int again = 0; again < 2; again++) {
    scan(f);
    g_assert_cmpuint(f->models->len, ==, 3);
    expect_zoo(f, "zoo.tar.gz");
  }
  g_assert_cmpuint(f->sum.read, ==, 0);
  g_assert_cmpstr(collection_root(f->collection), ==, folder);
  g_free(folder);
}

/* A cached data set is full of archives, and none of them holds models. */
static void test_data_sets(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_zoo(f, "hub/datasets--org--x/snapshots/abc/train.tar", "tar");
  put_zoo(f, "hub/models--org--x/snapshots/abc/all.tar", "tar");
  scan(f);
  g_assert_cmpuint(f->models->len, ==, 3);
  g_assert_cmpuint(f->skipped->len, ==, 1);
}

static void test_cancel(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_zoo(f, "a.tar", "tar");
  open_collection(f, false);
  CancelToken token;
  cancel_token_init(&token);
  cancel_token_set(&token);
  const Progress progress = {.cancel = &token};
  g_autoptr(GError) error = NULL;
  g_assert_false(collection_scan(f->collection, &progress, NULL, &error));
  g_assert_error(error, COPSE_ERROR, COPSE_ERROR_CANCELLED);
  scan(f);
  g_assert_cmpuint(f->models->len, ==, 3);
}

int main(int argc, char **argv) {
  static const struct {
    const char *name;
    FixtureTest run;
  } tests[] = {
      {"kinds", test_kinds},
      {"rescan", test_rescan},
      {"hostile-members", test_hostile_members},
      {"hostile-names", test_hostile_names},
      {"wide-names", test_wide_names},
      {"cut-short", test_cut_short},
      {"packed-twice", test_packed_twice},
      {"parts", test_parts},
      {"same-path", test_same_path},
      {"root-of-archive", test_root_of_archive},
      {"hub-cache", test_hub_cache},
      {"archive-as-root", test_archive_as_root},
      {"data-sets", test_data_sets},
      {"cancel", test_cancel},
  };
  g_test_init(&argc, &argv, NULL);
  for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) add_test("/archive", tests[i].name, tests[i].run);
  return g_test_run();
}
