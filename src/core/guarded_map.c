/* SPDX-License-Identifier: Apache-2.0 */
#include "core/guarded_map.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/error.h"
#include "core/text.h"

/* A place in the table: begin 0 is free, 1 is taken and not yet filled. */
typedef struct {
  atomic_uintptr_t begin, end;
  atomic_bool cut;
} Place;

struct GuardedMap {
  void *bytes;
  size_t size;
  Place *place;
};

static Place places[GUARDED_MAPS];
static struct sigaction before; /* the handler that ours was put over; written under `lock` */
static GMutex lock;

bool guarded_map_absorb(const void *address) {
  uintptr_t at = (uintptr_t)address, page = (uintptr_t)sysconf(_SC_PAGESIZE);
  for (size_t i = 0; i < GUARDED_MAPS; i++) {
    uintptr_t begin = atomic_load(&places[i].begin);
    if (begin <= 1 || at < begin || at >= atomic_load(&places[i].end)) continue;
    void *hole = (void *)(at / page * page); /* NOLINT: an address that was one */
    atomic_store(&places[i].cut, true);
    return mmap(hole, page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED;
  }
  return false;
}

/* What is not ours happens again, and is the former handler's. */
static void on_bus(int number, siginfo_t *info, void *context) {
  (void)context;
  int saved = errno;
  if (!guarded_map_absorb(info->si_addr)) sigaction(number, &before, NULL);
  errno = saved;
}

/* Somebody may have put another handler over ours since. Call locked. */
static void stand_guard(void) {
  struct sigaction now, ours = {.sa_sigaction = on_bus, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
  if (sigaction(SIGBUS, NULL, &now) != 0) return;
  if ((now.sa_flags & SA_SIGINFO) && now.sa_sigaction == on_bus) return;
  before = now;
  sigaction(SIGBUS, &ours, NULL);
}

static Place *take_place(void) {
  for (size_t i = 0; i < GUARDED_MAPS; i++) {
    uintptr_t is_free = 0;
    if (atomic_compare_exchange_strong(&places[i].begin, &is_free, 1)) return &places[i];
  }
  return NULL;
}

GuardedMap *guarded_map_new(int fd, size_t size, GError **error) {
  Place *place = take_place();
  void *bytes = place ? mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED;
  if (bytes == MAP_FAILED) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_IO, "cannot map a file of %zu bytes: %s", size,
                place ? g_strerror(errno) : "too many are mapped: close a collection");
    if (place) atomic_store(&place->begin, 0);
    return NULL;
  }
  g_mutex_lock(&lock);
  stand_guard();
  g_mutex_unlock(&lock);
  atomic_store(&place->cut, false);
  atomic_store(&place->end, (uintptr_t)bytes + size);
  atomic_store(&place->begin, (uintptr_t)bytes);
  GuardedMap *map = g_new(GuardedMap, 1);
  *map = (GuardedMap){bytes, size, place};
  return map;
}

GuardedMap *guarded_map_open(const char *path, size_t least, GError **error) {
  g_autofree SafeText *shown = safe_text(path, -1);
  struct stat st;
  int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
  GuardedMap *map = NULL;
  if (fd < 0 || fstat(fd, &st) != 0)
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_IO, "%s: %s", shown, g_strerror(errno));
  else if (!S_ISREG(st.st_mode) || st.st_size <= 0 || (uint64_t)st.st_size < least)
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT, "%s: too short, or no regular file: fetch it again", shown);
  else map = guarded_map_new(fd, (size_t)st.st_size, error);
  if (fd >= 0) close(fd);
  return map;
}

void guarded_map_free(GuardedMap *map) {
  if (!map) return;
  munmap(map->bytes, map->size);
  atomic_store(&map->place->begin, 0);
  g_free(map);
}

const void *guarded_map_bytes(const GuardedMap *map) { return map->bytes; }

size_t guarded_map_size(const GuardedMap *map) { return map->size; }

bool guarded_map_is_whole(const GuardedMap *map) { return !atomic_load(&map->place->cut); }
