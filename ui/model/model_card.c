/* SPDX-License-Identifier: Apache-2.0 */
/* The card of a model, as its author meant it to be read. */
#include "core/text.h"
#include "ui/model/card_text.h"
#include "session/model_jobs.h"
#include "ui/model/model_page.h"

#include <string.h>

typedef struct {
  LatestJob card; /* SafeText* */
  Lines *lines;   /* broken for `columns`; NULL: not yet */
  List list;      /* the cursor is the first line on screen */
  char *search;
} CardPage;

enum { WIDEST = 96 }; /* longer lines are hard to read */

static gpointer card_open(const Subject *s) {
  CardPage *p = g_new0(CardPage, 1);
  latest_job_init(&p->card, &s->ui->engine, g_free);
  return p;
}

static void card_reset(gpointer page) {
  CardPage *p = page;
  latest_job_reset(&p->card);
  g_clear_pointer(&p->lines, lines_free);
  g_clear_pointer(&p->search, g_free);
  p->list = (List){0};
}

static void card_close(gpointer page) {
  card_reset(page);
  g_free(page);
}

static void card_show(Subject *s, gpointer page) {
  CardPage *p = page;
  if (latest_job_is_fresh(&p->card)) p->card.job = engine_card(&s->ui->engine, s->model, latest_job_done, &p->card);
}

static void card_draw(const Subject *s, gpointer page, Cells *cells, Rect area) {
  CardPage *p = page;
  int columns = MIN(area.columns - 2, (int)WIDEST);
  const char *text = latest_job_text(&p->card, "Reading the card ...");
  if (!p->card.result) {
    page_say(cells, area, text ? text : "");
    return;
  }
  if (p->lines && p->lines->columns != columns) g_clear_pointer(&p->lines, lines_free);
  if (!p->lines) p->lines = card_text_new(p->card.result, columns, s->ui->ascii);
  if (p->lines->lines->len == 0) page_say(cells, area, "The card has no text.");
  list_resize(&p->list, MAX((int)p->lines->lines->len - area.rows + 1, 1));
  p->list.height = area.rows;
  lines_draw(p->lines, cells, (Rect){area.x + 1, area.y, columns, area.rows}, p->list.cursor);
}

static PageStep card_action(Subject *s, gpointer page, Action action) {
  (void)s;
  return (PageStep){.kind = list_action(&((CardPage *)page)->list, action) ? STEP_HANDLED : STEP_NONE};
}

static bool card_search(gpointer page, const char *text, bool here, bool back) {
  CardPage *p = page;
  if (text) {
    g_free(p->search);
    p->search = *text ? text_fold(text) : NULL;
  }
  int n = p->lines ? (int)p->lines->lines->len : 0;
  if (!p->search || !n) return !p->search;
  for (int i = here ? 0 : 1; i <= n; i++) {
    int at = ((p->list.cursor + (back ? -i : i)) % n + n) % n;
    g_autofree char *line = lines_text(p->lines, (guint)at);
    g_autofree char *folded = text_fold(line);
    if (!strstr(folded, p->search)) continue;
    list_select(&p->list, at);
    return true;
  }
  return false;
}

static const char *card_text(gpointer page) { return ((CardPage *)page)->card.result; }

const PageOps page_card = {.name = "Card",
                           .open = card_open,
                           .close = card_close,
                           .reset = card_reset,
                           .show = card_show,
                           .draw = card_draw,
                           .action = card_action,
                           .search = card_search,
                           .text = card_text};
