#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""Disturbs the built tool from outside and looks at what it leaves: see bin/faults."""

import argparse
import concurrent.futures
import os
import shutil
import sys
import tempfile
import threading
import time

import injected
import kills
import places
import sandbox


class Report:
    """Counts runs and keeps what was wrong."""

    def __init__(self):
        self.lock, self.runs, self.kinds, self.wrong, self.notes = threading.Lock(), {}, {}, [], []

    def add(self, part, name, wrong):
        with self.lock:
            self.runs.setdefault(part, {}).setdefault(name, [0, 0])
            self.runs[part][name][0] += 1
            self.runs[part][name][1] += bool(wrong)
            for text in wrong:
                if len(self.wrong) < 500:
                    self.wrong.append(text)
                    print(f"faults: {text}", flush=True)

    def count(self, kind, times=1):
        with self.lock:
            self.kinds[kind] = self.kinds.get(kind, 0) + times

    def skip(self, what):
        self.notes.append(what)
        print(f"faults: skipped: {what}", flush=True)

    def print(self, seconds):
        for part, names in self.runs.items():
            total = sum(runs for runs, _ in names.values())
            bad = sum(bad for _, bad in names.values())
            print(f"faults: {part}: {total} runs, {bad} wrong")
            for name, (runs, wrong) in names.items():
                print(f"faults:   {name:28} {runs:6} runs {wrong:4} wrong")
        if self.kinds:
            print("faults: by kind: " + ", ".join(f"{kind} {count}" for kind, count in sorted(self.kinds.items())))
        total = sum(runs for names in self.runs.values() for runs, _ in names.values())
        print(f"faults: {total} runs, {len(self.wrong)} findings, {seconds:.0f} s")


def main():
    parser = argparse.ArgumentParser(prog="bin/faults", description=__doc__)
    parser.add_argument("--tool", required=True, help="the built tool")
    parser.add_argument("--quick", action="store_true", help="a small selection, always the same")
    parser.add_argument("--command", action="append", help="only this command; may be repeated")
    parser.add_argument("--seed", type=int, default=1, help="of the random times of kills")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("part", nargs="*", choices=["injected", "short", "places", "kills", []], default=[])
    options = parser.parse_args()
    parts = options.part or ["injected", "short", "places", "kills"]
    if not shutil.which("strace"):
        print("faults: there is no strace", file=sys.stderr)
        return 2
    started = time.monotonic()
    report = Report()
    top = tempfile.mkdtemp(prefix="faults-")
    try:
        world = sandbox.World(options.tool, top)
        commands = [c for c in sandbox.COMMANDS if not options.command or c.name in options.command]
        with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
            if "injected" in parts:
                if options.quick:
                    chosen = [c for c in commands if c.name in injected.QUICK]
                    injected.run(world, chosen, lambda c: injected.QUICK[c.name], pool, report)
                else:
                    injected.run(world, commands, lambda c: injected.FAULTS, pool, report)
            if "short" in parts:
                places.short_calls(world, commands, options.quick, pool, report)
            if "places" in parts:
                places.run(world, commands, options.quick, report)
            if "kills" in parts:
                kills.run(world, commands, options.quick, options.seed, pool, report)
        if world.digest(world.inputs) != world.seal:
            report.add("inputs", "unchanged", ["a source was changed"])
    finally:
        shutil.rmtree(top, ignore_errors=True)
    report.print(time.monotonic() - started)
    return 1 if report.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
