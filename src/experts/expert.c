/* SPDX-License-Identifier: Apache-2.0 */
#include "experts/expert.h"

#include <math.h>
#include <string.h>

#include "core/error.h"
#include "core/files.h"
#include "experts/probex/align.h"
#include "experts/probex/probex_pass.h"
#include "experts/task/task.h"

const char *expert_task_name(ExpertTask task) { return task == EXPERT_ALIGN ? "align" : "classify"; }

double expert_foreign_passed(const Expert *x) {
  if (x->kernel && x->kernel->gate) return x->kernel->gate->passed;
  return x->guard ? x->guard->passed : NAN;
}

const char *expert_kind_name(const Expert *x) {
  return x->kernel ? "kernel" : x->probex && x->probex->shape.views ? "multiview" : "probex";
}

Expert *expert_new(void) {
  Expert *x = g_new0(Expert, 1);
  x->tree = -1;
  x->seconds = NAN;
  x->temperature = 1;
  x->threshold = x->floor = x->answered = x->answered_right = NAN;
  x->labels = g_ptr_array_new_with_free_func(g_free);
  x->rows = g_new0(ExpertRows, 1);
  x->val = x->test = x->test_holdout = score_none();
  return x;
}

bool expert_knows_unseen(const Expert *x) { return x->kernel && isfinite(x->kernel->unseen_temperature); }

double expert_temperature(const Expert *x, bool unseen) {
  return unseen && expert_knows_unseen(x) ? x->kernel->unseen_temperature : x->temperature;
}

double expert_threshold(const Expert *x, bool unseen) {
  return unseen && expert_knows_unseen(x) ? x->kernel->unseen_threshold : x->threshold;
}

void expert_free(Expert *x) {
  if (!x) return;
  if (x->rows && x->rows->content) g_bytes_unref(x->rows->content);
  g_free(x->rows);
  g_free(x->name);
  g_free(x->path);
  g_free(x->layer);
  g_free(x->shapes);
  g_free(x->encoder);
  g_free(x->fingerprint);
  g_free(x->prompts);
  g_free(x->label_key);
  g_free(x->stop_words);
  split_record_free(x->split);
  g_ptr_array_unref(x->labels);
  probex_free(x->probex);
  kernel_free(x->kernel);
  guard_free(x->guard);
  g_free(x->text_mean);
  g_free(x->centre);
  g_clear_pointer(&x->curve, g_array_unref);
  g_free(x);
}

char *expert_folder(const Collection *collection) {
  const char *state = collection_state(collection);
  return state ? g_build_filename(state, "experts", NULL) : NULL;
}

/* By validation, as the layer is chosen: the test figures must not choose. */
static double merit(const Expert *x) {
  double val = score_merit(&x->val), test = score_merit(&x->test);
  return isfinite(val) ? val + 1 : isfinite(test) ? test : -1;
}

static int better_first(gconstpointer a, gconstpointer b) {
  const Expert *x = *(Expert *const *)a, *y = *(Expert *const *)b;
  double mx = merit(x), my = merit(y);
  if (mx != my) return mx > my ? -1 : 1;
  return strcmp(x->name, y->name);
}

/* A damaged checkpoint must not stand in the way of a new one, nor be lost. */
static void warn_of(const char *path, const GError *problem, bool keep, GPtrArray *warnings) {
  bool damaged = g_error_matches(problem, COPSE_ERROR, COPSE_ERROR_STATE);
  g_autofree char *aside = damaged && !keep ? file_set_aside(path, NULL) : NULL;
  g_autofree SafeText *shown = safe_text(aside ? aside : "", -1);
  if (!warnings) return;
  g_ptr_array_add(warnings, aside
                                ? g_strdup_printf("%s; it was set aside as %s: train it again", problem->message, shown)
                                : g_strdup(problem->message));
}

