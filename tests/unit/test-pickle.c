/* SPDX-License-Identifier: Apache-2.0 */
/* One object in every protocol, each opcode at least once, and streams that lie. */
#include <string.h>

#include "core/error.h"
#include "weights/torch/pickle.h"

/* Bytes that may hold NUL, with their number. */
#define BYTES(s) s, sizeof(s) - 1

typedef struct {
  const char *name;
  const char *bytes;
  size_t n;
  const char *shown;     /* the value as show() writes it; NULL: the stream must be refused */
  const char *complaint; /* part of the message then */
} Sample;

#define SAMPLE                                                                  \
  "{a:[1,-2,300,70000,1099511627776,-3],b:(1.5,None,True,False),e:caf\303\251," \
  "t:((),(1,),(1,2),(1,2,3),(1,2,3,4)),n:{k:{}},again:[1,-2,300,70000,1099511627776,-3]}"

/* The first six are what Python writes for one object. */
static const Sample samples[] = {
    {"protocol-0",
     BYTES("(dp0\012Va\012p1\012(lp2\012I1\012aI-2\012aI300\012aI70000\012aL1099511627776L\012aI"
           "-3\012asVb\012p3\012(F1.5\012NI01\012I00\012tp4\012sVe\012p5\012Vcaf\351\012p6\012sV"
           "t\012p7\012((t(I1\012tp8\012(I1\012I2\012tp9\012(I1\012I2\012I3\012tp10\012(I1\012I2"
           "\012I3\012I4\012tp11\012tp12\012sVn\012p13\012(dp14\012Vk\012p15\012(dp16\012ssVagai"
           "n\012p17\012g2\012s."),
     SAMPLE, NULL},
    {"protocol-1",
     BYTES("}q\000(X\001\000\000\000aq\001]q\002(K\001J\376\377\377\377M,\001Jp\021\001\000L1099"
           "511627776L\012J\375\377\377\377eX\001\000\000\000bq\003(G\077\370\000\000\000\000"
           "\000\000NI01\012I00\012tq\004X\001\000\000\000eq\005X\005\000\000\000caf\303\251q"
           "\006X\001\000\000\000tq\007()(K\001tq\010(K\001K\002tq\011(K\001K\002K\003tq\012(K"
           "\001K\002K\003K\004tq\013tq\014X\001\000\000\000nq\015}q\016X\001\000\000\000kq\017}"
           "q\020sX\005\000\000\000againq\021h\002u."),
     SAMPLE, NULL},
    {"protocol-2",
     BYTES("\200\002}q\000(X\001\000\000\000aq\001]q\002(K\001J\376\377\377\377M,\001Jp\021\001"
           "\000\212\006\000\000\000\000\000\001J\375\377\377\377eX\001\000\000\000bq\003(G\077"
           "\370\000\000\000\000\000\000N\210\211tq\004X\001\000\000\000eq\005X\005\000\000\000c"
           "af\303\251q\006X\001\000\000\000tq\007()K\001\205q\010K\001K\002\206q\011K\001K\002K"
           "\003\207q\012(K\001K\002K\003K\004tq\013tq\014X\001\000\000\000nq\015}q\016X\001\000"
           "\000\000kq\017}q\020sX\005\000\000\000againq\021h\002u."),
     SAMPLE, NULL},
    {"protocol-3",
     BYTES("\200\003}q\000(X\001\000\000\000aq\001]q\002(K\001J\376\377\377\377M,\001Jp\021\001"
           "\000\212\006\000\000\000\000\000\001J\375\377\377\377eX\001\000\000\000bq\003(G\077"
           "\370\000\000\000\000\000\000N\210\211tq\004X\001\000\000\000eq\005X\005\000\000\000c"
           "af\303\251q\006X\001\000\000\000tq\007()K\001\205q\010K\001K\002\206q\011K\001K\002K"
           "\003\207q\012(K\001K\002K\003K\004tq\013tq\014X\001\000\000\000nq\015}q\016X\001\000"
           "\000\000kq\017}q\020sX\005\000\000\000againq\021h\002u."),
     SAMPLE, NULL},
    {"protocol-4",
     BYTES("\200\004\225\204\000\000\000\000\000\000\000}\224(\214\001a\224]\224(K\001J\376\377"
           "\377\377M,\001Jp\021\001\000\212\006\000\000\000\000\000\001J\375\377\377\377e\214"
           "\001b\224(G\077\370\000\000\000\000\000\000N\210\211t\224\214\001e\224\214\005caf"
           "\303\251\224\214\001t\224()K\001\205\224K\001K\002\206\224K\001K\002K\003\207\224(K"
           "\001K\002K\003K\004t\224t\224\214\001n\224}\224\214\001k\224}\224s\214\005again\224h"
           "\002u."),
     SAMPLE, NULL},
    {"protocol-5",
     BYTES("\200\005\225\204\000\000\000\000\000\000\000}\224(\214\001a\224]\224(K\001J\376\377"
           "\377\377M,\001Jp\021\001\000\212\006\000\000\000\000\000\001J\375\377\377\377e\214"
           "\001b\224(G\077\370\000\000\000\000\000\000N\210\211t\224\214\001e\224\214\005caf"
           "\303\251\224\214\001t\224()K\001\205\224K\001K\002\206\224K\001K\002K\003\207\224(K"
           "\001K\002K\003K\004t\224t\224\214\001n\224}\224\214\001k\224}\224s\214\005again\224h"
           "\002u."),
     SAMPLE, NULL},
    {"string-escapes", BYTES("S'a\\n\\x41\\\\\\'q'\n."), "a\nA\\'q", NULL},
    {"unicode-escapes", BYTES("Vx\\u00e9\\U0001F333\\q\n."), "x\303\251\360\237\214\263\\q", NULL},
    {"short-string", BYTES("U\3abc."), "abc", NULL},
    {"long-string", BYTES("T\3\0\0\0abc."), "abc", NULL},
    {"text8", BYTES("\x8d\3\0\0\0\0\0\0\0abc."), "abc", NULL},
    {"bytes", BYTES("(C\1aB\1\0\0\0b\x8e\1\0\0\0\0\0\0\0c\x96\1\0\0\0\0\0\0\0dt."), "(b'a,b'b,b'c,b'd)", NULL},
    {"long1-empty", BYTES("\x8a\0."), "0", NULL},
    {"long1-minus", BYTES("\x8a\1\xff."), "-1", NULL},
    {"long1-least", BYTES("\x8a\10\0\0\0\0\0\0\0\x80."), "-9223372036854775808", NULL},
    {"long1-big", BYTES("\x8a\11\0\0\0\0\0\0\0\x80\0."), "big9", NULL},
    {"long4", BYTES("\x8b\2\0\0\0\1\1."), "257", NULL},
    {"digits-most", BYTES("L9223372036854775807L\n."), "9223372036854775807", NULL},
    {"digits-big", BYTES("L9223372036854775808L\n."), "big10", NULL},
    {"digits-huge", BYTES("L99999999999999999999999999999999999999999L\n."), "big10", NULL},
    {"digits-minus", BYTES("I-7\n."), "-7", NULL},
    {"set", BYTES("\x8f(K\1K\2\x90."), "<1,2>", NULL},
    {"frozenset", BYTES("(K\1\x91."), "<1>", NULL},
    {"dict-of-mark", BYTES("(K\1K\2d."), "{1:2}", NULL},
    {"list-of-mark", BYTES("(K\1K\2l."), "[1,2]", NULL},
    {"setitem", BYTES("}K\1K\2s."), "{1:2}", NULL},
    {"append", BYTES("]K\1a."), "[1]", NULL},
    {"pop",
     BYTES("K\1K\2"
           "0."),
     "1", NULL},
    {"pop-mark-by-pop", BYTES("K\1(0."), "1", NULL},
    {"pop-mark",
     BYTES("K\1(K\2K\3"
           "1."),
     "1", NULL},
    {"duplicate",
     BYTES("(K\1"
           "2t."),
     "(1,1)", NULL},
    {"memo", BYTES("(K\1q\0K\2r\1\0\0\0K\3p2\nh\0j\1\0\0\0g2\nt."), "(1,2,3,1,2,3)", NULL},
    {"memoize", BYTES("(K\1\x94K\2\x94h\1t."), "(1,2,2)", NULL},
    {"global", BYTES("cmodule\nName\n."), "module.Name#7", NULL},
    {"stack-global", BYTES("\x8c\6module\x8c\4Name\x93."), "module.Name#7", NULL},
    {"reduce", BYTES("cmodule\nName\n(K\1tR."), "module.Name#7(1,)", NULL},
    {"newobj", BYTES("cmodule\nName\n)\x81."), "module.Name#7()", NULL},
    {"newobj-ex", BYTES("cmodule\nName\n)}\x92."), "module.Name#7()", NULL},
    {"inst", BYTES("(K\1imodule\nName\n."), "module.Name#7(1,)", NULL},
    {"obj", BYTES("(cmodule\nName\nK\1o."), "module.Name#7(1,)", NULL},
    {"build", BYTES("cmodule\nName\n)R}K\1K\2sb."), "module.Name#7()!{1:2}", NULL},
    {"items-on-object", BYTES("cmodule\nName\n)R(K\1K\2u."), "module.Name#7()+{1:2}", NULL},
    {"list-on-object", BYTES("cmodule\nName\n)RK\1a(K\2K\3eK\4K\5s."), "module.Name#7()+[1,2,3]", NULL},
    {"opaque", BYTES("cother\nThing\n)R."), "other.Thing#-1()", NULL},
    {"made-class", BYTES("cother\nThing\n)R)\x81."), "other.Thing#-1()", NULL},
    {"persistent", BYTES("(K\1tQ."), "@(1,)", NULL},
    {"persistent-line", BYTES("Pan id\n."), "@an id", NULL},
    {"frame", BYTES("\x80\4\x95\2\0\0\0\0\0\0\0K\1."), "1", NULL},
    {"followed", BYTES("K\1.rest"), "1", NULL},

    {"nothing", BYTES(""), NULL, "the file ends in the middle of it: a download cut short"},
    {"no-stop", BYTES("K\1"), NULL, "the file ends in the middle of it: a download cut short"},
    {"stop-at-once", BYTES("."), NULL, "it takes from an empty stack"},
    {"unknown", BYTES("\xff."), NULL, "a byte that is no opcode: no pickle, or a damaged one"},
    {"protocol-6", BYTES("\x80\6K\1."), NULL, "a protocol above 5, which is not known: save it again with protocol 2"},
    {"frame-beyond", BYTES("\x95\377\377\377\377\377\377\377\377K\1."), NULL,
     "a frame reaches beyond the end: a download cut short"},
    {"text-beyond", BYTES("X\377\377\377\377a."), NULL, "the file ends in the middle of it: a download cut short"},
    {"text8-beyond", BYTES("\x8d\377\377\377\377\377\377\377\377a."), NULL,
     "the file ends in the middle of it: a download cut short"},
    {"long4-beyond", BYTES("\x8b\377\377\377\377\1."), NULL, "the file ends in the middle of it: a download cut short"},
    {"line-without-end", BYTES("Vabc"), NULL, "the file ends in the middle of it: a download cut short"},
    {"string-without-quotes", BYTES("Sabc\n."), NULL, "a string without its quotes"},
    {"string-half-quoted", BYTES("S'abc\n."), NULL, "a string without its quotes"},
    {"digits-none", BYTES("I\n."), NULL, "a whole number is written wrongly"},
    {"digits-letters", BYTES("L12x\n."), NULL, "a whole number is written wrongly"},
    {"float-letters", BYTES("F1.5x\n."), NULL, "a number is written wrongly"},
    {"no-memo", BYTES("h\7."), NULL, "it asks the memo for what was never put there"},
    {"memo-hole", BYTES("K\1r\5\0\0\0h\2."), NULL, "it asks the memo for what was never put there"},
    {"memo-far", BYTES("K\1r\377\377\377\377."), NULL, "its memo grows too large"},
    {"memo-minus", BYTES("K\1p-1\n."), NULL, "a place in the memo is written wrongly"},
    {"no-mark", BYTES("K\1t."), NULL, "it looks for a mark that is not there"},
    {"tuple-short", BYTES("K\1\x87."), NULL, "it takes from an empty stack"},
    {"tuple-over-mark", BYTES("K\1(\x85."), NULL, "it takes from an empty stack"},
    {"pop-over-nothing", BYTES("0."), NULL, "it takes from an empty stack"},
    {"key-alone", BYTES("(K\1d."), NULL, "a key stands without a value"},
    {"key-alone-on-dict", BYTES("}(K\1u."), NULL, "a key stands without a value"},
    {"items-on-number", BYTES("K\1K\2K\3s."), NULL, "items are put on what is no container"},
    {"append-on-dict", BYTES("}K\1a."), NULL, "items are put on what is no container"},
    {"append-on-mark", BYTES("](K\1a."), NULL, "it takes from an empty stack"},
    {"global-of-numbers", BYTES("K\1K\2\x93."), NULL, "a global's name is no text"},
    {"global-with-nul", BYTES("\x8c\3a\0b\x8c\1x\x93."), NULL, "a global's name is overlong or holds NUL"},
    {"call-of-number", BYTES("K\1)R."), NULL, "it calls what is no named class or function"},
    {"call-of-known-result", BYTES("cmodule\nName\n)R)R."), NULL, "it calls what is no named class or function"},
    {"call-with-list", BYTES("cmodule\nName\n]R."), NULL, "it calls something with what is no tuple"},
    {"state-of-number", BYTES("K\1K\2b."), NULL, "it sets the state of what is no object"},
    {"obj-of-nothing", BYTES("(o."), NULL, "it constructs an object of no class"},
    {"extension", BYTES("\x82\1."), NULL,
     "it leans on a registry or on buffers outside the file, which are not read: save it again without them"},
    {"buffer", BYTES("\x97."), NULL,
     "it leans on a registry or on buffers outside the file, which are not read: save it again without them"},
    {"refused", BYTES("cbad\nthing\n."), NULL, "refuses to load bad.thing"},
    {"refused-inst", BYTES("(ibad\nthing\n."), NULL, "refuses to load bad.thing"},
    {"refused-later", BYTES("}(X\1\0\0\0aK\1X\1\0\0\0b\x8c\3bad\x8c\1\033\x93u."), NULL,
     "refuses to load bad.\357\277\275,"},
};

