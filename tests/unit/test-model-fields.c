/* SPDX-License-Identifier: Apache-2.0 */
/* The table of fields: every name is found, every model answers alike to whoever asks, and the manual has them all. */
#include <math.h>
#include <string.h>

#include "collection/field_json.h"
#include "lineage/forest/forest_make.h"
#include "lineage/forest/export.h"
#include "lineage/forest/node_fields.h"
#include "lineage/forest/report.h"
#include "search/filter.h"
#include "ui/forest/forest_columns.h"

static Model *adapter(void) {
  Model *m = model_new();
  m->path = g_strdup("birch/fox"), m->shown = g_strdup("birch/fox"), m->name = g_strdup("fox");
  m->file = g_strdup("birch/fox/a.safetensors"), m->format = g_strdup("safetensors"), m->shapes = g_strdup("");
  m->kind = MODEL_LORA;
  m->params = 1600000, m->bytes = 3200000, m->tensors = 4;
  m->dtypes[DTYPE_BF16] = 3, m->dtypes[DTYPE_F32] = 1;
  model_add_fact(m, "imagenet_class_name", "red fox", "metadata");
  model_add_fact(m, "tags", "night", "card");
  model_add_fact(m, "tags", "snow", "card");
  model_add_fact(m, "license", "mit", "card");
  model_add_fact(m, "ss_network_dim", "16", "metadata");
  model_add_fact(m, "modelspec.date", "2024-05", "metadata");
  return m;
}

static char *joined(const Model *m, const char *name) {
  g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
  model_texts(m, field_find(name), name, NULL, texts);
  g_ptr_array_add(texts, NULL);
  return g_strjoinv("|", (char **)texts->pdata);
}

static void test_names(void) {
  for (int f = 0; f < FIELD_COUNT; f++) {
    const FieldInfo *info = field_info((ModelField)f);
    g_assert_cmpint(field_find(info->name), ==, f);
    if (info->second) g_assert_cmpint(field_find(info->second), ==, f);
    g_assert_true(*info->title && *info->meaning);
  }
  g_assert_cmpint(field_find("LICENCE"), ==, FIELD_LICENSE);
  g_assert_cmpint(field_find("no such"), ==, FIELD_COUNT);
}

static void test_texts(void) {
  static const char *const right[][2] = {{"path", "birch/fox"},  {"kind", "lora"},      {"size", "3200000"},
                                         {"concept", "red fox"}, {"tag", "night|snow"}, {"rank", "16"},
                                         {"date", "2024-05"},    {"licence", "mit"},    {"parent", ""},
                                         {"tree", ""},           {"split", ""},         {"ss_network_dim", "16"}};
  g_autoptr(Model) m = adapter();
  for (size_t i = 0; i < G_N_ELEMENTS(right); i++) {
    g_autofree char *have = joined(m, right[i][0]);
    g_assert_cmpstr(have, ==, right[i][1]);
  }
  g_autofree char *dtypes = joined(m, "dtype");
  g_assert_nonnull(strstr(dtypes, "BF16"));
  g_assert_nonnull(strstr(dtypes, "F32"));
  g_assert_cmpfloat(model_field_number(m, FIELD_RANK), ==, 16);
  g_assert_true(isnan(model_field_number(m, FIELD_TREE)));
  g_assert_cmpstr(model_main_dtype(m), ==, "BF16");
}

/* kohya's trainer writes seconds since 1970. */
static void test_dates_for_people(void) {
  g_autoptr(Model) m = adapter(), trained = model_new();
  model_add_fact(trained, "ss_training_finished_at", "1715949005.25", "metadata");
  g_autofree char *said = model_field_text(m, FIELD_DATE, NULL), *counted = model_field_text(trained, FIELD_DATE, NULL);
  g_assert_cmpstr(said, ==, "2024-05");
  g_assert_cmpstr(counted, ==, "2024-05-17T12:30:05Z");
}

static void test_numbers_for_people(void) {
  g_autofree char *params = field_number_text(FIELD_PARAMS, 1.6e6), *sure = field_number_text(FIELD_CONFIDENCE, 0.984);
  g_autofree char *moved = field_number_text(FIELD_MOVED, 0.00012345), *tree = field_number_text(FIELD_TREE, 3);
  g_assert_cmpstr(params, ==, "1.6M");
  g_assert_cmpstr(sure, ==, "0.98");
  g_assert_cmpstr(moved, ==, "0.000123");
  g_assert_cmpstr(tree, ==, "3");
  g_assert_null(field_number_text(FIELD_PARAMS, NAN));
}

