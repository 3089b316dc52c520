/* SPDX-License-Identifier: Apache-2.0 */
/* Shortage is an error and not an end: the real program under limits, on a full disk, beside a process that holds the
 * catalog. It says what failed, gives the answers that need no storing, and dies of no signal. */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/files.h"
#include "tests/unit/collection_fixture.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED true /* takes memory, files and time of its own */
#else
#define SANITIZED false
#endif

typedef struct {
  int status;
  double seconds;
  char *out, *err;
} Run;

static void run_clear(Run *r) {
  g_free(r->out);
  g_free(r->err);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Run, run_clear)

static void send_to(const char *path, int number) {
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  dup2(fd, number);
  close(fd);
}

/* Under a limit; resource -1: none. uid 0: as we are. */
typedef struct {
  int resource;
  rlim_t value;
  uid_t uid;
  bool behind; /* SIGINT is ignored, as a shell has it for what runs behind */
} Limit;

static Run run_copse(const Fixture *f, const Limit *limit, const char *const *words) {
  g_autofree char *out = g_build_filename(f->top, "out", NULL), *err = g_build_filename(f->top, "err", NULL);
  const char *argv[16] = {g_getenv("COPSE"), "--state", f->state};
  for (int i = 0; words[i]; i++) argv[3 + i] = words[i];
  g_assert_nonnull(argv[0]);
  gint64 start = g_get_monotonic_time();
  pid_t child = fork();
  if (child == 0) {
    send_to(out, STDOUT_FILENO), send_to(err, STDERR_FILENO);
    struct rlimit r = {limit ? limit->value : 0, limit ? limit->value : 0};
    if (limit && limit->resource >= 0) setrlimit((__rlimit_resource_t)limit->resource, &r);
    if (limit) signal(SIGINT, limit->behind ? SIG_IGN : SIG_DFL);
    if (limit && limit->uid && setuid(limit->uid) != 0) _exit(97);
    if (limit) setenv("GCOV_PREFIX", "/dev/null", 1); /* counters of a coverage build need files too */
    alarm(60);                                        /* where a library below us waits for memory for ever */
    execv(argv[0], (char **)argv);
    _exit(98);
  }
  Run r = {.status = -1};
  g_assert_cmpint(waitpid(child, &r.status, 0), ==, child);
  r.seconds = (double)(g_get_monotonic_time() - start) / 1e6;
  g_assert_true(g_file_get_contents(out, &r.out, NULL, NULL) && g_file_get_contents(err, &r.err, NULL, NULL));
  return r;
}

static void expect_exit(const Run *r, int code) {
  if (!WIFEXITED(r->status) || WEXITSTATUS(r->status) != code) g_test_message("status %x: %s", r->status, r->err);
  g_assert_true(WIFEXITED(r->status));
  g_assert_cmpint(WEXITSTATUS(r->status), ==, code);
}

static void put_models(const Fixture *f, unsigned n) {
  for (unsigned i = 0; i < n; i++) {
    g_autofree char *name = g_strdup_printf("m%02u/model.safetensors", i);
    put_full(f, name);
  }
}

/* Another process writes for as long as we look: one wait, of five seconds in all, and then the answer. */
static void test_locked(Fixture *f, gconstpointer unused) {
  (void)unused;
  g_autofree char *path = g_build_filename(f->state, "catalog.db", NULL);
  const char *const tree[] = {"tree", "--json", f->root, NULL};
  put_models(f, 20);
  scan(f);
  close_collection(f);
  put_models(f, 24); /* four are new: the scan wants to write too */
  sqlite3 *db;
  g_assert_cmpint(sqlite3_open(path, &db), ==, SQLITE_OK);
  g_assert_cmpint(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), ==, SQLITE_OK);
  g_auto(Run) r = run_copse(f, NULL, tree);
  sqlite3_close(db);
  expect_exit(&r, 0);
  g_test_message("%.1f s beside a process that writes", r.seconds);
  if (!SANITIZED) g_assert_cmpfloat(r.seconds, <, 9);
  g_assert_nonnull(strstr(r.out, "m23/model.safetensors"));
  g_assert_nonnull(strstr(r.err, "another process is writing to it: try again when that is done"));
}

/* No byte can be written: the answer is given, with a warning, and what was there stays as it was. */
static void test_full_disk(Fixture *f, gconstpointer unused) {
  (void)unused;
  static const Limit none = {RLIMIT_FSIZE, 4096, 0, false};
  const char *const tree[] = {"tree", "--json", f->root, NULL}, *const list[] = {"scan", "--json", f->root, NULL};
  g_autofree char *path = g_build_filename(f->state, "catalog.db", NULL), *before = NULL, *after = NULL;
  gsize n = 0, m = 0;
  put_models(f, 3);
  scan(f);
  close_collection(f);
  g_assert_true(g_file_get_contents(path, &before, &n, NULL));
  put_models(f, 9);
  /* Its answer goes to a file as well, which may be 4 kB. */
  const char *const quiet[] = {"tree", f->root, NULL};
  g_auto(Run) r = run_copse(f, &none, quiet);
  expect_exit(&r, 0);
  g_assert_nonnull(strstr(r.err, "warning"));
  g_assert_nonnull(strstr(r.err, "--state"));
  g_assert_true(g_file_get_contents(path, &after, &m, NULL));
  g_assert_cmpmem(before, n, after, m);
  g_auto(Run) later = run_copse(f, NULL, list); /* and once there is room all is well */
  expect_exit(&later, 0);
  g_assert_nonnull(strstr(later.out, "m08/model.safetensors"));
  g_auto(Run) grown = run_copse(f, NULL, tree);
  expect_exit(&grown, 0);
  g_assert_cmpstr(grown.err, ==, "");
}

