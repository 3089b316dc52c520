/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/toolkit/list.h"

#include <glib.h>

void list_select(List *list, int row) { list->cursor = list->count > 0 ? CLAMP(row, 0, list->count - 1) : 0; }

void list_resize(List *list, int count) {
  list->count = MAX(count, 0);
  list_select(list, list->cursor);
}

bool list_action(List *list, Action action) {
  int page = MAX(list->height - 1, 1), half = MAX(list->height / 2, 1);
  switch (action) {
    case ACTION_DOWN:
      list_select(list, list->cursor + 1);
      return true;
    case ACTION_UP:
      list_select(list, list->cursor - 1);
      return true;
    case ACTION_PAGE_DOWN:
      list_select(list, list->cursor + page);
      return true;
    case ACTION_PAGE_UP:
      list_select(list, list->cursor - page);
      return true;
    case ACTION_HALF_DOWN:
      list_select(list, list->cursor + half);
      return true;
    case ACTION_HALF_UP:
      list_select(list, list->cursor - half);
      return true;
    case ACTION_FIRST:
      list_select(list, 0);
      return true;
    case ACTION_LAST:
      list_select(list, list->count - 1);
      return true;
    default:
      return false;
  }
}

void list_show(List *list, int height) {
  list->height = MAX(height, 1);
  int last_top = MAX(list->count - list->height, 0);
  if (list->cursor < list->top) list->top = list->cursor;
  if (list->cursor >= list->top + list->height) list->top = list->cursor - list->height + 1;
  list->top = CLAMP(list->top, 0, last_top);
}
