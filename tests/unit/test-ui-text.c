/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the interface that are pure text or geometry. */
#include <glib/gstdio.h>
#include <locale.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "lineage/forest/forest_make.h"
#include "ui/model/card_text.h"
#include "ui/toolkit/chart.h"
#include "ui/desk/config.h"
#include "lineage/forest/export.h"
#include "ui/forest/forest_columns.h"
#include "ui/forest/forest_phylogram.h"
#include "ui/desk/job_text.h"
#include "ui/map/map_groups.h"
#include "ui/map/scatter.h"
#include "session/train_estimate.h"
#include "ui/app/config_file.h"
#include "search/word_match.h"

/* All lines, joined by newlines. */
static char *all_lines(const Lines *l) {
  GString *s = g_string_new(NULL);
  for (guint i = 0; i < l->lines->len; i++) {
    g_autofree char *line = lines_text(l, i);
    g_string_append_printf(s, "%s\n", line);
  }
  return g_string_free(s, FALSE);
}

static void assert_card(const char *markdown, int columns, const char *want) {
  g_autoptr(Lines) lines = card_text_new(markdown, columns, false);
  g_autofree char *got = all_lines(lines);
  g_assert_cmpstr(got, ==, want);
}

static void test_lines_wrap(void) {
  g_autoptr(Lines) l = lines_new(10);
  lines_put(l, STYLE_TEXT, "one two");
  lines_put(l, STYLE_TITLE, " three");
  lines_put(l, STYLE_TEXT, "four fivesixseveneight 狐狐狐狐狐狐");
  lines_wrap(l, 0);
  g_autofree char *got = all_lines(l);
  g_assert_cmpstr(got, ==, "one two\nthreefour\nfivesixsev\neneight\n狐狐狐狐狐\n狐\n");
  for (guint i = 0; i < l->lines->len; i++) {
    g_autofree char *line = lines_text(l, i);
    g_assert_cmpint(text_width(line), <=, 10);
  }
}

static void test_lines_fact(void) {
  g_autoptr(Lines) l = lines_new(20);
  lines_fact(l, "a long label", 8, STYLE_TEXT, "value that is broken");
  lines_fact(l, "empty", 8, STYLE_TEXT, "");
  g_autofree char *got = all_lines(l);
  g_assert_cmpstr(got, ==, "a long… value that\n        is broken\n");
}

static void test_card_blocks(void) {
  assert_card("# Head\n\nText that is *long* enough to break.\n", 20,
              "Head\n\nText that is long\nenough to break.\n\n");
  assert_card("- one\n- two\n  1. deep\n\nend", 40, "• one\n• two\n  1. deep\n\nend\n\n");
  assert_card("> said\n> more\n", 40, "> said more\n\n");
  assert_card("```\na  b\n\nc\n```\n", 40, "  a  b\n\n  c\n\n");
  assert_card("| a | b |\n|---|---|\n| 狐 | 2 |\n", 40, "a   b  \n狐  2  \n\n");
  assert_card("see [here](https://x.org) and [there](#local)", 60, "see here (https://x.org) and there\n\n");
  assert_card("a &amp; b <b>raw</b>", 60, "a & b <b>raw</b>\n\n");
  assert_card("", 40, "");
}

/* Nothing that a card can hold breaks the drawing of it, however deep or wide. */
static void test_card_hostile(void) {
  GString *s = g_string_new(NULL);
  for (int i = 0; i < 400; i++) g_string_append(s, "> ");
  g_string_append(s, "deep\n\n");
  for (int i = 0; i < 200; i++) g_string_append_printf(s, "%*s- item\n", i % 60, "");
  for (int i = 0; i < 40; i++) g_string_append(s, "|a");
  g_string_append(s, "|\n");
  for (int i = 0; i < 40; i++) g_string_append(s, "|-");
  g_string_append(s, "|\n|1|2|3|\n\n***\n\n![img](x)\n```\nunclosed");
  for (int columns = 1; columns < 90; columns += 11) {
    g_autoptr(Lines) lines = card_text_new(s->str, columns, true);
    g_assert_cmpuint(lines->lines->len, >, 0);
  }
  g_string_free(s, TRUE);
}

