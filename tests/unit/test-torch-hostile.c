/* SPDX-License-Identifier: Apache-2.0 */
/* PyTorch files whose tensors, storages and containers lie. */
#include <string.h>

#include "core/error.h"
#include "torch_fixture.h"

static const float numbers[8] = {0, 1, 2, 3, 4, 5, 6, 7};
static const PkStorage storages[] = {{"0", numbers, sizeof numbers, 8}, {0}};

typedef struct {
  const char *name;
  PkTensor t;
  const char *complaint;
} ViewLie;

#define MOST INT64_MAX

static const ViewLie lies[] = {
    {"one-too-far", {.rank = 1, .first = 1, .shape = {8}, .step = {1}}, "reaches beyond its storage: a damaged file"},
    {"first-too-far", {.rank = 0, .first = 8}, "reaches beyond its storage: a damaged file"},
    {"first-huge", {.rank = 0, .first = MOST}, "reaches beyond its storage: a damaged file"},
    {"step-too-far", {.rank = 1, .shape = {3}, .step = {4}}, "reaches beyond its storage: a damaged file"},
    {"step-huge", {.rank = 1, .shape = {3}, .step = {MOST}}, "reaches beyond its storage: a damaged file"},
    {"step-overflow", {.rank = 1, .shape = {4}, .step = {MOST}}, "has a shape that overflows"},
    {"span-wraps", {.rank = 2, .shape = {3, 3}, .step = {MOST, MOST}}, "has a shape that overflows"},
    {"count-wraps", {.rank = 2, .shape = {1ll << 32, 1ll << 32}, .step = {0, 0}}, "has a shape that overflows"},
    {"bytes-wrap",
     {.rank = 2, .shape = {1ll << 31, 1ll << 31}, .step = {0, 0}},
     "repeats the few numbers of its storage too often"},
    {"expanded-far",
     {.rank = 2, .shape = {1ll << 20, 1ll << 10}, .step = {0, 0}},
     "repeats the few numbers of its storage too often"},
    {"size-minus",
     {.rank = 1, .shape = {-1}, .step = {1}},
     "has a size, step or place that is no whole number of at least 0"},
    {"step-minus",
     {.rank = 1, .first = 7, .shape = {3}, .step = {-1}},
     "has a size, step or place that is no whole number of at least 0"},
    {"first-minus",
     {.rank = 1, .first = -1, .shape = {3}, .step = {1}},
     "has a size, step or place that is no whole number of at least 0"},
    {"no-such-key", {.key = "7", .rank = 1, .shape = {3}, .step = {1}}, "has no storage"},
    {"key-elsewhere", {.key = "../data.pkl", .rank = 1, .shape = {1}, .step = {1}}, "has no storage"},
    {"storage-short",
     {.numbers = 9, .rank = 1, .shape = {3}, .step = {1}},
     "has a storage that is cut short: a download cut short"},
    {"storage-huge",
     {.numbers = MOST, .rank = 1, .shape = {3}, .step = {1}},
     "has a storage that is cut short: a download cut short"},
    {"storage-minus", {.numbers = -1, .rank = 1, .shape = {3}, .step = {1}}, "has a storage without a size"},
    {"other-class", {.type = "Size", .rank = 1, .shape = {3}, .step = {1}}, "no known class"},
    {"wide-class",
     {.type = "DoubleStorage", .rank = 1, .shape = {3}, .step = {1}},
     "has a storage that is cut short: a download cut short"},
};

static void test_view_lie(const void *user) {
  const ViewLie *lie = user;
  PkTensor t = lie->t;
  if (!t.key) t.key = "0";
  if (!t.numbers) t.numbers = 8;
  GString *p = pk_new();
  pk_tensor(p, &t);
  g_autoptr(GBytes) bytes = torch_fixture_zip(p, "a/", storages, 0);
  fixture_keep(bytes, "torch", lie->name);
  fixture_refused(bytes, lie->complaint);
}

