/* SPDX-License-Identifier: Apache-2.0 */
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <utime.h>

#include "numerics/adam.h"
#include "core/error.h"
#include "core/files.h"
#include "core/json_reader.h"
#include "numerics/linalg.h"
#include "core/parallel.h"
#include "numerics/rng.h"
#include "core/source.h"
#include "core/text.h"

/* From 0 on, below 1, and everywhere between. */
static void test_uniform(void) {
  enum { N = 10000, PARTS = 10 };
  unsigned in[PARTS] = {0};
  Rng rng;
  rng_init(&rng, 3, 0);
  for (int i = 0; i < N; i++) {
    float x = rng_uniform(&rng);
    g_assert_true(x >= 0 && x < 1);
    in[(int)(x * PARTS)]++;
  }
  for (int k = 0; k < PARTS; k++) g_assert_true(in[k] > 850 && in[k] < 1150); /* five standard deviations */
}

static void assert_clean(const char *in, gssize n, const char *want) {
  g_autofree SafeText *got = safe_text(in, n);
  g_assert_cmpstr(got, ==, want);
  g_assert_true(text_is_safe(got, -1));
}

static void test_safe_text(void) {
  assert_clean("plain name", -1, "plain name");
  assert_clean("a\x1b[31mb", -1, "a\xef\xbf\xbd[31mb");
  assert_clean("tab\there\nline", -1, "tab here line");
  assert_clean("c1 \xc2\x9b end", -1, "c1 \xef\xbf\xbd end");
  assert_clean("bidi \xe2\x80\xae txt", -1, "bidi \xef\xbf\xbd txt");
  assert_clean("bad \xff\xc3(", -1, "bad \xef\xbf\xbd\xef\xbf\xbd(");
  assert_clean("nul\0inside", 10, "nul\xef\xbf\xbdinside");
  assert_clean("cut \xe2\x82", -1, "cut \xef\xbf\xbd\xef\xbf\xbd");
  assert_clean("\xe6\xa8\xb9 ok", -1, "\xe6\xa8\xb9 ok");
  assert_clean(NULL, -1, "");
  g_autofree SafeText *lines = safe_text_lines("one\ntwo\x1b", -1);
  g_assert_cmpstr(lines, ==, "one\ntwo\xef\xbf\xbd");
}

static void assert_fit(const char *s, int columns, const char *want) {
  g_autofree char *got = text_fit(s, columns, "~");
  g_assert_cmpstr(got, ==, want);
}

static void test_text_fit(void) {
  assert_fit("abc", 5, "abc  ");
  assert_fit("abcdef", 4, "abc~");
  assert_fit("\xe6\xa8\xb9\xe6\x9c\xa8", 3, "\xe6\xa8\xb9~"); /* wide, 2 columns each */
  assert_fit("\xe6\xa8\xb9\xe6\x9c\xa8", 2, "~ ");            /* half of a wide one is never drawn */
  assert_fit("x", 0, "");
}

static void test_text_numbers(void) {
  static const struct {
    uint64_t n;
    const char *want;
  } counts[] = {{0, "0"}, {999, "999"}, {1234, "1.2k"}, {86389248, "86.4M"}, {7000000000u, "7.0B"}};
  for (size_t i = 0; i < G_N_ELEMENTS(counts); i++) {
    g_autofree char *got = text_count(counts[i].n);
    g_assert_cmpstr(got, ==, counts[i].want);
  }
  static const struct {
    uint64_t n;
    const char *want;
  } wholes[] = {{0, "0"}, {17, "17"}, {999, "999"}, {2000, "2,000"}, {100000, "100,000"}, {1234567, "1,234,567"}};
  for (size_t i = 0; i < G_N_ELEMENTS(wholes); i++) {
    g_autofree char *got = text_whole(wholes[i].n);
    g_assert_cmpstr(got, ==, wholes[i].want);
  }
  g_autofree char *b = text_bytes(343000000), *small = text_bytes(12), *t = text_seconds(200);
  g_assert_cmpstr(b, ==, "343 MB");
  g_assert_cmpstr(small, ==, "12 B");
  g_assert_cmpstr(t, ==, "3 min 20 s");
}

