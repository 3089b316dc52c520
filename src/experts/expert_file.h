/* SPDX-License-Identifier: Apache-2.0 */
/* The file that an expert is kept in: another name for it, or none. Only an expert that was read from a file has
 * one. */
#pragma once

#include "experts/expert.h"

/* An expert as another process takes it, and such a one again, without a name and a file. NULL with an error. */
GBytes *expert_pack(const Expert *expert, GError **error);
Expert *expert_unpack(GBytes *packed, GError **error);

/* Removes it. COPSE_ERROR_NOT_FOUND when it has no file, COPSE_ERROR_IO when it cannot be removed. */
bool expert_file_remove(const Expert *expert, GError **error);

/* Gives it another name in its folder, without ending. COPSE_ERROR_USAGE for a name that is none of a file, or that is
 * taken. The expert itself stays as it was read. */
bool expert_file_rename(const Expert *expert, const char *name, GError **error);
