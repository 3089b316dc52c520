/* SPDX-License-Identifier: Apache-2.0 */
/* The picture and what may get into it; text fields, lists, keys, filters. */
#include <math.h>
#include <string.h>

#include "lineage/forest/forest_make.h"
#include "ui/toolkit/cells.h"
#include "ui/toolkit/glyph.h"
#include "ui/toolkit/line_edit.h"
#include "ui/toolkit/list.h"
#include "ui/toolkit/paint.h"
#include "search/filter.h"
#include "ui/experts/sweep_chart.h"
#include "ui/experts/train_curves.h"

static void assert_dump(const Cells *cells, const char *want) {
  g_autofree char *got = cells_dump(cells);
  g_assert_cmpstr(got, ==, want);
}

static void test_put(void) {
  g_autoptr(Cells) c = cells_new(6, 2, false);
  g_assert_cmpint(cells_put(c, 1, 0, 3, STYLE_TEXT, "abcdef"), ==, 3);
  g_assert_cmpint(cells_put(c, 4, 1, 9, STYLE_TEXT, "xyz"), ==, 2);
  g_assert_cmpint(cells_put(c, -2, 1, 4, STYLE_TEXT, "pqrs"), ==, 4);
  g_assert_cmpint(cells_put(c, 0, 2, 4, STYLE_TEXT, "outside"), ==, 0);
  g_assert_cmpint(cells_put_right(c, 6, 0, 4, STYLE_BAD, "7"), ==, 1);
  assert_dump(c, " abc 7\nrs  xy\n");
  g_assert_cmpint(cells_at(c, 5, 0)->style, ==, STYLE_BAD);
  g_assert_null(cells_at(c, 6, 0));
}

/* A wide character is whole or not there, whatever is written over its halves. */
static void test_wide(void) {
  g_autoptr(Cells) c = cells_new(5, 1, false);
  g_assert_cmpint(cells_put(c, 0, 0, 5, STYLE_TEXT, "狐木林"), ==, 4);
  assert_dump(c, "狐木\n");
  cells_put(c, 1, 0, 1, STYLE_TEXT, "x");
  assert_dump(c, " x木\n");
  cells_put(c, 2, 0, 1, STYLE_TEXT, "y");
  assert_dump(c, " xy\n");
  cells_put(c, 1, 0, 3, STYLE_TEXT, "狐");
  assert_dump(c, " 狐\n");
  cells_fill(c, (Rect){2, 0, 1, 1}, STYLE_TEXT);
  assert_dump(c, "\n");
}

static void test_combining(void) {
  g_autoptr(Cells) c = cells_new(4, 1, false);
  g_assert_cmpint(cells_put(c, 0, 0, 4, STYLE_TEXT, "e\u0301x"), ==, 2);
  assert_dump(c, "e\u0301x\n");
  /* A pile of marks does not grow without end, and one at the start has nothing to stand on. */
  cells_put(c, 0, 0, 4, STYLE_TEXT, "a\u0300\u0301\u0302\u0303\u0304");
  assert_dump(c, "a\u0300\u0301x\n");
  g_assert_cmpint(cells_put(c, 0, 0, 4, STYLE_TEXT, "\u0301b"), ==, 1);
  assert_dump(c, "bx\n");
}

