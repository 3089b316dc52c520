/* SPDX-License-Identifier: Apache-2.0 */
/* What is said of PyTorch files and Python pickles that are not read: the words, the file, and the tensor. */
#include <string.h>

#include "core/error.h"
#include "torch_fixture.h"
#include "weights/weight_open.h"

static const float numbers[8] = {0, 1, 2, 3, 4, 5, 6, 7};
static const PkStorage storages[] = {{"0", numbers, sizeof numbers, 8}, {0}};

/* An object's opcodes, without protocol and stop, and what is said of them in an archive of torch.save(). */
typedef struct {
  const char *name, *opcodes, *words;
} Object;

#define TENSOR "ctorch._utils\n_rebuild_tensor_v2\n"
#define STORAGE                           \
  "((U\7storagectorch\nFloatStorage\nU\1" \
  "0U\3cpuK\10tQ"
#define NAMED(value) "}U\1w" value "s"

static const Object objects[] = {
    {"no-storage", NAMED(TENSOR "(NNNNtR"), "tensor w has no storage: damaged? fetch or save it again"},
    {"no-class", NAMED(TENSOR "((U\7storageU\1xU\1xU\1xK\1tQNNNtR"), "tensor w has a storage of no known class"},
    {"no-key", NAMED(TENSOR "((U\7storagectorch\nFloatStorage\nNNK\10tQNNNtR"), "tensor w has a storage without a key"},
    {"part",
     NAMED(TENSOR "((U\7storagectorch\nFloatStorage\nU\1"
                  "0U\3cpuK\10(U\1vK\7K\2ttQNNNtR"),
     "tensor w has a part of a storage that leaves it"},
    {"format", NAMED("ctorch._utils\n_rebuild_tensor_v3\n" STORAGE "I0\n))\x89NNtR"),
     "tensor w has no known number format"},
    {"fit", NAMED(TENSOR STORAGE "I0\nK\1\x85)tR"), "tensor w has a size and steps that do not fit each other"},
    {"deep", NAMED(TENSOR STORAGE "I0\n(K\1K\1K\1K\1K\1K\1K\1K\1K\1t(K\1K\1K\1K\1K\1K\1K\1K\1K\1ttR"),
     "holds no tensors that are read: w has more dimensions than 8"},
    {"sparse", NAMED("ctorch._utils\n_rebuild_sparse_tensor\n)R"), "w is sparse, quantised or without numbers"},
    {"parameter", NAMED("ctorch._utils\n_rebuild_parameter\n(NNNtR"), "tensor w is a parameter without a tensor"},
    {"function", NAMED("ctorch._tensor\n_rebuild_from_type_v2\n)R"), "tensor w is built by no known function"},
    {"other",
     NAMED("ctorch._utils\n_rebuild_tensor_v3\n((U\7storagectorch\nFloatStorage\nU\1"
           "0U\3cpuK\10(U\1vK\1K\2ttQI0\nK\1\x85K\1\x85\x89Nctorch\nint32\ntR"),
     "tensor w has a part of a storage in another number format"},
    {"wrapped",
     NAMED("ctorch._utils\n_rebuild_parameter\n(ctorch._utils\n_rebuild_parameter\n(ctorch._utils\n"
           "_rebuild_parameter\n(ctorch._utils\n_rebuild_parameter\n(ctorch._utils\n_rebuild_parameter\n"
           ")RtRtRtRtR"),
     "tensor w is wrapped too often"},
    {"unread",
     NAMED(TENSOR "((U\7storagectorch\nComplexDoubleStorage\nU\1"
                  "0U\3cpuK\10tQNNNtR"),
     "w has a number format that is not read"},
    {"number", "K\1", "holds no tensors: save a state_dict() in it"},
    {"object", "cmy.net\nNet\n)R",
     "holds no tensors but an object of my.net.Net, which is not searched: if it is a network, save its state_dict()"},
    {"inside", NAMED("cmy.net\nNet\n)R"),
     "holds no tensors outside of objects, which are not searched (my.net.Net): save its state_dict() instead"},
    {"optimizer", "}(U\5state}U\14param_groups]u", "holds the state of an optimizer, no model"},
    {"random", "}(U\6python)U\5numpy)U\3cpu)u", "holds the state of random generators, no model"},
    {"circle", "]p0\ng0\na", "its containers are nested too deeply, or in a circle: damaged? fetch or save it again"},
};

