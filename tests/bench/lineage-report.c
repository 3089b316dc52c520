/* SPDX-License-Identifier: Apache-2.0 */
/* `make lineage-report`: plants woods and says, as docs/RESULTS-lineage.md, how well lineage recovers what is
 * known of them, with the cards, from the weights alone, and by the rule of MoTHer (whose trees are given
 * here, where it would need their number, and with either sign). lineage-report [DIR [SEED…]]: DIR keeps what is planted,
 * and takes what is there, and DIR/others has woods of another maker (lineage_torch.py); seeds of woods that are given are
 * all there is. */
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/files.h"
#include "numerics/linalg.h"
#include "planter/plant.h"
#include "tests/bench/lineage_wood.h"

enum { MOST_SEEDS = 16 };

typedef enum { WITH_CARDS, WEIGHTS_ALONE, MOTHER, MOTHER_REVERSED, RULES } Rule;

/* None of them is one that lineage-fit takes. */
static const uint64_t fixed_seeds[] = {7001, 7002, 7003}, kind_seeds[] = {7001, 7002, 7003, 7004, 7005, 7006};

/* Trees of one kind each: some woods of them are one row of a table. */
typedef struct {
  const char *name, *what;
  PlantKind kind;
  unsigned fine_tunes;
} KindRow;

static const KindRow kind_rows[] = {
    {"same", "trained on the base's own domain", PLANT_STARS, 0},
    {"brief", "another domain, few steps", PLANT_STARS, 0},
    {"shifted", "another domain, many steps", PLANT_STARS, 0},
    {"long", "very many steps", PLANT_STARS, 0},
    {"decay", "strong weight decay", PLANT_STARS, 0},
    {"rates", "rates of learning far apart", PLANT_STARS, 0},
    {"generations", "children of children", PLANT_STARS, 0},
    {"chains", "one from the other", PLANT_STARS, 0},
    {"alike", "one head, one task", PLANT_STARS, 0},
    {"absent", "the base is not there", PLANT_STARS, 0},
    {"classes24", "three generations of classifiers, 24 a wood", PLANT_CLASSES, 24},
};

typedef struct {
  uint64_t seed;
  unsigned models, trees; /* planted */
  LineageScore score[RULES];
} Wood;

typedef struct {
  Wood wood[MOST_SEEDS];
  unsigned n;
  GPtrArray *others; /* of char*: folders of woods of another maker, by name */
} Report;

static ForestOptions rule_options(Rule rule) {
  return (ForestOptions){.ignore_cards = rule != WITH_CARDS,
                         .rule = rule == MOTHER            ? FOREST_RULE_MOTHER
                                 : rule == MOTHER_REVERSED ? FOREST_RULE_MOTHER_REVERSED
                                                           : FOREST_RULE_POOLED};
}

static void fail(GError *error) {
  fprintf(stderr, "lineage-report: %s\n", error->message);
  exit(1);
}

static PlantOptions plan(const char *name, uint64_t seed) {
  PlantOptions options = {.kind = PLANT_WOODS, .seed = seed};
  for (unsigned i = 0; i < G_N_ELEMENTS(kind_rows); i++)
    if (g_str_equal(name, kind_rows[i].name)) {
      options.kind = kind_rows[i].kind, options.fine_tunes = kind_rows[i].fine_tunes;
      if (options.kind == PLANT_STARS) options.setting = kind_rows[i].name;
    }
  return options;
}

static void score(const char *dir, LineageScore scores[RULES]) {
  g_autofree char *truth = g_strconcat(dir, ".truth.json", NULL);
  ForestOptions how[RULES];
  for (int rule = 0; rule < RULES; rule++) how[rule] = rule_options((Rule)rule);
  lineage_wood_score(dir, truth, how, RULES, scores);
}

