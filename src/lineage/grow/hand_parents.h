/* SPDX-License-Identifier: Apache-2.0 */
/* Parents that the user has set by hand (the fact "parent_by_hand") go before whatever weights and cards say. */
#pragma once

#include "lineage/forest/forest_make.h"

/* Hangs every such model where it was told to: one edge, sure, with the source "by hand". A model that was recovered
 * as an ancestor of itself by this takes over the old parents instead: the edge is turned round. Call when all other
 * edges are there, before forest_settle(). */
void forest_follow_hand(Forest *forest);