static void test_object(const void *user) {
  const Object *o = user;
  GString *p = pk_new();
  pk_raw(p, o->opcodes);
  g_autoptr(GBytes) bytes = torch_fixture_zip(p, "a/", storages, 0);
  fixture_refused(bytes, o->words);
}

/* --- plain pickles ---------------------------------------------------------------------------- */

#define ARRAY "cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntU\1btR"
#define FLOATS "cnumpy\ndtype\n(U\2f4I0\nI1\ntR(I3\nU\1<NNNI-1\nI-1\nI0\ntb"

/* Arrays of numpy that are not read; the first is named, with the reason. */
static void test_arrays(void) {
  static const struct {
    const char *state, *words;
  } bad[] = {{"(I1\nN" FLOATS "I00\nU\4abcdtb", "w has no shape of at most 8 sizes"},
             {"(I1\nK\1\x85NI00\nU\4abcdtb", "w holds no numbers of a known format"},
             {"(I1\nK\1\x85" FLOATS "I00\nNtb", "w has no bytes"}};
  for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
    GString *p = pk_new();
    g_string_append_printf(p, NAMED("%s%s") ".", ARRAY, bad[i].state);
    g_autoptr(GBytes) bytes = g_string_free_to_bytes(p);
    g_autofree char *words = g_strdup_printf(
        "a plain Python pickle, not written by torch.save(): no tensors are read from it: %s", bad[i].words);
    fixture_refused(bytes, words);
  }
  g_autoptr(GBytes) object = g_bytes_new_static("\x80\2cmy.net\nNet\n)R.", 17);
  fixture_refused(object, "no tensors are read from it, it holds an object of my.net.Net");
}

static void test_long(void) {
  const size_t n = (64u << 20) + 16;
  char *bytes = g_malloc0(n);
  memcpy(bytes, "\x80\2X\0\0\0\4", 7);
  g_autoptr(GBytes) all = g_bytes_new_take(bytes, n);
  fixture_refused(all, "pickle at byte 7: it is longer than 64 MiB, which no list of tensors is");
}

/* --- the old forms ---------------------------------------------------------------------------- */

static void test_no_list(void) {
  const PkStorage none[] = {{0}};
  GString *p = pk_new();
  pk_int(p, 1);
  g_autoptr(GBytes) good = torch_fixture_legacy(p, none);
  gssize at = fixture_find(good, "](e.", 4, 0);
  g_autoptr(GBytes) bad = fixture_patch(good, (size_t)at, "K\1..", 4);
  fixture_refused(bad, "test.pt: has no list of its storages: damaged? fetch or save it again");
}

/* A member's bytes, which may hold NUL. */
#define BYTES(s) s, sizeof(s) - 1

typedef struct {
  const char *bytes;
  size_t n;
} Member;

/* `part`: 0 storages, 1 tensors, 2 the object; the others are as they should be. */
typedef struct {
  const char *name;
  unsigned part;
  Member member;
  const char *words;
} TarLie;

#define ONE "\x80\2K\1."
#define FLOAT_STORAGE(n) "\x80\2(K\5U\3cpuctorch\nFloatStorage\nt." n "\0\0\0\0\0\0\0"
#define NO_VIEWS "\x80\2]."
#define ONE_TENSOR "\x80\2(K\7K\5ctorch\nFloatTensor\nt.\1\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0"

static const Member whole[3] = {{BYTES(ONE FLOAT_STORAGE("\1") "\0\0\200?" NO_VIEWS)},
                                {BYTES(ONE ONE_TENSOR "\0\0\0\0\0\0\0\0")},
                                {BYTES("\x80\2}U\1wU\1"
                                       "7Qs.")}};

