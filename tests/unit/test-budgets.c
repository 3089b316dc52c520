/* SPDX-License-Identifier: Apache-2.0 */
/* What one hostile file may cost the program that looks at it: the real program is run on it, and the kernel says what
 * it took. */
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "archives/dictionary.h"
#include "core/files.h"
#include "ui/model/card_text.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MEASURED false /* a sanitizer's memory and time are its own */
#else
#define MEASURED true
#endif

enum { MOST_KB = 256 << 10 };

typedef struct {
  long kilobytes;
  double seconds; /* of the processor */
  int status;
} Cost;

/* `copse scan` of a folder with a fresh state. */
static Cost scan_cost(const char *folder, const char *state) {
  const char *copse = g_getenv("COPSE");
  g_assert_nonnull(copse);
  pid_t child = fork();
  if (child == 0) {
    if (!freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "w", stderr)) _exit(99);
    execl(copse, copse, "--state", state, "--threads", "1", "scan", folder, (char *)NULL);
    _exit(98);
  }
  struct rusage use;
  int status = -1;
  g_assert_cmpint(wait4(child, &status, 0, &use), ==, child);
  double seconds =
      (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) + (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6;
  return (Cost){use.ru_maxrss, seconds, status};
}

/* Writes one file into a folder of its own and scans it: no more than 256 MiB beside what an empty folder costs, and no
 * more than a second for each megabyte, with one for the start. `holes`: zeros that follow, which take no room. */
static void check_cost(const char *name, const void *bytes, size_t n, off_t holes) {
  g_autofree char *top = g_dir_make_tmp("copse-budget-XXXXXX", NULL);
  g_autofree char *empty = g_build_filename(top, "empty", NULL), *folder = g_build_filename(top, "models", NULL);
  g_autofree char *state = g_build_filename(top, "state", NULL), *other = g_build_filename(top, "state2", NULL);
  g_autofree char *path = g_build_filename(folder, name, NULL);
  g_assert_cmpint(g_mkdir(empty, 0700) | g_mkdir(folder, 0700), ==, 0);
  g_assert_true(file_write_bytes(path, bytes, n, NULL));
  if (holes) g_assert_cmpint(truncate(path, (off_t)n + holes), ==, 0);
  Cost base = scan_cost(empty, other), cost = scan_cost(folder, state);
  g_test_message("%s: %.1f MB took %ld MiB and %.2f s", name, (double)n / 1e6, (cost.kilobytes - base.kilobytes) >> 10,
                 cost.seconds);
  g_assert_true(WIFEXITED(cost.status));
  g_assert_cmpint(WEXITSTATUS(cost.status), ==, 0);
  if (MEASURED) {
    g_assert_cmpint(cost.kilobytes, <=, base.kilobytes + MOST_KB);
    g_assert_cmpfloat(cost.seconds, <=, 1 + (double)n / 1e6);
  }
  g_assert_true(dir_remove(top, NULL));
}

/* The header's text behind its length. */
static void check_header(GString *header, off_t holes) {
  guint64 length = GUINT64_TO_LE(header->len);
  g_string_prepend_len(header, (const char *)&length, sizeof length);
  check_cost("m.safetensors", header->str, header->len, holes);
  g_string_free(header, TRUE);
}

static void test_metadata_keys(void) {
  GString *h = g_string_new("{\"__metadata__\":{");
  for (unsigned i = 0; i < 5000000; i++) g_string_append_printf(h, "%s\"%x\":\"\"", i ? "," : "", i);
  g_string_append(h, "}}");
  check_header(h, 0);
}

static void test_metadata_value(void) {
  GString *h = g_string_new("{\"__metadata__\":{\"a\":\"");
  for (unsigned i = 0; i < 7700000; i++) g_string_append(h, "0123456789");
  g_string_append(h, "\"}}");
  check_header(h, 0);
}

static void test_tensors(void) {
  GString *h = g_string_new("{");
  unsigned n = 1100000;
  for (unsigned i = 0; i < n; i++)
    g_string_append_printf(h, "%s\"%x\":{\"dtype\":\"F32\",\"shape\":[1,1],\"data_offsets\":[%u,%u]}", i ? "," : "", i,
                           4 * i, 4 * i + 4);
  g_string_append(h, "}");
  check_header(h, 4 * (off_t)n);
}

/* As many as are read, with long names. */
static void test_fewer_tensors(void) {
  GString *h = g_string_new("{");
  unsigned n = 150000;
  for (unsigned i = 0; i < n; i++)
    g_string_append_printf(h,
                           "%s\"model.layers.1.mlp.experts.%u.down_proj.weight\":{\"dtype\":\"F32\",\"shape\":[1,1],"
                           "\"data_offsets\":[%u,%u]}",
                           i ? "," : "", i, 4 * i, 4 * i + 4);
  g_string_append(h, "}");
  check_header(h, 4 * (off_t)n);
}