/* Loads one file of the folder into the list, or its trouble into the warnings. */
static void list_one(const char *folder, const char *name, bool keep, GPtrArray *list, GPtrArray *warnings) {
  if (!g_str_has_suffix(name, ".safetensors")) return;
  g_autofree char *path = g_build_filename(folder, name, NULL);
  g_autoptr(GError) problem = NULL;
  Expert *x = expert_load(path, &problem);
  if (x) g_ptr_array_add(list, x);
  else warn_of(path, problem, keep, warnings);
}

GPtrArray *expert_list(const Collection *collection, GPtrArray *warnings, GError **error) {
  (void)error;
  GPtrArray *list = g_ptr_array_new_with_free_func((GDestroyNotify)expert_free);
  g_autofree char *folder = expert_folder(collection);
  GDir *dir = folder ? g_dir_open(folder, 0, NULL) : NULL;
  if (!dir) return list; /* nothing was trained yet */
  for (const char *name; (name = g_dir_read_name(dir));)
    list_one(folder, name, collection_is_read_only(collection), list, warnings);
  g_dir_close(dir);
  g_ptr_array_sort(list, better_first);
  return list;
}

/* The first of the list, which is the best. */
static Expert *best_expert(const Collection *collection, GError **error) {
  g_autoptr(GPtrArray) all = expert_list(collection, NULL, error);
  if (all && all->len) return g_ptr_array_steal_index(all, 0);
  g_set_error_literal(error, COPSE_ERROR, COPSE_ERROR_NOT_FOUND,
                      "no expert was trained on this collection yet (copse train DIR)");
  return NULL;
}

/* A file that somebody may have sent, unless it lies among the experts after all. */
static Expert *load_foreign(const char *folder, const char *name, GError **error) {
  Expert *x = expert_load(name, error);
  if (x) x->foreign = !folder || !path_stays_within(folder, name);
  return x;
}

int experts_index(const GPtrArray *experts, const char *name) {
  for (guint i = 0; name && experts && i < experts->len; i++)
    if (g_strcmp0(((const Expert *)experts->pdata[i])->name, name) == 0) return (int)i;
  return -1;
}

Expert *expert_find(const Collection *collection, const char *name, GError **error) {
  if (!name) return best_expert(collection, error);
  g_autofree char *folder = expert_folder(collection);
  g_autofree char *file = g_strconcat(name, ".safetensors", NULL);
  g_autofree char *path = folder ? g_build_filename(folder, file, NULL) : NULL;
  bool plain = !strchr(name, G_DIR_SEPARATOR);
  if (plain && path && g_file_test(path, G_FILE_TEST_IS_REGULAR)) return expert_load(path, error);
  if (g_file_test(name, G_FILE_TEST_IS_REGULAR)) return load_foreign(folder, name, error);
  g_autofree SafeText *shown = safe_text(name, -1);
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_NOT_FOUND, "no expert '%s': neither trained here nor a file", shown);
  return NULL;
}

void expert_set_encoder(Expert *x, const char *encoder, const char *prompts) {
  if (x->task != EXPERT_ALIGN) return;
  if (encoder) {
    g_free(x->encoder);
    x->encoder = g_strdup(encoder);
    x->foreign = false; /* who names it has chosen it */
  }
  if (prompts) {
    g_free(x->prompts);
    x->prompts = g_strdup(prompts);
  }
}

bool expert_is_for(const Expert *x, const Model *m) {
  return m->shapes && (!x->shapes || strcmp(m->shapes, x->shapes) == 0) && (x->tree < 0 || m->tree == x->tree);
}

TextEncoder *expert_open_encoder(const Expert *x, GError **error) {
  if (!x->encoder && x->raw_text) {
    g_set_error(
        error, COPSE_ERROR, COPSE_ERROR_USAGE,
        "the checkpoint %s does not say which text encoder it was trained with: name it with --encoder (for the "
        "authors' files clip:DIR of ViT-L/14)",
        x->name);
    return NULL;
  }
  if (x->foreign && x->encoder && strchr(x->encoder, ':')) {
    g_set_error(
        error, COPSE_ERROR, COPSE_ERROR_UNSUPPORTED,
        "%s wants its texts encoded by %s, and a checkpoint from elsewhere does not choose what is opened: if you "
        "trust it, name that encoder yourself with --encoder",
        x->name, x->encoder);
    return NULL;
  }
  g_autoptr(TextEncoder) e = text_encoder_open(x->encoder ? x->encoder : "words", error);
  if (!e || (x->prompts && !text_encoder_set_prompts(e, x->prompts, error))) return NULL;
  text_encoder_keep_length(e, x->raw_text);
  return g_steal_pointer(&e);
}

