/* SPDX-License-Identifier: Apache-2.0 */
/* What terminals answer, told from keys. */
#include "ui/toolkit/term_reply.h"

/* Feeds an answer without its escape; what it means, and that nothing of it is left over. */
static ReplyMeaning feed(const char *text, const char *rest) {
  TermReply r = {0};
  ReplyMeaning meaning = REPLY_NOTHING;
  g_assert_true(term_reply_begins((gunichar)*text));
  term_reply_begin(&r, (gunichar)*text++, 0);
  while (*text && !term_reply_take(&r, (gunichar)(guchar)*text, 1000, &meaning)) text++;
  if (*text) text++;
  g_assert_cmpstr(text, ==, rest);
  bool left = r.text != NULL;
  term_reply_clear(&r);
  g_assert_cmpint(left, ==, FALSE);
  return meaning;
}

static void test_backgrounds(void) {
  g_assert_cmpint(feed("]11;rgb:ffff/ffff/ffff\033\\x", "x"), ==, REPLY_LIGHT);
  g_assert_cmpint(feed("]11;rgb:0000/0000/0000\007", ""), ==, REPLY_DARK);
  g_assert_cmpint(feed("]11;rgb:fd/f6/e3\007", ""), ==, REPLY_LIGHT);
  g_assert_cmpint(feed("]11;rgb:0/2/3\033\\", ""), ==, REPLY_DARK);
  g_assert_cmpint(feed("]11;rgba:2828/2c2c/3434/ffff\033\\", ""), ==, REPLY_DARK);
  g_assert_cmpint(feed("]11;rgb:0000/ffff/0000\007", ""), ==, REPLY_LIGHT); /* green is bright to the eye */
  g_assert_cmpint(feed("]11;rgb:0000/0000/ffff\007", ""), ==, REPLY_DARK);
}

static void test_modes(void) {
  g_assert_cmpint(feed("[?997;1n", ""), ==, REPLY_DARK);
  g_assert_cmpint(feed("[?997;2nj", "j"), ==, REPLY_LIGHT);
  g_assert_cmpint(feed("[?2026;2$y", ""), ==, REPLY_SYNCHRONISED);
  g_assert_cmpint(feed("[?2026;0$y", ""), ==, REPLY_NOTHING); /* it does not know the mode */
}

/* Nonsense means nothing, and is not held for longer than so many bytes or so much time. */
static void test_hostile(void) {
  TermReply r = {0};
  ReplyMeaning meaning;
  g_assert_cmpint(feed("]11;rgb:/ffff/ffff\007", ""), ==, REPLY_NOTHING);
  g_assert_cmpint(feed("]11;rgb:ffff\007", ""), ==, REPLY_NOTHING);
  g_assert_cmpint(feed("]11;rgb\007", ""), ==, REPLY_NOTHING);
  g_assert_cmpint(feed("]52;c;AAAA\007", ""), ==, REPLY_NOTHING);
  term_reply_begin(&r, ']', 0);
  guint n = 0;
  while (!term_reply_take(&r, 'x', 0, &meaning)) n++;
  g_assert_cmpuint(n, <, REPLY_BYTES);
  g_assert_null(r.text);
  term_reply_begin(&r, ']', 0);
  g_assert_false(term_reply_take(&r, '1', 1, &meaning));
  term_reply_expire(&r, REPLY_MICROSECONDS / 2);
  g_assert_nonnull(r.text);
  term_reply_expire(&r, 2 * REPLY_MICROSECONDS);
  g_assert_null(r.text);
  g_assert_false(term_reply_begins('O'));
  g_assert_false(term_reply_begins('5')); /* Alt with a digit */
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/ui/reply/backgrounds", test_backgrounds);
  g_test_add_func("/ui/reply/modes", test_modes);
  g_test_add_func("/ui/reply/hostile", test_hostile);
  return g_test_run();
}
