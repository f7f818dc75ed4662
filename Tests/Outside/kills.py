# SPDX-License-Identifier: Apache-2.0

"""Kills: at every call of the system that changes something, and at random times."""

import os
import random
import re
import shutil
import signal
import subprocess
import tempfile
import time

import injected

NAMES = ["compress", "compress-rm", "compress-verify", "decompress", "create", "create-parent", "create-resume",
         "extract", "extract-chain", "merge", "recompress", "recompress-archive"]
# What changes a file, a name or an order.
CALLS = ["write", "pwrite64", "fsync", "rename", "renameat", "renameat2", "close", "fchmod", "fchmodat", "fchown",
         "utimensat", "ftruncate", "mkdir", "mkdirat", "linkat", "symlinkat", "mknodat", "fsetxattr", "unlink",
         "unlinkat", "openat", "openat2"]
QUICK_CALLS = ["write", "pwrite64", "fsync", "rename", "renameat", "unlink"]


def after(world, command, inner):
    """What must hold after a kill: nothing is a mixture, and the same command comes to its end."""
    wrong = world.judge(command, inner, -signal.SIGKILL, b"", b"", {"killed"})
    if wrong:
        return wrong
    if command.removes and not os.path.exists(os.path.join(inner, command.removes)):
        return wrong
    status, output, errors = world.run([*command.words, "-T1"], inner, command.stdin)
    if status != world.baseline(command)["status"]:
        return [f"the next run failed: {status} {errors.decode(errors='replace')[-200:]}"]
    # Temporary files of the killed run may stay; those of this one may not, and the content must be right.
    return ["after the next run: " + text for text in world.judge(command, inner, status, output, errors, {"leftover"})]


def at_call(world, command, call, number):
    folder = tempfile.mkdtemp(dir=world.top)
    try:
        inner = world.stage(command, os.path.join(folder, "w"))
        log = os.path.join(folder, "log")
        prefix = ["strace", "-f", "-qq", "-o", log, "-e", f"trace={call}", "-e",
                  f"inject={call}:signal=SIGKILL:when={number}"]
        status, _, _ = world.run([*command.words, "-T1"], inner, command.stdin, prefix=prefix)
        if status not in (-signal.SIGKILL, 128 + signal.SIGKILL):
            return False, []
        with open(log, encoding="utf-8", errors="replace") as lines:
            calls = [line.strip() for line in lines if re.match(r"\d+ +[a-z0-9_]+\(", line)]
        last = calls[-1][:140] if calls else ""
        return True, [f"{command.name}: killed at {call} {number}: {text} [{last}]"
                      for text in after(world, command, inner)]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def at_time(world, command, seconds):
    folder = tempfile.mkdtemp(dir=world.top)
    try:
        inner = world.stage(command, os.path.join(folder, "w"))
        with open(os.path.join(inner, command.stdin) if command.stdin else os.devnull, "rb") as stdin:
            process = subprocess.Popen([world.tool, *command.words, "-T2"], cwd=inner, stdin=stdin,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=world.environment)
            # The time is the random part; nothing is synchronised by it.
            time.sleep(seconds)
            process.kill()
            process.wait()
        killed = process.returncode == -signal.SIGKILL
        return killed, [f"{command.name}: killed after {seconds * 1e3:.2f} ms: {text}"
                        for text in after(world, command, inner)]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run(world, commands, quick, seed, pool, report):
    quick_names = ("compress-rm", "create-resume", "extract")
    chosen = [c for c in commands if c.name in (quick_names if quick else NAMES)]
    for command in chosen:
        world.baseline(command)
        folder = tempfile.mkdtemp(dir=world.top)
        before, total = injected.calls_before_own(world, command, world.stage(command, os.path.join(folder, "w")))
        shutil.rmtree(folder, ignore_errors=True)
        for call in QUICK_CALLS if quick else CALLS:
            number, done = before.get(call, 0) + 1, call not in total
            while not done:
                for hit, wrong in pool.map(lambda n: at_call(world, command, call, n), range(number, number + 4)):
                    if hit:
                        report.add("killed at a call", command.name, wrong)
                    else:
                        done = True
                number += 4
                done = done or quick or number > 2000
        source = random.Random(f"{seed} {command.name}")
        span = duration(world, command)
        jobs = [source.uniform(0, span * 1.1) for _ in range(5 if quick else 200)]
        hits = 0
        for hit, wrong in pool.map(lambda s: at_time(world, command, s), jobs):
            hits += hit
            report.add("killed at a time", command.name, wrong)
        report.count(f"kills in time of {command.name}", hits)


def duration(world, command):
    folder = tempfile.mkdtemp(dir=world.top)
    try:
        inner = world.stage(command, os.path.join(folder, "w"))
        start = time.monotonic()
        world.run([*command.words, "-T2"], inner, command.stdin)
        return time.monotonic() - start
    finally:
        shutil.rmtree(folder, ignore_errors=True)
