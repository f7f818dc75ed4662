# SPDX-License-Identifier: Apache-2.0

"""Calls of the system that fail: the first, the second and so on of each kind, until none does any more."""

import os
import re
import shutil
import tempfile

# Calls that mean the same go together, since which one is used is the business of the C library.
FAULTS = [
    ("write", "ENOSPC"), ("write", "EIO"), ("write", "EINTR"),
    ("pwrite64", "ENOSPC"), ("pwrite64", "EIO"), ("pwrite64", "EINTR"),
    ("fsync", "EIO"), ("fsync", "ENOSPC"), ("fdatasync", "EIO"),
    ("rename", "EIO"), ("renameat", "EIO"), ("renameat2", "EIO"), ("rename", "ENOSPC"), ("renameat", "ENOSPC"),
    ("close", "EIO"), ("close", "EINTR"),
    ("openat", "EMFILE"), ("openat", "EINTR"), ("openat", "EACCES"), ("openat2", "EMFILE"), ("openat2", "EINTR"),
    ("read", "EIO"), ("read", "EINTR"), ("pread64", "EIO"), ("pread64", "EINTR"),
    ("newfstatat", "EIO"), ("fstat", "EIO"), ("statx", "EIO"), ("getdents64", "EIO"), ("readlink", "EIO"),
    ("readlinkat", "EIO"), ("fchmod", "EPERM"), ("fchmodat", "EPERM"), ("fchown", "EPERM"), ("fchownat", "EPERM"),
    ("utimensat", "EPERM"), ("mkdirat", "ENOSPC"), ("mkdir", "ENOSPC"), ("symlinkat", "ENOSPC"), ("linkat", "EIO"),
    ("mknodat", "EPERM"), ("fsetxattr", "ENOSPC"), ("fgetxattr", "EIO"), ("flistxattr", "EIO"), ("unlink", "EIO"),
    ("unlinkat", "EIO"), ("ftruncate", "EIO"), ("lseek", "EIO"), ("fcntl", "EBADF"), ("flock", "EINTR"),
    ("clone3", "EAGAIN"), ("fallocate", "ENOSPC"),
]
QUICK = {
    "compress": [("write", "ENOSPC"), ("fsync", "EIO"), ("close", "EIO")],
    "compress-verify": [("openat", "EMFILE"), ("read", "EIO")],
    "decompress": [("openat", "EMFILE"), ("read", "EIO")],
    "create": [("write", "EIO"), ("rename", "EIO")],
    "extract": [("pwrite64", "ENOSPC"), ("fsync", "EIO"), ("unlinkat", "EIO")],
    "merge": [("write", "ENOSPC"), ("openat", "EMFILE")],
}
# The first call that is the tool's own; what comes before belongs to the loader and the run-time system.
OWN = re.compile(r"fcntl\(0, F_GETFD")
# The looks of the runtime at the machine, which decide nothing but how many threads there are.
HARMLESS = {"clone3"}
LIMIT = 400


def calls_before_own(world, command, folder):
    """How many calls of each kind the loader makes, and how many there are in all."""
    log = os.path.join(folder, "trace")
    world.run([*command.words, "-T1"], folder, command.stdin, prefix=["strace", "-f", "-o", log])
    before, total, is_own = {}, {}, False
    with open(log, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            match = re.match(r"\d+ +([a-z_0-9]+)\(", line)
            if OWN.search(line):
                is_own = True
            if match:
                name = match.group(1)
                total[name] = total.get(name, 0) + 1
                if not is_own:
                    before[name] = before.get(name, 0) + 1
    return before, total


def trial(world, command, call, error, number):
    """One run with one call that fails: whether it did, and what is wrong."""
    folder = tempfile.mkdtemp(dir=world.top)
    try:
        inner = world.stage(command, os.path.join(folder, "w"))
        log = os.path.join(folder, "log")
        prefix = ["strace", "-f", "--seccomp-bpf", "-qq", "-o", log, "-e", f"trace={call}", "-e",
                  f"inject={call}:error={error}:when={number}"]
        status, output, errors = world.run([*command.words, "-T1"], inner, command.stdin, prefix=prefix)
        with open(log, encoding="utf-8", errors="replace") as lines:
            hit = [line for line in lines if "(INJECTED)" in line]
        if not hit:
            return False, []
        excuses = set()
        if call in ("unlink", "unlinkat"):
            excuses.add("leftover")
        if call in HARMLESS:
            excuses.add("nameless")
        # A message that cannot be written cannot be read either.
        if any(re.match(r"\d+ +write\(2,", line) for line in hit):
            excuses |= {"no errors", "nameless"}
        wrong = world.judge(command, inner, status, output, errors, excuses)
        if command.keeps_partial and not wrong:
            again, _, text = world.run([*command.words, "-T1"], inner, command.stdin)
            if again not in (0, 1):
                wrong.append(f"going on with it failed: {again} {text.decode(errors='replace')[-200:]}")
            else:
                wrong += world.judge(command, inner, again, b"", b"")
        place = hit[0].strip()[:160]
        return True, [f"{command.name}: {call} {error} {number}: {text} [{place}]" for text in wrong]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run(world, commands, faults_of, pool, report):
    """All faults for all commands; the figures go to `report`."""
    for command in commands:
        folder = tempfile.mkdtemp(dir=world.top)
        before, total = calls_before_own(world, command, world.stage(command, os.path.join(folder, "w")))
        shutil.rmtree(folder, ignore_errors=True)
        world.baseline(command)
        for call, error in faults_of(command):
            if call not in total:
                continue
            first = before.get(call, 0) + 1
            # In steps of as many as run at once, until one of them finds no call to fail.
            number, done = first, False
            while not done and number < first + LIMIT:
                numbers = list(range(number, number + 4))
                for hit, wrong in pool.map(lambda n: trial(world, command, call, error, n), numbers):
                    if not hit:
                        done = True
                    else:
                        report.add("injected", f"{command.name}", wrong)
                        report.count(f"{call} {error}")
                number += 4
