/* SPDX-License-Identifier: Apache-2.0 */
/* What lies beside weights: a model card, the configurations, and the metadata that trainers write.
 * The input is taken for each of them in turn; every fact must be clean. */
#include <stdlib.h>
#include <string.h>

#include "collection/read/card.h"
#include "collection/read/model_config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check(const Model *m) {
  for (guint i = 0; i < m->facts->len; i++) {
    const Fact *f = m->facts->pdata[i];
    if (!text_is_safe(f->key, -1) || !text_is_safe(f->value, -1) || !text_is_safe(f->source, -1)) abort();
  }
  if (model_base(m) && !*model_base(m)) abort();
}

/* The parts of a card lie in it, in order. */
static void check_split(const char *card, size_t n) {
  const char *front;
  size_t front_n;
  const char *body = card_split(card, n, &front, &front_n);
  if (body < card || body > card + n) abort();
  if (front && (front < card || front + front_n > body)) abort();
}

static void take_metadata(const char *key, const char *text) {
  g_autoptr(GHashTable) metadata = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  g_autoptr(Model) m = model_new();
  g_hash_table_insert(metadata, g_strdup(key), safe_text(text, -1));
  model_take_metadata(m, metadata);
  check(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  static const char *const sources[] = {"adapter_config.json", "config.json", "model_index.json"};
  static const char *const keys[] = {"ss_tag_frequency", "ss_sd_model_name", "modelspec.tags",
                                     "general.base_model.0.repo_url"};
  g_autofree char *text = g_strndup((const char *)data, n);
  check_split((const char *)data, n);
  g_autoptr(Model) card = model_new();
  model_take_card_text(card, (const char *)data, n);
  check(card);
  for (size_t i = 0; i < G_N_ELEMENTS(sources); i++) {
    g_autoptr(Model) m = model_new();
    model_take_config_text(m, (const char *)data, n, sources[i]);
    check(m);
  }
  for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) take_metadata(keys[i], text);
  return 0;
}
