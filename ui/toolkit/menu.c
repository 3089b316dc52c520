/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/toolkit/menu.h"

#include "core/text.h"
#include "ui/toolkit/glyph.h"
#include "ui/toolkit/paint.h"

static void line_clear(void *data) {
  MenuLine *line = data;
  g_free(line->label);
  g_free(line->note);
}

Menu *menu_new(int id, const char *title, bool ticks) {
  Menu *menu = g_new0(Menu, 1);
  menu->id = id;
  menu->title = g_strdup(title);
  menu->ticks = ticks;
  menu->lines = g_array_new(FALSE, TRUE, sizeof(MenuLine));
  g_array_set_clear_func(menu->lines, line_clear);
  return menu;
}

void menu_free(Menu *menu) {
  if (!menu) return;
  g_array_unref(menu->lines);
  g_free(menu->title);
  g_free(menu);
}

void menu_add(Menu *menu, int line, Key key, const char *label, const char *note, bool ticked) {
  MenuLine one = {key, g_strdup(label), g_strdup(note), line, ticked};
  g_array_append_val(menu->lines, one);
  list_resize(&menu->list, (int)menu->lines->len);
}

MenuLine *menu_line(const Menu *menu) {
  if (menu->lines->len == 0) return NULL;
  return &g_array_index(menu->lines, MenuLine, menu->list.cursor);
}

bool menu_find(Menu *menu, Key key) {
  for (guint i = 0; key != UIKEY_NONE && i < menu->lines->len; i++) {
    if (g_array_index(menu->lines, MenuLine, i).key != key) continue;
    list_select(&menu->list, (int)i);
    return true;
  }
  return false;
}

/* The widest label and note, and whether any line has a key. */
static void measure(const Menu *menu, int *label, int *note, bool *keys) {
  *label = *note = 0;
  *keys = false;
  for (guint i = 0; i < menu->lines->len; i++) {
    const MenuLine *line = &g_array_index(menu->lines, MenuLine, i);
    *label = MAX(*label, text_width(line->label));
    if (line->note) *note = MAX(*note, text_width(line->note));
    *keys |= line->key != UIKEY_NONE;
  }
}

static void draw_line(const Menu *menu, Cells *cells, Rect in, int y, int row, int note, bool keys) {
  const MenuLine *line = &g_array_index(menu->lines, MenuLine, row);
  int x = in.x, end = in.x + in.columns - (note ? note + 2 : 0);
  char label[KEY_NAME_MAX];
  if (menu->ticks) {
    if (line->ticked) cells_put(cells, x, y, 1, STYLE_TAGGED, glyph(cells->ascii, GLYPH_TAG));
    x += 2;
  }
  if (keys) {
    if (line->key != UIKEY_NONE) key_label(line->key, label), cells_put(cells, x, y, 1, STYLE_KEY, label);
    x += 2;
  }
  paint_left(cells, x, y, end - x, STYLE_TEXT, line->label);
  if (line->note) paint_right(cells, end + 2, y, note, STYLE_DIM, line->note);
  if (row != menu->list.cursor) return;
  cells_restyle(cells, in.x - 1, y, in.columns + 2, STYLE_SELECTED);
  cells->cursor_x = in.x - 1, cells->cursor_y = y;
}

/* Where there are lines above or below those in sight, the frame says how many there are. */
static void draw_more(const Menu *menu, Cells *cells, Rect box, Rect in) {
  if (in.rows <= 0 || menu->list.count <= in.rows) return;
  char text[40];
  g_snprintf(text, sizeof text, " %d/%d ", menu->list.cursor + 1, menu->list.count);
  cells_put_right(cells, box.x + box.columns - 2, box.y + box.rows - 1, in.columns, STYLE_BOX, text);
}

void menu_draw(Menu *menu, Cells *cells, Rect area) {
  int label, note;
  bool keys;
  measure(menu, &label, &note, &keys);
  int columns = label + (note ? note + 2 : 0) + (menu->ticks ? 2 : 0) + (keys ? 2 : 0) + 4;
  columns = MAX(columns, text_width(menu->title) + 6);
  Rect box = rect_centre(area, MIN(columns, area.columns), (int)menu->lines->len + 2);
  Rect in = paint_box(cells, box, menu->title);
  list_show(&menu->list, in.rows);
  if (note > in.columns / 2) note = 0;
  draw_more(menu, cells, box, in);
  for (int i = 0; i < in.rows && menu->list.top + i < menu->list.count; i++)
    draw_line(menu, cells, in, in.y + i, menu->list.top + i, note, keys);
}
