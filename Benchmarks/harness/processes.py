# SPDX-License-Identifier: Apache-2.0
"""Whole processes: their time by the clock and by processor, their peak memory, the size of what they write."""
import os
import statistics
import subprocess
import time


class Failed(Exception):
    """A command that did not end well: its figures mean nothing, and the run fails."""


class Sample:
    """What the system says of one finished process and of the processes that it waited for."""

    def __init__(self, wall, usage, size):
        self.wall = wall
        self.cpu = usage.ru_utime + usage.ru_stime
        self.memory = usage.ru_maxrss * 1024
        self.size = size


def run(command, shell=False, feed=None, counted=False, folder=None, environment=None):
    """Runs a command with its output discarded, or counted; a shell line when `shell` is set."""
    words = ["sh", "-c", command] if shell else command
    start = time.monotonic()
    process = subprocess.Popen(
        words, stdin=feed or subprocess.DEVNULL, stdout=subprocess.PIPE if counted else subprocess.DEVNULL,
        stderr=subprocess.PIPE, cwd=folder, env=environment)
    size = 0
    if counted:
        while piece := process.stdout.read(1 << 20):
            size += len(piece)
        process.stdout.close()
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - start
    process.stderr.close()
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        line = " ".join(words) if not shell else command
        last = errors.decode(errors="replace").strip().splitlines()[-1:] or [""]
        raise Failed(f"{line} ended with status {process.returncode}: {last[0]}")
    return Sample(wall, usage, size)


def spread(values):
    """How far values lie from their median at most, as a share of it; with many, all but the farthest tenth."""
    middle = statistics.median(values)
    if len(values) < 3 or middle <= 0:
        return 0.0
    distances = sorted(abs(value - middle) / middle for value in values)
    return distances[max(0, int(len(distances) * 0.9 + 0.5) - 1)]


def figure(ours, theirs, digits=4):
    """Medians of both, and the median of the ratios of pairs that ran one after the other."""
    ratios = [a / b for a, b in zip(ours, theirs) if b > 0]
    return {
        "ours": round(statistics.median(ours), digits),
        "peer": round(statistics.median(theirs), digits),
        "ratio": round(statistics.median(ratios), 4) if ratios else None,
        "spread": round(max(spread(ours), spread(theirs)), 4),
    }


def plain(ours, theirs):
    """Two numbers that do not vary, such as sizes."""
    return {"ours": ours, "peer": theirs, "ratio": round(ours / theirs, 4) if theirs else None}
