# SPDX-License-Identifier: Apache-2.0
"""Whole programs: archivetool beside the tools that people have, on the same file, in turns.

Definitions: definitions/tool.json. A case is measured on {input}, or on {packed}, which `packed_by` makes of it. Its output is
counted once, for its size, and discarded in the runs that are timed.
"""
import os
import shutil
import subprocess

from . import processes


def fill(words, tool, source, packed):
    """A command with the places of its files in it."""
    words = [tool if word == "archivetool" else word for word in words]
    return [word.replace("{input}", source).replace("{packed}", packed) for word in words]


def shown(words, tool, source, packed):
    """The command as a reader would type it."""
    text = " ".join("archivetool" if word == tool else word for word in words)
    return text.replace(source, "INPUT").replace(packed, "PACKED")


def measure(case, tool, corpus, folder, runs):
    """One case: figures of both, or why it was left out."""
    result = {"name": case["name"]}
    for command in [case["peer"], case.get("packed_by", ["archivetool"])]:
        if command[0] != "archivetool" and shutil.which(command[0]) is None:
            return {**result, "skipped": f"{command[0]} is not installed"}
    source = corpus.repeated(folder, case["size"]) if "size" in case else corpus.path
    packed = os.path.join(folder, "packed")
    if "packed_by" in case:
        with open(packed, "wb") as out:
            command = fill(case["packed_by"], tool, source, packed)
            subprocess.run(command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.DEVNULL, check=True)
    ours = [tool] + fill(case["ours"], tool, source, packed)
    peer = fill(case["peer"], tool, source, packed)
    sizes = [processes.run(command, counted=True).size for command in (ours, peer)]
    if "packed_by" in case and sizes[0] != os.path.getsize(source):
        raise processes.Failed(f"{case['name']}: {sizes[0]} bytes came back of {os.path.getsize(source)}")
    if "packed_by" not in case:
        check_round_trip(case["name"], ours, tool, source)
    pairs = [(processes.run(ours), processes.run(peer)) for _ in range(runs)]
    result |= {
        "ours": shown(ours, tool, source, packed), "peer": shown(peer, tool, source, packed), "runs": runs,
        "bytes": os.path.getsize(source),
        "cpu": processes.figure([a.cpu for a, _ in pairs], [b.cpu for _, b in pairs]),
        "wall": processes.figure([a.wall for a, _ in pairs], [b.wall for _, b in pairs]),
        "memory": processes.plain(max(a.memory for a, _ in pairs), max(b.memory for _, b in pairs)),
    }
    if "packed_by" not in case:
        result["size"] = processes.plain(*sizes)
    else:
        result["packed_by"] = shown(fill(case["packed_by"], tool, source, packed), tool, source, packed)
    return result


def check_round_trip(name, command, tool, source):
    """What was compressed must come back byte by byte."""
    packer = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    opener = subprocess.Popen([tool, "cat", "-q", "-"], stdin=packer.stdout, stdout=subprocess.PIPE)
    packer.stdout.close()
    compared = subprocess.run(["cmp", "-s", "-", source], stdin=opener.stdout, check=False)
    opener.stdout.close()
    if compared.returncode != 0 or opener.wait() != 0 or packer.wait() != 0:
        raise processes.Failed(f"{name}: what comes back is not what went in")


def above(result, limits):
    """What is more than the thresholds of thresholds/tool.json: reported, never a test, because machines differ."""
    if "skipped" in result:
        return []
    values = {key: result[key]["ratio"] for key in ("cpu", "wall", "size") if key in result}
    values |= {"memory": result["memory"]["ours"] / 2**20, "memory_ratio": result["memory"]["ratio"]}
    return [f"{key} {values[key]:.3f} > {limit}" for key, limit in limits.items() if values.get(key, 0) > limit]


def run(definitions, context, limits):
    """All cases that were asked for."""
    results = []
    for case in definitions["cases"]:
        if not context.wants(case):
            continue
        result = measure(case, context.tool, context.corpus, context.folder, context.runs)
        result["above"] = above(result, limits.get(case["name"], {}))
        results.append(result)
        context.tell(result)
    return results
