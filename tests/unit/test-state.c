/* SPDX-License-Identifier: Apache-2.0 */
/* State that cannot lie, and files that change while they are read: what is damaged is seen and set aside, never written
 * over; a map that loses its file gives zeros and says so. */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdatomic.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/error.h"
#include "core/files.h"
#include "core/guarded_map.h"
#include "core/parallel.h"
#include "core/thread_stack.h"
#include "encoders/encoder.h"
#include "experts/representation.h"
#include "lineage/sketch/sketch_store.h"
#include "tests/unit/clip_fixture.h"
#include "tests/unit/collection_fixture.h"
#include "tests/unit/expert_fixture.h"
#include "weights/formats/tensor_sum.h"
#include "weights/weight_open.h"

/* Changes one byte of a file. */
static void flip(const char *path, off_t at) {
  struct stat st;
  guint8 byte;
  int fd = open(path, O_RDWR);
  g_assert_cmpint(fstat(fd, &st), ==, 0);
  if (at < 0) at += st.st_size;
  g_assert_cmpint(pread(fd, &byte, 1, at), ==, 1);
  byte ^= 0x10;
  g_assert_cmpint(pwrite(fd, &byte, 1, at), ==, 1);
  close(fd);
}

static bool is_there(const char *path, const char *ending) {
  g_autofree char *whole = g_strconcat(path, ending, NULL);
  return g_file_test(whole, G_FILE_TEST_EXISTS);
}

/* --- maps --------------------------------------------------------------------------------------- */

static void test_map_cut(Fixture *f, gconstpointer unused) {
  (void)unused;
  enum { SIZE = 1 << 20 };
  g_autofree char *path = place(f, "map.bin"), *bytes = g_strnfill(SIZE, 'x');
  g_assert_true(g_file_set_contents(path, bytes, SIZE, NULL));
  g_autoptr(GuardedMap) map = guarded_map_open(path, 0, NULL);
  g_autoptr(GuardedMap) other = guarded_map_open(path, 0, NULL);
  const char *at = guarded_map_bytes(map);
  g_assert_cmpint(at[SIZE - 1], ==, 'x');
  g_assert_true(guarded_map_is_whole(map));
  g_assert_cmpint(truncate(path, 100), ==, 0);
  g_assert_cmpint(at[99], ==, 'x');
  g_assert_cmpint(at[SIZE - 1], ==, 0);
  g_assert_cmpint(at[SIZE / 2], ==, 0);
  g_assert_false(guarded_map_is_whole(map));
  g_assert_true(guarded_map_is_whole(other)); /* nobody has read beyond the end there */
  g_assert_false(guarded_map_absorb(path));   /* no map's address */
}

/* An encoder whose file shrinks answers with an error, not with death and not with numbers. */
static void test_clip_cut(Fixture *f, gconstpointer unused) {
  (void)unused;
  const ClipFixture fixture = {.config =
                                   "{\"model_type\":\"clip_text_model\",\"num_attention_heads\":2,"
                                   "\"num_hidden_layers\":2,\"eos_token_id\":2}",
                               .prefix = "text_model."};
  g_autofree char *folder = place(f, "clip"), *description = g_strconcat("clip:", folder, NULL);
  g_autofree char *weights = g_build_filename(folder, "model.safetensors", NULL);
  clip_fixture_write(folder, &fixture);
  g_autoptr(GError) error = NULL;
  g_autoptr(TextEncoder) e = text_encoder_open(description, &error);
  g_assert_no_error(error);
  float vector[CLIP_FIXTURE_DIM];
  g_assert_true(text_encoder_encode(e, "a fox", vector, NULL, &error));
  for (int kept = 4096; kept >= 0; kept -= 4096) {
    g_assert_cmpint(truncate(weights, kept), ==, 0);
    g_clear_error(&error);
    g_assert_false(text_encoder_encode(e, "a photo of a red house", vector, NULL, &error));
    g_assert_nonnull(error);
  }
}

static bool note_stack(void *user, size_t item, unsigned thread) {
  (void)item;
  stack_t now;
  bool *has = user;
  g_usleep(2000); /* so that each thread gets some */
  if (sigaltstack(NULL, &now) == 0) has[thread] |= !(now.ss_flags & SS_DISABLE);
  return true;
}

/* Every thread of a parallel loop may crash on its own stack's end. */
static void test_stacks(Fixture *f, gconstpointer unused) {
  (void)f, (void)unused;
  bool has[2] = {false, false};
  g_assert_true(parallel_for(16, 2, note_stack, has, NULL));
  g_assert_true(has[0] && has[1]);
}

/* --- sums --------------------------------------------------------------------------------------- */

