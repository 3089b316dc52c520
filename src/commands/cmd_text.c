/* SPDX-License-Identifier: Apache-2.0 */
/* `copse text encode|tokens|similar|nearest TEXT`: what a text encoder makes of words. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "commands/command.h"
#include "commands/commands.h"
#include "core/error.h"
#include "core/json.h"
#include "numerics/linalg.h"
#include "encoders/concept_list.h"
#include "encoders/encoder.h"

typedef struct {
  TextEncoder *encoder;
  char **text;  /* one, or two for similar */
  char **among; /* nearest: the words to rank, or NULL */
  int limit;
  bool prompted; /* prompts were asked for */
  bool json;
} Asked;

/* The encoder's own vector, or with prompts, when they were asked for, that of length 1. */
static bool vector_of(const Asked *a, const char *text, float *x, char ***unknown, GError **error) {
  return a->prompted ? text_encoder_encode(a->encoder, text, x, unknown, error)
                     : text_encoder_embed(a->encoder, text, x, unknown, error);
}

static void add_words(cJSON *o, const char *key, char **words) {
  cJSON *list = cJSON_AddArrayToObject(o, key);
  for (char **w = words; w && *w; w++) {
    g_autofree SafeText *shown = safe_text(*w, -1);
    cJSON_AddItemToArray(list, cJSON_CreateString(shown));
  }
}

static bool run_encode(const Asked *a, GError **error) {
  size_t d = text_encoder_dim(a->encoder);
  g_autofree float *x = g_new(float, d);
  g_auto(GStrv) unknown = NULL;
  if (!vector_of(a, a->text[0], x, &unknown, error)) return false;
  if (!a->json) {
    for (size_t i = 0; i < d; i++) printf("%.9g\n", (double)x[i]);
    return true;
  }
  cJSON *o = cJSON_CreateObject();
  json_add_string(o, "encoder", text_encoder_name(a->encoder));
  json_add_string(o, "fingerprint", text_encoder_fingerprint(a->encoder));
  json_add_u64(o, "dim", d);
  cJSON *vector = cJSON_AddArrayToObject(o, "vector");
  for (size_t i = 0; i < d; i++) cJSON_AddItemToArray(vector, cJSON_CreateNumber((double)x[i]));
  add_words(o, "unknown_words", unknown);
  json_print(o);
  return true;
}

static bool run_tokens(const Asked *a, GError **error) {
  g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(uint32_t));
  g_autoptr(GPtrArray) shown = g_ptr_array_new_with_free_func(g_free);
  if (!text_encoder_tokens(a->encoder, a->text[0], ids, shown, error)) return false;
  if (!a->json) {
    for (guint i = 0; i < ids->len; i++) printf("%7u  %s\n", g_array_index(ids, uint32_t, i), (char *)shown->pdata[i]);
    return true;
  }
  cJSON *o = cJSON_CreateObject(), *list = cJSON_AddArrayToObject(o, "ids");
  for (guint i = 0; i < ids->len; i++) cJSON_AddItemToArray(list, cJSON_CreateNumber(g_array_index(ids, uint32_t, i)));
  list = cJSON_AddArrayToObject(o, "tokens");
  for (guint i = 0; i < shown->len; i++) cJSON_AddItemToArray(list, cJSON_CreateString(shown->pdata[i]));
  json_print(o);
  return true;
}

static bool run_similar(const Asked *a, GError **error) {
  size_t d = text_encoder_dim(a->encoder);
  g_autofree float *x = g_new(float, 2 * d);
  g_auto(GStrv) left_a = NULL, left_b = NULL;
  if (!vector_of(a, a->text[0], x, &left_a, error) || !vector_of(a, a->text[1], x + d, &left_b, error)) return false;
  double cosine = (double)dot(x, x + d, d);
  for (size_t i = 0; i < 2; i++) cosine /= sqrt((double)dot(x + i * d, x + i * d, d));
  if (!a->json) {
    printf("%.4f\n", cosine);
    return true;
  }
  cJSON *o = cJSON_CreateObject();
  json_add_number(o, "cosine", cosine);
  add_words(o, "unknown_words", left_a);
  add_words(o, "unknown_words_of_second", left_b);
  json_print(o);
  return true;
}

