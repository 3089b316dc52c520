/* SPDX-License-Identifier: Apache-2.0 */
#include "weights/torch/torch_state.h"

#include <string.h>

#include "core/error.h"
#include "weights/torch/torch_globals.h"

enum {
  MOST_LEVELS = 64,
  WRAPPER_LEVELS = 4, /* how deep a wrapper may stand */
  MOST_TENSORS = 1000000,
  LEAST_STEPS = 10000, /* that are always allowed */
  STEPS_EACH = 8,      /* for each value and each place in a container */
  MOST_NAME = 4096,
  MOST_NAMES = 64 << 20 /* bytes of all names */
};

typedef struct {
  const char *label;
  TorchIsTensor is_tensor;
  TorchVisit visit;
  void *user;
  GString *name;
  uint64_t steps, most_steps, tensors, name_bytes;
  GError **error;
} Walk;

static const char *const wrappers[] = {
    "state_dict", "model_state_dict", "model_state",        "model", "module", "net", "network", "params",
    "weights",    "parameters",       "network_state_dict",
};

static bool fail(Walk *w, const char *problem) {
  g_set_error(w->error, COPSE_ERROR, COPSE_ERROR_FORMAT, "%s: %s%s", w->label, problem, damage_hint(problem));
  return false;
}

/* A dictionary's pairs: a DICT (flat), or a list of pairs that an OrderedDict was made from. */
static const PickleValue *pairs_of(const PickleValue *v, bool *flat) {
  *flat = true;
  if (!v || v->kind == PICKLE_DICT) return v;
  if (v->kind != PICKLE_OBJECT) return NULL;
  int tag = pickle_tag(v);
  if (tag == TORCH_MODULE) {
    const PickleValue *state = v->u.object.state;
    return state && state->kind == PICKLE_DICT ? state : NULL;
  }
  if (tag != TORCH_DICT) return NULL;
  if (v->u.object.items && v->u.object.items->kind == PICKLE_DICT) return v->u.object.items;
  const PickleValue *given = pickle_item(v->u.object.args, 0);
  *flat = !given || given->kind == PICKLE_DICT;
  bool pairs = given && (given->kind == PICKLE_DICT || given->kind == PICKLE_LIST);
  return pairs ? given : NULL;
}

bool torch_state_entry(const PickleValue *dict, guint i, const PickleValue **key, const PickleValue **value) {
  bool flat;
  const PickleValue *pairs = pairs_of(dict, &flat);
  if (!pairs) return false;
  if (flat) {
    if (i >= pairs->u.items.n / 2) return false;
    *key = pairs->u.items.at[2 * i];
    *value = pairs->u.items.at[2 * i + 1];
    return true;
  }
  const PickleValue *pair = pickle_item(pairs, i);
  *key = pickle_item(pair, 0);
  *value = pickle_item(pair, 1);
  return *key && *value;
}

const PickleValue *torch_state_get(const PickleValue *dict, const char *wanted) {
  const PickleValue *key, *value;
  for (guint i = 0; torch_state_entry(dict, i, &key, &value); i++)
    if (pickle_is_text(key, wanted)) return value;
  return NULL;
}

bool torch_state_is_optimizer(const PickleValue *root) {
  return torch_state_get(root, "state") && torch_state_get(root, "param_groups");
}

bool torch_state_is_random(const PickleValue *root) {
  return torch_state_get(root, "python") && torch_state_get(root, "numpy") && torch_state_get(root, "cpu");
}

static bool is_sequence(const PickleValue *v) { return v->kind == PICKLE_LIST || v->kind == PICKLE_TUPLE; }

static bool is_dictionary(const PickleValue *v) {
  bool flat;
  return pairs_of(v, &flat) != NULL;
}

static bool step(Walk *w) {
  return ++w->steps <= w->most_steps || fail(w, "its containers share each other beyond measure");
}

/* True when a tensor lies anywhere below v. False, with w->steps beyond the bound, if in vain. */
static bool holds(Walk *w, const PickleValue *v, int level) {
  if (w->is_tensor(v)) return true;
  if (level == MOST_LEVELS || w->steps > w->most_steps) return false;
  if (is_sequence(v)) {
    for (guint i = 0; i < v->u.items.n && ++w->steps <= w->most_steps; i++)
      if (holds(w, v->u.items.at[i], level + 1)) return true;
    return false;
  }
  const PickleValue *key, *value;
  for (guint i = 0; torch_state_entry(v, i, &key, &value) && ++w->steps <= w->most_steps; i++)
    if (holds(w, value, level + 1)) return true;
  return false;
}

static bool text_contains(const PickleValue *key, const char *part) {
  return g_strstr_len(key->u.text.bytes, (gssize)key->u.text.n, part) != NULL;
}

static bool text_begins(const PickleValue *key, const char *start) {
  size_t n = strlen(start);
  return key->u.text.n >= n && memcmp(key->u.text.bytes, start, n) == 0;
}

