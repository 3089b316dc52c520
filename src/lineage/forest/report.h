/* SPDX-License-Identifier: Apache-2.0 */
/* A collection as one page of HTML for people who have no copse: it needs no other file and no network, can be
 * searched, sorted, folded, printed and read aloud, in light and dark. Pure. */
#pragma once

#include "lineage/forest/forest.h"

/* The page: sums; the trees as inline SVG, foldable; every model in a table with the fields of collection/fields.def;
 * copies, with which to keep where `groups` (of KeepGroup*, may be NULL) say so; conflicts by severity; then `more`, markup of
 * others that is taken as it is (may be NULL), whose parts "experts" and "where" (the map) are led to by these ids. `title`
 * is the collection's name. The caller frees it. */
char *report_html(const Forest *forest, const char *title, const char *label_key, const GPtrArray *groups,
                  const char *more);
