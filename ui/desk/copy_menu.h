/* SPDX-License-Identifier: Apache-2.0 */
/* The menu that asks what to copy of some models. */
#pragma once

#include "ui/desk/view.h"

/* A menu with that id. */
Menu *copy_menu_new(int id);

/* Puts what its line says of the nodes (ForestNode*) where the app takes it for the clipboard. */
void copy_menu_choose(Ui *ui, int line, const GPtrArray *nodes);

/* The same for one model. */
void copy_menu_choose_model(Ui *ui, int line, const Model *model);
