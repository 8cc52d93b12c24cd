"""System calls that fail, for files below one folder: a small library in front of the C library, built by gcc.

Modes, any of them together: ``f`` fcntl's locks, ``l`` flock, ``m`` shared memory (some network shares; ``error`` is
what they say); ``r`` reading, ``w`` writing and ``s`` syncing fail after the first so many calls (a dying disk, a share
that goes away); ``c`` the time of day jumps by years at every look.
"""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SHIM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
static int asked(char what) { return strchr(getenv("SHIM_MODE"), what) != NULL; }
static int hit(int fd, char what) {
  if (!asked(what)) return 0;
  char link[64], name[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t n = readlink(link, name, sizeof name - 1);
  if (n < 0) return 0;
  name[n] = 0;
  return strstr(name, getenv("SHIM_DIR")) != NULL;
}
static int broken(int fd, char what) {
  static long calls = 0;
  return hit(fd, what) && calls++ >= atol(getenv("SHIM_AFTER"));
}
#define LOCKS(NAME) int NAME(int fd, int command, ...) { \
  va_list list; va_start(list, command); void *value = va_arg(list, void *); va_end(list); \
  int (*real)(int, int, ...) = dlsym(RTLD_NEXT, #NAME); \
  if ((command == F_SETLK || command == F_SETLKW) && hit(fd, 'f')) { errno = atol(getenv("SHIM_ERROR")); return -1; } \
  return real(fd, command, value); }
LOCKS(fcntl)
LOCKS(fcntl64)
int flock(int fd, int op) {
  int (*real)(int, int) = dlsym(RTLD_NEXT, "flock");
  if (hit(fd, 'l')) { errno = atol(getenv("SHIM_ERROR")); return -1; }
  return real(fd, op); }
#define MAPS(NAME, OFFSET) void *NAME(void *at, size_t n, int p, int flags, int fd, OFFSET o) { \
  void *(*real)(void *, size_t, int, int, int, OFFSET) = dlsym(RTLD_NEXT, #NAME); \
  if (fd >= 0 && (flags & MAP_SHARED) && hit(fd, 'm')) { errno = atol(getenv("SHIM_ERROR")); return MAP_FAILED; } \
  return real(at, n, p, flags, fd, o); }
MAPS(mmap, off_t)
MAPS(mmap64, off64_t)
#define AT(NAME, DATA, OFFSET, MODE) ssize_t NAME(int fd, DATA at, size_t n, OFFSET o) { \
  ssize_t (*real)(int, DATA, size_t, OFFSET) = dlsym(RTLD_NEXT, #NAME); \
  if (broken(fd, MODE)) { errno = atol(getenv("SHIM_ERROR")); return -1; } \
  return real(fd, at, n, o); }
AT(pread, void *, off_t, 'r')
AT(pread64, void *, off64_t, 'r')
AT(pwrite, const void *, off_t, 'w')
AT(pwrite64, const void *, off64_t, 'w')
ssize_t write(int fd, const void *at, size_t n) {
  ssize_t (*real)(int, const void *, size_t) = dlsym(RTLD_NEXT, "write");
  if (broken(fd, 'w')) { errno = atol(getenv("SHIM_ERROR")); return -1; }
  return real(fd, at, n); }
#define SYNC(NAME) int NAME(int fd) { \
  int (*real)(int) = dlsym(RTLD_NEXT, #NAME); \
  if (broken(fd, 's')) { errno = atol(getenv("SHIM_ERROR")); return -1; } \
  return real(fd); }
SYNC(fsync)
SYNC(fdatasync)
int clock_gettime(clockid_t which, struct timespec *at) {
  int (*real)(clockid_t, struct timespec *) = dlsym(RTLD_NEXT, "clock_gettime");
  static unsigned long looks = 0;
  int done = real(which, at);
  if (!done && which == CLOCK_REALTIME && asked('c')) at->tv_sec += (looks++ % 2 ? 1 : -1) * 94608000L;
  return done; }
"""

needs_gcc = pytest.mark.skipif(
    shutil.which("gcc") is None, reason="calls fail through a library that gcc makes"
)


def build(folder: Path) -> Path:
    """The library, compiled."""
    source, made = folder / "shim.c", folder / "shim.so"
    source.write_text(SHIM)
    subprocess.run(["gcc", "-shared", "-fPIC", "-w", "-o", str(made), str(source), "-ldl"], check=True)
    return made


def run_longvid(
    *arguments: object,
    shim: Path,
    below: Path,
    mode: str,
    after: int = 0,
    error: int = errno.ENOLCK,
    timeout: float = 60,
) -> subprocess.CompletedProcess[str]:
    """The command line, with these calls failing for files below that folder."""
    faults = {
        "LD_PRELOAD": shim,
        "SHIM_DIR": below,
        "SHIM_MODE": mode,
        "SHIM_AFTER": after,
        "SHIM_ERROR": error,
    }
    environment = {**os.environ, **{name: str(value) for name, value in faults.items()}}
    command = [sys.executable, "-m", "longvid.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout, env=environment)
