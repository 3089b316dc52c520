/* SPDX-License-Identifier: Apache-2.0 */
/* What strangers send: pasted text, floods of keys, endless lines; and the conversation for those who do not see. */
#include <glib/gstdio.h>
#include <string.h>

#include "tests/unit/ui_fixture.h"
#include "ui/app/app_keys.h"
#include "ui/app/command_line.h"
#include "session/history.h"
#include "ui/app/frame.h"
#include "ui/plain/plain.h"

static void paste(App *app, const char *text) {
  app_key(app, UIKEY_PASTE_BEGIN);
  for (const char *p = text; *p; p = g_utf8_next_char(p)) app_key(app, g_utf8_get_char(p));
  app_key(app, UIKEY_PASTE_END);
  app_draw(app);
}

static void test_paste_is_text(void) {
  FakeWood wood = {0};
  g_autoptr(App) app = ready_app(&wood, 80, 24);
  press(app, ":");
  paste(app, "model\towl\rquit\n");
  g_assert_cmpstr(app->ui.prompt.edit.text->str, ==, "model owl quit ");
  g_assert_nonnull(app->ui.prompt.label);     /* nothing was sent off */
  press(app, "<C-u>model fine-tuned<Enter>"); /* keys are keys again */
  settle(app);
  g_assert_true(on_screen(app, "Overview"));
}

static void test_paste_presses_no_keys(void) {
  FakeWood wood = {0};
  g_autoptr(App) app = ready_app(&wood, 80, 24);
  paste(app, "Qq3t\r:tour\r");
  g_assert_false(app->quit);
  g_assert_cmpint(app->current, ==, VIEW_FOREST);
  g_assert_null(app->ui.prompt.label);
  g_assert_cmpint(app->tour, ==, -1);
  g_assert_true(on_screen(app, "What is pasted is taken where one types"));
  press(app, "2");
  paste(app, "fox\r");
  g_assert_true(on_screen(app, "ask: fox"));
  press(app, "<C-u>");
}

/* A guest who leans on the keyboard: no queue grows, no line, no memory. */
static void test_flood(void) {
  FakeWood wood = {0};
  g_autoptr(App) app = ready_app(&wood, 80, 24);
  app->ui.read_only = true;
  for (int i = 0; i < 100; i++) press(app, "3t");
  for (int i = 0; i < 100; i++) press(app, "3s");
  g_assert_cmpuint(worker_busy(app->ui.engine.worker), ==, 0);
  g_assert_cmpint(atomic_load(&wood.trainings), ==, 0);
  atomic_store(&wood.hold_forest, true);
  press(app, "1r");
  wait_for_text(app, "sketching: Growing");
  for (int i = 0; i < 100; i++) press(app, "3a1r5e2fox<Esc>1jd");
  g_assert_cmpuint(worker_busy(app->ui.engine.worker), <, 10);
  atomic_store(&wood.hold_forest, false);
  settle(app);
}

static void test_endless_line(void) {
  FakeWood wood = {.many = 10000};
  g_autoptr(App) app = ready_app(&wood, 80, 24);
  app->ui.read_only = true;
  static const char *const places[] = {":model ", "<Esc>1/", "<Esc>1f", "<Esc>2"};
  for (size_t i = 0; i < G_N_ELEMENTS(places); i++) {
    press(app, places[i]);
    for (int k = 0; k < 1 << 16; k++) app_key(app, 'x');
    app_draw(app);
    if (app->ui.prompt.label) g_assert_cmpuint(app->ui.prompt.edit.text->len, <=, 1000);
  }
  settle(app);
  press(app, "<C-u><Esc>1<Esc><Esc>");
  for (int i = 0; i < 1000; i++) {
    g_autofree char *line = g_strdup_printf(":nonsense%d<Enter>", i);
    press(app, line);
  }
  g_assert_cmpuint(app->ui.history[HISTORY_COMMANDS]->len, <=, MEMORY_LINES);
  g_assert_null(wood.memory);
}

static char *talk(FakeWood *wood, bool read_only, const char *lines, size_t n_lines) {
  char *text = NULL;
  size_t n = 0;
  FILE *in = fmemopen((void *)lines, n_lines, "r"), *out = open_memstream(&text, &n);
  UiOptions options = {.collection = fake_collection(wood), .read_only = read_only};
  g_autoptr(GError) error = NULL;
  g_assert_true(plain_run(&options, &fake_ops, in, out, &error));
  g_assert_no_error(error);
  fclose(in);
  fclose(out);
  return text;
}