/* No byte that a terminal would obey gets through. */
static void test_hostile(void) {
  static const char *const hostile[] = {"\033[31mred",
                                        "\033]52;c;aGk=\007",
                                        "a\rb\bc\x7f",
                                        "\xc2\x9b"
                                        "2J",
                                        "\u202e"
                                        "reversed",
                                        "\u2066iso\u2069",
                                        "\xff\xfe\x80",
                                        "\xe2\x82",
                                        "\uFEFFbom",
                                        "line\u2028sep\u2029x",
                                        "\U000E0041tag",
                                        "zero\u200bwidth\u200djoin",
                                        "\U00010FFFF",
                                        "\ue000private",
                                        "soft\u00adhyphen",
                                        "\u2064x\ufe0f"};
  for (int ascii = 0; ascii < 2; ascii++) {
    g_autoptr(Cells) c = cells_new(40, 1, ascii);
    for (size_t i = 0; i < G_N_ELEMENTS(hostile); i++) {
      cells_clear(c);
      cells_put(c, 0, 0, 40, STYLE_TEXT, hostile[i]);
      for (int x = 0; x < 40; x++) {
        gunichar ch = cells_at(c, x, 0)->c;
        g_assert_true(ch >= 0x20 && !(ch >= 0x7f && ch < 0xa0));
        g_assert_true(g_unichar_isprint(ch) || ch == 0xad || ch == 0xfffd);
        g_assert_false((ch >= 0x200b && ch <= 0x200f) || (ch >= 0x2028 && ch <= 0x202e) ||
                       (ch >= 0x2060 && ch <= 0x206f) || ch == 0xfeff);
        if (ascii) g_assert_cmpuint(ch, <, 0x7f);
      }
    }
  }
  g_autoptr(Cells) c = cells_new(12, 1, false);
  cells_put(c, 0, 0, 12, STYLE_TEXT, "a\033[0mb\xff");
  assert_dump(c, "a\ufffd[0mb\ufffd\n");
}

/* Every character there is, once: widths and the gate agree. */
static void test_every_character(void) {
  for (gunichar ch = 1; ch <= 0x10ffff; ch++) {
    gunichar shown;
    if (!g_unichar_validate(ch)) continue;
    int width = cell_character(ch, false, &shown);
    g_assert_cmpint(width, >=, -1);
    g_assert_cmpint(width, <=, 2);
    if (width > 0) g_assert_true(shown >= 0x20 && !(shown >= 0x7f && shown < 0xa0));
    width = cell_character(ch, true, &shown);
    g_assert_true(width == -1 || (width == 1 && shown >= 0x20 && shown < 0x7f));
  }
}

static void test_bar_and_curve(void) {
  g_autoptr(Cells) c = cells_new(10, 3, true);
  paint_bar(c, 0, 0, 10, 0.3);
  paint_bar(c, 0, 1, 10, NAN);
  paint_bar(c, 0, 2, 10, 7);
  assert_dump(c, "###.......\n..........\n##########\n");
  cells_clear(c);
  double values[] = {0, 1, 1, 0.5, NAN, 0}, low, high;
  paint_curve(c, (Rect){0, 0, 6, 3}, values, 6, &low, &high);
  g_assert_cmpfloat(low, ==, 0);
  g_assert_cmpfloat(high, ==, 1);
  assert_dump(c, " ''|\n | -\n.|   .\n");
  g_autoptr(Cells) b = cells_new(4, 1, false);
  double rising[] = {0, 3};
  paint_curve(b, (Rect){0, 0, 4, 1}, rising, 2, &low, &high);
  assert_dump(b, "⣀⠤⠒⠉\n");
  cells_clear(b);
  paint_curve(b, (Rect){0, 0, 4, 1}, rising, 1, &low, &high);
  assert_dump(b, "⠁\n");
}

static void test_wrapping(void) {
  g_autoptr(Cells) c = cells_new(8, 4, false);
  g_assert_cmpint(paint_wrapped(c, 0, 0, 8, 4, STYLE_TEXT, "one two three\nfour"), ==, 3);
  assert_dump(c, "one two\nthree\nfour\n\n");
  cells_clear(c);
  g_assert_cmpint(paint_wrapped(c, 0, 0, 3, 4, STYLE_TEXT, "abcdefgh"), ==, 3);
  assert_dump(c, "abc\ndef\ngh\n\n");
  g_assert_cmpint(paint_wrapped(c, 0, 0, 1, 4, STYLE_TEXT, "狐狐"), ==, 2);
}

