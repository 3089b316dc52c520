/* SPDX-License-Identifier: Apache-2.0 */
/* Before strangers' files are read the program gives up what reading does not need: writing anywhere but in one folder,
 * starting programs, and the network. By Landlock and seccomp, where kernel and build have them; a fault in a reader is
 * then worth little to who wrote the file. There is no way back for the process. */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct {
  int landlock; /* the kernel's version of it; 0: it has none */
  bool seccomp; /* built in, and the kernel takes filters */
} SandboxMeans;

/* What there is to shut in with. Changes nothing. */
SandboxMeans sandbox_means(void);

/* "writes, programs and the network (Landlock 6, seccomp)", or what is missing. The caller frees it. */
char *sandbox_describe(const SandboxMeans *means);

/* Shuts the process in as far as there are means: for the calling thread and those that it starts from now on, system
 * calls for all threads. Files that are open already stay usable. `writable`: folders, ended by NULL, in which files may
 * still be made and changed. Returns what holds now. Call once, before worker threads are started. */
SandboxMeans sandbox_enter(const char *const *writable);
