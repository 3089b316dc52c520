/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/forest/forest_phylogram.h"

#include "core/text.h"
#include "ui/toolkit/glyph.h"

enum { ZOOM_MOST = 64, ROOM_FOR_NAMES = 24, LEAST = 8, RULER = 10 };

void phylogram_init(Phylogram *p) { *p = (Phylogram){.zoom = 1}; }

void phylogram_clear(Phylogram *p) { g_clear_pointer(&p->layout, phylogram_layout_free); }

void phylogram_set(Phylogram *p, const ForestRows *rows, int columns) {
  if (p->layout && p->generation == rows->generation && p->columns == columns) return;
  PhylogramOptions options = {.glyphs = rows->ascii ? GLYPHS_ASCII : GLYPHS_UTF8,
                              .columns = (int)(MAX(columns - ROOM_FOR_NAMES, LEAST) * p->zoom)};
  phylogram_clear(p);
  p->layout = phylogram_layout_new(rows->wood->forest, rows->rows, &options);
  p->generation = rows->generation;
  p->columns = columns;
}

static void zoom(Phylogram *p, double to) {
  p->zoom = CLAMP(to, 1, ZOOM_MOST);
  phylogram_clear(p);
}

bool phylogram_action(Phylogram *p, Action action, int columns) {
  int step = MAX(columns / 4, 1);
  switch (action) {
    case ACTION_ZOOM_IN:
      zoom(p, p->zoom * 2);
      break;
    case ACTION_ZOOM_OUT:
      zoom(p, p->zoom / 2);
      break;
    case ACTION_SCROLL_RIGHT:
      p->left += step;
      break;
    case ACTION_SCROLL_LEFT:
      p->left -= step;
      break;
    default:
      return false;
  }
  p->left = CLAMP(p->left, 0, (int)(p->zoom * columns));
  return true;
}

char *phylogram_row(const Phylogram *p, const ForestRows *rows, int at) {
  unsigned node = forest_rows_row(rows, at)->node;
  g_autofree char *branch = phylogram_layout_branch(p->layout, node);
  const char *rest = branch;
  for (int i = 0; i < p->left && *rest; i++) rest = g_utf8_next_char(rest);
  return g_strconcat(rest, forest_node(rows->wood->forest, node)->name, NULL);
}

char *phylogram_scale(const Phylogram *p, bool ascii) {
  double scale = phylogram_layout_scale(p->layout);
  if (!(scale > 0)) return g_strdup("no edge has a length: dotted branches were not measured");
  GString *s = g_string_new(NULL);
  for (int i = 0; i < RULER; i++) g_string_append(s, glyph(ascii, GLYPH_RULE));
  g_string_append_printf(s, " moved %.2g of the parent", RULER / scale);
  if (p->left) g_string_append_printf(s, "; %d columns to the left", p->left);
  return g_string_free(s, FALSE);
}
