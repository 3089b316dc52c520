/* SPDX-License-Identifier: Apache-2.0 */
/* `copse verify A --against B`: is A what B is, and if not, where; of several, which A was made from. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands/command.h"
#include "commands/commands.h"
#include "commands/outside.h"
#include "core/error.h"
#include "core/json.h"
#include "lineage/diff/model_verify.h"

static const char notes[] =
    "A and B are weight files or folders; of a folder that holds several models, and of several B, the one that\n"
    "A is nearest to is told in full. Two models are the same when each tensor is: number for number, or once the\n"
    "finer numbers are rounded to the coarser format, or, of a quantised format, nowhere farther apart than that\n"
    "format is wide. Exit status: 0 the same, 3 different, 1 could not.";

/* What A may be: a model and what came of the comparison. */
typedef struct {
  char *label;
  ModelVerify *verify;
} Source;

typedef struct {
  const char *path; /* of A */
  WeightFile *a;
  GArray *sources; /* of Source */
  const Progress *progress;
  bool is_folder; /* what is looked through now, and not one file that was named */
} Run;

static void source_clear(void *data) {
  Source *s = data;
  g_free(s->label);
  model_verify_free(s->verify);
}

/* A itself lies among what it is verified against. */
static bool is_a(const Run *r, const char *label) {
  char *a = realpath(r->path, NULL), *b = realpath(label, NULL);
  bool same = a && b && strcmp(a, b) == 0 && r->is_folder;
  free(a);
  free(b);
  return same;
}

static bool visit(void *user, const char *label, WeightFile *b, GError **error) {
  Run *r = user;
  if (is_a(r, label)) return true;
  Source s = {g_strdup(label), model_verify_files(r->a, b, r->progress, error)};
  if (!s.verify) {
    g_free(s.label);
    return false;
  }
  g_array_append_val(r->sources, s);
  return true;
}

static gint by_nearness(gconstpointer a, gconstpointer b) {
  const Source *x = a, *y = b;
  int order = model_verify_compare(x->verify, y->verify);
  return order ? order : strcmp(x->label, y->label);
}

static unsigned rows_of(const ModelVerify *v) { return v->rows->len; }

static unsigned unlike(const ModelVerify *v) {
  return v->count[VERIFY_DIFFERENT] + v->count[VERIFY_OTHER_SHAPE] + v->count[VERIFY_ONLY_A] + v->count[VERIFY_ONLY_B];
}

/* One line of judgement. The caller frees it. */
static char *verdict(const ModelVerify *v) {
  const char *format = v->rounding == DTYPE_COUNT ? "" : dtype_name(v->rounding);
  switch (v->state) {
    case VERIFY_SAME:
      return g_strdup("the same, number for number");
    case VERIFY_ROUNDED:
      return g_strdup_printf("the same, rounded to %s", format);
    case VERIFY_WITHIN:
      return g_strdup_printf("the same within the rounding of %s, %.3g of its norm away", format, v->relative);
    case VERIFY_UNREAD:
      return g_strdup_printf("not known: %u of %u tensors cannot be read", v->count[VERIFY_UNREAD], rows_of(v));
    default:
      return isfinite(v->relative) ? g_strdup_printf("different: %u of %u tensors, %.3g of its norm away", unlike(v),
                                                     rows_of(v), v->relative)
                                   : g_strdup_printf("different: no tensor of the same name and shape");
  }
}

static const char *format_of(Dtype d) { return d == DTYPE_COUNT ? "-" : dtype_name(d); }

static void print_row(const VerifyRow *row, int width) {
  const VerifyNumbers *v = &row->numbers;
  g_autofree char *name = text_fit(row->name, width, "~");
  g_autoptr(GString) line = g_string_new(NULL);
  g_string_printf(line, "%s  %-11s  %-8s %-8s", name, verify_state_name(v->state), format_of(row->a),
                  format_of(row->b));
  if (v->differing)
    g_string_append_printf(line, "  %" PRIu64 " of %" PRIu64 " numbers, %" PRIu64 " block%s, by %.3g at most",
                           v->differing, v->numbers, v->blocks, v->blocks == 1 ? "" : "s", v->largest);
  if (v->runs && v->runs->len)
    g_string_append_printf(line, ", from number %" PRIu64, g_array_index(v->runs, VerifyRun, 0).first);
  puts(g_strchomp(line->str));
}

static void print_text(const GArray *sources) {
  enum { WIDEST = 60, NARROWEST = 5 };
  const Source *best = &g_array_index(sources, Source, 0);
  int width = NARROWEST;
  for (guint i = 0; i < best->verify->rows->len; i++) {
    const VerifyRow *row = &g_array_index(best->verify->rows, VerifyRow, i);
    if (row->numbers.state > VERIFY_WITHIN) width = MAX(width, text_width(row->name));
  }
  for (guint i = 0; i < best->verify->rows->len; i++) {
    const VerifyRow *row = &g_array_index(best->verify->rows, VerifyRow, i);
    if (row->numbers.state > VERIFY_WITHIN) print_row(row, MIN(width, (int)WIDEST));
  }
  for (guint i = 0; i < sources->len; i++) {
    const Source *s = &g_array_index(sources, Source, i);
    g_autofree char *line = verdict(s->verify);
    g_autofree SafeText *label = safe_text(s->label, -1);
    printf("%s: %s\n", label, line);
  }
}

