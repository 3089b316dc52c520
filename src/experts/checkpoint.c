/* SPDX-License-Identifier: Apache-2.0 */
/* Experts on disk. */
#include <math.h>
#include <string.h>

#include "core/error.h"
#include "core/json.h"
#include "experts/expert.h"
#include "experts/kernel/kernel_store.h"
#include "experts/probex/probex_store.h"
#include "experts/task/split_labels.h"
#include "weights/formats/safetensors.h"
#include "weights/formats/tensor_sum.h"
#include "weights/weight_open.h"

/* --- writing ---------------------------------------------------------------------------------- */

static char *score_text(const Score *s) {
  g_autoptr(cJSON) o = cJSON_CreateObject();
  json_add_number(o, "top1", s->top1);
  json_add_number(o, "top5", s->top5);
  json_add_number(o, "accuracy", s->accuracy);
  json_add_number(o, "f1", s->f1);
  json_add_number(o, "ap", s->ap);
  json_add_number(o, "chance", s->chance);
  json_add_number(o, "control", s->control);
  json_add_number(o, "low", s->low);
  json_add_number(o, "high", s->high);
  cJSON_AddNumberToObject(o, "n", s->n);
  cJSON_AddNumberToObject(o, "classes", s->classes);
  return cJSON_PrintUnformatted(o);
}

/* How the sides came about; who is on which is a tensor. */
static char *split_text(const SplitRecord *r) {
  g_autoptr(cJSON) o = cJSON_CreateObject();
  cJSON_AddBoolToObject(o, "drawn", r->drawn);
  cJSON_AddBoolToObject(o, "val_drawn", r->val_drawn);
  cJSON_AddNumberToObject(o, "groups", (double)r->groups);
  cJSON_AddNumberToObject(o, "grouped", (double)r->grouped);
  return cJSON_PrintUnformatted(o);
}

static char *labels_text(const GPtrArray *labels) {
  g_autoptr(cJSON) a = cJSON_CreateArray();
  for (guint i = 0; i < labels->len; i++) cJSON_AddItemToArray(a, cJSON_CreateString(labels->pdata[i]));
  return cJSON_PrintUnformatted(a);
}

/* Adds key and value; takes the value. */
static void put(GPtrArray *metadata, const char *key, char *value) {
  if (!value) return;
  g_ptr_array_add(metadata, g_strdup(key));
  g_ptr_array_add(metadata, value);
}

/* Seventeen digits, with a point whatever the language. */
static char *number_text(double x) {
  char text[G_ASCII_DTOSTR_BUF_SIZE];
  return g_strdup(g_ascii_dtostr(text, sizeof text, x));
}

