/* SPDX-License-Identifier: Apache-2.0 */
/* Model cards: README.md with YAML front matter, as Hubs show them. */
#pragma once

#include <glib.h>

typedef struct {
  const char *title;        /* "copse/scenes-base" */
  const char *about;        /* a sentence or two */
  const char *base_model;   /* NULL: the card does not say */
  const char *library;      /* "diffusers"; NULL: none */
  const char *pipeline;     /* "image-classification"; NULL: none */
  const char *const *tags;  /* NULL-terminated */
  const char *const *facts; /* key, value, …, NULL: the table of the training; NULL: none */
} Card;

/* The card's text; the caller frees it. Strings must need no quoting in YAML. */
char *card_text(const Card *card);