static void test_line_edit(void) {
  LineEdit e;
  bool changed;
  line_edit_init(&e, "red\x1b fox");
  g_assert_cmpstr(e.text->str, ==, "red fox");
  line_edit_action(&e, ACTION_EDIT_WORD, &changed);
  g_assert_true(changed);
  g_assert_cmpstr(e.text->str, ==, "red ");
  line_edit_type(&e, 0x72d0);
  line_edit_action(&e, ACTION_EDIT_LEFT, &changed);
  g_assert_false(changed);
  line_edit_type(&e, 'x');
  g_assert_cmpstr(e.text->str, ==, "red x狐");
  line_edit_action(&e, ACTION_EDIT_DELETE, &changed);
  line_edit_action(&e, ACTION_EDIT_ERASE, &changed);
  g_assert_cmpstr(e.text->str, ==, "red ");
  g_assert_false(line_edit_type(&e, UIKEY_UP));
  g_assert_false(line_edit_type(&e, 7));
  for (int i = 0; i < 5000; i++) line_edit_type(&e, 0x72d0);
  g_assert_cmpuint(e.text->len, <=, 1000);
  g_autoptr(Cells) c = cells_new(9, 1, false);
  line_edit_draw(&e, c, 1, 0, 7, STYLE_INPUT);
  g_assert_cmpint(c->cursor_x, <, 8);
  line_edit_action(&e, ACTION_EDIT_CLEAR, &changed);
  g_assert_cmpuint(e.text->len, ==, 0);
  line_edit_clear(&e);
}

static void test_list(void) {
  List l = {0};
  g_assert_true(list_action(&l, ACTION_DOWN));
  g_assert_cmpint(l.cursor, ==, 0);
  list_resize(&l, 100);
  list_show(&l, 10);
  list_action(&l, ACTION_PAGE_DOWN);
  g_assert_cmpint(l.cursor, ==, 9);
  list_action(&l, ACTION_LAST);
  list_show(&l, 10);
  g_assert_cmpint(l.top, ==, 90);
  list_action(&l, ACTION_HALF_UP);
  g_assert_cmpint(l.cursor, ==, 94);
  list_show(&l, 10);
  g_assert_cmpint(l.top, ==, 90);
  list_resize(&l, 3);
  g_assert_cmpint(l.cursor, ==, 2);
  list_show(&l, 10);
  g_assert_cmpint(l.top, ==, 0);
  g_assert_false(list_action(&l, ACTION_QUIT));
}

static bool matches(const char *filter_text, const Forest *forest, const ForestNode *node) {
  RowFilter *filter = row_filter_parse(filter_text);
  g_assert_nonnull(filter);
  g_autofree char *haystack = node_haystack(node, "concept");
  bool match = row_filter_match(filter, forest, node, haystack, "concept");
  row_filter_free(filter);
  return match;
}

static void test_filter(void) {
  Model *m = model_new();
  m->path = g_strdup("birch/Fox-LoRA");
  m->shown = g_strdup("birch/Fox-LoRA");
  m->name = g_strdup("Fox-LoRA");
  m->kind = MODEL_LORA;
  m->params = 1500000;
  m->dtypes[DTYPE_F16] = 3;
  model_add_fact(m, "concept", "a Red fox", "metadata");
  model_add_fact(m, "license", "mit", "card");
  model_add_fact(m, "tags", "night", "card");
  Forest *f = forest_new();
  unsigned v = forest_add_node(f, m, NULL), ghost = forest_add_node(f, NULL, "spirit");
  forest_settle(f);
  const ForestNode *node = forest_node(f, v);
  static const char *const yes[] = {"fox",         "FOX birch",     "red !hare",    "kind:lora dtype:f16",
                                    "params:<2M",  "params:>1M",    "params<2M",    "params>=1M kind=lora",
                                    "license:m*",  "!license:gpl*", "-license:gpl", "params:1M..2M",
                                    "params:1.5M", "concept:fox",   "license:mit",  "tree:1",
                                    "!tree:9",     "-hare",         "night",        "dtype:F16",
                                    "!kind:full"};
  static const char *const no[] = {"params<10k", "license:cc0*", "!params<2M",  "hare",        "fox hare",
                                   "!fox",       "-fox",         "dtype:bf16",  "dtype:f1",    "kind:full",
                                   "params:>2M", "params:7B",    "license:gpl", "concept:owl", "tree:2"};
  for (size_t i = 0; i < G_N_ELEMENTS(yes); i++) g_assert_true(matches(yes[i], f, node));
  for (size_t i = 0; i < G_N_ELEMENTS(no); i++) g_assert_false(matches(no[i], f, node));
  g_assert_true(matches("spirit", f, forest_node(f, ghost)));
  g_assert_false(matches("kind:lora", f, forest_node(f, ghost)));
  g_assert_null(row_filter_parse("   "));
  forest_free(f);
  model_unref(m);
}

