/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/app/tour.h"

#include <string.h>

#include "ui/toolkit/paint.h"

const TourAct tour_home[] = {{.action = ACTION_LEAVE}, {.action = ACTION_LEAVE}, {.action = ACTION_VIEW_FOREST},
                             {.action = ACTION_LEAVE}, {.action = ACTION_LEAVE}, {0}};

enum { ACTS = 5 };

typedef struct {
  const char *title;
  const char *text;   /* {name}: the first key of the action of that name */
  TourAct acts[ACTS]; /* done when the step begins; the last is empty */
  bool above;         /* what it speaks of is at the bottom of a narrow screen */
} Step;

#define DO(a) \
  { .action = ACTION_##a }
#define TYPE(text) \
  { .typed = text }

static const Step steps[] = {
    {"Welcome",
     "copse reads a folder of neural networks as a wood one can walk in. This tour presses the keys "
     "itself and says what you see; {tour-next} goes on, {leave} ends it at any time.",
     {DO(FIRST)},
     false},
    {"The forest",
     "Each row is a model; what hangs below it descends from it. The last column says where an edge "
     "comes from: decl from a card, reco recovered from the weights. {down} and {up} move, {out} and {in} fold.",
     {DO(FIRST), DO(DOWN), DO(DOWN)},
     false},
    {"Filters and searches",
     "{filter} keeps the rows that match: words, kind:lora, params:<10M. Their ancestors stay, dimmed, so that you "
     "always see where a model hangs. {search} searches without hiding anything.",
     {DO(FILTER), TYPE("kind:lora"), DO(ACCEPT)},
     false},
    {"One model",
     "{show} opens a model: what its files say and which of them says it, the way to the root of its tree, "
     "copies of it. {page-next} and {page-previous} turn the pages.",
     {DO(FIRST), DO(DOWN), DO(SHOW)},
     false},
    {"Where it moved",
     "The strip shows each layer: the higher the sign, the more the layer moved from the parent. The table "
     "below can be sorted with {sort}; {show} opens one layer with its histogram and singular values.",
     {DO(FIRST), DO(DOWN), DO(SHOW), DO(PAGE_NEXT)},
     false},
    {"Asking in words",
     "Type what you look for. Where an expert speaks the answers come from the weights, and how often it was "
     "right on concepts that it had never seen is told; models without one are found by names and cards, and marked.",
     {DO(VIEW_QUERY), DO(ASK), DO(EDIT_CLEAR), TYPE("red")},
     false},
    {"Experts",
     "An expert is a small network that reads the weights of one layer. {train} trains one while you go on "
     "walking, {sweep} trains one on each layer, {apply} lets one speak of every model.",
     {DO(VIEW_EXPERTS), DO(FIRST)},
     false},
    {"The map",
     "Each point is a model; near ones are alike to the expert. {map-colour} changes the colours, {zoom-out} and "
     "{zoom-in} zoom, {tag-range} draws a "
     "rectangle whose models are tagged.",
     {DO(VIEW_MAP)},
     true},
    {"That was the walk",
     "{help} lists all keys, {actions} what can be done in this place, {command} takes commands, {back} leads back. "
     "Enjoy the wood.",
     {DO(FIRST)},
     false},
};

int tour_steps(void) { return (int)G_N_ELEMENTS(steps); }

const TourAct *tour_acts(int step) { return steps[step].acts; }

int tour_next(int step, Action action) {
  if (action == ACTION_TOUR_NEXT) return step + 1 < tour_steps() ? step + 1 : -1;
  if (action == ACTION_TOUR_BACK) return MAX(step - 1, 0);
  return -1;
}

/* Appends the first key that performs the action of that name. */
static void append_key(GString *out, const Keymap *keymap, const char *name) {
  Action action = action_by_name(name);
  g_autofree char *key = keymap_label(keymap, action, action_info(action)->contexts, 1);
  g_string_append(out, *key ? key : name);
}

/* The step's text with the keys that work here. The caller frees it. */
static char *step_text(const Step *step, const Keymap *keymap) {
  GString *out = g_string_new(NULL);
  for (const char *at = step->text; *at;) {
    const char *end = *at == '{' ? strchr(at, '}') : NULL;
    if (end) {
      g_autofree char *name = g_strndup(at + 1, (gsize)(end - at) - 1);
      append_key(out, keymap, name);
      at = end + 1;
    } else {
      g_string_append_c(out, *at++);
    }
  }
  return g_string_free(out, FALSE);
}

void tour_draw(const App *app, Cells *cells, Rect area) {
  if (app->tour < 0) return;
  const Step *step = &steps[app->tour];
  g_autofree char *text = step_text(step, app->keymap);
  int columns = MIN(area.columns - 2, 58), inside = MAX(columns - 4, 1);
  int rows = MIN((int)(g_utf8_strlen(text, -1) / inside) + 4, area.rows);
  bool above = step->above && area.columns < 100;
  Rect box = {area.x + area.columns - columns - 1, above ? area.y + 1 : area.y + area.rows - rows, columns, rows};
  g_autofree char *title = g_strdup_printf("%s (%d of %d)", step->title, app->tour + 1, tour_steps());
  Rect in = paint_box(cells, box, title);
  paint_wrapped(cells, in.x, in.y, in.columns, in.rows, STYLE_TEXT, text);
}