static void test_rng(void) {
  Rng a, b, c;
  rng_init(&a, 7, 1);
  rng_init(&b, 7, 1);
  rng_init(&c, 7, 2);
  bool differ = false;
  double sum = 0, squares = 0;
  for (int i = 0; i < 20000; i++) {
    float x = rng_normal(&a);
    g_assert_true(x == rng_normal(&b));
    differ |= rng_u64(&c) != rng_u64(&b);
    rng_u64(&a);
    sum += (double)x;
    squares += (double)x * (double)x;
  }
  g_assert_true(differ);
  g_assert_cmpfloat(fabs(sum / 20000), <, 0.03);
  g_assert_cmpfloat(fabs(squares / 20000 - 1), <, 0.05);
  for (int i = 0; i < 1000; i++) g_assert_cmpuint(rng_below(&a, 7), <, 7);
  size_t items[5] = {0, 1, 2, 3, 4}, seen = 0;
  rng_shuffle(&a, items, 5);
  for (int i = 0; i < 5; i++) seen |= (size_t)1 << items[i];
  g_assert_cmpuint(seen, ==, 31);
}

static bool count_item(void *user, size_t item, unsigned thread) {
  g_assert_cmpuint(thread, <, 3);
  atomic_fetch_add((atomic_size_t *)user, item + 1);
  return true;
}

static bool stop_at_ten(void *user, size_t item, unsigned thread) {
  (void)thread;
  atomic_fetch_add((atomic_size_t *)user, 1);
  return item != 10;
}

static void test_parallel(void) {
  atomic_size_t sum = 0, ran = 0;
  g_assert_true(parallel_for(1000, 3, count_item, &sum, NULL));
  g_assert_cmpuint(sum, ==, 500500);
  g_assert_false(parallel_for(100000, 3, stop_at_ten, &ran, NULL));
  g_assert_cmpuint(ran, <, 100000);
  CancelToken token;
  cancel_token_init(&token);
  cancel_token_set(&token);
  ran = 0;
  g_assert_false(parallel_for(1000, 2, stop_at_ten, &ran, &token));
  g_assert_cmpuint(ran, ==, 0);
}

/* Loops after loops take the same threads; one inside another gets its own. */
static bool loop_inside(void *user, size_t item, unsigned thread) {
  (void)item, (void)thread;
  return parallel_for(10, 3, count_item, user, NULL);
}

static void test_parallel_again(void) {
  atomic_size_t sum = 0;
  for (int i = 0; i < 100; i++) g_assert_true(parallel_for(4, 3, loop_inside, &sum, NULL));
  g_assert_cmpuint(sum, ==, 100 * 4 * 55);
}

