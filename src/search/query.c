/* SPDX-License-Identifier: Apache-2.0 */
#include "search/query.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "numerics/linalg.h"
#include "search/nearest.h"
#include "search/query_private.h"
#include "search/question_field.h"

/* A match or a cosine above this is taken for a fit. */
static const double fits = 0.5;

/* One question on its way through the index. */
typedef struct {
  QueryIndex *index;
  const Question *question;
  QueryAnswer *answer;
  GError *problem;       /* why the first silent voice is silent */
  unsigned spoken;       /* speakers that answered */
  GHashTable *spoken_of; /* Model* that one of these speaks of; NULL: index->answered */
} Asking;

static void hit_clear(void *data) { model_unref(((QueryHit *)data)->model); }

void query_answer_free(QueryAnswer *answer) {
  if (!answer) return;
  g_array_unref(answer->hits);
  g_clear_pointer(&answer->speakers, g_array_unref);
  g_strfreev(answer->unknown);
  g_ptr_array_unref(answer->cannot);
  g_free(answer);
}

/* --- filters ------------------------------------------------------------------------------------ */

/* layer: and expert: are about who answers. */
static const char *speaker_value(const Term *t, const Expert *x) {
  if (strcmp(t->text, "layer") == 0) return x ? x->layer : "";
  return strcmp(t->text, "expert") == 0 ? (x ? x->name : "") : NULL;
}

static bool speaker_passes(const Term *t, const char *value) {
  bool any = false;
  for (char **v = t->values; v && *v && !any; v++)
    any = t->test == TEST_EQUAL ? strcmp(value, *v) == 0
          : strpbrk(*v, "*?")   ? g_pattern_match_simple(*v, value)
                                : strstr(value, *v) != NULL;
  return any != t->minus;
}

static bool passes(const Question *q, const Model *m, const Expert *x) {
  for (guint i = 0; i < q->terms->len; i++) {
    const Term *t = q->terms->pdata[i];
    if (t->kind != TERM_FILTER) continue;
    const char *speaker = speaker_value(t, x);
    if (speaker ? !speaker_passes(t, speaker) : !question_filter(t, m)) return false;
  }
  return true;
}

/* --- what is wanted ----------------------------------------------------------------------------- */

/* The sums of what is wanted and of what is not, in one voice's space. */
typedef struct {
  const Voice *voice;
  float *sum[2]; /* (r_t): wanted, not wanted */
  unsigned parts[2];
} Wish;

static void add_part(Wish *w, bool minus, const float *vector) {
  axpy(1, vector, w->sum[minus], w->voice->rep->width);
  w->parts[minus]++;
}

/* Adds a text. Words that the encoder does not know are collected once, from the first voice. */
static bool add_text(Asking *a, Wish *w, const char *text, bool minus, GError **error) {
  g_autofree float *vector = g_new(float, w->voice->rep->width);
  g_auto(GStrv) unknown = NULL;
  bool ok = expert_map_text(w->voice->expert, w->voice->encoder, text, vector, &unknown, error);
  if (!a->answer->unknown) a->answer->unknown = g_steal_pointer(&unknown);
  if (ok) add_part(w, minus, vector);
  return ok;
}

static bool add_model(Asking *a, Wish *w, const Term *t, GError **error) {
  g_autoptr(Model) m = collection_find(a->index->models, t->text, error);
  if (!m) return false;
  gssize row = nearest_row(w->voice->rep, m);
  if (row >= 0) {
    add_part(w, t->minus, w->voice->rep->rows + (size_t)row * w->voice->rep->width);
    return true;
  }
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_NOT_FOUND,
              "expert %s: nothing is like %s there, which is of another architecture", w->voice->expert->name,
              m->shown);
  return false;
}

/* All parts of the question. What is not wanted and not known either is no trouble. */
static bool add_parts(Asking *a, Wish *w, GError **error) {
  for (int minus = 0; minus < 2; minus++) {
    g_autofree char *words = question_words(a->question, minus);
    if (words && !add_text(a, w, words, minus, minus ? NULL : error) && !minus) return false;
  }
  for (guint i = 0; i < a->question->terms->len; i++) {
    const Term *t = a->question->terms->pdata[i];
    bool ok = t->kind == TERM_PHRASE ? add_text(a, w, t->text, t->minus, t->minus ? NULL : error)
              : t->kind == TERM_LIKE ? add_model(a, w, t, error)
                                     : true;
    if (!ok && (t->kind == TERM_LIKE || !t->minus)) return false;
  }
  return true;
}

