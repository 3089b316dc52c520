/* SPDX-License-Identifier: Apache-2.0 */
/* Reading candidates with the other processes of a team. */
#pragma once

#include "collection/scan/reading.h"
#include "core/team.h"

/* Reads what is pending at the leader (reading->pending; elsewhere it does not matter) with all ranks, who look for it
 * among `candidates` as they saw them; the leader's catalog gets it. */
bool team_reading_all(Reading *reading, Team *team, const GPtrArray *candidates, unsigned threads, GError **error);

/* The leader has nothing to ask for: the others, who are in team_reading_all(), go on. */
void team_reading_none(Team *team);
