/* SPDX-License-Identifier: Apache-2.0 */
/* What a terminal answers when it is asked for its background or for what it can do: taken out of the keys, so that no
 * answer is ever typed into the program. Pure. */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* What is sent to ask: the background (OSC 11), whether frames may be held back until they are whole (mode 2026); and
 * to be told when the user changes from dark to light (mode 2031), and no more. */
#define TERM_ASK_BACKGROUND "\033]11;?\033\\"
#define TERM_ASK_SYNCHRONISED "\033[?2026$p"
#define TERM_TELL_SCHEME_ON "\033[?2031h"
#define TERM_TELL_SCHEME_OFF "\033[?2031l"
#define TERM_FRAME_BEGIN "\033[?2026h"
#define TERM_FRAME_END "\033[?2026l"

typedef enum {
  REPLY_NOTHING, /* an answer to something else, or none that can be read */
  REPLY_DARK,    /* the background is dark */
  REPLY_LIGHT,
  REPLY_SYNCHRONISED /* frames can be held back */
} ReplyMeaning;

typedef struct {
  GString *text; /* so far, without the escape; NULL: none is being received */
  gint64 since;  /* monotonic microseconds when it began */
} TermReply;

/* How long an answer may take from its first byte to its last, and how long it may be. */
enum { REPLY_MICROSECONDS = 200 * 1000, REPLY_BYTES = 64 };

/* True when what follows an escape begins an answer: no key sends that. */
bool term_reply_begins(gunichar c);

/* Begins one with its first character after the escape. */
void term_reply_begin(TermReply *reply, gunichar c, gint64 now);

/* Takes the next character. True when the answer is whole, or is given up: *meaning says what it was, and the next
 * character is a key again. */
bool term_reply_take(TermReply *reply, gunichar c, gint64 now, ReplyMeaning *meaning);

/* Gives up one that has taken too long. */
void term_reply_expire(TermReply *reply, gint64 now);
void term_reply_clear(TermReply *reply);