/* Tensors built from what is no storage, no tuple, no tensor. */
static void test_arguments(void) {
  static const char *const opcodes[] = {
      "ctorch._utils\n_rebuild_tensor_v2\n)R",
      "ctorch._utils\n_rebuild_tensor_v2\n(NNNNtR",
      "ctorch._utils\n_rebuild_tensor_v2\n((NNNNNtQNNNtR",
      "ctorch._utils\n_rebuild_tensor_v2\n(NQNNNtR",
      "ctorch._utils\n_rebuild_tensor_v2\n((U\7storageU\1xU\1xU\1xNtQNNNtR",
      "ctorch._utils\n_rebuild_tensor_v2\n((U\7storagectorch\nFloatStorage\nNNK\10tQNNNtR",
      "ctorch._utils\n_rebuild_tensor_v2\n((U\7storagectorch\nFloatStorage\nU\1xNK\1tQK\1)"
      "K\1\x85tR",
      "ctorch._utils\n_rebuild_parameter\n)R",
      "ctorch._utils\n_rebuild_parameter\n(NNNtR",
      "ctorch._utils\n_rebuild_parameter\n(ctorch._utils\n_rebuild_parameter\n(ctorch._utils\n"
      "_rebuild_parameter\n(ctorch._utils\n_rebuild_parameter\n(ctorch._utils\n_rebuild_parameter\n"
      ")RtRtRtRtR",
      "ctorch._tensor\n_rebuild_from_type_v2\n)R",
      "ctorch._tensor\n_rebuild_from_type_v2\n(cos.path\njoin\nNNtR",
      "ctorch._tensor\n_rebuild_from_type_v2\n(ctorch._utils\n_rebuild_tensor_v2\nNNNtR",
  };
  for (size_t i = 0; i < G_N_ELEMENTS(opcodes); i++) {
    GString *p = pk_new();
    pk_raw(p, opcodes[i]);
    g_autoptr(GBytes) bytes = torch_fixture_zip(p, "a/", storages, 0);
    fixture_refused(bytes, strstr(opcodes[i], "os.path") ? "refuses to load" : "tensor tensor ");
  }
}

/* Each view is small enough; all together repeat eight numbers until nobody can read them. */
static void test_many_expansions(void) {
  PkTensor t = {.key = "0", .numbers = 8, .rank = 2, .shape = {1024, 1024}, .step = {0, 0}};
  GString *p = pk_new();
  pk_raw(p, "](");
  for (int i = 0; i < 17; i++) pk_tensor(p, &t);
  pk_raw(p, "e");
  g_autoptr(GBytes) bytes = torch_fixture_zip(p, "a/", storages, 0);
  fixture_refused(bytes, "its tensors repeat the same numbers more than 16 times: a trap?");
}

static GString *vector(void) {
  GString *p = pk_new();
  pk_vector(p, "0", 8, 3);
  return p;
}

/* --- the archive --------------------------------------------------------------------------- */

static void test_archive(void) {
  ZipFixture z;
  g_autoptr(GString) p = vector();
  g_string_append_c(p, '.');
  zip_fixture_begin(&z);
  zip_fixture_add(&z, "a/data.pkl", p->str, p->len, 0);
  zip_fixture_add(&z, "a/data/0", numbers, sizeof numbers, 0);
  zip_fixture_add(&z, "a/byteorder", "big", 3, 0);
  g_autoptr(GBytes) big = zip_fixture_end(&z, false);
  fixture_refused(big, "its numbers are big-endian: load and save it again on a little-endian machine");

  zip_fixture_begin(&z);
  zip_fixture_add(&z, "a/data.pkl", p->str, p->len, 0);
  zip_fixture_add(&z, "b/data.pkl", p->str, p->len, 0);
  g_autoptr(GBytes) two = zip_fixture_end(&z, false);
  fixture_refused(two, "more than one data.pkl");

  zip_fixture_begin(&z);
  zip_fixture_add(&z, "a/b/data.pkl", p->str, p->len, 0);
  g_autoptr(GBytes) none = zip_fixture_end(&z, false);
  fixture_refused(none, "a ZIP archive without a data.pkl, a policy.pth or arrays: no weight file");

  zip_fixture_begin(&z);
  zip_fixture_add(&z, "policy.pth", "hello", 5, 0);
  g_autoptr(GBytes) policy = zip_fixture_end(&z, false);
  fixture_refused(policy, "its policy.pth is no PyTorch file: fetch or save it again");
}