static void test_config_round_trip(void) {
  g_autoptr(Config) c = config_new(), again = config_new();
  g_autofree char *folder = g_dir_make_tmp("copse-config-XXXXXX", NULL);
  g_autofree char *path = g_build_filename(folder, "deep", "copse.conf", NULL);
  g_autoptr(GError) error = NULL;
  c->mouse = true;
  c->idle_minutes = 20;
  g_free(c->columns);
  c->columns = g_strdup("kind moved");
  g_hash_table_insert(c->keys, g_strdup("down"), g_strdup("x <C-x>"));
  c->coloured[STYLE_TITLE] = true;
  c->looks[STYLE_TITLE] = (Look){RED, WHITE, LOOK_BOLD | LOOK_UNDERLINE};
  g_assert_true(config_write(c, path, &error));
  g_assert_no_error(error);
  g_assert_true(config_load(again, path, &error));
  g_assert_no_error(error);
  g_assert_true(again->mouse);
  g_assert_cmpuint(again->idle_minutes, ==, 20);
  g_assert_cmpstr(again->columns, ==, "kind moved");
  g_assert_cmpstr(g_hash_table_lookup(again->keys, "down"), ==, "x <C-x>");
  g_assert_cmpuint(g_hash_table_size(again->keys), ==, 1);
  g_assert_cmpint(again->looks[STYLE_TITLE].fg, ==, RED);
  g_assert_cmpint(again->looks[STYLE_TITLE].bg, ==, WHITE);
  g_assert_cmpint(again->looks[STYLE_TITLE].attributes, ==, LOOK_BOLD | LOOK_UNDERLINE);
  g_autoptr(Keymap) keymap = keymap_new();
  g_assert_true(config_bind(again, keymap, &error));
  Action action;
  keymap_find(keymap, IN_FOREST, 0, 'x', &action);
  g_assert_cmpint(action, ==, ACTION_DOWN);
  g_assert_cmpint(keymap_find(keymap, IN_FOREST, 0, 'j', &action), ==, KEYMAP_NONE);
  g_autofree char *command = g_strdup_printf("rm -rf '%s'", folder);
  g_assert_cmpint(g_spawn_command_line_sync(command, NULL, NULL, NULL, NULL), ==, TRUE);
}

/* A link stays a link, and nothing but a file is written over. */
static void test_config_keeps_links(void) {
  g_autoptr(Config) c = config_new();
  g_autofree char *folder = g_dir_make_tmp("copse-config-XXXXXX", NULL);
  g_autofree char *real = g_build_filename(folder, "real", NULL), *link = g_build_filename(folder, "link", NULL);
  g_autoptr(GError) error = NULL;
  g_assert_true(g_file_set_contents(real, "", -1, NULL));
  g_assert_cmpint(symlink("real", link), ==, 0);
  g_assert_true(config_write(c, link, &error));
  g_assert_true(g_file_test(link, G_FILE_TEST_IS_SYMLINK));
  g_autofree char *text = NULL;
  g_assert_true(g_file_get_contents(real, &text, NULL, NULL));
  g_assert_nonnull(strstr(text, "[keys]"));
  g_assert_false(config_write(c, "/dev/null", &error));
  g_assert_nonnull(error);
  g_unlink(link);
  g_unlink(real);
  g_rmdir(folder);
}