static void test_sums(Fixture *f, gconstpointer unused) {
  (void)unused;
  static const char *const plain[] = {"copse.layer", "fc", "note", "two\nlines", NULL};
  float x[6] = {1, 2, 3, 4, 5, 6};
  TensorOut t[] = {{"a", DTYPE_F32, 2, {2, 3}, x}, {"b", DTYPE_F16, 1, {4}, x}};
  g_autofree char *sum = tensor_sum_of(t, 2, plain), *path = place(f, "sum.safetensors");
  const char *with[] = {"note", "two\nlines", TENSOR_SUM, sum, "copse.layer", "fc", NULL};
  g_autoptr(GError) error = NULL;
  g_assert_true(safetensors_write(path, t, 2, with, NULL));
  g_autoptr(WeightFile) good = weight_file_open(path, NULL);
  g_assert_true(tensor_sum_holds(good, &error));
  flip(path, -1);
  g_autoptr(WeightFile) bad = weight_file_open(path, NULL);
  g_assert_false(tensor_sum_holds(bad, &error));
  g_assert_error(error, COPSE_ERROR, COPSE_ERROR_STATE);
  with[5] = "fd";
  g_clear_error(&error);
  g_assert_true(safetensors_write(path, t, 2, with, NULL));
  g_autoptr(WeightFile) other = weight_file_open(path, NULL);
  g_assert_false(tensor_sum_holds(other, &error));
}

static void test_set_aside(Fixture *f, gconstpointer unused) {
  (void)unused;
  g_autofree char *path = place(f, "thing");
  for (int i = 1; i <= 3; i++) {
    g_autofree char *text = g_strdup_printf("%d", i), *kept = NULL;
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
    g_autofree char *aside = file_set_aside(path, NULL);
    g_assert_true(g_str_has_suffix(aside, text));
    g_assert_true(g_file_get_contents(aside, &kept, NULL, NULL));
    g_assert_cmpstr(kept, ==, text);
  }
  g_assert_null(file_set_aside(path, NULL));
}

/* Rows that the disk gives back otherwise are computed again; the file is kept under a name of its own. */
static void test_representations(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_column(f, "a.safetensors", "fc", (const float[AXES]){1, 0, 0, 0}, "fox");
  put_column(f, "b.safetensors", "fc", (const float[AXES]){0, 1, 0, 0}, "cat");
  scan(f);
  g_autoptr(Expert) x = column_expert(f, "fc", model_at(f, "a.safetensors"));
  keep_expert(f, x, "eye");
  g_autofree char *path = g_build_filename(f->state, "representations", "eye.rep", NULL);
  for (int i = 0; i <= 3; i++) {
    g_autoptr(GPtrArray) warnings = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *ending = g_strdup_printf(".aside-%d", i);
    if (i) flip(path, i == 1 ? -4 : i == 2 ? 60 : 50); /* the rows, the stamps, the sum */
    g_autoptr(Representations) r = representations_open(f->collection, x, f->models, warnings, NULL, NULL);
    g_assert_cmpuint(r->models->len, ==, 2);
    g_assert_cmpfloat(r->rows[0], ==, 1);
    g_assert_cmpfloat(r->rows[AXES + 1], ==, 1);
    g_assert_cmpuint(r->computed, ==, 2);
    g_assert_cmpuint(warnings->len, ==, i > 0);
    if (i) g_assert_true(strstr(warnings->pdata[0], "damaged") && is_there(path, ending));
  }
  g_autoptr(Representations) again = representations_open(f->collection, x, f->models, NULL, NULL, NULL);
  g_assert_cmpuint(again->computed, ==, 0);
}

static void test_checkpoint(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_column(f, "a.safetensors", "fc", (const float[AXES]){1, 0, 0, 0}, "fox");
  scan(f);
  for (int i = 1; i <= 2; i++) {
    g_autoptr(Expert) x = column_expert(f, "fc", model_at(f, "a.safetensors"));
    keep_expert(f, x, "eye");
    g_autoptr(GPtrArray) warnings = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) whole = expert_list(f->collection, warnings, NULL);
    g_assert_cmpuint(whole->len, ==, 1);
    g_assert_cmpuint(warnings->len, ==, 0);
    flip(x->path, -8);
    g_autoptr(GPtrArray) none = expert_list(f->collection, warnings, NULL);
    g_autofree char *ending = g_strdup_printf(".aside-%d", i);
    g_assert_cmpuint(none->len, ==, 0);
    g_assert_nonnull(strstr(warnings->pdata[0], "set aside"));
    g_assert_true(is_there(x->path, ending) && !is_there(x->path, ""));
  }
}

