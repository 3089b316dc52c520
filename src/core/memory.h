/* SPDX-License-Identifier: Apache-2.0 */
/* Is there enough memory? GLib ends the program when an allocation fails, so what a file may make it allocate is asked
 * for before: where an administrator has set a limit, one file is refused and the program goes on. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

/* True when `bytes` can be had now, by this process; they are not kept. False with an error that begins with `label`.
 * Any thread. Costs two system calls and touches nothing. */
bool memory_is_there(size_t bytes, const char *label, GError **error);
