/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the interface begin with. */
#pragma once

/* In place of g_test_init(): a terminal of its own kind, and UTF-8, whatever the tests run in. */
void ui_test_init(int *argc, char ***argv);
