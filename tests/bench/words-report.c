/* SPDX-License-Identifier: Apache-2.0 */
/* `make search-report`: what each step of text/word_bag.h is worth: on lists of pairs that people find more
 * or less alike, on the lists of concepts, and in an expert on a planted wood. */
#include <glib.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "numerics/linalg.h"
#include "core/parallel.h"
#include "experts/train/train.h"
#include "search/query.h"
#include "tests/bench/scenes.h"
#include "encoders/concept_list.h"
#include "encoders/encoder_impl.h"
#include "encoders/word_bag.h"
#include "weights/formats/safetensors.h"

enum { SEEDS = 3 };

typedef struct {
  const char *name;
  unsigned without;
  bool centred; /* the mean of all the list's texts is taken away */
} Variant;

static const Variant variants[] = {
    {"all steps", 0, false},
    {"without frequency weights", WORD_BAG_NO_WEIGHTS, false},
    {"without stand-ins (singular, hyphen)", WORD_BAG_NO_STAND_INS, false},
    {"without words of two words", WORD_BAG_NO_JOINING, false},
    {"without words taken apart", WORD_BAG_NO_PARTS, false},
    {"none of them", WORD_BAG_NO_WEIGHTS | WORD_BAG_NO_STAND_INS | WORD_BAG_NO_JOINING | WORD_BAG_NO_PARTS, false},
    {"all steps, less the common direction", 0, true},
};

/* The embedded words, some steps left out: their list is what the encoder keeps first. */
static TextEncoder *open_variant(unsigned without) {
  TextEncoder *e = text_encoder_open("words", NULL);
  if (e) ((WordList *)e->private_data)->without = without;
  return e;
}

/* --- pairs ------------------------------------------------------------------------------------------ */

typedef struct {
  GPtrArray *texts; /* of char*: two a pair */
  GArray *judged;   /* of double */
} Pairs;

static bool pairs_read(Pairs *p, const char *folder, const char *name) {
  g_autofree char *path = g_build_filename(folder, name, NULL), *text = NULL;
  if (!g_file_get_contents(path, &text, NULL, NULL)) return false;
  p->texts = g_ptr_array_new_with_free_func(g_free);
  p->judged = g_array_new(FALSE, FALSE, sizeof(double));
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  for (char **line = lines + 1; *line && **line; line++) {
    g_auto(GStrv) columns = g_strsplit(*line, "\t", 3);
    if (g_strv_length(columns) != 3) return false;
    double judged = g_ascii_strtod(columns[2], NULL);
    g_ptr_array_add(p->texts, g_strdup(columns[0]));
    g_ptr_array_add(p->texts, g_strdup(columns[1]));
    g_array_append_val(p->judged, judged);
  }
  return true;
}

/* The rank of x[i] among n; equal ones share theirs. */
static double rank_of(const double *x, guint n, guint i) {
  double rank = 0;
  for (guint j = 0; j < n; j++) rank += x[j] < x[i] ? 1 : x[j] == x[i] ? 0.5 : 0;
  return rank;
}

/* Spearman's correlation. */
static double rank_correlation(const double *x, const double *y, guint n) {
  double xx = 0, yy = 0, xy = 0;
  for (guint i = 0; i < n; i++) {
    double a = rank_of(x, n, i) - n / 2.0, b = rank_of(y, n, i) - n / 2.0;
    xx += a * a, yy += b * b, xy += a * b;
  }
  return xy / sqrt(xx * yy);
}

/* Takes the mean of the known rows (n, d) away from each, and brings them to length 1 again. */
static void remove_common(float *x, const bool *known, size_t n, size_t d) {
  g_autofree float *mean = g_new0(float, d);
  size_t count = 0;
  for (size_t i = 0; i < n; i++)
    if (known[i]) axpy(1, x + i * d, mean, d), count++;
  for (size_t i = 0; i < n && count; i++) {
    if (known[i]) axpy(-1.0f / (float)count, mean, x + i * d, d);
    float length = sqrtf(dot(x + i * d, x + i * d, d));
    for (size_t j = 0; j < d && length > 0; j++) x[i * d + j] /= length;
  }
}

/* " pairs known | correlation |"; a pair that is not known counts as having nothing in common. */
static void print_pairs(const Variant *v, const Pairs *p) {
  TextEncoder *e = open_variant(v->without);
  size_t n = p->texts->len, d = text_encoder_dim(e);
  guint pairs = p->judged->len, both = 0;
  g_autofree float *x = g_new(float, (n * d));
  g_autofree bool *known = g_new0(bool, n);
  g_autofree double *cosine = g_new0(double, pairs);
  text_encoder_encode_many(e, (const char *const *)p->texts->pdata, n, x, known, NULL);
  if (v->centred) remove_common(x, known, n, d);
  for (guint i = 0; i < pairs; i++) {
    cosine[i] = (double)dot(x + 2 * i * d, x + (2 * i + 1) * d, d);
    both += known[2 * i] && known[2 * i + 1];
  }
  const double *judged = (const double *)(const void *)p->judged->data;
  printf(" %u of %u | %.3f |", both, pairs, rank_correlation(judged, cosine, pairs));
  text_encoder_free(e);
}

