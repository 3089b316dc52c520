/* SPDX-License-Identifier: Apache-2.0 */
/* What experts say of one model, its neighbours and the map, on experts whose answers can be reckoned by hand. */
#include <math.h>
#include <string.h>

#include "core/error.h"
#include "experts/task/task_private.h"
#include "search/opinion.h"
#include "search/query.h"
#include "tests/unit/expert_fixture.h"

static void put_four(Fixture *f) {
  put_column(f, "m1.safetensors", "mid", (const float[]){1, 0, 0, 0}, NULL);
  put_column(f, "m2.safetensors", "mid", (const float[]){0.8f, 0.6f, 0, 0}, NULL);
  put_column(f, "m3.safetensors", "mid", (const float[]){0, 1, 0, 0}, NULL);
  put_column(f, "n1.safetensors", "top", (const float[]){0, 0, 1, 0}, NULL);
  scan(f);
}

static GPtrArray *one_expert(Expert *x) {
  GPtrArray *experts = g_ptr_array_new_with_free_func((GDestroyNotify)expert_free);
  x->name = g_strdup("one");
  g_ptr_array_add(experts, x);
  return experts;
}

static GPtrArray *opinions(Fixture *f, const GPtrArray *experts, const char *path, char *const *labels,
                           unsigned limit) {
  g_autoptr(GError) error = NULL;
  g_autoptr(VoiceSet) voices = voice_set_new(f->collection, f->models, experts);
  GPtrArray *all = opinions_new(voices, model_at(f, path), labels, limit, NULL, &error);
  g_assert_no_error(error);
  return all;
}

static const OpinionLabel *label_at(const Opinion *o, guint i) { return &g_array_index(o->labels, OpinionLabel, i); }

/* Softmax of (1, 0, 0, 0), the likeliest first and no more than asked for. */
static void test_labels(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_four(f);
  g_autoptr(GPtrArray) experts = one_expert(column_expert(f, "mid", model_at(f, "m1.safetensors")));
  for (unsigned limit = 0; limit < 6; limit++) {
    g_autoptr(GPtrArray) all = opinions(f, experts, "m2.safetensors", NULL, limit);
    g_assert_cmpuint(all->len, ==, 1);
    const Opinion *o = all->pdata[0];
    g_assert_null(o->problem);
    g_assert_false(o->abstains);
    g_assert_cmpuint(o->labels->len, ==, limit ? MIN(limit, 4) : 4);
    g_assert_cmpstr(label_at(o, 0)->label, ==, "fox");
    g_assert_cmpfloat(fabs(label_at(o, 0)->p - exp(0.8) / (exp(0.8) + exp(0.6) + 2)), <, 1e-5);
    for (guint i = 1; i < o->labels->len; i++) g_assert_cmpfloat(label_at(o, i - 1)->p, >=, label_at(o, i)->p);
  }
  g_autoptr(GPtrArray) none = opinions(f, experts, "n1.safetensors", NULL, 0);
  g_assert_cmpuint(none->len, ==, 0);
}

/* What an expert says of those it was trained on is marked, and of no others. */
static void test_trained_on(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_four(f);
  Expert *e = column_expert(f, "mid", model_at(f, "m1.safetensors"));
  g_autoptr(GPtrArray) experts = one_expert(e);
  const SplitKey keys[] = {task_content(f->collection, model_at(f, "m1.safetensors")),
                           task_content(f->collection, model_at(f, "m2.safetensors"))};
  const TaskSplit parts[] = {SPLIT_TRAIN, SPLIT_VAL};
  const struct {
    const char *path;
    Trained with, without; /* a record of who trained */
  } cases[] = {{"m1.safetensors", TRAINED_ON, TRAINED_NOT_KNOWN},
               {"m2.safetensors", TRAINED_NOT, TRAINED_NOT_KNOWN},
               {"m3.safetensors", TRAINED_NOT, TRAINED_NOT_KNOWN}};
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_clear_pointer(&e->split, split_record_free);
    g_autoptr(GPtrArray) unknown = opinions(f, experts, cases[i].path, NULL, 2);
    g_assert_cmpint(((const Opinion *)unknown->pdata[0])->trained, ==, cases[i].without);
    e->split = split_record_new(keys, parts, G_N_ELEMENTS(keys));
    g_autoptr(GPtrArray) known = opinions(f, experts, cases[i].path, NULL, 2);
    g_assert_cmpint(((const Opinion *)known->pdata[0])->trained, ==, cases[i].with);
  }
  g_autoptr(VoiceSet) voices = voice_set_new(f->collection, f->models, experts);
  g_autofree char *name = NULL;
  g_autoptr(GArray) near = neighbours_new(voices, model_at(f, "m3.safetensors"), 0, &name, NULL, NULL);
  for (guint i = 0; i < near->len; i++) {
    const Neighbour *n = &g_array_index(near, Neighbour, i);
    g_assert_cmpint(n->trained, ==, g_str_equal(n->model->name, "m1") ? TRAINED_ON : TRAINED_NOT);
  }
  g_autoptr(GPtrArray) no_warnings = g_ptr_array_new();
  g_autoptr(QueryIndex) index = query_index_open_voices(voices, no_warnings, NULL, NULL);
  g_autoptr(QueryAnswer) answer = query_run(index, "like:m1", 0, NULL);
  g_assert_nonnull(answer);
  query_mark_trained(index, answer);
  for (guint i = 0; i < answer->hits->len; i++) {
    const QueryHit *h = &g_array_index(answer->hits, QueryHit, i);
    Trained want = !h->expert ? TRAINED_NOT_KNOWN : g_str_equal(h->model->name, "m1") ? TRAINED_ON : TRAINED_NOT;
    g_assert_cmpint(h->trained, ==, want);
  }
}