/* Plants what is not there yet; every rule's forest of it. */
static void measure(const char *top, const char *name, uint64_t seed, Wood *wood) {
  GError *error = NULL;
  g_autofree char *dir = g_strdup_printf("%s/%s-%" G_GUINT64_FORMAT, top, name, seed);
  g_autofree char *truth = g_strconcat(dir, ".truth.json", NULL);
  const PlantOptions options = plan(name, seed);
  PlantSummary planted = {0};
  if (!g_file_test(truth, G_FILE_TEST_EXISTS) && !plant(dir, &options, NULL, &planted, &error)) fail(error);
  score(dir, wood->score);
  wood->seed = seed, wood->models = wood->score[0].models, wood->trees = wood->score[0].groves;
  g_free(planted.truth);
  fprintf(stderr, "%s, seed %" G_GUINT64_FORMAT ": %u models\n", name, seed, wood->models);
}

/* ---- tables ---- */

static void print_head(const Report *r, const char *what) {
  printf("| %s | asked |", what);
  for (unsigned i = 0; i < r->n; i++) printf(" seed %" G_GUINT64_FORMAT " |", r->wood[i].seed);
  printf("\n|---|---|");
  for (unsigned i = 0; i < r->n; i++) printf("---|");
  putchar('\n');
}

typedef void (*Cell)(const LineageScore *s);

static void print_line(const Report *r, Rule rule, const char *name, const char *asked, Cell cell) {
  printf("| %s | %s |", name, asked);
  for (unsigned i = 0; i < r->n; i++) {
    putchar(' ');
    cell(&r->wood[i].score[rule]);
    printf(" |");
  }
  putchar('\n');
}

static void say_tally(double value, const Tally *t) {
  printf("%.3f (%u/%u/%u)", value, t->right, t->claimed, t->there);
}

static void say_f1(const Tally *t) { say_tally(tally_f1(t), t); }
static void say_recall(const Tally *t) { say_tally(tally_recall(t), t); }
static void say_rand(const LineageScore *s) { printf("%.3f", s->rand_index); }
static void say_strangers(const LineageScore *s) { printf("%u", s->strangers); }
static void say_undirected(const LineageScore *s) { say_f1(&s->undirected); }
static void say_directed(const LineageScore *s) { say_f1(&s->directed); }
static void say_calibration(const LineageScore *s) { printf("%.3f", s->calibration); }
static void say_copies(const LineageScore *s) { say_f1(&s->copies); }
static void say_quantised(const LineageScore *s) { say_f1(&s->quantised); }
static void say_merges(const LineageScore *s) { say_f1(&s->merges); }
static void say_arithmetic(const LineageScore *s) { say_recall(&s->arithmetic); }
static void say_adapters(const LineageScore *s) { say_recall(&s->adapters); }
static void say_wrong_cards(const LineageScore *s) { say_f1(&s->wrong_cards); }
static void say_missing(const LineageScore *s) { say_f1(&s->missing); }

static void print_rule(const Report *r, Rule rule) {
  print_head(r, "figure");
  print_line(r, rule, "clusters, adjusted Rand index", "1.0", say_rand);
  print_line(r, rule, "pairs of strangers joined", "0", say_strangers);
  print_line(r, rule, "undirected edges, F1", ">= 0.95", say_undirected);
  print_line(r, rule, "directed edges, F1", ">= 0.95", say_directed);
  print_line(r, rule, "calibration error", "<= 0.05", say_calibration);
  print_line(r, rule, "copies and recasts, F1", "1.0", say_copies);
  print_line(r, rule, "quantised copies, F1", ">= 0.95", say_quantised);
  print_line(r, rule, "merges of two, F1", ">= 0.98", say_merges);
  print_line(r, rule, "task arithmetic, recall", ">= 0.8", say_arithmetic);
  if (rule == WITH_CARDS) print_line(r, rule, "adapters attached, recall", ">= 0.95", say_adapters);
  if (rule == WITH_CARDS) print_line(r, rule, "wrong cards, F1", ">= 0.95", say_wrong_cards);
  print_line(r, rule, "missing bases, F1", ">= 0.9", say_missing);
  putchar('\n');
}

