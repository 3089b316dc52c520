/* SPDX-License-Identifier: Apache-2.0 */
/* `copse route DIR MODEL`: the tree that a model belongs to. `copse base DIR MODEL`: bases that fit. */
#include <math.h>
#include <stdio.h>

#include "commands/commands.h"
#include "commands/lineage_run.h"
#include "lineage/grow/base_name.h"
#include "lineage/grow/adapter_fit.h"
#include "lineage/grow/declared.h"
#include "lineage/grow/route.h"

static int root_of(const Forest *f, int tree) {
  for (guint i = 0; tree >= 0 && i < f->roots->len; i++) {
    unsigned root = g_array_index(f->roots, unsigned, i);
    if (forest_node(f, root)->tree == tree) return (int)root;
  }
  return -1;
}

static void print_route_json(const LineageRun *run, const Route *r) {
  cJSON *out = cJSON_CreateObject();
  int root = root_of(run->forest, r->tree);
  g_autofree char *top = root >= 0 ? lineage_label(run->forest, (unsigned)root) : NULL;
  g_autofree char *near = r->nearest >= 0 ? lineage_label(run->forest, (unsigned)r->nearest) : NULL;
  json_add_number(out, "tree", r->tree >= 0 ? r->tree + 1 : NAN);
  json_add_string(out, "root", top);
  json_add_string(out, "nearest", near);
  json_add_number(out, "correlation", r->correlation);
  json_add_number(out, "threshold", r->threshold);
  json_add_number(out, "common", r->nearest >= 0 ? r->common : NAN);
  json_print(out);
}

static void print_route(const LineageRun *run, const Route *r) {
  int root = root_of(run->forest, r->tree);
  if (root >= 0) printf("tree of %s\n", forest_shown(run->forest, (unsigned)root));
  else puts("no tree here");
  if (r->nearest < 0) puts("no model here has layers of these names and shapes");
  else
    printf("correlation %.3f with %s, threshold %.2f, over %.0f %% of the smaller one\n", r->correlation,
           forest_shown(run->forest, (unsigned)r->nearest), r->threshold, 100 * r->common);
}

/* An adapter goes where it hangs: its weights alone have no tree. */
static Route route_of_adapter(const LineageRun *run) {
  Route r = {.tree = -1, .nearest = -1, .correlation = NAN, .threshold = NAN};
  if (run->self < 0) return r;
  const ForestNode *n = forest_node(run->forest, (unsigned)run->self);
  if (n->parents->len == 0) return r;
  r.tree = n->tree;
  return r;
}

/* The node that the model's card names, or -1. */
static int declared_node(const LineageRun *run) {
  const Model *m = run->self >= 0 ? forest_node(run->forest, (unsigned)run->self)->model : NULL;
  g_autofree char *name = m && model_base(m) ? base_name_clean(model_base(m)) : NULL;
  if (!name) return -1;
  g_autoptr(DeclaredIndex) index = declared_index_new(run->models);
  g_autoptr(GArray) found = declared_resolve(index, (unsigned)run->self, name);
  return found->len ? (int)g_array_index(found, unsigned, 0) : -1;
}

/* All bases that fit, best first. */
static GArray *bases_of(const LineageRun *run) {
  const Model *m = run->self >= 0 ? forest_node(run->forest, (unsigned)run->self)->model : NULL;
  return route_bases(run->forest, run->sketches, run->sketch, run->adapter, m ? m->shapes : NULL, run->self,
                     declared_node(run), G_MAXUINT);
}

/* Where else to ask, if there is an answer. */
static void print_homeless(const LineageRun *run) {
  g_autoptr(GArray) bases = bases_of(run);
  puts(bases->len ? "no tree here: an adapter's weights have none; `copse base` lists what it fits"
                  : "no tree here, and no base that this adapter fits");
}

static int route(const LineageRun *run, bool json) {
  Route r = run->adapter ? route_of_adapter(run) : route_find(run->forest, run->sketches, run->sketch, run->self);
  if (json) {
    print_route_json(run, &r);
  } else if (run->adapter && r.tree < 0) {
    print_homeless(run);
  } else if (run->adapter) {
    printf("tree of %s, as its base\n", forest_shown(run->forest, (unsigned)root_of(run->forest, r.tree)));
  } else {
    print_route(run, &r);
  }
  return STATUS_DONE;
}

/* Why a base fits, a line a reason. The caller frees the list. */
static GPtrArray *reasons_of(const LineageRun *run, const BaseFit *b) {
  GPtrArray *out = g_ptr_array_new_with_free_func(g_free);
  if (b->declared) g_ptr_array_add(out, g_strdup("the card names it"));
  if (b->parent) g_ptr_array_add(out, g_strdup("its parent in the tree"));
  if (run->adapter && b->layers) g_ptr_array_add(out, g_strdup_printf("%u of %u layers fit", b->fitting, b->layers));
  if (b->carried > FIT_CARRIED_SAME)
    g_ptr_array_add(out, g_strdup_printf("it carries this one's table of tokens (correlation %.3f)", b->carried));
  if (b->peers)
    g_ptr_array_add(out, g_strdup_printf(b->peers == 1 ? "%u adapter of the same layers names it"
                                                       : "%u adapters of the same layers name it",
                                         b->peers));
  if (isfinite(b->correlation)) g_ptr_array_add(out, g_strdup_printf("correlation %.3f", b->correlation));
  if (isfinite(b->distance)) g_ptr_array_add(out, g_strdup_printf("%.3g of its norm away", b->distance));
  if (forest_node(run->forest, b->node)->parents->len == 0) g_ptr_array_add(out, g_strdup("a root"));
  return out;
}

