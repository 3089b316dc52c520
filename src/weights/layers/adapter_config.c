/* SPDX-License-Identifier: Apache-2.0 */
#include "weights/layers/adapter_config.h"

#include <math.h>
#include <string.h>

enum { MOST_PATTERNS = 1024, LONGEST_PATTERN = 512 };

typedef struct {
  GRegex *regex;
  double value;
} Pattern;

struct AdapterConfig {
  double alpha, rank, first_rank, factor;
  bool rank_stabilised;
  unsigned cayley_terms;
  AdapterForm form;
  GArray *alphas, *ranks; /* of Pattern, in their order */
};

static void pattern_clear(void *data) { g_regex_unref(((Pattern *)data)->regex); }

static const cJSON *member(const cJSON *object, const char *prefix, const char *key) {
  g_autofree char *full = g_strconcat(prefix ? prefix : "", key, NULL);
  return cJSON_GetObjectItemCaseSensitive(object, full);
}

static double number(const cJSON *object, const char *prefix, const char *key) {
  const cJSON *item = member(object, prefix, key);
  return cJSON_IsNumber(item) && isfinite(item->valuedouble) ? item->valuedouble : (double)NAN;
}

/* The steps of a match are bounded: an expression comes from a file. */
static GRegex *compile(const char *key) {
  size_t n = strlen(key);
  if (n == 0 || n > LONGEST_PATTERN) return NULL;
  g_autofree char *text = key[0] == '^' ? g_strdup_printf("(*LIMIT_MATCH=100000)(?:%s)$", key)
                                        : g_strdup_printf("(*LIMIT_MATCH=100000)^(.*\\.)?(?:%s)$", key);
  return g_regex_new(text, G_REGEX_RAW, 0, NULL);
}

/* AdaLoRA keeps lists of truth values under rank_pattern: they are no numbers and say nothing here. */
static GArray *read_patterns(const cJSON *object) {
  GArray *out = g_array_new(FALSE, FALSE, sizeof(Pattern));
  g_array_set_clear_func(out, pattern_clear);
  if (!cJSON_IsObject(object)) return out;
  for (const cJSON *e = object->child; e && out->len < MOST_PATTERNS; e = e->next) {
    if (!cJSON_IsNumber(e) || !isfinite(e->valuedouble) || !e->string) continue;
    Pattern p = {compile(e->string), e->valuedouble};
    if (p.regex) g_array_append_val(out, p);
  }
  return out;
}

/* Older configurations know no series. */
static unsigned cayley_terms_of(const cJSON *object, const char *prefix) {
  enum { USUAL = 5, MOST = 64 };
  if (!cJSON_IsTrue(member(object, prefix, "use_cayley_neumann"))) return 0;
  double terms = number(object, prefix, "num_cayley_neumann_terms");
  return terms >= 1 && terms <= MOST ? (unsigned)terms : USUAL;
}

AdapterConfig *adapter_config_new(const cJSON *object, const char *prefix) {
  AdapterConfig *c = g_new0(AdapterConfig, 1);
  c->form = adapter_form_of_peft(cJSON_GetStringValue(member(object, prefix, "peft_type")));
  c->alpha = number(object, prefix, "lora_alpha");
  if (isnan(c->alpha)) c->alpha = number(object, prefix, "alpha");
  c->rank = number(object, prefix, "r");
  c->first_rank = number(object, prefix, "init_r");
  c->rank_stabilised = cJSON_IsTrue(member(object, prefix, "use_rslora"));
  c->cayley_terms = cayley_terms_of(object, prefix);
  c->factor = number(member(object, prefix, "lora_parameters"), NULL, "scale");
  c->alphas = read_patterns(member(object, prefix, "alpha_pattern"));
  c->ranks = read_patterns(member(object, prefix, "rank_pattern"));
  return c;
}

void adapter_config_free(AdapterConfig *c) {
  if (!c) return;
  g_array_unref(c->alphas);
  g_array_unref(c->ranks);
  g_free(c);
}

/* The value of the first expression that matches, NAN when none does. */
static double find_pattern(const GArray *patterns, const char *module) {
  for (guint i = 0; module && i < patterns->len; i++) {
    const Pattern *p = &g_array_index(patterns, Pattern, i);
    if (g_regex_match(p->regex, module, 0, NULL)) return p->value;
  }
  return (double)NAN;
}

double adapter_config_alpha(const AdapterConfig *c, const char *module, bool *pattern) {
  double special = find_pattern(c->alphas, module);
  *pattern = isfinite(special);
  return *pattern ? special : c->alpha;
}

double adapter_config_rank(const AdapterConfig *c, const char *module) {
  double special = find_pattern(c->ranks, module), rank = isfinite(special) ? special : c->rank;
  return rank > 0 ? rank : 0;
}

double adapter_config_factor(const AdapterConfig *c) { return c->factor; }

double adapter_config_first_rank(const AdapterConfig *c) { return c->first_rank > 0 ? c->first_rank : 12; }

bool adapter_config_rank_stabilised(const AdapterConfig *c) { return c->rank_stabilised; }

unsigned adapter_config_cayley_terms(const AdapterConfig *c) { return c->cayley_terms; }