static GPtrArray *facts_of(const Expert *x) {
  GPtrArray *m = g_ptr_array_new_with_free_func(g_free);
  put(m, "format", g_strdup("pt"));
  put(m, "copse.version", g_strdup("1"));
  put(m, "copse.task", g_strdup(expert_task_name(x->task)));
  put(m, "copse.layer", g_strdup(x->layer));
  put(m, "copse.shapes", g_strdup(x->shapes));
  if (x->probex->shape.linear) put(m, "copse.linear", g_strdup("1"));
  if (x->probex->shape.views) {
    put(m, "copse.d_out", g_strdup_printf("%zu", x->probex->shape.d_out));
    put(m, "copse.d_in", g_strdup_printf("%zu", x->probex->shape.d_in));
  }
  put(m, "copse.tree", g_strdup_printf("%d", x->tree));
  put(m, "copse.encoder", g_strdup(x->encoder));
  put(m, "copse.fingerprint", g_strdup(x->fingerprint));
  if (x->raw_text) put(m, "copse.raw_text", g_strdup("1"));
  put(m, "copse.prompts", g_strdup(x->prompts));
  put(m, "copse.label_key", g_strdup(x->label_key));
  put(m, "copse.stop_words", g_strdup(x->stop_words));
  if (x->min_count) put(m, "copse.min_count", g_strdup_printf("%u", x->min_count));
  if (x->split) put(m, "copse.split", split_text(x->split));
  if (x->split) put(m, "copse.split_labels", split_labels_text(x->split));
  put(m, "copse.labels", labels_text(x->labels));
  put(m, "copse.seed", g_strdup_printf("%" G_GUINT64_FORMAT, x->seed));
  put(m, "copse.run", g_strdup_printf("%016" G_GINT64_MODIFIER "x", x->run));
  put(m, "copse.epochs", g_strdup_printf("%u", x->epochs));
  put(m, "copse.seconds", number_text(x->seconds));
  put(m, "copse.temperature", number_text(x->temperature));
  put(m, "copse.threshold", number_text(x->threshold));
  put(m, "copse.floor", number_text(x->floor));
  put(m, "copse.answered", number_text(x->answered));
  put(m, "copse.answered_right", number_text(x->answered_right));
  put(m, "copse.val", score_text(&x->val));
  put(m, "copse.test", score_text(&x->test));
  put(m, "copse.test_holdout", score_text(&x->test_holdout));
  if (x->guard) put(m, "copse.guard", guard_text(x->guard));
  if (x->kernel) put(m, "copse.kernel", kernel_store_text(x->kernel));
  return m;
}

/* With a sum over all of it, by which damage is seen. */
static bool write_summed(const Expert *x, const char *path, const TensorOut *tensors, size_t n, GError **error) {
  g_autoptr(GPtrArray) metadata = facts_of(x);
  g_ptr_array_add(metadata, NULL);
  char *sum = tensor_sum_of(tensors, n, (const char *const *)metadata->pdata);
  g_ptr_array_set_size(metadata, (int)metadata->len - 1);
  put(metadata, TENSOR_SUM, sum);
  g_ptr_array_add(metadata, NULL);
  return safetensors_write(path, tensors, n, (const char *const *)metadata->pdata, error);
}

/* A kernel expert: its own tensors, and of ProbeX's the temperature and the mean of texts. */
static bool save_kernel(const Expert *x, const char *path, GError **error) {
  KernelParts parts = kernel_store_parts(x->kernel);
  size_t d_text = x->probex->shape.d_text;
  TensorOut tau = tensor_out_vector("copse.tau", 1, x->probex->tau),
            mean = tensor_out_vector("copse.text_mean", d_text, x->text_mean);
  g_array_append_val(parts.tensors, tau);
  if (d_text && x->text_mean) g_array_append_val(parts.tensors, mean);
  g_autofree float *sides = x->split ? split_record_pack(x->split) : NULL;
  TensorOut split = tensor_out_matrix("copse.split", x->split ? x->split->n : 0, SPLIT_RECORD_WIDTH, sides);
  if (sides) g_array_append_val(parts.tensors, split);
  bool ok = write_summed(x, path, (const TensorOut *)(const void *)parts.tensors->data, parts.tensors->len, error);
  kernel_store_parts_clear(&parts);
  return ok;
}

bool expert_save(const Expert *x, const char *path, GError **error) {
  const Probex *p = x->probex;
  const ProbexShape *s = &p->shape;
  if (x->kernel) return save_kernel(x, path, error);
  TensorOut t[PROBEX_STORE_MOST + GUARD_TENSORS + 5];
  size_t n = probex_store_put(p, t);
  if (s->d_text) t[n++] = tensor_out_vector("copse.tau", 1, p->tau);
  if (s->d_text && x->text_mean) t[n++] = tensor_out_vector("copse.text_mean", s->d_text, x->text_mean);
  if (x->guard) guard_put(x->guard, t + n), n += GUARD_TENSORS;
  if (x->centre) t[n++] = tensor_out_matrix("copse.centre", s->d_out, s->d_in, x->centre);
  g_autofree float *sides = x->split ? split_record_pack(x->split) : NULL;
  if (sides) t[n++] = tensor_out_matrix("copse.split", x->split->n, SPLIT_RECORD_WIDTH, sides);
  size_t epochs = 0;
  g_autofree float *curve = x->curve ? curve_pack(x->curve, &epochs) : NULL;
  if (epochs) t[n++] = tensor_out_matrix("copse.curve", epochs, CURVE_WIDTH, curve);
  return write_summed(x, path, t, n, error);
}

