/* SPDX-License-Identifier: Apache-2.0 */
/* What an expert takes for what, and how it does on each label, as tables. */
#pragma once

#include "experts/measure/evaluation.h"
#include "ui/toolkit/table.h"

/* Their rows: an Evaluation. The most frequent mistakes first; the hardest labels first. */
extern const TableKind confusion_table, label_table_kind;
