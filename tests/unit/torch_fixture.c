/* SPDX-License-Identifier: Apache-2.0 */
#include "torch_fixture.h"

#include <string.h>

#include "core/error.h"
#include "weights/weight_open.h"

void pk_raw(GString *p, const char *opcodes) { g_string_append(p, opcodes); }

GString *pk_new(void) { return g_string_new("\x80\2"); }

void pk_text(GString *p, const char *s) {
  guint32 n = (guint32)strlen(s);
  g_string_append_c(p, 'X');
  g_string_append_len(p, (const char *)&n, 4);
  g_string_append(p, s);
}

void pk_int(GString *p, int64_t n) {
  g_string_append_len(p, "\x8a\10", 2);
  g_string_append_len(p, (const char *)&n, 8);
}

void pk_global(GString *p, const char *module, const char *name) {
  g_string_append_printf(p, "c%s\n%s\n", module, name);
}

void pk_numbers(GString *p, int n, const int64_t *numbers) {
  g_string_append_c(p, '(');
  for (int i = 0; i < n; i++) pk_int(p, numbers[i]);
  g_string_append_c(p, 't');
}

void pk_storage(GString *p, const char *type, const char *key, int64_t numbers) {
  g_string_append_c(p, '(');
  pk_text(p, "storage");
  pk_global(p, "torch", type);
  pk_text(p, key);
  pk_text(p, "cpu");
  pk_int(p, numbers);
  g_string_append(p, "tQ");
}

void pk_tensor(GString *p, const PkTensor *t) {
  pk_global(p, "torch._utils", "_rebuild_tensor_v2");
  g_string_append_c(p, '(');
  pk_storage(p, t->type ? t->type : "FloatStorage", t->key, t->numbers);
  pk_int(p, t->first);
  pk_numbers(p, t->rank, t->shape);
  pk_numbers(p, t->rank, t->step);
  g_string_append(p, "\x89");
  pk_global(p, "collections", "OrderedDict");
  g_string_append(p, ")RtR");
}

void pk_vector(GString *p, const char *key, int64_t numbers, int64_t n) {
  PkTensor t = {.key = key, .numbers = numbers, .rank = 1, .shape = {n}, .step = {1}};
  pk_tensor(p, &t);
}

GBytes *torch_fixture_zip(GString *pickle, const char *folder, const PkStorage *storages, unsigned manner) {
  ZipFixture z;
  zip_fixture_begin(&z);
  g_string_append_c(pickle, '.');
  g_autofree char *name = g_strconcat(folder, "data.pkl", NULL);
  zip_fixture_add(&z, name, pickle->str, pickle->len, manner);
  for (const PkStorage *s = storages; s->key; s++) {
    g_autofree char *member = g_strconcat(folder, "data/", s->key, NULL);
    zip_fixture_add(&z, member, s->bytes, s->n, manner);
  }
  g_autofree char *version = g_strconcat(folder, "version", NULL);
  zip_fixture_add(&z, version, "3\n", 2, manner);
  g_string_free(pickle, TRUE);
  return zip_fixture_end(&z, true);
}

GBytes *torch_fixture_legacy(GString *pickle, const PkStorage *storages) {
  static const char head[] =
      "\x80\2\x8a\12\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."
      "\x80\2M\xe9\3."
      "\x80\2}q\0(X\20\0\0\0protocol_versionM\xe9\3X\15\0\0\0little_endian\x88u.";
  GByteArray *file = g_byte_array_new();
  g_byte_array_append(file, (const guint8 *)head, sizeof head - 1);
  g_string_append_c(pickle, '.');
  g_string_append(pickle, "\x80\2](");
  for (const PkStorage *s = storages; s->key; s++) pk_text(pickle, s->key);
  g_string_append(pickle, "e.");
  g_byte_array_append(file, (const guint8 *)pickle->str, (guint)pickle->len);
  for (const PkStorage *s = storages; s->key; s++) {
    g_byte_array_append(file, (const guint8 *)&s->numbers, 8);
    g_byte_array_append(file, s->bytes, (guint)s->n);
  }
  g_string_free(pickle, TRUE);
  return g_byte_array_free_to_bytes(file);
}

WeightFile *fixture_open(GBytes *bytes, GError **error) {
  g_autoptr(ByteSource) source = byte_source_from_bytes(bytes, "test.pt");
  return weight_file_open_source(source, error);
}

void fixture_refused(GBytes *bytes, const char *complaint) {
  g_autoptr(GError) error = NULL;
  g_autoptr(WeightFile) file = fixture_open(bytes, &error);
  if (file) g_error("opened, instead of: %s", complaint);
  if (!strstr(error->message, complaint)) g_error("%s", error->message);
  g_assert_true(g_str_has_prefix(error->message, "test.pt"));
}

char *fixture_names(WeightFile *file) {
  g_autoptr(GString) s = g_string_new(NULL);
  for (size_t i = 0; i < weight_file_count(file); i++) {
    const TensorInfo *t = weight_file_info(file, i);
    g_string_append_printf(s, "%s%s[", i ? " " : "", t->name);
    for (int k = 0; k < t->rank; k++) g_string_append_printf(s, "%s%" G_GUINT64_FORMAT, k ? "," : "", t->shape[k]);
    g_string_append_c(s, ']');
  }
  return g_strdup(s->str);
}

void fixture_numbers(WeightFile *file, size_t i, const float *want, size_t n) {
  g_autoptr(GError) error = NULL;
  g_assert_cmpuint(weight_file_info(file, i)->count, ==, n);
  g_autofree float *got = g_new0(float, n + 1);
  g_assert_true(weight_file_read_f32(file, i, 0, n, got, &error));
  g_assert_cmpmem(got, n * sizeof *got, want, n * sizeof *want);
  memset(got, 0, n * sizeof *got);
  for (size_t at = 0, step = 1; at < n; at += step, step = step * 3 % 17 + 1) {
    step = MIN(step, n - at);
    g_assert_true(weight_file_read_f32(file, i, at, step, got + at, &error));
  }
  g_assert_cmpmem(got, n * sizeof *got, want, n * sizeof *want);
  if (weight_file_info(file, i)->dtype != DTYPE_F32) return;
  for (size_t at = 0; at < n * 4; at += 7) { /* at bytes that are no element's first */
    unsigned char bytes[7];
    size_t k = MIN(sizeof bytes, n * 4 - at);
    g_assert_true(weight_file_read_raw(file, i, at, k, bytes, &error));
    g_assert_cmpmem(bytes, k, (const char *)want + at, k);
  }
}