static void print_mother(const Report *r) {
  print_head(r, "rule, from the weights alone");
  print_line(r, WEIGHTS_ALONE, "copse, undirected", "", say_undirected);
  print_line(r, MOTHER, "MoTHer, undirected", "", say_undirected);
  print_line(r, MOTHER_REVERSED, "MoTHer with the other sign, undirected", "", say_undirected);
  print_line(r, WEIGHTS_ALONE, "copse, directed", "", say_directed);
  print_line(r, MOTHER, "MoTHer, directed", "", say_directed);
  print_line(r, MOTHER_REVERSED, "MoTHer with the other sign, directed", "", say_directed);
  putchar('\n');
}

/* Stated confidence against the share that was right, all woods together. */
static void print_bins(const Report *r) {
  puts(
      "| edges with a confidence of about | with cards: edges | right | weights alone: edges | right |\n"
      "|---|---|---|---|---|");
  for (int b = 0; b < 10; b++) {
    unsigned edges[2] = {0}, right[2] = {0};
    for (unsigned i = 0; i < r->n; i++)
      for (int rule = 0; rule < 2; rule++) {
        edges[rule] += r->wood[i].score[rule].bin_edges[b];
        right[rule] += r->wood[i].score[rule].bin_right[b];
      }
    if (edges[0] + edges[1] == 0) continue;
    printf("| %.2f |", 0.1 * b + 0.05);
    for (int rule = 0; rule < 2; rule++)
      if (edges[rule]) printf(" %u | %.2f |", edges[rule], (double)right[rule] / edges[rule]);
      else printf(" | |");
    putchar('\n');
  }
  putchar('\n');
}

static void print_seeds(const Report *r, bool fixed) {
  printf("Made by `make lineage-report`. Woods of ");
  for (unsigned i = 0; i < r->n; i++) printf("%s%u", i ? ", " : "", r->wood[i].models);
  printf(" models in ");
  for (unsigned i = 0; i < r->n; i++) printf("%s%u", i ? ", " : "", r->wood[i].trees);
  puts(
      " trees, all of them really trained\n"
      "networks with known parents (`copse plant --kind woods`): full fine-tunes, continued training,\n"
      "checkpoints, merged adapters, copies, recasts, quantised copies, merges, adapters, wrong cards, and bases\n"
      "that were taken away.");
  if (fixed)
    puts(
        "\nThe constants of roots, edges and missing bases are fitted by `make lineage-fit` on seeds from 101 on. "
        "Nothing\n"
        "of this page, whose seeds are from 7001 on, was looked at before it was made.");
}

static void print_meaning(void) {
  puts(
      "## What the figures mean\n\n"
      "In brackets: right answers, answers given, answers there were. F1 is the harmonic mean of the share of\n"
      "answers that are right and of the share of truths that are found; recall is the latter alone.\n\n"
      "- *Clusters*: every model but the adapters, in the tree of its base. The number of trees is not given.\n"
      "- *Edges*: between trained models whose parent is on disk. An edge to a copy of the parent is right. Edges\n"
      "  of unknown direction count as undirected answers alone. Children of a missing base that hang below a\n"
      "  sibling are wrong answers, so that the answers outnumber the truths.\n"
      "- *Calibration error*: the mean gap between the stated confidence of an edge and the share of such edges\n"
      "  that is right, over ten bins; an edge to a base that is not there is right when the child's own is not.\n"
      "  Edges of one tree are right or wrong together, so that of few trees chance alone makes it a few hundredths.\n"
      "- *Merges of two* must name both parents, *task arithmetic* all that was added.\n"
      "- *Adapters* go to the base they were trained on, by the card, or by names and shapes where it is silent.\n"
      "- *Wrong cards* name a model that is neither the parent nor farther up. Of those that\n"
      "  are missed the named model is no farther, as far as one can tell, than a parent would be.\n"
      "- *Missing bases*: a base that is not on disk, put above its children; an invented one is a wrong answer.\n"
      "- *MoTHer's rule* is the one of its paper and of its authors' code for full fine-tunes: the largest element of\n"
      "  the difference of the square matrices, brought to 0..1 by its range over all pairs, a constant (0.3 of the\n"
      "  mean) where the child's kurtosis is the larger, and the cheapest arborescence. It is given the trees, which "
      "it\n"
      "  would otherwise need the number of, and knows no merges, copies or missing bases. The sign of its kurtosis\n"
      "  term depends on the stage of training:\n"
      "  both are shown.");
}

