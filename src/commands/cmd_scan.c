/* SPDX-License-Identifier: Apache-2.0 */
/* copse scan DIR: what is in the collection, and what was left out and why. */
#include <stdio.h>
#include <string.h>

#include "collection/collection_team.h"
#include "commands/command.h"
#include "commands/commands.h"
#include "commands/model_json.h"
#include "core/json.h"
#include "core/sandbox.h"

static const char notes[] =
    "Reads the headers of the weight files below DIR and what lies beside them, in archives too\n"
    "(tar, zip, 7z), of which nothing is unpacked to the disk; DIR may be one itself, or a weight\n"
    "file, and there may be several, which are seen as one collection. Files that\n"
    "did not change since the last scan are not opened. With --json: one object a line, of type\n"
    "model, skipped and, last, summary.";

/* Models of one kind and format. */
typedef struct {
  ModelKind kind;
  const char *format; /* borrowed from a model */
  unsigned models;
  uint64_t params, bytes;
} Group;

static Group *group_of(GArray *groups, const Model *m) {
  for (guint i = 0; i < groups->len; i++) {
    Group *g = &g_array_index(groups, Group, i);
    if (g->kind == m->kind && strcmp(g->format, m->format) == 0) return g;
  }
  Group fresh = {.kind = m->kind, .format = m->format};
  g_array_append_val(groups, fresh);
  return &g_array_index(groups, Group, groups->len - 1);
}

static int group_by_kind(const void *a, const void *b) {
  const Group *x = a, *y = b;
  return x->kind != y->kind ? (int)x->kind - (int)y->kind : strcmp(x->format, y->format);
}

static GArray *groups_of(const GPtrArray *models) {
  GArray *groups = g_array_new(FALSE, FALSE, sizeof(Group));
  for (guint i = 0; i < models->len; i++) {
    const Model *m = models->pdata[i];
    Group *g = group_of(groups, m);
    g->models++;
    g->params += m->params;
    g->bytes += m->bytes;
  }
  g_array_sort(groups, group_by_kind);
  return groups;
}

static void print_row(const char *kind, const char *format, unsigned models, uint64_t params, uint64_t bytes) {
  g_autofree char *count = text_count(params), *size = text_bytes(bytes);
  g_autofree char *column = text_fit(format, 13, "~");
  printf("%-10s %s %8u %8s %9s\n", kind, column, models, count, size);
}

static void print_groups(const GPtrArray *models) {
  g_autoptr(GArray) groups = groups_of(models);
  uint64_t params = 0, bytes = 0;
  printf("%-10s %-13s %8s %8s %9s\n", "kind", "format", "models", "params", "size");
  for (guint i = 0; i < groups->len; i++) {
    const Group *g = &g_array_index(groups, Group, i);
    print_row(model_kind_name(g->kind), g->format, g->models, g->params, g->bytes);
    params += g->params;
    bytes += g->bytes;
  }
  if (groups->len != 1) print_row("total", "", models->len, params, bytes);
}

static void print_skipped(const GPtrArray *skipped) {
  enum { LISTED = 40 };
  if (skipped->len == 0) return;
  printf("\n%u skipped:\n", skipped->len);
  for (guint i = 0; i < skipped->len && i < LISTED; i++) {
    const Skipped *s = skipped->pdata[i];
    printf("  %s: %s\n", s->path, s->reason);
  }
  if (skipped->len > LISTED) printf("  and %u more (--json lists all)\n", skipped->len - LISTED);
}

static const char *plural(unsigned n) { return n == 1 ? "" : "s"; }

static void print_text(const GPtrArray *models, const GPtrArray *skipped, const ScanSummary *sum) {
  g_autofree char *time = text_seconds(sum->seconds);
  print_groups(models);
  printf("\n%u model%s, %u file%s skipped\n", models->len, plural(models->len), skipped->len, plural(skipped->len));
  printf(
      "%u weight file%s opened in %s, %u model%s and files unchanged since the last scan;\n"
      "a model may have several files, and some are skipped unopened\n",
      sum->read, plural(sum->read), time, sum->unchanged, plural(sum->unchanged));
  print_skipped(skipped);
}

static cJSON *line_of(const char *type) {
  cJSON *line = cJSON_CreateObject();
  cJSON_AddStringToObject(line, "type", type);
  return line;
}

static void print_skipped_line(const Skipped *s) {
  cJSON *line = line_of("skipped");
  cJSON_AddStringToObject(line, "path", s->path);
  cJSON_AddStringToObject(line, "reason", s->reason);
  json_print_line(line);
}

static void print_summary_line(const GPtrArray *models, const ScanSummary *sum) {
  cJSON *line = line_of("summary");
  json_add_u64(line, "models", sum->models);
  json_add_u64(line, "skipped", sum->skipped);
  json_add_u64(line, "read", sum->read);
  json_add_u64(line, "unchanged", sum->unchanged);
  json_add_u64(line, "bytes", sum->bytes);
  json_add_number(line, "seconds", sum->seconds);
  unsigned kinds[MODEL_KINDS] = {0};
  for (guint i = 0; i < models->len; i++) kinds[((const Model *)models->pdata[i])->kind]++;
  cJSON *object = cJSON_AddObjectToObject(line, "kinds");
  for (int k = 0; k < MODEL_KINDS; k++)
    if (kinds[k]) json_add_u64(object, model_kind_name((ModelKind)k), kinds[k]);
  json_print_line(line);
}

static void print_lines(const GPtrArray *models, const GPtrArray *skipped, const ScanSummary *sum) {
  for (guint i = 0; i < models->len; i++) {
    cJSON *line = line_of("model");
    model_json_overview(line, models->pdata[i]);
    model_json_declared(line, models->pdata[i]);
    model_json_place(line, models->pdata[i]);
    json_print_line(line);
  }
  for (guint i = 0; i < skipped->len; i++) print_skipped_line(skipped->pdata[i]);
  print_summary_line(models, sum);
}

/* What follows reads what strangers wrote, and needs to write to the state alone. */
static void shut_in(const Collection *collection, const Globals *globals) {
  const char *writable[] = {globals->read_only ? NULL : collection_state(collection), NULL};
  if (!globals->no_sandbox && !globals->team) sandbox_enter(writable); /* a team talks over the network */
}

static bool scan(Collection *collection, const Globals *globals, ScanSummary *sum, GError **error) {
  CommandProgress p;
  const Progress *progress = command_progress_begin(&p, "scanning", globals);
  bool ok = collection_scan(collection, progress, sum, error);
  command_progress_end(&p);
  return ok;
}

static int run(const char *root, const Globals *globals) {
  CollectionOptions options = command_options(globals);
  GError *error = NULL;
  ScanSummary sum = {0};
  g_autoptr(Collection) collection = collection_open_shared(root, &options, globals->team, &error);
  if (collection) shut_in(collection, globals);
  if (!collection || !scan(collection, globals, &sum, &error)) return command_fail(error);
  g_autoptr(GPtrArray) models = command_models(collection, &error);
  g_autoptr(GPtrArray) skipped = models ? collection_skipped(collection, &error) : NULL;
  if (!skipped) return command_fail(error);
  if (models->len == 0 && !globals->quiet) fprintf(stderr, "copse: no models here\n");
  if (globals->json) print_lines(models, skipped, &sum);
  else print_text(models, skipped, &sum);
  return STATUS_DONE;
}

int cmd_scan(int argc, char **argv) {
  Globals globals = {0};
  int status;
  if (!command_parse("scan", NULL, notes, &argc, &argv, &globals, &status)) return status;
  status = run(argv[1], &globals);
  globals_clear(&globals);
  return status;
}
