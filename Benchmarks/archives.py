#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Archives of a tree beside tar and zstd, in turns: ratios of CPU time and wall time, and sizes.

usage: archives.py --tool PATH [--runs N] [--case X]... TREE

Each round runs ours and the peer one after the other; the figures are medians of the ratios of the rounds. The tree should be
like what you back up, and fit into memory, so that the disk has no part in it.

Known and not reached: extraction from a pipe takes 1.4 to 1.9 times the wall time of extraction from a file. What comes through a
pipe is kept until its names come, and the entries of a stretch are written while nothing is read.
"""

import argparse
import os
import pathlib
import shutil
import statistics
import subprocess
import tempfile
import time

TAR = "tar --xattrs --acls -S"


def cases(tool, tree, work):
    """Name, our command, the peer's command, and what must hold (CPU, wall)."""
    ours, peer = work / "a.cka", work / "a.tzst"
    fresh = f"rm -rf {work}/out && mkdir {work}/out"
    return [
        ("create zstd", f"{tool} create -q -f -o {ours} -C {tree} .",
         f"cd {tree} && {TAR} -cf - . | zstd -3 -T2 -q -f -o {peer}", (1.15, 1.0)),
        ("test", f"{tool} test {ours}", f"zstd -qt {peer}", (None, 0.8)),
        ("test --quick", f"{tool} test --quick {ours}", f"zstd -qt {peer}", (None, 0.3)),
        ("extract", f"{fresh} && {tool} extract -q -C {work}/out {ours}",
         f"{fresh} && cd {work}/out && zstd -dcq {peer} | {TAR} --warning=no-timestamp -xpf -", (None, 1.0)),
        ("extract from a pipe", f"{fresh} && cat {ours} | {tool} extract -q -C {work}/out -",
         f"{fresh} && {tool} extract -q -C {work}/out {ours}", (None, None)),
    ]


def timed(command):
    before = os.times()
    start = time.monotonic()
    subprocess.run(["sh", "-c", command], check=False, stdout=subprocess.DEVNULL)
    wall = time.monotonic() - start
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return cpu, wall


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tree", type=pathlib.Path)
    parser.add_argument("--tool", required=True, type=pathlib.Path)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--case", action="append", default=[])
    options = parser.parse_args()
    work = pathlib.Path(tempfile.mkdtemp())
    try:
        print(f"{'':22}{'CPU':>8}{'at most':>9}{'wall':>8}{'at most':>9}")
        for name, ours, peer, bars in cases(options.tool.resolve(), options.tree.resolve(), work):
            if options.case and name not in options.case and name != "create zstd":
                continue
            rounds = [(timed(ours), timed(peer)) for _ in range(options.runs)]
            ratios = [statistics.median(a[i] / max(b[i], 1e-3) for a, b in rounds) for i in (0, 1)]
            columns = [f"{ratio:8.2f}{bar if bar is not None else '-':>9}" for ratio, bar in zip(ratios, bars)]
            print(f"{name:22}{''.join(columns)}", flush=True)
        print(f"size {(work / 'a.cka').stat().st_size} to {(work / 'a.tzst').stat().st_size} bytes")
    finally:
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