static bool run_nearest(const Asked *a, GError **error) {
  g_autoptr(GArray) words = text_encoder_nearest(a->encoder, a->text[0], a->among, (size_t)a->limit, error);
  if (!words) return false;
  cJSON *o = cJSON_CreateObject(), *list = cJSON_AddArrayToObject(o, "words");
  for (guint i = 0; i < words->len; i++) {
    const NearWord *w = &g_array_index(words, NearWord, i);
    cJSON *row = cJSON_CreateObject();
    json_add_string(row, "word", w->word);
    json_add_number(row, "cosine", w->cosine);
    cJSON_AddItemToArray(list, row);
    if (!a->json) printf("%7.4f  %s\n", w->cosine, w->word);
  }
  if (a->json) json_print(o);
  else cJSON_Delete(o);
  return true;
}

static const struct {
  const char *name;
  int texts;
  bool (*run)(const Asked *asked, GError **error);
} verbs[] = {
    {"encode", 1, run_encode}, {"tokens", 1, run_tokens}, {"similar", 2, run_similar}, {"nearest", 1, run_nearest}};

static bool usage(GError **error, const char *problem) {
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_USAGE, "%s; usage: copse text encode|tokens|similar|nearest TEXT [TEXT]",
              problem);
  return false;
}

static bool run_verb(Asked *a, const char *verb, int texts, GError **error) {
  for (size_t i = 0; i < G_N_ELEMENTS(verbs); i++)
    if (strcmp(verb, verbs[i].name) == 0)
      return texts == verbs[i].texts
                 ? verbs[i].run(a, error)
                 : usage(error, verbs[i].texts == 2 ? "two texts are needed" : "one text is needed");
  return usage(error, "what is to be done with the text is not known");
}

int cmd_text(int argc, char **argv) {
  g_autofree char *encoder = NULL, *prompts = NULL, *among = NULL;
  GError *error = NULL;
  Globals g;
  Asked a = {.limit = 10};
  int status;
  const GOptionEntry entries[] = {
      {"encoder", 0, 0, G_OPTION_ARG_STRING, &encoder,
       "words (default), clip:DIR, model2vec:DIR, glove:FILE or table:FILE", "E"},
      {"prompts", 0, 0, G_OPTION_ARG_STRING, &prompts,
       "Put the text into none, photo, photos, art, or templates with {} separated by |", "P"},
      {"among", 0, 0, G_OPTION_ARG_STRING, &among, "Words to rank, for nearest: a,b,c or @cifar100, @imagenet, @FILE",
       "LIST"},
      {"limit", 'n', 0, G_OPTION_ARG_INT, &a.limit, "Words to print, for nearest (default 10)", "N"},
      G_OPTION_ENTRY_NULL};
  if (command_parse("text", entries, NULL, &argc, &argv, &g, &status)) {
    a.json = g.json;
    a.prompted = prompts != NULL;
    a.text = argv + 2;
    if (among) a.among = concept_list_open(among, &error);
    a.encoder = error ? NULL : text_encoder_open(encoder ? encoder : "words", &error);
    bool ok = a.encoder && a.limit >= 0 && text_encoder_set_prompts(a.encoder, prompts ? prompts : "none", &error) &&
              run_verb(&a, argv[1], argc - 2, &error);
    if (!ok && !error) usage(&error, "-n must be 0 or more");
    status = ok ? STATUS_DONE : command_fail(error);
    g_strfreev(a.among);
    text_encoder_free(a.encoder);
  }
  globals_clear(&g);
  return status;
}