static const TarLie lies[] = {
    {"count", 0, {BYTES("\x80\2N.")}, "a count that is none: damaged? fetch or save it again"},
    {"key", 0, {BYTES(ONE "\x80\2(NNNt.")}, "a storage without a key, or of no known class"},
    {"measure",
     0,
     {BYTES(ONE "\x80\2(K\5U\3cpuctorch\nFloatStorage\nt.\xff\xff\xff\xff\xff\xff\xff\xff")},
     "a storage beyond all measure"},
    {"short", 0, {BYTES(ONE FLOAT_STORAGE("\2"))}, "the file ends too early: a download cut short?"},
    {"part", 0, {BYTES(ONE FLOAT_STORAGE("\1") "\0\0\200?\x80\2]Na.")}, "a part of a storage that is damaged"},
    {"no-part",
     0,
     {BYTES(ONE FLOAT_STORAGE("\1") "\0\0\200?\x80\2](K\6K\5K\1K\1ta.")},
     "a part of a storage that is not there"},
    {"tensor", 1, {BYTES(ONE "\x80\2N.")}, "a tensor without a key or a storage"},
    {"lost", 1, {BYTES(ONE "\x80\2(K\7K\4Nt.")}, "a tensor whose storage is not there"},
    {"rank", 1, {BYTES(ONE "\x80\2(K\7K\5Nt.\11\0\0\0\0\0\0\0")}, "a tensor of more than 8 dimensions"},
    {"beyond", 1, {BYTES(ONE ONE_TENSOR "\2\0\0\0\0\0\0\0")}, "tensor w reaches beyond its storage: a damaged file?"},
    {"refers",
     2,
     {BYTES("\x80\2}U\1wU\1"
            "8Qs.")},
     "the object refers to a tensor that is not there"},
    {"nothing", 2, {BYTES("\x80\2}.")}, "holds no tensors outside of objects, which are not searched: save its state"},
    {"missing", 3, {NULL, 0}, "the tar form of PyTorch 0.1: a member is missing"},
};

static GBytes *tar_of(const TarLie *lie) {
  static const char *const names[] = {"storages", "tensors", "pickle"};
  GByteArray *out = g_byte_array_new();
  for (unsigned i = 0; i < (lie->part == 3 ? 2 : 3); i++) {
    const Member *m = i == lie->part ? &lie->member : &whole[i];
    guint8 block[512] = {0}, zeroes[512] = {0};
    g_strlcpy((char *)block, names[i], 100);
    g_snprintf((char *)block + 124, 12, "%011o", (unsigned)m->n);
    memcpy(block + 257, "ustar", 5);
    g_byte_array_append(out, block, sizeof block);
    g_byte_array_append(out, (const guint8 *)m->bytes, (guint)m->n);
    g_byte_array_append(out, zeroes, (guint)((512 - m->n % 512) % 512));
  }
  return g_byte_array_free_to_bytes(out);
}

static void test_tar(const void *user) {
  g_autoptr(GBytes) bytes = tar_of(user);
  fixture_refused(bytes, ((const TarLie *)user)->words);
}

static void test_tar_cut(void) {
  const TarLie none = {.part = 4};
  g_autoptr(GBytes) bytes = tar_of(&none), cut = fixture_cut(bytes, 520);
  fixture_refused(cut, "a member is cut short: a download cut short?");
}

/* The form that the lies are bent from is read. */
static void test_tar_whole(void) {
  const TarLie none = {.part = 4};
  g_autoptr(GBytes) bytes = tar_of(&none);
  g_autoptr(GError) error = NULL;
  g_autoptr(WeightFile) f = fixture_open(bytes, &error);
  g_assert_no_error(error);
  fixture_numbers(f, 0, (const float[]){1}, 1);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  for (size_t i = 0; i < G_N_ELEMENTS(objects); i++) {
    g_autofree char *path = g_strdup_printf("/messages/torch/%s", objects[i].name);
    g_test_add_data_func(path, &objects[i], test_object);
  }
  for (size_t i = 0; i < G_N_ELEMENTS(lies); i++) {
    g_autofree char *path = g_strdup_printf("/messages/torch-tar/%s", lies[i].name);
    g_test_add_data_func(path, &lies[i], test_tar);
  }
  g_test_add_func("/messages/torch-tar/whole", test_tar_whole);
  g_test_add_func("/messages/torch-tar/cut", test_tar_cut);
  g_test_add_func("/messages/pickle/arrays", test_arrays);
  g_test_add_func("/messages/pickle/long", test_long);
  g_test_add_func("/messages/torch/no-list", test_no_list);
  return g_test_run();
}
