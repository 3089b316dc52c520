/* SPDX-License-Identifier: Apache-2.0 */
/* `copse doctor`: is this machine fit to compute, and what does copse see of it? */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

#include "commands/command.h"
#include "commands/commands.h"
#include "core/json.h"
#include "numerics/linalg.h"
#include "core/parallel.h"
#include "core/sandbox.h"
#include "encoders/encoder.h"

typedef struct {
  const char *name;
  bool ok;
  char *detail;
} Check;

static void check_clear(void *data) { g_free(((Check *)data)->detail); }

static void add(GArray *checks, const char *name, bool ok, char *detail) {
  Check c = {name, ok, detail};
  g_array_append_val(checks, c);
}

static void check_products(GArray *checks) {
  g_autoptr(GError) error = NULL;
  bool ok = linalg_self_check(&error);
  add(checks, "matrix products", ok,
      ok ? g_strdup_printf("OpenBLAS (%s) agrees with plain loops", linalg_kernel_name()) : g_strdup(error->message));
}

static void check_words(GArray *checks) {
  g_autoptr(GError) error = NULL;
  g_autoptr(TextEncoder) e = text_encoder_open("words", &error);
  add(checks, "word vectors", e != NULL,
      e ? g_strdup_printf("%s, %zu dimensions", text_encoder_fingerprint(e), text_encoder_dim(e))
        : g_strdup(error->message));
}

static void check_terminal(GArray *checks) {
  const char *charset, *term = g_getenv("TERM");
  bool utf8 = g_get_charset(&charset);
  add(checks, "terminal", true,
      g_strdup_printf("TERM=%s, character set %s%s", term ? term : "(unset)", charset,
                      utf8 ? "" : ": trees are drawn in ASCII"));
}

static void check_sandbox(GArray *checks) {
  SandboxMeans means = sandbox_means();
  add(checks, "sandbox", true, sandbox_describe(&means));
}

static GArray *run_checks(void) {
  GArray *checks = g_array_new(FALSE, FALSE, sizeof(Check));
  g_array_set_clear_func(checks, check_clear);
  check_products(checks);
  check_words(checks);
  check_terminal(checks);
  check_sandbox(checks);
  add(checks, "processors", true, g_strdup_printf("%u", parallel_processors()));
  return checks;
}

static void print_json(const GArray *checks, bool ok) {
  cJSON *out = cJSON_CreateObject();
  cJSON_AddBoolToObject(out, "ok", ok);
  cJSON *list = cJSON_AddArrayToObject(out, "checks");
  for (guint i = 0; i < checks->len; i++) {
    const Check *c = &g_array_index(checks, Check, i);
    cJSON *row = cJSON_CreateObject();
    cJSON_AddStringToObject(row, "name", c->name);
    cJSON_AddBoolToObject(row, "ok", c->ok);
    cJSON_AddStringToObject(row, "detail", c->detail);
    cJSON_AddItemToArray(list, row);
  }
  json_print(out);
}

int cmd_doctor(int argc, char **argv) {
  Globals g;
  int status;
  if (!command_parse("doctor", NULL, NULL, &argc, &argv, &g, &status)) return status;
  g_autoptr(GArray) checks = run_checks();
  bool ok = true;
  for (guint i = 0; i < checks->len; i++) ok &= g_array_index(checks, Check, i).ok;
  if (g.json) {
    print_json(checks, ok);
  } else {
    for (guint i = 0; i < checks->len; i++) {
      const Check *c = &g_array_index(checks, Check, i);
      printf("%-4s %-16s %s\n", c->ok ? "ok" : "BAD", c->name, c->detail);
    }
  }
  globals_clear(&g);
  return ok ? STATUS_DONE : STATUS_COULD_NOT;
}
