/* SPDX-License-Identifier: Apache-2.0 */
/* The map's other layout: neighbours together instead of the axes of largest spread, growing while one looks. */
#pragma once

#include "session/map_board.h"
#include "ui/desk/view.h"

typedef struct {
  Ui *ui;
  MapBoard *board; /* NULL: nothing was asked for */
  guint64 job;     /* 0: none runs */
  float *xy;       /* (n, 2) as last seen; NULL before the first step */
  unsigned done, total;
  double kept;   /* NAN before the end */
  char *problem; /* why there is none, or NULL */
} MapSpread;

/* Asks for it, unless that was done. `chart` is the expert's number `expert` in its axes. */
void map_spread_start(MapSpread *spread, const Chart *chart, guint expert);

/* Takes up what has been laid out since. True when points have moved. */
bool map_spread_follow(MapSpread *spread);

/* Cancels and forgets. */
void map_spread_reset(MapSpread *spread);

/* "neighbours kept 78 %, by the axes 31 %", "step 120 of 400". The caller frees it. */
char *map_spread_text(const MapSpread *spread, const Chart *chart);
