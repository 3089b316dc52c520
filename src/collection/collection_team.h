/* SPDX-License-Identifier: Apache-2.0 */
/* A collection that several processes share the work on (core/team.h). */
#pragma once

#include "collection/collection.h"
#include "core/team.h"

/* collection_open() for a rank of a team (borrowed; NULL: one process alone). The leader alone has a catalog on disk;
 * the others get what is in it by the scan, which all make together, and write nothing. */
Collection *collection_open_shared(const char *root, const CollectionOptions *options, Team *team, GError **error);

/* Who shares the work, or NULL. */
Team *collection_team(const Collection *collection);

/* Sets that, and returns who shared it before: inside a part that one rank does alone nobody else is there to meet. */
Team *collection_set_team(Collection *collection, Team *team);
