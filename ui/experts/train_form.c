/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/experts/train_form.h"

#include <math.h>

#include "numerics/linalg.h"
#include "ui/toolkit/paint.h"
#include "session/train_estimate.h"

typedef enum { INPUT_CHOICE, INPUT_NAME, INPUT_TREE, INPUT_COUNT, INPUT_SEED, INPUT_RATE } InputKind;

enum {
  F_TASK,
  F_LAYER,
  F_LABEL,
  F_EPOCHS,
  F_BATCH,
  F_PROBES,
  F_PROJ,
  F_REP,
  F_RATE,
  F_SEED,
  F_KIND,
  F_TREE,
  F_ENCODER,
  F_PROMPTS
};

enum { CHOICES_MOST = 5 };

static const struct {
  const char *label;
  InputKind kind;
  unsigned most; /* INPUT_COUNT: 1 .. most */
  const char *help;
  const char *choices[CHOICES_MOST]; /* INPUT_CHOICE: ended by NULL */
} field_table[TRAIN_FIELDS] = {
    [F_TASK] = {"task", INPUT_CHOICE, 0, "align: answers any words; classify: names a label", {"align", "classify"}},
    [F_LAYER] = {"layer", INPUT_NAME, 0, "empty: the widest that all models share; PgDn, PgUp choose", {NULL}},
    [F_LABEL] =
        {"label source", INPUT_NAME, 0, "a key, folder, name, hand, tags or @FILE.csv; PgDn, PgUp choose", {NULL}},
    [F_EPOCHS] = {"epochs", INPUT_COUNT, 100000, "passes over the models", {NULL}},
    [F_BATCH] = {"batch", INPUT_COUNT, 65536, "models a step", {NULL}},
    [F_PROBES] = {"probes", INPUT_COUNT, 4096, "r_U: inputs that are shown to the layer", {NULL}},
    [F_PROJ] = {"projection", INPUT_COUNT, 4096, "r_V: what is kept of each output", {NULL}},
    [F_REP] = {"representation", INPUT_COUNT, 8192, "r_T: numbers that stand for a model", {NULL}},
    [F_RATE] = {"learning rate", INPUT_RATE, 0, "Adam's step size, above 0 and at most 1", {NULL}},
    [F_SEED] = {"seed", INPUT_SEED, 0, "the same seed gives the same expert", {NULL}},
    [F_KIND] = {"kind",
                INPUT_CHOICE,
                0,
                "probex, multiview: by steps; kernel: in closed form; auto: what serves best",
                {"probex", "kernel", "auto", "multiview"}}, /* in the order of TrainKind */
    [F_TREE] = {"tree", INPUT_TREE, 0, "its number in the forest; empty: any model that has the layer", {NULL}},
    [F_ENCODER] = {"encoder",
                   INPUT_NAME,
                   0,
                   "words, clip:DIR, model2vec:DIR, table:FILE: what turns labels into vectors",
                   {NULL}},
    [F_PROMPTS] = {"prompts", INPUT_NAME, 0, "\"a photo of a {}\"; several with |; empty: the encoder's own", {NULL}},
};

static void set_number(TrainForm *form, int field, guint64 value) {
  char text[32];
  g_snprintf(text, sizeof text, "%" G_GUINT64_FORMAT, value);
  line_edit_init(&form->fields[field], text);
}

void train_form_init(TrainForm *form) {
  const TrainOptions defaults = TRAIN_DEFAULTS;
  char rate[G_ASCII_DTOSTR_BUF_SIZE];
  *form = (TrainForm){.list = {.count = TRAIN_FIELDS}};
  line_edit_init(&form->fields[F_TASK], expert_task_name(defaults.task));
  line_edit_init(&form->fields[F_LAYER], "");
  line_edit_init(&form->fields[F_LABEL], "");
  set_number(form, F_EPOCHS, defaults.epochs);
  set_number(form, F_BATCH, defaults.batch);
  set_number(form, F_PROBES, defaults.probes);
  set_number(form, F_PROJ, defaults.proj);
  set_number(form, F_REP, defaults.rep);
  g_ascii_formatd(rate, sizeof rate, "%.4g", (double)defaults.lr);
  line_edit_init(&form->fields[F_RATE], rate);
  set_number(form, F_SEED, defaults.seed);
  line_edit_init(&form->fields[F_KIND], field_table[F_KIND].choices[defaults.kind]);
  line_edit_init(&form->fields[F_TREE], "");
  line_edit_init(&form->fields[F_ENCODER], defaults.encoder);
  line_edit_init(&form->fields[F_PROMPTS], "");
}

