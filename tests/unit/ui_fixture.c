/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/ui_fixture.h"

#include <math.h>
#include <string.h>

#include "core/error.h"
#include "ui/app/app_keys.h"
#include "ui/app/frame.h"
#include "lineage/forest/forest_make.h"
#include "tests/unit/fake_evaluation.h"
#include "tests/unit/fake_model.h"

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

static bool wait_while(const atomic_bool *hold, const Progress *progress, const char *phase, GError **error) {
  for (uint64_t i = 0; atomic_load(hold); i++) {
    if (!progress_step(progress, phase, MIN(i, 41u), 100, error)) return false;
    g_usleep(1000);
  }
  return true;
}

static bool fake_scan(Collection *collection, const Progress *progress, ScanSummary *summary, GError **error) {
  if (!wait_while(&wood_of(collection)->hold_scan, progress, "scanning", error)) return false;
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
    if (wood->retrained) m->bytes *= 2;
    m->tensors = m->dtypes[woodland[i].dtype] = 12;
    if (woodland[i].concept) model_add_fact(m, "concept", woodland[i].concept, "metadata");
    if (woodland[i].base) model_add_fact(m, "base", woodland[i].base, "card");
    if (wood->alone && m->kind == MODEL_EMBEDDING) model_add_fact(m, "alone", "yes", "test");
    model_add_fact(m, "license", "apache-2.0", "card");
    g_ptr_array_add(models, m);
  }
  for (unsigned i = 0; i < wood->many; i++) {
    g_autofree char *path = g_strdup_printf("grove/model-%06u", i);
    Model *m = model_make(path, MODEL_LORA, 1000 + i, 4000);
    model_add_fact(m, "family", i % 3 ? "sdxl" : "sd15", "test");
    g_ptr_array_add(models, m);
  }
  return models;
}

static void skipped_free(gpointer data) {
  Skipped *s = data;
  g_free(s->path);
  g_free(s->reason);
  g_free(s);
}

