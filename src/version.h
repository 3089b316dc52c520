/* SPDX-License-Identifier: Apache-2.0 */
/* What `copse --version` says. */
#pragma once

#include <stdio.h>

/* The version and the commit it was built from, what was built in, and the libraries that are linked now. */
void version_print(FILE *out);
