/* SPDX-License-Identifier: Apache-2.0 */
#include "session/map_board.h"

#include <math.h>
#include <string.h>

MapBoard *map_board_new(guint n) {
  MapBoard *board = g_new0(MapBoard, 1);
  pthread_mutex_init(&board->lock, NULL);
  board->xy = g_new0(float, 2 * (gsize)n + 1);
  board->n = n;
  board->kept = NAN;
  atomic_init(&board->refs, 1);
  return board;
}

MapBoard *map_board_ref(MapBoard *board) {
  atomic_fetch_add(&board->refs, 1);
  return board;
}

void map_board_unref(MapBoard *board) {
  if (!board || atomic_fetch_sub(&board->refs, 1) != 1) return;
  pthread_mutex_destroy(&board->lock);
  g_free(board->xy);
  g_free(board);
}

void map_board_show(MapBoard *board, const float *xy, unsigned done, unsigned total) {
  pthread_mutex_lock(&board->lock);
  memcpy(board->xy, xy, 2 * (gsize)board->n * sizeof *xy);
  board->done = done, board->total = total;
  pthread_mutex_unlock(&board->lock);
}
