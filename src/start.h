/* SPDX-License-Identifier: Apache-2.0 */
/* What must be settled before anything else: OpenBLAS starts its threads while the program is loaded. Where it cannot, it
 * ends the program by a signal, or waits for ever; then the program begins again with one such thread. */
#pragma once

#include <stdbool.h>

/* Call first in main(). May not return: the program begins again. False after a word on standard error when there is too
 * little address space (ulimit -v) for anything. */
bool start_settle(char **argv);