static void test_candidates(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_four(f);
  g_autoptr(GPtrArray) experts = one_expert(column_expert(f, "mid", model_at(f, "m1.safetensors")));
  char *labels[] = {(char *)"cat", (char *)"xyzzy", (char *)"fox", NULL}, *strange[] = {(char *)"xyzzy", NULL};
  g_autoptr(GPtrArray) all = opinions(f, experts, "m1.safetensors", labels, 0);
  const Opinion *o = all->pdata[0];
  g_assert_cmpuint(o->labels->len, ==, 2);
  g_assert_cmpstr(label_at(o, 0)->label, ==, "fox");
  g_assert_cmpfloat(fabs(label_at(o, 0)->p - M_E / (M_E + 1)), <, 1e-5);
  g_assert_cmpuint(o->left_out->len, ==, 1);
  g_assert_cmpstr(o->left_out->pdata[0], ==, "xyzzy");
  g_autoptr(GPtrArray) nothing = opinions(f, experts, "m1.safetensors", strange, 0);
  g_assert_nonnull(strstr(((const Opinion *)nothing->pdata[0])->problem, "knows no word"));
}

/* Below the threshold it is unsure; below the floor nothing on offer fits. */
static void test_abstains(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_four(f);
  Expert *x = column_expert(f, "mid", model_at(f, "m1.safetensors"));
  g_autoptr(GPtrArray) experts = one_expert(x);
  static const struct {
    double threshold, floor;
    Doubt doubt;
  } cases[] = {{NAN, NAN, DOUBT_NONE},   {0.9, NAN, DOUBT_UNSURE}, {0.3, NAN, DOUBT_NONE},
               {NAN, 0.9, DOUBT_NO_FIT}, {0.9, 0.9, DOUBT_NO_FIT}, {NAN, 0.7, DOUBT_NONE}};
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    x->threshold = cases[i].threshold, x->floor = cases[i].floor;
    g_autoptr(GPtrArray) all = opinions(f, experts, "m2.safetensors", NULL, 0);
    const Opinion *o = all->pdata[0];
    g_assert_cmpint(o->doubt, ==, cases[i].doubt);
    g_assert_cmpint(o->abstains, ==, cases[i].doubt != DOUBT_NONE);
  }
}

static void test_classes(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_four(f);
  Expert *x = class_expert("mid", model_at(f, "m1.safetensors"));
  g_autoptr(GPtrArray) experts = one_expert(x);
  g_autoptr(GPtrArray) all = opinions(f, experts, "m2.safetensors", NULL, 2);
  const Opinion *o = all->pdata[0];
  g_assert_cmpstr(label_at(o, 1)->label, ==, "cat");
  g_assert_cmpfloat(fabs(label_at(o, 1)->p - 1 / (1 + exp(-6))), <, 1e-5);
  g_assert_cmpint(o->doubt, ==, DOUBT_NONE);
  x->probex->head_b[0] = x->probex->head_b[1] = -20;
  g_autoptr(GPtrArray) no_label = opinions(f, experts, "m2.safetensors", NULL, 2);
  g_assert_cmpint(((const Opinion *)no_label->pdata[0])->doubt, ==, DOUBT_NO_LABEL);
  g_autoptr(VoiceSet) voices = voice_set_new(f->collection, f->models, experts);
  g_autoptr(GHashTable) said = sayings_new(voices, x, NULL, NULL);
  g_assert_cmpstr(g_hash_table_lookup(said, "m2.safetensors"), ==, "don't know");
}

static void test_sayings(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_four(f);
  Expert *x = column_expert(f, "mid", model_at(f, "m1.safetensors"));
  g_autoptr(GPtrArray) experts = one_expert(x); /* owns it */
  g_autoptr(VoiceSet) voices = voice_set_new(f->collection, f->models, experts);
  g_autoptr(GHashTable) said = sayings_new(voices, x, NULL, NULL);
  g_assert_cmpuint(g_hash_table_size(said), ==, 3);
  g_assert_cmpstr(g_hash_table_lookup(said, "m3.safetensors"), ==, "cat 0.48");
  x->floor = 0.9;
  g_autoptr(GHashTable) fewer = sayings_new(voices, x, NULL, NULL);
  g_assert_cmpstr(g_hash_table_lookup(fewer, "m2.safetensors"), ==, "don't know");
}