static int judge(void *user, const char *module, const char *name) {
  (void)user;
  if (strcmp(module, "bad") == 0) return PICKLE_REFUSED;
  return strcmp(module, "module") == 0 && strcmp(name, "Name") == 0 ? 7 : PICKLE_OPAQUE;
}

static void show(GString *out, const PickleValue *v);

static void show_items(GString *out, const PickleValue *v, const char *brackets) {
  g_string_append_c(out, brackets[0]);
  for (guint i = 0; i < v->u.items.n; i++) {
    if (i) g_string_append_c(out, v->kind == PICKLE_DICT && i % 2 ? ':' : ',');
    show(out, v->u.items.at[i]);
  }
  if (v->kind == PICKLE_TUPLE && v->u.items.n == 1) g_string_append_c(out, ',');
  g_string_append_c(out, brackets[1]);
}

static void show_object(GString *out, const PickleValue *v) {
  show(out, v->u.object.callable);
  show(out, v->u.object.args);
  if (v->u.object.items) show(g_string_append_c(out, '+'), v->u.object.items);
  if (v->u.object.state) show(g_string_append_c(out, '!'), v->u.object.state);
}

/* A value in one line; the samples have no circles. */
static void show(GString *out, const PickleValue *v) {
  switch (v->kind) {
    case PICKLE_NONE:
      g_string_append(out, "None");
      break;
    case PICKLE_BOOL:
      g_string_append(out, v->u.truth ? "True" : "False");
      break;
    case PICKLE_INT:
      g_string_append_printf(out, "%" G_GINT64_FORMAT, v->u.integer);
      break;
    case PICKLE_BIG:
      g_string_append_printf(out, "big%zu", v->u.text.n);
      break;
    case PICKLE_FLOAT:
      g_string_append_printf(out, "%g", v->u.real);
      break;
    case PICKLE_BYTES:
      g_string_append(out, "b'"); /* fall through */
    case PICKLE_TEXT:
      g_string_append_len(out, v->u.text.bytes, (gssize)v->u.text.n);
      break;
    case PICKLE_TUPLE:
      show_items(out, v, "()");
      break;
    case PICKLE_LIST:
      show_items(out, v, "[]");
      break;
    case PICKLE_SET:
      show_items(out, v, "<>");
      break;
    case PICKLE_DICT:
      show_items(out, v, "{}");
      break;
    case PICKLE_GLOBAL:
      g_string_append_printf(out, "%s#%d", v->u.global.name, v->u.global.tag);
      break;
    case PICKLE_OBJECT:
      show_object(out, v);
      break;
    case PICKLE_PERSISTENT:
      show(g_string_append_c(out, '@'), v->u.id);
      break;
  }
}

