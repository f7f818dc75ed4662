# SPDX-License-Identifier: Apache-2.0
"""Archives and backups of a generated tree: every tool does each step in turn, in rounds.

Definitions: definitions/archives.json. What a tool restores is compared with the tree: contents, modes, times, links. The
figures of a step are medians of the rounds; a round makes each step of each tool from the beginning.
"""
import os
import shutil
import statistics
import time

from . import machine, processes
from .tree import Tree, entries

STEPS = ["full", "test", "list", "one", "restore", "increment"]


class Job:
    """A tool at work in a folder of its own."""

    def __init__(self, definition, context, tree, file):
        self.definition = definition
        self.name = definition["name"]
        self.samples = {step: [] for step in STEPS if step in definition}
        self.sizes = {}
        self.context, self.tree, self.file = context, tree, file
        self.repo = os.path.join(context.folder, "repo-" + "".join(filter(str.isalnum, self.name)))
        self.out = os.path.join(context.folder, "out")

    def missing(self):
        return next((name for name in self.definition["needs"] if shutil.which(name) is None), None)

    def line(self, step, environment):
        text = self.definition[step]
        for key, value in environment.items():
            text = text.replace(key, value)
        for key, value in (("tool", self.context.tool), ("tree", self.tree.path), ("repo", self.repo),
                           ("out", self.out), ("file", self.file)):
            text = text.replace("{" + key + "}", value)
        return text

    def do(self, step, environment, timed=True):
        if step not in self.definition:
            return
        empty(self.out)
        sample = processes.run(self.line(step, environment), shell=True)
        if timed:
            self.samples[step].append(sample)

    def stored(self):
        """The bytes of everything that the tool keeps, but for its cache."""
        total = 0
        for folder, folders, names in os.walk(self.repo):
            if folder == self.repo:
                folders[:] = [name for name in folders if name not in ("cache", "base")]
            total += sum(os.lstat(os.path.join(folder, name)).st_size for name in names)
        return total

    def check(self, expected):
        """What was restored, compared with the tree; some tools restore it below its own path."""
        for top in (self.out, self.out + self.tree.path):
            if os.path.isdir(top):
                got = entries(top)
                if all(got.get(name) == entry for name, entry in expected.items()):
                    return
        raise processes.Failed(f"{self.name}: what was restored is not what was there")

    def result(self):
        result = {"name": self.name, "steps": {}}
        for step, samples in self.samples.items():
            if samples:
                result["steps"][step] = {
                    "wall": round(statistics.median(sample.wall for sample in samples), 4),
                    "cpu": round(statistics.median(sample.cpu for sample in samples), 4),
                    "memory": max(sample.memory for sample in samples),
                    "spread": round(processes.spread([sample.wall for sample in samples]), 4),
                    "command": self.shown(step),
                }
        result["bytes"] = self.sizes
        return result

    def shown(self, step):
        text = self.definition[step].replace("{borg} ", "").replace("{restic} ", "").replace("{tool}", "archivetool")
        return text.replace("{tree}", "TREE").replace("{repo}", "REPO").replace("{out}", "OUT").replace("{file}", "FILE")


def empty(folder):
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)


def run(definitions, context):
    """All tools on one tree."""
    if not context.wants({"name": "archives"}):
        return []
    tree = Tree(os.path.join(context.folder, "tree"), context.tree_size or definitions["size"])
    context.extra["tree"] = tree.json() | {"tables": tree.tables_size, "changed_share": definitions["pages"]}
    jobs = []
    results = []
    for definition in definitions["tools"]:
        job = Job(definition, context, tree, definitions["one"])
        if missing := job.missing():
            results.append({"name": job.name, "skipped": f"{missing} is not installed"})
            context.tell(results[-1])
        else:
            jobs.append(job)
    environment = definitions["environment"]
    for number in range(definitions["rounds"]):
        # What has just been written is not taken as unchanged by most of them.
        time.sleep(2.1)
        expected = entries(tree.path) if number == 0 else None
        for job in jobs:
            context.note(f"round {number + 1} of {definitions['rounds']}: {job.name}")
            first_day(job, environment, expected)
        context.extra["tree"]["changed_bytes"] = tree.change_pages(definitions["pages"], day=number + 1)
        time.sleep(2.1)
        for job in jobs:
            if "increment" in job.definition:
                job.do("increment", environment)
                job.sizes["increment"] = job.stored() - job.sizes["full"]
    for job in jobs:
        results.append(job.result() | {"version": version(job)})
        context.tell(results[-1])
        shutil.rmtree(job.repo)
    shutil.rmtree(tree.path)
    return results


def first_day(job, environment, expected):
    """Each step of one tool, from an empty repository."""
    empty(job.repo)
    job.do("init", environment, timed=False)
    job.do("full", environment)
    job.sizes["full"] = job.stored()
    for step in ("test", "list", "one", "restore"):
        job.do(step, environment)
    if expected:
        job.check(expected)
    empty(job.out)


def version(job):
    return machine.version([word.replace("{tool}", job.context.tool) for word in job.definition["version"]])