static void test_config_wrong(void) {
  static const struct {
    const char *text, *word;
  } wrong[] = {{"[interface]\ntheme=pink\n", "theme"},     {"[interface]\nmouse=perhaps\n", "mouse"},
               {"[interface]\nidle-minutes=-3\n", "idle"}, {"[keys]\nfly=x\n", "fly"},
               {"[keys]\ndown=<Nonsense>\n", "down"},      {"[colours]\ntitle=greenish\n", "title"},
               {"[colours]\nheading=green\n", "heading"},  {"no group\n", "copse.conf"}};
  g_autofree char *folder = g_dir_make_tmp("copse-config-XXXXXX", NULL);
  g_autofree char *path = g_build_filename(folder, "copse.conf", NULL);
  for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
    g_autoptr(Config) c = config_new();
    g_autoptr(GError) error = NULL;
    g_assert_true(g_file_set_contents(path, wrong[i].text, -1, NULL));
    g_assert_false(config_load(c, path, &error));
    g_assert_nonnull(strstr(error->message, wrong[i].word));
  }
  g_unlink(path);
  g_rmdir(folder);
}

/* The file that ships is what the program would write: the documented default. */
static void test_config_shipped(void) {
  g_autoptr(Config) c = config_new();
  const char *folder = g_getenv("COPSE_TEST_SRCDIR");
  g_autofree char *path = g_build_filename(folder ? folder : ".", "data", "copse.conf", NULL);
  g_autofree char *want = config_text(c), *have = NULL;
  if (g_getenv("UPDATE_GOLDEN")) g_assert_true(g_file_set_contents(path, want, -1, NULL));
  g_assert_true(g_file_get_contents(path, &have, NULL, NULL));
  g_assert_cmpstr(have, ==, want);
  g_autoptr(GError) error = NULL;
  g_assert_true(config_load(c, path, &error));
  g_assert_cmpuint(g_hash_table_size(c->keys), ==, 0);
}

static Model *model_named(const char *path, uint64_t params) {
  Model *m = model_new();
  m->path = g_strdup(path);
  m->shown = safe_text(path, -1);
  m->file = g_strdup(path);
  m->name = g_path_get_basename(path);
  m->format = g_strdup("safetensors");
  m->shapes = g_strdup("abc");
  m->params = params;
  return m;
}

/* A root with a child far away and a grandchild near that. */
static Forest *small_forest(void) {
  Forest *f = forest_new();
  g_autoptr(Model) root = model_named("root", 300);
  g_autoptr(Model) child = model_named("=1+1,\"x\"", 200), leaf = model_named("leaf", 100);
  forest_add_node(f, root, NULL);
  forest_add_node(f, child, NULL);
  forest_add_node(f, leaf, NULL);
  ParentEdge edge = {
      .parent = 0, .kind = EDGE_FINE_TUNE, .source = EDGE_RECOVERED, .confidence = 0.5, .weight = 1, .distance = 0.75};
  forest_add_parent(f, 1, edge);
  edge.parent = 1, edge.distance = 0.25;
  forest_add_parent(f, 2, edge);
  forest_settle(f);
  return f;
}

static void test_export(void) {
  g_autoptr(Forest) f = small_forest();
  g_autofree char *csv = export_text(f, f->nodes, EXPORT_CSV, NULL);
  g_auto(GStrv) rows = g_strsplit(csv, "\n", -1);
  g_assert_cmpuint(g_strv_length(rows), ==, 5);
  g_assert_true(g_str_has_prefix(rows[2], "\"'=1+1,\"\"x\"\"\",")); /* no formula, and quoted */
  g_assert_nonnull(strstr(rows[2], ",root,fine-tune,recovered,0.5,0.75,"));
  g_autofree char *json = export_text(f, f->nodes, EXPORT_JSONL, NULL);
  g_assert_nonnull(strstr(json, "\"moved\":null"));
  g_assert_nonnull(strstr(json, "\"parent\":\"root\""));
  g_autofree char *paths = export_text(f, f->nodes, EXPORT_PATHS, NULL);
  g_assert_cmpstr(paths, ==, "root\n=1+1,\"x\"\nleaf\n");
  ExportFormat format;
  g_assert_true(export_format_for("a.csv", &format) && format == EXPORT_CSV);
  g_assert_true(export_format_for("a.jsonl", &format) && format == EXPORT_JSONL);
  g_assert_true(export_format_for("x.y/list", &format) && format == EXPORT_PATHS);
  g_assert_false(export_format_for("list.xlsx", &format));
}

