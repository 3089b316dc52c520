/* SPDX-License-Identifier: Apache-2.0 */
/* A question in the query language, asked of one model: read, checked, filtered with, looked up in
 * what the model declares, and completed at every byte. */
#include <stdlib.h>
#include <string.h>

#include "core/text.h"
#include "search/question_field.h"
#include "search/card_words.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static GPtrArray *one_model(void) {
  Model *m = model_new();
  m->path = g_strdup("lora/fox.safetensors");
  m->shown = g_strdup(m->path);
  m->file = g_strdup(m->path);
  m->name = g_strdup("snow fox");
  m->format = g_strdup("safetensors");
  m->shapes = g_strdup("");
  m->params = 3000000;
  m->dtypes[DTYPE_F16] = 4;
  model_add_fact(m, "tags", "night \"fox\"", "card");
  model_add_fact(m, "rank", "16", "metadata");
  GPtrArray *all = g_ptr_array_new_with_free_func((GDestroyNotify)model_unref);
  g_ptr_array_add(all, m);
  return all;
}

/* Terms lie in the text one after the other; each filter can be applied. */
static void use(const Question *q, const char *text, const GPtrArray *models) {
  size_t end = 0;
  for (guint i = 0; i < q->terms->len; i++) {
    const Term *t = q->terms->pdata[i];
    if (t->at < end || t->length == 0 || t->at + t->length > strlen(text)) abort();
    end = t->at + t->length;
    if (t->kind == TERM_FILTER) question_filter(t, models->pdata[0]);
  }
  DeclaredWords *said = declared_words_new(models);
  declared_words_find(said, q, 0);
  declared_words_free(said);
  g_autoptr(GError) error = NULL;
  size_t at = 0;
  bool ok = question_check(q, text, models, FIELD_OF_FOREST, &at, &error);
  if (ok == (error != NULL) || at > strlen(text)) abort();
  if (error && !text_is_safe(error->message, -1)) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  g_autofree char *raw = g_strndup((const char *)data, MIN(n, 4096));
  g_autofree char *text = g_utf8_make_valid(raw, -1); /* as arguments and the screen give it */
  g_autoptr(GPtrArray) models = one_model();
  g_autoptr(GError) error = NULL;
  size_t at = 0;
  g_autoptr(Question) q = question_parse(text, &at, &error);
  if ((q == NULL) == (error == NULL) || at > strlen(text)) abort();
  if (error && !text_is_safe(error->message, -1)) abort();
  if (q) use(q, text, models);
  for (size_t i = 0; i <= MIN(strlen(text), (size_t)64); i++) {
    g_autoptr(Completion) c = question_complete(text, i, models, 5);
    if (c->from > i || c->to < i || c->texts->len > 5) abort();
  }
  return 0;
}