static void add_blocks(cJSON *o, const VerifyNumbers *v) {
  cJSON *list = cJSON_AddArrayToObject(o, "blocks");
  for (guint i = 0; v->runs && i < v->runs->len; i++) {
    const VerifyRun *run = &g_array_index(v->runs, VerifyRun, i);
    cJSON *item = cJSON_CreateObject();
    json_add_u64(item, "first", run->first);
    json_add_u64(item, "count", run->count);
    cJSON_AddItemToArray(list, item);
  }
}

static cJSON *row_json(const VerifyRow *row) {
  const VerifyNumbers *v = &row->numbers;
  cJSON *o = cJSON_CreateObject();
  json_add_string(o, "name", row->name);
  json_add_string(o, "state", verify_state_name(v->state));
  json_add_string(o, "a", row->a == DTYPE_COUNT ? NULL : dtype_name(row->a));
  json_add_string(o, "b", row->b == DTYPE_COUNT ? NULL : dtype_name(row->b));
  json_add_u64(o, "numbers", v->numbers);
  json_add_u64(o, "differing", v->differing);
  json_add_u64(o, "differing_blocks", v->blocks);
  add_blocks(o, v);
  json_add_number(o, "largest", v->state <= VERIFY_DIFFERENT ? v->largest : NAN);
  json_add_number(o, "relative", v->size2 > 0 ? sqrt(v->distance2 / v->size2) : NAN);
  return o;
}

static void add_judgement(cJSON *o, const Source *s) {
  const ModelVerify *v = s->verify;
  g_autofree SafeText *label = safe_text(s->label, -1);
  json_add_string(o, "path", label);
  cJSON_AddBoolToObject(o, "same", model_verify_is_same(v));
  json_add_string(o, "state", verify_state_name(v->state > VERIFY_UNREAD ? VERIFY_DIFFERENT : v->state));
  json_add_string(o, "rounding", v->rounding == DTYPE_COUNT ? NULL : dtype_name(v->rounding));
  json_add_number(o, "relative", v->relative);
}

static void print_json(const char *a, const GArray *sources) {
  const Source *best = &g_array_index(sources, Source, 0);
  cJSON *o = cJSON_CreateObject();
  g_autofree SafeText *shown = safe_text(a, -1);
  json_add_string(o, "a", shown);
  cJSON *against = cJSON_AddObjectToObject(o, "against");
  add_judgement(against, best);
  cJSON_AddBoolToObject(o, "same", model_verify_is_same(best->verify));
  cJSON *counts = cJSON_AddObjectToObject(o, "counts");
  for (int k = 0; k < VERIFY_STATES; k++)
    json_add_u64(counts, verify_state_name((VerifyState)k), best->verify->count[k]);
  cJSON *rows = cJSON_AddArrayToObject(o, "tensors");
  for (guint i = 0; i < best->verify->rows->len; i++) {
    const VerifyRow *row = &g_array_index(best->verify->rows, VerifyRow, i);
    if (row->numbers.state != VERIFY_SAME) cJSON_AddItemToArray(rows, row_json(row));
  }
  cJSON *list = cJSON_AddArrayToObject(o, "sources");
  for (guint i = 0; i < sources->len; i++) {
    cJSON *item = cJSON_CreateObject();
    add_judgement(item, &g_array_index(sources, Source, i));
    cJSON_AddItemToArray(list, item);
  }
  json_print(o);
}

static int status_of(const ModelVerify *v, bool exact) {
  if (v->state == VERIFY_UNREAD) return STATUS_COULD_NOT;
  return v->state == VERIFY_SAME || (!exact && model_verify_is_same(v)) ? STATUS_DONE : STATUS_DIFFERENT;
}

static bool compare_all(Run *r, char **against, GError **error) {
  for (guint i = 0; against[i]; i++) {
    r->is_folder = g_file_test(against[i], G_FILE_TEST_IS_DIR);
    if (!outside_each(against[i], visit, r, error)) return false;
  }
  if (r->sources->len) return true;
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_NOT_FOUND, "there is no model to verify against");
  return false;
}

static int run(const char *a, char **against, bool exact, const Globals *globals) {
  GError *error = NULL;
  CommandProgress p;
  g_autoptr(GArray) sources = g_array_new(FALSE, FALSE, sizeof(Source));
  g_array_set_clear_func(sources, source_clear);
  g_autoptr(WeightFile) file = outside_open(a, NULL, &error);
  if (!file) return command_fail(error);
  Run r = {.path = a, .a = file, .sources = sources, .progress = command_progress_begin(&p, "Comparing", globals)};
  bool ok = compare_all(&r, against, &error);
  command_progress_end(&p);
  if (!ok) return command_fail(error);
  g_array_sort(sources, by_nearness);
  if (globals->json) print_json(a, sources);
  else print_text(sources);
  return status_of(g_array_index(sources, Source, 0).verify, exact);
}

int cmd_verify(int argc, char **argv) {
  Globals globals = {0};
  int status;
  gboolean exact = FALSE;
  g_auto(GStrv) against = NULL;
  const GOptionEntry entries[] = {
      {"against", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &against, "What A should be (may be given several times)", "B"},
      {"exact", 0, 0, G_OPTION_ARG_NONE, &exact, "Count as the same what is so number for number alone", NULL},
      G_OPTION_ENTRY_NULL,
  };
  if (!command_parse("verify", entries, notes, &argc, &argv, &globals, &status)) return status;
  if (against) status = run(argv[1], against, exact, &globals);
  else
    status =
        command_fail(g_error_new_literal(COPSE_ERROR, COPSE_ERROR_USAGE, "verify needs --against B: what A should be"));
  globals_clear(&globals);
  return status;
}
