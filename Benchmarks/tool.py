#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Times archivetool beside the tools that people have, as whole processes.

Both commands of a case run in turn, A B A B, with their output discarded; the figures are the system's own accounting
of each finished process. A case whose peer is not installed is left out with a line. The result is a table, and a JSON
file with --json. Ratios above their threshold are marked; the status stays 0, because machines differ.
"""
import argparse
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))


def built_in_mix(path, size):
    """Text, rows, pages and noise, the same bytes on every machine."""
    rng = random.Random(20260101)
    words = ["".join(rng.choice("etaoinshrdlucmfwyp") for _ in range(rng.randint(2, 9))) for _ in range(4000)]
    with open(path, "wb") as out:
        written = 0
        while written < size:
            kind = rng.randrange(8)
            if kind < 3:
                piece = " ".join(rng.choices(words, k=20000)).encode()
            elif kind < 5:
                piece = "".join(
                    f"{n},{rng.choice(words)},{rng.randrange(10**6)},{rng.random():.4f}\n" for n in range(6000)
                ).encode()
            elif kind < 7:
                row = rng.randbytes(64)
                piece = b"".join(
                    n.to_bytes(8, "little") + row[: rng.randrange(8, 64)] + bytes(rng.randrange(64))
                    for n in range(2500)
                )
            else:
                piece = rng.randbytes(100_000)
            out.write(piece)
            written += len(piece)


def run(command, counted=False):
    """CPU seconds, peak memory in MiB, output size and wall seconds of one process."""
    size = 0
    start = time.monotonic()
    if counted:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        while True:
            piece = process.stdout.read(1 << 20)
            if not piece:
                break
            size += len(piece)
        process.stdout.close()
    else:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} ended with status {process.returncode}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, size, wall


def measure(case, tool, source, folder, runs, limits):
    peer_name = case["peer"][0]
    if peer_name == "archivetool":
        peer_name = tool
    if shutil.which(peer_name) is None:
        return {"name": case["name"], "skipped": f"{peer_name} is not installed"}
    packed = os.path.join(folder, "packed")

    def fill(words):
        words = [tool if word == "archivetool" else word for word in words]
        return [word.replace("{input}", source).replace("{packed}", packed) for word in words]

    if "packed_by" in case:
        with open(packed, "wb") as out:
            subprocess.run(fill(case["packed_by"]), stdout=out, stderr=subprocess.DEVNULL, check=True)
    ours, peer = [tool] + fill(case["ours"]), fill(case["peer"])
    our_size, peer_size = run(ours, counted=True)[2], run(peer, counted=True)[2]
    a, b = [], []
    for _ in range(runs):
        a.append(run(ours))
        b.append(run(peer))
    ratios = sorted(x[0] / y[0] for x, y in zip(a, b))
    wall_ratios = sorted(x[3] / y[3] for x, y in zip(a, b))
    result = {
        "name": case["name"],
        "peer": peer_name,
        "cpu": statistics.median(x[0] for x in a),
        "peer_cpu": statistics.median(x[0] for x in b),
        "cpu_ratio": statistics.median(ratios),
        "cpu_ratio_spread": [ratios[0], ratios[-1]],
        "wall": statistics.median(x[3] for x in a),
        "peer_wall": statistics.median(x[3] for x in b),
        "wall_ratio": statistics.median(wall_ratios),
        "wall_ratio_spread": [wall_ratios[0], wall_ratios[-1]],
        "memory": max(x[1] for x in a),
        "peer_memory": max(x[1] for x in b),
        "size": our_size,
        "memory_ratio": max(x[1] for x in a) / max(x[1] for x in b),
        "peer_size": peer_size,
        "size_ratio": our_size / peer_size if peer_size else 1.0,
    }
    limit = limits.get(case["name"], {})
    result["above"] = [
        f"{key} {value:.3f} > {limit[key]}"
        for key, value in (
            ("cpu", result["cpu_ratio"]), ("wall", result["wall_ratio"]), ("size", result["size_ratio"]),
            ("memory", result["memory"]), ("memory_ratio", result["memory_ratio"]))
        if key in limit and value > limit[key]
    ]
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tool", default=os.path.join(HERE, "..", "bin", "archivetool"), help="the binary to time")
    parser.add_argument("--input", help="file to work on; a built-in mix of 64 MiB by default")
    parser.add_argument("--runs", type=int, default=5, help="counted pairs of runs")
    parser.add_argument("--case", action="append", default=[], help="only cases whose name contains this")
    parser.add_argument("--json", help="write the results to this file")
    arguments = parser.parse_args()
    with open(os.path.join(HERE, "definitions", "tool.json")) as file:
        cases = json.load(file)["cases"]
    with open(os.path.join(HERE, "thresholds", "tool.json")) as file:
        limits = json.load(file)
    results = []
    with tempfile.TemporaryDirectory() as folder:
        source = arguments.input
        if source is None:
            source = os.path.join(folder, "mix")
            built_in_mix(source, 64 << 20)
        print(f"input {os.path.getsize(source)} bytes, {arguments.runs} pairs of runs, output discarded")
        print(
            f"{'case':36} {'CPU s':>7} {'peer':>7} {'ratio':>6} {'spread':>13} {'wall':>7} {'peer':>7} {'ratio':>6} "
            f"{'spread':>13} {'size':>7} {'MiB':>6} {'peer':>6}")
        for case in cases:
            if arguments.case and not any(word in case["name"] for word in arguments.case):
                continue
            result = measure(case, arguments.tool, source, folder, arguments.runs, limits)
            results.append(result)
            if "skipped" in result:
                print(f"{result['name']:36} left out: {result['skipped']}")
                continue
            low, high = result["cpu_ratio_spread"]
            fast, slow = result["wall_ratio_spread"]
            print(
                f"{result['name']:36} {result['cpu']:7.3f} {result['peer_cpu']:7.3f} {result['cpu_ratio']:6.3f} "
                f"{low:6.3f}-{high:5.3f}  {result['wall']:7.3f} {result['peer_wall']:7.3f} {result['wall_ratio']:6.3f} "
                f"{fast:6.3f}-{slow:5.3f}  {result['size_ratio']:7.4f} {result['memory']:6.1f} "
                f"{result['peer_memory']:6.1f}{'  above: ' + ', '.join(result['above']) if result['above'] else ''}",
                flush=True,
            )
    if arguments.json:
        with open(arguments.json, "w") as file:
            json.dump({"input_bytes": None if arguments.input is None else os.path.getsize(arguments.input),
                       "runs": arguments.runs, "results": results}, file, indent=1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
