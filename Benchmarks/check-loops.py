#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Looks at the machine code of the hot loops: whether the compiler has put reference counting, exclusivity checks or traps
into them.

usage: check-loops.py PROGRAM      a release build that contains CodecKit, such as .build/release/archivetool

A loop is what lies between a backward jump and its target; a jump out of it to a trap counts as one inside. Fails when a loop of a function below holds what it must not,
or when a function is not found.
"""

import re
import subprocess
import sys

FUNCTIONS = {
    "S2 decoder": r"S2BlockDecoder\.\(runFast ",
    "S2 fast": r"S2FastEncoder\.(\(encode |encode\()",
    "S2 better": r"S2BetterEncoder\.(\(encode |encode\()",
    "S2 best": r"S2BestEncoder\.(\(findWays |encode\()",
}
FORBIDDEN = re.compile(
    r"\bud2\b|swift_(retain|release|bridgeObject|beginAccess|endAccess|isUniquelyReferenced|once|alloc|dealloc)")
LINE = re.compile(r"^\s*([0-9a-f]+):\s+(.*)$")
JUMP = re.compile(r"^j\w+\s+([0-9a-f]+)\b")


def functions(program):
    """The functions of a program: name, and lines of (address, instruction)."""
    dump = subprocess.Popen(["objdump", "-d", "--no-show-raw-insn", program], stdout=subprocess.PIPE)
    names = subprocess.Popen(["swift-demangle"], stdin=dump.stdout, stdout=subprocess.PIPE, text=True)
    name, lines = None, []
    for line in names.stdout:
        if line.endswith(">:\n"):
            if name:
                yield name, lines
            name, lines = line.split("<", 1)[1][:-3], []
        elif match := LINE.match(line):
            lines.append((int(match[1], 16), match[2]))
    if name:
        yield name, lines


def in_loops(lines):
    """The instructions that lie in a loop."""
    first = lines[0][0] if lines else 0
    ranges = []
    for address, text in lines:
        if (match := JUMP.match(text)) and first <= int(match[1], 16) < address:
            ranges.append((int(match[1], 16), address))
    return [(address, text) for address, text in lines if any(low <= address <= high for low, high in ranges)]


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    found = dict.fromkeys(FUNCTIONS, 0)
    failures = 0
    for name, lines in functions(sys.argv[1]):
        for title, pattern in FUNCTIONS.items():
            if not re.search(pattern, name):
                continue
            found[title] += 1
            loop = in_loops(lines)
            traps = {address for address, text in lines if text.startswith("ud2")}
            bad = [(address, text) for address, text in loop
                   if FORBIDDEN.search(text) or (match := JUMP.match(text)) and int(match[1], 16) in traps]
            calls = sum("call" in text for _, text in loop)
            print(f"{title}: {len(lines)} instructions, {len(loop)} in loops, {calls} calls, {len(bad)} forbidden")
            for address, text in bad:
                print(f"  {address:x}: {text}")
            failures += len(bad)
    for title, count in found.items():
        if count == 0:
            print(f"{title}: not found")
            failures += 1
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
