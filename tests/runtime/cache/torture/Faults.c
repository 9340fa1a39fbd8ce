/*===- Faults.c - a system that fails on demand ------------------ -*- C -*-===*\
|*
|* Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
|* For LD_PRELOAD. FAULTS says what happens, at the Nth call once faults_arm()
|* was called, or at every one:
|*
|*   kill N     SIGKILL before the Nth call on a file of the folder
|*   error N    it fails: ENOSPC where it writes, else EIO
|*   errors     all of them fail
|*   short      reads and writes, of whatever file, do half of what they are asked,
|*              and every other one is interrupted by a signal before it begins
|*   locks      there are no locks
|*   clock      goes back by a day whenever somebody looks
|*   memory N   the Nth allocation fails
|*   starve N   and all after it
|*   none       only counts
|*
|* FAULTS_FOLDER is the folder; the number of calls on it and that of allocations
|* go to FAULTS_COUNT.
|*
\*===----------------------------------------------------------------------===*/

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

/* Of glibc, under the names that nobody replaces. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

enum { KILL, ERROR, ERRORS, SHORT, LOCKS, CLOCK, MEMORY, STARVE, NONE };
static const char *const kinds[] = {"kill", "error", "errors", "short", "locks", "clock", "memory", "starve", "none"};
static int kind = NONE;
static long strikeAt = 0;
static const char *folder = "/nowhere", *countFile;
static atomic_int armed;
static atomic_long calls, allocations;

EXPORT void faults_arm(int on) { armed = on; }

__attribute__((constructor)) static void start(void) {
  const char *faults = getenv("FAULTS");
  if (getenv("FAULTS_FOLDER"))
    folder = getenv("FAULTS_FOLDER");
  countFile = getenv("FAULTS_COUNT");
  for (int i = 0; faults && i <= NONE; ++i)
    if (strncmp(faults, kinds[i], strlen(kinds[i])) == 0 && strchr(" ", faults[strlen(kinds[i])])) {
      kind = i;
      strikeAt = atol(faults + strlen(kinds[i]));
    }
}

__attribute__((destructor)) static void stop(void) {
  FILE *file = countFile ? fopen(countFile, "w") : NULL;
  armed = 0;
  if (file) {
    fprintf(file, "%ld %ld\n", (long)calls, (long)allocations);
    fclose(file);
  }
}

/* True if this call, on a file of the folder, has to fail. */
static int strikes(int error) {
  if (!armed)
    return 0;
  const long call = ++calls;
  if (kind == KILL && call == strikeAt)
    kill(getpid(), SIGKILL);
  if (kind != ERRORS && !(kind == ERROR && call == strikeAt))
    return 0;
  errno = error;
  return 1;
}

/* By its name: descriptors are opened and closed in ways that we do not see. */
static int isOurs(int fd) {
  char link[32], path[4096];
  if (!armed || fd < 0)
    return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const long size = syscall(SYS_readlink, link, path, sizeof path);
  return size >= (long)strlen(folder) && strncmp(path, folder, strlen(folder)) == 0;
}
static int isOurPath(int at, const char *path) {
  return path[0] == '/' ? strncmp(path, folder, strlen(folder)) == 0 : isOurs(at);
}
static size_t shortened(size_t size) { return armed && kind == SHORT && size > 1 ? size / 2 : size; }
static int isInterrupted(void) {
  static atomic_long attempts;
  if (!armed || kind != SHORT || ++attempts % 2 == 0)
    return 0;
  errno = EINTR;
  return 1;
}