/* --- reading ---------------------------------------------------------------------------------- */

static char *fact(WeightFile *f, const char *key) {
  return g_strdup(g_hash_table_lookup(weight_file_metadata(f), key));
}

static double fact_number(WeightFile *f, const char *key, double fallback) {
  const char *s = g_hash_table_lookup(weight_file_metadata(f), key);
  return s ? g_ascii_strtod(s, NULL) : fallback;
}

/* A whole number of 64 bits, signed or not; -1 when it is not there. */
static gint64 fact_whole(WeightFile *f, const char *key, unsigned base) {
  const char *s = g_hash_table_lookup(weight_file_metadata(f), key);
  if (!s) return -1;
  return *s == '-' ? g_ascii_strtoll(s, NULL, base) : (gint64)g_ascii_strtoull(s, NULL, base);
}

static Score fact_score(WeightFile *f, const char *key) {
  Score s = score_none();
  const char *text = g_hash_table_lookup(weight_file_metadata(f), key);
  g_autoptr(cJSON) o = text ? json_parse(text, strlen(text)) : NULL;
  double n = json_number(o, "n", 0), classes = json_number(o, "classes", 0);
  if (!(n >= 1 && n < 1e9 && classes >= 1 && classes < 1e9)) return s;
  s.n = (unsigned)n;
  s.classes = (unsigned)classes;
  s.top1 = json_number(o, "top1", NAN);
  s.top5 = json_number(o, "top5", NAN);
  s.accuracy = json_number(o, "accuracy", NAN);
  s.f1 = json_number(o, "f1", NAN);
  s.ap = json_number(o, "ap", NAN);
  s.chance = json_number(o, "chance", NAN);
  s.control = json_number(o, "control", NAN);
  s.low = json_number(o, "low", NAN);
  s.high = json_number(o, "high", NAN);
  return s;
}

static void read_labels(WeightFile *f, GPtrArray *labels) {
  const char *text = g_hash_table_lookup(weight_file_metadata(f), "copse.labels");
  g_autoptr(cJSON) a = text ? json_parse(text, strlen(text)) : NULL;
  const cJSON *item;
  cJSON_ArrayForEach(item, a) if (cJSON_IsString(item)) g_ptr_array_add(labels, safe_text(item->valuestring, -1));
}

static void read_facts(WeightFile *f, Expert *x) {
  g_autofree char *task = fact(f, "copse.task");
  x->task = task && strcmp(task, "classify") == 0 ? EXPERT_CLASSIFY : EXPERT_ALIGN;
  if (weight_file_find(f, "classification_head.weight") >= 0) x->task = EXPERT_CLASSIFY;
  x->layer = fact(f, "copse.layer");
  x->shapes = fact(f, "copse.shapes");
  x->encoder = fact(f, "copse.encoder");
  x->fingerprint = fact(f, "copse.fingerprint");
  GHashTable *facts = weight_file_metadata(f);
  bool ours = g_hash_table_contains(facts, "copse.version");
  x->raw_text = x->task == EXPERT_ALIGN && (!ours || g_hash_table_contains(facts, "copse.raw_text"));
  x->prompts = fact(f, "copse.prompts");
  x->label_key = fact(f, "copse.label_key");
  x->stop_words = fact(f, "copse.stop_words");
  x->min_count = (unsigned)CLAMP(fact_whole(f, "copse.min_count", 10), 0, G_MAXINT);
  x->tree = (int)CLAMP(fact_whole(f, "copse.tree", 10), -1, G_MAXINT);
  x->seed = (uint64_t)fact_whole(f, "copse.seed", 10);
  x->run = (uint64_t)fact_whole(f, "copse.run", 16);
  x->epochs = (unsigned)CLAMP(fact_whole(f, "copse.epochs", 10), 0, G_MAXINT);
  x->seconds = fact_number(f, "copse.seconds", NAN);
  x->temperature = fact_number(f, "copse.temperature", 1);
  if (!(x->temperature > 0)) x->temperature = 1;
  x->threshold = fact_number(f, "copse.threshold", NAN);
  x->floor = fact_number(f, "copse.floor", NAN);
  x->answered = fact_number(f, "copse.answered", NAN);
  x->answered_right = fact_number(f, "copse.answered_right", NAN);
  x->val = fact_score(f, "copse.val");
  x->test = fact_score(f, "copse.test");
  x->test_holdout = fact_score(f, "copse.test_holdout");
  read_labels(f, x->labels);
}