/* wanted (r_t) of length 1: the mean of the one less the mean of the other. */
static bool make_wish(Asking *a, const Voice *v, float *wanted, GError **error) {
  size_t r_t = v->rep->width;
  g_autofree float *sums = g_new0(float, 2 * r_t);
  Wish w = {v, {sums, sums + r_t}, {0, 0}};
  if (!add_parts(a, &w, error)) return false;
  memset(wanted, 0, r_t * sizeof *wanted);
  for (int minus = 0; minus < 2; minus++)
    if (w.parts[minus]) axpy((minus ? -1 : 1) / (float)w.parts[minus], w.sum[minus], wanted, r_t);
  float length = sqrtf(dot(wanted, wanted, r_t));
  for (size_t i = 0; i < r_t && length > 0; i++) wanted[i] /= length;
  if (length > 0) return true;
  g_set_error_literal(error, COPSE_ERROR, COPSE_ERROR_NOT_FOUND,
                      "what is wanted and what is not come to the same: nothing is left to ask for");
  return false;
}

/* --- hits --------------------------------------------------------------------------------------- */

static void add_hit(Asking *a, QueryHit hit) {
  hit.model = model_ref(hit.model);
  g_array_append_val(a->answer->hits, hit);
}

/* One speaker's hits. */
static bool ask(Asking *a, const Speaker *speaker, GError **error) {
  const Voice *v = speaker->voice;
  size_t r_t = v->rep->width, n = v->rep->models->len;
  g_autofree float *wanted = g_new(float, r_t);
  g_autofree float *scores = g_new(float, n);
  if (!make_wish(a, v, wanted, error)) return false;
  gemm(false, true, n, 1, r_t, 1, v->rep->rows, r_t, wanted, r_t, 0, scores, 1);
  bool several = a->index->speakers->len > 1;
  for (size_t i = 0; i < n; i++) {
    if (!voice_speaks_of(v, v->rep->models->pdata[i])) continue;
    bool silent = representations_is_silent(v->rep, i);
    double odds = speaker->fusion.a * (double)scores[i] + speaker->fusion.b;
    QueryHit hit = {.model = v->rep->models->pdata[i],
                    .score = silent ? NAN : (double)scores[i],
                    .expert = v->expert,
                    .match = several && !silent ? 1 / (1 + exp(-odds)) : NAN};
    if (passes(a->question, hit.model, v->expert)) add_hit(a, hit);
  }
  return true;
}

/* When not all voices answered, those of the others may come in by their names. */
static void note_spoken(Asking *a, const Voice *v) {
  if (!a->spoken_of) a->spoken_of = g_hash_table_new(g_direct_hash, g_direct_equal);
  for (guint i = 0; i < v->rep->models->len; i++)
    if (voice_speaks_of(v, v->rep->models->pdata[i])) g_hash_table_add(a->spoken_of, v->rep->models->pdata[i]);
}

static void ask_speakers(Asking *a) {
  guint n = a->index->speakers->len;
  g_autofree bool *spoke = g_new0(bool, n + 1);
  for (guint i = 0; i < n; i++) {
    const Speaker *s = &g_array_index(a->index->speakers, Speaker, i);
    g_autoptr(GError) problem = NULL;
    if (ask(a, s, &problem)) {
      const QuerySpeaker speaker = {s->voice->expert, s->fusion};
      g_array_append_val(a->answer->speakers, speaker);
      spoke[i] = true;
      a->spoken++;
      continue;
    }
    g_ptr_array_add(a->answer->cannot, safe_text(problem->message, -1));
    if (!a->problem) a->problem = g_steal_pointer(&problem);
  }
  for (guint i = 0; i < n && a->spoken < n; i++)
    if (spoke[i]) note_spoken(a, g_array_index(a->index->speakers, Speaker, i).voice);
}