static void test_styles(void) {
  g_setenv("NO_COLOR", "1", TRUE);
  g_assert_cmpint(scheme_choose(NULL, true), ==, SCHEME_MONO);
  g_assert_cmpint(scheme_choose("light", true), ==, SCHEME_LIGHT);
  g_setenv("NO_COLOR", "", TRUE);
  g_assert_cmpint(scheme_choose(NULL, true), ==, SCHEME_DARK);
  g_assert_cmpint(scheme_choose("dark", false), ==, SCHEME_MONO);
  g_setenv("COLORFGBG", "0;15", TRUE);
  g_assert_cmpint(scheme_choose(NULL, true), ==, SCHEME_LIGHT);
  for (int s = 0; s < STYLE_COUNT; s++) {
    g_assert_nonnull(style_name(s));
    Look mono = style_look(SCHEME_MONO, s);
    g_assert_cmpint(mono.fg, ==, COLOUR_OWN);
    g_assert_cmpint(mono.bg, ==, COLOUR_OWN);
  }
  for (int g = 0; g < GLYPH_COUNT; g++) {
    g_assert_cmpint(g_utf8_strlen(glyph(false, g), -1), ==, 1);
    g_assert_cmpuint(strlen(glyph(true, g)), ==, 1);
  }
}

/* Names that begin alike and end alike differ in what is left of them. */
static void test_middle(void) {
  g_autoptr(Cells) c = cells_new(24, 1, false), fits = cells_new(24, 1, false), small = cells_new(3, 1, false);
  paint_middle(c, 0, 0, 12, STYLE_TEXT, "mid_block.0.attn-align");
  assert_dump(c, "mid_b…-align\n");
  paint_middle(fits, 0, 0, 12, STYLE_TEXT, "mid_block.0a");
  assert_dump(fits, "mid_block.0a\n");
  paint_middle(small, 0, 0, 3, STYLE_TEXT, "mid_block");
  assert_dump(small, "mi…\n");
}

/* The rightmost column of a rectangle that is drawn on, -1: none. */
static int last_column(const Cells *c, Rect in) {
  for (int x = in.x + in.columns - 1; x >= in.x; x--)
    for (int y = in.y; y < in.y + in.rows; y++)
      if (cells_at(c, x, y)->c != ' ' && cells_at(c, x, y)->c) return x - in.x;
  return -1;
}

/* A point stands at its epoch, whatever came before: half of the epochs reach to the middle, and a training that was
 * taken up again goes on where it was, or begins its axis there. */
static void test_training_curves(void) {
  Rect area = {0, 0, 50, 8}, inside = {9, 1, 41, 6};
  g_autoptr(GArray) points = g_array_new(FALSE, FALSE, sizeof(CurvePoint));
  g_autoptr(Cells) c = cells_new(50, 8, false), again = cells_new(50, 8, false);
  for (int i = 1; i <= 30; i++) train_curves_add(points, (CurvePoint){i, 2.0 - 0.01 * i, NAN});
  train_curves_draw(c, area, points, 60, NAN);
  g_assert_true(cells_contain(c, "loss, logarithmic")); /* from the beginning, however little it fell */
  g_assert_true(cells_contain(c, "epoch 60"));
  g_assert_cmpint(last_column(c, inside), >=, 19);
  g_assert_cmpint(last_column(c, inside), <=, 21);
  train_curves_add(points, (CurvePoint){28.5, 1.7, NAN});
  g_assert_cmpuint(points->len, ==, 29); /* 29 and 30 are gone over once more */
  g_array_remove_range(points, 0, 28);
  train_curves_add(points, (CurvePoint){31, 1.6, NAN});
  train_curves_draw(again, area, points, 60, NAN);
  g_assert_cmpint(cells_at(again, 9, 7)->c, ==, '2');
  g_assert_cmpint(cells_at(again, 10, 7)->c, ==, '8');
  g_assert_cmpint(last_column(again, inside), <=, 5); /* two points of 32 epochs are not stretched */
}