/* What must be stored says that it was not. */
static void test_full_disk_by_hand(Fixture *f, gconstpointer unused) {
  (void)unused;
  static const Limit none = {RLIMIT_FSIZE, 0, 0, false};
  put_models(f, 1);
  scan(f);
  close_collection(f);
  g_autofree char *label = g_strnfill(20000, 'x'), *fact = g_strconcat("note=", label, NULL);
  const char *const set[] = {"set", f->root, "m00", fact, NULL};
  g_auto(Run) r = run_copse(f, &none, set);
  expect_exit(&r, 1);
}

static void test_read_only_state(Fixture *f, gconstpointer unused) {
  (void)unused;
  static const Limit nobody = {-1, 0, 65534, false};
  const char *const tree[] = {"tree", f->root, NULL};
  if (getuid() != 0) {
    g_test_skip("needs another user");
    return;
  }
  put_models(f, 2);
  scan(f);
  close_collection(f);
  put_models(f, 3);
  g_assert_cmpint(g_chmod(f->top, 0755) | g_chmod(f->root, 0755) | g_chmod(f->state, 0555), ==, 0);
  g_auto(Run) r = run_copse(f, &nobody, tree);
  bool not_run = WIFEXITED(r.status) && WEXITSTATUS(r.status) >= 97;
  if (not_run || strstr(r.err, "models: Permission denied")) {
    g_test_skip("another user can reach neither the program nor a temporary folder of ours");
    return;
  }
  expect_exit(&r, 0);
  g_assert_nonnull(strstr(r.err, "warning"));
  g_assert_nonnull(strstr(r.out, "m02"));
}

/* From hardly any files to enough: an error or the answer, never a signal. */
static void test_file_handles(Fixture *f, gconstpointer unused) {
  (void)unused;
  const char *const tree[] = {"tree", f->root, NULL};
  put_models(f, 6);
  for (rlim_t n = 5; n <= 40 && !SANITIZED; n += n < 16 ? 1 : 8) {
    const Limit limit = {RLIMIT_NOFILE, n, 0, false};
    g_auto(Run) r = run_copse(f, &limit, tree);
    if (!WIFEXITED(r.status)) g_test_message("%d files: status %x %s", (int)n, r.status, r.err);
    g_assert_true(WIFEXITED(r.status));
    g_assert_cmpint(WEXITSTATUS(r.status), <=, 127);
    if (n >= 32) g_assert_cmpint(WEXITSTATUS(r.status), ==, 0);
  }
}

/* A file that wants more memory than there is costs a row; the others are read. */
static void test_memory(Fixture *f, gconstpointer unused) {
  (void)unused;
  const char *const list[] = {"--threads", "1", "scan", "--json", f->root, NULL};
  g_autofree char *path = place(f, "hostile.safetensors");
  g_autoptr(GString) h = g_string_new("{\"__metadata__\":{");
  for (unsigned i = 0; i < 3000000; i++) g_string_append_printf(h, "%s\"%x\":\"\"", i ? "," : "", i);
  g_string_append(h, "}}");
  guint64 length = GUINT64_TO_LE(h->len);
  g_string_prepend_len(h, (const char *)&length, sizeof length);
  g_assert_true(file_write_bytes(path, h->str, h->len, NULL));
  put_models(f, 3);
  if (SANITIZED) return;
  /* As little as the program starts with, and a little more. */
  rlim_t least = 0;
  g_autofree char *state = g_steal_pointer(&f->state), *empty = g_build_filename(f->top, "empty", NULL);
  g_assert_cmpint(g_mkdir(empty, 0755), ==, 0);
  f->state = g_build_filename(f->top, "state-of-nothing", NULL);
  for (rlim_t mb = 600; mb <= 2400 && !least; mb += 200) {
    const Limit limit = {RLIMIT_AS, mb << 20, 0, false};
    const char *const nothing[] = {"--threads", "1", "scan", empty, NULL};
    g_auto(Run) r = run_copse(f, &limit, nothing);
    if (WIFEXITED(r.status) && WEXITSTATUS(r.status) == 0) least = mb;
  }
  g_free(f->state);
  f->state = g_steal_pointer(&state);
  g_assert_cmpuint(least, >, 0);
  const Limit limit = {RLIMIT_AS, (least + 100) << 20, 0, false};
  g_auto(Run) r = run_copse(f, &limit, list);
  expect_exit(&r, 0);
  g_assert_nonnull(strstr(r.out, "m02/model.safetensors"));
  g_assert_nonnull(strstr(r.out, "\"skipped\",\"path\":\"hostile.safetensors\""));
}