static bool is_spoken_of(const Asking *a, const Model *m) {
  return a->spoken && g_hash_table_contains(a->spoken_of ? a->spoken_of : a->index->answered, m);
}

/* Adds models that nobody speaks of but whose names or cards have the words. */
static void add_declared(Asking *a) {
  QueryIndex *index = a->index;
  for (guint i = 0; i < index->models->len; i++) {
    Model *m = index->models->pdata[i];
    if (is_spoken_of(a, m)) continue;
    const char *where = declared_words_find(index->declared, a->question, i);
    if (where && passes(a->question, m, NULL))
      add_hit(a, (QueryHit){.model = m, .score = NAN, .match = NAN, .declared = true, .declared_by = where});
  }
}

/* Marks hits from the weights whose names or cards say the same. */
static void mark_declared(Asking *a) {
  for (guint i = 0; i < a->answer->hits->len; i++) {
    QueryHit *h = &g_array_index(a->answer->hits, QueryHit, i);
    guint at = GPOINTER_TO_UINT(g_hash_table_lookup(a->index->places, h->model));
    if (h->expert && at) h->declared_by = declared_words_find(a->index->declared, a->question, at - 1);
  }
}

/* Everything that passes the filters, when nothing else is asked. */
static void list_filtered(Asking *a) {
  for (guint i = 0; i < a->index->models->len; i++) {
    Model *m = a->index->models->pdata[i];
    if (passes(a->question, m, NULL)) add_hit(a, (QueryHit){.model = m, .score = NAN, .match = NAN});
  }
}

/* --- order -------------------------------------------------------------------------------------- */

/* 0: fits by its weights, 1: says it does, 2: the others, 3: its weights give no number, 4: not asked. */
static int group_of(const QueryHit *h) {
  if (h->declared) return 1;
  if (!h->expert) return 4;
  if (!isfinite(h->score)) return 3;
  return (isfinite(h->match) ? h->match : h->score) > fits ? 0 : 2;
}

static int best_first(gconstpointer a, gconstpointer b) {
  const QueryHit *x = a, *y = b;
  if (group_of(x) != group_of(y)) return group_of(x) - group_of(y);
  if (isfinite(x->match) && isfinite(y->match) && x->match != y->match) return x->match > y->match ? -1 : 1;
  if (x->score != y->score && isfinite(x->score) && isfinite(y->score)) return x->score > y->score ? -1 : 1;
  return strcmp(x->model->path, y->model->path);
}

/* Moves the `limit` best of n hits to the front, in whatever order (Hoare's selection). */
static void select_best(QueryHit *hits, guint n, guint limit) {
  guint low = 0, high = n;
  while (high - low > 1 && limit > low && limit < high) {
    const QueryHit pivot = hits[low + (high - low) / 2];
    guint i = low, j = high - 1;
    for (;;) {
      while (best_first(&hits[i], &pivot) < 0) i++;
      while (best_first(&pivot, &hits[j]) < 0) j--;
      if (i >= j) break;
      QueryHit other = hits[i];
      hits[i++] = hits[j], hits[j--] = other;
    }
    guint cut = i > j ? i : i + 1; /* before it are the pivot and what is better */
    if (limit < cut) high = MIN(cut, high - 1);
    else low = cut;
  }
}

/* Orders the hits, of which the best `limit` (0: all) are wanted. */
static void rank_hits(GArray *hits, guint limit) {
  if (limit && hits->len > limit) {
    select_best((QueryHit *)(void *)hits->data, hits->len, limit);
    g_array_set_size(hits, limit);
  }
  g_array_sort(hits, best_first);
}

typedef struct {
  SortKey key;
  guint rank;
  QueryHit hit;
} Sorted;

static int by_key(gconstpointer a, gconstpointer b, gpointer descending) {
  const Sorted *x = a, *y = b;
  int c = sort_key_compare(&x->key, &y->key, GPOINTER_TO_INT(descending));
  return c ? c : (x->rank > y->rank) - (x->rank < y->rank);
}