void train_form_clear(TrainForm *form) {
  for (int i = 0; i < TRAIN_FIELDS; i++) line_edit_clear(&form->fields[i]);
  g_clear_pointer(&form->problem, g_free);
}

static void move(TrainForm *form, int by) {
  form->list.cursor = (form->list.cursor + by + TRAIN_FIELDS) % TRAIN_FIELDS;
  g_clear_pointer(&form->problem, g_free);
}

static bool is_choice(int field) { return field_table[field].kind == INPUT_CHOICE; }

/* Which of its choices a field holds. */
static int chosen(const TrainForm *form, int field) {
  const char *const *choices = field_table[field].choices;
  int at = 0;
  while (choices[at + 1] && !g_str_equal(choices[at], form->fields[field].text->str)) at++;
  return at;
}

static void switch_choice(TrainForm *form, int field, int by) {
  const char *const *choices = field_table[field].choices;
  int n = 0;
  while (choices[n]) n++;
  line_edit_set(&form->fields[field], choices[(chosen(form, field) + by + n) % n]);
  form->task_chosen |= field == F_TASK;
}

/* The layer before or after the one in the field, among those there are. */
static void switch_layer(TrainForm *form, int by) {
  LineEdit *edit = &form->fields[F_LAYER];
  int n = (int)form->layers->rows->len, at = -1;
  for (int i = 0; i < n; i++)
    if (g_str_equal(g_array_index(form->layers->rows, DiffRow, i).name, edit->text->str)) at = i;
  at = at < 0 ? (by > 0 ? 0 : n - 1) : at + by;
  line_edit_set(edit, at < 0 || at >= n ? "" : g_array_index(form->layers->rows, DiffRow, at).name);
}

static const LabelCount *source_at(const TrainForm *form, int i) { return form->sources->pdata[i]; }

/* The same with the sources of labels. */
static void switch_source(TrainForm *form, int by) {
  LineEdit *edit = &form->fields[F_LABEL];
  int n = (int)form->sources->len, at = -1;
  for (int i = 0; i < n; i++)
    if (g_str_equal(source_at(form, i)->source, edit->text->str)) at = i;
  at = at < 0 ? (by > 0 ? 0 : n - 1) : at + by;
  line_edit_set(edit, at < 0 || at >= n ? "" : source_at(form, at)->source);
}

bool train_form_action(TrainForm *form, Action action) {
  bool changed;
  g_clear_pointer(&form->problem, g_free);
  if (action == ACTION_FORM_NEXT) return move(form, 1), true;
  if (action == ACTION_FORM_PREVIOUS) return move(form, -1), true;
  bool turn = action == ACTION_FORM_LATER || action == ACTION_FORM_EARLIER;
  if (form->list.cursor == F_LAYER && turn && form->layers)
    return switch_layer(form, action == ACTION_FORM_LATER ? 1 : -1), true;
  if (form->list.cursor == F_LABEL && turn && form->sources)
    return switch_source(form, action == ACTION_FORM_LATER ? 1 : -1), true;
  if (!is_choice(form->list.cursor)) return line_edit_action(&form->fields[form->list.cursor], action, &changed);
  bool back = action == ACTION_EDIT_LEFT || action == ACTION_FORM_EARLIER;
  if (!back && action != ACTION_EDIT_RIGHT && action != ACTION_FORM_LATER) return false;
  switch_choice(form, form->list.cursor, back ? -1 : 1);
  return true;
}

bool train_form_type(TrainForm *form, Key key) {
  g_clear_pointer(&form->problem, g_free);
  int field = form->list.cursor;
  if (!is_choice(field)) return line_edit_type(&form->fields[field], key);
  if (key == ' ') switch_choice(form, field, 1);
  for (const char *const *c = field_table[field].choices; *c; c++)
    if ((Key) * *c == key) line_edit_set(&form->fields[field], *c), form->task_chosen |= field == F_TASK;
  return true;
}

static bool wrong(TrainForm *form, int field, char *problem) {
  form->list.cursor = field;
  g_free(form->problem);
  form->problem = problem;
  return false;
}

static bool read_count(TrainForm *form, int field, unsigned *value) {
  guint64 n;
  unsigned most = field_table[field].most;
  if (!g_ascii_string_to_unsigned(form->fields[field].text->str, 10, 1, most, &n, NULL))
    return wrong(form, field, g_strdup_printf("%s: a number from 1 to %u", field_table[field].label, most));
  *value = (unsigned)n;
  return true;
}