/* Everything below a folder belongs to that user from now on. */
static void give(const char *path, uid_t uid) {
  g_assert_cmpint(lchown(path, uid, (gid_t)-1), ==, 0);
  g_autoptr(GDir) dir = g_file_test(path, G_FILE_TEST_IS_SYMLINK) ? NULL : g_dir_open(path, 0, NULL);
  for (const char *name; dir && (name = g_dir_read_name(dir));) {
    g_autofree char *below = g_build_filename(path, name, NULL);
    give(below, uid);
  }
}

/* A user of whom there is nobody else: he may have as many threads as the limit says, this program's first included. */
static uid_t lonely_user(void) { return 61000 + (uid_t)getpid() % 4000; }

/* Two kinds of models, told apart by their folders and by a column. */
static void put_labelled(const Fixture *f) {
  enum { N = 24, ROWS = 24, COLUMNS = 16 };
  static const char *const kinds[] = {"dog", "cat"};
  g_autoptr(GRand) draw = g_rand_new_with_seed(5);
  for (unsigned i = 0; i < N; i++) {
    float x[ROWS * COLUMNS];
    for (unsigned k = 0; k < G_N_ELEMENTS(x); k++)
      x[k] = (float)g_rand_double_range(draw, -1, 1) + (k % COLUMNS == i % 2 ? 3.0f : 0);
    const TensorOut t = {"layer.weight", DTYPE_F32, 2, {ROWS, COLUMNS}, x};
    g_autofree char *path = g_strdup_printf("%s/m%u.safetensors", kinds[i % 2], i);
    put_tensors(f, path, &t, 1, NULL);
  }
}

/* No thread but the first: every job does its work on that one, and does not wait for others. */
static void test_threads(Fixture *f, gconstpointer unused) {
  (void)unused;
  if (getuid() != 0 || SANITIZED) {
    g_test_skip("needs another user, and a program without threads of its own");
    return;
  }
  const Limit lone = {RLIMIT_NPROC, 1, lonely_user(), false}, behind = {RLIMIT_NPROC, 1, lone.uid, true};
  const char *const jobs[][9] = {{"scan", f->root, NULL},
                                 {"tree", f->root, NULL},
                                 {"set", f->root, "m1.safetensors", "note=alone", NULL},
                                 {"train", f->root, "--label", "folder", "--expert", "kernel", NULL},
                                 {"train", f->root, "--label", "folder", "--expert", "probex", NULL},
                                 {"sweep", f->root, "--label", "folder", "--expert", "kernel", NULL},
                                 {"apply", f->root, NULL},
                                 {"map", f->root, NULL},
                                 {"query", f->root, "dog", NULL}};
  put_labelled(f);
  give(f->top, lone.uid);
  for (size_t i = 0; i < G_N_ELEMENTS(jobs); i++) {
    g_auto(Run) r = run_copse(f, i % 2 ? &behind : &lone, jobs[i]);
    if ((WIFEXITED(r.status) && WEXITSTATUS(r.status) >= 97) || strstr(r.err, "Permission denied")) {
      g_test_skip("another user can reach neither the program nor a temporary folder of ours");
      return;
    }
    g_test_message("%s: %.1f s, status %x %s", jobs[i][0], r.seconds, r.status, r.err);
    g_assert_true(WIFEXITED(r.status)); /* not by SIGINT, as OpenBLAS would have it, nor by the alarm */
    g_assert_cmpint(WEXITSTATUS(r.status), ==, 0);
  }
}

/* From less than the program is loaded with to enough: a word or the answer, and neither a signal nor a wait. */
static void test_address_space(Fixture *f, gconstpointer unused) {
  (void)unused;
  const char *const list[] = {"scan", f->root, NULL};
  bool answered = false;
  put_models(f, 2);
  for (rlim_t mb = 60; mb <= 460 && !SANITIZED; mb += 40) {
    const Limit limit = {RLIMIT_AS, mb << 20, 0, false};
    g_auto(Run) r = run_copse(f, &limit, list);
    g_test_message("%u MB: status %x %s", (unsigned)mb, r.status, r.err);
    g_assert_true(WIFEXITED(r.status));
    g_assert_true(WEXITSTATUS(r.status) == 0 || *r.err); /* 127 is the loader's */
    answered |= WEXITSTATUS(r.status) == 0;
  }
  g_assert_true(answered || SANITIZED);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  add_test("/shortage", "locked", test_locked);
  add_test("/shortage", "full-disk", test_full_disk);
  add_test("/shortage", "full-disk-by-hand", test_full_disk_by_hand);
  add_test("/shortage", "read-only-state", test_read_only_state);
  add_test("/shortage", "file-handles", test_file_handles);
  add_test("/shortage", "memory", test_memory);
  add_test("/shortage", "threads", test_threads);
  add_test("/shortage", "address-space", test_address_space);
  return g_test_run();
}
