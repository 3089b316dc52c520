/* SPDX-License-Identifier: Apache-2.0 */
/* What is found in a checkpoint and how it is named; what is refused, and with which words. */
#include <string.h>

#include "core/error.h"
#include "torch_fixture.h"

static const float numbers[8] = {0, 1, 2, 3, 4, 5, 6, 7};
static const PkStorage storages[] = {{"0", numbers, sizeof numbers, 8}, {0}};

static void spell_object(GString *p, char *module_and_name) {
  char *space = strchr(module_and_name, ' ');
  *space = '\0';
  pk_global(p, module_and_name, space + 1);
  pk_raw(p, ")R");
}

/* What stands between two of the sign that s begins with; returns where it ends. */
static const char *spell_between(GString *p, const char *s) {
  const char *end = strchr(s + 1, *s);
  g_autofree char *inner = g_strndup(s + 1, (gsize)(end - s - 1));
  if (*s == '!') spell_object(p, inner);
  else pk_text(p, inner);
  return end;
}

/* A pickle in a small language: {} dictionary, [] list, () tuple, 'x' text, digits, N, and
 *   T    a vector of 2 floats        t    one of 3
 *   O    an OrderedDict, to be filled
 *   !m n!  an object of class n of module m, made without arguments
 *   =    sets the state above on the object below;   + -   True, False;   h   0.5
 * The mark that fills a dictionary or a list is implied by its brackets. */
static void spell(GString *p, const char *s) {
  static const struct {
    char sign;
    const char *code;
  } codes[] = {{'{', "}("}, {'}', "u"}, {'[', "]("},   {']', "e"},    {'(', "("},     {')', "t"},
               {'N', "N"},  {'=', "b"}, {'+', "\x88"}, {'-', "\x89"}, {'h', "F0.5\n"}};
  for (; *s; s++) {
    for (size_t i = 0; i < G_N_ELEMENTS(codes); i++)
      if (codes[i].sign == *s) pk_raw(p, codes[i].code);
    if (*s == 'T' || *s == 't') pk_vector(p, "0", 8, *s == 'T' ? 2 : 3);
    if (*s == 'O') pk_global(p, "collections", "OrderedDict"), pk_raw(p, ")R(");
    if (*s == '\'' || *s == '!') s = spell_between(p, s);
    else if (g_ascii_isdigit(*s)) pk_int(p, *s - '0');
  }
}

static GBytes *spelled(const char *s) {
  GString *p = pk_new();
  spell(p, s);
  return torch_fixture_zip(p, "archive/", storages, 0);
}

typedef struct {
  const char *name, *object;
  const char *tensors; /* NULL: refused */
  const char *complaint;
} Case;

