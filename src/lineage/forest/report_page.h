/* SPDX-License-Identifier: Apache-2.0 */
/* What every page of lineage/forest/report.h has: its looks and its behaviour. */
#pragma once

/* What stands in <head> behind the title: no network, colours in light and dark, what printing leaves out. Columns and
 * buttons of class "x" are not printed. */
extern const char report_head[];

/* What the two others stand on: of a long list only the rows in sight are in the document, so that a letter of a search
 * costs no more with thousands of models than with hundreds; all of them are when the page is printed, on request, and
 * where no script runs. `sight.span(box,height,count)` says which, `sight.watch(box,draw)` has them drawn anew. */
extern const char report_sight_script[];

/* What stands at the end: searching leaves the rows out that have not all words, here and, by `trees` of
 * report_tree_script, in the trees; sorting compares numbers as numbers, and what has none comes last. */
extern const char report_script[];
