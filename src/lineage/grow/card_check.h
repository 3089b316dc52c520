/* SPDX-License-Identifier: Apache-2.0 */
/* Does what a card says of a model's parent agree with the weights of the whole tree? */
#pragma once

#include "lineage/sketch/kin_table.h"
#include "lineage/grow/spanning.h"

/* True when member p may be the parent of member c of n: the two are about as near as any other way
 * between them in the spanning tree, which was built without believing any card. What speaks against
 * the direction makes a shorter way count for more, layers that did not move at all for less.
 * Without numbers to compare a card is believed. O(n). */
bool card_is_believed(const PedigreeMember *members, unsigned n, const KinTable *table, const Spanning *span,
                      unsigned c, unsigned p);
