/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/desk/opinion_text.h"

static char *unsure_text(const Opinion *o) {
  double best = o->labels->len ? g_array_index(o->labels, OpinionLabel, 0).p : o->confidence;
  return g_strdup_printf("It does not know: %.2f %% sure, and it speaks from %.2f %% on", 100 * best,
                         100 * o->threshold);
}

char *opinion_doubt_text(const Opinion *o) {
  switch (o->doubt) {
    case DOUBT_UNSURE:
      return unsure_text(o);
    case DOUBT_NO_FIT:
      return g_strdup("None of these fits: even the best is too far from what it sees");
    case DOUBT_NO_LABEL:
      return g_strdup("It sees none of its labels: each is likelier missing than there");
    default:
      return NULL;
  }
}

const char *opinion_trained_text(void) { return "Trained on this model: no proof of skill"; }

const char *opinion_mark_text(void) { return "* trained on it: no proof of skill"; }

char *opinion_marked_name(const char *name, Trained trained) {
  return g_strconcat(name, trained == TRAINED_ON ? " *" : "", NULL);
}

char *opinion_left_out_text(const Opinion *o) {
  enum { NAMED = 8 };
  if (!o->left_out || !o->left_out->len) return NULL;
  GString *s = g_string_new("left out: ");
  for (guint i = 0; i < o->left_out->len && i < NAMED; i++)
    g_string_append_printf(s, "%s, ", (const char *)o->left_out->pdata[i]);
  if (o->left_out->len > NAMED) g_string_append_printf(s, "and %u more, ", o->left_out->len - NAMED);
  g_string_append(s, o->left_out->len == 1 ? "an unknown word" : "unknown words");
  return g_string_free(s, FALSE);
}
