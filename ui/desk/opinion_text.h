/* SPDX-License-Identifier: Apache-2.0 */
/* What an opinion leaves open, in words. */
#pragma once

#include "search/opinion.h"

/* Why its labels are guesses, as a sentence without its end; NULL when it does know. The caller frees it. */
char *opinion_doubt_text(const Opinion *opinion);

/* "left out: zzzz, unknown words"; NULL when nothing was. The caller frees it. */
char *opinion_left_out_text(const Opinion *opinion);

/* That the expert was trained on the model. Static text. */
const char *opinion_trained_text(void);

/* A model's name in a list of answers: with a mark behind it when the expert was trained on it. The caller frees it. */
char *opinion_marked_name(const char *name, Trained trained);

/* What the mark means. Static text. */
const char *opinion_mark_text(void);
