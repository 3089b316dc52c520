/* SPDX-License-Identifier: Apache-2.0 */
/* A stack of its own for signal handlers: the handler that gives the terminal back must run even when what went wrong is
 * that a thread's ordinary stack came to its end. Each thread needs its own. */
#pragma once

/* Gives the calling thread one, once; it goes with the thread. Does nothing where there is no memory. */
void thread_stack_ensure(void);
