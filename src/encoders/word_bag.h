/* SPDX-License-Identifier: Apache-2.0 */
/* A text as a bag of words: the weighted mean of its words' unit vectors.
 *
 * The weight a / (a + p(w)) (Arora, Liang and Ma 2017, "smooth inverse frequency") lets "the" and
 * "of" count for next to nothing; p(w) follows Zipf's law from the word's rank, since lists of
 * words are in order of frequency.
 *
 * Neighbours that the list has as one word ("hip hop": hip-hop, "sun flower": sunflower) are that
 * word. A word that the list lacks is looked for in the singular, without 's, without its hyphen,
 * and in its parts ("bullfrog": bull, frog); then its relatives stand in for it ("dugong": mammal). */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* Steps that a list may do without, to measure what each is worth. */
enum {
  WORD_BAG_NO_WEIGHTS = 1,   /* every word counts alike */
  WORD_BAG_NO_STAND_INS = 2, /* no singular, no word without its hyphen */
  WORD_BAG_NO_JOINING = 4,   /* neighbours stay two words */
  WORD_BAG_NO_PARTS = 8,     /* a word is not taken apart */
  WORD_BAG_NO_RELATIVES = 16 /* no other words stand in for it */
};

enum { WORD_BAG_RELATIVES = 3 };

typedef struct WordList WordList;
struct WordList {
  size_t count, dim;
  unsigned without; /* of the above; 0: nothing */
  /* The word's number, its rank by frequency from 0, or -1. s is lower case, n bytes. */
  int64_t (*find)(const WordList *list, const char *s, size_t n);
  /* The vector (dim) of word w, of any length. */
  void (*vector)(const WordList *list, size_t w, float *dst);
  /* Words whose mean stands in for one that has no vector: their numbers, at most WORD_BAG_RELATIVES; returns how many.
   * And how word w reads, which the caller frees. Both NULL: there are none. */
  size_t (*relatives)(const WordList *list, const char *s, size_t n, uint32_t *numbers);
  char *(*word)(const WordList *list, size_t w);
};

/* dst (dim), zeroed, gets the text's vector, of length 1. Words that are unknown are added to
 * `unknown` (char*), with those that stand in for them in brackets: "dugong (mammal)". Returns how many words went in.
 * Thread-safe. */
size_t word_bag_encode(const WordList *list, const char *text, float *dst, GPtrArray *unknown);

/* Appends the numbers (uint32_t) of the words that a text's vector is made of, in order. */
void word_bag_tokens(const WordList *list, const char *text, GArray *numbers);