/* What a trainer keeps beside the weights. */
static bool is_aside(const Walk *w, const PickleValue *key, const PickleValue *value) {
  static const char *const starts[] = {"optim",     "lr_sched", "scheduler", "scaler",      "grad_scaler",
                                       "callbacks", "loops",    "rng_state", "random_state"};
  if (key->kind != PICKLE_TEXT || w->is_tensor(value)) return false;
  if (!is_dictionary(value) && !is_sequence(value)) return false;
  if (text_contains(key, ".")) return false;
  if (text_contains(key, "optimizer") || torch_state_is_optimizer(value)) return true;
  for (size_t i = 0; i < G_N_ELEMENTS(starts); i++)
    if (text_begins(key, starts[i])) return true;
  return false;
}

static bool is_averaged(const PickleValue *key) {
  if (key->kind != PICKLE_TEXT) return false;
  size_t n = key->u.text.n;
  return text_begins(key, "ema_") || (n == 3 && text_begins(key, "ema")) ||
         (n > 4 && memcmp(key->u.text.bytes + n - 4, "_ema", 4) == 0);
}

static bool is_wrapper(const PickleValue *key) {
  for (size_t i = 0; i < G_N_ELEMENTS(wrappers); i++)
    if (pickle_is_text(key, wrappers[i])) return true;
  return false;
}

/* The key that names may leave out, or NULL. */
static const PickleValue *silent_key(Walk *w, const PickleValue *dict, int level) {
  const PickleValue *key, *value, *main_key = NULL, *averaged = NULL;
  guint mains = 0, copies = 0;
  for (guint i = 0; torch_state_entry(dict, i, &key, &value); i++) {
    if (w->is_tensor(value) || (level == 0 && is_aside(w, key, value))) continue;
    if (!holds(w, value, level + 1)) continue;
    if (is_averaged(key)) averaged = key, copies++;
    else main_key = key, mains++;
  }
  if (mains == 1) return is_wrapper(main_key) ? main_key : NULL;
  return mains == 0 && copies == 1 ? averaged : NULL;
}

/* Lengthens the name by a key; false for a key of a kind that names nothing, or an overlong one. */
static bool append_key(GString *name, const PickleValue *key) {
  if (key->kind == PICKLE_TEXT || key->kind == PICKLE_BYTES) {
    if (key->u.text.n > MOST_NAME) return false;
    g_autofree SafeText *clean = safe_text(key->u.text.bytes, (gssize)key->u.text.n);
    if (name->len) g_string_append_c(name, '.');
    g_string_append(name, clean);
    return true;
  }
  if (key->kind != PICKLE_INT) return false;
  g_string_append_printf(name, name->len ? ".%" G_GINT64_FORMAT : "%" G_GINT64_FORMAT, key->u.integer);
  return true;
}

static bool walk(Walk *w, const PickleValue *v, int level);

static bool visit_tensor(Walk *w, const PickleValue *v) {
  const char *name = w->name->len ? w->name->str : "tensor";
  w->name_bytes += strlen(name);
  if (++w->tensors > MOST_TENSORS) return fail(w, "it holds more than a million tensors");
  if (w->name_bytes > MOST_NAMES) return fail(w, "the names of its tensors are overlong");
  return w->visit(w->user, name, v, w->error);
}

static bool walk_dictionary(Walk *w, const PickleValue *dict, int level) {
  const PickleValue *silent = level < WRAPPER_LEVELS ? silent_key(w, dict, level) : NULL;
  const PickleValue *key, *value;
  gsize length = w->name->len;
  for (guint i = 0; torch_state_entry(dict, i, &key, &value); i++) {
    if (level == 0 && is_aside(w, key, value)) continue;
    bool named = key == silent || append_key(w->name, key);
    bool ok = step(w) && (!named || walk(w, value, level + 1));
    g_string_truncate(w->name, length);
    if (!ok) return false;
  }
  return true;
}

static bool walk_sequence(Walk *w, const PickleValue *v, int level) {
  gsize length = w->name->len;
  for (guint i = 0; i < v->u.items.n; i++) {
    g_string_append_printf(w->name, length ? ".%u" : "%u", i);
    bool ok = step(w) && walk(w, v->u.items.at[i], level + 1);
    g_string_truncate(w->name, length);
    if (!ok) return false;
  }
  return true;
}

static bool walk(Walk *w, const PickleValue *v, int level) {
  if (w->is_tensor(v)) return visit_tensor(w, v);
  if (!is_sequence(v) && !is_dictionary(v)) return true;
  if (w->name->len > MOST_NAME) return fail(w, "the names of its tensors are overlong");
  if (level == MOST_LEVELS) return fail(w, "its containers are nested too deeply, or in a circle");
  return is_sequence(v) ? walk_sequence(w, v, level) : walk_dictionary(w, v, level);
}

bool torch_state_walk(const Pickle *pickle, const char *label, TorchIsTensor is_tensor, TorchVisit visit, void *user,
                      GError **error) {
  g_autoptr(GString) name = g_string_new(NULL);
  Walk w = {.label = label, .is_tensor = is_tensor, .visit = visit, .user = user, .name = name, .error = error};
  w.most_steps = LEAST_STEPS + STEPS_EACH * pickle_size(pickle);
  return walk(&w, pickle_root(pickle), 0);
}
