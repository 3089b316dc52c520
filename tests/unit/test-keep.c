/* SPDX-License-Identifier: Apache-2.0 */
/* Which of several copies is kept, why, and what removing the others gives back. */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utime.h>

#include "collection/disk_use.h"
#include "lineage/forest/keep.h"
#include "tests/unit/collection_fixture.h"

enum { SIDE = 64 };

/* A matrix of numbers that F16 holds exactly when `coarse`; `age` in days. */
static void put_matrix(const Fixture *f, const char *path, Dtype dtype, bool coarse, int age) {
  float x[SIDE * SIDE];
  for (int i = 0; i < SIDE * SIDE; i++)
    x[i] = (float)((i * 37) % 101 - 50) / 64 + (coarse ? 0 : 1e-4f * (float)(i % 7));
  const TensorOut t = {"layer.weight", dtype, 2, {SIDE, SIDE}, x};
  put_tensors(f, path, &t, 1, NULL);
  g_autofree char *full = place(f, path);
  struct utimbuf times = {1000000000 - 86400 * age, 1000000000 - 86400 * age};
  g_assert_cmpint(utime(full, &times), ==, 0);
}

static Forest *forest_of(Fixture *f) {
  GError *error = NULL;
  scan(f);
  Forest *forest = forest_build(f->collection, f->models, NULL, NULL, &error);
  g_assert_no_error(error);
  return forest;
}

static const KeepMember *kept(const KeepGroup *g) { return &g_array_index(g->members, KeepMember, g->keep); }

static void expect_keep(Fixture *f, KeepRule rule, const char *pattern, const char *path, const char *why) {
  g_autoptr(Forest) forest = forest_of(f);
  g_autoptr(GPtrArray) groups = keep_groups(f->collection, forest, rule, pattern, NULL);
  g_assert_cmpuint(groups->len, ==, 1);
  const KeepGroup *g = groups->pdata[0];
  g_assert_cmpstr(forest_node(forest, kept(g)->node)->model->path, ==, path);
  g_assert_nonnull(strstr(g->why, why));
}

static void test_rules(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_matrix(f, "a/new.safetensors", DTYPE_F32, false, 1);
  put_matrix(f, "b/old.safetensors", DTYPE_F32, false, 9);
  put_matrix(f, "c/short.safetensors", DTYPE_F16, false, 30);
  expect_keep(f, KEEP_AUTO, NULL, "b/old.safetensors", "oldest");
  expect_keep(f, KEEP_OLDEST, NULL, "b/old.safetensors", "oldest");
  expect_keep(f, KEEP_SMALLEST, NULL, "b/old.safetensors", "oldest");
  expect_keep(f, KEEP_PATTERN, "a/*", "a/new.safetensors", "its path matches");
  put_matrix(f, "hub/models--org--x/snapshots/0123456789abcdef0123456789abcdef01234567/model.safetensors", DTYPE_F32,
             false, 0);
  expect_keep(f, KEEP_AUTO, NULL, "hub/models--org--x/snapshots/0123456789abcdef0123456789abcdef01234567",
              "it lies in a Hub cache");
}

/* An F32 copy of an F16 file says nothing more: the F16 file stays. */
static void test_widened(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_matrix(f, "a/wide.safetensors", DTYPE_F32, true, 9);
  put_matrix(f, "b/true.safetensors", DTYPE_F16, true, 1);
  for (KeepRule rule = KEEP_AUTO; rule <= KEEP_HUB; rule++)
    expect_keep(f, rule, NULL, "b/true.safetensors", "it loses nothing and wastes nothing");
}

/* Blocks that all of these files have, each inode once. */
static uint64_t blocks(const Fixture *f, const char *const *paths) {
  uint64_t sum = 0;
  for (; *paths; paths++) {
    struct stat st;
    g_autofree char *full = place(f, *paths);
    g_assert_cmpint(lstat(full, &st), ==, 0);
    sum += (uint64_t)st.st_blocks * 512;
  }
  return sum;
}

