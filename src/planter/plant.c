/* SPDX-License-Identifier: Apache-2.0 */
#include "planter/plant.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "core/error.h"
#include "core/parallel.h"
#include "planter/classes.h"
#include "planter/concepts.h"
#include "planter/hard.h"
#include "planter/planting.h"
#include "planter/scenes.h"
#include "planter/woods.h"

static const char *const kind_names[] = {"scenes", "classes", "wood", "woods", "hard", "stars"};

/* "scenes", "classes", "wood", "woods", "hard", "stars". Static text. */
static const char *plant_kind_name(PlantKind kind) { return kind_names[kind]; }

bool plant_kind_from_name(const char *name, PlantKind *kind) {
  for (size_t i = 0; i < G_N_ELEMENTS(kind_names); i++)
    if (strcmp(name, kind_names[i]) == 0) {
      *kind = (PlantKind)i;
      return true;
    }
  return false;
}

static bool fail_dir(const char *dir, const char *what, int code, GError **error) {
  g_autofree char *shown = g_filename_display_name(dir);
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_IO, "%s %s%s%s", shown, what, code ? ": " : "",
              code ? g_strerror(code) : "");
  return false;
}

/* Makes the folder or sees that it is empty. *made: it was not there. */
static bool prepare_dir(const char *dir, bool *made, GError **error) {
  *made = !g_file_test(dir, G_FILE_TEST_EXISTS);
  if (*made) {
    if (g_mkdir_with_parents(dir, 0777) == 0) return true;
    return fail_dir(dir, "cannot be made", errno, error);
  }
  GDir *entries = g_dir_open(dir, 0, NULL);
  if (!entries) return fail_dir(dir, "is no folder that can be read", 0, error);
  bool empty = g_dir_read_name(entries) == NULL;
  g_dir_close(entries);
  if (empty) return true;
  return fail_dir(dir, "is not empty: name a new folder to plant in", 0, error);
}

/* The truth's path; NULL when it would lie inside the collection, where it would be scanned. */
static char *truth_path(const char *dir, const char *wanted, GError **error) {
  g_autofree char *root = g_canonicalize_filename(dir, NULL);
  if (!wanted) return g_strconcat(root, ".truth.json", NULL);
  g_autofree char *path = g_canonicalize_filename(wanted, NULL);
  size_t n = strlen(root);
  if (strncmp(path, root, n) != 0 || (path[n] != '/' && path[n] != '\0')) return g_steal_pointer(&path);
  g_set_error_literal(error, COPSE_ERROR, COPSE_ERROR_USAGE, "the truth must lie outside the folder that is planted");
  return NULL;
}

static bool check_range(const char *what, unsigned n, unsigned least, unsigned most, GError **error) {
  if (n == 0 || (n >= least && n <= most)) return true;
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_USAGE, "%s: %u to %u, not %u", what, least, most, n);
  return false;
}

static bool check_setting(const PlantOptions *o, GError **error) {
  unsigned setting;
  if (!o->setting || stars_setting_from_name(o->setting, &setting)) return true;
  g_autoptr(GString) all = g_string_new(NULL);
  for (unsigned i = 0; i < stars_settings(); i++)
    g_string_append_printf(all, "%s%s", i ? ", " : "", stars_setting_name(i));
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_USAGE, "the setting of stars is one of %s, not %s", all->str, o->setting);
  return false;
}

static bool plant_stars(const Planting *p, const PlantOptions *o, GError **error) {
  unsigned setting;
  bool one = o->setting && stars_setting_from_name(o->setting, &setting);
  WoodsPlan plan = {.stars = true,
                    .setting = one ? (int)setting : -1,
                    .children = o->children,
                    .trees = o->trees ? o->trees
                             : one    ? 3
                                      : stars_settings()};
  return woods_plant(p, &plan, error);
}

static bool check_options(const PlantOptions *o, GError **error) {
  bool hard = o->kind == PLANT_HARD;
  unsigned least = hard ? HARD_CONCEPTS_MIN : CONCEPTS_MIN, most = hard ? HARD_CONCEPTS_MOST : SCENE_CONCEPTS;
  return check_range("concepts", o->concepts, least, most, error) &&
         check_range("models of a concept", o->adapters, 1, PLANT_MAX_ADAPTERS, error) &&
         check_range("trained models a tree", o->children, 5, 200, error) && check_setting(o, error) &&
         check_range("trees", o->trees, 1, PLANT_MAX_TREES, error) &&
         check_range("fine-tunes", o->fine_tunes, 1, PLANT_MAX_FINE_TUNES, error);
}

static bool plant_kind(const Planting *p, const PlantOptions *o, GError **error) {
  WoodsPlan woods = {.trees = o->trees ? o->trees : 9, .plain = 18};
  if (o->kind == PLANT_WOODS) return woods_plant(p, &woods, error);
  if (o->kind == PLANT_STARS) return plant_stars(p, o, error);
  HardPlan hard = {.concepts = o->concepts ? o->concepts : HARD_CONCEPTS_MOST,
                   .models = o->adapters ? o->adapters : HARD_MODELS,
                   .base_steps = o->base_steps ? o->base_steps : 800};
  if (o->kind == PLANT_HARD) return hard_plant(p, &hard, error);
  ScenesPlan scenes = {.concepts = o->concepts ? o->concepts : SCENE_CONCEPTS,
                       .models = o->adapters ? o->adapters : 5,
                       .base_steps = o->base_steps ? o->base_steps : 2000};
  ClassesPlan classes = {.models = o->fine_tunes           ? o->fine_tunes
                                   : o->kind == PLANT_WOOD ? 24
                                                           : 60,
                         .base_steps = o->base_steps ? o->base_steps : 1200};
  if (o->kind != PLANT_CLASSES && !scenes_plant(p, &scenes, error)) return false;
  return o->kind == PLANT_SCENES || classes_plant(p, &classes, error);
}

/* Plants and writes the truth, into a folder that is ready; undoes both on failure. */
static bool plant_ready(const Planting *p, const PlantOptions *o, const char *truth, GError **error) {
  if (plant_kind(p, o, error) && truth_write(p->truth, truth, plant_kind_name(o->kind), o->seed, error)) return true;
  planting_undo(p);
  return false;
}

bool plant(const char *dir, const PlantOptions *o, const Progress *progress, PlantSummary *summary, GError **error) {
  gint64 start = g_get_monotonic_time();
  bool made;
  if (!check_options(o, error)) return false;
  g_autofree char *path = truth_path(dir, o->truth, error);
  if (!path || !prepare_dir(dir, &made, error)) return false;
  g_autoptr(Truth) truth = truth_new();
  g_autoptr(GPtrArray) claimed = g_ptr_array_new_with_free_func(g_free);
  Planting planting = {.dir = dir,
                       .seed = o->seed,
                       .threads = o->threads ? o->threads : parallel_processors(),
                       .progress = progress,
                       .truth = truth,
                       .made = claimed};
  if (!plant_ready(&planting, o, path, error)) {
    if (made) g_rmdir(dir); /* succeeds only when nobody else put something there */
    return false;
  }
  *summary = (PlantSummary){.truth = g_steal_pointer(&path),
                            .models = truth_count(truth),
                            .seconds = (double)(g_get_monotonic_time() - start) / 1e6};
  return true;
}