static Pickle *read_bytes(const char *bytes, size_t n, GError **error) {
  g_autoptr(GBytes) b = g_bytes_new(bytes, n);
  g_autoptr(ByteSource) source = byte_source_from_bytes(b, "test.pkl");
  return pickle_read(source, 0, judge, NULL, error);
}

static void test_sample(const void *user) {
  const Sample *s = user;
  g_autoptr(GError) error = NULL;
  g_autoptr(Pickle) p = read_bytes(s->bytes, s->n, &error);
  if (s->shown) {
    g_assert_no_error(error);
    g_autoptr(GString) shown = g_string_new(NULL);
    show(shown, pickle_root(p));
    g_assert_cmpstr(shown->str, ==, s->shown);
    return;
  }
  g_assert_null(p);
  if (!strstr(error->message, s->complaint)) g_error("%s: %s", s->name, error->message);
  g_assert_true(g_str_has_prefix(error->message, "test.pkl: pickle at byte "));
}

/* A good stream cut at every byte is refused, never misread. */
static void test_cut(void) {
  for (size_t i = 0; i < 6; i++)
    for (size_t n = 0; n < samples[i].n; n++) {
      g_autoptr(GError) error = NULL;
      g_assert_null(read_bytes(samples[i].bytes, n, &error));
      g_assert_nonnull(error);
    }
}

