/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/model/card_text.h"

#include <md4c.h>
#include <string.h>

#include "core/text.h"
#include "ui/toolkit/glyph.h"

enum { DEPTH_MAX = 12, TABLE_COLUMNS_MAX = 16, CELL_WIDEST = 40 };

/* Where the parser is. */
typedef struct {
  Lines *lines;
  bool ascii;
  int lists, quotes;           /* open around us */
  unsigned numbers[DEPTH_MAX]; /* next of an ordered list, 0: bullets */
  bool item_begun;             /* the next text gets the item's mark */
  int bold, code, heading;
  bool in_code;
  char *href;       /* of the link that is open, or NULL */
  GPtrArray *table; /* of GPtrArray* of char*: rows; NULL outside */
  GString *cell;
} Card;

static int indent_of(const Card *c) { return 2 * MIN(c->lists, DEPTH_MAX) + 2 * MIN(c->quotes, DEPTH_MAX); }

/* Spaces, bars of quotes and an item's mark before the text of a block. */
static void put_margin(Card *c) {
  g_autofree char *space = g_strnfill((gsize)MAX(indent_of(c) - (c->item_begun ? 2 : 0), 0), ' ');
  for (int i = 0; i < MIN(c->quotes, DEPTH_MAX); i++)
    if (2 * i < (int)strlen(space)) space[2 * i] = '>';
  if (*space) lines_put(c->lines, STYLE_BOX, space);
  if (!c->item_begun) return;
  unsigned *number = &c->numbers[MIN(c->lists, DEPTH_MAX) - 1];
  g_autofree char *mark =
      *number ? g_strdup_printf("%u. ", (*number)++) : g_strdup_printf("%s ", glyph(c->ascii, GLYPH_BULLET));
  lines_put(c->lines, STYLE_LABEL, mark);
  c->item_begun = false;
}

/* Breaks the spans of a block and puts the margin before each line. */
static void flush(Card *c) {
  if (c->lines->open->len == 0) return;
  guint first = c->lines->lines->len;
  int columns = c->lines->columns;
  c->lines->columns = MAX(columns - indent_of(c), 10);
  lines_wrap(c->lines, 0);
  c->lines->columns = columns;
  for (guint i = first; i < c->lines->lines->len; i++) {
    put_margin(c);
    lines_margin(c->lines, i);
  }
}

static void table_row_free(gpointer row) { g_ptr_array_unref(row); }

static void table_widths(const GPtrArray *table, int *widths, guint *columns) {
  *columns = 0;
  for (guint i = 0; i < TABLE_COLUMNS_MAX; i++) widths[i] = 0;
  for (guint r = 0; r < table->len; r++) {
    const GPtrArray *row = table->pdata[r];
    *columns = MAX(*columns, MIN(row->len, (guint)TABLE_COLUMNS_MAX));
    for (guint i = 0; i < row->len && i < TABLE_COLUMNS_MAX; i++)
      widths[i] = MIN(MAX(widths[i], text_width(row->pdata[i])), CELL_WIDEST);
  }
}

static void put_table(Card *c) {
  int widths[TABLE_COLUMNS_MAX];
  guint columns;
  table_widths(c->table, widths, &columns);
  for (guint r = 0; r < c->table->len; r++) {
    const GPtrArray *row = c->table->pdata[r];
    put_margin(c);
    for (guint i = 0; i < columns; i++) {
      const char *text = i < row->len ? row->pdata[i] : "";
      g_autofree char *fitted = text_fit(text, widths[i] + 2, glyph(c->ascii, GLYPH_ELLIPSIS));
      lines_put(c->lines, r == 0 ? STYLE_HEADER : STYLE_TEXT, fitted);
    }
    lines_end(c->lines);
  }
  lines_gap(c->lines);
  g_clear_pointer(&c->table, g_ptr_array_unref);
}

static int enter_block(MD_BLOCKTYPE type, void *detail, void *user) {
  Card *c = user;
  switch (type) {
    case MD_BLOCK_QUOTE:
      flush(c), c->quotes++;
      break;
    case MD_BLOCK_UL:
    case MD_BLOCK_OL:
      flush(c);
      c->numbers[MIN(c->lists, DEPTH_MAX - 1)] = type == MD_BLOCK_OL ? ((MD_BLOCK_OL_DETAIL *)detail)->start : 0;
      c->lists++;
      break;
    case MD_BLOCK_LI:
      flush(c), c->item_begun = c->lists > 0;
      break;
    case MD_BLOCK_H:
      lines_gap(c->lines), c->heading = (int)((MD_BLOCK_H_DETAIL *)detail)->level;
      break;
    case MD_BLOCK_CODE:
      flush(c), lines_gap(c->lines), c->in_code = true;
      break;
    case MD_BLOCK_HR: {
      GString *rule = g_string_new(NULL);
      for (int i = 0; i < MIN(c->lines->columns, 40); i++) g_string_append(rule, glyph(c->ascii, GLYPH_RULE));
      lines_gap(c->lines);
      lines_put(c->lines, STYLE_BOX, rule->str);
      lines_end(c->lines);
      g_string_free(rule, TRUE);
      break;
    }
    case MD_BLOCK_TABLE:
      flush(c), lines_gap(c->lines), c->table = g_ptr_array_new_with_free_func(table_row_free);
      break;
    case MD_BLOCK_TR:
      if (c->table) g_ptr_array_add(c->table, g_ptr_array_new_with_free_func(g_free));
      break;
    case MD_BLOCK_TH:
    case MD_BLOCK_TD:
      g_string_truncate(c->cell, 0);
      break;
    default:
      break;
  }
  return 0;
}

