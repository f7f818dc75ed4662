#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""S2 beside the Go library: each file and level by both in turn, ratios of MB/s of CPU time, and of sizes.

usage: s2.py PEER [--mode block|stream] [--sizes 1M,64K,4M] [--levels fast,better,best] [--runs N] FILE...

PEER is a program that takes -mode, -levels, -bs, -n, -conc and a file, and prints JSON lines with file, level, out,
enc_cpu_mbps and dec_cpu_mbps.
"""

import argparse
import json
import math
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
UNITS = {"K": 1 << 10, "M": 1 << 20}


def last_line(command):
    result = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(result.stdout.strip().splitlines()[-1])


def geometric_mean(values):
    return math.exp(sum(map(math.log, values)) / len(values))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("peer")
    parser.add_argument("files", nargs="+")
    parser.add_argument("--mode", default="block", choices=["block", "stream"])
    parser.add_argument("--sizes", default="1M")
    parser.add_argument("--levels", default="fast,better,best")
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    subprocess.run(["swift", "build", "-c", "release", "--package-path", HERE, "--product", "s2-bench"],
                   check=True, stdout=sys.stderr)
    ours = HERE / ".build/release/s2-bench"
    for size in options.sizes.split(","):
        number = int(size[:-1]) * UNITS[size[-1]]
        means = {}
        for level in options.levels.split(","):
            for file in options.files:
                mine = last_line([ours, options.mode, number, level, options.runs, file])
                peer = last_line([options.peer, "-mode", options.mode, "-levels", level, "-bs", size,
                                  "-n", options.runs, "-conc", 1, file])
                row = [mine[key] / peer[key] for key in ("out", "enc_cpu_mbps", "dec_cpu_mbps")]
                means.setdefault(level, []).append(row)
                print(f"{options.mode} {size:4} {level:7} {mine['file']:10} size {row[0]:.4f}  "
                      f"encode {mine['enc_cpu_mbps']:7.1f} / {peer['enc_cpu_mbps']:7.1f} = {row[1]:.3f}  "
                      f"decode {mine['dec_cpu_mbps']:7.1f} / {peer['dec_cpu_mbps']:7.1f} = {row[2]:.3f}", flush=True)
        for level, rows in means.items():
            size_mean, encode, decode = (geometric_mean(column) for column in zip(*rows))
            print(f"{options.mode} {size:4} {level:7} geometric mean: size {size_mean:.4f}, encode {encode:.3f}, "
                  f"decode {decode:.3f}")


if __name__ == "__main__":
    main()
