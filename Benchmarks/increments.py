#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Increments: what they add, what they cost, and what a restore of a long chain reads.

usage: increments.py --tool PATH [--case pair|chain|repository|many|large]... [--pair DAY1 DAY2] [--pages FILE] [--depth N] [--files N]

pair   two versions of an InnoDB tablespace: bytes added, beside the changed pages compressed alone with zstd -3
chain  a file of database pages, and so many increments with 0.5 % (and 5 %) of its pages changed at random in each: stored bytes
       that a restore of the last reads, beside the stored bytes of a fresh full archive of it
repository  the same, by backup create --parent auto and backup restore
many   an increment over a tree of so many files that have not changed, beside `find -printf` with the same metadata
large  one page changed in a sparse file of 100 GB
"""

import argparse
import json
import os
import pathlib
import random
import shutil
import statistics
import subprocess
import tempfile
import time

PAGE = 16384


def run(*command, **options):
    return subprocess.run([str(part) for part in command], check=True, **options)


def settle():
    """A file that changed less than two seconds before it is archived is read again the next time."""
    time.sleep(2.1)


def pair(options, work):
    old, new = (pathlib.Path(path).read_bytes() for path in options.pair)
    tree = work / "tree"
    tree.mkdir()
    (tree / "t.ibd").write_bytes(old)
    settle()
    run(options.tool, "create", "-q", "-o", work / "0.cka", "-C", tree, ".")
    (tree / "t.ibd").write_bytes(new)
    settle()
    run(options.tool, "create", "-q", "-o", work / "1.cka", "--parent", work / "0.cka", "-C", tree, ".")
    changed = b"".join(
        new[at:at + PAGE] for at in range(0, len(new), PAGE) if new[at:at + PAGE] != old[at:at + PAGE])
    alone = len(subprocess.run(["zstd", "-3", "-c"], input=changed, stdout=subprocess.PIPE, check=True).stdout)
    added = (work / "1.cka").stat().st_size
    print(f"pair: {len(changed) // PAGE} of {len(new) // PAGE} pages changed, {alone} bytes compressed alone, "
          f"{added} added: {added / alone:.2f} (at most 1.3)")


def change(path, content, share, generator):
    """Changes a share of the pages of a file, in it and in what is kept of it."""
    pages = len(content) // PAGE
    with open(path, "r+b") as file:
        for page in generator.sample(range(pages), max(1, round(pages * share))):
            # A changed row in the middle of a page that is otherwise like another one.
            source = generator.randrange(pages) * PAGE
            body = bytearray(content[source:source + PAGE])
            body[200:216] = generator.randbytes(16)
            content[page * PAGE:(page + 1) * PAGE] = body
            file.seek(page * PAGE)
            file.write(body)


def chain(options, work):
    for share, bar in ((0.005, 3), (0.05, None)):
        folder = work / f"chain-{share}"
        tree = folder / "tree"
        tree.mkdir(parents=True)
        content = bytearray(pathlib.Path(options.pages).read_bytes())
        del content[len(content) // PAGE * PAGE:]
        pages = len(content) // PAGE
        generator = random.Random(7)
        (tree / "t.ibd").write_bytes(content)
        settle()
        run(options.tool, "create", "-q", "-o", folder / "0.cka", "-C", tree, ".")
        for number in range(1, options.depth + 1):
            change(tree / "t.ibd", content, share, generator)
            run(options.tool, "create", "-q", "-o", folder / f"{number}.cka", "--parent", folder / f"{number - 1}.cka",
                "-C", tree, ".", stderr=subprocess.DEVNULL)
        out = folder / "out"
        out.mkdir()
        last = folder / f"{options.depth}.cka"
        start = time.monotonic()
        run(options.tool, "extract", "-q", "-C", out, last)
        seconds = time.monotonic() - start
        if (out / "t.ibd").read_bytes() != content:
            raise SystemExit("the restored file is another one")
        lines = run(options.tool, "list", "--chain", "--json", last, stdout=subprocess.PIPE, text=True).stdout
        read = sum(json.loads(line).get("read_bytes", 0) for line in lines.splitlines())
        run(options.tool, "create", "-q", "-o", folder / "fresh.cka", "-C", tree, ".")
        lines = run(options.tool, "list", "--chain", "--json", folder / "fresh.cka", stdout=subprocess.PIPE, text=True).stdout
        fresh = sum(json.loads(line).get("read_bytes", 0) for line in lines.splitlines())
        print(f"chain of {options.depth}, {share:.1%} of {pages} pages each: a restore reads {read} stored bytes, of a fresh full "
              f"{fresh}: {read / fresh:.2f}" + (f" (below {bar})" if bar else "") + f", {seconds:.2f} s")
        shutil.rmtree(folder)


def repository(options, work):
    for share, bar in ((0.005, 3), (0.05, None)):
        folder = work / f"repository-{share}"
        tree, repo = folder / "tree", folder / "repo"
        tree.mkdir(parents=True)
        content = bytearray(pathlib.Path(options.pages).read_bytes())
        del content[len(content) // PAGE * PAGE:]
        generator = random.Random(7)
        (tree / "t.ibd").write_bytes(content)
        settle()
        backup = [options.tool, "backup"]
        run(*backup, "init", "-R", repo)

        def create(name, *more):
            run(*backup, "create", "-q", "-R", repo, *more, "-C", folder, "--instance", "pages", "--name", name, "tree",
                stdout=subprocess.DEVNULL)

        def restore(which):
            out = folder / which
            out.mkdir()
            start = time.monotonic()
            lines = run(*backup, "restore", "-R", repo, which, "--target", out, "--json", stdout=subprocess.PIPE, text=True).stdout
            seconds = time.monotonic() - start
            if (out / "tree" / "t.ibd").read_bytes() != content:
                raise SystemExit("the restored file is another one")
            return sum(json.loads(line).get("bytes_read", 0) for line in lines.splitlines()), seconds

        create("the-first")
        for number in range(1, options.depth + 1):
            change(tree / "t.ibd", content, share, generator)
            create("the-last" if number == options.depth else f"number-{number}", "--parent", "auto")
        create("fresh")
        read, seconds = restore("the-last")
        fresh, _ = restore("fresh")
        print(f"repository with a chain of {options.depth}, {share:.1%} of {len(content) // PAGE} pages each: a restore of the last "
              f"reads {read} stored bytes, of a fresh full {fresh}: {read / fresh:.2f}"
              + (f" (below {bar})" if bar else "") + f", {seconds:.2f} s")
        shutil.rmtree(folder)


def many(options, work):
    tree = work / "many"
    generator = random.Random(5)
    for start in range(0, options.files, 1000):
        folder = tree / f"d{start // 50000:03}" / f"s{start // 1000:05}"
        folder.mkdir(parents=True)
        for number in range(start, min(start + 1000, options.files)):
            (folder / f"file-{number:07}-{generator.randrange(1 << 24):06x}").write_bytes(generator.randbytes(50))
    settle()
    def timed(*command):
        before, start = os.times(), time.monotonic()
        run(*command, stdout=subprocess.DEVNULL)
        wall, after = time.monotonic() - start, os.times()
        return wall, after.children_user + after.children_system - before.children_user - before.children_system

    wall, cpu = timed("/usr/bin/time", "-f", "%M", "-o", work / "rss", options.tool, "create", "-q", "-f", "-o",
                      work / "0.cka", "-C", tree, ".")
    print(f"many: full archive of {options.files} files: {wall:.1f} s, CPU {cpu:.1f} s, "
          f"{int((work / 'rss').read_text()) // 1024} MiB, {(work / '0.cka').stat().st_size} bytes")
    rounds = []
    for _ in range(3):
        found = timed("find", tree, "-printf", "%p %s %T@ %C@ %i %m %u %g %n %y\n")
        ours = timed("/usr/bin/time", "-f", "%M", "-o", work / "rss", options.tool, "create", "-q", "-f", "-o",
                     work / "1.cka", "--parent", work / "0.cka", "-C", tree, ".")
        rounds.append((ours[0] / found[0], ours[1] / found[1], ours[0], found[0]))
    medians = [statistics.median(column) for column in zip(*rounds)]
    print(f"many: increment over {options.files} unchanged files: wall {medians[2]:.1f} s, find {medians[3]:.1f} s: "
          f"{medians[0]:.2f} (at most 1.5), CPU {medians[1]:.2f}, {int((work / 'rss').read_text()) // 1024} MiB, "
          f"{(work / '1.cka').stat().st_size} bytes (below 10,000)")
    shutil.rmtree(tree)


def large(options, work):
    tree = work / "large"
    tree.mkdir()
    content = pathlib.Path(options.pages).read_bytes()
    with open(tree / "t.ibd", "wb") as file:
        file.truncate(100 << 30)
        for place in (0, 50 << 30, (100 << 30) - len(content)):
            file.seek(place)
            file.write(content)
    settle()
    run(options.tool, "create", "-q", "-o", work / "l0.cka", "-C", tree, ".")
    with open(tree / "t.ibd", "r+b") as file:
        file.seek((50 << 30) + 5 * PAGE + 100)
        file.write(b"another row")
    settle()
    run(options.tool, "create", "-q", "-o", work / "l1.cka", "--parent", work / "l0.cka", "-C", tree, ".")
    print(f"large: one page of a sparse file of 100 GB changed: {(work / 'l1.cka').stat().st_size} bytes")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tool", required=True, type=pathlib.Path)
    parser.add_argument("--case", action="append", default=[])
    parser.add_argument("--pair", nargs=2)
    parser.add_argument("--pages")
    parser.add_argument("--depth", type=int, default=200)
    parser.add_argument("--files", type=int, default=1000000)
    options = parser.parse_args()
    options.tool = options.tool.resolve()
    work = pathlib.Path(tempfile.mkdtemp())
    try:
        for case in (pair, chain, repository, many, large):
            if options.case and case.__name__ not in options.case:
                continue
            if (case is pair and not options.pair) or (case in (chain, repository, large) and not options.pages):
                print(f"{case.__name__}: skipped, no data named")
                continue
            case(options, work)
    finally:
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