static bool read_centre(WeightFile *f, Expert *x, GError **error) {
  size_t n = x->probex->shape.d_out * x->probex->shape.d_in;
  gssize i = weight_file_find(f, "copse.centre");
  if (i < 0) return true;
  bool fits = weight_file_info(f, (size_t)i)->count == n;
  x->centre = fits ? g_try_new(float, n) : NULL;
  if (fits && !x->centre) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_IO, "%s: copse.centre does not fit in memory: close other programs",
                weight_file_label(f));
    return false;
  }
  return probex_store_numbers(f, "copse.centre", n, x->centre, error);
}

/* What alignment has beside the head: the temperature, and the mean of texts. */
static bool read_text(WeightFile *f, Expert *x, GError **error) {
  size_t d = x->probex->shape.d_text;
  if (x->task == EXPERT_CLASSIFY) return true;
  if (weight_file_find(f, "copse.tau") >= 0 && !probex_store_numbers(f, "copse.tau", 1, x->probex->tau, error))
    return false;
  x->text_mean = g_new0(float, d);
  return weight_file_find(f, "copse.text_mean") < 0 ||
         probex_store_numbers(f, "copse.text_mean", d, x->text_mean, error);
}

static bool read_guard(WeightFile *f, Expert *x, GError **error) {
  g_autoptr(GError) problem = NULL;
  x->guard = guard_read(f, &problem);
  if (problem) g_propagate_error(error, g_steal_pointer(&problem));
  return x->guard || !g_hash_table_contains(weight_file_metadata(f), "copse.guard");
}

static bool read_network(WeightFile *f, Expert *x, GError **error) {
  x->probex = probex_store_read(f, x->task == EXPERT_CLASSIFY, error);
  return x->probex && read_text(f, x, error) && read_centre(f, x, error) && read_guard(f, x, error);
}

/* Who trained, validated and tested. Not there: an old file. */
static bool read_split(WeightFile *f, Expert *x, GError **error) {
  enum { MOST_MODELS = 1 << 20 };
  if (weight_file_find(f, "copse.split") < 0) return true;
  const uint64_t *shape = probex_store_shape(f, "copse.split", 2, error);
  if (!shape) return false;
  bool fits = shape[0] <= MOST_MODELS && shape[1] == SPLIT_RECORD_WIDTH;
  g_autofree float *numbers = fits ? g_try_new(float, shape[0] * SPLIT_RECORD_WIDTH) : NULL;
  if (numbers && !probex_store_numbers(f, "copse.split", shape[0] * SPLIT_RECORD_WIDTH, numbers, error)) return false;
  x->split = numbers ? split_record_unpack(numbers, shape[0]) : NULL;
  if (!x->split) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT,
                "%s: copse.split does not say who was trained on: damaged? train it again", x->path);
    return false;
  }
  const char *text = g_hash_table_lookup(weight_file_metadata(f), "copse.split");
  g_autoptr(cJSON) o = text ? json_parse(text, strlen(text)) : NULL;
  split_labels_read(x->split, g_hash_table_lookup(weight_file_metadata(f), "copse.split_labels"));
  x->split->drawn = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(o, "drawn"));
  x->split->val_drawn = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(o, "val_drawn"));
  x->split->groups = (size_t)CLAMP(json_number(o, "groups", 0), 0, MOST_MODELS);
  x->split->grouped = (size_t)CLAMP(json_number(o, "grouped", 0), 0, MOST_MODELS);
  return true;
}

