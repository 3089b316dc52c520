/* SPDX-License-Identifier: Apache-2.0 */
#include "encoders/clip/clip_config.h"

#include <string.h>

#include "core/error.h"
#include "core/files.h"

enum { CONFIG_BYTES = 4 << 20, MAX_HEADS = 1024, MAX_LAYERS = 1024 };

static bool refuse(const char *label, const char *problem, const char *what, GError **error) {
  g_autofree SafeText *shown = safe_text(what, -1);
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_UNSUPPORTED, "%s: %s '%s'", label, problem, shown);
  return false;
}

static bool set_activation(ClipConfig *c, const char *name, const char *label, GError **error) {
  static const struct {
    const char *name;
    ClipActivation activation;
  } known[] = {{"quick_gelu", CLIP_QUICK_GELU},
               {"gelu", CLIP_GELU},
               {"gelu_new", CLIP_GELU_TANH},
               {"gelu_pytorch_tanh", CLIP_GELU_TANH}};
  for (size_t i = 0; i < G_N_ELEMENTS(known); i++)
    if (strcmp(name, known[i].name) == 0) {
      c->activation = known[i].activation;
      return true;
    }
  return refuse(label, "hidden_act must be quick_gelu, gelu, gelu_new or gelu_pytorch_tanh, not", name, error);
}

/* A whole number of the object within 1 .. most, or `fallback` when it is absent. */
static bool read_count(const cJSON *o, const char *key, unsigned most, unsigned fallback, const char *label,
                       unsigned *count, GError **error) {
  const cJSON *item = cJSON_GetObjectItemCaseSensitive(o, key);
  *count = fallback;
  if (!item || cJSON_IsNull(item)) return true;
  if (cJSON_IsNumber(item) && item->valuedouble >= 1 && item->valuedouble <= most) {
    *count = (unsigned)item->valuedouble;
    if (item->valuedouble == *count) return true;
  }
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT, "%s: %s must be a whole number from 1 to %u", label, key, most);
  return false;
}

static bool read_eps(const cJSON *o, const char *key, const char *label, ClipConfig *c, GError **error) {
  double eps = json_number(o, key, 1e-5);
  c->eps = (float)eps;
  if (eps > 0 && eps < 1) return true;
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT, "%s: %s must lie between 0 and 1", label, key);
  return false;
}

/* --- transformers ------------------------------------------------------------------------------- */

/* The object with the text tower's fields. What text_config_dict says counts alone, since
 * transformers fills it up with defaults, which then win over text_config. */
static const cJSON *text_fields(const cJSON *document, const char *label, GError **error) {
  g_autofree SafeText *type = json_dup_string(document, "model_type");
  const cJSON *inner = cJSON_GetObjectItemCaseSensitive(document, "text_config");
  const cJSON *forced = cJSON_GetObjectItemCaseSensitive(document, "text_config_dict");
  bool whole = type ? strcmp(type, "clip") == 0 : cJSON_IsObject(inner);
  if (whole) return cJSON_IsObject(forced) ? forced : cJSON_IsObject(inner) ? inner : document;
  if (!type || strcmp(type, "clip_text_model") == 0) return document;
  refuse(label, "a CLIP text model is expected (model_type clip or clip_text_model), and this is", type, error);
  return NULL;
}

/* Old files say 2, which is no token of CLIP's: they mean the tokenizer's end token. */
static void read_end(const cJSON *o, ClipConfig *c) {
  double end = json_number(o, "eos_token_id", 49407);
  c->end = end == 2 || !(end >= 0 && end < 1e9) ? -1 : (int64_t)end;
}

static bool parse_transformers(const cJSON *document, const char *label, ClipConfig *c, GError **error) {
  const cJSON *o = text_fields(document, label, error);
  if (!o) return false;
  g_autofree SafeText *activation = json_dup_string(o, "hidden_act");
  read_end(o, c);
  return set_activation(c, activation ? activation : "quick_gelu", label, error) &&
         read_eps(o, "layer_norm_eps", label, c, error) &&
         read_count(o, "num_attention_heads", MAX_HEADS, 8, label, &c->heads, error) &&
         read_count(o, "num_hidden_layers", MAX_LAYERS, 0, label, &c->layers, error);
}

/* --- OpenCLIP ----------------------------------------------------------------------------------- */

static bool is_true(const cJSON *o, const char *key) { return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(o, key)); }

/* Text towers of other makes that OpenCLIP can hold. */
static bool check_open_clip(const cJSON *text, const char *label, GError **error) {
  g_autofree SafeText *other = json_dup_string(text, "hf_model_name");
  g_autofree SafeText *pool = json_dup_string(text, "pool_type");
  if (other) return refuse(label, "the text tower is no CLIP but", other, error);
  if (is_true(text, "no_causal_mask")) return refuse(label, "the text tower is not causal:", "no_causal_mask", error);
  return !pool || strcmp(pool, "argmax") == 0 || refuse(label, "pool_type must be argmax, not", pool, error);
}

static bool parse_open_clip(const cJSON *model, const char *label, ClipConfig *c, GError **error) {
  const cJSON *text = cJSON_GetObjectItemCaseSensitive(model, "text_cfg");
  const cJSON *norm = cJSON_GetObjectItemCaseSensitive(text, "norm_kwargs");
  const cJSON *act = cJSON_GetObjectItemCaseSensitive(text, "act_kwargs");
  g_autofree SafeText *approximate = json_dup_string(act, "approximate");
  c->activation = is_true(model, "quick_gelu")                      ? CLIP_QUICK_GELU
                  : approximate && strcmp(approximate, "tanh") == 0 ? CLIP_GELU_TANH
                                                                    : CLIP_GELU;
  c->end = -1;
  return check_open_clip(text, label, error) && read_eps(norm, "eps", label, c, error) &&
         read_count(text, "heads", MAX_HEADS, 8, label, &c->heads, error) &&
         read_count(text, "layers", MAX_LAYERS, 0, label, &c->layers, error);
}

/* --- both --------------------------------------------------------------------------------------- */

bool clip_config_parse(const cJSON *document, const char *label, ClipConfig *config, GError **error) {
  *config = (ClipConfig){0};
  const cJSON *open_clip = cJSON_GetObjectItemCaseSensitive(document, "model_cfg");
  if (cJSON_IsObject(open_clip)) return parse_open_clip(open_clip, label, config, error);
  if (cJSON_IsObject(document)) return parse_transformers(document, label, config, error);
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT, "%s: a JSON object is expected", label);
  return false;
}

bool clip_config_open(const char *folder, ClipConfig *config, GError **error) {
  static const char *const names[] = {"config.json", "open_clip_config.json"};
  for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
    g_autofree char *path = g_build_filename(folder, names[i], NULL);
    if (!g_file_test(path, G_FILE_TEST_EXISTS)) continue;
    size_t n;
    g_autofree char *bytes = file_read_small(path, CONFIG_BYTES, &n, error);
    if (!bytes) return false;
    g_autofree SafeText *label = safe_text(path, -1);
    g_autoptr(cJSON) document = json_parse(bytes, n);
    return clip_config_parse(document, label, config, error);
  }
  g_autofree SafeText *shown = safe_text(folder, -1);
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_NOT_FOUND, "%s: no config.json there, which a CLIP folder has", shown);
  return false;
}