static void test_shown(void) {
  static const char *const right[][2] = {{"path", "birch/fox"}, {"size", "3.2 MB"},         {"params", "1.6M"},
                                         {"tensors", "4"},      {"concept", "red fox"},     {"tags", "night; snow"},
                                         {"rank", "16"},        {"dtype", "F32 1, BF16 3"}, {"family", "SDXL"}};
  g_autoptr(Model) m = adapter();
  model_add_fact(m, "family", "SDXL", "by hand");
  model_add_fact(m, "family", "Flux", "shapes");
  for (size_t i = 0; i < G_N_ELEMENTS(right); i++) {
    g_autofree char *have = model_field_shown(m, field_find(right[i][0]), NULL);
    g_assert_cmpstr(have, ==, right[i][1]);
  }
  g_assert_null(model_field_shown(m, FIELD_TREE, NULL));
  g_assert_null(model_field_shown(m, FIELD_NOTE, NULL));
  m->tree = 2;
  g_autofree char *tree = model_field_shown(m, FIELD_TREE, NULL);
  g_assert_cmpstr(tree, ==, "3");
}

/* An object has every field that a model has by itself, and no other; numbers are numbers. */
static void test_json(void) {
  g_autoptr(Model) m = adapter();
  g_autoptr(cJSON) o = cJSON_CreateObject();
  field_json_add_all(o, m, NULL);
  for (int f = 0; f < FIELD_COUNT; f++) {
    const FieldInfo *info = field_info((ModelField)f);
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(o, info->name);
    g_assert_true(!member == (info->owner == FIELD_OF_FOREST));
    if (member && !cJSON_IsNull(member)) g_assert_true(!cJSON_IsString(member) == (info->kind == FIELD_IS_NUMBER));
  }
  g_autofree char *rank = cJSON_PrintUnformatted(cJSON_GetObjectItemCaseSensitive(o, "rank"));
  g_assert_cmpstr(rank, ==, "16");
  g_assert_true(cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(o, "tree")));
  g_assert_cmpstr(cJSON_GetObjectItemCaseSensitive(o, "what")->valuestring, ==, "red fox");
}

/* The forest has a column for each, its name's excepted, which every row has. */
static void test_columns(void) {
  for (int f = 0; f < FIELD_COUNT; f++) {
    const FieldInfo *info = field_info((ModelField)f);
    bool column = forest_column_find(info->name) >= 0 || (info->second && forest_column_find(info->second) >= 0);
    if (column == (f == FIELD_NAME)) g_error("a column for %s: %s", info->name, column ? "yes" : "no");
  }
}

/* Whoever wrote a date: a bare year among days and seconds since 1970. */
static void test_dates_in_order(void) {
  static const char *const dates[] = {"2023-12-31", "2024", "1706745600" /* 2024-02-01 */, "2024-05-17"};
  g_autoptr(Forest) f = forest_new();
  for (size_t i = 0; i < G_N_ELEMENTS(dates); i++) {
    g_autoptr(Model) m = model_new();
    m->path = g_strdup(dates[i]), m->shown = g_strdup(dates[i]), m->name = g_strdup(dates[i]);
    model_add_fact(m, "date", dates[i], "metadata");
    forest_add_node(f, m, NULL);
  }
  RowLook look = {.forest = f};
  int column = forest_column_find("date");
  for (unsigned i = 1; i < G_N_ELEMENTS(dates); i++)
    g_assert_cmpint(forest_column_compare(column, forest_node(f, i - 1), forest_node(f, i), &look), <, 0);
}

/* A parent that is not on disk, and two models below it that hold the same tensors. */
static Forest *small_wood(Model *m, Model *copy) {
  Forest *f = forest_new();
  forest_add_node(f, m, NULL);
  forest_add_node(f, copy, NULL);
  unsigned ghost = forest_add_node(f, NULL, "old fox");
  ParentEdge edge = {ghost, EDGE_ADAPTER, EDGE_DECLARED, 0.98, 1, NAN};
  forest_add_parent(f, 0, edge);
  forest_settle(f);
  ((ForestNode *)f->nodes->pdata[1])->duplicate_of = 0;
  return f;
}

static bool keeps(const char *text, const Forest *f, unsigned node) {
  RowFilter *filter = row_filter_parse(text);
  g_autofree char *haystack = node_haystack(forest_node(f, node), NULL);
  bool keep = row_filter_match(filter, f, forest_node(f, node), haystack, NULL);
  row_filter_free(filter);
  return keep;
}