static void test_columns(void) {
  ColumnSet set;
  g_autofree char *wrong = NULL;
  g_assert_true(column_set_parse(&set, CONFIG_COLUMNS, NULL));
  g_assert_true(set.standard);
  column_set_toggle(&set, forest_column_find("moved"));
  g_assert_false(set.standard);
  g_autofree char *text = column_set_text(&set);
  g_assert_cmpstr(text, ==, "moved " CONFIG_COLUMNS);
  g_assert_false(column_set_parse(&set, "kind, colour", &wrong));
  g_assert_cmpstr(wrong, ==, "colour");
  g_assert_true(set.standard);
  g_autoptr(Forest) f = small_forest();
  RowLook look = {.forest = f};
  int params = forest_column_find("params"), moved = forest_column_find("moved");
  g_assert_cmpint(forest_column_compare(params, forest_node(f, 0), forest_node(f, 1), &look), <, 0);
  /* What has no value comes last either way round. */
  g_assert_cmpint(forest_column_compare(moved, forest_node(f, 0), forest_node(f, 2), &look), >, 0);
  for (int i = 0; i < FOREST_COLUMNS; i++) {
    g_assert_cmpint(forest_column_find(forest_column_name(i)), ==, i);
    for (guint n = 0; n < 3; n++) g_free(forest_column_text(i, forest_node(f, n), &look, 10));
  }
}

static void test_scatter(void) {
  static const float xy[] = {0, 0, 10, 0, 0, 10, 10, 10, 5, 5, NAN, 1};
  static const guint8 group[6] = {0, 1, 2, 3, 4, 5};
  Scatter s = {.xy = xy, .group = group, .n = 6};
  int x, y;
  scatter_all(&s);
  scatter_size(&s, 40, 20);
  g_assert_true(scatter_cell(&s, 0, &x, &y));
  g_assert_cmpint(x, <, 3);
  g_assert_cmpint(y, >, 16); /* up is more */
  g_assert_false(scatter_cell(&s, 5, &x, &y));
  scatter_point_at(&s, 4);
  g_assert_cmpint(scatter_hover(&s, 2), ==, 4);
  double left = s.left;
  scatter_zoom(&s, 0.25);
  g_assert_cmpfloat(s.left, >, left);
  g_assert_false(scatter_cell(&s, 0, &x, &y));
  g_assert_cmpint(scatter_hover(&s, 9), ==, 4); /* it stays near the cursor */
  scatter_zoom(&s, 4);
  scatter_move(&s, -100, 0);
  g_assert_cmpint(s.cursor_x, ==, 0);
  g_assert_cmpfloat(s.right, <, 5); /* the window went with it */
  scatter_all(&s);
  scatter_point_at(&s, 2); /* upper left */
  g_assert_cmpint(scatter_next(&s), ==, 3);
  scatter_point_at(&s, 1); /* lower right: round the end */
  g_assert_cmpint(scatter_next(&s), ==, 2);
  Scatter none = {.n = 0};
  scatter_all(&none);
  scatter_size(&none, 5, 5);
  g_assert_cmpint(scatter_hover(&none, 9), ==, -1);
  g_assert_cmpint(scatter_next(&none), ==, -1);
}

static void test_scatter_draws_groups(void) {
  static const float xy[] = {0, 0, 1, 1};
  static const guint8 group[2] = {0, 1};
  Scatter s = {.xy = xy, .group = group, .n = 2};
  g_autoptr(Cells) cells = cells_new(20, 8, false);
  scatter_all(&s);
  scatter_size(&s, 20, 8);
  scatter_draw(&s, cells, 0, 0, true);
  g_assert_true(cells_contain(cells, map_group_sign(0, false)));
  g_assert_true(cells_contain(cells, map_group_sign(1, false)));
  int x, y;
  scatter_cell(&s, 1, &x, &y);
  g_assert_cmpint(cells_at(cells, x, y)->style, ==, STYLE_GROUP_2);
}

