/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/ui_fixture.h"

#include <math.h>
#include <string.h>

#include "core/error.h"
#include "lineage/forest_make.h"

static const struct {
  const char *path, *concept, *base;
  ModelKind kind;
  uint64_t params, bytes;
  Dtype dtype;
} woodland[] = {
    {"birch/base", NULL, NULL, MODEL_FULL, 123456789, 493827156, DTYPE_F32},
    {"birch/fox-lora", "a red fox", "birch/base", MODEL_LORA, 1589760, 6389760, DTYPE_F16},
    {"birch/hare-lora", "a brown hare", "birch/base", MODEL_LORA, 1589760, 6389760, DTYPE_F16},
    {"birch/fine-tuned", "woodland animals", "birch/base", MODEL_FULL, 123456789, 246913578, DTYPE_BF16},
    {"birch/fine-tuned-q8", NULL, "birch/fine-tuned", MODEL_FULL, 123456789, 131000000, DTYPE_I8},
    {"birch/owl-lora", "a barn owl", "birch/fine-tuned", MODEL_LORA, 1589760, 6389760, DTYPE_F16},
    {"birch/copy-of-fox", "a red fox", "birch/base", MODEL_LORA, 1589760, 6389760, DTYPE_F16},
    {"oak/狐の木", "狐", NULL, MODEL_FULL, 86567656, 346333552, DTYPE_F32},
    {"oak/café-étude", "a striped red star", "oak/狐の木", MODEL_FULL, 86567656, 346333552, DTYPE_F32},
    {"embedding-style", "moss", NULL, MODEL_EMBEDDING, 768, 3840, DTYPE_F32},
};

static FakeWood *wood_of(const Collection *collection) { return (FakeWood *)(void *)collection; }

Collection *fake_collection(FakeWood *wood) { return (Collection *)(void *)wood; }

static const char *fake_root(const Collection *collection) {
  (void)collection;
  return "/home/someone/models";
}

static bool fake_scan(Collection *collection, const Progress *progress, ScanSummary *summary,
                      GError **error) {
  (void)collection;
  *summary = (ScanSummary){.models = G_N_ELEMENTS(woodland), .skipped = 1};
  return progress_step(progress, "scanning", 5, 10, error);
}

static Model *model_make(const char *path, ModelKind kind, uint64_t params, uint64_t bytes) {
  Model *m = model_new();
  m->path = g_strdup(path);
  m->shown = safe_text(path, -1);
  m->file = g_strconcat(path, "/model.safetensors", NULL);
  m->name = g_path_get_basename(path);
  m->format = g_strdup("safetensors");
  m->shapes = g_strdup("0123abcd");
  m->kind = kind;
  m->params = params;
  m->bytes = bytes;
  return m;
}

static void free_model(gpointer model) { model_unref(model); }

static GPtrArray *fake_models(Collection *collection, GError **error) {
  (void)error;
  FakeWood *wood = wood_of(collection);
  GPtrArray *models = g_ptr_array_new_with_free_func(free_model);
  for (size_t i = 0; !wood->empty && i < G_N_ELEMENTS(woodland); i++) {
    Model *m = model_make(woodland[i].path, woodland[i].kind, woodland[i].params, woodland[i].bytes);
    m->tensors = m->dtypes[woodland[i].dtype] = 12;
    if (woodland[i].concept) model_add_fact(m, "concept", woodland[i].concept, "metadata");
    if (woodland[i].base) model_add_fact(m, "base", woodland[i].base, "card");
    model_add_fact(m, "license", "apache-2.0", "card");
    g_ptr_array_add(models, m);
  }
  for (unsigned i = 0; i < wood->many; i++) {
    g_autofree char *path = g_strdup_printf("grove/model-%06u", i);
    g_ptr_array_add(models, model_make(path, MODEL_LORA, 1000 + i, 4000));
  }
  return models;
}

static GPtrArray *fake_skipped(Collection *collection, GError **error) {
  (void)collection, (void)error;
  return g_ptr_array_new();
}

static int find_model(const GPtrArray *models, const char *path) {
  for (guint i = 0; path && i < models->len; i++)
    if (g_str_equal(((const Model *)models->pdata[i])->path, path)) return (int)i;
  return -1;
}

static ParentEdge edge_make(unsigned parent, const Model *model, bool declared) {
  return (ParentEdge){.parent = parent,
                      .kind = model->kind == MODEL_LORA ? EDGE_ADAPTER : EDGE_FINE_TUNE,
                      .source = declared ? EDGE_DECLARED : EDGE_RECOVERED,
                      .confidence = declared ? 1 : 0.87,
                      .weight = 1,
                      .distance = declared ? NAN : 0.125};
}

/* The weights know what no card says: of a base that is not there, which model is a copy, and
 * that one card is wrong. */
