/* SPDX-License-Identifier: Apache-2.0 */
/* soak WOOD STATE [SECONDS [SEED]]: the whole interface on a collection of its own, in which random keys are pressed, the
 * window changes its size, models come and go and all is read again, as fast as the machine allows; and the memory that
 * this takes, which must not grow any more after a third of the time. As a guest's, so that nothing is written. */
#include <glib/gstdio.h>
#include <locale.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/files.h"
#include "numerics/linalg.h"
#include "numerics/rng.h"
#include "ui/app/app.h"
#include "ui/app/app_keys.h"
#include "ui/app/app_mouse.h"
#include "ui/app/frame.h"
#include "ui/desk/services.h"

/* What people press: words and lines whole, since few random letters make one. */
static const char *const presses[] = {"j",
                                      "j",
                                      "j",
                                      "k",
                                      "k",
                                      "<Down>",
                                      "<Up>",
                                      "<PageDown>",
                                      "<PageUp>",
                                      "<Home>",
                                      "<End>",
                                      "l",
                                      "h",
                                      "<Enter>",
                                      "<Enter>",
                                      "<Tab>",
                                      "<Esc>",
                                      "<Esc>",
                                      "1",
                                      "2",
                                      "3",
                                      "4",
                                      "5",
                                      "6",
                                      "/fox<Enter>",
                                      "n",
                                      "N",
                                      "s",
                                      "S",
                                      "g",
                                      "G",
                                      "o",
                                      "O",
                                      "c",
                                      "C",
                                      "m",
                                      "M",
                                      "v",
                                      "z",
                                      "Z",
                                      "x",
                                      "<Space>",
                                      "?",
                                      "!",
                                      "d",
                                      "D",
                                      "+",
                                      "-",
                                      "<",
                                      ">",
                                      "a",
                                      "b",
                                      "f",
                                      "p",
                                      "i",
                                      "y",
                                      "r",
                                      "w",
                                      "W",
                                      "2fox<Enter>",
                                      "2hare not fox<Enter>",
                                      "2\"brown owl\"<Enter>",
                                      ":filter kind:full<Enter>",
                                      ":filter<Enter>",
                                      ":sort name<Enter>",
                                      ":sort size<Enter>",
                                      ":map<Enter>",
                                      ":help<Enter>",
                                      ":tour<Enter>",
                                      ":theme light<Enter>",
                                      ":theme dark<Enter>",
                                      ":jobs<Enter>",
                                      ":space<Enter>",
                                      ":duplicates<Enter>",
                                      ":conflicts<Enter>",
                                      ":model a<Tab><Enter>"};

typedef struct {
  App *app;
  Rng rng;
  char *guest; /* a model that comes and goes */
  const char *model;
  unsigned long keys, sizes, scans;
} Soak;

static unsigned draw(Soak *s, unsigned n) { return (unsigned)rng_below(&s->rng, n); }

static double resident_mb(void) {
  g_autofree char *text = NULL;
  if (!g_file_get_contents("/proc/self/statm", &text, NULL, NULL)) return 0;
  const char *second = strchr(text, ' ');
  return second ? strtod(second, NULL) * (double)sysconf(_SC_PAGESIZE) / 1e6 : 0;
}

static void press(Soak *s, const char *keys) {
  for (const char *at = keys; *at; s->keys++) {
    const char *begin = at;
    Key key = key_parse(&at);
    if (key == UIKEY_NONE && at == begin) at++;
    else app_key(s->app, key);
    app_draw(s->app);
  }
}

/* The files change, and all is read again. */
static void rescan(Soak *s) {
  g_autofree char *bytes = NULL;
  gsize n;
  if (g_unlink(s->guest) != 0 && g_file_get_contents(s->model, &bytes, &n, NULL))
    file_write_bytes(s->guest, bytes, n, NULL);
  ui_ask(&s->app->ui, REQUEST_SCAN);
  s->scans++;
}

/* Until no job is left, at most a second: then it goes on beside what runs. */
static void settle(App *app) {
  gint64 end = g_get_monotonic_time() + G_USEC_PER_SEC;
  do {
    app_draw(app);
    app_wait(app, 20);
  } while (!app_is_idle(app) && g_get_monotonic_time() < end);
}

static void step(Soak *s) {
  unsigned what = draw(s, 200);
  if (what < 12) {
    app_resize(s->app, 1 + (int)draw(s, 220), 1 + (int)draw(s, 70));
    s->sizes++;
  } else if (what < 18) {
    app_mouse_event(s->app, (MouseEvent)draw(s, 5), (int)draw(s, 200), (int)draw(s, 60));
  } else if (what < 20) {
    rescan(s);
  } else if (what < 40) {
    settle(s->app);
  } else {
    press(s, presses[draw(s, G_N_ELEMENTS(presses))]);
  }
  app_draw(s->app);
  s->app->quit = false; /* whoever leaves comes again */
}

static double run(Soak *s, double seconds) {
  gint64 end = g_get_monotonic_time() + (gint64)(seconds * 1e6);
  while (g_get_monotonic_time() < end) step(s);
  press(s, "<Esc><Esc><Esc>1");
  settle(s->app);
  settle(s->app);
  malloc_trim(0);
  return resident_mb();
}

/* A weight file of the collection, to be copied. The caller frees it. */
static char *some_model(const char *wood) {
  g_autoptr(GDir) dir = g_dir_open(wood, 0, NULL);
  for (const char *name; dir && (name = g_dir_read_name(dir));) {
    g_autofree char *path = g_build_filename(wood, name, NULL);
    if (g_str_has_suffix(name, ".safetensors")) return g_steal_pointer(&path);
    char *below = g_file_test(path, G_FILE_TEST_IS_DIR) ? some_model(path) : NULL;
    if (below) return below;
  }
  return NULL;
}

int main(int argc, char **argv) {
  double seconds = argc > 3 ? atof(argv[3]) : 120;
  g_autoptr(GError) error = NULL;
  if (argc < 3) return fprintf(stderr, "usage: soak WOOD STATE [SECONDS [SEED]]\n"), 2;
  setlocale(LC_ALL, "C.UTF-8");
  linalg_set_threads(1);
  const CollectionOptions how = {.state = argv[2], .read_only = true};
  g_autoptr(Collection) wood = collection_open(argv[1], &how, &error);
  g_autofree char *model = some_model(argv[1]), *guest = g_build_filename(argv[1], "guest.safetensors", NULL);
  Soak s = {.guest = guest, .model = model};
  rng_init(&s.rng, argc > 4 ? (uint64_t)atol(argv[4]) : 1, 0);
  const UiOptions options = {.collection = wood, .read_only = true, .theme = "dark"};
  if (wood && model) s.app = app_new(&options, &engine_ops, true, &error);
  if (!s.app) return fprintf(stderr, "soak: %s\n", error ? error->message : "no model there"), 1;
  app_resize(s.app, 100, 30);
  double third = run(&s, seconds / 3), end = run(&s, seconds * 2 / 3);
  app_free(s.app);
  g_unlink(guest);
  bool steady = end <= third * 1.1 + 4;
  printf("soak: %lu keys, %lu sizes, %lu scans in %.0f s; %.1f MB at the third, %.1f MB at the end: %s\n", s.keys,
         s.sizes, s.scans, seconds, third, end, steady ? "steady" : "GROWING");
  return steady ? 0 : 1;
}