static void test_place(void) {
  static const char stream[] = "xxK\1.(K\2tQ.";
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) b = g_bytes_new(stream, sizeof stream - 1);
  g_autoptr(ByteSource) source = byte_source_from_bytes(b, "test.pkl");
  g_autoptr(Pickle) first = pickle_read(source, 2, judge, NULL, &error);
  g_assert_cmpuint(pickle_end(first), ==, 5);
  g_autoptr(Pickle) second = pickle_read(source, 5, judge, NULL, &error);
  g_assert_cmpuint(pickle_end(second), ==, sizeof stream - 1);
  g_assert_cmpuint(pickle_persistents(second)->len, ==, 1);
  g_assert_null(pickle_read(source, 100, judge, NULL, &error));
}

static void test_opaque_names(void) {
  static const char stream[] = "(cother\nA\ncmodule\nName\ncother\n\033B\ncother\nA\nt.";
  g_autoptr(GError) error = NULL;
  g_autoptr(Pickle) p = read_bytes(BYTES(stream), &error);
  g_assert_no_error(error);
  const GPtrArray *names = pickle_opaque(p);
  g_assert_cmpuint(names->len, ==, 2);
  g_assert_cmpstr(names->pdata[0], ==, "other.A");
  g_assert_cmpstr(names->pdata[1], ==,
                  "other.\357\277\275"
                  "B");
}