static cJSON *base_json(const LineageRun *run, const BaseFit *b) {
  cJSON *row = cJSON_CreateObject();
  g_autofree char *label = lineage_label(run->forest, b->node);
  g_autoptr(GPtrArray) reasons = reasons_of(run, b);
  json_add_string(row, "path", label);
  json_add_number(row, "tree", forest_node(run->forest, b->node)->tree + 1);
  json_add_number(row, "score", b->score);
  cJSON_AddBoolToObject(row, "declared", b->declared);
  json_add_number(row, "correlation", b->correlation);
  json_add_number(row, "distance", b->distance);
  cJSON *list = cJSON_AddArrayToObject(row, "reasons");
  for (guint i = 0; i < reasons->len; i++) cJSON_AddItemToArray(list, cJSON_CreateString(reasons->pdata[i]));
  return row;
}

static void print_base(const LineageRun *run, const BaseFit *b) {
  g_autoptr(GPtrArray) reasons = reasons_of(run, b);
  printf("%-14.2f  %s:", b->score, forest_shown(run->forest, b->node));
  for (guint k = 0; k < reasons->len; k++) printf("%s %s", k ? "," : "", (const char *)reasons->pdata[k]);
  putchar('\n');
}

/* What the model must be made for, whether a base is here or not. Borrowed; NULL: not known. */
static const char *family_of(const LineageRun *run) {
  const Model *m = run->self >= 0 ? forest_node(run->forest, (unsigned)run->self)->model : NULL;
  return m ? model_value(m, "family") : NULL;
}

static void print_family(const LineageRun *run, bool any) {
  const Model *m = run->self >= 0 ? forest_node(run->forest, (unsigned)run->self)->model : NULL;
  const Fact *family = m ? model_fact(m, "family") : NULL, *conflict = m ? model_fact(m, "family_conflict") : NULL;
  if (!any) puts("no base here fits");
  if (family) printf("family: %s (%s)\n", family->value, family->source);
  if (conflict) printf("conflict: %s\n", conflict->value);
}

/* The first `limit`, and how many there are beyond. */
static void print_bases(const LineageRun *run, const GArray *bases, unsigned limit, bool json) {
  cJSON *out = json ? cJSON_CreateObject() : NULL;
  cJSON *list = json ? cJSON_AddArrayToObject(out, "bases") : NULL;
  if (json) json_add_string(out, "family", family_of(run));
  else print_family(run, bases->len > 0);
  if (!json && bases->len) puts("SCORE (0 to 1)  BASE: WHY");
  for (guint i = 0; i < MIN(bases->len, limit); i++) {
    const BaseFit *b = &g_array_index(bases, BaseFit, i);
    if (json) cJSON_AddItemToArray(list, base_json(run, b));
    else print_base(run, b);
  }
  guint more = bases->len - MIN(bases->len, limit);
  if (json) {
    json_add_u64(out, "more", more);
    json_print(out);
  } else if (more) {
    printf("and %u more (-n 0 lists all)\n", more);
  }
}

static int base(const LineageRun *run, int limit, bool json) {
  g_autoptr(GArray) bases = bases_of(run);
  print_bases(run, bases, limit > 0 ? (unsigned)limit : G_MAXUINT, json);
  return STATUS_DONE;
}

int cmd_route(int argc, char **argv) {
  Globals globals = {0};
  int status;
  if (!command_parse("route", NULL, NULL, &argc, &argv, &globals, &status)) return status;
  LineageRun run;
  if (lineage_run_open(&run, argv[1], &globals, &status) && lineage_run_model(&run, argv[2], &globals, &status))
    status = route(&run, globals.json);
  lineage_run_clear(&run);
  globals_clear(&globals);
  return status;
}

int cmd_base(int argc, char **argv) {
  Globals globals = {0};
  int status, limit = 20;
  const GOptionEntry entries[] = {
      {"limit", 'n', 0, G_OPTION_ARG_INT, &limit, "Answers to print (default 20; 0: all)", "N"}, G_OPTION_ENTRY_NULL};
  if (!command_parse("base", entries, NULL, &argc, &argv, &globals, &status)) return status;
  LineageRun run;
  if (lineage_run_open(&run, argv[1], &globals, &status) && lineage_run_model(&run, argv[2], &globals, &status))
    status = base(&run, limit, globals.json);
  lineage_run_clear(&run);
  globals_clear(&globals);
  return status;
}