static const Case cases[] = {
    {"single", "T", "tensor[2]", NULL},
    {"plain", "{'a.weight'T'a.bias't}", "a.weight[2] a.bias[3]", NULL},
    {"ordered", "O'a.weight'T'a.bias't}", "a.weight[2] a.bias[3]", NULL},
    {"wrapped", "{'epoch' 3'state_dict'{'a'T'b't}}", "a[2] b[3]", NULL},
    {"wrapped-twice", "{'model'{'state_dict'{'a'T}}}", "a[2]", NULL},
    {"wrapped-with-numbers", "{'best'T'model'{'a't}}", "best[2] a[3]", NULL},
    {"two-wrappers", "{'model'{'a'T}'net'{'a't}}", "model.a[2] net.a[3]", NULL},
    {"two-parts", "{'encoder'{'a'T}'decoder'{'a't}}", "encoder.a[2] decoder.a[3]", NULL},
    {"one-part", "{'encoder'{'a'T}}", "encoder.a[2]", NULL},
    {"optimizer-beside", "{'state_dict'{'a'T}'optimizer'{'state'{0{'m't}}}'lr_schedulers'[T]}", "a[2]", NULL},
    {"optimizer-of-gan", "{'g'{'a'T}'d_optimizer'{'x't}}", "g.a[2]", NULL},
    {"optimizer-in-a-name", "{'optimizer.a'T}", "optimizer.a[2]", NULL},
    {"optimizer-below", "{'x'{'optimizer'{'a'T}}}", "x.optimizer.a[2]", NULL},
    {"averaged-beside", "{'model'{'a'T}'model_ema'{'a't}}", "a[2] model_ema.a[3]", NULL},
    {"averaged-alone", "{'params_ema'{'a'T}}", "a[2]", NULL},
    {"list", "[T t(T)]", "0[2] 1[3] 2.0[2]", NULL},
    {"wrapped-list", "{'model'[T t]'epoch' 1}", "0[2] 1[3]", NULL},
    {"numbers-as-keys", "{3{7T}'x'{0 t}}", "3.7[2] x.0[3]", NULL},
    {"other-keys", "{(1)T N T'a't}", "a[3]", NULL},
    {"no-key", "{''T}", "tensor[2]", NULL},
    {"pairs", "{'a'T'x'N'y'{'z'{}}}", "a[2]", NULL},
    {"namespace", "{'args'!argparse Namespace!{'x'T}='w't}", "w[3]", NULL},
    {"custom-beside", "{'w't'hyper_parameters'!my.lib Config!{'x'T}=}", "w[3]", NULL},
    {"script", "!__torch__.my Net!{'training'1'conv'!__torch__.nn Conv!{'weight'T'bias't}='x'T}=",
     "conv.weight[2] conv.bias[3] x[2]", NULL},

    {"none", "{'a'1}", NULL, "holds no tensors: save a state_dict() in it"},
    {"empty", "{}", NULL, "holds no tensors: save a state_dict() in it"},
    {"custom-only", "!my.lib Args!{'x'T}=", NULL, "an object of my.lib.Args, which is not searched"},
    {"custom-within", "{'x'!my.lib Args!{'x'T}=}", NULL, "holds no tensors outside of objects, which are not searched"},
    {"optimizer", "{'state'{0{'m'T}}'param_groups'[{'lr'1}]}", NULL, "state of an optimizer"},
    {"random", "{'python'()'numpy'()'cpu'T}", NULL, "random generators"},
    {"twice", "{'a'T'a't}", NULL, "appears twice"},
    {"same-by-dots", "{'a.b'T'a'{'b't}}", NULL, "appears twice"},
    {"posix-system", "{'a'T'x'!posix system!}", NULL, "refuses to load posix.system"},
    {"os", "{'a'T'x'!os anything!}", NULL, "refuses to load os.anything"},
    {"eval", "{'a'T'x'!builtins eval!}", NULL, "refuses to load builtins.eval"},
    {"eval2", "{'a'T'x'!__builtin__ eval!}", NULL, "refuses to load __builtin__.eval"},
    {"unknown-builtin", "{'a'T'x'!builtins print!}", NULL, "refuses to load builtins.print"},
    {"subprocess", "{'a'T'x'!subprocess Popen!}", NULL, "refuses to load subprocess.Popen"},
    {"runpy", "{'a'T'x'!runpy _run_code!}", NULL, "refuses to load runpy._run_code"},
    {"through-torch", "{'a'T'x'!torch os.system!}", NULL, "refuses to load torch.os.system"},
    {"through-module", "{'a'T'x'!torch.os system!}", NULL, "refuses to load torch.os.system"},
    {"hub", "{'a'T'x'!torch.hub load!}", NULL, "refuses to load torch.hub.load"},
    {"collect-env", "{'a'T'x'!torch.utils.collect_env run!}", NULL, "collect_env.run"},
    {"methodcaller", "{'a'T'x'!operator methodcaller!}", NULL, "operator.methodcaller"},
    {"in-the-optimizer", "{'a'T'optimizer'{'x'!nt system!}}", NULL, "refuses to load nt.system"},
};

