# SPDX-License-Identifier: Apache-2.0
"""Gates that a busy machine does not move: instructions and allocations for each byte or file, counted by valgrind.

Definitions: definitions/gates.json; thresholds: thresholds/gates.json. Each case runs twice, on a small and on a large input;
the difference is what the additional bytes or files cost, without the start of the program. A case fails when it costs
more than its threshold and the tolerance. Counts depend on the libraries and on what the processor can do: where these
are not those of the thresholds, figures are shown and fail nothing.
"""
import concurrent.futures
import json
import os
import platform
import re
import shutil
import subprocess
import tempfile
import time

from . import corpus, machine, processes

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
DEFINITIONS = os.path.join(HERE, "definitions", "gates.json")
THRESHOLDS = os.path.join(HERE, "thresholds", "gates.json")
ALLOCATORS = {"malloc", "calloc", "realloc", "posix_memalign", "aligned_alloc", "memalign"}
# A few allocations more or less are buffers that happen to grow at another moment; one for each block of a codec is more.
SLACK = {"allocations_per_mib": 2.5, "allocations_per_file": 0.5}
CALLED = re.compile(r"^cfn=\((\d+)\)(?: (.*))?$")
NAMED = re.compile(r"^fn=\((\d+)\)(?: (.*))?$")


def count(command, profile):
    """Instructions and allocations of one run."""
    result = subprocess.run(
        ["valgrind", "--tool=callgrind", f"--callgrind-out-file={profile}", *command], stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    if result.returncode != 0:
        raise processes.Failed(f"{' '.join(command)} ended with status {result.returncode}: {result.stderr[-300:]}")
    with open(profile, encoding="utf-8", errors="replace") as file:
        return parse(file)


def parse(lines):
    """The sum of all costs, and how often a function that allocates was called."""
    names, current, total, allocations = {}, None, 0, 0
    for line in lines:
        if match := CALLED.match(line) or NAMED.match(line):
            if match[2]:
                names[match[1]] = match[2].split("'")[0]
            if line.startswith("cfn="):
                current = names.get(match[1])
        elif line.startswith("calls=") and current in ALLOCATORS:
            allocations += int(line[6:].split()[0])
        elif line.startswith(("totals:", "summary:")):
            total = int(line.split()[1])
    return total, allocations


def conditions(tool):
    """What the counts depend on besides the source."""
    result = subprocess.run([tool, "version", "-v"], capture_output=True, text=True, check=True)
    libraries = {}
    for line in result.stdout.splitlines()[1:]:
        if len(words := line.split()) == 2:
            libraries[words[0]] = words[1]
    flags = re.search(r"^flags\s*:\s*(.*)$", machine.text("/proc/cpuinfo"), re.MULTILINE)
    known = set(flags[1].split()) if flags else set()
    return {"architecture": platform.machine(), "avx2": "avx2" in known, "sha": "sha_ni" in known,
            "valgrind": machine.version(["valgrind", "--version"]), "libraries": libraries}


class Inputs:
    """The inputs of all cases, each made once."""

    def __init__(self, folder, tool):
        self.folder, self.tool = folder, tool
        self.base = None

    def plain(self, size):
        path = os.path.join(self.folder, f"plain-{size}")
        if not os.path.exists(path):
            if self.base is None:
                self.base = os.path.join(self.folder, "base")
                corpus.mix(self.base, 8 << 20)
            with open(self.base, "rb") as file, open(path, "wb") as out:
                out.write(file.read(size))
        return path

    def packed(self, words, size):
        path = os.path.join(self.folder, "packed-" + "".join(filter(str.isalnum, "".join(words))) + f"-{size}")
        if not os.path.exists(path):
            with open(path, "wb") as out:
                words = [word.replace("{input}", self.plain(size)) for word in words]
                subprocess.run([self.tool, *words], stdin=subprocess.DEVNULL, stdout=out, check=True)
        return path

    def files(self, number):
        """So many small files, no two alike."""
        path = os.path.join(self.folder, f"files-{number}")
        if not os.path.exists(path):
            for index in range(number):
                folder = os.path.join(path, f"d{index // 100:03}")
                os.makedirs(folder, exist_ok=True)
                with open(os.path.join(folder, f"f{index % 100:03}"), "w", encoding="ascii") as file:
                    file.write(f"{index:08} " * (index % 90 + 10))
        return path

    def archived(self, number):
        path = os.path.join(self.folder, f"files-{number}.cka")
        if not os.path.exists(path):
            self.files(number)
            # What has just been written is read again by the next increment.
            time.sleep(2.1)
            subprocess.run([self.tool, "create", "-q", "-o", path, "-C", self.files(number), "."], check=True)
        return path

    def prepare(self, case, size):
        """The command of a case with its input in place."""
        values = {"{out}": os.path.join(self.folder, f"{case['name']}-{size}".replace(" ", "-"))}
        if case["unit"] == "byte":
            if "packed_by" in case:
                values["{input}"] = self.packed(case["packed_by"], size)
            else:
                values["{input}"] = self.plain(size)
        else:
            values["{input}"] = self.files(size)
            if any("{archive}" in word for word in case["command"]):
                values["{archive}"] = self.archived(size)
        os.makedirs(values["{out}"], exist_ok=True)
        words = []
        for word in case["command"]:
            for key, value in values.items():
                word = word.replace(key, value)
            words.append(word)
        return [self.tool, *words]


def measure(definitions, tool, wanted):
    """All cases, two runs each, as many at once as there are cores."""
    with tempfile.TemporaryDirectory() as folder:
        inputs = Inputs(folder, tool)
        cases = [case for case in definitions["cases"] if not wanted or any(word in case["name"] for word in wanted)]
        work = []
        for number, case in enumerate(cases):
            for key in ("small", "large"):
                command = inputs.prepare(case, case[key])
                work.append((command, os.path.join(folder, f"profile-{number}-{key}")))
        with concurrent.futures.ThreadPoolExecutor(machine.describe()["cores"]) as pool:
            counts = list(pool.map(lambda job: count(*job), work))
    results = {}
    for number, case in enumerate(cases):
        (small, few), (large, many) = counts[2 * number:2 * number + 2]
        more = case["large"] - case["small"]
        each = {"instructions_per_" + case["unit"]: round((large - small) / more, 3)}
        if case["unit"] == "byte":
            each["allocations_per_mib"] = round((many - few) * 2**20 / more, 2)
        else:
            each["allocations_per_file"] = round((many - few) / more, 2)
        results[case["name"]] = each
    return results


def judge(results, thresholds):
    """Lines of what costs too much, and of what costs so much less that the threshold should say so."""
    worse, better = [], []
    for name, figures in results.items():
        limits = thresholds["cases"].get(name)
        if limits is None:
            worse.append(f"{name}: has no threshold; --update writes one")
            continue
        for key, value in figures.items():
            limit = limits.get(key, 0)
            room = limit * thresholds["tolerance"] + SLACK.get(key, 0)
            if value > limit + room:
                worse.append(f"{name}: {key.replace('_', ' ')}: {value:g}, threshold {limit:g} "
                             f"(+{thresholds['tolerance']:.0%})")
            elif value < limit - 2 * room - SLACK.get(key, 0):
                better.append(f"{name}: {key.replace('_', ' ')}: {value:g}, threshold {limit:g}: --update lowers it")
    return worse, better


def run(options):
    """The command; its status."""
    if shutil.which("valgrind") is None:
        print("gates: left out: valgrind is not installed")
        return 0
    with open(DEFINITIONS, encoding="utf-8") as file:
        definitions = json.load(file)
    with open(THRESHOLDS, encoding="utf-8") as file:
        thresholds = json.load(file)
    results = measure(definitions, options.tool, options.case)
    for name, figures in results.items():
        print(f"{name:34} " + ", ".join(f"{value:g} {key.replace('_', ' ')}" for key, value in figures.items()))
    current = conditions(options.tool)
    if options.update:
        thresholds["conditions"] = current
        kept = {} if not options.case else thresholds["cases"]
        thresholds["cases"] = {**kept, **results}
        with open(THRESHOLDS, "w", encoding="utf-8") as file:
            json.dump(thresholds, file, indent=2)
            file.write("\n")
        return 0
    worse, better = judge(results, thresholds)
    for line in better:
        print(f"better: {line}")
    differing = [key for key in current if current[key] != thresholds["conditions"].get(key)]
    for line in worse:
        print(f"{'worse' if not differing else 'not judged'}: {line}")
    if worse and differing:
        print(f"gates: this is not the {', '.join(differing)} of the thresholds: nothing fails for it")
        return 0
    return 1 if worse else 0
