/* SPDX-License-Identifier: Apache-2.0 */
/* The conversation about the experts: what they are, what they answer, how they see the models, and a new one. */
#include <math.h>
#include <string.h>

#include "core/text.h"
#include "encoders/encoder.h"
#include "ui/desk/opinion_text.h"
#include "ui/experts/expert_facts.h"
#include "ui/plain/plain_talk.h"
#include "search/filter.h"

/* What guessing would reach, and the end of the sentence. */
static void say_chance(const Talk *t, const Expert *e) {
  const Score *seen = &e->test, *unseen = &e->test_holdout;
  if (seen->n && isfinite(seen->chance)) fprintf(t->out, "; guessing: %.0f %%", 100 * seen->chance);
  if (unseen->n && isfinite(unseen->chance)) fprintf(t->out, " and %.0f %%", 100 * unseen->chance);
  fputs(".\n", t->out);
}

void tell_experts(Talk *t, const char *argument) {
  (void)argument;
  for (guint i = 0; i < t->experts->len; i++) {
    const Expert *e = t->experts->pdata[i];
    fprintf(t->out, "%s on layer %s: right on %.0f %% of seen, ", e->name, e->layer ? e->layer : "unknown",
            100 * score_headline(&e->test));
    if (e->test_holdout.n) fprintf(t->out, "%.0f %% of unseen models", 100 * score_headline(&e->test_holdout));
    else fputs("unseen was not measured", t->out);
    say_chance(t, e);
  }
  fprintf(t->out, "%u expert%s.\n", t->experts->len, t->experts->len == 1 ? "" : "s");
}

/* Who was heard and how often each is right; what is left out of the question, and whether to trust the answer. */
static void say_speakers(const Talk *t, const QueryAnswer *answer) {
  for (guint i = 0; answer->speakers && i < answer->speakers->len; i++) {
    g_autofree char *rate = expert_sentence(g_array_index(answer->speakers, QuerySpeaker, i).expert, true);
    fprintf(t->out, "Asked %s.\n", rate);
  }
  g_autofree char *unknown = text_encoder_unknown_text(answer->unknown);
  if (unknown) fprintf(t->out, "%c%s.\n", g_ascii_toupper(*unknown), unknown + 1);
  if (answer->doubtful) fputs("Doubtful: perhaps nothing here is like that.\n", t->out);
}

/* "3: score 0.91, birch/fox-lora, from the weights, declared as a red fox". */
static void say_hit(const Talk *t, guint number, const QueryHit *hit) {
  g_autofree char *concept = model_concept_text(hit->model, t->label_key);
  fprintf(t->out, "%u: ", number);
  if (isfinite(hit->score)) fprintf(t->out, "score %.2f, ", hit->score);
  fprintf(t->out, "%s, from %s", hit->model->shown,
          hit->declared ? "a card or name"
          : hit->expert ? "the weights"
                        : "the catalog");
  if (concept) fprintf(t->out, ", declared as %s", concept);
  if (hit->trained == TRAINED_ON) fprintf(t->out, ". %s", opinion_trained_text());
  fputc('\n', t->out);
}

void tell_query(Talk *t, const char *argument) {
  GError *error = NULL;
  bool open = open_experts_index(t->opened, &t->engine, t->wood, NULL, &error);
  QueryAnswer *answer = open ? t->ops->query(t->opened->index, argument, TALK_LISTED, &error) : NULL;
  if (!answer) {
    talk_complain(t, error);
    return;
  }
  say_speakers(t, answer);
  for (guint i = 0; i < answer->hits->len; i++) say_hit(t, i + 1, &g_array_index(answer->hits, QueryHit, i));
  for (guint i = 0; i < answer->cannot->len; i++)
    fprintf(t->out, "Cannot answer: %s.\n", (const char *)answer->cannot->pdata[i]);
  if (answer->total > answer->hits->len) fprintf(t->out, "The first %u of ", answer->hits->len);
  fprintf(t->out, "%u answer%s.\n", MAX(answer->total, answer->hits->len), answer->hits->len == 1 ? "" : "s");
  t->ops->answer_free(answer);
}