static bool read_rate(TrainForm *form, float *rate) {
  char *end;
  const char *text = form->fields[F_RATE].text->str;
  double value = g_ascii_strtod(text, &end);
  if (end == text || *end || !(value > 0 && value <= 1))
    return wrong(form, F_RATE, g_strdup("learning rate: a number above 0 and at most 1"));
  *rate = (float)value;
  return true;
}

static bool read_seed(TrainForm *form, uint64_t *seed) {
  guint64 n;
  if (!g_ascii_string_to_unsigned(form->fields[F_SEED].text->str, 10, 0, G_MAXUINT64, &n, NULL))
    return wrong(form, F_SEED, g_strdup("seed: a whole number"));
  *seed = n;
  return true;
}

static const char *name_or_null(const TrainForm *form, int field) {
  const char *text = form->fields[field].text->str;
  return *text ? text : NULL;
}

/* The layers are one model's: others may have more, so that a name which is not among them is doubtful but not
 * wrong. */
static const char *doubt(const TrainForm *form) {
  const char *name = form->fields[F_LAYER].text->str;
  if (!*name || !form->layers || train_estimate_layer(form->layers, name)) return NULL;
  return "the model that was looked at has no such layer; PgDn shows its";
}

static int tree_of(const TrainForm *form) {
  guint64 n;
  const char *text = form->fields[F_TREE].text->str;
  return g_ascii_string_to_unsigned(text, 10, 1, G_MAXINT, &n, NULL) ? (int)n - 1 : -1;
}

static bool read_tree(TrainForm *form, int *tree) {
  *tree = tree_of(form);
  if (*tree >= 0 || !*form->fields[F_TREE].text->str) return true;
  return wrong(form, F_TREE, g_strdup("tree: its number in the forest, from 1 on, or nothing"));
}

static bool check_source(TrainForm *form) {
  const char *source = form->fields[F_LABEL].text->str;
  for (guint i = 0; form->sources && i < form->sources->len; i++)
    if (g_str_equal(source_at(form, (int)i)->source, source)) return true;
  if (!*source || *source == '@' || !form->sources) return true;
  return wrong(form, F_LABEL, g_strdup("no two labels come from there; PgDn chooses, @FILE.csv is a table"));
}

bool train_form_options(TrainForm *form, TrainOptions *options) {
  *options = (TrainOptions)TRAIN_DEFAULTS;
  options->task = g_str_equal(form->fields[F_TASK].text->str, "align") ? EXPERT_ALIGN : EXPERT_CLASSIFY;
  options->layer = name_or_null(form, F_LAYER);
  options->label_key = name_or_null(form, F_LABEL);
  options->kind = (TrainKind)chosen(form, F_KIND);
  options->encoder = name_or_null(form, F_ENCODER);
  options->prompts = name_or_null(form, F_PROMPTS);
  if (!options->encoder) options->encoder = "words";
  return check_source(form) && read_count(form, F_EPOCHS, &options->epochs) &&
         read_count(form, F_BATCH, &options->batch) && read_count(form, F_PROBES, &options->probes) &&
         read_count(form, F_PROJ, &options->proj) && read_count(form, F_REP, &options->rep) &&
         read_rate(form, &options->lr) && read_seed(form, &options->seed) && read_tree(form, &options->tree);
}

static const char *placeholder(int field, const char *label_key) {
  if (field == F_LAYER) return "(widest shared layer)";
  if (field == F_LABEL) return label_key ? label_key : "(none found)";
  if (field == F_TREE) return "(any)";
  return field == F_PROMPTS ? "(the encoder's own)" : "";
}

static void draw_field(TrainForm *form, Cells *cells, Rect in, int y, int field, const char *label_key) {
  enum { LABEL = 15 };
  bool here = field == form->list.cursor;
  LineEdit *edit = &form->fields[field];
  paint_left(cells, in.x, y, LABEL, here ? STYLE_TITLE : STYLE_LABEL, field_table[field].label);
  int columns = in.columns - LABEL - 1;
  if (edit->text->len == 0) paint_left(cells, in.x + LABEL + 1, y, columns, STYLE_DIM, placeholder(field, label_key));
  else paint_left(cells, in.x + LABEL + 1, y, columns, here ? STYLE_INPUT : STYLE_TEXT, edit->text->str);
  if (!here) return;
  if (edit->text->len) line_edit_draw(edit, cells, in.x + LABEL + 1, y, columns, STYLE_INPUT);
  else cells->cursor_x = in.x + LABEL + 1, cells->cursor_y = y, cells->typing = true;
}

/* Why the fields cannot be read, or NULL. The caller frees it. */
static char *problem_of(const TrainForm *form, TrainOptions *options) {
  TrainForm trial = *form; /* reading may move the cursor and tell a problem: not of the form itself */
  trial.problem = NULL;
  train_form_options(&trial, options);
  return trial.problem;
}