/* How it was trained. Not there: in closed form, or an old file. */
static bool read_curve(WeightFile *f, Expert *x, GError **error) {
  gssize at = weight_file_find(f, "copse.curve");
  if (at < 0) return true;
  const uint64_t *shape = probex_store_shape(f, "copse.curve", 2, error);
  if (!shape) return false;
  if (shape[0] > CURVE_EPOCHS || shape[1] != CURVE_WIDTH) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT, "%s: copse.curve is no curve", weight_file_label(f));
    return false;
  }
  size_t n = shape[0];
  g_autofree float *numbers = g_new(float, CURVE_WIDTH *n + 1);
  if (!weight_file_read_f32(f, (size_t)at, 0, CURVE_WIDTH * n, numbers, error)) return false;
  x->curve = curve_unpack(numbers, n);
  return true;
}

/* A kernel expert's numbers; what stands in for ProbeX's has their sizes. */
static bool read_kernel(WeightFile *f, Expert *x, GError **error) {
  x->kernel = kernel_store_read(f, error);
  if (!x->kernel) return false;
  if (x->task == EXPERT_CLASSIFY) {
    x->probex = kernel_shell(x->kernel, 0, x->kernel->head[KERNEL_SEEN].width, error);
    return x->probex != NULL;
  }
  const uint64_t *d = probex_store_shape(f, "copse.text_mean", 1, error);
  bool same = d && d[0] == x->kernel->head[KERNEL_UNSEEN].width &&
              x->kernel->head[KERNEL_SEEN].width == (x->kernel->one_hot ? x->labels->len : d[0]);
  if (d && !same)
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT, "%s: its heads do not fit its texts: damaged? train it again",
                x->path);
  x->probex = same ? kernel_shell(x->kernel, d[0], 0, error) : NULL;
  x->text_mean = x->probex ? g_new0(float, d[0]) : NULL;
  return x->probex && probex_store_numbers(f, "copse.text_mean", d[0], x->text_mean, error) &&
         probex_store_numbers(f, "copse.tau", 1, x->probex->tau, error);
}

bool expert_is_of_run(const char *path, uint64_t run) {
  g_autoptr(WeightFile) f = weight_file_open(path, NULL);
  return f && (uint64_t)fact_whole(f, "copse.run", 16) == run;
}

Expert *expert_load(const char *path, GError **error) {
  g_autoptr(WeightFile) f = weight_file_open(path, error);
  if (!f || !tensor_sum_holds(f, error)) return NULL;
  g_autoptr(Expert) x = expert_new();
  g_autofree char *base = g_path_get_basename(path);
  if (g_str_has_suffix(base, ".safetensors")) base[strlen(base) - strlen(".safetensors")] = '\0';
  x->name = safe_text(base, -1);
  x->path = g_strdup(path);
  read_facts(f, x);
  if (!(kernel_store_is_there(f) ? read_kernel(f, x, error) : read_network(f, x, error))) return NULL;
  if (!read_split(f, x, error) || !read_curve(f, x, error)) return NULL;
  size_t classes = x->probex->shape.n_classes;
  if (x->task == EXPERT_ALIGN || x->labels->len == 0 || x->labels->len == classes) return g_steal_pointer(&x);
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT,
              "%s: %u labels for a head of %zu classes: damaged? train it again", weight_file_label(f), x->labels->len,
              classes);
  return NULL;
}
