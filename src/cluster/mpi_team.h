/* SPDX-License-Identifier: Apache-2.0 */
/* A team whose messages MPI carries. Where the program was built without MPI, or not started under it, there is none. */
#pragma once

#include "core/team.h"

/* True when mpirun, srun or the like started this process as one of several, and the program was built for it. */
bool mpi_team_is_wanted(void);

/* The team of all processes that were started together. Call once, from the main thread. NULL with an error; the message
 * says when the program was built without MPI. */
Team *mpi_team_new(GError **error);