/* Where no thread can be had, the caller does all of it. */
static void test_parallel_alone(void) {
#ifdef __SANITIZE_ADDRESS__
  g_test_skip("a sanitizer needs more addresses than the limit leaves");
#else
  if (g_test_subprocess()) {
    struct rlimit none = {1 << 20, 1 << 20}; /* less than there is: not one stack more */
    atomic_size_t sum = 0;
    g_assert_cmpint(setrlimit(RLIMIT_AS, &none), ==, 0);
    _exit(parallel_for(1000, 3, count_item, &sum, NULL) && sum == 500500 ? 0 : 1);
  }
  g_test_trap_subprocess(NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_passed();
#endif
}

static void test_linalg(void) {
  g_autoptr(GError) error = NULL;
  g_assert_true(linalg_self_check(&error));
  g_assert_no_error(error);
  float *big = big_alloc(1 << 20, &error);
  g_assert_nonnull(big);
  g_assert_true(big[0] == 0 && big[(1 << 20) - 1] == 0);
  big_free(big, 1 << 20);
  g_assert_null(big_alloc(SIZE_MAX, &error));
  g_assert_error(error, COPSE_ERROR, COPSE_ERROR_IO);
}

static void test_adam(void) {
  enum { N = 37 };
  AdamOptions o = ADAM_DEFAULTS;
  o.weight_decay = 1e-2f;
  float w[N], r[N], g[N], m[N] = {0}, v[N] = {0}, rm[N] = {0}, rv[N] = {0};
  Rng rng;
  rng_init(&rng, 3, 0);
  rng_fill_normal(&rng, w, N, 1);
  memcpy(r, w, sizeof w);
  for (uint64_t step = 1; step <= 50; step++) {
    rng_fill_normal(&rng, g, N, 1);
    adam_step(&o, step, w, g, m, v, N, 2);
    adam_step_reference(&o, step, r, g, rm, rv, N);
  }
  for (int i = 0; i < N; i++) g_assert_cmpfloat(fabsf(w[i] - r[i]), <, 1e-5f);
}

/* A header read to its end; what failed, or NULL. */
static const char *skip_all(const char *text) {
  JsonReader r;
  json_reader_init(&r, text, strlen(text));
  if (json_reader_skip(&r) && !json_reader_at_end(&r)) return "tail";
  return r.failed ? r.problem : NULL;
}

static void test_json_reader(void) {
  g_assert_null(skip_all(" {\"a\":[1,2.5e3,{\"b\":null}],\"c\":\"\\u00e9\\ud83d\\ude00\",\"d\":{}} "));
  g_assert_null(skip_all("[]"));
  static const char *const bad[] = {"{\"a\" 1}",   "[1,]",  "{\"a\":1,}", "[1 2]", "{a:1}",    "\"open", "\"\\x\"",
                                    "\"\\ud800\"", "[nul]", "",           "[1]]",  "\"a\nb\"", "{,}"};
  for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
    if (!skip_all(bad[i])) g_error("accepted: %s", bad[i]);
  }
  g_autoptr(GString) deep = g_string_new(NULL);
  for (int i = 0; i < 200000; i++) g_string_append_c(deep, '[');
  g_assert_cmpstr(skip_all(deep->str), ==, "nested too deeply");
}

static bool reads_u64(const char *text, uint64_t want) {
  JsonReader r;
  uint64_t got = 0;
  json_reader_init(&r, text, strlen(text));
  return json_reader_u64(&r, &got) && got == want;
}

static void test_json_numbers(void) {
  g_assert_true(reads_u64("0", 0));
  g_assert_true(reads_u64("18446744073709551615", UINT64_MAX));
  g_assert_true(reads_u64("9007199254740993", 9007199254740993u)); /* a double would lose it */
  static const char *const bad[] = {"18446744073709551616", "-1", "1.0", "1e2", "01", "\"1\"", ""};
  for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
    JsonReader r;
    uint64_t got;
    json_reader_init(&r, bad[i], strlen(bad[i]));
    g_assert_false(json_reader_u64(&r, &got));
  }
}

static bool fail_writer(void *user, int fd, GError **error) {
  (void)user;
  g_assert_true(fd_write_all(fd, "half", 4, error));
  g_set_error_literal(error, COPSE_ERROR, COPSE_ERROR_IO, "gave up");
  return false;
}

static void test_files(void) {
  g_autoptr(GError) error = NULL;
  g_autofree char *dir = g_dir_make_tmp("copse-core-XXXXXX", NULL);
  g_autofree char *path = g_build_filename(dir, "a", NULL);
  g_assert_true(file_write_bytes(path, "first", 5, &error));
  g_assert_false(file_write_atomic(path, fail_writer, NULL, &error));
  g_clear_error(&error);
  size_t n;
  g_autofree char *text = file_read_small(path, 100, &n, &error);
  g_assert_cmpstr(text, ==, "first"); /* the old file is whole, the half one is gone */
  g_assert_cmpuint(n, ==, 5);
  g_assert_null(file_read_small(path, 4, NULL, &error));
  g_assert_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT);
  g_clear_error(&error);
  g_assert_null(file_read_small(dir, 100, NULL, &error));
  g_assert_error(error, COPSE_ERROR, COPSE_ERROR_IO);
  g_clear_error(&error);
  GDir *listing = g_dir_open(dir, 0, NULL);
  g_assert_cmpstr(g_dir_read_name(listing), ==, "a");
  g_assert_null(g_dir_read_name(listing));
  g_dir_close(listing);
  g_assert_true(dir_remove(dir, &error));
  g_assert_false(g_file_test(dir, G_FILE_TEST_EXISTS));
}

