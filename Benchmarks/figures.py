#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures the codecs by definitions/figures.json, and puts table and chart into the pages that show them.

    Benchmarks/figures.py --input FILE_OR_FOLDER

A page shows a figure between the lines <!-- figure NAME --> and <!-- end of figure -->. The chart and the export, with
machine, corpus, versions and date in it, go into the folder that the definition names. A run on a busy machine is shown
and not put in place, unless --busy is given: what is published must have been measured in quiet.
"""
import argparse
import json
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)


def measure(tool, definition, inputs, folder):
    """Runs one definition; the paths of export, table and chart."""
    results = {kind: os.path.join(folder, f"{definition['name']}.{kind}") for kind in ("json", "md", "svg")}
    command = [tool, *definition["arguments"], "-f", "--chart", results["svg"]]
    for kind in ("json", "md"):
        command += ["--export", kind, results[kind]]
    print(" ".join(command + inputs), file=sys.stderr)
    subprocess.run(command + inputs, check=True, cwd=ROOT)
    return results


def without_paths(text, inputs):
    """What is published names no folders of the machine it was measured on."""
    for path in inputs:
        text = text.replace(path, os.path.basename(path.rstrip("/")))
    return text


def place(page, name, block):
    """Puts a block between the lines of a page that are there for it."""
    with open(page, encoding="utf-8") as file:
        text = file.read()
    pattern = re.compile(rf"(<!-- figure {re.escape(name)} -->\n).*?(<!-- end of figure -->)", re.DOTALL)
    replaced, count = pattern.subn(lambda match: match.group(1) + block + match.group(2), text)
    if count != 1:
        sys.exit(f"{page} has {count} places for the figure {name}")
    with open(page, "w", encoding="utf-8") as file:
        file.write(replaced)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--input", action="append", default=[], help="file or folder; without it the built-in mix")
    parser.add_argument("--tool", default=os.path.join(ROOT, "bin", "archivetool"))
    parser.add_argument("--definitions", default=os.path.join(HERE, "definitions", "figures.json"))
    parser.add_argument("--busy", action="store_true", help="put figures in place that a busy machine gave")
    options = parser.parse_args()
    inputs = [os.path.abspath(path) for path in options.input]
    with open(options.definitions, encoding="utf-8") as file:
        figures = json.load(file)["figures"]
    for definition in figures:
        with tempfile.TemporaryDirectory() as scratch:
            results = measure(options.tool, definition, inputs, scratch)
            with open(results["json"], encoding="utf-8") as file:
                report = json.load(file)
            if report["busy"] and not options.busy:
                print(f"{definition['name']}: not put in place: {'; '.join(report['busy_reasons'])}", file=sys.stderr)
                continue
            folder = os.path.join(ROOT, definition["folder"])
            os.makedirs(folder, exist_ok=True)
            texts = {}
            for kind, path in results.items():
                with open(path, encoding="utf-8") as file:
                    texts[kind] = without_paths(file.read(), inputs).replace(scratch + "/", "")
            for kind in ("json", "svg"):
                with open(os.path.join(folder, f"{definition['name']}.{kind}"), "w", encoding="utf-8") as file:
                    file.write(texts[kind])
        page = os.path.join(ROOT, definition["page"])
        chart = os.path.relpath(os.path.join(folder, f"{definition['name']}.svg"), os.path.dirname(page))
        place(page, definition["name"], f"![{definition['caption']}]({chart})\n\n{texts['md']}")
        print(f"{definition['name']}: in {definition['page']}", file=sys.stderr)


if __name__ == "__main__":
    main()