/* A policy within a policy is opened once only. */
static void test_wrapped_twice(void) {
  g_autoptr(GBytes) inner = torch_fixture_zip(vector(), "a/", storages, 0);
  for (int i = 0; i < 2; i++) {
    ZipFixture z;
    gsize n;
    const void *bytes = g_bytes_get_data(inner, &n);
    zip_fixture_begin(&z);
    zip_fixture_add(&z, "policy.pth", bytes, n, 0);
    g_bytes_unref(inner);
    inner = zip_fixture_end(&z, false);
  }
  fixture_refused(inner, "its policy.pth is no PyTorch file: fetch or save it again");
}

static void test_pickle_damaged(void) {
  static const char *const streams[] = {"", ".", "\x80\2", "hello", "\x80\2]q"};
  for (size_t i = 0; i < G_N_ELEMENTS(streams); i++) {
    ZipFixture z;
    zip_fixture_begin(&z);
    zip_fixture_add(&z, "a/data.pkl", streams[i], strlen(streams[i]), 0);
    g_autoptr(GBytes) bytes = zip_fixture_end(&z, false);
    fixture_refused(bytes, "pickle at byte");
  }
}

/* A deflated storage whose bytes are damaged opens, for its header is right, and does not read. */
static void test_deflated_damaged(void) {
  g_autoptr(GBytes) good = torch_fixture_zip(vector(), "a/", storages, ZIP_DEFLATE);
  gssize at = fixture_find(good, "a/data/0", 8, 0);
  g_autoptr(GBytes) bad = fixture_patch(good, (size_t)at + 8, "\xff\xff", 2);
  g_autoptr(GError) error = NULL;
  g_autoptr(WeightFile) file = fixture_open(bad, &error);
  g_assert_no_error(error);
  float x[3];
  g_assert_false(weight_file_read_f32(file, 0, 0, 3, x, &error));
  g_assert_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT);
  fixture_keep(bad, "torch", "deflated-damaged");
}

/* --- the old form -------------------------------------------------------------------------- */

static void test_legacy_cut(void) {
  g_autoptr(GBytes) good = torch_fixture_legacy(vector(), storages);
  for (size_t n = 1; n < g_bytes_get_size(good); n++) {
    g_autoptr(GBytes) cut = fixture_cut(good, n);
    g_autoptr(GError) error = NULL;
    g_assert_null(fixture_open(cut, &error));
    g_assert_nonnull(error);
  }
}

static void test_legacy_head(void) {
  g_autoptr(GBytes) good = torch_fixture_legacy(vector(), storages);
  gssize endian = fixture_find(good, "little_endian", 13, 0);
  g_autoptr(GBytes) big = fixture_patch(good, (size_t)endian + 13, "\x89", 1);
  fixture_refused(big, "its numbers are big-endian: load and save it again on a little-endian machine");
  g_autoptr(GBytes) silent = fixture_patch(good, (size_t)endian, "L", 1);
  fixture_refused(silent, "does not say its byte order");
  gssize version = fixture_find(good, "M\xe9\3.", 4, 0);
  g_autoptr(GBytes) newer = fixture_patch(good, (size_t)version + 1, "\xea", 1);
  fixture_refused(newer,
                  "its version of PyTorch's old format is not 1001, the only one that is read: load and save it again");
  fixture_keep(newer, "torch", "legacy-version");
}

static void test_legacy_storages(void) {
  const PkStorage other_size[] = {{"0", numbers, sizeof numbers, 7}, {0}};
  g_autoptr(GBytes) size = torch_fixture_legacy(vector(), other_size);
  fixture_refused(size, "a storage has another size than its tensors say");
  const PkStorage unknown[] = {{"1", numbers, sizeof numbers, 8}, {0}};
  g_autoptr(GBytes) key = torch_fixture_legacy(vector(), unknown);
  fixture_refused(key, "a storage that no tensor refers to");
  const PkStorage twice[] = {storages[0], storages[0], {0}};
  g_autoptr(GBytes) both = torch_fixture_legacy(vector(), twice);
  fixture_refused(both, "a storage appears twice");
  g_autoptr(GBytes) none = torch_fixture_legacy(vector(), storages + 1);
  fixture_refused(none, "has no storage");

  GString *p = pk_new();
  pk_raw(p, "](");
  pk_vector(p, "0", 8, 3);
  pk_vector(p, "0", 9, 3);
  pk_raw(p, "e");
  g_autoptr(GBytes) disagree = torch_fixture_legacy(p, storages);
  fixture_refused(disagree, "disagree about a storage");

  GString *huge = pk_new();
  pk_vector(huge, "0", INT64_MAX, 3);
  const PkStorage lying[] = {{"0", numbers, sizeof numbers, INT64_MAX}, {0}};
  g_autoptr(GBytes) beyond = torch_fixture_legacy(huge, lying);
  fixture_refused(beyond, "ends within a storage");
  fixture_keep(beyond, "torch", "legacy-huge");
}

