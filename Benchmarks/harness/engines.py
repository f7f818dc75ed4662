# SPDX-License-Identifier: Apache-2.0
"""Codecs inside one process: beside the C libraries, beside the Go library for S2, and QuickLZ beside its C reference.

Definitions: definitions/engines.json. The programs are those of the package in this folder, and peers/s2-peer.
"""
import json
import math
import os
import shutil
import subprocess

from . import processes
from .processes import program

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
GO_PATH = "/usr/share/gocode"


def lines(command):
    """The JSON lines that a program prints."""
    result = subprocess.run(
        [str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=False)
    if result.returncode != 0:
        raise processes.Failed(f"{' '.join(map(str, command))} ended with status {result.returncode}")
    return [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]


def geometric_mean(values):
    return math.exp(sum(map(math.log, values)) / len(values))


def ratios(by_file):
    """Ratios of speed, file by file: above 1 is faster than the peer."""
    worst = min(by_file, key=by_file.get)
    return {
        "mean": round(geometric_mean(list(by_file.values())), 4), "lowest": round(by_file[worst], 4),
        "lowest_file": worst, "files": {name: round(value, 4) for name, value in by_file.items()},
    }


def libraries(definition, context):
    """Each codec through its stream, beside the C library called directly on the same bytes."""
    command = [
        program("codec-bench"), "--json", context.corpus.path, context.runs, "--definitions",
        os.path.join(HERE, "definitions", "libraries.json"),
    ]
    results = []
    for line in lines(command):
        result = {
            "name": f"library {line['spec']}", "ours": line["spec"], "peer": line["about"], "runs": context.runs,
            "compress": {"ours": line["compress"], "peer": line["peerCompress"],
                         "ratio": round(line["compress"] / line["peerCompress"], 4)},
            "decompress": {"ours": line["decompress"], "peer": line["peerDecompress"],
                           "ratio": round(line["decompress"] / line["peerDecompress"], 4)},
            "size": {"ratio": round(line["size"], 4)},
        }
        results.append(result)
        context.tell(result)
    return results


def go_peer(context):
    """Builds the program that calls the Go library; why not, when that is impossible."""
    go = shutil.which("go")
    if go is None:
        return None, "go is not installed"
    if not os.path.isdir(os.path.join(GO_PATH, "src/github.com/klauspost/compress/s2")):
        return None, "golang-github-klauspost-compress-dev is not installed"
    path = os.path.join(context.folder, "s2-peer")
    environment = {**os.environ, "GO111MODULE": "off", "GOPATH": GO_PATH, "GOFLAGS": "",
                   "GOCACHE": os.path.join(context.folder, "go-cache")}
    built = subprocess.run(
        [go, "build", "-o", path, "."], cwd=os.path.join(HERE, "peers", "s2-peer"), env=environment,
        capture_output=True, text=True, check=False)
    if built.returncode != 0:
        return None, f"go could not build the peer: {built.stderr.strip().splitlines()[-1:]}"
    return path, None


def s2(definition, context):
    """Blocks at each level, one thread, CPU time, the same pieces by both, file after file in turns."""
    chosen = files(definition["files"], context)
    if not chosen:
        return skipped("S2", definition["levels"], "none of its files is in the corpus", context)
    peer, reason = go_peer(context)
    if peer is None:
        return skipped("S2", definition["levels"], reason, context)
    results = []
    for level in definition["levels"]:
        figures = {"encode": {}, "decode": {}, "size": {}}
        sizes = [0, 0]
        for path in chosen:
            ours = [program("s2-bench"), "block", definition["block"], level, definition["runs"], path]
            theirs = [peer, level, str(definition["block"]), str(definition["runs"]), path]
            mine, other = lines(ours)[0], lines(theirs)[0]
            name = os.path.basename(path)
            figures["encode"][name] = mine["enc_cpu_mbps"] / other["enc_cpu_mbps"]
            figures["decode"][name] = mine["dec_cpu_mbps"] / other["dec_cpu_mbps"]
            figures["size"][name] = mine["out"] / other["out"]
            sizes[0] += mine["out"]
            sizes[1] += other["out"]
        result = {
            "name": f"S2 {level}", "ours": "s2-bench " + " ".join(map(str, ours[1:-1])) + " FILE",
            "peer": "s2-peer " + " ".join(theirs[1:-1]) + " FILE", "runs": definition["runs"],
            "encode": ratios(figures["encode"]), "decode": ratios(figures["decode"]),
            "size": {**processes.plain(*sizes), "files": {k: round(v, 4) for k, v in figures["size"].items()}},
        }
        results.append(result)
        context.tell(result)
    return results


def quicklz(definition, context):
    """Packets of 64 KiB beside libsnappy in turn, and so beside the reference, whose share of libsnappy's speed is known."""
    chosen = files(definition["files"], context)
    if not chosen:
        return skipped("QuickLZ", definition["levels"], "none of its files is in the corpus", context)
    rows = [line for line in lines([program("quicklz-bench"), "--json", *chosen]) if "encode" in line]
    results = []
    for level in definition["levels"]:
        own = [row for row in rows if row["level"] == level]
        result = {
            "name": f"QuickLZ {level}", "ours": "quicklz-bench FILE…",
            "peer": "C reference, by its known share of libsnappy's speed", "runs": 7,
            "encode": ratios({row["file"]: row["encode"] for row in own}),
            "decode": ratios({row["file"]: row["decode"] for row in own}),
            "ratio": ratios({row["file"]: row["ratio"] for row in own}),
        }
        results.append(result)
        context.tell(result)
    return results


def files(names, context):
    """Files of the corpus by their names."""
    return [path for name in names for path in context.corpus.files if os.path.basename(path) == name]


def skipped(name, levels, reason, context):
    results = [{"name": f"{name} {level}", "skipped": reason} for level in levels]
    for result in results:
        context.tell(result)
    return results


def run(definitions, context):
    """All parts that were asked for."""
    results = []
    for part, function in (("libraries", libraries), ("s2", s2), ("quicklz", quicklz)):
        definition = definitions[part]
        if context.wants({"name": part, **definition}):
            results += function(definition, context)
    return results