static void check_names(GBytes *bytes, const char *tensors) {
  g_autoptr(GError) error = NULL;
  g_autoptr(WeightFile) file = fixture_open(bytes, &error);
  g_assert_no_error(error);
  g_autofree char *names = fixture_names(file);
  g_assert_cmpstr(names, ==, tensors);
}

static void test_case(const void *user) {
  const Case *c = user;
  g_autoptr(GBytes) zip = spelled(c->object);
  if (c->tensors) fixture_keep(zip, "torch", c->name);
  GString *p = pk_new();
  spell(p, c->object);
  bool stores = strchr(c->object, 'T') != NULL; /* the old form lists no storage that is not used */
  g_autoptr(GBytes) legacy = torch_fixture_legacy(p, stores ? storages : storages + 1);
  if (c->tensors) {
    check_names(zip, c->tensors);
    check_names(legacy, c->tensors);
  } else {
    fixture_refused(zip, c->complaint);
    fixture_refused(legacy, c->complaint);
  }
}

/* Names that the system's own classes and a network's author might share with the denied ones. */
static void test_harmless_names(void) {
  static const char *const names[] = {
      "!my.system System!",
      "!test Net!",
      "!code.models Net!",
      "!profile.user Profile!",
      "!pathlib PosixPath!",
      "!builtins getattr!",
      "!builtins set!",
      "!numpy dtype!",
      "!osmodel Net!",
      "!sys_tools Net!",
      "!torch.cuda.amp.grad_scaler GradScaler!",
  };
  for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
    g_autofree char *object = g_strdup_printf("{'a'T'x'%s}", names[i]);
    g_autoptr(GBytes) bytes = spelled(object);
    check_names(bytes, "a[2]");
  }
}

static void test_metadata(void) {
  g_autoptr(GBytes) bytes = spelled(
      "{'epoch'3'lr'h'best'+'note''a\033b''state_dict'{'a'T}'x'!my.lib A!'y'!my.lib B!'z'!my.lib "
      "A!}");
  g_autoptr(GError) error = NULL;
  g_autoptr(WeightFile) file = fixture_open(bytes, &error);
  g_assert_no_error(error);
  GHashTable *m = weight_file_metadata(file);
  g_assert_cmpstr(g_hash_table_lookup(m, "epoch"), ==, "3");
  g_assert_cmpstr(g_hash_table_lookup(m, "lr"), ==, "0.5");
  g_assert_cmpstr(g_hash_table_lookup(m, "best"), ==, "true");
  g_assert_cmpstr(g_hash_table_lookup(m, "note"), ==,
                  "a\357\277\275"
                  "b");
  g_assert_cmpstr(g_hash_table_lookup(m, "pickle.opaque"), ==, "my.lib.A, my.lib.B");
}