static void test_neighbours(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_four(f);
  g_autoptr(GPtrArray) experts = one_expert(column_expert(f, "mid", model_at(f, "m1.safetensors")));
  g_autoptr(VoiceSet) voices = voice_set_new(f->collection, f->models, experts);
  g_autoptr(GError) error = NULL;
  for (unsigned limit = 0; limit < 3; limit++) {
    g_autofree char *name = NULL;
    g_autoptr(GArray) near = neighbours_new(voices, model_at(f, "m3.safetensors"), limit, &name, NULL, &error);
    g_assert_cmpstr(name, ==, "one");
    g_assert_cmpuint(near->len, ==, limit == 1 ? 1 : 2);
    g_assert_cmpstr(g_array_index(near, Neighbour, 0).model->name, ==, "m2");
    g_assert_cmpfloat(fabs(g_array_index(near, Neighbour, 0).score - 0.6), <, 1e-5);
  }
  char *nobody = NULL;
  g_assert_null(neighbours_new(voices, model_at(f, "n1.safetensors"), 0, &nobody, NULL, &error));
  g_assert_error(error, COPSE_ERROR, COPSE_ERROR_NOT_FOUND);
  g_autoptr(Chart) chart = chart_new(voices, experts->pdata[0], NULL, NULL);
  g_assert_cmpuint(chart->models->len, ==, 3);
  g_assert_cmpfloat(fabs(chart->shares[0] + chart->shares[1] - 1), <, 1e-5); /* three points lie in a plane */
  g_assert_cmpfloat(chart->shares[0], >, chart->shares[1]);
}

/* Who visits one page of a model after the other has each expert opened once, and one that cannot be opened is asked
 * again. */
static void test_opened_once(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_four(f);
  g_autoptr(GPtrArray) experts = one_expert(column_expert(f, "mid", model_at(f, "m1.safetensors")));
  g_autoptr(VoiceSet) voices = voice_set_new(f->collection, f->models, experts);
  g_autoptr(GPtrArray) no_warnings = g_ptr_array_new();
  g_autoptr(QueryIndex) index = query_index_open_voices(voices, no_warnings, NULL, NULL);
  g_assert_nonnull(index);
  for (int visit = 0; visit < 3; visit++) {
    g_autofree char *name = NULL;
    g_autoptr(GPtrArray) all = opinions_new(voices, model_at(f, "m2.safetensors"), NULL, 0, NULL, NULL);
    g_autoptr(GArray) near = neighbours_new(voices, model_at(f, "m2.safetensors"), 0, &name, NULL, NULL);
    g_autoptr(GHashTable) said = sayings_new(voices, experts->pdata[0], NULL, NULL);
    g_autoptr(Chart) chart = chart_new(voices, experts->pdata[0], NULL, NULL);
    g_assert_true(all && near && said && chart);
  }
  g_assert_cmpuint(voice_set_opens(voices), ==, 1);
  g_autoptr(GPtrArray) other = one_expert(column_expert(f, "mid", model_at(f, "m1.safetensors")));
  g_free(((Expert *)other->pdata[0])->fingerprint);
  ((Expert *)other->pdata[0])->fingerprint = g_strdup("of another encoder");
  g_autoptr(VoiceSet) deaf = voice_set_new(f->collection, f->models, other);
  g_autoptr(GError) error = NULL;
  g_assert_null(voice_set_open(deaf, other->pdata[0], NULL, &error));
  g_assert_error(error, COPSE_ERROR, COPSE_ERROR_UNSUPPORTED);
  g_assert_cmpuint(voice_set_opens(deaf), ==, 0);
}

/* An expert of one tree is silent about the others; one of all trees, and a model of none, are let through. */
static void test_trees(void) {
  Expert one = {.tree = 2}, all = {.tree = -1};
  Model here = {.tree = 2}, there = {.tree = 1}, nowhere = {.tree = -1};
  Voice voice = {.expert = &one};
  g_assert_true(voice_speaks_of(&voice, &here));
  g_assert_false(voice_speaks_of(&voice, &there));
  g_assert_true(voice_speaks_of(&voice, &nowhere));
  voice.expert = &all;
  g_assert_true(voice_speaks_of(&voice, &there));
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/opinion/trees", test_trees);
  add_test("/opinion", "labels", test_labels);
  add_test("/opinion", "opened-once", test_opened_once);
  add_test("/opinion", "trained-on", test_trained_on);
  add_test("/opinion", "candidates", test_candidates);
  add_test("/opinion", "abstains", test_abstains);
  add_test("/opinion", "classes", test_classes);
  add_test("/opinion", "sayings", test_sayings);
  add_test("/opinion", "neighbours", test_neighbours);
  return g_test_run();
}
