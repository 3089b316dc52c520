/* SPDX-License-Identifier: Apache-2.0 */
/* The experts as a table: on which layer and tree, of which kind, how often right, and how often by chance. */
#pragma once

#include "ui/toolkit/table.h"

/* Its rows: a GPtrArray of Expert*. */
extern const TableKind expert_table;
