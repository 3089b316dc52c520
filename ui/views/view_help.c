/* SPDX-License-Identifier: Apache-2.0 */
/* All keys, from the table of actions. */
#include <string.h>

#include "core/text.h"
#include "ui/desk/services.h"
#include "ui/toolkit/glyph.h"
#include "ui/toolkit/list.h"
#include "ui/toolkit/paint.h"
#include "ui/desk/view.h"

enum { KEY_COLUMNS = 15 };

typedef struct {
  char *keys; /* "" for a further line of the text before; NULL: a headline */
  char *text;
} HelpLine;

typedef struct {
  GArray *lines; /* of HelpLine, broken for `columns` */
  int columns;
  List list;
  char *search;
  int prompt_row;
} HelpView;

static void line_clear(void *data) {
  HelpLine *line = data;
  g_free(line->keys);
  g_free(line->text);
}

static gpointer help_open(Ui *ui) {
  (void)ui;
  HelpView *v = g_new0(HelpView, 1);
  v->lines = g_array_new(FALSE, FALSE, sizeof(HelpLine));
  g_array_set_clear_func(v->lines, line_clear);
  return v;
}

static void help_close(gpointer view) {
  HelpView *v = view;
  g_array_unref(v->lines);
  g_free(v->search);
  g_free(v);
}

static unsigned help_context(const Ui *ui, gpointer view) {
  (void)ui, (void)view;
  return IN_HELP;
}

static int bits(unsigned x) { return __builtin_popcount(x); }

/* Where an action is explained: every action in one place only. */
typedef enum { SECTION_EVERYWHERE, SECTION_TYPING, SECTION_CONTEXT } Section;

static Section section_of(unsigned contexts, unsigned *context) {
  *context = contexts & -contexts;
  if (bits(contexts & IN_LISTS) >= 4) return SECTION_EVERYWHERE;
  if (bits(contexts & IN_TYPING) >= 2 && !(contexts & IN_LISTS)) return SECTION_TYPING;
  return SECTION_CONTEXT;
}

/* The first context in which the action's keys work as they are written. */
static unsigned label_context(unsigned contexts) {
  unsigned lists = contexts & IN_LISTS;
  return lists ? lists & -lists : contexts & -contexts;
}

static void add_line(HelpView *v, const char *keys, const char *text) {
  HelpLine line = {g_strdup(keys), g_strdup(text)};
  g_array_append_val(v->lines, line);
}

static void add_headline(HelpView *v, const char *text) {
  if (v->lines->len) add_line(v, "", "");
  add_line(v, NULL, text);
}

/* Breaks the text at spaces into the columns that are left. */
static void add_entry(HelpView *v, const char *keys, const char *text) {
  int room = MAX(v->columns - KEY_COLUMNS - 3, 12);
  GString *line = g_string_new(NULL);
  g_auto(GStrv) words = g_strsplit(text, " ", -1);
  for (char **w = words; *w; w++) {
    if (line->len && text_width(line->str) + 1 + text_width(*w) > room) {
      add_line(v, keys, line->str);
      keys = "";
      g_string_truncate(line, 0);
    }
    g_string_append_printf(line, "%s%s", line->len ? " " : "", *w);
  }
  add_line(v, keys, line->str);
  g_string_free(line, TRUE);
}

static void add_section(HelpView *v, const Keymap *keymap, Section section, unsigned context, const char *title) {
  bool begun = false;
  for (Action a = ACTION_NONE + 1; a < ACTION_COUNT; a++) {
    const ActionInfo *info = action_info(a);
    unsigned own;
    Section s = section_of(info->contexts, &own);
    if (s != section || (s == SECTION_CONTEXT && own != context)) continue;
    if (!begun) add_headline(v, title);
    begun = true;
    g_autofree char *keys = keymap_label(keymap, a, label_context(info->contexts), 3);
    add_entry(v, keys, info->help);
  }
}

static void add_legend(HelpView *v, bool ascii) {
  add_headline(v, "Signs");
  add_entry(v, glyph(ascii, GLYPH_TAG), "tagged");
  add_entry(v, "!", "the card names another parent than the weights");
  add_entry(v, "=", "holds the same tensors as another model");
  add_entry(v, "&", "made of several models");
  add_entry(v, "?", "named as a parent, but not on this disk");
  add_entry(v, "decl", "a parent that the model's card declares, and how sure we are");
  add_entry(v, "reco", "a parent recovered from the weights");
  add_entry(v, "hand", "a parent set by hand");
  add_entry(v, "ghost", "a parent that is named but not on this disk");
  add_entry(v, "unseen", "measured on concepts that the expert was never trained on");
}