/* A rate stands beside its chance wherever there is room for both. */
static void test_score_text(void) {
  static const struct {
    int columns;
    const char *want;
  } cases[] = {{0, "41 % 33-50, chance 2.0 %"},
               {24, "41 % 33-50, chance 2.0 %"},
               {23, "41 %, chance 2.0 %"},
               {17, "41 % 33-50"},
               {9, "41 %"}};
  Score s = score_none();
  g_autofree char *nothing = score_text(&s, 0, true);
  g_assert_null(strchr(nothing, '%'));
  s.top1 = 0.41, s.low = 0.33, s.high = 0.5, s.chance = 0.02, s.n = 120, s.classes = 50;
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *text = score_text(&s, cases[i].columns, true);
    g_assert_cmpstr(text, ==, cases[i].want);
  }
  s.chance = NAN;
  g_autofree char *alone = score_text(&s, 0, true);
  g_assert_cmpstr(alone, ==, "41 % 33-50");
}

static guint bar_length(const Cells *c, int y) {
  guint n = 0;
  for (int x = 0; x < c->columns; x++) n += cells_at(c, x, y)->style == STYLE_BAR;
  return n;
}

/* A layer at chance draws an empty bar, one half way from there to certainty half of it. */
static void test_sweep_bars(void) {
  static const double val[] = {1, 0.75, 0.5, 0.3, NAN};
  SweepBoard *board = sweep_board_new();
  for (size_t i = 0; i < G_N_ELEMENTS(val); i++) {
    const SweepBar bar = {g_strdup("mid"), val[i], NAN, 0.5, false};
    g_array_append_val(board->bars, bar);
  }
  g_autoptr(Cells) c = cells_new(90, 7, true);
  sweep_chart_draw(board, c, (Rect){0, 0, 90, 7});
  g_assert_cmpuint(bar_length(c, 2), >, 8);
  g_assert_cmpuint((bar_length(c, 2) + 1) / 2, ==, bar_length(c, 3));
  for (int y = 4; y < 7; y++) g_assert_cmpuint(bar_length(c, y), ==, 0);
  g_autofree char *drawn = cells_dump(c);
  g_assert_nonnull(strstr(drawn, " 50 % 50.0 %"));
  sweep_board_unref(board);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/ui/cells/put", test_put);
  g_test_add_func("/ui/cells/wide", test_wide);
  g_test_add_func("/ui/cells/combining", test_combining);
  g_test_add_func("/ui/cells/hostile", test_hostile);
  g_test_add_func("/ui/cells/every-character", test_every_character);
  g_test_add_func("/ui/paint/bar-and-curve", test_bar_and_curve);
  g_test_add_func("/ui/paint/score-text", test_score_text);
  g_test_add_func("/ui/sweep/bars", test_sweep_bars);
  g_test_add_func("/ui/paint/middle", test_middle);
  g_test_add_func("/ui/paint/training-curves", test_training_curves);
  g_test_add_func("/ui/paint/wrapping", test_wrapping);
  g_test_add_func("/ui/line-edit", test_line_edit);
  g_test_add_func("/ui/list", test_list);
  g_test_add_func("/ui/filter", test_filter);
  g_test_add_func("/ui/styles-and-glyphs", test_styles);
  return g_test_run();
}