/* Orders ranked hits by a field; equal ones keep their rank. */
static void sort_hits(GArray *hits, const char *field, bool descending) {
  g_autofree Sorted *all = g_new(Sorted, hits->len + 1);
  for (guint i = 0; i < hits->len; i++) {
    QueryHit *h = &g_array_index(hits, QueryHit, i);
    bool score = strcmp(field, "score") == 0;
    all[i] = (Sorted){score ? (SortKey){NULL, h->score} : question_sort_key(h->model, field), i, *h};
  }
  g_qsort_with_data(all, (gint)hits->len, sizeof *all, by_key, GINT_TO_POINTER(descending));
  for (guint i = 0; i < hits->len; i++) {
    g_array_index(hits, QueryHit, i) = all[i].hit;
    g_free(all[i].key.text);
  }
}

/* --- the whole ---------------------------------------------------------------------------------- */

static QueryAnswer *answer_new(const QueryIndex *index, bool asks) {
  QueryAnswer *answer = g_new0(QueryAnswer, 1);
  answer->hits = g_array_new(FALSE, FALSE, sizeof(QueryHit));
  g_array_set_clear_func(answer->hits, hit_clear);
  answer->speakers = g_array_new(FALSE, FALSE, sizeof(QuerySpeaker));
  answer->cannot = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; asks && i < index->cannot->len; i++)
    g_ptr_array_add(answer->cannot, g_strdup(index->cannot->pdata[i]));
  return answer;
}

/* Asks everybody; false when nobody has an answer. */
static bool ask_all(Asking *a, GError **error) {
  ask_speakers(a);
  add_declared(a);
  if (a->spoken || a->answer->hits->len) return true;
  if (a->problem) g_propagate_error(error, g_steal_pointer(&a->problem));
  else
    g_set_error_literal(error, COPSE_ERROR, COPSE_ERROR_NOT_FOUND,
                        "no expert can answer yet, and no name or card has the words: train one "
                        "first (copse train DIR --task align)");
  return false;
}

/* True when an expert was heard and even the best fits by no measure: neither half of what is asked for, which parts of
 * a concept reach, nor as well as its right answers do. */
static bool is_doubtful(const GArray *hits) {
  const QueryHit *best = hits->len ? &g_array_index(hits, QueryHit, 0) : NULL;
  return best && best->expert && best->score < fits && best->score < best->expert->floor;
}

QueryAnswer *query_run(QueryIndex *index, const char *asked, unsigned limit, GError **error) {
  g_autofree char *text = g_utf8_make_valid(asked, -1);
  g_autoptr(Question) q = question_parse(text, NULL, error);
  if (!q || !question_check(q, text, index->models, FIELD_OF_MODEL, NULL, error)) return NULL;
  g_autoptr(QueryAnswer) answer = answer_new(index, question_asks(q));
  Asking a = {.index = index, .question = q, .answer = answer};
  bool ok = true;
  if (question_asks(q)) ok = ask_all(&a, error);
  else list_filtered(&a);
  g_clear_error(&a.problem);
  g_clear_pointer(&a.spoken_of, g_hash_table_unref);
  if (!ok) return NULL;
  answer->total = answer->hits->len;
  rank_hits(answer->hits, q->sort ? 0 : limit);
  if (a.spoken) answer->doubtful = is_doubtful(answer->hits);
  if (q->sort) sort_hits(answer->hits, q->sort, q->descending);
  if (limit && answer->hits->len > limit) g_array_set_size(answer->hits, limit);
  if (a.spoken) mark_declared(&a);
  return g_steal_pointer(&answer);
}

/* A training set asks the collection for keys and changes nothing in it. */
static const TrainingSet *training_of(QueryIndex *index, const Expert *expert) {
  TrainingSet *set = g_hash_table_lookup(index->training, expert);
  if (set) return set;
  set = training_set_new((Collection *)voice_set_collection(index->voices), expert->split);
  g_hash_table_insert(index->training, (gpointer)expert, set);
  return set;
}

void query_mark_trained(QueryIndex *index, QueryAnswer *answer) {
  for (guint i = 0; i < answer->hits->len; i++) {
    QueryHit *hit = &g_array_index(answer->hits, QueryHit, i);
    if (hit->expert) hit->trained = training_set_tell(training_of(index, hit->expert), hit->model);
  }
}
