# SPDX-License-Identifier: Apache-2.0

"""A table of what the tests reach, out of what llvm-cov exports."""

import json
import os
import sys

# The parts that have a gate of their own: share of lines, share of regions.
PARTS = [
    ("decoders and parsers", 98, 95, (
        "Sources/CodecKit/Codecs/", "Sources/CodecKit/Chunks/", "Sources/CodecKit/Salvage/",
        "Sources/CodecKit/Inspection/", "Sources/ArchiveKit/Format/", "Sources/ArchiveKit/Reading/",
        "Sources/ArchiveKit/Tar/", "Sources/TextFormats/")),
    ("SystemIO", 95, 0, ("Sources/SystemIO/",)),
    ("library", 92, 0, ("Sources/CodecKit/", "Sources/ArchiveKit/", "Sources/BackupKit/", "Sources/SystemIO/",
                        "Sources/TextFormats/")),
    ("tool", 85, 0, ("Sources/archivetool/", "Sources/CommandLineKit/")),
]


def share(files, what):
    count = sum(file["summary"][what]["count"] for file in files)
    covered = sum(file["summary"][what]["covered"] for file in files)
    return count, covered, 100 * covered / count if count else 100


def row(name, files, note=""):
    lines, regions = share(files, "lines"), share(files, "regions")
    print(f"{name:32} {lines[0]:7} {lines[2]:6.1f} % {regions[0]:8} {regions[2]:6.1f} %  {note}")


def main():
    root = os.path.join(os.path.abspath(sys.argv[1]), "")
    files = []
    for file in json.load(sys.stdin)["data"][0]["files"]:
        if file["filename"].startswith(root + "Sources/"):
            file["name"] = file["filename"][len(root):]
            files.append(file)
    print(f"{'':32} {'lines':>7} {'reached':>8} {'regions':>8} {'reached':>8}")
    if len(sys.argv) > 2:
        chosen = [file for file in files if file["name"].startswith(f"Sources/{sys.argv[2]}/")]
        missing = lambda file: file["summary"]["lines"]["count"] - file["summary"]["lines"]["covered"]
        for file in sorted(chosen, key=missing, reverse=True):
            if missing(file):
                row(os.path.basename(file["name"])[:32], [file], f"{missing(file)} lines not")
        return 0
    for module in sorted({file["name"].split("/")[1] for file in files}):
        row(module, [file for file in files if file["name"].startswith(f"Sources/{module}/")])
    for name, lines, regions, folders in PARTS:
        chosen = [file for file in files if file["name"].startswith(folders)]
        found = (share(chosen, "lines")[2], share(chosen, "regions")[2])
        verdict = "reached" if found[0] >= lines and found[1] >= regions else "NOT reached"
        row(name, chosen, f"gate {lines} % of lines{f', {regions} % of regions' if regions else ''}: {verdict}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
