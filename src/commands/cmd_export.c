/* SPDX-License-Identifier: Apache-2.0 */
/* `copse export DIR`: the collection and its forest for other programs, on standard output. */
#include <stdio.h>
#include <string.h>

#include "collection/hand/by_hand.h"
#include "commands/commands.h"
#include "commands/expert_page.h"
#include "commands/lineage_run.h"
#include "config.h"
#include "core/error.h"
#include "lineage/forest/bill.h"
#include "lineage/forest/export.h"
#include "lineage/forest/forest_text.h"
#include "lineage/forest/keep.h"
#include "lineage/forest/report.h"

static const char notes[] =
    "Formats: csv (the default; a line a model), jsonl (an object a line), html (one page: sums, trees, a table, "
    "copies, conflicts, experts, their map),\n"
    "paths, dot (Graphviz), newick (a line a tree, distances as branch lengths), cyclonedx (a bill of materials,\n"
    "CycloneDX 1.6: files with SHA-256, licences, ancestors and how sure each is; --no-hashes reads no file for it),\n"
    "hand (what was set by hand, for import).";

typedef char *(*Writer)(const Forest *forest, const char *label_key);

static char *as_csv(const Forest *f, const char *key) { return export_text(f, f->nodes, EXPORT_CSV, key); }
static char *as_jsonl(const Forest *f, const char *key) { return export_text(f, f->nodes, EXPORT_JSONL, key); }
static char *as_paths(const Forest *f, const char *key) { return export_text(f, f->nodes, EXPORT_PATHS, key); }
static char *as_dot(const Forest *f, const char *key) {
  (void)key;
  return forest_to_dot(f);
}
static char *as_newick(const Forest *f, const char *key) {
  (void)key;
  return forest_to_newick(f);
}

static const struct {
  const char *name;
  Writer write;
} formats[] = {{"csv", as_csv}, {"jsonl", as_jsonl}, {"paths", as_paths}, {"dot", as_dot}, {"newick", as_newick}};

static Writer writer_named(const char *name, GError **error) {
  for (size_t i = 0; i < G_N_ELEMENTS(formats); i++)
    if (strcmp(formats[i].name, name) == 0) return formats[i].write;
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_USAGE,
              "unknown format '%s'; there are csv, jsonl, html, paths, dot, newick, cyclonedx and hand", name);
  return NULL;
}

/* No forest is needed for what was set by hand. */
static int export_hand(const char *root, const Globals *globals) {
  GError *error = NULL;
  g_autofree char *warning = NULL;
  g_autoptr(Collection) c = command_open(root, globals, NULL);
  if (!c) return STATUS_COULD_NOT;
  g_autoptr(ByHand) hand = by_hand_open(c, &warning, &error);
  if (!hand) return command_fail(error);
  if (warning) fprintf(stderr, "copse: %s\n", warning);
  g_autofree char *text = by_hand_text(hand);
  fputs(text, stdout);
  return STATUS_DONE;
}

/* The time that a reproducible build sets, or now. */
static gint64 bill_time(void) {
  const char *fixed = g_getenv("SOURCE_DATE_EPOCH");
  gint64 seconds;
  if (fixed && g_ascii_string_to_signed(fixed, 10, 0, G_MAXINT32, &seconds, NULL)) return seconds;
  return g_get_real_time() / G_USEC_PER_SEC;
}

static int export_bill(const char *root, bool hashes, const Globals *globals) {
  GError *error = NULL;
  LineageRun run = {0};
  CommandProgress p;
  int status;
  if (lineage_run_open(&run, root, globals, &status)) {
    g_autofree char *name = g_path_get_basename(collection_root(run.collection));
    g_autofree SafeText *title = safe_text(name, -1);
    const BillOptions o = {.title = title, .version = PACKAGE_VERSION, .time = bill_time(), .hashes = hashes};
    cJSON *bill = bill_json(run.collection, run.forest, &o, command_progress_begin(&p, "Export", globals), &error);
    command_progress_end(&p);
    status = bill ? STATUS_DONE : command_fail(error);
    if (bill) json_print(bill);
  }
  lineage_run_clear(&run);
  return status;
}

static int export_page(const char *root, const Globals *globals) {
  LineageRun run = {0};
  CommandProgress p;
  int status;
  if (lineage_run_open(&run, root, globals, &status)) {
    g_autoptr(GPtrArray) warnings = g_ptr_array_new_with_free_func(g_free);
    const Progress *progress = command_progress_begin(&p, "Asking experts", globals);
    g_autofree char *experts = expert_page(run.collection, run.models, warnings, progress);
    command_progress_end(&p);
    g_autofree char *name = g_path_get_basename(collection_root(run.collection));
    g_autofree SafeText *title = safe_text(name, -1);
    g_autoptr(GPtrArray) groups = keep_groups(run.collection, run.forest, KEEP_AUTO, NULL, NULL);
    g_autofree char *page = report_html(run.forest, title, models_label_key(run.models), groups, experts);
    for (guint i = 0; i < warnings->len && !globals->quiet; i++)
      fprintf(stderr, "copse: %s\n", (char *)warnings->pdata[i]);
    fputs(page, stdout);
    status = STATUS_DONE;
  }
  lineage_run_clear(&run);
  return status;
}

static int export(const char *root, const char *format, bool hashes, const Globals *globals) {
  GError *error = NULL;
  if (strcmp(format, "hand") == 0) return export_hand(root, globals);
  if (strcmp(format, "html") == 0) return export_page(root, globals);
  if (strcmp(format, "cyclonedx") == 0) return export_bill(root, hashes, globals);
  LineageRun run = {0};
  int status;
  Writer write = writer_named(format, &error);
  if (!write) return command_fail(error);
  if (lineage_run_open(&run, root, globals, &status)) {
    g_autofree char *text = write(run.forest, models_label_key(run.models));
    fputs(text, stdout);
    status = STATUS_DONE;
  }
  lineage_run_clear(&run);
  return status;
}

int cmd_export(int argc, char **argv) {
  g_autofree char *format = NULL;
  gboolean no_hashes = FALSE;
  Globals globals = {0};
  int status;
  const GOptionEntry entries[] = {
      {"format", 'f', 0, G_OPTION_ARG_STRING, &format, "csv, jsonl, html, paths, dot, newick, cyclonedx or hand", "F"},
      {"no-hashes", 0, 0, G_OPTION_ARG_NONE, &no_hashes, "cyclonedx: leave the files' SHA-256 out", NULL},
      G_OPTION_ENTRY_NULL};
  if (!command_parse("export", entries, notes, &argc, &argv, &globals, &status)) return status;
  status = export(argv[1], format ? format : globals.json ? "jsonl" : "csv", !no_hashes, &globals);
  globals_clear(&globals);
  return status;
}