static void print_unknown(void) {
  puts(
      "\n## What remains unknown\n\n"
      "- Children of one head and one task (*alike*): most of them cannot be told from one another's children by any\n"
      "  evidence that is tried; they are left open.\n"
      "- A sibling that hardly moved, trained as others were at a higher rate (*rates*), passes for their parent.\n"
      "- Children of one head and task can look like those of a base that is missing: now and then one is made up.\n"
      "- A missing base of few children, or of one that lies near to it, is often not claimed (*absent*): its children "
      "then\n"
      "  hang below one of them, and said too surely.\n"
      "- Where the base may as well be missing edges are said too modestly (*long*, and most woods of another maker).\n"
      "- All trees here are small networks that two programs trained. Large models were not measured.");
}

static void print_kind(const KindRow *k, const LineageScore s[RULES]) {
  const LineageScore *alone = &s[WEIGHTS_ALONE];
  printf("| %s: %s | %u | %u | %u | %.2f, %.2f | %u | %u | %u | %u of %u | %.3f | %u/%u/%u |\n", k->name, k->what,
         alone->directed.there, s[WITH_CARDS].directed.right, alone->directed.right, tally_f1(&alone->undirected),
         tally_f1(&alone->directed), s[MOTHER].directed.right, s[MOTHER_REVERSED].directed.right,
         alone->undirected.claimed - alone->directed.claimed, alone->bin_right[9], alone->bin_edges[9],
         alone->calibration, alone->missing.right, alone->missing.claimed, alone->missing.there);
}

static void print_kinds(LineageScore sums[G_N_ELEMENTS(kind_rows)][RULES]) {
  puts(
      "## Stars, chains and classes\n\n"
      "Trees of one kind each, three a seed (`copse plant --kind stars --setting …`), and classifiers\n"
      "(`copse plant --kind classes`), the seeds 7001 to 7006 together: how many directed edges are right. Siblings "
      "that\n"
      "share a direction are what Euclidean distance takes for parents; of children of one head and one task nothing "
      "tells\n"
      "whom they come from, and \"open\" is the answer.\n\n"
      "| kind | edges | with cards | weights alone | F1 undirected, directed | MoTHer | MoTHer, other sign | left open "
      "| right of those said >= "
      ".9 "
      "| calibration error | missing bases: right/claimed/there |\n|---|---|---|---|---|---|---|---|---|---|---|");
  for (unsigned i = 0; i < G_N_ELEMENTS(kind_rows); i++) print_kind(&kind_rows[i], sums[i]);
  putchar('\n');
}