/* Old files name parts of storages, and sources of classes. */
static void test_legacy_parts(void) {
  for (int first = 2; first <= 6; first += 4) {
    GString *p = pk_new();
    pk_raw(p, "](");
    pk_raw(p, "(");
    pk_text(p, "module");
    pk_global(p, "my.lib", "Net");
    pk_text(p, "net.py");
    pk_text(p, "class Net: pass");
    pk_raw(p, "tQ");
    pk_global(p, "torch._utils", "_rebuild_tensor");
    pk_raw(p, "((");
    pk_text(p, "storage");
    pk_global(p, "torch.cuda", "FloatStorage");
    pk_text(p, "0");
    pk_text(p, "cuda:0");
    pk_int(p, 8);
    pk_raw(p, "(");
    pk_text(p, "view");
    pk_int(p, first);
    pk_int(p, 4);
    pk_raw(p, "ttQ");
    pk_int(p, 1);
    pk_numbers(p, 1, &(int64_t){3});
    pk_numbers(p, 1, &(int64_t){1});
    pk_raw(p, "tRe");
    g_autoptr(GBytes) bytes = torch_fixture_legacy(p, storages);
    fixture_keep(bytes, "torch", first == 2 ? "legacy-part" : "legacy-part-beyond");
    if (first == 6) {
      fixture_refused(bytes, "storage of no known class or without key or size");
      continue;
    }
    g_autoptr(GError) error = NULL;
    g_autoptr(WeightFile) file = fixture_open(bytes, &error);
    g_assert_no_error(error);
    fixture_numbers(file, 0, numbers + 3, 3);
  }
}

/* --- what only looks like it --------------------------------------------------------------- */

static void test_lookalikes(void) {
  static const char plain[] = "\x80\4\x95\2\0\0\0\0\0\0\0K\1.";
  g_autoptr(GBytes) pickle = g_bytes_new(plain, sizeof plain - 1);
  fixture_refused(pickle, "a plain Python pickle");
  static const char evil[] = "\x80\3cposix\nsystem\nX\2\0\0\0id\x85R.";
  g_autoptr(GBytes) bad = g_bytes_new(evil, sizeof evil - 1);
  fixture_refused(bad, "refuses to load posix.system");
  fixture_keep(bad, "torch", "plain-pickle");
  char tar[512] = "sys_info";
  memcpy(tar + 257, "ustar", 5);
  g_autoptr(GBytes) old = g_bytes_new(tar, sizeof tar);
  fixture_refused(old, "tar form of PyTorch 0.1");
  static const char digits[] = "L119547037146038801333356L\n.";
  g_autoptr(GBytes) first = g_bytes_new(digits, sizeof digits - 1);
  fixture_refused(first, "the file ends in the middle of it: a download cut short");
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  for (size_t i = 0; i < G_N_ELEMENTS(lies); i++) {
    g_autofree char *path = g_strdup_printf("/torch/lie/%s", lies[i].name);
    g_test_add_data_func(path, &lies[i], test_view_lie);
  }
  g_test_add_func("/torch/arguments", test_arguments);
  g_test_add_func("/torch/many-expansions", test_many_expansions);
  g_test_add_func("/torch/archive", test_archive);
  g_test_add_func("/torch/wrapped-twice", test_wrapped_twice);
  g_test_add_func("/torch/pickle-damaged", test_pickle_damaged);
  g_test_add_func("/torch/deflated-damaged", test_deflated_damaged);
  g_test_add_func("/torch/legacy-cut", test_legacy_cut);
  g_test_add_func("/torch/legacy-head", test_legacy_head);
  g_test_add_func("/torch/legacy-storages", test_legacy_storages);
  g_test_add_func("/torch/legacy-parts", test_legacy_parts);
  g_test_add_func("/torch/lookalikes", test_lookalikes);
  return g_test_run();
}