static int leave_block(MD_BLOCKTYPE type, void *detail, void *user) {
  Card *c = user;
  (void)detail;
  switch (type) {
    case MD_BLOCK_QUOTE:
      flush(c), c->quotes--, lines_gap(c->lines);
      break;
    case MD_BLOCK_UL:
    case MD_BLOCK_OL:
      flush(c);
      if (--c->lists == 0) lines_gap(c->lines);
      break;
    case MD_BLOCK_LI:
      flush(c), c->item_begun = false;
      break;
    case MD_BLOCK_H:
      flush(c), c->heading = 0, lines_gap(c->lines);
      break;
    case MD_BLOCK_CODE:
      c->in_code = false, lines_gap(c->lines);
      break;
    case MD_BLOCK_P:
      flush(c);
      if (c->lists == 0) lines_gap(c->lines);
      break;
    case MD_BLOCK_TABLE:
      if (c->table) put_table(c);
      break;
    case MD_BLOCK_TH:
    case MD_BLOCK_TD:
      if (c->table && c->table->len) g_ptr_array_add(c->table->pdata[c->table->len - 1], g_strdup(c->cell->str));
      break;
    default:
      break;
  }
  return 0;
}

static int enter_span(MD_SPANTYPE type, void *detail, void *user) {
  Card *c = user;
  if (type == MD_SPAN_STRONG || type == MD_SPAN_EM) c->bold++;
  if (type == MD_SPAN_CODE) c->code++;
  if (type == MD_SPAN_A) {
    const MD_ATTRIBUTE *href = &((MD_SPAN_A_DETAIL *)detail)->href;
    g_free(c->href);
    g_autofree char *raw = g_strndup(href->text ? href->text : "", href->size);
    c->href = safe_text(raw, -1);
  }
  return 0;
}

static Style style_of(const Card *c) {
  if (c->heading) return STYLE_TITLE;
  if (c->code) return STYLE_CONCEPT;
  return c->bold ? STYLE_INPUT : STYLE_TEXT;
}

static void say(Card *c, Style style, const char *text) {
  if (c->table) g_string_append(c->cell, text);
  else lines_put(c->lines, style, text);
}

static int leave_span(MD_SPANTYPE type, void *detail, void *user) {
  Card *c = user;
  (void)detail;
  if (type == MD_SPAN_STRONG || type == MD_SPAN_EM) c->bold--;
  if (type == MD_SPAN_CODE) c->code--;
  if (type == MD_SPAN_A && c->href) {
    bool outside = strstr(c->href, "://") != NULL;
    g_autofree char *text = g_strdup_printf(" (%s)", c->href);
    if (outside && !c->table) say(c, STYLE_DIM, text);
    g_clear_pointer(&c->href, g_free);
  }
  return 0;
}

/* A line of a code block: as it stands, cut at the edge by the drawing. */
static void put_code(Card *c, const char *text) {
  g_auto(GStrv) rows = g_strsplit(text, "\n", -1);
  for (char **r = rows; *r; r++) {
    if (**r) {
      if (c->lines->open->len == 0) put_margin(c), lines_put(c->lines, STYLE_CONCEPT, "  ");
      lines_put(c->lines, STYLE_CONCEPT, *r);
    }
    if (r[1]) lines_end(c->lines);
  }
}

static int text_block(MD_TEXTTYPE type, const MD_CHAR *text, MD_SIZE size, void *user) {
  Card *c = user;
  g_autofree char *raw = g_strndup(text, size);
  if (type == MD_TEXT_HTML || type == MD_TEXT_NULLCHAR) return 0;
  if (type == MD_TEXT_BR || type == MD_TEXT_SOFTBR) {
    say(c, STYLE_TEXT, type == MD_TEXT_BR && !c->table ? "\n" : " ");
    return 0;
  }
  if (type == MD_TEXT_ENTITY) {
    static const struct {
      const char *entity, *text;
    } few[] = {{"&amp;", "&"}, {"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&nbsp;", " "}};
    for (size_t i = 0; i < G_N_ELEMENTS(few); i++)
      if (g_str_equal(few[i].entity, raw)) return say(c, style_of(c), few[i].text), 0;
  }
  if (c->in_code) put_code(c, raw);
  else say(c, style_of(c), raw);
  return 0;
}

Lines *card_text_new(const char *markdown, int columns, bool ascii) {
  Card c = {.lines = lines_new(columns), .ascii = ascii, .cell = g_string_new(NULL)};
  MD_PARSER parser = {.flags = MD_FLAG_TABLES | MD_FLAG_STRIKETHROUGH | MD_FLAG_NOHTML | MD_FLAG_PERMISSIVEURLAUTOLINKS,
                      .enter_block = enter_block,
                      .leave_block = leave_block,
                      .enter_span = enter_span,
                      .leave_span = leave_span,
                      .text = text_block};
  md_parse(markdown, (MD_SIZE)strlen(markdown), &parser, &c);
  flush(&c);
  if (c.table) g_ptr_array_unref(c.table);
  g_free(c.href);
  g_string_free(c.cell, TRUE);
  return c.lines;
}
