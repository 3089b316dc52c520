/* SPDX-License-Identifier: Apache-2.0 */
#include "core/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "config.h"

#ifdef HAVE_SECCOMP
#include <seccomp.h>
#endif
#ifdef HAVE_LINUX_LANDLOCK_H
#include <linux/landlock.h>
#endif

/* --- Landlock: files ---------------------------------------------------------------------------- */

#if defined(LANDLOCK_CREATE_RULESET_VERSION) && defined(SYS_landlock_create_ruleset)

static int landlock_version(void) {
  long v = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
  return v > 0 ? (int)v : 0;
}

/* All that changes something or starts a program; reading is not restricted. */
static __u64 rights(int version) {
  __u64 all = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
              LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR |
              LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |
              LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM;
#ifdef LANDLOCK_ACCESS_FS_TRUNCATE
  if (version >= 3) all |= LANDLOCK_ACCESS_FS_TRUNCATE;
#endif
  (void)version;
  return all;
}

static bool allow(int rules, const char *folder, __u64 access) {
  struct landlock_path_beneath_attr below = {.allowed_access = access};
  int fd = open(folder, O_PATH | O_CLOEXEC);
  if (fd < 0) return errno == ENOENT;
  below.parent_fd = fd;
  bool ok = syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &below, 0) == 0;
  close(fd);
  return ok;
}

/* What a terminal program writes to besides, where it is there. */
static bool allow_devices(int rules, __u64 files) {
  static const char *const devices[] = {"/dev/tty", "/dev/null", "/dev/pts"};
  bool ok = true;
  for (size_t i = 0; ok && i < G_N_ELEMENTS(devices); i++) ok = allow(rules, devices[i], files);
  return ok;
}

static int shut_files(const char *const *writable) {
  int version = landlock_version();
  if (version == 0) return 0;
  struct landlock_ruleset_attr attr = {.handled_access_fs = rights(version)};
  int rules = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof attr, 0);
  if (rules < 0) return 0;
  __u64 files = attr.handled_access_fs & ~(__u64)LANDLOCK_ACCESS_FS_EXECUTE;
  bool ok = allow_devices(rules, LANDLOCK_ACCESS_FS_WRITE_FILE);
  for (const char *const *folder = writable; ok && *folder; folder++) ok = allow(rules, *folder, files);
  ok = ok && syscall(SYS_landlock_restrict_self, rules, 0) == 0;
  close(rules);
  return ok ? version : 0;
}

#else

static int landlock_version(void) { return 0; }
static int shut_files(const char *const *writable) {
  (void)writable;
  return 0;
}

#endif

/* --- seccomp: programs and the network ----------------------------------------------------------- */

#ifdef HAVE_SECCOMP

static bool shut_calls(void) {
  static const int forbidden[] = {SCMP_SYS(execve),
                                  SCMP_SYS(execveat),
                                  SCMP_SYS(socket),
                                  SCMP_SYS(connect),
                                  SCMP_SYS(bind),
                                  SCMP_SYS(listen),
                                  SCMP_SYS(accept),
                                  SCMP_SYS(accept4),
                                  SCMP_SYS(ptrace),
                                  SCMP_SYS(process_vm_readv),
                                  SCMP_SYS(mount),
                                  SCMP_SYS(umount2),
                                  SCMP_SYS(bpf),
                                  SCMP_SYS(process_vm_writev),
                                  SCMP_SYS(perf_event_open),
                                  SCMP_SYS(keyctl),
                                  SCMP_SYS(add_key),
                                  SCMP_SYS(unshare),
                                  SCMP_SYS(setns),
                                  SCMP_SYS(userfaultfd),
                                  SCMP_SYS(request_key)};
  scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
  if (!filter) return false;
  bool ok = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1) == 0;
  for (size_t i = 0; ok && i < G_N_ELEMENTS(forbidden); i++)
    ok = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), forbidden[i], 0) == 0;
  ok = ok && seccomp_load(filter) == 0;
  seccomp_release(filter);
  return ok;
}

static bool has_seccomp(void) { return prctl(PR_GET_SECCOMP) >= 0; }

#else

static bool shut_calls(void) { return false; }
static bool has_seccomp(void) { return false; }

#endif

SandboxMeans sandbox_means(void) { return (SandboxMeans){landlock_version(), has_seccomp()}; }

char *sandbox_describe(const SandboxMeans *m) {
  if (m->landlock && m->seccomp)
    return g_strdup_printf("no writes but to the state, no programs, no network (Landlock %d, seccomp)", m->landlock);
  if (m->landlock)
    return g_strdup_printf("no writes but to the state, no programs (Landlock %d); the network stays open: no seccomp",
                           m->landlock);
  if (m->seccomp) return g_strdup("no programs, no network (seccomp); writes are not confined: no Landlock");
  return g_strdup("none: neither Landlock nor seccomp is there");
}

SandboxMeans sandbox_enter(const char *const *writable) {
  SandboxMeans holds = {0, false};
#if defined(__SANITIZE_ADDRESS__)
  (void)writable;
  return holds; /* its search for leaks needs what is forbidden here */
#endif
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return holds;
  holds.landlock = shut_files(writable);
  holds.seccomp = shut_calls();
  return holds;
}
