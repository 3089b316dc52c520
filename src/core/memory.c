/* SPDX-License-Identifier: Apache-2.0 */
#include "core/memory.h"

#include <sys/mman.h>

#include "core/error.h"

bool memory_is_there(size_t bytes, const char *label, GError **error) {
  void *room = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (room != MAP_FAILED) {
    munmap(room, bytes);
    return true;
  }
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_IO,
              "%s: not enough memory to read it, %zu MB are needed: close other programs", label, bytes / 1000000 + 1);
  return false;
}
