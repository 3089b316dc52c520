/* SPDX-License-Identifier: Apache-2.0 */
/* Keys, pressed in the whole interface over a small wood, as a guest's: nothing is written whatever is typed. A byte
 * 1 begins a paste, 2 ends it, 3 takes two bytes for a click there, 4 two bytes for a size, 5 lets jobs end. The screen is
 * small, is drawn after every few keys only and without curses: to draw it after each took most of the time. */
#include <locale.h>
#include <stdlib.h>

#include "tests/unit/ui_fixture.h"
#include "ui/app/app_keys.h"
#include "ui/app/app_mouse.h"
#include "ui/app/frame.h"
#include "ui/app/navigation.h"
#include "ui/app/requests.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { KEYS_MOST = 1000, KEYS_A_FRAME = 12, COLUMNS = 44, ROWS = 12 };

/* A name between brackets or a character; what is neither is a byte of its own. */
static Key next_key(const char **at) {
  const char *begin = *at;
  Key key = key_parse(at);
  if (key == UIKEY_NONE && *at == begin) key = (guchar) * (*at)++;
  char name[KEY_NAME_MAX], label[KEY_NAME_MAX];
  if (key == UIKEY_NONE) return key;
  key_write(key, name);
  key_label(key, label);
  const char *again = name;
  if (key < UIKEY_RESIZE && g_unichar_validate(key) && *name && key_parse(&again) != key) abort();
  return key;
}

/* Bytes below 6 tell what is no key. */
static void perform(App *app, const char **at) {
  char what = *(*at)++;
  int x = **at ? (guchar) * (*at)++ : 0, y = **at ? (guchar) * (*at)++ : 0;
  if (what == 3) app_mouse_event(app, (MouseEvent)(x % 5), x, y % 60);
  if (what == 4) app_resize(app, x % 120 + 1, y % 40 + 1);
  app_draw(app);
}

/* Until no job is left; drawn once, and not for each thing that a job says. What a view does some time after a key is
 * done at once: views are told that it is later than it is. */
static void finish_jobs(App *app) {
  enum { LATER = 10, ROUNDS = 4 };
  gint64 end = g_get_monotonic_time() + 20 * G_USEC_PER_SEC;
  for (int round = 0; round < ROUNDS; round++) {
    gint64 later = g_get_monotonic_time() + LATER * G_USEC_PER_SEC;
    for (int v = 0; v < VIEW_COUNT; v++)
      if (app_views[v]->tick) app_views[v]->tick(&app->ui, app->views[v], later);
    app_serve(app);
    if (worker_idle(app->ui.engine.worker)) break;
    while (!worker_idle(app->ui.engine.worker)) {
      if (g_get_monotonic_time() > end) abort();
      app_wait(app, 5);
    }
  }
  app->dirty = true;
  app_draw(app);
}

static void press_all(App *app, const char *text) {
  int n = 0;
  for (const char *at = text; *at && n < KEYS_MOST && !app->quit; n++) {
    if (*at == 1 || *at == 2) app_key(app, *at++ == 1 ? UIKEY_PASTE_BEGIN : UIKEY_PASTE_END);
    else if (*at == 3 || *at == 4) perform(app, &at);
    else if (*at == 5) finish_jobs(app), at++;
    else app_key(app, next_key(&at));
    if (n % KEYS_A_FRAME == KEYS_A_FRAME - 1) app_draw(app);
  }
  app_draw(app);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  setlocale(LC_ALL, "C.UTF-8");
  g_autofree char *text = g_strndup((const char *)data, n);
  FakeWood wood = {.many = 12, .skips = 2, .uncursed = true, .threadless = true};
  g_autoptr(App) app = fake_app(&wood, COLUMNS, ROWS, "dark", false);
  app->ui.read_only = true;
  finish_jobs(app);
  press_all(app, text);
  if (wood.memory || atomic_load(&wood.trainings)) abort();
  return 0;
}