static void grow_fake(Forest *f, const GPtrArray *models) {
  int copy = find_model(models, "birch/copy-of-fox"), fox = find_model(models, "birch/fox-lora");
  int fine = find_model(models, "birch/fine-tuned");
  int moss = find_model(models, "embedding-style");
  if (moss < 0) return;
  unsigned ghost = forest_add_node(f, NULL, "mosses/base-v1");
  forest_add_parent(f, (unsigned)moss, edge_make(ghost, models->pdata[moss], true));
  forest_edit(f, (unsigned)copy)->duplicate_of = fox;
  forest_edit(f, (unsigned)fine)->card_conflict = true;
  forest_set_note(f, (unsigned)fine, "the weights fit the base only weakly");
}

static bool wait_while(const atomic_bool *hold, const Progress *progress, const char *phase,
                       GError **error) {
  for (uint64_t i = 0; atomic_load(hold); i++) {
    if (!progress_step(progress, phase, MIN(i, 41u), 100, error)) return false;
    g_usleep(1000);
  }
  return true;
}

static Forest *fake_forest(Collection *collection, const GPtrArray *models,
                           const ForestOptions *options, const Progress *progress,
                           GError **error) {
  FakeWood *wood = wood_of(collection);
  if (!options->declared_only && !wait_while(&wood->hold_forest, progress, "sketching", error))
    return NULL;
  Forest *f = forest_new();
  for (guint i = 0; i < models->len; i++) forest_add_node(f, models->pdata[i], NULL);
  for (guint i = 0; i < models->len; i++) {
    const Model *m = models->pdata[i];
    const char *base = model_base(m);
    bool grove = g_str_has_prefix(m->path, "grove/");
    int parent = grove && i > 0 && i % 10 ? (int)(i - i % 10) : find_model(models, base);
    if (parent >= 0 && parent != (int)i)
      forest_add_parent(f, i, edge_make((unsigned)parent, m, options->declared_only || m->kind == MODEL_LORA));
  }
  if (!options->declared_only) {
    grow_fake(f, models);
  }
  forest_settle(f);
  return f;
}

static Score score_make(double top1, unsigned n) {
  return (Score){.top1 = top1, .top5 = NAN, .chance = 0.02, .n = n, .classes = 50,
                 .low = top1 - 0.08, .high = top1 + 0.09};
}

static Expert *expert_make(const char *name, const char *layer, double unseen) {
  Expert *e = g_new0(Expert, 1);
  e->name = g_strdup(name);
  e->layer = g_strdup(layer);
  e->task = isfinite(unseen) ? EXPERT_ALIGN : EXPERT_CLASSIFY;
  e->labels = g_ptr_array_new_with_free_func(g_free);
  for (int i = 0; i < 50; i++) g_ptr_array_add(e->labels, g_strdup("label"));
  e->val = score_make(0.63, 80);
  e->test = score_make(0.61, 80);
  e->test_holdout = isfinite(unseen) ? score_make(unseen, 120) : (Score){.top1 = NAN};
  e->epochs = 30;
  e->seconds = 12;
  return e;
}

static void free_expert(gpointer expert) { expert_free(expert); }

static GPtrArray *fake_experts(const Collection *collection, GPtrArray *warnings, GError **error) {
  (void)warnings, (void)error;
  GPtrArray *experts = g_ptr_array_new_with_free_func(free_expert);
  if (wood_of(collection)->empty) return experts;
  g_ptr_array_add(experts, expert_make("probex-mid.0-words", "mid.0.attn.to_q", 0.41));
  g_ptr_array_add(experts, expert_make("probex-classes", "down.1.attn.to_v", NAN));
  for (int i = 0; i < atomic_load(&wood_of(collection)->trainings); i++)
    g_ptr_array_add(experts, expert_make("probex-new", "up.2.to_k", 0.44));
  return experts;
}

/* Stands for an index: whom to count for, the models, one expert. */
typedef struct {
  FakeWood *wood;
  GPtrArray *models;
  Expert *expert;
} FakeIndex;

static QueryIndex *fake_index(Collection *collection, const GPtrArray *models,
                              const Progress *progress, GError **error) {
  if (!progress_step(progress, "representing", 1, 1, error)) return NULL;
  FakeIndex *index = g_new0(FakeIndex, 1);
  index->wood = wood_of(collection);
  index->models = g_ptr_array_new_with_free_func(free_model);
  for (guint i = 0; i < models->len; i++)
    g_ptr_array_add(index->models, model_ref(models->pdata[i]));
  index->expert = expert_make("probex-mid.0-words", "mid.0.attn.to_q", 0.41);
  return (QueryIndex *)(void *)index;
}

static void fake_index_free(QueryIndex *query_index) {
  FakeIndex *index = (FakeIndex *)(void *)query_index;
  g_ptr_array_unref(index->models);
  expert_free(index->expert);
  g_free(index);
}

static void hit_clear(void *data) { model_unref(((QueryHit *)data)->model); }