/* A pickle that repeats `part` between `start` and `end`. */
static void check_pickle(const char *start, const char *part, unsigned times, const char *end) {
  g_autoptr(GString) p = g_string_new("\x80\x02");
  g_string_append(p, start);
  for (unsigned i = 0; i < times; i++) g_string_append(p, part);
  g_string_append(p, end);
  check_cost("m.pt", p->str, p->len, 0);
}

static void test_pickled_lists(void) { check_pickle("(", "]", 4000000, "l."); }

static void test_pickled_items(void) { check_pickle("(", "]Na", 1300000, "l."); }

static void test_pickled_nothing(void) { check_pickle("](", "N", 4000000, "e."); }

static void test_pickled_text(void) {
  check_pickle("(",
               "U\x01"
               "a",
               1300000, "l.");
}

/* Each tuple holds the one before twice: 2^60 ends. */
static void test_shared_structure(void) {
  g_autoptr(GByteArray) p = g_byte_array_new();
  g_byte_array_append(p, (const guint8 *)"\x80\x02N", 3);
  for (guint8 i = 0; i < 60; i++) {
    guint8 level[] = {'q', i, '(', 'h', i, 'h', i, 't'};
    g_byte_array_append(p, level, sizeof level);
  }
  g_byte_array_append(p, (const guint8 *)".", 1);
  check_cost("m.pt", p->data, p->len, 0);
}

static void put_number(GByteArray *b, guint64 value, unsigned width) {
  for (unsigned i = 0; i < width; i++, value >>= 8) {
    guint8 byte = value & 0xff;
    g_byte_array_append(b, &byte, 1);
  }
}

static void test_gguf_text(void) {
  enum { KEYS = 9, TEXT = 8000000 };
  g_autoptr(GByteArray) b = g_byte_array_new();
  g_autofree char *text = g_strnfill(TEXT, 'x');
  g_byte_array_append(b, (const guint8 *)"GGUF", 4);
  put_number(b, 3, 4), put_number(b, 0, 8), put_number(b, KEYS, 8);
  for (guint8 i = 0; i < KEYS; i++) {
    guint8 name = 'a' + i;
    put_number(b, 1, 8), g_byte_array_append(b, &name, 1), put_number(b, 8, 4);
    put_number(b, TEXT, 8), g_byte_array_append(b, (const guint8 *)text, TEXT);
  }
  check_cost("m.gguf", b->data, b->len, 0);
}

/* --- dictionaries ----------------------------------------------------------------------------- */

/* A 7z of one packed stream of three bytes, whose one coder has these properties. */
static GBytes *seven_zip(const guint8 *id, guint8 id_n, const guint8 *props, guint8 props_n) {
  g_autoptr(GByteArray) header = g_byte_array_new();
  const guint8 streams[] = {1, 4, 6, 0, 1, 9, 3, 0, 7, 11, 1, 0, 1};
  const guint8 coder = 0x20 | id_n, end[] = {12, 10, 0, 0, 0};
  g_byte_array_append(header, streams, sizeof streams);
  g_byte_array_append(header, &coder, 1);
  g_byte_array_append(header, id, id_n);
  g_byte_array_append(header, &props_n, 1);
  g_byte_array_append(header, props, props_n);
  g_byte_array_append(header, end, sizeof end);
  GByteArray *b = g_byte_array_new();
  g_byte_array_append(b, (const guint8 *)"7z\xbc\xaf\x27\x1c\0\4\0\0\0\0", 12);
  put_number(b, 3, 8), put_number(b, header->len, 8), put_number(b, 0, 4);
  g_byte_array_append(b, (const guint8 *)"abc", 3);
  g_byte_array_append(b, header->data, header->len);
  return g_byte_array_free_to_bytes(b);
}

static void check_dictionary(GBytes *bytes, const char *refusal) {
  g_autoptr(GBytes) owned = bytes;
  g_autoptr(ByteSource) source = byte_source_from_bytes(owned, "a.7z");
  g_autoptr(GError) error = NULL;
  g_assert_true(dictionary_check(source, &error) == (refusal == NULL));
  if (refusal) g_assert_nonnull(strstr(error->message, refusal));
}

static void test_dictionaries(void) {
  static const guint8 lzma2[] = {0x21}, lzma[] = {3, 1, 1}, ppmd[] = {3, 4, 1};
  static const guint8 usual[] = {0x1a}, large[] = {0x26}, all[] = {40};
  static const guint8 lzma_large[] = {0x5d, 0, 0, 0, 0x40}, ppmd_large[] = {6, 0, 0, 0, 0x20};
  check_dictionary(seven_zip(lzma2, 1, usual, 1), NULL);
  check_dictionary(seven_zip(lzma2, 1, large, 1), "takes 2147 MB");
  check_dictionary(seven_zip(lzma2, 1, all, 1), "takes 4294 MB");
  check_dictionary(seven_zip(lzma, 3, lzma_large, 5), "takes 1073 MB");
  check_dictionary(seven_zip(ppmd, 3, ppmd_large, 5), "takes 536 MB");
  static const guint8 xz[40] = {0xfd, '7', 'z', 'X', 'Z', 0, 0, 4, 0, 0, 0, 0, 2, 0, 0x21, 1, 0x26};
  check_dictionary(g_bytes_new_static(xz, sizeof xz), "takes 2147 MB");
}