/* A checkpoint that somebody sent chooses no path that is opened; among one's own experts it may. */
static void test_foreign(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_column(f, "a.safetensors", "fc", (const float[AXES]){1, 0, 0, 0}, "fox");
  scan(f);
  g_autoptr(Expert) x = column_expert(f, "fc", model_at(f, "a.safetensors")); /* its encoder is a table at a path */
  keep_expert(f, x, "eye");
  g_autofree char *sent = g_build_filename(f->top, "sent.safetensors", NULL);
  g_assert_true(expert_save(x, sent, NULL));
  g_autoptr(GError) error = NULL;
  g_autoptr(Expert) own = expert_find(f->collection, "eye", NULL);
  g_autoptr(Expert) named = expert_find(f->collection, x->path, NULL);
  g_autoptr(Expert) foreign = expert_find(f->collection, sent, NULL);
  g_autoptr(TextEncoder) of_own = expert_open_encoder(own, NULL);
  g_autoptr(TextEncoder) of_named = expert_open_encoder(named, NULL);
  g_autoptr(TextEncoder) of_foreign = expert_open_encoder(foreign, &error);
  g_assert_true(of_own && of_named && !of_foreign);
  g_assert_nonnull(strstr(error->message,
                          "a checkpoint from elsewhere does not choose what is opened: if you trust it, name that "
                          "encoder yourself with --encoder"));
}

/* --- the catalog -------------------------------------------------------------------------------- */

static void test_newer_catalog(Fixture *f, gconstpointer unused) {
  (void)unused;
  g_autofree char *path = g_build_filename(f->state, "catalog.db", NULL), *before = NULL, *after = NULL;
  gsize n, m;
  sqlite3 *db;
  put_full(f, "a.safetensors");
  scan(f);
  close_collection(f);
  g_assert_cmpint(sqlite3_open(path, &db), ==, SQLITE_OK);
  g_assert_cmpint(sqlite3_exec(db, "PRAGMA user_version = 2", NULL, NULL, NULL), ==, SQLITE_OK);
  sqlite3_close(db);
  g_assert_true(g_file_get_contents(path, &before, &n, NULL));
  CollectionOptions options = {.state = f->state};
  g_autoptr(GError) error = NULL;
  g_assert_null(collection_open(f->root, &options, &error));
  g_assert_error(error, COPSE_ERROR, COPSE_ERROR_STATE);
  g_assert_nonnull(
      strstr(error->message, "was made by a newer copse than this one: use that, or another folder with --state"));
  g_assert_false(is_there(path, ".aside-1"));
  g_assert_true(g_file_get_contents(path, &after, &m, NULL));
  g_assert_cmpmem(before, n, after, m);
}

/* What a user said outlives the catalog. */
static void test_kept(Fixture *f, gconstpointer unused) {
  (void)unused;
  g_autofree char *path = g_build_filename(f->state, "catalog.db", NULL);
  g_autoptr(GBytes) value = g_bytes_new("a fox\n", 6);
  g_autoptr(GBytes) other = g_bytes_new("x", 1);
  open_collection(f, false);
  g_assert_true(collection_put(f->collection, COLLECTION_KEPT, "questions", value, NULL));
  g_assert_true(collection_put(f->collection, "cache", "questions", other, NULL));
  close_collection(f);
  for (int i = 1; i <= 2; i++) {
    g_autofree char *aside = g_strdup_printf(".aside-%d", i);
    g_assert_true(g_file_set_contents(path, "no database at all", -1, NULL));
    open_collection(f, false);
    g_autoptr(GBytes) back = collection_get(f->collection, COLLECTION_KEPT, "questions", NULL);
    g_assert_true(back && g_bytes_equal(back, value));
    g_assert_null(collection_get(f->collection, "cache", "questions", NULL));
    g_assert_true(is_there(path, aside));
    close_collection(f);
  }
}

/* A clock that goes backwards, and times beyond what 64 bits of nanoseconds hold, are changes like any other. */
static void test_times(Fixture *f, gconstpointer unused) {
  (void)unused;
  static const time_t times[] = {2000000000, 1000, 0, 9300000000, 9300000001, -5};
  g_autofree char *path = place(f, "a.safetensors");
  put_full(f, "a.safetensors");
  scan(f);
  for (size_t i = 0; i < G_N_ELEMENTS(times); i++) {
    struct timespec t[2] = {{.tv_sec = times[i]}, {.tv_sec = times[i]}};
    struct stat st;
    g_assert_cmpint(utimensat(AT_FDCWD, path, t, 0), ==, 0);
    if (stat(path, &st) != 0 || st.st_mtim.tv_sec != times[i]) continue; /* the file system keeps no such time */
    scan(f);
    g_assert_cmpuint(f->sum.read, ==, 1);
    scan(f);
    g_assert_cmpuint(f->sum.read, ==, 0);
  }
}

