/* SPDX-License-Identifier: Apache-2.0 */
#include "weights/torch/torch_build.h"

#include <math.h>
#include <string.h>

#include "core/error.h"
#include "weights/strided.h"
#include "weights/torch/torch_state.h"

enum { MOST_LISTED = 16, MOST_FACTS = 64, MOST_FACT_BYTES = 1000 };

typedef struct {
  WeightFile *file;
  const char *label;
  TorchFindStorage find;
  void *user;
  GString *skipped; /* names and reasons */
  guint skips;
} Build;

static bool fail(const Build *b, const char *name, const char *problem, GError **error) {
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT, "%s: tensor %s %s%s", b->label, name, problem,
              damage_hint(problem));
  return false;
}

static void note_skipped(Build *b, const char *name, const char *why) {
  if (++b->skips <= MOST_LISTED) g_string_append_printf(b->skipped, "%s%s %s", b->skipped->len ? ", " : "", name, why);
}

static bool add_tensor(Build *b, const char *name, const TorchTensor *t, GError **error) {
  gssize storage = b->find(b->file, b->user, t->storage.key, error);
  if (storage < 0) return false;
  uint64_t need;
  if (__builtin_mul_overflow(t->storage.numbers, (uint64_t)t->storage.width, &need) ||
      need > strided_storage_bytes(b->file, (size_t)storage))
    return fail(b, name, "has a storage that is cut short: a download cut short?", error);
  if (t->dtype != t->storage.dtype && t->storage.view_first != 0)
    return fail(b, name, "has a part of a storage in another number format", error);
  Strided view = {.storage = (size_t)storage, .rank = t->rank};
  memcpy(view.shape, t->shape, sizeof view.shape);
  memcpy(view.step, t->step, sizeof view.step);
  if (__builtin_add_overflow(t->first, t->storage.view_first, &view.first))
    return fail(b, name, "reaches beyond its storage: a damaged file?", error);
  return strided_add_tensor(b->file, g_strdup(name), t->dtype, &view, error);
}

static bool visit(void *user, const SafeText *name, const PickleValue *value, GError **error) {
  Build *b = user;
  TorchTensor t;
  const char *problem;
  switch (torch_tensor_read(value, &t, &problem)) {
    case TORCH_READ:
      return add_tensor(b, name, &t, error);
    case TORCH_SKIPPED:
      note_skipped(b, name, problem);
      return true;
    default:
      return fail(b, name, problem, error);
  }
}

/* "a, b, c and 4 more"; the caller frees it. */
static char *list_of(const GPtrArray *names) {
  g_autoptr(GString) s = g_string_new(NULL);
  for (guint i = 0; i < names->len && i < MOST_LISTED; i++)
    g_string_append_printf(s, "%s%s", i ? ", " : "", (const char *)names->pdata[i]);
  if (names->len > MOST_LISTED) g_string_append_printf(s, " and %u more", names->len - MOST_LISTED);
  return g_strdup(s->str);
}

/* A number or a short text, as text; NULL for anything else. The caller frees it. */
static char *fact_of(const PickleValue *v) {
  char digits[G_ASCII_DTOSTR_BUF_SIZE];
  switch (v->kind) {
    case PICKLE_BOOL:
      return g_strdup(v->u.truth ? "true" : "false");
    case PICKLE_INT:
      return g_strdup_printf("%" G_GINT64_FORMAT, v->u.integer);
    case PICKLE_FLOAT:
      if (!isfinite(v->u.real)) return NULL;
      return g_strdup(g_ascii_dtostr(digits, sizeof digits, v->u.real));
    case PICKLE_TEXT:
      if (v->u.text.n == 0 || v->u.text.n > MOST_FACT_BYTES) return NULL;
      return memchr(v->u.text.bytes, '\0', v->u.text.n) ? NULL : g_strdup(v->u.text.bytes);
    default:
      return NULL;
  }
}

static void add_facts(WeightFile *file, const PickleValue *root) {
  const PickleValue *key, *value;
  guint facts = 0;
  for (guint i = 0; facts < MOST_FACTS && torch_state_entry(root, i, &key, &value); i++) {
    if (key->kind != PICKLE_TEXT || key->u.text.n > MOST_FACT_BYTES) continue;
    g_autofree char *text = fact_of(value);
    if (!text) continue;
    weight_file_set_metadata(file, key->u.text.bytes, text);
    facts++;
  }
}

static void add_lists(const Build *b, const Pickle *pickle) {
  const GPtrArray *opaque = pickle_opaque(pickle);
  if (opaque->len) {
    g_autofree char *names = list_of(opaque);
    weight_file_set_metadata(b->file, "pickle.opaque", names);
  }
  if (b->skips > MOST_LISTED) g_string_append_printf(b->skipped, " and %u more", b->skips - MOST_LISTED);
  if (b->skips) weight_file_set_metadata(b->file, "torch.skipped", b->skipped->str);
}

/* Says what the file holds instead of tensors. */
static bool fail_empty(const Build *b, const Pickle *pickle, GError **error) {
  const PickleValue *root = pickle_root(pickle);
  g_autofree char *names = list_of(pickle_opaque(pickle));
  if (root->kind == PICKLE_OBJECT && pickle_tag(root) == PICKLE_OPAQUE)
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_UNSUPPORTED,
                "%s: holds no tensors but an object of %s, which is not searched: if it is a "
                "network, save its state_dict() instead",
                b->label, root->u.object.callable->u.global.name);
  else if (b->skips)
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_UNSUPPORTED, "%s: holds no tensors that are read: %s", b->label,
                b->skipped->str);
  else if (*names)
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_UNSUPPORTED,
                "%s: holds no tensors outside of objects, which are not searched (%s): save its state_dict() instead",
                b->label, names);
  else
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_UNSUPPORTED, "%s: holds no tensors: save a state_dict() in it",
                b->label);
  return false;
}

bool torch_build(WeightFile *file, const Pickle *pickle, const char *label, TorchFindStorage find, void *user,
                 GError **error) {
  const PickleValue *root = pickle_root(pickle);
  const char *other = torch_state_is_optimizer(root) ? "an optimizer"
                      : torch_state_is_random(root)  ? "random generators"
                                                     : NULL;
  if (other) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_UNSUPPORTED, "%s: holds the state of %s, no model", label, other);
    return false;
  }
  g_autoptr(GString) skipped = g_string_new(NULL);
  Build b = {.file = file, .label = label, .find = find, .user = user, .skipped = skipped};
  if (!torch_state_walk(pickle, label, torch_tensor_is, visit, &b, error)) return false;
  if (weight_file_count(file) == 0) return fail_empty(&b, pickle, error);
  add_facts(file, root);
  add_lists(&b, pickle);
  return strided_end(file, error);
}
