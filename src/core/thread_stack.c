/* SPDX-License-Identifier: Apache-2.0 */
#include "core/thread_stack.h"

#include <glib.h>
#include <signal.h>
#include <sys/mman.h>

enum { BYTES = 64 * 1024 };

static void drop(void *stack) {
  stack_t none = {.ss_flags = SS_DISABLE};
  sigaltstack(&none, NULL);
  munmap(stack, BYTES);
}

static GPrivate own = G_PRIVATE_INIT(drop);

void thread_stack_ensure(void) {
  stack_t now;
  if (g_private_get(&own) || sigaltstack(NULL, &now) != 0 || !(now.ss_flags & SS_DISABLE)) return;
  void *stack = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (stack == MAP_FAILED) return;
  stack_t mine = {.ss_sp = stack, .ss_size = BYTES};
  if (sigaltstack(&mine, NULL) == 0) g_private_set(&own, stack);
  else munmap(stack, BYTES);
}