static void test_chart_columns(void) {
  static const double values[] = {0, 1, 2, 4};
  g_autoptr(Cells) cells = cells_new(4, 2, false);
  chart_columns(cells, (Rect){0, 0, 4, 2}, values, 4);
  g_autofree char *dump = cells_dump(cells);
  g_assert_cmpstr(dump, ==, "   █\n ▄██\n");
}

static void test_estimate(void) {
  TrainOptions o = TRAIN_DEFAULTS;
  LayerSide dense = {LAYER_DENSE, 768, 768, 0, DTYPE_F32}, low = {LAYER_LOW_RANK, 768, 768, 4, DTYPE_F32};
  TrainEstimate d = train_estimate(&o, 1000, &dense, 2), l = train_estimate(&o, 1000, &low, 2);
  g_assert_cmpfloat(d.bytes, >, 1000.0 * 768 * 768 * 4);
  g_assert_cmpfloat(d.bytes, <, 1000.0 * 768 * 768 * 4 * 1.1);
  g_assert_cmpfloat(l.bytes, <, d.bytes / 20);
  g_assert_cmpfloat(l.flops, <, d.flops);
  o.epochs *= 2;
  g_assert_cmpfloat(train_estimate(&o, 1000, &dense, 2).seconds, ==, 2 * d.seconds);
  g_assert_cmpfloat(train_estimate(&o, 1000, &dense, 4).seconds, ==, d.seconds);
}

static void test_phylogram(void) {
  g_autoptr(Forest) f = small_forest();
  Snapshot *wood = g_new0(Snapshot, 1);
  wood->forest = f;
  atomic_init(&wood->refs, 100); /* the forest is ours */
  ForestRows rows;
  forest_rows_init(&rows, false);
  forest_rows_set_wood(&rows, wood);
  Phylogram p;
  phylogram_init(&p);
  phylogram_set(&p, &rows, 64);
  int child = phylogram_layout_column(p.layout, 1), end = phylogram_layout_column(p.layout, 2);
  g_assert_cmpint(child, ==, 40 * 3 / 4 + 3); /* the widest tree leaves room for names */
  g_assert_cmpint(end - child, ==, 40 / 4 + 3);
  g_autofree char *root = phylogram_row(&p, &rows, 0), *leaf = phylogram_row(&p, &rows, 2);
  g_assert_cmpstr(root, ==, "root");
  g_assert_cmpint(text_width(leaf), ==, end + 4);
  g_assert_nonnull(strstr(leaf, "└─"));
  g_assert_true(phylogram_action(&p, ACTION_ZOOM_IN, 64));
  g_assert_true(phylogram_action(&p, ACTION_SCROLL_RIGHT, 64));
  g_assert_false(phylogram_action(&p, ACTION_DOWN, 64));
  phylogram_set(&p, &rows, 64);
  g_autofree char *scrolled = phylogram_row(&p, &rows, 2);
  g_assert_cmpint(text_width(scrolled), ==, 80 + 6 + 4 - 16);
  forest_rows_fold(&rows, 1, true); /* folding moves nothing: the scale is the whole forest's */
  phylogram_set(&p, &rows, 64);
  g_assert_cmpint(phylogram_layout_column(p.layout, 1), ==, 80 * 3 / 4 + 3);
  phylogram_clear(&p);
  forest_rows_clear(&rows);
  g_free(wood);
}

/* What was not measured is dotted; a measured branch beside it is not. */
static void test_phylogram_unmeasured(void) {
  g_autoptr(Forest) f = small_forest();
  Snapshot *wood = g_new0(Snapshot, 1);
  wood->forest = f;
  atomic_init(&wood->refs, 100); /* the forest is ours */
  g_array_index(forest_node(f, 2)->parents, ParentEdge, 0).distance = NAN;
  ForestRows rows;
  forest_rows_init(&rows, false);
  forest_rows_set_wood(&rows, wood);
  Phylogram p;
  phylogram_init(&p);
  phylogram_set(&p, &rows, 64);
  g_autofree char *child = phylogram_row(&p, &rows, 1), *leaf = phylogram_row(&p, &rows, 2);
  g_assert_nonnull(strstr(child, "└──"));
  g_assert_null(strstr(child, "┈"));
  g_assert_nonnull(strstr(leaf, "└┈"));
  g_assert_null(strstr(leaf, "─"));
  g_array_index(forest_node(f, 1)->parents, ParentEdge, 0).distance = NAN;
  phylogram_clear(&p);
  phylogram_set(&p, &rows, 64);
  g_autofree char *scale = phylogram_scale(&p, false);
  g_assert_cmpstr(scale, ==, "no edge has a length: dotted branches were not measured");
  phylogram_clear(&p);
  forest_rows_clear(&rows);
  g_free(wood);
}