/* Models of one concept on the map. */
typedef struct {
  const char *concept;
  unsigned n;
  double x, y;
} Clearing;

static int by_size(const void *a, const void *b) {
  const Clearing *x = a, *y = b;
  if (x->n != y->n) return x->n < y->n ? 1 : -1;
  return strcmp(x->concept, y->concept);
}

static GArray *clearings(const Chart *chart, const char *label_key) {
  g_autoptr(GHashTable) places = g_hash_table_new(g_str_hash, g_str_equal); /* concept -> place + 1 */
  GArray *all = g_array_new(FALSE, TRUE, sizeof(Clearing));
  for (guint i = 0; i < chart->models->len; i++) {
    const char *concept = model_concept(chart->models->pdata[i], label_key);
    if (!concept) concept = "no label";
    guint at = GPOINTER_TO_UINT(g_hash_table_lookup(places, concept));
    if (!at) {
      Clearing fresh = {.concept = concept};
      g_array_append_val(all, fresh);
      at = all->len;
      g_hash_table_insert(places, (gpointer) concept, GUINT_TO_POINTER(at));
    }
    Clearing *c = &g_array_index(all, Clearing, at - 1);
    c->n++, c->x += chart->xy[2 * i], c->y += chart->xy[2 * i + 1];
  }
  g_array_sort(all, by_size);
  return all;
}

void tell_map(Talk *t, const char *argument) {
  GError *error = NULL;
  (void)argument;
  if (!t->experts->len) {
    fputs("There is no expert to draw a map.\n", t->out);
    return;
  }
  Chart *chart = t->ops->chart(talk_voices(t), t->experts->pdata[0], NULL, &error);
  if (!chart) {
    talk_complain(t, error);
    return;
  }
  fprintf(t->out, "%u models as %s sees them; the two axes carry %.0f and %.0f %% of their differences.\n",
          chart->models->len, chart->expert, 100 * chart->shares[0], 100 * chart->shares[1]);
  g_autoptr(GArray) all = clearings(chart, t->label_key);
  for (guint i = 0; i < all->len && i < TALK_LISTED; i++) {
    const Clearing *c = &g_array_index(all, Clearing, i);
    fprintf(t->out, "%s: %u model%s around %.2f, %.2f\n", c->concept, c->n, c->n == 1 ? "" : "s", c->x / c->n,
            c->y / c->n);
  }
  if (all->len > TALK_LISTED) fprintf(t->out, "and %u labels more.\n", all->len - TALK_LISTED);
  chart_free(chart);
}

/* A line at each tenth of the way: nothing is drawn over. */
typedef struct {
  FILE *out;
  uint64_t tenth;
} Steps;

static void say_step(void *user, const ProgressNote *note) {
  Steps *s = user;
  uint64_t tenth = note->total ? 10 * note->done / note->total : 0;
  if (!isfinite(note->loss) || tenth <= s->tenth) return;
  s->tenth = tenth;
  fprintf(s->out, "%u %% done, loss %.4g.\n", (unsigned)(10 * tenth), note->loss);
  fflush(s->out);
}

static void take_experts(Talk *t) {
  OpenExperts *fresh = open_experts_new(&t->engine, NULL);
  if (fresh) talk_take_experts(t, fresh);
}

void tell_train(Talk *t, const char *argument) {
  GError *error = NULL;
  TrainOptions options = TRAIN_DEFAULTS;
  Steps steps = {.out = t->out};
  Progress progress = {.notify = say_step, .user = &steps};
  if (t->read_only) {
    fputs("Nothing may be written, so nothing is trained.\n", t->out);
    return;
  }
  options.layer = *argument ? argument : NULL;
  g_autoptr(TrainResult) result = t->ops->train(t->collection, t->models, &options, &progress, &error);
  if (!result) {
    talk_complain(t, error);
    return;
  }
  const Expert *e = result->expert;
  fprintf(t->out, "Trained %s: right on %.0f %% of seen", e->name, 100 * score_headline(&e->test));
  if (e->test_holdout.n) fprintf(t->out, ", %.0f %% of unseen models", 100 * score_headline(&e->test_holdout));
  say_chance(t, e);
  take_experts(t);
}