static void test_forest_fields(void) {
  g_autoptr(Model) m = adapter();
  g_autoptr(Model) copy = adapter();
  g_autoptr(Forest) f = small_wood(m, copy);
  g_autofree char *parent = node_field_text(f, forest_node(f, 0), FIELD_PARENT, NULL);
  g_autofree char *kind = node_field_text(f, forest_node(f, 2), FIELD_KIND, NULL);
  g_assert_cmpstr(parent, ==, "ghost:old fox");
  g_assert_cmpstr(kind, ==, "ghost");
  static const char *const yes[] = {"confidence>=.9", "sure:0.98",      "edge:adapter",     "source=declared",
                                    "parent:ghost*",  "-duplicate:*",   "rank:16",          "license=MIT",
                                    "concept:fox",    "-confidence<.9", "rank=1e1..2e1",    "-rank=1..2",
                                    "rank!=1..2",     "size:3.2MB",     "size=3.1MB..3.3MB"};
  for (size_t i = 0; i < G_N_ELEMENTS(yes); i++)
    if (!keeps(yes[i], f, 0)) g_error("%s leaves the model out", yes[i]);
  g_assert_false(keeps("moved:*", f, 0)); /* not compared */
  g_assert_true(keeps("duplicate:birch/fox", f, 1));
  g_assert_true(keeps("kind:ghost", f, 2));
  g_assert_false(keeps("params>1", f, 2));
}

/* A test that cannot be read is told of, however it is written; a sign in a word makes no field of it. */
static void test_unread(void) {
  static const char *const bad[] = {"params:<abc", "params<abc", "params=5..2", "rank!=9..1", "size>"};
  g_autoptr(GPtrArray) models = g_ptr_array_new();
  for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
    RowFilter *filter = row_filter_parse(bad[i]);
    g_autofree char *problem = row_filter_problem(filter, models);
    if (!problem || !strstr(problem, "cannot be read")) g_error("%s: %s", bad[i], problem);
    row_filter_free(filter);
  }
  RowFilter *free_word = row_filter_parse("a->b <3");
  g_assert_null(row_filter_problem(free_word, models));
  row_filter_free(free_word);
}

/* A line of CSV has a field a column, whatever the model leaves open. */
static void test_export(void) {
  g_autoptr(Model) m = adapter();
  g_autoptr(Model) copy = adapter();
  g_autoptr(Forest) f = small_wood(m, copy);
  g_autofree char *csv = export_text(f, f->nodes, EXPORT_CSV, NULL);
  g_auto(GStrv) lines = g_strsplit(csv, "\n", -1);
  g_autofree char *names = field_list();
  g_auto(GStrv) heads = g_strsplit(lines[0], ",", -1), listed = g_strsplit(names, ", ", -1);
  g_assert_cmpuint(g_strv_length(heads), ==, FIELD_COUNT);
  g_assert_true(g_strv_equal((const char *const *)heads, (const char *const *)listed));
  for (int i = 1; i <= 3; i++) {
    g_auto(GStrv) cells = g_strsplit(lines[i], ",", -1);
    g_assert_cmpuint(g_strv_length(cells), ==, FIELD_COUNT);
  }
  g_assert_nonnull(strstr(lines[1], "night; snow"));
  g_autofree char *jsonl = export_text(f, f->nodes, EXPORT_JSONL, NULL);
  g_assert_nonnull(strstr(jsonl, "\"rank\":16,"));
  g_assert_nonnull(strstr(jsonl, "\"duplicate_of\":\"birch/fox\""));
}

static guint count_of(const char *text, const char *part) {
  guint n = 0;
  for (const char *p = text; (p = strstr(p, part)); p++) n++;
  return n;
}

/* What is opened is closed, and no name is taken for markup. */
static void test_report(void) {
  g_autoptr(Model) m = adapter();
  g_autoptr(Model) copy = adapter();
  g_free(m->name);
  m->name = g_strdup("<script>alert(1)</script>");
  g_autoptr(Forest) f = small_wood(m, copy);
  g_autofree char *page = report_html(f, "A & B", NULL, NULL, NULL);
  g_assert_null(strstr(page, "<script>alert"));
  g_assert_nonnull(strstr(page, "A &amp; B"));
  g_assert_nonnull(strstr(page, "old fox"));
  g_assert_nonnull(strstr(page, "Holds the same as"));
  g_assert_cmpuint(count_of(page, "aria-expanded=true"), ==, 1);
  g_assert_cmpuint(count_of(page, "role=treeitem"), ==, f->nodes->len);
  g_assert_cmpuint(count_of(page, "<g "), ==, count_of(page, "</g>"));
  g_assert_cmpuint(count_of(page, "<text"), ==, count_of(page, "</text>"));
  g_assert_cmpuint(count_of(page, "<table"), ==, count_of(page, "</table>"));
}