/* A header that is cut short, or packed by what nobody uses, is refused, never guessed. */
static void test_odd_headers(void) {
  g_autoptr(GBytes) whole = seven_zip((const guint8 *)"\x21", 1, (const guint8 *)"\x1a", 1);
  gsize n;
  const guint8 *bytes = g_bytes_get_data(whole, &n);
  g_autofree guint8 *copy = g_memdup2(bytes, n);
  copy[32 + 3] = 0x17; /* says that it is packed, and goes on with "4" */
  check_dictionary(g_bytes_new(copy, n), "header cannot be read");
  memcpy(copy, bytes, n);
  copy[20] = 12; /* ends in the middle */
  check_dictionary(g_bytes_new(copy, n), "header cannot be read");
}

/* --- cards ------------------------------------------------------------------------------------ */

static double layout_seconds(size_t n) {
  g_autofree char *word = g_strnfill(n, 'w');
  gint64 start = g_get_monotonic_time();
  Lines *lines = card_text_new(word, 76, false);
  double seconds = (double)(g_get_monotonic_time() - start) / 1e6;
  g_assert_cmpuint(lines->lines->len, >=, n / 76);
  lines_free(lines);
  return seconds;
}

/* Ten times the word takes some ten times as long, not a hundred. */
static void test_long_word(void) {
  double once = MAX(layout_seconds(120000), 0.002), more = layout_seconds(1200000);
  g_test_message("120 kB: %.3f s, 1.2 MB: %.3f s", once, more);
  g_assert_cmpfloat(more, <, 40 * once);
}

/* A model costs a scan less than the 1.5 kB that 100,000 of them may in 200 MB, beside what any scan of several takes. */
static void test_many_models(void) {
  enum { MODELS = 6000, A_FOLDER = 100, MOST_BYTES = 1500, SLACK_KB = 6000 };
  static const char header[] = "{\"layer.lora_A.weight\":{\"dtype\":\"F32\",\"shape\":[2,4],\"data_offsets\":[0,32]}}";
  g_autofree char *top = g_dir_make_tmp("copse-budget-XXXXXX", NULL);
  g_autofree char *few = g_build_filename(top, "few", NULL), *many = g_build_filename(top, "many", NULL);
  g_autofree char *state = g_build_filename(top, "state", NULL), *other = g_build_filename(top, "state2", NULL);
  for (unsigned i = 0; i < MODELS; i++) {
    g_autofree char *folder = g_strdup_printf("%s/group-%03u", i < A_FOLDER ? few : many, i / A_FOLDER);
    g_autofree char *path = g_strdup_printf("%s/model-%06u.safetensors", folder, i);
    guint32 all[2 + (sizeof header - 1 + 32) / 4 + 1] = {sizeof header - 1, 0};
    memcpy(all + 2, header, sizeof header - 1);
    memcpy((char *)(all + 2) + sizeof header - 1, &i, sizeof i); /* no two alike */
    if (i % A_FOLDER == 0) g_assert_cmpint(g_mkdir_with_parents(folder, 0700), ==, 0);
    g_assert_true(
        g_file_set_contents_full(path, (char *)all, 8 + sizeof header - 1 + 32, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
  }
  Cost base = scan_cost(few, other), cost = scan_cost(many, state);
  long most = base.kilobytes + SLACK_KB + (MODELS - A_FOLDER) * (long)MOST_BYTES / 1024;
  g_test_message("%d models: %ld kB, %d models: %ld kB, at most %ld", A_FOLDER, base.kilobytes, MODELS - A_FOLDER,
                 cost.kilobytes, most);
  g_assert_cmpint(cost.status, ==, 0);
  if (MEASURED) g_assert_cmpint(cost.kilobytes, <=, most);
  g_assert_true(dir_remove(top, NULL));
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/budgets/metadata-keys", test_metadata_keys);
  g_test_add_func("/budgets/metadata-value", test_metadata_value);
  g_test_add_func("/budgets/tensors", test_tensors);
  g_test_add_func("/budgets/fewer-tensors", test_fewer_tensors);
  g_test_add_func("/budgets/pickled-lists", test_pickled_lists);
  g_test_add_func("/budgets/pickled-items", test_pickled_items);
  g_test_add_func("/budgets/pickled-nothing", test_pickled_nothing);
  g_test_add_func("/budgets/pickled-text", test_pickled_text);
  g_test_add_func("/budgets/shared-structure", test_shared_structure);
  g_test_add_func("/budgets/gguf-text", test_gguf_text);
  g_test_add_func("/budgets/dictionaries", test_dictionaries);
  g_test_add_func("/budgets/odd-headers", test_odd_headers);
  g_test_add_func("/budgets/long-word", test_long_word);
  g_test_add_func("/budgets/many-models", test_many_models);
  return g_test_run();
}