static GPtrArray *fake_skipped(Collection *collection, GError **error) {
  (void)error;
  GPtrArray *all = g_ptr_array_new_with_free_func(skipped_free);
  for (unsigned i = 0; i < wood_of(collection)->skips; i++) {
    Skipped *s = g_new(Skipped, 1);
    *s = (Skipped){
        i == 2 ? g_strdup("birch/fine-tuned/state.safetensors") : g_strdup_printf("broken/part-%u.safetensors", i),
        g_strdup("header length 9007199254740993 is beyond the end of the file")};
    g_ptr_array_add(all, s);
  }
  return all;
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

static Forest *fake_forest(Collection *collection, const GPtrArray *models, const ForestOptions *options,
                           const Progress *progress, GError **error) {
  FakeWood *wood = wood_of(collection);
  if (!options->declared_only && !wait_while(&wood->hold_forest, progress, "sketching", error)) return NULL;
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

/* Of one label a model, or of many. */
static Score score_make(double rate, unsigned n, bool many) {
  Score s = score_none();
  *(many ? &s.accuracy : &s.top1) = rate;
  s.chance = 0.02, s.n = n, s.classes = 50;
  s.low = rate - 0.08, s.high = rate + 0.09;
  return s;
}

static Expert *expert_make(const char *name, const char *layer, double unseen) {
  Expert *e = g_new0(Expert, 1);
  e->name = g_strdup(name);
  e->layer = g_strdup(layer);
  e->shapes = g_strdup("0123abcd");
  e->task = isfinite(unseen) ? EXPERT_ALIGN : EXPERT_CLASSIFY;
  e->labels = g_ptr_array_new_with_free_func(g_free);
  for (int i = 0; i < 50; i++) g_ptr_array_add(e->labels, g_strdup_printf("label %d", i));
  bool many = e->task == EXPERT_CLASSIFY;
  e->val = score_make(0.63, 80, many);
  e->test = score_make(0.61, 80, many);
  e->test_holdout = isfinite(unseen) ? score_make(unseen, 120, false) : score_none();
  e->epochs = 30;
  e->seconds = 12;
  e->threshold = 0.5, e->answered = 0.8, e->answered_right = 0.9;
  return e;
}

static void free_expert(gpointer expert) { expert_free(expert); }

static GPtrArray *fake_experts(const Collection *collection, GPtrArray *warnings, GError **error) {
  (void)warnings, (void)error;
  GPtrArray *experts = g_ptr_array_new_with_free_func(free_expert);
  if (wood_of(collection)->empty) return experts;
  g_ptr_array_add(experts, expert_make("probex-mid.0-words", "mid.0.attn.to_q", 0.41));
  ((Expert *)experts->pdata[0])->curve = fake_curve(30, 0.63);
  g_ptr_array_add(experts, expert_make("probex-classes", "down.1.attn.to_v", NAN));
  if (wood_of(collection)->runs) {
    g_ptr_array_add(experts, expert_make("probex-other", "up.1.attn.to_k", 0.32));
    ((Expert *)experts->pdata[2])->curve = fake_curve(20, 0.45);
  }
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

static QueryIndex *fake_index(VoiceSet *voices, const GPtrArray *warnings, const Progress *progress, GError **error) {
  const GPtrArray *models = voice_set_models(voices);
  (void)warnings;
  if (!progress_step(progress, "representing", 1, 1, error)) return NULL;
  FakeIndex *index = g_new0(FakeIndex, 1);
  index->wood = wood_of(voice_set_collection(voices));
  index->models = g_ptr_array_new_with_free_func(free_model);
  for (guint i = 0; i < models->len; i++) g_ptr_array_add(index->models, model_ref(models->pdata[i]));
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

static QueryAnswer *fake_query(QueryIndex *query_index, const char *text, unsigned limit, GError **error) {
  FakeIndex *index = (FakeIndex *)(void *)query_index;
  atomic_fetch_add(&index->wood->queries, 1);
  if (strstr(text, "xyzzy") && !strchr(text, ' ')) {
    g_set_error_literal(error, COPSE_ERROR, COPSE_ERROR_NOT_FOUND, "no word of \"xyzzy\" is known");
    return NULL;
  }
  QueryAnswer *answer = g_new0(QueryAnswer, 1);
  answer->hits = g_array_new(FALSE, FALSE, sizeof(QueryHit));
  g_array_set_clear_func(answer->hits, hit_clear);
  answer->speakers = g_array_new(FALSE, TRUE, sizeof(QuerySpeaker));
  QuerySpeaker speaker = {.expert = index->expert};
  g_array_append_val(answer->speakers, speaker);
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
      QueryHit hit = {.model = model_ref(m), .score = 0.92 / (1 + rank), .expert = index->expert, .declared = false};
      hit.trained = g_str_equal(m->name, "hare-lora") ? TRAINED_ON : TRAINED_NOT;
      g_array_append_val(answer->hits, hit);
    }
  answer->total = index->wood->cut ? 1920 : answer->hits->len;
  if (limit && answer->hits->len > limit) g_array_set_size(answer->hits, limit);
  return answer;
}

static TrainResult *fake_train(Collection *collection, const GPtrArray *models, const TrainOptions *options,
                               const Progress *progress, GError **error) {
  FakeWood *wood = wood_of(collection);
  (void)models;
  for (unsigned i = 1; i <= 60 || atomic_load(&wood->hold_training); i++) {
    ProgressNote note = {.phase = "training",
                         .done = MIN(i, 45u),
                         .total = 60,
                         .loss = 2.0 / i,
                         .accuracy = 0.6 - 0.5 / i,
                         .chance = 0.02};
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

static GPtrArray *fake_sweep(Collection *collection, const GPtrArray *models, const TrainOptions *options,
                             const char *pattern, SweepRow row, void *user, GPtrArray *warnings,
                             const Progress *progress, GError **error) {
  static const char *const layers[] = {"mid.0.to_q", "mid.0.to_v", "up.2.to_k", "down.1.ff"};
  GPtrArray *experts = g_ptr_array_new_with_free_func(free_expert);
  (void)collection, (void)models, (void)options, (void)warnings, (void)pattern;
  for (unsigned i = 0; i < G_N_ELEMENTS(layers); i++) {
    if (!progress_step(progress, "training", i, G_N_ELEMENTS(layers), error)) {
      g_ptr_array_unref(experts);
      return NULL;
    }
    Expert *e = expert_make(layers[i], layers[i], 0.2 + 0.1 * i);
    e->val = score_make(0.3 + 0.15 * i, 80, false);
    g_ptr_array_insert(experts, 0, e); /* each is better than those before */
    row(user, e, i == 0, i + 1, G_N_ELEMENTS(layers));
  }
  return experts;
}

static uint64_t fake_freed(const char *root, const GPtrArray *paths) {
  (void)root;
  return 176361536 * (uint64_t)paths->len;
}

static DiskSurvey *fake_survey(const char *root, const GPtrArray *places, const GPtrArray *models, GError **error) {
  (void)root, (void)places, (void)error;
  DiskSurvey *survey = g_new0(DiskSurvey, 1);
  for (int k = 0; k < DISK_KINDS; k++) survey->paths[k] = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < models->len; i++) survey->bytes[DISK_WEIGHTS] += ((const Model *)models->pdata[i])->bytes;
  survey->bytes[DISK_UNFINISHED] = 512000000, survey->bytes[DISK_OLD] = 96000000, survey->bytes[DISK_OTHER] = 1234567;
  return survey;
}

static char *history_key(const char *space, const char *key) { return g_strconcat(space, "/", key, NULL); }

/* Whom the last app belonged to: what has no collection to tell it. */
static FakeWood *latest;

static bool fake_set_by_hand(Collection *collection, GPtrArray *models, const Model *model, const char *key,
                             const char *value, GError **error) {
  FakeWood *wood = wood_of(collection);
  if (g_str_equal(key, "parent") && find_model(models, value) < 0) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_NOT_FOUND, "there is no model %s", value);
    return false;
  }
  g_snprintf(wood->by_hand, sizeof wood->by_hand, "%s: %s=%s", model->path, key, value);
  return true;
}

static bool fake_remove_expert(const Expert *expert, GError **error) {
  (void)error;
  g_free(latest->changed);
  latest->changed = g_strdup_printf("removed %s", expert->name);
  return true;
}

static bool fake_rename_expert(const Expert *expert, const char *name, GError **error) {
  if (strchr(name, '/')) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_USAGE, "\"%s\" is no name for a file", name);
    return false;
  }
  g_free(latest->changed);
  latest->changed = g_strdup_printf("%s is now %s", expert->name, name);
  return true;
}