static void test_source(void) {
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) bytes = g_bytes_new_static("0123456789", 10);
  g_autoptr(ByteSource) whole = byte_source_from_bytes(bytes, "mem\x1b");
  g_autoptr(ByteSource) part = byte_source_window(whole, 4, 3, "part");
  char b[8] = {0};
  g_assert_cmpstr(byte_source_label(whole), ==, "mem\xef\xbf\xbd");
  g_assert_true(byte_source_read(part, 1, b, 2, &error));
  g_assert_cmpstr(b, ==, "56");
  g_assert_false(byte_source_read(part, 2, b, 2, &error)); /* beyond the window, inside the whole */
  g_clear_error(&error);
  g_assert_false(byte_source_read(part, UINT64_MAX, b, 2, &error));
  g_clear_error(&error);
  g_assert_null(byte_source_open("/dev/null", &error));
}

/* The short way through ASCII says what the long way says. */
static void test_text_fold(void) {
  static const char *const texts[] = {"", "Fox-LoRA_16.safetensors", "ÉTUDE Ä", "Straße ß", "狐 FOX", "A\nB"};
  for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
    g_autofree char *fold = text_fold(texts[i]), *want = g_utf8_casefold(texts[i], -1);
    g_assert_cmpstr(fold, ==, want);
  }
  for (char c = 1; c < 127; c++) {
    char text[] = {c, '\0'};
    g_autofree char *fold = text_fold(text), *want = g_utf8_casefold(text, -1);
    g_assert_cmpstr(fold, ==, want);
  }
}

static void test_first_not_finite(void) {
  float x[] = {0, -3e38f, 1, NAN, INFINITY};
  g_assert_cmpuint(first_not_finite(x, 3), ==, 3);
  g_assert_cmpuint(first_not_finite(x, 5), ==, 3);
  g_assert_cmpuint(first_not_finite(x + 4, 1), ==, 0);
  g_assert_cmpuint(first_not_finite(x, 0), ==, 0);
}

static void test_leftovers(void) {
  g_autofree char *dir = g_dir_make_tmp("copse-core-XXXXXX", NULL);
  static const struct {
    const char *name;
    int hours;
    bool stays;
  } files[] = {{"a.rep.tmp-Ab12Cd", 2, false},
               {"b.rep.tmp-Ab12Cd", 0, true},
               {"c.rep", 2, true},
               {".tmp-Ab12Cd", 2, true},
               {"d.tmp-long-name", 2, true}};
  for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
    g_autofree char *path = g_build_filename(dir, files[i].name, NULL);
    g_assert_true(g_file_set_contents(path, "x", 1, NULL));
    struct utimbuf then = {time(NULL) - files[i].hours * 3600 - 60, time(NULL) - files[i].hours * 3600 - 60};
    g_assert_cmpint(g_utime(path, &then), ==, 0);
  }
  dir_drop_leftovers(dir);
  for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
    g_autofree char *path = g_build_filename(dir, files[i].name, NULL);
    g_assert_true(g_file_test(path, G_FILE_TEST_EXISTS) == files[i].stays);
  }
  g_assert_true(dir_remove(dir, NULL));
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/core/text/safe", test_safe_text);
  g_test_add_func("/core/text/fit", test_text_fit);
  g_test_add_func("/core/text/numbers", test_text_numbers);
  g_test_add_func("/core/text/fold", test_text_fold);
  g_test_add_func("/core/rng", test_rng);
  g_test_add_func("/core/parallel", test_parallel);
  g_test_add_func("/core/parallel-again", test_parallel_again);
  g_test_add_func("/core/parallel-alone", test_parallel_alone);
  g_test_add_func("/core/linalg", test_linalg);
  g_test_add_func("/core/adam", test_adam);
  g_test_add_func("/core/first-not-finite", test_first_not_finite);
  g_test_add_func("/core/leftovers", test_leftovers);
  g_test_add_func("/core/json/reader", test_json_reader);
  g_test_add_func("/core/json/numbers", test_json_numbers);
  g_test_add_func("/core/files", test_files);
  g_test_add_func("/core/source", test_source);
  g_test_add_func("/core/uniform", test_uniform);
  return g_test_run();
}
