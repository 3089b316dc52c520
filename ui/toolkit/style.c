/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/toolkit/style.h"

#include <stdlib.h>
#include <string.h>

#define OWN COLOUR_OWN

static const struct {
  const char *name;
  Look looks[SCHEME_COUNT];
} style_table[STYLE_COUNT] = {
    /* clang-format off */
    /*                             dark                           light                          mono */
    [STYLE_TEXT]      = {"text",      {{OWN, OWN, 0},              {OWN, OWN, 0},              {OWN, OWN, 0}}},
    [STYLE_DIM]       = {"dim",       {{OWN, OWN, LOOK_DIM},       {OWN, OWN, LOOK_DIM},       {OWN, OWN, LOOK_DIM}}},
    [STYLE_TITLE]     = {"title",     {{GREEN, OWN, LOOK_BOLD},    {GREEN, OWN, LOOK_BOLD},    {OWN, OWN, LOOK_BOLD}}},
    [STYLE_TAB]       = {"tab",       {{OWN, OWN, LOOK_DIM},       {OWN, OWN, LOOK_DIM},       {OWN, OWN, 0}}},
    [STYLE_HEADER]    = {"header",    {{OWN, OWN, LOOK_UNDERLINE}, {OWN, OWN, LOOK_UNDERLINE}, {OWN, OWN, LOOK_UNDERLINE}}},
    [STYLE_SELECTED]  = {"selected",  {{OWN, OWN, LOOK_REVERSE},   {OWN, OWN, LOOK_REVERSE},   {OWN, OWN, LOOK_REVERSE}}},
    [STYLE_TAGGED]    = {"tagged",    {{YELLOW, OWN, LOOK_BOLD},   {MAGENTA, OWN, LOOK_BOLD},  {OWN, OWN, LOOK_BOLD}}},
    [STYLE_MATCH]     = {"match",     {{BLACK, YELLOW, 0},         {BLACK, YELLOW, 0},         {OWN, OWN, LOOK_BOLD | LOOK_UNDERLINE}}},
    [STYLE_BRANCH]    = {"branch",    {{GREEN, OWN, LOOK_DIM},     {GREEN, OWN, 0},            {OWN, OWN, LOOK_DIM}}},
    [STYLE_LABEL]     = {"label",     {{CYAN, OWN, 0},             {BLUE, OWN, 0},             {OWN, OWN, LOOK_DIM}}},
    [STYLE_CONCEPT]   = {"concept",   {{CYAN, OWN, 0},             {BLUE, OWN, 0},             {OWN, OWN, 0}}},
    [STYLE_DECLARED]  = {"declared",  {{OWN, OWN, 0},              {OWN, OWN, 0},              {OWN, OWN, 0}}},
    [STYLE_RECOVERED] = {"recovered", {{GREEN, OWN, 0},            {GREEN, OWN, 0},            {OWN, OWN, LOOK_BOLD}}},
    [STYLE_BY_HAND]   = {"by-hand",   {{MAGENTA, OWN, 0},          {MAGENTA, OWN, 0},          {OWN, OWN, LOOK_UNDERLINE}}},
    [STYLE_BAR]       = {"bar",       {{GREEN, OWN, 0},            {GREEN, OWN, 0},            {OWN, OWN, LOOK_BOLD}}},
    [STYLE_BAR_REST]  = {"bar-rest",  {{OWN, OWN, LOOK_DIM},       {OWN, OWN, LOOK_DIM},       {OWN, OWN, LOOK_DIM}}},
    [STYLE_GOOD]      = {"good",      {{GREEN, OWN, 0},            {GREEN, OWN, 0},            {OWN, OWN, 0}}},
    [STYLE_WARN]      = {"warn",      {{YELLOW, OWN, 0},           {RED, OWN, 0},              {OWN, OWN, LOOK_BOLD}}},
    [STYLE_BAD]       = {"bad",       {{RED, OWN, LOOK_BOLD},      {RED, OWN, LOOK_BOLD},      {OWN, OWN, LOOK_BOLD}}},
    [STYLE_KEY]       = {"key",       {{OWN, OWN, LOOK_BOLD},      {OWN, OWN, LOOK_BOLD},      {OWN, OWN, LOOK_BOLD}}},
    [STYLE_HINT]      = {"hint",      {{OWN, OWN, LOOK_DIM},       {OWN, OWN, LOOK_DIM},       {OWN, OWN, 0}}},
    [STYLE_INPUT]     = {"input",     {{OWN, OWN, LOOK_BOLD},      {OWN, OWN, LOOK_BOLD},      {OWN, OWN, LOOK_BOLD}}},
    [STYLE_BOX]       = {"box",       {{OWN, OWN, LOOK_DIM},       {OWN, OWN, LOOK_DIM},       {OWN, OWN, 0}}},
    [STYLE_GROUP_1]   = {"group-1",   {{GREEN, OWN, 0}, {GREEN, OWN, 0}, {OWN, OWN, LOOK_BOLD}}},
    [STYLE_GROUP_2]   = {"group-2",   {{CYAN, OWN, 0}, {BLUE, OWN, 0}, {OWN, OWN, 0}}},
    [STYLE_GROUP_3]   = {"group-3",   {{YELLOW, OWN, 0}, {MAGENTA, OWN, 0}, {OWN, OWN, LOOK_UNDERLINE}}},
    [STYLE_GROUP_4]   = {"group-4",   {{MAGENTA, OWN, 0}, {RED, OWN, 0}, {OWN, OWN, LOOK_BOLD | LOOK_UNDERLINE}}},
    [STYLE_GROUP_5]   = {"group-5",   {{BLUE, OWN, 0}, {CYAN, OWN, 0}, {OWN, OWN, LOOK_REVERSE}}},
    [STYLE_GROUP_6]   = {"group-6",   {{RED, OWN, 0}, {YELLOW, OWN, 0}, {OWN, OWN, LOOK_DIM}}},
    /* clang-format on */
};

static const char *const scheme_names[SCHEME_COUNT] = {"dark", "light", "mono"};

const char *style_name(Style style) { return style_table[style].name; }

Look style_look(Scheme scheme, Style style) { return style_table[style].looks[scheme]; }

static int scheme_by_name(const char *theme) {
  for (int s = 0; theme && s < SCHEME_COUNT; s++)
    if (strcmp(theme, scheme_names[s]) == 0) return s;
  return -1;
}

bool scheme_known(const char *theme) { return scheme_by_name(theme) >= 0; }

/* COLORFGBG is "foreground;background" or "foreground;default;background". */
static bool background_is_light(void) {
  const char *value = getenv("COLORFGBG");
  const char *last = value ? strrchr(value, ';') : NULL;
  if (!last) return false;
  return strcmp(last + 1, "7") == 0 || strcmp(last + 1, "15") == 0;
}

Scheme scheme_choose(const char *theme, bool has_colours) {
  int named = scheme_by_name(theme);
  if (!has_colours) return SCHEME_MONO;
  if (named >= 0) return (Scheme)named;
  const char *no_colour = getenv("NO_COLOR");
  if (no_colour && *no_colour) return SCHEME_MONO;
  return background_is_light() ? SCHEME_LIGHT : SCHEME_DARK;
}