static void assert_bounded(GString *stream, const char *complaint) {
  g_autoptr(GError) error = NULL;
  g_assert_null(read_bytes(stream->str, stream->len, &error));
  if (!strstr(error->message, complaint)) g_error("%s", error->message);
}

/* Streams that ask for more than they are worth. */
static void test_bounds(void) {
  enum { MANY = (4 << 20) + 16 };
  g_autoptr(GString) marks = g_string_new(NULL);
  for (int i = 0; i < 100000; i++) g_string_append_c(marks, '(');
  assert_bounded(marks, "it sets too many marks");

  g_autoptr(GString) deep = g_string_sized_new(MANY);
  g_string_append(deep, "]");
  for (int i = 0; i < MANY; i++) g_string_append_c(deep, '2');
  assert_bounded(deep, "its stack grows too high");

  g_autoptr(GString) values = g_string_sized_new(2 * MANY);
  for (int i = 0; i < MANY; i++) g_string_append_len(values, ")0", 2);
  assert_bounded(values, "it holds more values than are read");

  g_autoptr(GString) line = g_string_new("V");
  for (int i = 0; i < (2 << 20); i++) g_string_append_c(line, 'a');
  assert_bounded(line, "a line is longer than 1 MiB");

  g_autoptr(GString) name = g_string_new("c");
  for (int i = 0; i < 2000; i++) g_string_append_c(name, 'a');
  g_string_append(name, "\nx\n.");
  assert_bounded(name, "a global's name is overlong or holds NUL");
}

