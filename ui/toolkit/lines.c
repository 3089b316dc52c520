/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/toolkit/lines.h"

#include <string.h>

#include "core/text.h"

static void span_clear(void *data) { g_free(((Span *)data)->text); }

static GArray *line_new(void) {
  GArray *line = g_array_new(FALSE, FALSE, sizeof(Span));
  g_array_set_clear_func(line, span_clear);
  return line;
}

static void line_free(gpointer line) { g_array_unref(line); }

Lines *lines_new(int columns) {
  Lines *l = g_new0(Lines, 1);
  l->lines = g_ptr_array_new_with_free_func(line_free);
  l->open = line_new();
  l->columns = MAX(columns, 1);
  return l;
}

void lines_free(Lines *l) {
  if (!l) return;
  g_ptr_array_unref(l->lines);
  g_array_unref(l->open);
  g_free(l);
}

void lines_put(Lines *l, Style style, const char *text) {
  Span span = {style, g_strdup(text)};
  g_array_append_val(l->open, span);
}

void lines_end(Lines *l) {
  g_ptr_array_add(l->lines, l->open);
  l->open = line_new();
}

void lines_gap(Lines *l) {
  if (l->lines->len == 0 || ((GArray *)l->lines->pdata[l->lines->len - 1])->len == 0) return;
  lines_end(l);
}

/* Where a wrapped line stands. */
typedef struct {
  Lines *lines;
  int indent, used;
  bool fresh; /* nothing but indent yet */
} Wrap;

static void next_line(Wrap *w) {
  lines_end(w->lines);
  g_autofree char *space = g_strnfill((gsize)w->indent, ' ');
  if (w->indent) lines_put(w->lines, STYLE_TEXT, space);
  w->used = w->indent;
  w->fresh = true;
}

/* Characters of `text` that fit into `columns`, at least one. In bytes. */
static gsize fitting(const char *text, int columns) {
  int used = 0;
  const char *p = text;
  for (; *p; p = g_utf8_next_char(p)) {
    used += text_char_width(g_utf8_get_char(p));
    if (used > columns && p > text) break;
  }
  /* A path is broken behind a slash, if one is near the end. */
  for (const char *q = p; *p && q > text + (p - text) / 3; q--)
    if (q[-1] == '/') return (gsize)(q - text);
  return (gsize)(p - text);
}

/* One word, and the space before it; one that is too long for any line is broken. */
static void put_word(Wrap *w, Style style, const char *word, bool space) {
  int width = text_width(word);
  space = space && !w->fresh;
  if (w->used + width + space > w->lines->columns && !w->fresh) next_line(w), space = false;
  while (w->used + width > w->lines->columns) {
    gsize n = fitting(word, MAX(w->lines->columns - w->used, 1));
    g_autofree char *part = g_strndup(word, n);
    lines_put(w->lines, style, part);
    word += n;
    width -= text_width(part);
    if (!*word) return;
    next_line(w);
  }
  g_autofree char *text = g_strconcat(space ? " " : "", word, NULL);
  lines_put(w->lines, style, text);
  w->used += width + space;
  w->fresh = false;
}

/* Words of one span; a space at its start or end separates it from its neighbours. A newline that was kept
 * breaks the line. */
static void put_span(Wrap *w, const Span *span, bool *space) {
  const char *p = span->text;
  while (*p) {
    if (*p == '\n') {
      next_line(w), *space = false, p++;
      continue;
    }
    if (*p == ' ') {
      *space = true, p++;
      continue;
    }
    gsize n = strcspn(p, " \n");
    g_autofree char *word = g_strndup(p, n);
    put_word(w, span->style, word, *space);
    *space = false;
    p += n;
  }
}

void lines_wrap(Lines *l, int indent) {
  GArray *spans = l->open;
  bool space = false;
  l->open = line_new();
  indent = MIN(indent, l->columns / 2);
  Wrap w = {.lines = l, .indent = indent, .fresh = true};
  for (guint i = 0; i < spans->len; i++) put_span(&w, &g_array_index(spans, Span, i), &space);
  g_array_unref(spans);
  lines_end(l);
}

void lines_margin(Lines *l, guint i) {
  g_array_prepend_vals((GArray *)l->lines->pdata[i], l->open->data, l->open->len);
  /* The texts are the line's now. */
  g_free(g_array_free(l->open, FALSE));
  l->open = line_new();
}

void lines_fact(Lines *l, const char *label, int width, Style style, const char *text) {
  guint first = l->lines->len;
  int columns = l->columns;
  if (!text || !*text) return;
  l->columns = MAX(columns - width, 8);
  lines_put(l, style, text);
  lines_wrap(l, 0);
  l->columns = columns;
  for (guint i = first; i < l->lines->len; i++) {
    /* One column stays free between a long label and its text. */
    g_autofree char *cut = text_fit(i == first ? label : "", width - 1, "…");
    g_autofree char *head = g_strconcat(cut, " ", NULL);
    lines_put(l, STYLE_LABEL, head);
    lines_margin(l, i);
  }
}

char *lines_text(const Lines *l, guint i) {
  GString *s = g_string_new(NULL);
  const GArray *line = l->lines->pdata[i];
  for (guint k = 0; k < line->len; k++) g_string_append(s, g_array_index(line, Span, k).text);
  return g_string_free(s, FALSE);
}

void lines_draw(const Lines *l, Cells *cells, Rect area, int top) {
  for (int y = 0; y < area.rows && top + y < (int)l->lines->len; y++) {
    const GArray *line = l->lines->pdata[top + y];
    int x = 0;
    for (guint k = 0; k < line->len && x < area.columns; k++) {
      const Span *s = &g_array_index(line, Span, k);
      x += cells_put(cells, area.x + x, area.y + y, area.columns - x, s->style, s->text);
    }
  }
}