/* Only the encoder it was trained with will do. */
bool expert_takes_encoder(const Expert *x, const TextEncoder *encoder, GError **error) {
  size_t d = text_encoder_dim(encoder);
  if (x->task != EXPERT_ALIGN || d != x->probex->shape.d_text ||
      (x->fingerprint && strcmp(x->fingerprint, text_encoder_fingerprint(encoder)) != 0)) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_UNSUPPORTED,
                "expert %s was trained with another text encoder (%s), not %s: train it again", x->name,
                x->fingerprint ? x->fingerprint : "unknown", text_encoder_fingerprint(encoder));
    return false;
  }
  return true;
}

/* The index of a trained label, whatever its case, or -1. */
static gssize trained_label(const Expert *x, const char *name) {
  for (guint i = 0; i < x->labels->len; i++)
    if (g_ascii_strcasecmp(x->labels->pdata[i], name) == 0) return (gssize)i;
  return -1;
}

void expert_map_vectors(const Expert *x, const char *const *names, const float *text, size_t n, float *mapped) {
  if (!x->kernel) {
    align_map_text(x->probex, text, n, mapped);
    return;
  }
  g_autofree gssize *label = g_new(gssize, n + 1);
  for (size_t i = 0; i < n; i++) label[i] = trained_label(x, names[i]);
  kernel_map_text(x->kernel, text, label, n, x->probex->shape.d_text, mapped);
}

bool expert_map_text(const Expert *x, TextEncoder *encoder, const char *text, float *vector, char ***unknown,
                     GError **error) {
  size_t d = text_encoder_dim(encoder);
  if (!expert_takes_encoder(x, encoder, error)) return false;
  g_autofree float *t = g_new(float, d);
  if (!text_encoder_encode(encoder, text, t, unknown, error)) return false;
  if (!x->raw_text) task_centre_text(t, x->text_mean, d);
  expert_map_vectors(x, &text, t, 1, vector);
  return true;
}

bool expert_map_texts(const Expert *x, TextEncoder *encoder, const char *const *texts, size_t n, float *vectors,
                      bool *known, GError **error) {
  size_t d = text_encoder_dim(encoder), r_t = x->probex->shape.r_t;
  if (!expert_takes_encoder(x, encoder, error)) return false;
  g_autofree float *t = g_new(float, (n * d) + 1);
  g_autofree bool *has = g_new0(bool, n + 1);
  if (!text_encoder_encode_many(encoder, texts, n, t, has, error)) return false;
  for (size_t i = 0; i < n; i++) {
    float *vector = vectors + i * r_t;
    if (known) known[i] = has[i];
    if (!has[i] && !known) return expert_map_text(x, encoder, texts[i], vector, NULL, error);
    if (!has[i]) {
      memset(vector, 0, r_t * sizeof *vector);
      continue;
    }
    if (!x->raw_text) task_centre_text(t + i * d, x->text_mean, d);
    expert_map_vectors(x, texts + i, t + i * d, 1, vector);
  }
  return true;
}

bool expert_represent(const Expert *x, LayerSet *set, float *e, const Progress *progress, GError **error) {
  const ProbexShape *s = &x->probex->shape;
  if (set->d_out != s->d_out || set->d_in != s->d_in || (x->centre && set->form != LAYER_DENSE)) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_UNSUPPORTED,
                "expert %s is for a layer of %zu x %zu, and this one is %zu x %zu%s", x->name, s->d_out, s->d_in,
                set->d_out, set->d_in, set->form == LAYER_LOW_RANK ? ", low-rank" : "");
    return false;
  }
  if (x->centre) layer_set_subtract(set, x->centre);
  return probex_represent(x->probex, set, e, progress, error);
}