/* Tensors of kinds that are not read are left out and named; alone, they are no model. */
static void test_skipped(void) {
  for (int alone = 0; alone < 2; alone++) {
    GString *p = pk_new();
    PkTensor wide = {.type = "ComplexDoubleStorage", .key = "0", .numbers = 2, .rank = 1, .shape = {2}, .step = {1}};
    PkTensor deep = {.key = "0", .numbers = 8, .rank = 9, .shape = {1, 1, 1, 1, 1, 1, 1, 1, 1}};
    pk_raw(p, "}(");
    pk_text(p, "wide");
    pk_tensor(p, &wide);
    pk_text(p, "deep");
    pk_tensor(p, &deep);
    pk_text(p, "sparse");
    pk_global(p, "torch._utils", "_rebuild_sparse_tensor");
    pk_raw(p, ")R");
    if (!alone) spell(p, "'a't");
    pk_raw(p, "u");
    g_autoptr(GBytes) bytes = torch_fixture_zip(p, "a/", storages, 0);
    if (alone) {
      fixture_refused(bytes, "holds no tensors that are read: wide has a number format");
      continue;
    }
    g_autoptr(GError) error = NULL;
    g_autoptr(WeightFile) file = fixture_open(bytes, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(weight_file_count(file), ==, 1);
    const char *skipped = g_hash_table_lookup(weight_file_metadata(file), "torch.skipped");
    g_assert_nonnull(strstr(skipped, "wide has a number format that is not read"));
    g_assert_nonnull(strstr(skipped, "deep has more dimensions"));
    g_assert_nonnull(strstr(skipped, "sparse is sparse"));
    fixture_keep(bytes, "torch", "skipped");
  }
}

/* OrderedDict([[key, value], …]), as Python 2 wrote it. */
static void test_ordered_pairs(void) {
  GString *p = pk_new();
  pk_global(p, "collections", "OrderedDict");
  pk_raw(p, "(");
  spell(p, "[['a'T]['b't]]");
  pk_raw(p, "tR");
  g_autoptr(GBytes) bytes = torch_fixture_zip(p, "a/", storages, 0);
  check_names(bytes, "a[2] b[3]");
}

/* Containers that hold themselves, nest beyond measure, or share each other without end. */
static void test_circles(void) {
  GString *circle = pk_new();
  spell(circle, "{'a'T");
  pk_raw(circle, "u");
  g_string_append_len(circle, "q\0X\1\0\0\0xh\0s", 11);
  g_autoptr(GBytes) circle_bytes = torch_fixture_zip(circle, "a/", storages, 0);
  fixture_refused(circle_bytes, "its containers are nested too deeply, or in a circle");
  fixture_keep(circle_bytes, "torch", "circle");

  GString *deep = pk_new();
  for (int i = 0; i < 5000; i++) pk_raw(deep, "]");
  spell(deep, "T");
  for (int i = 0; i < 5000; i++) pk_raw(deep, "a");
  g_autoptr(GBytes) deep_bytes = torch_fixture_zip(deep, "a/", storages, 0);
  fixture_refused(deep_bytes, "its containers are nested too deeply, or in a circle");

  GString *laughs = pk_new(); /* each list holds the last one ten times */
  pk_raw(laughs, "]");
  for (int i = 0; i < 30; i++) {
    g_string_append_len(laughs, "q\0000](h\0h\0h\0h\0h\0h\0h\0h\0h\0h\0e", 26);
  }
  g_autoptr(GBytes) laughs_bytes = torch_fixture_zip(laughs, "a/", storages, 0);
  fixture_refused(laughs_bytes, "its containers share each other beyond measure");
}

static void test_long_names(void) {
  g_autoptr(GString) key = g_string_new("{'");
  for (int i = 0; i < 3000; i++) g_string_append_c(key, 'k');
  g_string_append(key, "'");
  g_autofree char *twice = g_strconcat(key->str, key->str, "{'a'T}}}", NULL);
  g_autoptr(GBytes) bytes = spelled(twice);
  fixture_refused(bytes, "the names of its tensors are overlong");
}

/* Names are cleaned where they are loaded. */
static void test_unsafe_names(void) {
  g_autoptr(GBytes) bytes = spelled("{'a\033[2J\342\200\256b'T}");
  check_names(bytes,
              "a\357\277\275[2J\357\277\275"
              "b[2]");
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *path = g_strdup_printf("/torch/state/%s", cases[i].name);
    g_test_add_data_func(path, &cases[i], test_case);
  }
  g_test_add_func("/torch/harmless-names", test_harmless_names);
  g_test_add_func("/torch/metadata", test_metadata);
  g_test_add_func("/torch/skipped", test_skipped);
  g_test_add_func("/torch/ordered-pairs", test_ordered_pairs);
  g_test_add_func("/torch/circles", test_circles);
  g_test_add_func("/torch/long-names", test_long_names);
  g_test_add_func("/torch/unsafe-names", test_unsafe_names);
  return g_test_run();
}