EXPORT int openat(int at, const char *path, int flags, ...) {
  va_list list;
  va_start(list, flags);
  const int mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(list, int) : 0;
  va_end(list);
  if (isOurPath(at, path) && strikes(flags & O_CREAT ? ENOSPC : EIO))
    return -1;
  return (int)syscall(SYS_openat, at, path, flags, mode);
}
EXPORT int open(const char *path, int flags, ...) {
  va_list list;
  va_start(list, flags);
  const int mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(list, int) : 0;
  va_end(list);
  return openat(AT_FDCWD, path, flags, mode);
}
EXPORT ssize_t read(int fd, void *target, size_t size) {
  return isInterrupted() || (isOurs(fd) && strikes(EIO)) ? -1 : syscall(SYS_read, fd, target, shortened(size));
}
EXPORT ssize_t pread(int fd, void *target, size_t size, off_t offset) {
  return isInterrupted() || (isOurs(fd) && strikes(EIO)) ? -1
                                                         : syscall(SYS_pread64, fd, target, shortened(size), offset);
}
EXPORT ssize_t write(int fd, const void *source, size_t size) {
  return isInterrupted() || (isOurs(fd) && strikes(ENOSPC)) ? -1 : syscall(SYS_write, fd, source, shortened(size));
}
EXPORT int fsync(int fd) { return isOurs(fd) && strikes(EIO) ? -1 : (int)syscall(SYS_fsync, fd); }
EXPORT int fstat(int fd, struct stat *info) {
  return isOurs(fd) && strikes(EIO) ? -1 : (int)syscall(SYS_fstat, fd, info);
}
EXPORT int fstatat(int at, const char *path, struct stat *info, int flags) {
  return isOurPath(at, path) && strikes(EIO) ? -1 : (int)syscall(SYS_newfstatat, at, path, info, flags);
}
EXPORT int lstat(const char *path, struct stat *info) { return fstatat(AT_FDCWD, path, info, AT_SYMLINK_NOFOLLOW); }
EXPORT int renameat(int from, const char *source, int to, const char *target) {
  return isOurPath(to, target) && strikes(EIO) ? -1 : (int)syscall(SYS_renameat, from, source, to, target);
}
EXPORT int rename(const char *source, const char *target) { return renameat(AT_FDCWD, source, AT_FDCWD, target); }
EXPORT int unlinkat(int at, const char *path, int flags) {
  return isOurPath(at, path) && strikes(EIO) ? -1 : (int)syscall(SYS_unlinkat, at, path, flags);
}
EXPORT int unlink(const char *path) { return unlinkat(AT_FDCWD, path, 0); }
EXPORT int utimensat(int at, const char *path, const struct timespec *times, int flags) {
  return isOurPath(at, path) && strikes(EIO) ? -1 : (int)syscall(SYS_utimensat, at, path, times, flags);
}
EXPORT int access(const char *path, int mode) {
  return isOurPath(AT_FDCWD, path) && strikes(EIO) ? -1 : (int)syscall(SYS_access, path, mode);
}
EXPORT int mkdir(const char *path, mode_t mode) {
  return isOurPath(AT_FDCWD, path) && strikes(ENOSPC) ? -1 : (int)syscall(SYS_mkdir, path, mode);
}
EXPORT int fcntl(int fd, int command, ...) {
  va_list list;
  va_start(list, command);
  void *argument = va_arg(list, void *);
  va_end(list);
  const int isLock = command == F_OFD_SETLK || command == F_OFD_SETLKW || command == F_SETLK || command == F_SETLKW;
  if (isLock && kind == LOCKS) {
    errno = ENOLCK;
    return -1;
  }
  return isLock && isOurs(fd) && strikes(EIO) ? -1 : (int)syscall(SYS_fcntl, fd, command, argument);
}
EXPORT int flock(int fd, int operation) {
  if (kind == LOCKS) {
    errno = ENOLCK;
    return -1;
  }
  return (int)syscall(SYS_flock, fd, operation);
}

EXPORT int clock_gettime(clockid_t clock, struct timespec *now) {
  static atomic_long days;
  const int failed = (int)syscall(SYS_clock_gettime, clock, now);
  if (armed && kind == CLOCK && clock == CLOCK_REALTIME)
    now->tv_sec -= 86400 * ++days;
  return failed;
}
EXPORT time_t time(time_t *target) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (target)
    *target = now.tv_sec;
  return now.tv_sec;
}

static int starves(void) {
  if (!armed)
    return 0;
  const long allocation = ++allocations;
  if (!(kind == MEMORY && allocation == strikeAt) && !(kind == STARVE && allocation >= strikeAt))
    return 0;
  errno = ENOMEM;
  return 1;
}
EXPORT void *malloc(size_t size) { return starves() ? NULL : __libc_malloc(size); }
EXPORT void *calloc(size_t count, size_t size) { return starves() ? NULL : __libc_calloc(count, size); }
EXPORT void *realloc(void *memory, size_t size) { return starves() ? NULL : __libc_realloc(memory, size); }
EXPORT void *aligned_alloc(size_t alignment, size_t size) {
  return starves() ? NULL : __libc_memalign(alignment, size);
}