/* --- files that are written to ------------------------------------------------------------------ */

typedef struct {
  const char *path;
  atomic_bool stop;
} Writer;

/* Somebody who writes all the time, as far as the file's times tell. */
static gpointer write_on(gpointer data) {
  Writer *w = data;
  for (long k = 1; !atomic_load(&w->stop); k = k % 999999999 + 1) {
    struct timespec t[2] = {{.tv_sec = 1700000000, .tv_nsec = k}, {.tv_sec = 1700000000, .tv_nsec = k}};
    utimensat(AT_FDCWD, w->path, t, 0);
  }
  return NULL;
}

/* The sketches of the collection's one model; *note gets why there is none, or NULL. */
static bool sketch_one(Fixture *f, char **note) {
  g_autoptr(GPtrArray) notes = NULL;
  g_autoptr(GPtrArray) sketches = sketch_store_load(f->collection, f->models, 1, 1, NULL, &notes, NULL);
  g_assert_true(sketches && sketches->len == 1);
  *note = g_strdup(notes->pdata[0]);
  return sketches->pdata[0] != NULL;
}

/* What is read meanwhile is of no one state of the file: it is said, nothing is kept, and later it is read. */
static void test_written_to(Fixture *f, gconstpointer unused) {
  (void)unused;
  enum { ROWS = 1024, SECONDS = 30 }; /* on a busy machine the two seldom run at one time */
  g_autofree float *x = g_new0(float, ROWS *ROWS);
  g_autofree char *path = place(f, "a.safetensors");
  const TensorOut one = {"mid.weight", DTYPE_F32, 2, {ROWS, ROWS}, x};
  for (int i = 0; i < ROWS * ROWS; i++) x[i] = (float)(i % 97);
  put_tensors(f, "a.safetensors", &one, 1, NULL);
  scan(f);
  Writer w = {.path = path};
  GThread *writer = g_thread_new("writer", write_on, &w);
  bool said = false;
  for (gint64 end = g_get_monotonic_time() + SECONDS * G_USEC_PER_SEC; !said && g_get_monotonic_time() < end;) {
    g_autofree char *note = NULL;
    bool there = sketch_one(f, &note);
    g_assert_true(there == (note == NULL));
    said =
        note && strstr(note, "a.safetensors: its file was written to while it was read: try again when that is done");
  }
  atomic_store(&w.stop, true);
  g_thread_join(writer);
  g_assert_true(said);
  g_autofree char *note = NULL;
  g_assert_true(sketch_one(f, &note));
}

/* --- sparse files ------------------------------------------------------------------------------- */

static void test_unwritten(Fixture *f, gconstpointer unused) {
  (void)unused;
  enum { SIZE = 96 << 20 };
  g_autofree char *path = place(f, "hole.safetensors");
  g_autofree char *head = g_strdup_printf(
      "{\"fc.weight\":{\"dtype\":\"F32\",\"shape\":[%d,1024],\"data_offsets\":[0,%d]}}", SIZE / 4096, SIZE);
  guint64 length = GUINT64_TO_LE(strlen(head));
  g_autofree char *bytes = g_malloc(8 + strlen(head));
  memcpy(bytes, &length, 8), memcpy(bytes + 8, head, strlen(head));
  g_assert_true(g_file_set_contents(path, bytes, (gssize)(8 + strlen(head)), NULL));
  g_assert_cmpint(truncate(path, (off_t)(8 + strlen(head)) + SIZE), ==, 0);
  put_full(f, "whole.safetensors");
  scan(f);
  const Fact *problem = model_fact(model_at(f, "hole.safetensors"), "problem");
  g_assert_nonnull(problem);
  g_assert_nonnull(strstr(problem->value, " were never written (a sparse file): a download not finished, or zeros"));
  g_assert_null(model_fact(model_at(f, "whole.safetensors"), "problem"));
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  add_test("/state", "map-cut", test_map_cut);
  add_test("/state", "clip-cut", test_clip_cut);
  add_test("/state", "stacks", test_stacks);
  add_test("/state", "sums", test_sums);
  add_test("/state", "set-aside", test_set_aside);
  add_test("/state", "representations", test_representations);
  add_test("/state", "checkpoint", test_checkpoint);
  add_test("/state", "foreign", test_foreign);
  add_test("/state", "newer-catalog", test_newer_catalog);
  add_test("/state", "kept", test_kept);
  add_test("/state", "times", test_times);
  add_test("/state", "written-to", test_written_to);
  add_test("/state", "unwritten", test_unwritten);
  return g_test_run();
}
