/* SPDX-License-Identifier: Apache-2.0 */
/* What every page of lineage/forest/report.h has: its looks and its behaviour. */
#pragma once

/* What stands in <head> behind the title: no network, colours in light and dark, what printing leaves out. Columns and
 * buttons of class "x" are not printed. */
extern const char report_head[];

/* What stands at the end: searching hides rows of the table and, by `trees` of report_tree_script, of the trees; sorting
 * compares numbers as numbers, and what has none comes last. */
extern const char report_script[];
