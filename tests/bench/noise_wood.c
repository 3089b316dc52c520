/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/noise_wood.h"

#include <glib/gstdio.h>
#include <string.h>

#include "numerics/rng.h"

static const char *const words[] = {"fox",  "castle", "violin", "storm",  "bread",
                                    "ship", "lamp",   "desert", "helmet", "orchid"};

static void collect(const char *folder, GPtrArray *files) {
  g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
  for (const char *name; dir && (name = g_dir_read_name(dir));) {
    char *path = g_build_filename(folder, name, NULL);
    if (g_file_test(path, G_FILE_TEST_IS_DIR)) collect(path, files);
    bool wanted = g_str_has_suffix(name, "lora_weights.safetensors");
    if (wanted) g_ptr_array_add(files, path);
    else g_free(path);
  }
}

static int by_name(gconstpointer a, gconstpointer b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Changes the numbers of a safetensors file of 32-bit floats: times `by`, and each by a random share of itself, since
 * the two matrices of an adapter are of very different size. */
static void change(char *bytes, gsize n, float by, float share, Rng *rng) {
  guint64 header;
  memcpy(&header, bytes, sizeof header);
  gsize from = 8 + (gsize)GUINT64_FROM_LE(header), count = (n - from) / sizeof(float);
  g_autofree float *x = g_memdup2(bytes + from, count * sizeof(float));
  for (gsize i = 0; i < count; i++) x[i] *= by * (1 + share * rng_normal(rng));
  memcpy(bytes + from, x, count * sizeof(float));
}

/* The side that the file says it is on goes by another key: sides are to be drawn. */
static void hide_side(char *bytes, gsize n) {
  char *key = g_strstr_len(bytes + 8, (gssize)MIN(n - 8, (gsize)4096), "\"split\"");
  if (key) key[1] = 'x';
}

typedef struct {
  const char *to;
  GString *table;
  unsigned kin; /* of NoiseKin */
  Rng rng;
} Maker;

static bool put(Maker *m, const char *bytes, gsize n, const char *kind, guint i, const char *label, GError **error) {
  g_autofree char *name = g_strdup_printf("%s%04u.safetensors", kind, i);
  g_autofree char *path = g_build_filename(m->to, name, NULL);
  g_string_append_printf(m->table, "%s,%s\n", name, label);
  return g_file_set_contents(path, bytes, (gssize)n, error);
}

static bool put_family(Maker *m, const char *file, guint i, GError **error) {
  g_autofree char *bytes = NULL;
  gsize n;
  const char *label = words[rng_below(&m->rng, G_N_ELEMENTS(words))];
  if (!g_file_get_contents(file, &bytes, &n, error) || n < 64) return false;
  hide_side(bytes, n);
  if (!put(m, bytes, n, "model", i, label, error)) return false;
  bool all = m->kin == NOISE_ALL; /* then of some models only */
  if ((m->kin & NOISE_COPIES) && (!all || i % 3 == 0) && !put(m, bytes, n, "again", i, label, error)) return false;
  g_autofree char *other = g_memdup2(bytes, n);
  change(other, n, 1, 0.03f, &m->rng);
  if ((m->kin & NOISE_NOISY) && (!all || i % 4 == 0) && !put(m, other, n, "noisy", i, label, error)) return false;
  change(bytes, n, 0.7f, 0.2f, &m->rng);
  bool early = (m->kin & NOISE_CHECKPOINTS) && (!all || i % 5 == 0);
  return !early || put(m, bytes, n, "early", i, label, error);
}

bool noise_wood_make(const char *from, const char *to, uint64_t seed, unsigned kin, char **labels, GError **error) {
  g_autofree char *file = g_strconcat(to, ".csv", NULL);
  *labels = g_strconcat("@", file, NULL);
  if (g_file_test(file, G_FILE_TEST_EXISTS)) return true;
  g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GString) table = g_string_new("path,label\n");
  Maker m = {.to = to, .table = table, .kin = kin};
  rng_init(&m.rng, seed, 0xA15E);
  collect(from, files);
  g_ptr_array_sort(files, by_name);
  bool ok = g_mkdir_with_parents(to, 0755) == 0;
  for (guint i = 0; ok && i < files->len; i++) ok = put_family(&m, files->pdata[i], i, error);
  return ok && g_file_set_contents(file, table->str, (gssize)table->len, error);
}