/* 5,000 adapters with all that is usually known of one stay below 10 MB. */
static void test_report_size(void) {
  enum { MODELS = 5000 };
  g_autoptr(Forest) f = forest_new();
  unsigned root = forest_add_node(f, NULL, "black-forest-labs/FLUX.1-dev");
  for (unsigned i = 0; i < MODELS; i++) {
    g_autoptr(Model) m = adapter();
    g_autofree char *path = g_strdup_printf("loras/characters and styles/a_rather_long_name_v%u.safetensors", i);
    g_free(m->path), g_free(m->shown);
    m->path = g_strdup(path), m->shown = g_steal_pointer(&path);
    model_add_fact(m, "description", "What its author wrote of it on the page it was loaded from", ".civitai.info");
    model_add_fact(m, "family_conflict", "it says SDXL; the shapes of the layers are those of Flux", "metadata");
    forest_add_parent(
        f, forest_add_node(f, m, NULL),
        (ParentEdge){
            .parent = root, .kind = EDGE_ADAPTER, .source = EDGE_DECLARED, .confidence = 0.98, .distance = NAN});
  }
  forest_settle(f);
  g_autofree char *page = report_html(f, "5,000", NULL, NULL, NULL);
  g_test_message("%zu bytes", strlen(page));
  g_assert_cmpuint(strlen(page), <, 10 * 1000 * 1000);
}

/* --- the manual --------------------------------------------------------------------------------- */

static const char mark_begin[] = ".\\\" Made from src/collection/fields.def: a test keeps the two the same.\n";
static const char mark_end[] = ".\\\" End of what is made.\n";

static char *fields_manual(void) {
  static const char *const kinds[] = {"text", "number", "number", "date"};
  GString *s = g_string_new(mark_begin);
  for (int f = 0; f < FIELD_COUNT; f++) {
    const FieldInfo *info = field_info((ModelField)f);
    g_string_append_printf(s, ".TP\n.BR %s", info->name);
    if (info->second) g_string_append_printf(s, " \", \" %s", info->second);
    g_string_append_printf(s, "\n%s (%s%s)\n", info->meaning, kinds[info->kind],
                           info->owner == FIELD_OF_FOREST ? ", in the forest and in exports" : "");
  }
  return g_string_free(s, FALSE);
}

static void test_manual(void) {
  const char *top = g_getenv("COPSE_TEST_SRCDIR");
  g_autofree char *path = g_build_filename(top ? top : ".", "man", "copse-query.7", NULL);
  g_autofree char *page = NULL, *want = fields_manual();
  g_assert_true(g_file_get_contents(path, &page, NULL, NULL));
  char *begin = strstr(page, mark_begin), *end = strstr(page, mark_end);
  g_assert_true(begin && end && begin < end);
  g_autofree char *have = g_strndup(begin, (gsize)(end - begin)), *before = g_strndup(page, (gsize)(begin - page));
  g_autofree char *renewed = g_strconcat(before, want, end, NULL);
  if (g_getenv("UPDATE_GOLDEN")) g_assert_true(g_file_set_contents(path, renewed, -1, NULL));
  else g_assert_cmpstr(have, ==, want);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/fields/names", test_names);
  g_test_add_func("/fields/texts", test_texts);
  g_test_add_func("/fields/numbers-for-people", test_numbers_for_people);
  g_test_add_func("/fields/shown", test_shown);
  g_test_add_func("/fields/json", test_json);
  g_test_add_func("/fields/columns", test_columns);
  g_test_add_func("/fields/dates-for-people", test_dates_for_people);
  g_test_add_func("/fields/dates-in-order", test_dates_in_order);
  g_test_add_func("/fields/of-the-forest", test_forest_fields);
  g_test_add_func("/fields/unread", test_unread);
  g_test_add_func("/fields/export", test_export);
  g_test_add_func("/fields/report", test_report);
  g_test_add_func("/fields/report-size", test_report_size);
  g_test_add_func("/fields/manual", test_manual);
  return g_test_run();
}