/* Nothing but characters and ends of lines. */
static void assert_plain(const char *text) {
  for (const char *p = text; *p; p = g_utf8_next_char(p))
    g_assert_true(*p == '\n' || g_unichar_isprint(g_utf8_get_char(p)));
}

/* Every view has its words; the whole conversation is held to a picture. */
static void test_plain(void) {
  static const char lines[] =
      "list kind:lora fox\ntree\nmodel fine-tuned\nlayers fine-tuned\nlayers base\nlayer fine-tuned "
      "encoder.0.attention.key\n"
      "card fine-tuned\ncard base\nlike fox-lora\nsays fox-lora\nsays base\nlabels fox-lora oak, elm, zzzz, "
      "zzyzx\ndiff base fine-tuned\n"
      "query owl\nquery xyzzy\nduplicates\nduplicates oldest\nduplicates newest\nspace\nspace store\nspace "
      "moon\nconflicts\ncompare fox-lora, owl-lora, base\ncompare base\nreport\nreport nobody\nexperts\ntrain "
      "up.2.to_k\nexperts\nmap\njobs\nskipped\nhelp\nfly\n"
      "model nobody\ndiff base\nlabels fox-lora\nlayer base\nexport\nquit\nlist\n";
  FakeWood wood = {.skips = 1};
  g_autofree char *text = talk(&wood, false, lines, strlen(lines)), *want = NULL;
  const char *folder = g_getenv("COPSE_TEST_SRCDIR");
  g_autofree char *path = g_build_filename(folder ? folder : ".", "tests", "golden", "plain.txt", NULL);
  assert_plain(text);
  if (g_getenv("UPDATE_GOLDEN")) g_assert_true(g_file_set_contents(path, text, -1, NULL));
  g_assert_true(g_file_get_contents(path, &want, NULL, NULL));
  g_assert_cmpstr(text, ==, want);
}

static void test_plain_for_guests(void) {
  g_autofree char *folder = g_dir_make_tmp("copse-plain-XXXXXX", NULL);
  g_autofree char *path = g_build_filename(folder, "out.csv", NULL);
  g_autofree char *lines = g_strdup_printf("train\nexport %s\n", path);
  FakeWood wood = {0};
  g_autofree char *text = talk(&wood, true, lines, strlen(lines));
  g_assert_nonnull(strstr(text, "nothing is trained"));
  g_assert_nonnull(strstr(text, "Nothing may be written"));
  g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
  g_assert_cmpint(atomic_load(&wood.trainings), ==, 0);
  g_autofree char *allowed = talk(&wood, false, lines, strlen(lines));
  g_assert_nonnull(strstr(allowed, "Written"));
  g_assert_true(g_file_set_contents(path, "mine", -1, NULL));
  g_autofree char *again = talk(&wood, false, lines, strlen(lines)), *kept = NULL;
  g_assert_nonnull(strstr(again, "is there already"));
  g_assert_true(g_file_get_contents(path, &kept, NULL, NULL));
  g_assert_cmpstr(kept, ==, "mine");
  g_remove(path);
  g_rmdir(folder);
}

static void test_plain_hostile(void) {
  enum { LONG = 1 << 20 };
  FakeWood wood = {0};
  g_autoptr(GString) lines = g_string_new("fly\033]52;c;eA==\a\xe2\x80\xae\xff\n");
  for (int i = 0; i < LONG; i++) g_string_append_c(lines, 'x');
  g_string_append_len(lines, "\n\0\0\n\r\nlist oak", 13);
  g_autofree char *text = talk(&wood, true, lines->str, lines->len);
  assert_plain(text);
  g_assert_cmpuint(strlen(text), <, 6000);     /* the long line was cut */
  g_assert_nonnull(strstr(text, "2 models.")); /* the last line needs no end */
}

int main(int argc, char **argv) {
  ui_test_init(&argc, &argv);
  g_test_add_func("/ui/paste/text", test_paste_is_text);
  g_test_add_func("/ui/paste/no-keys", test_paste_presses_no_keys);
  g_test_add_func("/ui/guest/flood", test_flood);
  g_test_add_func("/ui/guest/endless-line", test_endless_line);
  g_test_add_func("/ui/plain/golden", test_plain);
  g_test_add_func("/ui/plain/guest", test_plain_for_guests);
  g_test_add_func("/ui/plain/hostile", test_plain_hostile);
  return g_test_run();
}
