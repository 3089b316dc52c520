/* SPDX-License-Identifier: Apache-2.0 */
/* copse plant DIR: grows a collection of small real networks to try everything else on. */
#include <stdio.h>

#include "commands/command.h"
#include "commands/commands.h"
#include "core/error.h"
#include "core/json.h"
#include "numerics/linalg.h"
#include "core/parallel.h"
#include "planter/plant.h"

static const char notes[] =
    "Trains small networks on procedural pictures and writes them into DIR, which must be new or\n"
    "empty, as such models lie on disk:\n"
    "  scenes   a denoiser and LoRA adapters, each of one concept (\"striped red star\")\n"
    "  classes  a classifier and three generations of fine-tunes, as a Hub's cache\n"
    "  wood     both; the default\n"
    "  woods    many trees with all that happens to models, to measure `copse tree` on\n"
    "  hard     a denoiser with attention and few adapters of each of many concepts, on which methods part\n"
    "  stars    bases and what was fine-tuned from them on data of another domain, a tree for each of: same, brief,\n"
    "           shifted, long, decay, rates, generations, chains, alike (one head and task), absent (no base there)\n"
    "The same seed plants the same files. What each model really is goes to a file beside DIR.";

typedef struct {
  char *kind, *truth, *setting;
  int concepts, models, children;
} Wishes;

static bool wish_count(const char *what, int n, GError **error) {
  if (n >= 0) return true;
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_USAGE, "--%s: a positive number, not %d", what, n);
  return false;
}

static bool options_from(const Wishes *w, const Globals *globals, PlantOptions *o, GError **error) {
  *o = (PlantOptions){.kind = PLANT_WOOD, .truth = w->truth, .seed = (uint64_t)globals->seed};
  if (w->kind && !plant_kind_from_name(w->kind, &o->kind)) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_USAGE, "--kind: scenes, classes, wood, woods, hard or stars, not %s",
                w->kind);
    return false;
  }
  if (globals->read_only) {
    g_set_error_literal(error, COPSE_ERROR, COPSE_ERROR_USAGE, "planting writes: not --read-only");
    return false;
  }
  if (!wish_count("concepts", w->concepts, error) || !wish_count("models", w->models, error) ||
      !wish_count("children", w->children, error))
    return false;
  if (o->kind != PLANT_STARS && (w->setting || w->children)) {
    g_set_error_literal(error, COPSE_ERROR, COPSE_ERROR_USAGE, "--setting and --children are for --kind stars");
    return false;
  }
  o->setting = w->setting, o->children = (unsigned)w->children;
  o->concepts = (unsigned)w->concepts;
  unsigned *models = o->kind == PLANT_CLASSES                           ? &o->fine_tunes
                     : o->kind == PLANT_WOODS || o->kind == PLANT_STARS ? &o->trees
                                                                        : &o->adapters;
  *models = (unsigned)w->models;
  o->threads = globals->threads > 0 ? (unsigned)globals->threads : parallel_processors();
  return true;
}

static void print_summary(const PlantSummary *summary, const Globals *globals) {
  if (globals->json) {
    cJSON *answer = cJSON_CreateObject();
    json_add_string(answer, "truth", summary->truth);
    json_add_u64(answer, "models", summary->models);
    json_add_number(answer, "seconds", summary->seconds);
    json_print(answer);
  } else {
    g_autofree char *time = text_seconds(summary->seconds);
    g_autofree SafeText *truth = safe_text(summary->truth, -1);
    printf("%u models planted in %s; what they really are: %s\n", summary->models, time, truth);
  }
}

static int run(const char *dir, const Wishes *wishes, const Globals *globals) {
  GError *error = NULL;
  PlantOptions options;
  if (!options_from(wishes, globals, &options, &error)) return command_fail(error);
  CommandProgress p;
  PlantSummary summary = {0};
  linalg_set_threads(1); /* the models share out the processors, not the products */
  const Progress *progress = command_progress_begin(&p, "planting", globals);
  bool ok = plant(dir, &options, progress, &summary, &error);
  command_progress_end(&p);
  linalg_set_threads(options.threads);
  if (!ok) return command_fail(error);
  print_summary(&summary, globals);
  g_free(summary.truth);
  return STATUS_DONE;
}

int cmd_plant(int argc, char **argv) {
  Wishes wishes = {0};
  const GOptionEntry entries[] = {
      {"kind", 0, 0, G_OPTION_ARG_STRING, &wishes.kind, "scenes, classes, wood, woods, hard or stars", "KIND"},
      {"concepts", 0, 0, G_OPTION_ARG_INT, &wishes.concepts,
       "Concepts in all, a quarter of them unseen (4 to 320; default 320); hard: 15 % unseen (20 to 1000; 1000)", "N"},
      {"models", 0, 0, G_OPTION_ARG_INT, &wishes.models,
       "scenes, hard: adapters a concept (5); classes: fine-tunes (60); woods: trees (9); stars: trees (10; 3 of one "
       "setting)",
       "N"},
      {"children", 0, 0, G_OPTION_ARG_INT, &wishes.children, "stars: trained models a tree, 5 to 200 (5 to 20 in turn)",
       "N"},
      {"setting", 0, 0, G_OPTION_ARG_STRING, &wishes.setting, "stars: train all trees in this way", "NAME"},
      {"truth", 0, 0, G_OPTION_ARG_FILENAME, &wishes.truth,
       "Write what each model is to FILE (default: DIR.truth.json)", "FILE"},
      G_OPTION_ENTRY_NULL};
  Globals globals = {0};
  int status;
  if (command_parse("plant", entries, notes, &argc, &argv, &globals, &status)) {
    status = run(argv[1], &wishes, &globals);
    globals_clear(&globals);
  }
  g_free(wishes.kind);
  g_free(wishes.truth);
  g_free(wishes.setting);
  return status;
}
