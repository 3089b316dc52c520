/* SPDX-License-Identifier: Apache-2.0 */
#include "weights/layers/adapter_scale.h"

#include <math.h>
#include <string.h>

enum { MOST_METADATA = 4 << 20, MOST_NETWORKS = 16 };

/* Where metadata says it: of networks, and of all modules. */
static const char networks_key[] = "lora_adapter_metadata";
static const char *const number_keys[] = {"ss_network_alpha", "lora_alpha", "adapter.lora.alpha"};

/* What the metadata says of one network of a pipeline. */
typedef struct {
  char *prefix; /* "transformer."; "": of the only one */
  AdapterConfig *config;
} Network;

struct AdapterScales {
  const AdapterConfig *config;
  GArray *networks; /* of Network */
  double alpha;     /* of all modules, by the metadata */
  const char *alpha_source;
};

static void network_clear(void *data) {
  Network *n = data;
  g_free(n->prefix);
  adapter_config_free(n->config);
}

static double number_in(GHashTable *metadata, const char *key) {
  const char *text = g_hash_table_lookup(metadata, key);
  char *end = NULL;
  double value = text ? g_ascii_strtod(text, &end) : (double)NAN;
  return text && end != text && *end == '\0' && isfinite(value) ? value : (double)NAN;
}

static bool has_network(const GArray *networks, const char *prefix, size_t n) {
  for (guint i = 0; i < networks->len; i++) {
    const char *other = g_array_index(networks, Network, i).prefix;
    if (strlen(other) == n && strncmp(other, prefix, n) == 0) return true;
  }
  return false;
}

/* {"transformer.r": 16, "transformer.lora_alpha": 8, …}: one configuration a network. */
static void read_networks(AdapterScales *s, GHashTable *metadata) {
  static const char ending[] = "lora_alpha";
  const char *text = g_hash_table_lookup(metadata, networks_key);
  size_t n = text ? strlen(text) : 0;
  g_autoptr(cJSON) object = n && n <= MOST_METADATA ? json_parse(text, n) : NULL;
  for (const cJSON *e = cJSON_IsObject(object) ? object->child : NULL; e; e = e->next) {
    if (!e->string || !g_str_has_suffix(e->string, ending) || s->networks->len == MOST_NETWORKS) continue;
    size_t length = strlen(e->string) - strlen(ending);
    if ((length && e->string[length - 1] != '.') || has_network(s->networks, e->string, length)) continue;
    Network network = {.prefix = g_strndup(e->string, length)};
    network.config = adapter_config_new(object, network.prefix);
    g_array_append_val(s->networks, network);
  }
}

static void read_numbers(AdapterScales *s, GHashTable *metadata) {
  s->alpha = (double)NAN;
  for (size_t i = 0; i < G_N_ELEMENTS(number_keys) && isnan(s->alpha); i++) {
    double alpha = number_in(metadata, number_keys[i]);
    bool silent = alpha == 0 && i == 2; /* GGUF: there is none */
    if (isfinite(alpha) && !silent) s->alpha = alpha, s->alpha_source = number_keys[i];
  }
}

bool adapter_scales_agree(const WeightFile *a, const WeightFile *b) {
  GHashTable *x = weight_file_metadata(a), *y = weight_file_metadata(b);
  bool same = g_strcmp0(g_hash_table_lookup(x, networks_key), g_hash_table_lookup(y, networks_key)) == 0;
  for (size_t i = 0; same && i < G_N_ELEMENTS(number_keys); i++)
    same = g_strcmp0(g_hash_table_lookup(x, number_keys[i]), g_hash_table_lookup(y, number_keys[i])) == 0;
  return same;
}

AdapterScales *adapter_scales_new(const WeightFile *file, const AdapterConfig *config) {
  AdapterScales *s = g_new0(AdapterScales, 1);
  GHashTable *metadata = weight_file_metadata(file);
  s->config = config;
  s->networks = g_array_new(FALSE, FALSE, sizeof(Network));
  g_array_set_clear_func(s->networks, network_clear);
  read_networks(s, metadata);
  read_numbers(s, metadata);
  return s;
}

void adapter_scales_free(AdapterScales *s) {
  if (!s) return;
  g_array_unref(s->networks);
  g_free(s);
}

/* What divides alpha in a configuration's own form; 0 when that is not known. */
static double divisor_of(const AdapterConfig *c, const char *module, AdapterForm form, uint64_t rank) {
  if (form == FORM_ADALORA) return adapter_config_first_rank(c) + 1e-5;
  double r = rank ? (double)rank : adapter_config_rank(c, module);
  return adapter_config_rank_stabilised(c) ? sqrt(r) : r;
}

static bool ask_config(const AdapterConfig *c, const char *module, AdapterForm form, uint64_t rank,
                       const char *const words[3], AdapterScale *out) {
  bool pattern;
  double alpha = adapter_config_alpha(c, module, &pattern), factor = adapter_config_factor(c);
  if (isfinite(factor)) {
    *out = (AdapterScale){factor, 1, words[2]};
    return true;
  }
  if (isnan(alpha)) return false;
  if (form == FORM_ADALORA && alpha <= 0) alpha = adapter_config_first_rank(c);
  *out = (AdapterScale){alpha, divisor_of(c, module, form, rank), words[pattern ? 1 : 0]};
  return true;
}

/* The network that the module lies in; one that stands alone speaks for all. */
static const AdapterConfig *network_of(const AdapterScales *s, const char *module) {
  for (guint i = 0; module && i < s->networks->len; i++) {
    const Network *n = &g_array_index(s->networks, Network, i);
    if (*n->prefix && g_str_has_prefix(module, n->prefix)) return n->config;
  }
  return s->networks->len == 1 ? g_array_index(s->networks, Network, 0).config : NULL;
}

AdapterScale adapter_scales_get(const AdapterScales *s, const char *module, AdapterForm form, uint64_t rank,
                                bool has_tensor) {
  static const char *const config_words[] = {"adapter_config.json lora_alpha", "adapter_config.json alpha_pattern",
                                             "adapter_config.json scale"};
  static const char *const metadata_words[] = {"metadata lora_adapter_metadata", "metadata lora_adapter_metadata",
                                               "metadata lora_adapter_metadata"};
  AdapterScale out = {(double)NAN, (double)rank, NULL};
  if (form == FORM_VERA || form == FORM_DIFF) return (AdapterScale){(double)NAN, 0, NULL};
  if (has_tensor) {
    out.source = "a tensor alpha";
    return out;
  }
  if (s->config && ask_config(s->config, module, form, rank, config_words, &out)) return out;
  const AdapterConfig *network = network_of(s, module);
  if (network && ask_config(network, module, form, rank, metadata_words, &out)) return out;
  if (isnan(s->alpha)) return out;
  out.alpha = s->alpha;
  out.source = s->alpha_source;
  return out;
}

double adapter_scales_alpha(const AdapterScales *s) {
  bool pattern;
  double alpha = s->config ? adapter_config_alpha(s->config, NULL, &pattern) : (double)NAN;
  if (isnan(alpha) && s->networks->len == 1)
    alpha = adapter_config_alpha(g_array_index(s->networks, Network, 0).config, NULL, &pattern);
  return isnan(alpha) ? s->alpha : alpha;
}

bool adapter_scales_ask_modules(const AdapterScales *s) { return s->config || s->networks->len > 0; }
