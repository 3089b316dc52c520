/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/app/requests.h"

#include <string.h>

#include "ui/app/navigation.h"
#include "ui/desk/services.h"
#include "ui/toolkit/pager.h"

/* Hands a request to the view that it is for. */
static void pass_on(App *app, ViewId view, const Request *request) {
  app_views[view]->serve(&app->ui, app->views[view], request);
}

/* The same, on screen. */
static void show(App *app, ViewId view, const Request *request) {
  app_visit(app, view);
  pass_on(app, view, request);
}

void app_note_looking(App *app) { app->ui.looking = app->opening.jobs[OPENING_SCAN] != 0; }

static void look_again(App *app, OpeningStep what) {
  opening_start(&app->opening, what);
  app_note_looking(app);
}

static void show_page(App *app, const char *text) {
  g_autoptr(GError) error = NULL;
  if (app->ui.read_only) ui_tell(&app->ui, STYLE_WARN, "No pager in a read-only session");
  else if (!pager_run(app->term, text, &error)) ui_tell(&app->ui, STYLE_BAD, "No page: %s", error->message);
  app->dirty = true;
}

/* Says what became of the text: not every terminal that is told obeys. */
static void copy(App *app, const char *text) {
  Ui *ui = &app->ui;
  gsize n = strlen(text);
  bool tmux = !ui->read_only && term_fd(app->term) >= 0 && tmux_copy(text);
  if (tmux || term_copy(app->term, text))
    ui_tell(ui, STYLE_GOOD, "%zu byte%s sent to %s", n, n == 1 ? "" : "s",
            tmux ? "tmux's buffer" : "the terminal's clipboard, if it takes them (OSC 52)");
  else ui_tell(ui, STYLE_WARN, "%zu bytes are more than terminals take: export them to a file", n);
}

static void take_answer(App *app, Request *request) {
  Ui *ui = &app->ui;
  g_free(ui->question);
  g_clear_pointer(&ui->scores, g_hash_table_unref);
  ui->question = g_steal_pointer(&request->answer.question);
  ui->scores = g_steal_pointer(&request->answer.scores);
  app_tell_views(app, CHANGED_SCORES);
}

static void take_predicted(App *app, Request *request) {
  g_clear_pointer(&app->ui.predicted, g_hash_table_unref);
  app->ui.predicted = g_steal_pointer(&request->predicted);
  app_tell_views(app, CHANGED_PREDICTED);
}

static void serve(App *app, Request *request) {
  switch (request->kind) {
    case REQUEST_BACK:
      app_back(app);
      break;
    case REQUEST_RETURN:
      if (app->trail_length) app_back(app);
      break;
    case REQUEST_SKIPPED:
      app_show(app, VIEW_SKIPPED);
      break;
    case REQUEST_SCAN:
      look_again(app, OPENING_SCAN);
      break;
    case REQUEST_EXPERTS:
      look_again(app, OPENING_EXPERTS);
      break;
    case REQUEST_REDRAW:
      app->dirty = true;
      break;
    case REQUEST_MODEL:
      show(app, VIEW_MODEL, request);
      break;
    case REQUEST_LOCATE:
      show(app, VIEW_FOREST, request);
      break;
    case REQUEST_DIFF:
      show(app, VIEW_DIFF, request);
      break;
    case REQUEST_COMPARE:
      show(app, VIEW_COMPARE, request);
      break;
    case REQUEST_REPORT:
      show(app, VIEW_REPORT, request);
      break;
    case REQUEST_MESSAGES:
      show(app, VIEW_MESSAGES, request);
      break;
    case REQUEST_TAG:
      pass_on(app, VIEW_FOREST, request);
      break;
    case REQUEST_COPY:
      copy(app, request->text);
      break;
    case REQUEST_PAGE:
      show_page(app, request->text);
      break;
    case REQUEST_ANSWER:
      take_answer(app, request);
      break;
    case REQUEST_PREDICTED:
      take_predicted(app, request);
      break;
  }
}

void app_serve(App *app) {
  Request *request;
  while ((request = g_queue_pop_head(&app->ui.asked))) {
    serve(app, request);
    request_free(request);
  }
}