static void assert_branch(const char *branch, int depth, int columns, bool ascii, const char *want) {
  OutlineRow row = {.branch = (char *)branch, .depth = depth};
  g_autofree char *got = forest_branch_fit(&row, columns, ascii);
  g_assert_cmpstr(got, ==, want);
}

/* However deep a tree, the lines before a name stay within bounds and say how deep it is. */
static void test_branches(void) {
  assert_branch("│  └─ ", 2, 6, false, "│  └─ ");
  assert_branch("│  │     └─ ", 4, 10, false, "⋯4     └─ ");
  assert_branch("|  |     `- ", 4, 6, true, "..4  `- ");
  assert_branch("⋯ │  │  └─ ", 1234, 1, false, "⋯1234 └─ ");
}

static void test_words(void) {
  static const char hay[] = "checkered red-star\nnet0048 x";
  g_assert_true(word_find(hay, "red", true) == strstr(hay, "red-"));
  g_assert_true(word_find(hay, "red", false) == strstr(hay, "red red"));
  g_assert_null(word_find(hay, "eckered", true));
  g_assert_true(word_find(hay, "star", true) == strstr(hay, "star"));
  g_assert_true(word_find(hay, "0048", true) == strstr(hay, "0048"));
  g_assert_null(word_find(hay, "048", true));
  g_assert_nonnull(word_find(hay, "048", false));
}

/* What is left is never nothing while something runs, and says nothing between two phases. */
static void test_job_left(void) {
  JobStatus job = {.state = JOB_RUNNING, .phase_seconds = 10, .note = {.phase = "training", .done = 99, .total = 100}};
  g_autofree char *soon = job_left(&job);
  g_assert_cmpstr(soon, ==, "under 1 s left");
  job.note.done = 50;
  g_autofree char *later = job_left(&job);
  g_assert_cmpstr(later, ==, "10 s left");
  job.note.done = 100;
  g_assert_null(job_left(&job));
}

int main(int argc, char **argv) {
  setlocale(LC_ALL, "C.UTF-8");
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/ui/lines/wrap", test_lines_wrap);
  g_test_add_func("/ui/lines/fact", test_lines_fact);
  g_test_add_func("/ui/card/blocks", test_card_blocks);
  g_test_add_func("/ui/card/hostile", test_card_hostile);
  g_test_add_func("/ui/config/round-trip", test_config_round_trip);
  g_test_add_func("/ui/config/links", test_config_keeps_links);
  g_test_add_func("/ui/config/wrong", test_config_wrong);
  g_test_add_func("/ui/config/shipped", test_config_shipped);
  g_test_add_func("/ui/export", test_export);
  g_test_add_func("/ui/columns", test_columns);
  g_test_add_func("/ui/scatter/window", test_scatter);
  g_test_add_func("/ui/scatter/groups", test_scatter_draws_groups);
  g_test_add_func("/ui/chart/columns", test_chart_columns);
  g_test_add_func("/ui/estimate", test_estimate);
  g_test_add_func("/ui/phylogram", test_phylogram);
  g_test_add_func("/ui/phylogram/unmeasured", test_phylogram_unmeasured);
  g_test_add_func("/ui/branches", test_branches);
  g_test_add_func("/ui/words", test_words);
  g_test_add_func("/ui/job-left", test_job_left);
  return g_test_run();
}
