/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/toolkit/term_dump.h"

#include <curses.h>
#include <glib.h>
#include <wchar.h>

static void dump_text_row(int y, GString *out) {
  gsize start = out->len;
  for (int x = 0; x < COLS;) {
    cchar_t value;
    wchar_t text[CCHARW_MAX + 1] = {0};
    attr_t attributes;
    short pair;
    mvin_wch(y, x, &value);
    getcchar(&value, text, &attributes, &pair, NULL);
    for (const wchar_t *c = text; *c; c++) g_string_append_unichar(out, (gunichar)*c);
    x += MAX(wcwidth(text[0]), 1);
  }
  while (out->len > start && out->str[out->len - 1] == ' ') g_string_truncate(out, out->len - 1);
  g_string_append_c(out, '\n');
}

static void dump_attributes(attr_t a, short pair, int from, int to, GString *out) {
  short fg = -1, bg = -1;
  if (pair) pair_content(pair, &fg, &bg);
  g_string_append_printf(out, " %d-%d", from, to);
  if (a & A_BOLD) g_string_append(out, ",bold");
  if (a & A_DIM) g_string_append(out, ",dim");
  if (a & A_REVERSE) g_string_append(out, ",reverse");
  if (a & A_UNDERLINE) g_string_append(out, ",underline");
  if (fg >= 0) g_string_append_printf(out, ",fg%d", fg);
  if (bg >= 0) g_string_append_printf(out, ",bg%d", bg);
}

/* Runs of equal attributes; plain ones are left out. */
static void dump_attribute_row(int y, GString *out) {
  gsize start = out->len;
  attr_t run = A_NORMAL;
  short run_pair = 0;
  int from = 0;
  for (int x = 0; x <= COLS; x++) {
    cchar_t value;
    wchar_t text[CCHARW_MAX + 1];
    attr_t a = A_NORMAL;
    short pair = 0;
    if (x < COLS && mvin_wch(y, x, &value) == OK) getcchar(&value, text, &a, &pair, NULL);
    a &= A_BOLD | A_DIM | A_REVERSE | A_UNDERLINE;
    if (x < COLS && a == run && pair == run_pair) continue;
    if (run != A_NORMAL || run_pair) dump_attributes(run, run_pair, from, x - 1, out);
    run = a, run_pair = pair, from = x;
  }
  if (out->len == start) return;
  g_autofree char *label = g_strdup_printf("%d:", y);
  g_string_insert(out, (gssize)start, label);
  g_string_append_c(out, '\n');
}

char *term_dump_screen(void) {
  GString *out = g_string_new(NULL);
  for (int y = 0; y < LINES; y++) dump_text_row(y, out);
  for (int y = 0; y < LINES; y++) dump_attribute_row(y, out);
  return g_string_free(out, FALSE);
}
