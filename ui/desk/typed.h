/* SPDX-License-Identifier: Apache-2.0 */
/* What somebody types: a command with its argument, a path. */
#pragma once

/* A file's path as it is typed: "~/x" is in the user's home. The caller frees it. */
char *typed_path(const char *path);

/* Splits a line into its verb (lower case is not enforced) and the rest. The caller frees both. */
void typed_split(const char *line, char **verb, char **argument);
