#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The benchmarks of the project.

    bench.py figures --input PATH...    everything that README.md and Documentation/Performance.md show; some ten minutes
    bench.py growth                     how time and memory grow, up to 10 GB and 1,000,000 files; some twenty minutes
    bench.py gates                      what CI checks: instructions and allocations, which a busy machine does not move
    bench.py service                    the service: lists of 10,000 backups, and a backup meanwhile; some ten minutes
    bench.py pages                      tables and pictures again, from results/*.json

Definitions are in definitions, thresholds in thresholds, results in results. bin/bench builds what is needed first.
"""
import argparse
import datetime
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from harness import archives, chart, engines, gates, growth, machine, pages, service, targets, tool
from harness.corpus import Corpus
from harness.processes import Failed

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
RESULTS = os.path.join(HERE, "results")
FIGURES = os.path.join(ROOT, "Documentation", "figures")
PERFORMANCE = os.path.join(ROOT, "Documentation", "Performance.md")
README = os.path.join(ROOT, "README.md")
PEERS = {
    "zstd": ["zstd", "--version"], "lz4": ["lz4", "--version"], "pigz": ["pigz", "--version"],
    "gzip": ["gzip", "--version"], "igzip": ["igzip", "--version"], "libdeflate-gzip": ["libdeflate-gzip", "-V"],
    "tar": ["tar", "--version"], "borg": ["borg", "--version"], "restic": ["restic", "version"],
    "dar": ["dar", "--version"], "mksquashfs": ["mksquashfs", "-version"], "go": ["go", "version"],
}


class Context:
    """What all parts of a run share."""

    def __init__(self, options, folder):
        self.tool = os.path.abspath(options.tool)
        self.folder = folder
        self.runs = getattr(options, "runs", 5)
        self.named = getattr(options, "case", [])
        self.all = getattr(options, "all", False)
        self.largest = getattr(options, "largest", 0)
        self.most = getattr(options, "most", 0)
        self.tree_size = getattr(options, "tree", 0) << 20
        self.extra = {}

    def wants(self, case):
        """Whether a case is part of this run."""
        if self.named:
            return any(word in case["name"] for word in self.named)
        return self.all or not case.get("more")

    def note(self, text):
        print(text, file=sys.stderr, flush=True)

    def tell(self, result):
        """One line for each result as it comes."""
        if "skipped" in result:
            self.note(f"{result['name']}: left out: {result['skipped']}")
            return
        parts = []
        for key in ("cpu", "wall", "size", "memory", "encode", "decode", "compress", "decompress", "ratio"):
            figure = result.get(key)
            if isinstance(figure, dict):
                value = figure.get("ratio", figure.get("mean"))
                spread = f" ±{figure['spread']:.0%}" if figure.get("spread") else ""
                parts.append(f"{key} {value:.3f}{spread}")
        for key, step in result.get("steps", {}).items():
            parts.append(f"{key} {step['wall']:.2f} s")
        self.note(f"{result['name']:36} {', '.join(parts)}")
        for line in result.get("above", []):
            self.note(f"    above its threshold: {line}")
        if "ours" in result:
            self.note(f"    {result['ours']}\n    {result['peer']}")


def load(*path):
    with open(os.path.join(HERE, *path), encoding="utf-8") as file:
        return json.load(file)


def head(options, command, watch):
    """Who measured what, where and when."""
    versions = {name: machine.version(line) for name, line in PEERS.items() if shutil.which(line[0])}
    versions["archivetool"] = machine.version([options.tool, "--version"])
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"), "command": command,
        "revision": machine.revision(ROOT), "machine": machine.describe(),
        "versions": {name: version for name, version in versions.items() if version},
        "busy_reasons": watch.reasons(),
    }


def widest(results):
    """The widest spread of all figures that were timed in turns; of short ones it says nothing."""
    spreads = [result[key]["spread"] for result in results for key in ("cpu",)
               if key in result and result[key]["ours"] > 0.1]
    return max(spreads, default=None)


def may_replace(path, report, options):
    """What was measured in quiet is not replaced by what was not, unless that is asked for."""
    if not os.path.exists(path) or options.busy or not report["busy_reasons"]:
        return True
    with open(path, encoding="utf-8") as file:
        if json.load(file)["busy_reasons"]:
            return True
    print(f"the machine was busy: {'; '.join(report['busy_reasons'])}\n"
          f"{os.path.relpath(path, ROOT)} was measured in quiet and stays; --busy replaces it", file=sys.stderr)
    return False


def save(path, report):
    pages.write(path, json.dumps(report, indent=1, ensure_ascii=False) + "\n")


def codec_figures(options, context, report):
    """The charts that archivetool bench itself makes of the corpus."""
    for definition in load("definitions", "figures.json")["figures"]:
        paths = {kind: os.path.join(context.folder, f"{definition['name']}.{kind}") for kind in ("json", "md", "svg")}
        command = [context.tool, *definition["arguments"], "-f", "--chart", paths["svg"], "--export", "json",
                   paths["json"], "--export", "md", paths["md"], *(options.input or [])]
        context.note(" ".join(command))
        done = subprocess.run(command, stdout=subprocess.DEVNULL, check=False)
        if done.returncode != 0:
            raise Failed(f"{definition['name']} ended with status {done.returncode}")
        texts = {}
        for kind, path in paths.items():
            with open(path, encoding="utf-8") as file:
                texts[kind] = file.read().replace(context.folder + "/", "")
            for name in options.input:
                # What is published names no folders of the machine it was measured on.
                texts[kind] = texts[kind].replace(name, os.path.basename(os.path.abspath(name)))
        report.setdefault("charts", {})[definition["name"]] = {"markdown": texts["md"], "svg": texts["svg"]}
        # Said once: what keeps the machine busy is the same for all parts of a run.
        report["busy_reasons"] = report["busy_reasons"] or json.loads(texts["json"])["busy_reasons"]


def figures(options):
    """Measures everything that pages show."""
    with tempfile.TemporaryDirectory() as folder:
        context, watch, start = Context(options, folder), machine.Watch(), time.monotonic()
        context.corpus = Corpus(options.input, folder, options.size << 20)
        context.note(f"{context.corpus.name}: {context.corpus.bytes} bytes, {options.runs} pairs of runs, output discarded")
        suites = {
            "tool": tool.run(load("definitions", "tool.json"), context, load("thresholds", "tool.json")),
            "engines": engines.run(load("definitions", "engines.json"), context),
            "archives": archives.run(load("definitions", "archives.json"), context),
        }
        command = "bin/bench figures"
        for path in options.input:
            command += f" --input {os.path.basename(os.path.abspath(path))}"
        for name, usual in (("size", 128), ("runs", 5), ("tree", 0)):
            if getattr(options, name) != usual:
                command += f" --{name} {getattr(options, name)}"
        report = head(options, command, watch)
        report["busy_reasons"] = watch.reasons(widest(suites["tool"]))
        report |= {"corpus": context.corpus.json(), "seconds": 0, **context.extra, "suites": suites}
        if not options.case:
            codec_figures(options, context, report)
        report["seconds"] = round(time.monotonic() - start)
    report["targets"] = targets.rows(load("thresholds", "targets.json"), suites)
    tell_targets(report)
    if options.case:
        print("part of a run: nothing is put in place", file=sys.stderr)
        return 0
    path = os.path.join(RESULTS, "figures.json")
    if may_replace(path, report, options):
        save(path, report)
        show()
    return 0


def tell_targets(report):
    for row in report["targets"]:
        if "figure" in row:
            print(f"{row['verdict']:9} {row['distance']:+7.1%}  {row['work']}, beside {row['against']}: {row['figure']}")
    for reason in report["busy_reasons"]:
        print(f"busy machine: {reason}")


def grow(options):
    """Measures how cost grows."""
    path = os.path.join(RESULTS, "growth.json")
    command = "bin/bench growth"
    for name, usual in (("largest", 10**10), ("most", 10**6)):
        if getattr(options, name) != usual:
            command += f" --{name} {getattr(options, name)}"
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        context, watch = Context(options, folder), machine.Watch()
        definitions = load("definitions", "growth.json")
        parts = {"sizes": [], "files": []}

        def keep(part):
            def save_part(rows):
                parts[part] = rows
                report = head(options, command, watch) | parts
                if parts["sizes"] and parts["files"] and may_replace(path, report, options):
                    save(path, report)
            return save_part

        # The files first: they take less time than the largest streams.
        growth.file_rows(definitions, context, keep("files"))
        growth.size_rows(definitions, context, keep("sizes"))
    show()
    return 0


def serve(options):
    """Measures the service."""
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        context, watch = Context(options, folder), machine.Watch()
        result = service.run(options, context)
        command = "bin/bench service"
        for name, usual in (("backups", 10_000), ("rate", 1000), ("seconds", 20), ("size", 1024), ("runs", 5)):
            if getattr(options, name) != usual:
                command += f" --{name} {getattr(options, name)}"
        report = head(options, command, watch) | result
    path = os.path.join(RESULTS, "service.json")
    if options.backups >= 10_000 and may_replace(path, report, options):
        save(path, report)
    for work, figure, bar, holds in service.verdicts(result, options.rate):
        print(f"{'reached' if holds else 'missed':9} {figure:10.3f}  {work}, {bar}")
    for reason in report["busy_reasons"]:
        print(f"busy machine: {reason}")
    return 0


def show():
    """Puts all results into the pages."""
    if os.path.exists(os.path.join(RESULTS, "figures.json")):
        show_figures(load("results", "figures.json"))
    if os.path.exists(os.path.join(RESULTS, "growth.json")):
        show_growth(load("results", "growth.json"))


def show_figures(report):
    suites = report["suites"]
    # Bars may have changed since.
    rows = targets.rows(load("thresholds", "targets.json"), suites)
    told = pages.circumstances(report)
    for name, chart_of in report.get("charts", {}).items():
        definition = next(item for item in load("definitions", "figures.json")["figures"] if item["name"] == name)
        pages.write(os.path.join(FIGURES, f"{name}.svg"), chart_of["svg"])
        pages.place(README, name, f"![{definition['caption']}](Documentation/figures/{name}.svg)\n\n"
                    f"<details><summary>All figures, and what is recommended</summary>\n\n{chart_of['markdown']}\n</details>\n")
    pages.write(os.path.join(FIGURES, "targets.svg"), pages.target_chart(rows, report))
    pages.write(os.path.join(FIGURES, "archives.svg"), pages.archive_chart(suites["archives"], report))
    pages.write(os.path.join(FIGURES, "commands.txt"), pages.command_list(suites))
    pages.place(README, "targets", "![Time, memory and bytes beside the peer](Documentation/figures/targets.svg)\n\n"
                + pages.verdicts(rows, suites) + "\n" + told)
    pages.place(README, "archives", "![Archives and backups of a tree](Documentation/figures/archives.svg)\n")
    pages.place(PERFORMANCE, "targets", told + "\n" + pages.target_table(rows))
    pages.place(PERFORMANCE, "tool", pages.tool_table(suites["tool"]))
    pages.place(PERFORMANCE, "libraries", pages.library_table(
        [result for result in suites["engines"] if result["name"].startswith("library ")]))
    pages.place(PERFORMANCE, "archives", pages.tree_line(report) + "\n" + pages.archive_table(suites["archives"]))


def show_growth(report):
    sizes, files = report["sizes"], report["files"]
    subtitle = pages.subtitle(report)
    marks = [(size, growth.shown(size)) for size in sorted({row["bytes"] for row in sizes})]
    works = list(dict.fromkeys(row["work"] for row in sizes))
    memory = []
    for work in works:
        points = [(row["bytes"], row["pack"]["memory"] / 2**20) for row in sizes if row["work"] == work]
        memory.append((work.replace(", one thread", " T1").replace(", two threads", " T2"), points))
    pages.write(os.path.join(FIGURES, "growth-memory.svg"), chart.growth(
        "Memory by size of the stream, compressing", subtitle, memory, marks, "MiB", lambda value: f"{value:g}"))
    steps = [(step, [(row["files"], row["steps"][step]["wall"]) for row in files]) for step in files[0]["steps"]]
    pages.write(os.path.join(FIGURES, "growth-files.svg"), chart.growth(
        "Seconds by number of files in an archive", subtitle, steps,
        [(row["files"], f"{row['files']:,}") for row in files], "seconds", lambda value: f"{value:g}"))
    told = pages.circumstances({**report, "corpus": None})
    pages.place(PERFORMANCE, "growth", told + "\n![Memory by size](figures/growth-memory.svg)\n\n"
                + growth.size_table(sizes) + "\n![Seconds by number of files](figures/growth-files.svg)\n\n"
                + growth.file_table(files))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    tool_path = os.path.join(ROOT, ".build", "tool", "archivetool")
    one = commands.add_parser("figures", help="everything that README and Performance show")
    one.add_argument("--input", action="append", default=[], metavar="PATH", help="file or folder; else a built-in mix")
    one.add_argument("--size", type=int, default=128, metavar="MIB", help="measure on so much of it (128)")
    one.add_argument("--tree", type=int, default=0, metavar="MIB", help="size of the generated tree (200)")
    one.add_argument("--runs", type=int, default=5, help="pairs of runs (5)")
    one.add_argument("--case", action="append", default=[], help="only cases whose name has this; nothing is put in place")
    one.add_argument("--all", action="store_true", help="also the cases that no page shows")
    two = commands.add_parser("growth", help="how time and memory grow")
    two.add_argument("--largest", type=int, default=10**10, metavar="BYTES", help="the longest stream (10 GB)")
    two.add_argument("--most", type=int, default=10**6, metavar="FILES", help="the most files (1,000,000)")
    two.add_argument("--folder", help="where there is room for 5 GB and for so many files")
    four = commands.add_parser("service", help="the service under load")
    four.add_argument("--backups", type=int, default=10_000, metavar="N", help="how many there are (10,000)")
    four.add_argument("--rate", type=int, default=1000, metavar="N", help="lists a second (1,000)")
    four.add_argument("--seconds", type=int, default=20, help="how long lists are asked for (20)")
    four.add_argument("--size", type=int, default=1024, metavar="MIB", help="of the backup that is made meanwhile (1,024)")
    four.add_argument("--runs", type=int, default=5, help="pairs of backups (5)")
    four.add_argument("--folder", help="where there is room for it")
    for command in (one, two, four):
        command.add_argument("--busy", action="store_true", help="replace figures that were measured in quiet")
    three = commands.add_parser("gates", help="instructions and allocations")
    three.add_argument("--update", action="store_true", help="make what was counted the threshold")
    three.add_argument("--case", action="append", default=[], help="only cases whose name has this")
    for command in (one, two, three, four):
        command.add_argument("--tool", default=tool_path, help="the binary to measure")
    commands.add_parser("pages", help="tables and pictures again")
    options = parser.parse_args()
    # So that folders of many gigabytes do not stay behind.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    try:
        if options.command == "pages":
            show()
            return 0
        return {"figures": figures, "growth": grow, "gates": gates.run, "service": serve}[options.command](options)
    except Failed as failure:
        print(f"bench: {failure}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
