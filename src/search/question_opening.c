/* SPDX-License-Identifier: Apache-2.0 */
#include "search/question_opening.h"

#include <stdbool.h>
#include <string.h>

typedef enum {
  PART_NONE,
  PART_SMALL, /* may stand anywhere in a beginning, and makes none alone */
  PART_THING, /* belongs to one only before another part: "picture of", not "picture frame" */
  PART_DOES   /* only behind a thing, or "which": "models that draw", not "draw bridge" */
} Part;

static const struct {
  const char *word;
  Part part;
} parts[] = {
    {"a", PART_SMALL},        {"an", PART_SMALL},       {"the", PART_SMALL},      {"of", PART_SMALL},
    {"me", PART_SMALL},       {"us", PART_SMALL},       {"please", PART_SMALL},   {"that", PART_SMALL},
    {"which", PART_SMALL},    {"what", PART_SMALL},     {"these", PART_SMALL},    {"those", PART_SMALL},
    {"my", PART_SMALL},       {"all", PART_SMALL},      {"any", PART_SMALL},      {"some", PART_SMALL},
    {"can", PART_SMALL},      {"is", PART_SMALL},       {"are", PART_SMALL},      {"with", PART_SMALL},
    {"for", PART_SMALL},      {"on", PART_SMALL},       {"i", PART_SMALL},        {"want", PART_SMALL},
    {"show", PART_THING},     {"find", PART_THING},     {"give", PART_THING},     {"search", PART_THING},
    {"model", PART_THING},    {"models", PART_THING},   {"lora", PART_THING},     {"loras", PART_THING},
    {"adapter", PART_THING},  {"adapters", PART_THING}, {"picture", PART_THING},  {"pictures", PART_THING},
    {"photo", PART_THING},    {"photos", PART_THING},   {"image", PART_THING},    {"images", PART_THING},
    {"drawing", PART_THING},  {"drawings", PART_THING}, {"painting", PART_THING}, {"paintings", PART_THING},
    {"draw", PART_DOES},      {"draws", PART_DOES},     {"paint", PART_DOES},     {"paints", PART_DOES},
    {"make", PART_DOES},      {"makes", PART_DOES},     {"shows", PART_DOES},     {"generate", PART_DOES},
    {"generates", PART_DOES}, {"trained", PART_DOES},
};

static Part part_of(const char *word) {
  for (gsize i = 0; i < G_N_ELEMENTS(parts); i++)
    if (g_ascii_strcasecmp(word, parts[i].word) == 0) return parts[i].part;
  return PART_NONE;
}

guint question_opening_length(const char *const *words, guint n) {
  bool told = false, asked = false; /* a thing or a deed; that, or "which", was there */
  guint i = 0;
  for (; i < n; i++) {
    Part part = part_of(words[i]);
    bool follows = i + 1 < n && part_of(words[i + 1]) != PART_NONE;
    if (part == PART_NONE || (part == PART_THING && !follows) || (part == PART_DOES && !asked)) break;
    told |= part != PART_SMALL;
    asked |=
        part == PART_THING || g_ascii_strcasecmp(words[i], "which") == 0 || g_ascii_strcasecmp(words[i], "what") == 0;
  }
  return told && i < n ? i : 0;
}
