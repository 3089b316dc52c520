/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/app/tour.h"

#include "ui/app/app_keys.h"
#include "ui/toolkit/paint.h"

/* Brings us back to the forest, whatever is open, without a filter. */
static const char home[] = "<Esc><Esc>1<Esc><Esc>";

typedef struct {
  const char *title, *text;
  const char *keys; /* pressed when the step begins */
  bool above;       /* what it speaks of is at the bottom of a narrow screen */
} Step;

static const Step steps[] = {
    {"Welcome",
     "copse reads a folder of neural networks as a wood one can walk in. This tour presses the keys "
     "itself and says what you see; Enter goes on, Esc ends it at any time.",
     "g", false},
    {"The forest",
     "Each row is a model; what hangs below it descends from it. The last column says where an edge "
     "comes from: decl from a card, reco recovered from the weights. j and k move, h and l fold.",
     "gjj", false},
    {"Filters and searches",
     "f keeps the rows that match: words, kind:lora, params:<10M. Their ancestors stay, dimmed, so that you "
     "always see where a model hangs. / searches without hiding anything.",
     "fkind:lora<Enter>", false},
    {"One model",
     "Enter opens a model: what its files say and which of them says it, the way to the root of its tree, "
     "copies of it. l and h turn the pages.",
     "gj<Enter>", false},
    {"Where it moved",
     "The strip shows each layer: the higher the sign, the more the layer moved from the parent. The table "
     "below can be sorted with s; Enter opens one layer with its histogram and singular values.",
     "gj<Enter>l", false},
    {"Asking in words",
     "Type what you look for. Where an expert speaks the answers come from the weights, and how often it was "
     "right on concepts that it had never seen is told; models without one are found by names and cards, and marked.",
     "2e<C-u>red", false},
    {"Experts",
     "An expert is a small network that reads the weights of one layer. t trains one while you go on "
     "walking, s trains one on each layer, a lets one speak of every model.",
     "3g", false},
    {"The map",
     "Each point is a model; near ones are alike to the expert. c changes the colours, ( and ) zoom, v draws a "
     "rectangle whose models are tagged.",
     "5", true},
    {"That was the walk",
     "? lists all keys, m what can be done in this place, : takes commands, q leads back. Enjoy the wood.", "g", false},
};

int tour_steps(void) { return (int)G_N_ELEMENTS(steps); }

static void press(App *app, const char *keys) {
  while (*keys) app_key(app, key_parse(&keys));
}

/* Shows a step: the tour steps aside while its keys are pressed. */
static void begin(App *app, int step) {
  app->tour = -1;
  app->ui.touring = true;
  press(app, home);
  press(app, steps[step].keys);
  app->ui.touring = false;
  g_clear_pointer(&app->ui.message, g_free);
  app->tour = step;
}

void tour_start(App *app) { begin(app, 0); }

void tour_action(App *app, Action action) {
  int step = app->tour;
  if (action == ACTION_TOUR_NEXT && step + 1 < tour_steps()) begin(app, step + 1);
  else if (action == ACTION_TOUR_BACK && step > 0) begin(app, step - 1);
  else if (action != ACTION_TOUR_BACK) app->tour = -1;
}

void tour_draw(const App *app, Cells *cells, Rect area) {
  if (app->tour < 0) return;
  const Step *step = &steps[app->tour];
  int columns = MIN(area.columns - 2, 58), inside = MAX(columns - 4, 1);
  int rows = MIN((int)(g_utf8_strlen(step->text, -1) / inside) + 4, area.rows);
  bool above = step->above && area.columns < 100;
  Rect box = {area.x + area.columns - columns - 1, above ? area.y + 1 : area.y + area.rows - rows, columns, rows};
  g_autofree char *title = g_strdup_printf("%s (%d of %d)", step->title, app->tour + 1, tour_steps());
  Rect in = paint_box(cells, box, title);
  paint_wrapped(cells, in.x, in.y, in.columns, in.rows, STYLE_TEXT, step->text);
}