/* --- lists of concepts ------------------------------------------------------------------------------ */

/* " share with a vector (share all of whose words are known) |". */
static void print_coverage(const Variant *v, const char *list) {
  TextEncoder *e = open_variant(v->without);
  g_auto(GStrv) names = concept_list_open(list, NULL);
  g_autofree float *x = g_new(float, text_encoder_dim(e));
  guint n = g_strv_length(names), some = 0, all = 0;
  for (char **name = names; *name; name++) {
    g_auto(GStrv) unknown = NULL;
    bool ok = text_encoder_encode(e, *name, x, &unknown, NULL);
    some += ok;
    all += ok && !unknown;
  }
  printf(" %.1f (%.1f) |", 100.0 * some / n, 100.0 * all / n);
  text_encoder_free(e);
}

static void print_lists(const Pairs *words, const Pairs *texts) {
  printf(
      "\n## Words\n\nThe encoder `words`, with and without each step that makes a vector of a text. "
      "Pairs: Spearman's rank correlation of the cosine with how alike the two are judged in "
      "`tests/fixtures/similar-words.tsv` and `similar-texts.tsv`; a pair without a vector counts as "
      "having nothing in common. Lists of `data/labels`: names that get a vector and, in brackets, "
      "those all of whose words are known, in %%.\n\n"
      "| variant | words known | correlation | texts known | correlation | CIFAR-100 | ImageNet | "
      "Tiny ImageNet |\n|---|---|---|---|---|---|---|---|\n");
  for (size_t i = 0; i < G_N_ELEMENTS(variants); i++) {
    const Variant *v = &variants[i];
    printf("| %s |", v->name);
    print_pairs(v, words);
    print_pairs(v, texts);
    print_coverage(v, "@cifar100");
    print_coverage(v, "@imagenet");
    print_coverage(v, "@tiny-imagenet");
    putchar('\n');
  }
}

/* --- a planted wood --------------------------------------------------------------------------------- */

static const char sentence[] = "show me a picture of a %s";

typedef struct {
  Collection *collection;
  GPtrArray *models;
} Wood;

static bool wood_open(Wood *w, const char *folder, const char *name, GError **error) {
  g_autofree char *root = g_build_filename(folder, "woods", "a", NULL);
  g_autofree char *state = g_strdup_printf("%s/%s.state", folder, name);
  const CollectionOptions o = {.state = state};
  w->collection = collection_open(root, &o, error);
  if (!w->collection || !collection_scan(w->collection, NULL, NULL, error)) return false;
  w->models = collection_models(w->collection, error);
  return w->models != NULL;
}

static void wood_close(Wood *w) {
  if (w->models) g_ptr_array_unref(w->models);
  collection_free(w->collection);
}

/* All labels, and each in a sentence. */
static GHashTable *texts_of(const GPtrArray *models) {
  GHashTable *all = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < models->len; i++) {
    const char *concept = model_value(models->pdata[i], "concept");
    if (!concept) continue;
    g_hash_table_add(all, g_strdup(concept));
    g_hash_table_add(all, g_strdup_printf(sentence, concept));
  }
  return all;
}

/* Writes what a variant makes of them, for the encoder table:FILE. */
static bool write_table(const char *path, unsigned without, GHashTable *texts, GError **error) {
  g_autoptr(TextEncoder) e = open_variant(without);
  size_t n = g_hash_table_size(texts), d = text_encoder_dim(e), i = 0;
  g_autofree float *x = g_new0(float, (n * d) + 1);
  g_autofree TensorOut *out = g_new0(TensorOut, n + 1);
  GHashTableIter each;
  gpointer text;
  for (g_hash_table_iter_init(&each, texts); g_hash_table_iter_next(&each, &text, NULL); i++) {
    if (!text_encoder_encode(e, text, x + i * d, NULL, error)) return false;
    out[i] = (TensorOut){.name = text, .dtype = DTYPE_F32, .rank = 1, .shape = {d}, .data = x + i * d};
  }
  return safetensors_write_quick(path, out, n, NULL, error);
}

/* The share of right models among as many first answers as there are right ones. */
static bool ask(QueryIndex *index, const char *question, const char *concept, GArray *shares, GError **error) {
  g_autoptr(QueryAnswer) answer = query_run(index, question, 0, error);
  if (!answer) return false;
  unsigned right = 0, early = 0;
  for (int turn = 0; turn < 2; turn++)
    for (guint i = 0; i < answer->hits->len; i++) {
      const QueryHit *h = &g_array_index(answer->hits, QueryHit, i);
      bool fits = h->expert && g_strcmp0(model_value(h->model, "concept"), concept) == 0;
      if (turn == 0) right += fits;
      else early += fits && i < right;
    }
  double share = right ? (double)early / right : 0;
  g_array_append_val(shares, share);
  return true;
}