static void build(HelpView *v, const Ui *ui, int columns) {
  g_array_set_size(v->lines, 0);
  v->columns = columns;
  add_section(v, ui->keymap, SECTION_EVERYWHERE, 0, "In most places");
  for (int c = 0; c < CONTEXT_COUNT; c++) add_section(v, ui->keymap, SECTION_CONTEXT, 1u << c, context_name(1u << c));
  add_section(v, ui->keymap, SECTION_TYPING, 0, "While typing");
  add_legend(v, ui->ascii);
  list_resize(&v->list, (int)v->lines->len);
}

static void draw_line(const HelpView *v, Cells *cells, Rect area, int y, int row) {
  const HelpLine *line = &g_array_index(v->lines, HelpLine, row);
  if (line->keys) {
    paint_left(cells, area.x + 1, y, KEY_COLUMNS, STYLE_KEY, line->keys);
    paint_left(cells, area.x + KEY_COLUMNS + 2, y, area.columns - KEY_COLUMNS - 3, STYLE_TEXT, line->text);
  } else {
    cells_put(cells, area.x + 1, y, area.columns - 1, STYLE_TITLE, line->text);
  }
  if (row != v->list.cursor) return;
  cells_restyle(cells, area.x, y, area.columns, STYLE_SELECTED);
  cells->cursor_x = area.x, cells->cursor_y = y;
}

static void help_draw(const Ui *ui, gpointer view, Cells *cells, Rect area) {
  HelpView *v = view;
  if (v->columns != area.columns) build(v, ui, area.columns);
  list_show(&v->list, area.rows);
  for (int i = 0; i < area.rows && v->list.top + i < v->list.count; i++)
    draw_line(v, cells, area, area.y + i, v->list.top + i);
}

static bool line_holds(const HelpLine *line, const char *folded) {
  g_autofree char *all = g_strconcat(line->keys ? line->keys : "", " ", line->text, NULL);
  g_autofree char *have = text_fold(all);
  return strstr(have, folded) != NULL;
}

static void find(Ui *ui, HelpView *v, bool here, bool back) {
  int n = v->list.count;
  if (!v->search || n == 0) return;
  g_autofree char *folded = text_fold(v->search);
  for (int i = here ? 0 : 1; i <= n; i++) {
    int at = ((v->list.cursor + (back ? -i : i)) % n + n) % n;
    if (!line_holds(&g_array_index(v->lines, HelpLine, at), folded)) continue;
    list_select(&v->list, at);
    return;
  }
  ui_tell(ui, STYLE_WARN, "Not found: %s", v->search);
}

static bool help_action(Ui *ui, gpointer view, Action action) {
  HelpView *v = view;
  if (list_action(&v->list, action)) return true;
  switch (action) {
    case ACTION_SEARCH:
      v->prompt_row = v->list.cursor;
      ui_prompt(ui, "/", "");
      return true;
    case ACTION_NEXT:
      find(ui, v, false, false);
      return true;
    case ACTION_PREVIOUS:
      find(ui, v, false, true);
      return true;
    case ACTION_LEAVE:
      return ui_ask(ui, REQUEST_BACK);
    default:
      return false;
  }
}

static void help_prompt(Ui *ui, gpointer view, PromptEvent event, const char *text) {
  HelpView *v = view;
  list_select(&v->list, v->prompt_row);
  g_clear_pointer(&v->search, g_free);
  if (event == PROMPT_CANCELLED || !*text) return;
  v->search = g_strdup(text);
  find(ui, v, true, false);
}

static bool help_command(Ui *ui, gpointer view, const char *verb, const char *argument, char **problem) {
  HelpView *v = view;
  (void)verb, (void)problem;
  g_free(v->search);
  v->search = *argument ? g_strdup(argument) : NULL;
  if (!v->columns) build(v, ui, 80);
  find(ui, v, true, false);
  return true;
}

const ViewOps view_help = {
    .name = "Help",
    .open = help_open,
    .close = help_close,
    .context = help_context,
    .draw = help_draw,
    .action = help_action,
    .prompt = help_prompt,
    .command = help_command,
};