static void note_wait(FakeWood *wood) {
  if (wood->owner && g_thread_self() == wood->owner) wood->waits++;
}

static bool fake_put(Collection *collection, const char *space, const char *key, GBytes *value, GError **error) {
  FakeWood *wood = wood_of(collection);
  (void)error;
  note_wait(wood);
  while (atomic_load(&wood->hold_disk)) g_usleep(1000);
  if (!wood->memory)
    wood->memory = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_bytes_unref);
  g_hash_table_insert(wood->memory, history_key(space, key), g_bytes_ref(value));
  atomic_fetch_add(&wood->puts, 1);
  return true;
}

static GBytes *fake_get(Collection *collection, const char *space, const char *key, GError **error) {
  FakeWood *wood = wood_of(collection);
  note_wait(wood);
  g_autofree char *name = history_key(space, key);
  GBytes *value = wood->memory ? g_hash_table_lookup(wood->memory, name) : NULL;
  (void)error;
  return value ? g_bytes_ref(value) : NULL;
}

const EngineOps fake_ops = {
    .root = fake_root,
    .scan = fake_scan,
    .models = fake_models,
    .skipped = fake_skipped,
    .forest = fake_forest,
    .forest_free = forest_free,
    .experts = fake_experts,
    .index = fake_index,
    .index_free = fake_index_free,
    .query = fake_query,
    .answer_free = query_answer_free,
    .train = fake_train,
    .counts = fake_counts,
    .sweep = fake_sweep,
    .diff = fake_diff,
    .layers = fake_layers,
    .figures = fake_figures,
    .card = fake_card,
    .opinions = fake_opinions,
    .neighbours = fake_neighbours,
    .chart = fake_chart,
    .spread = fake_spread,
    .evaluate = fake_evaluate,
    .sayings = fake_sayings,
    .duplicates = fake_duplicates,
    .freed = fake_freed,
    .survey = fake_survey,
    .set_by_hand = fake_set_by_hand,
    .remove_expert = fake_remove_expert,
    .rename_expert = fake_rename_expert,
    .put = fake_put,
    .get = fake_get,
};

App *fake_app(FakeWood *wood, int columns, int rows, const char *theme, bool ascii) {
  latest = wood;
  UiOptions options = {.collection = fake_collection(wood),
                       .theme = theme,
                       .ascii = ascii,
                       .uncursed = wood->uncursed,
                       .threadless = wood->threadless};
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

App *ready_app(FakeWood *wood, int columns, int rows) {
  App *app = fake_app(wood, columns, rows, "dark", false);
  settle(app);
  return app;
}

void walk(App *app, const char *keys) {
  g_auto(GStrv) parts = g_strsplit(keys, "|", -1);
  for (char **p = parts; *p; p++) press(app, *p), settle(app);
}

void expect(App *app, const char *text) {
  bool there = on_screen(app, text);
  g_autofree char *dump = there ? NULL : cells_dump(app->cells);
  if (!there) g_error("%s is not on\n%s", text, dump);
}
