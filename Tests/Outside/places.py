# SPDX-License-Identifier: Apache-2.0

"""Places without room, without leave and without end, and calls that do less than they were asked."""

import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile

import sandbox

SHORT = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>
/* Every call moves at most a few bytes, in a pattern that does not repeat soon. */
static size_t less(size_t n) {
  static unsigned state = 1;
  static size_t most;
  if (most == 0) most = (size_t)atol(getenv("SHORT_MOST"));
  state = state * 1664525u + 1013904223u;
  size_t limit = 1 + (state >> 8) % most;
  return n < limit ? n : limit;
}
ssize_t read(int f, void *b, size_t n) {
  static ssize_t (*real)(int, void *, size_t);
  if (!real) real = dlsym(RTLD_NEXT, "read");
  return real(f, b, less(n));
}
ssize_t write(int f, const void *b, size_t n) {
  static ssize_t (*real)(int, const void *, size_t);
  if (!real) real = dlsym(RTLD_NEXT, "write");
  return real(f, b, less(n));
}
ssize_t pread(int f, void *b, size_t n, off_t o) {
  static ssize_t (*real)(int, void *, size_t, off_t);
  if (!real) real = dlsym(RTLD_NEXT, "pread");
  return real(f, b, less(n), o);
}
ssize_t pread64(int f, void *b, size_t n, off_t o) { return pread(f, b, n, o); }
ssize_t pwrite(int f, const void *b, size_t n, off_t o) {
  static ssize_t (*real)(int, const void *, size_t, off_t);
  if (!real) real = dlsym(RTLD_NEXT, "pwrite");
  return real(f, b, less(n), o);
}
ssize_t pwrite64(int f, const void *b, size_t n, off_t o) { return pwrite(f, b, n, o); }
"""


class Folder:
    """A fresh folder that goes away."""

    def __init__(self, world):
        self.top = tempfile.mkdtemp(dir=world.top)
        self.inner = os.path.join(self.top, "w")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.top, ignore_errors=True)


def short_calls(world, commands, quick, pool, report):
    """Reads and writes that move less than they were asked to change nothing."""
    if not shutil.which("cc"):
        report.skip("short reads and writes: there is no C compiler")
        return
    library = os.path.join(world.top, "short.so")
    source = os.path.join(world.top, "short.c")
    sandbox.write(source, SHORT.encode())
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], check=True)

    def one(job):
        command, most = job
        with Folder(world) as folder:
            inner = world.stage(command, folder.inner)
            # In front of the tool alone: `env` sets it for what it starts.
            prefix = ["env", f"LD_PRELOAD={library}", f"SHORT_MOST={most}"]
            status, output, errors = world.run([*command.words, "-T1"], inner, command.stdin, prefix=prefix)
            wrong = world.judge(command, inner, status, output, errors)
            if status != world.baseline(command)["status"]:
                wrong.append(f"status {status}: {errors.decode(errors='replace')[-200:]}")
            return command, most, wrong

    chosen = [c for c in commands if not quick or c.name in ("compress", "cat", "create", "extract", "merge")]
    for command in chosen:
        world.baseline(command)
    sizes = [4096] if quick else [37, 1000, 4096, 70_000]
    for command, most, wrong in pool.map(one, [(c, m) for c in chosen for m in sizes]):
        report.add("short", command.name, [f"{command.name}: at most {most} bytes a call: {text}" for text in wrong])


def limited(kind, value):
    """Sets a limit in the child; SIGXFSZ has its default, as a shell gives it."""

    def apply():
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        resource.setrlimit(kind, (value, value))

    return apply


def limits(world, command, quick, report):
    """Files that may not grow, and few descriptors."""
    sizes = [0, 1, 4096] if quick else [0, 1, 512, 4095, 4096, 20_000, 65_536, 100_000, 131_072, 200_000]
    for size in sizes:
        with Folder(world) as folder:
            inner = world.stage(command, folder.inner)
            status, output, errors = world.run([*command.words, "-T1"], inner, command.stdin,
                                               preexec_fn=limited(resource.RLIMIT_FSIZE, size))
            wrong = world.judge(command, inner, status, output, errors)
            report.add("RLIMIT_FSIZE", command.name, [f"{command.name}: RLIMIT_FSIZE {size}: {t}" for t in wrong])
    # Too few to begin with, the fewest to work with, and some more.
    for count in [5, 32] if quick else [*range(3, 20), 31, 32, 33, 36, 40]:
        with Folder(world) as folder:
            inner = world.stage(command, folder.inner)
            # The loader needs a descriptor or two of its own before the tool can say anything.
            status, output, errors = world.run([*command.words, "-T2"], inner, command.stdin,
                                               preexec_fn=limited(resource.RLIMIT_NOFILE, count))
            if status == 127 and b"shared librar" in errors:
                continue
            wrong = world.judge(command, inner, status, output, errors, {"nameless"})
            report.add("RLIMIT_NOFILE", command.name, [f"{command.name}: RLIMIT_NOFILE {count}: {t}" for t in wrong])


def descriptors(world, command, report):
    """Standard descriptors that are closed, or full, at the start."""
    for closed in ([0], [1], [2], [0, 1], [1, 2], [0, 1, 2]):
        if command.stdin and 0 in closed:
            continue
        with Folder(world) as folder:
            inner = world.stage(command, folder.inner)
            words = " ".join(f"{number}{'<' if number == 0 else '>'}&-" for number in closed)
            prefix = ["sh", "-c", f'exec "$@" {words}', "sh"]
            status, output, errors = world.run([*command.words, "-T1"], inner, command.stdin, prefix=prefix)
            excuses = {"no errors", "nameless"} if 2 in closed else set()
            if 1 in closed:
                excuses.add("no output")
            wrong = world.judge(command, inner, status, output, errors, excuses)
            if command.kind == "stdout" and 1 in closed and status == 0 and world.baseline(command)["output"]:
                wrong.append("success, and nobody got the output")
            report.add("closed descriptors", command.name, [f"{command.name}: closed {closed}: {t}" for t in wrong])
    if command.kind == "stdout" and world.baseline(command)["output"]:
        with Folder(world) as folder:
            inner = world.stage(command, folder.inner)
            status, _, errors = world.run([*command.words, "-T1"], inner, command.stdin,
                                          prefix=["sh", "-c", 'exec "$@" >/dev/full', "sh"])
            wrong = [] if status == 5 and b"stdout" in errors else [f"status {status}: {errors[-200:]}"]
            report.add("/dev/full", command.name, [f"{command.name}: /dev/full: {t}" for t in wrong])
    with Folder(world) as folder:
        inner = world.stage(command, folder.inner)
        # Of those that write to standard output, -v would change that.
        more = [] if command.kind == "stdout" else ["-v"]
        status, output, errors = world.run([*command.words, "-T1", *more], inner, command.stdin,
                                           prefix=["sh", "-c", 'exec "$@" 2>/dev/full', "sh"])
        wrong = world.judge(command, inner, status, output, errors, {"no errors", "nameless"})
        report.add("/dev/full", command.name, [f"{command.name}: errors to /dev/full: {t}" for t in wrong])


class Mount:
    """A file system in memory of a given size."""

    def __init__(self, world, options):
        self.path = tempfile.mkdtemp(dir=world.top)
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", self.path], check=True)

    def __enter__(self):
        return self.path

    def __exit__(self, *_):
        subprocess.run(["umount", "-l", self.path], check=True)
        os.rmdir(self.path)


def can_mount(world):
    if os.geteuid() != 0:
        return False
    try:
        with Mount(world, "size=64k"):
            return True
    except (subprocess.CalledProcessError, OSError):
        return False


def mounts(world, command, quick, report):
    """No room, no inodes, and no leave to write at all."""
    sizes = [64] if quick else [32, 64, 96, 128, 192, 256, 320, 400, 512]
    plans = [(f"size={size}k", f"{size} KiB") for size in sizes]
    plans += [(f"size=8m,nr_inodes={count}", f"{count} inodes") for count in ([70] if quick else range(60, 120, 6))]
    for options, what in plans:
        with Mount(world, options) as path:
            inner = os.path.join(path, "w")
            try:
                world.stage(command, inner)
            except (OSError, subprocess.CalledProcessError):
                continue
            if not staged(world, command, inner):
                continue
            status, output, errors = world.run([*command.words, "-T1"], inner, command.stdin)
            wrong = world.judge(command, inner, status, output, errors)
            report.add("full file systems", command.name, [f"{command.name}: {what}: {t}" for t in wrong])
    with Mount(world, "size=8m") as path:
        inner = world.stage(command, os.path.join(path, "w"))
        subprocess.run(["mount", "-o", "remount,ro", path], check=True)
        status, output, errors = world.run([*command.words, "-T1"], inner, command.stdin)
        wrong = world.judge(command, inner, status, output, errors)
        if status == 0 and command.kind != "stdout":
            wrong.append("success where nothing can be written")
        report.add("read-only", command.name, [f"{command.name}: read-only: {t}" for t in wrong])


def staged(world, command, inner):
    """Whether what the run begins with found room."""
    if command.kind in ("file", "archive"):
        path = os.path.join(inner, command.target)
        return os.path.exists(path) and sandbox.read(path) == sandbox.OLD
    if command.kind == "tree":
        path = os.path.join(inner, "tree/t/d0/f15")
        return os.path.exists(path) and sandbox.read(path) == sandbox.OLD
    return True


def run(world, commands, quick, report):
    names = ("compress", "decompress", "cat", "create", "extract", "merge")
    chosen = [c for c in commands if not quick or c.name in names]
    mountable = can_mount(world)
    if not mountable:
        report.skip("full and read-only file systems: only root may mount one")
    for command in chosen:
        world.baseline(command)
        sys.stdout.flush()
        limits(world, command, quick, report)
        descriptors(world, command, report)
        if mountable:
            mounts(world, command, quick, report)