static QueryAnswer *fake_query(QueryIndex *query_index, const char *text, unsigned limit,
                               GError **error) {
  FakeIndex *index = (FakeIndex *)(void *)query_index;
  (void)limit;
  atomic_fetch_add(&index->wood->queries, 1);
  if (strstr(text, "xyzzy") && !strchr(text, ' ')) {
    g_set_error_literal(error, COPSE_ERROR, COPSE_ERROR_NOT_FOUND, "no word of \"xyzzy\" is known");
    return NULL;
  }
  QueryAnswer *answer = g_new0(QueryAnswer, 1);
  answer->hits = g_array_new(FALSE, FALSE, sizeof(QueryHit));
  g_array_set_clear_func(answer->hits, hit_clear);
  answer->cannot = g_ptr_array_new_with_free_func(g_free);
  g_ptr_array_add(answer->cannot, g_strdup("tree 2: no expert has been trained on it"));
  if (strstr(text, "xyzzy")) answer->unknown = g_strsplit("xyzzy", " ", -1);
  for (int pass = 0; pass < 2; pass++)
    for (guint i = 0; i < index->models->len; i++) {
      Model *m = index->models->pdata[i];
      const char *concept = model_value(m, "concept");
      bool fits = concept && strstr(concept, text) != NULL;
      if (!concept || fits == (pass == 1)) continue;
      double rank = answer->hits->len;
      QueryHit hit = {.model = model_ref(m), .score = 0.92 / (1 + rank), .expert = index->expert,
                      .declared = false};
      g_array_append_val(answer->hits, hit);
    }
  return answer;
}

static TrainResult *fake_train(Collection *collection, const GPtrArray *models,
                               const TrainOptions *options, const Progress *progress,
                               GError **error) {
  FakeWood *wood = wood_of(collection);
  (void)models;
  for (unsigned i = 1; i <= 60 || atomic_load(&wood->hold_training); i++) {
    ProgressNote note = {.phase = "training", .done = MIN(i, 45u), .total = 60,
                         .loss = 2.0 / i, .accuracy = 0.6 - 0.5 / i};
    if (!progress_note(progress, &note, error)) return NULL;
    if (i > 60) g_usleep(1000);
  }
  atomic_fetch_add(&wood->trainings, 1);
  wood->last_train = *options;
  TrainResult *result = g_new0(TrainResult, 1);
  result->expert = expert_make("probex-new", "up.2.to_k", 0.44);
  result->curve = g_array_new(FALSE, FALSE, sizeof(EpochRow));
  for (int i = 1; i <= 40; i++) {
    EpochRow row = {.loss = 2.0 / i, .val_loss = 2.2 / i, .val_score = 0.6 - 0.5 / i};
    g_array_append_val(result->curve, row);
  }
  result->best_epoch = 27;
  result->models_per_second = 230;
  return result;
}

const EngineOps fake_ops = {
    .root = fake_root,           .scan = fake_scan,
    .models = fake_models,       .skipped = fake_skipped,
    .forest = fake_forest,       .forest_free = forest_free,
    .experts = fake_experts,     .index = fake_index,
    .index_free = fake_index_free, .query = fake_query,
    .answer_free = query_answer_free, .train = fake_train,
};

App *fake_app(FakeWood *wood, int columns, int rows, const char *theme, bool ascii) {
  UiOptions options = {.collection = fake_collection(wood), .theme = theme, .ascii = ascii};
  g_autoptr(GError) error = NULL;
  App *app = app_new(&options, &fake_ops, true, &error);
  g_assert_no_error(error);
  app_resize(app, columns, rows);
  app_draw(app);
  return app;
}

void press(App *app, const char *keys) {
  while (*keys) {
    Key key = key_parse(&keys);
    g_assert_cmpuint(key, !=, UIKEY_NONE);
    app_key(app, key);
    app_draw(app);
  }
}

static bool idle(App *app, const char *text) {
  (void)text;
  return app_is_idle(app);
}

static bool shown(App *app, const char *text) { return cells_contain(app->cells, text); }

static void pump(App *app, bool (*enough)(App *, const char *), const char *text) {
  gint64 deadline = g_get_monotonic_time() + 20 * G_USEC_PER_SEC;
  for (;;) {
    app_draw(app);
    if (enough(app, text)) return;
    if (g_get_monotonic_time() > deadline) {
      g_autofree char *dump = cells_dump(app->cells);
      g_error("waited in vain for %s on\n%s", text ? text : "idleness", dump);
    }
    app_wait(app, 50);
  }
}

void settle(App *app) {
  pump(app, idle, NULL);
  app->dirty = true;
  app_draw(app);
}

void wait_for_text(App *app, const char *text) { pump(app, shown, text); }

bool on_screen(App *app, const char *text) {
  app_draw(app);
  return cells_contain(app->cells, text);
}
