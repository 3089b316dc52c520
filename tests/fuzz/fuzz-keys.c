/* SPDX-License-Identifier: Apache-2.0 */
/* Keys, pressed in the whole interface over a small wood, as a guest's: nothing is written whatever is typed. A byte
 * 1 begins a paste, 2 ends it, 3 takes two bytes for a click there, 4 two bytes for a size, 5 lets jobs end. */
#include <locale.h>
#include <stdlib.h>

#include "tests/unit/ui_fixture.h"
#include "ui/app/app_keys.h"
#include "ui/app/frame.h"
#include "ui/app/app_mouse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { KEYS_MOST = 2000 };

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
  if (what == 4) app_resize(app, x + 1, y % 80 + 1);
}

static void press_all(App *app, const char *text) {
  int n = 0;
  for (const char *at = text; *at && n < KEYS_MOST && !app->quit; n++) {
    if (*at == 1 || *at == 2) app_key(app, *at++ == 1 ? UIKEY_PASTE_BEGIN : UIKEY_PASTE_END);
    else if (*at == 3 || *at == 4) perform(app, &at);
    else if (*at == 5) settle(app), at++;
    else app_key(app, next_key(&at));
    app_draw(app);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  setlocale(LC_ALL, "C.UTF-8");
  g_autofree char *text = g_strndup((const char *)data, n);
  FakeWood wood = {.many = 20, .skips = 2};
  g_autoptr(App) app = fake_app(&wood, 80, 24, "dark", false);
  app->ui.read_only = true;
  settle(app);
  press_all(app, text);
  if (wood.memory || atomic_load(&wood.trainings)) abort();
  return 0;
}