/* A list within itself is a value like others. */
static void test_circle(void) {
  g_autoptr(GError) error = NULL;
  g_autoptr(Pickle) p = read_bytes(BYTES("]q\0h\0a."), &error);
  g_assert_no_error(error);
  g_assert_true(pickle_item(pickle_root(p), 0) == pickle_root(p));
}

/* Longer than the window through which the stream is read. */
static void test_large_text(void) {
  enum { LENGTH = 300000 };
  g_autoptr(GString) stream = g_string_new("X");
  guint32 n = LENGTH;
  g_string_append_len(stream, (const char *)&n, 4);
  for (int i = 0; i < LENGTH; i++) g_string_append_c(stream, (char)('a' + i % 26));
  g_string_append_c(stream, '.');
  g_autoptr(GError) error = NULL;
  g_autoptr(Pickle) p = read_bytes(stream->str, stream->len, &error);
  g_assert_no_error(error);
  const PickleValue *v = pickle_root(p);
  g_assert_cmpmem(v->u.text.bytes, v->u.text.n, stream->str + 5, LENGTH);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  for (size_t i = 0; i < G_N_ELEMENTS(samples); i++) {
    g_autofree char *path = g_strdup_printf("/pickle/sample/%s", samples[i].name);
    g_test_add_data_func(path, &samples[i], test_sample);
  }
  g_test_add_func("/pickle/cut", test_cut);
  g_test_add_func("/pickle/place", test_place);
  g_test_add_func("/pickle/opaque-names", test_opaque_names);
  g_test_add_func("/pickle/bounds", test_bounds);
  g_test_add_func("/pickle/circle", test_circle);
  g_test_add_func("/pickle/large-text", test_large_text);
  return g_test_run();
}