static gint by_name(gconstpointer a, gconstpointer b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static GPtrArray *find_others(const char *top) {
  static const char suffix[] = ".truth.json";
  GPtrArray *all = g_ptr_array_new_with_free_func(g_free);
  g_autofree char *folder = g_build_filename(top, "others", NULL);
  g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
  for (const char *entry; dir && (entry = g_dir_read_name(dir));)
    if (g_str_has_suffix(entry, suffix))
      g_ptr_array_add(all, g_strdup_printf("%s/%.*s", folder, (int)(strlen(entry) - strlen(suffix)), entry));
  g_ptr_array_sort(all, by_name);
  return all;
}

static void print_other(const char *name, const LineageScore s[RULES]) {
  const LineageScore *alone = &s[WEIGHTS_ALONE];
  printf("| %s | %u | %u | %u | %u of %u | %u | %u | %u/%u/%u |\n", name, alone->directed.there, alone->directed.right,
         alone->undirected.claimed - alone->directed.claimed, alone->bin_right[9], alone->bin_edges[9],
         s[MOTHER].directed.right, s[MOTHER_REVERSED].directed.right, alone->missing.right, alone->missing.claimed,
         alone->missing.there);
}

static void print_others(const Report *r) {
  LineageScore sum[RULES] = {{0}}, s[RULES];
  if (!r->others->len) return;
  puts(
      "## Woods of another maker\n\n"
      "Networks that PyTorch trained on made data (`tests/bench/lineage_torch.py`): convolutions, transformers, "
      "recurrent\n"
      "and dense nets, with SGD, Adam and AdamW; a base and its children, on domains near to the base's (*near*), "
      "others,\n"
      "with heads of their own, briefly or long, with strong decay, children of children (*deep*), or without the "
      "base\n"
      "(*absent*). From the weights alone. Where the base is absent no edge is there to be right.\n\n"
      "| wood | edges | right | left open | right of those said >= .9 | MoTHer | MoTHer, other sign | missing bases: "
      "right/claimed/there |\n|---|---|---|---|---|---|---|---|");
  for (guint i = 0; i < r->others->len; i++) {
    g_autofree char *name = g_path_get_basename(r->others->pdata[i]);
    score(r->others->pdata[i], s);
    print_other(name, s);
    for (int rule = 0; rule < RULES; rule++) lineage_score_add(&sum[rule], &s[rule]);
  }
  print_other("all", sum);
  printf("\nCalibration error of all together: %.3f.\n\n", sum[WEIGHTS_ALONE].calibration);
}

static void print_report(const Report *r, LineageScore kinds[G_N_ELEMENTS(kind_rows)][RULES], bool fixed) {
  puts("# Lineage on planted woods\n");
  print_seeds(r, fixed);
  puts("\n## With cards\n");
  print_rule(r, WITH_CARDS);
  puts("## From the weights alone\n");
  print_rule(r, WEIGHTS_ALONE);
  puts("## Beside MoTHer\n");
  print_mother(r);
  if (fixed) print_kinds(kinds);
  print_others(r);
  puts("## Do the confidences hold?\n");
  print_bins(r);
  print_meaning();
  print_unknown();
}

static void measure_kinds(const char *top, LineageScore kinds[G_N_ELEMENTS(kind_rows)][RULES]) {
  for (unsigned i = 0; i < G_N_ELEMENTS(kind_rows); i++)
    for (unsigned k = 0; k < G_N_ELEMENTS(kind_seeds); k++) {
      Wood wood;
      measure(top, kind_rows[i].name, kind_seeds[k], &wood);
      for (int rule = 0; rule < RULES; rule++) lineage_score_add(&kinds[i][rule], &wood.score[rule]);
    }
}

int main(int argc, char **argv) {
  GError *error = NULL;
  g_autofree Report *r = g_new0(Report, 1);
  g_autofree char *top = argc > 1 ? g_strdup(argv[1]) : g_dir_make_tmp("copse-report-XXXXXX", &error);
  static LineageScore kinds[G_N_ELEMENTS(kind_rows)][RULES];
  if (!top || !dir_make(top, &error)) fail(error);
  linalg_set_threads(1);
  bool fixed = argc < 3;
  r->n = fixed ? G_N_ELEMENTS(fixed_seeds) : (unsigned)MIN(argc - 2, (int)MOST_SEEDS);
  for (unsigned i = 0; i < r->n; i++)
    measure(top, "woods", fixed ? fixed_seeds[i] : g_ascii_strtoull(argv[i + 2], NULL, 10), &r->wood[i]);
  if (fixed) measure_kinds(top, kinds);
  r->others = find_others(top);
  print_report(r, kinds, fixed);
  g_ptr_array_unref(r->others);
  if (argc < 2) dir_remove(top, NULL);
  return 0;
}