bool train_form_read(const TrainForm *form, TrainOptions *options) {
  g_autofree char *problem = problem_of(form, options);
  return problem == NULL;
}

/* "1120 train, 160 choose, 320 + 80 unseen test; about 120 MB and 40 s". NULL when nothing is known. The
 * caller frees it. */
static char *cost_text(const TrainForm *form) {
  TrainOptions options;
  const TrainCounts *c = form->counts;
  if (!c || !train_form_read(form, &options)) return NULL;
  g_autofree char *unseen = c->unseen ? g_strdup_printf(" + %zu unseen", c->unseen) : g_strdup("");
  GString *s = g_string_new(NULL);
  g_string_printf(s, "%zu train, %zu choose, %zu%s test", c->train, c->val, c->test, unseen);
  const DiffRow *layer = train_estimate_layer(form->layers, options.layer);
  if (layer) {
    TrainEstimate e = train_estimate(&options, (unsigned)c->train, &layer->x, linalg_threads());
    g_autofree char *text = train_estimate_text(&e);
    g_string_append_printf(s, "; %s", text);
  }
  return g_string_free(s, FALSE);
}

/* Where among the sources the one in the field is (empty: `label_key`), or -1. */
static int source_wanted(const TrainForm *form, const char *label_key) {
  const char *text = form->fields[F_LABEL].text->str, *source = *text ? text : label_key;
  for (guint i = 0; source && form->sources && i < form->sources->len; i++)
    if (g_str_equal(source_at(form, (int)i)->source, source)) return (int)i;
  return -1;
}

void train_form_settle_task(TrainForm *form, const char *label_key) {
  int at = source_wanted(form, label_key);
  if (at < 0 || form->task_chosen) return;
  const char *task = expert_task_name(source_at(form, at)->lists ? EXPERT_CLASSIFY : EXPERT_ALIGN);
  if (!g_str_equal(form->fields[F_TASK].text->str, task)) line_edit_set(&form->fields[F_TASK], task);
}

/* What it gives: "concept: 1600 models, 400 labels; PgDn, PgUp choose". The caller frees it. */
static char *source_text(const TrainForm *form, const char *label_key) {
  int at = source_wanted(form, label_key);
  if (at < 0) return g_strdup(field_table[F_LABEL].help);
  const LabelCount *c = source_at(form, at);
  return g_strdup_printf("%s: %u models, %u labels; PgDn, PgUp: %d/%u", c->source, c->models, c->labels, at + 1,
                         form->sources->len);
}

static Style help_style(const TrainForm *form, bool doubtful) {
  return form->problem ? STYLE_BAD : doubtful ? STYLE_WARN : STYLE_DIM;
}

/* The last line: what is wrong, or what the field at hand is for. */
static void draw_help(const TrainForm *form, Cells *cells, Rect in, const char *label_key) {
  const char *doubtful = form->list.cursor == F_LAYER ? doubt(form) : NULL;
  g_autofree char *source = form->list.cursor == F_LABEL ? source_text(form, label_key) : NULL;
  const char *help = source ? source : field_table[form->list.cursor].help;
  paint_left(cells, in.x, in.y + in.rows - 1, in.columns, help_style(form, doubtful != NULL),
             form->problem ? form->problem
             : doubtful    ? doubtful
                           : help);
}

void train_form_draw(TrainForm *form, Cells *cells, Rect area, const char *label_key) {
  /* Two lines of frame, one of help, one that tells what it will take. */
  TrainOptions options;
  g_autofree char *problem = form->shortage ? g_strdup(form->shortage) : problem_of(form, &options);
  g_autofree char *cost = problem ? NULL : cost_text(form);
  Rect in = paint_box(cells, rect_centre(area, 76, TRAIN_FIELDS + 4), "Train an expert");
  bool help = in.rows >= 3;
  if (in.rows > 6) {
    in.rows--;
    /* The help says the problem of who wanted to begin. */
    paint_left(cells, in.x, in.y + in.rows, in.columns, problem ? STYLE_WARN : STYLE_LABEL,
               form->problem ? ""
               : problem     ? problem
               : cost        ? cost
                             : "counting the models ...");
  }
  list_show(&form->list, in.rows - (help ? 1 : 0));
  for (int i = 0; i < form->list.height && form->list.top + i < TRAIN_FIELDS; i++)
    draw_field(form, cells, in, in.y + i, form->list.top + i, label_key);
  if (help) draw_help(form, cells, in, label_key);
}