/* Ways to ask: the concept, a sentence as it is (a phrase), a sentence as a question. */
enum { ASK_ALONE, ASK_PHRASE, ASK_QUESTION, ASKS };

static bool ask_ways(QueryIndex *index, const char *concept, GArray *const shares[ASKS], GError **error) {
  g_autofree char *question = g_strdup_printf(sentence, concept);
  g_autofree char *phrase = g_strdup_printf("\"%s\"", question);
  return ask(index, concept, concept, shares[ASK_ALONE], error) &&
         ask(index, phrase, concept, shares[ASK_PHRASE], error) &&
         ask(index, question, concept, shares[ASK_QUESTION], error);
}

/* Trains on what the variant makes of the labels, and asks for concepts that were held out. */
static bool try_variant(const char *folder, const char *name, unsigned without, uint64_t seed,
                        GArray *const shares[ASKS], GError **error) {
  g_autofree char *table = g_strdup_printf("%s/%s.safetensors", folder, name);
  g_autofree char *encoder = g_strconcat("table:", table, NULL);
  Wood w = {0};
  TrainOptions o = TRAIN_DEFAULTS;
  o.layer = "mid_block.0", o.encoder = encoder, o.seed = seed, o.baselines = false;
  bool ok = scenes_grow(folder, "a", seed, error) && wood_open(&w, folder, name, error);
  g_autoptr(GHashTable) texts = ok ? texts_of(w.models) : NULL;
  ok = ok && write_table(table, without, texts, error);
  g_autoptr(TrainResult) r = ok ? expert_train(w.collection, w.models, &o, NULL, error) : NULL;
  g_autoptr(QueryIndex) index = r ? query_index_open(w.collection, w.models, NULL, error) : NULL;
  g_autoptr(GHashTable) concepts = index ? scenes_held_out(w.models) : NULL;
  GHashTableIter i;
  gpointer concept;
  ok = concepts != NULL;
  if (ok) g_hash_table_iter_init(&i, concepts);
  while (ok && g_hash_table_iter_next(&i, &concept, NULL)) ok = ask_ways(index, concept, shares, error);
  wood_close(&w);
  return ok;
}

static bool print_wood(const char *folder, GError **error) {
  static const struct {
    const char *name, *file;
    unsigned without;
  } tried[] = {{"all steps", "all", 0}, {"without frequency weights", "even", WORD_BAG_NO_WEIGHTS}};
  g_autofree char *shown = g_strdup_printf(sentence, "…");
  printf(
      "\n## Words on a planted wood\n\nAn expert for scenes, asked for concepts that it was never trained "
      "on: the concept alone, a sentence in quotes, which is taken as it is (\"%s\"), and the same without "
      "them, whose beginning is dropped (`src/search/lead_in.h`). Precision among the first n answers, n being "
      "how many are right. %d seeds; intervals over the questions.\n\n"
      "| variant | concept alone %% | 95 %% interval | quoted sentence %% | 95 %% interval | sentence %% | 95 "
      "%% interval | questions |\n|---|---|---|---|---|---|---|---|\n",
      shown, SEEDS);
  bool ok = true;
  for (size_t v = 0; ok && v < G_N_ELEMENTS(tried); v++) {
    GArray *shares[ASKS];
    for (int way = 0; way < ASKS; way++) shares[way] = g_array_new(FALSE, FALSE, sizeof(double));
    for (uint64_t seed = 0; ok && seed < SEEDS; seed++) {
      g_autofree char *inner = g_strdup_printf("%s/%u", folder, (unsigned)seed);
      ok = try_variant(inner, tried[v].file, tried[v].without, seed, shares, error);
    }
    if (ok) printf("| %s |", tried[v].name);
    for (int way = 0; ok && way < ASKS; way++) scenes_print_mean(shares[way]);
    if (ok) printf(" %u |\n", shares[ASK_ALONE]->len);
    for (int way = 0; way < ASKS; way++) g_array_unref(shares[way]);
  }
  return ok;
}

int main(int argc, char **argv) {
  g_autoptr(GError) error = NULL;
  const char *folder = argc > 1 ? argv[1] : "search-data";
  const char *fixtures = argc > 2 ? argv[2] : "tests/fixtures";
  Pairs words, texts;
  if (!pairs_read(&words, fixtures, "similar-words.tsv") || !pairs_read(&texts, fixtures, "similar-texts.tsv")) {
    fprintf(stderr, "words-report: no lists of pairs in %s\n", fixtures);
    return 1;
  }
  printf("# Words and search, measured\n\nMade by `make search-report`.\n");
  print_lists(&words, &texts);
  if (print_wood(folder, &error)) return 0;
  fprintf(stderr, "words-report: %s\n", error->message);
  return 1;
}
