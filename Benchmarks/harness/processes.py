# SPDX-License-Identifier: Apache-2.0
"""Whole processes: their time by the clock and by processor, their peak memory, the size of what they write."""
import os
import statistics
import subprocess
import tempfile

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def program(name):
    """A program of the package in this folder."""
    return os.path.join(HERE, ".build", "release", name)


class Failed(Exception):
    """A command that did not end well: its figures mean nothing, and the run fails."""


class Sample:
    """What a finished process and the processes that it waited for have taken."""

    def __init__(self, text, size):
        wall, cpu, memory = text.split()
        self.wall, self.cpu, self.memory = float(wall), float(cpu), int(memory) * 1024
        self.size = size


def run(command, shell=False, feed=None, target=None, counted=False):
    """Runs a command with its output discarded, counted, or written to a file; a shell line when `shell` is set."""
    words = ["sh", "-c", command] if shell else command
    with tempfile.NamedTemporaryFile("r", encoding="ascii") as report:
        process = subprocess.Popen(
            [program("measure-process"), report.name, *words], stdin=feed or subprocess.DEVNULL,
            stdout=subprocess.PIPE if counted else target or subprocess.DEVNULL, stderr=subprocess.PIPE)
        size = 0
        if counted:
            while piece := process.stdout.read(1 << 20):
                size += len(piece)
            process.stdout.close()
        errors = process.stderr.read()
        process.stderr.close()
        if process.wait() != 0:
            line = command if shell else " ".join(words)
            last = errors.decode(errors="replace").strip().splitlines()[-1:] or [""]
            raise Failed(f"{line} ended with status {process.returncode}: {last[0]}")
        return Sample(report.read(), size)


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