/* A hard link frees nothing while its other name stays. */
static void test_links(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_matrix(f, "a/one.safetensors", DTYPE_F32, false, 9);
  put_matrix(f, "b/two.safetensors", DTYPE_F32, false, 1);
  g_autofree char *one = place(f, "a/one.safetensors"), *link_path = place(f, "c/link.safetensors");
  g_assert_cmpint(link(one, link_path), ==, 0);
  g_autoptr(Forest) forest = forest_of(f);
  g_autoptr(GPtrArray) groups = keep_groups(f->collection, forest, KEEP_OLDEST, NULL, NULL);
  g_assert_cmpuint(groups->len, ==, 1);
  const KeepGroup *g = groups->pdata[0];
  const char *const two[] = {"b/two.safetensors", NULL};
  g_assert_cmpuint(g->members->len, ==, 3);
  g_assert_cmpuint(g->frees, ==, blocks(f, two));
  for (guint i = 0; i < g->members->len; i++) {
    const KeepMember *m = &g_array_index(g->members, KeepMember, i);
    bool lone = strcmp(forest_node(forest, m->node)->model->path, two[0]) == 0;
    g_assert_cmpuint(m->frees, ==, lone ? blocks(f, two) : 0);
  }
  g_autoptr(GPtrArray) both = g_ptr_array_new();
  g_ptr_array_add(both, (char *)"a/one.safetensors");
  g_ptr_array_add(both, (char *)"c/link.safetensors");
  g_ptr_array_add(both, (char *)"c/link.safetensors");
  const char *const first[] = {"a/one.safetensors", NULL};
  g_assert_cmpuint(disk_freed(f->root, both), ==, blocks(f, first));
}

/* A copy by reference (cp --reflink) frees nothing; where the file system makes none this is skipped. */
static void test_reflinks(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_matrix(f, "a/one.safetensors", DTYPE_F32, false, 9);
  g_autofree char *one = place(f, "a/one.safetensors"), *other = place(f, "b/two.safetensors");
  int from = open(one, O_RDONLY | O_CLOEXEC), to = open(other, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  bool made = from >= 0 && to >= 0 && ioctl(to, FICLONE, from) == 0 && fsync(to) == 0;
  if (from >= 0) close(from);
  if (to >= 0) close(to);
  g_autoptr(GPtrArray) paths = g_ptr_array_new();
  g_ptr_array_add(paths, (char *)"b/two.safetensors");
  if (made) g_assert_cmpuint(disk_freed(f->root, paths), ==, 0);
  else g_test_skip("no copies by reference here");
}

/* Behind a snapshot's link lies a blob: it goes too, unless another revision needs it. */
static void test_blobs(Fixture *f, gconstpointer unused) {
  (void)unused;
#define REPO "hub/models--org--x"
#define COMMIT "0123456789abcdef0123456789abcdef0123456"
  put_matrix(f, REPO "/blobs/aa", DTYPE_F32, false, 1);
  put_link(f, REPO "/snapshots/" COMMIT "1/model.safetensors", "../../blobs/aa");
  scan(f);
  g_autoptr(GPtrArray) alone = disk_paths_of(f->collection, model_at(f, REPO "/snapshots/" COMMIT "1"), NULL);
  g_assert_cmpuint(alone->len, ==, 2);
  g_assert_cmpstr(alone->pdata[1], ==, REPO "/blobs/aa");
  put_link(f, REPO "/snapshots/" COMMIT "2/model.safetensors", "../../blobs/aa");
  g_autoptr(GPtrArray) shared = disk_paths_of(f->collection, model_at(f, REPO "/snapshots/" COMMIT "1"), NULL);
  g_assert_cmpuint(shared->len, ==, 1);
}

static void test_words(void) {
  KeepRule rule;
  g_assert_true(keep_rule_from_text("hub", &rule) && rule == KEEP_HUB);
  g_assert_true(keep_rule_from_text("keep/*", &rule) && rule == KEEP_PATTERN);
  g_assert_false(keep_rule_from_text("newest", &rule));
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  add_test("/keep", "rules", test_rules);
  add_test("/keep", "widened", test_widened);
  add_test("/keep", "links", test_links);
  add_test("/keep", "reflinks", test_reflinks);
  add_test("/keep", "blobs", test_blobs);
  g_test_add_func("/keep/words", test_words);
  return g_test_run();
}
