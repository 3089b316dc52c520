/* SPDX-License-Identifier: Apache-2.0 */
#include "session/sweep_board.h"

static void bar_clear(void *data) { g_free(((SweepBar *)data)->layer); }

SweepBoard *sweep_board_new(void) {
  SweepBoard *board = g_new0(SweepBoard, 1);
  pthread_mutex_init(&board->lock, NULL);
  board->bars = g_array_new(FALSE, TRUE, sizeof(SweepBar));
  g_array_set_clear_func(board->bars, bar_clear);
  atomic_init(&board->refs, 1);
  return board;
}

SweepBoard *sweep_board_ref(SweepBoard *board) {
  atomic_fetch_add(&board->refs, 1);
  return board;
}

void sweep_board_unref(SweepBoard *board) {
  if (!board || atomic_fetch_sub(&board->refs, 1) != 1) return;
  pthread_mutex_destroy(&board->lock);
  g_array_unref(board->bars);
  g_free(board);
}
